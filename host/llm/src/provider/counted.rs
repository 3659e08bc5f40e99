//! Requests in the metrics.

use super::{Answer, Provider};
use crate::failure::{Failure, Used};
use chatter_protocol::memory::Scope;
use metrics::{counter, gauge};

/// How requests to a provider ended.
pub(crate) const REQUESTS: &str = "chatter_llm_requests_total";

/// Tokens as the provider counted them.
const TOKENS: &str = "chatter_llm_tokens_total";

/// What they cost, as far as prices are known.
const MONEY: &str = "chatter_llm_money";

/// A request in the metrics, whatever becomes of it.
pub(super) struct Counted<'a> {
    provider: &'a Provider,
    tenant: String,
    is_told: bool,
}

impl<'a> Counted<'a> {
    pub(super) fn new(provider: &'a Provider, asker: &Scope) -> Self {
        Self {
            provider,
            tenant: asker.room.tenant().to_string(),
            is_told: false,
        }
    }

    pub(super) fn end(mut self, answer: &Result<Answer, Failure>) {
        self.is_told = true;
        let (provider, tenant) = (self.provider.name().to_owned(), self.tenant.clone());
        let (end, usage) = match answer {
            Ok(answer) => ("answered", Some(answer.usage)),
            Err(failure) => match failure.used() {
                Used::This(usage) => (failure.name(), Some(usage)),
                Used::Nothing | Used::Unknown => (failure.name(), None),
            },
        };
        if let Some(usage) = usage {
            let cached = usage.cached_input.min(usage.input);
            let written = usage.cache_writes.min(usage.input - cached);
            for (kind, tokens) in [
                ("input", usage.input - cached - written),
                ("cached_input", cached),
                ("cache_write", written),
                ("output", usage.output),
            ] {
                counter!(TOKENS, "provider" => provider.clone(), "tenant" => tenant.clone(), "kind" => kind)
                    .increment(tokens.into());
            }
            if let Some(price) = &self.provider.price {
                // A gauge, since counters count whole numbers.
                gauge!(MONEY, "provider" => provider.clone(), "tenant" => tenant.clone())
                    .increment(price.of(&usage));
            }
        }
        counter!(REQUESTS, "provider" => provider, "tenant" => tenant, "end" => end).increment(1);
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        if !self.is_told {
            counter!(
                REQUESTS,
                "provider" => self.provider.name().to_owned(),
                "tenant" => std::mem::take(&mut self.tenant),
                "end" => "given_up"
            )
            .increment(1);
        }
    }
}
