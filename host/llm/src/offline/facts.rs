//! What is known about a message that is to be answered, all of it found in the prompt.

use super::{
    lexicon::{can_be_noun, is_adjective, is_closed, is_number, is_plural, is_verb_form},
    nouns::{Noun, nouns},
    options::options,
    prompt::{Moment, Said},
    remark,
    spans::{amount_in, because_in, place_in, reported, sentences, uncapitalised, when_in},
    text::{clauses, contains, cut, is_asking, lower_words, stem, stems, words},
    write::replace_words,
};
use std::collections::HashSet;

/// How many stretches of the transcript are kept for an answer.
const MAX_SAID: usize = 3;

/// The longest piece of memory in a line, in characters.
const MAX_MEMORY: usize = 70;

#[derive(Debug, Default)]
pub(super) struct Facts {
    /// What the message is about.
    pub(super) topic: Option<String>,
    /// The same with an article, if it had one.
    pub(super) the_topic: Option<String>,
    /// What was said about it, the best fitting first.
    pub(super) said: Vec<Fact>,
    pub(super) place: Option<String>,
    pub(super) person: Option<String>,
    pub(super) amount: Option<String>,
    pub(super) when: Option<String>,
    pub(super) because: Option<String>,
    /// A running joke that is remembered, in its own words.
    pub(super) joke: Option<String>,
    /// What it lets one choose from.
    pub(super) options: Vec<String>,
    /// What is remembered about who wrote it, or about the matter.
    pub(super) of_them: Option<String>,
    /// Whether that has to do with the message.
    pub(super) of_it: bool,
    /// The stems of its telling words.
    pub(super) stems: HashSet<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fact {
    pub(super) exact: String,
    pub(super) reported: String,
}

impl Facts {
    /// What is known about a message of somebody in the chat.
    pub(super) fn about(moment: &Moment, said: &Said) -> Self {
        let mut facts = Self::to_all(moment, &said.text);
        let raw = said_about(moment, &said.text, &facts.stems);
        let asked = lower_words(&said.text);
        facts.place = raw.iter().find_map(|sentence| place_in(sentence));
        facts.amount = raw
            .iter()
            .find_map(|sentence| amount_in(sentence, &facts.stems));
        facts.when = raw.iter().find_map(|sentence| when_in(sentence));
        facts.because = raw.iter().find_map(|sentence| because_in(sentence));
        facts.person = raw.iter().find_map(|sentence| {
            let named = |noun: &Noun| noun.name && !asked.contains(&noun.text.to_lowercase());
            let here = nouns([sentence.as_str()]).into_iter().find(named);
            here.map(|noun| noun.text)
                .or_else(|| subject(sentence).filter(|name| !asked.contains(&name.to_lowercase())))
        });
        facts.said = raw
            .iter()
            .map(|sentence| Fact {
                exact: cut(&uncapitalised(sentence), 80).to_owned(),
                reported: cut(&reported(sentence), 80).to_owned(),
            })
            .collect();
        let stems = &facts.stems;
        facts.of_them = remembered(moment, &said.name, |memory| {
            3 * usize::from(names(memory, &said.name))
                + stems_of(memory).intersection(stems).count()
        });
        let stems = &facts.stems;
        facts.of_it = facts
            .of_them
            .as_deref()
            .is_some_and(|memory| !stems_of(memory).is_disjoint(stems));
        facts.of_them = facts
            .of_them
            .take()
            .map(|memory| to_whom(&memory, &said.name));
        facts
    }

    /// What a question to all lets one choose from.
    pub(super) fn to_all(moment: &Moment, text: &str) -> Self {
        let (topic, the_topic) = topic(text, moment).unzip();
        Self {
            topic,
            the_topic,
            options: options(text),
            stems: stems(text),
            ..Self::default()
        }
    }

    /// The topic becomes the stream's: what it says most and latest of its keywords' things.
    pub(super) fn of_the_stream(&mut self, moment: &Moment) {
        let keys: Vec<String> = moment
            .keywords
            .iter()
            .flat_map(|term| lower_words(term).last().map(|word| stem(word)))
            .collect();
        let found = nouns(moment.transcript.iter().map(String::as_str));
        let mut things: Vec<(usize, &Noun)> = Vec::new();
        for noun in found
            .iter()
            .filter(|noun| !noun.name && !remark::is_judging(noun.head()))
        {
            let key = keys.iter().position(|key| *key == noun.stem());
            let known = things.iter().any(|(_, thing)| thing.stem() == noun.stem());
            if !known && (key.is_some() || noun.count > 1) {
                things.push((key.unwrap_or(keys.len()), noun));
            }
        }
        things.sort_by_key(|(key, noun)| (*key, std::cmp::Reverse(noun.count)));
        let two: Vec<&Noun> = things.iter().take(2).map(|(_, noun)| *noun).collect();
        if two.is_empty() {
            self.topic = moment.keywords.first().cloned();
            self.the_topic.clone_from(&self.topic);
            return;
        }
        let joined = |text: fn(&Noun) -> String| {
            let texts: Vec<String> = two.iter().map(|noun| text(noun)).collect();
            texts.join(" and ")
        };
        self.topic = Some(joined(|noun| noun.bare().to_owned()));
        self.the_topic = Some(joined(|noun| {
            if noun.countable {
                format!("the {}", noun.bare())
            } else {
                noun.bare().to_owned()
            }
        }));
    }

    /// What is remembered becomes what somebody asks for: of them, and of the matter if they name one.
    pub(super) fn asked_to_remember(&mut self, moment: &Moment, said: &Said) {
        let asked = lower_words(&said.text);
        let mine = |word: &str| asked.windows(2).any(|two| two == ["my", word]);
        if mine("name") && !said.name.is_empty() {
            self.of_them = Some(format!("you're {}", said.name));
            return;
        }
        let own = stems(&moment.persona.name);
        let matter: HashSet<String> = self
            .stems
            .iter()
            .filter(|stem| !own.contains(*stem))
            .cloned()
            .collect();
        let of_the_matter = |memory: &str| stems(memory).intersection(&matter).count();
        self.of_them = remembered(moment, &said.name, |memory| {
            let of_them = usize::from(names(memory, &said.name));
            match (matter.is_empty(), of_the_matter(memory)) {
                (true, _) => of_them,
                (false, 0) => 0,
                (false, shared) => of_them + 2 * shared,
            }
        })
        .map(|memory| to_whom(&memory, &said.name));
    }

    /// What is remembered of what is said on the stream.
    pub(super) fn of_stream(moment: &Moment) -> Self {
        let latest: HashSet<String> = moment
            .transcript
            .iter()
            .rev()
            .take(3)
            .flat_map(|line| stems(line))
            .collect();
        Self {
            of_them: remembered(moment, "", |memory| {
                if quoted(memory).is_some() {
                    0
                } else {
                    stems_of(memory).intersection(&latest).count()
                }
            }),
            joke: moment.memories.iter().find_map(|memory| quoted(memory)),
            ..Self::default()
        }
    }

    /// What has been said lately, for somebody who has missed it.
    pub(super) fn summary(moment: &Moment) -> Vec<Fact> {
        let mut found: Vec<Fact> = Vec::new();
        let sentences = moment
            .transcript
            .iter()
            .rev()
            .flat_map(|line| sentences(line));
        for sentence in sentences {
            let words = lower_words(&sentence);
            let greets = [
                "hello", "hi", "good", "welcome", "thank", "thanks", "look", "see", "watch",
                "wait", "let's",
            ]
            .contains(&words.first().map_or("", String::as_str));
            if !greets
                && (4..=12).contains(&words.len())
                && stems(&sentence).len() >= 2
                && !sentence.ends_with('?')
            {
                found.push(Fact {
                    exact: cut(&uncapitalised(&sentence), 80).to_owned(),
                    reported: cut(&reported(&sentence), 80).to_owned(),
                });
            }
            if found.len() >= 4 {
                break;
            }
        }
        found
    }
}

fn stems_of(text: &str) -> HashSet<String> {
    stems(text)
}

/// What a message is about: a noun phrase of it, the stream's before others, or else its last words
/// that may be one.
fn topic(message: &str, moment: &Moment) -> Option<(String, String)> {
    let own = lower_words(&moment.persona.name);
    let known: HashSet<String> = moment
        .transcript
        .iter()
        .chain(&moment.keywords)
        .flat_map(|line| stems(line))
        .collect();
    let found = nouns([message]);
    let phrase = found
        .iter()
        .filter(|noun| !own.contains(&noun.text.to_lowercase()) && !remark::is_judging(noun.head()))
        .max_by_key(|noun| known.contains(&noun.stem()));
    if let Some(noun) = phrase {
        let with_the = if noun.countable {
            format!("the {}", noun.bare())
        } else {
            noun.bare().to_owned()
        };
        return Some((noun.bare().to_owned(), with_the));
    }
    let mut best: Vec<String> = Vec::new();
    for clause in clauses(message) {
        let mut run: Vec<String> = Vec::new();
        for word in lower_words(clause) {
            let out = is_asking(&word)
                || is_closed(&word)
                || remark::is_judging(&word)
                || own.contains(&word)
                || is_verb_form(&word)
                || is_number(&word);
            if out {
                run.clear();
            } else {
                run.push(word);
            }
        }
        let whole = run.len() <= 2 && run.last().is_some_and(|head| can_be_noun(head));
        if whole
            && run
                .iter()
                .all(|word| can_be_noun(word) || is_adjective(word))
        {
            best = run;
        }
    }
    (!best.is_empty()).then(|| (best.join(" "), best.join(" ")))
}

/// The sentences of the transcript, and of other people's messages, that share the most telling
/// words with the message; of equals the latest.
fn said_about(moment: &Moment, message: &str, wanted: &HashSet<String>) -> Vec<String> {
    let asked = lower_words(message).join(" ");
    let mut found: Vec<(usize, usize, String)> = moment
        .transcript
        .iter()
        .flat_map(|line| sentences(line))
        .enumerate()
        .filter_map(|(at, sentence)| {
            let words = lower_words(&sentence);
            let shared = stems(&sentence).intersection(wanted).count();
            let fits = (2..=16).contains(&words.len())
                && shared > 0
                && !sentence.ends_with('?')
                && !asked.contains(&words.join(" "));
            fits.then_some((shared, at, sentence))
        })
        .collect();
    found.sort_by(|a, b| b.cmp(a));
    // One word of a long question is no evidence that this answers it.
    let best = found.first().map_or(0, |(shared, ..)| *shared);
    let enough = if wanted.len() >= 4 { 2 } else { 1 };
    found
        .into_iter()
        .filter(|(shared, ..)| *shared == best && best >= enough)
        .take(MAX_SAID)
        .map(|(_, _, sentence)| sentence)
        .collect()
}

/// The first word of a sentence, if it may be somebody's name.
fn subject(sentence: &str) -> Option<String> {
    let first = words(sentence).next()?;
    let lower = first.to_lowercase();
    let may_be = first.starts_with(char::is_uppercase) && can_be_noun(&lower) && !is_plural(&lower);
    may_be.then(|| first.to_owned())
}

fn names(memory: &str, name: &str) -> bool {
    contains(&lower_words(memory), &lower_words(name))
}

/// A memory of somebody, said to them: `ana likes tea` becomes `you like tea`, and `their` `your`.
fn to_whom(memory: &str, name: &str) -> String {
    let told = in_second_person(memory, name);
    if told == memory {
        told
    } else {
        replace_words(&told, "their", "your")
    }
}

fn in_second_person(memory: &str, name: &str) -> String {
    let lower = memory.to_lowercase();
    let start = name.to_lowercase();
    let rest = lower
        .strip_prefix(&start)
        .filter(|_| !start.is_empty())
        .and_then(|rest| memory.get(memory.len() - rest.len()..));
    let Some(rest) = rest else {
        return memory.to_owned();
    };
    if let Some(rest) = rest.strip_prefix("'s ") {
        return format!("your {rest}");
    }
    let Some((verb, object)) = rest.strip_prefix(' ').and_then(|rest| rest.split_once(' ')) else {
        return memory.to_owned();
    };
    match verb {
        "is" => format!("you're {object}"),
        "was" => format!("you were {object}"),
        "has" => format!("you have {object}"),
        "does" | "goes" => format!("you {} {object}", verb.trim_end_matches("es")),
        "doesn't" => format!("you don't {object}"),
        _ if verb.ends_with("ies") => format!("you {}y {object}", verb.trim_end_matches("ies")),
        _ if verb.ends_with('s') && !verb.ends_with("ss") => {
            format!("you {} {object}", verb.trim_end_matches('s'))
        }
        _ => format!("you {verb} {object}"),
    }
}

/// What stands between quotation marks in a memory.
fn quoted(memory: &str) -> Option<String> {
    let (_, rest) = memory.split_once(['“', '"'])?;
    let (text, _) = rest.split_once(['”', '"'])?;
    (1..=40)
        .contains(&text.chars().count())
        .then(|| text.to_lowercase())
}

/// The memory that fits best; of equals the first, as the memory ordered them.
fn remembered(moment: &Moment, name: &str, fit: impl Fn(&str) -> usize) -> Option<String> {
    let said: Option<HashSet<String>> = moment.answer.as_ref().map(|said| {
        lower_words(&said.text)
            .iter()
            .map(|word| stem(word))
            .collect()
    });
    // Neither somebody's name nor what they have said just now is worth bringing up.
    let is_news = |memory: &str| {
        let mut told = stems(memory);
        for word in lower_words(name) {
            told.remove(&stem(&word));
        }
        told.remove(&stem("called"));
        let repeats = said.as_ref().is_some_and(|said| told.is_subset(said));
        !(told.is_empty() || repeats && told.len() > 1)
    };
    let best = moment
        .memories
        .iter()
        // That somebody is back is told by a greeting, and needs no words.
        .filter(|memory| !memory.contains("was here before"))
        .filter(|memory| is_news(memory))
        .rev()
        .max_by_key(|memory| fit(memory))
        .filter(|memory| fit(memory) > 0)?;
    // `ana: likes trains`
    let best = best
        .split_once(": ")
        .map_or(best.as_str(), |(_, note)| note);
    Some(cut(uncapitalised(best).trim_end_matches('.'), MAX_MEMORY).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(transcript: &[&str], memories: &[&str]) -> Moment {
        Moment {
            transcript: transcript.iter().map(|line| (*line).to_owned()).collect(),
            memories: memories.iter().map(|line| (*line).to_owned()).collect(),
            ..Moment::default()
        }
    }

    fn about(moment: &Moment, name: &str, text: &str) -> Facts {
        Facts::about(
            moment,
            &Said {
                name: name.into(),
                text: text.into(),
                ai: false,
            },
        )
    }

    #[test]
    fn what_a_question_asks_for_is_found() {
        let moment = moment(
            &[
                "I hid the silver key under the old bridge. Greta fixes radios.",
                "This was built in nineteen eighty-one by two brothers in Turin.",
                "We have three lives and two checkpoints left.",
                "The penguin is angry because we stole the fish. On Thursday we tune the walrus.",
                "How long did the bread bake? We baked the bread for forty minutes.",
            ],
            &[],
        );
        type Found = fn(&Facts) -> Option<String>;
        let cases: [(&str, Found, Option<&str>); 9] = [
            (
                "where is the key?",
                |facts| facts.place.clone(),
                Some("under the old bridge"),
            ),
            (
                "who fixes the radios?",
                |facts| facts.person.clone(),
                Some("Greta"),
            ),
            (
                "how many lives?",
                |facts| facts.amount.clone(),
                Some("three lives"),
            ),
            (
                "how many checkpoints are left?",
                |facts| facts.amount.clone(),
                Some("two checkpoints"),
            ),
            (
                "why is the penguin angry?",
                |facts| facts.because.clone(),
                Some("they stole the fish"),
            ),
            (
                "when do we tune the walrus?",
                |facts| facts.when.clone(),
                Some("on Thursday"),
            ),
            (
                "when was it built?",
                |facts| facts.when.clone(),
                Some("in nineteen eighty-one"),
            ),
            (
                "how long did the bread bake?",
                |facts| facts.amount.clone(),
                Some("forty minutes"),
            ),
            ("where is the moon?", |facts| facts.place.clone(), None),
        ];
        for (asked, found, expected) in cases {
            let facts = about(&moment, "ana", asked);
            assert_eq!(found(&facts).as_deref(), expected, "{asked}: {facts:?}");
        }
    }

    #[test]
    fn memories_are_of_the_person_or_the_matter() {
        let moment = moment(&[], &["ben likes trains", "Ana bakes bread"]);
        for (name, text, expected) in [
            ("ana", "hi", Some("you bake bread")),
            ("cleo", "do you like trains?", Some("ben likes trains")),
            ("an", "hi", None),
            ("", "hi", None),
        ] {
            assert_eq!(
                about(&moment, name, text).of_them.as_deref(),
                expected,
                "{name} {text}"
            );
        }
    }

    #[test]
    fn what_is_asked_for_is_remembered() {
        let moment = moment(
            &[],
            &[
                "ana is called Ana",
                "ana has a cat called Miso",
                "ana loves old synths",
                "ben likes trains",
            ],
        );
        for (text, expected) in [
            (
                "do you remember my cat?",
                Some("you have a cat called Miso"),
            ),
            (
                "what synths do i love, do you remember?",
                Some("you love old synths"),
            ),
            ("do you remember my dog?", None),
            ("do you remember me?", Some("you have a cat called Miso")),
            ("what's my name?", Some("you're ana")),
            (
                "do you remember who likes trains?",
                Some("ben likes trains"),
            ),
        ] {
            let said = Said {
                name: "ana".into(),
                text: text.into(),
                ai: false,
            };
            let mut facts = Facts::about(&moment, &said);
            facts.asked_to_remember(&moment, &said);
            assert_eq!(facts.of_them.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn what_somebody_says_is_not_told_them_back() {
        let moment = Moment {
            answer: Some(Said {
                name: "ana".into(),
                text: "i love old synths".into(),
                ai: false,
            }),
            ..moment(&[], &["ana loves old synths", "ana is called Ana"])
        };
        let facts = Facts::about(&moment, moment.answer.as_ref().unwrap());
        assert_eq!(facts.of_them, None);
    }

    #[test]
    fn the_topic_of_the_stream_is_what_it_speaks_of_most() {
        let lines = [
            "I open the synth with the small screwdriver.",
            "The cat sits on the synth again.",
        ];
        for (transcript, keywords, expected) in [
            (
                &lines[..],
                &["cat", "synth"][..],
                Some("the cat and the synth"),
            ),
            (&lines, &[], Some("the synth")),
            (&[], &["bread"], Some("bread")),
            (&[], &[], None),
        ] {
            let moment = Moment {
                keywords: keywords.iter().map(|word| (*word).to_owned()).collect(),
                ..moment(transcript, &[])
            };
            let mut facts = Facts::default();
            facts.of_the_stream(&moment);
            assert_eq!(facts.the_topic.as_deref(), expected, "{keywords:?}");
        }
    }

    #[test]
    fn a_memory_is_said_to_whom_it_is_of() {
        for (memory, expected) in [
            ("Ana is from Oslo", "you're from Oslo"),
            ("ana has two dogs", "you have two dogs"),
            ("ana's cat is called Miso", "your cat is called Miso"),
            ("ana studies physics", "you study physics"),
            ("ana passed an exam", "you passed an exam"),
            (
                "ana just finished their thesis",
                "you just finished your thesis",
            ),
            (
                "ben has their birthday today",
                "ben has their birthday today",
            ),
            ("Anatol likes tea", "Anatol likes tea"),
            ("ana", "ana"),
        ] {
            assert_eq!(to_whom(memory, "ana"), expected, "{memory}");
        }
    }

    #[test]
    fn a_topic_is_something_one_can_name() {
        let moment = moment(&["The bread is in the oven."], &[]);
        for (text, expected) in [
            ("do you like pineapple pizza?", Some("pineapple pizza")),
            ("is the bread done or is the oven off?", Some("oven")),
            ("what do you think?", None),
            ("that was great", None),
        ] {
            let found = topic(text, &moment).map(|(topic, _)| topic);
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }
}
