//! The whole host in one process, on real components, in simulated time: ten minutes of a room take
//! as long as their calls do. Needs a paused clock, and a runtime of one thread.

use chatter_bus::{Heard, InProcess, SharedBus};
use chatter_context::{Playback, Subtitles, play};
use chatter_gateway::{Gateway, OperatorToken, PersonaSeat};
use chatter_llm::Offline;
use chatter_memory::Embedded;
use chatter_protocol::{
    Author, AuthorKind, CallRecord, ChatMessage, Clock, MessageId, ModerationPolicy, PersonaConfig,
    RoomConfig, RoomId, Schematic, StreamContext, Timestamp, Topic, TopicKind, V1,
};
use chatter_runtime::{Config as RuntimeConfig, Runtime};
use chatter_store::{Sqlite, Store};
use chatter_worker::{RoomSetup, Seat, Worker};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;

/// When every simulation begins.
pub(crate) const START: i64 = 1_760_000_000_000;

/// What is simulated.
pub(crate) struct Scene {
    pub(crate) room: RoomConfig,
    /// Who sits in it, with the module that each runs on.
    pub(crate) seats: Vec<(PersonaConfig, String)>,
    pub(crate) policy: ModerationPolicy,
    /// What the room watches, again and again.
    pub(crate) subtitles: Subtitles,
    pub(crate) seed: u64,
}

/// A room of personas, at work in simulated time.
pub(crate) struct Simulation {
    room: RoomId,
    bus: SharedBus,
    store: Arc<Sqlite>,
    cancel: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
    records: JoinHandle<Vec<CallRecord>>,
    contexts: JoinHandle<Vec<StreamContext>>,
    _folder: TempDir,
}

/// What came of it.
pub(crate) struct Outcome {
    /// All that was said, in order.
    pub(crate) messages: Vec<Arc<ChatMessage>>,
    /// All calls that were made.
    pub(crate) records: Vec<CallRecord>,
    /// What the stream was.
    pub(crate) contexts: Vec<StreamContext>,
}

impl Simulation {
    pub(crate) async fn start(scene: Scene) -> Self {
        let start = Instant::now();
        let clock = Clock::from_fn(move || Timestamp::from_millis(START).plus(start.elapsed()));
        let folder = TempDir::new().unwrap();
        let plugins = folder.path().join("plugins");
        std::fs::create_dir(&plugins).unwrap();
        let modules: BTreeSet<&str> = scene.seats.iter().map(|(_, module)| &**module).collect();
        for name in modules {
            std::fs::copy(component(name), plugins.join(format!("{name}.wasm"))).unwrap();
        }
        let bus: SharedBus = Arc::new(InProcess::new());
        let store = Arc::new(Sqlite::open(&folder.path().join("chatter.db")).unwrap());
        let memory = Arc::new(Embedded::open(&folder.path().join("memory.db")).unwrap());
        let config = RuntimeConfig::new(
            plugins,
            folder.path().join("modules"),
            Arc::new(Offline::new()),
            memory.clone(),
        );
        let runtime = Arc::new(Runtime::new(config).unwrap());
        for (name, loaded) in runtime.load_all().await.unwrap() {
            loaded.unwrap_or_else(|refused| panic!("{name}: {refused}"));
        }

        let room = scene.room.id.clone();
        let cancel = CancellationToken::new();
        let gateway = Gateway::new(
            chatter_gateway::Config {
                rooms: vec![chatter_gateway::RoomSetup {
                    id: room.clone(),
                    title: scene.room.title.clone(),
                    policy: scene.policy,
                    personas: scene
                        .seats
                        .iter()
                        .map(|(persona, _)| PersonaSeat {
                            id: persona.id.clone(),
                            name: persona.name.clone(),
                        })
                        .collect(),
                }],
                ..chatter_gateway::Config::new(
                    OperatorToken::new("an operator's token that nobody guesses"),
                    chatter_protocol::room::Model {
                        model: "offline".into(),
                        place: "in the test".into(),
                        offline: true,
                    },
                )
            },
            chatter_gateway::Parts {
                bus: bus.clone(),
                store: store.clone(),
                clock: clock.clone(),
                metrics: Arc::new(String::new),
                ready: Arc::new(|| Ok(())),
            },
        );
        let worker = Worker::new(
            chatter_worker::Config {
                rooms: vec![RoomSetup {
                    config: scene.room,
                    seats: scene
                        .seats
                        .into_iter()
                        .map(|(config, module)| Seat { module, config })
                        .collect(),
                }],
                seed: Some(scene.seed),
                ..chatter_worker::Config::default()
            },
            chatter_worker::Parts {
                bus: bus.clone(),
                store: store.clone(),
                memory,
                personas: runtime,
                clock: clock.clone(),
            },
        );
        let playback = Playback {
            looped: true,
            ..Playback::new(room.clone())
        };

        let topic = |kind| Topic::new(kind, room.clone());
        let records = listen(&bus, topic(TopicKind::PersonaCalls), &cancel, |json| {
            CallRecord::from_json(json).unwrap()
        })
        .await;
        let contexts = listen(&bus, topic(TopicKind::StreamContext), &cancel, |json| {
            serde_json::from_slice(json).unwrap()
        })
        .await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let tasks = vec![
            tokio::spawn(gateway.serve(listener, cancel.clone())),
            tokio::spawn(worker.run(cancel.clone())),
            tokio::spawn({
                let (bus, cancel) = (bus.clone(), cancel.clone());
                async move {
                    play(scene.subtitles, playback, bus, clock, cancel)
                        .await
                        .unwrap();
                }
            }),
        ];
        Self {
            room,
            bus,
            store,
            cancel,
            tasks,
            records,
            contexts,
            _folder: folder,
        }
    }

    /// A person says something.
    pub(crate) async fn say(&self, n: u64, name: &str, text: &str) {
        let message = ChatMessage {
            v: V1,
            id: MessageId::from_parts(n, [1; 10]),
            room_id: self.room.clone(),
            author: Author {
                id: format!("guest:{}", name.to_lowercase()).parse().unwrap(),
                name: name.into(),
                kind: AuthorKind::Viewer,
                color: None,
                badges: Vec::new(),
            },
            text: text.into(),
            reply_to: None,
            mentions: Vec::new(),
            sent_at: Timestamp::from_millis(0),
            call_id: None,
        };
        let topic = Topic::new(TopicKind::ChatIngest, self.room.clone());
        self.bus
            .publish(&topic, serde_json::to_vec(&message).unwrap().into())
            .await
            .unwrap();
    }

    /// Ends it.
    pub(crate) async fn end(self) -> Outcome {
        self.cancel.cancel();
        for task in self.tasks {
            task.await.unwrap();
        }
        let (mut messages, mut after) = (Vec::new(), 0);
        loop {
            let page = self.store.read_after(&self.room, after, 500).await.unwrap();
            assert!(page.complete);
            let Some((last, _)) = page.messages.last() else {
                break;
            };
            after = *last;
            messages.extend(page.messages.into_iter().map(|(_, message)| message));
        }
        Outcome {
            messages,
            records: self.records.await.unwrap(),
            contexts: self.contexts.await.unwrap(),
        }
    }
}

/// Keeps all that is said on a topic from now on.
async fn listen<T: Send + 'static>(
    bus: &SharedBus,
    topic: Topic,
    cancel: &CancellationToken,
    read: fn(&[u8]) -> T,
) -> JoinHandle<Vec<T>> {
    let mut subscription = bus.subscribe(&[topic]).await.unwrap();
    let cancel = cancel.clone();
    tokio::spawn(async move {
        let mut heard = Vec::new();
        while let Some(Some(said)) = cancel.run_until_cancelled(subscription.next()).await {
            match said {
                Heard::Message { payload, .. } => heard.push(read(&payload)),
                // A figure of half of what happened would be wrong.
                Heard::Lagged { topic, missed } => panic!("{missed} of {topic} were missed"),
            }
        }
        heard
    })
}

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Where `cargo xtask personas` leaves the components that it builds.
fn component(name: &str) -> PathBuf {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("../wasm32-wasip2/persona")
        .join(format!("{name}.wasm"));
    assert!(
        file.exists(),
        "{} is missing; build it by `cargo xtask personas`",
        file.display()
    );
    file
}
