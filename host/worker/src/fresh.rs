//! What on the stream is new enough to move anybody.
//!
//! It counts since when a thing is known, not when it happened: a change of topic is clear only once
//! enough of the new one was said, and words are later by what it takes to hear them. Whoever comes to a
//! stream in its middle is moved by nothing that was known long before.

use crate::impulse::{EVENT_FRESH, EVENT_OVER};
use chatter_protocol::{
    StreamContext,
    context::{ChatQuestion, StreamEvent},
};
use std::time::Duration;

/// Since when, on the stream's clock, things are fresh.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Fresh {
    known_from_ms: u64,
    happened_from_ms: u64,
}

impl Fresh {
    /// At a position of the stream, with that of the context before. At many times the usual speed, more than
    /// 10 s of the stream pass from one context to the next: what happened since is fresh all the same.
    pub(crate) fn at(position_ms: u64, before_ms: Option<u64>) -> Self {
        let since_last = before_ms.map_or(0, |before_ms| position_ms.saturating_sub(before_ms));
        let from = |bound: Duration| {
            let bound_ms = u64::try_from(bound.as_millis()).unwrap_or(u64::MAX);
            position_ms.saturating_sub(bound_ms.max(since_last))
        };
        Self {
            known_from_ms: from(EVENT_FRESH),
            happened_from_ms: from(EVENT_OVER),
        }
    }

    pub(crate) fn is_event(self, event: &StreamEvent) -> bool {
        self.is(event.at_ms, event.known_since_ms())
    }

    /// The streamer's question is known since the event of its id is; without that, since it was asked.
    pub(crate) fn is_question(self, question: &ChatQuestion, context: &StreamContext) -> bool {
        let mut events = context.events.iter();
        let event = events.find(|event| event.id == question.id);
        let known_ms = event.map_or(question.at_ms, StreamEvent::known_since_ms);
        self.is(question.at_ms, known_ms)
    }

    fn is(self, at_ms: u64, known_ms: u64) -> bool {
        at_ms >= self.happened_from_ms && known_ms >= self.known_from_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{context, event};

    #[test]
    fn what_was_known_a_moment_ago_is_fresh_if_it_is_not_over() {
        // When it happened, since when it is known, where the context before was, and whether it is fresh at 100 s.
        for (at_s, known_s, before_s, expected) in [
            (90, None, None, true),
            (89, None, None, false),
            (60, Some(90), None, true),
            (60, Some(89), None, false),
            (40, Some(99), None, true),
            (39, Some(99), None, false),
            // Known before it happened it can't be.
            (95, Some(50), None, true),
            // Nothing came in between.
            (30, None, Some(30), true),
            (29, None, Some(30), false),
            (89, None, Some(98), false),
        ] {
            let fresh = Fresh::at(100_000, before_s.map(|s: u64| s * 1000));
            let mut event = event("e", "topic_change", at_s);
            event.known_ms = known_s.map(|s: u64| s * 1000);
            let case = format!("{at_s} s, known at {known_s:?} s, after {before_s:?} s");
            assert_eq!(fresh.is_event(&event), expected, "{case}");

            let question = ChatQuestion {
                id: "e".into(),
                text: "left or right?".into(),
                at_ms: event.at_ms,
            };
            let told = context(100, vec![event]);
            assert_eq!(fresh.is_question(&question, &told), expected, "{case}");
        }
    }
}
