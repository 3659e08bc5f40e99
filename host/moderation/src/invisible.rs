//! Characters that are not seen.
//!
//! Most of them serve honest text somewhere: joiners shape Persian and Hindi and hold emoji
//! together, tags spell flags. Each is allowed where the standard gives it a meaning, and nowhere
//! else, since there it can only deceive: turn text around, hide words from a search, or make one
//! name look like another. The characters are those with the property Default_Ignorable_Code_Point
//! (Unicode 17, `DerivedCoreProperties.txt`), and the interlinear annotation's.

/// The first character that is not seen and has no business where it stands.
#[must_use]
pub fn find(text: &str) -> Option<char> {
    let chars: Vec<char> = text.chars().collect();
    let right_to_left = chars.iter().any(|c| is_right_to_left(*c));
    let mut i = 0;
    while let Some(&c) = chars.get(i) {
        let before = i.checked_sub(1).and_then(|i| chars.get(i)).copied();
        let after = chars.get(i + 1).copied();
        let fits = match c {
            ZWJ => joins_emoji(&chars[..i], after) || before.is_some_and(is_joining_script),
            ZWNJ => before.is_some_and(is_joining_script),
            // Between words of scripts that are written without spaces.
            '\u{200b}' => {
                before.is_some_and(is_unspaced_script) && after.is_some_and(is_unspaced_script)
            }
            // Marks, not overrides: they put punctuation on the right side of right-to-left words.
            '\u{200e}' | '\u{200f}' | '\u{61c}' => right_to_left,
            // Text or emoji presentation.
            '\u{fe0e}' | '\u{fe0f}' => before.is_some_and(has_presentation),
            // Standardised and ideographic variants.
            '\u{fe00}'..='\u{fe0d}' | '\u{e0100}'..='\u{e01ef}' => before.is_some_and(has_variants),
            // Mongolian variants and its vowel separator.
            '\u{180b}'..='\u{180f}' => before.is_some_and(is_mongolian),
            '\u{1f3f4}' => {
                i += flag_tags(&chars[i + 1..]);
                true
            }
            _ => !is_unseen(c),
        };
        if !fits {
            return Some(c);
        }
        i += 1;
    }
    None
}

const ZWNJ: char = '\u{200c}';
const ZWJ: char = '\u{200d}';

/// Characters that are never seen and for which [`find`] knows no place.
fn is_unseen(c: char) -> bool {
    matches!(c,
        // Soft hyphen, combining grapheme joiner, Hangul fillers, Khmer inherent vowels.
        '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        // Embeddings, overrides and isolates of direction.
        | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        // Word joiner, invisible operators, deprecated formats.
        | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}'
        // Hangul fillers, byte order mark, interlinear annotation.
        | '\u{3164}' | '\u{ffa0}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}'
        // Formats of shorthand and of musical notation.
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        // Tags outside flags, and what is reserved beside them.
        | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a zero width joiner is inside an emoji sequence (UTS #51, ED-16): it joins two
/// pictographs, the first of which may carry a presentation selector.
fn joins_emoji(before: &[char], after: Option<char>) -> bool {
    let base = match before {
        [.., base, '\u{fe0f}'] | [.., base] => Some(*base),
        [] => None,
    };
    base.is_some_and(is_pictograph) && after.is_some_and(is_pictograph)
}

/// How many tag characters follow a black flag as the code of a region (UTS #51, ED-14a): three to
/// six letters and digits and the end tag. 0 if they are none.
fn flag_tags(after: &[char]) -> usize {
    let is_tag = |c: &&char| matches!(c, '\u{e0030}'..='\u{e0039}' | '\u{e0061}'..='\u{e007a}');
    let code = after.iter().take_while(is_tag).count();
    let ended = after.get(code) == Some(&'\u{e007f}');
    if ended && (3..=6).contains(&code) {
        code + 1
    } else {
        0
    }
}

/// The blocks that hold the characters with the property Extended_Pictographic (`emoji-data.txt`).
fn is_pictograph(c: char) -> bool {
    matches!(c,
        '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2100}'..='\u{214f}'
        | '\u{2190}'..='\u{2bff}' | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}'
        | '\u{1f000}'..='\u{1faff}')
}

/// What has both a text and an emoji presentation (`emoji-variation-sequences.txt`): pictographs,
/// and the characters of keycaps.
fn has_presentation(c: char) -> bool {
    is_pictograph(c) || matches!(c, '0'..='9' | '#' | '*')
}

/// Han (`IVD_Sequences.txt`), and the others of `StandardizedVariants.txt` that are written today:
/// mathematical operators and Myanmar's dotted letters.
fn has_variants(c: char) -> bool {
    matches!(c,
        '\u{2e80}'..='\u{2fdf}' | '\u{3000}'..='\u{303f}' | '\u{3400}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ff65}' | '\u{20000}'..='\u{3ffff}'
        | '\u{2200}'..='\u{22ff}' | '\u{1000}'..='\u{109f}')
}

/// Scripts whose letters join, or form conjuncts, and whose writers choose the shape by a joiner
/// (The Unicode Standard, chapters 9, 12, 13 and 16).
fn is_joining_script(c: char) -> bool {
    matches!(c,
        // Arabic, Syriac, N'Ko, Mandaic, and Arabic's extensions.
        '\u{600}'..='\u{7ff}' | '\u{840}'..='\u{8ff}'
        | '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}'
        // From Devanagari to Sinhala; Tibetan and Myanmar.
        | '\u{900}'..='\u{dff}' | '\u{f00}'..='\u{109f}'
        // Khmer, Mongolian, Limbu to Balinese and Sundanese.
        | '\u{1780}'..='\u{18af}' | '\u{1900}'..='\u{1bff}'
        // Javanese and Myanmar's extensions, Meetei Mayek, historic Indic scripts, Adlam.
        | '\u{a800}'..='\u{a8ff}' | '\u{a980}'..='\u{aaff}' | '\u{abc0}'..='\u{abff}'
        | '\u{11000}'..='\u{11fff}' | '\u{1e900}'..='\u{1e95f}')
        && !is_unseen(c)
}

/// Thai, Lao, Tibetan, Myanmar, Khmer, and their relatives, which separate words by nothing.
fn is_unspaced_script(c: char) -> bool {
    matches!(c,
        '\u{e00}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{1950}'..='\u{1aaf}'
        | '\u{1b00}'..='\u{1b7f}' | '\u{a980}'..='\u{a9df}' | '\u{aa60}'..='\u{aadf}')
        && !is_unseen(c)
}

fn is_mongolian(c: char) -> bool {
    matches!(c, '\u{1800}'..='\u{180a}' | '\u{1810}'..='\u{18af}')
}

/// Hebrew to Arabic's extensions, and the right-to-left scripts of the first supplementary plane.
fn is_right_to_left(c: char) -> bool {
    matches!(c,
        '\u{590}'..='\u{61b}' | '\u{61d}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}'
        | '\u{fe70}'..='\u{fefc}' | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}
/// White space, or U+2800, the Braille pattern without a dot, which looks like it.
#[must_use]
pub fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '\u{2800}'
}
