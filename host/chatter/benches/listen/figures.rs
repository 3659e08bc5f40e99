//! What a room was told, in figures.
//!
//! The stream's clock is compared with that of the wall by the context that came soonest after its position: what
//! others come later than that is delay and, if it grows, drift. A word's time is compared with that of
//! its cue: by the first words of cues, as far as they were heard as they stand.

use crate::common::quantile::quantile;
use chatter_protocol::StreamContext;
use std::{collections::HashSet, fmt, time::Duration};

/// A context, and when it came.
pub(crate) struct Told {
    pub(crate) after: Duration,
    pub(crate) bytes: usize,
    pub(crate) context: StreamContext,
}

/// Contexts come every two seconds while there is something to tell; this is late for one.
const LATE_S: f64 = 2.5;
/// So many words of a cue are looked for,
const BEGINNING: usize = 3;
/// so far around its time, in milliseconds.
const AROUND_MS: i64 = 4_000;

pub(crate) struct Figures {
    contexts: usize,
    /// All in the order in which they came.
    gaps_s: Vec<f64>,
    bytes: Vec<f64>,
    /// When it came, in minutes, and how much later than the soonest, in milliseconds.
    behind: Vec<(f64, f64)>,
    /// How long after it began a word was told, in seconds.
    words_s: Vec<f64>,
    /// Where in the stream, in minutes, and how much after its cue a word begins, in milliseconds.
    cues: Vec<(f64, f64)>,
    passes: usize,
}

struct Word {
    bare: String,
    at_ms: u64,
}

impl Figures {
    pub(crate) fn of(told: &[Told], truth: Option<&str>) -> Self {
        let ms = |told: &Told| told.after.as_secs_f64() * 1_000.0;
        let ahead = |told: &Told| ms(told) - told.context.position_ms as f64;
        let soonest = told.iter().map(ahead).fold(f64::INFINITY, f64::min);
        let mut known = HashSet::new();
        let (mut words, mut words_s, mut passes) = (Vec::new(), Vec::new(), Vec::new());
        for told in told {
            let now_ms = ms(told) - soonest;
            let context = &told.context;
            if let Some(playing) = &context.playing {
                let began = context.position_ms.saturating_sub(playing.at_ms);
                if passes.last().is_none_or(|last: &u64| began > last + 1_000) {
                    passes.push(began);
                }
            }
            for segment in &context.transcript {
                let texts = segment.text.split_whitespace();
                for (text, after) in texts.zip(&segment.word_ms) {
                    let at_ms = segment.start_ms + u64::from(*after);
                    let bare = bare(text);
                    if !bare.is_empty() && known.insert((at_ms, bare.clone())) {
                        words_s.push((now_ms - at_ms as f64) / 1_000.0);
                        words.push(Word { bare, at_ms });
                    }
                }
            }
        }
        words.sort_by_key(|word| word.at_ms);
        let truth = truth.map(cues).unwrap_or_default();
        let gap = |two: &[Told]| (two[1].after - two[0].after).as_secs_f64();
        Self {
            contexts: told.len(),
            gaps_s: told.windows(2).map(gap).collect(),
            bytes: told.iter().map(|told| told.bytes as f64).collect(),
            behind: told
                .iter()
                .map(|told| (told.after.as_secs_f64() / 60.0, ahead(told) - soonest))
                .collect(),
            words_s,
            cues: compared(&words, &passes, &truth),
            passes: passes.len(),
        }
    }
}

/// How much after its cue each word that begins one was heard.
fn compared(words: &[Word], passes: &[u64], truth: &[(u64, Vec<String>)]) -> Vec<(f64, f64)> {
    let mut found = Vec::new();
    for pass in passes {
        for (start_ms, beginning) in truth {
            let at = (pass + start_ms).cast_signed();
            let first = words.partition_point(|word| word.at_ms.cast_signed() < at - AROUND_MS);
            let near = words[first..]
                .windows(beginning.len())
                .take_while(|there| there[0].at_ms.cast_signed() <= at + AROUND_MS);
            let same = |there: &&[Word]| there.iter().map(|word| &word.bare).eq(beginning);
            // What is said twice near by tells nothing.
            let heard: Vec<i64> = near
                .filter(same)
                .map(|there| there[0].at_ms.cast_signed())
                .collect();
            if let [one] = heard[..] {
                found.push((at as f64 / 60_000.0, (one - at) as f64));
            }
        }
    }
    found
}

/// When cues begin and with which words; of those that are long enough.
fn cues(text: &str) -> Vec<(u64, Vec<String>)> {
    let mut cues = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some((start, _)) = line.split_once(" --> ") else {
            continue;
        };
        let seconds = start.trim().split(':').fold(0.0, |sum, part| {
            sum * 60.0 + part.replace(',', ".").parse::<f64>().unwrap_or(0.0)
        });
        let said = lines.next().unwrap_or_default();
        // A stage direction is a pause, of which nobody knows the length.
        if said.starts_with(['[', '(', '<']) {
            continue;
        }
        let beginning: Vec<String> = said.split_whitespace().take(BEGINNING).map(bare).collect();
        if beginning.len() == BEGINNING {
            cues.push(((seconds * 1_000.0) as u64, beginning));
        }
    }
    cues
}

fn bare(text: &str) -> String {
    let letters = text.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let late = self.gaps_s.iter().filter(|gap| **gap > LATE_S).count();
        writeln!(f, "{} contexts", self.contexts)?;
        writeln!(
            f,
            "  s from one to the next: {}; {late} longer than {LATE_S} s",
            spread(&self.gaps_s, 2)
        )?;
        writeln!(f, "  bytes: {}", spread(&self.bytes, 0))?;
        writeln!(
            f,
            "s from a word's beginning until it is told: {} ({} words)",
            spread(&self.words_s, 2),
            self.words_s.len()
        )?;
        let behind: Vec<f64> = self.behind.iter().map(|(_, ms)| *ms).collect();
        writeln!(
            f,
            "the stream's clock behind that of the wall, ms: {}; by fifths of the time {}; {:+.2} ms a minute",
            spread(&behind, 0),
            fifths(&self.behind),
            slope(&self.behind)
        )?;
        if self.cues.is_empty() {
            return Ok(());
        }
        writeln!(
            f,
            "words after their cues, ms, by fifths of the time: {}; {:+.2} ms a minute ({} cues in {} passes)",
            fifths(&self.cues),
            slope(&self.cues),
            self.cues.len(),
            self.passes
        )
    }
}

/// Median, 95th and largest.
fn spread(values: &[f64], digits: usize) -> String {
    let values = sorted(values.iter().copied());
    let [median, most, all] = [0.5, 0.95, 1.0].map(|q| quantile(&values, q).unwrap_or_default());
    format!("median {median:.digits$}, 95 % {most:.digits$}, max {all:.digits$}")
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

/// The medians of what came in each fifth of the time.
fn fifths(values: &[(f64, f64)]) -> String {
    let (first, last) = match (values.first(), values.last()) {
        (Some(first), Some(last)) => (first.0, last.0),
        _ => return "none".into(),
    };
    let medians = (0..5).map(|fifth| {
        let part = |at: f64| ((at - first) / (last - first).max(f64::EPSILON) * 5.0) as usize;
        let here = values.iter().filter(|(at, _)| part(*at).min(4) == fifth);
        let here = sorted(here.map(|(_, value)| *value));
        quantile(&here, 0.5).map_or_else(|| "-".into(), |median| format!("{median:.0}"))
    });
    medians.collect::<Vec<_>>().join(" ")
}

/// How much the second grows with the first: least squares.
pub(crate) fn slope(values: &[(f64, f64)]) -> f64 {
    let count = values.len().max(1) as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| values.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|value| value.0), mean(|value| value.1));
    let both: f64 = values.iter().map(|(a, b)| (a - x) * (b - y)).sum();
    let one: f64 = values.iter().map(|(a, _)| (a - x) * (a - x)).sum();
    if one > 0.0 { both / one } else { 0.0 }
}
