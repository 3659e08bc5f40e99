//! Twenty well-behaved neighbours that call steadily, without and with one attacker who calls without
//! pause: the latency of their calls, and what the attacker makes of it.
//!
//! Both in turn, many times in one run, so that the ratio holds on a machine that has other things to
//! do. The neighbours and the attacker are of different tenants.

#![allow(
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    missing_docs,
    reason = "a benchmark that shares the tests' modules"
)]

#[path = "../tests/hostile/cases/mod.rs"]
mod cases;
#[path = "../tests/common/mod.rs"]
mod common;
#[path = "../tests/hostile/guest.rs"]
mod guest;

use cases::{Case, Ends, Export, Source};
use chatter_memory::Embedded;
use chatter_protocol::{
    PersonaId, RoomId, Turn,
    call::{CallEnd, CallInput, Digest},
    memory::Scope,
};
use chatter_runtime::{Call, Config, Personas, Runtime};
use common::{Scripted, built, call, message};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::time::{MissedTickBehavior, interval_at};

const NEIGHBOURS: usize = 20;
/// Each calls so often: together 400 calls a second.
const EVERY: Duration = Duration::from_millis(50);
/// How long one stretch lasts, and how many there are of each kind, with and without.
const STRETCH: Duration = Duration::from_millis(1_000);
const STRETCHES: usize = 5;

/// One attack of each kind; their names are those of the hostile suite.
const ATTACKS: [&str; 17] = [
    "loop",
    "loop-realloc",
    "recursion",
    "memory",
    "memory-rust",
    "table",
    "lines-in-memory",
    "state-100-mb",
    "string-huge",
    "trap-context",
    "panic",
    "flood-complete",
    "flood-search",
    "flood-remember",
    "flood-log",
    "flood-print",
    "flood-random",
];

fn main() {
    let wanted: Vec<_> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    let threads = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    threads.block_on(async {
        let cases: Vec<_> = cases::all()
            .into_iter()
            .filter(|case| {
                ATTACKS.contains(&case.name.as_str())
                    && (wanted.is_empty() || wanted.contains(&case.name))
            })
            .collect();
        let folder = TempDir::new().unwrap();
        let runtime = runtime(&folder, &cases).await;
        println!(
            "{NEIGHBOURS} neighbours that call every {} ms; µs per call, {STRETCHES} x {} s each\n",
            EVERY.as_millis(),
            STRETCH.as_secs_f64()
        );
        println!(
            "{:<18} {:>9} {:>9} {:>9} {:>9} {:>8} {:>8} {:>9}",
            "attack", "p50 alone", "beside", "p99 alone", "beside", "p50", "p99", "attacks/s"
        );
        for case in &cases {
            measure(&runtime, case).await;
        }
    });
}

async fn runtime(folder: &TempDir, cases: &[Case]) -> Arc<Runtime> {
    let (plugins, data) = (folder.path().join("plugins"), folder.path().join("data"));
    std::fs::create_dir(&plugins).unwrap();
    for name in ["rascal", "hype"] {
        std::fs::copy(built(name), plugins.join(format!("{name}.wasm"))).unwrap();
    }
    for case in cases {
        if let Source::Guest(guest) = &case.source {
            let file = plugins.join(format!("{}.wasm", case.name));
            std::fs::write(file, guest.component()).unwrap();
        }
    }
    let memory = Arc::new(Embedded::in_memory().unwrap());
    let model = Arc::new(Scripted::Says("nice"));
    let runtime = Runtime::new(Config::new(plugins, data, model, memory)).unwrap();
    runtime.load_all().await.unwrap();
    Arc::new(runtime)
}

/// A call of this persona of this tenant.
fn as_persona(call: Call, tenant: &str, persona: &str) -> Call {
    let room = RoomId::from_parts(tenant, "lobby").unwrap();
    let mut turn = Turn::clone(&call.turn);
    turn.room.id = room.clone();
    let persona = PersonaId::new(persona).unwrap();
    Call {
        turn: Arc::new(turn),
        scope: Scope { room, persona },
        ..call
    }
}

fn attack(case: &Case) -> Call {
    let attack = match case.source {
        Source::Rascal(style) => call("rascal", style),
        _ => call(&case.name, ""),
    };
    let mut attack = as_persona(attack, "attacker", "mallory");
    attack.input = match case.export {
        Export::OnContext => attack.input,
        Export::OnFirehose => CallInput::Firehose(vec![message(1, "hello")]),
        Export::Reflect => CallInput::Reflect(Digest {
            since: attack.turn.now,
            lines_said: 0,
            highlights: Vec::new(),
            memories: Vec::new(),
        }),
    };
    (case.limits)(&mut attack.limits);
    // As an operator would have it, but for the memory that some need to come so far.
    attack.limits.cpu_ms = 100;
    attack
}

async fn measure(runtime: &Arc<Runtime>, case: &Case) {
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    let (mut alone_99, mut ratios_50, mut ratios_99) = (Vec::new(), Vec::new(), Vec::new());
    let mut beside_99 = Vec::new();
    let mut attacks = 0;
    for pair in 0..=STRETCHES {
        let mut without = stretch(runtime).await;
        let going = Arc::new(AtomicBool::new(true));
        let made = Arc::new(AtomicU64::new(0));
        let attacker = tokio::spawn({
            let (runtime, call, going, made) =
                (runtime.clone(), attack(case), going.clone(), made.clone());
            async move {
                while going.load(Ordering::Relaxed) {
                    let record = runtime.call(call.clone()).await;
                    assert!(
                        !matches!(record.end, CallEnd::Unavailable { .. } | CallEnd::Busy),
                        "{}",
                        record.end
                    );
                    made.fetch_add(1, Ordering::Relaxed);
                    tokio::task::yield_now().await;
                }
            }
        });
        let mut with = stretch(runtime).await;
        going.store(false, Ordering::Relaxed);
        attacker.await.unwrap();
        // The first pair warms up.
        if pair > 0 {
            let [p50, p99] =
                [0.5, 0.99].map(|at| [quantile(&mut without, at), quantile(&mut with, at)]);
            ratios_50.push(p50[1] / p50[0]);
            ratios_99.push(p99[1] / p99[0]);
            alone_99.push(p99[0]);
            beside_99.push(p99[1]);
            alone.append(&mut without);
            beside.append(&mut with);
            attacks += made.load(Ordering::Relaxed);
        }
    }
    assert!(matches!(
        case.ends,
        Ends::Returned | Ends::Trapped(_) | Ends::OutOfCpu | Ends::OutOfMemory
    ));
    println!(
        "{:<18} {:>9.0} {:>9.0} {:>9.0} {:>9.0} {:>8.2} {:>8.2} {:>9.0}",
        case.name,
        quantile(&mut alone, 0.5),
        quantile(&mut beside, 0.5),
        quantile(&mut alone, 0.99),
        quantile(&mut beside, 0.99),
        quantile(&mut ratios_50, 0.5),
        quantile(&mut ratios_99, 0.5),
        attacks as f64 / (STRETCH.as_secs_f64() * STRETCHES as f64)
    );
}

/// The neighbours call for a while; how long each call took, in microseconds.
async fn stretch(runtime: &Arc<Runtime>) -> Vec<f64> {
    let start = tokio::time::Instant::now();
    let neighbours: Vec<_> = (0..NEIGHBOURS)
        .map(|n| {
            let runtime = runtime.clone();
            let module = if n % 2 == 0 { "hype" } else { "rascal" };
            let call = as_persona(call(module, "behave"), "main", &format!("n{n}"));
            tokio::spawn(async move {
                // Spread over the interval.
                let first = start + EVERY * u32::try_from(n).unwrap() / NEIGHBOURS as u32;
                let mut beat = interval_at(first, EVERY);
                beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
                let mut took = Vec::new();
                while start.elapsed() < STRETCH {
                    beat.tick().await;
                    let call = call.clone();
                    let before = Instant::now();
                    let record = runtime.call(call).await;
                    took.push(before.elapsed().as_secs_f64() * 1e6);
                    assert!(
                        matches!(record.end, CallEnd::Returned { .. }),
                        "{}",
                        record.end
                    );
                }
                took
            })
        })
        .collect();
    let mut all = Vec::new();
    for neighbour in neighbours {
        all.append(&mut neighbour.await.unwrap());
    }
    all
}

fn quantile(values: &mut [f64], at: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index within the list"
    )]
    let index = ((values.len() - 1) as f64 * at).round() as usize;
    values[index]
}
