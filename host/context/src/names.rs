//! Names that are said: whoever bears one likes to hear it.
//!
//! Looked for are the personas of the room, and the people who wrote in its chat lately. A name is rarely
//! taken down as it is written, so each is looked for in the ways in which it may be said ([`spoken`]), and
//! by how it sounds ([`sound`]). How sure it is depends on how much speaks for a name being meant: a capital
//! where the sentence does not begin, or that somebody is spoken to (`thanks ana`, `ana, look`, `look, ana!`).
//!
//! | what is heard | if something speaks for it | if nothing does |
//! | --- | --- | --- |
//! | the name as it is written, or as its persona's file says that it is spoken | 0.9 | 0.7 |
//! | one of its forms | 0.85 | 0.65 |
//! | a shorter form: without digits, `TTV` and the like | 0.75 | - |
//! | what sounds like it | 0.6 | 0.5 if it sounds the same and has 5 sounds or more |
//!
//! A name of stop words alone (`Will`) counts with a capital alone where the sentence does not begin, and people's
//! names only if something speaks for them. Capitals say nothing where all words have them. Words that are written
//! together or apart are the same from 5 letters on, and always in scripts without spaces. There a name must begin and
//! end where words do, so that `さくら` is not heard in `さくらんぼ`. A name is told once in 20 s.
//!
//! Measured with the 14 names of the shipped personas and 26 of the kind that people choose: all of 37 sentences that
//! name somebody, as whisper may write them, are heard; in 48 sentences full of words that are or sound like these
//! names three are heard that nobody said (`a pip of an apple`, `moss on the roof`, `in May`); in the commentary that
//! ships none. The tests hold the tables.

mod sound;
mod spoken;

use crate::{
    event::{Event, NAME},
    sentence::Sentence,
    stop_words, text, writing,
};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};
use tokio::sync::watch;

/// A name that is said again within so many milliseconds is not told again.
const AGAIN_MS: u64 = 20_000;
/// A name of fewer characters is not looked for.
const MIN_CHARS: usize = 2;
/// The most names that are looked for.
const MAX_NAMES: usize = 256;
/// The most names of one event.
const MAX_TOLD: usize = 8;
/// A name in one word may be heard in several, or the other way round, if it has so many letters.
const JOINED_LETTERS: usize = 5;
/// What sounds the same and has so many sounds needs nothing else to speak for it.
const SURE_SOUNDS: usize = 5;
/// How sure it is what only sounds like a name, at the most.
const BY_EAR: f64 = 0.6;
/// What has fewer sounds is not gone by.
const MIN_SOUNDS: usize = 3;
/// The longest name, in words as they are heard.
const MAX_WORDS: usize = 8;

/// What people say before a name.
const GREETINGS: [&str; 16] = [
    "thanks",
    "thank",
    "hey",
    "hi",
    "hello",
    "welcome",
    "yo",
    "sorry",
    "bye",
    "ask",
    "says",
    "shoutout",
    "cheers",
    "goodnight",
    "congrats",
    "dear",
];

/// Somebody whose name is listened for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Called {
    /// As it is written in the room.
    pub name: String,
    /// How it is spoken, where somebody says so.
    pub spoken: Vec<String>,
}

impl Called {
    /// By a name that is spoken as it is written, as far as anybody says.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            spoken: Vec::new(),
        }
    }
}

/// Those whose names are listened for, as they come and go.
pub type Roll = watch::Receiver<Arc<[Called]>>;

/// The names that are looked for, and when each was said last.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    /// Who sits in the room.
    roster: Option<Roll>,
    /// Who spoke lately.
    people: Option<Roll>,
    names: Vec<Name>,
    /// By name.
    told: HashMap<String, u64>,
}

/// A name that is looked for.
#[derive(Clone, Debug)]
struct Name {
    name: String,
    /// Somebody who spoke, and chose the name for reading.
    is_guest: bool,
    forms: Vec<Form>,
}

#[derive(Clone, Debug)]
struct Form {
    words: usize,
    /// Its words as one.
    joined: String,
    key: String,
    manner: Manner,
    /// All its words are stop words.
    is_common: bool,
    /// Its script has no spaces: how many words it is heard in says nothing.
    is_unspaced: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    Written,
    Whole,
    Short,
}

impl Names {
    pub(crate) fn new(roster: Option<Roll>, people: Option<Roll>) -> Self {
        let mut names = Self {
            roster,
            people,
            ..Self::default()
        };
        names.read();
        names
    }

    /// These, for ever.
    #[cfg(test)]
    pub(crate) fn of(names: &[&str]) -> Self {
        let names = names.iter().map(|&name| Called::new(name)).collect();
        Self::new(Some(watch::Sender::new(names).subscribe()), None)
    }

    fn read(&mut self) {
        let roll = |roll: &mut Option<Roll>| {
            roll.as_mut()
                .map(|roll| Arc::clone(&roll.borrow_and_update()))
                .unwrap_or_default()
        };
        let (roster, people) = (roll(&mut self.roster), roll(&mut self.people));
        let mut known = HashSet::new();
        let all = roster.iter().map(|called| (called, false));
        let all = all.chain(people.iter().map(|called| (called, true)));
        self.names = all
            .filter(|(called, _)| known.insert(called.name.to_lowercase()))
            .filter_map(|(called, is_guest)| Name::new(called, is_guest))
            .take(MAX_NAMES)
            .collect();
    }

    /// The names that are said in a sentence and were not told a moment ago. They count as told from now on.
    pub(crate) fn said(&mut self, sentence: &Sentence) -> Option<Event> {
        let is_new = |roll: &Option<Roll>| {
            roll.as_ref()
                .is_some_and(|roll| roll.has_changed().unwrap_or_default())
        };
        if is_new(&self.roster) || is_new(&self.people) {
            self.read();
        }
        let end_ms = sentence.end_ms;
        self.told
            .retain(|_, at_ms| end_ms < at_ms.saturating_add(AGAIN_MS));
        let event = self.find(sentence)?;
        for name in &event.names {
            self.told.insert(name.clone(), end_ms);
        }
        Some(event)
    }

    /// What [`said`](Self::said) would tell of a sentence, among the names that were known when it was last called.
    pub(crate) fn find(&self, sentence: &Sentence) -> Option<Event> {
        if self.names.is_empty() {
            return None;
        }
        let spoken = text::spoken(&sentence.text);
        let heard = Heard::new(&spoken);
        let end_ms = sentence.end_ms;
        let was_told = |name: &Name| {
            let told = self.told.get(&name.name);
            told.is_some_and(|at_ms| end_ms < at_ms.saturating_add(AGAIN_MS))
        };
        let mut found: Vec<Found<'_>> = self
            .names
            .iter()
            .filter(|name| !was_told(name))
            .filter_map(|name| heard.find(name))
            .collect();
        // Where `Turbo Tom` is heard, Tom is not; nor another that only sounds like one that is heard.
        let place = |found: &Found<'_>| (found.confidence > BY_EAR, found.to - found.at);
        found.sort_by(|a, b| {
            let confidence = || b.confidence.total_cmp(&a.confidence);
            place(b).cmp(&place(a)).then_with(confidence)
        });
        let mut clear: Vec<Found<'_>> = Vec::new();
        for one in found {
            let is_there = |other: &Found<'_>| one.at < other.to && other.at < one.to;
            let is_more =
                |other: &Found<'_>| place(other) > place(&one) || other.confidence > one.confidence;
            let hides = |other: &Found<'_>| is_there(other) && is_more(other);
            if clear.len() < MAX_TOLD && !clear.iter().any(hides) {
                clear.push(one);
            }
        }
        clear.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        let first = clear.first()?;
        let shown = excerpt(&sentence.text, &heard.words[first.at], &spoken);
        let mut event = Event::new(NAME, &shown, end_ms, first.confidence);
        event.due_ms = sentence.due_ms;
        event.names = clear.iter().map(|found| found.name.to_owned()).collect();
        Some(event)
    }
}

impl Name {
    fn new(called: &Called, is_guest: bool) -> Option<Self> {
        let name = called.name.trim();
        if name.chars().count() < MIN_CHARS {
            return None;
        }
        let words = |text: &str| -> Vec<String> {
            let words = text::words(text).into_iter();
            words.map(|word| word.lower).collect()
        };
        let mut forms: Vec<Form> = Vec::new();
        let mut add = |words: Vec<String>, manner| {
            if let Some(form) = Form::new(&words, manner)
                && !forms.iter().any(|it| it.joined == form.joined)
            {
                forms.push(form);
            }
        };
        add(words(name), Manner::Written);
        for spoken in &called.spoken {
            add(words(spoken), Manner::Written);
        }
        for form in spoken::forms(name) {
            let manner = match form.is_short {
                true => Manner::Short,
                false => Manner::Whole,
            };
            add(form.words, manner);
        }
        (!forms.is_empty()).then(|| Self {
            name: name.to_owned(),
            is_guest,
            forms,
        })
    }
}

impl Form {
    fn new(words: &[String], manner: Manner) -> Option<Self> {
        let joined = joined(words.iter().map(String::as_str));
        (!joined.is_empty() && words.len() <= MAX_WORDS).then(|| Self {
            words: words.len(),
            key: sound::key(words.iter().map(String::as_str)),
            manner,
            is_common: words.iter().all(|word| stop_words::is_stop_word(word)),
            is_unspaced: writing::has_unspaced(&joined),
            joined,
        })
    }
}

/// Letters and digits alone.
fn joined<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words
        .flat_map(str::chars)
        .filter(|c| c.is_alphanumeric())
        .collect()
}

/// A sentence in which names are looked for.
struct Heard<'a> {
    words: Vec<text::Word<'a>>,
    stretches: Vec<Stretch>,
}

/// Some of its words, one after the other.
struct Stretch {
    at: usize,
    to: usize,
    joined: String,
    key: String,
    /// Something speaks for a name here: a capital, or that somebody is spoken to.
    is_capital: bool,
    is_addressed: bool,
    is_common: bool,
}

/// A name in a sentence.
struct Found<'a> {
    name: &'a str,
    at: usize,
    to: usize,
    confidence: f64,
}

impl<'a> Heard<'a> {
    fn new(spoken: &'a str) -> Self {
        let words = text::words(spoken);
        let capital = |word: &text::Word<'_>| word.written.starts_with(char::is_uppercase);
        let capitals = words.iter().filter(|word| capital(word)).count();
        let tell = capitals < words.len() || words.len() <= 2;
        // A break before the word after it, or the end.
        let breaks_at = |at: usize| words.get(at).is_none_or(|word| word.after_break);
        let mut stretches = Vec::new();
        for at in 0..words.len() {
            for to in at + 1..=words.len().min(at + MAX_WORDS) {
                // A name does not go on behind a comma.
                if to > at + 1 && words[to - 1].after_break {
                    break;
                }
                let said = &words[at..to];
                let bases = || said.iter().map(|word| base(&word.lower));
                let greeted = at
                    .checked_sub(1)
                    .is_some_and(|before| GREETINGS.contains(&words[before].lower.as_str()));
                let begins = at == 0 || words[at].after_break;
                let is_addressed = greeted && !words[at].after_break
                    || begins && breaks_at(to) && to - at < words.len();
                stretches.push(Stretch {
                    at,
                    to,
                    joined: joined(bases()),
                    key: sound::key(bases()),
                    is_capital: tell && at > 0 && said.iter().all(capital),
                    is_addressed,
                    is_common: bases().all(stop_words::is_stop_word),
                });
            }
        }
        Self { words, stretches }
    }

    /// The place where a name is heard most surely.
    fn find<'n>(&self, name: &'n Name) -> Option<Found<'n>> {
        let found = |stretch: &Stretch| {
            let confidences = name
                .forms
                .iter()
                .filter_map(|form| stretch.confidence(form));
            let confidence = confidences.max_by(f64::total_cmp)?;
            let speaks = stretch.is_capital || stretch.is_addressed;
            (speaks || !name.is_guest).then_some(Found {
                name: &name.name,
                at: stretch.at,
                to: stretch.to,
                confidence,
            })
        };
        let all = self.stretches.iter().filter_map(found);
        all.max_by(|a, b| a.confidence.total_cmp(&b.confidence))
    }
}

impl Stretch {
    fn confidence(&self, form: &Form) -> Option<f64> {
        let speaks = match form.is_common {
            true => self.is_capital,
            false => self.is_capital || self.is_addressed,
        };
        let is_apart = self.to - self.at != form.words && !form.is_unspaced;
        let letters = form.joined.chars().count();
        if self.joined == form.joined && (!is_apart || letters >= JOINED_LETTERS) {
            let (sure, else_) = match form.manner {
                Manner::Written => (0.9, Some(0.7)),
                Manner::Whole => (0.85, Some(0.65)),
                Manner::Short => (0.75, None),
            };
            return match speaks {
                true => Some(sure),
                false => else_.filter(|_| !form.is_common),
            };
        }
        let sounds = form.key.chars().count();
        if form.is_common || self.is_common || sounds < MIN_SOUNDS {
            return None;
        }
        if is_apart && letters < JOINED_LETTERS || !sound::are_alike(&form.key, &self.key) {
            return None;
        }
        let is_sure = self.key == form.key && sounds >= SURE_SOUNDS && form.manner != Manner::Short;
        match (speaks, is_sure) {
            (true, _) => Some(BY_EAR),
            (false, true) => Some(0.5),
            (false, false) => None,
        }
    }
}

/// `nova's` is `nova`.
fn base(lower: &str) -> &str {
    lower.strip_suffix("'s").unwrap_or(lower)
}

/// As much of a sentence as an event holds, with the name in it.
fn excerpt(sentence: &str, word: &text::Word<'_>, spoken: &str) -> String {
    /// So many characters are shown before the name of a sentence that is too long.
    const BEFORE: usize = 80;
    let at = match sentence == spoken {
        true => word.start,
        // What is not said was taken out of it.
        false => sentence.find(word.written).unwrap_or(0),
    };
    let start = sentence[..at].char_indices().rev().nth(BEFORE);
    match start {
        Some((start, _)) if sentence.chars().count() > crate::event::MAX_CHARS => {
            let before = &sentence[start..at];
            let word = || text::words(before).get(1).map(|word| word.start);
            let word_start = before.find(' ').map(|it| it + 1).or_else(word);
            let word_start = word_start.map_or(start, |it| start + it);
            format!("\u{2026}{}", &sentence[word_start..])
        }
        _ => sentence.to_owned(),
    }
}

#[cfg(test)]
mod tests;
