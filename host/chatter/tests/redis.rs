//! The program with bus and store on a real redis-server.

mod support;

use chatter_redis_server::RedisServer;
use serde_json::{Value, json};
use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};
use support::{DEADLINE, Home, Process, ROOM, Server, viewer::Viewer};

/// A room with nobody in it.
fn quiet() -> Home {
    let home = Home::empty();
    home.write("configs/moderation/default.toml", "name = \"default\"\n");
    home.write(
        "configs/rooms/lobby.toml",
        "id = \"main/lobby\"\ntitle = \"Lobby\"\n",
    );
    home.write("plugins/README.md", "none\n");
    home
}

/// Serves it in a data folder, on a Redis.
fn serve(home: &Home, data: &str, bus: &str) -> Server {
    serve_as(home, data, bus, &[])
}

/// The same with more words.
fn serve_as(home: &Home, data: &str, bus: &str, more: &[&str]) -> Server {
    let words = ["serve", "--data", data, "--bus", bus];
    let others = ["--plugins", "plugins", "--listen", "127.0.0.1:0"];
    Server::listening(Process::start(
        home.chatter(&[&words[..], &others, more].concat()),
    ))
}

/// What `redis-cli` publishes.
fn message(id: &str, text: &str) -> Value {
    json!({
        "v": 1, "id": id, "room_id": ROOM, "text": text, "sent_at": "2026-01-31T12:00:00.000Z",
        "author": { "id": "guest:bot-1", "name": "Bot", "kind": "viewer" },
    })
}

fn status(server: &Server, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(server.address()).expect("a connection");
    stream
        .set_read_timeout(Some(DEADLINE))
        .expect("a time to wait");
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let code = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
    (code.expect("a status"), answer)
}

/// Asks until it is so.
async fn ready(server: &Server, expected: u16) -> String {
    let began = Instant::now();
    loop {
        let (code, answer) = status(server, "/readyz");
        if code == expected {
            return answer;
        }
        assert!(began.elapsed() < DEADLINE, "not {expected}: {answer}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Says it until it is acknowledged; its offset.
async fn say(viewer: &mut Viewer, text: &str) -> u64 {
    for attempt in 0.. {
        let nonce = format!("{text}-{attempt}");
        assert!(viewer.say(&nonce, text).await, "the connection has ended");
        let answer = viewer
            .until("an answer", |frame| frame["nonce"] == nonce.as_str())
            .await;
        if let Some(offset) = answer["offset"].as_u64() {
            return offset;
        }
        assert_eq!(answer["code"], "unavailable", "{answer}");
    }
    unreachable!("it is acknowledged or it fails")
}

#[tokio::test]
async fn what_is_on_redis_outlives_the_program_and_is_shared() {
    let redis = RedisServer::with(&[
        "--requirepass",
        "hunter2",
        "--appendonly",
        "yes",
        "--appendfsync",
        "always",
        "--save",
        "",
    ]);
    let url = format!("redis://:hunter2@{}", redis.address());
    let home = quiet();
    let mut first = serve(&home, "first", &url);
    let second = serve(&home, "second", &url);
    assert!(!home.path("first/chatter.db").exists());

    let mut ana = Viewer::enter(&first, "name=Ana").await;
    let mut bob = Viewer::enter(&second, "name=Bob").await;
    let offset = say(&mut ana, "hello over there").await;
    let heard = bob
        .until("Ana's message", |frame| frame["type"] == "message")
        .await;
    assert_eq!(
        (heard["offset"].as_u64(), &heard["message"]["text"]),
        (Some(offset), &json!("hello over there"))
    );

    let id = "019ac0de-0001-7a52-9d0f-3f6a1c2b4d51";
    let payload = message(id, "by hand").to_string();
    let publish = [
        "-a",
        "hunter2",
        "PUBLISH",
        "chat.ingest:{main/lobby}",
        &payload,
    ];
    // Who listens there begins to some moments after viewers are let in.
    let begun = Instant::now();
    while redis.cli(&publish) == "0" {
        assert!(begun.elapsed() < DEADLINE, "nobody listens");
    }
    for viewer in [&mut ana, &mut bob] {
        let heard = viewer
            .until("what was published", |frame| frame["message"]["id"] == id)
            .await;
        assert_eq!(heard["offset"], 2, "once, at one place");
    }

    first.process.kill();
    let third = serve(&home, "first", &url);
    let epoch = ana.hello["epoch"].as_str().expect("an epoch");
    let back = Viewer::enter(&third, &format!("name=Ana&after=1&epoch={epoch}")).await;
    assert_eq!(back.hello["recovered"], true);
    for server in [&first, &second, &third] {
        let told = format!("{}{}", server.report.join("\n"), server.process.stderr());
        assert!(
            told.contains("Redis at 127.0.0.1") && !told.contains("hunter2"),
            "{told}"
        );
    }
}

#[tokio::test]
async fn an_outage_is_told_once_and_over_when_redis_is_back() {
    let mut redis = RedisServer::start();
    let home = quiet();
    let server = serve(&home, "data", &redis.url());
    let mut ana = Viewer::enter(&server, "name=Ana").await;
    assert_eq!(say(&mut ana, "before").await, 1);
    ready(&server, 200).await;

    redis.kill();
    let answer = ready(&server, 503).await;
    assert!(answer.contains(&redis.address().to_string()), "{answer}");
    assert!(ana.say("during", "during").await);
    let refused = ana
        .until("an answer", |frame| frame["nonce"] == "during")
        .await;
    assert_eq!(refused["code"], "store_unavailable");

    redis.restart();
    ready(&server, 200).await;
    // On the same connection: nothing is missing and nothing new began.
    assert_eq!(say(&mut ana, "after").await, 2);
    let told = server.process.stderr();
    for once in ["ended the connection; it is tried again", "is back after"] {
        assert_eq!(told.matches(once).count(), 1, "{once}: {told}");
    }
    let errors = told.lines().filter(|line| line.contains("ERROR")).count();
    assert!(errors <= 5, "{errors} errors for one outage: {told}");
}

#[tokio::test]
async fn viewers_are_told_when_redis_comes_back_with_nothing() {
    let mut redis = RedisServer::forgetful();
    let home = quiet();
    let server = serve(&home, "data", &redis.url());
    let mut ana = Viewer::enter(&server, "name=Ana").await;
    assert_eq!(say(&mut ana, "before").await, 1);
    let epoch = ana.hello["epoch"].as_str().expect("an epoch").to_owned();
    redis.restart_empty();
    while ana.next().await.is_some() {}
    let mut back = Viewer::enter(&server, &format!("name=Ana&after=1&epoch={epoch}")).await;
    assert_eq!(back.hello["recovered"], false);
    assert_ne!(back.hello["epoch"], epoch.as_str());
    assert_eq!(say(&mut back, "after").await, 1);
}

#[test]
fn whoever_has_the_rooms_of_one_that_was_killed_says_so() {
    let (redis, home) = (RedisServer::start(), quiet());
    home.write(
        "configs/rooms/attic.toml",
        "id = \"main/attic\"\ntitle = \"Attic\"\n",
    );
    let serve = |data: &str| serve_as(&home, data, &redis.url(), &["--role", "trends"]);
    let (mut first, second) = (serve("first"), serve("second"));
    second.process.stderr_with("taken room=main/");
    first.process.kill();
    for room in ["main/lobby", "main/attic"] {
        second.process.stderr_with(&format!("taken room={room} "));
    }
}

/// Of those that have a role, who asks language models: personas, and summaries of streams.
#[test]
fn who_asks_language_models_keeps_what_they_cost() {
    let redis = RedisServer::start();
    let home = quiet();
    // Who reads it says that it can't be read.
    let told = "today's budgets of the language models start anew";
    for (role, keeps) in [("worker", true), ("context", true), ("trends", false)] {
        home.write(&format!("{role}/llm-budgets.json"), "{");
        let server = serve_as(&home, role, &redis.url(), &["--role", role]);
        if keeps {
            server.process.stderr_with(told);
        } else {
            assert!(!server.process.stderr().contains(told), "{role}");
        }
    }
}
