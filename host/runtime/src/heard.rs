//! Answers of a call that was made already, for one that is to be compared with it: what it asks in
//! the same words is answered in the same way, so that what differs comes of the code and not of the
//! dice. Anything else is asked.

use crate::{ledger::Ledger, sandbox::Services};
use async_trait::async_trait;
use chatter_llm::{About, LanguageModel, SharedModel};
use chatter_memory::{Memory, SharedMemory};
use chatter_protocol::{
    Timestamp,
    call::ImportRecord,
    llm,
    memory::{self, Entry, NewEntry, Query, Scope},
};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

type Answers<Q, A> = Mutex<Vec<(Q, A)>>;

/// A language model and a memory that know some answers.
struct Heard {
    completions: Answers<llm::Request, Result<llm::Completion, llm::Error>>,
    searches: Answers<Query, Result<Vec<Entry>, memory::Error>>,
    model: SharedModel,
    memory: SharedMemory,
}

/// Services that answer from what was heard, and from others what was not. What is used up is noted
/// in a `ledger` of its own.
pub(crate) fn services(
    heard: Vec<ImportRecord>,
    others: &Services,
    ledger: Ledger,
) -> Arc<Services> {
    let (mut completions, mut searches) = (Vec::new(), Vec::new());
    for import in heard {
        match import {
            ImportRecord::Complete {
                request, answer, ..
            } => completions.push((request, answer)),
            ImportRecord::Search {
                request, answer, ..
            } => searches.push((request, answer)),
            ImportRecord::Remaining { .. } | ImportRecord::Remember { .. } => {}
        }
    }
    let heard = Arc::new(Heard {
        completions: Mutex::new(completions),
        searches: Mutex::new(searches),
        model: others.model.clone(),
        memory: others.memory.clone(),
    });
    Arc::new(Services {
        model: heard.clone(),
        memory: heard,
        ledger,
        lane: others.lane.clone(),
    })
}

/// Each answer is given once, in the order in which they came.
fn take<Q: PartialEq, A>(answers: &Answers<Q, A>, question: &Q) -> Option<A> {
    let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
    let at = answers.iter().position(|(asked, _)| asked == question)?;
    Some(answers.remove(at).1)
}

#[async_trait]
impl LanguageModel for Heard {
    async fn complete(
        &self,
        request: &llm::Request,
        seed: u64,
        deadline: Duration,
    ) -> Result<llm::Completion, llm::Error> {
        match take(&self.completions, request) {
            Some(answer) => answer,
            None => self.model.complete(request, seed, deadline).await,
        }
    }

    fn about(&self) -> About {
        self.model.about()
    }
}

#[async_trait]
impl Memory for Heard {
    async fn search(&self, scope: &Scope, query: &Query) -> Result<Vec<Entry>, memory::Error> {
        match take(&self.searches, query) {
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
    use chatter_memory::Embedded;
    use chatter_protocol::{PersonaId, RoomId};
    use std::collections::BTreeMap;

    /// Says that it was asked.
    struct Asked;

    #[async_trait]
    impl LanguageModel for Asked {
        async fn complete(
            &self,
            _: &llm::Request,
            _: u64,
            _: Duration,
        ) -> Result<llm::Completion, llm::Error> {
            Ok(completion("asked"))
        }

        fn about(&self) -> About {
            About {
                model: "asked".into(),
                place: "in the test".into(),
                offline: true,
            }
        }
    }

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

    fn asked(text: &str, answer: Result<llm::Completion, llm::Error>) -> ImportRecord {
        ImportRecord::Complete {
            request: request(text, 20),
            answer,
            took_us: 0,
        }
    }

    fn others() -> Services {
        Services {
            model: Arc::new(Asked),
            memory: Arc::new(Embedded::in_memory().unwrap()),
            ledger: Ledger::default(),
            lane: Arc::new(SlowLane::new(BTreeMap::new()).unwrap()),
        }
    }

    #[tokio::test]
    async fn the_same_question_gets_the_same_answer_once() {
        let heard = vec![
            asked("hi", Ok(completion("one"))),
            asked("hi", Ok(completion("two"))),
            asked("ho", Err(llm::Error::Busy)),
        ];
        let services = services(heard, &others(), Ledger::default());
        let cases = [
            ("hi", 20, Ok("one")),
            ("hi", 21, Ok("asked")),
            ("hi", 20, Ok("two")),
            ("hi", 20, Ok("asked")),
            ("ho", 20, Err(llm::Error::Busy)),
            ("hm", 20, Ok("asked")),
        ];
        for (text, max_tokens, expected) in cases {
            let answer = services
                .model
                .complete(&request(text, max_tokens), 1, Duration::from_secs(1))
                .await;
            let answer = answer.as_ref().map(|completion| completion.text.as_str());
            assert_eq!(answer, expected.as_ref().copied(), "{text} {max_tokens}");
        }
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
