//! When a server that memories depend on is left alone: it answers searches, for which somebody waits.

use chatter_http::Patience;
use std::time::Duration;

/// Whether it is asked; if not, why not.
pub(crate) type Breaker = chatter_http::Breaker<String>;

pub(crate) fn breaker() -> Breaker {
    Breaker::new(Patience {
        failures: 3,
        first_rest: Duration::from_secs(1),
        longest_rest: Duration::from_secs(30),
    })
}
