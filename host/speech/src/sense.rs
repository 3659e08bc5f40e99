//! What is no speech after all, although the model has words for it.
//!
//! Whisper was trained on subtitles, and says something of music, noise and silence too. A voice
//! activity detector stands before it ([`crate::gate`]); here is what is left to tell from a hypothesis
//! alone. Words in brackets and notes (`[Music]`, `♪`) are descriptions, not words. The rest goes by the
//! model's own doubts and by what nobody can say: too many words a second, and the same over and over,
//! which is how a decoder that is stuck looks (Radford et al. 2022, "Robust Speech Recognition via
//! Large-Scale Weak Supervision", 4.5, uses a compression ratio for the same). A list of phrases that
//! stand at the end of many subtitles comes last, and counts only for a hypothesis that is nothing else
//! and that the model is unsure of: people do say "thank you".

use crate::engine::{Guess, Hypothesis};

/// Below this mean logarithm, the model has no idea. OpenAI's decoder draws the same line.
const LOG_PROBABILITY: f32 = -1.0;
/// With at least this probability of no speech, and a mean logarithm below [`DOUBTFUL`], nobody speaks.
const NO_SPEECH: f32 = 0.6;
const DOUBTFUL: f32 = -0.5;
/// Nobody speaks faster, in words a second; over a window, not from one word to the next.
const FASTEST: f64 = 8.0;
/// A phrase of up to so many words,
const PHRASE: usize = 8;
/// so many times in a row, is a decoder that is stuck: people stop before.
const REPEATS: usize = 4;
/// Fewer words than this are repeated by people too ("go go go go").
const LEAST_REPEATED: usize = 8;
/// What ends many subtitles, without case and punctuation.
const CREDITS: [&str; 12] = [
    "thank you",
    "thanks for watching",
    "thank you for watching",
    "thank you very much",
    "please subscribe",
    "you",
    "bye",
    "bye bye",
    "the end",
    "so",
    "okay",
    "i m sorry",
];
/// A hypothesis of nothing but such a phrase needs this mean probability.
const CREDITS_NEED: f32 = 0.6;

/// A word without case and punctuation, as hypotheses are compared.
pub(crate) fn bare(text: &str) -> String {
    let mut bare = String::with_capacity(text.len());
    for c in text.chars().filter(|c| c.is_alphanumeric()) {
        bare.extend(c.to_lowercase());
    }
    // Of signs alone ("&", "-"), the signs are what there is.
    if bare.is_empty() {
        text.trim().to_owned()
    } else {
        bare
    }
}

/// The words of a hypothesis that somebody may have said, in a window with so many seconds of voice.
pub(crate) fn said(hypothesis: Hypothesis, voice_s: f64) -> Vec<Guess> {
    let sure = hypothesis.log_probability;
    if sure < LOG_PROBABILITY || (hypothesis.no_speech >= NO_SPEECH && sure < DOUBTFUL) {
        return Vec::new();
    }
    let mut words = without_descriptions(hypothesis.words);
    unstick(&mut words);
    if words.len() as f64 > (voice_s + 0.5) * FASTEST || is_credits(&words) {
        return Vec::new();
    }
    words
}

/// Leaves out what stands in brackets or between notes and asterisks, and what has no letter and no digit.
fn without_descriptions(words: Vec<Guess>) -> Vec<Guess> {
    let mut kept = Vec::with_capacity(words.len());
    let mut closing = None;
    for word in words {
        let text = word.text.trim();
        if let Some(sign) = closing {
            if text.contains(sign) {
                closing = None;
            }
            continue;
        }
        let opening = text.chars().next().and_then(closed_by);
        if let Some(sign) = opening {
            let rest = text.chars().skip(1);
            if !rest.into_iter().any(|c| c == sign) {
                closing = Some(sign);
            }
            continue;
        }
        if text.chars().any(char::is_alphanumeric) {
            kept.push(word);
        }
    }
    kept
}

fn closed_by(opening: char) -> Option<char> {
    match opening {
        '[' => Some(']'),
        '(' => Some(')'),
        '*' => Some('*'),
        '♪' => Some('♪'),
        '【' => Some('】'),
        '（' => Some('）'),
        _ => None,
    }
}

/// Cuts off a phrase that is repeated over and over to the end, but for its first time.
fn unstick(words: &mut Vec<Guess>) {
    let bare: Vec<String> = words.iter().map(|word| bare(&word.text)).collect();
    for length in 1..=PHRASE.min(bare.len() / REPEATS) {
        let mut start = bare.len() - length;
        while start >= length && bare[start - length..start] == bare[start..start + length] {
            start -= length;
        }
        let repeated = bare.len() - start;
        if repeated / length >= REPEATS && repeated >= LEAST_REPEATED {
            words.truncate(start + length);
            return;
        }
    }
}

fn is_credits(words: &[Guess]) -> bool {
    if words.is_empty() {
        return false;
    }
    let mean = words.iter().map(|word| word.probability).sum::<f32>() / words.len() as f32;
    let text: Vec<String> = words.iter().map(|word| bare(&word.text)).collect();
    mean < CREDITS_NEED && CREDITS.contains(&&*text.join(" "))
}
