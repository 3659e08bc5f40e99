//! When a server that memories depend on is left alone: it answers searches, for which somebody waits.

use chatter_http::Patience;
use std::time::Duration;

pub(crate) const PATIENCE: Patience = Patience {
    failures: 3,
    first_rest: Duration::from_secs(1),
    longest_rest: Duration::from_secs(30),
};
