//! Words and phrases that are not said.
//!
//! Text and entries are compared by what they look like (`skeleton.rs`), the text
//! in several readings (`disguise.rs`). An entry matches where it stands between word
//! boundaries, so `ass` is not found in `classic`; a genitive's `s` is a word of its own. Where words are
//! not separated, as in Thai or Chinese, every character is a boundary and an entry matches anywhere.
//!
//! Letters said several times in a row are searched for as one, and counted afterwards: as many as the
//! entry has, or three and more, or two of a letter that English never doubles. So `fuuuck` is found and
//! `good` is not `god`.
//!
//! Entries with digits or signs, such as `c++` or `1488`, are searched for as they are, in any width
//! and letter case (`exact.rs`). All entries are searched for at once (Aho and Corasick,
//! 1975), in time that depends on the text and not on their number.

mod exact;

use crate::{
    disguise,
    skeleton::{self, Glyph},
};
use aho_corasick::AhoCorasick;
use chatter_protocol::policy::Matching;
use exact::Exact;
use std::ops::Range;
use unicode_normalization::char::is_combining_mark;

/// Words and phrases of several lists, made ready to be searched for.
#[derive(Debug)]
pub struct Blocklist {
    matching: Matching,
    /// None if there is no entry.
    search: Option<AhoCorasick>,
    entries: Vec<Entry>,
    /// Whether an entry is of several words.
    has_phrases: bool,
    exact: Exact,
}

#[derive(Debug)]
struct Entry {
    list: usize,
    /// How often each of its characters stands in a row.
    runs: Box<[u8]>,
    /// Whether it is of several words.
    is_phrase: bool,
}

/// An entry that stands in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Which list it is from.
    pub list: usize,
    /// Where it stands, in bytes of the text.
    pub at: Range<usize>,
}

/// A short entry is found among letters set apart only if it is all of them.
const LONG: usize = 4;

impl Blocklist {
    /// Makes the search through lists of entries. Entries of white space alone are left out, since they
    /// would match anything.
    #[must_use]
    pub fn new<'a>(lists: impl IntoIterator<Item = &'a [String]>, matching: Matching) -> Self {
        let (mut entries, mut texts, mut exact) = (Vec::new(), Vec::new(), Vec::new());
        for (list, words) in lists.into_iter().enumerate() {
            for word in words {
                let glyphs = skeleton::of(word, matching.confusables);
                if glyphs.iter().any(|glyph| glyph.c.is_alphabetic())
                    && glyphs.iter().all(|glyph| spells(glyph.c))
                {
                    let mut push = |glyphs: &[Glyph]| {
                        let line = Line::new(glyphs);
                        texts.push(line.text);
                        let runs = line.units.iter().map(|unit| unit.run).collect();
                        let is_phrase = line.units.iter().any(|unit| unit.c == ' ');
                        entries.push(Entry {
                            list,
                            runs,
                            is_phrase,
                        });
                    };
                    push(&glyphs);
                    // `that's so` is typed `thats so` as often. A word alone may be another without:
                    // `she'll` is no `shell`.
                    let is_phrase = glyphs.iter().any(|glyph| glyph.c == ' ');
                    if is_phrase && glyphs.iter().any(|glyph| glyph.c == '\'') {
                        let mut bare = glyphs.clone();
                        bare.retain(|glyph| glyph.c != '\'');
                        if bare.iter().any(|glyph| glyph.c.is_alphabetic()) {
                            push(&bare);
                        }
                    }
                } else {
                    exact.push((list, word.as_str()));
                }
            }
        }
        // It fails past 2^31 states, which is more than 2 GB of entries; a policy holds fewer even if
        // folding makes 18 characters of each.
        let search = (!texts.is_empty())
            .then(|| AhoCorasick::new(texts).expect("entries are within the policy's bounds"));
        Self {
            matching,
            search,
            has_phrases: entries.iter().any(|entry| entry.is_phrase),
            entries,
            exact: Exact::new(exact),
        }
    }

    /// All entries that stand in the text, in no order.
    #[must_use]
    pub fn find(&self, text: &str) -> Vec<Found> {
        let mut found = self.exact.find(text);
        if self.search.is_none() {
            return found;
        }
        let plain = skeleton::of(text, self.matching.confusables);
        let any = |_: &Entry| true;
        self.read(&plain, any, &mut found);
        self.read_leet(&plain, any, &mut found);
        if self.matching.spaced
            && let Some(joined) = disguise::joined(&plain)
        {
            self.read(&joined, any, &mut found);
            self.read_leet(&joined, any, &mut found);
        }
        // A word alone was found between its signs already.
        if self.matching.spaced
            && self.has_phrases
            && let Some(parted) = disguise::parted(&plain)
        {
            let phrase = |entry: &Entry| entry.is_phrase;
            self.read(&parted, phrase, &mut found);
            self.read_leet(&parted, phrase, &mut found);
        }
        found
    }

    fn read_leet(
        &self,
        glyphs: &[Glyph],
        wanted: impl Fn(&Entry) -> bool + Copy,
        found: &mut Vec<Found>,
    ) {
        if !self.matching.leetspeak {
            return;
        }
        if let Some(read) = disguise::leet(glyphs, 'i') {
            self.read(&read, wanted, found);
            if disguise::is_ambiguous(glyphs)
                && let Some(read) = disguise::leet(glyphs, 'l')
            {
                self.read(&read, wanted, found);
            }
        }
    }

    /// The entries that are wanted, in one reading.
    fn read(&self, glyphs: &[Glyph], wanted: impl Fn(&Entry) -> bool, found: &mut Vec<Found>) {
        let Some(search) = &self.search else { return };
        let line = Line::new(glyphs);
        let mut boundaries = None;
        for hit in search.find_overlapping_iter(&line.text) {
            let entry = &self.entries[hit.pattern()];
            if !wanted(entry) {
                continue;
            }
            // A reading is of whole characters, and so is an entry.
            let (Some(first), Some(last)) =
                (line.unit_at(hit.start()), line.unit_before(hit.end()))
            else {
                continue;
            };
            let units = &line.units[first..=last];
            let spelled = entry
                .runs
                .iter()
                .zip(units)
                .all(|(wanted, unit)| self.is_run(*wanted, unit));
            if !spelled {
                continue;
            }
            let boundaries = boundaries.get_or_insert_with(|| skeleton::boundaries(glyphs));
            let (Some(begin), Some(end)) = (units.first(), units.last()) else {
                continue;
            };
            let past = end.glyph + usize::from(end.run);
            let is_word = boundaries[begin.glyph] && boundaries[past.min(glyphs.len())];
            let is_loose = units.len() >= LONG && units.iter().all(|unit| glyphs[unit.glyph].loose);
            if is_word || is_loose {
                let at = glyphs[begin.glyph].start..glyphs[past - 1].end;
                found.push(Found {
                    list: entry.list,
                    at,
                });
            }
        }
    }

    fn is_run(&self, wanted: u8, unit: &Unit) -> bool {
        let said = unit.run;
        said == wanted
            || self.matching.repeats && said > wanted && (said >= 3 || is_never_doubled(unit.c))
    }
}

/// Letters that English words don't have twice in a row, but for a handful (`vacuum`, `bazaar`).
fn is_never_doubled(c: char) -> bool {
    matches!(
        c,
        'a' | 'h' | 'i' | 'j' | 'k' | 'q' | 'u' | 'v' | 'w' | 'x' | 'y'
    )
}

/// Whether words are written with it.
fn spells(c: char) -> bool {
    c.is_alphabetic() || is_combining_mark(c) || matches!(c, ' ' | '-' | '\'')
}

/// A reading with letters in a row as one.
struct Line {
    text: String,
    units: Vec<Unit>,
    /// For each byte of the text the unit that begins there.
    at: Vec<Option<u32>>,
}

struct Unit {
    c: char,
    run: u8,
    /// The first of its glyphs.
    glyph: usize,
}

impl Line {
    fn new(glyphs: &[Glyph]) -> Self {
        let mut line = Self {
            text: String::with_capacity(glyphs.len()),
            units: Vec::with_capacity(glyphs.len()),
            at: Vec::with_capacity(glyphs.len()),
        };
        for (at, glyph) in glyphs.iter().enumerate() {
            if let Some(last) = line.units.last_mut()
                && last.c == glyph.c
                && glyph.c.is_alphabetic()
                && last.run < u8::MAX
            {
                last.run += 1;
                continue;
            }
            line.at.push(u32::try_from(line.units.len()).ok());
            line.text.push(glyph.c);
            line.at.resize(line.text.len(), None);
            line.units.push(Unit {
                c: glyph.c,
                run: 1,
                glyph: at,
            });
        }
        line
    }

    fn unit_at(&self, byte: usize) -> Option<usize> {
        self.at
            .get(byte)
            .copied()
            .flatten()
            .map(|unit| unit as usize)
    }

    fn unit_before(&self, byte: usize) -> Option<usize> {
        if byte == self.text.len() {
            return self.units.len().checked_sub(1);
        }
        self.unit_at(byte)?.checked_sub(1)
    }
}
