//! What can be counted of a chat, to be held beside what was counted of real ones.
//!
//! A word is what stands between white space and has a letter or a digit, or is an emoji or an emote
//! (`:code:`). Two texts are the same if their words are, without regard to case, marks, and letters
//! that are drawn out.

use crate::quantile::quantile;
use chatter_protocol::emote;
use std::collections::{BTreeMap, HashMap, HashSet};

/// One line of a chat.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// In milliseconds, from any start.
    pub(crate) at: i64,
    pub(crate) author: String,
    pub(crate) text: String,
}

/// So long after a line its repetition counts as one.
const ECHO_MS: i64 = 30_000;

/// The length of a hype moment.
const MOMENT_MS: i64 = 15_000;

/// So many lines in a row are compared with each other.
const COMPARED: usize = 200;

#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    pub(crate) lines: usize,
    pub(crate) minutes: f64,
    /// Lines in each minute: the 10th, 50th and 90th percentile.
    pub(crate) per_minute: [f64; 3],
    /// (σ - μ) / (σ + μ) of the times between lines (K.-I. Goh, A.-L. Barabási, "Burstiness and
    /// memory in complex systems", EPL 81, 2008): -1 like clockwork, 0 as of a Poisson process.
    pub(crate) burstiness: f64,
    /// What the busiest tenth of the speakers (rounded up) wrote.
    pub(crate) top_tenth: f64,
    /// Words in a line: the 50th and 90th percentile.
    pub(crate) words: [f64; 2],
    pub(crate) one_word: f64,
    /// Lines of one word, and lines of emotes and emoji alone.
    pub(crate) one_word_or_emotes: f64,
    /// Lines with an emote or an emoji.
    pub(crate) with_emote: f64,
    /// Lines that another author wrote within 30 s before.
    pub(crate) echoes: f64,
    /// The same, of the lines in hype moments; none if it is not known when these were.
    pub(crate) echoes_in_hype: Option<f64>,
    /// Lines per minute in hype moments, against all.
    pub(crate) hype_factor: Option<f64>,
    /// Different pairs of words among all pairs, over 200 lines each (J. Li et al., "A
    /// Diversity-Promoting Objective Function for Neural Conversation Models", 2016).
    pub(crate) distinct_2: f64,
    /// The mean BLEU of a line against the 199 others around it, by words and pairs of words (Y.
    /// Zhu et al., "Texygen", 2018); of a single word by words alone.
    pub(crate) self_bleu_2: f64,
}

impl Figures {
    /// Of the lines of a chat, in order, and the times at which a hype, a fail or a laughter began on the
    /// stream: what follows such a time within 15 s is a hype moment.
    pub(crate) fn of(lines: &[Line], roused_at: &[i64]) -> Self {
        let (Some(first), Some(last)) = (lines.first(), lines.last()) else {
            return Self::default();
        };
        let words: Vec<Vec<String>> = lines.iter().map(|line| words(&line.text)).collect();
        let counts: Vec<f64> = words.iter().map(|words| words.len() as f64).collect();
        let span = (last.at - first.at).max(1);
        let per_minute = windows(lines, 60_000, span);
        let in_moment = |at: i64| {
            roused_at
                .iter()
                .any(|from| (*from..from + MOMENT_MS).contains(&at))
        };
        let moments_ms = (first.at..=last.at)
            .step_by(100)
            .filter(|at| in_moment(*at))
            .count() as i64
            * 100;
        let echoes = echoes(lines, &words);
        let in_hype: Vec<bool> = lines
            .iter()
            .zip(&echoes)
            .filter(|(line, _)| in_moment(line.at))
            .map(|(_, echo)| *echo)
            .collect();
        let per_ms = lines.len() as f64 / span as f64;
        let hype_factor = in_hype.len() as f64 / moments_ms.max(1) as f64 / per_ms;
        let mut speakers: BTreeMap<&str, usize> = BTreeMap::new();
        for line in lines {
            *speakers.entry(&line.author).or_default() += 1;
        }
        let mut busiest: Vec<usize> = speakers.into_values().collect();
        busiest.sort_unstable_by(|a, b| b.cmp(a));
        let tenth: usize = busiest.iter().take(busiest.len().div_ceil(10)).sum();
        let gaps: Vec<f64> = lines
            .windows(2)
            .map(|pair| (pair[1].at - pair[0].at) as f64)
            .collect();
        let blocks: Vec<&[Vec<String>]> = words
            .chunks(COMPARED)
            .filter(|block| block.len() == COMPARED || words.len() < COMPARED)
            .collect();
        Self {
            lines: lines.len(),
            minutes: span as f64 / 60_000.0,
            per_minute: quantiles(&per_minute, [0.1, 0.5, 0.9]),
            burstiness: burstiness(&gaps),
            top_tenth: tenth as f64 / lines.len() as f64,
            words: quantiles(&counts, [0.5, 0.9]),
            one_word: share(counts.iter().map(|count| *count <= 1.0)),
            one_word_or_emotes: share(
                words
                    .iter()
                    .map(|words| words.len() <= 1 || words.iter().all(|word| has_emote(word))),
            ),
            with_emote: share(lines.iter().map(|line| has_emote(&line.text))),
            echoes: share(echoes.iter().copied()),
            echoes_in_hype: (moments_ms > 0).then(|| share(in_hype.into_iter())),
            hype_factor: (moments_ms > 0).then_some(hype_factor),
            distinct_2: mean(
                &blocks
                    .iter()
                    .map(|block| distinct_2(block))
                    .collect::<Vec<_>>(),
            ),
            self_bleu_2: mean(
                &blocks
                    .iter()
                    .map(|block| self_bleu_2(block))
                    .collect::<Vec<_>>(),
            ),
        }
    }
}

/// How many lines there are in each stretch of `length` milliseconds; an unfinished one is left out
/// unless it is the only one.
fn windows(lines: &[Line], length: i64, span: i64) -> Vec<f64> {
    let mut counts = vec![0.0; (span / length).max(1) as usize];
    for line in lines {
        let at = ((line.at - lines[0].at) / length) as usize;
        if let Some(count) = counts.get_mut(at) {
            *count += 1.0;
        }
    }
    counts
}

fn burstiness(gaps: &[f64]) -> f64 {
    let mean_gap = mean(gaps);
    let deviation = mean(
        &gaps
            .iter()
            .map(|gap| (gap - mean_gap).powi(2))
            .collect::<Vec<_>>(),
    )
    .sqrt();
    if deviation + mean_gap == 0.0 {
        0.0
    } else {
        (deviation - mean_gap) / (deviation + mean_gap)
    }
}

/// Of each line whether another author wrote the same a moment ago.
fn echoes(lines: &[Line], words: &[Vec<String>]) -> Vec<bool> {
    (0..lines.len())
        .map(|at| {
            !words[at].is_empty()
                && (0..at)
                    .rev()
                    .take_while(|before| lines[at].at - lines[*before].at <= ECHO_MS)
                    .any(|before| {
                        lines[before].author != lines[at].author && words[before] == words[at]
                    })
        })
        .collect()
}

fn distinct_2(lines: &[Vec<String>]) -> f64 {
    let pairs: Vec<&[String]> = lines.iter().flat_map(|line| line.windows(2)).collect();
    let different: HashSet<_> = pairs.iter().collect();
    different.len() as f64 / pairs.len().max(1) as f64
}

/// Clipped precisions against the others as references, their geometric mean, and the penalty for
/// being shorter than the closest reference (K. Papineni et al., "BLEU", 2002).
fn self_bleu_2(lines: &[Vec<String>]) -> f64 {
    let lines: Vec<&Vec<String>> = lines.iter().filter(|line| !line.is_empty()).collect();
    let counted: Vec<[HashMap<&[String], usize>; 2]> = lines
        .iter()
        .map(|line| [grams(line, 1), grams(line, 2)])
        .collect();
    // For each run of words, the two lines that have it most often: one of them is not the line itself.
    let most = [0, 1].map(|n| {
        let mut most: HashMap<&[String], [(usize, usize); 2]> = HashMap::new();
        for (at, grams) in counted.iter().enumerate() {
            for (gram, count) in &grams[n] {
                let top = most.entry(gram).or_insert([(0, usize::MAX); 2]);
                if *count > top[0].0 {
                    *top = [(*count, at), top[0]];
                } else if *count > top[1].0 {
                    top[1] = (*count, at);
                }
            }
        }
        most
    });
    let scores: Vec<f64> = (0..lines.len())
        .map(|at| {
            let order = lines[at].len().min(2);
            let precision: f64 = (0..order)
                .map(|n| {
                    let grams = &counted[at][n];
                    let hits: usize = grams
                        .iter()
                        .map(|(gram, count)| {
                            let [first, second] = most[n][gram];
                            let elsewhere = if first.1 == at { second.0 } else { first.0 };
                            (*count).min(elsewhere)
                        })
                        .sum();
                    hits as f64 / grams.values().sum::<usize>() as f64
                })
                .map(|precision| precision.max(1e-9).ln())
                .sum::<f64>()
                / order as f64;
            let length = lines[at].len();
            let closest = lines
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != at)
                .map(|(_, other)| other.len())
                .min_by_key(|other| (other.abs_diff(length), *other))
                .unwrap_or(length);
            let brevity = if length >= closest {
                1.0
            } else {
                (1.0 - closest as f64 / length as f64).exp()
            };
            brevity * precision.exp()
        })
        .collect();
    mean(&scores)
}

fn grams(line: &[String], n: usize) -> HashMap<&[String], usize> {
    let mut grams = HashMap::new();
    for gram in line.windows(n) {
        *grams.entry(gram).or_default() += 1;
    }
    grams
}

/// The words of a text, in lower case, without marks, and with no letter more than twice in a row.
pub(crate) fn words(text: &str) -> Vec<String> {
    text.split_whitespace()
        .map(|word| {
            if emote::find(word).any(|found| found.range == (0..word.len())) {
                return word.to_owned();
            }
            let mut plain = String::new();
            for c in word
                .to_lowercase()
                .chars()
                .filter(|c| c.is_alphanumeric() || is_emoji(*c))
            {
                if !plain.chars().rev().take(2).eq([c, c]) {
                    plain.push(c);
                }
            }
            plain
        })
        .filter(|word| !word.is_empty())
        .collect()
}

pub(crate) fn has_emote(text: &str) -> bool {
    text.chars().any(is_emoji) || emote::find(text).next().is_some()
}

/// Symbols and pictographs, as far as chats use them.
const fn is_emoji(c: char) -> bool {
    matches!(c, '\u{2600}'..='\u{27bf}' | '\u{1f300}'..='\u{1faff}')
}

fn share(of: impl ExactSizeIterator<Item = bool>) -> f64 {
    let all = of.len().max(1);
    of.filter(|holds| *holds).count() as f64 / all as f64
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// 0 of nothing.
fn quantiles<const N: usize>(values: &[f64], at: [f64; N]) -> [f64; N] {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    at.map(|q| quantile(&sorted, q).unwrap_or(0.0))
}
