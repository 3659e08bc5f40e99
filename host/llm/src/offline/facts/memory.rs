//! What is remembered: which of it fits, and how it is told to whom it is of.

use crate::offline::{
    prompt::Moment,
    spans::uncapitalised,
    text::{contains, cut, lower_words, stem, stems},
    write::replace_words,
};
use std::collections::HashSet;

/// The longest piece of memory in a line, in characters.
const MAX_MEMORY: usize = 70;

pub(super) fn names(memory: &str, name: &str) -> bool {
    contains(&lower_words(memory), &lower_words(name))
}

/// A memory of somebody, said to them: `ana likes tea` becomes `you like tea`, and `their` `your`.
pub(super) fn to_whom(memory: &str, name: &str) -> String {
    let told = in_second_person(memory, name);
    if told == memory {
        told
    } else {
        replace_words(&told, "their", "your")
    }
}

fn in_second_person(memory: &str, name: &str) -> String {
    let lower = memory.to_lowercase();
    let start = name.to_lowercase();
    let rest = lower
        .strip_prefix(&start)
        .filter(|_| !start.is_empty())
        .and_then(|rest| memory.get(memory.len() - rest.len()..));
    let Some(rest) = rest else {
        return memory.to_owned();
    };
    if let Some(rest) = rest.strip_prefix("'s ") {
        return format!("your {rest}");
    }
    let Some((verb, object)) = rest.strip_prefix(' ').and_then(|rest| rest.split_once(' ')) else {
        return memory.to_owned();
    };
    match verb {
        "is" => format!("you're {object}"),
        "was" => format!("you were {object}"),
        "has" => format!("you have {object}"),
        "does" | "goes" => format!("you {} {object}", verb.trim_end_matches("es")),
        "doesn't" => format!("you don't {object}"),
        _ if verb.ends_with("ies") => format!("you {}y {object}", verb.trim_end_matches("ies")),
        _ if verb.ends_with('s') && !verb.ends_with("ss") => {
            format!("you {} {object}", verb.trim_end_matches('s'))
        }
        _ => format!("you {verb} {object}"),
    }
}

/// What stands between quotation marks in a memory.
pub(super) fn quoted(memory: &str) -> Option<String> {
    let (_, rest) = memory.split_once(['“', '"'])?;
    let (text, _) = rest.split_once(['”', '"'])?;
    (1..=40)
        .contains(&text.chars().count())
        .then(|| text.to_lowercase())
}

/// The memory that fits best; of equals the first, as the memory ordered them.
pub(super) fn remembered(
    moment: &Moment,
    name: &str,
    fit: impl Fn(&str) -> usize,
) -> Option<String> {
    let said: Option<HashSet<String>> = moment.answer.as_ref().map(|said| {
        lower_words(&said.text)
            .iter()
            .map(|word| stem(word))
            .collect()
    });
    // Neither somebody's name nor what they have said just now is worth bringing up.
    let is_news = |memory: &str| {
        let mut told = stems(memory);
        for word in lower_words(name) {
            told.remove(&stem(&word));
        }
        told.remove(&stem("called"));
        let repeats = said.as_ref().is_some_and(|said| told.is_subset(said));
        !(told.is_empty() || repeats && told.len() > 1)
    };
    let best = moment
        .memories
        .iter()
        // That somebody is back is told by a greeting, and needs no words.
        .filter(|memory| !memory.contains("was here before"))
        .filter(|memory| is_news(memory))
        .rev()
        .max_by_key(|memory| fit(memory))
        .filter(|memory| fit(memory) > 0)?;
    // `ana: likes trains`
    let best = best
        .split_once(": ")
        .map_or(best.as_str(), |(_, note)| note);
    Some(cut(uncapitalised(best).trim_end_matches('.'), MAX_MEMORY).to_owned())
}
