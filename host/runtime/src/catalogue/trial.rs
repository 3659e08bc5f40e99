//! Whether a new version does well. If it keeps failing, the one before it returns.
//!
//! A version is on trial for [`CALLS`] calls and [`TIME`], whichever ends later. It is taken back as
//! soon as [`FAILURES`] of the latest [`WINDOW`] calls of one tenant's rooms have failed: trapped,
//! run out of CPU time or memory, or returned what breaks the contract. A call that timed out counts
//! only if the persona computed for most of that time: else it waited for the language model or the
//! memory, which is not the module's doing, and neither is an error that the persona itself returns.
//!
//! As long as another tenant's rooms do well with the same module, it stays: a tenant whose own
//! limits make every call fail must not take a module away from the others. Whoever has not called
//! for [`RECENT`] does neither well nor badly. A version that does badly with anybody is not proved.

use crate::engine::TICK;
use chatter_protocol::{CallRecord, TenantId, call::CallEnd};
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

pub(super) const CALLS: u64 = 200;
pub(super) const TIME: Duration = Duration::from_secs(600);
pub(super) const WINDOW: u32 = 20;
pub(super) const FAILURES: u32 = 5;

/// Whoever had as many calls, and fewer failures than would take the module back, does well.
const ENOUGH: u64 = 5;

/// How long a call tells of how a tenant does.
pub(super) const RECENT: Duration = Duration::from_secs(300);

/// Of so many tenants calls are counted; more could fill the memory.
const TENANTS: usize = 1_000;

pub(super) struct Trial {
    since: Instant,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    calls: u64,
    tenants: BTreeMap<TenantId, Tally>,
}

/// One tenant's calls.
struct Tally {
    calls: u64,
    /// The latest calls, one bit each, set if the call failed.
    latest: u32,
    at: Instant,
}

impl Tally {
    fn new() -> Self {
        Self {
            calls: 0,
            latest: 0,
            at: Instant::now(),
        }
    }

    fn is_bad(&self) -> bool {
        self.failures() >= FAILURES
    }

    fn is_well(&self) -> bool {
        self.calls >= ENOUGH && !self.is_bad() && self.at.elapsed() < RECENT
    }

    fn failures(&self) -> u32 {
        self.latest.count_ones()
    }
}

/// What a trial has come to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It goes on.
    Open,
    /// The version has done well for long enough.
    Proved,
    /// It has not, for this reason.
    Failed(String),
}

impl Trial {
    pub(super) fn new() -> Self {
        Self {
            since: Instant::now(),
            counts: Mutex::default(),
        }
    }

    /// Notes a call that ran.
    pub(super) fn note(&self, tenant: &TenantId, record: &CallRecord) -> Verdict {
        let failed = match failure(record) {
            Counted::Not => return Verdict::Open,
            Counted::Well => None,
            Counted::Failed(words) => Some(words),
        };
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.calls += 1;
        if counts.tenants.len() < TENANTS || counts.tenants.contains_key(tenant) {
            let tally = counts
                .tenants
                .entry(tenant.clone())
                .or_insert_with(Tally::new);
            tally.calls += 1;
            tally.at = Instant::now();
            tally.latest = (tally.latest << 1 | u32::from(failed.is_some())) & ((1 << WINDOW) - 1);
        }
        if let Some(words) = failed
            && counts.is_bad_for(tenant)
        {
            let failures = counts.tenants[tenant].failures();
            let of = counts.tenants[tenant].calls.min(u64::from(WINDOW));
            return Verdict::Failed(format!(
                "{failures} of its latest {of} calls failed, the last one: {words}"
            ));
        }
        let enough = counts.calls >= CALLS && self.since.elapsed() >= TIME;
        if enough && !counts.tenants.values().any(Tally::is_bad) {
            Verdict::Proved
        } else {
            Verdict::Open
        }
    }
}

impl Counts {
    fn is_bad_for(&self, tenant: &TenantId) -> bool {
        self.tenants.get(tenant).is_some_and(Tally::is_bad)
            && !self.tenants.values().any(Tally::is_well)
    }
}

enum Counted {
    Not,
    Well,
    Failed(String),
}

fn failure(record: &CallRecord) -> Counted {
    match &record.end {
        CallEnd::Returned { .. } | CallEnd::Declined { .. } => Counted::Well,
        CallEnd::TimedOut { wall_ms } => {
            let computed = TICK * record.times.cpu_ticks;
            if computed * 2 >= Duration::from_millis(u64::from(*wall_ms)) {
                Counted::Failed(format!("it computed for most of its {wall_ms} ms"))
            } else {
                Counted::Not
            }
        }
        CallEnd::Busy | CallEnd::Unavailable { .. } => Counted::Not,
        end => Counted::Failed(end.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::smoke::record;

    fn well() -> CallRecord {
        record(CallEnd::Declined {
            detail: "not now".into(),
        })
    }

    fn trapped() -> CallRecord {
        record(CallEnd::Trapped {
            detail: "unreachable".into(),
        })
    }

    fn tenants() -> [TenantId; 2] {
        ["main", "acme"].map(|tenant| TenantId::new(tenant).unwrap())
    }

    #[test]
    fn five_failures_among_the_latest_twenty_calls_are_too_many() {
        let [main, _] = tenants();
        let cases = [("fffff", true), ("ffff", false), ("wfwfwfwfwf", true)];
        let spread = "f".to_owned() + &"wwww".repeat(5) + "ffff";
        for (calls, taken_back) in cases.into_iter().chain([(&*spread, false)]) {
            let trial = Trial::new();
            let verdicts: Vec<_> = calls
                .chars()
                .map(|call| trial.note(&main, &if call == 'f' { trapped() } else { well() }))
                .collect();
            let failed = |verdict: &Verdict| matches!(verdict, Verdict::Failed(_));
            assert_eq!(verdicts.last().is_some_and(failed), taken_back, "{calls}");
            assert!(!verdicts[..verdicts.len() - 1].iter().any(failed));
        }
    }

    #[test]
    fn what_is_not_the_modules_doing_does_not_count() {
        let [main, _] = tenants();
        let mut waited = record(CallEnd::TimedOut { wall_ms: 1_000 });
        waited.times.cpu_ticks = 3;
        let mut computed = waited.clone();
        computed.times.cpu_ticks = 400;
        let cases = [
            (waited, false),
            (record(CallEnd::Busy), false),
            (well(), false),
            (computed, true),
            (record(CallEnd::OutOfCpu { cpu_ms: 100 }), true),
            (record(CallEnd::OutOfMemory { memory_bytes: 1 }), true),
            (
                record(CallEnd::Invalid {
                    detail: "lines".into(),
                }),
                true,
            ),
        ];
        for (call, counts) in cases {
            let trial = Trial::new();
            let last = (0..FAILURES).map(|_| trial.note(&main, &call)).last();
            let failed = matches!(last, Some(Verdict::Failed(_)));
            assert_eq!(failed, counts, "{:?}", call.end);
        }
    }

    #[test]
    fn one_tenants_trouble_takes_no_module_from_another() {
        let [main, acme] = tenants();
        let trial = Trial::new();
        for _ in 0..ENOUGH {
            assert_eq!(trial.note(&main, &well()), Verdict::Open);
        }
        for _ in 0..100 {
            assert_eq!(trial.note(&acme, &trapped()), Verdict::Open);
        }
        let verdicts = (0..FAILURES).map(|_| trial.note(&main, &trapped()));
        assert!(matches!(verdicts.last(), Some(Verdict::Failed(_))));
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_proved_by_calls_and_time() {
        let [main, _] = tenants();
        let trial = Trial::new();
        for _ in 0..CALLS {
            assert_eq!(trial.note(&main, &well()), Verdict::Open);
        }
        tokio::time::advance(TIME).await;
        assert_eq!(trial.note(&main, &well()), Verdict::Proved);

        let quiet = Trial::new();
        tokio::time::advance(TIME).await;
        assert_eq!(quiet.note(&main, &well()), Verdict::Open);
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_badly_with_anybody_is_not_proved_and_old_praise_protects_nobody() {
        let [main, acme] = tenants();
        let trial = Trial::new();
        for _ in 0..ENOUGH {
            trial.note(&main, &well());
        }
        for _ in 0..CALLS {
            assert_eq!(trial.note(&acme, &trapped()), Verdict::Open);
        }
        tokio::time::advance(RECENT - Duration::from_millis(1)).await;
        assert_eq!(trial.note(&acme, &trapped()), Verdict::Open);
        trial.note(&main, &well());
        tokio::time::advance(RECENT - Duration::from_millis(1)).await;
        assert_eq!(trial.note(&acme, &trapped()), Verdict::Open);
        tokio::time::advance(TIME).await;
        // It has had its calls and its time.
        assert_eq!(trial.note(&main, &well()), Verdict::Open);
        tokio::time::advance(RECENT).await;
        let verdict = trial.note(&acme, &trapped());
        assert!(matches!(verdict, Verdict::Failed(_)), "{verdict:?}");
    }
}
