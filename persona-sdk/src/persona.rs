//! What an author implements.

use crate::{
    ChatMessage, Host, Reply, StreamContext, TraitValue, Turn,
    memory::NewEntry,
    types::{Calls, Digest, RelationshipDelta},
};
use serde::{Serialize, de::DeserializeOwned};
use std::fmt;

/// A persona: its state and what it does.
///
/// The value is made anew for every call: from [`Default`] the first time, after that from what
/// the call before left behind. State is kept as JSON, so a new field needs no more than
/// `#[serde(default)]`. After a call that fails nothing is kept: state, lines and memories go
/// together. Prefer a `BTreeMap` to a `HashMap`, whose order differs from call to call, so that it
/// looks changed when it is not.
pub trait Persona: Default + Serialize + DeserializeOwned {
    /// Raise it when the stored state means something else than before, and say in
    /// [`Self::migrate`] what becomes of the old one.
    const STATE_VERSION: u32;

    /// Who this is. Called when the module is loaded.
    fn about() -> About;

    /// Something new on the stream; every two seconds at most.
    ///
    /// # Errors
    ///
    /// Whatever makes this call worthless. Nothing of it is kept, and the host counts it as failed.
    /// A language model that doesn't answer is no such thing: stay silent and say why.
    fn on_context(
        &mut self,
        turn: &Turn,
        context: &StreamContext,
        host: &mut dyn Host,
    ) -> Result<Reply, Error> {
        let _ = (turn, context, host);
        Ok(Reply::silent("does not watch the stream"))
    }

    /// New messages in the room, in order, without those of the persona itself. None at all if the
    /// host only asks again for an answer to a message handed out before: `turn.impulse.answer` names
    /// it, and [`Turn::message`] finds it.
    ///
    /// # Errors
    ///
    /// As [`Self::on_context`].
    fn on_firehose(
        &mut self,
        turn: &Turn,
        messages: &[ChatMessage],
        host: &mut dyn Host,
    ) -> Result<Reply, Error> {
        let _ = (turn, messages, host);
        Ok(Reply::silent("does not read the chat"))
    }

    /// A quiet moment to think about what happened. The default changes nothing. The contract has
    /// it, but the host does not call it yet.
    ///
    /// # Errors
    ///
    /// As [`Self::on_context`].
    fn reflect(
        &mut self,
        turn: &Turn,
        digest: &Digest,
        host: &mut dyn Host,
    ) -> Result<Reflection, Error> {
        let _ = (turn, digest, host);
        Ok(Reflection::default())
    }

    /// Reads state that another version of this module wrote. The default starts anew and says so
    /// in the log.
    ///
    /// # Errors
    ///
    /// If starting anew would be worse than not running: the state then stays as it is.
    fn migrate(version: u32, bytes: &[u8], host: &mut dyn Host) -> Result<Self, Error> {
        host.warn(&format!(
            "left {} bytes of state version {version} behind and started anew with version {}",
            bytes.len(),
            Self::STATE_VERSION
        ));
        Ok(Self::default())
    }
}

/// What a module says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The module's name.
    pub name: String,
    /// The module's version.
    pub version: String,
    /// The traits that it reads, for whoever writes its configuration.
    pub traits: Vec<String>,
    /// The calls that it wants.
    pub calls: Calls,
}

impl About {
    /// A module of this name and version; as a rule
    /// `About::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))`.
    #[must_use]
    pub fn new(name: &str, version: &str) -> Self {
        Self {
            name: name.into(),
            version: version.into(),
            traits: Vec::new(),
            calls: Calls::all(),
        }
    }

    /// The only calls that it wants, such as `Calls::CONTEXT | Calls::FIREHOSE`; all, if nothing is
    /// said. For the others the host does not even make an instance. Without `FIREHOSE` nobody's
    /// message is put to the persona to be answered.
    #[must_use]
    pub const fn only(mut self, calls: Calls) -> Self {
        self.calls = calls;
        self
    }

    /// The traits that it reads.
    #[must_use]
    pub fn reads<'a>(mut self, traits: impl IntoIterator<Item = &'a str>) -> Self {
        self.traits.extend(traits.into_iter().map(String::from));
        self
    }
}

/// What a reflection comes to. The host clamps every delta.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reflection {
    /// By how much traits should move, each -1 to 1.
    pub traits: Vec<TraitValue>,
    /// By how much relationships should move.
    pub relationships: Vec<RelationshipDelta>,
    /// What is worth remembering.
    pub memories: Vec<NewEntry>,
}

/// Why a call came to nothing, in words for the operator and the author.
///
/// Any error of the standard kind turns into one with `?`.
#[derive(Clone, PartialEq, Eq)]
pub struct Error(String);

impl Error {
    /// In these words.
    #[must_use]
    pub fn new(words: impl fmt::Display) -> Self {
        Self(words.to_string())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({:?})", self.0)
    }
}

// As `anyhow::Error` does: not being an `std::error::Error` itself is what lets it come from any.
impl<E: std::error::Error> From<E> for Error {
    fn from(error: E) -> Self {
        let mut words = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            words.push_str(": ");
            words.push_str(&cause.to_string());
            source = cause.source();
        }
        Self(words)
    }
}
