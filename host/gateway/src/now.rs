//! What happens on a room's stream now, for the viewers who want to see it.
//!
//! There is one place for it, which holds the newest frame: a viewer that is slow finds the latest
//! there and not all that it missed, and one that did not ask for it hears nothing of it.

use crate::{frames, ws::Frame};
use chatter_protocol::{StreamContext, Timestamp, context::StreamNow, frames::ServerFrame};
use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// So long after viewers were told something they are told again, though it is the same: they know then that the
/// stream still plays, and those who play it beside the chat where it is.
const REMIND: Duration = Duration::from_secs(20);

/// For how long after a context was heard whoever connects is shown it.
const FRESH: Duration = Duration::from_secs(90);

#[derive(Debug, Default)]
pub(crate) struct Now {
    /// Counts what was news. A viewer remembers the one that it was shown.
    version: AtomicU64,
    shown: Mutex<Option<Shown>>,
}

#[derive(Debug)]
struct Shown {
    now: StreamNow,
    /// The same as bytes, which all viewers share.
    frame: Frame,
    heard_at: Timestamp,
    /// When viewers were told this, or something like it.
    told_at: Timestamp,
}

impl Shown {
    fn is_fresh(&self, at: Timestamp) -> bool {
        at.since(self.heard_at) <= FRESH
    }
}

impl Now {
    /// Takes in a context that was heard at some time. Viewers are to be told if it shows something
    /// new, or the last that they were told is long ago.
    pub(crate) fn hear(&self, context: &StreamContext, heard_at: Timestamp) {
        let now = StreamNow::from(context);
        let frame = frames::encode(&ServerFrame::Stream(now.clone()));
        let mut shown = self.lock();
        let news = shown.as_ref().is_none_or(|before| {
            now.differs(&before.now)
                || heard_at.since(before.told_at) >= REMIND
                // The clock was set back.
                || heard_at < before.told_at
        });
        let told_at = match &*shown {
            Some(before) if !news => before.told_at,
            _ => heard_at,
        };
        // Whoever connects is shown the newest in any case.
        *shown = Some(Shown {
            now,
            frame,
            heard_at,
            told_at,
        });
        if news {
            self.version.fetch_add(1, Ordering::Release);
        }
    }

    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// What to begin with, if there is anything fresh, and the version that a viewer knows then.
    pub(crate) fn first(&self, at: Timestamp) -> (u64, Option<Frame>) {
        let shown = self.lock();
        let fresh = shown.as_ref().filter(|shown| shown.is_fresh(at));
        (self.version(), fresh.map(|shown| shown.frame.clone()))
    }

    /// The newest, and its version, for a viewer that was shown an older one.
    pub(crate) fn newer(&self, seen: u64) -> Option<(u64, Frame)> {
        if self.version() <= seen {
            return None;
        }
        let shown = self.lock();
        Some((self.version(), shown.as_ref()?.frame.clone()))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Shown>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatter_protocol::{
        RoomId, V1,
        context::{Playing, Segment},
    };

    fn context(text: &str, position_ms: u64) -> StreamContext {
        StreamContext {
            v: V1,
            room_id: RoomId::new("main/lobby").unwrap(),
            at: second(0),
            position_ms,
            transcript: vec![Segment {
                start_ms: 0,
                end_ms: 1,
                text: text.into(),
                ..Segment::default()
            }],
            summary: String::new(),
            keywords: Vec::new(),
            events: Vec::new(),
            chat_question: None,
            scene: None,
            playing: None,
            extensions: None,
        }
    }

    fn second(second: i64) -> Timestamp {
        Timestamp::from_millis(second * 1000)
    }

    /// The text that a frame shows.
    fn text(frame: &Frame) -> String {
        match serde_json::from_slice(frame.payload()).unwrap() {
            ServerFrame::Stream(now) => now.segments[0].text.clone(),
            other => panic!("{other:?}"),
        }
    }

    /// What a viewer is shown next.
    fn next(now: &Now, seen: &mut u64) -> Option<String> {
        let (version, frame) = now.newer(*seen)?;
        *seen = version;
        Some(text(&frame))
    }

    #[test]
    fn a_change_is_shown_once_and_the_newest_alone() {
        let now = Now::default();
        let (mut quick, mut slow) = (0, 0);
        assert_eq!(next(&now, &mut quick), None);
        for (said, position_ms, at, shown) in [
            ("a", 0, 0, Some("a")),
            ("a", 1000, 1, None),
            ("b", 2000, 2, Some("b")),
            ("b", 2000, 21, None),
            // That it still plays is told, too.
            ("b", 2000, 22, Some("b")),
            ("b", 2000, 41, None),
            ("b", 2000, 42, Some("b")),
            ("c", 3000, 43, Some("c")),
            // The clock was set back.
            ("c", 3000, 5, Some("c")),
            ("c", 3000, 6, None),
            ("c", 3000, 25, Some("c")),
            ("d", 4000, 26, Some("d")),
        ] {
            now.hear(&context(said, position_ms), second(at));
            assert_eq!(next(&now, &mut quick).as_deref(), shown, "{said} at {at} s");
        }
        assert_eq!(next(&now, &mut slow).as_deref(), Some("d"));
        assert_eq!(next(&now, &mut slow), None);
    }

    #[test]
    fn where_a_recording_is_is_told_again_and_when_it_jumps() {
        let now = Now::default();
        let mut seen = 0;
        for (at, at_ms, told) in [
            (0, 5000, true),
            (10, 15_000, false),
            (19, 24_000, false),
            (20, 25_000, true),
            (25, 30_000, false),
            (26, 0, true),
            (45, 19_000, false),
            (46, 20_000, true),
        ] {
            let playing = Playing {
                at_ms,
                speed: 1.0,
                looped: true,
                length_ms: None,
            };
            let context = StreamContext {
                at: second(at),
                playing: Some(playing),
                ..context("a", at_ms)
            };
            now.hear(&context, second(at));
            assert_eq!(next(&now, &mut seen).is_some(), told, "at {at} s");
        }
    }

    #[test]
    fn whoever_comes_is_shown_what_is_fresh() {
        let now = Now::default();
        assert_eq!(now.first(second(0)), (0, None));
        now.hear(&context("a", 0), second(10));
        for (at, shown) in [
            (10, true),
            (100, true),
            (101, false),
            // The clock was set back.
            (0, true),
        ] {
            let (mut version, first) = now.first(second(at));
            assert_eq!(first.is_some(), shown, "at {at} s");
            assert_eq!(next(&now, &mut version), None, "at {at} s");
        }
    }

    /// Nothing changes, but whoever comes should know how far the stream is.
    #[test]
    fn whoever_comes_is_told_the_newest_position() {
        let now = Now::default();
        now.hear(&context("a", 0), second(0));
        now.hear(&context("a", 7000), second(7));
        let (_, frame) = now.first(second(7));
        let frame = String::from_utf8(frame.unwrap().payload().to_vec()).unwrap();
        assert!(frame.contains("\"position_ms\":7000"), "{frame}");
    }
}
