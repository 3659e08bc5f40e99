//! What the stream is about, and how a word of it may be used in a sentence.

use super::{
    prompt::Moment,
    text::{Words, clauses, contains, is_common, lower_words, words},
};
use std::{collections::HashMap, sync::LazyLock};

/// The longest term that is put into a line, in characters.
const MAX_CHARS: usize = 30;

/// What a term can stand for in a sentence. Guessed from its neighbours and its ending; what can't
/// be guessed is only put where anything fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Noun,
    Name,
    Ing,
    Adjective,
    Verb,
    Other,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Term {
    pub(super) text: String,
    /// Its words in lower case.
    pub(super) words: Vec<String>,
    pub(super) class: Class,
    pub(super) plural: bool,
}

static BEFORE_NOUN: Words = LazyLock::new(|| NOUNS_FOLLOW.split_whitespace().collect());
static BEFORE_VERB: Words = LazyLock::new(|| VERBS_FOLLOW.split_whitespace().collect());
static BEFORE_ADJECTIVE: Words = LazyLock::new(|| ADJECTIVES_FOLLOW.split_whitespace().collect());

const NOUNS_FOLLOW: &str = "the a an this these those my your our his her their its some any every each no another \
    of with for in on at from by into over under two three four five first last next";
const VERBS_FOLLOW: &str = "to will would can could should must gonna let's i we they you he she it who don't didn't won't";
const ADJECTIVES_FOLLOW: &str =
    "so very really is are was were too pretty quite feels looks more most";
const NO_ING: &str = "king ring spring string morning evening ceiling wing thing pudding building";

impl Term {
    /// How `text` is used in `corpus`. None if it is nothing to be put into a line.
    pub(super) fn new<'a>(text: &str, corpus: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let text = text.trim();
        let fits = !text.is_empty()
            && text.chars().count() <= MAX_CHARS
            && text.split_whitespace().count() <= 3
            && text
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, ' ' | '\'' | '’' | '-'));
        if !fits {
            return None;
        }
        let wanted = lower_words(text);
        let head = wanted.last()?.clone();
        let (mut noun, mut name, mut verb, mut adjective, mut many) = (0.0, 0.0, 0.0, 0.0, false);
        let mut as_written = None;
        for clause in corpus.into_iter().flat_map(clauses) {
            let written: Vec<&str> = words(clause).collect();
            let lower = lower_words(clause);
            for at in 0..lower.len() {
                if !lower[at..].starts_with(&wanted) {
                    continue;
                }
                if at > 0 && written[at].starts_with(char::is_uppercase) && written[at].len() > 1 {
                    name += 2.0;
                    as_written = Some(written[at..at + wanted.len()].join(" "));
                }
                let before = at
                    .checked_sub(1)
                    .map_or("", |before| lower[before].as_str());
                let after = lower.get(at + wanted.len()).map_or("", String::as_str);
                if BEFORE_NOUN.contains(before) {
                    // `the big boss`: what stands before a telling word may be an adjective, but
                    // not if that is likely a verb: `the penguin slides`.
                    if after.is_empty() || is_common(after) {
                        noun += 2.0;
                    } else if after.ends_with('s') || after.ends_with("ed") {
                        noun += 1.0;
                    } else {
                        adjective += 0.5;
                    }
                    many |= matches!(
                        before,
                        "these" | "those" | "two" | "three" | "four" | "five"
                    );
                }
                verb += f64::from(BEFORE_VERB.contains(before)) * 2.0;
                adjective += f64::from(
                    BEFORE_ADJECTIVE.contains(before) && (after.is_empty() || is_common(after)),
                );
                noun += f64::from(matches!(
                    after,
                    "is" | "are" | "was" | "were" | "has" | "had" | "of"
                ));
            }
        }
        let ends = |endings: &[&str]| {
            endings
                .iter()
                .any(|ending| head.len() > ending.len() + 2 && head.ends_with(ending))
        };
        let is_ing = ends(&["ing"]) && !NO_ING.split_whitespace().any(|other| other == head);
        verb += f64::from(is_ing) * 1.5;
        verb += f64::from(ends(&["ed", "ly"])) * 1.5;
        adjective += f64::from(ends(&["ous", "ful", "ible", "able", "ive", "less", "ish"]));
        noun += f64::from(wanted.len() > 1 && verb == 0.0);
        noun += f64::from(ends(&["tion", "ment", "ness", "ity", "ship"])) * 0.5;
        let class = if name > noun && name >= verb {
            Class::Name
        } else if noun > 0.0 && noun >= verb && noun >= adjective {
            Class::Noun
        } else if verb >= adjective && is_ing {
            Class::Ing
        } else if adjective > verb {
            Class::Adjective
        } else if verb > 0.0 {
            Class::Verb
        } else {
            Class::Other
        };
        let text = as_written
            .filter(|_| class == Class::Name)
            .unwrap_or_else(|| text.to_lowercase());
        many |= ends_like_many(&head);
        Some(Self {
            text,
            words: wanted,
            class,
            plural: class == Class::Noun && many,
        })
    }

    /// The same, taken for a noun.
    pub(super) fn taken_for_noun(mut self) -> Self {
        self.class = Class::Noun;
        self.plural = self.words.last().is_some_and(|head| ends_like_many(head));
        self
    }

    pub(super) fn is_noun(&self) -> bool {
        matches!(self.class, Class::Noun | Class::Name)
    }

    /// Whether it can stand where a noun does, if need be.
    pub(super) fn can_be_noun(&self) -> bool {
        !matches!(self.class, Class::Adjective | Class::Verb)
    }

    /// With an article if it takes one.
    pub(super) fn with_the(&self) -> String {
        if self.class == Class::Noun {
            format!("the {}", self.text)
        } else {
            self.text.clone()
        }
    }

    pub(super) fn with_that(&self) -> String {
        match (self.class, self.plural) {
            (Class::Noun, false) => format!("that {}", self.text),
            (Class::Noun, true) => format!("those {}", self.text),
            _ => self.text.clone(),
        }
    }

    pub(super) fn be(&self) -> &'static str {
        if self.plural { "are" } else { "is" }
    }
}

fn ends_like_many(word: &str) -> bool {
    let like_one = ["ss", "us", "is", "'s"]
        .iter()
        .any(|ending| word.ends_with(ending));
    word.len() > 3 && word.ends_with('s') && !like_one
}

/// The terms that the stream is about, the most telling first: the prompt's keywords, or, without
/// any, the words that say something in order of their number.
pub(super) fn of_stream(moment: &Moment) -> Vec<Term> {
    let mut found: Vec<String> = moment.keywords.clone();
    if found.is_empty() {
        found = frequent(moment.transcript.iter().map(String::as_str));
    }
    let corpus = || moment.transcript.iter().map(String::as_str);
    found
        .iter()
        .filter_map(|term| Term::new(term, corpus()))
        .take(24)
        .collect()
}

/// The words of `texts` that say what they are about, the most frequent first, then the latest.
pub(super) fn frequent<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut seen: HashMap<String, (usize, usize)> = HashMap::new();
    for (at, word) in texts
        .flat_map(lower_words)
        .enumerate()
        .filter(|(_, word)| !is_common(word))
    {
        let entry = seen.entry(word).or_default();
        *entry = (entry.0 + 1, at);
    }
    let mut found: Vec<_> = seen.into_iter().collect();
    found.sort_by_key(|(_, counted)| std::cmp::Reverse(*counted));
    found.into_iter().map(|(word, _)| word).take(12).collect()
}

/// A few words of the transcript around a noun, such as `the last platform`.
pub(super) fn phrase(term: &Term, moment: &Moment) -> Option<String> {
    if !term.is_noun() {
        return None;
    }
    let wanted = &term.words;
    moment
        .transcript
        .iter()
        .rev()
        .flat_map(|line| clauses(line))
        .find_map(|clause| {
            let lower = lower_words(clause);
            let at = lower
                .windows(wanted.len())
                .position(|window| window == wanted.as_slice())?;
            let tells = |word: &String| !is_common(word);
            let mut start = at;
            while start > 0 && at - start < 2 && tells(&lower[start - 1]) {
                start -= 1;
            }
            if start > 0
                && matches!(
                    lower[start - 1].as_str(),
                    "the" | "this" | "that" | "these" | "those"
                )
            {
                start -= 1;
            }
            let mut end = at + wanted.len();
            if lower.get(end).is_some_and(tells) && !lower.get(end + 1).is_some_and(tells) {
                end += 1;
            }
            (end - start > wanted.len() && end - start <= 5).then(|| lower[start..end].join(" "))
        })
}

/// Short stretches of the transcript that hold the term, the latest first.
pub(super) fn quotes(term: &Term, moment: &Moment) -> Vec<String> {
    let holds = |clause: &&str| {
        let lower = lower_words(clause);
        (3..=8).contains(&lower.len())
            && clause.chars().count() <= 60
            && contains(&lower, &term.words)
    };
    let clauses = moment
        .transcript
        .iter()
        .rev()
        .flat_map(|line| clauses(line));
    clauses.filter(holds).take(4).map(uncapitalised).collect()
}

/// In lower case at the beginning, unless that word is a name or `I`.
pub(super) fn uncapitalised(text: &str) -> String {
    let first = words(text).next().unwrap_or_default();
    let keeps = first == "I" || first.starts_with("I'") || !is_common(&first.to_lowercase());
    let mut chars = text.chars();
    match chars.next() {
        Some(c) if !keeps => c.to_lowercase().chain(chars).collect(),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_and_endings_tell_the_class() {
        let said = "We jump to the last platform. Those spikes again! I love my chickens. Now Greta is here with \
                    the big boss. Running is hard. This is so dangerous, don't panic. The boss is back.";
        let cases = [
            ("platform", Class::Noun, false),
            ("spikes", Class::Noun, true),
            ("chickens", Class::Noun, true),
            ("greta", Class::Name, false),
            ("boss", Class::Noun, false),
            ("big boss", Class::Noun, false),
            ("running", Class::Ing, false),
            ("dangerous", Class::Adjective, false),
            ("panic", Class::Verb, false),
            ("unheard", Class::Other, false),
        ];
        for (text, class, plural) in cases {
            let term = Term::new(text, [said]).unwrap();
            assert_eq!((term.class, term.plural), (class, plural), "{text}");
        }
        assert_eq!(Term::new("greta", [said]).unwrap().text, "Greta");
        for bad in ["", "https://x.y", "a b c d", "<b>", "x\u{202e}y"] {
            assert_eq!(Term::new(bad, [said]), None, "{bad:?}");
        }
    }

    #[test]
    fn phrases_and_quotes_hold_the_term() {
        let moment = Moment {
            transcript: vec![
                "Okay, this is the last platform, and I can't see.".into(),
                "The moving platform broke!".into(),
            ],
            ..Moment::default()
        };
        let term = Term::new("platform", moment.transcript.iter().map(String::as_str)).unwrap();
        assert_eq!(
            phrase(&term, &moment).as_deref(),
            Some("the moving platform broke")
        );
        assert_eq!(
            quotes(&term, &moment),
            ["the moving platform broke", "this is the last platform"]
        );
    }
}
