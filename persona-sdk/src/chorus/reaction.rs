//! Lines that are reactions and nothing else.

use crate::{emote, words};

/// The most words of one.
const MAX_WORDS: usize = 4;

/// The most characters of one.
const MAX_CHARS: usize = 40;

/// The words that reactions are made of, without drawn-out letters. None of them speaks of the one
/// who writes, and none can be thrown at somebody else.
#[rustfmt::skip]
pub(super) const WORDS: &[&str] = &[
    "a", "absolute", "absolutely", "again", "agreed", "ahead", "alive", "all", "almost", "always",
    "amazing", "and", "another", "any", "arc", "aw", "awesome", "back", "banger", "based",
    "beautiful", "believe", "best", "big", "bless", "boom", "brain", "bravo", "bro", "bruh",
    "built", "bye", "called", "came", "chat", "chills", "cinema", "clap", "clean", "clip",
    "clipped", "close", "clutch", "cmon", "come", "comeback", "comedy", "comes", "coming", "cook",
    "cooked", "cooking", "cool", "cope", "cozy", "crazy", "crispy", "crossed", "crying", "cursed",
    "day", "diff", "different", "done", "doubt", "down", "dying", "easy", "encore", "epic", "ever",
    "every", "everything", "exactly", "ez", "f", "facts", "fair", "faster", "finally", "fingers",
    "fire", "first", "focus", "for", "fr", "frame", "free", "frfr", "full", "gg", "ggs", "gl",
    "glhf", "go", "goat", "goated", "goes", "going", "gold", "gone", "good", "goosebumps", "great",
    "happened", "happens", "hard", "heartbreak", "hello", "help", "here", "hey", "hi", "history",
    "hold", "how", "hug", "huge", "huh", "hydrate", "hype", "hyped", "iconic", "idk", "in",
    "inches", "insane", "interesting", "is", "it", "it's", "its", "just", "kek", "kekw", "last",
    "legend", "legendary", "legit", "lesgo", "let", "let's", "lets", "lfg", "live", "lmao", "lock",
    "locked", "lol", "lore", "louder", "luck", "magic", "massive", "maybe", "missed", "moment",
    "mood", "more", "music", "nah", "nailed", "naur", "never", "new", "next", "nice", "night", "no",
    "nope", "not", "now", "nt", "obviously", "of", "ofc", "oh", "ok", "okay", "omg", "on", "one",
    "oof", "ooh", "op", "ouch", "over", "pain", "peak", "perfect", "please", "pls", "plz", "pog",
    "poggers", "possible", "prayge", "press", "prob", "pure", "ready", "real", "replay", "rigged",
    "right", "rip", "robbed", "ruined", "run", "sadge", "said", "same", "save", "screaming",
    "seated", "send", "sheesh", "snacks", "so", "soon", "start", "still", "stop", "story", "such",
    "sus", "suspense", "take", "tense", "thanks", "that", "that's", "thats", "the", "there",
    "things", "this", "tho", "though", "time", "timing", "to", "too", "tragedy", "true", "trust",
    "try", "ty", "uh", "unlucky", "unreal", "unstoppable", "up", "vibes", "victory", "vote", "w",
    "wait", "waiting", "was", "way", "we", "we're", "well", "were", "what", "wheezing", "when",
    "where", "whoa", "why", "wild", "win", "wins", "woo", "woohoo", "work", "worked", "works",
    "worth", "wow", "wp", "ws", "yay", "yeah", "yep", "yes", "yikes", "yo", "yolo", "yup",
];

/// Whether a line is short, and made of reactions, emotes and `topic` (lower case) alone.
pub(super) fn is_one(text: &str, topic: &[String]) -> bool {
    let written = text.split_whitespace().count();
    if text.chars().count() > MAX_CHARS || written == 0 || written > MAX_WORDS {
        return false;
    }
    let without = emote::stripped(text);
    let has_letters = without.contains(char::is_alphanumeric);
    // `bit.ly/x`, `@ana`, `#ad`, `5:1`: none of it belongs into a shout.
    let is_plain = without.chars().enumerate().all(|(at, c)| {
        c.is_alphabetic()
            || c.is_ascii_digit()
            || c.is_whitespace()
            || matches!(c, '\'' | '’' | '!' | '?' | ',' | '+')
            || c == '.'
                && without[..]
                    .chars()
                    .nth(at + 1)
                    .is_none_or(|next| !next.is_alphanumeric())
            || is_emoji(c)
    });
    let is_something =
        has_letters || without.chars().any(is_emoji) || emote::in_text(text).next().is_some();
    is_plain && is_something && words::all(&without).all(|word| is_word(&word, topic))
}

fn is_word(word: &str, topic: &[String]) -> bool {
    is_count(word)
        || is_laugh(word)
        || [1, 2].iter().any(|&most| {
            let short = shortened(word, most);
            WORDS.binary_search(&short.as_str()).is_ok()
        })
        || topic.iter().any(|term| term == word)
}

/// `+1`, `100`; no telephone number.
fn is_count(word: &str) -> bool {
    word.len() <= 3 && word.bytes().all(|b| b.is_ascii_digit())
}

fn is_laugh(word: &str) -> bool {
    let of = |letters: &str| word.chars().all(|c| letters.contains(c));
    word.len() > 2 && (of("ha") || of("he") || of("lo") || word.starts_with("lma") && of("lmao"))
}

/// The word with runs of a letter cut to `most`.
fn shortened(word: &str, most: usize) -> String {
    let mut run = ('\0', 0);
    word.chars()
        .filter(|&c| {
            run = if c == run.0 { (c, run.1 + 1) } else { (c, 1) };
            run.1 <= most
        })
        .collect()
}

/// Emoji, what joins them, and what colours them.
const fn is_emoji(c: char) -> bool {
    matches!(c, '\u{2190}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}' | '\u{200d}' | '\u{fe0f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_can_be_searched() {
        let mut sorted = WORDS.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(WORDS, sorted);
    }

    #[test]
    fn reactions_and_nothing_else() {
        let yes = [
            "F",
            "GG",
            "+1",
            "same",
            "this",
            "LMAO",
            "LETS GOOOO",
            "nooooo",
            "Yesss!!",
            "hahaha",
            ":hype: :hype: :hype:",
            "W :fire:",
            "clip it",
            "we're so back",
            "it’s over",
            "😭😭",
            "no way",
            "wait what?",
            "lololol",
            "left left",
        ];
        let no = [
            "i love cats",
            "my cat",
            "you fell",
            "he is dead",
            "kill it",
            "ana fell",
            "free robux",
            "bit.ly/abc",
            "www.go.com",
            "@ana gg",
            "gg ana@x.com",
            "gg gg gg gg gg",
            "1234567",
            "#win",
            "5:1",
            "",
            "   ",
            "dm me",
            "i'm so sad",
            "gg.com",
            "yes yes yes yes yes yes yes yes yes yes yes",
        ];
        let topic = ["left".to_owned()];
        for text in yes {
            assert!(is_one(text, &topic), "{text}");
        }
        for text in no {
            assert!(!is_one(text, &topic), "{text}");
        }
        assert!(!is_one("left left", &[]));
    }
}
