//! What all calls share, as it is set on the command line, in the environment and in the table
//! `[pool]` of `chatter.toml`; and the table of all limits.

use chatter_protocol::{
    TenantId,
    call::{LIMITS, Limit, Unit},
};
use chatter_runtime::Pool;
use clap::Args;
use serde::Deserialize;
use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

/// What all calls share; each part that is absent is as by default.
#[derive(Clone, Debug, Default, Args, Deserialize)]
#[serde(default)]
pub struct PoolOptions {
    /// How many calls of small components run at a time; larger ones count for several [default: 64]
    #[arg(
        id = "pool_calls",
        long = "pool-calls",
        value_name = "N",
        env = "CHATTER_POOL_CALLS",
        hide_env_values = true
    )]
    pub calls: Option<u64>,
    /// How many of these places calls may hold while they wait for the language model [default: 42]
    #[arg(
        id = "pool_waiting",
        long = "pool-waiting",
        value_name = "N",
        env = "CHATTER_POOL_WAITING",
        hide_env_values = true
    )]
    pub waiting: Option<u64>,
    /// How long a call waits for a place, in milliseconds [default: 2000]
    #[arg(
        id = "pool_queue_ms",
        long = "pool-queue-ms",
        value_name = "MS",
        env = "CHATTER_POOL_QUEUE_MS",
        hide_env_values = true
    )]
    pub queue_ms: Option<u64>,
    /// The largest memory that any limit may grant, in bytes [default: 256 MiB]
    #[arg(
        id = "pool_memory_bytes",
        long = "pool-memory-bytes",
        value_name = "BYTES",
        env = "CHATTER_POOL_MEMORY_BYTES",
        hide_env_values = true
    )]
    pub memory_bytes: Option<u64>,
    /// The stack of a call, in bytes [default: 512 KiB]
    #[arg(
        id = "pool_stack_bytes",
        long = "pool-stack-bytes",
        value_name = "BYTES",
        env = "CHATTER_POOL_STACK_BYTES",
        hide_env_values = true
    )]
    pub stack_bytes: Option<u64>,
    /// What a tenant gets of a full pool, against the 1 of others; only in `chatter.toml`.
    #[arg(skip)]
    pub shares: BTreeMap<String, u64>,
}

/// The settings of [`PoolOptions`] that are numbers, in their order.
const POOL: [Limit; 5] = [
    Limit {
        what: "calls at a time, in places; a component of another language than Rust may need several",
        name: "calls",
        default: 64,
        range: (1, 1024),
        beyond: "a queue, in which tenants take turns",
        unit: Unit::Count,
    },
    Limit {
        what: "places held by calls that wait for the model",
        name: "waiting",
        default: 42,
        range: (1, 1024),
        beyond: "`busy`",
        unit: Unit::Count,
    },
    Limit {
        what: "time in the queue",
        name: "queue_ms",
        default: 2_000,
        range: (0, 60_000),
        beyond: "the call is not made",
        unit: Unit::Millis,
    },
    Limit {
        what: "the largest `memory_bytes`",
        name: "memory_bytes",
        default: 256 << 20,
        range: (1 << 20, 1 << 30),
        beyond: "the smaller of the two holds",
        unit: Unit::Bytes,
    },
    Limit {
        what: "stack",
        name: "stack_bytes",
        default: 512 << 10,
        range: (64 << 10, 8 << 20),
        beyond: "ends the call in a trap",
        unit: Unit::Bytes,
    },
];

/// How many shares of a full pool a tenant may have.
const SHARE: Limit = Limit {
    what: "what a tenant gets of a full pool, against the 1 of others",
    name: "shares.TENANT",
    default: 1,
    range: (1, 100),
    beyond: "waits its turn in the queue",
    unit: Unit::Count,
};

impl PoolOptions {
    /// The keys of `[pool]`.
    pub(crate) const KEYS: [&str; 6] = [
        "calls",
        "waiting",
        "queue_ms",
        "memory_bytes",
        "stack_bytes",
        "shares",
    ];

    /// These, and those of `other` where nothing is said here.
    pub(crate) fn over(self, other: Self) -> Self {
        Self {
            calls: self.calls.or(other.calls),
            waiting: self.waiting.or(other.waiting),
            queue_ms: self.queue_ms.or(other.queue_ms),
            memory_bytes: self.memory_bytes.or(other.memory_bytes),
            stack_bytes: self.stack_bytes.or(other.stack_bytes),
            shares: other.shares,
        }
    }

    /// The pool, or everything that is wrong with it.
    pub(crate) fn pool(self) -> Result<Pool, Vec<String>> {
        let given = [
            self.calls,
            self.waiting,
            self.queue_ms,
            self.memory_bytes,
            self.stack_bytes,
        ];
        let mut problems = Vec::new();
        let mut check = |limit: &Limit, name: &str, value: u64| {
            let problem = limit.problem(value);
            problems.extend(problem.map(|problem| format!("pool.{name}: {problem}")));
            value
        };
        let [calls, waiting, queue_ms, memory_bytes, stack_bytes] = std::array::from_fn(|at| {
            let limit: &Limit = &POOL[at];
            check(limit, limit.name, given[at].unwrap_or(limit.default))
        });
        let mut shares = BTreeMap::new();
        let mut strangers = Vec::new();
        for (tenant, share) in self.shares {
            let share = check(&SHARE, &format!("shares.{tenant}"), share);
            match TenantId::new(&tenant) {
                Ok(id) => {
                    shares.insert(id, u32::try_from(share).unwrap_or(u32::MAX));
                }
                Err(error) => strangers.push(format!("pool.shares.{tenant}: {error}")),
            }
        }
        problems.append(&mut strangers);
        if !problems.is_empty() {
            return Err(problems);
        }
        let small = |value| u32::try_from(value).unwrap_or(u32::MAX);
        Ok(Pool {
            calls: small(calls),
            waiting: small(waiting),
            queue: Duration::from_millis(queue_ms),
            memory_bytes,
            stack_bytes,
            shares,
        })
    }
}

/// All limits with their defaults, for `--help`.
pub(crate) fn limits_help() -> String {
    let mut text = String::from(
        "Limits of a call: the table [limits] of chatter.toml, of modules/NAME.toml, of a room's or a\n\
         persona's file, each over the one before.\n",
    );
    let mut row = |limit: &Limit, name: &str| {
        let (least, most) = limit.range;
        let _ = writeln!(
            text,
            "  {name:<22} {:>11}  {}; {} to {}",
            limit.told(limit.default),
            limit.what,
            limit.told(least),
            limit.told(most),
        );
    };
    for limit in LIMITS {
        row(limit, limit.name);
    }
    for limit in POOL.iter().chain([&SHARE]) {
        row(limit, &format!("pool.{}", limit.name));
    }
    text.push_str("docs/personas.md says what becomes of what is beyond them.");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guide_has_every_limit_with_its_default_and_range() {
        let guide = include_str!("../../../docs/personas.md");
        for row in LIMITS.iter().chain(&POOL).chain([&SHARE]) {
            let row = row.as_markdown();
            assert!(guide.contains(&row), "docs/personas.md has no row\n{row}");
        }
    }

    #[test]
    fn the_defaults_are_those_of_the_runtime_and_of_the_help() {
        assert_eq!(PoolOptions::default().pool(), Ok(Pool::default()));
        let help = <crate::args::CommandLine as clap::CommandFactory>::command()
            .render_long_help()
            .to_string();
        for limit in POOL {
            let told = match limit.unit {
                Unit::Millis => limit.default.to_string(),
                _ => limit.told(limit.default),
            };
            let option = format!("--pool-{}", limit.name.replace('_', "-"));
            let (_, after) = help.split_once(&option).unwrap();
            assert!(
                after.split("[default: ").nth(1).unwrap().starts_with(&told),
                "{option}: {told}"
            );
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let pool = |text: &str| toml::from_str::<PoolOptions>(text).unwrap().pool();
        assert_eq!(
            pool("calls = 0\nqueue_ms = 99999\nshares = { acme = 0, No = 1 }"),
            Err(vec![
                "pool.calls: 0 is less than 1".into(),
                "pool.queue_ms: 99999 is more than 60000".into(),
                "pool.shares.acme: 0 is less than 1".into(),
                "pool.shares.No: \"No\" is not a tenant: a slug is 1 to 63 of a-z, 0-9 and -"
                    .into(),
            ])
        );
        let shares = pool("shares = { acme = 3 }").unwrap().shares;
        assert_eq!(shares.into_values().collect::<Vec<_>>(), [3]);
    }
}
