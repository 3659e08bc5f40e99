//! A text generator for times without a language model.
//!
//! It is no language model: it understands nothing, and what it knows of language are some thousands
//! of phrases that were written for it ([`corpus`]). It reads a prompt (best one made by persona-sdk,
//! see [`prompt`]) and finds out what a chat line would have to do ([`intent`]: react to what
//! happened, take up what is said on the stream, answer a [`message`]), and how the persona writes
//! ([`voice`], [`tone`], [`emotes`]). An n-gram model over the phrases that suit both ([`ngram`]) draws
//! lines, whose slots take the words of the moment ([`fill`]: [`nouns`] and numbers of the transcript,
//! names, [`facts`] about a question, what is remembered). They are typed as the persona would
//! ([`write`]), and the one that [`rank`] puts first is said.
//!
//! The same request with the same seed gives the same line on every machine: all chance comes from a
//! ChaCha generator that is seeded with the seed and a hash of the prompt, nothing depends on the
//! order of a hash map, and floats are only added, multiplied, divided and compared. What stands in a
//! prompt as data is never followed; it can only lend words to a line.
//!
//! docs/offline-model.md has the method with its sources, and what to expect of it.

mod claims;
mod corpus;
mod emotes;
mod facts;
mod field;
mod fill;
mod form;
mod intent;
mod lexicon;
mod message;
mod mood;
mod ngram;
mod nouns;
mod options;
mod prompt;
mod puns;
mod rank;
mod remark;
mod schema;
mod spans;
mod style;
mod text;
mod tone;
mod voice;
mod write;

use crate::{About, Asker, LanguageModel, estimate_input, estimate_tokens};
use async_trait::async_trait;
use chatter_protocol::llm::{Completion, Error, Request};
use corpus::CORPUS;
use fill::Sources;
use intent::Intent;
use ngram::Weighted;
use prompt::Moment;
use rand::{RngExt, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use rank::Ranking;
use std::{sync::LazyLock, time::Duration};
use text::{Fnv, cut};
use voice::Voice;

/// How many lines are drawn for one that is said.
const DRAWS: usize = 20;

/// How often the words of the moment are chosen anew for them.
const FILLINGS: usize = 5;

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
        // Read here, so that the first line needn't wait for it.
        LazyLock::force(&CORPUS);
        tracing::info!(
            "completions come from the built-in offline text generator, which is no language model"
        );
        Self
    }
}

impl Offline {
    /// Answers a request. There is nothing to wait for.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`], if there is no answer of that form or length.
    pub fn answer(&self, request: &Request, seed: u64) -> Result<Completion, Error> {
        if request.max_tokens == 0 {
            return Err(Error::Refused("max_tokens is 0".into()));
        }
        let text = match &request.json_schema {
            None => line(request, seed),
            Some(schema) => form::fill(request, schema)?,
        };
        let output_tokens = estimate_tokens(&text);
        if request.json_schema.is_some() && output_tokens > request.max_tokens {
            return Err(Error::Refused(format!(
                "the smallest answer has {output_tokens} tokens, more than max_tokens"
            )));
        }
        let input_tokens = estimate_input(request);
        Ok(Completion {
            text,
            model: "offline".into(),
            input_tokens,
            output_tokens,
        })
    }
}

#[async_trait]
impl LanguageModel for Offline {
    async fn complete(
        &self,
        request: &Request,
        _: &Asker,
        seed: u64,
        _deadline: Duration,
    ) -> Result<Completion, Error> {
        self.answer(request, seed)
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
    let mut intent = Intent::of(&moment);
    // Whoever is always on their toes is so in a calm moment too.
    if intent.mood == mood::Mood::Calm && voice.tones.strength(tone::Tone::Hyped) > 0.6 {
        intent.mood = mood::Mood::Joy;
    }
    let mut rng = generator(request, seed);
    let max_chars = MAX_CHARS.min(
        usize::try_from(request.max_tokens)
            .unwrap_or(MAX_CHARS)
            .saturating_mul(4),
    );

    let mut target = voice.target(&mut rng);
    if intent.answers {
        let more = u32::from(rng.random_bool(0.4));
        target = voice.for_answer(target, intent.needs + more);
    }
    let lately = moment
        .earlier
        .iter()
        .rev()
        .take(3)
        .cloned()
        .collect::<Vec<_>>()
        .join(" ");
    let emote = emote(&voice, &intent, target, &lately, &mut rng);
    if let Some((emote, true)) = &emote
        && emote.chars().count() <= max_chars
    {
        return emote.clone();
    }

    let temperature = f64::from(request.temperature).clamp(0.0, 2.0);
    let ranking = Ranking::new(&moment, &intent, &voice, target);
    let best = draws(&moment, &voice, &intent, target, &mut rng)
        .into_iter()
        .map(|line| {
            (
                ranking.score(&line) + (0.5 + 0.5 * temperature) * rng.random::<f64>(),
                line,
            )
        })
        .filter(|(_, line)| !line.is_empty() && line.chars().count() <= max_chars)
        .fold(None, |best: Option<(f64, String)>, next| match best {
            Some(best) if best.0 >= next.0 => Some(best),
            _ => Some(next),
        });
    let line = best.map_or_else(|| "hm".to_owned(), |(_, line)| line);
    let with_emote = emote.map(|(emote, _)| format!("{line} {emote}"));
    match with_emote.filter(|line| line.chars().count() <= max_chars) {
        Some(line) => line,
        None => cut(&line, max_chars).to_owned(),
    }
}

/// The emote of the line, if it is to have one, and whether it stands alone.
fn emote(
    voice: &Voice,
    intent: &Intent,
    target: u32,
    lately: &str,
    rng: &mut ChaCha8Rng,
) -> Option<(String, bool)> {
    if voice.emotes.only && !intent.identity {
        return voice
            .emotes
            .line(intent.mood, lately, rng)
            .map(|line| (line, true));
    }
    if !rng.random_bool(voice.emotes.rate) {
        return None;
    }
    let excited = voice.tones.strength(tone::Tone::Hyped);
    let alone = target == 1 && !intent.answers && rng.random_bool(0.5);
    voice
        .emotes
        .draw(intent.mood, if alone { 1.0 } else { excited }, lately, rng)
        .map(|emote| (emote, alone))
}

/// Lines to choose from, as the persona would write them.
fn draws(
    moment: &Moment,
    voice: &Voice,
    intent: &Intent,
    target: u32,
    rng: &mut ChaCha8Rng,
) -> Vec<String> {
    let sources = Sources::of(moment, intent);
    let mut lines = Vec::with_capacity(DRAWS);
    let mut kind = None;
    for _ in 0..FILLINGS {
        let slots = sources.draw(rng);
        // All lines are of one kind, so that their length doesn't decide about the kind; another one
        // if this has none.
        if kind.is_none() || lines.is_empty() {
            kind = intent
                .kinds
                .choose_weighted(rng, |(_, weight)| *weight)
                .ok();
        }
        let Some((kind, _)) = kind else {
            continue;
        };
        let weigh = |phrase: &corpus::Phrase| {
            let needs = phrase.needs.as_ref();
            // Without its marks a quotation would be a claim of the persona's own.
            let quotes = phrase
                .tokens
                .iter()
                .any(|token| token.slots.contains(&corpus::Slot::Exact));
            let fits =
                needs.is_none_or(|needs| voice.has_word(needs)) && (voice.punctuates || !quotes);
            let Some(words) = slots.words_of(phrase).filter(|_| fits) else {
                return 0.0;
            };
            let fit = f64::from(words.min(target)) / f64::from(words.max(target));
            let suits = if intent.needs > 1 {
                1.0
            } else {
                voice.suits(words)
            };
            let uncounted = voice.counts && !phrase.tokens.iter().any(corpus::Token::has_number);
            let counted = if uncounted { 0.12 } else { 1.0 };
            // Who makes puns has one when a joke is wanted.
            let evades = intent.jokes && voice.puns && !phrase.tones.contains(&tone::Tone::Playful);
            let joking = if evades { 0.02 } else { 1.0 };
            phrase.weight
                * voice.tones.likes(&phrase.tones)
                * (fit * fit * fit)
                * suits
                * counted
                * joking
        };
        let Some(model) = CORPUS.kind(kind).map(|kind| Weighted::new(kind, weigh)) else {
            continue;
        };
        for _ in 0..DRAWS / FILLINGS {
            let Some(tokens) = model.draw(rng) else {
                continue;
            };
            // Two phrases that both name somebody don't go together.
            let names = tokens.iter().flat_map(|token| &token.slots);
            if names.filter(|slot| **slot == corpus::Slot::Name).count() > 1 {
                continue;
            }
            if let Some(drawn) = slots.fill(&tokens) {
                lines.push(voice.write(&drawn, intent.mood, rng));
            }
        }
    }
    if voice.puns && (!intent.answers || intent.jokes) && rng.random_bool(0.7) {
        let latest: Vec<&str> = moment
            .transcript
            .iter()
            .rev()
            .take(4)
            .map(String::as_str)
            .collect();
        let puns = puns::puns_on(&format!("{} {}", intent.about, latest.join(" ")));
        let used = |pun: &&&str| !moment.earlier.iter().any(|line| line.contains(**pun));
        lines.extend(
            puns.iter()
                .filter(used)
                .take(6)
                .map(|pun| voice.write(pun, intent.mood, rng)),
        );
    }
    // Lines of its own that the corpus doesn't have.
    if !intent.answers {
        let own = voice.favourites.iter().filter(|line| !CORPUS.has(line));
        lines.extend(
            own.filter(|_| rng.random_bool(0.1))
                .cloned()
                .collect::<Vec<_>>(),
        );
    }
    lines.retain(|line| {
        let words = text::lower_words(line);
        !voice
            .never
            .iter()
            .any(|never| text::contains(&words, &text::lower_words(never)))
    });
    lines
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
