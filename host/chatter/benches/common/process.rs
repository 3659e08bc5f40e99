//! What a process costs, and its end.

use crate::support::Server;
use rustix::process::Signal;
use std::{fs, time::Duration};

/// What a process has used of processors, its kernel's work included (proc(5)).
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

/// The resident set of a process, in bytes (proc(5)).
pub(crate) fn resident(id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).expect("a process, on Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.expect("a resident set") << 10
}

/// Ends a program, which ends well, and gives what it logged.
pub(crate) fn end(mut server: Server) -> String {
    server.process.signal(Signal::TERM);
    let end = server.process.wait();
    let log = server.process.stderr();
    assert!(end.success(), "{log}");
    log
}
