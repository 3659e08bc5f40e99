//! What differs from one language to the next.

/// What whisper knows, in the order of its numbers: code and name. A code is of ISO 639-1 where there is one.
pub const LANGUAGES: [(&str, &str); 100] = [
    ("en", "english"),
    ("zh", "chinese"),
    ("de", "german"),
    ("es", "spanish"),
    ("ru", "russian"),
    ("ko", "korean"),
    ("fr", "french"),
    ("ja", "japanese"),
    ("pt", "portuguese"),
    ("tr", "turkish"),
    ("pl", "polish"),
    ("ca", "catalan"),
    ("nl", "dutch"),
    ("ar", "arabic"),
    ("sv", "swedish"),
    ("it", "italian"),
    ("id", "indonesian"),
    ("hi", "hindi"),
    ("fi", "finnish"),
    ("vi", "vietnamese"),
    ("he", "hebrew"),
    ("uk", "ukrainian"),
    ("el", "greek"),
    ("ms", "malay"),
    ("cs", "czech"),
    ("ro", "romanian"),
    ("da", "danish"),
    ("hu", "hungarian"),
    ("ta", "tamil"),
    ("no", "norwegian"),
    ("th", "thai"),
    ("ur", "urdu"),
    ("hr", "croatian"),
    ("bg", "bulgarian"),
    ("lt", "lithuanian"),
    ("la", "latin"),
    ("mi", "maori"),
    ("ml", "malayalam"),
    ("cy", "welsh"),
    ("sk", "slovak"),
    ("te", "telugu"),
    ("fa", "persian"),
    ("lv", "latvian"),
    ("bn", "bengali"),
    ("sr", "serbian"),
    ("az", "azerbaijani"),
    ("sl", "slovenian"),
    ("kn", "kannada"),
    ("et", "estonian"),
    ("mk", "macedonian"),
    ("br", "breton"),
    ("eu", "basque"),
    ("is", "icelandic"),
    ("hy", "armenian"),
    ("ne", "nepali"),
    ("mn", "mongolian"),
    ("bs", "bosnian"),
    ("kk", "kazakh"),
    ("sq", "albanian"),
    ("sw", "swahili"),
    ("gl", "galician"),
    ("mr", "marathi"),
    ("pa", "punjabi"),
    ("si", "sinhala"),
    ("km", "khmer"),
    ("sn", "shona"),
    ("yo", "yoruba"),
    ("so", "somali"),
    ("af", "afrikaans"),
    ("oc", "occitan"),
    ("ka", "georgian"),
    ("be", "belarusian"),
    ("tg", "tajik"),
    ("sd", "sindhi"),
    ("gu", "gujarati"),
    ("am", "amharic"),
    ("yi", "yiddish"),
    ("lo", "lao"),
    ("uz", "uzbek"),
    ("fo", "faroese"),
    ("ht", "haitian creole"),
    ("ps", "pashto"),
    ("tk", "turkmen"),
    ("nn", "nynorsk"),
    ("mt", "maltese"),
    ("sa", "sanskrit"),
    ("lb", "luxembourgish"),
    ("my", "myanmar"),
    ("bo", "tibetan"),
    ("tl", "tagalog"),
    ("mg", "malagasy"),
    ("as", "assamese"),
    ("tt", "tatar"),
    ("haw", "hawaiian"),
    ("ln", "lingala"),
    ("ha", "hausa"),
    ("ba", "bashkir"),
    ("jw", "javanese"),
    ("su", "sundanese"),
    ("yue", "cantonese"),
];

/// Languages that are written without spaces: each run of tokens that makes whole characters is a word, with
/// the marks and the punctuation that follow.
const UNSPACED: [&str; 8] = ["zh", "ja", "th", "lo", "my", "km", "bo", "yue"];

/// Languages that take at most twice as many of whisper's tokens as the same in English: measured with the table
/// of its multilingual models, on Article 1 of the Universal Declaration of Human Rights. English has 34 tokens
/// there, Russian 48, Arabic 63, Croatian 66; Greek 99, Thai 126, Hindi 195, Bengali 334, Malayalam 428.
const FEW_TOKENS: [&str; 33] = [
    "en", "es", "de", "gl", "pt", "zh", "yue", "sw", "ru", "nn", "sv", "fr", "tr", "it", "nl",
    "ca", "af", "mg", "bg", "pl", "da", "sl", "no", "cs", "id", "fi", "lt", "ar", "ko", "sk", "hr",
    "uk", "ms",
];

/// Tokens a second at most in these, and a few more: a decoder that is stuck ends here.
const TOKENS_PER_SECOND: u64 = 8;

/// Nobody speaks faster, in words a second; over a window, not from one word to the next.
const FASTEST: f64 = 8.0;
/// The same of words in languages without spaces, which are syllables or parts of such: of the article above, read
/// as fast as 250 words of English a minute, Chinese has 5 a second, Japanese 11, Thai 14, Tibetan 18.
const FASTEST_UNSPACED: f64 = 20.0;

/// The code of a language by its code or its English name, in any case.
#[must_use]
pub fn language(named: &str) -> Option<&'static str> {
    let is_it = |it: &&(&str, &str)| [it.0, it.1].iter().any(|n| n.eq_ignore_ascii_case(named));
    LANGUAGES.iter().find(is_it).map(|(code, _)| *code)
}

/// Whether spaces stand between its words.
pub(crate) fn is_spaced(language: &str) -> bool {
    !UNSPACED.contains(&language)
}

/// The most words a second that somebody may have said.
pub(crate) fn fastest(language: &str) -> f64 {
    match is_spaced(language) {
        true => FASTEST,
        false => FASTEST_UNSPACED,
    }
}

/// The most tokens that a window may hold. Where a word takes many, so many as the model can give; what it can't
/// give it leaves out without a word, and the end of a sentence would be lost by a lower bound.
#[cfg_attr(
    not(feature = "whisper"),
    allow(dead_code, reason = "only a model has tokens")
)]
pub(crate) fn most_tokens(language: &str, window_ms: u64, most: u64) -> u64 {
    match FEW_TOKENS.contains(&language) {
        true => (8 + window_ms.div_ceil(1_000) * TOKENS_PER_SECOND).min(most),
        false => most,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_has_a_code_and_a_name() {
        for (named, code) in [
            ("de", Some("de")),
            ("DE", Some("de")),
            ("German", Some("de")),
            ("haitian creole", Some("ht")),
            ("yue", Some("yue")),
            ("de-DE", None),
            ("deu", None),
            ("", None),
        ] {
            assert_eq!(language(named), code, "{named:?}");
        }
    }

    #[test]
    fn a_window_may_hold_as_many_tokens_as_its_language_needs() {
        // So many seconds, and how many of whisper's tokens a sentence has that is said in them: 17 words of Hindi,
        // and Article 1 at 180 words of English a minute.
        for (language, window_ms, needed) in [
            ("hi", 7_000, 83),
            ("ta", 10_000, 200),
            ("th", 10_000, 126),
            ("hy", 10_000, 181),
            ("yo", 10_000, 114),
            ("el", 10_000, 99),
            ("ja", 10_000, 81),
            ("ru", 10_000, 48),
        ] {
            let most = most_tokens(language, window_ms, 219);
            assert!(most >= needed, "{language}: {most} of {needed}");
        }
        for (language, window_ms, most, expected) in [
            // A decoder that is stuck ends soon where that loses nothing.
            ("en", 7_400, 219, 72),
            ("de", 28_000, 219, 219),
            ("ka", 1_000, 219, 219),
        ] {
            assert_eq!(
                most_tokens(language, window_ms, most),
                expected,
                "{language}"
            );
        }
        let known = FEW_TOKENS.iter().chain(&UNSPACED);
        assert!(known.copied().all(|code| language(code) == Some(code)));
    }
}
