//! What happens on a room's stream now, for the viewers who want to see it.
//!
//! There is one place for it, which holds the newest frame: a viewer that is slow finds the latest
//! there and not all that it missed, and one that did not ask for it hears nothing of it.

use crate::frames;
use axum::extract::ws::Utf8Bytes;
use chatter_protocol::{StreamContext, Timestamp, context::StreamNow, frames::ServerFrame};
use std::time::Duration;
use tokio::sync::watch;

/// For how long after a context was heard whoever connects is shown it.
const FRESH: Duration = Duration::from_secs(90);

/// The room's side.
#[derive(Debug)]
pub(crate) struct Now(watch::Sender<Option<Shown>>);

#[derive(Debug)]
struct Shown {
    now: StreamNow,
    /// The same as bytes, which all viewers share.
    frame: Utf8Bytes,
    heard_at: Timestamp,
}

impl Shown {
    fn is_fresh(&self, at: Timestamp) -> bool {
        at.since(self.heard_at) <= FRESH
    }
}

impl Now {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(None))
    }

    /// Takes in a context that was heard at some time. Viewers are told if it shows something new, or
    /// the one before was so old that some of them were not shown it.
    pub(crate) fn hear(&self, context: &StreamContext, heard_at: Timestamp) {
        let now = StreamNow::from(context);
        let frame = frames::encode(&ServerFrame::Stream(now.clone()));
        self.0.send_if_modified(|shown| {
            let news = shown
                .as_ref()
                .is_none_or(|before| now.differs(&before.now) || !before.is_fresh(heard_at));
            // Whoever connects is shown the newest in any case.
            *shown = Some(Shown {
                now,
                frame,
                heard_at,
            });
            news
        });
    }

    pub(crate) fn watch(&self) -> Watching {
        Watching(self.0.subscribe())
    }
}

/// One viewer's side.
#[derive(Debug)]
pub(crate) struct Watching(watch::Receiver<Option<Shown>>);

impl Watching {
    /// What to begin with, if there is anything fresh.
    pub(crate) fn first(&mut self, at: Timestamp) -> Option<Utf8Bytes> {
        let shown = self.0.borrow_and_update();
        shown
            .as_ref()
            .filter(|shown| shown.is_fresh(at))
            .map(|shown| shown.frame.clone())
    }

    /// Waits for the next change, and gives the newest frame then. What is cancelled loses nothing.
    pub(crate) async fn next(&mut self) -> Utf8Bytes {
        loop {
            if self.0.changed().await.is_err() {
                // The room is gone, and with it all that could happen.
                std::future::pending::<()>().await;
            }
            if let Some(shown) = &*self.0.borrow_and_update() {
                return shown.frame.clone();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatter_protocol::{RoomId, V1, context::Segment};
    use futures_util::FutureExt;

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
            extensions: None,
        }
    }

    fn second(second: i64) -> Timestamp {
        Timestamp::from_millis(second * 1000)
    }

    /// The text that a frame shows.
    fn text(frame: &Utf8Bytes) -> String {
        match serde_json::from_str(frame).unwrap() {
            ServerFrame::Stream(now) => now.segments[0].text.clone(),
            other => panic!("{other:?}"),
        }
    }

    fn next(viewer: &mut Watching) -> Option<String> {
        viewer.next().now_or_never().map(|frame| text(&frame))
    }

    #[test]
    fn a_change_is_shown_once_and_the_newest_alone() {
        let now = Now::new();
        let (mut quick, mut slow) = (now.watch(), now.watch());
        assert_eq!(next(&mut quick), None);
        for (said, position_ms, at, shown) in [
            ("a", 0, 0, Some("a")),
            ("a", 1000, 1, None),
            ("b", 2000, 2, Some("b")),
            ("b", 2000, 60, None),
            ("b", 2000, 151, Some("b")),
            ("c", 3000, 152, Some("c")),
        ] {
            now.hear(&context(said, position_ms), second(at));
            assert_eq!(next(&mut quick).as_deref(), shown, "{said} at {at} s");
        }
        assert_eq!(next(&mut slow).as_deref(), Some("c"));
        assert_eq!(next(&mut slow), None);
    }

    #[test]
    fn whoever_comes_is_shown_what_is_fresh() {
        let now = Now::new();
        assert_eq!(now.watch().first(second(0)), None);
        now.hear(&context("a", 0), second(10));
        for (at, shown) in [
            (10, true),
            (100, true),
            (101, false),
            // The clock was set back.
            (0, true),
        ] {
            let mut viewer = now.watch();
            assert_eq!(viewer.first(second(at)).is_some(), shown, "at {at} s");
            assert_eq!(next(&mut viewer), None, "at {at} s");
        }
    }

    /// Nothing changes, but whoever comes should know how far the stream is.
    #[test]
    fn whoever_comes_is_told_the_newest_position() {
        let now = Now::new();
        now.hear(&context("a", 0), second(0));
        now.hear(&context("a", 7000), second(7));
        let frame = now.watch().first(second(7)).unwrap();
        assert!(frame.contains("\"position_ms\":7000"), "{frame}");
    }
}
