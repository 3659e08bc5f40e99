//! A provider whose answers are scripted, for tests in paused time.

use super::{Backend, Provider, ProviderConfig};
use crate::{
    About,
    budget::Usage,
    failure::Failure,
    server::{Answer, Kind, ServerConfig},
};
use async_trait::async_trait;
use chatter_protocol::{
    PersonaId, RoomId,
    llm::{Message, Request, Role},
    memory::Scope,
};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::time::sleep;

/// After so long, this answer.
pub(crate) type Act = (Duration, Result<Answer, Failure>);

/// What was asked, and what is answered next; when there is nothing more, `gg` after a second.
#[derive(Clone, Default)]
pub(crate) struct Script {
    acts: Arc<Mutex<VecDeque<Act>>>,
    asked: Arc<Mutex<Vec<Request>>>,
    /// How many tokens it may think with.
    pub(crate) headroom: u32,
}

impl Script {
    pub(crate) fn of(acts: impl IntoIterator<Item = Act>) -> Self {
        let script = Self::default();
        script.then(acts);
        script
    }

    pub(crate) fn then(&self, acts: impl IntoIterator<Item = Act>) {
        self.acts.lock().unwrap().extend(acts);
    }

    pub(crate) fn asked(&self) -> Vec<Request> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn provider(
        &self,
        name: &str,
        change: impl FnOnce(&mut ProviderConfig),
    ) -> Provider {
        let mut config = ProviderConfig::new(name, ServerConfig::new(Kind::OpenAi, "tiny"));
        change(&mut config);
        Provider::with(config, Box::new(self.clone()))
    }
}

#[async_trait]
impl Backend for Script {
    async fn ask(&self, request: &Request, _: u64) -> Result<Answer, Failure> {
        self.asked.lock().unwrap().push(request.clone());
        let act = self.acts.lock().unwrap().pop_front();
        let (wait, answer) = act.unwrap_or_else(|| (SECOND, Ok(says("gg"))));
        sleep(wait).await;
        answer
    }

    fn about(&self) -> About {
        About {
            model: "tiny".into(),
            place: "in the test".into(),
            offline: false,
        }
    }

    fn headroom(&self) -> u32 {
        self.headroom
    }
}

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// For ever, as far as tests go.
pub(crate) const NEVER: Duration = Duration::from_secs(1_000_000);

pub(crate) fn says(text: &str) -> Answer {
    Answer {
        text: text.into(),
        model: "tiny".into(),
        usage: Usage {
            input: 20,
            cached_input: 0,
            cache_writes: 0,
            output: 5,
        },
        is_cut: false,
    }
}

pub(crate) fn busy(seconds: Option<u64>) -> Failure {
    Failure::Busy {
        after: seconds.map(Duration::from_secs),
        said: "slow down".into(),
    }
}

pub(crate) fn broken() -> Failure {
    Failure::Broken("answered 500".into())
}

pub(crate) fn empty(usage: Option<Usage>) -> Failure {
    Failure::Empty {
        why: "without words".into(),
        usage,
    }
}

pub(crate) fn down() -> Failure {
    Failure::NotConnected("refused".into())
}

pub(crate) fn scope(room: &str, persona: &str) -> Scope {
    Scope {
        room: RoomId::new(room).unwrap(),
        persona: PersonaId::new(persona).unwrap(),
    }
}

/// About 20 tokens.
pub(crate) fn request() -> Request {
    Request {
        messages: vec![Message {
            role: Role::User,
            content: "x".repeat(80),
        }],
        max_tokens: 40,
        temperature: 1.0,
        json_schema: None,
    }
}
