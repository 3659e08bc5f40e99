//! Tests of a persona by plain `cargo test`: no WebAssembly, no host, no network.
//!
//! [`Harness`] calls a persona as the runtime does: a fresh value for each call with the state of
//! the call before, budgets for what it asks, the contract's rules for what it answers, and nothing
//! kept of a call that failed. [`Scripted`] is its host: it gives the answers that a test wrote
//! down and records what was asked. [`turn`], [`context`] and [`message`] make what it is called
//! with. What is not here is the sandbox: CPU time, memory and wall time are not bounded.
//!
//! ```
//! use persona_sdk::{About, Error, Host, Persona, Reply, StreamContext, Turn, testkit::{Harness, context, turn}};
//!
//! #[derive(Default, serde::Serialize, serde::Deserialize)]
//! struct Counter { calls: u32 }
//!
//! impl Persona for Counter {
//!     const STATE_VERSION: u32 = 1;
//!     fn about() -> About { About::new("counter", "0.1.0") }
//!     fn on_context(&mut self, _: &Turn, _: &StreamContext, _: &mut dyn Host) -> Result<Reply, Error> {
//!         self.calls += 1;
//!         Ok(Reply::say(format!("call {}", self.calls)))
//!     }
//! }
//!
//! let mut counter = Harness::<Counter>::new();
//! counter.on_context(turn(), context()).unwrap();
//! let said = counter.on_context(turn(), context()).unwrap();
//! assert_eq!(said.text(), Some("call 2"));
//! ```

mod build;
mod harness;
mod scripted;

pub use build::{
    ContextBuilder, NOW, TurnBuilder, context, entry, message, persona_message, profile, turn,
};
pub use harness::{Called, Failure, Harness};
pub use scripted::{Budgets, Scripted};
