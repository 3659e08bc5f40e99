//! Modules that are swapped while they are called: how long it takes until a file that is whole is
//! what calls run on, and that no call fails for it. `--calls N` calls a second, `--swaps N` changes.

#[path = "../tests/common/mod.rs"]
mod common;

use common::swap::{self, Report};
use std::time::Duration;

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let number = |name: &str, default: u32| {
        let at = words.iter().position(|word| word == name);
        let value = at.and_then(|at| words.get(at + 1));
        value.map_or(default, |value| {
            value
                .parse()
                .unwrap_or_else(|_| panic!("{name} {value}: not a number"))
        })
    };
    let (calls, swaps) = (number("--calls", 500), number("--swaps", 200));
    let threads = tokio::runtime::Runtime::new().expect("a runtime for the benchmark");
    let begun = std::time::Instant::now();
    let report = threads.block_on(swap::run(calls, swaps as usize));
    let took = begun.elapsed();
    let Report {
        calls: made,
        trapped,
        taken_back,
        swaps,
        moved,
        written,
        wrong,
    } = report;
    println!(
        "{made} calls in {:.0} s, {:.0} a second; 25 personas on 5 modules\n",
        took.as_secs_f64(),
        made as f64 / took.as_secs_f64()
    );
    for (kind, times) in swaps {
        println!("{kind:<22} {times:>4}");
    }
    println!("\nfrom the file being whole to the first call on it having come back, ms");
    println!(
        "{:<22} {:>6} {:>8} {:>8} {:>8}",
        "", "swaps", "median", "p90", "worst"
    );
    for (name, mut times) in [("moved into place", moved), ("written in place", written)] {
        times.sort();
        let at = |share: f64| {
            let index = (times.len().saturating_sub(1) as f64 * share).round();
            millis(times.get(index as usize))
        };
        println!(
            "{name:<22} {:>6} {:>8.0} {:>8.0} {:>8.0}",
            times.len(),
            at(0.5),
            at(0.9),
            at(1.0)
        );
    }
    println!("\ncalls of versions that trap, until they were taken back: {trapped}");
    println!("calls whose version was taken back while they ran: {taken_back}");
    println!(
        "calls that failed for a swap, ran on a part of a file or lost their state: {}",
        wrong.len()
    );
    for what in wrong.iter().take(20) {
        println!("  {what}");
    }
    if !wrong.is_empty() {
        std::process::exit(1);
    }
}

fn millis(time: Option<&Duration>) -> f64 {
    time.map_or(f64::NAN, |time| time.as_secs_f64() * 1000.0)
}
