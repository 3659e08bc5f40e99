//! A persona that does whatever its profile's `style` says, for the tests of the sandbox.
//!
//! The first word is what to do; without one that it knows, it behaves.

use persona_sdk::{
    About, Calls, ChatMessage, Error, Host, Level, Persona, Reply, StreamContext, Turn, llm,
};
use serde::{Deserialize, Serialize};
use std::{
    hash::{BuildHasher, DefaultHasher, Hash, Hasher, RandomState},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// Counts the calls that this instance has seen: one, if instances are fresh.
static CALLS: AtomicU32 = AtomicU32::new(0);

/// What tells this build from others, and what is wrong with it: a test writes another word over the
/// one here, and has another version of the same persona.
static VERSION: [u8; 32] = *b"rascal-version:good:000000000000";

/// The word of [`VERSION`] that says what is wrong.
fn version() -> &'static str {
    // Read where it is, since the compiler must not know it.
    let version = std::hint::black_box(&VERSION);
    let text = std::str::from_utf8(version).unwrap_or_default();
    text.split(':').nth(1).unwrap_or_default()
}

/// What it keeps: how often it was called, and, if told to, a great deal more.
#[derive(Default, Serialize, Deserialize)]
struct Rascal {
    calls: u32,
    #[serde(default)]
    ballast: String,
}

impl Persona for Rascal {
    const STATE_VERSION: u32 = 3;

    fn about() -> About {
        About::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
            .only(Calls::CONTEXT | Calls::FIREHOSE)
    }

    fn on_context(
        &mut self,
        turn: &Turn,
        _: &StreamContext,
        host: &mut dyn Host,
    ) -> Result<Reply, Error> {
        self.act(turn, host)
    }

    fn on_firehose(
        &mut self,
        turn: &Turn,
        _: &[ChatMessage],
        host: &mut dyn Host,
    ) -> Result<Reply, Error> {
        self.act(turn, host)
    }
}

impl Rascal {
    fn act(&mut self, turn: &Turn, host: &mut dyn Host) -> Result<Reply, Error> {
        self.calls += 1;
        let here = CALLS.fetch_add(1, Ordering::Relaxed) + 1;
        match version() {
            // Only where somebody is to speak.
            "trap" if turn.impulse.speak => panic!("this version traps"),
            "drop" => panic!("this version traps always"),
            // More than a call usually has.
            "vast" => drop(std::hint::black_box(vec![0_u8; 100 << 20])),
            "hang" => return Ok(endless()),
            // It can't go on with what others kept.
            "deaf" if self.calls > 1 => return Err(Error::new("what is this state?")),
            _ => {}
        }
        Ok(match turn.profile.style.as_str() {
            "loop" => endless(),
            "recurse" => Reply::say(deeper(1).to_string()),
            "eat" => Reply::say(eat().to_string()),
            "panic" => panic!("told to panic"),
            "exit" => std::process::exit(3),
            "decline" => return Err(Error::new("told to decline")),
            "many" => (0..10).fold(Reply::silent(""), |reply, n| {
                reply.and_say(format!("line {n}"))
            }),
            "lines" => Reply::say("one\ntwo"),
            "long" => Reply::say("x".repeat(100_000)),
            "hoard" => {
                self.ballast = "x".repeat(100_000);
                Reply::silent("hoarding")
            }
            "flood" => {
                for n in 0..2_000 {
                    host.log(Level::Info, &format!("line {n}"));
                    println!("and again {n}");
                }
                Reply::say("flooded")
            }
            "limits" => Reply::say(limits(turn)),
            "ask" => ask(host, 1),
            "ramble" => ask(host, 65),
            "pester" => pester(host),
            "look" => Reply::say(look()),
            "sleep" => Reply::say(sleep()),
            "doze" => loop {
                std::thread::sleep(Duration::from_secs(3600));
            },
            "print" => loop {
                println!("{}", "again and again ".repeat(200));
            },
            "clock" => loop {
                std::hint::black_box((Instant::now(), SystemTime::now()));
            },
            "hashes" => loop {
                std::hint::black_box(RandomState::new().hash_one(1));
            },
            "files" => loop {
                let _ = std::fs::File::open("/etc/passwd");
            },
            "sockets" => loop {
                let _ = std::net::TcpStream::connect("127.0.0.1:80");
            },
            "stdin" => Reply::say(format!("{:?}", std::io::stdin().lines().next().is_some())),
            "dice" => Reply::say(dice(turn)),
            _ => Reply::say(format!(
                "call {} of my life, {here} of this instance",
                self.calls
            )),
        })
    }
}

/// What it is told that this call has.
fn limits(turn: &Turn) -> String {
    let limits = &turn.limits;
    format!(
        "{} lines, {} calls, {} tokens, {} searches, {} writes, {} ms",
        limits.max_lines,
        limits.llm_calls,
        limits.llm_tokens,
        limits.memory_searches,
        limits.memory_writes,
        limits.cpu_ms
    )
}

fn endless() -> Reply {
    let mut n = 0_u64;
    loop {
        n = std::hint::black_box(n.wrapping_add(1));
    }
}

#[expect(unconditional_recursion, reason = "that is the point")]
fn deeper(depth: u64) -> u64 {
    let here = std::hint::black_box([depth; 64]);
    deeper(here[7] + 1) + here[3]
}

fn eat() -> usize {
    let mut eaten = Vec::new();
    loop {
        eaten.push(std::hint::black_box(vec![1_u8; 1 << 20]));
    }
}

/// Asks in so many messages.
fn ask(host: &mut dyn Host, messages: usize) -> Reply {
    let question = llm::Message {
        role: llm::Role::User,
        content: "anyone there?".into(),
    };
    let request = llm::Request {
        messages: vec![question; messages],
        max_tokens: 20,
        temperature: 1.0,
        json_schema: None,
    };
    match host.complete(&request) {
        Ok(answer) => Reply::say(answer.text),
        Err(error) => Reply::say(format!("no answer: {}", error.reason())),
    }
}

/// Asks for more than it may, over and over, each time with a lot of text.
fn pester(host: &mut dyn Host) -> Reply {
    let content = "x".repeat(40_000);
    let message = llm::Message {
        role: llm::Role::User,
        content,
    };
    let request = llm::Request {
        messages: vec![message],
        max_tokens: 20,
        temperature: 1.0,
        json_schema: None,
    };
    let mut answers = DefaultHasher::new();
    for _ in 0..500 {
        let answer = host.complete(&request).map_err(|error| error.to_string());
        answer.map(|answer| answer.text).hash(&mut answers);
        for _ in 0..3 {
            let left = host.remaining();
            (left.calls, left.tokens).hash(&mut answers);
        }
    }
    Reply::say(format!("gave up: {:x}", answers.finish()))
}

/// What of the world can be seen from in here: nothing, it is hoped.
fn look() -> String {
    let files =
        std::fs::read_dir("/").map(Iterator::count).is_ok() || std::fs::read("/etc/passwd").is_ok();
    let written = std::fs::write("here.txt", "me").is_ok();
    let sockets = std::net::TcpStream::connect("127.0.0.1:80").is_ok()
        || std::net::TcpListener::bind("127.0.0.1:0").is_ok()
        || std::net::UdpSocket::bind("127.0.0.1:0").is_ok();
    let environment = std::env::vars().count() + std::env::args().count();
    let threads = std::thread::Builder::new().spawn(|| ()).is_ok();
    format!(
        "files {files}, written {written}, sockets {sockets}, environment {environment}, threads {threads}"
    )
}

fn sleep() -> String {
    let (wall, before) = (SystemTime::now(), Instant::now());
    std::thread::sleep(Duration::from_secs(3600));
    let slept = before.elapsed().as_secs();
    let passed = wall.elapsed().map_or(0, |passed| passed.as_secs());
    format!("slept {slept} s, {passed} s passed")
}

/// All that differs from run to run in an ordinary program.
fn dice(turn: &Turn) -> String {
    let hash = RandomState::new().hash_one(1);
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |now| now.as_millis());
    let address = std::ptr::from_ref(turn).addr();
    format!("{hash:x} {now} {address:x}")
}

persona_sdk::export!(Rascal);
