//! What is kept of a module between calls.

use crate::contract::PersonaPre;
use chatter_protocol::persona::ModuleRef;
use std::sync::Arc;

/// A module that can be called.
pub(crate) struct Module {
    pub(crate) about: Arc<ModuleRef>,
    pub(crate) state_version: u32,
    /// How many places of the pool a call takes.
    pub(crate) weight: u32,
    pub(crate) pre: PersonaPre,
}
