//! The states of a breaker: closed, open, and open with somebody who probes.

use super::{Change, Patience};
use std::time::Duration;
use tokio::time::Instant;

/// Failures in a row, and what they have led to.
#[derive(Debug)]
pub(super) struct Circuit {
    /// Failures in a row while it is closed.
    failures: u32,
    latest: Option<Instant>,
    outage: Option<Outage>,
    /// How many probes there were: each is known by its number.
    probes: u64,
}

#[derive(Debug)]
struct Outage {
    since: Instant,
    /// When the rest began: at the latest failure that counted.
    from: Instant,
    rest: Duration,
    /// Who asks. The others wait for what comes of it.
    probe: Option<u64>,
}

impl Outage {
    fn until(&self) -> Instant {
        self.from + self.rest
    }
}

impl Circuit {
    pub(super) const fn new() -> Self {
        Self {
            failures: 0,
            latest: None,
            outage: None,
            probes: 0,
        }
    }

    /// Whether somebody may ask who has to wait for the rest's end, or for so much of it.
    pub(super) fn lets(&self, now: Instant, most: Option<Duration>) -> bool {
        self.outage.as_ref().is_none_or(|outage| {
            let rest = most.map_or(outage.rest, |most| most.min(outage.rest));
            outage.probe.is_none() && outage.from + rest <= now
        })
    }

    /// Lets somebody ask: while it is open as its probe, which has a number.
    pub(super) fn pass(&mut self) -> Option<u64> {
        let outage = self.outage.as_mut()?;
        self.probes += 1;
        outage.probe = Some(self.probes);
        outage.probe
    }

    /// Whoever was let through learned nothing: a probe leaves its place to the next.
    pub(super) fn leave(&mut self, probe: Option<u64>) {
        if let Some(outage) = &mut self.outage
            && probe.is_some()
            && outage.probe == probe
        {
            outage.probe = None;
        }
    }

    /// An answer to a request from before it opened counts as well: it works.
    pub(super) fn good(&mut self, now: Instant) -> Option<Change> {
        self.failures = 0;
        self.latest = None;
        let outage = self.outage.take()?;
        Some(Change::Closed(now.duration_since(outage.since)))
    }

    /// Of requests from before it opened nothing else was expected: they change nothing. It opens only if it may.
    pub(super) fn bad(
        &mut self,
        now: Instant,
        patience: &Patience,
        probe: Option<u64>,
        may_open: bool,
    ) -> Option<Change> {
        self.latest = Some(now);
        if let Some(outage) = &mut self.outage {
            if probe.is_none() || outage.probe != probe {
                return None;
            }
            let rest = (outage.rest * 2).min(patience.longest_rest);
            *outage = Outage {
                since: outage.since,
                from: now,
                rest,
                probe: None,
            };
            return Some(Change::StaysOpen(rest));
        }
        self.failures = self.failures.saturating_add(1);
        if self.failures < patience.failures || !may_open {
            return None;
        }
        self.failures = 0;
        let rest = patience.first_rest;
        self.outage = Some(Outage {
            since: now,
            from: now,
            rest,
            probe: None,
        });
        Some(Change::Opened(rest))
    }

    /// Whether it is open. One that nobody has asked about for [`Patience::longest_rest`] since it could be asked
    /// again is open no more: nothing is known of it.
    pub(super) fn is_open(&self, now: Instant, patience: &Patience) -> bool {
        self.outage.as_ref().is_some_and(|outage| {
            outage.probe.is_some() || now < outage.until() + patience.longest_rest
        })
    }

    /// Whether it has anything to tell that a new one would not.
    pub(super) fn is_as_new(&self, now: Instant, patience: &Patience) -> bool {
        let is_old = |latest: Instant| latest + patience.longest_rest <= now;
        !self.is_open(now, patience) && self.latest.is_none_or(is_old)
    }

    /// For metrics: 0 everybody asks, 1 one probes, 2 nobody asks.
    pub(super) fn level(&self, now: Instant) -> f64 {
        match &self.outage {
            Some(Outage { probe: Some(_), .. }) => 1.0,
            Some(outage) if now < outage.until() => 2.0,
            _ => 0.0,
        }
    }
}
