//! Answers of a call that was made already, for one that is to be compared with it: what it asks in
//! the same words is answered in the same way, so that what differs comes of the code and not of the
//! dice, nor of how busy the host was. Anything else is asked.

use crate::{ledger::Ledger, sandbox::Services};
use async_trait::async_trait;
use chatter_memory::{Memory, SharedMemory};
use chatter_protocol::{
    Timestamp,
    call::ImportRecord,
    llm,
    memory::{self, Entry, NewEntry, Query, Scope},
};
use sha2::{Digest, Sha256};
use std::{
    collections::VecDeque,
    fmt::Write,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// What was answered, and by whom else a memory is searched.
pub(crate) struct Heard {
    answers: Mutex<Answers>,
    memory: SharedMemory,
}

#[derive(Default)]
struct Answers {
    completions: Vec<Completed>,
    /// Each with how often it was told in a row.
    remaining: VecDeque<(llm::Budget, u32)>,
    searches: Vec<(Query, Result<Vec<Entry>, memory::Error>)>,
}

struct Completed {
    question: String,
    asked: bool,
    answer: Result<llm::Completion, llm::Error>,
}

/// Services that answer from what was heard, and from others what was not. What is used up is noted
/// in a `ledger` of its own.
pub(crate) fn services(
    heard: Vec<ImportRecord>,
    others: &Services,
    ledger: Ledger,
) -> Arc<Services> {
    let mut answers = Answers::default();
    for import in heard {
        match import {
            ImportRecord::Complete {
                asked,
                question,
                answer,
                ..
            } => answers.completions.push(Completed {
                question,
                asked,
                answer,
            }),
            ImportRecord::Search {
                request, answer, ..
            } => answers.searches.push((request, answer)),
            ImportRecord::Remaining { answer, count } => {
                answers.remaining.push_back((answer, count));
            }
            ImportRecord::Remember { .. } => {}
        }
    }
    let heard = Arc::new(Heard {
        answers: Mutex::new(answers),
        memory: others.memory.clone(),
    });
    Arc::new(Services {
        model: others.model.clone(),
        memory: heard.clone(),
        ledger,
        heard: Some(heard),
        lane: others.lane.clone(),
    })
}

/// What tells a question to the language model from others, as the persona put it.
pub(crate) fn question(request: &llm::Request) -> String {
    let llm::Request {
        messages,
        max_tokens,
        temperature,
        json_schema,
    } = request;
    let mut hash = Sha256::new();
    let mut add = |text: &str| {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    };
    for message in messages {
        add(match message.role {
            llm::Role::System => "system",
            llm::Role::User => "user",
            llm::Role::Assistant => "assistant",
        });
        add(&message.content);
    }
    if let Some(schema) = json_schema {
        add("schema");
        add(schema);
    }
    hash.update(max_tokens.to_le_bytes());
    hash.update(temperature.to_bits().to_le_bytes());
    hash.finalize()
        .iter()
        .take(16)
        .fold(String::with_capacity(32), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// Each answer is given once, in the order in which they came.
impl Heard {
    fn answers(&self) -> MutexGuard<'_, Answers> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What this question was answered, and whether the model was asked for it; of those for which it
    /// was, only if this call `may_ask` too.
    pub(crate) fn completion(
        &self,
        question: &str,
        may_ask: bool,
    ) -> Option<(bool, Result<llm::Completion, llm::Error>)> {
        let completions = &mut self.answers().completions;
        let is_it = |heard: &Completed| heard.question == question && !question.is_empty();
        let at = completions.iter().position(is_it)?;
        if completions[at].asked && !may_ask {
            return None;
        }
        let Completed { asked, answer, .. } = completions.remove(at);
        Some((asked, answer))
    }

    /// What was left when that was asked.
    pub(crate) fn remaining(&self) -> Option<llm::Budget> {
        let remaining = &mut self.answers().remaining;
        loop {
            match remaining.front_mut()? {
                (_, 0) => drop(remaining.pop_front()),
                (answer, count) => {
                    *count -= 1;
                    return Some(*answer);
                }
            }
        }
    }

    fn search(&self, query: &Query) -> Option<Result<Vec<Entry>, memory::Error>> {
        let searches = &mut self.answers().searches;
        let at = searches.iter().position(|(asked, _)| asked == query)?;
        Some(searches.remove(at).1)
    }
}

#[async_trait]
impl Memory for Heard {
    async fn search(&self, scope: &Scope, query: &Query) -> Result<Vec<Entry>, memory::Error> {
        match self.search(query) {
            Some(answer) => answer,
            None => self.memory.search(scope, query).await,
        }
    }

    /// What a call asks to be remembered is kept by whoever commits it, and a repeated call is not
    /// committed.
    async fn remember(
        &self,
        _: &Scope,
        _: &str,
        _: &NewEntry,
        _: Timestamp,
    ) -> Result<(), memory::Error> {
        Err(memory::Error::Refused(
            "a repeated call keeps nothing".into(),
        ))
    }

    fn describe(&self) -> String {
        self.memory.describe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::SlowLane;
    use chatter_llm::{About, Asker, LanguageModel};
    use chatter_memory::Embedded;
    use chatter_protocol::{PersonaId, RoomId};
    use std::{collections::BTreeMap, time::Duration};

    fn completion(text: &str) -> llm::Completion {
        llm::Completion {
            text: text.into(),
            model: "m".into(),
            input_tokens: 1,
            output_tokens: 1,
        }
    }

    fn request(text: &str, max_tokens: u32) -> llm::Request {
        llm::Request {
            messages: vec![llm::Message {
                role: llm::Role::User,
                content: text.into(),
            }],
            max_tokens,
            temperature: 1.0,
            json_schema: None,
        }
    }

    fn heard(text: &str, asked: bool, answer: Result<llm::Completion, llm::Error>) -> ImportRecord {
        ImportRecord::Complete {
            // As it was put to the model, with what was left of the budget.
            request: request(text, 5),
            asked,
            question: question(&request(text, 20)),
            answer,
            took_us: 0,
        }
    }

    fn others() -> Services {
        Services {
            model: Arc::new(Nobody),
            memory: Arc::new(Embedded::in_memory().unwrap()),
            ledger: Ledger::default(),
            heard: None,
            lane: Arc::new(SlowLane::new(BTreeMap::new()).unwrap()),
        }
    }

    /// Is not asked here.
    struct Nobody;

    #[async_trait]
    impl LanguageModel for Nobody {
        async fn complete(
            &self,
            _: &llm::Request,
            _: &Asker,
            _: u64,
            _: Duration,
        ) -> Result<llm::Completion, llm::Error> {
            Err(llm::Error::Unavailable("nobody".into()))
        }

        fn about(&self) -> About {
            About {
                model: "nobody".into(),
                place: "in the test".into(),
                offline: true,
            }
        }
    }

    #[test]
    fn the_same_question_gets_the_same_answer_once() {
        let busy = || Err(llm::Error::Busy);
        let imports = vec![
            heard("hi", true, Ok(completion("one"))),
            heard("hi", true, Ok(completion("two"))),
            heard("ho", false, busy()),
            heard("hm", true, Err(llm::Error::Timeout)),
        ];
        let services = services(imports, &others(), Ledger::default());
        let heard = services.heard.as_ref().unwrap();
        let cases = [
            ("hi", 20, true, Some((true, Ok(completion("one"))))),
            ("hi", 21, true, None),
            ("hi", 5, true, None),
            ("hi", 20, false, None),
            ("hi", 20, true, Some((true, Ok(completion("two"))))),
            ("hi", 20, true, None),
            // What didn't reach the model is answered so again, whatever this call may.
            ("ho", 20, false, Some((false, busy()))),
            ("hm", 20, true, Some((true, Err(llm::Error::Timeout)))),
            ("ha", 20, true, None),
        ];
        for (text, max_tokens, may_ask, expected) in cases {
            let question = question(&request(text, max_tokens));
            let answer = heard.completion(&question, may_ask);
            assert_eq!(answer, expected, "{text} {max_tokens}");
        }
        assert_eq!(heard.completion("", true), None);
    }

    #[test]
    fn questions_that_differ_in_anything_are_told_apart() {
        let base = request("hi", 20);
        let mut others = vec![request("hi", 21), request("ho", 20), request("", 20)];
        let mut warmer = base.clone();
        warmer.temperature = 1.5;
        let mut shaped = base.clone();
        shaped.json_schema = Some("{}".into());
        let mut ruled = base.clone();
        ruled.messages[0].role = llm::Role::System;
        let mut longer = base.clone();
        longer.messages.push(base.messages[0].clone());
        others.extend([warmer, shaped, ruled, longer]);
        let of_base = question(&base);
        assert_eq!(of_base.len(), 32);
        assert_eq!(question(&base.clone()), of_base);
        for other in others {
            assert_ne!(question(&other), of_base, "{other:?}");
        }
    }

    #[test]
    fn what_was_left_is_told_in_order() {
        let left = |calls| llm::Budget { calls, tokens: 9 };
        let remaining = |answer, count| ImportRecord::Remaining { answer, count };
        let imports = vec![
            remaining(left(2), 1),
            remaining(left(1), 3),
            remaining(left(0), 0),
            remaining(left(2), 1),
        ];
        let services = services(imports, &others(), Ledger::default());
        let heard = services.heard.as_ref().unwrap();
        let told: Vec<_> = (0..7).map(|_| heard.remaining()).collect();
        let calls: Vec<_> = told.iter().map(|it| it.map(|it| it.calls)).collect();
        let expected = [Some(2), Some(1), Some(1), Some(1), Some(2), None, None];
        assert_eq!(calls, expected);
    }

    #[tokio::test]
    async fn what_was_found_is_found_and_nothing_is_kept() {
        let scope = Scope {
            room: RoomId::new("main/lobby").unwrap(),
            persona: PersonaId::new("nova").unwrap(),
        };
        let query = |text: &str| Query {
            text: text.into(),
            kinds: Vec::new(),
            limit: 3,
        };
        let away = memory::Error::Unavailable("away".into());
        let heard = vec![ImportRecord::Search {
            request: query("cats"),
            answer: Err(away.clone()),
            took_us: 0,
        }];
        let services = services(heard, &others(), Ledger::default());
        let memory = &services.memory;
        assert_eq!(memory.search(&scope, &query("cats")).await, Err(away));
        assert_eq!(memory.search(&scope, &query("dogs")).await, Ok(Vec::new()));
        let entry = NewEntry {
            kind: memory::Kind::Preference,
            text: "likes cats".into(),
            about: None,
            confidence: 1.0,
            source: None,
        };
        let at = Timestamp::from_millis(0);
        assert!(memory.remember(&scope, "w", &entry, at).await.is_err());
        assert_eq!(memory.search(&scope, &query("cats")).await, Ok(Vec::new()));
    }
}
