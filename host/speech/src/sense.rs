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

use crate::{
    engine::{Guess, Hypothesis},
    language::fastest,
};

/// Below this mean logarithm, the model has no idea. OpenAI's decoder draws the same line.
const LOG_PROBABILITY: f32 = -1.0;
/// With at least this probability of no speech, and a mean logarithm below [`DOUBTFUL`], nobody speaks.
const NO_SPEECH: f32 = 0.6;
const DOUBTFUL: f32 = -0.5;
/// A word does not begin closer to the end of the window.
const END_MS: u64 = 30;
/// More words than this there are a mistake of their times only if people at half the fastest pace could have said
/// them since the word before.
const PILED: usize = 8;
/// So many words that were there before are a repetition.
const REPEATED: usize = 3;
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

/// The words of a hypothesis that somebody may have said in this language in a window of this length.
pub(crate) fn said(hypothesis: Hypothesis, language: &str, window_ms: u64) -> Vec<Guess> {
    let sure = hypothesis.log_probability;
    if sure < LOG_PROBABILITY || (hypothesis.no_speech >= NO_SPEECH && sure < DOUBTFUL) {
        return Vec::new();
    }
    let mut words = hypothesis.words;
    settle_end(&mut words, window_ms, fastest(language));
    let mut words = without_descriptions(words);
    words.retain(|word| !is_stuck(&word.text));
    unstick(&mut words);
    words.retain(|word| !breaks_off(&word.text));
    let most = (window_ms + 500) as f64 / 1_000.0 * fastest(language);
    if words.len() as f64 > most || is_credits(&words) {
        return Vec::new();
    }
    words
}

/// Sees to words that have no time of their own left, because they are all put at the end of the window.
/// A decoder that goes on where there is no more sound does that with what it repeats or makes up: that is
/// left out. Others were put there by a mistake of their times, of which `base.en` makes some: they share what time
/// there is.
fn settle_end(words: &mut Vec<Guess>, window_ms: u64, fastest: f64) {
    let beyond = |word: &Guess| word.start_ms + END_MS >= window_ms;
    let Some(at) = words.iter().position(beyond) else {
        return;
    };
    let texts: Vec<String> = words.iter().map(|word| bare(&word.text)).collect();
    let (before, piled) = texts.split_at(at);
    let begin = &piled[..piled.len().min(REPEATED)];
    let again = before.windows(begin.len()).any(|there| there == begin);
    // From where the word before them begins.
    let first = at.saturating_sub(1);
    let from = words[first].start_ms;
    let time_ms = window_ms.saturating_sub(from);
    let number = words.len() - first;
    let hurried = number as f64 * 1_000.0 > time_ms as f64 * fastest / 2.0;
    if again || (piled.len() > PILED && hurried) {
        words.truncate(at);
        return;
    }
    let each = time_ms / number as u64;
    for (n, word) in words[first..].iter_mut().enumerate() {
        word.start_ms = from + n as u64 * each;
        word.end_ms = word.start_ms + each;
    }
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

/// What ends a description, if this begins one.
pub(crate) fn closed_by(opening: char) -> Option<char> {
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

/// Whether a word is the same part over and over ("P-O-O-O-O-O-O-O-O", which `tiny` made of music).
fn is_stuck(text: &str) -> bool {
    let parts: Vec<String> = text.split('-').map(bare).collect();
    let same = |run: &[String]| run.iter().all(|part| *part == run[0]);
    parts.windows(LEAST_REPEATED).any(same)
}

/// Whether it is one letter that nothing follows ("P-"), which tells nobody anything.
fn breaks_off(text: &str) -> bool {
    let mut signs = text.trim().chars();
    let begins = signs.next().is_some_and(char::is_alphabetic);
    let rest = signs.as_str();
    begins
        && !rest.is_empty()
        && rest
            .chars()
            .all(|c| matches!(c, '-' | '\u{2010}'..='\u{2015}'))
}

fn is_credits(words: &[Guess]) -> bool {
    if words.is_empty() {
        return false;
    }
    let mean = words.iter().map(|word| word.probability).sum::<f32>() / words.len() as f32;
    let text: Vec<String> = words.iter().map(|word| bare(&word.text)).collect();
    mean < CREDITS_NEED && CREDITS.contains(&&*text.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hypothesis(text: &str, probability: f32) -> Hypothesis {
        let words = text.split_whitespace().enumerate();
        Hypothesis {
            words: words
                .map(|(n, text)| Guess {
                    text: text.into(),
                    start_ms: n as u64 * 20,
                    end_ms: n as u64 * 20 + 20,
                    probability,
                })
                .collect(),
            no_speech: 0.0,
            log_probability: -0.2,
        }
    }

    fn text(words: &[Guess]) -> String {
        let words: Vec<_> = words.iter().map(|word| word.text.as_str()).collect();
        words.join(" ")
    }

    #[test]
    fn what_nobody_can_have_said_is_left_out() {
        // Text, probability, length of the window; what is left.
        let cases = [
            ("Well, that went well.", 0.9, 2000, "Well, that went well."),
            ("", 0.9, 2000, ""),
            // Descriptions.
            ("[Music]", 0.9, 2000, ""),
            ("(door closes) hello", 0.9, 2000, "hello"),
            ("so *cough* anyway", 0.9, 2000, "so anyway"),
            ("♪ la la la ♪ yes", 0.9, 2000, "yes"),
            ("[ BLANK _ AUDIO ]", 0.9, 2000, ""),
            ("I said [and meant it", 0.9, 2000, "I said"),
            ("- . …", 0.9, 2000, ""),
            // Stuck decoders, and people who repeat themselves.
            ("go go go go", 0.9, 2000, "go go go go"),
            ("you you you you you you you you", 0.9, 3000, "you"),
            (
                "it is a bit of a bit of a bit of a bit of a bit of a",
                0.9,
                4000,
                "it is a bit of a",
            ),
            ("so P-O-O-O-O-O-O-O-O-O-", 0.9, 2000, "so"),
            ("oh no-no-no-no wait", 0.9, 2000, "oh no-no-no-no wait"),
            // Of music, by tiny.
            ("P- O- O- O- O- O- O- O- O-", 0.9, 3000, ""),
            ("I- I was T— the A.", 0.9, 2000, "I was the A."),
            // Too fast.
            ("a b c d e f g h i j k l", 0.9, 500, ""),
            (
                "a b c d e f g h i j k l",
                0.9,
                2000,
                "a b c d e f g h i j k l",
            ),
            // The ends of subtitles, unless the model is sure.
            ("Thank you.", 0.4, 1000, ""),
            ("Thank you.", 0.9, 1000, "Thank you."),
            ("Thanks for watching!", 0.3, 1000, ""),
            ("Thank you, nova.", 0.4, 1000, "Thank you, nova."),
        ];
        for (said_text, probability, window_ms, expected) in cases {
            let got = said(hypothesis(said_text, probability), "en", window_ms);
            assert_eq!(text(&got), expected, "{said_text:?}");
        }
    }

    #[test]
    fn how_fast_one_speaks_is_counted_in_what_a_language_calls_words() {
        // The 103 letters of Article 1 in Thai, at 180 words of English a minute; in between are none that repeat.
        let parts: Vec<String> = (0..103).map(|n| format!("w{n}")).collect();
        for (language, is_said) in [("th", true), ("lo", true), ("ja", true), ("en", false)] {
            let got = said(hypothesis(&parts.join(" "), 0.9), language, 10_000);
            assert_eq!(!got.is_empty(), is_said, "{language}");
        }
    }

    #[test]
    fn what_is_piled_up_at_the_end_is_repeated_or_has_lost_its_time() {
        for (said_text, window_ms, expected) in [
            ("it went well it went well", 3_000, "it went well"),
            ("it went well a b c d e f g h i", 1_500, "it went well"),
            (
                "it went well a b c d e f g h i",
                6_000,
                "it went well a b c d e f g h i",
            ),
            ("it went well for us", 3_000, "it went well for us"),
        ] {
            let mut guessed = hypothesis(said_text, 0.9);
            for word in &mut guessed.words[3..] {
                (word.start_ms, word.end_ms) = (window_ms, window_ms);
            }
            let got = said(guessed, "en", window_ms);
            assert_eq!(text(&got), expected);
            assert!(got.is_sorted_by(|a, b| a.end_ms <= b.start_ms), "{got:?}");
            assert!(got.iter().all(|word| word.end_ms <= window_ms), "{got:?}");
        }
    }

    #[test]
    fn the_models_own_doubts_count() {
        for (no_speech, log_probability, is_said) in [
            (0.0, -0.3, true),
            (0.0, -0.9, true),
            (0.0, -1.1, false),
            (0.9, -0.3, true),
            (0.9, -0.7, false),
        ] {
            let doubted = Hypothesis {
                no_speech,
                log_probability,
                ..hypothesis("well then", 0.7)
            };
            let got = said(doubted, "en", 1_000);
            assert_eq!(!got.is_empty(), is_said, "{no_speech} {log_probability}");
        }
    }
}
