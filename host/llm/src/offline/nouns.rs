//! The noun phrases and names in what was said: what a line can speak of.
//!
//! Told by form alone: a determiner or a preposition, adjectives and a noun or two, up to a mark or a
//! word that ends a phrase (`the little red lamp`, `a tin of smoked tea`). What could be read in
//! another way (`the penguin slides`) is left out: better no word than one in a wrong place.

use super::{
    lexicon::{
        can_be_noun, is_adjective, is_calendar, is_closed, is_determiner, is_number, is_plural,
        is_preposition, is_verb_form,
    },
    text::{is_common, stem},
};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Noun {
    /// Without an article, in lower case unless it is a name.
    pub(super) text: String,
    pub(super) plural: bool,
    /// Somebody's name, or a thing's.
    pub(super) name: bool,
    /// Whether it stood with `a`, `the` or the like, so that there is one of it.
    pub(super) countable: bool,
    /// How often its last word was said.
    pub(super) count: usize,
    /// The place of the latest line that has it, counted from the beginning.
    pub(super) line: usize,
}

impl Noun {
    pub(super) fn with_the(&self) -> String {
        if self.name {
            self.text.clone()
        } else {
            format!("the {}", self.text)
        }
    }

    /// Without an article and without what only goes with `the`: `chip` of `the only chip`.
    pub(super) fn bare(&self) -> &str {
        const RANKS: [&str; 17] = [
            "favourite",
            "favorite",
            "only",
            "same",
            "whole",
            "other",
            "entire",
            "next",
            "first",
            "second",
            "third",
            "last",
            "final",
            "main",
            "right",
            "left",
            "wrong",
        ];
        let mut text = self.text.as_str();
        let is_rank = |word: &str| {
            RANKS.contains(&word)
                || matches!(word, "best" | "worst")
                || word.len() > 5 && word.ends_with("est")
        };
        while let Some((_, rest)) = text
            .split_once(' ')
            .filter(|(first, _)| !self.name && is_rank(first))
        {
            text = rest;
        }
        text
    }

    pub(super) fn head(&self) -> &str {
        self.text.rsplit(' ').next().unwrap_or(&self.text)
    }

    /// The stem of its last word.
    pub(super) fn stem(&self) -> String {
        stem(&self.head().to_lowercase())
    }
}

struct Word<'a> {
    text: &'a str,
    lower: String,
    /// Whether it begins a sentence.
    begins: bool,
    /// Whether a mark stands before or after it.
    mark_before: bool,
    mark_after: bool,
}

/// All noun phrases of the lines, the latest first.
pub(super) fn nouns<'a>(lines: impl IntoIterator<Item = &'a str>) -> Vec<Noun> {
    let lines: Vec<Vec<Word<'a>>> = lines.into_iter().map(split).collect();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut capitals: BTreeMap<&str, usize> = BTreeMap::new();
    for word in lines.iter().flatten() {
        *counts.entry(stem(&word.lower)).or_default() += 1;
        if is_capital(word.text) {
            *capitals.entry(word.text).or_default() += 1;
        }
    }
    let mut found: Vec<Noun> = Vec::new();
    for (line, words) in lines.iter().enumerate() {
        for at in 0..words.len() {
            let noun = phrase_at(words, at).or_else(|| name_at(words, at, &capitals));
            let Some(mut noun) = noun else { continue };
            noun.line = line;
            noun.count = counts.get(&noun.stem()).copied().unwrap_or(1);
            match found.iter_mut().find(|known| known.text == noun.text) {
                Some(known) => {
                    known.line = line;
                    known.countable |= noun.countable;
                }
                None => found.push(noun),
            }
        }
    }
    // `Biscuit` the cat is no biscuit, and a part of a name is none.
    let names: BTreeSet<String> = found
        .iter()
        .filter(|noun| noun.name)
        .flat_map(|noun| noun.text.split(' ').map(str::to_lowercase))
        .collect();
    found.retain(|noun| noun.name || !names.contains(noun.head()));
    found.sort_by_key(|noun| std::cmp::Reverse(noun.line));
    found
}

fn is_capital(word: &str) -> bool {
    let mut chars = word.chars();
    chars.next().is_some_and(char::is_uppercase) && chars.next().is_some_and(char::is_lowercase)
}

fn split(line: &str) -> Vec<Word<'_>> {
    let mut words: Vec<Word<'_>> = Vec::new();
    let mut begins = true;
    let mut mark = true;
    // What the transcript puts into brackets was not said.
    let mut bracket = false;
    for raw in line.split_whitespace() {
        bracket |= raw.starts_with(['[', '(']);
        if bracket {
            bracket = !raw.contains([']', ')']);
            (begins, mark) = (true, true);
            continue;
        }
        let text = raw.trim_matches(|c: char| !c.is_alphanumeric());
        let opens = raw.starts_with(['"', '“']);
        if text.is_empty() {
            mark = true;
            continue;
        }
        let ends = raw.ends_with(|c: char| !c.is_alphanumeric() && c != '\'');
        words.push(Word {
            text,
            lower: text.to_lowercase().replace('’', "'"),
            begins: begins || opens,
            mark_before: mark || opens,
            mark_after: ends,
        });
        mark = ends;
        begins = raw.ends_with(['.', '!', '?', ':', '…', '"', '”']);
    }
    if let Some(last) = words.last_mut() {
        last.mark_after = true;
    }
    words
}

/// The phrase that the determiner or preposition at a place opens.
fn phrase_at(words: &[Word<'_>], at: usize) -> Option<Noun> {
    let opener = &words[at];
    let number = is_number(&opener.lower);
    let determined = is_determiner(&opener.lower) || number;
    if opener.mark_after || !(determined || is_preposition(&opener.lower)) {
        return None;
    }
    let mut run: Vec<&Word<'_>> = Vec::new();
    let mut closed = false;
    for word in &words[at + 1..] {
        // `an honest kind of ugly`
        if matches!(
            word.lower.as_str(),
            "kind" | "sort" | "type" | "piece" | "one"
        ) {
            return None;
        }
        if is_closed(&word.lower) || is_number(&word.lower) || word.text.contains('\'') {
            closed = !word.text.contains('\'');
            break;
        }
        run.push(word);
        if word.mark_after {
            closed = true;
            break;
        }
    }
    if !closed {
        return None;
    }
    let first = run.iter().position(|word| !is_adjective(&word.lower))?;
    let rest = &run[first..];
    let named = rest.iter().all(|word| is_capital(word.text));
    let one = || {
        matches!(
            opener.lower.as_str(),
            "a" | "an" | "this" | "that" | "another" | "each" | "every"
        )
    };
    let nouns = match rest {
        [noun] if can_be_noun(&noun.lower) => 1,
        // `the cable touched the rail`
        [noun, verb]
            if is_past(&verb.lower) && can_be_noun(&noun.lower) && !is_plural(&noun.lower) =>
        {
            1
        }
        // `the filter capacitors` is one phrase, `the penguin slides faster` is none
        [noun, last] if can_be_noun(&noun.lower) && can_be_noun(&last.lower) => {
            let doubtful = is_plural(&last.lower) && (one() || !last.mark_after) && !number
                || is_plural(&noun.lower);
            if doubtful {
                return None;
            }
            2
        }
        _ => return None,
    };
    // Without a determiner only a phrase that surely ends here.
    if !determined && (first + nouns > 2 || named) {
        return None;
    }
    let kept = &run[..first + nouns];
    let last = kept.last()?;
    let plural = is_plural(&last.lower) || matches!(opener.lower.as_str(), "these" | "those");
    if one() && is_plural(&last.lower) && !named {
        return None;
    }
    let text: Vec<String> = kept
        .iter()
        .map(|word| {
            if named && !is_adjective(&word.lower) {
                word.text.to_owned()
            } else {
                word.lower.clone()
            }
        })
        .collect();
    let text = text.join(" ");
    let free = matches!(opener.lower.as_str(), "no" | "some" | "any");
    (text.chars().count() <= 30).then_some(Noun {
        text,
        plural,
        name: false,
        countable: determined && !plural && !free,
        count: 0,
        line: 0,
    })
}

fn is_past(word: &str) -> bool {
    is_verb_form(word) || word.len() > 4 && word.ends_with("ed")
}

/// Somebody's name at a place: a capital inside of a sentence, or at its beginning if the word has a
/// capital elsewhere too.
fn name_at(words: &[Word<'_>], at: usize, capitals: &BTreeMap<&str, usize>) -> Option<Noun> {
    let word = &words[at];
    let may_be = is_capital(word.text)
        && (3..=16).contains(&word.text.chars().count())
        && word.text.chars().all(char::is_alphabetic)
        && !is_common(&word.lower)
        && !is_calendar(&word.lower)
        && !is_adjective(&word.lower)
        && !is_verb_form(&word.lower)
        && !is_number(&word.lower);
    if !may_be {
        return None;
    }
    let before = at
        .checked_sub(1)
        .and_then(|before| words.get(before))
        .filter(|_| !word.mark_before);
    // `in Turin` is a place, `the Brontolo` a thing, `Mara Bell` one name.
    if before.is_some_and(|before| {
        matches!(
            before.lower.as_str(),
            "in" | "at" | "to" | "near" | "into" | "of"
        ) || is_determiner(&before.lower)
            || is_capital(before.text) && !before.begins
    }) {
        return None;
    }
    if words
        .get(at + 1)
        .is_some_and(|next| !word.mark_after && is_capital(next.text))
    {
        return None;
    }
    let after = words.get(at + 1).map_or("", |next| next.lower.as_str());
    let acts = matches!(
        after,
        "is" | "was" | "says" | "said" | "has" | "had" | "did" | "does" | "will" | "would" | "just"
    );
    let often = capitals.get(word.text).copied().unwrap_or(0) > 1;
    (!word.begins || often && (acts || word.mark_after)).then(|| Noun {
        text: word.text.to_owned(),
        plural: false,
        name: true,
        countable: false,
        count: 0,
        line: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_are_told_by_their_form() {
        let cases: &[(&str, &[&str])] = &[
            (
                "Oh my god, look at that little red lamp!",
                &["little red lamp"],
            ),
            (
                "There's a whole spider estate behind the power supply.",
                &["whole spider estate", "power supply"],
            ),
            (
                "I wiggled the cable, the cable touched the rail, and poof.",
                &["cable", "rail"],
            ),
            ("The penguin slides faster than I remember.", &[]),
            ("These are the filter capacitors.", &["filter capacitors*"]),
            ("There are nine screws in this lid.", &["screws*", "lid"]),
            (
                "Theo says honey goes in everything, but Theo sells honey.",
                &["Theo!"],
            ),
            (
                "Biscuit is my cat. Off the table, Biscuit!",
                &["Biscuit!", "cat", "table"],
            ),
            (
                "by two brothers in Turin who mostly made accordions",
                &["brothers*"],
            ),
            ("It smells of smoke.", &["smoke"]),
            ("Not bad at all, that is the way.", &[]),
            ("[laughs] It made a noise once!", &["noise"]),
            ("The dough doubled, it wobbles.", &["dough"]),
            ("The queen takes the bishop.", &["bishop", "queen"]),
            ("", &[]),
        ];
        for (said, expected) in cases {
            let mut found: Vec<String> = nouns([*said])
                .iter()
                .map(|noun| {
                    let mark = if noun.name {
                        "!"
                    } else if noun.plural {
                        "*"
                    } else {
                        ""
                    };
                    format!("{}{mark}", noun.text)
                })
                .collect();
            found.sort_unstable();
            let mut expected = expected.to_vec();
            expected.sort_unstable();
            assert_eq!(found, expected, "{said}");
        }
    }

    #[test]
    fn ranks_go_only_with_an_article() {
        for (said, expected) in [
            ("It is the only chip.", "chip"),
            ("What a nice old whole cake.", "nice old whole cake"),
            ("The angriest hive is his.", "hive"),
        ] {
            assert_eq!(nouns([said])[0].bare(), expected);
        }
    }

    #[test]
    fn the_latest_comes_first_and_what_was_said_is_counted() {
        let found = nouns(["Look at the lamp.", "The lamps went out.", "Now the rail."]);
        let told: Vec<_> = found
            .iter()
            .map(|noun| (noun.text.as_str(), noun.count))
            .collect();
        assert_eq!(told, [("rail", 1), ("lamps", 2), ("lamp", 2)]);
    }
}
