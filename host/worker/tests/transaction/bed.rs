//! A worker on files, with a real runtime and a component that dies as it is told.

use super::faults::{Fickle, Recall};
use crate::support::Shaky;
use crate::support::{began, eager, record};
use chatter_bus::{InProcess, SharedBus, Subscription, publish_json};
use chatter_protocol::{
    CallRecord, Clock, PersonaConfig, PersonaId, RoomConfig, RoomId, StreamContext, Topic,
    TopicKind, V1,
    call::{Fate, LimitsConfig},
    context::StreamEvent,
};
use chatter_runtime::{Runtime, SharedPersonas};
use chatter_store::{Sqlite, Store as _};
use chatter_worker::{Config, Parts, RoomSetup, Seat, Worker};
use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};
use tempfile::TempDir;
use tokio::{
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

const SECOND: Duration = Duration::from_secs(1);

/// The files that what is kept stands in: SQLite's own, and what it has not yet moved there.
const FILES: [&str; 4] = ["chatter.db", "chatter.db-wal", "memory.db", "memory.db-wal"];

pub(crate) struct Bed {
    folder: TempDir,
    room: RoomId,
    persona: PersonaId,
    bus: SharedBus,
    pub(crate) store: Arc<Shaky>,
    pub(crate) memory: Arc<Recall>,
    pub(crate) model: Arc<Fickle>,
    personas: SharedPersonas,
}

/// A worker at work with one persona.
pub(crate) struct AtWork {
    pub(crate) records: Subscription,
    cancel: CancellationToken,
    worker: JoinHandle<()>,
}

/// All that may have changed.
#[derive(Debug, PartialEq)]
pub(crate) struct Kept {
    files: Vec<Vec<u8>>,
    delivered: usize,
}

impl Bed {
    pub(crate) async fn open() -> Self {
        let folder = TempDir::new().unwrap();
        let plugins = folder.path().join("plugins");
        std::fs::create_dir(&plugins).unwrap();
        std::fs::copy(built("martyr"), plugins.join("martyr.wasm")).unwrap();
        let memory = Arc::new(Recall::open(&folder.path().join("memory.db")));
        let model = Arc::new(Fickle::default());
        let runtime = Runtime::new(chatter_runtime::Config::new(
            plugins,
            folder.path().join("modules"),
            model.clone(),
            memory.clone(),
        ))
        .unwrap();
        runtime.load_all().await.unwrap();
        Self {
            room: RoomId::new("main/lobby").unwrap(),
            persona: PersonaId::new("nova").unwrap(),
            bus: Arc::new(InProcess::new()),
            store: Arc::new(Shaky::over(
                Sqlite::open(&folder.path().join("chatter.db")).unwrap(),
            )),
            memory,
            model,
            personas: Arc::new(runtime),
            folder,
        }
    }

    /// Starts a worker, and lets something happen on the stream.
    pub(crate) async fn begin(&self, style: &str) -> AtWork {
        let config = Config {
            rooms: vec![RoomSetup {
                config: RoomConfig {
                    emotes: Vec::new(),
                    v: V1,
                    id: self.room.clone(),
                    title: "Lobby".into(),
                    moderation: "default".into(),
                    source: None,
                    modes: Default::default(),
                    roster: Vec::new(),
                    tuning: eager(),
                    llm: None,
                    limits: None,
                },
                seats: vec![Seat {
                    config: self.character(style),
                    module: "martyr".into(),
                    shadow: None,
                }],
            }],
            ..Config::default()
        };
        let parts = Parts {
            bus: self.bus.clone(),
            store: self.store.clone(),
            memory: self.memory.clone(),
            personas: self.personas.clone(),
            clock: Clock::from_fn(began),
        };
        let records = self
            .bus
            .subscribe(&[self.topic(TopicKind::PersonaCalls)])
            .await
            .unwrap();
        let cancel = CancellationToken::new();
        let worker = tokio::spawn(Worker::new(config, parts).run(cancel.clone()));
        sleep(SECOND).await;
        let topic = self.topic(TopicKind::StreamContext);
        publish_json(&*self.bus, &topic, &self.context())
            .await
            .unwrap();
        AtWork {
            records,
            cancel,
            worker,
        }
    }

    /// A call from its cause to its record, after which the worker has ended and all is delivered.
    pub(crate) async fn call(&self, style: &str) -> CallRecord {
        let mut work = self.begin(style).await;
        let record = record(&mut work.records, |_| true).await;
        self.deliver().await;
        work.end().await;
        record
    }

    /// Until the memory has what waits for it.
    pub(crate) async fn deliver(&self) {
        loop {
            let waiting = self.store.pending_memories(1, Duration::ZERO).await;
            if waiting.unwrap().is_empty() {
                return;
            }
            sleep(SECOND / 10).await;
        }
    }

    /// What the lines that wait say; they are settled then, as the gateway would.
    pub(crate) async fn take_lines(&self) -> Vec<String> {
        let pending = self.store.pending_lines(&self.room, 10, Duration::ZERO);
        let lines: Vec<_> = pending
            .await
            .unwrap()
            .into_iter()
            .map(|line| line.message)
            .collect();
        let settled = lines.iter().map(|line| (line.id, Fate::Accepted)).collect();
        self.store.settle_lines(&self.room, settled).await.unwrap();
        lines.into_iter().map(|line| line.text).collect()
    }

    /// How many calls the stored state tells of.
    pub(crate) async fn calls_stored(&self) -> String {
        let state = self
            .store
            .state(&self.room, &self.persona, &[])
            .await
            .unwrap();
        let bytes = state.map_or_else(Vec::new, |stored| stored.state.bytes.to_vec());
        String::from_utf8(bytes).unwrap()
    }

    pub(crate) fn kept(&self) -> Kept {
        let read = |name| std::fs::read(self.folder.path().join(name)).unwrap_or_default();
        Kept {
            files: FILES.into_iter().map(read).collect(),
            delivered: self.memory.delivered(),
        }
    }

    /// What personas may never say themselves, from now on.
    pub(crate) async fn listen_to_chat(&self) -> Subscription {
        let topics = [TopicKind::ChatIngest, TopicKind::ChatFirehose].map(|kind| self.topic(kind));
        self.bus.subscribe(&topics).await.unwrap()
    }

    fn topic(&self, kind: TopicKind) -> Topic {
        Topic::new(kind, self.room.clone())
    }

    fn character(&self, style: &str) -> PersonaConfig {
        PersonaConfig {
            v: V1,
            id: self.persona.clone(),
            name: "Nova".into(),
            spoken: Vec::new(),
            module: "martyr".into(),
            bio: String::new(),
            style: style.into(),
            color: None,
            traits: BTreeMap::from([("excitability".into(), 1.0)]),
            llm: None,
            limits: Some(LimitsConfig {
                cpu_ms: Some(20),
                wall_ms: Some(2_000),
                ..LimitsConfig::default()
            }),
        }
    }

    fn context(&self) -> StreamContext {
        StreamContext {
            v: V1,
            room_id: self.room.clone(),
            at: began(),
            position_ms: 2_000,
            transcript: Vec::new(),
            summary: String::new(),
            keywords: Vec::new(),
            events: vec![StreamEvent {
                id: "goal".into(),
                kind: "hype".into(),
                text: "goal!".into(),
                names: Vec::new(),
                at_ms: 2_000,
                known_ms: None,
                confidence: 1.0,
            }],
            chat_question: None,
            scene: None,
            playing: None,
            extensions: None,
        }
    }
}

impl AtWork {
    pub(crate) async fn end(self) {
        self.cancel.cancel();
        timeout(5 * SECOND, self.worker)
            .await
            .expect("the worker ends in time")
            .unwrap();
    }
}

/// Where `cargo xtask personas` leaves the components that it builds.
fn built(name: &str) -> PathBuf {
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("..");
    let file = target
        .join("wasm32-wasip2/persona")
        .join(format!("{name}.wasm"));
    assert!(
        file.exists(),
        "{} is missing; build it by `cargo xtask personas`",
        file.display()
    );
    file
}
