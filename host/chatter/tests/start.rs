//! What keeps a server from starting, and what does not.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use rustix::process::Signal;
use std::{
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
};
use support::{
    DEADLINE, Home, Process, Server, plugins,
    viewer::{Viewer, is_persona},
};

fn stderr(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_broken_configuration_is_named_in_full() {
    let home = Home::lively();
    home.write(
        "configs/personas/nova.toml",
        "id = \"nova\"\nname = \"Nova\"\nmodule = \"regular\"\n[traits]\nhumour = 1.4\n",
    );
    home.write("configs/personas/torn.toml", "id = \"torn\n");
    home.write(
        "configs/rooms/attic.toml",
        "id = \"main/attic\"\ntitle = \"Attic\"\n[[roster]]\npersona = \"pgoo\"\n",
    );
    let expected = [
        "configs/personas/nova.toml: traits.humour: 1.4 is more than 1",
        "configs/personas/torn.toml:1:",
        "configs/rooms/attic.toml: roster.0.persona: there is no personas/pgoo.toml; did you mean `pogo`?",
    ];
    for words in [&["serve", "--data", "data"][..], &["config", "check"]] {
        let output = home.run(words);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        let lines: Vec<String> = stderr(&output).lines().map(str::to_owned).collect();
        assert_eq!(lines.len(), expected.len(), "{lines:#?}");
        for (line, part) in lines.iter().zip(expected) {
            assert!(
                line.starts_with(&format!("error: {part}")),
                "{line:?} should begin with {part:?}"
            );
        }
    }
}

#[test]
fn a_good_configuration_is_counted() {
    let output = Home::lively().run(&["config", "check"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(
        said.trim(),
        "configs: 1 room, 2 personas, 1 moderation policy: all fine"
    );
}

/// What is wrong, without what is in the log.
fn errors(output: &std::process::Output) -> String {
    let stderr = stderr(output);
    let lines = stderr.lines().filter(|line| line.starts_with("error: "));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn what_serve_refuses_is_named_by_config_check_in_the_same_words() {
    let home = Home::lively();
    for (settings, part) in [
        ("source = \"none.srt\"\n", "none.srt"),
        (
            "room = \"main/loby\"\nspeed = 2\n",
            "did you mean `main/lobby`?",
        ),
        ("audible = true\n", "--audible: viewers can't hear "),
        (
            "role = [\"gateway\"]\nsource = \"none.srt\"\n",
            "role: with the bus `memory` nobody else can be reached",
        ),
        ("log = \"chatter=loud\"\n", "log: \"chatter=loud\": "),
        (
            "bus = \"rediss://127.0.0.1:9?ca=/none.pem\"\n",
            "error: bus: ca=/none.pem: ",
        ),
        (
            "[llm.providers.it]\nkind = \"openai\"\nmodel = \"m\"\nbase_url = \"localhost/v1\"\n",
            "llm.providers.it.base_url: ",
        ),
        (
            "[llm.moderation.it]\nbase_url = \"localhost/v1\"\n",
            "llm.moderation.it.base_url: ",
        ),
        (
            "[vision]\nmodel = \"m\"\nbase_url = \"localhost/v1\"\n",
            "vision.base_url: ",
        ),
        (
            "[memory]\nprovider = \"mem0\"\nbase_url = \"localhost\"\n",
            "memory.base_url: ",
        ),
        (
            "[memory]\nembedding_model = \"m\"\nembedding_base_url = \"localhost\"\n",
            "memory.embedding_base_url: ",
        ),
    ] {
        home.write("configs/chatter.toml", settings);
        let check = home.run(&["config", "check"]);
        assert_eq!(check.status.code(), Some(2), "{settings}");
        let said = errors(&check);
        assert!(said.contains(part), "{settings}: {said}");
        let serve = ["serve", "--data", "data", "--listen", "127.0.0.1:0"];
        let serve = home.run(&serve);
        assert_eq!(serve.status.code(), Some(2), "{settings}");
        assert_eq!(errors(&serve), said, "{settings}");
    }
    let check = home.run(&["config", "check", "--log", "warn", "--watch", "nowhere"]);
    assert_eq!(check.status.code(), Some(2));
    assert!(
        stderr(&check).contains("nowhere: there is no such folder"),
        "it takes the options of serve: {}",
        stderr(&check)
    );
}

#[test]
fn a_token_that_is_too_short_is_named_by_config_check_too() {
    let home = Home::lively();
    let serve = &["serve", "--data", "data", "--listen", "127.0.0.1:0"][..];
    for words in [serve, &["config", "check"]] {
        let mut command = home.chatter(words);
        let output = command.env("CHATTER_OPERATOR_TOKEN", "hunter2").output();
        let output = output.unwrap();
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert_eq!(
            errors(&output),
            "error: the operator's token in CHATTER_OPERATOR_TOKEN is shorter than 32 characters"
        );
    }
}

#[test]
fn a_missing_key_is_missed_by_what_needs_it_alone() {
    let home = Home::lively();
    let llm = "data = \"../data\"\n[llm.providers.it]\nkind = \"openai\"\nmodel = \"m\"\n\
        base_url = \"http://127.0.0.1:9/v1\"\napi_key_env = \"NO_SUCH_KEY\"\n";
    let embedded = "data = \"../data\"\n[memory]\nembedding_base_url = \"http://127.0.0.1:9/v1\"\n\
        embedding_model = \"m\"\nembedding_api_key_env = \"NO_SUCH_KEY\"\n";
    let mem0 = "data = \"../data\"\n[memory]\nprovider = \"mem0\"\nbase_url = \"http://127.0.0.1:9\"\n\
        api_key_env = \"NO_SUCH_KEY\"\n";
    let redis = "data = \"../data\"\nbus = \"redis://127.0.0.1:9?password_env=NO_SUCH_KEY\"\n";
    let serve = &["serve", "--listen", "127.0.0.1:0"][..];
    let check = &["config", "check"][..];
    let models = &["models", "list"][..];
    let memory = &["memory", "search", "tea"][..];
    let forget = &["memory", "forget", "--all", "--yes"][..];
    home.run(&["memory", "import", "-", "--data", "data"]);
    // What is said of the key, if anything, beside the exit code.
    let refused = Some("error: the environment variable NO_SUCH_KEY, which should hold ");
    let noted = Some(" is not set here, and `chatter serve` needs it");
    for (settings, words, code, told) in [
        (llm, serve, 2, refused),
        (llm, check, 0, noted),
        (llm, models, 0, None),
        (llm, memory, 0, None),
        (embedded, serve, 2, refused),
        (embedded, check, 0, noted),
        (
            embedded,
            memory,
            0,
            Some("memories are found by their words alone"),
        ),
        (mem0, check, 0, noted),
        (mem0, models, 0, None),
        (mem0, memory, 2, refused),
        (redis, serve, 2, refused),
        (redis, check, 0, noted),
        (redis, models, 0, None),
        (redis, memory, 0, None),
        (redis, forget, 2, refused),
    ] {
        home.write("configs/chatter.toml", settings);
        let output = home.run(words);
        let said = stderr(&output);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{words:?}: {settings}{said}"
        );
        match told {
            Some(told) => assert!(said.contains(told), "{words:?}: {settings}{said}"),
            None => assert!(!said.contains("NO_SUCH_KEY"), "{words:?}: {settings}{said}"),
        }
    }
}

#[test]
fn what_the_environment_says_counts_for_every_command_that_goes_by_the_settings() {
    let home = Home::lively();
    home.run(&["memory", "import", "-", "--data", "data"]);
    home.write(
        "configs/chatter.toml",
        "[llm]\nbase_url = \"http://127.0.0.1:9/v1\"\nmodel = \"m\"\n",
    );
    for words in [
        &["config", "check"][..],
        &["memory", "search", "--data", "data"],
    ] {
        for (provider, code) in [(None, 2), (Some("openai"), 0)] {
            let mut command = home.chatter(words);
            command.env("XDG_DATA_HOME", home.path("share"));
            command.envs(provider.map(|it| ("CHATTER_LLM", it)));
            let output = command.output().unwrap();
            let said = stderr(&output);
            assert_eq!(output.status.code(), Some(code), "{words:?}: {said}");
            let is_missing = said.contains("llm.provider is missing");
            assert_eq!(is_missing, code == 2, "{words:?}: {said}");
        }
    }
}

#[test]
fn the_configuration_that_ships_is_fine() {
    let configs = concat!(env!("CARGO_MANIFEST_DIR"), "/../../configs");
    let output = Home::empty().run(&["config", "check", "--config", configs]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn wrong_use_ends_with_2_and_failure_with_1() {
    let home = Home::lively();
    home.write("file", "");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let serve = ["serve", "--data", "data", "--listen"];
    let cases: [(&[&str], i32, &str); 11] = [
        (
            &["--bus", "redis://:secret@127.0.0.1:1"],
            1,
            "nothing listens there",
        ),
        (&["--bus", "carrier-pigeon"], 2, "no such bus"),
        (&["--bus", "redis://:secret@host:x"], 2, "no Redis URL"),
        (&["--llm", "openai"], 2, "llm.model is missing"),
        (&["--llm-model", "gpt-5"], 2, "llm.provider is missing"),
        (
            &["--room", "main/loby", "--loop"],
            2,
            "did you mean `main/lobby`?",
        ),
        (&["--source", "none.srt"], 2, "none.srt"),
        (&["--nonsense"], 2, "--nonsense"),
        (
            &["--gateway-origins", "example.org"],
            2,
            "\"example.org\" is no origin, such as https://example.org",
        ),
        (
            &["--data", "file/data"],
            1,
            "the data folder file/data can't be used",
        ),
        (&["--listen", &taken], 1, "is in use"),
    ];
    for (words, code, part) in cases {
        let given = words.contains(&"--listen") || words.contains(&"--data");
        let words = if given {
            [&["serve"], words].concat()
        } else {
            [&serve[..], &["127.0.0.1:0"], words].concat()
        };
        let words = if words.contains(&"--data") {
            words
        } else {
            [&words[..], &["--data", "data"]].concat()
        };
        let output = home.run(&words);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{words:?}: {}",
            stderr(&output)
        );
        assert!(
            stderr(&output).contains(part),
            "{words:?}: {}",
            stderr(&output)
        );
    }
}

#[test]
fn one_server_for_one_data_folder() {
    let home = Home::lively();
    let _first = home.serve(&[]);
    let second = home.run(&["serve", "--data", "data", "--listen", "127.0.0.1:0"]);
    assert_eq!(second.status.code(), Some(1), "{}", stderr(&second));
    assert!(
        stderr(&second).contains("in use by another chatter"),
        "{}",
        stderr(&second)
    );
}

#[tokio::test]
async fn broken_and_missing_modules_are_named_and_left_out() {
    let home = Home::lively();
    home.write(
        "configs/personas/casper.toml",
        "id = \"casper\"\nname = \"Casper\"\nmodule = \"ghost\"\n",
    );
    home.write(
        "configs/rooms/attic.toml",
        "id = \"main/attic\"\ntitle = \"Attic\"\n[[roster]]\npersona = \"casper\"\n",
    );
    fs::create_dir_all(home.path("plugins")).unwrap();
    fs::copy(
        plugins().join("regular.wasm"),
        home.path("plugins/regular.wasm"),
    )
    .unwrap();
    home.write("plugins/hype.wasm", "this is no component");
    let server = home.serve_with(&home.path("plugins"), "127.0.0.1:0", &[]);
    let report = server.report.join("\n");
    assert!(
        report.contains("hype is left out: not a WebAssembly component"),
        "{report}"
    );
    assert!(
        report.contains("ghost is left out: no such module"),
        "{report}"
    );
    assert!(report.contains("silent without it: casper"), "{report}");
    let mut ana = Viewer::enter(&server, "name=Ana").await;
    let line = ana.until("line of a persona", is_persona).await;
    assert_eq!(line["message"]["author"]["id"], "persona:nova");
}

#[test]
fn the_report_says_what_it_runs_on() {
    let home = Home::lively();
    let server = home.serve(&[]);
    let report = server.report.join("\n");
    for part in [
        "in the process",
        "SQLite",
        "offline model",
        "--llm openai",
        "regular",
        "hype",
        "main/lobby",
        "Nova, Pogo",
        &server.url,
        "show.vtt",
        "operator-token",
    ] {
        assert!(report.contains(part), "{part:?} is missing in\n{report}");
    }
    assert!(
        report.lines().count() < 25,
        "a few lines, not a flood:\n{report}"
    );
    assert!(
        !report.contains('\u{1b}'),
        "no colours where there is no terminal"
    );
}

#[test]
fn help_teaches() {
    let home = Home::empty();
    let cases: [(&[&str], &[&str]); 4] = [
        (
            &["--help"],
            &[
                "Examples:",
                "CHATTER_LISTEN",
                "Exit codes",
                "chatter.toml",
                "tail",
            ],
        ),
        (&["serve", "--help"], &["CHATTER_SOURCE", "[llm]"]),
        (
            &["tail", "--help"],
            &["Examples:", "--after", "CHATTER_URL"],
        ),
        (&["say", "--help"], &["Examples:", "--reply-to"]),
    ];
    for (words, parts) in cases {
        let output = home.run(words);
        assert_eq!(output.status.code(), Some(0));
        let help = String::from_utf8_lossy(&output.stdout);
        for part in parts {
            assert!(
                help.contains(part),
                "{words:?}: {part:?} is missing in\n{help}"
            );
        }
    }
}

#[test]
fn the_key_of_a_language_model_is_shown_nowhere() {
    let home = Home::lively();
    let secret = "sk-kept-to-itself";
    home.write(
        "configs/chatter.toml",
        "[llm]\nprovider = \"openai\"\nbase_url = \"http://127.0.0.1:9/v1\"\n\
         model = \"some-model\"\napi_key_env = \"MY_KEY\"\n",
    );
    let plugins = plugins();
    let words = [
        "serve",
        "--compiled",
        concat!(env!("CARGO_TARGET_TMPDIR"), "/../compiled"),
        "--data",
        "data",
        "--listen",
        "127.0.0.1:0",
        "--log",
        "debug",
        "--plugins",
    ];
    let mut command = home.chatter(&words);
    command.arg(&plugins).env("MY_KEY", secret);
    let mut server = Process::start(command);
    assert!(
        server
            .line_with("llm")
            .contains("some-model at http://127.0.0.1:9/v1")
    );
    server.line_with("listening on");
    server.signal(Signal::TERM);
    assert_eq!(server.wait().code(), Some(0));
    let stderr = server.stderr();
    assert!(!stderr.is_empty() && !stderr.contains(secret), "{stderr}");
    let kept = fs::read_dir(home.path("data")).expect("a data folder");
    for file in kept
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_file())
    {
        let bytes = fs::read(&file).expect("a file");
        assert!(
            !bytes
                .windows(secret.len())
                .any(|part| part == secret.as_bytes()),
            "{}",
            file.display()
        );
    }
}

/// What a server answers to a request for a session, with these headers.
fn session(server: &Server, headers: &str) -> String {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let body = r#"{"name":"Ana"}"#;
    write!(
        stream,
        "POST /v1/sessions HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.to_ascii_lowercase()
}

#[test]
fn who_is_let_in_is_a_setting() {
    let home = Home::lively();
    let usual = home.serve(&[]);
    let answer = session(&usual, "");
    assert!(answer.starts_with("http/1.1 201 "), "{answer}");
    assert!(!answer.contains("; secure"), "{answer}");
    let friend = "origin: https://friend.example\r\n";
    let answer = session(&usual, friend);
    assert!(answer.starts_with("http/1.1 403 "), "{answer}");
    drop(usual);

    home.write(
        "chatter.toml",
        "[gateway]\nguests = false\norigins = [\"https://friend.example\"]\nsecure_cookie = true\n",
    );
    let closed = home.serve(&[]);
    let token = fs::read_to_string(home.path("data/operator-token")).unwrap();
    let operator = format!("authorization: Bearer {}\r\n", token.trim());
    let foe = "origin: https://foe.example\r\n";
    for (headers, status) in [
        ("", 401),
        (&*operator, 201),
        (&*format!("{friend}{operator}"), 201),
        (&*format!("{foe}{operator}"), 403),
    ] {
        let answer = session(&closed, headers);
        let wanted = format!("http/1.1 {status} ");
        assert!(answer.starts_with(&wanted), "{headers}: {answer}");
        assert_eq!(answer.contains("; secure"), status == 201, "{answer}");
    }
}
