//! For whom a model is asked.

use chatter_protocol::memory::Scope;
use std::sync::Arc;

/// The providers that answer somebody, by name: the first that can.
pub type Route = Arc<[String]>;

/// For whom a model is asked: whose turn it is, who is charged, and who answers hang on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asker {
    /// The persona and its room, and with it the tenant.
    pub scope: Scope,
    /// Who answers; the host's default if absent.
    pub route: Option<Route>,
}

impl Asker {
    /// A persona in a room, answered by whom the host says.
    #[must_use]
    pub fn new(scope: Scope) -> Self {
        Self { scope, route: None }
    }
}
