//! The client against a server that each test owns: one loopback socket that answers every request
//! with the same bytes, and keeps what it was sent.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use chatter_llm::{ApiKey, LanguageModel, OpenAi, OpenAiConfig};
use chatter_protocol::llm::{Completion, Error, Message, Request, Role};
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

const LONG: Duration = Duration::from_secs(30);

/// Ends with the test that holds it.
struct Server {
    address: std::net::SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Server {
    /// Answers with these bytes; with none it says nothing and keeps the connection open.
    async fn answering(answer: Option<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&requests);
        let task = tokio::spawn(async move {
            let mut silent = Vec::new();
            loop {
                let (mut socket, _) = listener.accept().await.unwrap();
                let request = read_request(&mut socket).await;
                kept.lock().unwrap().push(request);
                match &answer {
                    // The client may hang up before it has read everything.
                    Some(bytes) => drop(socket.write_all(bytes).await),
                    None => silent.push(socket),
                }
            }
        });
        Self {
            address,
            requests,
            task,
        }
    }

    async fn with_status(status: &str, headers: &str, body: &[u8]) -> Self {
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n",
            body.len()
        );
        Self::answering(Some([head.as_bytes(), body].concat())).await
    }

    async fn saying(content: Value) -> Self {
        let body = json!({
            "model": "tiny-1",
            "choices": [{ "index": 0, "message": content, "finish_reason": "stop" }],
            "usage": { "prompt_tokens": 21, "completion_tokens": 5, "total_tokens": 26 },
        });
        Self::with_status(
            "200 OK",
            "content-type: application/json\r\n",
            body.to_string().as_bytes(),
        )
        .await
    }

    fn config(&self) -> OpenAiConfig {
        OpenAiConfig::new(format!("http://{}/v1", self.address), "tiny")
    }

    async fn ask(&self, deadline: Duration) -> Result<Completion, Error> {
        let mut config = self.config();
        config.api_key = Some(ApiKey::new("sk-hidden"));
        OpenAi::new(config)
            .unwrap()
            .complete(&request(), 7, deadline)
            .await
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Head and body of one request.
async fn read_request(socket: &mut TcpStream) -> String {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| {
                    line.to_ascii_lowercase()
                        .strip_prefix("content-length: ")
                        .map(str::to_owned)
                })
                .map_or(0, |length| length.parse::<usize>().unwrap());
            if body.len() >= length {
                return text;
            }
        }
        match socket.read(&mut buffer).await {
            Ok(0) | Err(_) => return text,
            Ok(read) => bytes.extend_from_slice(&buffer[..read]),
        }
    }
}

fn request() -> Request {
    Request {
        messages: vec![
            Message {
                role: Role::System,
                content: "You are Nova.".into(),
            },
            Message {
                role: Role::User,
                content: "Say something.".into(),
            },
        ],
        max_tokens: 40,
        temperature: 0.5,
        json_schema: None,
    }
}

fn unavailable(result: Result<Completion, Error>) -> String {
    match result {
        Err(Error::Unavailable(detail)) => detail,
        other => panic!("not unavailable: {other:?}"),
    }
}

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
    let requests = server.requests();
    let (head, body) = requests[0].split_once("\r\n\r\n").unwrap();
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
async fn a_schema_becomes_a_response_format() {
    let server = Server::saying(json!({ "content": "```json\n{\"a\": 1}\n```" })).await;
    let model = OpenAi::new(server.config()).unwrap();
    let schema = json!({ "type": "object" });
    let asked = Request {
        json_schema: Some(schema.to_string()),
        ..request()
    };
    assert_eq!(
        model.complete(&asked, 7, LONG).await.unwrap().text,
        "{\"a\": 1}"
    );

    let requests = server.requests();
    let (head, body) = requests[0].split_once("\r\n\r\n").unwrap();
    assert!(!head.contains("authorization"), "no key, no header: {head}");
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(
        body.pointer("/response_format/type"),
        Some(&json!("json_schema"))
    );
    assert_eq!(
        body.pointer("/response_format/json_schema/schema"),
        Some(&schema)
    );

    let broken = Request {
        json_schema: Some("{".into()),
        ..request()
    };
    let refused = model.complete(&broken, 7, LONG).await;
    assert!(
        matches!(&refused, Err(Error::Refused(why)) if why.starts_with("json-schema")),
        "{refused:?}"
    );
}

#[tokio::test]
async fn refusals_are_told_apart() {
    let says = |message: &str| json!({ "error": { "message": message } }).to_string();
    let cases = [
        (
            "429 Too Many Requests",
            says("slow down"),
            Some(Error::Busy),
            "",
        ),
        (
            "503 Service Unavailable",
            String::new(),
            Some(Error::Busy),
            "",
        ),
        (
            "504 Gateway Timeout",
            String::new(),
            Some(Error::Timeout),
            "",
        ),
        (
            "400 Bad Request",
            says("too\nlong"),
            Some(Error::Refused("400 Bad Request: too long".into())),
            "",
        ),
        (
            "401 Unauthorized",
            says("wrong key sk-hidden"),
            None,
            "401 Unauthorized: wrong key [key]",
        ),
        (
            "403 Forbidden",
            says("not yours"),
            None,
            "403 Forbidden: not yours",
        ),
        (
            "404 Not Found",
            says("no model tiny"),
            None,
            "404 Not Found: no model tiny",
        ),
        (
            "500 Internal Server Error",
            "<html>oops</html>".into(),
            None,
            "500 Internal Server Error",
        ),
    ];
    for (status, body, expected, detail) in cases {
        let server = Server::with_status(status, "", body.as_bytes()).await;
        let result = server.ask(LONG).await;
        match expected {
            Some(error) => assert_eq!(result, Err(error), "{status}"),
            None => {
                let expected = format!("http://{}/v1 answered {detail}", server.address);
                assert_eq!(unavailable(result), expected);
            }
        }
    }
}

#[tokio::test]
async fn what_a_server_says_of_a_refusal_is_bounded() {
    let body = json!({ "error": "x".repeat(100_000) }).to_string();
    let server = Server::with_status("400 Bad Request", "", body.as_bytes()).await;
    let Err(Error::Refused(why)) = server.ask(LONG).await else {
        panic!("not refused")
    };
    assert!(
        why.chars().count() < 250,
        "{} characters",
        why.chars().count()
    );
}

#[tokio::test]
async fn a_server_that_says_nothing_runs_into_the_deadline() {
    let server = Server::answering(None).await;
    assert_eq!(
        server.ask(Duration::from_millis(200)).await,
        Err(Error::Timeout)
    );
}

#[tokio::test]
async fn a_body_that_never_ends_runs_into_the_deadline() {
    // More is announced than ever comes, and the server keeps the connection open.
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"choices\"";
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        read_request(&mut socket).await;
        socket.write_all(head).await.unwrap();
        std::future::pending::<()>().await;
    });
    let model = OpenAi::new(OpenAiConfig::new(format!("http://{address}"), "tiny")).unwrap();
    assert_eq!(
        model
            .complete(&request(), 7, Duration::from_millis(200))
            .await,
        Err(Error::Timeout)
    );
    server.abort();
}

#[tokio::test]
async fn who_finds_no_place_in_time_is_told_that_it_is_busy() {
    let server = Server::answering(None).await;
    let model = OpenAi::new(OpenAiConfig {
        max_concurrent: 1,
        ..server.config()
    })
    .unwrap();
    let asked = request();
    let (first, second) = tokio::join!(
        biased;
        model.complete(&asked, 7, Duration::from_millis(400)),
        model.complete(&asked, 8, Duration::from_millis(100)),
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
        (vec![b' '; 5 * 1024 * 1024], "more than 1 MiB"),
    ];
    for (body, reason) in cases {
        let server = Server::with_status("200 OK", "", &body).await;
        let detail = unavailable(server.ask(LONG).await);
        assert!(detail.contains(reason), "{detail}");
        assert!(
            detail.starts_with(&format!("http://{}/v1 answered ", server.address)),
            "{detail}"
        );
    }
}

#[tokio::test]
async fn a_model_that_refuses_is_quoted() {
    let server =
        Server::saying(json!({ "content": null, "refusal": "I can't\nhelp with that" })).await;
    assert_eq!(
        server.ask(LONG).await,
        Err(Error::Refused("I can't help with that".into()))
    );
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
    let config = OpenAiConfig::new(format!("http://me:hunter2@{address}/v1"), "tiny");
    let detail = unavailable(
        OpenAi::new(config)
            .unwrap()
            .complete(&request(), 7, LONG)
            .await,
    );
    assert!(
        detail.starts_with(&format!("can't connect to http://{address}/v1: ")),
        "{detail}"
    );
    assert!(
        detail.contains("refused") && !detail.contains("hunter2") && !detail.contains('\n'),
        "{detail}"
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
        let detail = unavailable(server.ask(LONG).await);
        assert!(detail.contains("is not followed"), "{detail}");
    }
    assert!(elsewhere.requests().is_empty());
}

#[test]
fn https_needs_nothing_from_the_rest_of_the_program() {
    // No process-wide TLS provider is installed here; the client brings its own.
    let made = OpenAi::new(OpenAiConfig::new("https://127.0.0.1:1/v1", "tiny"));
    match made {
        Ok(model) => assert_eq!(model.about().place, "https://127.0.0.1:1/v1"),
        // A machine without CA certificates gets a clear answer rather than a panic.
        Err(error) => assert!(error.to_string().contains("CA certificates"), "{error}"),
    }
}
