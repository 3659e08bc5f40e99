//! The summary, after SumBasic (Nenkova, Vanderwende: "The Impact of Frequency on Summarization",
//! 2005): the sentences whose words are the most probable, the words of a chosen one becoming less
//! probable (squared), so that the next says something else. Chosen ones are told in the order of
//! time. Other than there, a word that stands in one sentence only has no say: squaring would leave
//! the remarks made in passing as the most probable.

use crate::{text, writing};
use std::collections::HashMap;

/// The longest summary, in characters.
pub(crate) const MAX_CHARS: usize = 300;
/// The most sentences in it.
const MAX_SENTENCES: usize = 2;
/// With fewer content words a sentence says too little, since SumBasic favours the short.
const MIN_WORDS: usize = 3;

/// One or two of the sentences, if one of them says something.
pub(crate) fn summary(sentences: &[&str]) -> String {
    let stems: Vec<Vec<String>> = sentences.iter().map(|sentence| content(sentence)).collect();
    let total = stems.iter().map(Vec::len).sum::<usize>().max(1) as f64;
    let mut probability: HashMap<&str, f64> = HashMap::new();
    for stem in stems.iter().flatten() {
        *probability.entry(stem).or_default() += 1.0 / total;
    }
    let once = 1.5 / total;
    for p in probability.values_mut().filter(|p| **p < once) {
        *p = 0.0;
    }
    let mut chosen: Vec<usize> = Vec::new();
    let mut left = MAX_CHARS;
    while chosen.len() < MAX_SENTENCES {
        let score = |i: usize| -> f64 {
            let sum: f64 = stems[i]
                .iter()
                .filter_map(|stem| probability.get(stem.as_str()))
                .sum();
            sum / stems[i].len() as f64
        };
        let fits = |&i: &usize| {
            stems[i].len() >= MIN_WORDS
                && score(i) > 0.0
                && !chosen.contains(&i)
                && sentences[i].chars().count() < left
                // A question says what is not known.
                && !writing::is_question(sentences[i])
        };
        let Some(best) = (0..sentences.len())
            .filter(fits)
            .max_by(|&a, &b| score(a).total_cmp(&score(b)))
        else {
            break;
        };
        for stem in &stems[best] {
            if let Some(p) = probability.get_mut(stem.as_str()) {
                *p *= *p;
            }
        }
        left -= sentences[best].chars().count() + 1;
        chosen.push(best);
    }
    chosen.sort_unstable();
    let chosen = chosen.into_iter().map(|i| sentences[i]);
    writing::join(chosen)
}

/// The stems of a sentence's content words, each once.
fn content(sentence: &str) -> Vec<String> {
    let spoken = text::spoken(sentence);
    let mut stems: Vec<String> = text::words(&spoken)
        .iter()
        .filter(|word| word.is_content())
        .map(text::Word::stem)
        .collect();
    stems.sort_unstable();
    stems.dedup();
    stems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_central_sentences_are_told_in_order() {
        let sentences = [
            "Hello everyone.",
            "So the lantern leaks oil from the tank.",
            "My neighbour Theo owns two geese and a trombone.",
            "The lantern needs a new oil tank.",
            "Does the lantern oil burn blue?",
            "Those geese play the trombone.",
        ];
        let summary = summary(&sentences);
        assert_eq!(
            summary,
            "The lantern needs a new oil tank. Those geese play the trombone."
        );
    }

    #[test]
    fn sentences_of_any_script_are_told() {
        let cases: [(&str, &[&str], &str); 3] = [
            (
                "Chinese",
                &[
                    "大家好。",
                    "黄铜灯笼的油箱漏油了。",
                    "灯笼的油箱会着火吗？",
                    "黄铜灯笼需要新的油箱。",
                ],
                "黄铜灯笼的油箱漏油了。黄铜灯笼需要新的油箱。",
            ),
            (
                "Japanese",
                &[
                    "こんにちは。",
                    "ランタンのタンクから油が漏れています。",
                    "ランタンには新しいタンクが必要です。",
                ],
                "ランタンのタンクから油が漏れています。ランタンには新しいタンクが必要です。",
            ),
            (
                "Greek",
                &[
                    "Γεια σας.",
                    "Το φανάρι χρειάζεται καινούργιο ντεπόζιτο λαδιού;",
                    "Το παλιό φανάρι χάνει από το ντεπόζιτο.",
                ],
                "Το παλιό φανάρι χάνει από το ντεπόζιτο.",
            ),
        ];
        for (case, sentences, expected) in cases {
            assert_eq!(summary(sentences), expected, "{case}");
        }
    }

    #[test]
    fn it_is_short_or_empty() {
        assert_eq!(summary(&[]), "");
        assert_eq!(summary(&["Oh.", "Well, well."]), "");
        let long = "lantern copper kettle ".repeat(30);
        assert_eq!(summary(&[&long]), "");
    }
}
