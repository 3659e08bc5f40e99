//! What a room is told at one moment: the latest minute, within bounds.

use crate::{
    event::{CHAT_QUESTION, Event},
    keyword,
    piece::Piece,
    summary, writing,
};
use chatter_protocol::{
    RoomId, StreamContext, Timestamp, V1,
    context::{ChatQuestion, Playing, Scene, Segment, StreamEvent},
};
use std::collections::VecDeque;

/// The largest context that is published, in bytes of JSON. The transcript gives way first, from
/// its oldest segment on.
pub const MAX_CONTEXT_BYTES: usize = 8 << 10;

/// How far the transcript and the events reach back, in milliseconds.
const WINDOW_MS: u64 = 60_000;
/// How far the summary reaches back, in milliseconds.
pub(crate) const SUMMARY_MS: u64 = 300_000;
/// The most segments of a context.
const MAX_SEGMENTS: usize = 200;
/// The most sentences that the summary is made of.
const MAX_SENTENCES: usize = 200;
/// The most events of a context.
const MAX_EVENTS: usize = 32;
/// The most events that wait for a context that has room for them; beyond that the oldest go.
const MAX_WAITING: usize = 4096;
/// What all events of a context may take, in bytes of JSON: some sixteen, or three at their longest.
/// Together with summary and question at their longest this leaves room for a few segments.
const MAX_EVENT_BYTES: usize = 2560;
/// What all keywords may take, in bytes of JSON: twelve of forty characters of four bytes.
const MAX_KEYWORD_BYTES: usize = 2400;

/// What may be told of a stream at its position.
#[derive(Debug)]
pub(crate) struct Window {
    /// Sets the ids of one play apart from those of another one.
    play: i64,
    position_ms: u64,
    segments: VecDeque<Segment>,
    /// Each with the time at which it was told.
    sentences: VecDeque<(u64, String)>,
    /// So far.
    sentence_count: u64,
    /// Each with whether a context has held it.
    events: VecDeque<(StreamEvent, bool)>,
    /// With the position up to which it is told.
    scene: Option<(Scene, u64)>,
    /// Instead of the sentences that say the most.
    summary: Option<String>,
    playing: Option<Playing>,
}

impl Window {
    /// At the start of a play that began at this time.
    pub(crate) fn new(began: Timestamp) -> Self {
        Self {
            play: began.as_millis(),
            position_ms: 0,
            segments: VecDeque::new(),
            sentences: VecDeque::new(),
            sentence_count: 0,
            events: VecDeque::new(),
            scene: None,
            summary: None,
            playing: None,
        }
    }

    pub(crate) fn position_ms(&self) -> u64 {
        self.position_ms
    }

    /// The stream has come so far; it never goes back.
    pub(crate) fn reach(&mut self, position_ms: u64) {
        self.position_ms = self.position_ms.max(position_ms);
        self.forget();
    }

    /// Takes in what was said, `offset` after its own time.
    pub(crate) fn hear(&mut self, piece: &Piece, offset: u64) {
        push(
            &mut self.segments,
            MAX_SEGMENTS,
            Segment {
                start_ms: offset + piece.start_ms,
                end_ms: offset + piece.end_ms,
                text: piece.text.clone(),
                word_ms: piece.word_ms(),
            },
        );
    }

    /// Takes in a whole sentence, which was told at this time.
    pub(crate) fn note(&mut self, told_ms: u64, sentence: String) {
        self.sentence_count += 1;
        push(&mut self.sentences, MAX_SENTENCES, (told_ms, sentence));
    }

    /// Takes in what happened, `offset` after its own time, and is known since a position of the stream;
    /// `place` sets it apart from all others of its kind in this play.
    pub(crate) fn happen(
        &mut self,
        event: &Event,
        offset: u64,
        known_ms: u64,
        place: std::fmt::Arguments<'_>,
    ) {
        let at_ms = offset + event.at_ms;
        let event = StreamEvent {
            id: format!("{:x}-{place}", self.play),
            kind: event.kind.clone().into_owned(),
            text: event.text.clone(),
            names: event.names.clone(),
            at_ms,
            known_ms: Some(known_ms).filter(|&known_ms| known_ms > at_ms),
            confidence: event.confidence,
        };
        push(&mut self.events, MAX_WAITING, (event, false));
    }

    /// What is to be seen from now on; told for so long after its own time, and a minute at least.
    pub(crate) fn see(&mut self, scene: Scene, for_ms: u64) {
        let until_ms = scene.at_ms.saturating_add(for_ms.max(WINDOW_MS));
        self.scene = Some((scene, until_ms));
    }

    /// Where in its recording the source is, if it is in one.
    pub(crate) fn play(&mut self, playing: Option<Playing>) {
        self.playing = playing;
    }

    /// A summary that somebody else made, until the next one or none.
    pub(crate) fn sum_up(&mut self, summary: Option<String>) {
        self.summary = summary;
    }

    /// The sentences that a summary is to be made of, oldest first.
    pub(crate) fn sentences(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.sentences.iter().map(|(_, sentence)| &**sentence)
    }

    /// How many sentences there were since the play began.
    pub(crate) fn sentences_so_far(&self) -> u64 {
        self.sentence_count
    }

    /// Instead of what happened so far, as contexts of another play have told it.
    pub(crate) fn hold(&mut self, told: Vec<StreamEvent>) {
        let told = told.into_iter().take(MAX_EVENTS);
        self.events = told.map(|event| (event, true)).collect();
        self.forget();
    }

    /// All that happened has been told, or is not worth it any more.
    pub(crate) fn skip(&mut self) {
        for (_, told) in &mut self.events {
            *told = true;
        }
        self.forget();
    }

    /// Lets go of what is too old. An event that no context has held yet is not.
    fn forget(&mut self) {
        let oldest = self.position_ms.saturating_sub(WINDOW_MS);
        while self
            .segments
            .front()
            .is_some_and(|segment| segment.end_ms < oldest)
        {
            self.segments.pop_front();
        }
        self.events
            .retain(|(event, told)| !told || event.at_ms >= oldest);
        let oldest = self.position_ms.saturating_sub(SUMMARY_MS);
        while self
            .sentences
            .front()
            .is_some_and(|(told_ms, _)| *told_ms < oldest)
        {
            self.sentences.pop_front();
        }
    }

    /// This context was published: its events have been told.
    pub(crate) fn published(&mut self, context: &StreamContext) {
        for (event, told) in &mut self.events {
            *told |= context
                .events
                .iter()
                .any(|published| published.id == event.id);
        }
    }

    /// Whether an event waits for a context that has room for it.
    pub(crate) fn has_untold(&self) -> bool {
        self.events.iter().any(|(_, told)| !told)
    }

    /// What a room is told now.
    pub(crate) fn context(&self, room_id: &RoomId, at: Timestamp) -> StreamContext {
        let summary = self.summary.clone().unwrap_or_else(|| {
            let sentences: Vec<&str> = self.sentences().collect();
            summary::summary(&sentences)
        });
        let scene = self.scene.as_ref();
        let scene = scene.filter(|(_, until_ms)| self.position_ms <= *until_ms);
        let mut context = StreamContext {
            v: V1,
            room_id: room_id.clone(),
            at,
            position_ms: self.position_ms,
            transcript: Vec::new(),
            summary,
            keywords: Vec::new(),
            events: self.events(),
            chat_question: self.chat_question(),
            scene: scene.map(|(scene, _)| scene.clone()),
            playing: self.playing.clone(),
            extensions: None,
        };
        let mut left = (MAX_CONTEXT_BYTES - MAX_KEYWORD_BYTES).saturating_sub(json_bytes(&context));
        for segment in self.segments.iter().rev() {
            let words = Segment {
                word_ms: Vec::new(),
                ..segment.clone()
            };
            let bytes = json_bytes(&words) + 1;
            if bytes > left {
                break;
            }
            left -= bytes;
            context.transcript.push(words);
        }
        // Their times come after the words of all, the latest first.
        for (shown, segment) in context
            .transcript
            .iter_mut()
            .zip(self.segments.iter().rev())
        {
            let bytes = json_bytes(segment).saturating_sub(json_bytes(shown));
            if bytes > left {
                break;
            }
            left -= bytes;
            shown.word_ms.clone_from(&segment.word_ms);
        }
        context.transcript.reverse();
        let said: Vec<&str> = context
            .transcript
            .iter()
            .map(|segment| segment.text.as_str())
            .collect();
        context.keywords = keyword::keywords(&writing::join(said));
        context
    }

    /// In the order of time. Those that have not been told come first when there is too little room, the
    /// oldest before the others; then the latest.
    fn events(&self) -> Vec<StreamEvent> {
        let mut left = MAX_EVENT_BYTES;
        let mut events = Vec::new();
        let (told, untold): (Vec<_>, Vec<_>) = self.events.iter().partition(|(_, told)| *told);
        for (event, _) in untold.into_iter().chain(told.into_iter().rev()) {
            let bytes = json_bytes(event) + 1;
            if bytes > left || events.len() == MAX_EVENTS {
                break;
            }
            left -= bytes;
            events.push(event.clone());
        }
        events.sort_by_key(|event| event.at_ms);
        events
    }

    fn chat_question(&self) -> Option<ChatQuestion> {
        let oldest = self.position_ms.saturating_sub(WINDOW_MS);
        self.events
            .iter()
            .map(|(event, _)| event)
            .filter(|event| event.kind == CHAT_QUESTION && event.at_ms >= oldest)
            .max_by_key(|event| event.at_ms)
            .map(|event| ChatQuestion {
                id: event.id.clone(),
                text: event.text.clone(),
                at_ms: event.at_ms,
            })
    }
}

fn push<T>(queue: &mut VecDeque<T>, most: usize, value: T) {
    if queue.len() == most {
        queue.pop_front();
    }
    queue.push_back(value);
}

fn json_bytes<T: serde::Serialize>(value: &T) -> usize {
    serde_json::to_vec(value).map_or(usize::MAX, |json| json.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scene_is_told_as_long_as_it_lasts_and_a_minute_at_least() {
        for (for_ms, last_ms) in [(310_000, 311_000), (25_000, 61_000)] {
            let mut window = Window::new(Timestamp::from_millis(0));
            let scene = Scene {
                at_ms: 1_000,
                caption: "A boat.".into(),
                on_screen_text: String::new(),
            };
            window.see(scene, for_ms);
            for (position_ms, is_told) in [(last_ms, true), (last_ms + 1, false)] {
                window.reach(position_ms);
                let room = "main/lobby".parse().unwrap();
                let told = window.context(&room, Timestamp::from_millis(1));
                assert_eq!(told.scene.is_some(), is_told, "at {position_ms} ms");
            }
        }
    }
}
