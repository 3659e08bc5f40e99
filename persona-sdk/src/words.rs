//! Words of a chat line or a transcript: enough to compare and to search with, for languages that
//! put spaces between words.

/// Words that say little about what a text is about: English function words, and what a chat says
/// all the time. In order.
pub const STOP_WORDS: &[&str] = &[
    "a",
    "about",
    "actually",
    "after",
    "again",
    "ah",
    "all",
    "also",
    "am",
    "an",
    "and",
    "any",
    "are",
    "aren",
    "around",
    "as",
    "at",
    "back",
    "be",
    "because",
    "been",
    "before",
    "being",
    "but",
    "by",
    "came",
    "can",
    "cant",
    "chat",
    "come",
    "could",
    "couldn",
    "did",
    "didn",
    "do",
    "does",
    "doesn",
    "doing",
    "don",
    "done",
    "dont",
    "down",
    "each",
    "else",
    "even",
    "every",
    "few",
    "for",
    "from",
    "get",
    "gets",
    "getting",
    "go",
    "goes",
    "going",
    "gonna",
    "got",
    "gotta",
    "guys",
    "had",
    "has",
    "have",
    "haven",
    "having",
    "he",
    "hello",
    "her",
    "here",
    "hey",
    "hi",
    "him",
    "his",
    "how",
    "huh",
    "i",
    "if",
    "in",
    "into",
    "is",
    "isn",
    "it",
    "its",
    "just",
    "keep",
    "kind",
    "know",
    "less",
    "let",
    "lets",
    "like",
    "little",
    "ll",
    "look",
    "lot",
    "make",
    "many",
    "maybe",
    "me",
    "mean",
    "more",
    "most",
    "much",
    "must",
    "my",
    "need",
    "never",
    "new",
    "next",
    "no",
    "not",
    "nothing",
    "now",
    "of",
    "off",
    "oh",
    "ok",
    "okay",
    "on",
    "once",
    "one",
    "only",
    "or",
    "other",
    "our",
    "out",
    "over",
    "own",
    "people",
    "pretty",
    "probably",
    "put",
    "quite",
    "rather",
    "re",
    "really",
    "right",
    "said",
    "same",
    "say",
    "see",
    "she",
    "should",
    "shouldn",
    "so",
    "some",
    "something",
    "still",
    "such",
    "sure",
    "take",
    "than",
    "that",
    "the",
    "their",
    "them",
    "then",
    "there",
    "these",
    "they",
    "thing",
    "things",
    "think",
    "this",
    "those",
    "though",
    "through",
    "to",
    "too",
    "try",
    "two",
    "uh",
    "um",
    "under",
    "until",
    "up",
    "us",
    "ve",
    "very",
    "wanna",
    "want",
    "was",
    "wasn",
    "way",
    "we",
    "well",
    "were",
    "what",
    "when",
    "where",
    "which",
    "while",
    "who",
    "why",
    "will",
    "with",
    "won",
    "would",
    "wow",
    "yeah",
    "yep",
    "yes",
    "yet",
    "you",
    "your",
];

/// The words of a text in lower case, in order. An apostrophe inside a word stays.
pub fn all(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !(c.is_alphanumeric() || c == '\'' || c == '’'))
        .map(|word| {
            word.trim_matches(['\'', '’'])
                .to_lowercase()
                .replace('’', "'")
        })
        .filter(|word| !word.is_empty())
}

/// Whether a word, in lower case, says little about what a text is about.
#[must_use]
pub fn is_stop_word(word: &str) -> bool {
    let stem = word.split('\'').next().unwrap_or(word);
    word.chars().count() < 2 || STOP_WORDS.binary_search(&stem).is_ok()
}

/// The words that tell what a text is about, in order and without repeats.
#[must_use]
pub fn telling(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for word in all(text) {
        if !is_stop_word(&word) && !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// Whether a phrase stands in a text as whole words, whatever their letter case.
#[must_use]
pub fn has_phrase(text: &str, phrase: &str) -> bool {
    let phrase: Vec<_> = all(phrase).collect();
    let text: Vec<_> = all(text).collect();
    !phrase.is_empty()
        && text
            .windows(phrase.len())
            .any(|window| window == phrase.as_slice())
}

/// What two lines have to share to count as the same: words alone, in lower case, with drawn-out
/// letters shortened (`GOOOO!!` and `goo` are one).
#[must_use]
pub fn fingerprint(text: &str) -> String {
    let mut print = String::new();
    for word in all(text) {
        if !print.is_empty() {
            print.push(' ');
        }
        let mut run = ('\0', 0);
        for c in word.chars() {
            run = if c == run.0 { (c, run.1 + 1) } else { (c, 1) };
            if run.1 <= 2 {
                print.push(c);
            }
        }
    }
    print
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stop_words_can_be_searched() {
        assert!(STOP_WORDS.is_sorted(), "binary search needs them in order");
    }

    #[test]
    fn finds_what_a_text_is_about() {
        let cases = [
            ("The BOSS, the boss is down!", vec!["boss"]),
            ("I don't know what's up", vec![]),
            ("it’s a café-speedrun", vec!["café", "speedrun"]),
            ("", vec![]),
        ];
        for (text, wanted) in cases {
            assert_eq!(telling(text), wanted, "{text}");
        }
    }

    #[test]
    fn a_phrase_is_whole_words() {
        let cases = [
            ("hey Nova!", "nova", true),
            ("innovation", "nova", false),
            ("ask Captain  Nova", "captain nova", true),
            ("captain", "captain nova", false),
            ("anything", "", false),
        ];
        for (text, phrase, wanted) in cases {
            assert_eq!(has_phrase(text, phrase), wanted, "{phrase} in {text}");
        }
    }

    #[test]
    fn a_fingerprint_ignores_shouting() {
        assert_eq!(fingerprint("LETS GOOOOO!!"), fingerprint("lets goo"));
        assert_ne!(fingerprint("lets go"), fingerprint("lets not go"));
    }
}
