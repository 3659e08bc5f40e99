//! A text generator for times without a language model.
//!
//! It is no language model: nothing in it was learnt, and it understands nothing. It reads a prompt
//! (best one made by persona-sdk, see [`prompt`]) and finds out what a chat line would have to do
//! ([`intent`]: comment, react to what happened, answer a [`message`]). Then it draws [`DRAWS`] lines
//! from a [`grammar`] whose weights follow the persona's style and traits ([`voice`]), and whose
//! slots hold the words of the moment ([`slots`]: keywords and phrases of the transcript, names, what
//! was said about a question, what is remembered). It says the line that [`rank`] puts first.
//!
//! The same request with the same seed gives the same line: all chance comes from a ChaCha generator
//! that is seeded with the seed and a hash of the prompt. What stands in a prompt as data is never
//! followed; it can only lend words to a line.
//!
//! With a JSON Schema it answers with the least value that obeys it ([`schema`]): it has no opinions
//! to fill a form with, and doesn't make any up.

mod facts;
mod grammar;
mod intent;
mod message;
mod prompt;
mod rank;
mod schema;
mod slots;
mod style;
mod terms;
mod text;
mod voice;

use crate::{About, LanguageModel, estimate_tokens};
use async_trait::async_trait;
use chatter_protocol::llm::{Completion, Error, Request};
use facts::Facts;
use grammar::GRAMMAR;
use intent::{Goal, Intent};
use prompt::Moment;
use rand::{RngExt, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use rank::Ranking;
use slots::Sources;
use std::time::Duration;
use text::{Fnv, cut};
use voice::Voice;

/// How many lines are drawn for one that is said.
const DRAWS: usize = 24;

/// Above this length, in words, a line may be made of two draws.
const LONG_WORDS: f64 = 8.0;

/// The longest line, in characters.
const MAX_CHARS: usize = 200;

/// The built-in text generator. It computes, waits for nothing and draws a
/// fixed number of lines, so that it needs no deadline; it has no state: one is as good as another.
#[derive(Clone, Copy, Debug, Default)]
pub struct Offline;

impl Offline {
    /// The model, and a line in the log that says what it is.
    #[must_use]
    pub fn new() -> Self {
        tracing::info!(
            "completions come from the built-in offline text generator, which is no language model"
        );
        Self
    }
}

#[async_trait]
impl LanguageModel for Offline {
    async fn complete(
        &self,
        request: &Request,
        seed: u64,
        _deadline: Duration,
    ) -> Result<Completion, Error> {
        if request.max_tokens == 0 {
            return Err(Error::Refused("max_tokens is 0".into()));
        }
        let text = match &request.json_schema {
            None => line(request, seed),
            Some(schema) => schema::least(schema)?,
        };
        let output_tokens = estimate_tokens(&text);
        if request.json_schema.is_some() && output_tokens > request.max_tokens {
            return Err(Error::Refused(format!(
                "the smallest answer has {output_tokens} tokens, more than max_tokens"
            )));
        }
        let input_tokens = request
            .messages
            .iter()
            .map(|message| estimate_tokens(&message.content))
            .sum();
        Ok(Completion {
            text,
            model: "offline".into(),
            input_tokens,
            output_tokens,
        })
    }

    fn about(&self) -> About {
        About {
            model: "offline".into(),
            place: "in the process".into(),
            offline: true,
        }
    }
}

/// One chat line for the prompt.
fn line(request: &Request, seed: u64) -> String {
    let moment = Moment::read(&request.messages);
    let voice = Voice::of(&moment.persona);
    let terms = terms::of_stream(&moment);
    let intent = Intent::of(&moment, !terms.is_empty());
    let facts = Facts::gather(&moment, &intent);
    let mut rng = generator(request, seed);

    let target_words =
        voice.words * (1.1 * (rng.random::<f64>() + rng.random::<f64>() - 1.0)).exp();
    let ranking = Ranking::new(&moment, &terms, &intent, &facts, target_words);
    let chance = 0.5 + 0.5 * f64::from(request.temperature).clamp(0.0, 2.0);
    let sources = Sources::of(&moment, &terms, &intent);
    let max_chars = MAX_CHARS.min(
        usize::try_from(request.max_tokens)
            .unwrap_or(MAX_CHARS)
            .saturating_mul(4),
    );

    let mut best: Option<(f64, String)> = None;
    for _ in 0..DRAWS {
        let slots = sources.draw(&facts, &mut rng);
        let rule = intent
            .rules
            .choose_weighted(&mut rng, |(_, weight)| *weight)
            .map_or("last", |(rule, _)| rule);
        // A rule that has nothing to say without its slots leaves it to the one that needs none.
        let Some(draw) = [rule, "last"]
            .iter()
            .find_map(|rule| GRAMMAR.draw(rule, &slots, &voice, &mut rng))
        else {
            continue;
        };
        let mut drawn = draw.text;
        if target_words > LONG_WORDS && !terms.is_empty() && rng.random_bool(0.7) {
            let slots = sources.draw(&facts, &mut rng);
            if let Some(more) = GRAMMAR.draw("stream", &slots, &voice, &mut rng) {
                drawn = voice.join(&drawn, &more.text, &mut rng);
            }
        }
        // Small talk has its own ways to say a name.
        if let Some(name) = intent
            .addressee
            .as_deref()
            .filter(|name| !name.is_empty() && intent.goal == Goal::Answer)
            && !drawn.contains(name)
            && rng.random_bool(voice.names)
        {
            drawn = if rng.random_bool(0.5) {
                format!("{name}, {drawn}")
            } else {
                format!("{drawn} {name}")
            };
        }
        let line = voice.write(&drawn, intent.mood, &mut rng);
        let mut score = ranking.score(&line, draw.fit) + chance * rng.random::<f64>();
        if line.chars().count() > max_chars {
            score -= 20.0;
        }
        if !line.is_empty() && best.as_ref().is_none_or(|(best, _)| score > *best) {
            best = Some((score, line));
        }
    }
    let line = best.map_or_else(|| "hm".to_owned(), |(_, line)| line);
    cut(&line, max_chars).to_owned()
}

/// All chance of one line: from the seed and from all that the request says.
fn generator(request: &Request, seed: u64) -> ChaCha8Rng {
    let mut hash = Fnv::new();
    for message in &request.messages {
        hash.write(&[message.role as u8]);
        hash.write(&(message.content.len() as u64).to_le_bytes());
        hash.write(message.content.as_bytes());
    }
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8..16].copy_from_slice(&hash.finish().to_le_bytes());
    ChaCha8Rng::from_seed(bytes)
}

#[cfg(test)]
mod tests;
