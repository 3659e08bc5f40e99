//! A stream that is understood while it comes: the same as [`Script`](crate::script::Script) does with
//! a whole file, with what is known so far.
//!
//! Words are gathered into pieces; from these on everything is as with a file, piece by piece. What a
//! file shows as a whole is here taken of the recent past: whether what is said has full stops and
//! capitals, of the last 60 pieces; changes of topic, of the last ten minutes, where a
//! boundary counts if it is clear within 20 s, and there are [`MIN_SENTENCES`] sentences to compare.

mod gather;

use crate::{
    event::{Event, Merge, Quiet, Reading, STREAM_END, STREAM_START},
    names::Names,
    piece::Piece,
    sentence::{Manner, Sentence, Sentences},
    topic,
    window::Window,
};
use chatter_protocol::{Timestamp, context::Scene};
use chatter_speech::Word;
use gather::Gather;
use std::collections::VecDeque;

/// Pieces of which the manner of speech is taken.
const MANNER_PIECES: usize = 60;
/// How far back changes of topic are looked for, in milliseconds.
const TOPIC_MS: u64 = 600_000;
/// The most sentences in which they are.
const TOPIC_SENTENCES: usize = 200;
/// With fewer there is nothing to compare a gap with.
const MIN_SENTENCES: usize = 20;
/// A change of topic that is clear only so long after its first words is none any more, in milliseconds.
const TOPIC_LATE_MS: u64 = 20_000;
/// Changes of topic are told no closer than this, in milliseconds.
const TOPIC_APART_MS: u64 = 30_000;

/// Whether a play is the first of its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Began {
    /// It begins with it.
    Now,
    /// It was played before, here or elsewhere.
    Before,
}

/// A stream as far as it was heard and seen. Times never go back.
#[derive(Debug)]
pub(crate) struct Live {
    window: Window,
    gather: Gather,
    /// The latest ones.
    pieces: VecDeque<Piece>,
    sentences: Sentences,
    reading: Reading,
    /// The latest ones.
    said: VecDeque<Sentence>,
    topic_ms: Option<u64>,
    merge: Merge,
    quiet: Quiet,
    is_speaking: bool,
    names: Names,
    /// Events so far.
    events: u64,
    has_words: bool,
    has_event: bool,
}

impl Live {
    /// A play that began at this time, at this position of the stream.
    pub(crate) fn new(names: Names, at: Timestamp, from_ms: u64, began: Began) -> Self {
        let mut live = Self {
            window: Window::new(at),
            gather: Gather::default(),
            pieces: VecDeque::new(),
            sentences: Sentences::default(),
            reading: Reading::default(),
            said: VecDeque::new(),
            topic_ms: None,
            merge: Merge::default(),
            quiet: Quiet::default(),
            is_speaking: false,
            names,
            events: 0,
            has_words: false,
            has_event: false,
        };
        live.window.reach(from_ms);
        live.quiet.said(from_ms);
        if began == Began::Now {
            live.happen(&Event::new(STREAM_START, "the stream begins", from_ms, 1.0));
        }
        live
    }

    /// The stream has come so far, whether it was understood or not.
    pub(crate) fn reach(&mut self, position_ms: u64) {
        self.window.reach(position_ms);
    }

    /// Takes in words that are sure.
    pub(crate) fn hear(&mut self, words: &[Word]) {
        for word in words {
            self.quiet.said(word.end_ms);
            self.has_words = true;
            for piece in self.gather.push(word) {
                self.piece(piece);
            }
        }
    }

    /// Somebody begins to speak.
    pub(crate) fn voice(&mut self, at_ms: u64) {
        self.is_speaking = true;
        self.quiet.said(at_ms);
    }

    /// Nobody speaks any more.
    pub(crate) fn quiet(&mut self, at_ms: u64) {
        self.is_speaking = false;
        self.quiet.said(at_ms);
    }

    /// All that was to be heard before this has been told.
    pub(crate) fn until(&mut self, at_ms: u64) {
        if let Some(piece) = self.gather.until(at_ms) {
            self.piece(piece);
        }
        let manner = self.manner();
        if let Some(sentence) = self.sentences.until(at_ms, manner) {
            self.sentence(sentence, manner);
        }
        if let Some(event) = self.reading.until(at_ms, manner) {
            self.happen(&event);
        }
        if self.is_speaking {
            self.quiet.said(at_ms);
        } else if let Some(event) = self.quiet.until(at_ms) {
            self.happen(&event);
        }
    }

    /// Nothing came until then: neither speech nor silence.
    pub(crate) fn gap(&mut self, to_ms: u64) {
        self.is_speaking = false;
        self.quiet.said(to_ms);
    }

    /// Something happened that no words show.
    pub(crate) fn happen(&mut self, event: &Event) {
        if self.merge.is_first(event) {
            self.events += 1;
            let place = format_args!("{}-{}", event.kind, self.events);
            let now_ms = self.window.position_ms();
            self.window.happen(event, 0, now_ms, place);
            self.has_event = true;
        }
    }

    /// This is to be seen, and told for so long.
    pub(crate) fn see(&mut self, scene: Scene, for_ms: u64) {
        self.window.see(scene, for_ms);
    }

    /// It is over.
    pub(crate) fn end(&mut self) {
        self.cut();
        let manner = self.manner();
        if let Some(sentence) = self.sentences.end() {
            self.sentence(sentence, manner);
        }
        if let Some(event) = self.reading.until(u64::MAX, manner) {
            self.happen(&event);
        }
        let at_ms = self.window.position_ms();
        self.happen(&Event::new(STREAM_END, "the stream is over", at_ms, 1.0));
    }

    /// Whether there are words, and whether there is an event, that no context held yet.
    pub(crate) fn news(&self) -> (bool, bool) {
        (self.has_words, self.has_event)
    }

    /// What is to be told now.
    pub(crate) fn told(&mut self) -> &mut Window {
        self.cut();
        (self.has_words, self.has_event) = (false, false);
        &mut self.window
    }

    pub(crate) fn window(&self) -> &Window {
        &self.window
    }

    /// A summary that somebody else made, until the next one or none.
    pub(crate) fn sum_up(&mut self, summary: Option<String>) {
        self.window.sum_up(summary);
    }

    fn cut(&mut self) {
        if let Some(piece) = self.gather.cut() {
            self.piece(piece);
        }
    }

    fn manner(&self) -> Manner {
        Manner::of(&self.pieces)
    }

    fn piece(&mut self, piece: Piece) {
        self.window.hear(&piece, 0);
        if self.pieces.len() == MANNER_PIECES {
            self.pieces.pop_front();
        }
        self.pieces.push_back(piece);
        let manner = self.manner();
        let ended = match self.pieces.back() {
            Some(piece) => self.sentences.push(piece, manner),
            None => Vec::new(),
        };
        for sentence in ended {
            self.sentence(sentence, manner);
        }
    }

    fn sentence(&mut self, sentence: Sentence, manner: Manner) {
        let now_ms = sentence.due_ms;
        self.window.note(now_ms, sentence.text.clone());
        let mut events: Vec<Event> = self.reading.until(now_ms, manner).into_iter().collect();
        events.extend(self.reading.push(sentence.clone(), manner));
        let names = self.names.said(&sentence);
        let oldest_ms = now_ms.saturating_sub(TOPIC_MS);
        while self.said.len() >= TOPIC_SENTENCES
            || self.said.front().is_some_and(|it| it.end_ms < oldest_ms)
        {
            self.said.pop_front();
        }
        self.said.push_back(sentence);
        events.extend(self.topic(now_ms));
        for event in events {
            self.happen(&event);
        }
        if let Some(event) = names {
            self.happen(&event);
        }
    }

    /// The change of topic that the latest sentence made clear.
    fn topic(&mut self, now_ms: u64) -> Option<Event> {
        if self.said.len() < MIN_SENTENCES {
            return None;
        }
        let told_ms = self.topic_ms;
        let is_new = |event: &Event| {
            now_ms <= event.due_ms.saturating_add(TOPIC_LATE_MS)
                && told_ms.is_none_or(|told_ms| event.at_ms >= told_ms + TOPIC_APART_MS)
        };
        let changes = topic::changes(self.said.make_contiguous());
        let event = changes
            .into_iter()
            .filter(is_new)
            .max_by_key(|event| event.at_ms)?;
        self.topic_ms = Some(event.at_ms);
        Some(event)
    }
}

#[cfg(test)]
mod tests;
