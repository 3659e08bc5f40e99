//! Changes of topic, after TextTiling (Hearst, "TextTiling: Segmenting Text into Multi-paragraph
//! Subtopic Passages", Computational Linguistics 23(1), 1997).
//!
//! At each gap between two sentences the content words before it are compared with those after it
//! (cosine of the counts). A gap that is much less alike than the gaps around it, by Hearst's depth
//! score, is a boundary. Other than there, blocks are counted in content words alone, the
//! cutoff is the stricter mean plus standard deviation, since a change that is none confuses a chat more
//! than a missed one, and a sentence that begins with a phrase like `anyway` goes deeper.

use crate::{
    event::{Event, round},
    lexicon,
    sentence::Sentence,
    text,
};
use std::collections::{BTreeMap, BTreeSet};

/// Content words before a gap.
const BEFORE: usize = 30;
/// Content words after a gap; a change is told when these have been said.
const AFTER: usize = 20;
/// What a turn of phrase adds to the depth.
const TURN: f64 = 0.15;
/// Boundaries are no closer than this, in milliseconds.
const MIN_APART_MS: u64 = 30_000;
/// The least depth of a boundary, however flat the rest is.
const MIN_DEPTH: f64 = 0.25;

struct Token {
    stem: String,
    word: String,
    due_ms: u64,
}

struct Gap {
    sentence: usize,
    /// The first token after it.
    token: usize,
    likeness: f64,
}

/// The changes of topic of a whole file, in the order of time.
pub(crate) fn changes(sentences: &[Sentence]) -> Vec<Event> {
    let (tokens, gaps) = gaps(sentences);
    let depths = depths(&gaps, sentences);
    let mean = depths.iter().sum::<f64>() / depths.len().max(1) as f64;
    let variance = depths
        .iter()
        .map(|depth| (depth - mean).powi(2))
        .sum::<f64>()
        / depths.len().max(1) as f64;
    let cutoff = (mean + variance.sqrt()).max(MIN_DEPTH);

    let mut deepest: Vec<usize> = (0..gaps.len()).filter(|&i| depths[i] >= cutoff).collect();
    deepest.sort_by(|&a, &b| depths[b].total_cmp(&depths[a]).then(a.cmp(&b)));
    let mut taken = BTreeSet::new();
    let mut events = Vec::new();
    for i in deepest {
        let at_ms = sentences[gaps[i].sentence].start_ms;
        let from = at_ms.saturating_sub(MIN_APART_MS - 1);
        if taken
            .range(from..at_ms.saturating_add(MIN_APART_MS))
            .next()
            .is_some()
        {
            continue;
        }
        taken.insert(at_ms);
        let block = &tokens[gaps[i].token..gaps[i].token + AFTER];
        let mut event = Event::new(
            "topic_change",
            &describe(block),
            at_ms,
            round(0.5 + 0.4 * depths[i].min(1.0)),
        );
        event.due_ms = block
            .iter()
            .map(|token| token.due_ms)
            .max()
            .unwrap_or(at_ms)
            .max(at_ms);
        events.push(event);
    }
    events
}

fn gaps(sentences: &[Sentence]) -> (Vec<Token>, Vec<Gap>) {
    let mut tokens = Vec::new();
    let mut starts = Vec::new();
    for (sentence, said) in sentences.iter().enumerate() {
        starts.push((sentence, tokens.len()));
        let spoken = text::spoken(&said.text);
        let content = text::words(&spoken)
            .into_iter()
            .filter(text::Word::is_content);
        tokens.extend(content.map(|word| Token {
            stem: word.stem(),
            word: word.lower,
            due_ms: said.due_ms,
        }));
    }
    let gaps = starts
        .into_iter()
        .filter(|&(_, token)| token >= BEFORE && token + AFTER <= tokens.len())
        .map(|(sentence, token)| {
            let likeness = cosine(
                &tokens[token - BEFORE..token],
                &tokens[token..token + AFTER],
            );
            Gap {
                sentence,
                token,
                likeness,
            }
        })
        .collect();
    (tokens, gaps)
}

fn cosine(a: &[Token], b: &[Token]) -> f64 {
    fn counts(tokens: &[Token]) -> BTreeMap<&str, f64> {
        let mut counts = BTreeMap::new();
        for token in tokens {
            *counts.entry(token.stem.as_str()).or_insert(0.0) += 1.0;
        }
        counts
    }
    let (a, b) = (counts(a), counts(b));
    let dot: f64 = a
        .iter()
        .filter_map(|(stem, n)| Some(n * b.get(stem)?))
        .sum();
    let norm = |counts: &BTreeMap<&str, f64>| counts.values().map(|n| n * n).sum::<f64>().sqrt();
    dot / (norm(&a) * norm(&b)).max(f64::MIN_POSITIVE)
}

/// How deep each gap lies below the nearest peak on either side, plus what its sentence adds.
fn depths(gaps: &[Gap], sentences: &[Sentence]) -> Vec<f64> {
    // From a gap one climbs as long as it goes up; the peak to the left of a gap is that of its left
    // neighbour if that one is at least as high.
    let climb = |likeness: &mut dyn Iterator<Item = f64>| {
        let mut peaks: Vec<f64> = Vec::new();
        let mut last = f64::NEG_INFINITY;
        for here in likeness {
            let peak = if last >= here {
                peaks.last().copied().unwrap_or(here)
            } else {
                here
            };
            peaks.push(peak);
            last = here;
        }
        peaks
    };
    let left = climb(&mut gaps.iter().map(|gap| gap.likeness));
    let mut right = climb(&mut gaps.iter().rev().map(|gap| gap.likeness));
    right.reverse();
    gaps.iter()
        .enumerate()
        .map(|(i, gap)| {
            let depth = left[i] + right[i] - 2.0 * gap.likeness;
            let lower: Vec<String> = text::words(&sentences[gap.sentence].text)
                .into_iter()
                .take(4)
                .map(|word| word.lower)
                .collect();
            depth
                + if lexicon::TURNS.at(&lower).is_some() {
                    TURN
                } else {
                    0.0
                }
        })
        .collect()
}

/// The commonest words of the new topic.
fn describe(block: &[Token]) -> String {
    let mut counts: Vec<(&Token, usize)> = Vec::new();
    for token in block {
        match counts
            .iter_mut()
            .find(|(known, _)| known.stem == token.stem)
        {
            Some((_, n)) => *n += 1,
            None => counts.push((token, 1)),
        }
    }
    counts.sort_by_key(|&(token, n)| (usize::MAX - n, usize::MAX - token.word.len()));
    let words: Vec<&str> = counts
        .iter()
        .take(3)
        .map(|(token, _)| token.word.as_str())
        .collect();
    format!("now: {}", words.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(texts: &[&str], rounds: usize, from_ms: u64) -> Vec<Sentence> {
        let texts = texts.iter().cycle().take(texts.len() * rounds);
        texts
            .enumerate()
            .map(|(i, text)| {
                let start_ms = from_ms + i as u64 * 4000;
                Sentence {
                    text: (*text).into(),
                    start_ms,
                    end_ms: start_ms + 3000,
                    due_ms: start_ms + 3000,
                }
            })
            .collect()
    }

    const BOAT: [&str; 4] = [
        "The hull takes tar and rope.",
        "A keel of oak, a mast of pine.",
        "Tar on the mast, rope on the keel.",
        "Oak hull, pine mast.",
    ];
    const BREAD: [&str; 4] = [
        "The dough rests with yeast and salt.",
        "Flour on the oven stone.",
        "Yeast eats flour, dough rises.",
        "Salt crust, hot oven.",
    ];

    #[test]
    fn a_new_topic_is_found_where_it_begins_and_told_once_it_is_clear() {
        let mut sentences = said(&BOAT, 5, 0);
        let begins = 20 * 4000;
        sentences.extend(said(&BREAD, 5, begins));
        let changes = changes(&sentences);
        assert_eq!(
            changes.iter().map(|event| event.at_ms).collect::<Vec<_>>(),
            [begins],
            "{changes:?}"
        );
        assert!(changes[0].due_ms > begins + 10_000);
        assert!(
            changes[0].text.contains("flour") || changes[0].text.contains("dough"),
            "{}",
            changes[0].text
        );
    }

    #[test]
    fn a_new_topic_is_found_in_a_script_without_spaces() {
        let boat = [
            "船体需要焦油和绳索。",
            "龙骨用橡木，桅杆用松木。",
            "桅杆涂上焦油，龙骨绑上绳索。",
            "橡木船体，松木桅杆。",
        ];
        let bread = [
            "面团里有酵母和食盐。",
            "烤箱里的石板撒上面粉。",
            "酵母发酵，面团膨胀。",
            "面粉和食盐，烤箱和石板。",
        ];
        let mut sentences = said(&boat, 6, 0);
        let begins = 24 * 4000;
        sentences.extend(said(&bread, 6, begins));
        let changes = changes(&sentences);
        let at: Vec<u64> = changes.iter().map(|event| event.at_ms).collect();
        assert_eq!(at, [begins], "{changes:?}");
        assert!(changes[0].text.contains("酵母"), "{}", changes[0].text);
    }

    #[test]
    fn one_topic_does_not_change() {
        assert_eq!(changes(&said(&BOAT, 10, 0)), []);
        assert_eq!(changes(&[]), []);
    }
}
