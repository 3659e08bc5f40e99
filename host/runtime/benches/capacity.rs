//! What one machine holds: calls a second on all its cores, beside one core in the same run, and the
//! memory of calls that wait for the language model all at once. Words name the components.

#[path = "../tests/common/mod.rs"]
mod common;

use async_trait::async_trait;
use chatter_llm::{About, Asker, LanguageModel};
use chatter_protocol::{
    PersonaId,
    call::CallEnd,
    llm::{Completion, Error, Request},
};
use chatter_runtime::{Call, Personas, Pool, Runtime};
use common::{Bed, Scripted, bed, call};
use std::{
    fs,
    num::NonZero,
    process::{Command, ExitCode},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};
use tokio::sync::Semaphore;

/// The same persona in three languages.
const MODULES: [&str; 3] = ["rascal", "rascal-js", "rascal-py"];

const STRETCH: Duration = Duration::from_millis(1_500);
const ROUNDS: usize = 5;

/// Who calls.
const PERSONAS: usize = 1_000;

/// Calls in flight at once.
const IN_FLIGHT: usize = 100;

/// The word by which this program runs itself again, so that no measurement of memory sees what an
/// earlier one left behind.
const WAITING: &str = "--waiting";

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args().skip(1).collect();
    if let [first, module] = &words[..]
        && first == WAITING
    {
        let bytes = threads(2).block_on(waiting(module));
        println!("{bytes}");
        return ExitCode::SUCCESS;
    }
    let wanted: Vec<_> = words.iter().filter(|word| !word.starts_with('-')).collect();
    if let Some(unknown) = wanted.iter().find(|name| !MODULES.contains(&name.as_str())) {
        eprintln!("{unknown}: there are {}", MODULES.join(", "));
        return ExitCode::from(2);
    }
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    println!(
        "{:<10} {:>12} {:>12} {:>8} {:>26}",
        "component",
        "calls/s, 1",
        format!("calls/s, {cores}"),
        "ratio",
        format!("MiB of {IN_FLIGHT} that wait")
    );
    for module in MODULES {
        if wanted.is_empty() || wanted.iter().any(|name| *name == module) {
            let [one, all, ratio] = calls_per_second(module, cores);
            let waiting = memory(module);
            println!("{module:<10} {one:>12.0} {all:>12.0} {ratio:>8.2} {waiting:>26.1}");
        }
    }
    ExitCode::SUCCESS
}

fn persona(n: usize) -> PersonaId {
    PersonaId::new(&format!("nova-{n}")).expect("an id")
}

fn threads(count: usize) -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(count)
        .enable_all()
        .build()
        .expect("a runtime for the benchmark")
}

// === Calls a second ===

/// On one thread, on all, and the median ratio of the two.
fn calls_per_second(module: &str, cores: usize) -> [f64; 3] {
    let (one, all) = (threads(1), threads(cores));
    let Bed { runtime, folder } =
        one.block_on(bed(&[module], Arc::new(Scripted::Says("nice")), |_| ()));
    let call = call(module, "behave");
    let (mut ones, mut alls, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let single = one.block_on(stretch(&runtime, &call, 2));
        let whole = all.block_on(stretch(&runtime, &call, 2 * cores));
        // The first round warms up.
        if round > 0 {
            ones.push(single);
            alls.push(whole);
            ratios.push(whole / single);
        }
    }
    drop(folder);
    [ones, alls, ratios].map(median)
}

/// Calls without a pause, from so many tasks at once: how many a second come back. Personas take
/// turns, for one that called all the time would be moved to the slow lane.
async fn stretch(runtime: &Arc<Runtime>, call: &Call, tasks: usize) -> f64 {
    let personas: Arc<[PersonaId]> = (0..PERSONAS).map(persona).collect();
    let start = Instant::now();
    let tasks: Vec<_> = (0..tasks)
        .map(|task| {
            let (runtime, call, personas) = (runtime.clone(), call.clone(), personas.clone());
            tokio::spawn(async move {
                let mut made = 0_u32;
                let mut turns = personas.iter().cycle().skip(task * PERSONAS / 8);
                while start.elapsed() < STRETCH {
                    let mut call = call.clone();
                    call.scope
                        .persona
                        .clone_from(turns.next().expect("it is a cycle"));
                    let record = runtime.call(call).await;
                    assert!(
                        matches!(record.end, CallEnd::Returned { .. }),
                        "{}",
                        record.end
                    );
                    made += 1;
                }
                made
            })
        })
        .collect();
    let mut made = 0;
    for task in tasks {
        made += task.await.expect("a task that calls");
    }
    f64::from(made) / start.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

// === Memory ===

/// What [`IN_FLIGHT`] calls hold that wait for the model, in MiB.
fn memory(module: &str) -> f64 {
    let own = std::env::current_exe().expect("the path of this program");
    let output = Command::new(own)
        .args([WAITING, module])
        .output()
        .expect("this program");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8_lossy(&output.stdout);
    let bytes: f64 = text.trim().parse().expect("a number of bytes");
    bytes / f64::from(1 << 20)
}

/// A model that counts who asks, and answers when it is told to.
struct Doors {
    asked: Semaphore,
    open: Semaphore,
}

#[async_trait]
impl LanguageModel for Doors {
    async fn complete(
        &self,
        _: &Request,
        _: &Asker,
        _: u64,
        _: Duration,
    ) -> Result<Completion, Error> {
        self.asked.add_permits(1);
        self.open.acquire().await.expect("doors stay").forget();
        Ok(Completion {
            text: "nice".into(),
            model: "doors".into(),
            input_tokens: 3,
            output_tokens: 1,
        })
    }

    fn about(&self) -> About {
        About {
            model: "doors".into(),
            place: "in the benchmark".into(),
            offline: true,
        }
    }
}

/// By how much the resident set grows, in bytes, from no call to all of them waiting.
async fn waiting(module: &str) -> u64 {
    let doors = Arc::new(Doors {
        asked: Semaphore::new(0),
        open: Semaphore::new(1),
    });
    let bed = bed(&[module], doors.clone(), |config| {
        // Room for all, whatever places one takes.
        config.pool = Pool {
            calls: 32 * IN_FLIGHT as u32,
            waiting: 32 * IN_FLIGHT as u32,
            ..Pool::default()
        };
    })
    .await;
    let mut call = call(module, "ask");
    call.limits.wall_ms = 600_000;
    // One before the clock starts, for what the first call sets up.
    let first = bed.runtime.call(call.clone()).await;
    assert!(
        matches!(first.end, CallEnd::Returned { .. }),
        "{}",
        first.end
    );
    doors.asked.acquire().await.expect("doors stay").forget();
    let before = resident();
    let calls: Vec<_> = (0..IN_FLIGHT)
        .map(|n| {
            let (runtime, mut call) = (bed.runtime.clone(), call.clone());
            // Each of another persona, for what a minute allows is one persona's.
            call.scope.persona = persona(n);
            tokio::spawn(async move { runtime.call(call).await })
        })
        .collect();
    let all = IN_FLIGHT as u32;
    doors
        .asked
        .acquire_many(all)
        .await
        .expect("doors stay")
        .forget();
    let after = resident();
    doors.open.add_permits(IN_FLIGHT);
    for call in calls {
        let record = call.await.expect("a task that calls");
        assert!(
            matches!(record.end, CallEnd::Returned { .. }),
            "{}",
            record.end
        );
    }
    after.saturating_sub(before)
}

/// The resident set of this program, in bytes (proc(5)).
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.expect("a resident set") << 10
}
