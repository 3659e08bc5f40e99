//! What of a message is counted: its words and its emotes, each once, and what it says as a whole.

use chatter_protocol::emote;
use std::collections::BTreeSet;
use unicode_segmentation::UnicodeSegmentation;

/// Longer words are mashed keys, or links.
const LONGEST: usize = 40;

/// Words that every chat is full of. In other languages than English they are counted like any other.
const COMMON: &str = "a about all also am an and any are as at be because been but by can could did do \
    does don't for from get go got had has have he her him his how i if i'm in into is isn't it it's its \
    just let like me more my no not now of off ok on one or our out over really she should so some than \
    that that's the their them then there they this to too up us very was we well were what what's when \
    where which who why will with would yes you you're your";

/// A message's words, in lower case, and the codes of its emotes, in a room that has these of its own.
pub(crate) fn of<'a>(
    text: &'a str,
    own: &BTreeSet<String>,
) -> (BTreeSet<String>, BTreeSet<&'a str>) {
    let (mut words, mut emotes) = (BTreeSet::new(), BTreeSet::new());
    let mut rest = 0;
    let mut count = |plain: &str| {
        let fits = |word: &&str| word.chars().count() <= LONGEST;
        let spoken = plain
            .split_whitespace()
            .flat_map(|piece| before_link(piece).unicode_words());
        let lower = spoken.filter(fits).map(str::to_lowercase);
        let telling = |word: &String| {
            word.chars().any(char::is_alphabetic)
                && !COMMON.split_whitespace().any(|common| common == word)
        };
        words.extend(lower.filter(telling));
    };
    for (range, code) in emote::find_in_room(text, |code| own.contains(code)) {
        count(&text[rest..range.start]);
        rest = range.end;
        emotes.insert(code);
    }
    count(&text[rest..]);
    (words, emotes)
}

/// Nobody says what a link is made of.
fn before_link(piece: &str) -> &str {
    let before = piece.split_once("://").map(|(before, _)| before);
    before.map_or(piece, |before| {
        before.trim_end_matches(|c: char| c.is_ascii_alphanumeric())
    })
}

/// What two messages have in common that say the same: their words in lower case, and if there are none the text itself.
pub(crate) fn said(text: &str) -> String {
    let words: Vec<_> = text.unicode_words().map(str::to_lowercase).collect();
    if words.is_empty() {
        return text.trim().to_lowercase();
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_emotes_count_once_each() {
        for (text, words, emotes) in [
            ("", &[][..], &[][..]),
            ("What a SAVE, what a save!", &["save"], &[]),
            ("goal :hype::hype: goal", &["goal"], &["hype"]),
            ("it is 12:30:15 :nosuch:", &["nosuch"], &[]),
            ("Über das Tor 🎉", &["das", "tor", "über"], &[]),
            ("goal :catJAM:catJAM", &["catjam", "goal"], &["catJAM"]),
            ("goal :catjam:", &["catjam", "goal"], &[]),
            (
                "look https://youtu.be/save?t=3 (HTTP://a.b/c)",
                &["look"],
                &[],
            ),
            ("gg看https://a.b/goal", &["gg", "看"], &[]),
            (&"x".repeat(41), &[], &[]),
        ] {
            let own = BTreeSet::from(["catJAM".to_owned()]);
            let (found, marks) = of(text, &own);
            assert_eq!(
                found.iter().map(String::as_str).collect::<Vec<_>>(),
                words,
                "{text}"
            );
            assert_eq!(marks.into_iter().collect::<Vec<_>>(), emotes, "{text}");
        }
    }

    #[test]
    fn what_says_the_same_is_told_by_its_words() {
        for (a, b, same) in [
            ("gg", "GG!!!", true),
            ("what a  save", "What a save?", true),
            ("raid :hype:", "RAID :hype:", true),
            ("🎉🎉", " 🎉🎉 ", true),
            ("???", "???", true),
            ("Über das Tor", "über das tor", true),
            ("gg", "gg wp", false),
            ("🎉", "🎉🎉", false),
            ("!", "?", false),
            ("never", "ever", false),
        ] {
            assert_eq!(said(a) == said(b), same, "{a} / {b}");
        }
    }
}
