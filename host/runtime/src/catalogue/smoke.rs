//! A call of each export that the worker makes, before a version serves: in a room that does not
//! exist, with a turn that is not to speak, without a language model and with nothing remembered.
//!
//! What traps or breaks the contract there would do so in every room. A persona may answer with an
//! error of its own (it may want its language model), but not to the state that its predecessor
//! keeps when it answers well to none: then it can't read that state, and would answer so for ever.
//!
//! On a machine that is too busy either version may come to nothing. A call that did is made once
//! more; if that tells nothing either, the version does not serve for now, and is tried again later.
//! A predecessor that fails for reasons of its own has no state to hand over, and can be replaced.

use super::refused::Refused;
use crate::{
    Call, call,
    lanes::SlowLane,
    ledger::Ledger,
    module::{Module, Named},
    sandbox::Services,
};
use async_trait::async_trait;
use chatter_llm::{About, Asker, LanguageModel};
use chatter_memory::Memory;
use chatter_protocol::{
    Author, AuthorId, AuthorKind, CallId, ChatMessage, Impulse, MessageId, PersonaId, RoomId,
    StreamContext, TenantId, Timestamp, Turn, V1,
    call::{CallEnd, CallInput, CallLimits, Profile, RoomInfo, State, TurnLimits},
    context::{Keyword, Segment, StreamEvent},
    ids::InvalidId,
    llm, memory,
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// What a version may need to get going, on a machine that is busy with others: more than a call of
/// a room usually has.
const CPU_MS: u32 = 2_000;

/// What the imports reach in a smoke call. Each has accounts of its own: what others computed when
/// they were tried must not slow it down.
pub(super) fn services(lane: &Arc<SlowLane>) -> Arc<Services> {
    Arc::new(Services {
        model: Arc::new(Nobody),
        memory: Arc::new(Nobody),
        ledger: Ledger::default(),
        heard: None,
        lane: lane.clone(),
    })
}

/// Calls the new version, and with the state that the one serving now leaves behind.
pub(super) async fn run(
    module: &Module,
    serving: Option<&Module>,
    tenant: Option<&TenantId>,
    limits: &CallLimits,
    lane: &Arc<SlowLane>,
) -> Result<(), Refused> {
    let room = room(tenant).map_err(never)?;
    let limits = CallLimits {
        cpu_ms: limits.cpu_ms.max(CPU_MS),
        ..limits.clone()
    };
    for occasion in [
        Occasion::context(&room, &limits)?,
        Occasion::firehose(&room, &limits)?,
    ] {
        if !occasion.is_wanted_by(module) {
            continue;
        }
        let export = occasion.export;
        let ended = occasion.put_to(module, lane, None).await;
        let declines = match ended {
            CallEnd::Returned { .. } => false,
            CallEnd::Declined { .. } => true,
            end if got_no_time(&end) => {
                let detail = end.to_string();
                return Err(Refused::Untried { export, detail });
            }
            end => {
                let detail = end.to_string();
                return Err(Refused::Smoke { export, detail });
            }
        };
        let Some(serving) = serving.filter(|serving| occasion.is_wanted_by(serving)) else {
            continue;
        };
        let from = Named::from(&*serving.about).to_string();
        let state = match occasion.put_to(serving, lane, None).await {
            CallEnd::Returned { outcome } => outcome.state,
            // It did well when it was tried itself, with the same turn.
            end if got_no_time(&end) || matches!(end, CallEnd::OutOfCpu { .. }) => {
                return Err(Refused::StateUntried {
                    from,
                    export,
                    detail: end.to_string(),
                });
            }
            // What it makes of it by itself is not on trial here.
            _ => None,
        };
        let Some(state) = state else { continue };
        match occasion.put_to(module, lane, Some(state)).await {
            CallEnd::Returned { .. } => {}
            CallEnd::Declined { .. } if declines => {}
            CallEnd::Declined { detail } => return Err(Refused::State { from, detail }),
            end if got_no_time(&end) => {
                let detail = end.to_string();
                return Err(Refused::Untried { export, detail });
            }
            end => {
                let detail = end.to_string();
                return Err(Refused::State { from, detail });
            }
        }
    }
    Ok(())
}

/// Whether the call tells nothing of the module: it had no turn, or not long enough. One that computes
/// for long runs out of CPU time first.
pub(super) fn got_no_time(end: &CallEnd) -> bool {
    matches!(
        end,
        CallEnd::TimedOut { .. } | CallEnd::Busy | CallEnd::Unavailable { .. }
    )
}

/// What the persona is called on.
struct Occasion {
    export: &'static str,
    input: CallInput,
    turn: Turn,
    limits: CallLimits,
}

impl Occasion {
    fn context(room: &RoomId, limits: &CallLimits) -> Result<Self, Refused> {
        Self::new("on-context", room, limits, |room, now| {
            CallInput::Context(Arc::new(StreamContext {
                v: V1,
                room_id: room.clone(),
                at: now,
                position_ms: 60_000,
                transcript: vec![Segment {
                    start_ms: 57_000,
                    end_ms: 59_000,
                    text: "And there it is, the little boat is round the rock!".into(),
                    ..Segment::default()
                }],
                summary: "A little boat finds its way.".into(),
                keywords: vec![Keyword {
                    term: "little boat".into(),
                    score: 1.0,
                }],
                events: vec![StreamEvent {
                    id: "hype-1".into(),
                    kind: "hype".into(),
                    text: "there it is!".into(),
                    names: Vec::new(),
                    at_ms: 57_000,
                    known_ms: None,
                    confidence: 0.9,
                }],
                chat_question: None,
                scene: None,
                playing: None,
                extensions: None,
            }))
        })
    }

    fn firehose(room: &RoomId, limits: &CallLimits) -> Result<Self, Refused> {
        let said = message(room).map_err(never)?;
        Self::new("on-firehose", room, limits, |_, _| {
            CallInput::Firehose(vec![said])
        })
    }

    fn new(
        export: &'static str,
        room: &RoomId,
        limits: &CallLimits,
        input: impl FnOnce(&RoomId, Timestamp) -> CallInput,
    ) -> Result<Self, Refused> {
        let persona = persona().map_err(never)?;
        let now = Timestamp::from_millis(NOW);
        Ok(Self {
            export,
            input: input(room, now),
            limits: limits.clone(),
            turn: Turn {
                call_id: CallId::from_parts(0, [0; 10]),
                room: RoomInfo {
                    id: room.clone(),
                    title: "Smoke".into(),
                },
                profile: Arc::new(Profile {
                    id: persona,
                    name: "Smoke".into(),
                    bio: "Likes boats.".into(),
                    style: "short".into(),
                    traits: BTreeMap::from([("talkativeness".into(), 0.5)]),
                    drift: BTreeMap::new(),
                    relationships: Vec::new(),
                }),
                now,
                seed: 1,
                recent: vec![message(room).map_err(never)?],
                trends: None,
                impulse: Impulse {
                    p: 0.0,
                    parts: Vec::new(),
                    roll: 0.5,
                    speak: false,
                    answer: None,
                },
                fates: Vec::new(),
                state: None,
                limits: TurnLimits::from(limits),
                extensions: None,
            },
        })
    }

    /// Whether the module wants to be called on it at all.
    fn is_wanted_by(&self, module: &Module) -> bool {
        let calls = module.about.calls;
        match self.input {
            CallInput::Context(_) => calls.context,
            CallInput::Firehose(_) => calls.firehose,
            CallInput::Reflect(_) => calls.reflect,
        }
    }

    /// How a call on it ends, or the second if there was too little time for the first.
    async fn put_to(&self, module: &Module, lane: &Arc<SlowLane>, state: Option<State>) -> CallEnd {
        let end = self.put_once(module, lane, state.clone()).await;
        if got_no_time(&end) || matches!(end, CallEnd::OutOfCpu { .. }) {
            return self.put_once(module, lane, state).await;
        }
        end
    }

    async fn put_once(
        &self,
        module: &Module,
        lane: &Arc<SlowLane>,
        state: Option<State>,
    ) -> CallEnd {
        let call = self.call(&module.about.name, state);
        let services = services(lane);
        let record = call::run(module, &services, call, None, Duration::ZERO);
        record.await.end
    }
}

impl Occasion {
    fn call(&self, module: &str, state: Option<State>) -> Call {
        Call {
            module: module.into(),
            scope: memory::Scope {
                room: self.turn.room.id.clone(),
                persona: self.turn.profile.id.clone(),
            },
            route: None,
            turn: Arc::new(Turn {
                state,
                ..self.turn.clone()
            }),
            input: self.input.clone(),
            limits: self.limits.clone(),
        }
    }
}

/// A record of a smoke call, for tests that want one of any call.
#[cfg(test)]
pub(super) fn record(end: CallEnd) -> chatter_protocol::CallRecord {
    let call = Occasion::context(&room(None).unwrap(), &CallLimits::default())
        .unwrap()
        .call("none", None);
    let module = chatter_protocol::persona::ModuleRef {
        name: "none".into(),
        digest: String::new(),
        contract: String::new(),
        version: String::new(),
        calls: chatter_protocol::persona::Calls::ALL,
    };
    crate::not_run(call, Arc::new(module), end)
}

const NOW: i64 = 1_760_000_000_000;

/// What it computes there counts as its tenant's; that of everybody's as the first tenant's.
pub(super) fn room(tenant: Option<&TenantId>) -> Result<RoomId, InvalidId> {
    RoomId::from_parts(tenant.map_or("main", TenantId::as_str), "none")
}

fn persona() -> Result<PersonaId, InvalidId> {
    PersonaId::new("none")
}

fn message(room: &RoomId) -> Result<Arc<ChatMessage>, InvalidId> {
    Ok(Arc::new(ChatMessage {
        v: V1,
        id: MessageId::from_parts(0, [1; 10]),
        room_id: room.clone(),
        author: Author {
            id: AuthorId::new("guest:ana")?,
            name: "Ana".into(),
            kind: AuthorKind::Viewer,
            color: None,
            badges: Vec::new(),
        },
        text: "what a nice little boat, will it float?".into(),
        reply_to: None,
        mentions: Vec::new(),
        sent_at: Timestamp::from_millis(NOW - 1_000),
        call_id: None,
        deleted: false,
    }))
}

/// The ids above are constants that hold; should one not, no module is to blame.
fn never(error: InvalidId) -> Refused {
    Refused::Unreadable(format!("the host's own smoke call is wrong: {error}"))
}

/// Answers no question.
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
        Err(llm::Error::Unavailable(
            "there is no language model in a smoke call".into(),
        ))
    }

    fn about(&self) -> About {
        About {
            model: "none".into(),
            place: "nowhere".into(),
            offline: true,
        }
    }
}

#[async_trait]
impl Memory for Nobody {
    async fn search(
        &self,
        _: &memory::Scope,
        _: &memory::Query,
    ) -> Result<Vec<memory::Entry>, memory::Error> {
        Ok(Vec::new())
    }

    async fn remember(
        &self,
        _: &memory::Scope,
        _: &str,
        _: &memory::NewEntry,
        _: Timestamp,
    ) -> Result<(), memory::Error> {
        Ok(())
    }

    fn describe(&self) -> String {
        "nowhere".into()
    }
}
