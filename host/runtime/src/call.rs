//! One call: from the host's types into a fresh instance and back to a checked outcome.

use crate::{
    Call,
    contract::{Asked, PersonaPre, Returned},
    end::{self, failed},
    imports, lift, lower,
    module::Module,
    permits::Permit,
    sandbox::{self, Bounds, Sandbox, Services},
};
use chatter_llm::Asker;
use chatter_protocol::{
    CallRecord, Turn, V1,
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
    permit: Option<Permit>,
    queued: Duration,
) -> CallRecord {
    let Call {
        scope,
        route,
        turn,
        input,
        limits,
        ..
    } = call;
    let started = Instant::now();
    let deadline = started + Duration::from_millis(u64::from(limits.wall_ms));
    let account = services.ledger.account(&scope);
    let store = sandbox::store(
        module.pre.engine(),
        services,
        Bounds {
            asker: Asker { scope, route },
            now: turn.now,
            seed: turn.seed,
            limits: limits.clone(),
            account: account.clone(),
            waiting: permit.as_ref().map(Permit::waiting_room),
            deadline,
        },
    );
    let sandbox = store.data();
    let (log, imports, pace) = (
        sandbox.log.clone(),
        sandbox.imports.clone(),
        sandbox.pace.clone(),
    );
    let input = Arc::new(input);
    let work = Box::pin(to_its_end(
        module.pre.clone(),
        module.state_version,
        permit,
        store,
        turn.clone(),
        input.clone(),
    ));
    let driven = services
        .lane
        .drive(work, &pace, &turn.room.id, account.is_heavy());
    let end = match timeout_at(deadline, driven).await {
        Ok(end) => end,
        Err(_) => CallEnd::TimedOut {
            wall_ms: limits.wall_ms,
        },
    };
    let lines = log.take();
    account.take_log(log.used());
    account.take_cpu(pace.used_before());
    let imports = imports::take(&imports);
    CallRecord {
        v: V1,
        module: module.about.clone(),
        turn,
        input: Arc::unwrap_or_clone(input),
        limits,
        imports,
        log: lines,
        end,
        submitted: Vec::new(),
        times: CallTimes {
            queued_us: micros(queued),
            ran_us: micros(started.elapsed()),
            cpu_ticks: pace.ticks(),
        },
    }
}

/// The call itself. Dropping it drops the instance, and then gives its places back.
async fn to_its_end(
    pre: Arc<PersonaPre>,
    state_version: u32,
    permit: Option<Permit>,
    store: Store<Sandbox>,
    turn: Arc<Turn>,
    input: Arc<CallInput>,
) -> CallEnd {
    let _permit = permit;
    let mut store = store;
    let pace = store.data().pace.clone();
    pace.go_on();
    let ended = enter(&pre, &mut store, &turn, &input).await;
    let sandbox = store.data_mut();
    let end = match ended {
        Err(error) => {
            let end = failed(&error, sandbox, &sandbox.log.so_far());
            if let Some(text) = end::place(&end, &error) {
                let Turn {
                    call_id,
                    room,
                    profile,
                    ..
                } = &*turn;
                tracing::warn!(target: "persona", room = %room.id, persona = %profile.id, call = %call_id, text);
            }
            end
        }
        Ok(Err(detail)) => CallEnd::Declined {
            detail: detail.chars().take(500).collect(),
        },
        Ok(Ok(returned)) => {
            let memories = std::mem::take(&mut sandbox.memories);
            match returned.check(memories, &sandbox.limits, state_version) {
                Ok(outcome) => CallEnd::Returned { outcome },
                Err(detail) => CallEnd::Invalid { detail },
            }
        }
    };
    drop(store);
    // What it costs to clear up after it is its own too.
    pace.pause();
    end
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
    pre: &PersonaPre,
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
            pre.call(store, turn, asked).await
        }
        CallInput::Firehose(messages) => {
            let messages = lower::Messages::new(messages);
            let asked = Asked::Firehose(&messages.lower());
            pre.call(store, turn, asked).await
        }
        CallInput::Reflect(digest) => {
            let highlights = lower::Messages::new(&digest.highlights);
            let highlights = highlights.lower();
            let memories = lower::memories(digest);
            let asked = Asked::Reflect(lower::digest(digest, &highlights, &memories));
            pre.call(store, turn, asked).await
        }
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
