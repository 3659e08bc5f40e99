//! Puns, by the words that bring them up: `puns.txt`.

use super::text::{lower_words, stem};
use std::{collections::HashMap, sync::LazyLock};

struct Puns {
    lines: Vec<&'static str>,
    /// Places in the lines.
    by_stem: HashMap<String, Vec<usize>>,
}

static PUNS: LazyLock<Puns> = LazyLock::new(|| {
    let mut lines = Vec::new();
    let mut by_stem: HashMap<String, Vec<usize>> = HashMap::new();
    for line in include_str!("corpus/puns.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
    {
        let Some((words, puns)) = line.split_once(": ") else {
            continue;
        };
        for pun in puns.split(" / ") {
            for word in words.split_whitespace() {
                by_stem.entry(stem(word)).or_default().push(lines.len());
            }
            lines.push(pun.trim());
        }
    }
    Puns { lines, by_stem }
});

/// The puns that the words of a text bring up, in the text's order, each once.
pub(super) fn puns_on(text: &str) -> Vec<&'static str> {
    let Puns { lines, by_stem } = &*PUNS;
    let mut found: Vec<usize> = Vec::new();
    for word in lower_words(text) {
        for at in by_stem.get(&stem(&word)).into_iter().flatten() {
            if !found.contains(at) {
                found.push(*at);
            }
        }
    }
    found.into_iter().map(|at| lines[at]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_brings_up_its_puns() {
        assert!(PUNS.lines.len() > 150, "{} puns", PUNS.lines.len());
        for (text, wanted) in [
            ("all those screws!", true),
            ("the Queen, again", true),
            ("so it is", false),
        ] {
            assert_eq!(!puns_on(text).is_empty(), wanted, "{text}");
        }
    }
}
