//! Display names: which are allowed, whose they are, and the author ids and colours made of them.

use crate::{PersonaSeat, problem::Problem};
use axum::http::StatusCode;
use chatter_moderation::{invisible, marks};
use chatter_protocol::{Author, AuthorId, AuthorKind, message::MAX_NAME_CHARS};
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use unicode_normalization::UnicodeNormalization;

/// Names that are nobody's, since readers would take them for the room's own voice.
const RESERVED: [&str; 4] = ["system", "moderator", "operator", "chatter"];

/// Checks a display name and takes the spaces around it away. `pointer` is where it stood.
pub(crate) fn check<'a>(name: &'a str, pointer: &str) -> Result<&'a str, Problem> {
    let name = name.trim();
    let wrong = if name.chars().all(invisible::is_blank) {
        Some("is empty: give a name to be shown".to_owned())
    } else if name.chars().count() > MAX_NAME_CHARS {
        Some(format!("is longer than {MAX_NAME_CHARS} characters"))
    } else if let Some(c) = name.chars().find(|c| c.is_control() || is_line_break(*c)) {
        Some(format!(
            "holds the control character U+{:04X}: leave it out",
            u32::from(c)
        ))
    } else if let Some(c) = invisible::find(name) {
        Some(format!(
            "holds the invisible character U+{:04X}: leave it out",
            u32::from(c)
        ))
    } else if marks::is_flooded(name) {
        Some("has too many marks on one character".to_owned())
    } else if is_misread(name) {
        Some(
            "begins with an @ or a quotation mark, or has a \" in it, and would mean another in a command: leave it out"
                .to_owned(),
        )
    } else if is_like_an_id(name) {
        Some("reads as an author's id, of which each is somebody's: leave the colon out".to_owned())
    } else {
        None
    };
    match wrong {
        None => Ok(name),
        Some(wrong) => {
            Err(Problem::unprocessable("invalid", format!("the name {wrong}")).at(pointer))
        }
    }
}

/// Whether a moderator who writes the name into a command means somebody else: an `@` and quotation marks stand around a name
/// there, and are no part of it.
fn is_misread(name: &str) -> bool {
    let seen = name.trim_start_matches(['\u{200e}', '\u{200f}', '\u{61c}']);
    fold(seen).starts_with('@') || seen.starts_with(is_quotation_mark) || seen.contains('"')
}

/// Whoever has none of these marks on a keyboard writes `"` for it.
const fn is_quotation_mark(c: char) -> bool {
    matches!(
        c,
        '"' | '«' | '»' | 'ʺ' | '˝' | '“'..='‟' | '″' | '‶' | '❝' | '❞' | '⹂' | '〃' | '〝'..='〟' | '＂'
    )
}

/// Whether a moderator who writes the name into a command gives an author's id, and so means somebody else. Letter case
/// doesn't count.
fn is_like_an_id(name: &str) -> bool {
    let folded = fold(name);
    let bare = folded.trim();
    bare.contains(':') && AuthorId::new(bare).is_ok()
}

/// Of the breaks that are no control characters.
const fn is_line_break(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}')
}

/// A text in the form in which letter case and compatibility forms (NFKC, UAX #15) don't count.
pub(crate) fn fold(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).collect()
}

/// The forms of which two names that are the same to a reader have one in common: folded, and as they look, each time
/// letters and digits alone if there are any.
fn forms(name: &str) -> impl Iterator<Item = String> {
    let folded = fold(name);
    let letters: String = folded.chars().filter(|c| c.is_alphanumeric()).collect();
    let folded = if letters.is_empty() { folded } else { letters };
    let looks = chatter_moderation::letters(name);
    [folded, looks].into_iter().filter(|form| !form.is_empty())
}

/// Names that people may not take.
#[derive(Debug, Default)]
pub(crate) struct Taken(HashSet<String>);

impl Taken {
    pub(crate) fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self(names.into_iter().chain(RESERVED).flat_map(forms).collect())
    }

    /// Those of personas, by which they are known in their rooms.
    pub(crate) fn of<'a>(seats: impl IntoIterator<Item = &'a PersonaSeat>) -> Self {
        let both = |seat: &'a PersonaSeat| [seat.name.as_str(), seat.id.as_str()];
        Self::new(seats.into_iter().flat_map(both))
    }

    pub(crate) fn holds(&self, name: &str) -> bool {
        forms(name).any(|form| self.0.contains(&form))
    }

    pub(crate) fn refuse(&self, name: &str, pointer: &str) -> Result<(), Problem> {
        if self.holds(name) {
            let detail = "the name belongs to a persona or to the room itself: choose another";
            return Err(Problem::new(StatusCode::CONFLICT, "impersonates", detail).at(pointer));
        }
        Ok(())
    }
}

/// Who speaks under a name without a session. The same name is the same author, and never the
/// author of a session: such an id holds no `-`, a [session's](is_sessions) always does.
pub(crate) fn guest(name: &str) -> Author {
    let folded = fold(name);
    let slug = slug(&folded);
    let plain = folded.len() <= MAX_NAME_CHARS
        && folded
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    // What a slug can't tell apart, a hash of the whole name does.
    let id = if plain && !slug.is_empty() {
        slug
    } else {
        format!("{slug}_{}", &sha256(&folded)[..8])
    };
    viewer(&id, name)
}

/// What is shown a room and is nobody in it. It is no guest's id.
pub(crate) fn overlay() -> Author {
    let id = AuthorId::new("overlay:main").expect("a literal of the right form");
    author(id, "overlay", AuthorKind::Viewer)
}

/// Who speaks with a new session: `suffix` makes the id unique.
pub(crate) fn session_author(name: &str, suffix: u32) -> Author {
    viewer(&format!("{}-{suffix:08x}", slug(&fold(name))), name)
}

/// Whether a session has such an id: nobody else has one of this form.
pub(crate) fn is_sessions(id: &AuthorId) -> bool {
    let suffix = id
        .as_str()
        .strip_prefix("guest:")
        .and_then(|id| id.rsplit_once('-'))
        .map(|(_, suffix)| suffix);
    suffix.is_some_and(|suffix| {
        suffix.len() == 8
            && suffix
                .bytes()
                .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    })
}

fn slug(folded: &str) -> String {
    let dashed: String = folded
        .chars()
        .map(|c| {
            if c.is_ascii_lowercase() || c.is_ascii_digit() {
                c
            } else {
                '_'
            }
        })
        .collect();
    // One character of a name may fold to many (NFKC), and an id is short.
    let mut slug = dashed
        .split('_')
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("_");
    slug.truncate(MAX_NAME_CHARS);
    slug
}

fn viewer(slug: &str, name: &str) -> Author {
    // At most 6 + 40 + 9 bytes of the characters that an author's id is made of.
    let id = AuthorId::new(&format!("guest:{slug}"))
        .expect("a slug is made of an author id's characters");
    author(id, name, AuthorKind::Viewer)
}

/// What the messages of somebody who moderates carry.
pub(crate) fn as_moderator(author: &mut Author) {
    author.kind = AuthorKind::Moderator;
    author.badges = vec!["moderator".into()];
}

/// An author in the colour that belongs to its id.
pub(crate) fn author(id: AuthorId, name: &str, kind: AuthorKind) -> Author {
    let color = Some(color(&id));
    Author {
        id,
        name: name.to_owned(),
        kind,
        color,
        badges: Vec::new(),
    }
}

/// A colour that is the same for an author everywhere: a hue taken from the id, in HSL with 65 %
/// saturation and 60 % lightness.
pub(crate) fn color(id: &AuthorId) -> String {
    let digest = Sha256::digest(id.as_str());
    let hue = f64::from(u16::from_be_bytes([digest[0], digest[1]]) % 360);
    let (saturation, lightness) = (0.65_f64, 0.6_f64);
    // https://www.w3.org/TR/css-color-4/#hsl-to-rgb
    let a = saturation * lightness.min(1.0 - lightness);
    let channel = |n: f64| {
        let k = (n + hue / 30.0) % 12.0;
        let value = lightness - a * (k - 3.0).min(9.0 - k).clamp(-1.0, 1.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "0 to 255"
        )]
        let byte = (value * 255.0).round() as u8;
        byte
    };
    format!(
        "#{:02x}{:02x}{:02x}",
        channel(0.0),
        channel(8.0),
        channel(4.0)
    )
}

/// SHA-256 of a text.
pub(crate) fn digest(text: impl AsRef<[u8]>) -> [u8; 32] {
    Sha256::digest(text).into()
}

/// SHA-256 of a text, as hexadecimal digits.
pub(crate) fn sha256(bytes: impl AsRef<[u8]>) -> String {
    hex(&Sha256::digest(bytes))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    let mut hex = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        let cases = [
            ("ana", true),
            ("  Ana Lucía ", true),
            ("Олег", true),
            ("🎮 fan", true),
            ("", false),
            ("   ", false),
            ("\u{2800} \u{2800}", false),
            ("a\nb", false),
            ("a\u{200b}b", false),
            ("a\u{202e}b", false),
            ("a\u{0}", false),
            ("guest:ana-0f3c11d2", false),
            ("Guest:Ana-0F3C11D2", false),
            ("ｇｕｅｓｔ：ana-0f3c11d2", false),
            ("@guest:ana-0f3c11d2", false),
            ("\"guest:ana\"", false),
            ("@Ana", false),
            (" ＠Ana", false),
            ("﹫Ana", false),
            ("\"Ana\"", false),
            ("＂Ana＂", false),
            ("“Ana”", false),
            ("«Ana»", false),
            ("Ana\" x", false),
            ("\u{200f}@אנה", false),
            ("ana@home", true),
            ("O'Brien", true),
            ("Ana: the second", true),
            (":)", true),
        ];
        for (name, good) in cases {
            assert_eq!(check(name, "/name").is_ok(), good, "{name:?}");
        }
        assert!(check(&"x".repeat(40), "/name").is_ok());
        assert!(check(&"x".repeat(41), "/name").is_err());
    }

    #[test]
    fn a_taken_name_is_taken_in_every_dress() {
        let taken = Taken::new(["Nova", "Old Bea", "Олег", "Nina", "🎮"]);
        for name in [
            "Nova",
            "nova",
            "NOVA",
            "N o v a",
            "Ｎｏｖａ",
            "nova!",
            "old_bea",
            "OldBea",
            "System",
            "moderator",
            // With letters of other scripts that look like these.
            "N\u{43e}va",
            "\u{39d}\u{43e} v\u{430}",
            "M\u{43e}derator",
            "\u{43e}perator",
            "\u{455}y\u{455}tem",
            "Óld Béa",
            "🅽🅾🆅🅰",
            "ſystem",
            "\u{39d}\u{399}\u{39d}\u{391}",
            "ОЛЕГ",
            "O\u{43b}e\u{433}",
            "🎮",
        ] {
            assert!(taken.holds(name), "{name}");
        }
        for name in [
            "novak",
            "bea",
            "ana",
            "Ninna",
            "🎲",
            // Names of their own script.
            "Ольга",
            "Нова",
            "Нина",
            "Оператор",
            "Модератор",
            "Система",
            "Νίκη",
            "ノヴァ",
        ] {
            assert!(!taken.holds(name), "{name}");
        }
    }

    #[test]
    fn a_guest_is_the_same_by_name_and_never_a_session() {
        assert_eq!(guest("ana").id.as_str(), "guest:ana");
        assert_eq!(guest("Ana").id, guest("ana").id);
        assert_ne!(guest("Олег").id, guest("Ольга").id);
        assert_ne!(guest("ana-5f3c").id, guest("ana 5f3c").id);
        for name in ["ana-0000002a", "ana", "-", "a-b"] {
            assert!(!guest(name).id.as_str().contains('-'), "{name}");
            assert!(
                session_author(name, 42).id.as_str().ends_with("-0000002a"),
                "{name}"
            );
            assert!(is_sessions(&session_author(name, 42).id), "{name}");
            assert!(!is_sessions(&guest(name).id), "{name}");
        }
        assert!(!is_sessions(&AuthorId::new("guest:bot-1").unwrap()));
    }

    #[test]
    fn a_colour_is_a_colour() {
        let color = guest("ana").color.unwrap();
        assert!(color.len() == 7 && color.starts_with('#'), "{color}");
        assert_eq!(Some(color), guest("ana").color);
    }
}
