//! Joining in: what a chat does in a wave.
//!
//! When something happens, people in a chat write what others write: the same word, the same emote,
//! `F`. That takes no language model. A persona keeps a [`Chorus`] in its state, shows it each
//! stream context, and asks it for a line before it thinks of one of its own.

mod reaction;

use crate::{AuthorKind, Fate, Rng, StreamContext, Style, Turn, types::ChatMessage, words};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What others said is repeated for so long, in milliseconds.
const REPEAT_MS: u64 = 30_000;

/// Different authors who say the same within so long make a wave, in milliseconds.
const WAVE_MS: u64 = 15_000;

/// After something happened a single reaction is enough for so long, in milliseconds.
const MOMENT_MS: u64 = 20_000;

/// A wave is over after so long, in milliseconds, and the same words may start another.
const OVER_MS: u64 = 90_000;

/// So many joined waves are kept in mind.
const JOINED: usize = 8;

/// A character whose profile says nothing of `conformity`.
const CONFORMITY: f64 = 0.3;

/// Joining in with what others say.
///
/// What is repeated is short, a reaction and nothing else: words that stand in a list, emotes, and
/// what the stream is about if several said it. Links, names, and what anybody says about
/// themselves can't get through.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Chorus {
    /// The latest event that people react to, and when it happened by the turn's clock.
    moment: Option<Seen>,
    /// The waves that it joined.
    joined: Vec<Seen>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    what: String,
    at: u64,
}

/// A text that others said.
struct Voices<'a> {
    print: String,
    /// As it was said last.
    text: &'a str,
    authors: BTreeSet<&'a str>,
    said_at: u64,
}

impl Chorus {
    /// The words that reactions are made of, in order and without drawn-out letters.
    pub const REACTIONS: &[&str] = reaction::WORDS;

    /// Whether a line is short, and made of reactions, emotes and `topic` (words in lower case)
    /// alone: what may be repeated.
    #[must_use]
    pub fn is_reaction(text: &str, topic: &[String]) -> bool {
        reaction::is_one(text, topic)
    }

    /// Takes in what happened on the stream.
    pub fn watch(&mut self, turn: &Turn, context: &StreamContext) {
        let loud = |kind: &str| matches!(kind, "hype" | "fail" | "laughter" | "stream_start");
        let latest = context
            .events
            .iter()
            .filter(|event| loud(&event.kind) && event.at <= context.position)
            .max_by_key(|event| event.at);
        let Some(event) = latest else { return };
        let at = turn.now.saturating_sub(context.position - event.at);
        let known = self.moment.as_ref().map(|moment| moment.what.as_str());
        if known != Some(&event.id) && turn.now.saturating_sub(at) <= MOMENT_MS {
            self.moment = Some(Seen {
                what: event.id.clone(),
                at,
            });
        }
    }

    /// What the persona repeats now instead of a line of its own, if the chat is in a wave and it
    /// is one who joins in: the more `conformity`, the surer. Once a wave. `topic` is what the stream
    /// is about.
    pub fn join<'a>(
        &mut self,
        turn: &Turn,
        style: &Style,
        topic: impl IntoIterator<Item = &'a str>,
    ) -> Option<String> {
        // Numbers of its own, so that a line that is not joined is none the less what it was.
        let mut rng = Rng::new(turn.seed ^ 0x63_686f_7275_7321);
        self.joined
            .retain(|wave| turn.now.saturating_sub(wave.at) < OVER_MS);
        let happened = self
            .moment
            .clone()
            .filter(|moment| turn.now.saturating_sub(moment.at) <= MOMENT_MS);
        let topic: Vec<String> = topic.into_iter().flat_map(words::all).collect();
        let voices = self.voices(turn, style, &topic);
        let is_reaction = |voices: &&Voices<'_>| {
            happened
                .as_ref()
                .is_some_and(|moment| voices.said_at >= moment.at)
                && reaction::is_one(voices.text, &[])
        };
        // Among what is said now, what most say.
        let pool: Vec<(&Voices<'_>, usize)> = voices
            .iter()
            .filter(|voices| voices.authors.len() > 1 || is_reaction(voices))
            .map(|voices| (voices, voices.authors.len().pow(2)))
            .collect();
        let total = pool.iter().map(|(_, weight)| weight).sum();
        let mut left = rng.below(total);
        let (chosen, _) = pool.iter().find(|(_, weight)| {
            let found = left < *weight;
            left = left.saturating_sub(*weight);
            found
        })?;
        let wave = match &happened {
            Some(moment) => &moment.what,
            None => &chosen.print,
        };
        if self.joined.iter().any(|joined| joined.what == *wave) {
            return None;
        }
        let conformity = turn.profile.value("conformity", CONFORMITY);
        if !rng.chance(readiness(conformity, chosen.authors.len())) {
            return None;
        }
        let line = style.repeat(chosen.text, happened.is_some(), &mut rng)?;
        let mut waves = vec![wave.clone()];
        if *wave != chosen.print {
            waves.push(chosen.print.clone());
        }
        let at = turn.now;
        self.joined
            .extend(waves.into_iter().map(|what| Seen { what, at }));
        let excess = self.joined.len().saturating_sub(JOINED);
        self.joined.drain(..excess);
        (line.chars().count() <= turn.limits.max_line_chars as usize).then_some(line)
    }

    /// What others said just now that this character could repeat, in the order of what was said
    /// first.
    fn voices<'a>(&self, turn: &'a Turn, style: &Style, topic: &[String]) -> Vec<Voices<'a>> {
        let recent = || {
            turn.recent
                .iter()
                .filter(|message| turn.now.saturating_sub(message.sent_at) <= REPEAT_MS)
        };
        let names: Vec<String> = turn
            .recent
            .iter()
            .map(|message| message.author.name.as_str())
            .chain([turn.profile.name.as_str()])
            .flat_map(words::all)
            .collect();
        let taboo: Vec<String> = turn
            .fates
            .iter()
            .filter(|fate| matches!(fate.fate, Fate::Dropped(_)))
            .map(|fate| print(&fate.text))
            .chain(
                recent()
                    .filter(|message| turn.is_mine(message))
                    .map(|message| print(&message.text)),
            )
            .chain(self.joined.iter().map(|joined| joined.what.clone()))
            .collect();
        let mut all: Vec<Voices<'_>> = Vec::new();
        for message in recent().filter(|message| may_be_repeated(turn, message, topic, &names)) {
            let print = print(&message.text);
            let repeatable = || {
                let mut rng = Rng::new(0);
                style.repeat(&message.text, false, &mut rng).is_some()
            };
            if taboo.contains(&print) || !repeatable() {
                continue;
            }
            let is_loud = turn.now.saturating_sub(message.sent_at) <= WAVE_MS;
            let known = all.iter().position(|voices| voices.print == print);
            let at = known.unwrap_or_else(|| {
                all.push(Voices {
                    print,
                    text: &message.text,
                    authors: BTreeSet::new(),
                    said_at: message.sent_at,
                });
                all.len() - 1
            });
            let voices = &mut all[at];
            voices.text = &message.text;
            voices.said_at = voices.said_at.max(message.sent_at);
            if is_loud {
                voices.authors.insert(&message.author.id);
            }
        }
        all
    }
}

/// How likely one joins in when so many others said it just now.
fn readiness(conformity: f64, authors: usize) -> f64 {
    let pull = if authors > 1 { 1.5 } else { 1.2 };
    (conformity * pull).min(0.95)
}

fn may_be_repeated(turn: &Turn, message: &ChatMessage, topic: &[String], names: &[String]) -> bool {
    !turn.is_mine(message)
        && message.author.kind != AuthorKind::System
        && message.reply_to.is_none()
        && message.mentions.is_empty()
        && !words::all(&message.text).any(|word| names.contains(&word))
        && reaction::is_one(&message.text, topic)
}

/// What two lines share that are the same but for shouting.
fn print(text: &str) -> String {
    let print = words::fingerprint(text);
    if print.is_empty() {
        text.trim().to_owned()
    } else {
        print
    }
}

#[cfg(test)]
mod tests;
