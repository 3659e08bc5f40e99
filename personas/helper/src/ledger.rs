//! Who asked what, and what the answer was.

use crate::question::Query;
use persona_sdk::{ChatMessage, line, prompt};
use serde::{Deserialize, Serialize};

/// So many questions are kept, and so many bytes of them; of those that are answered the oldest go
/// first.
const QUESTIONS: usize = 48;
const BYTES: usize = 20_000;

/// The longest question and answer that are kept, in characters.
const TEXT_CHARS: usize = 140;

/// So many people who asked the same are kept.
const ASKERS: usize = 4;

/// A question is open for so long: half an hour, in milliseconds.
const OPEN_MS: u64 = 30 * 60 * 1000;

/// How often it tries to come back to somebody, and how long it waits between, in milliseconds.
const TRIES: u8 = 3;
const AGAIN_MS: u64 = 30_000;

/// The questions, in the order in which they were asked first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Ledger(Vec<Asked>);

/// A question.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    /// The message that asked first.
    pub(crate) message: String,
    pub(crate) text: String,
    pub(crate) query: Query,
    pub(crate) at: u64,
    /// Who asked, the first one first.
    pub(crate) by: Vec<Asker>,
    /// What was answered, in whole: with where it is from.
    pub(crate) answer: Option<String>,
    /// Whether the askers were told that nobody knows yet.
    promised: bool,
    /// What the stream said to it later, until the asker was told.
    news: Option<News>,
}

/// Somebody who asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Asker {
    pub(crate) id: String,
    pub(crate) name: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct News {
    line: String,
    tries: u8,
    tried_at: u64,
}

impl Ledger {
    /// Somebody asked. Gives the question's place, and whether it is a new one to them.
    pub(crate) fn note(&mut self, message: &ChatMessage, query: Query) -> (usize, bool) {
        let asker = Asker {
            id: message.author.id.clone(),
            name: prompt::name(&message.author.name),
        };
        if let Some(known) = self.like(&query) {
            let by = &mut self.0[known].by;
            let is_new = !by.iter().any(|known| known.id == asker.id);
            if is_new && by.len() < ASKERS {
                by.push(asker);
            }
            return (known, is_new);
        }
        while self.0.len() >= QUESTIONS || self.0.iter().map(Asked::bytes).sum::<usize>() > BYTES {
            let settled = self.0.iter().position(|asked| asked.answer.is_some());
            self.0.remove(settled.unwrap_or(0));
        }
        self.0.push(Asked {
            message: message.id.clone(),
            text: line::tidy(&message.text, TEXT_CHARS).unwrap_or_default(),
            query,
            at: message.sent_at,
            by: vec![asker],
            ..Asked::default()
        });
        (self.0.len() - 1, true)
    }

    /// The latest question that asks the same.
    fn like(&self, query: &Query) -> Option<usize> {
        self.0.iter().rposition(|asked| asked.query.is_like(query))
    }

    pub(crate) fn get(&self, place: usize) -> Option<&Asked> {
        self.0.get(place)
    }

    /// It was answered so.
    pub(crate) fn answered(&mut self, place: usize, answer: &str) {
        if let Some(asked) = self.0.get_mut(place) {
            asked.answer = line::tidy(answer, TEXT_CHARS);
        }
    }

    /// They were told that nobody has said it yet.
    pub(crate) fn promised(&mut self, place: usize) {
        if let Some(asked) = self.0.get_mut(place) {
            asked.promised = true;
        }
    }

    /// Somebody answered the message that asked.
    pub(crate) fn heard_reply(&mut self, message: &ChatMessage) {
        let Some(answered) = &message.reply_to else {
            return;
        };
        let name = prompt::name(&message.author.name);
        let open = self.0.iter_mut().find(|asked| {
            asked.message == *answered
                && asked.answer.is_none()
                && !asked.by.iter().any(|asker| asker.id == message.author.id)
        });
        if let Some(asked) = open {
            asked.answer = line::tidy(&format!("{name} said: {}", message.text), TEXT_CHARS);
        }
    }

    /// The questions that nobody answered yet, with their places.
    pub(crate) fn open(&self, now: u64) -> impl Iterator<Item = (usize, &Asked)> {
        self.0.iter().enumerate().filter(move |(_, asked)| {
            asked.answer.is_none()
                && asked.news.is_none()
                && now.saturating_sub(asked.at) <= OPEN_MS
        })
    }

    /// The stream has answered it since: `line` is what to tell the asker. Whoever was not told
    /// that it is open is not waiting.
    pub(crate) fn came_up(&mut self, place: usize, answer: &str, line: String) {
        let Some(asked) = self.0.get_mut(place) else {
            return;
        };
        asked.answer = line::tidy(answer, TEXT_CHARS);
        if asked.promised {
            asked.news = Some(News {
                line,
                ..News::default()
            });
        }
    }

    /// What it still has to tell somebody, with the message to answer. Counts as a try: whether it
    /// was said shows later.
    pub(crate) fn take_news(&mut self, now: u64) -> Option<(String, String)> {
        let asked = self.0.iter_mut().find(|asked| {
            asked.news.as_ref().is_some_and(|news| {
                news.tries == 0 || now.saturating_sub(news.tried_at) >= AGAIN_MS
            })
        })?;
        let news = asked.news.as_mut()?;
        news.tries += 1;
        news.tried_at = now;
        let told = (news.line.clone(), asked.message.clone());
        if news.tries >= TRIES {
            asked.news = None;
        }
        Some(told)
    }

    /// These lines of its own were said: nobody has to be told again.
    pub(crate) fn was_said<'a>(&mut self, lines: impl Iterator<Item = &'a str>) {
        for line in lines {
            for asked in &mut self.0 {
                if asked.news.as_ref().is_some_and(|news| news.line == line) {
                    asked.news = None;
                }
            }
        }
    }

    /// The latest question about these words; none of them means any question.
    pub(crate) fn about(&self, words: &[String]) -> Option<&Asked> {
        self.0.iter().rev().find(|asked| {
            words.iter().any(|word| asked.query.words.contains(word)) || words.is_empty()
        })
    }

    /// The latest question of this author, but for the message that they ask with.
    pub(crate) fn of(&self, author_id: &str) -> Option<&Asked> {
        self.0
            .iter()
            .rev()
            .find(|asked| asked.by.iter().any(|asker| asker.id == author_id))
    }
}

impl Asked {
    /// About as much as it takes in the state.
    fn bytes(&self) -> usize {
        let by: usize = self
            .by
            .iter()
            .map(|asker| asker.id.len() + asker.name.len() + 24)
            .sum();
        let words: usize = self.query.words.iter().map(|word| word.len() + 3).sum();
        let answer = self.answer.as_ref().map_or(0, String::len);
        let news = self.news.as_ref().map_or(0, |news| news.line.len() + 40);
        self.text.len() + by + words + answer + news + 180
    }

    /// Who asked first, to somebody of this id: `you`, or their name.
    pub(crate) fn first(&self, author_id: &str) -> &str {
        match self.by.first() {
            Some(asker) if asker.id == author_id => "you",
            Some(asker) => &asker.name,
            None => "somebody",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use persona_sdk::testkit::{NOW, message};

    fn ask(ledger: &mut Ledger, name: &str, text: &str) -> (usize, bool) {
        ledger.note(&message(name, text), Query::of(text, "Pip"))
    }

    #[test]
    fn the_same_question_stands_there_once() {
        let mut ledger = Ledger::default();
        assert_eq!(ask(&mut ledger, "Ana", "how many screws?"), (0, true));
        assert_eq!(
            ask(&mut ledger, "Bo", "how many screws are there"),
            (0, true)
        );
        assert_eq!(ask(&mut ledger, "Ana", "so how many screws"), (0, false));
        assert_eq!(ask(&mut ledger, "Ana", "who sold the synth?"), (1, true));
        assert_eq!(ledger.get(0).unwrap().first("guest:bo"), "Ana");
        assert_eq!(ledger.get(0).unwrap().first("guest:ana"), "you");
        assert_eq!(ledger.of("guest:bo").unwrap().text, "how many screws?");
        assert_eq!(
            ledger.about(&["synth".into()]).unwrap().text,
            "who sold the synth?"
        );
    }

    #[test]
    fn news_is_told_until_it_was_said() {
        let mut ledger = Ledger::default();
        let (place, _) = ask(&mut ledger, "Ana", "how many screws?");
        ledger.came_up(place, "nine", "@Ana nine".into());
        assert_eq!(ledger.take_news(NOW), None, "nobody was promised anything");
        let (place, _) = ask(&mut ledger, "Ana", "who sold the synth?");
        ledger.promised(place);
        ledger.came_up(place, "a man", "@Ana a man".into());
        assert_eq!(ledger.open(NOW).count(), 0);
        assert!(ledger.take_news(NOW).is_some());
        assert_eq!(
            ledger.take_news(NOW + 1000),
            None,
            "it waits whether it was said"
        );
        assert!(ledger.take_news(NOW + AGAIN_MS).is_some());
        ledger.was_said(["@Ana a man"].into_iter());
        assert_eq!(ledger.take_news(NOW + 2 * AGAIN_MS), None);
    }

    #[test]
    fn a_reply_of_another_is_an_answer() {
        let mut ledger = Ledger::default();
        let question = message("Ana", "how many screws?");
        ledger.note(&question, Query::of(&question.text, "Pip"));
        let reply = |name: &str, text: &str| {
            let mut reply = message(name, text);
            reply.reply_to = Some(question.id.clone());
            reply
        };
        ledger.heard_reply(&reply("Ana", "anyone"));
        assert_eq!(ledger.get(0).unwrap().answer, None);
        ledger.heard_reply(&reply("Bo", "nine"));
        assert_eq!(
            ledger.get(0).unwrap().answer.as_deref(),
            Some("Bo said: nine")
        );
    }

    #[test]
    fn stays_small_and_keeps_what_is_open() {
        let mut ledger = Ledger::default();
        let (open, _) = ask(&mut ledger, "Ana", "how many screws?");
        assert_eq!(open, 0);
        for i in 0..200 {
            let (place, _) = ask(&mut ledger, "Bo", &format!("where is thing{i} of box{i}?"));
            ledger.answered(place, "there");
        }
        assert_eq!(ledger.0.len(), QUESTIONS);
        assert_eq!(ledger.0[0].text, "how many screws?");
    }
}
