//! From what somebody typed to a query that FTS5 can't misread.

/// How much of a query is looked at, in characters.
const MAX_CHARS: usize = 2_000;

/// How many different words of a query are looked for.
const MAX_WORDS: usize = 32;

/// Words that tell nothing, and are left out as long as others remain.
const STOP: &[&str] = &[
    "a", "about", "all", "am", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by",
    "can", "could", "did", "do", "does", "for", "from", "had", "has", "have", "he", "her", "him",
    "his", "how", "i", "if", "in", "is", "it", "its", "just", "like", "me", "my", "no", "not",
    "of", "on", "or", "our", "s", "she", "so", "t", "that", "the", "their", "them", "then",
    "there", "they", "this", "to", "was", "we", "were", "what", "when", "where", "which", "who",
    "why", "will", "with", "would", "you", "your",
];

/// Any of the text's words, as an FTS5 expression: each a quoted string, in which nothing but the
/// quote itself has a meaning, and no quote can be in a word. None if the text has no words.
pub(super) fn any_of(text: &str) -> Option<String> {
    let text: String = text
        .chars()
        .take(MAX_CHARS)
        .collect::<String>()
        .to_lowercase();
    let mut words: Vec<&str> = Vec::new();
    for word in text.split(is_between_words) {
        if word.chars().any(char::is_alphanumeric) && !words.contains(&word) {
            words.push(word);
        }
    }
    if words.iter().any(|word| !STOP.contains(word)) {
        words.retain(|word| !STOP.contains(word));
    }
    words.truncate(MAX_WORDS);
    let quoted: Vec<_> = words.iter().map(|word| format!("\"{word}\"")).collect();
    (!quoted.is_empty()).then(|| quoted.join(" OR "))
}

/// ASCII that is neither letter nor digit, and Unicode's spaces and general punctuation. Marks that
/// belong to a letter stay; what else is in a word is left to FTS5's tokenizer.
fn is_between_words(c: char) -> bool {
    (c.is_ascii() && !c.is_ascii_alphanumeric())
        || c.is_whitespace()
        || ('\u{2010}'..='\u{206f}').contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_quoted_strings() {
        let cases = [
            ("speedrun", Some("\"speedrun\"")),
            ("the last Boss, the boss!", Some("\"last\" OR \"boss\"")),
            ("who is it", Some("\"who\" OR \"is\" OR \"it\"")),
            (
                "\"; DROP TABLE entry; --",
                Some("\"drop\" OR \"table\" OR \"entry\""),
            ),
            (
                "NEAR(a b) AND text:x* ^y {z}",
                Some("\"near\" OR \"b\" OR \"text\" OR \"x\" OR \"y\" OR \"z\""),
            ),
            (
                "Crème Brûlée — now",
                Some("\"crème\" OR \"brûlée\" OR \"now\""),
            ),
            ("nul\0byte", Some("\"nul\" OR \"byte\"")),
            ("  ?! \u{2026} * \"", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(any_of(text).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_long_query_is_cut() {
        let text: String = (0..1_000).map(|n| format!("w{n} ")).collect();
        assert_eq!(any_of(&text).unwrap().split(" OR ").count(), MAX_WORDS);
    }
}
