//! Reacting to the stream.

use crate::{
    Hype,
    grammar::{Slots, Voice},
    mood::Mood,
};
use persona_sdk::{Reply, Rng, StreamContext, StreamEvent, Style, Turn, emote, words};

/// An event that is older is over, in milliseconds on the stream's clock.
const EVENT_MS: u64 = 20_000;

/// A change of topic is clear only when some sentences of the new one were said.
const TOPIC_MS: u64 = 60_000;

/// From so many in a row on it says how many.
const STREAK: u32 = 2;

impl Hype {
    /// Counts what it has not counted yet, in the order in which it happened.
    pub(crate) fn count(&mut self, context: &StreamContext) {
        let mut events: Vec<_> = context.events.iter().collect();
        events.sort_by_key(|event| event.at);
        for event in events {
            if !self.counted.contains(&event.id) {
                self.counted.push(event.id.as_str());
                self.tally.add(Mood::of(&event.kind));
            }
        }
    }

    /// Reacts to what just happened, or else to what the stream is about.
    pub(crate) fn cheer(&mut self, turn: &Turn, context: &StreamContext) -> Reply {
        let mut rng = turn.rng();
        let news = context
            .events
            .iter()
            .filter(|event| {
                !self.reacted.contains(&event.id)
                    && context.position.saturating_sub(event.at) <= lasts_ms(event)
            })
            .max_by_key(|event| (Mood::of(&event.kind).weight(), event.at));
        let (rule, mood, word, pick) = match news {
            Some(event) => {
                let mood = Mood::of(&event.kind);
                let pick = if mood == Mood::Question {
                    either_or(&event.text, &mut rng)
                } else {
                    None
                };
                let rule = match mood {
                    Mood::Question if pick.is_some() => "pick",
                    Mood::Question if is_open(&event.text) => "wonder",
                    mood => rule_for(mood, self.tally.streak_of(mood), &mut rng),
                };
                let word = self.word(event, context, &mut rng);
                (rule, mood.feeling(), word, pick)
            }
            None if context.transcript.is_empty() && context.keywords.is_empty() => {
                return Reply::silent("nothing new to cheer");
            }
            None => ("calm", emote::Mood::Joy, self.topic(context), None),
        };
        let number = news.map(|event| self.tally.streak_of(Mood::of(&event.kind)));
        let mut voice = Voice {
            rng: &mut rng,
            excitability: turn.profile.value("excitability", 0.7),
            style: &Style::of(&turn.profile),
            mood,
            slots: Slots {
                word: word.clone(),
                number,
                name: None,
                pick,
            },
        };
        // A side that was taken is said in words.
        let line = self.fresh_line(turn, &mut voice, |voice| match rule {
            "pick" => voice.words(rule),
            rule => voice.line(rule),
        });
        let Some(line) = line else {
            return Reply::silent("would only repeat itself");
        };
        if let Some(event) = news {
            self.reacted.push(event.id.as_str());
        }
        if let Some(word) = word.filter(|word| words::has_phrase(&line, word)) {
            self.used.push(word);
        }
        Reply::say(line)
    }

    /// A word of the moment: a keyword that stands in the event's text, rather one that it did not
    /// use lately; or else what the stream is about; or else one of the event's longest telling
    /// words.
    fn word(&self, event: &StreamEvent, context: &StreamContext, rng: &mut Rng) -> Option<String> {
        let keywords = context.keywords.iter().map(|keyword| keyword.term.clone());
        let fitting: Vec<_> = keywords
            .filter(|term| is_fit(term) && words::has_phrase(&event.text, term))
            .collect();
        let fresh: Vec<_> = fitting
            .iter()
            .filter(|word| !self.used.contains(word))
            .collect();
        let keyword = rng.pick(&fresh).map(|word| (*word).clone());
        let keyword = keyword.or_else(|| rng.pick(&fitting).cloned());
        keyword.or_else(|| self.topic(context)).or_else(|| {
            let mut telling = words::telling(&event.text);
            telling.retain(|word| is_fit(word));
            telling.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
            telling.truncate(3);
            rng.pick(&telling).cloned()
        })
    }

    /// What the stream is about: its first keyword that was not used lately.
    fn topic(&self, context: &StreamContext) -> Option<String> {
        context
            .keywords
            .iter()
            .map(|keyword| &keyword.term)
            .find(|term| is_fit(term) && !self.used.contains(term))
            .cloned()
    }
}

/// Whether a question asks for more than yes or no.
fn is_open(question: &str) -> bool {
    words::all(question).any(|word| {
        matches!(
            word.as_str(),
            "what" | "what's" | "who" | "who's" | "where" | "when" | "why" | "how" | "which"
        )
    })
}

/// What to say of a mood; from a few in a row on often of the streak.
fn rule_for(mood: Mood, streak: u32, rng: &mut Rng) -> &'static str {
    let streaky = streak >= STREAK && rng.chance(if streak > STREAK { 0.6 } else { 0.4 });
    match (mood, streaky) {
        (Mood::Win, false) => "win",
        (Mood::Win, true) => "win-streak",
        (Mood::Fail, false) => "fail",
        (Mood::Fail, true) => "fail-streak",
        (Mood::Laugh, false) => "laugh",
        (Mood::Laugh, true) => "laugh-streak",
        (Mood::Question, _) => "question",
        (Mood::Quiet, _) => "quiet",
        (Mood::Topic, _) => "topic",
        (Mood::Start, _) => "start",
        (Mood::Other, _) => "other",
    }
}

/// How long something that happened is spoken about, in milliseconds on the stream's clock.
fn lasts_ms(event: &StreamEvent) -> u64 {
    if event.kind == "topic_change" {
        TOPIC_MS
    } else {
        EVENT_MS
    }
}

/// Whether a word looks good in a shout: letters, not too many, and not only noise.
fn is_fit(word: &str) -> bool {
    (3..=14).contains(&word.chars().count())
        && word
            .chars()
            .all(|c| c.is_alphanumeric() || c == ' ' || c == '-')
        && word.chars().any(char::is_alphabetic)
        && words::all(word).any(|word| !words::is_stop_word(&word))
}

/// One side of a question that offers two: `tea or coffee?`.
pub(crate) fn either_or(question: &str, rng: &mut Rng) -> Option<String> {
    let words: Vec<_> = words::all(question).collect();
    let or = words.iter().position(|word| word == "or")?;
    let telling = |word: &&String| !words::is_stop_word(word) && is_fit(word);
    let before = words[..or].iter().rev().take(3).find(telling)?;
    let after = words[or + 1..].iter().take(3).find(telling)?;
    Some(if rng.chance(0.5) { before } else { after }.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_a_side() {
        let cases: [(&str, &[&str]); 4] = [
            ("so chat, tea or coffee?", &["tea", "coffee"]),
            (
                "do we fight the dragon or the king next?",
                &["dragon", "king"],
            ),
            ("what do you think?", &[]),
            ("this one or not?", &[]),
        ];
        for (question, sides) in cases {
            for seed in 0..20 {
                match either_or(question, &mut Rng::new(seed)) {
                    Some(side) => assert!(sides.contains(&side.as_str()), "{question}: {side}"),
                    None => assert!(sides.is_empty(), "{question}"),
                }
            }
        }
    }
}
