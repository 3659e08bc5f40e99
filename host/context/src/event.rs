//! What happens, as far as words tell.
//!
//! | kind | known by | confidence |
//! | --- | --- | --- |
//! | `chat_question`, `question` | see [`question`](mod@crate::question); others from three words on | 0.55 to 0.95; 0.6 |
//! | `hype` | a word of [`lexicon::HYPE`] 0.4, two 0.6; `!` 0.25, a second 0.1; capitals 0.35; a drawn-out vowel 0.3 | the sum, from 0.6 on |
//! | `fail` | a phrase of [`lexicon::FAIL`] 0.7; a word of [`lexicon::MISHAP`] 0.35, two 0.6; `!` 0.2; `oh`, `no` or a drawn-out `no` 0.25 | the sum, from 0.55 on |
//! | `laughter` | `haha`, `哈哈`, `[laughs]`, `（笑）`, `lol` | 0.9 |
//! | `cheering` | `[applause]`, `(crowd cheering)`, `【拍手】` | 0.9 |
//! | `name` | see [`names`](crate::names) | 0.7 or 0.9 |
//! | `silence` | nothing for 8 s; told when they are over, since nobody knows how long it lasts | 0.9 |
//! | `topic_change` | see [`topic`] | 0.5 to 0.9 |
//! | `stream_start`, `stream_end` | | 1 |
//!
//! A word counts neither for `hype` nor for `fail` if it is denied or only thought of (`if it broke`). What
//! is both is `fail`. Of events of one kind within 6 s the first stands for all; questions to the
//! chat are all told.

use crate::{
    cue::Cue,
    lexicon::{self, Phrases},
    question::{CALL_AFTER_MS, Question, question},
    sentence::{Manner, Sentence, is_capital},
    text, topic, writing,
};

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

pub(crate) const CHAT_QUESTION: &str = "chat_question";
pub(crate) const NAME: &str = "name";
const QUESTION: &str = "question";
pub(crate) const STREAM_START: &str = "stream_start";
pub(crate) const STREAM_END: &str = "stream_end";

/// Events of one kind that follow within so many milliseconds are one.
const MERGE_MS: u64 = 6000;
/// So long nothing must be said for a silence, in milliseconds.
pub(crate) const SILENCE_MS: u64 = 8000;
/// A cue may be shown for so long, in milliseconds, before what follows counts as silence.
const MAX_SHOWN_MS: u64 = 30_000;
/// The longest text of an event, in characters.
pub(crate) const MAX_CHARS: usize = 160;

/// Something that happens at one moment of a file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event {
    pub(crate) kind: Cow<'static, str>,
    /// The words that show it, at most 160 characters.
    pub(crate) text: String,
    /// Whose names are said.
    pub(crate) names: Vec<String>,
    /// When it happened, in milliseconds of the file.
    pub(crate) at_ms: u64,
    /// When it may be told; not before `at_ms`.
    pub(crate) due_ms: u64,
    pub(crate) confidence: f64,
}

impl Event {
    pub(crate) fn new(
        kind: impl Into<Cow<'static, str>>,
        text: &str,
        at_ms: u64,
        confidence: f64,
    ) -> Self {
        Self {
            kind: kind.into(),
            text: text::shorten(text, MAX_CHARS),
            names: Vec::new(),
            at_ms,
            due_ms: at_ms,
            confidence,
        }
    }
}

/// All events of a file, in the order in which they are told.
pub(crate) fn events(cues: &[Cue], sentences: &[Sentence], manner: Manner) -> Vec<Event> {
    let mut reading = Reading::default();
    let mut events = silences(cues);
    events.extend(topic::changes(sentences));
    for sentence in sentences {
        events.extend(reading.until(sentence.due_ms, manner));
        events.extend(reading.push(sentence.clone(), manner));
    }
    events.extend(reading.until(u64::MAX, manner));
    events.sort_by_key(|event| (event.at_ms, event.due_ms));
    let mut first = Merge::default();
    events.retain(|event| first.is_first(event));
    events.sort_by_key(|event| event.due_ms);
    events
}

/// What happens in sentences, as they come.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    before: Option<Sentence>,
    /// A question that was not put to the chat, unless a call after it says so; with the sentence before
    /// it.
    asked: Option<(Sentence, Option<Sentence>)>,
}

impl Reading {
    /// Takes in the next sentence, which is known when it is due.
    pub(crate) fn push(&mut self, sentence: Sentence, manner: Manner) -> Vec<Event> {
        let mut events: Vec<Event> = self
            .asked
            .take()
            .and_then(|(asked, before)| {
                let found = question(&asked, before.as_ref(), Some(&sentence), manner)?;
                told(&asked, found, sentence.due_ms)
            })
            .into_iter()
            .collect();
        match question(&sentence, self.before.as_ref(), None, manner) {
            Some(Question::Other) => self.asked = Some((sentence.clone(), self.before.take())),
            Some(to_chat) => events.extend(told(&sentence, to_chat, sentence.due_ms)),
            None => {}
        }
        let moods = mood(&sentence.text, manner).into_iter();
        events.extend(moods.map(|(kind, confidence)| found(&sentence, kind, confidence, 0)));
        self.before = Some(sentence);
        events
    }

    /// The question that nobody is going to be called for any more.
    pub(crate) fn until(&mut self, until_ms: u64, manner: Manner) -> Option<Event> {
        let known_ms = |asked: &Sentence| asked.end_ms.saturating_add(CALL_AFTER_MS);
        let (asked, before) = self
            .asked
            .take_if(|(asked, _)| until_ms > known_ms(asked))?;
        let found = question(&asked, before.as_ref(), None, manner)?;
        told(&asked, found, known_ms(&asked))
    }
}

/// A question as an event, if it is worth one.
fn told(sentence: &Sentence, question: Question, known_ms: u64) -> Option<Event> {
    match question {
        Question::ToChat { confidence, due_ms } => {
            Some(found(sentence, CHAT_QUESTION, confidence, due_ms))
        }
        Question::Other if text::count(&sentence.text) >= 3 => {
            Some(found(sentence, QUESTION, 0.6, known_ms))
        }
        Question::Other => None,
    }
}

fn found(sentence: &Sentence, kind: &'static str, confidence: f64, known_ms: u64) -> Event {
    let mut event = Event::new(kind, &sentence.text, sentence.end_ms, confidence);
    event.due_ms = sentence.due_ms.max(sentence.end_ms).max(known_ms);
    event
}

/// Which events were told a moment ago.
#[derive(Debug, Default)]
pub(crate) struct Merge {
    latest: HashMap<Cow<'static, str>, u64>,
}

impl Merge {
    /// Whether an event is the first of its kind for a while, or one that always counts.
    pub(crate) fn is_first(&mut self, event: &Event) -> bool {
        let latest = self.latest.get(&event.kind);
        let merged = !matches!(&*event.kind, CHAT_QUESTION | NAME)
            && latest.is_some_and(|&at_ms| event.at_ms < at_ms.saturating_add(MERGE_MS));
        if !merged {
            self.latest.insert(event.kind.clone(), event.at_ms);
        }
        !merged
    }
}

fn silences(cues: &[Cue]) -> Vec<Event> {
    let mut quiet = Quiet::default();
    let mut silences = Vec::new();
    for cue in cues {
        silences.extend(quiet.until(cue.start_ms));
        quiet.said(shown_until(cue));
    }
    silences
}

/// Since when nothing was said.
#[derive(Debug, Default)]
pub(crate) struct Quiet {
    since_ms: u64,
    told: bool,
}

impl Quiet {
    /// Something was said until then.
    pub(crate) fn said(&mut self, until_ms: u64) {
        if until_ms > self.since_ms {
            *self = Self {
                since_ms: until_ms,
                told: false,
            };
        }
    }

    /// The silence, once, if nothing is said until then.
    pub(crate) fn until(&mut self, until_ms: u64) -> Option<Event> {
        let due_ms = self.since_ms.saturating_add(SILENCE_MS);
        if self.told || until_ms < due_ms {
            return None;
        }
        self.told = true;
        let mut event = Event::new("silence", "nothing was said for 8 s", self.since_ms, 0.9);
        event.due_ms = due_ms;
        Some(event)
    }
}

/// When a cue is taken away, or may be taken for over.
pub(crate) fn shown_until(cue: &Cue) -> u64 {
    cue.end_ms.min(cue.start_ms + MAX_SHOWN_MS)
}

/// Hype, a fail, laughter.
fn mood(sentence: &str, manner: Manner) -> Vec<(&'static str, f64)> {
    let mut moods = Vec::new();
    let spoken = text::spoken(sentence);
    let words = text::words(&spoken);
    let whole: Vec<String> = words.iter().map(|word| word.lower.clone()).collect();
    let lower: Vec<String> = whole.iter().map(|word| undrawn(word)).collect();
    let (laughter, alone) = (&lexicon::LAUGHTER, &lexicon::LAUGHTER_ALONE);
    if directs(sentence, laughter, alone) || laughs(&lower) || laughs_aloud(&spoken, &whole) {
        moods.push(("laughter", 0.9));
    }
    if directs(sentence, &lexicon::CHEERING, &[]) {
        moods.push(("cheering", 0.9));
    }
    let cries = spoken.matches(['!', '！']).count();
    let drawn = words.iter().any(|word| is_drawn_out(&word.lower));
    let fail = fail(
        &lower,
        cries,
        drawn && lower.iter().any(|word| word == "no"),
    );
    if fail >= 0.55 {
        moods.push(("fail", fail.min(0.95)));
        return moods;
    }
    let found = real(&lower, &lexicon::HYPE);
    let capitals = words.iter().filter(|word| is_capital(word.written)).count();
    let shouted = !manner.capitals
        && cries > 0
        && (capitals >= 2 || capitals * 2 >= words.len() && capitals > 0);
    let hype = [
        match found {
            0 => 0.0,
            1 => 0.4,
            _ => 0.6,
        },
        match cries {
            0 => 0.0,
            1 => 0.25,
            _ => 0.35,
        },
        if shouted { 0.35 } else { 0.0 },
        if drawn { 0.3 } else { 0.0 },
    ]
    .iter()
    .sum::<f64>();
    if hype >= 0.6 - f64::EPSILON {
        moods.push(("hype", round(hype.min(0.95))));
    }
    moods
}

fn fail(lower: &[String], cries: usize, drawn_no: bool) -> f64 {
    let sure = if real(lower, &lexicon::FAIL) > 0 {
        0.7
    } else {
        0.0
    };
    let mishap = match real(lower, &lexicon::MISHAP) {
        0 => 0.0,
        1 => 0.35,
        _ => 0.6,
    };
    if sure + mishap == 0.0 && !drawn_no {
        return 0.0;
    }
    let no = drawn_no
        || lower
            .first()
            .is_some_and(|word| word == "no" || word == "oh" || word == "ah");
    let cry = if cries > 0 { 0.2 } else { 0.0 };
    // A drawn-out `nooo` alone is one.
    let no = if drawn_no {
        0.4
    } else if no {
        0.25
    } else {
        0.0
    };
    round(sure + mishap + cry + no)
}

/// Two decimals.
pub(crate) fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// How many of the phrases are there and are meant.
fn real(lower: &[String], phrases: &Phrases) -> usize {
    let meant = |at: usize| !lexicon::UNREAL.is_in(&lower[at.saturating_sub(3)..at]);
    let found: HashSet<&str> = (0..lower.len())
        .filter_map(|at| phrases.at(&lower[at..]).filter(|_| meant(at)))
        .collect();
    found.len()
}

/// Whether a stage direction has a word that begins like one of these, or is nothing but one of those that count
/// alone. In scripts without spaces the word may stand anywhere.
fn directs(sentence: &str, beginnings: &[&str], alone: &[&str]) -> bool {
    sentence.match_indices(text::OPENING).any(|(at, open)| {
        let inside = sentence[at + open.len()..].to_lowercase();
        let close = open.chars().next().map_or('*', text::closing);
        let inside = inside.split(close).next().unwrap_or_default();
        let begins = |word: &str, it: &&str| match writing::has_unspaced(it) {
            true => word.contains(*it),
            false => word.starts_with(*it),
        };
        inside.split_whitespace().count() <= 4
            && text::count(inside) <= 8
            && (alone.contains(&inside.trim())
                || inside
                    .split_whitespace()
                    .any(|word| beginnings.iter().any(|it| begins(word, it))))
    })
}

/// Whether a text has laughter of other letters than Latin ones: a syllable of [`lexicon::HAHA`] often enough,
/// alone where the script has words.
fn laughs_aloud(spoken: &str, lower: &[String]) -> bool {
    lexicon::HAHA.iter().any(|&(syllable, times)| {
        let laugh = syllable.repeat(times);
        match writing::has_unspaced(syllable) {
            true => spoken.contains(&laugh),
            false => lower
                .iter()
                .any(|word| word.starts_with(&laugh) && word.chars().all(|c| syllable.contains(c))),
        }
    })
}

fn laughs(lower: &[String]) -> bool {
    let is_laugh = |word: &str| {
        let syllables = |syllable: &str| word.matches(syllable).count();
        matches!(word, "lol" | "lmao" | "rofl" | "lmfao")
            || [("ha", "ha"), ("he", "he"), ("ja", "ja"), ("hi", "hi")]
                .iter()
                .any(|&(syllable, letters)| {
                    syllables(syllable) >= 2
                        && word.chars().all(|c| letters.contains(c))
                        && word.len() >= 4
                })
    };
    let twice = lower
        .windows(2)
        .any(|two| matches!(two[0].as_str(), "ha" | "heh") && two[0] == two[1]);
    twice || lower.iter().any(|word| is_laugh(word))
}

/// A letter that stands three times or more in a row.
fn is_drawn_out(word: &str) -> bool {
    let letters: Vec<char> = word.chars().collect();
    letters
        .windows(3)
        .any(|three| three[0].is_alphabetic() && three[0] == three[1] && three[1] == three[2])
        && word != "www"
}

/// `yesss` is `yes`, `nooo` is `no`.
fn undrawn(word: &str) -> String {
    if !is_drawn_out(word) {
        return word.to_owned();
    }
    let mut out = String::new();
    for c in word.chars() {
        if !out.ends_with(c) {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITTEN: Manner = Manner {
        unpunctuated: false,
        capitals: false,
    };

    fn moods(text: &str) -> Vec<&'static str> {
        mood(text, WRITTEN)
            .into_iter()
            .map(|(kind, _)| kind)
            .collect()
    }

    #[test]
    fn moods_are_read_from_sentences() {
        let cases: [(&str, &[&str]); 61] = [
            ("Let's go!", &["hype"]),
            ("YES! It works!", &["hype"]),
            ("Yesss!", &["hype"]),
            ("Oh my god, look at that!", &["hype"]),
            ("WE ARE FLYING!", &["hype"]),
            ("WE ARE FLYING! WOW!", &["hype"]),
            ("We finally did it, no way!", &["hype"]),
            ("That was not insane.", &[]),
            ("Hello there!", &[]),
            ("NASA built a lantern.", &[]),
            ("Yes, I know.", &[]),
            ("Oh no.", &["fail"]),
            ("Oh no, the jar fell!", &["fail"]),
            ("Noooo!", &["fail"]),
            ("Whoops, wrong jar.", &["fail"]),
            ("It broke!", &["fail"]),
            ("I burned the rope and broke the hull.", &["fail"]),
            ("If it broke, we would see it!", &[]),
            ("It didn't crash!", &[]),
            ("That is the wrong colour.", &[]),
            ("There is smoke over the harbour.", &[]),
            ("Hahaha, look at him.", &["laughter"]),
            ("[laughs] Oh no!", &["laughter", "fail"]),
            ("(audience laughter)", &["laughter"]),
            ("[applause]", &["cheering"]),
            ("(crowd cheering)", &["cheering"]),
            ("Cheer up, crowd.", &[]),
            ("Ha, ha, very good.", &["laughter"]),
            ("I laughed so hard.", &[]),
            ("Aha, hahn, that is he, he said.", &[]),
            ("哈哈哈，你看。", &["laughter"]),
            ("（观众笑声）好。", &["laughter"]),
            ("【拍手】", &["cheering"]),
            ("他笑了。", &[]),
            ("（我们今天要去修理那个笑话里的黄铜灯笼）", &[]),
            ("ははは、まさか。", &["laughter"]),
            ("ははが来ました。", &[]),
            ("[ปรบมือ]", &["cheering"]),
            ("ฮ่าฮ่าฮ่า ตลกมาก", &["laughter"]),
            ("ㅋㅋㅋ 봐요", &["laughter"]),
            ("(웃음)", &["laughter"]),
            ("하하 좋아요", &["laughter"]),
            ("هههه انظر", &["laughter"]),
            ("[ضحك]", &["laughter"]),
            ("हाहाहा देखो", &["laughter"]),
            ("[χειροκρότημα]", &["cheering"]),
            ("Χαχαχα, κοίτα.", &["laughter"]),
            ("[Gelächter]", &["laughter"]),
            ("(ride)", &["laughter"]),
            ("(risate)", &["laughter"]),
            ("[हंसी]", &["laughter"]),
            ("[तालियाँ]", &["cheering"]),
            // Other words that begin as those of laughter and cheering do.
            ("[Riders approaching]", &[]),
            ("(ride cymbal)", &[]),
            ("*rides off*", &[]),
            ("[cheerful music]", &[]),
            ("[cheerleaders chanting]", &[]),
            ("(clapperboard snaps)", &[]),
            ("[crowd cheers]", &["cheering"]),
            ("[ताला खुलता है]", &[]),
            ("[हंस]", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(moods(text), expected, "{text}");
        }
    }

    #[test]
    fn capitals_mean_nothing_where_all_is_capitals() {
        let capitals = Manner {
            unpunctuated: false,
            capitals: true,
        };
        assert_eq!(mood("LOOK, THE BOAT! WOW!", capitals), [("hype", 0.75)]);
        assert_eq!(mood("HERE IS THE BOAT!", capitals), []);
    }

    #[test]
    fn silence_is_known_when_it_has_lasted() {
        let cue = |start_ms, end_ms| Cue {
            start_ms,
            end_ms,
            text: "a".into(),
        };
        let found: Vec<_> = silences(&[
            cue(1000, 2000),
            cue(9999, 11_000),
            cue(19_000, 20_000),
            cue(20_000, 90_000),
            cue(90_000, 91_000),
        ])
        .into_iter()
        .map(|event| (event.at_ms, event.due_ms))
        .collect();
        assert_eq!(found, [(11_000, 19_000), (50_000, 58_000)]);
    }

    #[test]
    fn events_of_one_kind_are_merged_but_questions_to_the_chat_are_not() {
        let sentence = |start_ms, text: &str| Sentence {
            text: text.into(),
            start_ms,
            end_ms: start_ms + 500,
            due_ms: start_ms + 500,
        };
        let sentences = [
            sentence(0, "Let's go!"),
            sentence(1000, "Wow, look at that!"),
            sentence(2000, "Chat, red or blue?"),
            sentence(3000, "And what do you want, chat?"),
            sentence(9000, "Let's go!"),
        ];
        let told = events(&[], &sentences, WRITTEN);
        let kinds: Vec<_> = told
            .iter()
            .map(|event| (&*event.kind, event.at_ms))
            .collect();
        assert_eq!(
            kinds,
            [
                ("hype", 500),
                (CHAT_QUESTION, 2500),
                (CHAT_QUESTION, 3500),
                ("hype", 9500)
            ]
        );
    }
}
