//! Marks heaped on one character until they cover the lines around it.

use unicode_normalization::char::is_combining_mark;

/// How many marks may follow each other. Vietnamese takes two, Thai two, pointed and accented
/// Hebrew four.
pub const MOST_MARKS: usize = 4;

/// How many of them may follow each other where letters are stacked and vowels written as marks:
/// Burmese words take five, Tibetan and Khmer ones about as many.
pub const MOST_STACKED_MARKS: usize = 8;

/// Whether more marks follow each other than any script needs. A text with its accents written
/// apart (NFD) is none of that.
#[must_use]
pub fn is_flooded(text: &str) -> bool {
    let (mut plain, mut all) = (0, 0);
    for c in text.chars() {
        if is_combining_mark(c) {
            all += 1;
            plain += usize::from(!is_stacking(c));
        } else {
            (plain, all) = (0, 0);
        }
        if plain > MOST_MARKS || all > MOST_STACKED_MARKS {
            return true;
        }
    }
    false
}

/// Marks of the Indic scripts, Tibetan, Myanmar, Khmer and their relatives.
fn is_stacking(c: char) -> bool {
    matches!(c,
        '\u{900}'..='\u{dff}' | '\u{f00}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{1900}'..='\u{1aaf}' | '\u{1b00}'..='\u{1c4f}' | '\u{a800}'..='\u{a8df}'
        | '\u{a980}'..='\u{aaff}' | '\u{abc0}'..='\u{abff}' | '\u{11000}'..='\u{11fff}')
}
