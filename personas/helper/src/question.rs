//! What a question asks for: enough to find its answer among sentences, and to tell whether two
//! questions ask the same.

use persona_sdk::{emote, words};
use serde::{Deserialize, Serialize};

/// What kind of answer is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// A number.
    Count,
    /// A name.
    Name,
    /// A time.
    When,
    /// A reason.
    Why,
    /// A person.
    Who,
    /// A place.
    Where,
    /// Anything else.
    #[default]
    What,
}

/// What a question asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Query {
    pub(crate) kind: Kind,
    /// The stems of the words that tell what it is about.
    pub(crate) words: Vec<String>,
}

/// Words that ask, and don't tell what about. A question of nothing else is about nothing that
/// could be found.
#[rustfmt::skip]
const ASKING: &[&str] = &[
    "anybody", "anyone", "ask", "asked", "bro", "bruh", "btw", "call", "called", "color", "colour",
    "curious", "everybody", "everyone", "exactly", "explain", "far", "happen", "happened",
    "happening", "hmm", "hows", "kind", "lol", "long", "mean", "means", "miss", "missed", "moment",
    "name", "named", "number", "old", "omg", "please", "pls", "question", "quick", "remember",
    "somebody", "someone", "sort", "stream", "streamer", "tell", "time", "today", "tonight", "type",
    "u", "ur", "wait", "whats", "wheres", "whos", "wondering",
];

/// Words with which a question begins even without a question mark. `is this real` may be one,
/// `is real` is none: those need the mark.
#[rustfmt::skip]
const OPENERS: &[&str] = &[
    "what", "what's", "whats", "who", "who's", "whos", "where", "where's", "wheres", "when", "why",
    "how", "how's", "which", "does", "did",
];

/// Words that ask and tell of the same thing, and the stem by which both are found: who asks what it
/// cost hears what was paid.
const MEANT: &[(&[&str], &str)] = &[
    (
        &[
            "cost", "costs", "price", "pay", "paid", "buy", "bought", "euros", "dollars", "spent",
            "spend",
        ],
        "pay",
    ),
    (
        &["build", "built", "made", "makes", "maker", "makers"],
        "build",
    ),
    (
        &[
            "fix", "fixed", "fixes", "fixing", "repair", "repaired", "repairs",
        ],
        "fix",
    ),
    (
        &["begin", "began", "begins", "start", "started", "starts"],
        "start",
    ),
];

/// Numbers in words. `one` is a pronoun as often as not.
#[rustfmt::skip]
const NUMBERS: &[&str] = &[
    "zero", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
    "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety", "hundred",
    "thousand", "million", "dozen", "half",
];

/// What a sentence has that tells when.
#[rustfmt::skip]
const TIMES: &[&str] = &[
    "today", "tonight", "tomorrow", "yesterday", "morning", "evening", "noon", "midnight",
    "o'clock", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "week",
    "weekend", "month", "year", "minute", "minutes", "hour", "hours", "later", "soon", "ago",
    "january", "february", "march", "april", "june", "july", "august", "september", "october",
    "november", "december",
];

/// Whether a line to somebody of this name asks something. Without a question mark it has to begin
/// like a question and be more than a word or two.
pub(crate) fn is_question(text: &str, name: &str) -> bool {
    let own: Vec<String> = words::all(name).collect();
    let before = ["hey", "so", "ok", "and", "but", "wait", "chat"];
    let words: Vec<String> = words::all(text)
        .skip_while(|word| before.contains(&word.as_str()) || own.contains(word))
        .collect();
    let opens = words
        .first()
        .is_some_and(|word| OPENERS.contains(&word.as_str()));
    let exclaims = words
        .get(1)
        .is_some_and(|word| matches!(word.as_str(), "a" | "an"));
    text.contains('?') && !words.is_empty() || opens && !exclaims && words.len() > 2
}

impl Query {
    /// Of a question to somebody of this name.
    pub(crate) fn of(text: &str, name: &str) -> Self {
        let text = emote::stripped(text);
        let own: Vec<String> = words::all(name).collect();
        let all: Vec<String> = words::all(&text)
            .filter(|word| !own.contains(word))
            .collect();
        let mut stems = Vec::new();
        for word in &all {
            let bare = word.strip_suffix("'s").unwrap_or(word);
            if bare.len() > 40 || words::is_stop_word(bare) || ASKING.contains(&bare) {
                continue;
            }
            let stem = stem(bare);
            if !stems.contains(&stem) {
                stems.push(stem);
            }
        }
        stems.truncate(8);
        Self {
            kind: kind(&all),
            words: stems,
        }
    }

    /// Whether two questions ask the same: for the same kind of thing, about nearly the same. One
    /// may have a word more: `how many screws` and `how many screws in the lid`.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let most = self.words.len().max(other.words.len());
        let least = self.words.len().min(other.words.len());
        let shared = self
            .words
            .iter()
            .filter(|word| other.words.iter().any(|other| is_same(word, other)))
            .count();
        let is_part = shared == least && most - least <= 1;
        self.kind == other.kind && shared > 0 && (is_part || shared * 5 >= most * 3)
    }

    /// Whether a sentence has what this kind of question asks for, as far as that can be seen.
    pub(crate) fn fits(&self, sentence: &str) -> bool {
        match self.kind {
            Kind::Count => counts(sentence).next().is_some(),
            Kind::When => {
                numbers(sentence).next().is_some()
                    || words::all(sentence).any(|word| TIMES.contains(&word.as_str()))
            }
            Kind::Why => [
                "because",
                "since",
                "cause",
                "so that",
                "that's why",
                "due to",
            ]
            .iter()
            .any(|word| words::has_phrase(sentence, word)),
            Kind::Name => {
                [
                    "called", "named", "name", "name's", "this is", "meet", "is my", "is our",
                ]
                .iter()
                .any(|word| words::has_phrase(sentence, word))
                    || names(sentence).next().is_some()
            }
            Kind::Who => {
                let somebody = [
                    "by", "man", "woman", "guy", "friend", "sister", "brother", "brothers", "mom",
                    "dad",
                ];
                names(sentence).next().is_some()
                    || words::all(sentence).any(|word| somebody.contains(&word.as_str()))
            }
            Kind::Where | Kind::What => true,
        }
    }

    /// Whether a number stands right before what is counted: `nine rusty screws`.
    pub(crate) fn is_counted(&self, sentence: &str) -> bool {
        let words: Vec<String> = words::all(sentence).collect();
        self.kind == Kind::Count
            && counts(sentence).any(|at| {
                let after = words.iter().skip(at + 1).take(2);
                after
                    .into_iter()
                    .any(|word| self.words.contains(&stem(word)))
            })
    }

    /// How much of its words has to stand in a sentence that answers it, 0 to 1: less if the sentence
    /// has what the kind of question asks for.
    pub(crate) const fn least_coverage(&self) -> f64 {
        match self.kind {
            Kind::Where | Kind::What => 0.6,
            _ => 0.45,
        }
    }

    /// Whether more than its words tells that a sentence answers it.
    pub(crate) fn is_telling(&self) -> bool {
        self.words.len() > 1
            || !self.words.is_empty()
                && matches!(self.kind, Kind::Count | Kind::When | Kind::Why | Kind::Name)
    }
}

fn kind(words: &[String]) -> Kind {
    let has = |any: &[&str]| words.iter().any(|word| any.contains(&word.as_str()));
    let pair = |first: &str, second: &[&str]| {
        words
            .windows(2)
            .any(|pair| pair[0] == first && second.contains(&pair[1].as_str()))
    };
    if pair(
        "how",
        &["many", "much", "old", "long", "far", "often", "big"],
    ) || has(&["number"])
    {
        Kind::Count
    } else if has(&["name", "named", "called", "name's"]) {
        Kind::Name
    } else if has(&["when"]) || pair("what", &["time", "day", "year"]) {
        Kind::When
    } else if has(&["why"]) {
        Kind::Why
    } else if has(&["who", "who's", "whos", "whose"]) {
        Kind::Who
    } else if has(&["where", "where's", "wheres"]) {
        Kind::Where
    } else {
        Kind::What
    }
}

/// The stems of the words that tell what a sentence is about.
pub(crate) fn stems(sentence: &str) -> Vec<String> {
    words::telling(sentence)
        .iter()
        .map(|word| stem(word.strip_suffix("'s").unwrap_or(word)))
        .collect()
}

/// The numbers in a text, as they stand there in lower case.
pub(crate) fn numbers(text: &str) -> impl Iterator<Item = String> + '_ {
    words::all(text).filter(|word| is_number(word))
}

fn is_number(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit()) || NUMBERS.contains(&word)
}

/// Where among the words of a text the numbers stand that count something; `number nine` does not.
fn counts(text: &str) -> impl Iterator<Item = usize> + '_ {
    let mut before = String::new();
    words::all(text).enumerate().filter_map(move |(at, word)| {
        let before = std::mem::replace(&mut before, word.clone());
        (is_number(&word) && before != "number").then_some(at)
    })
}

/// Words with a capital that don't begin a sentence, in lower case: names, as a rule.
pub(crate) fn names(text: &str) -> impl Iterator<Item = String> + '_ {
    let mut begins = true;
    text.split_whitespace().filter_map(move |word| {
        let first = std::mem::replace(&mut begins, word.ends_with(['.', '!', '?', ':']));
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        let mut letters = bare.chars();
        let capital = letters.next().is_some_and(char::is_uppercase);
        let is_name =
            !first && capital && letters.any(char::is_lowercase) && !bare.starts_with("I'");
        is_name.then(|| bare.to_lowercase())
    })
}

/// Whether two stems are of the same word, or one is short for the other: `synth`, `synthesizer`.
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    one == other
        || one.len().min(other.len()) >= 5 && (one.starts_with(other) || other.starts_with(one))
}

/// A word without what English hangs on it: `screws`, `screwed` and `screw` are one. Rough: what
/// counts is that both sides are treated alike.
pub(crate) fn stem(word: &str) -> String {
    let cut = |ending: &str, least: usize| {
        word.strip_suffix(ending)
            .filter(|rest| rest.chars().count() >= least)
    };
    if let Some((_, meant)) = MEANT.iter().find(|(said, _)| said.contains(&word)) {
        return (*meant).to_owned();
    }
    let base = if let Some(rest) = cut("ies", 2) {
        format!("{rest}y")
    } else if let Some(rest) = cut("ing", 3).or_else(|| cut("ed", 3)) {
        let mut letters = rest.chars().rev();
        let doubled = letters.next().is_some_and(|last| {
            letters.next() == Some(last) && !matches!(last, 'l' | 's' | 'z' | 'e')
        });
        if doubled {
            rest[..rest.len() - 1].to_owned()
        } else {
            rest.to_owned()
        }
    } else if let Some(rest) = cut("s", 3).filter(|rest| !rest.ends_with(['s', 'u', 'i'])) {
        rest.to_owned()
    } else {
        word.to_owned()
    };
    match base.strip_suffix('e') {
        Some(rest) if rest.chars().count() >= 3 => rest.to_owned(),
        _ => base,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_questions_from_the_rest() {
        let yes = [
            "how many screws?",
            "whats the name of the cat",
            "pip? is it dead?",
            "so what did he say",
            "where does it come from",
            "pip how many screws are there",
        ];
        let no = [
            "what a jump",
            "nice",
            "?",
            "is this real",
            "who knows",
            "that's how it works",
        ];
        for text in yes {
            assert!(is_question(text, "Pip"), "{text}");
        }
        for text in no {
            assert!(!is_question(text, "Pip"), "{text}");
        }
    }

    #[test]
    fn reads_what_is_asked_for() {
        let cases: [(&str, Kind, &[&str]); 8] = [
            (
                "how many screws are in the lid?",
                Kind::Count,
                &["screw", "lid"],
            ),
            ("pip what's the name of the cat?", Kind::Name, &["cat"]),
            ("when does the auction end", Kind::When, &["auction", "end"]),
            (
                "why is the Brontolo dead?",
                Kind::Why,
                &["brontolo", "dead"],
            ),
            ("who built it?", Kind::Who, &["build"]),
            (
                "where did the synthesizer come from",
                Kind::Where,
                &["synthesizer"],
            ),
            ("what's going on?", Kind::What, &[]),
            (
                "which capacitors were replaced :think:",
                Kind::What,
                &["capacitor", "replac"],
            ),
        ];
        for (text, kind, words) in cases {
            let query = Query::of(text, "Pip");
            assert_eq!(
                (query.kind, query.words),
                (kind, words.iter().map(|word| (*word).into()).collect()),
                "{text}"
            );
        }
    }

    #[test]
    fn the_same_question_in_other_words() {
        let cases = [
            (
                "how many screws are in the lid?",
                "how many screws has that lid",
                true,
            ),
            (
                "what's the name of the cat?",
                "what is the cat called",
                true,
            ),
            (
                "what's the name of the cat?",
                "what does the cat eat?",
                false,
            ),
            ("how many screws?", "how many screws are in the lid?", true),
            (
                "how many screws?",
                "how many rusty screws are in the lid?",
                false,
            ),
            ("how many screws?", "where are the screws?", false),
            ("what?", "what is it?", false),
            ("who built the synth", "who sold the synth", false),
        ];
        for (one, other, wanted) in cases {
            let like = Query::of(one, "Pip").is_like(&Query::of(other, "Pip"));
            assert_eq!(like, wanted, "{one} / {other}");
        }
    }

    #[test]
    fn stems_are_the_same_on_both_sides() {
        let same = [
            ("screws", "screw"),
            ("replaced", "replace"),
            ("replacing", "replace"),
            ("batteries", "battery"),
            ("stopped", "stop"),
            ("calling", "call"),
            ("notes", "note"),
            ("boss", "boss"),
            ("bus", "bus"),
        ];
        for (one, other) in same {
            assert_eq!(stem(one), stem(other));
        }
        assert_ne!(stem("king"), stem("k"));
    }

    #[test]
    fn names_and_numbers_are_seen() {
        assert_eq!(
            names("This is the Brontolo Three. It was built in Turin.").collect::<Vec<_>>(),
            ["brontolo", "three", "turin"]
        );
        assert_eq!(
            numbers("nine screws, 2 cats and one of those").collect::<Vec<_>>(),
            ["nine", "2"]
        );
    }
}
