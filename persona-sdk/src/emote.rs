//! The built-in emotes: `:code:` in a line's text, pictures on the page.
//!
//! `protocol/emotes.json` is where they are defined; a test compares.

/// What a moment feels like, and which emotes fit it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// Something went well.
    Joy,
    /// Something went wrong, or nobody believes it.
    Shock,
    /// Something to laugh at.
    Fun,
    /// Something to wonder about.
    Puzzled,
    /// Nothing much.
    Calm,
    /// Somebody is dear.
    Warm,
}

impl Mood {
    /// What an event of this kind feels like. Kinds are open: whatever is not known puzzles.
    #[must_use]
    pub fn of_event(kind: &str) -> Self {
        match kind {
            "hype" | "stream_start" => Self::Joy,
            "fail" => Self::Shock,
            "laughter" => Self::Fun,
            "silence" => Self::Calm,
            "stream_end" => Self::Warm,
            _ => Self::Puzzled,
        }
    }
}

/// An emote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Emote {
    /// What stands between the colons.
    pub code: &'static str,
    /// What it means, in a few words.
    pub means: &'static str,
    /// When it fits, first where it fits best.
    pub moods: &'static [Mood],
}

const fn emote(code: &'static str, means: &'static str, moods: &'static [Mood]) -> Emote {
    Emote { code, means, moods }
}

use Mood::{Calm, Fun, Joy, Puzzled, Shock, Warm};

/// All of them.
pub const ALL: [Emote; 24] = [
    emote("hype", "excitement, let's go", &[Joy]),
    emote("fire", "on fire, on a streak", &[Joy]),
    emote("wow", "amazement, mouth open", &[Joy, Shock]),
    emote("clap", "applause, well done", &[Joy, Warm]),
    emote("gg", "good game, that's a wrap", &[Joy, Calm]),
    emote("crown", "the best there is", &[Joy]),
    emote("lol", "laughing out loud", &[Fun]),
    emote("wheeze", "laughing until it hurts", &[Fun]),
    emote("smirk", "ironic, told you so", &[Fun, Calm]),
    emote("rip", "it's over, a gravestone", &[Shock]),
    emote("cry", "sad, in tears", &[Shock]),
    emote("facepalm", "can't watch, embarrassing", &[Shock]),
    emote("sweat", "nervous, tense", &[Shock, Puzzled]),
    emote("cope", "telling oneself it will be fine", &[Shock, Fun]),
    emote("think", "thinking, not sure", &[Puzzled]),
    emote("what", "confused", &[Puzzled]),
    emote("sus", "suspicious", &[Puzzled, Fun]),
    emote("brain", "clever, five moves ahead", &[Puzzled, Joy]),
    emote("eyes", "watching closely", &[Calm, Puzzled]),
    emote("snack", "popcorn, enjoying the show", &[Calm, Fun]),
    emote("cozy", "comfortable, calm", &[Calm, Warm]),
    emote("heart", "love", &[Warm]),
    emote("wave", "hello or goodbye", &[Warm]),
    emote("salute", "respect", &[Warm, Shock]),
];

/// The longest code, in bytes, that is taken for one.
const CODE_BYTES: usize = 24;

impl Emote {
    /// As it is written in a line: `:hype:`.
    #[must_use]
    pub fn written(&self) -> String {
        format!(":{}:", self.code)
    }

    /// Whether it fits this mood.
    #[must_use]
    pub fn fits(&self, mood: Mood) -> bool {
        self.moods.contains(&mood)
    }
}

/// The emote with this code, in any letter case.
#[must_use]
pub fn find(code: &str) -> Option<&'static Emote> {
    ALL.iter()
        .find(|emote| emote.code.eq_ignore_ascii_case(code))
}

/// A stretch of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    Emote(&'static Emote),
    /// Looks like an emote's code, and is none.
    Stray,
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut begun, mut at) = (0, 0);
    while let Some(colon) = text[at..].find(':').map(|found| at + found) {
        at = colon + 1;
        let code = text[at..].split_once(':').map(|(code, _)| code);
        let Some(code) = code.filter(|code| is_code(code)) else {
            continue;
        };
        let stands_alone = !text[..colon].ends_with(char::is_alphanumeric);
        let piece = match find(code) {
            Some(emote) => Piece::Emote(emote),
            None if stands_alone => Piece::Stray,
            None => continue,
        };
        pieces.push(Piece::Text(&text[begun..colon]));
        pieces.push(piece);
        at += code.len() + 1;
        begun = at;
    }
    pieces.push(Piece::Text(&text[begun..]));
    pieces
}

/// `10:30:00` holds no code.
fn is_code(code: &str) -> bool {
    code.len() <= CODE_BYTES
        && code.starts_with(|c: char| c.is_ascii_alphabetic())
        && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The emotes that stand in a text, in order.
pub fn in_text(text: &str) -> impl Iterator<Item = &'static Emote> {
    pieces(text).into_iter().filter_map(|piece| match piece {
        Piece::Emote(emote) => Some(emote),
        _ => None,
    })
}

/// The text with its emotes as they are written, and without what only looks like one: models make
/// up codes that no page shows.
#[must_use]
pub fn known(text: &str) -> String {
    join(text, |piece| match piece {
        Piece::Text(text) => text.to_owned(),
        Piece::Emote(emote) => emote.written(),
        Piece::Stray => String::new(),
    })
}

/// The text without any emote.
#[must_use]
pub fn stripped(text: &str) -> String {
    join(text, |piece| match piece {
        Piece::Text(text) => text.to_owned(),
        _ => String::new(),
    })
}

/// The text's words changed, its emotes as they are: codes have no capitals.
#[must_use]
pub fn map_words(text: &str, change: impl Fn(&str) -> String) -> String {
    join(text, |piece| match piece {
        Piece::Text(text) => change(text),
        Piece::Emote(emote) => emote.written(),
        Piece::Stray => String::new(),
    })
}

/// The first `most` emotes of a text and nothing else; none if it has none.
#[must_use]
pub fn only(text: &str, most: usize) -> Option<String> {
    let emotes: Vec<_> = in_text(text).take(most).map(Emote::written).collect();
    (!emotes.is_empty()).then(|| emotes.join(" "))
}

/// Whether there is nothing but emotes in a text.
#[must_use]
pub fn is_only(text: &str) -> bool {
    in_text(text).next().is_some() && stripped(text).is_empty()
}

/// One space between words, none at the ends; a text without colons stays as it is.
fn join(text: &str, write: impl Fn(Piece<'_>) -> String) -> String {
    let pieces = pieces(text);
    let whole: String = pieces.iter().map(|piece| write(*piece)).collect();
    if pieces.len() == 1 {
        return whole;
    }
    whole.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, path::Path};

    /// Beside a checkout's protocol; a published crate has none to compare with.
    #[test]
    fn the_table_is_the_protocols() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../protocol/emotes.json");
        let Ok(text) = fs::read_to_string(file) else {
            return;
        };
        let wanted: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
        let mine: Vec<_> = ALL
            .iter()
            .map(|emote| {
                let moods = emote
                    .moods
                    .iter()
                    .map(|mood| format!("{mood:?}").to_lowercase());
                serde_json::json!({
                    "code": emote.code, "means": emote.means, "moods": moods.collect::<Vec<_>>(),
                })
            })
            .collect();
        assert_eq!(mine, wanted);
    }

    #[test]
    fn emotes_are_found_wherever_they_stand() {
        let cases: [(&str, &[&str]); 7] = [
            ("nice :hype:", &["hype"]),
            (":lol::lol: x :cry:", &["lol", "lol", "cry"]),
            ("nice:HYPE:", &["hype"]),
            ("at 10:30:00 or 1:2", &[]),
            (":nope: :hype", &[]),
            ("::hype::", &["hype"]),
            ("no: wait :eyes:", &["eyes"]),
        ];
        for (text, wanted) in cases {
            let got: Vec<_> = in_text(text).map(|emote| emote.code).collect();
            assert_eq!(got, wanted, "{text}");
        }
    }

    #[test]
    fn what_is_left_of_a_line() {
        let cases = [
            // (line, known, stripped, only)
            (
                "nice :hype: one",
                "nice :hype: one",
                "nice one",
                Some(":hype:"),
            ),
            (":Pray: ok :LOL:", "ok :lol:", "ok", Some(":lol:")),
            ("at 10:30:00", "at 10:30:00", "at 10:30:00", None),
            ("a  b", "a  b", "a  b", None),
            (":eyes:", ":eyes:", "", Some(":eyes:")),
            ("é:hype:é", "é:hype:é", "éé", Some(":hype:")),
            ("so:maybe: not", "so:maybe: not", "so:maybe: not", None),
        ];
        for (line, as_known, without, emotes) in cases {
            assert_eq!(known(line), as_known, "{line}");
            assert_eq!(stripped(line), without, "{line}");
            assert_eq!(only(line, 3).as_deref(), emotes, "{line}");
        }
        assert_eq!(only(":lol: :lol: :lol:", 2).as_deref(), Some(":lol: :lol:"));
        assert!(is_only(":lol: :cry:") && !is_only("lol :lol:") && !is_only(""));
    }

    #[test]
    fn capitals_are_for_words() {
        assert_eq!(
            map_words("lets go :hype: now", str::to_uppercase),
            "LETS GO :hype: NOW"
        );
    }

    #[test]
    fn each_mood_has_emotes() {
        for mood in [Joy, Shock, Fun, Puzzled, Calm, Warm] {
            assert!(
                ALL.iter().filter(|emote| emote.fits(mood)).count() >= 3,
                "{mood:?}"
            );
        }
    }
}
