//! `chatter tail` and `chatter say` against a running server.

mod support;

use rustix::process::Signal;
use std::process::Stdio;
use support::{Home, Process, ROOM, plugins};

fn quiet() -> Home {
    let home = Home::lively();
    home.write(
        "configs/rooms/lobby.toml",
        "id = \"main/lobby\"\ntitle = \"Lobby\"\n",
    );
    home
}

/// Says something and gives back its id and offset.
fn say(home: &Home, url: &str, more: &[&str]) -> (String, u64) {
    let output = home.run(&[&["say", ROOM, "--url", url], more].concat());
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let printed = String::from_utf8_lossy(&output.stdout);
    let (id, offset) = printed.trim().split_once(' ').expect("an id and an offset");
    (id.to_owned(), offset.parse().expect("a number"))
}

#[test]
fn what_is_said_is_read_and_a_restart_leaves_nothing_out() {
    let home = quiet();
    let mut server = home.serve(&[]);
    let (url, address) = (server.url.clone(), server.address().to_owned());
    let (id, offset) = say(&home, &url, &["hello there", "--name", "Ana"]);
    assert_eq!(offset, 1);

    let mut tail = Process::start(home.chatter(&["tail", ROOM, "--url", &url, "--after", "0"]));
    assert!(tail.line_with("hello there").ends_with("Ana: hello there"));
    say(&home, &url, &["hi Ana", "--name", "Ben", "--reply-to", &id]);
    assert!(tail.line_with("hi Ana").ends_with("Ben to Ana: hi Ana"));

    server.process.kill();
    let server = home.serve_with(&plugins(), &address, &[]);
    say(&home, &server.url, &["still here", "--name", "Ana"]);
    assert!(
        tail.next_line().unwrap().ends_with("Ana: still here"),
        "nothing twice, nothing left out"
    );

    tail.signal(Signal::INT);
    assert_eq!(tail.wait().code(), Some(0));
}

#[test]
fn json_is_a_message_a_line() {
    let home = quiet();
    let server = home.serve(&[]);
    let (id, _) = say(&home, &server.url, &["first"]);
    let mut tail = Process::start(home.chatter(&[
        "tail",
        ROOM,
        "--url",
        &server.url,
        "--after",
        "0",
        "--json",
    ]));
    let line: serde_json::Value = serde_json::from_str(&tail.next_line().unwrap()).unwrap();
    assert_eq!(
        (&line["offset"], &line["message"]["id"]),
        (&1.into(), &id.into())
    );
}

#[test]
fn what_is_refused_is_said_in_a_sentence() {
    let home = quiet();
    let server = home.serve(&[]);
    let long = "x".repeat(501);
    let cases: [(&[&str], &str); 4] = [
        (&["say", "main/attic", "hello"], "no such room"),
        (&["say", ROOM, &long], "500 characters"),
        (&["say", ROOM, "some forbidden fruit"], "error: "),
        (&["tail", "main/attic"], "no such room"),
    ];
    for (words, part) in cases {
        let output = home.run(&[words, &["--url", &server.url]].concat());
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{words:?}: {stderr}");
        assert!(
            stderr.contains(part) && stderr.lines().count() == 1,
            "{words:?}: {stderr}"
        );
    }
}

#[test]
fn without_a_server_they_say_so_and_tail_can_wait_for_one() {
    let home = quiet();
    let server = home.serve(&[]);
    let (url, address) = (server.url.clone(), server.address().to_owned());
    drop(server);
    for words in [
        &["tail", ROOM, "--url", &url][..],
        &["say", ROOM, "anyone?", "--url", &url],
    ] {
        let output = home.run(words);
        assert_eq!(output.status.code(), Some(1), "{words:?}");
        assert!(
            String::from_utf8_lossy(&output.stderr).contains("chatter serve"),
            "{words:?}"
        );
    }
    let mut tail =
        Process::start(home.chatter(&["tail", ROOM, "--url", &url, "--after", "0", "--wait"]));
    let server = home.serve_with(&plugins(), &address, &[]);
    say(&home, &server.url, &["at last"]);
    tail.line_with("at last");
}

#[test]
fn a_reader_who_leaves_ends_tail_without_a_word() {
    let home = quiet();
    let server = home.serve(&[]);
    let mut tail = home.chatter(&["tail", ROOM, "--url", &server.url, "--after", "0"]);
    let mut tail = tail
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(tail.stdout.take());
    say(&home, &server.url, &["is anybody there?"]);
    let output = tail.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
