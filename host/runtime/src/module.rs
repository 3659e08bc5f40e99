//! What is kept of a module between calls.

use crate::contract::PersonaPre;
use chatter_protocol::persona::ModuleRef;
use std::{fmt, sync::Arc};

/// A module that can be called.
pub(crate) struct Module {
    pub(crate) about: Arc<ModuleRef>,
    pub(crate) state_version: u32,
    /// How many places of the pool a call takes.
    pub(crate) weight: u32,
    pub(crate) pre: Arc<PersonaPre>,
}

/// So many digits of a digest tell one build of a module from another.
const SHORT_DIGEST: usize = 12;

/// A version as people tell it from others: `version 0.1.1 (sha256 ab12cd34ef56)`.
pub(crate) struct Named<'a> {
    pub(crate) version: &'a str,
    pub(crate) digest: &'a str,
}

impl<'a> From<&'a ModuleRef> for Named<'a> {
    fn from(module: &'a ModuleRef) -> Self {
        Self {
            version: &module.version,
            digest: &module.digest,
        }
    }
}

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digest = self.digest.get(..SHORT_DIGEST).unwrap_or(self.digest);
        write!(f, "version {} (sha256 {digest})", self.version)
    }
}
