//! `chatter persona` and `chatter serve --watch`, as an author types them.
#![allow(clippy::unwrap_used, reason = "a test fails by what goes wrong")]

mod support;

use serde_json::Value;
use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    process::{Command, Output},
    time::{Duration, Instant},
};
use support::{DEADLINE, Home, ROOM, Server, plugins};

fn said(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    String::from_utf8_lossy(out).into_owned() + &String::from_utf8_lossy(err)
}

/// What `new` makes in Rust builds as it comes, and nothing is wrong with it. What it rests on is
/// compiled into the folder that all of chatter is, with the versions that chatter has.
#[test]
fn a_new_project_in_rust_is_good_as_it_comes() {
    let home = Home::empty();
    let made = home.run(&["persona", "new", "new-comer", "--dir", "x"]);
    assert_eq!(made.status.code(), Some(0), "{}", said(&made));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    fs::copy(root.join("Cargo.lock"), home.path("x/Cargo.lock")).unwrap();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let build = |more: &[&str]| -> Output {
        let mut command: Command =
            home.chatter(&[&["persona", "build", "x", "--debug"], more].concat());
        command
            .env("CARGO_TARGET_DIR", target)
            .env("CARGO_NET_OFFLINE", "true");
        command.output().unwrap()
    };
    let built = build(&["--plugins", "plugins"]);
    assert_eq!(built.status.code(), Some(0), "{}", said(&built));
    let component = fs::read(home.path("x/dist/new-comer.wasm")).unwrap();
    assert!(component == fs::read(home.path("plugins/new-comer.wasm")).unwrap());

    let checked = home.run(&["persona", "check", "x", "--json"]);
    assert_eq!(checked.status.code(), Some(0), "{}", said(&checked));
    let report: Value = serde_json::from_slice(&checked.stdout).unwrap();
    assert_eq!(report["about"]["name"], "new-comer");
    let calls = report["tried"].as_array().unwrap();
    let spoke = calls
        .iter()
        .any(|call| call["ended"].as_str().unwrap().starts_with("said "));
    assert!(spoke, "{calls:#?}");

    // What the compiler says is passed on, and what was built before stays.
    home.write("x/src/lib.rs", "pub fn wrong() -> u32 { \"text\" }");
    let failed = build(&[]);
    assert_eq!(failed.status.code(), Some(1));
    assert!(
        said(&failed).contains("mismatched types"),
        "{}",
        said(&failed)
    );
    assert!(component == fs::read(home.path("x/dist/new-comer.wasm")).unwrap());
}

#[test]
fn what_is_wrong_is_told_by_words_and_exit_code() {
    let home = Home::empty();
    home.write("full/file", "");
    home.write("bad.wasm", "no component");
    home.write("torn/Cargo.toml", "[package]\n");
    let cases: [(&[&str], i32, &str); 7] = [
        (&["persona", "new", "No Va"], 2, "can't be a persona's name"),
        (
            &["persona", "new", "nova", "--lang", "cobol"],
            2,
            "invalid value",
        ),
        (
            &["persona", "new", "nova", "--dir", "full"],
            2,
            "the folder is not empty",
        ),
        (
            &["persona", "build", "full"],
            2,
            "`chatter persona new NAME` makes one",
        ),
        (&["persona", "build", "torn"], 2, "package.name is missing"),
        (
            &["persona", "check", "bad.wasm"],
            1,
            "does not start as WebAssembly does",
        ),
        (
            &["persona", "check", "none.wasm"],
            2,
            "there is no such file",
        ),
    ];
    for (words, code, part) in cases {
        let output = home.run(words);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{words:?}: {}",
            said(&output)
        );
        assert!(said(&output).contains(part), "{words:?}: {}", said(&output));
    }
}

fn personas(server: &Server) -> Vec<Value> {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    let request = format!(
        "GET /v1/rooms/{ROOM} HTTP/1.0\r\nhost: {}\r\n\r\n",
        server.address()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let status: Value = serde_json::from_str(body).unwrap();
    status["personas"].as_array().unwrap().clone()
}

/// The digest that the room's bird runs on, as soon as it is another.
fn digest(server: &Server, before: &str) -> String {
    let started = Instant::now();
    loop {
        let personas = personas(server);
        let bird = personas
            .iter()
            .find(|persona| persona["persona_id"] == "bird");
        let digest = bird
            .and_then(|bird| bird["module"]["digest"].as_str())
            .unwrap_or_default();
        if digest != before {
            return digest.to_owned();
        }
        assert!(
            started.elapsed() < DEADLINE,
            "still {before:?}: {personas:#?}"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A project whose build takes no time: its script copies a component that is there.
#[test]
fn a_project_that_is_watched_is_built_at_every_save_and_heard_in_the_room() {
    let home = Home::lively();
    let shipped = |name: &str| {
        plugins()
            .join(name)
            .with_extension("wasm")
            .display()
            .to_string()
    };
    for name in ["hype", "regular"] {
        home.write(
            &format!("plugins/{name}.wasm"),
            fs::read(shipped(name)).unwrap(),
        );
    }
    home.write(
        "bird/package.json",
        r#"{"name": "bird", "scripts": {"build": "mkdir -p dist && cp $(cat from) dist/bird.wasm"}}"#,
    );
    home.write("bird/node_modules/.package-lock.json", "{}");
    home.write(
        "bird/persona.toml",
        "id = \"bird\"\nname = \"Bird\"\nmodule = \"bird\"\n",
    );
    home.write("bird/from", shipped("hype"));
    let server = home.serve_with(
        &home.path("plugins"),
        "127.0.0.1:0",
        &["--watch", "bird", "--log", "warn,chatter=info"],
    );
    assert!(
        server.report.iter().any(|line| line.contains("Bird")),
        "{:#?}",
        server.report
    );
    let first = digest(&server, "");

    home.write("bird/from", shipped("regular"));
    let second = digest(&server, &first);

    home.write("bird/from", "nowhere");
    server.process.stderr_with("bird is not built");
    let stderr = server.process.stderr();
    assert!(
        stderr.contains("nowhere"),
        "what the tool says is passed on: {stderr}"
    );
    assert!(stderr.contains("what was built before goes on"), "{stderr}");
    home.write("bird/from", shipped("hype"));
    assert_eq!(digest(&server, &second), first);
}
