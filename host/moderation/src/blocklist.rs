//! Words and phrases that are not said.
//!
//! Text and entries are compared after folding: compatibility forms become ordinary letters (NFKC,
//! UAX #15: `ｓｐａｍ` is `spam`), letter case goes, and a stretch of white space becomes one space. An
//! entry matches where it stands between word boundaries (UAX #29), so `ass` is not found in
//! `classic`; one that begins with a combining mark has none before it, and needs none. Where words
//! are not separated, as in Thai or Chinese, every character is a boundary and an entry matches
//! anywhere. All entries are searched for at once (Aho and Corasick, 1975), in time that depends on
//! the text and not on their number.

use aho_corasick::AhoCorasick;
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

/// Words and phrases, made ready to be searched for.
#[derive(Debug)]
pub struct Blocklist {
    /// None if there is no entry.
    search: Option<AhoCorasick>,
    /// For each entry, whether it begins with a mark that attaches to what stands before it, so that
    /// no boundary can be there (UAX #29, WB4).
    attaches: Vec<bool>,
}

impl Blocklist {
    /// Makes the search. Entries of white space alone are left out, since they would match anything.
    #[must_use]
    pub fn new(entries: &[String]) -> Self {
        let mut folded: Vec<_> = entries.iter().map(|entry| fold(entry)).collect();
        folded.retain(|entry| !entry.is_empty());
        folded.sort_unstable();
        folded.dedup();
        if folded.is_empty() {
            return Self {
                search: None,
                attaches: Vec::new(),
            };
        }
        let attaches = folded
            .iter()
            .map(|entry| !boundaries_of(&format!(" {entry}"))[1])
            .collect();
        // It fails past 2^31 states, which is more than 2 GB of entries; a policy holds at most
        // 100,000 of 200 characters each, which is less even if folding makes 18 of each.
        let search = AhoCorasick::new(folded).expect("entries are within the policy's bounds");
        Self {
            search: Some(search),
            attaches,
        }
    }

    /// Whether an entry stands in the text.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let Some(search) = &self.search else {
            return false;
        };
        let text = fold(text);
        let mut boundaries = None;
        search.find_overlapping_iter(&text).any(|found| {
            let boundaries = boundaries.get_or_insert_with(|| boundaries_of(&text));
            let is_boundary = |at: usize| boundaries.get(at).copied().unwrap_or(false);
            let begins = self.attaches[found.pattern()] || is_boundary(found.start());
            begins && is_boundary(found.end())
        })
    }
}

/// For each byte of the text, and for its end, whether a word boundary is there.
fn boundaries_of(text: &str) -> Vec<bool> {
    let mut boundaries = vec![false; text.len() + 1];
    for (at, _) in text.split_word_bound_indices() {
        boundaries[at] = true;
    }
    boundaries[text.len()] = true;
    boundaries
}

/// The way by upper case makes `ß` and `SS`, `ς` and `σ` equal, as Unicode's full case folding does.
fn fold(text: &str) -> String {
    let letters: String = if text.is_ascii() {
        text.to_ascii_lowercase()
    } else {
        let upper = text.nfkc().flat_map(char::to_uppercase);
        upper.flat_map(char::to_lowercase).nfkc().collect()
    };
    letters.split_whitespace().collect::<Vec<_>>().join(" ")
}
