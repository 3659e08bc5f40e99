//! The program listens to a recording in real time for as long as one wants, as two processes on one Redis: one
//! that makes contexts, and one with everything else. Measured is what the others are told: whether contexts come
//! on time, how large they are, and whether the stream's clock and the words' times stay with the sound. The process
//! that listens is looked at from outside: its memory, and what it takes of a processor.

#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a benchmark ends by it, and uses its part of what the tests share"
)]

mod figures;
mod process;
#[path = "../../tests/support/mod.rs"]
mod support;

use chatter_bus::{
    Bus as _, Heard,
    redis::{Link, Redis},
};
use chatter_protocol::{StreamContext, Topic, TopicKind};
use chatter_redis_server::RedisServer;
use figures::{Figures, Told};
use process::{Sample, processor_time};
use rustix::process::Signal;
use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use support::{Home, ROOM, Server, plugins};
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
    fn read(mut words: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let mut options = Self {
            minutes: 1.0,
            source: shipped("configs/streams/synth-rescue.mp3"),
            threads: None,
        };
        while let Some(name) = words.next() {
            let mut value = || words.next().ok_or(format!("{name} needs a value"));
            match name.as_str() {
                "--minutes" => {
                    let value = value()?;
                    let minutes = value.parse().ok().filter(|minutes| *minutes > 0.0);
                    options.minutes =
                        minutes.ok_or(format!("--minutes {value}: not a number of minutes"))?;
                }
                "--source" => {
                    let value = value()?;
                    let found = fs::canonicalize(&value);
                    options.source = found.map_err(|error| format!("--source {value}: {error}"))?;
                }
                "--threads" => {
                    let value = value()?;
                    let threads = value.parse().ok().filter(|threads| *threads > 0);
                    let wrong = format!("--threads {value}: not a number of threads");
                    options.threads = Some(threads.ok_or(wrong)?);
                }
                "-h" | "--help" => return Ok(None),
                // Cargo's own.
                "--bench" => {}
                _ => return Err(format!("{name}: there is no such option")),
            }
        }
        Ok(Some(options))
    }
}

fn shipped(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

fn main() {
    let options = match Options::read(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => return print!("{HELP}"),
        Err(wrong) => {
            eprintln!("{wrong}\n\n{HELP}");
            std::process::exit(2);
        }
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(measure(&options));
}

/// The shipped rooms and characters, and the models in a data folder.
fn home() -> Home {
    let home = Home::empty();
    for folder in ["personas", "moderation", "rooms", "streams"] {
        for entry in fs::read_dir(shipped("configs").join(folder)).unwrap() {
            let entry = entry.unwrap();
            let name = format!("configs/{folder}/{}", entry.file_name().to_str().unwrap());
            home.write(&name, fs::read(entry.path()).unwrap());
        }
    }
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
    let bus = Redis::new(Link::connect(url.parse().unwrap()).await.unwrap());
    let topic = |kind| Topic::new(kind, ROOM.parse().unwrap());
    let topics = [
        topic(TopicKind::StreamContext),
        topic(TopicKind::ChatFirehose),
    ];
    let mut heard = bus.subscribe(&topics).await.unwrap();

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
    let mut others = Server::listening(support::Process::start(others));
    let source = options.source.to_str().expect("a path in UTF-8");
    let threads = options.threads.map(|threads| threads.to_string());
    let mut ears = vec!["--role", "context", "--source", source, "--loop"];
    if let Some(threads) = &threads {
        ears.extend(["--speech-threads", threads]);
    }
    let mut ears = Server::listening(support::Process::start(serve("ears", &ears)));

    let id = ears.process.id();
    let (began, busy) = (Instant::now(), processor_time(id));
    let end = began + Duration::from_secs_f64(options.minutes * 60.0);
    let mut look = interval(LOOK);
    let (mut told, mut samples, mut lines) = (Vec::new(), Vec::new(), 0);
    loop {
        tokio::select! {
            () = sleep_until(end.into()) => break,
            _ = look.tick() => samples.push(Sample::of(id, began.elapsed())),
            said = heard.next() => match said.expect("the bus goes on") {
                Heard::Message { topic, payload } if topic.kind == TopicKind::StreamContext => {
                    let context: StreamContext = serde_json::from_slice(&payload).unwrap();
                    told.push(Told { after: began.elapsed(), bytes: payload.len(), context });
                    progress(began, options.minutes);
                }
                Heard::Message { .. } => lines += 1,
                // A figure of half of what was told would be wrong.
                Heard::Lagged { missed, .. } => panic!("{missed} messages were missed"),
            },
        }
    }
    samples.push(Sample::of(id, began.elapsed()));
    let busy = (processor_time(id) - busy).as_secs_f64() / began.elapsed().as_secs_f64();
    for server in [&mut ears, &mut others] {
        server.process.signal(Signal::TERM);
        let end = server.process.wait();
        assert!(end.success(), "{}", server.process.stderr());
    }
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
    process::print(&samples);
    let said = ears.process.stderr();
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
