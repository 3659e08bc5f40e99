//! Clients of the room: each resumes at the other gateway when its own fails it, sends again what
//! was not acknowledged, and checks the order of all that it is shown.

use crate::support::{ROOM, viewer::is_persona};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    net::TcpStream,
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, sleep, timeout},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{
        Error, Message,
        client::IntoClientRequest,
        http::{HeaderValue, StatusCode},
    },
};
use tokio_util::sync::CancellationToken;

/// How long a gateway may take to accept a client, and to greet it.
const PATIENCE: Duration = Duration::from_secs(10);

/// The pause before the next gateway is tried.
const PAUSE: Duration = Duration::from_millis(100);

/// How often a client that writes does.
const WRITES: Duration = Duration::from_secs(1);

/// The most messages of a client that wait for their acknowledgement.
const UNDECIDED: usize = 8;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// What one client has seen.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Of each log, by its epoch, in the order of their appearance: the ids by their offsets.
    pub(crate) logs: Vec<(String, BTreeMap<u64, String>)>,
    /// What was acknowledged: under which epoch, id and offset.
    pub(crate) acknowledged: Vec<(String, String, u64)>,
    pub(crate) duplicates: u64,
    pub(crate) breaks: u64,
    /// How often it was told that something is gone.
    pub(crate) told: u64,
    /// When personas spoke.
    pub(crate) voices: Vec<Instant>,
    /// When it came back to a gateway.
    pub(crate) resumed: Vec<Instant>,
}

/// All clients.
pub(crate) struct Crowd {
    clients: JoinSet<Seen>,
    stop: CancellationToken,
    /// Lines of personas that the first of them was shown, and its messages that were acknowledged.
    voices: Arc<AtomicUsize>,
    acknowledged: Arc<AtomicUsize>,
}

impl Crowd {
    /// So many clients, of which some write; half of them begin at each gateway.
    pub(crate) fn enter(addresses: &[String], readers: usize, writers: usize) -> Self {
        let mut crowd = Self {
            clients: JoinSet::new(),
            stop: CancellationToken::new(),
            voices: Arc::default(),
            acknowledged: Arc::default(),
        };
        for n in 0..readers + writers {
            let client = Client {
                addresses: addresses.to_vec(),
                turn: n,
                writes: n < writers,
                number: 0,
                token: None,
                next: None,
                undecided: VecDeque::new(),
                ids: HashSet::new(),
                seen: Seen::default(),
                counts: (n == 0).then(|| {
                    let counts = [&crowd.voices, &crowd.acknowledged];
                    counts.map(Arc::clone)
                }),
            };
            crowd.clients.spawn(client.run(crowd.stop.clone()));
        }
        crowd
    }

    /// Waits until the first of them has heard personas, and was acknowledged, so often from now on.
    pub(crate) async fn goes_on(&self, times: usize, within: Duration) {
        let before = self.counts();
        let began = Instant::now();
        loop {
            let now = self.counts();
            if now.0 >= before.0 + times && now.1 >= before.1 + times {
                return;
            }
            assert!(
                began.elapsed() < within,
                "(lines of personas, acknowledgements) were {before:?} and are {now:?} after {within:?}"
            );
            sleep(Duration::from_millis(20)).await;
        }
    }

    fn counts(&self) -> (usize, usize) {
        (
            self.voices.load(Ordering::SeqCst),
            self.acknowledged.load(Ordering::SeqCst),
        )
    }

    /// Ends all of them.
    pub(crate) async fn leave(self) -> Vec<Seen> {
        self.stop.cancel();
        self.clients.join_all().await
    }
}

struct Client {
    addresses: Vec<String>,
    turn: usize,
    writes: bool,
    /// Of its messages.
    number: u64,
    token: Option<String>,
    /// The offset that is due.
    next: Option<u64>,
    undecided: VecDeque<(String, String)>,
    /// All ids of the log that it was shown.
    ids: HashSet<String>,
    seen: Seen,
    /// Lines of personas, acknowledgements.
    counts: Option<[Arc<AtomicUsize>; 2]>,
}

impl Client {
    async fn run(mut self, stop: CancellationToken) -> Seen {
        while !stop.is_cancelled() {
            if let Ok(Some(socket)) = timeout(PATIENCE, self.connect()).await {
                self.follow(socket, &stop).await;
            }
            self.turn += 1;
            let _ = stop.run_until_cancelled(sleep(PAUSE)).await;
        }
        self.seen
    }

    async fn connect(&mut self) -> Option<Socket> {
        let address = &self.addresses[self.turn % self.addresses.len()];
        let mut url = format!("ws://{address}/v1/rooms/{ROOM}/ws");
        if let (Some((epoch, _)), Some(next)) = (self.seen.logs.last(), self.next) {
            url = format!("{url}?after={}&epoch={epoch}", next - 1);
        }
        let mut request = url.into_client_request().unwrap();
        if let Some(token) = &self.token {
            let bearer = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
            request.headers_mut().insert("authorization", bearer);
        }
        let mut socket = match connect_async(request).await {
            Ok((socket, _)) => socket,
            Err(Error::Http(answer)) if answer.status() == StatusCode::UNAUTHORIZED => {
                // Sessions are gone with the store's data.
                self.token = None;
                return None;
            }
            Err(_) => return None,
        };
        let hello = read(&mut socket).await?;
        assert_eq!(hello["type"], "hello", "{hello}");
        if let Some(token) = hello["token"].as_str() {
            self.token = Some(token.to_owned());
        }
        self.greeted(&hello);
        for (id, text) in self.undecided.clone() {
            send(&mut socket, &id, &text).await?;
        }
        Some(socket)
    }

    fn greeted(&mut self, hello: &Value) {
        let epoch = hello["epoch"].as_str().unwrap();
        let offset = hello["offset"].as_u64().unwrap();
        let recovered = hello["recovered"].as_bool().unwrap();
        let same = self
            .seen
            .logs
            .last()
            .is_some_and(|(known, _)| known == epoch);
        let first = self.seen.logs.is_empty();
        if !first {
            self.seen.resumed.push(Instant::now());
            // What is gone is told, and nothing is told to be gone that is not.
            self.seen.breaks += u64::from(recovered != same);
            self.seen.told += u64::from(!recovered);
        }
        if !same {
            self.seen.logs.push((epoch.to_owned(), BTreeMap::new()));
            self.ids.clear();
            self.next = first.then_some(offset + 1);
        }
    }

    async fn follow(&mut self, mut socket: Socket, stop: &CancellationToken) {
        let mut write = interval(WRITES);
        write.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let frame = tokio::select! {
                () = stop.cancelled() => return,
                frame = read(&mut socket) => frame,
                _ = write.tick(), if self.writes => {
                    // What failed is sent again.
                    let again = self.undecided.len() >= UNDECIDED;
                    if !again {
                        self.number += 1;
                        let text = format!("message {}", self.number);
                        self.undecided.push_back((id(), text));
                    }
                    let sent = if again { self.undecided.front() } else { self.undecided.back() };
                    let (id, text) = sent.cloned().unwrap();
                    if send(&mut socket, &id, &text).await.is_none() {
                        return;
                    }
                    continue;
                }
            };
            let Some(frame) = frame else { return };
            match frame["type"].as_str() {
                Some("message") => self.shown(&frame),
                Some("ack") => self.acked(&frame),
                Some("error") => {
                    // It is sent again with the same id.
                    sleep(PAUSE).await;
                    let id = frame["nonce"].as_str().unwrap_or_default();
                    let again = self.undecided.iter().find(|(known, _)| known == id);
                    if let Some((id, text)) = again.cloned()
                        && send(&mut socket, &id, &text).await.is_none()
                    {
                        return;
                    }
                }
                _ => {}
            }
        }
    }

    fn shown(&mut self, frame: &Value) {
        let offset = frame["offset"].as_u64().unwrap();
        let id = frame["message"]["id"].as_str().unwrap();
        if self.next.is_some_and(|next| next != offset) {
            self.seen.breaks += 1;
        }
        self.next = Some(offset + 1);
        if !self.ids.insert(id.to_owned()) {
            self.seen.duplicates += 1;
        }
        if let Some((_, log)) = self.seen.logs.last_mut() {
            log.insert(offset, id.to_owned());
        }
        if is_persona(frame) {
            self.seen.voices.push(Instant::now());
            self.count(0);
        }
    }

    fn acked(&mut self, frame: &Value) {
        let id = frame["id"].as_str().unwrap();
        let before = self.undecided.len();
        self.undecided.retain(|(known, _)| known != id);
        if self.undecided.len() < before {
            let offset = frame["offset"].as_u64().unwrap();
            let (epoch, _) = self.seen.logs.last().unwrap();
            let place = (epoch.clone(), id.to_owned(), offset);
            self.seen.acknowledged.push(place);
            self.count(1);
        }
    }

    fn count(&self, which: usize) {
        if let Some(counts) = &self.counts {
            counts[which].fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// A new one, as a client makes it.
fn id() -> String {
    chatter_protocol::MessageId::new().to_string()
}

async fn send(socket: &mut Socket, id: &str, text: &str) -> Option<()> {
    let frame = json!({ "type": "say", "nonce": id, "id": id, "text": text });
    socket.send(Message::text(frame.to_string())).await.ok()
}

/// The next frame; none when the connection has ended.
pub(crate) async fn read(socket: &mut Socket) -> Option<Value> {
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).ok(),
            Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
            Some(Ok(_)) => {}
        }
    }
}

/// The room's log as a gateway has it, with its epoch.
pub(crate) async fn log(address: &str, epoch: &str) -> (String, BTreeMap<u64, String>) {
    let url = format!("ws://{address}/v1/rooms/{ROOM}/ws?name=Auditor&after=0&epoch={epoch}");
    let (mut socket, hello) = loop {
        let (mut socket, _) = connect_async(&url).await.unwrap();
        // The store may be away for a moment.
        if let Some(hello) = read(&mut socket).await {
            break (socket, hello);
        }
        sleep(PAUSE).await;
    };
    let head = hello["offset"].as_u64().unwrap();
    let mut log = BTreeMap::new();
    while log.keys().next_back().is_none_or(|last| *last < head) && head > 0 {
        let frame = timeout(PATIENCE, read(&mut socket)).await;
        let frame = frame.expect("the log in time").expect("all of the log");
        if frame["type"] == "message" {
            let id = frame["message"]["id"].as_str().unwrap().to_owned();
            log.insert(frame["offset"].as_u64().unwrap(), id);
        }
    }
    (hello["epoch"].as_str().unwrap().to_owned(), log)
}
