//! Asking a component who it is. It gets no language model and no memory, and as much of all else as a
//! call does; it computes where those do that take long, since nothing is known of it yet.

use super::{
    refused::Refused,
    smoke::{got_no_time, room},
};
use crate::{
    contract::{PersonaPre, types::About},
    end::failed,
    sandbox::{self, Bounds, Services},
};
use chatter_protocol::{
    PersonaId, TenantId, Timestamp,
    call::{CallEnd, CallLimits},
    memory,
};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::oneshot,
    time::{Instant, timeout_at},
};

/// Asks, and once more if there was too little time for an answer.
pub(super) async fn describe(
    pre: &Arc<PersonaPre>,
    tenant: Option<&TenantId>,
    limits: &CallLimits,
    services: &Arc<Services>,
) -> Result<About, Refused> {
    let mut asked = ask(pre, tenant, limits, services).await?;
    if asked.as_ref().is_err_and(got_no_time) {
        asked = ask(pre, tenant, limits, services).await?;
    }
    asked.map_err(|end| {
        let detail = end.to_string();
        if got_no_time(&end) {
            let export = "describe";
            Refused::Untried { export, detail }
        } else {
            Refused::Describe(detail)
        }
    })
}

async fn ask(
    pre: &Arc<PersonaPre>,
    tenant: Option<&TenantId>,
    limits: &CallLimits,
    services: &Arc<Services>,
) -> Result<Result<About, CallEnd>, Refused> {
    let limits = CallLimits {
        llm_calls: 0,
        memory_searches: 0,
        memory_writes: 0,
        ..limits.clone()
    };
    let wall_ms = limits.wall_ms;
    let deadline = Instant::now() + Duration::from_millis(u64::from(wall_ms));
    let scope = match (room(tenant), PersonaId::new("none")) {
        (Ok(room), Ok(persona)) => memory::Scope { room, persona },
        (Err(error), _) | (_, Err(error)) => return Err(Refused::Describe(error.to_string())),
    };
    let room = scope.room.clone();
    let bounds = Bounds {
        asker: chatter_llm::Asker::new(scope),
        now: Timestamp::from_millis(0),
        seed: 0,
        limits,
        account: Arc::default(),
        waiting: None,
        deadline,
    };
    let mut store = sandbox::store(pre.engine(), services, bounds);
    let pace = store.data().pace.clone();
    let (tell, mut told) = oneshot::channel();
    let (pre, computing) = (pre.clone(), pace.clone());
    let work = Box::pin(async move {
        computing.go_on();
        let end = match pre.describe(&mut store).await {
            Ok(about) => {
                // Nobody may be there any more.
                let _ = tell.send(about);
                CallEnd::Busy
            }
            Err(error) => {
                let sandbox = store.data();
                failed(&error, sandbox, &sandbox.log.so_far())
            }
        };
        drop(store);
        computing.pause();
        end
    });
    let driven = services.lane.drive(work, &pace, &room, true);
    let end = match timeout_at(deadline, driven).await {
        Ok(end) => end,
        Err(_) => CallEnd::TimedOut { wall_ms },
    };
    Ok(told.try_recv().map_err(|_| end))
}
