//! What a call can't cost less than, for the benchmark: the same component, engine, limits and WASI
//! context, and nothing but a new store, an instance, the typed call, and dropping it all. And what a
//! call needs: the time of a fresh instance, and its memory.

use crate::{
    Call, Runtime, call,
    contract::PersonaPre,
    lower,
    sandbox::{self, Bounds},
};
use chatter_protocol::call::CallInput;
use std::time::{Duration, Instant};

/// Runs a call on a stream context `times` times and says how long that took. The arguments are
/// translated once, before the clock starts.
///
/// # Errors
///
/// If there is no such module, if the call is of another kind, or if it fails.
pub async fn run(runtime: &Runtime, call: &Call, times: u32) -> Result<Duration, String> {
    let CallInput::Context(context) = &call.input else {
        return Err("not a call on a stream context".into());
    };
    let serving = runtime
        .catalogue
        .get(&call.scope.room.tenant(), &call.module)
        .map_err(|refused| refused.to_string())?;
    let module = &serving.module;
    let PersonaPre::V0_2(pre) = &*module.pre else {
        return Err("not a component of the current contract".into());
    };
    let recent = lower::Messages::new(&call.turn.recent);
    let parts = lower::TurnParts::new(&call.turn, &recent);
    let fates = parts.fates(&call.turn);
    let turn = parts.lower(&call.turn, &fates);
    let context_parts = lower::ContextParts::new(context);
    let context = context_parts.lower(context);
    let start = Instant::now();
    for _ in 0..times {
        let mut store = sandbox::store(pre.engine(), &runtime.services, bounds(runtime, call));
        let called = async {
            let persona = pre.instantiate_async(&mut store).await?;
            persona
                .chatter_persona_guest()
                .call_on_context(&mut store, turn.clone(), context.clone())
                .await
        };
        match called.await {
            Ok(Ok(_)) => {}
            Ok(Err(declined)) => return Err(declined),
            Err(error) => return Err(format!("{error:#}")),
        }
    }
    Ok(start.elapsed())
}

/// How long a new store and an instance take that is not called, dropping them included.
///
/// # Errors
///
/// If there is no such module, or it can't be instantiated.
pub async fn instantiate(runtime: &Runtime, call: &Call) -> Result<Duration, String> {
    let serving = runtime
        .catalogue
        .get(&call.scope.room.tenant(), &call.module)
        .map_err(|refused| refused.to_string())?;
    let PersonaPre::V0_2(pre) = &*serving.module.pre else {
        return Err("not a component of the current contract".into());
    };
    let start = Instant::now();
    let mut store = sandbox::store(pre.engine(), &runtime.services, bounds(runtime, call));
    let persona = pre
        .instantiate_async(&mut store)
        .await
        .map_err(|error| format!("{error:#}"))?;
    drop((persona, store));
    Ok(start.elapsed())
}

/// The size of an instance's memories when a call is over, in bytes.
///
/// # Errors
///
/// If there is no such module, or the call fails.
pub async fn memory(runtime: &Runtime, call: &Call) -> Result<u64, String> {
    let serving = runtime
        .catalogue
        .get(&call.scope.room.tenant(), &call.module)
        .map_err(|refused| refused.to_string())?;
    let engine = serving.module.pre.engine();
    let mut store = sandbox::store(engine, &runtime.services, bounds(runtime, call));
    call::enter(&serving.module.pre, &mut store, &call.turn, &call.input)
        .await
        .map_err(|error| format!("{error:#}"))??;
    Ok(store.data().memory_used() as u64)
}

fn bounds(runtime: &Runtime, call: &Call) -> Bounds {
    let wall = Duration::from_millis(u64::from(call.limits.wall_ms));
    Bounds {
        asker: chatter_llm::Asker::new(call.scope.clone()),
        now: call.turn.now,
        seed: call.turn.seed,
        limits: call.limits.clone(),
        account: runtime.services.ledger.account(&call.scope),
        waiting: None,
        deadline: tokio::time::Instant::now() + wall,
    }
}
