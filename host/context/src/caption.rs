//! Captions that repeat themselves: auto-captions roll up, live captions grow, converters write
//! each cue twice.

use crate::{cue::Cue, writing};
use unicode_segmentation::UnicodeSegmentation;

/// So many words at most are compared between a cue and the one before it.
const MAX_OVERLAP_WORDS: usize = 80;
/// Two cues follow each other if no more than this is between them, in milliseconds.
const ADJACENT_MS: u64 = 200;
/// The share of adjacent cues that must begin with what the one before ended with before a file
/// counts as rolling. People repeat themselves too ("No." "No."), but not in every third cue.
const ROLLING_SHARE: f64 = 0.3;

/// Sorts cues by time and takes out what was only shown again, not said again.
pub(crate) fn settle(mut cues: Vec<Cue>) -> Vec<Cue> {
    cues.sort_by_key(|cue| (cue.start_ms, cue.end_ms));
    // The same words at the same time: two layers of one caption.
    cues.dedup_by(|cue, before| {
        cue.text == before.text && cue.start_ms < before.end_ms.max(before.start_ms + 1)
    });
    if is_rolling(&cues) {
        unroll(cues)
    } else {
        cues
    }
}

fn is_rolling(cues: &[Cue]) -> bool {
    let pairs = cues.windows(2).filter(|pair| adjacent(&pair[0], &pair[1]));
    let (mut all, mut rolling) = (0_u32, 0_u32);
    for pair in pairs {
        all += 1;
        let overlap = overlap(&pair[0].text, &pair[1].text);
        // A cue that is nothing but a repetition proves nothing.
        rolling += u32::from(overlap >= 2 && overlap < tokens(&pair[1].text).len());
    }
    all >= 3 && f64::from(rolling) >= f64::from(all) * ROLLING_SHARE
}

fn unroll(cues: Vec<Cue>) -> Vec<Cue> {
    let mut unrolled: Vec<Cue> = Vec::with_capacity(cues.len());
    let mut before: Option<Cue> = None;
    for cue in cues {
        let shown = match &before {
            Some(before) if adjacent(before, &cue) => overlap(&before.text, &cue.text),
            _ => 0,
        };
        let new = tokens(&cue.text).get(shown).map(|&(at, _)| at);
        let text = new.map_or_else(String::new, |at| cue.text[at..].to_owned());
        if !text.is_empty() {
            unrolled.push(Cue { text, ..cue });
        }
        before = Some(cue);
    }
    unrolled
}

fn adjacent(before: &Cue, cue: &Cue) -> bool {
    cue.start_ms <= before.end_ms.saturating_add(ADJACENT_MS)
}

/// The words between spaces, and where each begins, in bytes. In scripts without spaces each character counts
/// as one.
fn tokens(text: &str) -> Vec<(usize, &str)> {
    let mut tokens = Vec::new();
    let mut at = 0;
    for word in text.split(' ') {
        if writing::has_unspaced(word) {
            let characters = word.grapheme_indices(true);
            tokens.extend(characters.map(|(from, character)| (at + from, character)));
        } else {
            tokens.push((at, word));
        }
        at += word.len() + 1;
    }
    tokens
}

/// The number of words that `before` ends with and `text` begins with.
fn overlap(before: &str, text: &str) -> usize {
    let words = |text| -> Vec<&str> { tokens(text).into_iter().map(|(_, word)| word).collect() };
    let (tail, head) = (words(before), words(text));
    let tail = &tail[tail.len().saturating_sub(MAX_OVERLAP_WORDS)..];
    let head = &head[..head.len().min(MAX_OVERLAP_WORDS)];
    let most = tail.len().min(head.len());
    (1..=most)
        .rev()
        .find(|&n| tail[tail.len() - n..] == head[..n])
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Start, end, text.
    type Shown = (u64, u64, &'static str);

    fn settled(cues: &[Shown]) -> Vec<String> {
        let cue = |&(start_ms, end_ms, text): &Shown| Cue {
            start_ms,
            end_ms,
            text: text.into(),
        };
        settle(cues.iter().map(cue).collect())
            .into_iter()
            .map(|cue| cue.text)
            .collect()
    }

    #[test]
    fn captions_are_told_once() {
        let cases: [(&str, &[Shown], &[&str]); 9] = [
            (
                "rolling captions in Chinese",
                &[
                    (0, 2000, "大家好"),
                    (2000, 2010, "大家好"),
                    (2010, 4000, "大家好 今天我们"),
                    (4000, 4010, "今天我们"),
                    (4010, 6000, "今天我们 造一条船"),
                ],
                &["大家好", "今天我们", "造一条船"],
            ),
            (
                "growing captions in Thai",
                &[
                    (0, 1000, "วันนี้"),
                    (1000, 2000, "วันนี้เรา"),
                    (2000, 3000, "วันนี้เราจะ"),
                    (3000, 4000, "วันนี้เราจะซ่อม"),
                ],
                &["วันนี้", "เรา", "จะ", "ซ่อม"],
            ),
            (
                "rolling auto-captions",
                &[
                    (0, 2000, "hello everyone"),
                    (2000, 2010, "hello everyone"),
                    (2010, 4000, "hello everyone today we"),
                    (4000, 4010, "today we"),
                    (4010, 6000, "today we build a ship"),
                ],
                &["hello everyone", "today we", "build a ship"],
            ),
            (
                "growing captions",
                &[
                    (0, 1000, "I am"),
                    (1000, 2000, "I am so"),
                    (2000, 3000, "I am so glad"),
                    (3000, 4000, "I am so glad you came"),
                ],
                &["I am", "so", "glad", "you came"],
            ),
            (
                "somebody who repeats herself",
                &[
                    (0, 1000, "No."),
                    (1000, 2000, "No."),
                    (2000, 3000, "Not the jar."),
                    (3000, 4000, "The jar was full."),
                    (4000, 5000, "And now it is not."),
                ],
                &[
                    "No.",
                    "No.",
                    "Not the jar.",
                    "The jar was full.",
                    "And now it is not.",
                ],
            ),
            (
                "a chant",
                &[
                    (0, 1000, "Heave ho."),
                    (1000, 2000, "Heave ho."),
                    (2000, 3000, "Heave ho."),
                    (3000, 4000, "Heave ho."),
                ],
                &["Heave ho.", "Heave ho.", "Heave ho.", "Heave ho."],
            ),
            (
                "two layers",
                &[(0, 1000, "One."), (0, 1000, "One."), (1000, 2000, "Two.")],
                &["One.", "Two."],
            ),
            (
                "unsorted",
                &[(3000, 4000, "b"), (0, 1000, "a")],
                &["a", "b"],
            ),
            (
                "overlapping",
                &[(0, 5000, "a long one"), (1000, 2000, "a short one")],
                &["a long one", "a short one"],
            ),
        ];
        for (name, cues, expected) in cases {
            assert_eq!(settled(cues), expected, "{name}");
        }
    }
}
