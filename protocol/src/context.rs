//! What happens on the stream, as far as chatter understood it.

use crate::{RoomId, Timestamp, V1};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The latest minute of a stream, small enough to be handed to every persona every two seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StreamContext {
    /// Version of this format.
    pub v: V1,
    /// The room beside the stream.
    pub room_id: RoomId,
    /// When this was made.
    pub at: Timestamp,
    /// Where the stream is, in milliseconds since its start. With a source that loops it goes on
    /// growing.
    pub position_ms: u64,
    /// What was said in the last 60 s, oldest first.
    #[serde(default)]
    #[schemars(length(max = 200))]
    pub transcript: Vec<Segment>,
    /// What the last minutes were about, in a sentence or two.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    pub summary: String,
    /// What the transcript is about, most telling first.
    #[serde(default)]
    #[schemars(length(max = 24))]
    pub keywords: Vec<Keyword>,
    /// What happened in the window. An event that was there before keeps its id, so that nobody
    /// reacts to it twice.
    #[serde(default)]
    #[schemars(length(max = 32))]
    pub events: Vec<StreamEvent>,
    /// The question that the streamer put to the chat last, if that was within the window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat_question: Option<ChatQuestion>,
    /// What is to be seen, if somebody looks at the pictures and tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scene: Option<Scene>,
    /// Where in it the source is, if it is a recording and plays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub playing: Option<Playing>,
    /// Room to grow: JSON text that readers may ignore.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub extensions: Option<String>,
}

/// What happens on a stream right now: as much of a context as is shown beside a chat.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StreamNow {
    /// When the context was made.
    pub at: Timestamp,
    /// Where the stream was then, in milliseconds since its start.
    pub position_ms: u64,
    /// What was said last, oldest first; without the times of the words.
    #[schemars(length(max = 8))]
    pub segments: Vec<Segment>,
    /// What happened last, oldest first.
    #[schemars(length(max = 8))]
    pub events: Vec<StreamEvent>,
    /// The question that the streamer put to the chat last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat_question: Option<ChatQuestion>,
    /// What it is about, most telling first.
    #[schemars(length(max = 8), inner(length(min = 1, max = 80)))]
    pub keywords: Vec<String>,
    /// Where in it the source is, if it is a recording and plays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub playing: Option<Playing>,
}

impl StreamNow {
    /// Segments at most. What is heard is taken down in pieces of some words: it is enough for a sentence.
    pub const MAX_SEGMENTS: usize = 8;

    /// Events at most.
    pub const MAX_EVENTS: usize = 8;

    /// Keywords at most.
    pub const MAX_KEYWORDS: usize = 8;

    /// Whether it shows something else than an earlier one. That time goes on is nothing to show; that a
    /// recording is not where it would be by now is.
    #[must_use]
    pub fn differs(&self, earlier: &Self) -> bool {
        self.segments != earlier.segments
            || self.events != earlier.events
            || self.chat_question != earlier.chat_question
            || self.keywords != earlier.keywords
            || match (&self.playing, &earlier.playing) {
                (Some(now), Some(then)) => !now.follows(then, self.at.since(earlier.at)),
                (now, then) => now != then,
            }
    }
}

/// Where in a recording a stream is, for whoever plays the same recording beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Playing {
    /// The place in the recording that belongs to the context's position, in milliseconds.
    pub at_ms: u64,
    /// How fast it plays; 1 is real time.
    #[schemars(range(min = 0.01, max = 1000.0))]
    pub speed: f64,
    /// Whether it begins again at its end.
    #[serde(rename = "loop")]
    pub looped: bool,
    /// After so long it is at its end, in milliseconds, as far as that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length_ms: Option<u64>,
}

impl Playing {
    /// So far off, in milliseconds, it is where it would be: sound comes in pieces, and not on the dot.
    const SLACK_MS: f64 = 500.0;

    /// Whether it only played on, so long after an earlier one.
    fn follows(&self, earlier: &Self, after: Duration) -> bool {
        let would_be_ms = earlier.at_ms as f64 + after.as_secs_f64() * 1000.0 * earlier.speed;
        self.looped == earlier.looped
            && (self.speed - earlier.speed).abs() < f64::EPSILON
            && (self.at_ms as f64 - would_be_ms).abs() <= Self::SLACK_MS * self.speed.max(1.0)
    }
}

impl From<&StreamContext> for StreamNow {
    fn from(context: &StreamContext) -> Self {
        // A context promises no order of its events.
        let mut events: Vec<&StreamEvent> = context.events.iter().collect();
        events.sort_by_key(|event| event.at_ms);
        let latest = events.len().saturating_sub(Self::MAX_EVENTS);
        let said = &context.transcript;
        Self {
            at: context.at,
            position_ms: context.position_ms,
            segments: said[said.len().saturating_sub(Self::MAX_SEGMENTS)..]
                .iter()
                .map(|segment| Segment {
                    word_ms: Vec::new(),
                    ..segment.clone()
                })
                .collect(),
            events: events[latest..].iter().copied().cloned().collect(),
            chat_question: context.chat_question.clone(),
            keywords: context
                .keywords
                .iter()
                .take(Self::MAX_KEYWORDS)
                .map(|keyword| keyword.term.clone())
                .collect(),
            playing: context.playing.clone(),
        }
    }
}

/// A stretch of speech. It stays as it is in each context that holds it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Segment {
    /// Start on the stream's clock, in milliseconds.
    pub start_ms: u64,
    /// End on the stream's clock, in milliseconds.
    pub end_ms: u64,
    /// What was said.
    #[schemars(length(min = 1, max = 2000))]
    pub text: String,
    /// When each word of the text (spaces set words apart) begins, in milliseconds since `start_ms`.
    /// Empty if the source doesn't know, or if there was no room.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    pub word_ms: Vec<u32>,
}

/// What is to be seen on a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Scene {
    /// The picture's place on the stream's clock, in milliseconds.
    pub at_ms: u64,
    /// What it shows, in a sentence.
    #[schemars(length(min = 1, max = 300))]
    pub caption: String,
    /// What is written in it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 300))]
    pub on_screen_text: String,
}

/// A word or phrase that tells what the transcript is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Keyword {
    /// In lower case, as it stands in the transcript.
    #[schemars(length(min = 1, max = 80))]
    pub term: String,
    /// Relative weight; the first keyword has 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub score: f64,
}

/// Something that happened on the stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StreamEvent {
    /// Steady over the contexts that hold this event, and unique in the room.
    #[schemars(length(min = 1, max = 64))]
    pub id: String,
    /// `chat_question`, `question`, `hype`, `laughter`, `cheering`, `fail`, `name`, `silence`,
    /// `topic_change`, `shouting`; from pictures `scene_change`, `flash`, `blackout`, `victory`, `defeat`, `score`;
    /// `stream_start`, `stream_end`. Open, so readers must expect others.
    #[schemars(regex(pattern = "^[a-z_]{1,32}$"))]
    pub kind: String,
    /// The words that show it, or a short description.
    #[schemars(length(max = 500))]
    pub text: String,
    /// Whose names are said, for an event of kind `name`: as they are written in the room, however they were
    /// spoken. Empty if the source doesn't know; the text tells it then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8), inner(length(min = 1, max = 80)))]
    pub names: Vec<String>,
    /// When, on the stream's clock, in milliseconds.
    pub at_ms: u64,
    /// Since when it is known, on the same clock, if not at once: a change of topic is clear only when
    /// enough was said of the new one, and what is heard live takes some seconds. Steady as the id is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_ms: Option<u64>,
    /// How sure the source is.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub confidence: f64,
}

impl StreamEvent {
    /// Since when it is known, on the stream's clock, in milliseconds; never before it happened.
    #[must_use]
    pub fn known_since_ms(&self) -> u64 {
        self.known_ms.unwrap_or(0).max(self.at_ms)
    }
}

/// What the streamer asked the chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChatQuestion {
    /// The id of the event of kind `chat_question` that it came from.
    #[schemars(length(min = 1, max = 64))]
    pub id: String,
    /// The question's text.
    #[schemars(length(min = 1, max = 500))]
    pub text: String,
    /// When, on the stream's clock, in milliseconds.
    pub at_ms: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: u64, at_ms: u64) -> StreamEvent {
        StreamEvent {
            id: id.to_string(),
            kind: "hype".into(),
            text: String::new(),
            names: Vec::new(),
            at_ms,
            known_ms: None,
            confidence: 1.0,
        }
    }

    fn context() -> StreamContext {
        StreamContext {
            v: V1,
            room_id: RoomId::new("main/lobby").unwrap(),
            at: Timestamp::from_millis(1_769_860_800_000),
            position_ms: 50_000,
            transcript: (0..10)
                .map(|n| Segment {
                    start_ms: n * 1000,
                    end_ms: n * 1000 + 900,
                    text: n.to_string(),
                    ..Segment::default()
                })
                .collect(),
            summary: String::new(),
            keywords: (0..12)
                .map(|n| Keyword {
                    term: n.to_string(),
                    score: 0.5,
                })
                .collect(),
            // Oldest last.
            events: (0..10).map(|n| event(n, 40_000 - n * 1000)).collect(),
            chat_question: None,
            scene: None,
            playing: None,
            extensions: None,
        }
    }

    #[test]
    fn what_is_shown_is_the_latest() {
        let now = StreamNow::from(&context());
        let texts: Vec<&str> = now.segments.iter().map(|said| said.text.as_str()).collect();
        assert_eq!(texts, ["2", "3", "4", "5", "6", "7", "8", "9"]);
        let ids: Vec<&str> = now.events.iter().map(|event| event.id.as_str()).collect();
        assert_eq!(ids, ["7", "6", "5", "4", "3", "2", "1", "0"]);
        assert_eq!(now.keywords, ["0", "1", "2", "3", "4", "5", "6", "7"]);
    }

    #[test]
    fn a_change_is_what_can_be_seen() {
        type Change = fn(&mut StreamContext);
        let cases: [(&str, Change, bool); 8] = [
            ("time", |c| c.at = Timestamp::from_millis(0), false),
            ("position", |c| c.position_ms += 2000, false),
            ("summary", |c| c.summary = "so".into(), false),
            (
                "an old segment",
                |c| c.transcript[0].text = "x".into(),
                false,
            ),
            ("a segment", |c| c.transcript[4].text = "x".into(), true),
            ("an event", |c| c.events.push(event(99, 45_000)), true),
            (
                "a question",
                |c| {
                    c.chat_question = Some(ChatQuestion {
                        id: "q".into(),
                        text: "left?".into(),
                        at_ms: 1,
                    });
                },
                true,
            ),
            ("a keyword", |c| c.keywords[0].term = "x".into(), true),
        ];
        let before = StreamNow::from(&context());
        for (what, change, differs) in cases {
            let mut context = context();
            change(&mut context);
            let now = StreamNow::from(&context);
            assert_eq!(now.differs(&before), differs, "{what}");
        }
    }

    #[test]
    fn a_recording_that_is_elsewhere_is_a_change() {
        let playing = |at_ms, speed, looped| {
            Some(Playing {
                at_ms,
                speed,
                looped,
                length_ms: None,
            })
        };
        let now = |playing, at_ms| StreamNow {
            playing,
            at: Timestamp::from_millis(at_ms),
            ..StreamNow::from(&context())
        };
        let before = now(playing(10_000, 2.0, true), 0);
        for (what, playing, differs) in [
            ("it plays on", playing(18_000, 2.0, true), false),
            ("a little late", playing(17_200, 2.0, true), false),
            ("it stands", playing(10_000, 2.0, true), true),
            ("it has begun again", playing(1_000, 2.0, true), true),
            ("another speed", playing(18_000, 1.0, true), true),
            ("the last pass", playing(18_000, 2.0, false), true),
            ("no recording", None, true),
        ] {
            assert_eq!(now(playing, 4_000).differs(&before), differs, "{what}");
        }
    }
}
