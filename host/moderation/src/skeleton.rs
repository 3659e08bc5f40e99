//! Texts as they look: what is written differently and read alike becomes the same.
//!
//! A character is taken apart (NFKD, UAX #15: `ｓ` is `s`, `é` an `e` and a mark), loses accents and
//! whatever is not seen, and its letter case. Letters of other scripts that look like Latin ones become
//! those (the prototypes of UTS #39), but only where the prototype is Latin letters: `m` stays `m` and
//! does not become `rn`, so that no ordinary word turns into another. Marks that spell, as vowels do in
//! Thai or Hindi, stay.
//!
//! Each character knows from which bytes of the text it was made.

use std::sync::LazyLock;
use unicode_normalization::char::{decompose_compatible, is_combining_mark};
use unicode_security::confusable_detection::skeleton;

/// A character of a skeleton.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Glyph {
    pub(crate) c: char,
    /// Where it begins and ends in the text, in bytes.
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// It was set apart from its neighbours, so that nobody can say where words begin.
    pub(crate) loose: bool,
}

/// The skeleton of a text, white space as single spaces, none at either end.
pub(crate) fn of(text: &str, confusables: bool) -> Vec<Glyph> {
    let mut glyphs: Vec<Glyph> = Vec::with_capacity(text.len());
    let mut token = None;
    for (start, c) in text.char_indices() {
        let end = start + c.len_utf8();
        let mut push = |c| {
            glyphs.push(Glyph {
                c,
                start,
                end,
                loose: false,
            });
        };
        if c.is_whitespace() {
            token = None;
            if glyphs.last().is_some_and(|last| last.c != ' ') {
                glyphs.push(Glyph {
                    c: ' ',
                    start,
                    end,
                    loose: false,
                });
            }
        } else if c.is_ascii() {
            push(c.to_ascii_lowercase());
        } else {
            let latin = confusables
                && *token.get_or_insert_with(|| {
                    let rest = text[start..].split(char::is_whitespace).next();
                    let before = text[..start].rsplit(char::is_whitespace).next();
                    let holds = |part: Option<&str>| {
                        part.is_some_and(|part| part.bytes().any(|b| b.is_ascii_alphabetic()))
                    };
                    holds(before) || holds(rest)
                });
            let count = glyphs.len();
            fold(c, confusables, latin, |c| {
                glyphs.push(Glyph {
                    c,
                    start,
                    end,
                    loose: false,
                });
            });
            // An accent or a joiner belongs to what it stands on.
            if glyphs.len() == count
                && let Some(last) = glyphs.last_mut()
                && last.end == start
            {
                last.end = end;
            }
        }
    }
    while glyphs.last().is_some_and(|last| last.c == ' ') {
        glyphs.pop();
    }
    glyphs
}

/// What a character looks like; `latin` is whether it stands among Latin letters.
fn fold(c: char, confusables: bool, latin: bool, mut push: impl FnMut(char)) {
    if let Some(letter) = framed(c) {
        return push(letter);
    }
    if is_unseen(c) {
        return;
    }
    if confusables
        && latin
        && let Some(letters) = look_alike(c)
    {
        return letters.chars().for_each(push);
    }
    decompose_compatible(c, |part| {
        if is_accent(part) {
            return;
        }
        // The way by upper case makes `ß` and `SS`, `ς` and `σ` equal, as full case folding does.
        for part in part.to_uppercase().flat_map(char::to_lowercase) {
            if part.is_ascii() {
                push(part);
            } else if is_accent(part) {
            } else if let Some(letters) = confusables.then(|| alike_in_any_case(part)).flatten() {
                letters.chars().for_each(&mut push);
            } else {
                push(match part {
                    '’' | '‘' | 'ʼ' | '＇' => '\'',
                    '‐' | '‑' | '–' | '—' | '−' => '-',
                    '·' | '•' | '∙' | '‧' | '。' => '.',
                    part => part,
                });
            }
        }
    });
}

/// The Latin letters that a letter looks like, whichever its case is: words of one script must fold to
/// the same in capitals.
fn alike_in_any_case(lower: char) -> Option<&'static str> {
    look_alike(lower).or_else(|| {
        let mut upper = lower.to_uppercase();
        match (upper.next(), upper.next()) {
            (Some(upper), None) if upper != lower => look_alike(upper),
            _ => None,
        }
    })
}

/// The Latin letters that a character looks like, in lower case.
fn look_alike(c: char) -> Option<&'static str> {
    static TABLE: LazyLock<Vec<(char, &'static str)>> = LazyLock::new(|| {
        SCRIPTS
            .iter()
            .flat_map(|(first, last)| *first..=*last)
            .filter_map(|c| Some((c, &*prototype(c)?.leak())))
            .collect()
    });
    let at = TABLE.binary_search_by_key(&c, |(c, _)| *c).ok()?;
    Some(TABLE[at].1)
}

/// The scripts whose letters are taken for Latin ones: Latin itself, Greek, Cyrillic, Armenian,
/// Cherokee, Lisu, Coptic, Deseret, and letter-like symbols. In order.
const SCRIPTS: [(char, char); 12] = [
    ('\u{80}', '\u{2af}'),
    ('\u{370}', '\u{58f}'),
    ('\u{13a0}', '\u{13ff}'),
    ('\u{1d00}', '\u{1dbf}'),
    ('\u{1e00}', '\u{1fff}'),
    ('\u{2100}', '\u{218f}'),
    ('\u{2c60}', '\u{2cff}'),
    ('\u{a4d0}', '\u{a4ff}'),
    ('\u{a640}', '\u{a69f}'),
    ('\u{a720}', '\u{a7ff}'),
    ('\u{ab30}', '\u{abbf}'),
    ('\u{10400}', '\u{1044f}'),
];

/// The prototype of UTS #39, if it is Latin letters.
fn prototype(c: char) -> Option<String> {
    let letters: String = skeleton(c.encode_utf8(&mut [0; 4]))
        .filter(|c| !is_accent(*c))
        .flat_map(char::to_lowercase)
        .map(small_capital)
        .collect();
    // To UTS #39 a capital I is an l. That is so for letters that are one in both cases.
    let is_i = letters == "l" && c.to_lowercase().next().and_then(lower_i).is_some();
    let is_latin = !letters.is_empty() && letters.bytes().all(|b| b.is_ascii_alphabetic());
    match is_latin {
        true if is_i => Some("i".into()),
        true => Some(letters),
        false => None,
    }
}

/// An `i` in a script that has capitals for it.
fn lower_i(c: char) -> Option<char> {
    matches!(c, 'i' | 'і' | 'ι' | 'ı' | 'ⲓ' | 'í' | 'ì' | 'î' | 'ï').then_some('i')
}

/// Small capitals, which UTS #39 leaves as they are: several Cyrillic letters have them as prototypes.
fn small_capital(c: char) -> char {
    match c {
        'ᴀ' => 'a',
        'ʙ' => 'b',
        'ᴄ' => 'c',
        'ᴅ' => 'd',
        'ᴇ' => 'e',
        'ꜰ' => 'f',
        'ɢ' => 'g',
        'ʜ' => 'h',
        'ɪ' => 'i',
        'ᴊ' => 'j',
        'ᴋ' | 'ĸ' => 'k',
        'ʟ' => 'l',
        'ᴍ' => 'm',
        'ɴ' => 'n',
        'ᴏ' => 'o',
        'ᴘ' => 'p',
        'ʀ' => 'r',
        'ꜱ' => 's',
        'ᴛ' => 't',
        'ᴜ' => 'u',
        'ᴠ' => 'v',
        'ᴡ' => 'w',
        'ʏ' => 'y',
        'ᴢ' => 'z',
        c => c,
    }
}

/// Letters in a square or a circle that have no decomposition, and those that flags are made of.
fn framed(c: char) -> Option<char> {
    let first = match c {
        '\u{1f1e6}'..='\u{1f1ff}' => '\u{1f1e6}',
        '\u{1f150}'..='\u{1f169}' => '\u{1f150}',
        '\u{1f170}'..='\u{1f189}' => '\u{1f170}',
        _ => return None,
    };
    let nth = u8::try_from(u32::from(c) - u32::from(first)).ok()?;
    Some(char::from(b'a' + nth))
}

/// Marks that decorate. Those that spell, in scripts of the Near East and Asia, are not among them.
fn is_accent(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

/// What is not seen where [`invisible`](crate::invisible) lets it stand.
fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether it stands on ASCII and spells nothing there: a mark of any script, or what is not seen, as what makes a digit a
/// keycap is.
pub(crate) fn is_decoration(before: char, c: char) -> bool {
    before.is_ascii() && (is_unseen(c) || is_combining_mark(c))
}

/// For each glyph, and for the end, whether a word may begin or end before it.
pub(crate) fn boundaries(glyphs: &[Glyph]) -> Vec<bool> {
    let is_word = |at: usize| {
        let c = glyphs[at].c;
        if c != '\'' {
            return c.is_alphanumeric() || is_combining_mark(c);
        }
        // `she'll` is one word; `slut's` is two.
        let letter = |at: Option<usize>| {
            at.and_then(|at| glyphs.get(at))
                .is_some_and(|glyph| glyph.c.is_alphabetic())
        };
        let is_genitive =
            glyphs.get(at + 1).is_some_and(|glyph| glyph.c == 's') && !letter(Some(at + 2));
        letter(at.checked_sub(1)) && letter(Some(at + 1)) && !is_genitive
    };
    let mut before = Vec::with_capacity(glyphs.len() + 1);
    let mut last = None;
    for (at, glyph) in glyphs.iter().enumerate() {
        let word = is_word(at);
        before.push(match last {
            None => true,
            Some(_) if is_combining_mark(glyph.c) => false,
            Some((c, was_word)) => is_unspaced(c) || is_unspaced(glyph.c) || !(was_word && word),
        });
        last = Some((glyph.c, word));
    }
    before.push(true);
    before
}

/// Scripts that are written without spaces between words: Thai to Khmer, Hiragana, Han.
pub(crate) fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{e01}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{3041}'..='\u{309f}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_alike_folds_alike() {
        let cases = [
            ("Slut", "slut"),
            ("ｓｌｕｔ", "slut"),
            ("𝓼𝓵𝓾𝓽", "slut"),
            ("ѕlut", "slut"),
            ("ЅLUΤ", "slut"),
            ("ꜱʟᴜᴛ", "slut"),
            ("śḽûť", "slut"),
            ("s\u{336}l\u{336}u\u{336}t\u{336}", "slut"),
            ("s\u{200d}lut", "slut"),
            ("🇸🇱🇺🇹", "slut"),
            ("🅂🅻🅤🅣", "slut"),
            ("Łødź", "lodz"),
            ("burn", "burn"),
            ("Straße", "strasse"),
            ("a  \u{a0} b ", "a b"),
            ("  เขาบ้า", "เขาบ้า"),
        ];
        for (text, wanted) in cases {
            let folded: String = of(text, true).iter().map(|glyph| glyph.c).collect();
            let wanted: String = of(wanted, true).iter().map(|glyph| glyph.c).collect();
            assert_eq!(folded, wanted, "{text}");
        }
    }

    /// A word of one script is the same in capitals.
    #[test]
    fn letter_case_does_not_matter_in_any_script() {
        for word in [
            "дурак",
            "ніс",
            "жизнь",
            "вштмнкгр",
            "οδος",
            "ναζι",
            "հայ",
            "ıi",
        ] {
            let fold = |text: &str| -> String { of(text, true).iter().map(|g| g.c).collect() };
            assert_eq!(fold(word), fold(&word.to_uppercase()), "{word}");
        }
    }

    #[test]
    fn glyphs_know_where_they_come_from() {
        let text = "aé\u{336}ß x";
        for glyph in of(text, true) {
            assert!(text.get(glyph.start..glyph.end).is_some(), "{glyph:?}");
        }
        let last = of("e\u{301}\u{336}", true);
        assert_eq!((last[0].start, last[0].end), (0, 5));
    }

    #[test]
    fn the_scripts_are_in_order() {
        assert!(SCRIPTS.is_sorted_by(|a, b| a.1 < b.0));
    }
}
