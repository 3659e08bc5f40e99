//! What a process costs, as Linux tells it (proc(5)).

use std::{fs, time::Duration};

/// What a process holds at a moment.
pub(crate) struct Sample {
    after: Duration,
    /// Its resident set, in bytes.
    resident: u64,
    threads: u64,
}

impl Sample {
    pub(crate) fn of(id: u32, after: Duration) -> Self {
        let status = fs::read_to_string(format!("/proc/{id}/status")).expect("a process, on Linux");
        let number = |name: &str| -> u64 {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
            number.expect("a number")
        };
        Self {
            after,
            resident: number("VmRSS:") << 10,
            threads: number("Threads:"),
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
        "  {most:.1} at most; in the second half {:+.2} MiB a minute; {} threads at the end",
        crate::figures::slope(&half),
        last.threads
    );
}

/// What a process has used of processors, its kernel's work included.
pub(crate) fn processor_time(id: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).expect("a process, on Linux");
    // The program's name, in parentheses, may hold anything.
    let (_, after) = stat.rsplit_once(") ").expect("a name");
    let ticks: u64 = after
        .split(' ')
        .skip(11)
        .take(2)
        .map(|ticks| ticks.parse::<u64>().expect("a number"))
        .sum();
    Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}
