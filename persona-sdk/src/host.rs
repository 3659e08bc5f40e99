//! What a persona may ask of its host.

use crate::{
    llm,
    memory::{self, Entry, Kind, NewEntry},
};

pub use crate::bindings::chatter::persona::log::Level;

/// What a persona may ask of its host during a call: a completion, its own memory, its log.
///
/// In the sandbox these are the component's imports, in tests they are
/// [`Scripted`](crate::testkit::Scripted). Each call has a budget, so every question may go
/// unanswered; a persona goes on without.
pub trait Host {
    /// Asks the language model.
    ///
    /// # Errors
    ///
    /// If it is busy, out of reach or too slow, the budget is used up, or the request is not one
    /// that can be answered.
    fn complete(&mut self, request: &llm::Request) -> Result<llm::Completion, llm::Error>;

    /// What this call may still ask of the language model.
    fn remaining(&mut self) -> llm::Budget;

    /// Finds what fits the words, best first; without words, the latest. No kinds means all kinds.
    ///
    /// # Errors
    ///
    /// If the memory can't be reached, or this call has searched too often.
    fn search(
        &mut self,
        words: &str,
        kinds: &[Kind],
        limit: u32,
    ) -> Result<Vec<Entry>, memory::Error>;

    /// Asks for something to be remembered. It is written when the call has returned well;
    /// searches of the same call don't find it.
    ///
    /// # Errors
    ///
    /// If the entry breaks a rule, or this call has written too often.
    fn remember(&mut self, entry: &NewEntry) -> Result<(), memory::Error>;

    /// Writes a line to the persona's log, which its author and the operator read, never viewers.
    fn log(&mut self, level: Level, text: &str);

    /// Something that only matters while looking for a fault.
    fn debug(&mut self, text: &str) {
        self.log(Level::Debug, text);
    }

    /// Something worth knowing.
    fn info(&mut self, text: &str) {
        self.log(Level::Info, text);
    }

    /// Something that should not be so, though it goes on.
    fn warn(&mut self, text: &str) {
        self.log(Level::Warn, text);
    }

    /// Something that failed.
    fn error(&mut self, text: &str) {
        self.log(Level::Error, text);
    }
}

/// The component's imports.
#[cfg(target_family = "wasm")]
pub(crate) struct Imports;

#[cfg(target_family = "wasm")]
impl Host for Imports {
    fn complete(&mut self, request: &llm::Request) -> Result<llm::Completion, llm::Error> {
        crate::bindings::chatter::persona::llm::complete(
            &request.messages,
            request.max_tokens,
            request.temperature,
            request.json_schema.as_deref(),
        )
    }

    fn remaining(&mut self) -> llm::Budget {
        crate::bindings::chatter::persona::llm::remaining()
    }

    fn search(
        &mut self,
        words: &str,
        kinds: &[Kind],
        limit: u32,
    ) -> Result<Vec<Entry>, memory::Error> {
        crate::bindings::chatter::persona::memory::search(words, kinds, limit)
    }

    fn remember(&mut self, entry: &NewEntry) -> Result<(), memory::Error> {
        crate::bindings::chatter::persona::memory::remember(entry)
    }

    fn log(&mut self, level: Level, text: &str) {
        crate::bindings::chatter::persona::log::write(level, text);
    }
}
