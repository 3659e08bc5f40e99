//! `chatter memory` as an operator uses it, on the embedded memory.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};
use tempfile::TempDir;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{method, path, query_param},
};

const LINES: &str = r#"{"room":"main/lobby","persona":"nova","kind":"preference","text":"Ana likes tea","about":"guest:ana","confidence":0.75,"at":"2026-01-31T12:00:00.000Z"}
{"room":"main/lobby","persona":"rex","kind":"relationship","text":"Ana is a friend","about":"guest:ana","confidence":0.5,"at":"2026-01-31T12:00:01.000Z"}
{"room":"acme/lobby","persona":"rex","kind":"persona-note","text":"the boss fell","confidence":1.0,"at":"2026-01-31T12:00:02.000Z"}
"#;

struct Operator(TempDir);

impl Operator {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("configs")).unwrap();
        Self(folder)
    }

    /// Exit code, stdout, stderr.
    fn types(&self, words: &[&str], input: &str) -> (i32, String, String) {
        let here: &Path = self.0.path();
        let mut child = Command::new(env!("CARGO_BIN_EXE_chatter"))
            .arg("memory")
            .args(words)
            .args(["--data", "data"])
            .current_dir(here)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // It may end before it reads.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (
            output.status.code().unwrap(),
            text(output.stdout),
            text(output.stderr),
        )
    }
}

#[test]
fn memories_are_taken_in_once_found_and_given_out_again() {
    let operator = Operator::new();
    let (code, _, said) = operator.types(&["import", "-"], LINES);
    assert_eq!((code, &*said), (0, "taken in: 3 memories; 0 were known\n"));
    let (code, _, said) = operator.types(&["import", "-"], LINES);
    assert_eq!((code, &*said), (0, "taken in: 0 memories; 3 were known\n"));

    for (words, found) in [
        (&["search", "tea", "--json"][..], 1),
        (&["search", "--about", "guest:ana", "--json"], 2),
        (&["search", "friend", "--about", "guest:ana", "--json"], 1),
        (&["search", "--tenant", "acme", "--json"], 1),
        (&["search", "--kind", "preference", "--json"], 1),
        (&["search", "--limit", "2", "--json"], 2),
        (&["search", "--room", "main/attic", "--json"], 0),
        (&["export"], 3),
        (&["export", "--persona", "rex"], 2),
    ] {
        let (code, out, said) = operator.types(words, "");
        assert_eq!(
            (code, out.lines().count()),
            (0, found),
            "{words:?}: {out}{said}"
        );
    }
    let (_, out, _) = operator.types(&["search", "tea"], "");
    assert!(
        out.contains("main/lobby nova preference about guest:ana, 75% sure"),
        "{out}"
    );

    let (_, exported, _) = operator.types(&["export"], "");
    let other = Operator::new();
    assert_eq!(other.types(&["import", "-"], &exported).0, 0);
    assert_eq!(other.types(&["export"], "").1.lines().count(), 3);
}

#[test]
fn a_person_is_forgotten_by_all_personas() {
    let operator = Operator::new();
    operator.types(&["import", "-"], LINES);
    let (code, _, said) = operator.types(&["forget", "--about", "guest:ana"], "");
    assert_eq!(code, 2, "nobody can be asked: {said}");
    assert!(
        said.contains("2 memories of 2 personas") && said.contains("--yes"),
        "{said}"
    );
    let (code, _, said) = operator.types(&["forget", "--about", "guest:ana", "--yes"], "");
    assert_eq!((code, &*said), (0, "forgotten: 2 memories\n"));
    let (_, out, _) = operator.types(&["export"], "");
    assert!(
        out.lines().count() == 1 && out.contains("the boss fell"),
        "{out}"
    );
}

/// A Mem0 that keeps one memory of Nova's in the lobby and names nobody when it is asked whose there are.
async fn forgetful_mem0() -> MockServer {
    let server = MockServer::start().await;
    let nova = "room:main/lobby|agent:nova";
    let one = serde_json::json!({ "results": [{
        "id": "m1",
        "memory": "Ana likes tea",
        "user_id": nova,
        "metadata": {
            "type": "preference", "about": "guest:ana", "confidence": 0.75, "room": "main/lobby",
            "agent": "nova", "at": "2026-01-31T12:00:00.000Z", "write_id": "call/0",
        },
    }] });
    let none = serde_json::json!({ "results": [] });
    let ok = |body: &serde_json::Value| ResponseTemplate::new(200).set_body_json(body);
    let mocks = [
        Mock::given(method("GET"))
            .and(path("/entities"))
            .respond_with(ok(&serde_json::json!([]))),
        Mock::given(method("GET"))
            .and(path("/memories"))
            .and(query_param("user_id", nova))
            .respond_with(ok(&one)),
        Mock::given(method("GET"))
            .and(path("/memories"))
            .respond_with(ok(&none)),
        Mock::given(method("DELETE"))
            .and(path("/memories/m1"))
            .respond_with(ok(&serde_json::json!({ "message": "gone" }))),
    ];
    for mock in mocks {
        mock.mount(&server).await;
    }
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_forgotten_by_configured_personas_that_mem0_does_not_name() {
    let server = forgetful_mem0().await;
    let url = server.uri();
    let operator = Operator::new();
    let forget = || {
        let words = ["forget", "--about", "guest:ana", "--yes"];
        let place = ["--memory", "mem0", "--memory-base-url", &url];
        operator.types(&[&words[..], &place[..]].concat(), "")
    };
    let deleted = async || {
        let seen = server.received_requests().await.unwrap();
        seen.iter()
            .filter(|request| request.method == "DELETE")
            .count()
    };

    let (code, _, said) = forget();
    assert!(
        code == 0 && said.contains("nothing is remembered of that"),
        "{code} {said}"
    );
    assert_eq!(deleted().await, 0);

    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs");
    let configs = operator.0.path().join("configs");
    for folder in ["personas", "moderation", "rooms"] {
        fs::create_dir(configs.join(folder)).unwrap();
    }
    for file in ["personas/nova.toml", "moderation/default.toml"] {
        fs::copy(shipped.join(file), configs.join(file)).unwrap();
    }
    // She sits in no room today; what she was told in one stays.
    fs::write(
        configs.join("rooms/lobby.toml"),
        "id = \"main/lobby\"\ntitle = \"Lobby\"\nroster = []\n",
    )
    .unwrap();
    let (code, _, said) = forget();
    assert_eq!((code, &*said), (0, "forgotten: 1 memories\n"));
    assert_eq!(deleted().await, 1);

    fs::write(configs.join("rooms/lobby.toml"), "id = 7").unwrap();
    let (_, _, said) = forget();
    assert!(
        said.contains("the configuration can't be read") && said.contains("rooms/lobby.toml"),
        "{said}"
    );
}

#[test]
fn wrong_use_is_said_with_its_place() {
    let operator = Operator::new();
    for (words, input, code, why) in [
        (&["forget", "--yes"][..], "", 2, "say what to forget"),
        (&["import", "-"], "{}\n", 2, "-:1: missing field"),
        (&["import", "gone.jsonl"], "", 2, "gone.jsonl"),
        (&["search", "--about", "Ana B"], "", 2, "is not an author"),
        (&["search", "--kind", "hatred"], "", 2, "no kind of memory"),
        (
            &["search", "--memory", "mem0"],
            "",
            2,
            "memory.base_url is missing",
        ),
        (
            &[
                "search",
                "x",
                "--room",
                "main/lobby",
                "--persona",
                "nova",
                "--memory",
                "mem0",
                "--memory-base-url",
                "http://127.0.0.1:9",
            ],
            "",
            1,
            "http://127.0.0.1:9",
        ),
    ] {
        let (got, _, said) = operator.types(words, input);
        assert!(got == code && said.contains(why), "{words:?}: {got} {said}");
    }
}
