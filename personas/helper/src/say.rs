//! The words of what it says by itself, without the model.

use crate::question::{self, Query};
use persona_sdk::Rng;

/// More words than that of a sentence are not quoted.
const QUOTED_WORDS: usize = 18;

/// When nobody has said it yet.
pub(crate) const OPEN: &[&str] = &[
    "not said yet, i'll tell you when it comes up",
    "nobody said so far, i'm keeping the question",
    "i don't know yet, i'll come back to you",
    "hasn't come up yet, i'm listening for it",
];

/// When there is nothing to look for.
pub(crate) const UNKNOWN: &[&str] = &[
    "i don't know, sorry",
    "no idea, nobody said",
    "can't tell, nobody said anything about it",
];

/// To thanks.
pub(crate) const WELCOME: &[&str] = &[
    "any time",
    "you're welcome",
    "sure",
    "happy to",
    "of course",
];

/// To a hello, before the name.
pub(crate) const HELLO: &[&str] = &["hi", "hello", "hey", "good to see you"];

/// One of these.
pub(crate) fn one(of: &[&str], rng: &mut Rng) -> String {
    rng.pick(of)
        .map_or_else(String::new, |words| (*words).into())
}

/// `just now`, `4 min ago`, `2 h ago`.
pub(crate) fn ago(at: u64, now: u64) -> String {
    match now.saturating_sub(at) / 60_000 {
        0 => "just now".into(),
        minutes @ 1..90 => format!("{minutes} min ago"),
        minutes => format!("{} h ago", (minutes + 30) / 60),
    }
}

/// A sentence as it is quoted: without its full stop, and of a long one the part that has to do with
/// the question.
pub(crate) fn excerpt(sentence: &str, query: &Query) -> String {
    let bare = |text: &str| {
        text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '.' | ',' | ';'))
            .to_owned()
    };
    let count = |text: &str| text.split_whitespace().count();
    if count(sentence) <= QUOTED_WORDS {
        return bare(sentence);
    }
    let clauses: Vec<&str> = sentence.split_inclusive([',', ';', ':']).collect();
    let shared = |clause: &&str| {
        let stems = question::stems(clause);
        let words = query
            .words
            .iter()
            .filter(|word| stems.contains(word))
            .count();
        2 * words + usize::from(query.fits(clause))
    };
    let best = (0..clauses.len())
        .rev()
        .max_by_key(|&at| shared(&clauses[at]))
        .unwrap_or(0);
    let mut part = clauses[best].to_owned();
    for clause in &clauses[best + 1..] {
        if count(&part) + count(clause) > QUOTED_WORDS {
            break;
        }
        part.push_str(clause);
    }
    let words: Vec<&str> = part.split_whitespace().take(QUOTED_WORDS).collect();
    bare(&words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_how_long_ago() {
        let cases = [
            (59, "just now"),
            (60, "1 min ago"),
            (300, "5 min ago"),
            (5400, "2 h ago"),
            (8000, "2 h ago"),
        ];
        for (seconds, wanted) in cases {
            assert_eq!(ago(0, seconds * 1000), wanted);
        }
    }

    #[test]
    fn quotes_the_part_that_matters() {
        let query = Query::of("who built it in 1981?", "Pip");
        assert_eq!(
            excerpt("Two brothers built it.", &query),
            "Two brothers built it"
        );
        let long = "Well this one here on my bench is quite a heavy old thing, it was built in 1981 by two brothers, and \
                    then somebody dropped it down the stairs of a church";
        assert_eq!(
            excerpt(long, &query),
            "it was built in 1981 by two brothers"
        );
        let endless = "word ".repeat(40);
        assert_eq!(excerpt(&endless, &query).split(' ').count(), QUOTED_WORDS);
    }
}
