//! A room whose policy asks a moderation provider: the program, and a server in the provider's place that answers
//! by the words of a text.

#![allow(clippy::unwrap_used, reason = "a test fails by what goes wrong")]

mod support;

use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};
use support::{
    DEADLINE, Home, ROOM, Server,
    metrics::{get, get_as, metric},
    viewer::Viewer,
};
use tokio::net::TcpListener;
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers::path};

const KEY: &str = "sk-of-nobody";

/// How long a text with `slow` in it takes: nobody waits so long.
const SLOW: Duration = Duration::from_secs(300);

/// `rude` is harassment, `vile` has to do with minors.
fn answer(request: &Request) -> ResponseTemplate {
    assert_eq!(request.headers["authorization"], format!("Bearer {KEY}"));
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    // Nothing but texts.
    let fields: BTreeSet<_> = body
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(fields, BTreeSet::from(["input", "model"]));
    let texts: Vec<_> = body["input"].as_array().unwrap().iter().collect();
    let holds = |text: &Value, word| text.as_str().unwrap().contains(word);
    let result = |text: &&Value| {
        let score = |word| if holds(text, word) { 0.97 } else { 0.01 };
        json!({
            "flagged": holds(text, "rude") || holds(text, "vile"),
            "categories": {},
            "category_scores": { "harassment": score("rude"), "sexual/minors": score("vile"), "hate": 0.01 },
        })
    };
    let results: Vec<_> = texts.iter().map(result).collect();
    let answer = ResponseTemplate::new(200)
        .set_body_json(json!({ "id": "m", "model": "m", "results": results }));
    if texts.iter().any(|text| holds(text, "slow")) {
        answer.set_delay(SLOW)
    } else {
        answer
    }
}

async fn provider() -> MockServer {
    let server = MockServer::start().await;
    Mock::given(path("/v1/moderations"))
        .respond_with(answer)
        .mount(&server)
        .await;
    server
}

/// All texts that it was asked about.
async fn asked(provider: &MockServer) -> Vec<String> {
    let requests = provider.received_requests().await.unwrap();
    let texts = |request: &Request| {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let input: Vec<String> = serde_json::from_value(body["input"].clone()).unwrap();
        input
    };
    requests.iter().flat_map(texts).collect()
}

/// A room with these rules, and where its provider is.
fn home(uri: &str, rules: &str) -> Home {
    let home = Home::lively();
    home.write(
        "configs/chatter.toml",
        format!(
            "[llm.moderation.own]\nbase_url = \"{uri}/v1\"\napi_key_env = \"KEY_OF_MODERATION\"\n"
        ),
    );
    home.write(
        "configs/moderation/default.toml",
        format!("name = \"default\"\n[patterns]\nemail = \"redact\"\n[provider]\nname = \"own\"\ntimeout_ms = 5000\n{rules}\n"),
    );
    home
}

fn serve(home: &Home) -> Server {
    let mut command = home.serving(&support::plugins(), "127.0.0.1:0", &[]);
    command.env("KEY_OF_MODERATION", KEY);
    Server::listening(support::Process::start(command))
}

async fn as_operator(home: &Home, server: &Server, place: &str) -> Value {
    let token = std::fs::read_to_string(home.path("data/operator-token")).unwrap();
    let path = format!("/v1/rooms/{ROOM}{place}");
    serde_json::from_str(&get_as(server, &path, Some(token.trim())).await).unwrap()
}

/// What became of something that was said.
async fn became(viewer: &mut Viewer, nonce: &str) -> Value {
    viewer
        .until("answer", |frame| frame["nonce"] == nonce)
        .await
}

async fn said(viewer: &mut Viewer, nonce: &str, text: &str) -> Value {
    assert!(viewer.say(nonce, text).await);
    became(viewer, nonce).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_say_is_asked_about_and_waits_for_nobody_else() {
    let provider = provider().await;
    let home = home(&provider.uri(), "about = [\"people\"]");
    let server = serve(&home);
    let mut ana = Viewer::enter(&server, "name=Ana").await;
    let mut ben = Viewer::enter(&server, "name=Ben").await;
    assert_eq!(
        said(&mut ana, "1", "mail ana@example.org").await["type"],
        "ack"
    );
    assert_eq!(said(&mut ana, "2", "a rude word").await["type"], "waiting");
    let dropped = said(&mut ana, "3", "a vile word").await;
    assert_eq!(
        (&dropped["type"], &dropped["code"]),
        (&json!("error"), &json!("provider"))
    );
    let held = as_operator(&home, &server, "/held").await;
    let verdict = &held["held"][0]["verdict"];
    assert_eq!(held["held"][0]["message"]["text"], "a rude word");
    assert_eq!(
        (&verdict["rule"], &verdict["provider"]),
        (
            &json!("provider"),
            &json!({ "name": "own", "category": "harassment" })
        )
    );
    // One that gets no answer for now holds up nobody else.
    assert!(ana.say("4", "a slow word").await);
    let sent = Instant::now();
    while !asked(&provider)
        .await
        .iter()
        .any(|text| text == "a slow word")
    {
        assert!(sent.elapsed() < DEADLINE, "it was not asked");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(ana.say("5", "and on").await);
    let first = said(&mut ben, "1", "hello").await;
    // Without an answer it goes out, and its author's next one behind it.
    let (fourth, fifth) = (became(&mut ana, "4").await, became(&mut ana, "5").await);
    let offset = |frame: &Value| frame["offset"].as_u64().unwrap();
    assert!(
        offset(&first) < offset(&fourth) && offset(&fourth) < offset(&fifth),
        "{first} {fourth} {fifth}"
    );
    let metrics = get(&server, "/metrics").await;
    let unjudged = metric(
        &metrics,
        &["chatter_messages_unjudged_total", "why=\"timeout\""],
    );
    assert_eq!(unjudged, 1.0, "{metrics}");
    assert_eq!(asked(&provider).await[0], "mail ***");
    let log = server.process.stderr();
    assert!(!log.contains(KEY) && !metrics.contains(KEY), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_provider_the_policy_decides_and_operators_are_told() {
    // A port at which nobody is.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    for (on_failure, frame) in [("allow", "ack"), ("hold", "waiting")] {
        let home = home(
            &uri,
            &format!("about = [\"people\"]\non_failure = \"{on_failure}\""),
        );
        let server = serve(&home);
        // So many failures in a row, and it is left alone. Of one author no more than three may wait.
        for name in ["Ana", "Ben", "Cleo", "Dan", "Eve"] {
            let mut viewer = Viewer::enter(&server, &format!("name={name}")).await;
            let became = said(&mut viewer, "1", "hello").await;
            assert_eq!(became["type"], frame, "{on_failure}: {became}");
        }
        let status = as_operator(&home, &server, "").await;
        assert_eq!(
            status["moderation"],
            "the moderation provider own does not answer"
        );
        server
            .process
            .stderr_with("the moderation provider does not answer: can't connect to");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_of_personas_are_asked_about_too() {
    let provider = MockServer::start().await;
    Mock::given(path("/v1/moderations"))
        .respond_with(|request: &Request| {
            let body: Value = serde_json::from_slice(&request.body).unwrap();
            let texts = body["input"].as_array().unwrap();
            let result = json!({ "flagged": true, "category_scores": { "sexual/minors": 1 } });
            let results: Vec<_> = texts.iter().map(|_| result.clone()).collect();
            ResponseTemplate::new(200).set_body_json(json!({ "results": results }))
        })
        .mount(&provider)
        .await;
    let home = home(&provider.uri(), "about = [\"personas\"]");
    let server = serve(&home);
    let began = Instant::now();
    let dropped = ["chatter_messages_dropped_total", "rule=\"provider\""];
    while metric(&get(&server, "/metrics").await, &dropped) < 3.0 {
        assert!(began.elapsed() < DEADLINE, "no line was dropped");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut ana = Viewer::enter(&server, "name=Ana").await;
    assert_eq!(said(&mut ana, "1", "quiet here").await["offset"], 1);
    let audit = as_operator(&home, &server, "/audit").await;
    let verdict = &audit["verdicts"][0];
    assert_eq!(
        (&verdict["author"]["kind"], &verdict["provider"]["category"]),
        (&json!("persona"), &json!("sexual/minors")),
        "{verdict}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_when_the_program_is_killed_is_neither_lost_nor_let_through() {
    let provider = provider().await;
    let home = home(&provider.uri(), "about = [\"people\"]");
    let mut server = serve(&home);
    let mut ana = Viewer::enter(&server, "name=Ana").await;
    assert_eq!(said(&mut ana, "1", "hello").await["type"], "ack");
    assert!(ana.say("2", "a slow and vile word").await);
    let sent = Instant::now();
    while asked(&provider).await.len() < 2 {
        assert!(sent.elapsed() < DEADLINE, "it was not asked");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    server.process.kill();
    let server = serve(&home);
    let page = get(
        &server,
        &format!("/v1/rooms/{ROOM}/messages?after=0&limit=500"),
    )
    .await;
    assert!(page.contains("hello") && !page.contains("vile"), "{page}");
    // Its author, who was told nothing, sends it again.
    let mut ana = Viewer::enter(&server, "name=Ana").await;
    assert_eq!(said(&mut ana, "2", "a vile word").await["code"], "provider");
}

#[test]
fn a_provider_that_is_not_there_is_named_before_anything_starts() {
    let home = home("http://127.0.0.1:1", "");
    home.write(
        "configs/moderation/default.toml",
        "name = \"default\"\n[provider]\nname = \"onw\"\n",
    );
    home.write(
        "configs/chatter.toml",
        "[llm.moderation.own]\nbase_url = \"http://127.0.0.1:1/v1\"\n",
    );
    let checked = home.run(&["config", "check"]);
    let said = String::from_utf8_lossy(&checked.stderr).into_owned();
    assert_eq!(checked.status.code(), Some(2), "{said}");
    assert!(
        said.contains("moderation/default.toml: provider.name: there is no [llm.moderation.onw] in chatter.toml; did you mean `own`?"),
        "{said}"
    );
}
