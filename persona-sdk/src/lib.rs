//! Write a persona for chatter in ordinary Rust.
//!
//! A persona is a type with state: implement [`Persona`] for it, name it in [`export!`], and build
//! the crate for `wasm32-wasip2`. The SDK owns the way between that type and the contract in
//! `wit/persona.wit`: it loads the state before each call and hands it back after, turns a [`Reply`]
//! into an outcome, and writes a panic's message to the log. It promises that a persona runs the
//! same natively, under the [`testkit`], as in the sandbox, but for the sandbox's limits of CPU
//! time and memory. It must not know the host: all it sees of it is the contract.
//!
//! `docs/personas.md` takes you from an empty folder to a persona that speaks.
//!
//! ```
//! use persona_sdk::{About, Error, Host, Persona, Reply, StreamContext, Turn};
//! use serde::{Deserialize, Serialize};
//!
//! /// Greets the stream, once.
//! #[derive(Default, Serialize, Deserialize)]
//! struct Greeter {
//!     greeted: bool,
//! }
//!
//! impl Persona for Greeter {
//!     const STATE_VERSION: u32 = 1;
//!
//!     fn about() -> About {
//!         About::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
//!     }
//!
//!     fn on_context(&mut self, turn: &Turn, _: &StreamContext, _: &mut dyn Host) -> Result<Reply, Error> {
//!         if self.greeted || !turn.impulse.speak {
//!             return Ok(Reply::silent("nothing to say"));
//!         }
//!         self.greeted = true;
//!         Ok(Reply::say("hello everyone"))
//!     }
//! }
//!
//! persona_sdk::export!(Greeter);
//! # fn main() {}
//! ```

#[doc(hidden)]
pub mod bindings;
mod chorus;
pub mod emote;
mod guest;
mod host;
mod latest;
pub mod line;
pub mod llm;
pub mod memory;
mod persona;
pub mod prompt;
mod reply;
mod rng;
pub mod style;
#[cfg(not(target_family = "wasm"))]
pub mod testkit;
mod types;
pub mod words;

pub use chorus::Chorus;
#[doc(hidden)]
pub use guest::Component;
pub use host::{Host, Level};
pub use latest::Latest;
pub use persona::{About, Error, Persona, Reflection};
pub use prompt::Prompt;
pub use reply::Reply;
pub use rng::Rng;
pub use style::Style;
pub use types::{
    Author, AuthorKind, Calls, ChatMessage, ChatQuestion, Count, Digest, Fate, Impulse,
    ImpulsePart, Keyword, Limits, Line, LineFate, Profile, Relationship, RelationshipDelta, Room,
    Segment, State, StreamContext, StreamEvent, TraitValue, Trends, Turn,
};

/// Makes a component of a persona. Once in a crate, at its top level.
///
/// For other targets than WebAssembly it exports nothing, so that the same crate builds natively
/// for its tests; it still checks that the type is a [`Persona`].
#[macro_export]
macro_rules! export {
    ($persona:ty) => {
        const _: () = {
            #[allow(dead_code, reason = "natively it is only checked")]
            type Exported = $crate::Component<$persona>;

            #[cfg(target_family = "wasm")]
    $crate::bindings::export_guest!(Exported with_types_in $crate::bindings);

            #[cfg(not(target_family = "wasm"))]
            const fn is_a_persona<P: $crate::Persona>() {}
            #[cfg(not(target_family = "wasm"))]
            is_a_persona::<$persona>();
        };
    };
}

/// What docs/personas.md shows is compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/personas.md")]
struct Guide;
