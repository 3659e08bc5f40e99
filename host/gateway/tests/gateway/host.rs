//! A gateway on a free port, and the clients that tests use.

use axum::body::Body;
use chatter_bus::{Heard, InProcess, SharedBus, Subscription};
use chatter_gateway::{Config, Gateway, Handle, OperatorToken, Parts, PersonaSeat, RoomSetup};
use chatter_protocol::{
    Clock, ModerationPolicy, PersonaId, RoomId, Timestamp, Topic, TopicKind, room::Model,
};
use chatter_store::{SharedStore, Sqlite};
use futures_util::{FutureExt, SinkExt, StreamExt};
use hyper::{HeaderMap, Request, client::conn::http1};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::{
    future::Future,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use tempfile::TempDir;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{self, Message, client::IntoClientRequest, protocol::CloseFrame},
};
use tokio_util::sync::CancellationToken;

pub(crate) const TOKEN: &str = "the-operator";
pub(crate) const LOBBY: &str = "/v1/rooms/main/lobby";
pub(crate) const MESSAGES: &str = "/v1/rooms/main/lobby/messages";

/// Waits, but not for ever: a test that would hang fails.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), what)
        .await
        .expect("within 20 s")
}

pub(crate) fn lobby() -> RoomId {
    RoomId::new("main/lobby").unwrap()
}

pub(crate) struct Host {
    pub(crate) addr: SocketAddr,
    pub(crate) bus: SharedBus,
    pub(crate) store: SharedStore,
    /// What the gateway takes for the time, in milliseconds since the Unix epoch.
    pub(crate) time: Arc<AtomicI64>,
    /// What the other parts of the process lack, if anything.
    pub(crate) lacks: Arc<Mutex<Option<String>>>,
    pub(crate) cancel: CancellationToken,
    pub(crate) handle: Handle,
    /// The rooms as they were at the start.
    pub(crate) rooms: Vec<RoomSetup>,
    pub(crate) served: JoinHandle<()>,
    folder: Arc<TempDir>,
}

impl Host {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// A host whose configuration was changed.
    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::on(Arc::new(tempfile::tempdir().unwrap()), change).await
    }

    async fn on(folder: Arc<TempDir>, change: impl FnOnce(&mut Config)) -> Self {
        let store = Arc::new(Sqlite::open(&folder.path().join("chatter.db")).unwrap());
        Self::over(folder, store, change).await
    }

    /// A host on a store of the test's own.
    pub(crate) async fn over(
        folder: Arc<TempDir>,
        store: SharedStore,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let time = Arc::new(AtomicI64::new(1_769_860_800_000));
        Self::among(folder, store, Arc::new(InProcess::new()), time, change).await
    }

    /// Another gateway on the same store and bus, as on another machine.
    pub(crate) async fn beside(&self, change: impl FnOnce(&mut Config)) -> Self {
        let (folder, store) = (Arc::clone(&self.folder), Arc::clone(&self.store));
        let (bus, time) = (Arc::clone(&self.bus), Arc::clone(&self.time));
        Self::among(folder, store, bus, time, change).await
    }

    async fn among(
        folder: Arc<TempDir>,
        store: SharedStore,
        bus: SharedBus,
        time: Arc<AtomicI64>,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let model = Model {
            model: "offline".into(),
            place: "in the host".into(),
            offline: true,
        };
        let mut config = Config::new(OperatorToken::new(TOKEN), model);
        config.rooms = vec![
            RoomSetup {
                id: lobby(),
                modes: Default::default(),
                title: "The lobby".into(),
                policy: policy(),
                personas: vec![PersonaSeat {
                    id: PersonaId::new("nova").unwrap(),
                    name: "Nova".into(),
                }],
                recording: None,
            },
            RoomSetup {
                id: RoomId::new("main/attic").unwrap(),
                modes: Default::default(),
                title: "The attic".into(),
                policy: policy(),
                personas: Vec::new(),
                recording: None,
            },
        ];
        // Tests say more in a second than a person does.
        config.limits.say_burst = 1000;
        config.limits.post_burst = 1000;
        config.limits.address_burst = 5000;
        change(&mut config);
        let clock = Arc::clone(&time);
        let lacks = Arc::new(Mutex::new(None));
        let lacked = Arc::clone(&lacks);
        let parts = Parts {
            bus: bus.clone(),
            store: store.clone(),
            clock: Clock::from_fn(move || Timestamp::from_millis(clock.load(Ordering::Relaxed))),
            metrics: Arc::new(|| "# the metrics\n".into()),
            ready: Arc::new(move || lacked.lock().unwrap().clone().map_or(Ok(()), Err)),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let cancel = CancellationToken::new();
        let rooms = config.rooms.clone();
        let gateway = Gateway::new(config, parts);
        let handle = gateway.handle();
        let served = tokio::spawn(gateway.serve(listener, cancel.clone()));
        let host = Self {
            addr,
            bus,
            store,
            time,
            lacks,
            cancel,
            handle,
            rooms,
            served,
            folder,
        };
        soon(async { while host.get("/readyz").await.status != 200 {} }).await;
        host
    }

    /// Ends, and starts again on the same folder.
    pub(crate) async fn restart(self) -> Self {
        let folder = Arc::clone(&self.folder);
        self.end().await;
        Self::on(folder, |_| {}).await
    }

    pub(crate) async fn end(self) {
        self.cancel.cancel();
        soon(self.served).await.unwrap();
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.http("GET", path, &[], "").await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.http(
            "POST",
            path,
            &[("content-type", "application/json")],
            body.to_string(),
        )
        .await
    }

    /// One request on a connection of its own.
    pub(crate) async fn http(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        soon(async {
            let stream = TcpStream::connect(self.addr).await.unwrap();
            let (mut send, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
            let connection = tokio::spawn(connection);
            let mut request = Request::builder().method(method).uri(path);
            if !headers.iter().any(|(name, _)| *name == "host") {
                request = request.header("host", self.addr.to_string());
            }
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let response = send
                .send_request(request.body(body.into()).unwrap())
                .await
                .unwrap();
            let (parts, body) = response.into_parts();
            let body = axum::body::to_bytes(Body::new(body), usize::MAX)
                .await
                .unwrap();
            connection.abort();
            Answer {
                status: parts.status.as_u16(),
                headers: parts.headers,
                body: body.to_vec(),
            }
        })
        .await
    }

    /// Says something over HTTP and gives its offset.
    pub(crate) async fn say(&self, author: &str, text: &str) -> u64 {
        let answer = self
            .post(MESSAGES, &json!({ "author": author, "text": text }))
            .await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["offset"].as_u64().unwrap()
    }

    /// A WebSocket in the lobby, and its hello.
    pub(crate) async fn watch(&self, query: &str) -> (Client, Value) {
        let mut client = self
            .connect(&format!("{LOBBY}/ws{query}"), &[])
            .await
            .unwrap();
        let hello = client.next().await;
        assert_eq!(hello["type"], "hello", "{hello}");
        (client, hello)
    }

    pub(crate) async fn connect(
        &self,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Client, tungstenite::Error> {
        let mut request = format!("ws://{}{path}", self.addr).into_client_request()?;
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let stream = TcpStream::connect(self.addr).await?;
        let (socket, _) = soon(tokio_tungstenite::client_async(request, stream)).await?;
        Ok(Client(socket))
    }

    pub(crate) async fn listen(&self, kind: TopicKind) -> Subscription {
        self.bus
            .subscribe(&[Topic::new(kind, lobby())])
            .await
            .unwrap()
    }
}

fn policy() -> ModerationPolicy {
    ModerationPolicy {
        blocklist: vec!["frobnicate".into()],
        ..ModerationPolicy::open("test")
    }
}

/// What is heard next on a topic.
pub(crate) async fn heard(subscription: &mut Subscription) -> Value {
    match soon(subscription.next()).await {
        Some(Heard::Message { payload, .. }) => serde_json::from_slice(&payload).unwrap(),
        other => panic!("{other:?}"),
    }
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

pub(crate) struct Client(pub(crate) WebSocketStream<TcpStream>);

impl Client {
    /// The next frame.
    pub(crate) async fn next(&mut self) -> Value {
        loop {
            match soon(self.0.next()).await.expect("open").expect("a frame") {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The next frame, if it is there already.
    pub(crate) fn ready(&mut self) -> Option<Value> {
        loop {
            match self
                .0
                .next()
                .now_or_never()?
                .expect("open")
                .expect("a frame")
            {
                Message::Text(text) => return Some(serde_json::from_str(&text).unwrap()),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The next frame of a type; others are passed over.
    pub(crate) async fn next_of(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.next().await;
            if frame["type"] == kind {
                return frame;
            }
        }
    }

    /// The offsets of the next `count` messages.
    pub(crate) async fn offsets(&mut self, count: usize) -> Vec<u64> {
        let mut offsets = Vec::with_capacity(count);
        while offsets.len() < count {
            offsets.push(self.next_of("message").await["offset"].as_u64().unwrap());
        }
        offsets
    }

    pub(crate) async fn send(&mut self, frame: impl Into<Message>) {
        soon(self.0.send(frame.into())).await.unwrap();
    }

    pub(crate) async fn say(&mut self, nonce: &str, text: &str) {
        self.send(json!({ "type": "say", "nonce": nonce, "text": text }).to_string())
            .await;
    }

    /// How the gateway ends the connection; frames before that are passed over.
    pub(crate) async fn closed(&mut self) -> Option<CloseFrame> {
        loop {
            match soon(self.0.next()).await {
                Some(Ok(Message::Close(frame))) => return frame,
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }
}
