//! WASI as personas get it: there for the sake of standard libraries, and empty.
//!
//! No environment, no folder, no address. Time is the turn's and moves only when the guest sleeps,
//! which returns at once; randomness comes from the turn's seed; what is printed goes to the log.

use crate::{log::SharedLog, sandbox::Sandbox};
use chatter_protocol::{Timestamp, call::LogLevel};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::io::AsyncWrite;
use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi::{
    HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxBuilder,
    cli::{IsTerminal, StdoutStream},
    p2::{
        DynPollable, OutputStream, Pollable, StreamResult, bindings::clocks::monotonic_clock,
        subscribe,
    },
};

/// The clock of one call, in nanoseconds since the Unix epoch. It stands still while the guest
/// computes and jumps when it sleeps.
#[derive(Clone)]
pub(crate) struct StillClock(Arc<AtomicU64>);

impl StillClock {
    pub(crate) fn at(now: Timestamp) -> Self {
        let millis = u64::try_from(now.as_millis()).unwrap_or(0);
        Self(Arc::new(AtomicU64::new(millis.saturating_mul(1_000_000))))
    }

    fn nanos(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn sleep_until(&self, nanos: u64) {
        self.0.fetch_max(nanos, Ordering::Relaxed);
    }
}

impl HostWallClock for StillClock {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }
    fn now(&self) -> Duration {
        Duration::from_nanos(self.nanos())
    }
}

impl HostMonotonicClock for StillClock {
    fn resolution(&self) -> u64 {
        1_000_000
    }
    fn now(&self) -> u64 {
        self.nanos()
    }
}

/// The context of one call.
pub(crate) fn context(clock: &StillClock, seed: u64, log: &SharedLog) -> WasiCtx {
    let mut builder = WasiCtxBuilder::new();
    builder
        .wall_clock(clock.clone())
        .monotonic_clock(clock.clone())
        .secure_random(ChaCha8Rng::seed_from_u64(seed))
        .insecure_random(ChaCha8Rng::seed_from_u64(seed.wrapping_add(1)))
        .insecure_random_seed(u128::from(seed))
        .max_random_size(64 << 10)
        .stdout(Printed {
            log: log.clone(),
            level: LogLevel::Info,
        })
        .stderr(Printed {
            log: log.clone(),
            level: LogLevel::Warn,
        })
        .socket_addr_check(|_, _| Box::pin(async { false }))
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false);
    builder.build()
}

/// Adds WASI 0.2 to a linker, with a monotonic clock of our own.
pub(crate) fn link(linker: &mut Linker<Sandbox>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    linker.allow_shadowing(true);
    monotonic_clock::add_to_linker::<Sandbox, Clocks>(linker, |sandbox| ClockView {
        clock: &sandbox.clock,
        table: &mut sandbox.table,
    })?;
    linker.allow_shadowing(false);
    Ok(())
}

// === The clock that sleeps don't wait for ===

struct Clocks;

impl HasData for Clocks {
    type Data<'a> = ClockView<'a>;
}

struct ClockView<'a> {
    clock: &'a StillClock,
    table: &'a mut ResourceTable,
}

impl monotonic_clock::Host for ClockView<'_> {
    fn now(&mut self) -> wasmtime::Result<monotonic_clock::Instant> {
        Ok(self.clock.nanos())
    }

    fn resolution(&mut self) -> wasmtime::Result<monotonic_clock::Duration> {
        Ok(HostMonotonicClock::resolution(self.clock))
    }

    fn subscribe_instant(
        &mut self,
        when: monotonic_clock::Instant,
    ) -> wasmtime::Result<Resource<DynPollable>> {
        let alarm = self.table.push(Alarm {
            clock: self.clock.clone(),
            at: when,
        })?;
        subscribe(self.table, alarm)
    }

    fn subscribe_duration(
        &mut self,
        duration: monotonic_clock::Duration,
    ) -> wasmtime::Result<Resource<DynPollable>> {
        self.subscribe_instant(self.clock.nanos().saturating_add(duration))
    }
}

struct Alarm {
    clock: StillClock,
    at: u64,
}

#[async_trait::async_trait]
impl Pollable for Alarm {
    async fn ready(&mut self) {
        self.clock.sleep_until(self.at);
    }
}

// === What the guest prints ===

#[derive(Clone)]
struct Printed {
    log: SharedLog,
    level: LogLevel,
}

impl IsTerminal for Printed {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Printed {
    // Only WASI 0.3 asks for this one, and that is not linked.
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait::async_trait]
impl Pollable for Printed {
    async fn ready(&mut self) {}
}

impl OutputStream for Printed {
    fn write(&mut self, bytes: bytes::Bytes) -> StreamResult<()> {
        self.log.print(self.level, &bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(4096)
    }
}
