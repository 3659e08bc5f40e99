//! The one engine: what WebAssembly may do here at all, the pool that instances come from, and the
//! clock that interrupts guests.

use std::{thread, time::Duration};
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig,
};

/// One tick of the epoch: the step in which a guest's CPU time is measured, and the longest that a
/// guest keeps a thread before it lets others run.
pub(crate) const TICK: Duration = Duration::from_millis(2);

/// What one component may need of the pool. A Rust component needs three core instances, one memory
/// and two tables; those of other languages need more.
pub(crate) const CORE_INSTANCES: u32 = 12;
pub(crate) const MEMORIES: u32 = 2;
pub(crate) const TABLES: u32 = 8;

/// The largest linear memory and table that any call's limits may grant.
pub(crate) const MEMORY_BYTES: usize = 256 << 20;
pub(crate) const TABLE_ELEMENTS: usize = 100_000;

/// An engine whose pool holds `slots` calls at a time.
pub(crate) fn build(slots: u32) -> wasmtime::Result<Engine> {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(slots)
        .total_stacks(slots)
        .total_core_instances(slots * CORE_INSTANCES)
        .total_memories(slots * MEMORIES)
        .total_tables(slots * TABLES)
        .max_core_instances_per_component(CORE_INSTANCES)
        .max_memories_per_component(MEMORIES)
        .max_tables_per_component(TABLES)
        .max_memory_size(MEMORY_BYTES)
        .table_elements(TABLE_ELEMENTS)
        .pagemap_scan(Enabled::Auto)
        // What a small persona touches is set back by writing over it, which is cheaper than
        // giving the pages back to the kernel and faulting them in again.
        .linear_memory_keep_resident(128 << 10)
        .table_keep_resident(16 << 10)
        .async_stack_keep_resident(16 << 10);

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
        .wasm_memory64(false)
        .wasm_multi_memory(true)
        .max_wasm_stack(512 << 10)
        .async_stack_size(1 << 20);
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
