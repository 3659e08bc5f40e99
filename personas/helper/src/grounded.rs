//! Whether an answer says no more than is known.

use crate::question::{self, Kind, Query};
use persona_sdk::words;

/// What a model says that has found nothing.
const DOES_NOT_KNOW: &[&str] = &[
    "not said",
    "nobody said",
    "nobody has said",
    "no one said",
    "don't know",
    "dont know",
    "no idea",
    "not sure",
    "wasn't said",
    "hasn't been said",
    "hasn't said",
    "not mentioned",
    "unknown",
    "can't say",
];

/// What an answer comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It says what is known.
    Grounded,
    /// It says that it doesn't know.
    Unknown,
    /// It says more than is known, or nothing of it.
    Invented,
}

/// Weighs an answer against what it may rest on. Its numbers and names have to stand there or in the
/// question, so do most of its telling words, and one of them has to be more than the question
/// said.
pub(crate) fn weigh(answer: &str, question: &str, query: &Query, facts: &[&str]) -> Verdict {
    if DOES_NOT_KNOW
        .iter()
        .any(|words| words::has_phrase(answer, words))
    {
        return Verdict::Unknown;
    }
    let known = |list: fn(&str) -> Vec<String>| -> Vec<String> {
        facts
            .iter()
            .flat_map(|fact| list(fact))
            .chain(list(question))
            .collect()
    };
    let numbers = known(|text| question::numbers(text).collect());
    let said = known(|text| words::all(text).collect());
    let stems = known(question::stems);
    let asked = question::stems(question);
    let has_all_numbers = question::numbers(answer).all(|number| numbers.contains(&number));
    let has_all_names = question::names(answer).all(|name| {
        said.iter()
            .any(|word| word.strip_suffix("'s").unwrap_or(word) == name)
    });
    let telling = question::stems(answer);
    let unknown = telling.iter().filter(|stem| !stems.contains(stem)).count();
    let counts = query.kind != Kind::Count || question::numbers(answer).next().is_some();
    let adds = telling
        .iter()
        .any(|stem| stems.contains(stem) && !asked.contains(stem))
        || question::numbers(answer).next().is_some();
    if has_all_numbers && has_all_names && adds && counts && unknown * 3 <= telling.len() {
        Verdict::Grounded
    } else {
        Verdict::Invented
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_no_more_than_is_known() {
        let facts = [
            "There are nine screws in this lid.",
            "The Brontolo Three was built by two brothers in Turin.",
        ];
        let cases = [
            (
                "how many screws?",
                "nine screws in the lid",
                Verdict::Grounded,
            ),
            ("how many screws?", "nine", Verdict::Grounded),
            (
                "how many screws?",
                "eleven screws in the lid",
                Verdict::Invented,
            ),
            (
                "how many screws?",
                "a few screws in the lid",
                Verdict::Invented,
            ),
            ("how many screws?", "nobody said that yet", Verdict::Unknown),
            ("who built it?", "two brothers in Turin", Verdict::Grounded),
            ("who built it?", "two brothers in Milan", Verdict::Invented),
            (
                "who built it?",
                "probably Yamaha engineers around Hamamatsu",
                Verdict::Invented,
            ),
            ("who built it?", "somebody built it", Verdict::Invented),
            (
                "who built it?",
                "that is a great question my friend",
                Verdict::Invented,
            ),
        ];
        for (question, answer, wanted) in cases {
            let query = Query::of(question, "Pip");
            assert_eq!(
                weigh(answer, question, &query, &facts),
                wanted,
                "{question} {answer}"
            );
        }
    }
}
