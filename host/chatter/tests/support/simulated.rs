//! The whole host in one process, on real components, in simulated time: ten minutes of a room take
//! as long as their calls do. Needs a paused clock, and a runtime of one thread.

use chatter_bus::{Heard, InProcess, SharedBus};
use chatter_context::Subtitles;
use chatter_llm::Offline;
use chatter_memory::Embedded;
use chatter_protocol::{
    CallRecord, ChatMessage, MessageId, ModerationPolicy, PersonaConfig, RoomConfig, RoomId,
    Schematic, StreamContext, Timestamp, Topic, TopicKind,
};
use chatter_runtime::{Config as RuntimeConfig, Runtime};
use chatter_store::{Sqlite, Store};
use chatter_workbench::rehearsal::{self, Rehearsal};
use chatter_worker::{Parts, Seat};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};
use tempfile::TempDir;
use tokio::task::JoinHandle;
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
    store: Arc<Sqlite>,
    cancel: CancellationToken,
    rehearsal: Rehearsal,
    source: JoinHandle<()>,
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
        let mut config = RuntimeConfig::new(
            plugins,
            folder.path().join("modules"),
            Arc::new(Offline::new()),
            memory.clone(),
        );
        config.compiled = Some(Path::new(env!("CARGO_TARGET_TMPDIR")).join("../compiled"));
        let runtime = Arc::new(Runtime::new(config).unwrap());
        for (name, loaded) in runtime.load_all().await.unwrap() {
            loaded.unwrap_or_else(|refused| panic!("{name}: {refused}"));
        }

        let room = scene.room.id.clone();
        let cancel = CancellationToken::new();
        let parts = Parts {
            bus: bus.clone(),
            store: store.clone(),
            memory,
            personas: runtime,
            clock: rehearsal::clock(Timestamp::from_millis(START)),
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
        let seats = scene
            .seats
            .into_iter()
            .map(|(config, module)| Seat {
                module,
                config,
                shadow: None,
            })
            .collect();
        let setting = rehearsal::Scene {
            room: scene.room,
            seats,
            policy: scene.policy,
            seed: scene.seed,
        };
        let rehearsal = Rehearsal::begin(setting, parts);
        let playing = rehearsal.play(scene.subtitles, true);
        let source = tokio::spawn(async { playing.await.unwrap() });
        Self {
            room,
            store,
            cancel,
            rehearsal,
            source,
            records,
            contexts,
            _folder: folder,
        }
    }

    /// A person says something.
    pub(crate) async fn say(&self, n: u64, name: &str, text: &str) {
        self.rehearsal
            .say(MessageId::from_parts(n, [1; 10]), name, text)
            .await
            .unwrap();
    }

    /// Ends it.
    pub(crate) async fn end(self) -> Outcome {
        self.cancel.cancel();
        self.rehearsal.end().await;
        self.source.await.unwrap();
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
