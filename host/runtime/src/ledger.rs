//! What personas used up over their calls, for the limits that are meant per minute and per second.
//!
//! A call is bound by its own limits; these are of the persona in its room, and outlive the call.
//! Each is a token bucket: it fills at the limit's rate, up to what may come at once. Rates come with
//! each call, so that a limit that was changed holds from the next call on.

use chatter_protocol::{call::CallLimits, memory::Scope};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// At how many accounts the ledger looks for the first time for those that are as good as new.
const FIRST_SWEEP: usize = 1024;

/// The accounts of all personas, each in its room.
#[derive(Clone)]
pub(crate) struct Ledger(Arc<Mutex<Accounts>>);

struct Accounts {
    of: HashMap<Scope, Arc<Account>>,
    sweep_at: usize,
}

impl Default for Ledger {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Accounts {
            of: HashMap::new(),
            sweep_at: FIRST_SWEEP,
        })))
    }
}

impl Ledger {
    pub(crate) fn account(&self, scope: &Scope) -> Arc<Account> {
        let mut accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(account) = accounts.of.get(scope) {
            return account.clone();
        }
        if accounts.of.len() >= accounts.sweep_at {
            let now = Instant::now();
            accounts.of.retain(|_, account| !account.is_as_new(now));
            accounts.sweep_at = FIRST_SWEEP.max(accounts.of.len() * 2);
        }
        accounts.of.entry(scope.clone()).or_default().clone()
    }
}

/// What one persona in one room used up lately.
#[derive(Default)]
pub(crate) struct Account(Mutex<Buckets>);

#[derive(Default)]
struct Buckets {
    llm_calls: Bucket,
    llm_tokens: Bucket,
    log: Bucket,
    cpu: Bucket,
}

/// How much a persona may compute in front of others that compute less: a fiftieth of a processor, of
/// which so much may come at once. In microseconds.
const CPU: Rate = Rate {
    per_second: 20_000.0,
    burst: 20_000.0,
};

impl Account {
    fn lock(&self) -> MutexGuard<'_, Buckets> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether no call uses it and all is there again that was taken.
    fn is_as_new(self: &Arc<Self>, now: Instant) -> bool {
        let Buckets {
            llm_calls,
            llm_tokens,
            log,
            cpu,
        } = &*self.lock();
        let all = [llm_calls, llm_tokens, log, cpu];
        Arc::strong_count(self) == 1 && all.into_iter().all(|bucket| bucket.is_full(now))
    }

    /// LLM calls and tokens left.
    pub(crate) fn llm(&self, limits: &CallLimits) -> (u32, u32) {
        let now = Instant::now();
        let mut buckets = self.lock();
        (
            buckets
                .llm_calls
                .left(per_minute(limits.llm_calls_per_minute), now),
            buckets
                .llm_tokens
                .left(per_minute(limits.llm_tokens_per_minute), now),
        )
    }

    /// Takes one LLM call with so many tokens, which [`llm`](Self::llm) said are left.
    pub(crate) fn take_llm(&self, tokens: u32) {
        let mut buckets = self.lock();
        buckets.llm_calls.take(1);
        buckets.llm_tokens.take(tokens);
    }

    /// So many of the tokens that were taken were used, or more than were taken.
    pub(crate) fn settle_tokens(&self, taken: u32, used: u32) {
        self.lock().llm_tokens.level += f64::from(taken) - f64::from(used);
    }

    /// Whether the persona computed more than its share lately.
    pub(crate) fn is_heavy(&self) -> bool {
        self.lock().cpu.left(CPU, Instant::now()) == 0
    }

    /// A call took so much CPU time.
    pub(crate) fn take_cpu(&self, time: Duration) {
        self.lock()
            .cpu
            .take(u32::try_from(time.as_micros()).unwrap_or(u32::MAX));
    }

    /// Bytes of log that a call may write.
    pub(crate) fn log(&self, limits: &CallLimits) -> u32 {
        let rate = Rate {
            per_second: f64::from(limits.log_bytes_per_second),
            burst: f64::from(limits.log_bytes),
        };
        self.lock().log.left(rate, Instant::now())
    }

    /// A call wrote so many bytes of log.
    pub(crate) fn take_log(&self, bytes: u32) {
        self.lock().log.take(bytes);
    }
}

/// How fast a bucket fills, and how much fits in.
#[derive(Clone, Copy, Default)]
struct Rate {
    per_second: f64,
    burst: f64,
}

fn per_minute(limit: u32) -> Rate {
    Rate {
        per_second: f64::from(limit) / 60.0,
        burst: f64::from(limit),
    }
}

/// Full until it is touched for the first time.
#[derive(Default)]
struct Bucket {
    level: f64,
    /// As it was then.
    rate: Rate,
    at: Option<Instant>,
}

impl Bucket {
    fn left(&mut self, rate: Rate, now: Instant) -> u32 {
        let since = self.at.map(|at| now.saturating_duration_since(at));
        self.level = since
            .map_or(rate.burst, |since| {
                self.level + since.as_secs_f64() * rate.per_second
            })
            .min(rate.burst);
        self.rate = rate;
        self.at = Some(now);
        // From float to integer `as` saturates, and takes 0 for what is below it. A limit of one a
        // minute is one after a minute, also where 60 times a sixtieth is a little less.
        (self.level + 1e-6) as u32
    }

    /// Whether it has as much as it can have, by the rate that it was looked at with.
    fn is_full(&self, now: Instant) -> bool {
        let Self { level, rate, at } = self;
        at.is_none_or(|at| {
            let since = now.saturating_duration_since(at).as_secs_f64();
            level + since * rate.per_second + 1e-6 >= rate.burst
        })
    }

    fn take(&mut self, amount: u32) {
        self.level -= f64::from(amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatter_protocol::{PersonaId, RoomId};

    fn scope(n: usize) -> Scope {
        Scope {
            room: RoomId::from_parts("main", "lobby").unwrap(),
            persona: PersonaId::new(&format!("p{n}")).unwrap(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_minute_has_its_calls_and_tokens() {
        let account = Account::default();
        let limits = CallLimits {
            llm_calls_per_minute: 6,
            llm_tokens_per_minute: 120,
            ..CallLimits::default()
        };
        assert_eq!(account.llm(&limits), (6, 120));
        account.take_llm(100);
        account.settle_tokens(100, 60);
        assert_eq!(account.llm(&limits), (5, 60));
        // Of two answers, the wrong one before the right one, both count.
        account.take_llm(12);
        account.settle_tokens(12, 30);
        assert_eq!(account.llm(&limits), (4, 30));
        for tokens in [12, 6, 6, 6] {
            account.take_llm(tokens);
        }
        assert_eq!(account.llm(&limits), (0, 0));
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!(account.llm(&limits), (1, 20));
        tokio::time::advance(Duration::from_secs(600)).await;
        assert_eq!(account.llm(&limits), (6, 120), "no more is saved up");
    }

    #[tokio::test(start_paused = true)]
    async fn a_log_may_come_at_once_and_then_at_its_rate() {
        let account = Account::default();
        let limits = CallLimits {
            log_bytes: 1000,
            log_bytes_per_second: 10,
            ..CallLimits::default()
        };
        assert_eq!(account.log(&limits), 1000);
        account.take_log(1000);
        assert_eq!(account.log(&limits), 0);
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(account.log(&limits), 50);
    }

    #[tokio::test(start_paused = true)]
    async fn accounts_are_kept_as_long_as_they_matter() {
        let limits = CallLimits {
            llm_calls_per_minute: 60,
            llm_tokens_per_minute: 600,
            log_bytes: 1_000,
            log_bytes_per_second: 2,
            ..CallLimits::default()
        };
        type Take = fn(&Account);
        let cases: [(&str, Take, u64); 5] = [
            ("nothing", |_| (), 0),
            ("an LLM call", |account| account.take_llm(0), 1),
            ("tokens", |account| account.take_llm(300), 30),
            ("log", |account| account.take_log(1_000), 500),
            // At a fiftieth of a processor.
            (
                "CPU time",
                |account| account.take_cpu(Duration::from_secs(60)),
                3_000,
            ),
        ];
        for (what, take, seconds) in cases {
            let ledger = Ledger::default();
            let account = ledger.account(&scope(0));
            account.llm(&limits);
            account.log(&limits);
            account.is_heavy();
            take(&account);
            drop(account);
            for (after, as_new) in [(seconds.saturating_sub(1), seconds == 0), (seconds, true)] {
                let at = Instant::now() + Duration::from_secs(after);
                let accounts = ledger.0.lock().unwrap();
                let account = &accounts.of[&scope(0)];
                assert_eq!(account.is_as_new(at), as_new, "{what}, {after} s later");
                let used = account.clone();
                assert!(!used.is_as_new(at), "{what}, while it is used");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_ledger_holds_no_more_than_it_must() {
        let ledger = Ledger::default();
        for n in 0..FIRST_SWEEP {
            ledger.account(&scope(n)).is_heavy();
        }
        ledger.account(&scope(0)).take_cpu(Duration::from_secs(1));
        ledger.account(&scope(FIRST_SWEEP));
        let kept = ledger.0.lock().unwrap().of.len();
        assert_eq!(kept, 2, "the one that owes something, and the new one");
    }
}
