//! `chatter memory` as an operator uses it, on the embedded memory.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use chatter_bus::redis::Link;
use chatter_protocol::{
    CallId, Timestamp,
    memory::{Kind, NewEntry},
};
use chatter_redis_server::RedisServer;
use chatter_store::{CallCommit, Duty, Store};
use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
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
        self.says(self.chatter(words), input)
    }

    /// `chatter memory` with these words, with nothing of the tester's environment that it would heed.
    fn chatter(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chatter"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CHATTER_")) {
            command.env_remove(name);
        }
        command
            .arg("memory")
            .args(words)
            .args(["--data", "data"])
            .current_dir(self.0.path());
        command
    }

    /// Exit code, stdout, stderr of a command that is told this.
    fn says(&self, mut command: Command, input: &str) -> (i32, String, String) {
        let mut child = command
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
fn a_folder_without_a_memory_is_not_taken_for_one_in_which_nothing_is_remembered() {
    let operator = Operator::new();
    for words in [&["search"][..], &["export"], &FORGET_ANA] {
        let (code, out, said) = operator.types(words, "");
        assert_eq!((code, &*out), (1, ""), "{words:?}: {said}");
        assert!(said.contains("no memory.db in data; "), "{words:?}: {said}");
    }
    assert!(!operator.0.path().join("data").exists(), "nothing is made");
    operator.types(&["import", "-"], LINES);
    let (code, _, said) = operator.types(&["search", "--about", "guest:ben"], "");
    assert!(
        code == 0 && said.ends_with("data/memory.db\n"),
        "{code} {said}"
    );
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

/// The store on a Redis, as another process has it.
async fn store_on(redis: &RedisServer) -> chatter_store::Redis {
    let link = Link::connect(redis.url().parse().unwrap()).await.unwrap();
    chatter_store::Redis::new(link)
}

/// What Nova remembers of Ana and of Ben waits in the outbox.
async fn waits(store: &dyn Store) {
    let entry = |about: &str| NewEntry {
        kind: Kind::Preference,
        text: "likes tea".into(),
        about: about.parse().ok(),
        confidence: 1.0,
        source: None,
    };
    let commit = CallCommit {
        call_id: CallId::new(),
        room: "main/lobby".parse().unwrap(),
        persona: "nova".parse().unwrap(),
        digest: "0".into(),
        state: None,
        lines: Vec::new(),
        memories: vec![entry("guest:ana"), entry("guest:ben")],
        at: Timestamp::from_millis(0),
        fence: None,
    };
    store.commit(commit).await.unwrap();
}

/// Whom the memories that wait in the outbox are about.
async fn waiting(store: &dyn Store) -> Vec<String> {
    let waiting = store.pending_memories(10, Duration::ZERO).await.unwrap();
    let about = waiting.into_iter().filter_map(|it| it.entry.about);
    about.map(|about| about.to_string()).collect()
}

const FORGET_ANA: [&str; 4] = ["forget", "--about", "guest:ana", "--yes"];

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_on_redis_is_forgotten_too_however_it_is_named() {
    let (redis, operator) = (RedisServer::start(), Operator::new());
    operator.types(&["import", "-"], "");
    let store = store_on(&redis).await;
    let url = redis.url();
    let in_words = || operator.chatter(&[&FORGET_ANA[..], &["--bus", &url]].concat());
    let in_environment = || {
        let mut command = operator.chatter(&FORGET_ANA);
        command.env("CHATTER_BUS", &url);
        command
    };
    for command in [in_words(), in_environment()] {
        waits(&store).await;
        let (code, _, said) = operator.says(command, "");
        let told = "forgotten: 0 memories, and 1 on their way there\n";
        assert_eq!((code, &*said), (0, told));
        assert_eq!(waiting(&store).await, ["guest:ben"]);
        let ids = store.pending_memories(10, Duration::ZERO).await.unwrap();
        let ids = ids.into_iter().map(|waiting| waiting.id).collect();
        store.settle_memories(ids).await.unwrap();
    }
    let mut wrong = operator.chatter(&FORGET_ANA);
    wrong.env("CHATTER_BUS", "redis://:hunter2@host:port");
    let (code, _, said) = operator.says(wrong, "");
    assert_eq!(code, 2, "{said}");
    assert!(
        said.contains("bus: ") && !said.contains("hunter2"),
        "{said}"
    );
}

/// Forgets Ana at a Mem0, with these words besides.
fn forgets_at(operator: &Operator, mem0: &MockServer, more: &[&str]) -> (i32, String) {
    let nova = ["--room", "main/lobby", "--persona", "nova"];
    let url = mem0.uri();
    let place = ["--memory", "mem0", "--memory-base-url", &url];
    let words = [&FORGET_ANA[..], &nova, &place, more].concat();
    let (code, _, said) = operator.types(&words, "");
    (code, said)
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_on_redis_keep_nothing_from_being_forgotten_and_are_named() {
    let (redis, mem0) = (RedisServer::start(), forgetful_mem0().await);
    let (store, operator) = (store_on(&redis).await, Operator::new());
    let url = redis.url();
    let forget = || forgets_at(&operator, &mem0, &["--bus", &url]);
    let told = "forgotten: 1 memories, and 1 on their way there\n";
    waits(&store).await;
    assert_eq!(forget(), (0, told.to_owned()));

    // One on another machine, and whoever has this data folder.
    let duties = store.duties();
    let an_hour = Duration::from_secs(3_600);
    duties
        .meet(Duty::Personas.group(), "far/7/1", an_hour)
        .await
        .unwrap();
    let _lock = chatter_store::lock(&operator.0.path().join("data/chatter.db")).unwrap();
    waits(&store).await;
    let (code, said) = forget();
    assert!(code == 0 && said.starts_with(told), "{code} {said}");
    assert!(said.contains("1 worker at work on this store (far/7/1): "));
    assert!(!waiting(&store).await.contains(&"guest:ana".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_fails_is_not_taken_for_a_chatter_that_runs() {
    let (mem0, operator) = (forgetful_mem0().await, Operator::new());
    let data = operator.0.path().join("data");
    fs::create_dir(&data).unwrap();
    let running = "a chatter is running on this data folder";
    {
        let _lock = chatter_store::lock(&data.join("chatter.db")).unwrap();
        let (code, said) = forgets_at(&operator, &mem0, &[]);
        assert!(code == 0 && said.contains(running), "{code} {said}");
        assert!(said.contains("in the last 60 minutes"), "{said}");
    }
    let (code, said) = forgets_at(&operator, &mem0, &["--bus", "redis://127.0.0.1:9"]);
    assert!(code == 1 && said.contains("127.0.0.1:9"), "{code} {said}");
    assert!(!said.contains(running), "{said}");
    fs::write(data.join("chatter.db"), "no store".repeat(1_000)).unwrap();
    let (code, said) = forgets_at(&operator, &mem0, &[]);
    assert!(code == 1 && said.contains("not a readable chatter store"));
    let deleted = mem0.received_requests().await.unwrap();
    let deleted = deleted.iter().filter(|request| request.method == "DELETE");
    assert_eq!(deleted.count(), 1, "with the chatter that runs");
}

#[test]
fn a_search_for_words_says_what_it_finds_at_most() {
    let operator = Operator::new();
    let one = LINES.lines().next().unwrap();
    let line = |n: u32| one.replace("likes tea", &format!("likes tea {n}"));
    let lines: Vec<_> = (0..60).map(line).collect();
    operator.types(&["import", "-"], &lines.join("\n"));
    let all = "at most 50 are found";
    for (words, found, is_cut) in [
        (&["search", "tea", "--limit", "50", "--json"][..], 50, false),
        (&["search", "tea", "--limit", "200", "--json"], 50, true),
        (&["search", "7", "--limit", "200", "--json"], 1, false),
        (&["search", "--limit", "200", "--json"], 60, false),
    ] {
        let (code, out, said) = operator.types(words, "");
        assert_eq!((code, out.lines().count()), (0, found), "{words:?}: {said}");
        assert_eq!(said.contains(all), is_cut, "{words:?}: {said}");
    }
}

/// A Mem0 that lists a thousand of Nova's memories in the lobby, `m0` to `m999`, and holds `m1000` besides.
async fn full_mem0() -> MockServer {
    let server = MockServer::start().await;
    let nova = "room:main/lobby|agent:nova";
    let entry = |n: u32| {
        let about = if n < 3 { "guest:ana" } else { "guest:ben" };
        serde_json::json!({
            "id": format!("m{n}"),
            "memory": format!("likes tea {n}"),
            "user_id": nova,
            "metadata": {
                "type": "preference", "about": about, "confidence": 0.75, "room": "main/lobby",
                "agent": "nova", "at": "2026-01-31T12:00:00.000Z", "write_id": format!("call/{n}"),
            },
        })
    };
    let mut all: Vec<_> = (0..=1_000).map(entry).collect();
    let beyond = all.pop();
    let ok = |body: serde_json::Value| ResponseTemplate::new(200).set_body_json(body);
    let mocks = [
        Mock::given(method("GET"))
            .and(path("/memories"))
            .respond_with(ok(serde_json::json!({ "results": all }))),
        Mock::given(method("POST"))
            .and(path("/search"))
            .respond_with(ok(serde_json::json!({ "results": &all[..3] }))),
        Mock::given(method("POST"))
            .and(path("/memories"))
            .respond_with(ok(serde_json::json!({ "results": [all[0]] }))),
        Mock::given(path("/memories/m1000")).respond_with(ok(serde_json::json!(beyond))),
    ];
    for mock in mocks {
        mock.mount(&server).await;
    }
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_may_not_be_whole_ends_with_a_failure() {
    let (server, operator) = (full_mem0().await, Operator::new());
    let url = server.uri();
    let place = ["--memory", "mem0", "--memory-base-url", &url];
    let nova = ["--room", "main/lobby", "--persona", "nova"];
    let beyond = "room:main/lobby|agent:nova: the memory holds more than it lists";
    for (more, count) in [(&[][..], 1_000), (&["--about", "guest:ana"], 3)] {
        let words = [&["export"], &nova[..], &place, more].concat();
        let (code, out, said) = operator.types(&words, "");
        assert_eq!((code, out.lines().count()), (1, count), "{said}");
        assert!(said.contains(beyond), "{said}");
        assert!(said.contains("may not be whole"), "{said}");
    }
    let (code, _, said) = operator.types(&[&["import", "-"], &place[..]].concat(), {
        LINES.lines().next().unwrap()
    });
    assert!(code == 0 && said.contains("taken in: 1 memories"), "{said}");
    assert!(said.contains(beyond) && said.contains("added again"));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_memories_nothing_but_the_question_goes_to_the_server_of_embeddings() {
    let (server, operator) = (MockServer::start().await, Operator::new());
    let vector = serde_json::json!({ "data": [{ "embedding": [1.0, 0.0] }] });
    Mock::given(path("/embeddings"))
        .respond_with(ResponseTemplate::new(200).set_body_json(vector))
        .mount(&server)
        .await;
    let url = server.uri();
    let place = ["--memory-embedding-base-url", &url];
    let place = [&place[..], &["--memory-embedding-model", "m"]].concat();
    operator.types(&[&["import", "-"], &place[..]].concat(), LINES);
    operator.types(&[&["export"], &place[..]].concat(), "");
    let search = ["search", "tea", "--room", "main/lobby", "--persona", "nova"];
    let (code, out, said) = operator.types(&[&search[..], &place[..]].concat(), "");
    assert!(code == 0 && out.contains("Ana likes tea"), "{out} {said}");
    let seen = server.received_requests().await.unwrap();
    let texts: Vec<_> = seen
        .iter()
        .map(|request| request.body_json::<serde_json::Value>().unwrap()["input"].clone())
        .collect();
    assert_eq!(texts, [serde_json::json!(["tea"])]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_memory_beyond_what_mem0_lists_is_forgotten_by_its_id() {
    let (server, operator) = (full_mem0().await, Operator::new());
    let url = server.uri();
    let place = ["--memory", "mem0", "--memory-base-url", &url];
    let nova = ["--room", "main/lobby", "--persona", "nova"];
    let forget = ["forget", "--id", "m1000", "--yes"];
    let (code, _, said) = operator.types(&[&forget[..], &nova, &place].concat(), "");
    assert!(
        code == 0 && said.contains("forgotten: 1 memories"),
        "{code} {said}"
    );
    let seen = server.received_requests().await.unwrap();
    let deleted: Vec<_> = seen
        .iter()
        .filter(|request| request.method == "DELETE")
        .map(|request| request.url.path())
        .collect();
    assert_eq!(deleted, ["/memories/m1000"]);
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
