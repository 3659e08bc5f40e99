//! Requests in the metrics.

use crate::failure::Failure;
use metrics::counter;
use std::sync::Arc;

/// How requests ended.
const REQUESTS: &str = "chatter_moderation_requests_total";

/// Texts that were asked about.
const TEXTS: &str = "chatter_moderation_texts_total";

/// How long a request took, from its place to its end.
pub(super) const SECONDS: &str = "chatter_moderation_seconds";

/// How many requests wait for a place.
pub(super) const QUEUE: &str = "chatter_moderation_queue_length";

/// Whether it is asked: 0 yes, 1 by one request to try, 2 no.
pub(super) const BREAKER: &str = "chatter_moderation_breaker";

/// A request in the metrics, whatever becomes of it.
pub(super) struct Counted {
    provider: Arc<str>,
    end: &'static str,
}

impl Counted {
    pub(super) fn new(provider: &Arc<str>, texts: usize) -> Self {
        let texts = u64::try_from(texts).unwrap_or(u64::MAX);
        counter!(TEXTS, "provider" => provider.to_string()).increment(texts);
        Self {
            provider: Arc::clone(provider),
            end: "given_up",
        }
    }

    pub(super) fn end<T>(mut self, answer: &Result<T, Failure>) {
        self.end = match answer {
            Ok(_) => "answered",
            Err(failure) => failure.name(),
        };
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        counter!(REQUESTS, "provider" => self.provider.to_string(), "end" => self.end).increment(1);
    }
}
