//! One call: from the host's types into a fresh instance and back to a checked outcome.

use crate::{
    Call,
    contract::{Asked, PersonaPre, Returned, types as wit},
    end::{self, failed},
    lift, lower,
    module::Module,
    permits::Permit,
    sandbox::{self, Bounds, Sandbox, Services},
};
use chatter_protocol::{
    CallRecord, PersonaId, RoomId, Timestamp, Turn, V1,
    call::{CallEnd, CallInput, CallLimits, CallTimes, Outcome},
    memory,
};
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, timeout_at};
use wasmtime::Store;

/// Runs one call that has its place in the pool: those of the permit or, without one, those that are
/// kept for loading.
pub(crate) async fn run(
    module: &Module,
    services: &Arc<Services>,
    call: Call,
    permit: Option<&Permit>,
    queued: Duration,
) -> CallRecord {
    let started = Instant::now();
    let deadline = started + Duration::from_millis(u64::from(call.limits.wall_ms));
    let account = services.ledger.account(&call.scope);
    let mut store = sandbox::store(
        module.pre.engine(),
        services,
        Bounds {
            scope: call.scope,
            now: call.turn.now,
            seed: call.turn.seed,
            limits: call.limits.clone(),
            account: account.clone(),
            waiting: permit.map(Permit::waiting_room),
            deadline,
        },
    );
    let ended = timeout_at(deadline, enter(module, &mut store, &call.turn, &call.input)).await;
    let sandbox = store.data_mut();
    let log = sandbox.log.take();
    account.take_log(sandbox.log.used());
    let end = match ended {
        Err(_) => CallEnd::TimedOut {
            wall_ms: call.limits.wall_ms,
        },
        Ok(Err(error)) => {
            let end = failed(&error, sandbox, &log);
            if let Some(text) = end::place(&end, &error) {
                let Turn {
                    call_id,
                    room,
                    profile,
                    ..
                } = &*call.turn;
                tracing::warn!(target: "persona", room = %room.id, persona = %profile.id, call = %call_id, text);
            }
            end
        }
        Ok(Ok(Err(detail))) => CallEnd::Declined {
            detail: detail.chars().take(500).collect(),
        },
        Ok(Ok(Ok(returned))) => {
            let memories = std::mem::take(&mut sandbox.memories);
            match returned.check(memories, &call.limits, module.state_version) {
                Ok(outcome) => CallEnd::Returned { outcome },
                Err(detail) => CallEnd::Invalid { detail },
            }
        }
    };
    CallRecord {
        v: V1,
        module: module.about.clone(),
        input: call.input,
        limits: call.limits,
        imports: std::mem::take(&mut sandbox.imports),
        log,
        end,
        submitted: Vec::new(),
        times: CallTimes {
            queued_us: micros(queued),
            ran_us: micros(started.elapsed()),
            cpu_ticks: sandbox.ticks,
        },
        turn: call.turn,
    }
}

impl Returned {
    fn check(
        self,
        memories: Vec<memory::NewEntry>,
        limits: &CallLimits,
        state_version: u32,
    ) -> Result<Outcome, String> {
        match self {
            Self::Outcome(outcome) => lift::outcome(outcome, memories, limits, state_version),
            Self::Reflection(reflection) => {
                lift::reflection(reflection, memories, limits, state_version)
            }
        }
    }
}

/// Instantiates the component and calls the export that the input is for.
pub(crate) async fn enter(
    module: &Module,
    store: &mut Store<Sandbox>,
    turn: &chatter_protocol::Turn,
    input: &CallInput,
) -> wasmtime::Result<Result<Returned, String>> {
    let recent = lower::Messages::new(&turn.recent);
    let parts = lower::TurnParts::new(turn, &recent);
    let fates = parts.fates(turn);
    let turn = parts.lower(turn, &fates);
    match input {
        CallInput::Context(context) => {
            let parts = lower::ContextParts::new(context);
            let asked = Asked::Context(parts.lower(context));
            module.pre.call(store, turn, asked).await
        }
        CallInput::Firehose(messages) => {
            let messages = lower::Messages::new(messages);
            let asked = Asked::Firehose(&messages.lower());
            module.pre.call(store, turn, asked).await
        }
        CallInput::Reflect(digest) => {
            let highlights = lower::Messages::new(&digest.highlights);
            let highlights = highlights.lower();
            let memories = lower::memories(digest);
            let asked = Asked::Reflect(lower::digest(digest, &highlights, &memories));
            module.pre.call(store, turn, asked).await
        }
    }
}

/// Asks a component who it is. It gets no language model and no memory, and little time.
pub(crate) async fn describe(
    pre: &PersonaPre,
    services: &Arc<Services>,
) -> Result<wit::About, String> {
    let limits = CallLimits {
        wall_ms: 2_000,
        llm_calls: 0,
        memory_searches: 0,
        memory_writes: 0,
        ..CallLimits::default()
    };
    let deadline = Instant::now() + Duration::from_millis(u64::from(limits.wall_ms));
    let scope = match (RoomId::from_parts("main", "none"), PersonaId::new("none")) {
        (Ok(room), Ok(persona)) => memory::Scope { room, persona },
        (Err(error), _) | (_, Err(error)) => return Err(error.to_string()),
    };
    let bounds = Bounds {
        scope,
        now: Timestamp::from_millis(0),
        seed: 0,
        limits,
        account: Arc::default(),
        waiting: None,
        deadline,
    };
    let mut store = sandbox::store(pre.engine(), services, bounds);
    match timeout_at(deadline, pre.describe(&mut store)).await {
        Ok(Ok(about)) => Ok(about),
        Ok(Err(error)) => {
            let sandbox = store.data();
            let log = sandbox.log.take();
            Err(failed(&error, sandbox, &log).to_string())
        }
        Err(_) => Err("it took longer than 2 s".into()),
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
