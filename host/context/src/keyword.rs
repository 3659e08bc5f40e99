//! Keywords, after RAKE (Rose, Engel, Cramer, Cowley: "Automatic Keyword Extraction from Individual
//! Documents", in: Text Mining, 2010).
//!
//! Candidates are the runs of words between stop words and punctuation. A word's score is its
//! degree: how many words stand beside it in candidates, itself included, over all its occurrences.
//! (Of the three scores of the paper this is the one that favours words that come often.) A
//! candidate's score is the sum of its words'.
//!
//! Three things differ, for speech and for a chat. Speech has few stops, so a run of more than three
//! words is cut into threes from its end, where English has the head of a noun phrase. A phrase
//! never comes without its most telling word on its own, since chat lines rather say `lantern` than
//! `brass lantern`. And what was said last wins over what scores the same.

use crate::text::{self, Word};
use chatter_protocol::context::Keyword;
use std::collections::{HashMap, HashSet};

/// The most keywords of a context.
pub(crate) const MAX_KEYWORDS: usize = 12;
/// How many of them have more than one word.
const MAX_PHRASES: usize = 5;
/// How many of these turn on the same word.
const PHRASES_PER_WORD: usize = 2;
/// The most words of a candidate.
const MAX_WORDS: usize = 3;
/// The longest keyword, in characters.
const MAX_CHARS: usize = 40;

#[derive(Default)]
struct Tally {
    degree: usize,
    /// In candidate number; the latest wins a tie.
    last: usize,
    /// How it was written last, in lower case.
    written: String,
}

/// The most telling words and phrases of a text, best first; the first has the score 1.
pub(crate) fn keywords(said: &str) -> Vec<Keyword> {
    let spoken = text::spoken(said);
    let words = text::words(&spoken);
    let candidates = candidates(&words);

    let mut single: HashMap<String, Tally> = HashMap::new();
    for (i, candidate) in candidates.iter().enumerate() {
        for word in *candidate {
            let tally = single.entry(word.stem()).or_default();
            tally.degree += candidate.len();
            tally.last = i;
            tally.written.clone_from(&word.lower);
        }
    }
    let degree = |word: &Word<'_>| single.get(&word.stem()).map_or(0, |tally| tally.degree);

    let mut phrases: HashMap<String, (usize, usize, &[Word<'_>])> = HashMap::new();
    for (i, candidate) in candidates
        .iter()
        .enumerate()
        .filter(|(_, candidate)| candidate.len() > 1)
    {
        let stems: Vec<String> = candidate.iter().map(Word::stem).collect();
        let score = candidate.iter().map(degree).sum();
        phrases.insert(stems.join(" "), (score, i, candidate));
    }
    let mut phrases: Vec<_> = phrases.into_values().collect();
    phrases.sort_by_key(|&(score, last, _)| std::cmp::Reverse((score, last)));

    let mut chosen: Vec<(String, usize, usize)> = Vec::new();
    let mut heads: Vec<String> = Vec::new();
    let mut covered: HashSet<String> = HashSet::new();
    for &(score, last, candidate) in &phrases {
        let Some(best) = candidate.iter().max_by_key(|word| degree(word)) else {
            continue;
        };
        let term = lower(&spoken, candidate);
        let head = best.stem();
        let is_known = chosen
            .iter()
            .any(|(known, ..)| known.contains(&term) || term.contains(known))
            || heads.iter().filter(|known| **known == head).count() == PHRASES_PER_WORD;
        if heads.len() == MAX_PHRASES || is_known || term.chars().count() > MAX_CHARS {
            continue;
        }
        heads.push(head);
        covered.extend(candidate.iter().map(Word::stem));
        chosen.push((term, score, last));
    }
    // First the words that the phrases turn on, then the best of those that are in no phrase yet,
    // then the others.
    let mut rest: Vec<(&String, &Tally)> = single.iter().collect();
    rest.sort_by_key(|(stem, tally)| {
        std::cmp::Reverse((
            heads.contains(*stem),
            !covered.contains(*stem),
            tally.degree,
            tally.last,
            tally.written.clone(),
        ))
    });
    for (_, tally) in rest
        .into_iter()
        .filter(|(_, tally)| tally.written.chars().count() <= MAX_CHARS)
    {
        if chosen.len() == MAX_KEYWORDS {
            break;
        }
        chosen.push((tally.written.clone(), tally.degree, tally.last));
    }
    chosen.sort_by(|a, b| (b.1, b.2, &a.0).cmp(&(a.1, a.2, &b.0)));
    let best = chosen.first().map_or(1, |&(_, score, _)| score).max(1) as f64;
    let round = |score: usize| (score as f64 / best * 1000.0).round() / 1000.0;
    chosen
        .into_iter()
        .map(|(term, score, _)| Keyword {
            term,
            score: round(score),
        })
        .collect()
}

/// As it stands in the text, in lower case.
fn lower(spoken: &str, candidate: &[Word<'_>]) -> String {
    match candidate {
        [first, .., last] => spoken[first.start..last.end()].to_lowercase(),
        words => words.iter().map(|word| word.lower.as_str()).collect(),
    }
}

/// The runs of content words, none longer than [`MAX_WORDS`].
fn candidates<'a, 'b>(words: &'a [Word<'b>]) -> Vec<&'a [Word<'b>]> {
    let mut candidates = Vec::new();
    let mut from = 0;
    while from < words.len() {
        if !words[from].is_content() {
            from += 1;
            continue;
        }
        let more = words[from + 1..]
            .iter()
            .take_while(|word| word.is_content() && !word.after_break)
            .count();
        let run = &words[from..=from + more];
        candidates.extend(run.rchunks(MAX_WORDS).rev());
        from += run.len();
    }
    candidates
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(text: &str) -> Vec<String> {
        keywords(text)
            .into_iter()
            .map(|keyword| keyword.term)
            .collect()
    }

    #[test]
    fn a_paragraph_is_told_by_its_phrases_and_their_words() {
        let text = "So I bought this brass lantern at a flea market, and the brass lantern leaks oil. \
                    Every lantern leaks, says Priya, but this one has a cracked oil tank. \
                    We are going to solder the oil tank today, if the soldering iron gets hot.";
        let found = keywords(text);
        let terms: Vec<&str> = found.iter().map(|keyword| keyword.term.as_str()).collect();
        assert!(terms[0].split(' ').count() > 1, "{terms:?}");
        for expected in [
            "brass lantern",
            "lantern",
            "oil",
            "cracked oil tank",
            "soldering iron",
        ] {
            assert!(terms.contains(&expected), "{expected} is not in {terms:?}");
        }
        assert!((found[0].score - 1.0).abs() < f64::EPSILON);
        assert!(found.windows(2).all(|pair| pair[0].score >= pair[1].score));
        assert!(found.len() <= MAX_KEYWORDS);
    }

    /// What must be among the keywords of a text, and what must not.
    #[test]
    fn keywords_are_words_of_their_script() {
        let cases: [(&str, &str, &[&str], &[&str]); 8] = [
            (
                "Chinese",
                "我买了一个黄铜灯笼。黄铜灯笼漏油了，我们今天修理灯笼的油箱。",
                &["灯笼", "黄铜", "修理灯笼", "油箱"],
                &["我们", "今天", "了", "铜灯"],
            ),
            (
                "Japanese",
                "古いランタンを買いました。このランタンは油が漏れます。ランタンのタンクを直します。",
                &["ランタン", "タンク"],
                &["ます", "これ", "タンを"],
            ),
            (
                "Thai",
                "ตะเกียงทองเหลืองรั่ว เราจะซ่อมตะเกียงทองเหลืองและถังน้ำมัน",
                &["ตะเกียง", "ตะเกียงทองเหลือง"],
                &["เรา", "และ", "จะ", "ตะ"],
            ),
            (
                "Korean",
                "황동 등불이 샙니다. 황동 등불을 고칩니다.",
                &["황동", "등불을"],
                &["등"],
            ),
            (
                "Arabic",
                "الفانوس النحاسي يسرب، الفانوس قديم.",
                &["الفانوس"],
                &["ف"],
            ),
            (
                "Hindi",
                "लालटेन पुरानी है। लालटेन से तेल टपकता है।",
                &["लालटेन"],
                &["ल"],
            ),
            (
                "Greek",
                "Το φανάρι στάζει. Το φανάρι είναι παλιό.",
                &["φανάρι"],
                &["φ"],
            ),
            (
                "German",
                "Die Laterne tropft. Die Laterne ist alt.",
                &["laterne"],
                &["l"],
            ),
        ];
        for (case, text, expected, never) in cases {
            let terms = terms(text);
            let is_there = |term: &str| terms.iter().any(|it| it == term);
            let missing: Vec<&str> = expected
                .iter()
                .copied()
                .filter(|it| !is_there(it))
                .collect();
            assert_eq!(missing, [""; 0], "{case}: {terms:?}");
            let wrong: Vec<&str> = never.iter().copied().filter(|it| is_there(it)).collect();
            assert_eq!(wrong, [""; 0], "{case}: {terms:?}");
        }
    }

    #[test]
    fn nothing_comes_of_nothing() {
        for text in [
            "",
            "so and then you know",
            "[music] (laughs)",
            "1 2 3 !!! ???",
            "okay okay yeah",
        ] {
            assert_eq!(terms(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn forms_are_counted_together_and_told_as_said_last() {
        assert_eq!(terms("The crab. A crab! Two crabs?"), ["crabs"]);
    }

    #[test]
    fn the_latest_wins_a_tie() {
        assert_eq!(terms("A rope, a sail, a keel."), ["keel", "sail", "rope"]);
    }

    #[test]
    fn each_keyword_stands_in_the_text() {
        let text = "Don’t drop the Well-Known red jar; we’ve only Got one jar of Anna's plum jam left, chat.";
        for term in terms(text) {
            assert!(
                text.to_lowercase().replace('’', "'").contains(&term),
                "{term}"
            );
        }
    }
}
