//! What the moment puts into the slots of a phrase.

use super::{
    corpus::{Phrase, Slot, Token},
    intent::Intent,
    nouns::{Noun, nouns},
    prompt::Moment,
    remark,
    spans::{self, sentences},
    text::{lower_words, stems},
};
use rand::{RngExt, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use std::collections::HashSet;

/// The most nouns that are kept, the latest first.
const MAX_NOUNS: usize = 16;

/// What the slots can be filled with, gathered once for all draws of a line.
pub(super) struct Sources<'a> {
    nouns: Vec<(Noun, f64)>,
    quotes: Vec<String>,
    numbers: Vec<String>,
    others: Vec<&'a str>,
    addressee: Option<&'a str>,
    me: &'a str,
    intent: &'a Intent,
}

impl<'a> Sources<'a> {
    pub(super) fn of(moment: &'a Moment, intent: &'a Intent) -> Self {
        let spoken = || {
            let known = intent.addressee.is_some() || moment.transcript.contains(&intent.about);
            let about = (!known).then_some(intent.about.as_str());
            moment.transcript.iter().map(String::as_str).chain(about)
        };
        let lines = spoken().count();
        let mut found = nouns(spoken());
        found.truncate(MAX_NOUNS);
        let keywords: HashSet<String> = moment
            .keywords
            .iter()
            .flat_map(|term| stems(term))
            .collect();
        let about = stems(&intent.about);
        let used: HashSet<String> = moment
            .earlier
            .iter()
            .rev()
            .take(4)
            .flat_map(|line| stems(line))
            .collect();
        let heard: HashSet<String> = moment
            .chat
            .iter()
            .rev()
            .take(6)
            .flat_map(|said| stems(&said.text))
            .collect();
        let weigh = |noun: Noun| {
            let stem = noun.stem();
            let age = lines.saturating_sub(noun.line + 1);
            let factors = [
                (about.contains(&stem), 4.0),
                (keywords.contains(&stem), 1.6),
                (used.contains(&stem), 0.1),
                (heard.contains(&stem), 0.45),
                (remark::is_judging(noun.head()), 0.0),
            ];
            let recent = match age {
                0 | 1 => 4.0,
                2 => 1.5,
                _ => 0.4,
            };
            let weight = factors
                .iter()
                .filter(|(holds, _)| *holds)
                .map(|(_, factor)| factor)
                .product::<f64>();
            (noun, weight * recent)
        };
        let recent = || spoken().collect::<Vec<_>>().into_iter().rev().take(3);
        let said_already: HashSet<Vec<String>> = moment
            .chat
            .iter()
            .map(|said| lower_words(&said.text))
            .chain(moment.earlier.iter().map(|line| lower_words(line)))
            .collect();
        let quotes = recent()
            .flat_map(sentences)
            .filter(|sentence| is_quotable(sentence))
            .map(|sentence| lower_first(&sentence))
            .filter(|quote| {
                let words = lower_words(quote);
                !said_already
                    .iter()
                    .any(|said| said.windows(words.len()).any(|window| window == words))
            })
            .collect();
        let numbers = recent()
            .flat_map(sentences)
            .filter_map(|sentence| spans::amount_in(&sentence, &HashSet::new()))
            .filter(|amount| amount.contains(' ') && amount.len() <= 28)
            .map(|amount| amount.to_lowercase())
            .collect();
        Self {
            nouns: found
                .into_iter()
                .map(weigh)
                .filter(|(_, weight)| *weight > 0.0)
                .collect(),
            quotes,
            numbers,
            others: moment
                .chat
                .iter()
                .rev()
                .take(6)
                .map(|said| said.name.as_str())
                .filter(|name| !name.is_empty())
                .collect(),
            addressee: intent.addressee.as_deref().filter(|name| !name.is_empty()),
            me: &moment.persona.name,
            intent,
        }
    }

    /// Chooses what goes into each slot; anew for each draw, so that the draws differ in what they
    /// are about.
    pub(super) fn draw(&self, rng: &mut ChaCha8Rng) -> Slots {
        let mut slots = Slots(vec![None; Slot::ALL.len()]);
        slots.set(Slot::Percent, rng.random_range(1..100_u32).to_string());
        slots.set(Slot::Small, rng.random_range(2..10_u32).to_string());
        slots.set(Slot::Seconds, rng.random_range(3..60_u32).to_string());
        let pick = |rng: &mut ChaCha8Rng, fits: &dyn Fn(&Noun) -> bool| {
            let fitting: Vec<_> = self.nouns.iter().filter(|(noun, _)| fits(noun)).collect();
            fitting
                .choose_weighted(rng, |(_, weight)| *weight)
                .ok()
                .map(|(noun, _)| noun)
        };
        if let Some(noun) = pick(rng, &|_| true) {
            slots.set(Slot::Any, noun.with_the());
            slots.set(Slot::Bare, noun.bare());
            slots.set(
                if noun.plural {
                    Slot::Things
                } else {
                    Slot::Thing
                },
                noun.with_the(),
            );
            if noun.name {
                slots.set(Slot::Who, &noun.text);
            } else {
                slots.set(Slot::Noun, noun.bare());
                slots.set(Slot::Count, noun.count.to_string());
                let slot = if noun.countable {
                    Slot::One
                } else {
                    Slot::Many
                };
                slots.set(slot, noun.bare());
            }
        }
        if let Some(quote) = self.quotes.choose(rng) {
            slots.set(Slot::Quote, quote.as_str());
        }
        if let Some(number) = self.numbers.choose(rng) {
            slots.set(Slot::Num, number.as_str());
        }
        if !self.me.is_empty() {
            slots.set(Slot::Me, self.me);
        }
        if let Some(name) = self.addressee {
            slots.set(Slot::Name, name);
        }
        if let Some(name) = self
            .others
            .choose(rng)
            .filter(|name| Some(**name) != self.addressee)
        {
            slots.set(Slot::Other, *name);
        }
        self.facts(&mut slots, rng);
        slots
    }

    fn facts(&self, slots: &mut Slots, rng: &mut ChaCha8Rng) {
        let facts = &self.intent.facts;
        for (slot, fact) in [
            (Slot::Topic, &facts.topic),
            (Slot::TheTopic, &facts.the_topic),
            (Slot::Place, &facts.place),
            (Slot::Person, &facts.person),
            (Slot::Amount, &facts.amount),
            (Slot::When, &facts.when),
            (Slot::Because, &facts.because),
            (Slot::OfThem, &facts.of_them),
            (Slot::Joke, &facts.joke),
        ] {
            if let Some(fact) = fact {
                slots.set(slot, fact.as_str());
            }
        }
        if let Some(said) = facts.said.choose(rng) {
            slots.set(Slot::Said, said.reported.as_str());
            slots.set(Slot::Exact, said.exact.as_str());
        }
        let mut two = facts.options.sample(rng, 2);
        if let (Some(choice), Some(reject)) = (two.next(), two.next()) {
            slots.set(Slot::Choice, choice.as_str());
            slots.set(Slot::Reject, reject.as_str());
        }
    }
}

/// Short, and whole without what stood before it.
fn is_quotable(sentence: &str) -> bool {
    let words = lower_words(sentence);
    let begins_badly = [
        "and", "but", "or", "so", "because", "that", "which", "to", "of", "hello", "hi", "okay",
        "right",
    ];
    (2..=6).contains(&words.len())
        && sentence.chars().count() <= 40
        && !sentence.ends_with('?')
        && !sentence.contains([',', '"', '“', ':'])
        && !begins_badly.contains(&words[0].as_str())
        && (!stems(sentence).is_empty() || words.len() <= 3)
}

fn lower_first(text: &str) -> String {
    spans::uncapitalised(text)
}

/// The slots' contents for one draw, with their number of words.
pub(super) struct Slots(Vec<Option<(String, u32)>>);

impl Slots {
    pub(super) fn get(&self, slot: Slot) -> Option<&str> {
        self.0[slot as usize]
            .as_ref()
            .map(|(text, _)| text.as_str())
    }

    fn set(&mut self, slot: Slot, text: impl Into<String>) {
        let text = text.into();
        let words = u32::try_from(text.split_whitespace().count()).unwrap_or(u32::MAX);
        self.0[slot as usize] = Some((text, words));
    }

    /// How many words a phrase has when it is filled; none if something is missing.
    pub(super) fn words_of(&self, phrase: &Phrase) -> Option<u32> {
        let mut count = 0_u32;
        for token in &phrase.tokens {
            if token.slots.is_empty() {
                count += 1;
            }
            for slot in &token.slots {
                let (_, words) = self.0[*slot as usize].as_ref()?;
                count = count.saturating_add(*words);
            }
        }
        Some(count)
    }

    /// The tokens with their slots filled.
    pub(super) fn fill(&self, tokens: &[&Token]) -> Option<String> {
        let mut line = String::new();
        for token in tokens {
            if !line.is_empty() {
                line.push(' ');
            }
            let mut rest = token.text.as_str();
            let mut slots = token.slots.iter();
            while let Some((before, after)) = rest.split_once('{') {
                let (name, after) = after.split_once('}')?;
                let text = self.get(*slots.next()?)?;
                line.push_str(before);
                if name.starts_with(char::is_uppercase) {
                    let mut chars = text.chars();
                    line.extend(chars.next()?.to_uppercase());
                    line.push_str(chars.as_str());
                } else {
                    line.push_str(text);
                }
                rest = after;
            }
            line.push_str(rest);
        }
        Some(line)
    }
}
