//! How far a persona's line is from a person or the stream, so that personas don't answer each
//! other for ever.
//!
//! A line of a persona that was called for the stream or for a person has depth 0, one that was
//! called for a persona's line, or answers one, has that line's depth and 1 more. A line at
//! `max_chain` moves no persona any more; people's messages and the stream always do. A text that
//! personas keep saying to each other counts as a chain's end at once.

use crate::crowd::SeatNumber;
use chatter_protocol::{ChatMessage, MessageId};
use std::{
    collections::{HashMap, VecDeque, hash_map::DefaultHasher},
    hash::{Hash, Hasher},
};

/// How many messages are remembered; the oldest are forgotten first.
const REMEMBERED: usize = 2048;

/// Among so many lines of personas a text is looked for.
const TEXTS: usize = 20;

/// So many times a text may stand among them before it no longer moves anybody.
const REPEATS: usize = 2;

/// Where a message comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A person.
    Human,
    /// The room itself.
    System,
    /// A persona.
    Persona {
        /// Its seat, if it sits here.
        seat: Option<SeatNumber>,
        /// How far from a person or the stream.
        depth: u32,
    },
}

#[derive(Debug)]
pub(crate) struct Chains {
    max: u32,
    origins: HashMap<MessageId, Origin>,
    order: VecDeque<MessageId>,
    texts: VecDeque<u64>,
}

impl Chains {
    pub(crate) fn new(max: u32) -> Self {
        Self {
            max,
            origins: HashMap::new(),
            order: VecDeque::new(),
            texts: VecDeque::new(),
        }
    }

    /// From now on chains end at another depth, those that are open too.
    pub(crate) fn set_max(&mut self, max: u32) {
        self.max = max;
    }

    pub(crate) fn origin(&self, message: MessageId) -> Option<Origin> {
        self.origins.get(&message).copied()
    }

    /// Whether a message may move personas.
    pub(crate) fn is_open(&self, message: MessageId) -> bool {
        match self.origin(message) {
            Some(Origin::Persona { depth, .. }) => depth < self.max,
            _ => true,
        }
    }

    /// The depth of a line that is said because of this message.
    pub(crate) fn depth_after(&self, message: MessageId) -> u32 {
        match self.origin(message) {
            Some(Origin::Persona { depth, .. }) => depth.saturating_add(1),
            _ => 0,
        }
    }

    pub(crate) fn remember(&mut self, message: MessageId, origin: Origin) {
        if self.origins.insert(message, origin).is_none() {
            self.order.push_back(message);
            if self.order.len() > REMEMBERED
                && let Some(oldest) = self.order.pop_front()
            {
                self.origins.remove(&oldest);
            }
        }
    }

    /// A line of a persona is in the room. `called_at` is the depth of the call that made it; if
    /// nobody knows (it was made before this program started), the line counts as an answer to a
    /// persona.
    pub(crate) fn heard_persona(
        &mut self,
        message: &ChatMessage,
        seat: Option<SeatNumber>,
        called_at: Option<u32>,
    ) {
        let known = match self.origin(message.id) {
            Some(Origin::Persona { depth, .. }) => Some(depth),
            _ => called_at,
        };
        let answers = message.reply_to.map_or(0, |id| self.depth_after(id));
        let mut depth = known.unwrap_or(1).max(answers);
        if self.repeats(&message.text) {
            depth = depth.max(self.max);
        }
        self.remember(message.id, Origin::Persona { seat, depth });
    }

    /// Notes a text; whether personas have said it too often lately.
    fn repeats(&mut self, text: &str) -> bool {
        let letters: String = text
            .chars()
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect();
        let mut hasher = DefaultHasher::new();
        // A line of emoji alone is compared as it is.
        if letters.is_empty() { text } else { &letters }.hash(&mut hasher);
        let hash = hasher.finish();
        let before = self.texts.iter().filter(|&&said| said == hash).count();
        self.texts.push_back(hash);
        if self.texts.len() > TEXTS {
            self.texts.pop_front();
        }
        before >= REPEATS
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{message_id, persona_line, reply};

    fn depth(chains: &Chains, n: u8) -> u32 {
        match chains.origin(message_id(n)) {
            Some(Origin::Persona { depth, .. }) => depth,
            other => panic!("{other:?} is no persona's line"),
        }
    }

    #[test]
    fn each_answer_is_one_deeper_and_the_last_is_closed() {
        let mut chains = Chains::new(2);
        chains.heard_persona(&persona_line(1, "nova", "one"), Some(0), Some(0));
        for n in 2..=3 {
            let call = chains.depth_after(message_id(n - 1));
            chains.heard_persona(&persona_line(n, "rex", &n.to_string()), Some(1), Some(call));
        }
        assert_eq!(
            [depth(&chains, 1), depth(&chains, 2), depth(&chains, 3)],
            [0, 1, 2]
        );
        assert!(chains.is_open(message_id(2)));
        assert!(!chains.is_open(message_id(3)));
    }

    #[test]
    fn people_and_the_room_are_always_open() {
        let mut chains = Chains::new(0);
        chains.remember(message_id(1), Origin::Human);
        assert!(chains.is_open(message_id(1)));
        assert_eq!(chains.depth_after(message_id(1)), 0);
        assert!(
            chains.is_open(message_id(9)),
            "an unknown message is no persona's"
        );
    }

    #[test]
    fn a_reply_counts_from_what_it_answers_even_if_the_stream_called_for_it() {
        let mut chains = Chains::new(3);
        chains.heard_persona(&persona_line(1, "nova", "one"), Some(0), Some(2));
        let answer = reply(persona_line(2, "rex", "two"), message_id(1));
        chains.heard_persona(&answer, Some(1), Some(0));
        assert_eq!(depth(&chains, 2), 3);
    }

    #[test]
    fn the_third_time_a_text_is_a_chains_end() {
        let mut chains = Chains::new(3);
        for (n, text) in [(1, "gg!"), (2, "GG"), (3, "gg"), (4, "well played")] {
            chains.heard_persona(&persona_line(n, "nova", text), Some(0), Some(0));
        }
        let open: Vec<bool> = (1..=4).map(|n| chains.is_open(message_id(n))).collect();
        assert_eq!(open, [true, true, false, true]);
    }

    #[test]
    fn a_line_from_before_the_start_counts_as_an_answer() {
        let mut chains = Chains::new(3);
        chains.heard_persona(&persona_line(1, "nova", "one"), Some(0), None);
        assert_eq!(depth(&chains, 1), 1);
    }

    #[test]
    fn memory_is_bounded() {
        let mut chains = Chains::new(3);
        for n in 0..(REMEMBERED as u64 + 10) {
            chains.remember(MessageId::from_parts(n, [0; 10]), Origin::Human);
        }
        assert_eq!(chains.origins.len(), REMEMBERED);
        assert_eq!(chains.order.len(), REMEMBERED);
        assert_eq!(chains.origin(MessageId::from_parts(0, [0; 10])), None);
    }
}
