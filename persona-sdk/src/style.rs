//! How a character writes, read from the words of its `style`.
//!
//! A style is written for a language model and for people: "Very short: one to three words. All
//! lowercase, no punctuation. Emotes often: :rip: :cope:." What is read here is what code has to hold
//! to, whatever the model did: how long a line is, whether it has emotes and which, and how another's
//! words look when this character repeats them. Words that are not known change nothing.

use crate::{
    Rng,
    emote::{self, Emote, Mood},
    types::Profile,
    words,
};
use std::ops::RangeInclusive;

/// How long lines are if the style doesn't say.
const LENGTH: RangeInclusive<usize> = 1..=8;

/// How a character writes.
#[derive(Clone, Debug, PartialEq)]
pub struct Style {
    /// How many words a line has, as the style says.
    pub words: RangeInclusive<usize>,
    /// How often a line has emotes.
    pub emotes: Emotes,
    /// The emotes that it names; empty if it leaves the choice open.
    pub own_emotes: Vec<&'static Emote>,
    /// Nothing in capitals, unless it shouts.
    pub lowercase: bool,
    /// Capitals when excited.
    pub shouts: bool,
    /// No full stops and exclamation marks.
    pub bare: bool,
    /// Vowels drawn out when excited.
    pub stretches: bool,
}

/// How often a line has emotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Emotes {
    /// `no emotes`
    Never,
    /// `Emotes rarely`
    Rarely,
    /// `Emotes sometimes`, and whatever says nothing of them.
    Sometimes,
    /// `Emotes often`
    Often,
    /// `Emotes all the time`
    Always,
    /// `Only emotes, never words`
    Only,
}

impl Emotes {
    /// The share of lines that have one, about.
    #[must_use]
    pub const fn share(self) -> f64 {
        match self {
            Self::Never => 0.0,
            Self::Rarely => 0.07,
            Self::Sometimes => 0.25,
            Self::Often => 0.5,
            Self::Always => 0.75,
            Self::Only => 1.0,
        }
    }
}

impl Style {
    /// How this character writes.
    #[must_use]
    pub fn of(profile: &Profile) -> Self {
        Self::read(&profile.style)
    }

    /// Reads a style's words.
    #[must_use]
    pub fn read(style: &str) -> Self {
        let text = style.to_lowercase();
        let says = |any: &[&str]| any.iter().any(|words| text.contains(words));
        let mut own_emotes = Vec::new();
        for emote in emote::in_text(style) {
            if !own_emotes.contains(&emote) {
                own_emotes.push(emote);
            }
        }
        Self {
            words: length(&text),
            emotes: emotes(&text),
            own_emotes,
            lowercase: says(&["lowercase", "lower case", "no capitals"])
                && !says(&["lowercase letter as often"]),
            shouts: says(&["caps when", "capitals when", "all caps"]),
            bare: says(&[
                "no punctuation",
                "no full stops",
                "without punctuation",
                "no exclamation",
            ]),
            stretches: says(&["stretches", "stretched", "draws out", "drawn-out"]),
        }
    }

    /// Whether it says nothing but emotes.
    #[must_use]
    pub fn is_emotes_only(&self) -> bool {
        self.emotes == Emotes::Only
    }

    /// An emote of its own that fits the mood; if it names none, any that fits. None if it has
    /// none, or none that fits. Whoever says nothing but emotes always has one.
    pub fn emote(&self, mood: Mood, rng: &mut Rng) -> Option<&'static Emote> {
        if self.emotes == Emotes::Never {
            return None;
        }
        let pool: Vec<&'static Emote> = if self.own_emotes.is_empty() {
            emote::ALL.iter().collect()
        } else {
            self.own_emotes.clone()
        };
        let pick = |fits: &dyn Fn(&Emote) -> bool, rng: &mut Rng| {
            let fitting: Vec<_> = pool.iter().filter(|emote| fits(emote)).copied().collect();
            rng.pick(&fitting).copied()
        };
        let best = pick(&|emote| emote.moods.first() == Some(&mood), rng);
        let fitting = pick(&|emote| emote.fits(mood), rng);
        let fitting = best.filter(|_| rng.chance(0.7)).or(fitting);
        let fallback = || {
            let calm = pool.iter().find(|emote| emote.fits(Mood::Calm));
            self.is_emotes_only()
                .then(|| calm.or(pool.first()).copied())
                .flatten()
        };
        fitting.or_else(fallback)
    }

    /// A line of another as this character would repeat it: in its own case, without the emotes or
    /// without the words if it never has them, now and then louder. None if nothing is left.
    #[must_use]
    pub fn repeat(&self, line: &str, excited: bool, rng: &mut Rng) -> Option<String> {
        if self.is_emotes_only() {
            return emote::only(line, 3);
        }
        let mut text = if self.emotes == Emotes::Never {
            emote::stripped(line)
        } else {
            emote::known(line)
        };
        if emote::is_only(&text) {
            let one = emote::in_text(&text).next().map(Emote::written);
            let few = text.split_whitespace().count() < 3;
            if let Some(one) =
                one.filter(|_| few && self.emotes >= Emotes::Often && rng.chance(0.25))
            {
                text = format!("{text} {one}");
            }
            return Some(text);
        }
        if self.bare {
            text = text.trim_end_matches(['!', '.']).trim_end().to_owned();
        }
        if self.shouts && excited && rng.chance(0.5) {
            text = emote::map_words(&text, str::to_uppercase);
        } else if self.lowercase {
            text = emote::map_words(&text, str::to_lowercase);
        }
        if self.stretches && excited {
            text = longer(text, rng);
        }
        (!text.is_empty()).then_some(text)
    }
}

/// How many words a line has, an emote counting as one.
#[must_use]
pub fn word_count(line: &str) -> usize {
    let without = emote::stripped(line);
    without
        .split_whitespace()
        .filter(|word| word.contains(char::is_alphanumeric))
        .count()
        + emote::in_text(line).count()
}

/// A drawn-out end, drawn out more.
fn longer(text: String, rng: &mut Rng) -> String {
    let Some(last) = text.chars().last().filter(|c| c.is_alphabetic()) else {
        return text;
    };
    if text.chars().rev().take_while(|c| *c == last).count() < 2 || !rng.chance(0.5) {
        return text;
    }
    let more = 1 + rng.below(3);
    text + &last.to_string().repeat(more)
}

/// `one to three words`, `2-6 words`, `at most five words`; else how short it says it is.
fn length(text: &str) -> RangeInclusive<usize> {
    let spaced = text.replace(['-', '–'], " to ");
    let words: Vec<String> = words::all(&spaced).collect();
    let stated = words.windows(4).find_map(|window| {
        let [least, between, most, unit] = window else {
            return None;
        };
        let is_range = matches!(between.as_str(), "to" | "or") && unit.starts_with("word")
            || between == "to" && unit == "of";
        let (least, most) = (number(least)?, number(most)?);
        (is_range && least <= most).then_some(least.max(1)..=most.max(1))
    });
    let bounded = || {
        words.windows(4).find_map(|window| {
            let [a, b, most, unit] = window else {
                return None;
            };
            let bound = matches!((a.as_str(), b.as_str()), ("at", "most") | ("up", "to"));
            (bound && unit.starts_with("word")).then(|| number(most).map(|most| 1..=most.max(1)))?
        })
    };
    let roughly = || {
        let says = |phrase| words::has_phrase(text, phrase);
        if says("very short") {
            Some(1..=3)
        } else if says("short") {
            Some(1..=6)
        } else if says("long") || says("complete sentence") {
            Some(6..=20)
        } else {
            None
        }
    };
    stated.or_else(bounded).or_else(roughly).unwrap_or(LENGTH)
}

fn number(word: &str) -> Option<usize> {
    const NUMBERS: [&str; 21] = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
        "twenty",
    ];
    let named = NUMBERS.iter().position(|number| *number == word);
    named.or_else(|| word.parse().ok()).filter(|&n| n <= 60)
}

/// How often, by what stands in the sentence that speaks of emotes.
fn emotes(text: &str) -> Emotes {
    let says = |text: &str, any: &[&str]| any.iter().any(|words| text.contains(words));
    if says(text, &["only emotes", "nothing but emotes"]) {
        return Emotes::Only;
    }
    if says(text, &["no emotes", "never emotes", "without emotes"]) {
        return Emotes::Never;
    }
    let Some(sentence) = text
        .split(['.', ';'])
        .find(|sentence| sentence.contains("emote"))
    else {
        return Emotes::Sometimes;
    };
    let grades: [(&[&str], Emotes); 3] = [
        (&["all the time", "always", "every line"], Emotes::Always),
        (&["often", "a lot", "heaps", "many"], Emotes::Often),
        (
            &["rare", "seldom", "hardly", "in ten lines"],
            Emotes::Rarely,
        ),
    ];
    grades
        .iter()
        .find(|(words, _)| says(sentence, words))
        .map_or(Emotes::Sometimes, |(_, often)| *often)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_how_long_lines_are() {
        let cases = [
            (
                "Very short: one to three words, never a full sentence.",
                1..=3,
            ),
            (
                "one complete sentence, eight to twenty words, with capitals",
                8..=20,
            ),
            ("Lines of 2-6 words.", 2..=6),
            ("two or three words", 2..=3),
            ("at most five words", 1..=5),
            ("up to 4 words", 1..=4),
            ("Only emotes: one to three of them in a line", 1..=3),
            ("Short. One emote in ten lines.", 1..=6),
            ("Very short.", 1..=3),
            ("a long-winded soul", 6..=20),
            ("Dramatic.", LENGTH),
            ("from nine to five words fail him", LENGTH),
            ("", LENGTH),
        ];
        for (style, wanted) in cases {
            assert_eq!(Style::read(style).words, wanted, "{style}");
        }
    }

    #[test]
    fn reads_how_often_emotes_come() {
        let cases = [
            ("Emotes all the time: :hype:.", Emotes::Always),
            ("No emoji. Emotes often: :rip: :cope:.", Emotes::Often),
            ("Emotes a lot: :lol:", Emotes::Often),
            ("Talks often. Emotes sometimes: :lol:", Emotes::Sometimes),
            ("Now and then an emote, :heart:", Emotes::Sometimes),
            ("Emotes rarely: :brain:", Emotes::Rarely),
            (
                "Perhaps one small emoji or emote in ten lines",
                Emotes::Rarely,
            ),
            ("no emoji, no emotes, ever", Emotes::Never),
            ("Only emotes, never words", Emotes::Only),
            ("Dry.", Emotes::Sometimes),
        ];
        for (style, wanted) in cases {
            assert_eq!(Style::read(style).emotes, wanted, "{style}");
        }
    }

    #[test]
    fn picks_its_own_emotes_by_mood() {
        let style = Style::read("Emotes often: :rip: :cope: :lol: :lol:.");
        assert_eq!(style.own_emotes.len(), 3);
        for seed in 0..20 {
            let mut rng = Rng::new(seed);
            let sad = style.emote(Mood::Shock, &mut rng).unwrap().code;
            assert!(["rip", "cope"].contains(&sad), "{sad}");
            assert_eq!(style.emote(Mood::Warm, &mut rng), None);
            let warm = Style::read("Dry.").emote(Mood::Warm, &mut rng).unwrap();
            assert!(warm.fits(Mood::Warm), "{warm:?}");
            assert_eq!(Style::read("no emotes").emote(Mood::Joy, &mut rng), None);
            let only = Style::read("Only emotes: :lol: :eyes:");
            assert_eq!(only.emote(Mood::Warm, &mut rng).unwrap().code, "eyes");
        }
    }

    #[test]
    fn repeats_in_its_own_hand() {
        let cases: [(&str, &str, Option<&[&str]>); 8] = [
            ("All lowercase, no punctuation.", "GG!!", Some(&["gg"])),
            ("Dry.", "GG!!", Some(&["GG!!"])),
            (
                "CAPS when excited, otherwise lowercase",
                "huge",
                Some(&["huge", "HUGE"]),
            ),
            (
                "Stretches vowels. lowercase",
                "NOO",
                Some(&["noo", "nooo", "noooo", "nooooo"]),
            ),
            ("no emotes", "GG :hype:", Some(&["GG"])),
            ("no emotes", ":hype:", None),
            ("Only emotes", "GG :hype: :lol:", Some(&[":hype: :lol:"])),
            ("Only emotes", "GG", None),
        ];
        for (style, line, wanted) in cases {
            for seed in 0..30 {
                let mut rng = Rng::new(seed);
                let got = Style::read(style)
                    .repeat(line, true, &mut rng)
                    .filter(|text| !text.is_empty());
                match wanted {
                    Some(any) => {
                        let got = got.unwrap();
                        assert!(any.contains(&got.as_str()), "{style}: {line}: {got}");
                    }
                    None => assert_eq!(got, None, "{style}: {line}"),
                }
            }
        }
    }

    #[test]
    fn an_emote_is_a_word() {
        let cases = [
            ("lets go :hype:", 3),
            (":lol::lol:", 2),
            ("no -- !!", 1),
            ("", 0),
        ];
        for (line, wanted) in cases {
            assert_eq!(word_count(line), wanted, "{line}");
        }
    }
}
