//! What a call is made of: a model that is told what to say, a room, messages, and the call itself.

use async_trait::async_trait;
use chatter_llm::{About, Asker, LanguageModel};
use chatter_protocol::{
    Author, AuthorKind, CallId, ChatMessage, Impulse, MessageId, PersonaId, RoomId, StreamContext,
    TenantId, Timestamp, Turn, V1,
    call::{CallInput, CallLimits, Profile, RoomInfo, State},
    context::{Keyword, Segment, StreamEvent},
    llm::{Completion, Error, Request},
    memory,
};
use chatter_runtime::Call;
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// A model that says the same every time, or never answers.
pub enum Scripted {
    Says(&'static str),
    Hangs,
}

#[async_trait]
impl LanguageModel for Scripted {
    async fn complete(
        &self,
        _: &Request,
        _: &Asker,
        _: u64,
        deadline: Duration,
    ) -> Result<Completion, Error> {
        match self {
            Self::Says(text) => Ok(Completion {
                text: (*text).into(),
                model: "scripted".into(),
                input_tokens: 3,
                output_tokens: 5,
            }),
            Self::Hangs => {
                tokio::time::sleep(deadline + Duration::from_secs(60)).await;
                Err(Error::Timeout)
            }
        }
    }

    fn about(&self) -> About {
        About {
            model: "scripted".into(),
            place: "in the test".into(),
            offline: true,
        }
    }
}

pub fn room() -> RoomId {
    RoomId::new("main/lobby").unwrap()
}

pub fn tenant() -> TenantId {
    room().tenant()
}

pub fn message(n: u64, text: &str) -> Arc<ChatMessage> {
    Arc::new(ChatMessage {
        v: V1,
        id: MessageId::from_parts(1_760_000_000_000 + n, [7; 10]),
        room_id: room(),
        author: Author {
            id: "guest:ana-5f3c".parse().unwrap(),
            name: "Ana".into(),
            kind: AuthorKind::Viewer,
            color: None,
            badges: Vec::new(),
        },
        text: text.into(),
        reply_to: (n.is_multiple_of(3)).then(|| MessageId::from_parts(1_760_000_000_000, [7; 10])),
        mentions: if n.is_multiple_of(5) {
            vec!["persona:nova".parse().unwrap()]
        } else {
            Vec::new()
        },
        sent_at: Timestamp::from_millis(1_760_000_000_000 + i64::try_from(n).unwrap()),
        call_id: None,
        deleted: false,
    })
}

/// A call on a stream context with 20 recent messages and about 1 KB of transcript.
pub fn call(module: &str, style: &str) -> Call {
    let persona = PersonaId::new("nova").unwrap();
    let now = Timestamp::from_millis(1_760_000_100_000);
    let limits = CallLimits::default();
    let line = "and the little boat goes round the rock, past the second lantern, slowly now";
    let context = StreamContext {
        v: V1,
        room_id: room(),
        at: now,
        position_ms: 61_000,
        transcript: (0..14)
            .map(|n| Segment {
                start_ms: n * 4000,
                end_ms: n * 4000 + 3500,
                text: format!("{line} {n}"),
                ..Segment::default()
            })
            .collect(),
        summary: "A little boat finds its way between lanterns.".into(),
        keywords: ["little boat", "lantern", "rock"]
            .map(|term| Keyword {
                term: term.into(),
                score: 0.5,
            })
            .into(),
        events: vec![StreamEvent {
            id: "hype-1".into(),
            kind: "hype".into(),
            text: "yes! the second lantern!".into(),
            names: Vec::new(),
            at_ms: 59_000,
            known_ms: None,
            confidence: 0.9,
        }],
        chat_question: None,
        scene: None,
        playing: None,
        extensions: None,
    };
    Call {
        module: module.into(),
        scope: memory::Scope {
            room: room(),
            persona: persona.clone(),
        },
        route: None,
        turn: Arc::new(Turn {
            call_id: CallId::from_parts(1_760_000_100_000, [1; 10]),
            room: RoomInfo {
                id: room(),
                title: "The Lobby".into(),
            },
            profile: Arc::new(Profile {
                id: persona,
                name: "Nova".into(),
                bio: "Loves boats.".into(),
                style: style.into(),
                traits: BTreeMap::from([
                    ("talkativeness".into(), 0.7),
                    ("excitability".into(), 0.9),
                ]),
                drift: BTreeMap::new(),
                relationships: Vec::new(),
            }),
            now,
            seed: 42,
            recent: (0..20)
                .map(|n| message(n, "what a nice little boat, will it float?"))
                .collect(),
            trends: None,
            impulse: Impulse {
                p: 1.0,
                parts: Vec::new(),
                roll: 0.0,
                speak: true,
                answer: None,
            },
            fates: Vec::new(),
            state: None,
            limits: (&limits).into(),
            extensions: None,
        }),
        input: CallInput::Context(Arc::new(context)),
        limits,
    }
}

/// The same call with the state that an earlier one left.
pub fn with_state(call: &Call, state: State) -> Call {
    let mut turn = Turn::clone(&call.turn);
    turn.state = Some(state);
    Call {
        turn: Arc::new(turn),
        ..call.clone()
    }
}
