//! Entries that are more than letters: `c++`, `1488`, `:)`.
//!
//! They are compared after folding alone: compatibility forms (NFKC, UAX #15), letter case, white space.
//! An entry matches where it stands between word boundaries (UAX #29); one that begins with a combining
//! mark has none before it, and needs none. A text is read a second time without the marks on its ASCII, so that
//! `1488` is found in keycaps. Entries keep theirs: `1️⃣` is not found in `1`.

use super::Found;
use crate::skeleton;
use aho_corasick::AhoCorasick;
use std::ops::Range;
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

#[derive(Debug, Default)]
pub(super) struct Exact {
    search: Option<AhoCorasick>,
    /// For each entry its list, and whether it begins with a mark that attaches to what stands before
    /// it, so that no boundary can be there (UAX #29, WB4).
    entries: Vec<(usize, bool)>,
}

impl Exact {
    pub(super) fn new(entries: Vec<(usize, &str)>) -> Self {
        let mut kept = Vec::new();
        let mut texts = Vec::new();
        for (list, entry) in entries {
            let (text, _) = fold(entry, false);
            if !text.is_empty() {
                kept.push((list, !boundaries(&format!(" {text}"))[1]));
                texts.push(text);
            }
        }
        Self {
            // As in `Blocklist::new`.
            search: (!texts.is_empty())
                .then(|| AhoCorasick::new(texts).expect("entries are within the policy's bounds")),
            entries: kept,
        }
    }

    pub(super) fn find(&self, text: &str) -> Vec<Found> {
        let Some(search) = &self.search else {
            return Vec::new();
        };
        let mut found = self.read(search, fold(text, false));
        if !text.is_ascii() && text.chars().any(|c| skeleton::is_decoration('0', c)) {
            found.extend(self.read(search, fold(text, true)));
        }
        found
    }

    fn read(
        &self,
        search: &AhoCorasick,
        (folded, origin): (String, Vec<Range<usize>>),
    ) -> Vec<Found> {
        let mut all = None;
        let hits = search.find_overlapping_iter(&folded).filter(|hit| {
            let all = all.get_or_insert_with(|| boundaries(&folded));
            let is_boundary = |at: usize| all.get(at).copied().unwrap_or(false);
            let (_, attaches) = self.entries[hit.pattern()];
            (attaches || is_boundary(hit.start())) && is_boundary(hit.end())
        });
        let found = hits.filter_map(|hit| {
            let first = origin.get(hit.start())?.start;
            let last = origin.get(hit.end().checked_sub(1)?)?.end;
            Some(Found {
                list: self.entries[hit.pattern()].0,
                at: first..last,
            })
        });
        found.collect()
    }
}

/// For each byte of the text, and for its end, whether a word boundary is there.
fn boundaries(text: &str) -> Vec<bool> {
    let mut all = vec![false; text.len() + 1];
    for (at, _) in text.split_word_bound_indices() {
        all[at] = true;
    }
    all[text.len()] = true;
    all
}

/// A word without the marks on its ASCII.
fn bare(word: &str) -> String {
    let mut bare = String::with_capacity(word.len());
    for c in word.chars() {
        let before = bare.chars().next_back();
        if !before.is_some_and(|before| skeleton::is_decoration(before, c)) {
            bare.push(c);
        }
    }
    bare
}

/// The folded text, and for each of its bytes the white-space separated word it comes from, or, in a
/// word that folding leaves as long as it is, the character; `without_marks` on its ASCII.
fn fold(text: &str, without_marks: bool) -> (String, Vec<Range<usize>>) {
    let mut folded = String::with_capacity(text.len());
    let mut origin = Vec::with_capacity(text.len());
    let mut at = 0;
    for word in text.split(char::is_whitespace) {
        let (start, end) = (at, at + word.len());
        at = end + text[end..].chars().next().map_or(0, char::len_utf8);
        // The way by upper case makes `ß` and `SS`, `ς` and `σ` equal.
        let upper = word.nfkc().flat_map(char::to_uppercase);
        let mut letters: String = upper.flat_map(char::to_lowercase).nfkc().collect();
        if without_marks {
            letters = bare(&letters);
        }
        // A compatibility form may hold white space of its own.
        for part in letters.split_whitespace() {
            if !folded.is_empty() {
                folded.push(' ');
                origin.push(start..end);
            }
            folded.push_str(part);
            let plain = word.is_ascii() && part.len() == word.len();
            origin.extend((0..part.len()).map(|i| {
                if plain {
                    start + i..start + i + 1
                } else {
                    start..end
                }
            }));
        }
    }
    (folded, origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_on_ascii_hide_nothing() {
        let exact = Exact::new(vec![(0, "1488"), (1, "c++"), (2, "7️⃣"), (3, "🏴")]);
        for (text, wanted) in [
            ("so 1488 it is", Some((0, "1488"))),
            ("1️4️8️8️ ok", Some((0, "1️4️8️8️"))),
            ("1️⃣4️⃣8️⃣8️⃣", Some((0, "1️⃣4️⃣8️⃣8️⃣"))),
            (
                "1\u{336}4\u{336}8\u{336}8\u{336}!",
                Some((0, "1\u{336}4\u{336}8\u{336}8\u{336}!")),
            ),
            ("１\u{336}４８８", Some((0, "１\u{336}４８８"))),
            (
                "C\u{336}+\u{336}+\u{336} here",
                Some((1, "C\u{336}+\u{336}+\u{336}")),
            ),
            ("lucky 7️⃣", Some((2, "7️⃣"))),
            ("lucky 7", None),
            ("11488", None),
            (
                "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f} it's coming home",
                None,
            ),
        ] {
            let found = exact.find(text);
            let found = found
                .first()
                .map(|found| (found.list, &text[found.at.clone()]));
            assert_eq!(found, wanted, "{text}");
        }
    }
}
