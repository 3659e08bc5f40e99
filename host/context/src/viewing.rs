//! A stream, looked at moment by moment: what a room would be told, without a room.

use crate::{Subtitles, names::Names, reel::Reel};
use chatter_protocol::{RoomId, StreamContext, Timestamp};

/// Somebody who watches a stream and looks up now and then. It only goes forward.
#[derive(Debug)]
pub struct Viewing {
    reel: Reel,
    room: RoomId,
}

impl Viewing {
    /// At the start of a stream that began at this time.
    #[must_use]
    pub fn new(subtitles: &Subtitles, room: RoomId, began: Timestamp) -> Self {
        Self {
            reel: Reel::new(subtitles.script.clone(), false, Names::default(), began),
            room,
        }
    }

    /// What a room is told when the stream is there. What was new in the context before is not new
    /// in this one, and events that found no room in it come first.
    pub fn at(&mut self, position_ms: u64, now: Timestamp) -> StreamContext {
        self.reel.advance(position_ms);
        let context = self.reel.window.context(&self.room, now);
        self.reel.window.published(&context);
        context
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatter_protocol::context::{Segment, StreamEvent};

    #[test]
    fn a_scripted_stream_tells_each_thing_at_its_time() {
        let said = |start_ms, end_ms, text: &str| Segment {
            start_ms,
            end_ms,
            text: text.into(),
            ..Segment::default()
        };
        let raid = StreamEvent {
            id: String::new(),
            kind: "raid".into(),
            text: "a raid of 40".into(),
            names: Vec::new(),
            at_ms: 3_000,
            known_ms: None,
            confidence: 0.5,
        };
        let words = [
            said(0, 1_000, "Chat, tea or coffee?"),
            said(1_000, 2_000, " \n "),
            said(4_000, 5_000, "Fine."),
        ];
        let room = RoomId::new("main/lobby").unwrap();
        let began = Timestamp::from_millis(0);
        for framed in [false, true] {
            let subtitles = Subtitles::scripted(&words, std::slice::from_ref(&raid), framed);
            let mut viewing = Viewing::new(&subtitles, room.clone(), began);
            let told: Vec<(usize, Vec<String>)> = [1_500, 3_500, 5_500]
                .map(|at| {
                    let context = viewing.at(at, began);
                    let kinds = context.events.iter().map(|event| event.kind.clone());
                    (context.transcript.len(), kinds.collect())
                })
                .into();
            let mut expected: [(usize, Vec<&str>); 3] = [
                (1, vec!["chat_question"]),
                (1, vec!["chat_question", "raid"]),
                (2, vec!["chat_question", "raid"]),
            ];
            if framed {
                for (_, kinds) in &mut expected {
                    kinds.insert(0, "stream_start");
                }
                expected[2].1.push("stream_end");
            }
            for ((segments, kinds), (at, words)) in expected.iter().zip(told) {
                assert_eq!(
                    (*segments, kinds),
                    (at, &words.iter().map(|w| &**w).collect())
                );
            }
        }
    }
}
