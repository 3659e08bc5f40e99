//! What personas may ask of the host: the language model, their memory, their log. Each question
//! and its answer goes into the call's record.

mod llm;
mod memory;

pub(crate) use memory::{checked_entry, wit_kind};

use crate::{
    contract::{log as wit_log, types as wit_types},
    imports::Imports,
    sandbox::Sandbox,
};
use chatter_protocol::call::LogLevel;
use std::sync::{MutexGuard, PoisonError};
use tokio::time::Instant;

impl wit_types::Host for Sandbox {}

impl wit_log::Host for Sandbox {
    fn write(&mut self, level: wit_log::Level, text: String) {
        let level = match level {
            wit_log::Level::Debug => LogLevel::Debug,
            wit_log::Level::Info => LogLevel::Info,
            wit_log::Level::Warn => LogLevel::Warn,
            wit_log::Level::Error => LogLevel::Error,
        };
        self.log.write(level, &text);
    }
}

impl Sandbox {
    fn imports(&self) -> MutexGuard<'_, Imports> {
        self.imports.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn micros_since(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX)
}
