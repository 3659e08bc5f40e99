//! Readings of a skeleton: what a reader makes of digits for letters, and of letters set apart.

use crate::skeleton::Glyph;
use unicode_normalization::char::is_combining_mark;

/// So many characters between letters, whichever they are, are read over.
const MOST_BETWEEN: usize = 4;

/// So many signs between two words are read over.
const MOST_PARTING: usize = 6;

/// Letters set apart make a word from so many on.
const LEAST_APART: usize = 3;

/// A reading with the digits and signs read as letters; none if there is nothing to read so. `one` is
/// what `1` and `!` stand for, `i` or `l`.
///
/// A sign counts in a word that has a letter too, and not at its end if it closes sentences: `$5` and
/// `455` are numbers, `wow!` is no `wowi`.
pub(crate) fn leet(glyphs: &[Glyph], one: char) -> Option<Vec<Glyph>> {
    let mut read: Option<Vec<Glyph>> = None;
    let mut from = 0;
    while from < glyphs.len() {
        let length = glyphs[from..]
            .iter()
            .take_while(|glyph| glyph.c.is_alphanumeric() || letter(glyph.c, one).is_some())
            .count();
        let token = &glyphs[from..from + length];
        let closing = token
            .iter()
            .rev()
            .take_while(|glyph| matches!(glyph.c, '!' | '|' | '+' | '('))
            .count();
        let end = from + length - closing;
        let inside = &glyphs[from..end];
        let has_letter = inside.iter().any(|glyph| glyph.c.is_alphabetic());
        if has_letter && inside.iter().any(|glyph| letter(glyph.c, one).is_some()) {
            let read = read.get_or_insert_with(|| glyphs.to_vec());
            for glyph in &mut read[from..end] {
                glyph.c = letter(glyph.c, one).unwrap_or(glyph.c);
            }
        }
        from += length.max(1);
    }
    read
}

/// Whether `1` or `!` can be read in two ways in it.
pub(crate) fn is_ambiguous(glyphs: &[Glyph]) -> bool {
    glyphs
        .iter()
        .any(|glyph| matches!(glyph.c, '1' | '|' | '!'))
}

fn letter(c: char, one: char) -> Option<char> {
    Some(match c {
        '0' => 'o',
        '1' | '|' | '!' => one,
        '2' => 'z',
        '3' | '€' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '6' | '9' => 'g',
        '7' | '+' => 't',
        '8' => 'b',
        '(' | '¢' => 'c',
        '£' => 'l',
        '¥' => 'y',
        _ => return None,
    })
}

/// A reading with the letters put together that were set apart; none if there are none. Single letters
/// with spaces or signs between them are loose: where words begin among them can't be seen. Signs
/// inside a word fall away, but for the apostrophe: `who're` is a word.
pub(crate) fn joined(glyphs: &[Glyph]) -> Option<Vec<Glyph>> {
    let mut read: Option<Vec<Glyph>> = None;
    let mut at = 0;
    while at < glyphs.len() {
        let begins = at == 0 || !glyphs[at - 1].c.is_alphanumeric();
        if begins && let Some(letters) = apart(glyphs, at) {
            let read = read.get_or_insert_with(|| glyphs[..at].to_vec());
            for letter in &letters {
                read.push(Glyph {
                    loose: true,
                    ..glyphs[*letter]
                });
            }
            at = letters[letters.len() - 1] + 1;
            continue;
        }
        let is_between = at > 0
            && is_sign(glyphs[at].c)
            && glyphs[at - 1].c.is_alphanumeric()
            && glyphs
                .get(at + 1)
                .is_some_and(|next| next.c.is_alphanumeric());
        if is_between {
            read.get_or_insert_with(|| glyphs[..at].to_vec());
        } else if let Some(read) = &mut read {
            read.push(glyphs[at]);
        }
        at += 1;
    }
    read
}

/// A reading with one space where signs or emoji stand between words; none if there are none. What ends a
/// sentence is left: what stands before and behind it is no phrase.
pub(crate) fn parted(glyphs: &[Glyph]) -> Option<Vec<Glyph>> {
    let mut read: Option<Vec<Glyph>> = None;
    let mut at = 0;
    while at < glyphs.len() {
        let length = glyphs[at..]
            .iter()
            .take_while(|glyph| parts(glyph.c))
            .count();
        let run = &glyphs[at..at + length.max(1)];
        let is_between = at > 0 && length > 0 && at + length < glyphs.len();
        if is_between && length <= MOST_PARTING && !is_plain(run) {
            read.get_or_insert_with(|| glyphs[..at].to_vec())
                .push(Glyph { c: ' ', ..run[0] });
        } else if let Some(read) = &mut read {
            read.extend_from_slice(run);
        }
        at += run.len();
    }
    read
}

/// Whether nothing but spaces is there, or the end of a sentence.
fn is_plain(run: &[Glyph]) -> bool {
    let ends = |c| matches!(c, '.' | '?' | '…' | '。' | '？');
    run.iter().all(|glyph| glyph.c == ' ')
        || ends(run[0].c) && run[1..].iter().any(|glyph| glyph.c == ' ')
}

/// Whether it stands between words rather than in one. An apostrophe is part of its word, and `@`, `$` and `!` may
/// be read as letters.
fn parts(c: char) -> bool {
    !readable(c) && !is_combining_mark(c) && c != '\''
}

/// Where the letters of a run of single ones are, with a few signs, emoji or spaces between them.
fn apart(glyphs: &[Glyph], from: usize) -> Option<Vec<usize>> {
    let c = |at: usize| glyphs.get(at).map(|glyph| glyph.c);
    let is_single = |at: usize| c(at).is_some_and(readable) && !c(at + 1).is_some_and(readable);
    let is_between = |at: &usize| c(*at).is_some_and(|c| !readable(c) && !is_combining_mark(c));
    if !is_single(from) {
        return None;
    }
    let mut letters = vec![from];
    let mut at = from + 1;
    loop {
        let between = (at..).take_while(is_between).take(MOST_BETWEEN).count();
        let next = at + between;
        if between == 0 || !is_single(next) {
            break;
        }
        letters.push(next);
        at = next + 1;
    }
    (letters.len() >= LEAST_APART).then_some(letters)
}

fn readable(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '@' | '$' | '!')
}

fn is_sign(c: char) -> bool {
    matches!(c, '.' | '_' | '-' | '*' | '~' | '/' | '\\' | '|')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::skeleton;

    fn text(glyphs: Option<Vec<Glyph>>) -> Option<String> {
        glyphs.map(|glyphs| glyphs.iter().map(|glyph| glyph.c).collect())
    }

    #[test]
    fn digits_and_signs_are_read_as_letters() {
        for (said, read) in [
            ("sh1t", Some("shit")),
            ("$lut", Some("slut")),
            ("wh0r3!!", Some("whore!!")),
            ("costs $5", None),
            ("455 points", None),
            ("wow!", None),
            ("sh!t!", Some("shit!")),
            ("plain", None),
        ] {
            let glyphs = skeleton::of(said, true);
            assert_eq!(text(leet(&glyphs, 'i')).as_deref(), read, "{said}");
        }
    }

    #[test]
    fn letters_set_apart_are_put_together() {
        for (said, read) in [
            ("k y s", Some("kys")),
            ("k.y.s now", Some("kys now")),
            ("k, y, s", Some("kys")),
            ("s - l - u - t", Some("slut")),
            ("k . y . s now", Some("kys now")),
            ("k(y)s", Some("kys")),
            ("k😂y😂😂s", Some("kys")),
            ("k ----- y ----- s", None),
            ("กี k กี y", None),
            ("so k-y-s!", Some("so kys!")),
            ("s.lut", Some("slut")),
            ("a b", None),
            ("i am a fan", None),
            ("well-known", Some("wellknown")),
            ("who're you", None),
            ("no dots.", None),
            ("gg wp", None),
        ] {
            let glyphs = skeleton::of(said, true);
            assert_eq!(text(joined(&glyphs)).as_deref(), read, "{said}");
        }
    }

    #[test]
    fn signs_between_words_are_a_space() {
        for (said, read) in [
            ("kill-yourself", Some("kill yourself")),
            ("kill, yourself", Some("kill yourself")),
            ("kill.yourself", Some("kill yourself")),
            ("kill_your/self now", Some("kill your self now")),
            ("kill ❤\u{fe0f} yourself", Some("kill yourself")),
            ("kill --- yourself!", Some("kill yourself!")),
            ("k1ll-y0urs3lf", Some("k1ll y0urs3lf")),
            ("kill yourself", None),
            ("a kill. yourself?", None),
            ("- it's fine -", None),
            ("kill ---------- yourself", None),
        ] {
            let glyphs = skeleton::of(said, true);
            assert_eq!(text(parted(&glyphs)).as_deref(), read, "{said}");
        }
    }
}
