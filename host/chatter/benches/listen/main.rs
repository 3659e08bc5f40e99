//! The program listens to a recording in real time for as long as one wants, as two processes on one Redis: one
//! that makes contexts, and one with everything else. Measured is what the others are told: whether contexts come
//! on time, how large they are, and whether the stream's clock and the words' times stay with the sound. The process
//! that listens is looked at from outside: its memory, and what it takes of a processor.

#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a benchmark ends by it, and uses its part of what the tests share"
)]

#[path = "../common/mod.rs"]
mod common;
mod figures;
mod memory;
#[path = "../../tests/support/mod.rs"]
mod support;

use chatter_protocol::{StreamContext, TopicKind};
use chatter_redis_server::RedisServer;
use common::{
    heard::Listener,
    options,
    process::{end, processor_time},
    shipped::{self, shipped},
};
use figures::{Figures, Told};
use memory::Sample;
use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use support::{Home, Process, Server, plugins};
use tokio::time::{interval, sleep_until};

const HELP: &str = "\
The whole program listens to a recording at the pace of a clock: contexts on time, their sizes, memory, drift.

Usage: cargo xtask bench listen [OPTIONS]

Options:
  --minutes N     for so long (default 1; what is slow to show wants 30)
  --source FILE   what is listened to, over and over; with its words in a .vtt beside it, their times are
                  compared (default: the shipped commentary)
  --threads N     of one inference (default: chatter's own)

It takes the time that it measures. Whatever else the machine does meanwhile is measured, too.
";

/// How often memory is looked at.
const LOOK: Duration = Duration::from_secs(5);

struct Options {
    minutes: f64,
    source: PathBuf,
    threads: Option<usize>,
}

impl Options {
    fn read() -> Self {
        let mut options = Self {
            minutes: 1.0,
            source: shipped("configs/streams/synth-rescue.mp3"),
            threads: None,
        };
        options::read(HELP, |name, mut value| {
            Some(match name {
                "--minutes" => value.amount().map(|minutes| options.minutes = minutes),
                "--source" => value.text().and_then(|file| {
                    let found = fs::canonicalize(&file);
                    options.source = found.map_err(|error| format!("--source {file}: {error}"))?;
                    Ok(())
                }),
                "--threads" => value
                    .amount()
                    .map(|threads: usize| options.threads = Some(threads)),
                _ => return None,
            })
        });
        options
    }
}

fn main() {
    let options = Options::read();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(measure(&options));
}

/// The shipped rooms and characters, and the models in a data folder.
fn home() -> Home {
    let home = shipped::home(&["personas", "moderation", "rooms", "streams"]);
    let to = home.path("ears/models");
    fs::create_dir_all(&to).unwrap();
    let models = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../models");
    for name in ["ggml-silero-v6.2.0.bin", "ggml-tiny.bin"] {
        let from = models.join(name);
        fs::copy(&from, to.join(name)).unwrap_or_else(|error| {
            panic!("{}: {error}; `cargo xtask models` gets it", from.display())
        });
    }
    home
}

async fn measure(options: &Options) {
    let redis = RedisServer::start();
    let home = home();
    let url = redis.url();
    let kinds = [TopicKind::StreamContext, TopicKind::ChatFirehose];
    let mut listener = Listener::to(&redis, kinds).await;

    let plugins = plugins();
    let plugins = plugins.to_str().expect("a path in UTF-8");
    let serve = |data: &str, more: &[&str]| {
        let compiled = concat!(env!("CARGO_TARGET_TMPDIR"), "/../compiled");
        let parts = [
            "serve",
            "--data",
            data,
            "--plugins",
            plugins,
            "--compiled",
            compiled,
        ];
        let others = [
            "--bus",
            &url,
            "--listen",
            "127.0.0.1:0",
            "--log",
            "warn,chatter=info",
        ];
        home.chatter(&[&parts[..], &others, more].concat())
    };
    let others = serve("others", &["--role", "gateway,worker,trends"]);
    let others = Server::listening(Process::start(others));
    let source = options.source.to_str().expect("a path in UTF-8");
    let threads = options.threads.map(|threads| threads.to_string());
    let mut ears = vec!["--role", "context", "--source", source, "--loop"];
    if let Some(threads) = &threads {
        ears.extend(["--speech-threads", threads]);
    }
    let ears = Server::listening(Process::start(serve("ears", &ears)));

    let id = ears.process.id();
    let (began, busy) = (Instant::now(), processor_time(id));
    let until = began + Duration::from_secs_f64(options.minutes * 60.0);
    let mut look = interval(LOOK);
    let (mut told, mut samples, mut lines) = (Vec::new(), Vec::new(), 0);
    loop {
        tokio::select! {
            () = sleep_until(until.into()) => break,
            _ = look.tick() => samples.push(Sample::of(id, began.elapsed())),
            (kind, payload) = listener.next() => if kind == TopicKind::StreamContext {
                let context: StreamContext = serde_json::from_slice(&payload).unwrap();
                told.push(Told { after: began.elapsed(), bytes: payload.len(), context });
                progress(began, options.minutes);
            } else {
                lines += 1;
            },
        }
    }
    samples.push(Sample::of(id, began.elapsed()));
    let busy = (processor_time(id) - busy).as_secs_f64() / began.elapsed().as_secs_f64();
    let said = end(ears);
    end(others);
    let truth = fs::read_to_string(options.source.with_extension("vtt")).ok();
    eprint!("\r                    \r");
    println!(
        "{:.1} minutes of {} at 1x; {lines} lines of chat meanwhile\n",
        began.elapsed().as_secs_f64() / 60.0,
        options.source.file_name().unwrap_or_default().display(),
    );
    print!("{}", Figures::of(&told, truth.as_deref()));
    println!(
        "the process that listens: {:.0} % of one core",
        busy * 100.0
    );
    memory::print(&samples);
    let complaints: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("WARN") || line.contains("ERROR"))
        .collect();
    println!("it complained {} times", complaints.len());
    for line in complaints.iter().take(10) {
        println!("  {line}");
    }
}

fn progress(began: Instant, minutes: f64) {
    eprint!(
        "\r{:6.1} of {minutes:.1} min ",
        began.elapsed().as_secs_f64() / 60.0
    );
}
