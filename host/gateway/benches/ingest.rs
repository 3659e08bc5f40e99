//! What the path from `chat.ingest` to `chat.firehose` carries: on Redis, beside the same commands
//! without any rules in the same run (XADD and PUBLISH, as many at once); and in one process, where
//! the store is SQLite. Messages a second, and processor seconds for a million of them, of this
//! process (sender, gateway and listener in one) and of the server.
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use bytes::Bytes;
use chatter_bus::{
    Bus, Heard, InProcess, SharedBus, Subscription,
    redis::{Link, Redis},
};
use chatter_gateway::{Config, Gateway, OperatorToken, Parts, RoomSetup};
use chatter_protocol::{
    Author, AuthorId, AuthorKind, ChatMessage, Clock, MessageId, ModerationPolicy, RoomId,
    Timestamp, Topic, TopicKind, V1, room::Model,
};
use chatter_redis_server::RedisServer;
use chatter_store::{SharedStore, Sqlite};
use futures_util::future::join_all;
use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{net::TcpListener, time::timeout};
use tokio_util::sync::CancellationToken;

const MESSAGES: usize = 20_000;
const ROUNDS: usize = 3;

/// So many are on their way at once, in every case.
const AT_ONCE: usize = 256;

/// Nothing comes any more.
const PATIENCE: Duration = Duration::from_secs(20);

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let count = match words[..] {
        [] => Some(MESSAGES),
        ["--messages", count] => count.parse().ok().filter(|count| *count >= AT_ONCE),
        _ => None,
    };
    let Some(count) = count else {
        eprintln!("usage: cargo xtask bench ingest [--messages N], N at least {AT_ONCE}");
        return ExitCode::from(2);
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(measure(count));
    ExitCode::SUCCESS
}

/// What one run came to.
#[derive(Clone, Copy)]
struct Run {
    seconds: f64,
    own: f64,
    server: f64,
}

async fn measure(count: usize) {
    let messages: Vec<Arc<ChatMessage>> = (0..count).map(|n| Arc::new(message(n))).collect();
    println!("{count} messages, {AT_ONCE} on their way at once, the median of {ROUNDS} runs\n");
    println!(
        "{:<44}{:>12}{:>10}{:>12}{:>12}",
        "", "messages/s", "of plain", "own CPU", "Redis' CPU"
    );
    println!(
        "{:<44}{:>12}{:>10}{:>12}{:>12}",
        "", "", "", "s/million", "s/million"
    );
    type Rows = [Vec<Run>; 6];
    let mut runs: Rows = Default::default();
    for _ in 0..ROUNDS {
        // By turns, so that what else the machine does meets all of them.
        runs[0].push(plain(&messages).await);
        runs[1].push(append(Place::Redis, &messages).await);
        runs[2].push(path(Place::Redis, &messages).await);
        runs[3].push(append(Place::Process, &messages).await);
        runs[4].push(path(Place::Process, &messages).await);
        runs[5].push(bus_alone(&messages).await);
    }
    let names = [
        "Redis: XADD and PUBLISH, pipelined",
        "Redis: append, which also publishes",
        "Redis: chat.ingest to chat.firehose",
        "SQLite: append",
        "in the process, SQLite: ingest to firehose",
        "Redis: PUBLISH alone, by the bus, and heard",
    ];
    let plain = median(&runs[0]);
    for (name, runs) in names.iter().zip(&runs) {
        let run = median(runs);
        #[expect(clippy::cast_precision_loss, reason = "a count of messages")]
        let count = count as f64;
        println!(
            "{name:<44}{:>12.0}{:>10.2}{:>12.1}{:>12.1}",
            count / run.seconds,
            plain.seconds / run.seconds,
            run.own * 1e6 / count,
            run.server * 1e6 / count,
        );
    }
}

fn median(runs: &[Run]) -> Run {
    let mut runs = runs.to_vec();
    runs.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
    runs[runs.len() / 2]
}

/// Where bus and store are.
#[derive(Clone, Copy)]
enum Place {
    Redis,
    Process,
}

struct Joints {
    bus: SharedBus,
    store: SharedStore,
    server: Option<RedisServer>,
    _folder: tempfile::TempDir,
}

impl Joints {
    async fn new(place: Place) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (bus, store, server): (SharedBus, SharedStore, _) = match place {
            Place::Process => {
                let store = Sqlite::open(&folder.path().join("chatter.db")).unwrap();
                (Arc::new(InProcess::new()), Arc::new(store), None)
            }
            Place::Redis => {
                let server = everysec();
                let link = Link::connect(server.url().parse().unwrap()).await.unwrap();
                let bus = Redis::new(link.clone());
                (
                    Arc::new(bus),
                    Arc::new(chatter_store::Redis::new(link)),
                    Some(server),
                )
            }
        };
        Self {
            bus,
            store,
            server,
            _folder: folder,
        }
    }
}

/// As operators have it.
fn everysec() -> RedisServer {
    RedisServer::with(&[
        "--appendonly",
        "yes",
        "--appendfsync",
        "everysec",
        "--save",
        "",
    ])
}

/// The same commands as `redis-benchmark` would send them, to a server that somebody listens to.
async fn plain(messages: &[Arc<ChatMessage>]) -> Run {
    let server = everysec();
    let link = Link::connect(server.url().parse().unwrap()).await.unwrap();
    let bus = Redis::new(link);
    let mut heard = bus
        .subscribe(&[topic(TopicKind::ChatFirehose)])
        .await
        .unwrap();
    let channel = topic(TopicKind::ChatFirehose).to_string();
    let payloads: Vec<Vec<u8>> = messages
        .iter()
        .map(|message| serde_json::to_vec(&**message).unwrap())
        .collect();
    let address = server.address();
    let watch = Watch::start(Some(&server));
    let sender = std::thread::spawn(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut answers = vec![0; 64 << 10];
        for batch in payloads.chunks(AT_ONCE) {
            let mut request = Vec::new();
            for payload in batch {
                command(&mut request, &[b"XADD", b"plain", b"*", b"m", payload]);
                command(&mut request, &[b"PUBLISH", channel.as_bytes(), payload]);
            }
            stream.write_all(&request).unwrap();
            // A text of two lines, and a number.
            let mut lines = 3 * batch.len();
            while lines > 0 {
                let length = stream.read(&mut answers).unwrap();
                lines -= answers[..length]
                    .iter()
                    .filter(|byte| **byte == b'\n')
                    .count();
            }
        }
    });
    hear(&mut heard, messages.len()).await;
    let run = watch.stop(Some(&server));
    sender.join().unwrap();
    run
}

fn command(into: &mut Vec<u8>, words: &[&[u8]]) {
    write!(into, "*{}\r\n", words.len()).unwrap();
    for word in words {
        write!(into, "${}\r\n", word.len()).unwrap();
        into.extend_from_slice(word);
        into.extend_from_slice(b"\r\n");
    }
}

/// The log alone; on Redis it is heard, too.
async fn append(place: Place, messages: &[Arc<ChatMessage>]) -> Run {
    let joints = Joints::new(place).await;
    let mut heard = joints
        .bus
        .subscribe(&[topic(TopicKind::ChatFirehose)])
        .await
        .unwrap();
    joints.store.head(&room()).await.unwrap();
    let watch = Watch::start(joints.server.as_ref());
    for batch in messages.chunks(AT_ONCE) {
        let appended = joints.store.append(&room(), batch.to_vec()).await.unwrap();
        if appended.said {
            hear(&mut heard, batch.len()).await;
        }
    }
    watch.stop(joints.server.as_ref())
}

/// The whole path: what is published on `chat.ingest` is judged, kept, said, and heard.
async fn path(place: Place, messages: &[Arc<ChatMessage>]) -> Run {
    let joints = Joints::new(place).await;
    let ending = CancellationToken::new();
    let gateway = Gateway::new(config(), parts(&joints));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let served = tokio::spawn(gateway.serve(listener, ending.clone()));
    let mut heard = joints
        .bus
        .subscribe(&[topic(TopicKind::ChatFirehose)])
        .await
        .unwrap();
    let ingest = topic(TopicKind::ChatIngest);
    // The gateway listens when the first one arrives.
    let mut first = (*messages[0]).clone();
    loop {
        first.id = MessageId::new();
        let payload = serde_json::to_vec(&first).unwrap();
        joints.bus.publish(&ingest, payload.into()).await.unwrap();
        if timeout(Duration::from_millis(200), heard.next())
            .await
            .is_ok()
        {
            break;
        }
    }
    let payloads: Vec<Bytes> = messages
        .iter()
        .map(|message| serde_json::to_vec(&**message).unwrap().into())
        .collect();
    let watch = Watch::start(joints.server.as_ref());
    for batch in payloads.chunks(AT_ONCE) {
        let said = batch
            .iter()
            .map(|payload| joints.bus.publish(&ingest, payload.clone()));
        for said in join_all(said).await {
            said.unwrap();
        }
        hear(&mut heard, batch.len()).await;
    }
    let run = watch.stop(joints.server.as_ref());
    ending.cancel();
    served.await.unwrap();
    run
}

/// What the bus adds by itself.
async fn bus_alone(messages: &[Arc<ChatMessage>]) -> Run {
    let joints = Joints::new(Place::Redis).await;
    let ingest = topic(TopicKind::ChatIngest);
    let mut heard = joints
        .bus
        .subscribe(std::slice::from_ref(&ingest))
        .await
        .unwrap();
    let payloads: Vec<Bytes> = messages
        .iter()
        .map(|message| serde_json::to_vec(&**message).unwrap().into())
        .collect();
    let watch = Watch::start(joints.server.as_ref());
    for batch in payloads.chunks(AT_ONCE) {
        join_all(
            batch
                .iter()
                .map(|payload| joints.bus.publish(&ingest, payload.clone())),
        )
        .await;
        hear(&mut heard, batch.len()).await;
    }
    watch.stop(joints.server.as_ref())
}

async fn hear(heard: &mut Subscription, count: usize) {
    let mut left = count as u64;
    while left > 0 {
        match timeout(PATIENCE, heard.next())
            .await
            .expect("a message is missing")
            .unwrap()
        {
            Heard::Message { .. } => left -= 1,
            Heard::Lagged { missed, .. } => left = left.saturating_sub(missed),
        }
    }
}

// === What is measured ===

struct Watch {
    began: Instant,
    own: f64,
    server: f64,
}

impl Watch {
    fn start(server: Option<&RedisServer>) -> Self {
        Self {
            began: Instant::now(),
            own: processor_seconds("self"),
            server: of_server(server),
        }
    }

    fn stop(self, server: Option<&RedisServer>) -> Run {
        Run {
            seconds: self.began.elapsed().as_secs_f64(),
            own: processor_seconds("self") - self.own,
            server: of_server(server) - self.server,
        }
    }
}

fn of_server(server: Option<&RedisServer>) -> f64 {
    server.map_or(0.0, |server| processor_seconds(&server.pid().to_string()))
}

/// User and system time of a process, in steps of a hundredth: fields 14 and 15 of proc(5)'s `stat`.
fn processor_seconds(process: &str) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

// === What is said, and where ===

fn room() -> RoomId {
    RoomId::new("main/lobby").unwrap()
}

fn topic(kind: TopicKind) -> Topic {
    Topic::new(kind, room())
}

fn message(n: usize) -> ChatMessage {
    ChatMessage {
        v: V1,
        id: MessageId::new(),
        room_id: room(),
        author: Author {
            id: AuthorId::new(&format!("guest:viewer-{}", n % 500)).unwrap(),
            name: format!("Viewer {}", n % 500),
            kind: AuthorKind::Viewer,
            color: None,
            badges: Vec::new(),
        },
        text: format!("what a round, number {n}, and it is not even over yet :hype:"),
        reply_to: None,
        mentions: Vec::new(),
        sent_at: Timestamp::from_millis(1_769_860_800_000),
        call_id: None,
        deleted: false,
    }
}

fn config() -> Config {
    let model = Model {
        model: "none".into(),
        place: "nowhere".into(),
        offline: true,
    };
    let mut config = Config::new(OperatorToken::new("t".repeat(40)), model);
    // What the path carries is asked, not what may come.
    config.limits.ingest_burst = u32::MAX;
    let policy = include_str!("../../../configs/moderation/default.toml");
    config.rooms = vec![RoomSetup {
        id: room(),
        modes: Default::default(),
        title: "The lobby".into(),
        policy: toml::from_str::<ModerationPolicy>(policy).unwrap(),
        personas: Vec::new(),
        recording: None,
    }];
    config
}

fn parts(joints: &Joints) -> Parts {
    Parts {
        bus: Arc::clone(&joints.bus),
        store: Arc::clone(&joints.store),
        clock: Clock::system(),
        metrics: Arc::new(String::new),
        ready: Arc::new(|| Ok(())),
    }
}
