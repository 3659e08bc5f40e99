//! The memory of a process over time.

use crate::{common::process::resident, figures::slope};
use std::time::Duration;

/// What a process holds at a moment.
pub(crate) struct Sample {
    after: Duration,
    /// Its resident set, in bytes.
    resident: u64,
}

impl Sample {
    pub(crate) fn of(id: u32, after: Duration) -> Self {
        Self {
            after,
            resident: resident(id),
        }
    }
}

/// Prints the memory at the start (once the model is there), in the middle and at the end, and how fast it grows
/// in the second half.
pub(crate) fn print(samples: &[Sample]) {
    let mib = |sample: &Sample| sample.resident as f64 / f64::from(1 << 20);
    let Some(last) = samples.last() else { return };
    let at = |part: f64| {
        let wanted = last.after.mul_f64(part);
        samples
            .iter()
            .min_by_key(|sample| sample.after.abs_diff(wanted))
            .unwrap_or(last)
    };
    let marks = [0.1, 0.25, 0.5, 0.75, 1.0].map(at);
    let marks = marks.map(|sample| format!("{:.1} at {} s", mib(sample), sample.after.as_secs()));
    println!("its memory, MiB: {}", marks.join(", "));
    let most = samples.iter().map(mib).fold(0.0, f64::max);
    let half: Vec<(f64, f64)> = samples
        .iter()
        .filter(|sample| sample.after * 2 >= last.after)
        .map(|sample| (sample.after.as_secs_f64() / 60.0, mib(sample)))
        .collect();
    println!(
        "  {most:.1} at most; in the second half {:+.2} MiB a minute",
        slope(&half)
    );
}
