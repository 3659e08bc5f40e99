//! What the host keeps for one call while it runs. Made for the call, dropped with it.

use crate::{
    heard::Heard,
    imports::SharedImports,
    lanes::{Pace, SlowLane},
    ledger::{Account, Ledger},
    log::SharedLog,
    permits::WaitingRoom,
    wasi::{self, StillClock},
};
use chatter_llm::{Asker, SharedModel};
use chatter_memory::SharedMemory;
use chatter_protocol::{Timestamp, call::CallLimits, memory};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;
use wasmtime::{ResourceLimiter, Store, StoreContextMut, UpdateDeadline, component::ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

/// What a persona's imports reach.
pub(crate) struct Services {
    pub(crate) model: SharedModel,
    pub(crate) memory: SharedMemory,
    pub(crate) ledger: Ledger,
    /// What a call that is made once more was answered the first time.
    pub(crate) heard: Option<Arc<Heard>>,
    /// Where those compute that take long.
    pub(crate) lane: Arc<SlowLane>,
}

/// A store's data: lives for one call.
pub(crate) struct Sandbox {
    wasi: WasiCtx,
    pub(crate) table: ResourceTable,
    pub(crate) clock: StillClock,
    pub(crate) log: SharedLog,
    pub(crate) services: Arc<Services>,
    /// Whose memory it reaches, and for whom the language model is asked.
    pub(crate) asker: Asker,
    pub(crate) seed: u64,
    /// When the call's wall time ends.
    pub(crate) deadline: Instant,
    pub(crate) limits: CallLimits,
    pub(crate) account: Arc<Account>,
    /// Where the call waits for the language model.
    pub(crate) waiting: Option<WaitingRoom>,
    pub(crate) llm_calls: u32,
    pub(crate) llm_tokens: u32,
    pub(crate) searches: u32,
    /// Shared with who asked for the call, which may end before the instance does.
    pub(crate) imports: SharedImports,
    pub(crate) pace: Arc<Pace>,
    pub(crate) memories: Vec<memory::NewEntry>,
    /// Set when the guest waited in an import, so that no tick is counted for it.
    pub(crate) waited: bool,
    pub(crate) memory_refused: bool,
    memory_used: usize,
}

/// What one call is bound to.
pub(crate) struct Bounds {
    pub(crate) asker: Asker,
    pub(crate) now: Timestamp,
    pub(crate) seed: u64,
    pub(crate) limits: CallLimits,
    pub(crate) account: Arc<Account>,
    pub(crate) waiting: Option<WaitingRoom>,
    pub(crate) deadline: Instant,
}

/// Ends a guest that computed longer than it may.
#[derive(Debug, thiserror::Error)]
#[error("the CPU time is used up")]
pub(crate) struct OutOfCpu;

/// A store for one call, with all its limits set.
pub(crate) fn store(
    engine: &wasmtime::Engine,
    services: &Arc<Services>,
    bounds: Bounds,
) -> Store<Sandbox> {
    let Bounds {
        asker,
        now,
        seed,
        limits,
        account,
        waiting,
        deadline,
    } = bounds;
    let clock = StillClock::at(now);
    let log = SharedLog::new(account.log(&limits));
    let wasi = wasi::context(&clock, seed, &log);
    let mut table = ResourceTable::new();
    table.set_max_capacity(256);
    let cpu = Duration::from_millis(u64::from(limits.cpu_ms));
    let fuel = limits.output_bytes as usize + limits.state_bytes as usize;
    let mut store = Store::new(
        engine,
        Sandbox {
            wasi,
            table,
            clock,
            log,
            services: services.clone(),
            asker,
            seed,
            deadline,
            limits,
            account,
            waiting,
            llm_calls: 0,
            llm_tokens: 0,
            searches: 0,
            imports: Arc::default(),
            pace: Arc::default(),
            memories: Vec::new(),
            waited: false,
            memory_refused: false,
            memory_used: 0,
        },
    );
    store.limiter(|sandbox| sandbox);
    store.set_hostcall_fuel(fuel);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(move |context| on_tick(context, cpu));
    store.data().pace.go_on();
    store
}

/// Called when the guest runs on past a tick of the epoch.
fn on_tick(
    mut context: StoreContextMut<'_, Sandbox>,
    cpu: Duration,
) -> wasmtime::Result<UpdateDeadline> {
    let sandbox = context.data_mut();
    if std::mem::take(&mut sandbox.waited) {
        return Ok(UpdateDeadline::Continue(1));
    }
    sandbox.pace.tick();
    // A thread may have had to wait itself, on a machine that has other things to do.
    if sandbox.pace.used() > cpu {
        return Err(OutOfCpu.into());
    }
    Ok(UpdateDeadline::YieldCustom(
        1,
        Box::pin(sandbox.pace.give_way()),
    ))
}

impl WasiView for Sandbox {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl Sandbox {
    /// The size of all memories of the component, in bytes.
    pub(crate) fn memory_used(&self) -> usize {
        self.memory_used
    }
}

impl ResourceLimiter for Sandbox {
    /// The bound is on the sum of all memories of the component.
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let used = self
            .memory_used
            .saturating_add(desired.saturating_sub(current));
        if used as u64 > self.limits.memory_bytes {
            self.memory_refused = true;
            return Ok(false);
        }
        self.memory_used = used;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= self.limits.table_elements as usize)
    }

    fn tables(&self) -> usize {
        self.limits.tables as usize
    }
}
