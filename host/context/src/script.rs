//! A whole file, understood: what is told, and when.

use crate::{
    cue::Cue,
    event::{self, Event},
    piece::{self, Piece},
    sentence::{self, Manner, Sentence},
};

/// A file that is played in a loop begins again after so many milliseconds at the earliest.
const MIN_PERIOD_MS: u64 = 10_000;

/// What a file tells, in the order of time.
#[derive(Debug, PartialEq)]
pub(crate) struct Script {
    pub(crate) segments: Vec<Piece>,
    pub(crate) sentences: Vec<Sentence>,
    pub(crate) events: Vec<Event>,
    /// What is told when: sorted by time.
    pub(crate) items: Vec<Item>,
    /// When the last cue ends, in milliseconds.
    pub(crate) length_ms: u64,
}

/// Something to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    /// When, in milliseconds of the file.
    pub(crate) due_ms: u64,
    pub(crate) what: What,
}

/// What is told, by its place in the script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    Segment(usize),
    Sentence(usize),
    Event(usize),
}

impl Script {
    /// Works through cues in the order of time.
    pub(crate) fn new(cues: &[Cue]) -> Self {
        Self::with_events(cues, Vec::new()).framed()
    }

    /// With the stream's start and end.
    pub(crate) fn framed(mut self) -> Self {
        let start = Event::new(event::STREAM_START, "the stream begins", 0, 1.0);
        let end = Event::new(event::STREAM_END, "the stream is over", self.length_ms, 1.0);
        self.events.insert(0, start);
        self.events.push(end);
        self.order();
        self
    }

    /// The same without its start and its end, and with events beside those that the words show.
    pub(crate) fn with_events(cues: &[Cue], more: Vec<Event>) -> Self {
        let segments = piece::pieces(cues);
        let manner = Manner::of(&segments);
        let sentences = sentence::sentences(&segments, manner);
        let spoken_ms = segments.last().map_or(0, |piece| piece.end_ms);
        let length_ms = cues
            .iter()
            .map(event::shown_until)
            .max()
            .unwrap_or(0)
            .max(spoken_ms);
        let mut events = event::events(cues, &sentences, manner);
        let length_ms = more
            .iter()
            .map(|event| event.due_ms)
            .fold(length_ms, u64::max);
        events.extend(more);
        let mut script = Self {
            segments,
            sentences,
            events,
            items: Vec::new(),
            length_ms,
        };
        script.order();
        script
    }

    /// Puts everything that is told in the order of time.
    fn order(&mut self) {
        let Self {
            segments,
            sentences,
            events,
            ..
        } = self;
        let mut items: Vec<Item> =
            Vec::with_capacity(segments.len() + sentences.len() + events.len());
        items.extend(segments.iter().enumerate().map(|(i, piece)| Item {
            due_ms: piece.end_ms,
            what: What::Segment(i),
        }));
        items.extend(sentences.iter().enumerate().map(|(i, said)| Item {
            due_ms: said.due_ms,
            what: What::Sentence(i),
        }));
        items.extend(events.iter().enumerate().map(|(i, event)| Item {
            due_ms: event.due_ms,
            what: What::Event(i),
        }));
        // Words come before the events that they show.
        items.sort_by_key(|item| (item.due_ms, item.what));
        self.items = items;
    }

    /// How much later the second pass of a loop begins than the first, in milliseconds.
    pub(crate) fn period_ms(&self) -> u64 {
        self.length_ms.max(MIN_PERIOD_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_told_in_time_and_ends_with_the_end() {
        let cue = |start_ms, end_ms, text: &str| Cue {
            start_ms,
            end_ms,
            text: text.into(),
        };
        let script = Script::new(&[
            cue(1000, 3000, "Chat, what is"),
            cue(3000, 5000, "her name?"),
            cue(20_000, 22_000, "Oh no!"),
        ]);
        assert!(
            script
                .items
                .windows(2)
                .all(|pair| pair[0].due_ms <= pair[1].due_ms)
        );
        let told: Vec<_> = script
            .items
            .iter()
            .filter_map(|item| match item.what {
                What::Event(i) => Some((item.due_ms, &*script.events[i].kind)),
                _ => None,
            })
            .collect();
        let expected = [
            (0, "stream_start"),
            (4500, "chat_question"),
            (13_000, "silence"),
            (21_200, "fail"),
            (22_000, "stream_end"),
        ];
        assert_eq!(told, expected);
        assert_eq!(script.length_ms, 22_000);
    }
}
