//! What is known about a message that is to be answered.

use super::{
    intent::{Goal, Intent},
    message,
    prompt::Moment,
    terms::{Class, Term, uncapitalised},
    text::{self, clauses, contains, cut, is_asking, lower_words, stem, stems},
};
use std::collections::HashSet;

/// How many stretches of the transcript are kept for an answer.
const MAX_SAID: usize = 3;

/// The longest piece of memory in a line, in characters.
const MAX_MEMORY: usize = 70;

#[derive(Default)]
pub(super) struct Facts {
    /// What the message is about.
    pub(super) topic: Option<Term>,
    /// What was said about it on the stream, the best fitting first.
    pub(super) said: Vec<Fact>,
    /// A number that was said about it.
    pub(super) number: Option<String>,
    /// The two things that it lets one choose from.
    pub(super) options: Option<(Term, Term)>,
    /// What is remembered about it.
    pub(super) memory: Option<String>,
    /// What is remembered about who wrote it.
    pub(super) of_them: Option<String>,
    /// The stems of its telling words.
    pub(super) stems: HashSet<String>,
}

pub(super) struct Fact {
    pub(super) quoted: String,
    pub(super) reported: String,
}

impl Facts {
    pub(super) fn gather(moment: &Moment, intent: &Intent) -> Self {
        let Some(message) = intent
            .about
            .as_deref()
            .filter(|_| intent.goal != Goal::Comment)
        else {
            return Self::default();
        };
        let stems = stems(message);
        // Whoever asks from the stream knows what was said there.
        let said = if intent.addressee.is_some() {
            said_about(moment, message, &stems)
        } else {
            vec![]
        };
        let number = said.iter().find_map(|fact| number_in(&fact.quoted));
        let name = intent.addressee.as_deref().unwrap_or_default();
        Self {
            topic: topic(message, moment),
            number,
            options: options(message),
            memory: remembered(moment, |memory| {
                text::stems(memory).intersection(&stems).count()
            }),
            of_them: remembered(moment, |memory| usize::from(names(memory, name))),
            said,
            stems,
        }
    }
}

/// What a message is about: the run of telling words that the stream or the memory knows, or else
/// the last one.
fn topic(message: &str, moment: &Moment) -> Option<Term> {
    let own = lower_words(&moment.persona.name);
    let mut runs: Vec<Vec<String>> = vec![vec![]];
    for clause in clauses(message) {
        for word in lower_words(clause) {
            if is_asking(&word) || message::is_judging(&word) || own.contains(&word) {
                runs.push(vec![]);
            } else if let Some(run) = runs.last_mut() {
                run.push(word);
            }
        }
        runs.push(vec![]);
    }
    runs.retain(|run| !run.is_empty());
    let known: HashSet<String> = moment
        .transcript
        .iter()
        .chain(&moment.memories)
        .chain(&moment.keywords)
        .flat_map(|line| stems(line))
        .collect();
    let overlap = |run: &Vec<String>| {
        run.iter()
            .filter(|word| known.contains(&stem(word)))
            .count()
    };
    let run = runs.iter().max_by_key(|run| overlap(run))?;
    let run = &run[run.len().saturating_sub(3)..];
    let corpus = moment
        .transcript
        .iter()
        .map(String::as_str)
        .chain([message]);
    let mut topic = Term::new(&run.join(" "), corpus)?;
    if topic.class == Class::Other {
        // Nothing is known of it but that it is what somebody speaks of.
        topic = topic.taken_for_noun();
    }
    Some(topic).filter(Term::can_be_noun)
}

/// The stretches of the transcript that share the most telling words with the message; of equals
/// the latest.
fn said_about(moment: &Moment, message: &str, wanted: &HashSet<String>) -> Vec<Fact> {
    let asked = lower_words(message).join(" ");
    let mut found: Vec<(usize, usize, &str)> = moment
        .transcript
        .iter()
        .flat_map(|line| line.split(['.', '!', '?', ';', '"', '“', '”']))
        .map(str::trim)
        .enumerate()
        .filter_map(|(at, sentence)| {
            let words = lower_words(sentence);
            let shared = stems(sentence).intersection(wanted).count();
            let fits =
                (3..=14).contains(&words.len()) && shared > 0 && !asked.contains(&words.join(" "));
            fits.then_some((shared, at, sentence))
        })
        .collect();
    found.sort_by(|a, b| b.cmp(a));
    let best = found.first().map_or(0, |(shared, ..)| *shared);
    found
        .into_iter()
        .filter(|(shared, ..)| *shared == best)
        .take(MAX_SAID)
        .map(|(_, _, sentence)| Fact {
            quoted: cut(&uncapitalised(sentence), 80).to_owned(),
            reported: cut(&reported(sentence), 80).to_owned(),
        })
        .collect()
}

/// Into reported speech: who said `I` or `we` becomes `they`.
fn reported(sentence: &str) -> String {
    let mut after_they = false;
    let words = sentence.split_whitespace().map(|word| {
        let (bare, mark) = match word.strip_suffix(',') {
            Some(bare) => (bare, ","),
            None => (word, ""),
        };
        let lower = bare.to_lowercase().replace('’', "'");
        let other = match lower.as_str() {
            "i" | "we" => "they",
            "i'm" | "we're" => "they're",
            "i've" | "we've" => "they've",
            "i'll" | "we'll" => "they'll",
            "i'd" | "we'd" => "they'd",
            "my" | "our" => "their",
            "mine" | "ours" => "theirs",
            "me" | "us" => "them",
            "myself" | "ourselves" => "themselves",
            "am" => "are",
            "was" if after_they => "were",
            _ => "",
        };
        after_they = other == "they";
        if other.is_empty() {
            word.to_owned()
        } else {
            format!("{other}{mark}")
        }
    });
    uncapitalised(&words.collect::<Vec<_>>().join(" "))
}

fn names(memory: &str, name: &str) -> bool {
    contains(&lower_words(memory), &lower_words(name))
}

/// The memory that fits best; of equals the first, as the memory ordered them.
fn remembered(moment: &Moment, fit: impl Fn(&str) -> usize) -> Option<String> {
    let best = moment
        .memories
        .iter()
        .rev()
        .max_by_key(|memory| fit(memory))
        .filter(|memory| fit(memory) > 0)?;
    Some(cut(uncapitalised(best).trim_end_matches('.'), MAX_MEMORY).to_owned())
}

const NUMBERS: &str = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen twenty \
    thirty forty fifty sixty seventy eighty ninety hundred thousand dozen";

/// A number and the word after it.
fn number_in(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_number = |word: &str| {
        let word = word
            .trim_matches(|c: char| !c.is_alphanumeric())
            .to_lowercase();
        word.starts_with(|c: char| c.is_ascii_digit()) && word.len() <= 10
            || NUMBERS.split_whitespace().any(|number| number == word)
    };
    let at = words.iter().position(|word| is_number(word))?;
    let marks = [',', '.', ';', ':', '!'];
    let number = words[at].trim_end_matches(marks);
    match words
        .get(at + 1)
        .filter(|_| number.len() == words[at].len())
    {
        Some(next) => Some(format!("{number} {}", next.trim_end_matches(marks))),
        None => Some(number.to_owned()),
    }
}

/// `left` and `right` of `should I go left or right?`
fn options(message: &str) -> Option<(Term, Term)> {
    let (before, after) = message.split_once(" or ")?;
    let before = lower_words(clauses(before).last()?);
    let after = lower_words(clauses(after).next()?);
    let second: Vec<String> = after
        .into_iter()
        .skip_while(|word| is_article(word))
        .take_while(|word| !is_filler(word))
        .take(2)
        .collect();
    let mut first: Vec<String> = before
        .iter()
        .rev()
        .take_while(|word| !is_filler(word))
        .take(2)
        .cloned()
        .collect();
    let whole = before.len() == first.len()
        || before
            .iter()
            .rev()
            .nth(first.len())
            .is_some_and(|word| is_article(word));
    if !whole {
        // `go left or right`: without an article the option is as long as the other one.
        first.truncate(second.len().max(1));
    }
    first.reverse();
    Some((
        Term::new(&first.join(" "), [message])?,
        Term::new(&second.join(" "), [message])?,
    ))
}

fn is_article(word: &str) -> bool {
    matches!(word, "the" | "a" | "an")
}

fn is_filler(word: &str) -> bool {
    matches!(
        word,
        "not"
            | "what"
            | "something"
            | "anything"
            | "nah"
            | "no"
            | "the"
            | "a"
            | "an"
            | "chat"
            | "is"
            | "are"
            | "it"
            | "do"
            | "does"
            | "you"
            | "i"
            | "we"
            | "they"
            | "should"
            | "with"
            | "for"
            | "in"
            | "on"
            | "to"
            | "of"
            | "and"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_change_the_person() {
        for (said, expected) in [
            ("I'm going left now", "they're going left now"),
            ("We lost our last life", "they lost their last life"),
            ("I was sure, me too", "they were sure, them too"),
            ("The boss was big", "the boss was big"),
        ] {
            assert_eq!(reported(said), expected);
        }
    }

    #[test]
    fn options_are_found() {
        for (asked, expected) in [
            ("should I go left or right, chat?", Some(("left", "right"))),
            ("pizza or pasta?", Some(("pizza", "pasta"))),
            (
                "should I take the upper path or the tunnel?",
                Some(("upper path", "tunnel")),
            ),
            (
                "do we take the red door or the blue door?",
                Some(("red door", "blue door")),
            ),
            ("is it done or not?", None),
            ("is it done?", None),
        ] {
            let found = options(asked);
            let found = found
                .as_ref()
                .map(|(one, other)| (one.text.as_str(), other.text.as_str()));
            assert_eq!(found, expected, "{asked}");
        }
    }

    #[test]
    fn numbers_are_found() {
        for (text, expected) in [
            ("we have three lives left", Some("three lives")),
            ("only 40%, sadly", Some("40%")),
            ("many lives", None),
        ] {
            assert_eq!(number_in(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn what_was_said_about_a_question_is_found() {
        let moment = Moment {
            transcript: vec![
                "We baked the bread for an hour. Then I fed the chickens.".into(),
                "How long did the bread bake?".into(),
            ],
            memories: vec!["ana bakes too".into(), "ben likes trains".into()],
            ..Moment::default()
        };
        let message = "How long did the bread bake?";
        let found = said_about(&moment, message, &stems(message));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].reported, "they baked the bread for an hour");
        let of = |name: &str| remembered(&moment, |memory| usize::from(names(memory, name)));
        assert_eq!(of("Ana").as_deref(), Some("ana bakes too"));
        assert_eq!((of("an"), of("")), (None, None));
        assert_eq!(
            topic("so how long did that bread bake, Nova?", &moment)
                .map(|topic| topic.text)
                .as_deref(),
            Some("bread bake")
        );
    }
}
