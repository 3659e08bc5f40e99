//! How a persona writes: read from its style, its traits and what is said about it.

use super::{
    emotes::Emotes,
    prompt::Persona,
    style::{Told, emoji_in, listed, ruled_out},
    text::lower_words,
    tone::{Tone, Tones},
};
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    Lower,
    /// As it is drawn.
    Plain,
    Sentence,
}

#[derive(Clone, Debug)]
pub(super) struct Voice {
    pub(super) tones: Tones,
    pub(super) emotes: Emotes,
    pub(super) case: Case,
    pub(super) punctuates: bool,
    pub(super) exclaims: bool,
    /// Whether exclamation marks come in heaps.
    pub(super) heaps: bool,
    /// Whether question marks stay where there is no other punctuation.
    pub(super) asks: bool,
    pub(super) asks_twice: bool,
    /// Whether a line ends with a full stop.
    pub(super) stops: bool,
    /// The probability that a line ends with an ellipsis.
    pub(super) trails: f64,
    /// The probability that an excited line is written in capitals.
    pub(super) shouts: f64,
    /// Whether calm lines are written like that too.
    pub(super) shouts_always: bool,
    /// The probability that a vowel is stretched where that is usual.
    pub(super) stretches: f64,
    /// The probability that a word is misspelt.
    pub(super) typos: f64,
    /// The probability that a word with a shorter spelling gets it.
    pub(super) shortens: f64,
    /// The short spellings that the style names; any if there are none.
    pub(super) short_forms: Vec<String>,
    /// Lines and words that the style names as its own.
    pub(super) favourites: Vec<String>,
    /// Words that it never uses, in lower case.
    pub(super) never: Vec<String>,
    /// The probability that a line ends with an emoji.
    pub(super) emoji_rate: f64,
    pub(super) emoji: Vec<String>,
    /// The shortest and the longest line, in words.
    words: (u32, u32),
    /// Whether a line is rarely without a number.
    pub(super) counts: bool,
    /// The words of its biography and its style, in lower case.
    told: Vec<String>,
    /// Whether it makes puns.
    pub(super) puns: bool,
}

impl Voice {
    pub(super) fn of(persona: &Persona) -> Self {
        let style = Told::new(&without_emotes(&persona.style));
        let about = Told::new(&persona.about);
        let wants = |words: &str| style.asks_for(words);
        let text = persona.style.to_lowercase();
        let tones = Tones::of(persona, &style, &about);
        let formal = tones.strength(Tone::Formal) > 0.5;
        let slang = tones.strength(Tone::Slang);
        let lower = wants("lowercase lower-case uncapitalised uncapitalized") == Some(true)
            || text.contains("lower case")
            || wants("capitals capitalisation capitalization") == Some(false);
        let never_sentences = wants("sentence sentences") == Some(false);
        let proper = formal
            || !never_sentences
                && wants("sentences grammar proper capitalised capital capitals") == Some(true);
        let case = match (lower, proper) {
            (true, _) => Case::Lower,
            (false, true) => Case::Sentence,
            (false, false) => Case::Plain,
        };
        let always = style.holds(&["caps uppercase capitals shouting", "always all only"]);
        let shouts = match wants("caps uppercase shouts shouting yells") {
            Some(true) if always => 0.95,
            Some(true) if text.contains("sometimes caps") => 0.3,
            Some(true) => 0.6,
            Some(false) => 0.0,
            None if case != Case::Plain => 0.0,
            None => 0.35 * (tones.strength(Tone::Hyped) - 0.4).max(0.0),
        };
        let emotes = Emotes::of(persona);
        let mut emoji = emoji_in(&persona.style);
        let emoji_rate = match wants("emoji emojis emoticons") {
            Some(false) => 0.0,
            None if emoji.is_empty() => 0.0,
            _ if style.holds(&["emoji emojis", "lots many heavy every always loves"]) => 0.8,
            _ if emotes.rate > 0.0 && wants("perhaps hardly") == Some(true) => 0.06,
            _ if wants("perhaps hardly rarely") == Some(true) => 0.1,
            _ if emotes.rate > 0.0 => 0.1,
            _ => 0.4,
        };
        if emoji_rate == 0.0 {
            emoji.clear();
        }
        let short_forms: Vec<String> =
            listed(&persona.style, "slang textspeak abbreviates abbreviations")
                .into_iter()
                .filter(|form| !form.contains(' '))
                .collect();
        let words = style.line_words().unwrap_or_else(|| {
            if wants("short terse brief few laconic clipped one-word minimal") == Some(true) {
                (1, 4)
            } else if wants("long rambles rambling verbose wordy detailed elaborate") == Some(true)
                || formal
            {
                (8, 18)
            } else {
                (1, 8)
            }
        });
        Self {
            punctuates: wants("punctuation punctuates punctuated") != Some(false),
            exclaims: wants("exclamation exclamations") != Some(false),
            heaps: style.holds(&["exclamation exclamations", "heaps lots many"]),
            asks: text.contains("question mark"),
            asks_twice: text.contains("double question mark"),
            stops: wants("stops") != Some(false)
                && (case == Case::Sentence || text.contains("full stop")),
            trails: if wants("trails trailing ellipsis ellipses") == Some(true) {
                0.3
            } else {
                0.0
            },
            stretches: if wants("stretches stretched stretching vowels elongates") == Some(true) {
                0.6
            } else if formal
                || wants("stops") != Some(false) && text.contains("full stop")
                || tones.strength(Tone::Dry) > 0.5
            {
                0.0
            } else {
                0.06 + 0.12 * tones.strength(Tone::Hyped).max(slang)
            },
            typos: if wants("typos typo misspells misspelt misspellings") == Some(true) {
                0.12
            } else {
                0.0
            },
            shortens: if !short_forms.is_empty() {
                0.85
            } else if slang > 0.6 {
                0.5
            } else {
                0.0
            },
            short_forms,
            favourites: listed(
                &persona.style,
                "lines line phrases phrase catchphrase catchphrases sayings says",
            ),
            never: ruled_out(&persona.style),
            told: [&persona.about, &persona.style]
                .into_iter()
                .flat_map(|text| lower_words(text))
                .collect(),
            puns: style.asks_for("pun puns punster") == Some(true)
                || about.asks_for("pun puns") == Some(true),
            counts: style.holds(&[
                "number numbers percentage figure figures statistic",
                "always every nearly mostly",
            ]),
            tones,
            emotes,
            case,
            shouts,
            shouts_always: always && shouts > 0.9,
            emoji_rate,
            emoji,
            words: (words.0.min(16), words.1.clamp(1, 24)),
        }
    }

    /// How long a line is to be, in words. Short lines are the commonest in a chat: where one word
    /// is allowed, more than half of the lines have one.
    pub(super) fn target(&self, rng: &mut ChaCha8Rng) -> u32 {
        let (low, high) = self.words;
        let lengths: Vec<u32> = (low..=high.max(low)).collect();
        let weight = |words: &u32| {
            let step = f64::from(words - low + 1);
            match low {
                1 => 2.0 / (step * (step + 1.0)),
                2..=5 => 1.0 / (step + 1.0),
                _ => 1.0,
            }
        };
        lengths.choose_weighted(rng, weight).copied().unwrap_or(low)
    }

    /// How long an answer is to be that needs about so many words to say what it knows: terse voices
    /// use up to twice their words for it.
    pub(super) fn for_answer(&self, target: u32, needs: u32) -> u32 {
        target.max(needs.min(2 * self.words.1))
    }

    /// Whether its biography or its style has a word that begins so.
    pub(super) fn has_word(&self, beginning: &str) -> bool {
        self.told.iter().any(|word| word.starts_with(beginning))
    }

    /// How much a number of words suits at all.
    pub(super) fn suits(&self, words: u32) -> f64 {
        if words * 2 < self.words.0 {
            0.01
        } else if words > self.words.1 + 2 {
            0.05
        } else {
            1.0
        }
    }
}

/// The style without emotes: `:hype:` asks for no hype.
fn without_emotes(style: &str) -> String {
    let is_emote = |word: &&str| {
        let word = word.trim_end_matches([',', '.', ';']);
        word.len() > 2 && word.starts_with(':') && word.ends_with(':')
    };
    let words = style
        .split_whitespace()
        .map(|word| if is_emote(&word) { "," } else { word });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn voice(style: &str, traits: &[(&str, f64)]) -> Voice {
        Voice::of(&Persona {
            name: "Nova".into(),
            style: style.into(),
            traits: traits
                .iter()
                .map(|(name, value)| ((*name).to_owned(), *value))
                .collect(),
            ..Persona::default()
        })
    }

    #[test]
    fn tones_come_from_style_and_traits() {
        let dry = voice("dry and terse, never hyped", &[("warmth", 0.9)]);
        let strength = |tone: Tone| dry.tones.strength(tone);
        assert_eq!((strength(Tone::Dry), strength(Tone::Hyped)), (1.0, 0.0));
        assert!(strength(Tone::Warm) > 0.2 && strength(Tone::Warm) < 0.5);
        assert!(dry.tones.likes(&[Tone::Dry]) > 5.0 * dry.tones.likes(&[Tone::Warm]));
        assert!(dry.tones.likes(&[Tone::Dry]) > dry.tones.likes(&[]));
    }

    #[test]
    fn lengths_follow_the_style() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for (style, median, shares_of_one) in [
            ("one to three words", 1, 58..75),
            ("lowercase", 1, 48..65),
            ("two to six words", 3, 0..1),
            ("full sentences of eight to twenty words", 14, 0..1),
        ] {
            let voice = voice(style, &[]);
            let mut lengths: Vec<u32> = (0..500).map(|_| voice.target(&mut rng)).collect();
            lengths.sort_unstable();
            assert!(
                lengths[250].abs_diff(median) <= 1,
                "{style}: {}",
                lengths[250]
            );
            let of_one = lengths.iter().filter(|length| **length == 1).count() / 5;
            assert!(shares_of_one.contains(&of_one), "{style}: {of_one}%");
        }
    }
}
