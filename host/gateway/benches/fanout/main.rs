//! What it costs to show a message to a large audience: processor seconds of the server's process for
//! a million deliveries, and how late they are, beside a bare loop of one `send()` for each delivery in
//! the same run; and, if wanted, beside other servers. The server is pinned to one processor, the
//! viewers to another.
//!
//! Times on a machine that does something else too say little; processor seconds survive that, and
//! ratios within a run more so.
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

mod crowd;
mod host;
mod peers;
mod restart;

use crowd::{Crowd, Run};
use host::Server;
use std::{process::ExitCode, time::Duration};

const USAGE: &str = "\
usage: cargo xtask bench fanout [--viewers N] [--seconds N] [--peers] [PART...]
parts: even        40 messages a second, evenly spaced
       saturated   64 messages on their way at any time
       memory      of an idle viewer
       slow        what the others feel when one viewer in ten reads nothing
       restart     of the server, under 2,000 viewers
--peers measures other servers too: bun and ws (npm, put into target/), and nginx with nchan and
nats-server where they are installed (apt-get install nginx-light libnginx-mod-nchan nats-server)";

/// Messages a second, evenly spaced.
const EVEN: u32 = 40;

/// Messages on their way, saturated.
const IN_FLIGHT: u64 = 64;

/// Runs of each, of which the median counts.
const ROUNDS: usize = 3;

struct Options {
    viewers: usize,
    seconds: u64,
    peers: bool,
    parts: Vec<String>,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    if let [serve, kind, address, folder] = &words[..]
        && serve == "--serve"
    {
        host::serve(kind, address, folder.as_ref());
        return ExitCode::SUCCESS;
    }
    if words
        .iter()
        .any(|word| matches!(word.as_str(), "-h" | "--help"))
    {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    let Some(options) = read(words) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    host::pin(std::process::id(), 1);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, measure(&options));
    ExitCode::SUCCESS
}

fn read(words: Vec<String>) -> Option<Options> {
    let mut options = Options {
        viewers: 1000,
        seconds: 5,
        peers: false,
        parts: Vec::new(),
    };
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--viewers" => options.viewers = words.next()?.parse().ok().filter(|n| *n > 0)?,
            "--seconds" => options.seconds = words.next()?.parse().ok().filter(|n| *n > 0)?,
            "--peers" => options.peers = true,
            "even" | "saturated" | "memory" | "slow" | "restart" => options.parts.push(word),
            _ => return None,
        }
    }
    Some(options)
}

async fn measure(options: &Options) {
    let wants =
        |part: &str| options.parts.is_empty() || options.parts.iter().any(|wanted| wanted == part);
    let mut servers = vec!["bare", "chatter"];
    if options.peers {
        servers.extend(peers::there());
    }
    let length = Duration::from_secs(options.seconds);
    println!(
        "{} viewers, {} s each, the median of {ROUNDS} runs\n",
        options.viewers, options.seconds
    );
    if wants("even") {
        println!("{EVEN} messages a second, evenly spaced");
        let paced = |run| async move { Crowd::paced(run, EVEN, length).await };
        compare(&servers, options.viewers, paced).await;
    }
    if wants("saturated") {
        println!("{IN_FLIGHT} messages on their way at any time");
        let saturated = |run| async move { Crowd::saturated(run, IN_FLIGHT, length).await };
        compare(&servers[1..], options.viewers, saturated).await;
    }
    if wants("memory") {
        println!("memory of one of 2,000 idle viewers (resident, of the server's process)");
        for name in &servers[1..] {
            let Some(server) = Server::start(name, None).await else {
                continue;
            };
            // What it takes once, whoever comes.
            let first = Crowd::gather(&server, 100).await;
            let before = server.resident_kib();
            let crowd = Crowd::gather(&server, 2000).await;
            tokio::time::sleep(Duration::from_secs(3)).await;
            let each = (server.resident_kib() - before) / 2000.0;
            println!("  {name:<10}{each:>8.1} KiB");
            drop((first, crowd));
        }
        println!();
    }
    if wants("slow") {
        slow(options.viewers).await;
    }
    if wants("restart") {
        restart::measure(2000).await;
    }
}

async fn compare<F: Future<Output = Run>>(
    servers: &[&'static str],
    viewers: usize,
    mut run: impl FnMut(Crowd) -> F,
) {
    println!(
        "  {:<10}{:>10}{:>12}{:>14}{:>10}{:>10}{:>10}",
        "", "of first", "CPU s/M", "deliveries/s", "median", "99th", "lost"
    );
    let mut rows: Vec<(&str, Vec<Run>)> = servers.iter().map(|name| (*name, Vec::new())).collect();
    // By turns, so that what else the machine does meets all of them.
    for _ in 0..ROUNDS {
        for (name, runs) in &mut rows {
            if let Some(server) = Server::start(name, None).await {
                let crowd = Crowd::gather(&server, viewers).await;
                runs.push(run(crowd).await);
            }
        }
    }
    let mut first = None;
    for (name, runs) in &rows {
        if runs.is_empty() {
            continue;
        }
        let median = |of: fn(&Run) -> f64| {
            let mut all: Vec<f64> = runs.iter().map(of).collect();
            all.sort_by(f64::total_cmp);
            all[all.len() / 2]
        };
        let cpu = median(|run| run.cpu_per_million);
        println!(
            "  {name:<10}{:>10.2}{:>12.2}{:>14.0}{:>8.2}ms{:>8.2}ms{:>10}",
            cpu / *first.get_or_insert(cpu),
            cpu,
            median(|run| run.per_second),
            median(|run| run.median_ms),
            median(|run| run.late_ms),
            runs.iter().map(|run| run.lost).sum::<u64>(),
        );
    }
    println!();
}

/// A tenth of the viewers reads nothing.
async fn slow(viewers: usize) {
    const FAST: u32 = 400;
    println!("{FAST} messages a second, felt by those who read");
    for (what, asleep) in [("all read", 0), ("one in ten does not", viewers / 10)] {
        let Some(server) = Server::start("chatter", None).await else {
            return;
        };
        let mut crowd = Crowd::gather(&server, viewers - asleep).await;
        crowd.with_sleepers(&server, asleep).await;
        let run = Crowd::paced(crowd, FAST, Duration::from_secs(15)).await;
        println!(
            "  {what:<22}median {:>7.2} ms   99th {:>7.2} ms   lost {}   CPU {:.2} s/M",
            run.median_ms, run.late_ms, run.lost, run.cpu_per_million
        );
    }
    println!();
}
