//! What an entry may be, and when two are the same.

use chatter_protocol::memory::{Entry, Error, NewEntry};
use std::collections::HashMap;

/// The longest text of an entry, in characters, as the protocol has it.
pub(crate) const MAX_TEXT: usize = 1_000;

/// The longest write id, in bytes.
const MAX_WRITE_ID: usize = 200;

/// Checks what is to be remembered.
pub(crate) fn check(write_id: &str, entry: &NewEntry) -> Result<(), Error> {
    let refused = |why: String| Err(Error::Refused(why));
    if write_id.is_empty() || write_id.len() > MAX_WRITE_ID {
        return refused(format!("its write id has not 1 to {MAX_WRITE_ID} bytes"));
    }
    if entry.text.trim().is_empty() {
        return refused("its text is empty".into());
    }
    if entry.text.chars().count() > MAX_TEXT {
        return refused(format!("its text is longer than {MAX_TEXT} characters"));
    }
    if !(0.0..=1.0).contains(&entry.confidence) {
        return refused(format!(
            "its confidence, {}, is not in 0..=1",
            entry.confidence
        ));
    }
    Ok(())
}

/// What is left of a text without case, spacing and punctuation: two texts of which the same is left
/// say the same. A text of nothing but signs (`:-)`) stands for itself.
#[must_use]
pub fn gist(text: &str) -> String {
    let mut gist = String::with_capacity(text.len());
    for word in text.split(|c: char| !c.is_alphanumeric() && !is_mark(c)) {
        if !word.is_empty() {
            if !gist.is_empty() {
                gist.push(' ');
            }
            gist.extend(word.chars().flat_map(char::to_lowercase));
        }
    }
    if gist.is_empty() {
        text.trim().to_owned()
    } else {
        gist
    }
}

/// Combining marks, and what joins letters or changes a sign: they belong to their word.
fn is_mark(c: char) -> bool {
    matches!(
        c,
        '\u{300}'..='\u{36f}' | '\u{200c}' | '\u{200d}' | '\u{fe0e}' | '\u{fe0f}'
    ) || (!c.is_ascii() && !c.is_whitespace() && !c.is_alphanumeric() && !is_punctuation(c))
}

/// Latin-1's signs, general punctuation, CJK's and the full-width forms of ASCII's.
fn is_punctuation(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{bf}' | '\u{2010}'..='\u{206f}' | '\u{3000}'..='\u{303f}'
        | '\u{ff00}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff20}')
}

/// Of entries of one scope that say the same of the same person, the freshest alone, in the best
/// one's place and with its score; the order is kept.
pub(crate) fn fold(entries: impl IntoIterator<Item = Entry>) -> Vec<Entry> {
    let mut folded: Vec<Entry> = Vec::new();
    let mut places = HashMap::new();
    for entry in entries {
        let new = &entry.entry;
        let key = (new.kind, new.about.clone(), gist(&new.text));
        let place = *places.entry(key).or_insert(folded.len());
        match folded.get_mut(place) {
            None => folded.push(entry),
            Some(known) => {
                let score = known.score.max(entry.score);
                if entry.at > known.at {
                    *known = entry;
                }
                known.score = score;
            }
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::gist;

    #[test]
    fn case_spacing_and_punctuation_make_no_difference() {
        let same = [
            ("Ana likes tea.", "ana  likes\ttea"),
            ("ana's tea!!", "Ana s tea"),
            ("«Tee», sagt Ana …", "tee sagt ana"),
            ("茶。", "茶"),
            (" :-) ", ":-)"),
        ];
        for (a, b) in same {
            assert_eq!(gist(a), gist(b), "{a:?} {b:?}");
        }
        let different = [
            ("ana likes tea", "ana likes tee"),
            ("tea", "te a"),
            (":-)", ":-("),
            ("likes 🦀", "likes 🐟"),
            ("résumé", "resume"),
            ("10", "1 0"),
        ];
        for (a, b) in different {
            assert_ne!(gist(a), gist(b), "{a:?} {b:?}");
        }
    }
}
