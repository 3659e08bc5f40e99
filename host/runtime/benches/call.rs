//! A call, from the host's types to the checked outcome, against its floor: the same component,
//! engine, limits and WASI context with nothing but a new store, an instance, the typed call, and
//! dropping it all. Both in turn, in one run, so that their ratio holds when the machine is noisy.
//! Beside them what the store and the instance alone take. Words name the components; none means all.

#[path = "../tests/common/mod.rs"]
mod common;

use chatter_protocol::call::CallEnd;
use chatter_runtime::{Personas, Runtime, floor};
use common::{Scripted, bed, call};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// The most calls in one measurement, and about how long it takes: a slow language is called less often.
const CALLS: u32 = 200;
const MEASUREMENT: Duration = Duration::from_millis(20);

/// Pairs of measurements.
const PAIRS: usize = 60;

/// The last three do the same in three languages.
const MODULES: [&str; 4] = ["hype", "rascal", "rascal-js", "rascal-py"];

fn main() {
    let wanted: Vec<_> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    if let Some(unknown) = wanted.iter().find(|name| !MODULES.contains(&name.as_str())) {
        eprintln!("{unknown}: there are {}", MODULES.join(", "));
        std::process::exit(2);
    }
    let modules: Vec<_> = MODULES
        .into_iter()
        .filter(|name| wanted.is_empty() || wanted.iter().any(|wanted| wanted == name))
        .collect();
    let threads = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime for the benchmark");
    threads.block_on(async {
        let bed = bed(&modules, Arc::new(Scripted::Says("nice")), |_| ()).await;
        println!("a call with 20 recent messages and 1 KB of transcript; µs per call, median of {PAIRS} x up to {CALLS}\n");
        println!(
            "{:<10} {:>10} {:>10} {:>10} {:>22}",
            "component", "call", "floor", "instance", "call/floor (p10-p90)"
        );
        for module in modules {
            measure(&bed.runtime, module).await;
        }
    });
}

async fn measure(runtime: &Runtime, module: &str) {
    let (mut wholes, mut floors, mut instances, mut ratios) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let call = call(module, "behave");
    let begun = Instant::now();
    let first = runtime.call(call.clone()).await;
    assert!(
        matches!(first.end, CallEnd::Returned { .. }),
        "{:?}",
        first.end
    );
    let calls = u32::try_from(MEASUREMENT.as_micros() / begun.elapsed().as_micros().max(1))
        .unwrap_or(CALLS)
        .clamp(5, CALLS);
    for pair in 0..=PAIRS {
        let floor = floor::run(runtime, &call, calls)
            .await
            .expect("the floor's call returns");
        let mut instance = Duration::ZERO;
        for _ in 0..calls {
            instance += floor::instantiate(runtime, &call)
                .await
                .expect("an instance");
        }
        let start = Instant::now();
        for _ in 0..calls {
            let record = runtime.call(call.clone()).await;
            assert!(
                matches!(record.end, CallEnd::Returned { .. }),
                "{:?}",
                record.end
            );
        }
        let whole = start.elapsed();
        // The first pair warms up.
        if pair > 0 {
            wholes.push(per_call(whole, calls));
            floors.push(per_call(floor, calls));
            instances.push(per_call(instance, calls));
            ratios.push(whole.as_secs_f64() / floor.as_secs_f64());
        }
    }
    let [call, floor, instance, ratio] =
        [&mut wholes, &mut floors, &mut instances, &mut ratios].map(|values| quantile(values, 0.5));
    println!(
        "{module:<10} {call:>10.2} {floor:>10.2} {instance:>10.2} {ratio:>8.3} ({:.3}-{:.3})",
        quantile(&mut ratios, 0.1),
        quantile(&mut ratios, 0.9)
    );
}

fn per_call(whole: Duration, calls: u32) -> f64 {
    whole.as_secs_f64() * 1e6 / f64::from(calls)
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
