//! A cheerleader for the chat, without a language model.
//!
//! It owns a small grammar of chat lines and what it keeps count of: wins, fails, laughs, and how
//! many of a kind came in a row. It reacts in a word or three to what happens on the stream, answers
//! whoever speaks to it, and joins in when the chat is in a wave. It speaks only when the host wants
//! it to, and not in the words it used lately. Everything it does follows from the turn
//! and its state, so the same turn gives the same line.

mod chat;
mod grammar;
mod mood;
mod stream;

use grammar::Voice;
use mood::Tally;
use persona_sdk::{
    About, ChatMessage, Chorus, Error, Host, Latest, Persona, Reply, StreamContext, Style, Turn,
    emote, words,
};
use serde::{Deserialize, Serialize};

/// How often it tries for a line that it did not say lately.
const TRIES: usize = 24;

/// What it keeps in mind from call to call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hype {
    /// Ids of the events that it has counted.
    counted: Latest<64>,
    /// Ids of the events and messages that it has reacted to.
    reacted: Latest<64>,
    /// Its latest lines, by what makes them the same: one in 37 at most is any of them.
    said: Latest<36>,
    /// The words of the stream that it used lately.
    used: Latest<6>,
    /// Authors that it has greeted.
    greeted: Latest<64>,
    /// What happened so far.
    tally: Tally,
    /// The waves it joined.
    chorus: Chorus,
    /// What the stream was about when it looked last.
    topic: Latest<5>,
}

impl Persona for Hype {
    const STATE_VERSION: u32 = 1;

    fn about() -> About {
        About::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
            .reads(["conformity", "excitability"])
    }

    fn on_context(
        &mut self,
        turn: &Turn,
        context: &StreamContext,
        _: &mut dyn Host,
    ) -> Result<Reply, Error> {
        self.count(context);
        self.chorus.watch(turn, context);
        for keyword in context.keywords.iter().take(5).rev() {
            self.topic
                .push(keyword.term.chars().take(40).collect::<String>());
        }
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
        if let Some(line) = self.join(turn) {
            return Ok(Reply::say(line));
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
            None => match self.join(turn) {
                Some(line) => Ok(Reply::say(line)),
                None => Ok(self.banter(turn, messages)),
            },
        }
    }
}

impl Hype {
    /// What it repeats of others, if the chat is in a wave.
    fn join(&mut self, turn: &Turn) -> Option<String> {
        let line = self
            .chorus
            .join(turn, &Style::of(&turn.profile), self.topic.iter())?;
        self.said.push(print(&line));
        Some(line)
    }

    /// A line that it did not say lately, and nobody just now.
    fn fresh_line(
        &mut self,
        turn: &Turn,
        voice: &mut Voice<'_>,
        mut next: impl FnMut(&mut Voice<'_>) -> Option<String>,
    ) -> Option<String> {
        for _ in 0..TRIES {
            let Some(text) = next(voice) else { continue };
            let print = print(&text);
            let echo = turn
                .recent
                .iter()
                .rev()
                .take(8)
                .any(|message| crate::print(&message.text) == print);
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

/// What two lines share that are the same to a reader: words without their drawn-out letters and
/// their emotes, or else the emotes.
fn print(line: &str) -> String {
    let mut print = words::fingerprint(&emote::stripped(line));
    print = print.chars().fold(String::new(), |mut short, c| {
        if !short.ends_with(c) {
            short.push(c);
        }
        short
    });
    if print.is_empty() {
        line.to_owned()
    } else {
        print
    }
}

persona_sdk::export!(Hype);
