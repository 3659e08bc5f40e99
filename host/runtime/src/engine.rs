//! The one engine: what WebAssembly may do here at all, the pool that instances come from, and the
//! clock that interrupts guests.

use crate::permits::Pool;
use std::{num::NonZeroUsize, thread, time::Duration};
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig,
    WasmBacktraceDetails,
};

/// One tick of the epoch: the step in which a guest's CPU time is measured, and the longest that a
/// guest keeps a thread before it lets others run.
pub(crate) const TICK: Duration = Duration::from_millis(2);

/// The most that one component may need of the pool.
pub(crate) const CORE_INSTANCES: u32 = 64;
pub(crate) const MEMORIES: u32 = 4;
pub(crate) const TABLES: u32 = 64;

/// What of the pool is one place: a Rust component needs three core instances, one memory and two
/// tables. Those of other languages need more, and take several places.
const PLACE: [u32; 3] = [4, 1, 3];

/// The largest table that any call's limits may grant.
pub(crate) const TABLE_ELEMENTS: usize = 100_000;

/// How many of the largest components fit into the pool beside all places: modules are asked who they
/// are, and tried, whatever the calls hold.
const LOADING: u32 = 4;

/// So many functions of a trap's stack are looked at: how Rust panics is some ten of them, before the
/// author's code comes.
const FRAMES: usize = 20;

/// The most places that one component takes.
pub(crate) const HEAVIEST: u32 = {
    let most = [CORE_INSTANCES, MEMORIES, TABLES];
    let (mut heaviest, mut n) = (1, 0);
    while n < most.len() {
        let places = most[n].div_ceil(PLACE[n]);
        if places > heaviest {
            heaviest = places;
        }
        n += 1;
    }
    heaviest
};

/// How many places a component takes that needs so many core instances, memories and tables.
pub(crate) fn weight(needs: [u32; 3]) -> u32 {
    let of = needs.into_iter().zip(PLACE);
    of.map(|(needs, place)| needs.div_ceil(place))
        .max()
        .unwrap_or(1)
        .max(1)
}

/// An engine with a pool of this size.
pub(crate) fn build(shared: &Pool) -> wasmtime::Result<Engine> {
    let places = shared.calls.max(1);
    // A component that weighs more than there are places takes all of them.
    let [core_instances, memories, tables] =
        [CORE_INSTANCES, MEMORIES, TABLES].map(|most| most * LOADING);
    let at_least = |places: u32, most: u32| places.max(most);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(places + LOADING)
        .total_stacks(places + LOADING)
        .total_core_instances(at_least(places * PLACE[0], CORE_INSTANCES) + core_instances)
        .total_memories(at_least(places * PLACE[1], MEMORIES) + memories)
        .total_tables(at_least(places * PLACE[2], TABLES) + tables)
        .max_core_instances_per_component(CORE_INSTANCES)
        .max_memories_per_component(MEMORIES)
        .max_tables_per_component(TABLES)
        .max_memory_size(usize::try_from(shared.memory_bytes).unwrap_or(usize::MAX))
        .table_elements(TABLE_ELEMENTS)
        .pagemap_scan(Enabled::Auto)
        // What a persona touches is set back by writing over it, which is cheaper than giving the
        // pages back to the kernel and faulting them in again: a call in JavaScript costs 0.30 ms
        // so, and 0.50 ms if only 128 KiB stay. More than 1 MiB gains nothing, Python included.
        .linear_memory_keep_resident(1 << 20)
        .table_keep_resident(16 << 10)
        .async_stack_keep_resident(16 << 10);

    let stack = usize::try_from(shared.stack_bytes).unwrap_or(usize::MAX >> 1);
    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .memory_init_cow(true)
        .cranelift_opt_level(OptLevel::Speed)
        .epoch_interruption(true)
        .concurrency_support(false)
        // The same input gives the same bits on every machine.
        .cranelift_nan_canonicalization(true)
        .relaxed_simd_deterministic(true)
        // What there is to be read of it is the loader's business: see `debug_info`.
        .wasm_backtrace_details(WasmBacktraceDetails::Enable)
        .wasm_backtrace_max_frames(NonZeroUsize::new(FRAMES))
        .wasm_memory64(false)
        .wasm_multi_memory(true)
        .max_wasm_stack(stack)
        // The host's functions run on the guest's stack.
        .async_stack_size(stack + (512 << 10));
    let engine = Engine::new(&config)?;
    tick(&engine)?;
    Ok(engine)
}

/// Moves the engine's epoch on from a thread of its own, which ends with the engine.
fn tick(engine: &Engine) -> wasmtime::Result<()> {
    let engine = engine.weak();
    thread::Builder::new().name("epoch".into()).spawn(move || {
        loop {
            thread::sleep(TICK);
            let Some(engine) = engine.upgrade() else {
                return;
            };
            engine.increment_epoch();
        }
    })?;
    Ok(())
}
