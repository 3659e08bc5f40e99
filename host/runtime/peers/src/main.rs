//! One persona, called in each of the ways there are: as a native trait, by chatter's sandbox (and by
//! nothing but wasmtime, its floor), and as an Extism plugin, fresh for each call and reused.
//!
//! All do the same work on the same turn with 20 recent messages, 1 KB of transcript and the state of
//! an earlier call. They take turns within one run, so that the ratios hold when the machine is noisy.

#[path = "../../tests/common/scene.rs"]
#[allow(
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    reason = "it is what the tests of the runtime call"
)]
mod scene;
mod wire;

use chatter_memory::Embedded;
use chatter_protocol::{
    Turn,
    call::{CallEnd, State},
};
use chatter_runtime::{Call, Config, Personas, Runtime, floor};
use extism::{CompiledPlugin, Manifest, Plugin, PluginBuilder, Wasm};
use extism_wasmtime::{InstanceAllocationStrategy, PoolingAllocationConfig};
use persona_sdk::testkit::{self, Harness};
use reactor::Reactor;
use scene::Scripted;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};
use wire::{Answer, Question, Same as _};

/// Calls in one measurement, and rounds of measurements.
const CALLS: u32 = 100;
const ROUNDS: usize = 60;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from);
    let built = folder
        .ok_or("name the folder with the built components: `cargo xtask bench peers` does")?;
    let threads = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    threads.block_on(measure(&built))
}

async fn measure(built: &Path) -> Result<(), Failure> {
    let chatter = Chatter::new(built).await?;
    let native = Native::new();
    let reactor = fs::read(built.join("wasm32-unknown-unknown/persona/reactor_plugin.wasm"))?;
    let plain = Extism::new(&reactor, false)?;
    let pooled = Extism::new(&reactor, true)?;
    let mut reused = plain.plugin()?;

    let mut ways = [
        Way::new("native Rust trait"),
        Way::new("bare wasmtime (the floor)"),
        Way::new("chatter, fresh instance"),
        Way::new("extism, fresh plugin"),
        Way::new("extism, fresh, pooled"),
        Way::new("extism, reused plugin"),
    ];
    for round in 0..=ROUNDS {
        let taken = [
            native.run(),
            floor::run(&chatter.runtime, &chatter.call, CALLS).await?,
            chatter.run().await?,
            plain.run()?,
            pooled.run()?,
            timed(|| plain.call(&mut reused))?,
        ];
        // The first round warms up.
        if round > 0 {
            for (way, taken) in ways.iter_mut().zip(taken) {
                way.taken.push(taken);
            }
        }
    }
    println!(
        "a call with 20 recent messages, 1 KB of transcript and the state of an earlier call; µs per call, median of {ROUNDS} x {CALLS}\n"
    );
    println!(
        "{:<28} {:>10} {:>22}",
        "", "µs", "chatter's / its (p10-p90)"
    );
    let chatter = ways[2].taken.clone();
    for way in &mut ways {
        way.print(&chatter);
    }
    Ok(())
}

/// One way of calling, with how long each round took.
struct Way {
    name: &'static str,
    taken: Vec<Duration>,
}

impl Way {
    const fn new(name: &'static str) -> Self {
        Self {
            name,
            taken: Vec::new(),
        }
    }

    fn print(&mut self, chatter: &[Duration]) {
        let mut ratios: Vec<f64> = chatter
            .iter()
            .zip(&self.taken)
            .map(|(chatter, own)| chatter.as_secs_f64() / own.as_secs_f64())
            .collect();
        ratios.sort_by(f64::total_cmp);
        self.taken.sort();
        let at = |quantile: usize| ratios[(ratios.len() - 1) * quantile / 100];
        let median = self.taken[self.taken.len() / 2].as_secs_f64() * 1e6 / f64::from(CALLS);
        println!(
            "{:<28} {median:>10.2} {:>8.3} ({:.3}-{:.3})",
            self.name,
            at(50),
            at(10),
            at(90)
        );
    }
}

fn timed(mut call: impl FnMut() -> Result<(), Failure>) -> Result<Duration, Failure> {
    let start = Instant::now();
    for _ in 0..CALLS {
        call()?;
    }
    Ok(start.elapsed())
}

// === The same turn for each ===

/// 20 messages of chat, a minute of speech and an event.
fn question() -> Question {
    let recent: Vec<_> = (0..20)
        .map(|_| testkit::message("Ana", "what a nice little boat, will it float?"))
        .collect();
    let line = "and the little boat goes round the rock, past the second lantern, slowly now";
    let mut context = testkit::context();
    for n in 0..14 {
        context = context.said(&format!("{line} {n}"));
    }
    let context = context
        .keyword("little boat")
        .keyword("lantern")
        .keyword("rock")
        .event("hype-1", "hype", "yes! the second lantern!");
    let mut harness = Harness::<Reactor>::new();
    let turn = testkit::turn().recent(&recent).speak();
    harness
        .on_context(turn.clone(), context.clone())
        .expect("the reactor reacts");
    let mut turn = turn.build();
    turn.state = harness.state;
    Question {
        turn: turn.same(),
        context: context.build().same(),
    }
}

// === Native ===

struct Native(Question);

impl Native {
    fn new() -> Self {
        Self(question())
    }

    fn run(&self) -> Duration {
        let turn: persona_sdk::Turn = self.0.turn.clone().same();
        let context: persona_sdk::StreamContext = self.0.context.clone().same();
        let state = turn.state.clone();
        let mut harness = Harness::<Reactor>::new();
        let start = Instant::now();
        for _ in 0..CALLS {
            harness.state.clone_from(&state);
            let called = harness.on_context(turn.clone(), context.clone());
            assert!(called.expect("the reactor reacts").text().is_some());
        }
        start.elapsed()
    }
}

// === chatter ===

struct Chatter {
    runtime: Runtime,
    call: Call,
    _folder: tempfile::TempDir,
}

impl Chatter {
    async fn new(built: &Path) -> Result<Self, Failure> {
        let folder = tempfile::TempDir::new()?;
        let plugins = folder.path().join("plugins");
        fs::create_dir(&plugins)?;
        fs::copy(
            built.join("wasm32-wasip2/persona/reactor_component.wasm"),
            plugins.join("reactor.wasm"),
        )?;
        let config = Config::new(
            plugins,
            folder.path().join("data"),
            Arc::new(Scripted::Says("nice")),
            Arc::new(Embedded::in_memory()?),
        );
        let runtime = Runtime::new(config)?;
        for (name, loaded) in runtime.load_all().await? {
            loaded.map_err(|refused| format!("{name}: {refused}"))?;
        }
        let mut call = scene::call("reactor", "behave");
        let mut turn = Turn::clone(&call.turn);
        let state = question().turn.state.expect("the reactor keeps state");
        turn.state = Some(State {
            version: state.version,
            bytes: state.bytes.into_bytes().into(),
        });
        call.turn = Arc::new(turn);
        Ok(Self {
            runtime,
            call,
            _folder: folder,
        })
    }

    async fn run(&self) -> Result<Duration, Failure> {
        let start = Instant::now();
        for _ in 0..CALLS {
            let record = self.runtime.call(self.call.clone()).await;
            if !matches!(record.end, CallEnd::Returned { .. }) {
                return Err(format!("{:?}", record.end).into());
            }
        }
        Ok(start.elapsed())
    }
}

// === Extism ===

struct Extism {
    compiled: CompiledPlugin,
    question: Question,
}

impl Extism {
    /// With wasmtime as Extism sets it up, or with the pooling allocator that chatter uses.
    fn new(plugin: &[u8], pooled: bool) -> Result<Self, Failure> {
        let manifest = Manifest::new([Wasm::data(plugin)]);
        let mut builder = PluginBuilder::new(manifest)
            .with_wasi(false)
            .with_cache_disabled();
        if pooled {
            let mut config = extism_wasmtime::Config::new();
            let mut pool = PoolingAllocationConfig::new();
            pool.linear_memory_keep_resident(128 << 10)
                .table_keep_resident(16 << 10)
                .total_core_instances(64)
                .total_memories(64)
                .total_tables(64)
                .max_memory_size(256 << 20);
            config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
            builder = builder.with_wasmtime_config(config);
        }
        Ok(Self {
            compiled: CompiledPlugin::new(builder)?,
            question: question(),
        })
    }

    fn plugin(&self) -> Result<Plugin, Failure> {
        Ok(Plugin::new_from_compiled(&self.compiled)?)
    }

    fn run(&self) -> Result<Duration, Failure> {
        timed(|| self.call(&mut self.plugin()?))
    }

    fn call(&self, plugin: &mut Plugin) -> Result<(), Failure> {
        let question = serde_json::to_vec(&self.question)?;
        let answer: Vec<u8> = plugin.call("on_context", question)?;
        let answer: Answer = serde_json::from_slice(&answer)?;
        match answer.lines.is_empty() || answer.state.is_none() {
            true => Err("the plugin says nothing".into()),
            false => Ok(()),
        }
    }
}
