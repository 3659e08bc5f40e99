//! The built-in emotes: small pictures that a message names in its text, as `:hype:`.
//!
//! In the text they are words like any other: whatever shows no pictures shows the code. Which
//! emotes there are stands in `protocol/emotes.json`; a code that is not listed there is just text.

use serde::Deserialize;
use std::{ops::Range, sync::LazyLock};

/// The longest code, in bytes.
pub const MAX_CODE: usize = 20;

/// One emote.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Emote {
    /// What is written between the colons: 1 to 20 of `a-z` and `0-9`.
    pub code: String,
    /// What it says, in a few words; without `;`, which separates emotes where they are listed.
    pub means: String,
    /// When it is used, at least one.
    pub moods: Vec<Mood>,
}

/// What one feels who uses an emote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mood {
    /// Something went well.
    Joy,
    /// Something is funny.
    Fun,
    /// Something went wrong, or may.
    Shock,
    /// Something is hard to understand or to believe.
    Puzzled,
    /// Nothing much happens.
    Calm,
    /// It is about people.
    Warm,
}

impl Mood {
    /// Every mood.
    pub const ALL: [Self; 6] = [
        Self::Joy,
        Self::Fun,
        Self::Shock,
        Self::Puzzled,
        Self::Calm,
        Self::Warm,
    ];

    /// Its name in `emotes.json`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Joy => "joy",
            Self::Fun => "fun",
            Self::Shock => "shock",
            Self::Puzzled => "puzzled",
            Self::Calm => "calm",
            Self::Warm => "warm",
        }
    }
}

/// All emotes, in the order in which they are shown and listed.
#[must_use]
pub fn all() -> &'static [Emote] {
    static ALL: LazyLock<Vec<Emote>> = LazyLock::new(|| {
        serde_json::from_str(include_str!("../emotes.json"))
            .expect("a file of this crate; a test reads it")
    });
    &ALL
}

/// The emote of a code, given without its colons.
#[must_use]
pub fn by_code(code: &str) -> Option<&'static Emote> {
    all().iter().find(|emote| emote.code == code)
}

/// An emote in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Which.
    pub emote: &'static Emote,
    /// The bytes of the text that it takes, colons included.
    pub range: Range<usize>,
}

/// The emotes of a text, from left to right. Each has its own two colons: `:lol::lol:` are two,
/// `:lol:lol:` is one. A colon of something else may begin one, as in `at 12:30:lol:`.
pub fn find(text: &str) -> impl Iterator<Item = Found> + '_ {
    scan(text, by_code).map(|(range, emote)| Found { emote, range })
}

/// The same in a room that has emotes of its own, whose codes `own` knows: the bytes that each takes, colons included,
/// and its code.
pub fn find_in_room(
    text: &str,
    own: impl Fn(&str) -> bool,
) -> impl Iterator<Item = (Range<usize>, &str)> {
    scan(text, move |code| {
        (by_code(code).is_some() || own(code)).then_some(code)
    })
}

fn scan<'a, T>(
    text: &'a str,
    known: impl Fn(&'a str) -> Option<T>,
) -> impl Iterator<Item = (Range<usize>, T)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        while let Some(start) = next_colon(text, from) {
            from = start + 1;
            let Some(end) = next_colon(text, from) else {
                // No colon follows, so no emote does.
                from = text.len();
                return None;
            };
            if let Some(emote) = known(&text[from..end]) {
                from = end + 1;
                return Some((start..from, emote));
            }
        }
        None
    })
}

fn next_colon(text: &str, from: usize) -> Option<usize> {
    text[from..].find(':').map(|at| from + at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_file_obeys_its_rules() {
        let mut codes = HashSet::new();
        for Emote { code, means, moods } in all() {
            let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
            assert!(
                (1..=MAX_CODE).contains(&code.len()) && code.bytes().all(plain),
                "{code:?} is not 1 to {MAX_CODE} of a-z, 0-9"
            );
            assert!(codes.insert(code), "{code} is there twice");
            assert!(
                (1..=60).contains(&means.chars().count()) && means.trim() == means,
                "{code}: {means:?} is empty, longer than 60 characters, or has spaces around it"
            );
            assert!(
                !means.contains([';', '\n']),
                "{code}: {means:?} breaks the list that it stands in"
            );
            assert!(!moods.is_empty(), "{code} has no mood");
            let distinct: HashSet<_> = moods.iter().collect();
            assert_eq!(distinct.len(), moods.len(), "{code}: {moods:?}");
        }
        assert!(!codes.is_empty());
    }

    #[test]
    fn every_mood_has_an_emote_and_its_name() {
        for mood in Mood::ALL {
            assert!(
                all().iter().any(|emote| emote.moods.contains(&mood)),
                "{mood:?}"
            );
            let read: Mood = serde_json::from_value(mood.as_str().into()).unwrap();
            assert_eq!(read, mood);
        }
    }

    #[test]
    fn emotes_are_found_where_they_are() {
        for (text, wanted) in [
            ("", &[][..]),
            ("no emote", &[]),
            (":hype:", &["hype"]),
            ("nice :hype: so :fire:", &["hype", "fire"]),
            (":lol::lol:", &["lol", "lol"]),
            (":lol:lol:", &["lol"]),
            (":lol:rip:", &["lol"]),
            ("at 12:30:lol: again", &["lol"]),
            ("::lol::", &["lol"]),
            (":nope:lol:", &["lol"]),
            (":LOL: :Lol:", &[]),
            (": lol :", &[]),
            (":lol", &[]),
            ("lol:", &[]),
            (":", &[]),
            ("::", &[]),
            ("ж:lol:ж", &["lol"]),
            (":лол:lol:", &["lol"]),
            (":aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:rip:", &["rip"]),
        ] {
            let found: Vec<Found> = find(text).collect();
            let codes: Vec<&str> = found
                .iter()
                .map(|found| found.emote.code.as_str())
                .collect();
            assert_eq!(codes, wanted, "{text:?}");
            for Found { emote, range } in found {
                assert_eq!(text[range], format!(":{}:", emote.code), "{text:?}");
            }
        }
    }
}
