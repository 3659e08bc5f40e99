//! How many lines a minute.

use chatter_protocol::Timestamp;
use std::{collections::VecDeque, time::Duration};

const WINDOW: Duration = Duration::from_secs(60);

/// The lines of the last minute, against a limit.
///
/// A sliding window and not a token bucket, which would let twice its rate through in the minute
/// after a pause: "at most so many lines a minute" is meant for any minute. Holds at most `limit`
/// times. Lines that a call in flight may yet say are reserved.
#[derive(Debug)]
pub(crate) struct Minute {
    limit: u32,
    said: VecDeque<Timestamp>,
    reserved: u32,
}

impl Minute {
    pub(crate) fn new(limit: u32) -> Self {
        Self {
            limit,
            said: VecDeque::new(),
            reserved: 0,
        }
    }

    /// From now on another limit counts, for the lines of the last minute too.
    pub(crate) fn set_limit(&mut self, limit: u32) {
        self.limit = limit;
    }

    /// How many lines may still be said now. A quarter of the limit is kept for those who answer
    /// people, so that the personas' own talk never makes a person wait for the next minute.
    pub(crate) fn left(&mut self, now: Timestamp, answers_human: bool) -> u32 {
        while self.said.front().is_some_and(|&at| now.since(at) >= WINDOW) {
            self.said.pop_front();
        }
        let used = u32::try_from(self.said.len()).unwrap_or(u32::MAX);
        let kept = if answers_human { 0 } else { self.limit / 4 };
        self.limit
            .saturating_sub(used)
            .saturating_sub(self.reserved)
            .saturating_sub(kept)
    }

    /// Sets lines aside for a call.
    pub(crate) fn reserve(&mut self, lines: u32) {
        self.reserved = self.reserved.saturating_add(lines);
    }

    /// A call for which `reserved` lines were set aside has said `said` of them.
    pub(crate) fn settle(&mut self, now: Timestamp, reserved: u32, said: u32) {
        self.reserved = self.reserved.saturating_sub(reserved);
        for _ in 0..said {
            self.said.push_back(now);
        }
    }
}

/// When a persona may speak unasked: each call without an impulse earns a share of a line, and a
/// call that uses one costs one. At most one is saved up.
#[derive(Debug)]
pub(crate) struct Unasked {
    share: f64,
    credit: f64,
}

impl Unasked {
    pub(crate) fn new(share: f64) -> Self {
        Self { share, credit: 0.0 }
    }

    /// From now on another share is earned; what is saved up stays.
    pub(crate) fn set_share(&mut self, share: f64) {
        self.share = share;
    }

    /// A call without an impulse begins.
    pub(crate) fn earn(&mut self) {
        self.credit = (self.credit + self.share).min(1.0);
    }

    /// Whether such a call may speak.
    pub(crate) fn is_enough(&self) -> bool {
        // 50 times 0.02 is a little less than 1.
        self.credit >= 1.0 - 1e-9
    }

    /// Such a call did speak.
    pub(crate) fn spend(&mut self) {
        self.credit = (self.credit - 1.0).max(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    #[test]
    fn no_minute_has_more_than_the_limit() {
        let mut minute = Minute::new(8);
        let mut said = Vec::new();
        for second in 0..300 {
            let answers_human = second % 3 == 0;
            if minute.left(at(second), answers_human) > 0 {
                minute.reserve(1);
                minute.settle(at(second), 1, 1);
                said.push(second);
            }
        }
        for &start in &said {
            let within = said
                .iter()
                .filter(|&&s| (start..start + 60).contains(&s))
                .count();
            assert!(within <= 8, "{within} lines in the minute from {start} s");
        }
        assert!(said.len() >= 5 * 8, "the limit is used: {}", said.len());
    }

    #[test]
    fn a_quarter_is_kept_for_people() {
        let mut minute = Minute::new(8);
        minute.settle(at(0), 0, 6);
        assert_eq!(minute.left(at(1), false), 0);
        assert_eq!(minute.left(at(1), true), 2);
    }

    #[test]
    fn a_limit_of_one_is_one_line_a_minute() {
        let mut minute = Minute::new(1);
        assert_eq!(minute.left(at(0), false), 1);
        minute.settle(at(0), 0, 1);
        assert_eq!(minute.left(at(59), true), 0);
        assert_eq!(minute.left(at(60), false), 1);
    }

    #[test]
    fn calls_in_flight_count() {
        let mut minute = Minute::new(3);
        minute.reserve(3);
        assert_eq!(minute.left(at(0), true), 0);
        minute.settle(at(0), 3, 1);
        assert_eq!(minute.left(at(0), true), 2);
    }

    #[test]
    fn unasked_lines_are_a_share_of_calls() {
        for (share, expected) in [(0.0, 0), (0.02, 20), (0.2, 200)] {
            let mut unasked = Unasked::new(share);
            let mut spoken = 0;
            for _ in 0..1000 {
                unasked.earn();
                if unasked.is_enough() {
                    unasked.spend();
                    spoken += 1;
                }
            }
            assert!(
                spoken <= expected && spoken + 1 >= expected,
                "{share}: {spoken}"
            );
        }
    }
}
