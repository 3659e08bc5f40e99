//! The persona that is called in each of the ways: no language model, and as much work as a small
//! persona does. It counts what the stream and the chat speak of, and says the word of the moment.

use persona_sdk::{
    About, Error, Host, Latest, Persona, Reply, StreamContext, Turn, words::fingerprint,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How many words it keeps count of.
const WORDS: usize = 100;

/// What it keeps.
#[derive(Default, Serialize, Deserialize)]
pub struct Reactor {
    counts: BTreeMap<String, u32>,
    reacted: Latest<64>,
    said: Latest<16>,
}

impl Persona for Reactor {
    const STATE_VERSION: u32 = 1;

    fn about() -> About {
        About::new("reactor", env!("CARGO_PKG_VERSION"))
    }

    fn on_context(
        &mut self,
        turn: &Turn,
        context: &StreamContext,
        _: &mut dyn Host,
    ) -> Result<Reply, Error> {
        let spoken = context.transcript.iter().map(|segment| &segment.text);
        let written = turn.recent.iter().map(|message| &message.text);
        for text in spoken.chain(written) {
            for word in text.split_whitespace().filter(|word| word.len() > 3) {
                let word = word.to_lowercase();
                if self.counts.len() < WORDS || self.counts.contains_key(&word) {
                    *self.counts.entry(word).or_default() += 1;
                }
            }
        }
        let news = context
            .events
            .iter()
            .filter(|event| self.reacted.push(&event.id))
            .count();
        if !turn.impulse.speak {
            return Ok(Reply::silent("no impulse to speak"));
        }
        let mut ranked: Vec<_> = self.counts.iter().collect();
        ranked.sort_by_key(|(word, count)| (std::cmp::Reverse(**count), word.as_str()));
        let mut rng = turn.rng();
        let top = ranked.len().min(12);
        if top == 0 {
            return Ok(Reply::silent("nothing to speak of"));
        }
        let (word, count) = ranked[rng.below(top)];
        let line = format!("{word}{} x{count}", "!".repeat(news + 1));
        self.said.push(fingerprint(&line));
        Ok(Reply::say(line))
    }
}
