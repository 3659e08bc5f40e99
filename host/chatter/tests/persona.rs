//! `chatter persona` and `chatter serve --watch`, as an author types them.
#![allow(clippy::unwrap_used, reason = "a test fails by what goes wrong")]

mod support;

use chatter_llm::Offline;
use chatter_memory::Embedded;
use chatter_runtime::ModuleStatus;
use rustix::process::{Pid, Signal};
use serde_json::Value;
use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    process::{Command, Output},
    sync::Arc,
    time::{Duration, Instant},
};
use support::{DEADLINE, Home, Process, ROOM, Server, plugins, subtitles};

fn said(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    String::from_utf8_lossy(out).into_owned() + &String::from_utf8_lossy(err)
}

/// What `new` makes in Rust builds as it comes, and nothing is wrong with it; neither is anything if one goes on as the
/// guide says. What it rests on is compiled into the folder that all of chatter is, with the versions that chatter has.
#[test]
fn a_new_project_in_rust_is_good_as_it_comes_and_as_the_guide_goes_on() {
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

    // The guide's example takes its place, also where it has served.
    let before = served(&home, "new-comer");
    home.write(
        "x/src/lib.rs",
        include_str!("../../../persona-sdk/examples/parrot.rs"),
    );
    let built = build(&["--plugins", "plugins"]);
    assert_eq!(built.status.code(), Some(0), "{}", said(&built));
    let after = served(&home, "new-comer");
    assert_eq!(after.trouble, None);
    assert_ne!(after.module.digest, before.module.digest);

    // What the compiler says is passed on, and what was built before stays.
    let component = fs::read(home.path("x/dist/new-comer.wasm")).unwrap();
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

/// What serves under a name in the home's plugin folder, after what served there before.
fn served(home: &Home, name: &str) -> ModuleStatus {
    let config = chatter_runtime::Config::new(
        home.path("plugins"),
        home.path("data/modules"),
        Arc::new(Offline::new()),
        Arc::new(Embedded::in_memory().unwrap()),
    );
    let runtime = chatter_runtime::Runtime::new(config).unwrap();
    let executor = tokio::runtime::Runtime::new().unwrap();
    let loaded = executor.block_on(runtime.load_all()).unwrap();
    let (_, status) = loaded.into_iter().find(|(found, _)| found == name).unwrap();
    status.unwrap_or_else(|refused| panic!("{name}: {refused}"))
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

#[test]
fn colour_is_used_when_it_is_wanted_by_every_command() {
    let home = Home::empty();
    home.write("full/file", "");
    for command in ["new", "build", "check", "try", "test", "bench"] {
        let words: &[&str] = match command {
            "new" => &["nova", "--dir", "full"],
            _ => &["full"],
        };
        for (when, coloured) in [("always", true), ("never", false), ("auto", false)] {
            let words = [&["persona", command, "--color", when], words].concat();
            let output = home.run(&words);
            assert_eq!(output.status.code(), Some(2), "{words:?}");
            let said = said(&output);
            assert_eq!(said.contains("\u{1b}["), coloured, "{words:?}: {said:?}");
        }
    }
}

/// A project that is called bird, and the modules that ship in a plugin folder of its own.
fn with_bird(build: &str) -> Home {
    let home = Home::lively();
    for name in ["hype", "regular"] {
        home.write(
            &format!("plugins/{name}.wasm"),
            fs::read(shipped(name)).unwrap(),
        );
    }
    home.write(
        "bird/package.json",
        serde_json::json!({"name": "bird", "scripts": {"build": build}}).to_string(),
    );
    home.write("bird/node_modules/.package-lock.json", "{}");
    home.write(
        "bird/persona.toml",
        "id = \"bird\"\nname = \"Bird\"\nmodule = \"bird\"\n",
    );
    home.write("bird/from", shipped("hype"));
    home
}

fn shipped(name: &str) -> String {
    let file = plugins().join(name).with_extension("wasm");
    file.display().to_string()
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < DEADLINE, "never {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The first build of a project in Rust takes a minute, and its author goes on writing.
#[test]
fn what_is_saved_during_the_first_build_counts() {
    // It has read everything when it says that it is at work, and ends when it is let go.
    let home = with_bird(
        "from=$(cat from); touch .at-work; while [ ! -e .go ]; do sleep 0.02; done; \
         mkdir -p dist && cp $from dist/bird.wasm",
    );
    let more = ["--watch", "bird", "--log", "warn,chatter=info"];
    let process = home.start(&home.path("plugins"), "127.0.0.1:0", &more);
    until("at work", || home.path("bird/.at-work").exists());
    home.write("bird/from", shipped("regular"));
    home.write(
        "bird/persona.toml",
        "id = \"bird\"\nname = \"Early Bird\"\nmodule = \"bird\"\n",
    );
    home.write(
        "configs/rooms/show.vtt",
        subtitles().replace("Welcome back", "Good morning"),
    );
    home.write("bird/.go", "");
    let server = Server::listening(process);
    until("as it was saved", || {
        let personas = personas(&server);
        let sits = |id| personas.iter().find(|one| one["persona_id"] == id);
        let (Some(bird), Some(nova)) = (sits("bird"), sits("nova")) else {
            return false;
        };
        // Nova runs on the module that the bird is made of now.
        bird["module"]["digest"].is_string()
            && bird["module"]["digest"] == nova["module"]["digest"]
            && bird["name"] == "Early Bird"
    });
    server
        .process
        .stderr_with("configs/rooms/show.vtt is played from its beginning");
}

/// What was started for a build ends with the program, also if it is npm's and not its own.
#[test]
fn a_build_ends_with_the_program() {
    let home = with_bird("echo $$ >.part && mv .part .at-work && exec sleep 600");
    let watching = ["--watch", "bird"];
    let serve = || home.start(&home.path("plugins"), "127.0.0.1:0", &watching);
    let build = || Process::start(home.chatter(&["persona", "build", "bird"]));
    type Start<'a> = &'a dyn Fn() -> Process;
    for (what, start) in [("serve", &serve as Start), ("persona build", &build)] {
        let mut process = start();
        let at_work = home.path("bird/.at-work");
        until("at work", || at_work.exists());
        let id: i32 = fs::read_to_string(&at_work)
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        let id = Pid::from_raw(id).unwrap();
        fs::remove_file(&at_work).unwrap();
        process.signal(Signal::TERM);
        process.wait();
        until(&format!("ended with {what}"), || !runs(id));
    }
}

/// A process that waits to be reaped has ended, too.
fn runs(id: Pid) -> bool {
    let about = fs::read_to_string(format!("/proc/{}/stat", id.as_raw_nonzero()));
    about.is_ok_and(|about| !about.contains(") Z "))
}

/// A project whose build takes no time: its script copies a component that is there.
#[test]
fn a_project_that_is_watched_is_built_at_every_save_and_heard_in_the_room() {
    let home = with_bird("mkdir -p dist && cp $(cat from) dist/bird.wasm");
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

/// Its build writes a component of the new name, and leaves the one of the old name where it is.
#[test]
fn a_project_that_gets_another_name_is_built_at_every_save() {
    let home = with_bird("mkdir -p dist && cp $(cat from) dist/bird.wasm");
    let server = home.serve_with(&home.path("plugins"), "127.0.0.1:0", &["--watch", "bird"]);
    let first = digest(&server, "");

    let renamed = serde_json::json!({
        "name": "robin",
        "scripts": {"build": "mkdir -p dist && cp $(cat from) dist/robin.wasm"}
    });
    home.write("bird/package.json", renamed.to_string());
    home.write("bird/node_modules/.package-lock.json", "{}");
    server
        .process
        .stderr_with("the project is called robin now; its module goes on as bird");
    home.write("bird/from", shipped("regular"));
    assert_ne!(digest(&server, &first), first);
}
