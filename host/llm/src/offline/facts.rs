//! What is known about a message that is to be answered, all of it found in the prompt.

use super::{
    lexicon::{
        can_be_noun, is_adjective, is_closed, is_number, is_plural, is_verb_form, leads_to_place,
    },
    message,
    nouns::{Noun, nouns},
    options::options,
    prompt::{Moment, Said},
    text::{clauses, contains, cut, is_asking, is_common, lower_words, stem, stems, words},
};
use std::collections::HashSet;

/// How many stretches of the transcript are kept for an answer.
const MAX_SAID: usize = 3;

/// The longest piece of memory in a line, in characters.
const MAX_MEMORY: usize = 70;

#[derive(Debug, Default)]
pub(super) struct Facts {
    /// What the message is about.
    pub(super) topic: Option<String>,
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
        facts.of_them = remembered(moment, |memory| {
            3 * usize::from(names(memory, &said.name))
                + stems_of(memory).intersection(stems).count()
        });
        facts
    }

    /// What a question to all lets one choose from.
    pub(super) fn to_all(moment: &Moment, text: &str) -> Self {
        Self {
            topic: topic(text, moment),
            options: options(text),
            stems: stems(text),
            ..Self::default()
        }
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
            of_them: remembered(moment, |memory| {
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
            if (4..=12).contains(&words.len())
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
fn topic(message: &str, moment: &Moment) -> Option<String> {
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
        .filter(|noun| {
            !own.contains(&noun.text.to_lowercase()) && !message::is_judging(noun.head())
        })
        .max_by_key(|noun| known.contains(&noun.stem()));
    if let Some(noun) = phrase {
        return Some(noun.text.clone());
    }
    let mut best: Vec<String> = Vec::new();
    for clause in clauses(message) {
        let mut run: Vec<String> = Vec::new();
        for word in lower_words(clause) {
            let out = is_asking(&word)
                || is_closed(&word)
                || message::is_judging(&word)
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
    (!best.is_empty()).then(|| best.join(" "))
}

/// The sentences of a line, without what stands in brackets.
pub(super) fn sentences(line: &str) -> Vec<String> {
    let mut bare = String::with_capacity(line.len());
    let mut depth = 0_u32;
    for c in line.chars() {
        match c {
            '[' | '(' => depth += 1,
            ']' | ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 => bare.push(c),
            _ => {}
        }
    }
    bare.split_inclusive(['.', '!', '?', ';'])
        .map(|sentence| {
            let sentence = sentence.trim().trim_matches(['"', '“', '”', ' ']);
            sentence.trim_end_matches(['.', '!', ';']).trim().to_owned()
        })
        .filter(|sentence| !sentence.is_empty())
        .collect()
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

/// Into reported speech: who said `I` or `we` becomes `they`, and what only joins sentences goes.
fn reported(sentence: &str) -> String {
    const JOINS: [&str; 10] = [
        "and", "but", "so", "okay", "ok", "oh", "well", "now", "right", "yes",
    ];
    let mut sentence = sentence;
    while let Some((first, rest)) = sentence.split_once(' ') {
        let word = first.trim_end_matches(',').to_lowercase();
        if !JOINS.contains(&word.as_str()) || rest.split(' ').count() < 3 {
            break;
        }
        sentence = rest.trim_start();
    }
    let mut after_they = false;
    let words = sentence.split_whitespace().map(|word| {
        let (bare, mark) = match word.strip_suffix(',') {
            Some(bare) => (bare, ","),
            None => (word, ""),
        };
        let lower = bare.to_lowercase().replace('’', "'");
        let other = match lower.as_str() {
            "i" | "we" => "they",
            "i'm" | "we're" => "they're",
            "i've" | "we've" => "they've",
            "i'll" | "we'll" => "they'll",
            "i'd" | "we'd" => "they'd",
            "my" | "our" => "their",
            "mine" | "ours" => "theirs",
            "me" | "us" => "them",
            "myself" | "ourselves" => "themselves",
            "am" => "are",
            "was" if after_they => "were",
            _ => "",
        };
        after_they = other == "they";
        if other.is_empty() {
            word.to_owned()
        } else {
            format!("{other}{mark}")
        }
    });
    uncapitalised(&words.collect::<Vec<_>>().join(" "))
}

/// In lower case at the beginning, unless that word is a name or `I`.
pub(super) fn uncapitalised(text: &str) -> String {
    let first = words(text).next().unwrap_or_default();
    let lower = first.to_lowercase();
    let keeps = first == "I"
        || first.starts_with("I'")
        || !(is_common(&lower) || is_number(&lower) || is_closed(&lower));
    let mut chars = text.chars();
    match chars.next() {
        Some(c) if !keeps => c.to_lowercase().chain(chars).collect(),
        _ => text.to_owned(),
    }
}

/// The first word of a sentence, if it may be somebody's name.
fn subject(sentence: &str) -> Option<String> {
    let first = words(sentence).next()?;
    let lower = first.to_lowercase();
    let may_be = first.starts_with(char::is_uppercase) && can_be_noun(&lower) && !is_plural(&lower);
    may_be.then(|| first.to_owned())
}

fn names(memory: &str, name: &str) -> bool {
    contains(&lower_words(memory), &lower_words(name))
}

/// What stands between quotation marks in a memory.
fn quoted(memory: &str) -> Option<String> {
    let (_, rest) = memory.split_once(['“', '"'])?;
    let (text, _) = rest.split_once(['”', '"'])?;
    (1..=40)
        .contains(&text.chars().count())
        .then(|| text.to_lowercase())
}

/// The memory that fits best; of equals the first, as the memory ordered them.
fn remembered(moment: &Moment, fit: impl Fn(&str) -> usize) -> Option<String> {
    let best = moment
        .memories
        .iter()
        // That somebody is back is told by a greeting, and needs no words.
        .filter(|memory| !memory.contains("was here before"))
        .rev()
        .max_by_key(|memory| fit(memory))
        .filter(|memory| fit(memory) > 0)?;
    // `ana: likes trains`
    let best = best
        .split_once(": ")
        .map_or(best.as_str(), |(_, note)| note);
    Some(cut(uncapitalised(best).trim_end_matches('.'), MAX_MEMORY).to_owned())
}

/// `under the old bridge`
fn place_in(sentence: &str) -> Option<String> {
    clauses(sentence).find_map(|clause| {
        let told: Vec<&str> = clause.split_whitespace().collect();
        let lower: Vec<String> = told.iter().map(|word| word.to_lowercase()).collect();
        let at = (0..lower.len()).find(|at| {
            let next = lower.get(at + 1).map_or("", String::as_str);
            leads_to_place(&lower[*at])
                && !next.is_empty()
                && (nouns([told[*at..].join(" ").as_str()])
                    .iter()
                    .any(|noun| !noun.name)
                    || told[at + 1].starts_with(char::is_uppercase))
        })?;
        let end = told.len().min(at + 5);
        let stops = |word: &String| {
            matches!(
                word.as_str(),
                "and" | "who" | "that" | "which" | "because" | "but" | "so"
            )
        };
        let end = (at + 1..end)
            .find(|next| stops(&lower[*next]))
            .unwrap_or(end);
        let mut place = told[at..end].join(" ");
        let first = lower[at].clone();
        place.replace_range(..first.len(), &first);
        Some(reported(&place))
    })
}

/// A number and what it counts. What the question asks for goes first.
pub(super) fn amount_in(text: &str, wanted: &HashSet<String>) -> Option<String> {
    let marks = [',', '.', ';', ':', '!', '?', '"'];
    let told: Vec<&str> = text.split_whitespace().collect();
    let bare = |word: &str| {
        word.trim_matches(|c: char| !c.is_alphanumeric())
            .to_lowercase()
    };
    let mut found: Vec<(bool, String)> = Vec::new();
    let mut at = 0;
    while at < told.len() {
        if !is_number(&bare(told[at])) {
            at += 1;
            continue;
        }
        let mut end = at + 1;
        // `zero point four`, `nineteen eighty-one`
        while end < told.len()
            && !told[end - 1].ends_with(marks)
            && (is_number(&bare(told[end])) || bare(told[end]) == "point")
        {
            end += 1;
        }
        let mut words: Vec<&str> = told[at..end].to_vec();
        let mut fits = false;
        if end < told.len() && !told[end - 1].ends_with(marks) {
            let next = bare(told[end]);
            if !is_closed(&next)
                || [
                    "minutes", "seconds", "hours", "days", "weeks", "years", "times", "degrees",
                ]
                .contains(&next.as_str())
            {
                fits = wanted.contains(&stem(&next));
                words.push(told[end]);
            }
        }
        let is_alone_one = words.len() == 1 && bare(words[0]) == "one";
        if !is_alone_one {
            found.push((fits, words.join(" ").trim_matches(marks).to_owned()));
        }
        at = end;
    }
    let best = found
        .iter()
        .position(|(fits, _)| *fits)
        .or((!found.is_empty()).then_some(0))?;
    Some(found.swap_remove(best).1)
}

const TIMES: &str = "today tonight tomorrow yesterday monday tuesday wednesday thursday friday saturday sunday january \
    february march april june july august september october november december noon midnight morning evening weekend";

/// `on Thursday`, `in ten minutes`, `in nineteen eighty-one`
pub(super) fn when_in(sentence: &str) -> Option<String> {
    let told: Vec<&str> = sentence.split_whitespace().collect();
    let bare = |word: &str| {
        word.trim_matches(|c: char| !c.is_alphanumeric())
            .to_lowercase()
    };
    let is_time = |word: &str| TIMES.split_whitespace().any(|time| time == word);
    for (at, word) in told.iter().enumerate() {
        let word = bare(word);
        let after: Vec<String> = told[at + 1..]
            .iter()
            .take(3)
            .map(|word| bare(word))
            .collect();
        let takes = |count: usize| {
            let text = told[at..=at + count].join(" ");
            let text = text.trim_matches(|c: char| !c.is_alphanumeric());
            Some(format!("{}{}", text[..1].to_lowercase(), &text[1..]))
        };
        if matches!(
            word.as_str(),
            "on" | "at" | "in" | "since" | "until" | "last" | "next" | "this" | "after" | "before"
        ) {
            if after.first().is_some_and(|next| is_time(next)) {
                return takes(1);
            }
            let span = ["second", "minute", "hour", "day", "week", "month", "year"];
            let is_span = |word: &String| span.iter().any(|unit| word.starts_with(unit));
            match after.as_slice() {
                [number, unit, ..] if is_number(number) && is_span(unit) => return takes(2),
                [number, more, ..] if word == "in" && is_number(number) && more.contains("ty") => {
                    return takes(2);
                }
                [number, ..]
                    if matches!(word.as_str(), "at" | "since" | "until") && is_number(number) =>
                {
                    return takes(1);
                }
                _ => {}
            }
        } else if is_time(&word) && !matches!(word.as_str(), "morning" | "evening") {
            return takes(0);
        }
    }
    None
}

/// What follows `because` or `since` in a sentence.
pub(super) fn because_in(sentence: &str) -> Option<String> {
    let lower = sentence.to_lowercase();
    if lower.len() != sentence.len() {
        return None;
    }
    let at = ["because ", " since ", " so that "]
        .iter()
        .find_map(|word| lower.find(word).map(|at| at + word.len()))?;
    let reason = clauses(&sentence[at..]).next()?;
    (reason.split_whitespace().count() >= 2).then(|| reported(cut(reason, 70)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(transcript: &[&str], memories: &[&str]) -> Moment {
        Moment {
            transcript: transcript.iter().map(|line| (*line).to_owned()).collect(),
            memories: memories.iter().map(|line| (*line).to_owned()).collect(),
            ..Moment::default()
        }
    }

    fn about(moment: &Moment, name: &str, text: &str) -> Facts {
        Facts::about(
            moment,
            &Said {
                name: name.into(),
                text: text.into(),
                ai: false,
            },
        )
    }

    #[test]
    fn reports_change_the_person() {
        for (said, expected) in [
            ("I'm going left now", "they're going left now"),
            ("We lost our last life", "they lost their last life"),
            ("I was sure, me too", "they were sure, them too"),
            ("The boss was big", "the boss was big"),
            ("Okay, so my oven is hot", "their oven is hot"),
        ] {
            assert_eq!(reported(said), expected);
        }
    }

    #[test]
    fn what_a_question_asks_for_is_found() {
        let moment = moment(
            &[
                "I hid the silver key under the old bridge. Greta fixes radios.",
                "This was built in nineteen eighty-one by two brothers in Turin.",
                "We have three lives and two checkpoints left.",
                "The penguin is angry because we stole the fish. On Thursday we tune the walrus.",
                "How long did the bread bake? We baked the bread for forty minutes.",
            ],
            &[],
        );
        type Found = fn(&Facts) -> Option<String>;
        let cases: [(&str, Found, Option<&str>); 9] = [
            (
                "where is the key?",
                |facts| facts.place.clone(),
                Some("under the old bridge"),
            ),
            (
                "who fixes the radios?",
                |facts| facts.person.clone(),
                Some("Greta"),
            ),
            (
                "how many lives?",
                |facts| facts.amount.clone(),
                Some("three lives"),
            ),
            (
                "how many checkpoints are left?",
                |facts| facts.amount.clone(),
                Some("two checkpoints"),
            ),
            (
                "why is the penguin angry?",
                |facts| facts.because.clone(),
                Some("they stole the fish"),
            ),
            (
                "when do we tune the walrus?",
                |facts| facts.when.clone(),
                Some("on Thursday"),
            ),
            (
                "when was it built?",
                |facts| facts.when.clone(),
                Some("in nineteen eighty-one"),
            ),
            (
                "how long did the bread bake?",
                |facts| facts.amount.clone(),
                Some("forty minutes"),
            ),
            ("where is the moon?", |facts| facts.place.clone(), None),
        ];
        for (asked, found, expected) in cases {
            let facts = about(&moment, "ana", asked);
            assert_eq!(found(&facts).as_deref(), expected, "{asked}: {facts:?}");
        }
    }

    #[test]
    fn memories_are_of_the_person_or_the_matter() {
        let moment = moment(&[], &["ben likes trains", "Ana bakes bread"]);
        for (name, text, expected) in [
            ("ana", "hi", Some("Ana bakes bread")),
            ("cleo", "do you like trains?", Some("ben likes trains")),
            ("an", "hi", None),
            ("", "hi", None),
        ] {
            assert_eq!(
                about(&moment, name, text).of_them.as_deref(),
                expected,
                "{name} {text}"
            );
        }
    }

    #[test]
    fn a_topic_is_something_one_can_name() {
        let moment = moment(&["The bread is in the oven."], &[]);
        for (text, expected) in [
            ("do you like pineapple pizza?", Some("pineapple pizza")),
            ("is the bread done or is the oven off?", Some("oven")),
            ("what do you think?", None),
            ("that was great", None),
        ] {
            assert_eq!(topic(text, &moment).as_deref(), expected, "{text}");
        }
    }
}
