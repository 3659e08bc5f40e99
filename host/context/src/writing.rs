//! How scripts are written: which of them set no spaces between words, and what sentences end with.

use unicode_script::{Script, UnicodeScript};

/// What a sentence ends with, other than a question mark and the `;` of Greek.
const STOPS: [char; 20] = [
    '.', '!', '…', ']', '‼', // Latin, Cyrillic, Hebrew, Hangul and many others
    '。', '！', '．', '｡', '】', '］', // Chinese, Japanese
    '۔',  // Urdu
    '।', '॥', // Hindi and other languages of India
    '။', '។', '៕', // Burmese, Khmer
    '։', '።', '፨', // Armenian, Amharic
];

/// Question marks. Greek writes `;` too, which is none anywhere else.
const QUESTION_MARKS: [char; 10] = ['?', '？', '؟', '\u{37e}', '՞', '፧', '⁇', '⁈', '⁉', '‽'];

/// What may stand between the end of a sentence and the space behind it.
const CLOSING: [char; 17] = [
    '"', '\'', '”', '’', '“', '»', '«', '›', ')', '*', '♪', '」', '』', '）', '》', '〉', '♬',
];

/// Whether a character belongs to a script without spaces between words.
pub(crate) fn is_unspaced(c: char) -> bool {
    // Most of what is asked for is ASCII.
    !c.is_ascii()
        && matches!(
            c.script(),
            Script::Han
                | Script::Hiragana
                | Script::Katakana
                | Script::Bopomofo
                | Script::Thai
                | Script::Lao
                | Script::Khmer
                | Script::Myanmar
                | Script::Tibetan
        )
}

/// Punctuation of Chinese and Japanese, which brings its own space; and the mark that makes a vowel long.
fn is_wide(c: char) -> bool {
    matches!(c, '\u{3000}'..='\u{303f}' | '\u{30fb}' | '\u{30fc}' | '\u{ff01}'..='\u{ff65}')
}

/// Whether a text holds words that no spaces set apart.
pub(crate) fn has_unspaced(text: &str) -> bool {
    text.chars().any(is_unspaced)
}

/// Adds a word to a text, with a space between them where their scripts have one.
pub(crate) fn push(text: &mut String, word: &str) {
    if let (Some(before), Some(after)) = (text.chars().next_back(), word.chars().next()) {
        let is_one = is_wide(before) || is_wide(after) || is_unspaced(before) && is_unspaced(after);
        if !is_one {
            text.push(' ');
        }
    }
    text.push_str(word);
}

/// Texts one after the other, with spaces where their scripts have them.
pub(crate) fn join<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut joined = String::new();
    for text in texts {
        push(&mut joined, text);
    }
    joined
}

/// Whether a sentence ends with a question mark, whatever stands behind that.
pub(crate) fn is_question(sentence: &str) -> bool {
    let Some(at) = sentence.rfind(char::is_alphanumeric) else {
        return false;
    };
    let mut rest = sentence[at..].chars();
    let letter = rest.next();
    // The mark of Armenian stands on a vowel.
    rest.any(|c| is_question_mark(c, letter)) || sentence.contains('՞')
}

fn is_question_mark(c: char, letter: Option<char>) -> bool {
    let is_greek = || letter.is_some_and(|letter| letter.script() == Script::Greek);
    QUESTION_MARKS.contains(&c) || c == ';' && is_greek()
}

/// Whether a character that stands somewhere behind a letter ends a sentence.
fn is_stop(c: char, letter: Option<char>) -> bool {
    STOPS.contains(&c) || is_question_mark(c, letter) && c != '՞'
}

/// Without the quotation marks and brackets behind it.
pub(crate) fn bare(word: &str) -> &str {
    word.trim_end_matches(CLOSING)
}

/// Whether a word ends with what ends a sentence.
pub(crate) fn ends_with_stop(word: &str) -> bool {
    let bare = bare(word);
    // As most words do.
    if bare.ends_with(char::is_alphanumeric) {
        return false;
    }
    let letter = bare.chars().rfind(|c| c.is_alphanumeric());
    bare.ends_with(|c| is_stop(c, letter))
}

/// What stands between two spaces, cut where a sentence ends without one: `好。走吧！` is two parts.
pub(crate) fn parts(text: &str) -> Vec<&str> {
    if text.is_ascii() {
        return vec![text];
    }
    let mut parts = Vec::new();
    let (mut from, mut letter) = (0, None);
    // Behind a stop; and whether whatever follows it begins something new, or only what needs no space.
    let (mut is_over, mut always) = (false, false);
    for (at, c) in text.char_indices() {
        if is_stop(c, letter) {
            always = is_over && always || is_wide(c);
            is_over = always || letter.is_some_and(is_unspaced);
        } else if is_over && !CLOSING.contains(&c) {
            if always || is_unspaced(c) || is_wide(c) {
                parts.push(&text[from..at]);
                from = at;
            }
            (is_over, always) = (false, false);
        }
        if c.is_alphanumeric() {
            letter = Some(c);
        }
    }
    if from < text.len() || parts.is_empty() {
        parts.push(&text[from..]);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_joined_as_their_script_is_written() {
        let cases: [(&str, &[&str], &str); 12] = [
            ("English", &["we", "go,", "now."], "we go, now."),
            (
                "Chinese",
                &["今天", "我", "们", "去。", "走"],
                "今天我们去。走",
            ),
            (
                "Chinese with commas of ASCII",
                &["今天,", "我们"],
                "今天, 我们",
            ),
            (
                "Japanese",
                &["ランタ", "ン", "を", "直します。"],
                "ランタンを直します。",
            ),
            ("a long vowel", &["スープ", "ー"], "スープー"),
            ("Thai, a mark by itself", &["ว", "ั", "น", "นี้"], "วันนี้"),
            ("Khmer", &["ថ្ងៃ", "នេះ"], "ថ្ងៃនេះ"),
            ("Korean", &["오늘은", "등불을"], "오늘은 등불을"),
            ("Arabic", &["ماذا", "نسمي"], "ماذا نسمي"),
            ("Hindi", &["यह", "क्या"], "यह क्या"),
            (
                "Chinese and English",
                &["我", "用", "Rust", "写。"],
                "我用 Rust 写。",
            ),
            ("wide punctuation", &["Rust", "，", "OK"], "Rust，OK"),
        ];
        for (case, words, expected) in cases {
            assert_eq!(join(words.iter().copied()), expected, "{case}");
        }
    }

    #[test]
    fn questions_end_with_the_mark_of_their_script() {
        let cases = [
            ("Is it red?", true),
            ("\"Is it red?\" ♪", true),
            ("It is red; or blue.", false),
            ("It is red;", false),
            ("我们去公园吧？", true),
            ("今日は何をしますか？」", true),
            ("我们去公园。", false),
            ("ماذا نسمي السفينة؟", true),
            ("ماذا نسمي السفينة؛", false),
            ("यह क्या है?", true),
            ("यह नाव है।", false),
            ("Πώς να τη λένε;", true),
            ("Πώς να τη λένε\u{37e}", true),
            ("Είναι βάρκα·", false),
            ("이름을 뭐라고 할까요?", true),
            ("ตั้งชื่อว่าอะไรดี?", true),
            ("Wie soll sie heißen?“", true),
            ("Ինչպե՞ս ես։", true),
            ("", false),
            ("?", false),
        ];
        for (text, expected) in cases {
            assert_eq!(is_question(text), expected, "{text}");
        }
    }

    #[test]
    fn sentences_without_a_space_between_them_are_parts() {
        let cases: [(&str, &[&str]); 12] = [
            ("好。走吧！", &["好。", "走吧！"]),
            ("好。」他说。", &["好。」", "他说。"]),
            ("真的？！好……走", &["真的？！", "好……", "走"]),
            ("今天很好!我们去", &["今天很好!", "我们去"]),
            ("用。Rust", &["用。", "Rust"]),
            ("3.5个", &["3.5个"]),
            ("[笑]今天", &["[笑]", "今天"]),
            ("ថ្ងៃនេះ។យើង", &["ថ្ងៃនេះ។", "យើង"]),
            ("now.then", &["now.then"]),
            ("example.com/a?b;c", &["example.com/a?b;c"]),
            ("。", &["。"]),
            ("", &[""]),
        ];
        for (text, expected) in cases {
            assert_eq!(parts(text), expected, "{text}");
        }
    }
}
