//! Words, and what is counted of them.

use std::{collections::HashSet, sync::LazyLock};

/// Words that say nothing of what a text is about.
const COMMON: &str = "a about above actually after again ago ah all almost already alright also always am an and \
    another any anybody anymore anyone anything are aren't around as at away back basically be because been before \
    being below besides best better between big bit both but by can can't cannot chat come comes coming could couldn't \
    day did didn't do does doesn't doing don't done down each either else end enough even ever every everybody \
    everyone everything exactly far feel few finally fine first for from get gets getting give go goes going gone \
    gonna good got gotta great guess guys had has hasn't have haven't having he he's hello her here here's hey hi him \
    his honestly how huh i i'd i'll i'm i've if in instead into is isn't it it'd it'll it's its itself just keep kind \
    know last later least left let let's like literally little long look looking looks lot made make makes making \
    many may maybe me mean means might mine more most much must my myself need never new next nice no nobody none nope \
    nor not nothing now of off oh ok okay on once one ones only onto or other our ours out over own part people please \
    pretty put quite rather ready really right said same saw say saying says see seem seems seen she should shouldn't \
    since so some somebody someone something soon still stuff such sure take takes than thank thanks that that's the \
    their them then there there's these they they're they've thing things think this those though thought through time \
    to today together told too took totally tried try trying two um under until up us use very wait want wants was \
    wasn't way we we'd we'll we're we've well went were weren't what what's whatever when where which while who who's \
    whole why will with without won't would wouldn't wow yeah yep yes yet you you'd you'll you're you've your yours \
    zero three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty fifty sixty hundred \
    thousand second seconds minute minutes hour hours week weeks month year years tonight tomorrow yesterday morning \
    evening meanwhile inside outside top bottom everywhere welcome everyone remember stop";

/// Words that in a question don't say what it is about either.
const ASKING: &str = "ask enjoy explain favorite favourite happen happened happening happens hate love people playing \
    prefer rate remember stream streamer tell thoughts opinion watch watching else anyone boring";

/// Some words, to look words up in.
pub(super) type Words = LazyLock<HashSet<&'static str>>;

static COMMON_WORDS: Words = LazyLock::new(|| COMMON.split_whitespace().collect());
static ASKING_WORDS: Words = LazyLock::new(|| ASKING.split_whitespace().collect());

/// Whether a word (in lower case) says nothing of what a text is about.
pub(super) fn is_common(word: &str) -> bool {
    word.len() < 3 || word.starts_with(|c: char| c.is_ascii_digit()) || COMMON_WORDS.contains(word)
}

/// Whether a word of a question (in lower case) is there for the asking.
pub(super) fn is_asking(word: &str) -> bool {
    is_common(word) || ASKING_WORDS.contains(word)
}

/// The words of a text as they stand: letters and digits, with apostrophes and hyphens inside.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '\'' | '’' | '-')))
        .map(|word| word.trim_matches(['\'', '’', '-']))
        .filter(|word| !word.is_empty())
}

/// The words of a text in lower case.
pub(super) fn lower_words(text: &str) -> Vec<String> {
    words(text)
        .map(|word| word.to_lowercase().replace('’', "'"))
        .collect()
}

/// What is left of a word without its English ending, to see that `jumps`, `jumped` and `jumping`
/// are about the same. Rough: it only decides what overlaps with what.
pub(super) fn stem(word: &str) -> String {
    let word = word.strip_suffix("'s").unwrap_or(word);
    for ending in ["ing", "ies", "ed", "es", "s", "y", "e"] {
        if let Some(stem) = word.strip_suffix(ending)
            && stem.chars().count() >= 3
            && !(ending == "s" && stem.ends_with('s'))
        {
            // `running` and `runs`
            let mut twice = stem.chars().rev();
            let (last, before) = (twice.next(), twice.next());
            return if last == before && last != Some('s') && ending != "s" {
                stem[..stem.len() - last.map_or(0, char::len_utf8)].to_owned()
            } else {
                stem.to_owned()
            };
        }
    }
    word.to_owned()
}

/// The stems of the words that say what a text is about.
pub(super) fn stems(text: &str) -> HashSet<String> {
    lower_words(text)
        .iter()
        .filter(|word| !is_asking(word))
        .map(|word| stem(word))
        .collect()
}

/// Whether `text` holds `words` side by side; both in lower case.
pub(super) fn contains(text: &[String], words: &[String]) -> bool {
    !words.is_empty() && text.windows(words.len()).any(|window| window == words)
}

/// Whether `text` (in lower case) holds the words of `term` side by side.
#[cfg(test)]
pub(super) fn contains_term(text: &[String], term: &str) -> bool {
    contains(text, &lower_words(term))
}

/// The stretches of a text between marks of punctuation, as they stand.
pub(super) fn clauses(text: &str) -> impl Iterator<Item = &str> {
    text.split([
        '.', '!', '?', ';', ':', ',', '"', '“', '”', '(', ')', '…', '—', '–', '\n',
    ])
    .map(str::trim)
    .filter(|clause| !clause.is_empty())
}

/// Each run of `n` words, with the line's beginning and end as words of their own, so that short
/// lines have some too.
pub(super) fn grams(line: &str, n: usize) -> Vec<String> {
    let mut words = lower_words(line);
    words.insert(0, "^".into());
    words.push("$".into());
    words.windows(n).map(|window| window.join(" ")).collect()
}

/// The first `max` characters, and not half a word if there is a whole one.
pub(super) fn cut(text: &str, max: usize) -> &str {
    let Some((end, next)) = text.char_indices().nth(max) else {
        return text;
    };
    let head = &text[..end];
    if next.is_whitespace() {
        return head.trim_end();
    }
    match head.rfind(char::is_whitespace) {
        Some(space) if !head[..space].trim().is_empty() => head[..space].trim_end(),
        _ => head,
    }
}

/// FNV-1a (Fowler, Noll, Vo; draft-eastlake-fnv), 64 bits: the same on every machine and in every
/// release, which the standard library's hasher doesn't promise.
#[derive(Clone, Copy)]
pub(super) struct Fnv(u64);

impl Fnv {
    pub(super) const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    pub(super) fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    pub(super) const fn finish(self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_fall_off() {
        for (one, other) in [
            ("jumps", "jumping"),
            ("jumped", "jump"),
            ("running", "runs"),
            ("berries", "berry"),
            ("platform", "platforms"),
            ("making", "makes"),
            ("boss", "bosses"),
        ] {
            assert_eq!(stem(one), stem(other), "{one} {other}");
        }
        assert_ne!(stem("boss"), stem("chicken"));
    }

    #[test]
    fn cuts_fall_between_words() {
        for (text, max, expected) in [
            ("short", 10, "short"),
            ("one two three", 8, "one two"),
            ("one two three", 7, "one two"),
            ("oneword", 3, "one"),
            ("ééé ééé", 4, "ééé"),
            ("x", 0, ""),
        ] {
            assert_eq!(cut(text, max), expected, "{text:?} {max}");
        }
    }

    #[test]
    fn short_lines_have_grams_too() {
        assert_eq!(grams("GG!", 3), ["^ gg $"]);
        assert_eq!(grams("so good", 3), ["^ so good", "so good $"]);
    }

    #[test]
    fn the_hash_is_the_published_one() {
        // Test vectors of draft-eastlake-fnv.
        for (text, expected) in [
            ("", 0xcbf2_9ce4_8422_2325),
            ("a", 0xaf63_dc4c_8601_ec8c),
            ("foobar", 0x8594_4171_f739_67e8),
        ] {
            let mut hash = Fnv::new();
            hash.write(text.as_bytes());
            assert_eq!(hash.finish(), expected, "{text}");
        }
    }
}
