//! A persona that goes through all that it can ask of its host, one step after the other, and dies
//! after the step that its profile's `style` names, for the tests of the transaction.
//!
//! The style is `WAY N`: how to die, and after how many steps. Without one it lives, says a line and
//! counts its calls.

use persona_sdk::{
    About, Error, Host, Level, Persona, Reply, StreamContext, Turn, llm,
    memory::{Kind, NewEntry},
};
use serde::{Deserialize, Serialize};
use std::{
    hash::{BuildHasher, RandomState},
    time::{Duration, Instant, SystemTime},
};

/// It has changed before anything is asked, as lines and memories would have been by most of its
/// steps.
#[derive(Default, Serialize, Deserialize)]
struct Martyr {
    calls: u32,
}

impl Persona for Martyr {
    const STATE_VERSION: u32 = 1;

    fn about() -> About {
        About::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
    }

    fn on_context(
        &mut self,
        turn: &Turn,
        _: &StreamContext,
        host: &mut dyn Host,
    ) -> Result<Reply, Error> {
        self.calls += 1;
        let mut words = turn.profile.style.split(' ');
        let way = words.next().unwrap_or_default();
        let after: usize = words
            .next()
            .and_then(|word| word.parse().ok())
            .unwrap_or(usize::MAX);
        for (done, step) in STEPS.iter().enumerate() {
            if done == after {
                die(way, host)?;
            }
            let huge = way == "choke" && done + 1 == after;
            step(host, if huge { TOO_MUCH } else { 1 });
        }
        if after == STEPS.len() {
            die(way, host)?;
        }
        Ok(Reply::say(format!("call {}", self.calls)))
    }
}

/// More bytes than a call may hand over to its host.
const TOO_MUCH: usize = 2 << 20;

/// What it asks of its host, in order; each takes how long its text is to be.
const STEPS: [fn(&mut dyn Host, usize); 14] = [
    |host, size| host.log(Level::Info, &"l".repeat(size)),
    |host, _| {
        host.remaining();
    },
    complete,
    |host, size| search(host, &"q".repeat(size)),
    remember,
    |_, _| {
        std::hint::black_box(SystemTime::now());
    },
    |_, _| {
        std::hint::black_box(Instant::now());
    },
    |_, _| {
        std::hint::black_box(RandomState::new().hash_one(1));
    },
    |_, _| println!("printed"),
    |_, _| eprintln!("printed as an error"),
    |_, _| std::thread::sleep(Duration::from_secs(5)),
    complete,
    remember,
    |host, size| host.log(Level::Info, &"l".repeat(size)),
];

fn complete(host: &mut dyn Host, size: usize) {
    let message = llm::Message {
        role: llm::Role::User,
        content: "m".repeat(size),
    };
    let request = llm::Request {
        messages: vec![message],
        max_tokens: 20,
        temperature: 1.0,
        json_schema: None,
    };
    let _ = std::hint::black_box(host.complete(&request));
}

fn search(host: &mut dyn Host, words: &str) {
    let _ = std::hint::black_box(host.search(words, &[], 3));
}

fn remember(host: &mut dyn Host, size: usize) {
    let entry = NewEntry {
        kind: Kind::PersonaNote,
        text: "r".repeat(size),
        about: None,
        confidence: 1.0,
        source: None,
    };
    let _ = std::hint::black_box(host.remember(&entry));
}

/// The ways to die. The last waits for an answer that never comes.
fn die(way: &str, host: &mut dyn Host) -> Result<(), Error> {
    match way {
        "trap" => std::process::abort(),
        "exit" => std::process::exit(3),
        "spin" => loop {
            std::hint::black_box(());
        },
        "decline" => Err(Error::new("told to decline")),
        "wait" => {
            search(host, "for ever");
            Ok(())
        }
        _ => Ok(()),
    }
}

persona_sdk::export!(Martyr);
