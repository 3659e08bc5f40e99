//! A server that each test owns: one loopback socket that answers request after request with the bytes
//! it was given, and keeps what it was sent.

#![allow(dead_code, reason = "not every test uses all of it")]

use chatter_http::Secret;
use chatter_llm::{
    Asker, Kind, LanguageModel as _, ProviderConfig, Router, RouterConfig, ServerConfig,
};
use chatter_protocol::{
    Clock, PersonaId, RoomId,
    llm::{Completion, Error, Message, Request, Role},
    memory::Scope,
};
use serde_json::{Value, json};
use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tracing::{Level, instrument::WithSubscriber as _};
use tracing_subscriber::fmt;

pub(crate) const LONG: Duration = Duration::from_secs(30);

/// What it does with a request.
#[derive(Clone)]
pub(crate) enum Act {
    /// Sends these bytes, and hangs up.
    Say(Vec<u8>),
    /// Sends these bytes, and then nothing more.
    Stall(Vec<u8>),
}

impl Act {
    /// A whole response.
    pub(crate) fn respond(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n",
            body.len()
        );
        Self::Say([head.as_bytes(), body].concat())
    }

    pub(crate) fn json(body: &Value) -> Self {
        Self::respond(
            "200 OK",
            "content-type: application/json\r\n",
            body.to_string(),
        )
    }

    /// The same words, as each vendor's server says them.
    pub(crate) fn says(kind: Kind, text: &str) -> Self {
        Self::json(&match kind {
            Kind::OpenAi => json!({
                "model": "tiny-1",
                "choices": [{ "index": 0, "message": { "role": "assistant", "content": text }, "finish_reason": "stop" }],
                "usage": { "prompt_tokens": 21, "completion_tokens": 5, "total_tokens": 26 },
            }),
            Kind::Anthropic => json!({
                "id": "msg_01", "type": "message", "role": "assistant", "model": "tiny-1",
                "content": [{ "type": "text", "text": text }],
                "stop_reason": "end_turn", "stop_sequence": null,
                "usage": { "input_tokens": 21, "output_tokens": 5 },
            }),
            Kind::Gemini => json!({
                "candidates": [{
                    "content": { "parts": [{ "text": text }], "role": "model" },
                    "finishReason": "STOP", "index": 0,
                }],
                "usageMetadata": { "promptTokenCount": 21, "candidatesTokenCount": 5, "totalTokenCount": 26 },
                "modelVersion": "tiny-1", "responseId": "r",
            }),
        })
    }
}

/// Ends with the test that holds it.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Server {
    /// Does these in turn, and the last one ever after.
    pub(crate) async fn doing(acts: Vec<Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&requests);
        let task = tokio::spawn(async move {
            let mut stalled = Vec::new();
            for turn in 0.. {
                let (mut socket, _) = listener.accept().await.unwrap();
                let request = read_request(&mut socket).await;
                kept.lock().unwrap().push(request);
                // The client may hang up before it has read everything.
                match &acts[turn.min(acts.len() - 1)] {
                    Act::Say(bytes) => drop(socket.write_all(bytes).await),
                    Act::Stall(bytes) => {
                        drop(socket.write_all(bytes).await);
                        stalled.push(socket);
                    }
                }
            }
        });
        Self {
            address,
            requests,
            task,
        }
    }

    pub(crate) async fn with_status(status: &str, headers: &str, body: &[u8]) -> Self {
        Self::doing(vec![Act::respond(status, headers, body)]).await
    }

    /// One of OpenAI's kind that says this message.
    pub(crate) async fn saying(message: Value) -> Self {
        let body = json!({
            "model": "tiny-1",
            "choices": [{ "index": 0, "message": message, "finish_reason": "stop" }],
            "usage": { "prompt_tokens": 21, "completion_tokens": 5, "total_tokens": 26 },
        });
        Self::doing(vec![Act::json(&body)]).await
    }

    pub(crate) fn provider(&self, kind: Kind, name: &str) -> ProviderConfig {
        ProviderConfig::new(
            name,
            ServerConfig {
                base_url: format!("http://{}/v1", self.address).into(),
                api_key: Some(Secret::new("sk-hidden")),
                ..ServerConfig::new(kind, "tiny")
            },
        )
    }

    /// A router that asks nobody but it.
    pub(crate) fn alone(&self, kind: Kind) -> Router {
        router(vec![self.provider(kind, "it")], &["it"])
    }

    pub(crate) async fn ask(&self, deadline: Duration) -> Result<Completion, Error> {
        self.ask_as(Kind::OpenAi, deadline).await
    }

    pub(crate) async fn ask_as(&self, kind: Kind, deadline: Duration) -> Result<Completion, Error> {
        self.alone(kind)
            .complete(&request(), &asker(), 7, deadline)
            .await
    }

    /// What whoever asks is told of there being no answer, and what the operator.
    pub(crate) async fn fails(&self, kind: Kind) -> (Error, String) {
        let model = self.alone(kind);
        fails(&model).await
    }

    /// Head and body of each request.
    pub(crate) fn requests(&self) -> Vec<(String, String)> {
        let requests = self.requests.lock().unwrap();
        let parts = |request: &String| {
            let (head, body) = request.split_once("\r\n\r\n").unwrap();
            (head.to_owned(), body.to_owned())
        };
        requests.iter().map(parts).collect()
    }

    /// The body of a request.
    pub(crate) fn body(&self, at: usize) -> Value {
        serde_json::from_str(&self.requests()[at].1).unwrap()
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
            Ok(0) | Err(_) => return text + "\r\n\r\n",
            Ok(read) => bytes.extend_from_slice(&buffer[..read]),
        }
    }
}

pub(crate) fn router(providers: Vec<ProviderConfig>, route: &[&str]) -> Router {
    let config = RouterConfig {
        providers,
        route: route.iter().map(|name| (*name).to_owned()).collect(),
        ..RouterConfig::default()
    };
    Router::new(config, Clock::system()).unwrap()
}

pub(crate) fn asker() -> Asker {
    Asker::new(Scope {
        room: RoomId::new("main/lobby").unwrap(),
        persona: PersonaId::new("nova").unwrap(),
    })
}

pub(crate) fn request() -> Request {
    let message = |role, content: &str| Message {
        role,
        content: content.into(),
    };
    Request {
        messages: vec![
            message(Role::System, "You are Nova."),
            message(Role::User, "Say something."),
        ],
        max_tokens: 40,
        temperature: 0.5,
        json_schema: None,
    }
}

/// What whoever asks a model is told of there being no answer, and what the operator.
pub(crate) async fn fails(model: &Router) -> (Error, String) {
    let (asked, asker) = (request(), asker());
    let asking = model.complete(&asked, &asker, 7, LONG);
    let (result, log) = logged(Level::DEBUG, asking).await;
    let why = log.lines().find_map(|line| line.split_once("no answer: "));
    let (why, _) = why
        .and_then(|(_, why)| why.split_once(" provider="))
        .unwrap();
    (result.unwrap_err(), why.to_owned())
}

/// What comes of it, and what is logged meanwhile, down to a level.
pub(crate) async fn logged<T>(level: Level, work: impl Future<Output = T>) -> (T, String) {
    let log = Log::default();
    let subscriber = fmt()
        .with_writer({
            let log = log.clone();
            move || log.clone()
        })
        .with_max_level(level)
        .with_ansi(false)
        .finish();
    let result = work.with_subscriber(subscriber).await;
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    (result, log)
}

/// What is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
