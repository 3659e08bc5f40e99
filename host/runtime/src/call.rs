//! One call: from the host's types into a fresh instance and back to a checked outcome.

use crate::{
    Call,
    bindings::{PersonaPre, chatter::persona::types as wit},
    lift, lower,
    module::Module,
    sandbox::{self, Bounds, OutOfCpu, Sandbox, Services},
};
use chatter_protocol::{
    CallRecord, PersonaId, RoomId, Timestamp, V1,
    call::{CallEnd, CallInput, CallLimits, CallTimes, Outcome},
    memory,
};
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, timeout_at};
use wasmtime::{Store, Trap, WasmBacktrace};

/// How many functions of a trap's stack are named.
const FRAMES: usize = 6;

/// Runs one call that has its place in the pool.
pub(crate) async fn run(
    module: &Module,
    services: &Arc<Services>,
    call: Call,
    queued: Duration,
) -> CallRecord {
    let started = Instant::now();
    let deadline = started + Duration::from_millis(u64::from(call.limits.wall_ms));
    let mut store = sandbox::store(
        module.pre.engine(),
        services,
        Bounds {
            scope: call.scope,
            now: call.turn.now,
            seed: call.turn.seed,
            limits: call.limits.clone(),
            deadline,
        },
    );
    let ended = timeout_at(deadline, enter(module, &mut store, &call.turn, &call.input)).await;
    let sandbox = store.data_mut();
    let end = match ended {
        Err(_) => CallEnd::TimedOut {
            wall_ms: call.limits.wall_ms,
        },
        Ok(Err(error)) => failed(&error, sandbox),
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
        log: sandbox.log.take(),
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

/// What an export returned, not checked yet.
enum Returned {
    Outcome(wit::Outcome),
    Reflection(crate::bindings::exports::chatter::persona::guest::Reflection),
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
async fn enter(
    module: &Module,
    store: &mut Store<Sandbox>,
    turn: &chatter_protocol::Turn,
    input: &CallInput,
) -> wasmtime::Result<Result<Returned, String>> {
    let persona = module.pre.instantiate_async(&mut *store).await?;
    let guest = persona.chatter_persona_guest();
    let recent = lower::Messages::new(&turn.recent);
    let parts = lower::TurnParts::new(turn, &recent);
    let fates = parts.fates(turn);
    let turn = parts.lower(turn, &fates);
    Ok(match input {
        CallInput::Context(context) => {
            let parts = lower::ContextParts::new(context);
            guest
                .call_on_context(store, turn, parts.lower(context))
                .await?
                .map(Returned::Outcome)
        }
        CallInput::Firehose(messages) => {
            let messages = lower::Messages::new(messages);
            guest
                .call_on_firehose(store, turn, &messages.lower())
                .await?
                .map(Returned::Outcome)
        }
        CallInput::Reflect(digest) => {
            let highlights = lower::Messages::new(&digest.highlights);
            let highlights = highlights.lower();
            let memories = lower::memories(digest);
            let digest = lower::digest(digest, &highlights, &memories);
            guest
                .call_reflect(store, turn, digest)
                .await?
                .map(Returned::Reflection)
        }
    })
}

/// Asks a component who it is. It gets no language model and no memory, and little time.
pub(crate) async fn describe(
    pre: &PersonaPre<Sandbox>,
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
        deadline,
    };
    let mut store = sandbox::store(pre.engine(), services, bounds);
    let asked = async {
        let persona = pre.instantiate_async(&mut store).await?;
        persona
            .chatter_persona_guest()
            .call_describe(&mut store)
            .await
    };
    match timeout_at(deadline, asked).await {
        Ok(Ok(about)) => Ok(about),
        Ok(Err(error)) => Err(match failed(&error, store.data()) {
            CallEnd::OutOfCpu { cpu_ms } => format!("it computed for more than {cpu_ms} ms"),
            CallEnd::OutOfMemory { memory_bytes } => {
                format!("it wanted more than {memory_bytes} bytes of memory")
            }
            CallEnd::Trapped { detail } => detail,
            other => format!("{other:?}"),
        }),
        Err(_) => Err("it took longer than 2 s".into()),
    }
}

/// How a call that did not return has ended.
fn failed(error: &wasmtime::Error, sandbox: &Sandbox) -> CallEnd {
    if error.downcast_ref::<OutOfCpu>().is_some() {
        return CallEnd::OutOfCpu {
            cpu_ms: sandbox.limits.cpu_ms,
        };
    }
    if sandbox.memory_refused {
        return CallEnd::OutOfMemory {
            memory_bytes: sandbox.limits.memory_bytes,
        };
    }
    let what = match (
        error.downcast_ref::<Trap>(),
        error.downcast_ref::<wasmtime_wasi::I32Exit>(),
    ) {
        (Some(trap), _) => trap.to_string(),
        (_, Some(exit)) => format!("it called exit({})", exit.0),
        _ => error.root_cause().to_string(),
    };
    CallEnd::Trapped {
        detail: what + &stack(error),
    }
}

/// The innermost functions of a trap, as far as the component names them.
fn stack(error: &wasmtime::Error) -> String {
    let Some(trace) = error.downcast_ref::<WasmBacktrace>() else {
        return String::new();
    };
    let mut names: Vec<_> = trace
        .frames()
        .iter()
        .map(|frame| match frame.func_name() {
            Some(name) => format!("{:#}", rustc_demangle::demangle(name)),
            None => format!("function {}", frame.func_index()),
        })
        .collect();
    // Recursion would fill the list with one name.
    names.dedup();
    names.truncate(FRAMES);
    format!(" in {}", names.join(" < "))
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
