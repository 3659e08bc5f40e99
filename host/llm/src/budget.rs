//! How much of language models everybody may use up: tokens and money, by minute and by day, for each
//! tenant, each room and each persona.
//!
//! Before a request goes out, what it may cost at most is put aside at all three levels; afterwards what it
//! did cost is written down instead, as the server counted it. A minute's budget comes back evenly, up to
//! a minute's worth; a day's at midnight UTC. The day's figures can be kept over restarts ([`Spent`]).

mod ledger;

pub(crate) use ledger::{Charge, Ledger};

use chatter_protocol::{RoomId, TenantId, memory::Scope};
use serde::{Deserialize, Serialize};

/// What may be used up by one tenant, room or persona; what is absent is not bounded. Tokens are those of
/// requests and answers together, money is in the currency of the prices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bounds {
    /// Tokens in a minute.
    pub tokens_per_minute: Option<u64>,
    /// Tokens in a day.
    pub tokens_per_day: Option<u64>,
    /// Money in a minute.
    pub money_per_minute: Option<f64>,
    /// Money in a day.
    pub money_per_day: Option<f64>,
}

impl Bounds {
    /// The names of the bounds, as in a settings file.
    pub const KEYS: [&str; 4] = [
        "tokens_per_minute",
        "tokens_per_day",
        "money_per_minute",
        "money_per_day",
    ];

    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// The bounds of each level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Budgets {
    /// Of a tenant, all its rooms together.
    pub tenant: Bounds,
    /// Of a room, all its personas together.
    pub room: Bounds,
    /// Of a persona in a room.
    pub persona: Bounds,
}

impl Budgets {
    /// The names of the levels, as in a settings file.
    pub const KEYS: [&str; 3] = ["tenant", "room", "persona"];
}

/// What a provider asks for a million tokens, in any currency that is the same for all providers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Of a request.
    pub input: f64,
    /// Of the part of a request that the provider had in its cache; as `input` if absent.
    #[serde(default)]
    pub cached_input: Option<f64>,
    /// Of the part of a request that the provider put into its cache, where it counts that by itself, as Anthropic
    /// does; a quarter more than `input` if absent, which is
    /// [its rule](https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching).
    #[serde(default)]
    pub cache_write: Option<f64>,
    /// Of an answer.
    pub output: f64,
}

impl Price {
    /// The names of the prices, as in a settings file.
    pub const KEYS: [&str; 4] = ["input", "cached_input", "cache_write", "output"];

    pub(crate) fn of(&self, usage: &Usage) -> f64 {
        let cached = usage.cached_input.min(usage.input);
        let written = usage.cache_writes.min(usage.input - cached);
        let tokens = |count: u32, price: f64| f64::from(count) * price / 1e6;
        tokens(usage.input - cached - written, self.input)
            + tokens(cached, self.cached_input.unwrap_or(self.input))
            + tokens(written, self.cache_write.unwrap_or(self.input * 1.25))
            + tokens(usage.output, self.output)
    }
}

/// The tokens of an exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Of the request, those from a cache included.
    pub(crate) input: u32,
    /// Of these, those that the server had in a cache.
    pub(crate) cached_input: u32,
    /// Of these, those that it put there.
    pub(crate) cache_writes: u32,
    /// Of the answer, reasoning included.
    pub(crate) output: u32,
}

impl Usage {
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            input: self.input.saturating_add(other.input),
            cached_input: self.cached_input.saturating_add(other.cached_input),
            cache_writes: self.cache_writes.saturating_add(other.cache_writes),
            output: self.output.saturating_add(other.output),
        }
    }
}

/// Whose account it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Owner {
    Tenant(TenantId),
    Room(RoomId),
    Persona(Scope),
}

impl Owner {
    /// As it is kept: `acme`, `acme/lobby`, `acme/lobby/nova`.
    fn name(&self) -> String {
        match self {
            Self::Tenant(tenant) => tenant.to_string(),
            Self::Room(room) => room.to_string(),
            Self::Persona(scope) => format!("{}/{}", scope.room, scope.persona),
        }
    }

    fn parse(name: &str) -> Option<Self> {
        match name.split('/').collect::<Vec<_>>().as_slice() {
            [tenant] => TenantId::new(tenant).ok().map(Self::Tenant),
            [tenant, room] => RoomId::from_parts(tenant, room).ok().map(Self::Room),
            [tenant, room, persona] => Some(Self::Persona(Scope {
                room: RoomId::from_parts(tenant, room).ok()?,
                persona: chatter_protocol::PersonaId::new(persona).ok()?,
            })),
            _ => None,
        }
    }
}

/// What was used up on a day, to be kept by whoever can.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spent {
    /// Days since the Unix epoch, in UTC.
    pub day: i64,
    /// By whom.
    pub by: Vec<SpentBy>,
}

/// What one of them used up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpentBy {
    /// `TENANT`, `TENANT/ROOM` or `TENANT/ROOM/PERSONA`.
    pub who: String,
    /// Tokens.
    pub tokens: u64,
    /// Money.
    pub money: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_of_a_request_has_its_price() {
        let usage = Usage {
            input: 1_000_000,
            cached_input: 400_000,
            cache_writes: 200_000,
            output: 100_000,
        };
        let price = Price {
            input: 1.0,
            cached_input: None,
            cache_write: None,
            output: 5.0,
        };
        let of_all = |price: Price| (price.of(&usage) * 1_000.0).round() / 1_000.0;
        assert_eq!(of_all(price), 0.4 + 0.4 + 0.25 + 0.5);
        let dear = Price {
            cached_input: Some(0.1),
            cache_write: Some(2.0),
            ..price
        };
        assert_eq!(of_all(dear), 0.4 + 0.04 + 0.4 + 0.5);
    }
}
