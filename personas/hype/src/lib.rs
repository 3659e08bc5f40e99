//! A cheerleader for the chat, without a language model.
//!
//! It owns a small grammar of chat lines and what it keeps count of: wins, fails, laughs, and how
//! many of a kind came in a row. It reacts to what happens on the stream with the moment's own
//! words, answers whoever speaks to it, and joins in when the chat chants. It speaks only when the
//! host wants it to, and not in the words it used lately. Everything it does follows from the turn
//! and its state, so the same turn gives the same line.

mod chat;
mod grammar;
mod mood;
mod stream;

use grammar::Voice;
use mood::Tally;
use persona_sdk::{
    About, ChatMessage, Error, Host, Latest, Persona, Reply, StreamContext, Turn, words,
};
use serde::{Deserialize, Serialize};

/// How often it tries for a line that it did not say lately.
const TRIES: usize = 12;

/// What it keeps in mind from call to call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hype {
    /// Ids of the events that it has counted.
    counted: Latest<64>,
    /// Ids of the events and messages that it has reacted to.
    reacted: Latest<64>,
    /// Fingerprints of its latest lines.
    said: Latest<48>,
    /// The words of the stream that it used lately.
    used: Latest<6>,
    /// Authors that it has greeted.
    greeted: Latest<64>,
    /// What happened so far.
    tally: Tally,
}

impl Persona for Hype {
    const STATE_VERSION: u32 = 1;

    fn about() -> About {
        About::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION")).reads(["excitability"])
    }

    fn on_context(
        &mut self,
        turn: &Turn,
        context: &StreamContext,
        _: &mut dyn Host,
    ) -> Result<Reply, Error> {
        self.count(context);
        if !turn.impulse.speak {
            return Ok(Reply::silent("no impulse to speak"));
        }
        let waiting = turn
            .impulse
            .answer
            .as_deref()
            .and_then(|id| turn.message(id));
        if let Some(message) = waiting.filter(|message| !self.reacted.contains(&message.id)) {
            return Ok(self.answer(turn, message));
        }
        Ok(self.cheer(turn, context))
    }

    fn on_firehose(
        &mut self,
        turn: &Turn,
        messages: &[ChatMessage],
        _: &mut dyn Host,
    ) -> Result<Reply, Error> {
        if !turn.impulse.speak {
            return Ok(Reply::silent("no impulse to speak"));
        }
        let waiting = turn.impulse.answer.as_deref().and_then(|id| {
            messages
                .iter()
                .find(|m| m.id == id)
                .or_else(|| turn.message(id))
        });
        let named = || {
            messages
                .iter()
                .rev()
                .find(|message| message.is_human() && turn.is_named_in(message))
        };
        match waiting
            .or_else(named)
            .filter(|message| !self.reacted.contains(&message.id))
        {
            Some(message) => Ok(self.answer(turn, message)),
            None => Ok(self.join_chant(turn)),
        }
    }
}

impl Hype {
    /// A line of the grammar that it did not say lately. `finish` makes the line whole.
    fn fresh_line(
        &mut self,
        turn: &Turn,
        voice: &mut Voice<'_>,
        mut next: impl FnMut(&mut Voice<'_>) -> Option<String>,
    ) -> Option<String> {
        for _ in 0..TRIES {
            let Some(text) = next(voice) else { continue };
            let print = words::fingerprint(&text);
            let echo = turn
                .recent
                .iter()
                .rev()
                .take(8)
                .any(|message| words::fingerprint(&message.text) == print);
            if print.is_empty()
                || echo
                || self.said.contains(&print)
                || text.chars().count() > turn.limits.max_line_chars as usize
            {
                continue;
            }
            self.said.push(print);
            return Some(text);
        }
        None
    }
}

persona_sdk::export!(Hype);
