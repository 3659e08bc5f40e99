//! Stretches of a sentence that tell something: its place, its time, its numbers, its reason.

use super::{
    lexicon::{is_closed, is_number, leads_to_place},
    nouns::nouns,
    text::{clauses, cut, is_common, stem, words},
};
use std::collections::HashSet;

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

/// Into reported speech: who said `I` or `we` becomes `they`, and what only joins sentences goes.
pub(super) fn reported(sentence: &str) -> String {
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

/// `under the old bridge`
pub(super) fn place_in(sentence: &str) -> Option<String> {
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
        Some(reported(&format!(
            "{} {}",
            lower[at],
            told[at + 1..end].join(" ")
        )))
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
            let mut chars = text.chars();
            Some(chars.next()?.to_lowercase().chain(chars).collect())
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
    let reason = clauses(sentence.get(at..)?).next()?;
    (reason.split_whitespace().count() >= 2).then(|| reported(cut(reason, 70)))
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn stretches_are_found() {
        type Find = fn(&str) -> Option<String>;
        let amount: Find = |text| amount_in(text, &HashSet::new());
        let cases: [(Find, &str, Option<&str>); 12] = [
            (
                place_in,
                "I hid the key Under the old bridge, yes",
                Some("under the old bridge"),
            ),
            (
                place_in,
                "Two brothers in Turin who made accordions",
                Some("in Turin"),
            ),
            (place_in, "We go on and on", None),
            (amount, "it says zero point four", Some("zero point four")),
            (amount, "only 40%, sadly", Some("40%")),
            (amount, "that one", None),
            (when_in, "See you On Thursday…", Some("on Thursday")),
            (when_in, "Tomorrow we bake", Some("tomorrow")),
            (when_in, "in ten minutes it is done", Some("in ten minutes")),
            (when_in, "in the oven", None),
            (
                because_in,
                "I run because the bus left, sorry",
                Some("the bus left"),
            ),
            (because_in, "because", None),
        ];
        for (find, text, expected) in cases {
            assert_eq!(find(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn no_letter_breaks_them() {
        for text in [
            "İstanbul… because İİ ſſ",
            "“on” İ",
            "… in …",
            "at — K",
            "İ because ß é 🦀 in 🦀",
        ] {
            for text in [text, &text.to_uppercase()] {
                sentences(text);
                reported(text);
                let found = [
                    place_in(text),
                    when_in(text),
                    because_in(text),
                    amount_in(text, &HashSet::new()),
                ];
                assert!(
                    found.iter().flatten().all(|found| found.len() < 100),
                    "{text}"
                );
            }
        }
    }
}
