//! What a room is told at one moment: the latest minute, within bounds.

use crate::{
    event::{CHAT_QUESTION, STREAM_END, STREAM_START},
    keyword,
    script::{Item, Script, What},
    summary,
};
use chatter_protocol::{
    RoomId, StreamContext, Timestamp, V1,
    context::{ChatQuestion, Segment, StreamEvent},
};
use std::{collections::VecDeque, sync::Arc};

/// The largest context that is published, in bytes of JSON. The transcript gives way first, from
/// its oldest segment on.
pub const MAX_CONTEXT_BYTES: usize = 8 << 10;

/// How far the transcript and the events reach back, in milliseconds.
const WINDOW_MS: u64 = 60_000;
/// How far the summary reaches back, in milliseconds.
const SUMMARY_MS: u64 = 300_000;
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

/// A script at a position, and what of it may still be told.
#[derive(Debug)]
pub(crate) struct Window {
    script: Arc<Script>,
    looped: bool,
    /// Sets the ids of one play apart from those of another one.
    play: i64,
    /// How often the script has been played to its end.
    pass: u64,
    /// The next item of this pass.
    next: usize,
    position_ms: u64,
    segments: VecDeque<Segment>,
    /// Places in the script, with the time at which they were told.
    sentences: VecDeque<(u64, usize)>,
    /// Each with whether a context has held it.
    events: VecDeque<(StreamEvent, bool)>,
}

impl Window {
    /// At the start of a play that began at this time.
    pub(crate) fn new(script: Arc<Script>, looped: bool, began: Timestamp) -> Self {
        Self {
            script,
            looped,
            play: began.as_millis(),
            pass: 0,
            next: 0,
            position_ms: 0,
            segments: VecDeque::new(),
            sentences: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// When the next words and the next event are due, in milliseconds since the start; only looks
    /// as far as `until_ms`.
    pub(crate) fn due(&self, until_ms: u64) -> (Option<u64>, Option<u64>) {
        let (mut words, mut event) = (None, None);
        let (mut pass, mut next) = (self.pass, self.next);
        while let Some((due_ms, item)) = self.item(&mut pass, &mut next) {
            if due_ms > until_ms || event.is_some() {
                break;
            }
            match item.what {
                What::Segment(_) => words = words.or(Some(due_ms)),
                What::Event(_) => event = Some(due_ms),
                What::Sentence(_) => {}
            }
            next += 1;
        }
        (words, event)
    }

    /// Whether everything has been told.
    pub(crate) fn is_over(&self) -> bool {
        let (mut pass, mut next) = (self.pass, self.next);
        self.item(&mut pass, &mut next).is_none()
    }

    /// The item at a place, or the first after it that is told in that pass, with its time since
    /// the start. Moves the place to it.
    fn item(&self, pass: &mut u64, next: &mut usize) -> Option<(u64, Item)> {
        loop {
            let Some(&item) = self.script.items.get(*next) else {
                if !self.looped {
                    return None;
                }
                *pass += 1;
                *next = 0;
                continue;
            };
            let kind = match item.what {
                What::Event(i) => &*self.script.events[i].kind,
                _ => "",
            };
            // A loop begins once and never ends.
            if kind == STREAM_START && *pass > 0 || kind == STREAM_END && self.looped {
                *next += 1;
                continue;
            }
            return Some((self.offset(*pass).saturating_add(item.due_ms), item));
        }
    }

    fn offset(&self, pass: u64) -> u64 {
        pass.saturating_mul(self.script.period_ms())
    }

    /// Takes in all that has been due since the last time.
    pub(crate) fn advance(&mut self, position_ms: u64) {
        self.position_ms = self.position_ms.max(position_ms);
        // Passes that lie wholly before the window are not worth walking through.
        let current = self.position_ms / self.script.period_ms();
        let passes = SUMMARY_MS / self.script.period_ms() + 1;
        if self.looped && self.pass + passes < current {
            self.pass = current - passes;
            self.next = 0;
        }
        let (mut pass, mut next) = (self.pass, self.next);
        while let Some((due_ms, item)) = self.item(&mut pass, &mut next) {
            if due_ms > self.position_ms {
                break;
            }
            next += 1;
            self.take(pass, due_ms, item.what);
        }
        (self.pass, self.next) = (pass, next);
        self.forget();
    }

    /// As [`advance`](Self::advance), and as if contexts had held all that happened.
    pub(crate) fn skip(&mut self, position_ms: u64) {
        self.advance(position_ms);
        for (_, told) in &mut self.events {
            *told = true;
        }
        self.forget();
    }

    fn take(&mut self, pass: u64, due_ms: u64, what: What) {
        let offset = self.offset(pass);
        match what {
            What::Segment(i) => {
                let piece = &self.script.segments[i];
                let (start_ms, end_ms) = (offset + piece.start_ms, offset + piece.end_ms);
                push(
                    &mut self.segments,
                    MAX_SEGMENTS,
                    Segment {
                        start_ms,
                        end_ms,
                        text: piece.text.clone(),
                    },
                );
            }
            What::Sentence(i) => push(&mut self.sentences, MAX_SENTENCES, (due_ms, i)),
            What::Event(i) => {
                let event = &self.script.events[i];
                let event = StreamEvent {
                    id: format!("{:x}-{pass}-{}-{i}", self.play, event.kind),
                    kind: event.kind.clone().into_owned(),
                    text: event.text.clone(),
                    at_ms: offset + event.at_ms,
                    confidence: event.confidence,
                };
                push(&mut self.events, MAX_WAITING, (event, false));
            }
        }
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
            .is_some_and(|&(told_ms, _)| told_ms < oldest)
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
        let sentences: Vec<&str> = self
            .sentences
            .iter()
            .map(|&(_, i)| self.script.sentences[i].text.as_str())
            .collect();
        let mut context = StreamContext {
            v: V1,
            room_id: room_id.clone(),
            at,
            position_ms: self.position_ms,
            transcript: Vec::new(),
            summary: summary::summary(&sentences),
            keywords: Vec::new(),
            events: self.events(),
            chat_question: self.chat_question(),
            extensions: None,
        };
        let mut left = (MAX_CONTEXT_BYTES - MAX_KEYWORD_BYTES).saturating_sub(json_bytes(&context));
        for segment in self.segments.iter().rev() {
            let bytes = json_bytes(segment) + 1;
            if bytes > left {
                break;
            }
            left -= bytes;
            context.transcript.push(segment.clone());
        }
        context.transcript.reverse();
        let said: Vec<&str> = context
            .transcript
            .iter()
            .map(|segment| segment.text.as_str())
            .collect();
        context.keywords = keyword::keywords(&said.join(" "));
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
