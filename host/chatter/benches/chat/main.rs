//! Twelve of the shipped characters chat in a room while it watches the shipped commentary: the program as
//! it is run, on a Redis of its own, with a language model of real weights that `cargo xtask bench chat` has
//! started. What came of it goes into a table, and the chat into a file.
//!
//! The model is small and slow, so the program is told what docs/operations.md advises for one.

#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a benchmark ends by it, and uses its part of what the tests share"
)]

#[path = "../common/mod.rs"]
mod common;
mod report;
#[path = "../../tests/support/mod.rs"]
mod support;

use chatter_protocol::{CallRecord, ChatMessage, Schematic as _, TopicKind};
use chatter_redis_server::RedisServer;
use common::{
    heard::Listener,
    options,
    process::{end, processor_time},
    shipped::{self, shipped},
};
use report::Report;
use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use support::{Home, ROOM, Server, metrics, viewer::Viewer};
use tokio::{task::JoinHandle, time::sleep};
use tokio_util::sync::CancellationToken;

const HELP: &str = "\
Twelve of the shipped characters chat on a real, small language model: tokens, latencies, fallbacks.

Usage: cargo xtask bench chat [OPTIONS]

Options:
  --minutes N     for so long (default 5)
  --to FILE       where the chat goes (default target/real/chat.txt); chatter's log goes beside it

LLAMA_ARG_THREADS=N in the environment gives llama.cpp less than all processors.
";

/// What the model is called in the configuration.
const PROVIDER: &str = "small";

/// Characters in the room.
const SEATS: usize = 12;

/// How long a person waits before saying something.
const EVERY: Duration = Duration::from_secs(20);

/// What people say, one after the other.
const SAID: &[(&str, &str)] = &[
    ("Ana", "hi everyone, first time here"),
    ("Ben", "wait, is that a synth?"),
    ("Ana", "@Nova what do you think of it?"),
    ("Carla", "lol that was close"),
    ("Ben", "who has been here before?"),
    ("Ana", "@Gus are you awake?"),
    ("Carla", "is it the power supply or the capacitors?"),
    ("Ben", "this is so good"),
];

struct Options {
    minutes: f64,
    to: PathBuf,
}

impl Options {
    fn read() -> Self {
        let mut options = Self {
            minutes: 5.0,
            to: Path::new(env!("CARGO_TARGET_TMPDIR")).join("../real/chat.txt"),
        };
        options::read(HELP, |name, mut value| match name {
            "--minutes" => Some(value.amount().map(|minutes| options.minutes = minutes)),
            "--to" => Some(value.text().map(|to| options.to = to.into())),
            _ => None,
        });
        options
    }
}

fn main() {
    let options = Options::read();
    let Ok(model) = std::env::var("CHATTER_REAL_LLM") else {
        eprintln!("no language model is named: `cargo xtask bench chat` starts one");
        std::process::exit(1);
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(measure(&options, &model));
}

async fn measure(options: &Options, model: &str) {
    let folder = options.to.parent().expect("a file is in a folder");
    fs::create_dir_all(folder).unwrap();
    let redis = RedisServer::start();
    let home = home(model);
    let server = home.serve(&["--bus", &redis.url(), "--log", "warn,chatter=info"]);
    let ended = CancellationToken::new();
    let records = listen(&redis, ended.clone()).await;
    let began = Instant::now();
    let length = Duration::from_secs_f64(options.minutes * 60.0);
    for (name, text) in SAID.iter().cycle() {
        let left = length.saturating_sub(began.elapsed());
        sleep(left.min(EVERY)).await;
        if left <= EVERY {
            break;
        }
        say(&server, name, text).await;
        eprintln!(
            "{:5.1} of {:.1} minutes",
            began.elapsed().as_secs_f64() / 60.0,
            options.minutes
        );
    }
    let metrics = metrics::get(&server, "/metrics").await;
    let messages = log(&server).await;
    let cpu = processor_time(server.process.id());
    let redis_cpu = processor_time(redis.pid());
    let logged = end(server);
    ended.cancel();
    let records = records.await.unwrap();
    fs::write(options.to.with_extension("log"), logged).unwrap();

    let report = Report {
        provider: PROVIDER,
        messages,
        records,
        metrics,
    };
    fs::write(&options.to, report.chat()).unwrap();
    println!(
        "{:.1} minutes, {SEATS} personas; SmolLM2-135M-Instruct on llama.cpp with {}; bus and store on Redis\n",
        began.elapsed().as_secs_f64() / 60.0,
        std::env::var("CHATTER_REAL_THREADS").unwrap_or_else(|_| "?".into()),
    );
    print!("{report}");
    println!(
        "\nprocessor seconds: chatter {:.1}, Redis {:.1}\nthe chat: {}",
        cpu.as_secs_f64(),
        redis_cpu.as_secs_f64(),
        options.to.canonicalize().unwrap().display()
    );
}

/// The shipped configuration with twelve characters in its room, which read what is said on the stream, and
/// with this model.
///
/// Few wait for it: whoever would wait for longer than a chat goes on talking of the same is answered by the
/// offline model at once.
fn home(model: &str) -> Home {
    let home = shipped::home(&["personas", "moderation", "streams"]);
    let lobby = fs::read_to_string(shipped("configs/rooms/lobby.toml")).unwrap();
    let (mut room, mut seats, mut counts) = (String::new(), 0, true);
    for line in lobby.lines() {
        if line.starts_with('[') {
            let is_seat = line == "[[roster]]";
            seats += usize::from(is_seat);
            counts = !is_seat || seats <= SEATS;
        }
        // Nobody listens here, and subtitles have nothing to hear.
        if counts && !line.starts_with("audible") {
            room.push_str(&line.replace(".mp3\"", ".vtt\""));
            room.push('\n');
        }
    }
    assert!(seats >= SEATS && room.contains(".vtt\""), "{room}");
    home.write("configs/rooms/lobby.toml", room);
    home.write(
        "configs/chatter.toml",
        format!(
            "[limits]\nwall_ms = 60000\n[llm]\nuse = [\"{PROVIDER}\", \"offline\"]\n[llm.providers.{PROVIDER}]\n\
             kind = \"openai\"\nmodel = \"smollm2\"\nbase_url = \"{model}/v1\"\nconcurrency = 1\nqueue = 4\n"
        ),
    );
    home
}

/// The records of all calls from now on.
async fn listen(redis: &RedisServer, ended: CancellationToken) -> JoinHandle<Vec<CallRecord>> {
    let mut listener = Listener::to(redis, [TopicKind::PersonaCalls]).await;
    tokio::spawn(async move {
        let mut records = Vec::new();
        while let Some((_, record)) = ended.run_until_cancelled(listener.next()).await {
            records.push(CallRecord::from_json(&record).unwrap());
        }
        records
    })
}

/// Somebody comes, says something, and leaves.
async fn say(server: &Server, name: &str, text: &str) {
    let mut viewer = Viewer::enter(server, &format!("name={name}")).await;
    assert!(viewer.say("1", text).await);
    viewer
        .until("an answer", |frame| frame["nonce"] == "1")
        .await;
}

/// All that was said.
async fn log(server: &Server) -> Vec<ChatMessage> {
    let (mut messages, mut after) = (Vec::new(), 0);
    loop {
        let path = format!("/v1/rooms/{ROOM}/messages?after={after}&limit=100");
        let page = metrics::get(server, &path).await;
        let page: serde_json::Value = serde_json::from_str(&page).unwrap();
        let entries = page["messages"].as_array().unwrap();
        let Some(last) = entries.last() else {
            return messages;
        };
        after = last["offset"].as_u64().unwrap();
        for entry in entries {
            messages.push(serde_json::from_value(entry["message"].clone()).unwrap());
        }
    }
}
