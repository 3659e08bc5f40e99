//! The phrases that the model is made of: `corpus/*.txt`, written for chatter.
//!
//! `hype.txt` says how the files are written. Each kind of line (`hype`, `no_fact`, ...) becomes a
//! [`Kind`]: its phrases, and where in them each pair of words occurs, which is all that the n-gram
//! model counts.

use super::tone::Tone;
use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

const FILES: [(&str, &str); 7] = [
    ("hype.txt", include_str!("corpus/hype.txt")),
    ("fail.txt", include_str!("corpus/fail.txt")),
    ("calm.txt", include_str!("corpus/calm.txt")),
    ("talk.txt", include_str!("corpus/talk.txt")),
    ("social.txt", include_str!("corpus/social.txt")),
    ("answers.txt", include_str!("corpus/answers.txt")),
    ("people.txt", include_str!("corpus/people.txt")),
];

/// The corpus that comes with the crate.
pub(super) static CORPUS: LazyLock<Corpus> = LazyLock::new(|| {
    Corpus::parse(&FILES).expect("the files are part of the program; a test parses them")
});

pub(super) struct Corpus {
    kinds: HashMap<String, Kind>,
    /// All phrases, in lower case.
    phrases: HashSet<String>,
}

#[derive(Default)]
pub(super) struct Kind {
    pub(super) phrases: Vec<Phrase>,
    /// Where two tokens stand side by side: the phrase, and the place of what follows them. The
    /// first token of a phrase follows [`BEGIN`].
    pub(super) pairs: HashMap<(u32, u32), Vec<Place>>,
    /// The same for single tokens that end with a slot.
    pub(super) slots: HashMap<u32, Vec<Place>>,
}

/// A place in a phrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) phrase: u32,
    pub(super) at: u32,
}

/// Stands before the first token of each phrase.
pub(super) const BEGIN: u32 = u32::MAX;

pub(super) struct Phrase {
    pub(super) weight: f64,
    pub(super) tones: Vec<Tone>,
    /// How a word of the persona's biography or style has to begin.
    pub(super) needs: Option<String>,
    pub(super) tokens: Vec<Token>,
}

#[derive(Clone)]
pub(super) struct Token {
    /// The same for the same text.
    pub(super) id: u32,
    /// As it is written, slots and marks included.
    pub(super) text: String,
    pub(super) slots: Vec<Slot>,
}

macro_rules! slots {
    ($($slot:ident $name:literal $doc:literal;)*) => {
        /// What stands for something of the moment.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Slot { $(#[doc = $doc] $slot,)* }

        impl Slot {
            pub(super) const ALL: &[(&str, Self)] = &[$(($name, Self::$slot),)*];
        }
    };
}

slots! {
    Thing "thing" "A noun phrase of the stream with its article, or a name; not a plural.";
    Things "things" "A plural noun phrase with its article.";
    Any "any" "One of these two, where no verb has to agree with it.";
    Noun "noun" "A noun of the stream without an article, singular or plural.";
    Bare "bare" "The same without an article, or a name.";
    One "one" "The same, if it is something that one can count one of.";
    Many "many" "The same, if it is a plural or nothing that one counts.";
    Who "who" "Somebody who was named on the stream.";
    Quote "quote" "A few words of the streamer, as they were said.";
    Num "num" "A number and what it counts, as they were said.";
    Count "count" "How often the noun was said in the last minute.";
    Percent "pct" "Some number from 1 to 99.";
    Small "n" "Some number from 2 to 9.";
    Seconds "sec" "Some number from 3 to 59.";
    Name "name" "Who is answered.";
    Me "me" "The persona's own name.";
    Other "other" "Somebody who wrote lately.";
    OfThem "ofthem" "Something remembered about who is answered.";
    Joke "joke" "A running joke that is remembered, word for word.";
    Topic "topic" "What the message to be answered is about.";
    TheTopic "thetopic" "The same with its article, if it had one.";
    Said "said" "What was said about it on the stream, in reported speech.";
    Exact "exact" "The same as it was said.";
    Place "place" "Where that was said to be.";
    Person "person" "Who was named there.";
    Amount "amount" "A number that was named there.";
    When "when" "A time that was named there.";
    Because "because" "A reason that was named there.";
    Choice "choice" "The chosen one of several options.";
    Reject "reject" "Another option.";
}

impl Corpus {
    pub(super) fn kind(&self, name: &str) -> Option<&Kind> {
        self.kinds.get(name)
    }

    fn parse(files: &[(&str, &str)]) -> Result<Self, String> {
        let mut ids: HashMap<String, u32> = HashMap::new();
        let mut kinds: HashMap<String, Kind> = HashMap::new();
        for (file, text) in files {
            let mut name: Option<&str> = None;
            for (at, line) in text.lines().enumerate() {
                let place = || format!("{file}:{}", at + 1);
                if line.starts_with('#') || line.trim().is_empty() {
                    continue;
                }
                if !line.starts_with(' ') {
                    let found = line
                        .strip_suffix(':')
                        .ok_or_else(|| format!("{}: a kind's name ends with a colon", place()))?;
                    if kinds.insert(found.to_owned(), Kind::default()).is_some() {
                        return Err(format!("{}: {found} is there twice", place()));
                    }
                    name = Some(found);
                    continue;
                }
                let kind = name
                    .and_then(|name| kinds.get_mut(name))
                    .ok_or_else(|| format!("{}: phrases before the first kind", place()))?;
                for phrase in
                    phrases(line.trim(), &mut ids).map_err(|why| format!("{}: {why}", place()))?
                {
                    kind.add(phrase)?;
                }
            }
        }
        let texts = |phrase: &Phrase| {
            let texts: Vec<_> = phrase
                .tokens
                .iter()
                .map(|token| token.text.to_lowercase())
                .collect();
            texts.join(" ")
        };
        let phrases = kinds
            .values()
            .flat_map(|kind| &kind.phrases)
            .map(texts)
            .collect();
        Ok(Self { kinds, phrases })
    }

    /// Whether a text, in lower case, is one of the phrases.
    pub(super) fn has(&self, text: &str) -> bool {
        self.phrases.contains(text)
    }
}

impl Phrase {
    /// Whether the four tokens before a place are the last four of a walk; one that ends with a
    /// slot needs no more.
    pub(super) fn agrees(&self, at: usize, walk: &[&Token]) -> bool {
        let ids = |tokens: &[&Token]| {
            tokens
                .iter()
                .rev()
                .take(4)
                .map(|token| token.id)
                .collect::<Vec<_>>()
        };
        let before: Vec<&Token> = self.tokens[..at.min(self.tokens.len())].iter().collect();
        walk.last().is_some_and(|last| last.text.ends_with('}')) || ids(&before) == ids(walk)
    }

    pub(super) fn asks(&self) -> bool {
        self.tokens
            .last()
            .is_some_and(|token| token.text.ends_with('?'))
    }
}

impl Token {
    /// Whether it is a number, or will be one.
    pub(super) fn has_number(&self) -> bool {
        let numbers = [
            Slot::Percent,
            Slot::Small,
            Slot::Seconds,
            Slot::Count,
            Slot::Num,
            Slot::Amount,
        ];
        self.slots.iter().any(|slot| numbers.contains(slot))
            || self.text.contains(|c: char| c.is_ascii_digit())
    }
}

impl Kind {
    fn add(&mut self, phrase: Phrase) -> Result<(), String> {
        let index = u32::try_from(self.phrases.len()).map_err(|_| "too many phrases")?;
        let mut before = BEGIN;
        for (at, token) in (1_u32..).zip(&phrase.tokens) {
            let place = Place { phrase: index, at };
            self.pairs
                .entry((before, token.id))
                .or_default()
                .push(place);
            if token.text.ends_with('}') {
                self.slots.entry(token.id).or_default().push(place);
            }
            before = token.id;
        }
        self.phrases.push(phrase);
        Ok(())
    }
}

/// The phrases of a line.
fn phrases(line: &str, ids: &mut HashMap<String, u32>) -> Result<Vec<Phrase>, String> {
    let (mut weight, mut tones, mut rest) = (1.0, Vec::new(), line);
    while let Some((word, after)) = rest.split_once(' ') {
        if let Some(tone) = word.strip_prefix('@') {
            tones.push(Tone::named(tone).ok_or_else(|| format!("no such tone: {tone}"))?);
        } else if let (Ok(number), true) = (
            word.parse::<u8>(),
            tones.is_empty() && rest == line && word.starts_with(|c: char| c.is_ascii_digit()),
        ) {
            weight = f64::from(number);
        } else {
            break;
        }
        rest = after;
    }
    let mut found = Vec::new();
    for phrase in rest.split(" / ") {
        let phrase = phrase.trim();
        let is_word = |text: &str| text.starts_with(char::is_alphabetic);
        let needed = phrase
            .strip_prefix('+')
            .filter(|rest| is_word(rest))
            .and_then(|rest| rest.split_once(' '));
        let (needs, phrase) = match needed {
            Some((needs, phrase)) => (Some(needs.to_owned()), phrase),
            None => (None, phrase),
        };
        let readings = readings(phrase)?;
        let share = weight / readings.len() as f64;
        for reading in readings {
            let mut tokens = Vec::new();
            for text in reading.split_whitespace() {
                let fresh = u32::try_from(ids.len()).map_err(|_| "too many words")?;
                tokens.push(Token {
                    id: *ids.entry(text.to_owned()).or_insert(fresh),
                    text: text.to_owned(),
                    slots: slots_of(text)?,
                });
            }
            if tokens.is_empty() {
                return Err("an empty phrase".into());
            }
            found.push(Phrase {
                weight: share,
                tones: tones.clone(),
                needs: needs.clone(),
                tokens,
            });
        }
    }
    Ok(found)
}

/// The phrase with each of its alternatives.
fn readings(phrase: &str) -> Result<Vec<String>, String> {
    let Some((before, rest)) = phrase.split_once('[') else {
        return Ok(vec![phrase.to_owned()]);
    };
    let (inner, after) = rest
        .split_once(']')
        .ok_or_else(|| format!("no ] in {phrase}"))?;
    let tails = readings(after)?;
    let one = |choice| {
        tails
            .iter()
            .map(move |tail| format!("{before}{choice}{tail}"))
    };
    Ok(inner.split('|').flat_map(one).collect())
}

fn slots_of(token: &str) -> Result<Vec<Slot>, String> {
    let mut found = Vec::new();
    let mut rest = token;
    while let Some((_, after)) = rest.split_once('{') {
        let (name, after) = after
            .split_once('}')
            .ok_or_else(|| format!("no }} in {token}"))?;
        let lower = name.to_lowercase();
        let slot = Slot::ALL.iter().find(|(known, _)| *known == lower);
        found.push(slot.ok_or_else(|| format!("no such slot: {name}"))?.1);
        rest = after;
    }
    Ok(found)
}

#[cfg(test)]
impl Corpus {
    pub(super) fn of(text: &str) -> Result<Self, String> {
        Self::parse(&[("x.txt", text)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_corpus_is_large_and_every_tone_has_a_word_to_most_kinds() {
        let phrases: usize = CORPUS.kinds.values().map(|kind| kind.phrases.len()).sum();
        assert!(phrases > 3000, "{phrases} phrases");
        for (name, kind) in &CORPUS.kinds {
            let plain = kind.phrases.iter().filter(|phrase| phrase.tones.is_empty());
            let needs_nothing =
                plain.filter(|phrase| phrase.tokens.iter().all(|token| token.slots.is_empty()));
            let filled_by_facts = [
                "fact",
                "place",
                "person",
                "amount",
                "when",
                "because",
                "summary",
                "remember",
                "choice",
                "whoareyou",
                "greeting",
                "callback",
                "about_stream",
            ];
            assert!(
                needs_nothing.count() >= 5 || filled_by_facts.contains(&name.as_str()),
                "{name} has too few phrases without a tone and slots"
            );
        }
    }

    #[test]
    fn files_are_read_as_documented() {
        let corpus = Corpus::of("a:\n  2 @dry one [x|y|] / +bak {Thing}, two\nb:\n  +1 3").unwrap();
        let kind = corpus.kind("a").unwrap();
        let texts: Vec<String> = kind
            .phrases
            .iter()
            .map(|phrase| {
                let texts: Vec<_> = phrase
                    .tokens
                    .iter()
                    .map(|token| token.text.as_str())
                    .collect();
                format!(
                    "{:.2} {:?} {}",
                    phrase.weight,
                    phrase.tones,
                    texts.join(" ")
                )
            })
            .collect();
        assert_eq!(
            texts,
            [
                "0.67 [Dry] one x",
                "0.67 [Dry] one y",
                "0.67 [Dry] one",
                "2.00 [Dry] {Thing}, two"
            ]
        );
        assert_eq!(kind.phrases[3].tokens[0].slots, [Slot::Thing]);
        assert_eq!(kind.phrases[3].needs.as_deref(), Some("bak"));
        assert_eq!(corpus.kind("b").unwrap().phrases[0].tokens[0].text, "+1");
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        for (text, wanted) in [
            ("a\n", "x.txt:1: a kind's name ends with a colon"),
            ("  a\n", "x.txt:1: phrases before the first kind"),
            ("a:\na:\n", "x.txt:2: a is there twice"),
            ("a:\n  @nice b", "x.txt:2: no such tone: nice"),
            ("a:\n  b {c}", "x.txt:2: no such slot: c"),
            ("a:\n  b {c", "x.txt:2: no } in {c"),
            ("a:\n  b [c", "x.txt:2: no ] in b [c"),
            ("a:\n  b /  / c", "x.txt:2: an empty phrase"),
        ] {
            assert_eq!(Corpus::of(text).err().as_deref(), Some(wanted), "{text}");
        }
    }
}
