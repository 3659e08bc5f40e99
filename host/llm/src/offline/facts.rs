//! What is known about a message that is to be answered, all of it found in the prompt.

mod memory;

use super::{
    lexicon::{can_be_noun, is_adjective, is_closed, is_number, is_plural, is_verb_form},
    nouns::{Noun, nouns},
    options::options,
    prompt::{Moment, Said},
    remark,
    spans::{amount_in, because_in, place_in, reported, sentences, uncapitalised, when_in},
    text::{clauses, cut, is_asking, lower_words, stem, stems, words},
};
use memory::{names, quoted, remembered, to_whom};
use std::collections::HashSet;

/// How many stretches of the transcript are kept for an answer.
const MAX_SAID: usize = 3;

#[derive(Debug, Default)]
pub(super) struct Facts {
    /// What the message is about.
    pub(super) topic: Option<String>,
    /// The same with an article, if it had one.
    pub(super) the_topic: Option<String>,
    /// What was said about it, the best fitting first.
    pub(super) said: Vec<Fact>,
    pub(super) place: Option<String>,
    pub(super) person: Option<String>,
    pub(super) amount: Option<String>,
    pub(super) when: Option<String>,
    pub(super) because: Option<String>,
    /// A running joke that is remembered, in its own words.
    pub(super) joke: Option<String>,
    /// What it lets one choose from.
    pub(super) options: Vec<String>,
    /// What is remembered about who wrote it, or about the matter.
    pub(super) of_them: Option<String>,
    /// Whether that has to do with the message.
    pub(super) of_it: bool,
    /// The stems of its telling words.
    pub(super) stems: HashSet<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fact {
    pub(super) exact: String,
    pub(super) reported: String,
}

impl Facts {
    /// What is known about a message of somebody in the chat.
    pub(super) fn about(moment: &Moment, said: &Said) -> Self {
        let mut facts = Self::to_all(moment, &said.text);
        let raw = said_about(moment, &said.text, &facts.stems);
        let asked = lower_words(&said.text);
        facts.place = raw.iter().find_map(|sentence| place_in(sentence));
        facts.amount = raw
            .iter()
            .find_map(|sentence| amount_in(sentence, &facts.stems));
        facts.when = raw.iter().find_map(|sentence| when_in(sentence));
        facts.because = raw.iter().find_map(|sentence| because_in(sentence));
        facts.person = raw.iter().find_map(|sentence| {
            let named = |noun: &Noun| noun.name && !asked.contains(&noun.text.to_lowercase());
            let here = nouns([sentence.as_str()]).into_iter().find(named);
            here.map(|noun| noun.text)
                .or_else(|| subject(sentence).filter(|name| !asked.contains(&name.to_lowercase())))
        });
        facts.said = raw
            .iter()
            .map(|sentence| Fact {
                exact: cut(&uncapitalised(sentence), 80).to_owned(),
                reported: cut(&reported(sentence), 80).to_owned(),
            })
            .collect();
        let stems = &facts.stems;
        facts.of_them = remembered(moment, &said.name, |memory| {
            3 * usize::from(names(memory, &said.name))
                + stems_of(memory).intersection(stems).count()
        });
        let stems = &facts.stems;
        facts.of_it = facts
            .of_them
            .as_deref()
            .is_some_and(|memory| !stems_of(memory).is_disjoint(stems));
        facts.of_them = facts
            .of_them
            .take()
            .map(|memory| to_whom(&memory, &said.name));
        facts
    }

    /// What a question to all lets one choose from.
    pub(super) fn to_all(moment: &Moment, text: &str) -> Self {
        let (topic, the_topic) = topic(text, moment).unzip();
        Self {
            topic,
            the_topic,
            options: options(text),
            stems: stems(text),
            ..Self::default()
        }
    }

    /// The topic becomes the stream's: what it says most and latest of its keywords' things.
    pub(super) fn of_the_stream(&mut self, moment: &Moment) {
        let keys: Vec<String> = moment
            .keywords
            .iter()
            .flat_map(|term| lower_words(term).last().map(|word| stem(word)))
            .collect();
        let found = nouns(moment.transcript.iter().map(String::as_str));
        let mut things: Vec<(usize, &Noun)> = Vec::new();
        for noun in found
            .iter()
            .filter(|noun| !noun.name && !remark::is_judging(noun.head()))
        {
            let key = keys.iter().position(|key| *key == noun.stem());
            let known = things.iter().any(|(_, thing)| thing.stem() == noun.stem());
            if !known && (key.is_some() || noun.count > 1) {
                things.push((key.unwrap_or(keys.len()), noun));
            }
        }
        things.sort_by_key(|(key, noun)| (*key, std::cmp::Reverse(noun.count)));
        let two: Vec<&Noun> = things.iter().take(2).map(|(_, noun)| *noun).collect();
        if two.is_empty() {
            self.topic = moment.keywords.first().cloned();
            self.the_topic.clone_from(&self.topic);
            return;
        }
        let joined = |text: fn(&Noun) -> String| {
            let texts: Vec<String> = two.iter().map(|noun| text(noun)).collect();
            texts.join(" and ")
        };
        self.topic = Some(joined(|noun| noun.bare().to_owned()));
        self.the_topic = Some(joined(|noun| {
            if noun.countable {
                format!("the {}", noun.bare())
            } else {
                noun.bare().to_owned()
            }
        }));
    }

    /// What is remembered becomes what somebody asks for: of them, and of the matter if they name one.
    pub(super) fn asked_to_remember(&mut self, moment: &Moment, said: &Said) {
        let asked = lower_words(&said.text);
        let mine = |word: &str| asked.windows(2).any(|two| two == ["my", word]);
        if mine("name") && !said.name.is_empty() {
            self.of_them = Some(format!("you're {}", said.name));
            return;
        }
        let own = stems(&moment.persona.name);
        let matter: HashSet<String> = self
            .stems
            .iter()
            .filter(|stem| !own.contains(*stem))
            .cloned()
            .collect();
        let of_the_matter = |memory: &str| stems(memory).intersection(&matter).count();
        self.of_them = remembered(moment, &said.name, |memory| {
            let of_them = usize::from(names(memory, &said.name));
            match (matter.is_empty(), of_the_matter(memory)) {
                (true, _) => of_them,
                (false, 0) => 0,
                (false, shared) => of_them + 2 * shared,
            }
        })
        .map(|memory| to_whom(&memory, &said.name));
    }

    /// What is remembered of what is said on the stream.
    pub(super) fn of_stream(moment: &Moment) -> Self {
        let latest: HashSet<String> = moment
            .transcript
            .iter()
            .rev()
            .take(3)
            .flat_map(|line| stems(line))
            .collect();
        Self {
            of_them: remembered(moment, "", |memory| {
                if quoted(memory).is_some() {
                    0
                } else {
                    stems_of(memory).intersection(&latest).count()
                }
            }),
            joke: moment.memories.iter().find_map(|memory| quoted(memory)),
            ..Self::default()
        }
    }

    /// What has been said lately, for somebody who has missed it.
    pub(super) fn summary(moment: &Moment) -> Vec<Fact> {
        let mut found: Vec<Fact> = Vec::new();
        let sentences = moment
            .transcript
            .iter()
            .rev()
            .flat_map(|line| sentences(line));
        for sentence in sentences {
            let words = lower_words(&sentence);
            let greets = [
                "hello", "hi", "good", "welcome", "thank", "thanks", "look", "see", "watch",
                "wait", "let's",
            ]
            .contains(&words.first().map_or("", String::as_str));
            if !greets
                && (4..=12).contains(&words.len())
                && stems(&sentence).len() >= 2
                && !sentence.ends_with('?')
            {
                found.push(Fact {
                    exact: cut(&uncapitalised(&sentence), 80).to_owned(),
                    reported: cut(&reported(&sentence), 80).to_owned(),
                });
            }
            if found.len() >= 4 {
                break;
            }
        }
        found
    }
}

fn stems_of(text: &str) -> HashSet<String> {
    stems(text)
}

/// What a message is about: a noun phrase of it, the stream's before others, or else its last words
/// that may be one.
fn topic(message: &str, moment: &Moment) -> Option<(String, String)> {
    let own = lower_words(&moment.persona.name);
    let known: HashSet<String> = moment
        .transcript
        .iter()
        .chain(&moment.keywords)
        .flat_map(|line| stems(line))
        .collect();
    let found = nouns([message]);
    let phrase = found
        .iter()
        .filter(|noun| !own.contains(&noun.text.to_lowercase()) && !remark::is_judging(noun.head()))
        .max_by_key(|noun| known.contains(&noun.stem()));
    if let Some(noun) = phrase {
        let with_the = if noun.countable {
            format!("the {}", noun.bare())
        } else {
            noun.bare().to_owned()
        };
        return Some((noun.bare().to_owned(), with_the));
    }
    let mut best: Vec<String> = Vec::new();
    for clause in clauses(message) {
        let mut run: Vec<String> = Vec::new();
        for word in lower_words(clause) {
            let out = is_asking(&word)
                || is_closed(&word)
                || remark::is_judging(&word)
                || own.contains(&word)
                || is_verb_form(&word)
                || is_number(&word);
            if out {
                run.clear();
            } else {
                run.push(word);
            }
        }
        let whole = run.len() <= 2 && run.last().is_some_and(|head| can_be_noun(head));
        if whole
            && run
                .iter()
                .all(|word| can_be_noun(word) || is_adjective(word))
        {
            best = run;
        }
    }
    (!best.is_empty()).then(|| (best.join(" "), best.join(" ")))
}

/// The sentences of the transcript, and of other people's messages, that share the most telling
/// words with the message; of equals the latest.
fn said_about(moment: &Moment, message: &str, wanted: &HashSet<String>) -> Vec<String> {
    let asked = lower_words(message).join(" ");
    let mut found: Vec<(usize, usize, String)> = moment
        .transcript
        .iter()
        .flat_map(|line| sentences(line))
        .enumerate()
        .filter_map(|(at, sentence)| {
            let words = lower_words(&sentence);
            let shared = stems(&sentence).intersection(wanted).count();
            let fits = (2..=16).contains(&words.len())
                && shared > 0
                && !sentence.ends_with('?')
                && !asked.contains(&words.join(" "));
            fits.then_some((shared, at, sentence))
        })
        .collect();
    found.sort_by(|a, b| b.cmp(a));
    // One word of a long question is no evidence that this answers it.
    let best = found.first().map_or(0, |(shared, ..)| *shared);
    let enough = if wanted.len() >= 4 { 2 } else { 1 };
    found
        .into_iter()
        .filter(|(shared, ..)| *shared == best && best >= enough)
        .take(MAX_SAID)
        .map(|(_, _, sentence)| sentence)
        .collect()
}

/// The first word of a sentence, if it may be somebody's name.
fn subject(sentence: &str) -> Option<String> {
    let first = words(sentence).next()?;
    let lower = first.to_lowercase();
    let may_be = first.starts_with(char::is_uppercase) && can_be_noun(&lower) && !is_plural(&lower);
    may_be.then(|| first.to_owned())
}

#[cfg(test)]
mod tests;
