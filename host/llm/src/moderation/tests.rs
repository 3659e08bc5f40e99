use super::*;
use crate::gate::PATIENCE;
use chatter_http::{Breaker, Patience};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::net::TcpListener;
use wiremock::{
    Mock, MockServer, Request, Respond, ResponseTemplate,
    matchers::{body_json, header, method, path},
};

const LONG: Duration = Duration::from_secs(30);

fn client(base_url: &str) -> Moderation {
    Moderation::new(ModerationConfig {
        api_key: Some(Secret::new("sk-hidden")),
        ..ModerationConfig::new("it", base_url, "mod-1")
    })
    .unwrap()
}

async fn ask(
    client: &Moderation,
    texts: &[&str],
    within: Duration,
) -> Result<Vec<Assessment>, Unassessed> {
    ask_in("main/lobby", client, texts, within).await
}

async fn ask_in(
    room: &str,
    client: &Moderation,
    texts: &[&str],
    within: Duration,
) -> Result<Vec<Assessment>, Unassessed> {
    let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
    client
        .assess(&texts, &RoomId::new(room).unwrap(), Instant::now() + within)
        .await
}

/// What OpenAI's server says of texts, but for the categories that nobody asks for.
fn answer(scores: &[f64]) -> Value {
    let results: Vec<Value> = scores
        .iter()
        .map(|score| {
            json!({
                "flagged": *score > 0.5,
                "categories": { "hate": *score > 0.5, "violence": false },
                "category_scores": { "hate": score, "violence": 0.01 },
                "category_applied_input_types": { "hate": ["text"], "violence": [] },
            })
        })
        .collect();
    json!({ "id": "modr-1", "model": "mod-1", "results": results })
}

/// Answers in turn, and with the last one ever after.
struct InTurn(std::sync::Mutex<Vec<ResponseTemplate>>);

impl Respond for InTurn {
    fn respond(&self, _: &Request) -> ResponseTemplate {
        let mut left = self.0.lock().unwrap();
        match left.len() {
            1 => left[0].clone(),
            _ => left.remove(0),
        }
    }
}

async fn answering(responses: Vec<ResponseTemplate>) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/v1/moderations"))
        .respond_with(InTurn(std::sync::Mutex::new(responses)))
        .mount(&server)
        .await;
    server
}

fn base(server: &MockServer) -> String {
    format!("{}/v1", server.uri())
}

async fn asked(server: &MockServer) -> usize {
    server.received_requests().await.unwrap().len()
}

fn good() -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(answer(&[0.9]))
}

#[tokio::test]
async fn texts_are_asked_about_at_once_and_nothing_else_is_told() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/v1/moderations"))
        .and(header("authorization", "Bearer sk-hidden"))
        .and(body_json(
            json!({ "model": "mod-1", "input": ["one", "two"] }),
        ))
        .respond_with(ResponseTemplate::new(200).set_body_json(answer(&[0.9, 0.1])))
        .expect(1)
        .mount(&server)
        .await;
    let assessed = ask(&client(&base(&server)), &["one", "two"], LONG)
        .await
        .unwrap();
    let hate: Vec<_> = assessed
        .iter()
        .map(|it| (it.flagged, it.scores["hate"]))
        .collect();
    assert_eq!(hate, [(true, 0.9), (false, 0.1)]);
}

#[tokio::test]
async fn what_is_wrong_with_an_answer_is_said_without_the_key() {
    let scores = |scores: Value| {
        json!({ "results": [{ "flagged": true, "category_scores": scores }] }).to_string()
    };
    let long = format!("{{\"results\":[],\"x\":\"{}\"}}", "x".repeat(1 << 20));
    // Status, body, code, what is said, how often it was asked.
    let cases = [
        (200, "{".to_owned(), "garbled", "that is no moderation", 1),
        (200, "{}".to_owned(), "garbled", "that is no moderation", 1),
        (
            200,
            answer(&[]).to_string(),
            "garbled",
            "with 0 results to 1 texts",
            1,
        ),
        (
            200,
            answer(&[0.1, 0.1]).to_string(),
            "garbled",
            "with 2 results to 1 texts",
            1,
        ),
        (
            200,
            scores(json!({ "hate": "a lot" })),
            "garbled",
            "that is no moderation",
            1,
        ),
        (
            200,
            scores(json!({ "hate": null })),
            "garbled",
            "that is no moderation",
            1,
        ),
        (
            200,
            scores(json!({ "hate": 1.5 })),
            "garbled",
            "a score that is not in 0..=1",
            1,
        ),
        (
            200,
            scores(json!({ "hate": -0.1 })),
            "garbled",
            "a score that is not in 0..=1",
            1,
        ),
        (
            200,
            long,
            "garbled",
            "answered with more than 262144 bytes",
            1,
        ),
        (
            400,
            json!({ "error": { "message": "too long" } }).to_string(),
            "refused",
            "refused the request: 400: too long",
            1,
        ),
        (
            401,
            json!({ "error": { "message": "bad sk-hidden" } }).to_string(),
            "broken",
            "answered 401: bad [key]",
            1,
        ),
        (404, String::new(), "broken", "answered 404", 1),
        (500, "on fire".into(), "broken", "answered 500: on fire", 2),
        (307, String::new(), "broken", "which is not followed", 1),
    ];
    for (status, body, code, said, times) in cases {
        let response = ResponseTemplate::new(status).set_body_string(body);
        let server = answering(vec![response]).await;
        let failure = ask(&client(&base(&server)), &["x"], LONG)
            .await
            .unwrap_err();
        let text = failure.to_string();
        assert_eq!(
            (failure.code(), failure.is_of_the_texts()),
            (code, code == "refused"),
            "{text}"
        );
        assert!(text.contains(said) && !text.contains("sk-hidden"), "{text}");
        assert_eq!(asked(&server).await, times, "{text}");
    }
}

#[tokio::test]
async fn it_is_tried_again_where_that_helps() {
    let status = ResponseTemplate::new;
    // What it answers first, within how long, whether there is an answer then, how often it was asked.
    let cases = [
        (vec![status(500)], LONG, true, 2),
        (vec![status(500), status(502)], LONG, false, 2),
        (
            vec![status(429).insert_header("retry-after", "0.1")],
            LONG,
            true,
            2,
        ),
        (
            vec![status(503).insert_header("retry-after", "0")],
            LONG,
            true,
            2,
        ),
        (vec![status(429)], LONG, true, 2),
        // Longer than whoever asks has time.
        (
            vec![status(429).insert_header("retry-after", "20")],
            Duration::from_secs(10),
            false,
            1,
        ),
        (vec![status(403)], LONG, false, 1),
        (vec![status(504)], LONG, false, 1),
        (vec![status(408)], LONG, false, 1),
    ];
    for (first, within, is_answered, times) in cases {
        let said = format!("{first:?}");
        let server = answering([first, vec![good()]].concat()).await;
        let answer = ask(&client(&base(&server)), &["x"], within).await;
        assert_eq!(answer.is_ok(), is_answered, "{said}: {answer:?}");
        assert_eq!(asked(&server).await, times, "{said}");
    }
}

#[tokio::test]
async fn who_is_told_to_come_later_holds_back_the_others_too() {
    let later = ResponseTemplate::new(429).insert_header("retry-after", "50");
    let server = answering(vec![later, good()]).await;
    let client = client(&base(&server));
    for code in ["busy", "paused", "paused"] {
        let failure = ask(&client, &["x"], Duration::from_secs(20))
            .await
            .unwrap_err();
        assert_eq!(failure.code(), code);
    }
    assert_eq!(asked(&server).await, 1);
}

#[tokio::test]
async fn silence_ends_with_the_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = client(&format!("http://{}/v1", listener.local_addr().unwrap()));
    let failure = ask(&client, &["x"], Duration::from_millis(100))
        .await
        .unwrap_err();
    assert_eq!(failure.code(), "timeout");
    // Nor is it waited for again and again by those who have no more time than that.
    let mut codes = vec![failure.code()];
    while codes.last() != Some(&"resting") && codes.len() < 50 {
        let failure = ask(&client, &["x"], Duration::from_millis(100)).await;
        codes.push(failure.unwrap_err().code());
    }
    let timeouts = codes.iter().filter(|code| **code == "timeout").count();
    assert_eq!(codes.last(), Some(&"resting"), "{codes:?}");
    assert!(timeouts >= 5, "{codes:?}");
}

#[test]
fn silence_counts_for_who_had_the_better_part_of_the_time() {
    let late = || Failure::Late("504".into());
    let ms = Duration::from_millis;
    // The answer, how long it took, of how much time; whether it counts.
    let cases = [
        (Failure::TimedOut, 50, 100, true),
        (Failure::TimedOut, 49, 100, false),
        (Failure::TimedOut, 250, 500, true),
        (Failure::TimedOut, 249, 500, false),
        (Failure::TimedOut, 500, 5_000, true),
        (Failure::TimedOut, 499, 5_000, false),
        (late(), 1, 5_000, true),
        (Failure::Broken("500".into()), 1, 5_000, true),
    ];
    for (failure, took, given, counts) in cases {
        let breaker = Breaker::new(Patience {
            failures: 1,
            ..PATIENCE
        });
        let (tenant, now) = (TenantId::new("main").unwrap(), Instant::now());
        let pass = breaker.pass(tenant.clone(), now).unwrap();
        let said = format!("{failure:?} {took} {given}");
        TERMS.judge(pass, &Err::<(), _>(failure), ms(took), Some(ms(given)));
        assert_eq!(breaker.rests(&tenant, now), counts, "{said}");
    }
}

#[tokio::test]
async fn one_that_keeps_failing_is_left_alone_and_named() {
    let server = answering(vec![ResponseTemplate::new(500)]).await;
    let client = client(&base(&server));
    let trouble = |tenant| client.trouble(&TenantId::new(tenant).unwrap());
    assert_eq!(trouble("main"), None);
    for _ in 0..5 {
        assert_eq!(
            ask(&client, &["x"], LONG).await.unwrap_err().code(),
            "broken"
        );
    }
    let times = asked(&server).await;
    assert_eq!(
        ask(&client, &["x"], LONG).await.unwrap_err().code(),
        "resting"
    );
    assert_eq!(asked(&server).await, times, "it is not asked");
    let other = ask_in("acme/lobby", &client, &["x"], LONG).await;
    assert_eq!(
        other.unwrap_err().code(),
        "broken",
        "for another tenant it is"
    );
    assert_eq!(
        trouble("main").unwrap(),
        "the moderation provider it does not answer"
    );
    assert_eq!(trouble("acme"), None, "it failed once");
}

#[tokio::test]
async fn one_that_refuses_whatever_it_is_asked_is_left_alone_and_named() {
    let server = answering(vec![ResponseTemplate::new(400)]).await;
    let client = client(&base(&server));
    // Several texts at once are put again apart, and tell nothing.
    let texts = |n: usize| {
        if n.is_multiple_of(3) {
            vec!["x", "y"]
        } else {
            vec!["x"]
        }
    };
    let mut codes = Vec::new();
    for n in 0..24 {
        let failure = ask(&client, &texts(n), LONG).await.unwrap_err();
        assert_eq!(failure.is_of_the_texts(), failure.code() == "refused");
        codes.push(failure.code());
    }
    let count = |code: &str| codes.iter().filter(|it| **it == code).count();
    assert_eq!(
        (count("broken"), codes.last()),
        (5, Some(&"resting")),
        "{codes:?}"
    );
    let harmless = count("broken");
    assert_eq!(
        asked(&server).await,
        24 - count("resting") + harmless,
        "{codes:?}"
    );
}

#[tokio::test]
async fn texts_that_are_refused_in_a_row_do_not_shut_off_a_server_that_takes_others() {
    let server = MockServer::start().await;
    let is_harmless =
        |request: &Request| String::from_utf8_lossy(&request.body).contains(refusals::HARMLESS);
    Mock::given(is_harmless)
        .respond_with(good())
        .mount(&server)
        .await;
    let refused = ResponseTemplate::new(400).set_body_string("what somebody wrote");
    Mock::given(move |request: &Request| !is_harmless(request))
        .respond_with(refused)
        .mount(&server)
        .await;
    let client = client(&base(&server));
    for n in 0..30 {
        let failure = ask(&client, &["x"], LONG).await.unwrap_err();
        assert_eq!(failure.code(), "refused", "{n}");
    }
    assert!(ask(&client, &[refusals::HARMLESS], LONG).await.is_ok());
    assert_eq!(asked(&server).await, 30 + 3 + 1);
}

#[tokio::test]
async fn no_more_are_under_way_than_it_may_have() {
    let slow = good().set_delay(Duration::from_secs(60));
    let server = answering(vec![slow]).await;
    let config = ModerationConfig {
        concurrency: 1,
        queue: 1,
        ..ModerationConfig::new("it", base(&server), "mod-1")
    };
    let client = Arc::new(Moderation::new(config).unwrap());
    let first = tokio::spawn({
        let client = Arc::clone(&client);
        async move { ask(&client, &["x"], LONG).await }
    });
    while asked(&server).await == 0 {
        tokio::task::yield_now().await;
    }
    let failure = ask(&client, &["y"], Duration::from_millis(10))
        .await
        .unwrap_err();
    assert_eq!(failure.code(), "queue_full");
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    assert_eq!(asked(&server).await, 1);
}

#[test]
fn settings_are_checked() {
    let own = "http://127.0.0.1:1/v1";
    let with = |base_url: &str, change: fn(&mut ModerationConfig)| {
        let mut config = ModerationConfig::new("it", base_url, "m");
        change(&mut config);
        Moderation::new(config)
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    };
    type Case = (&'static str, fn(&mut ModerationConfig), &'static str);
    let cases: [Case; 5] = [
        (own, |_| {}, ""),
        (own, |config| config.model = " ".into(), "model: empty"),
        (own, |config| config.concurrency = 0, "concurrency: 0"),
        (
            "https://api.openai.com/v1/moderations",
            |_| {},
            "base_url: leave /moderations out",
        ),
        (
            own,
            |config| config.api_key = Some(Secret::new("a\nb")),
            "api_key: it holds",
        ),
    ];
    for (base_url, change, wrong) in cases {
        let got = with(base_url, change);
        assert!(
            got.starts_with(wrong) && got.is_empty() == wrong.is_empty(),
            "{got:?} {wrong:?}"
        );
    }
}
