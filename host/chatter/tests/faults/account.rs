//! What a fault came to, as all clients together have seen it.

use crate::client::Seen;
use std::{collections::BTreeMap, time::Duration};
use tokio::time::Instant;

#[derive(Debug)]
pub(crate) struct Account {
    clients: usize,
    pub(crate) acknowledged: usize,
    /// What was acknowledged and is not in the log under its offset, though its log is still the
    /// room's.
    pub(crate) lost: usize,
    /// What was acknowledged in a log that is gone.
    gone: usize,
    /// Messages that a client was shown twice, or that are in the log twice.
    pub(crate) duplicates: u64,
    /// Where a client was shown another offset than the next, or another message there than the log
    /// has, or was told wrongly whether something is gone.
    pub(crate) breaks: u64,
    /// How many clients were told that something is gone.
    pub(crate) told: usize,
    /// The longest that a client heard no persona, before the fault and around it.
    before: Duration,
    pub(crate) silence: Duration,
    /// The longest until a client had come back to a gateway.
    away: Duration,
}

impl Account {
    pub(crate) fn of(
        seen: &[Seen],
        (epoch, log): &(String, BTreeMap<u64, String>),
        fault: Instant,
    ) -> Self {
        let acknowledged = || seen.iter().flat_map(|seen| &seen.acknowledged);
        let is_in = |(_, id, offset): &&(String, String, u64)| log.get(offset) == Some(id);
        let (here, gone): (Vec<_>, Vec<_>) = acknowledged().partition(|place| place.0 == *epoch);
        let mut ids: Vec<&String> = log.values().collect();
        ids.sort_unstable();
        let twice = ids.windows(2).filter(|two| two[0] == two[1]).count() as u64;
        let differs = |seen: &Seen| {
            let logs = seen.logs.iter().filter(|(known, _)| known == epoch);
            let places = logs.flat_map(|(_, shown)| shown);
            places
                .filter(|(offset, id)| log.get(offset) != Some(id))
                .count() as u64
        };
        Self {
            clients: seen.len(),
            acknowledged: acknowledged().count(),
            lost: here.iter().filter(|place| !is_in(place)).count(),
            gone: gone.len(),
            duplicates: twice + seen.iter().map(|seen| seen.duplicates).sum::<u64>(),
            breaks: seen.iter().map(|seen| seen.breaks + differs(seen)).sum(),
            told: seen.iter().filter(|seen| seen.told > 0).count(),
            before: longest(seen, |at| at < fault),
            silence: longest(seen, |_| true),
            away: seen
                .iter()
                .filter_map(|seen| seen.resumed.iter().find(|at| **at >= fault))
                .map(|at| *at - fault)
                .max()
                .unwrap_or_default(),
        }
    }

    /// A row of the table.
    pub(crate) fn print(&self, fault: &str) {
        let seconds = |time: Duration| format!("{:.1}", time.as_secs_f64());
        println!(
            "| {fault} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            self.clients,
            self.acknowledged,
            self.lost,
            self.duplicates,
            self.breaks,
            seconds(self.before),
            seconds(self.silence),
            seconds(self.away),
            self.told,
            self.gone,
        );
    }

    pub(crate) fn head() {
        println!(
            "| fault | clients | acknowledged | lost | duplicates | order breaks | personas' longest silence before, s | around it, s | last client back after, s | clients told that something is gone | acknowledged in the log that is gone |\n\
             | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
        );
    }
}

/// The longest between two lines of personas, at any client.
fn longest(seen: &[Seen], counts: impl Fn(Instant) -> bool) -> Duration {
    let gaps = seen.iter().flat_map(|seen| {
        let pairs = seen.voices.windows(2);
        pairs
            .filter(|two| counts(two[1]))
            .map(|two| two[1] - two[0])
    });
    gaps.max().unwrap_or_default()
}
