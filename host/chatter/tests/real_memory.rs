//! The program with the real package `mem0ai` for its memory: `cargo xtask test --real`.

#![allow(clippy::unwrap_used, reason = "a test fails by what goes wrong")]

#[path = "../../memory/tests/real/mod.rs"]
mod real;
mod support;

use real::{KEY, RealMem0};
use std::{
    process::Command,
    time::{Duration, Instant},
};
use support::{
    Home, Process, ROOM, Server,
    metrics::{get, metric},
    plugins,
};

/// A small model on a busy machine takes its time.
const PATIENCE: Duration = Duration::from_secs(180);

/// Where Mem0's key is.
const VARIABLE: &str = "TEST_MEM0_KEY";

struct Deployment {
    home: Home,
    mem0: RealMem0,
}

impl Deployment {
    fn new() -> Self {
        let (home, mem0) = (Home::lively(), RealMem0::start());
        home.write(
            "configs/chatter.toml",
            format!(
                "[memory]\nprovider = \"mem0\"\nbase_url = \"{}\"\napi_key_env = \"{VARIABLE}\"\n\
                 search_ms = 20000\nwrite_ms = 60000\n[limits]\nwall_ms = 60000\n",
                mem0.address()
            ),
        );
        Self { home, mem0 }
    }

    fn serve(&self) -> Server {
        let mut command = self.home.serving(&plugins(), "127.0.0.1:0", &[]);
        command.env(VARIABLE, KEY);
        Server::listening(Process::start(command))
    }

    fn says(&self, server: &Server, text: &str) {
        let words = ["say", ROOM, text, "--name", "Ana", "--url", &server.url];
        let output = self.home.run(&words);
        assert!(output.status.success(), "{output:?}");
    }

    /// What `chatter memory search` finds.
    fn finds(&self, text: &str) -> String {
        let words = [
            "memory", "search", text, "--room", ROOM, "--json", "--data", "data",
        ];
        let mut command: Command = self.home.chatter(&words);
        let output = command.env(VARIABLE, KEY).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// Waits until it finds this.
    async fn until_found(&self, text: &str, part: &str) {
        let began = Instant::now();
        loop {
            let found = self.finds(text);
            if found.contains(part) {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "no {part:?} in {found:?}");
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
}

/// Waits until a metric is at least so much.
async fn until(server: &Server, words: &[&str], least: f64) {
    let began = Instant::now();
    loop {
        let metrics = get(server, "/metrics").await;
        if metric(&metrics, words) >= least {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "{words:?}\n{metrics}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Mem0 is killed in the middle of a chat, chatter after it, and both come back.
#[tokio::test]
#[ignore = "needs Mem0 and a language model: cargo xtask test --real"]
async fn what_personas_learn_is_at_mem0_and_waits_while_that_is_away() {
    let mut all = Deployment::new();
    let mut server = all.serve();
    all.says(&server, "i love green tea");
    all.until_found("tea", "Ana loves green tea").await;
    until(
        &server,
        &["chatter_memory_searches_total", "\"answered\""],
        1.0,
    )
    .await;

    all.mem0.kill();
    all.says(&server, "my favourite colour is violet");
    until(&server, &["chatter_memory_away"], 1.0).await;
    until(&server, &["chatter_memories_oldest_seconds"], 0.001).await;
    // The room goes on.
    let lines = ["chatter_messages_accepted_total", "kind=\"persona\""];
    let before = metric(&get(&server, "/metrics").await, &lines);
    until(&server, &lines, before + 3.0).await;

    server.process.kill();
    let server = all.serve();
    all.mem0.start_again();
    all.until_found("colour", "favourite colour is violet")
        .await;
    // What was kept before it was killed is there too, and nothing is there twice.
    let tea = all.finds("green tea");
    assert_eq!(tea.matches("Ana loves green tea").count(), 1, "{tea}");
    until(
        &server,
        &["chatter_memory_searches_total", "\"answered\""],
        1.0,
    )
    .await;
    let metrics = get(&server, "/metrics").await;
    assert_eq!(metric(&metrics, &["chatter_memory_foreign_total"]), 0.0);
}
