//! The contract with personas, in every version that this host speaks.
//!
//! Inside there is one call type, in the words of the current version; each older version is a module
//! that knows what is different there: how a turn is made smaller, what its components leave unsaid.
//! A version that comes is a bindings module for itself, and what was current before becomes its
//! differences from that; one that goes is a module less. The texts are in `wit/`, those of older
//! versions in `wit/versions/`.

mod v0_1;
mod v0_2;

pub(crate) use v0_2::{
    chatter::persona::{llm, log, memory, types},
    exports::chatter::persona::guest,
};

use crate::sandbox::Sandbox;
use wasmtime::{
    Engine, Store,
    component::{HasSelf, InstancePre, Linker},
};

/// The versions that are spoken, newest first.
pub(crate) const SPOKEN: [&str; 2] = [v0_2::VERSION, v0_1::VERSION];

/// The package whose versions these are.
pub(crate) const PACKAGE: &str = "chatter:persona/";

/// A component that is ready to be instantiated, by the version that it was built for.
pub(crate) enum PersonaPre {
    V0_1(v0_1::PersonaPre),
    V0_2(v0_2::PersonaPre<Sandbox>),
}

/// What a component is called with, beside the turn.
pub(crate) enum Asked<'a> {
    Context(types::StreamContext<'a>),
    Firehose(&'a [types::ChatMessage<'a>]),
    Reflect(guest::Digest<'a>),
}

/// What an export returned, not checked yet.
pub(crate) enum Returned {
    Outcome(types::Outcome),
    Reflection(guest::Reflection),
}

/// Adds every version's imports to a linker.
pub(crate) fn link(linker: &mut Linker<Sandbox>) -> wasmtime::Result<()> {
    v0_2::Persona::add_to_linker::<_, HasSelf<Sandbox>>(linker, |sandbox| sandbox)?;
    v0_1::link(linker)
}

impl PersonaPre {
    /// The component as one that was built for one of the versions [`SPOKEN`].
    pub(crate) fn new(version: &str, pre: InstancePre<Sandbox>) -> wasmtime::Result<Self> {
        Ok(if version == v0_1::VERSION {
            Self::V0_1(v0_1::PersonaPre::new(pre)?)
        } else {
            Self::V0_2(v0_2::PersonaPre::new(pre)?)
        })
    }

    pub(crate) fn engine(&self) -> &Engine {
        match self {
            Self::V0_1(pre) => pre.engine(),
            Self::V0_2(pre) => pre.engine(),
        }
    }

    /// Asks a fresh instance who it is.
    pub(crate) async fn describe(
        &self,
        store: &mut Store<Sandbox>,
    ) -> wasmtime::Result<types::About> {
        match self {
            Self::V0_1(pre) => pre.describe(store).await,
            Self::V0_2(pre) => {
                let persona = pre.instantiate_async(&mut *store).await?;
                persona.chatter_persona_guest().call_describe(store).await
            }
        }
    }

    /// Calls the export of a fresh instance that is for this.
    pub(crate) async fn call(
        &self,
        store: &mut Store<Sandbox>,
        turn: types::Turn<'_>,
        asked: Asked<'_>,
    ) -> wasmtime::Result<Result<Returned, String>> {
        let pre = match self {
            Self::V0_1(pre) => return pre.call(store, turn, asked).await,
            Self::V0_2(pre) => pre,
        };
        let persona = pre.instantiate_async(&mut *store).await?;
        let guest = persona.chatter_persona_guest();
        Ok(match asked {
            Asked::Context(context) => guest
                .call_on_context(store, turn, context)
                .await?
                .map(Returned::Outcome),
            Asked::Firehose(messages) => guest
                .call_on_firehose(store, turn, messages)
                .await?
                .map(Returned::Outcome),
            Asked::Reflect(digest) => guest
                .call_reflect(store, turn, digest)
                .await?
                .map(Returned::Reflection),
        })
    }
}
