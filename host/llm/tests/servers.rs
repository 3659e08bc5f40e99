//! What a server may do to a client, whatever API it speaks.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod support;

use chatter_llm::{Kind, LanguageModel as _, ProviderConfig, Router, RouterConfig, ServerConfig};
use chatter_protocol::{
    Clock, RoomId,
    llm::{Completion, Error},
};
use serde_json::{Value, json};
use std::time::Duration;
use support::{Act, LONG, Server, asker, fails, logged, request, router};
use tokio::{net::TcpListener, time::Instant};
use tracing::Level;

#[tokio::test]
async fn a_good_answer_becomes_one_line() {
    let server = Server::saying(
        json!({ "role": "assistant", "content": "<think>hm</think>\"what a\njump\"" }),
    )
    .await;
    let completion = server.ask(LONG).await.unwrap();
    let expected = Completion {
        text: "what a jump".into(),
        model: "tiny-1".into(),
        input_tokens: 21,
        output_tokens: 5,
    };
    assert_eq!(completion, expected);
}

#[tokio::test]
async fn the_request_is_what_the_api_wants() {
    let server = Server::saying(json!({ "content": "ok" })).await;
    server.ask(LONG).await.unwrap();
    let (head, body) = &server.requests()[0];
    assert!(
        head.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"),
        "{head}"
    );
    assert!(head.contains("authorization: Bearer sk-hidden"), "{head}");
    let expected = json!({
        "model": "tiny",
        "messages": [
            { "role": "system", "content": "You are Nova." },
            { "role": "user", "content": "Say something." },
        ],
        "max_tokens": 40, "temperature": 0.5, "seed": 7, "stream": false,
    });
    assert_eq!(serde_json::from_str::<Value>(body).unwrap(), expected);
}

#[tokio::test]
async fn refusals_are_told_apart() {
    let says = |message: &str| json!({ "error": { "message": message } }).to_string();
    let refused = || Error::Refused("its server does not take it".into());
    let broken = || Error::Unavailable("it answered with an error".into());
    // What whoever asks is told, and what the operator.
    let cases = [
        (
            "504 Gateway Timeout",
            String::new(),
            Error::Timeout,
            "HERE answered 504",
        ),
        (
            "400 Bad Request",
            says("too\nlong"),
            refused(),
            "it refused the request: 400: too long",
        ),
        (
            "401 Unauthorized",
            says("wrong key sk-hidden"),
            broken(),
            "HERE answered 401: wrong key [key]",
        ),
        (
            "403 Forbidden",
            says("not yours"),
            broken(),
            "HERE answered 403: not yours",
        ),
        (
            "404 Not Found",
            says("no model tiny"),
            broken(),
            "HERE answered 404: no model tiny",
        ),
        (
            "500 Internal Server Error",
            "<html>oops</html>".into(),
            broken(),
            "HERE answered 500",
        ),
    ];
    for (status, body, error, why) in cases {
        let server = Server::with_status(status, "", body.as_bytes()).await;
        let here = format!("http://{}/v1", server.address);
        let told = server.fails(Kind::OpenAi).await;
        assert_eq!(told, (error, why.replace("HERE", &here)), "{status}");
    }
}

/// What OpenAI's newer models say to a temperature, and what a model says that thinks until no tokens are left.
#[tokio::test]
async fn a_server_that_makes_nothing_of_any_request_is_told_once_with_its_words() {
    let why = "Unsupported value: 'temperature' does not support 0.5 with this model.";
    let refused = Act::respond(
        "400 Bad Request",
        "",
        json!({ "error": { "message": why } }).to_string(),
    );
    let thought = Act::json(&json!({
        "choices": [{ "message": { "content": "" }, "finish_reason": "length" }],
    }));
    let good = Act::says(Kind::OpenAi, "gg");
    for (act, why, hint) in [
        (refused, why, "`sampling = false`"),
        (thought, "nothing but reasoning", "`reasoning = \"off\"`"),
    ] {
        let acts = [vec![act; 15], vec![good.clone()]].concat();
        let server = Server::doing(acts).await;
        let model = server.alone(Kind::OpenAi);
        let mut others = asker();
        others.scope.room = RoomId::new("main/studio").unwrap();
        let asking = async {
            for asker in [asker(), others].iter().cycle().take(18) {
                let _ = model.complete(&request(), asker, 7, LONG).await;
            }
        };
        let ((), log) = logged(Level::INFO, asking).await;
        let told: Vec<_> = log.lines().collect();
        assert_eq!(told.len(), 2, "{log}");
        for part in ["WARN", why, hint, "provider=\"it\"", "model=\"tiny\""] {
            assert!(told[0].contains(part), "{part}: {log}");
        }
        assert!(told[1].contains("answers again"), "{log}");
    }
}

#[tokio::test]
async fn what_a_server_says_of_a_refusal_is_bounded() {
    let body = json!({ "error": "x".repeat(100_000) }).to_string();
    let server = Server::with_status("400 Bad Request", "", body.as_bytes()).await;
    let (_, why) = server.fails(Kind::OpenAi).await;
    let length = why.chars().count();
    assert!((200..250).contains(&length), "{length} characters");
}

#[tokio::test]
async fn silence_and_bodies_without_an_end_run_into_the_deadline() {
    // More is announced than ever comes, and the server keeps the connection open.
    let begun = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"choices\"".to_vec();
    for bytes in [Vec::new(), begun] {
        for kind in Kind::ALL {
            let server = Server::doing(vec![Act::Stall(bytes.clone())]).await;
            let result = server.ask_as(kind, Duration::from_millis(200)).await;
            assert_eq!(result, Err(Error::Timeout), "{kind:?}");
            assert_eq!(server.requests().len(), 1, "it is not asked again");
        }
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_a_lost_connection() {
    let cut = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"choices\"".to_vec();
    for kind in Kind::ALL {
        let server = Server::doing(vec![Act::Say(cut.clone())]).await;
        let (error, why) = server.fails(kind).await;
        let unread = Error::Unavailable("its answer could not be read".into());
        assert_eq!(error, unread, "{kind:?}");
        assert!(why.starts_with("lost the connection to"), "{why}");
        assert_eq!(server.requests().len(), 1, "it is not asked again");
    }
}

#[tokio::test]
async fn who_finds_no_place_in_time_is_told_that_it_is_busy() {
    let server = Server::doing(vec![Act::Stall(Vec::new())]).await;
    let provider = ProviderConfig {
        concurrency: 1,
        ..server.provider(Kind::OpenAi, "it")
    };
    let model = router(vec![provider], &["it"]);
    let (asked, asker) = (request(), asker());
    let (first, second) = tokio::join!(
        biased;
        model.complete(&asked, &asker, 7, Duration::from_millis(400)),
        model.complete(&asked, &asker, 8, Duration::from_millis(100)),
    );
    assert_eq!((first, second), (Err(Error::Timeout), Err(Error::Busy)));
    assert!(
        server.requests().len() <= 1,
        "the second never reached the server"
    );
}

#[tokio::test]
async fn wrong_answers_are_named() {
    let no_words =
        json!({ "choices": [{ "message": { "content": null }, "finish_reason": "length" }] });
    let cases = [
        (b"{\"choices\": 1}".to_vec(), "no chat completion"),
        (b"hello".to_vec(), "no chat completion"),
        (b"{\"choices\": []}".to_vec(), "holds no choice"),
        (no_words.to_string().into_bytes(), "nothing but reasoning"),
        (vec![b' '; 5 * 1024 * 1024], "more than 1048576 bytes"),
    ];
    for (body, reason) in cases {
        let server = Server::with_status("200 OK", "", &body).await;
        let (error, why) = server.fails(Kind::OpenAi).await;
        assert!(why.contains(reason), "{why}");
        assert!(matches!(error, Error::Unavailable(_)), "{error}");
    }
}

#[tokio::test]
async fn without_usage_tokens_are_estimated() {
    let body = json!({ "choices": [{ "message": { "content": "eight ch" } }] }).to_string();
    let server = Server::with_status("200 OK", "", body.as_bytes()).await;
    let completion = server.ask(LONG).await.unwrap();
    assert_eq!(completion.model, "tiny");
    assert_eq!(
        (completion.input_tokens, completion.output_tokens),
        (4 + 4, 2)
    );
}

#[tokio::test]
async fn a_server_that_is_down_is_named_without_secrets() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let config = ServerConfig {
        base_url: format!("http://me:hunter2@{address}/v1").into(),
        ..ServerConfig::new(Kind::OpenAi, "tiny")
    };
    let model = router(vec![ProviderConfig::new("it", config)], &["it"]);
    let (error, why) = fails(&model).await;
    assert_eq!(error, Error::Unavailable("it can't be reached".into()));
    assert!(
        why.starts_with(&format!("can't connect to http://{address}/v1: ")),
        "{why}"
    );
    assert!(why.contains("refused") && !why.contains("hunter2"), "{why}");
}

#[tokio::test]
async fn a_password_in_the_address_is_sent_and_told_nobody() {
    let says = json!({ "error": { "message": "no such user: me:hunter2 (bWU6aHVudGVyMg==)" } });
    let server = Server::with_status("401 Unauthorized", "", says.to_string().as_bytes()).await;
    let config = ServerConfig {
        base_url: format!("http://me:hunter2@{}/v1", server.address).into(),
        ..ServerConfig::new(Kind::OpenAi, "tiny")
    };
    let model = router(vec![ProviderConfig::new("it", config)], &["it"]);
    let (_, why) = fails(&model).await;
    let (head, _) = &server.requests()[0];
    assert!(
        head.contains("authorization: Basic bWU6aHVudGVyMg=="),
        "{head}"
    );
    assert!(
        why.ends_with("no such user: me:[password] ([password])"),
        "{why}"
    );
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = Server::saying(json!({ "content": "stolen" })).await;
    let location = format!(
        "location: http://{}/v1/chat/completions\r\n",
        elsewhere.address
    );
    for status in [
        "301 Moved Permanently",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
    ] {
        let server = Server::with_status(status, &location, b"").await;
        let (_, why) = server.fails(Kind::OpenAi).await;
        assert!(why.contains("is not followed"), "{why}");
    }
    assert!(elsewhere.requests().is_empty());
}

#[test]
fn https_needs_nothing_from_the_rest_of_the_program() {
    // No process-wide TLS provider is installed here; the client brings its own.
    let config = RouterConfig {
        providers: vec![ProviderConfig::new(
            "it",
            ServerConfig {
                base_url: "https://127.0.0.1:1/v1".into(),
                ..ServerConfig::new(Kind::OpenAi, "tiny")
            },
        )],
        route: vec!["it".into()],
        ..RouterConfig::default()
    };
    match Router::new(config, Clock::system()) {
        Ok(model) => assert_eq!(model.about().place, "https://127.0.0.1:1/v1"),
        // A machine without CA certificates gets a clear answer rather than a panic.
        Err(error) => assert!(error.to_string().contains("CA certificates"), "{error}"),
    }
}

// === Overload ===

#[tokio::test]
async fn an_overloaded_server_is_asked_again_when_it_wants() {
    let says = |kind| Act::says(kind, "gg");
    for kind in Kind::ALL {
        let busy = Act::respond("429 Too Many Requests", "retry-after: 1\r\n", "{}");
        let server = Server::doing(vec![busy, says(kind)]).await;
        let began = Instant::now();
        assert_eq!(server.ask_as(kind, LONG).await.unwrap().text, "gg");
        assert!(began.elapsed() >= Duration::from_secs(1), "{kind:?}");
    }
}

#[tokio::test]
async fn an_overloaded_server_is_not_waited_for_beyond_the_deadline() {
    let statuses = [
        (Kind::OpenAi, "429 Too Many Requests"),
        (Kind::OpenAi, "503 Service Unavailable"),
        (Kind::Anthropic, "529 Overloaded"),
        (Kind::Gemini, "503 Service Unavailable"),
    ];
    for (kind, status) in statuses {
        let busy = Act::respond(status, "retry-after: 20\r\n", "slow down");
        let server = Server::doing(vec![busy]).await;
        let model = server.alone(kind);
        let (began, wait) = (Instant::now(), Duration::from_secs(10));
        for _ in 0..2 {
            let result = model.complete(&request(), &asker(), 7, wait).await;
            assert_eq!(result, Err(Error::Busy), "{status}");
        }
        assert!(began.elapsed() < wait, "{status}");
        assert_eq!(
            server.requests().len(),
            1,
            "who asks next leaves it alone too"
        );
    }
}

#[tokio::test]
async fn google_says_in_the_body_when_to_come_back() {
    let body = json!({ "error": {
        "code": 429, "message": "Resource has been exhausted", "status": "RESOURCE_EXHAUSTED",
        "details": [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.4s" }],
    } });
    let busy = Act::respond("429 Too Many Requests", "", body.to_string());
    let server = Server::doing(vec![busy, Act::says(Kind::Gemini, "gg")]).await;
    assert_eq!(server.ask_as(Kind::Gemini, LONG).await.unwrap().text, "gg");
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn what_is_wrong_with_the_request_is_not_asked_again() {
    for (status, times) in [("400 Bad Request", 1), ("500 Internal Server Error", 1)] {
        let server = Server::with_status(status, "", b"{}").await;
        assert!(server.ask(LONG).await.is_err());
        assert_eq!(server.requests().len(), times, "{status}");
    }
}

#[tokio::test]
async fn who_gives_up_hangs_up_and_leaves_the_place() {
    let stall = Act::Stall(Vec::new());
    let server = Server::doing(vec![stall, Act::says(Kind::OpenAi, "gg")]).await;
    let provider = ProviderConfig {
        concurrency: 1,
        ..server.provider(Kind::OpenAi, "it")
    };
    let model = router(vec![provider], &["it"]);
    let (asked, asker) = (request(), asker());
    let first = model.complete(&asked, &asker, 7, LONG);
    assert!(
        tokio::time::timeout(Duration::from_millis(300), first)
            .await
            .is_err()
    );
    let second = model.complete(&asked, &asker, 7, LONG).await;
    assert_eq!(second.unwrap().text, "gg");
}
