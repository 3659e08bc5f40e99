//! A whole worker on an in-process bus and a store in memory, with scripted personas, under tokio's
//! paused time.

mod gauges;
mod memories;
mod personas;
mod store;

pub(crate) use gauges::Gauges;
pub(crate) use memories::Memories;
pub(crate) use personas::{Act, Scripted, line, talks};
pub(crate) use store::{Fault, Shaky};

use chatter_bus::{Heard, InProcess, SharedBus, Subscription, publish_json};
use chatter_protocol::{
    Author, AuthorId, AuthorKind, CallRecord, ChatMessage, Clock, FirehoseEntry, MessageId,
    PersonaConfig, PersonaId, PersonaStatus, RoomConfig, RoomId, StreamContext, Timestamp, Topic,
    TopicKind, Tuning, V1, call::State, context::StreamEvent,
};
use chatter_store::{Rota, Sqlite, Store as _};
use chatter_worker::{Config, Handle, Parts, RoomSetup, Seat, Worker};
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use tokio::{
    task::JoinHandle,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

/// A worker at work in one room.
pub(crate) struct Hall {
    pub(crate) room: RoomId,
    pub(crate) bus: SharedBus,
    pub(crate) store: Arc<Shaky>,
    pub(crate) memory: Arc<Memories>,
    pub(crate) cancel: CancellationToken,
    pub(crate) clock: Clock,
    /// By how many milliseconds the clock was set back.
    set_back: Arc<AtomicI64>,
    pub(crate) handle: Handle,
    /// As it was opened.
    pub(crate) setup: RoomSetup,
    pub(crate) rota: Rota,
    /// What its workers work with.
    parts: Parts,
    worker: JoinHandle<()>,
}

/// Whatever happens, everybody wants to speak, at once.
pub(crate) fn eager() -> Tuning {
    Tuning {
        event_boost: 1.0,
        mention_boost: 1.0,
        cooldown_s: 0.0,
        think_time_s: 0.0,
        persona_lines_per_minute: 120,
        room_lines_per_minute: 1200,
        bot_share: 1.0,
        ..Tuning::default()
    }
}

impl Hall {
    /// Opens with a persona for each module; the persona has the module's name.
    pub(crate) async fn open(tuning: Tuning, modules: &[&str], personas: Arc<Scripted>) -> Self {
        Self::open_with(
            tuning,
            modules,
            personas,
            Memories::default(),
            async |_, _| {},
        )
        .await
    }

    pub(crate) async fn open_with(
        tuning: Tuning,
        modules: &[&str],
        personas: Arc<Scripted>,
        memory: Memories,
        before: impl AsyncFnOnce(&RoomId, &Shaky),
    ) -> Self {
        let room = RoomId::new("main/lobby").unwrap();
        let store = Arc::new(Shaky::over(Sqlite::in_memory().unwrap()));
        before(&room, &store).await;
        let bus: SharedBus = Arc::new(InProcess::new());
        let memory = Arc::new(memory);
        let start = Instant::now();
        let set_back = Arc::new(AtomicI64::new(0));
        let by = set_back.clone();
        let clock = Clock::from_fn(move || {
            let right = began().plus(start.elapsed());
            Timestamp::from_millis(right.as_millis() - by.load(Ordering::Relaxed))
        });
        let setup = RoomSetup {
            config: RoomConfig {
                emotes: Vec::new(),
                v: V1,
                id: room.clone(),
                title: "Lobby".into(),
                moderation: "default".into(),
                source: None,
                modes: Default::default(),
                llm: None,
                limits: None,
                roster: Vec::new(),
                tuning,
            },
            seats: modules.iter().map(|module| seat(module)).collect(),
        };
        let parts = Parts {
            bus: bus.clone(),
            store: store.clone(),
            memory: memory.clone(),
            personas: personas.clone(),
            clock: clock.clone(),
        };
        let config = Config {
            rooms: vec![setup.clone()],
            seed: Some(11),
            ..Config::default()
        };
        let cancel = CancellationToken::new();
        let worker = Worker::new(config, parts.clone());
        let rota = worker.rota();
        let handle = worker.handle();
        let worker = tokio::spawn(worker.run(cancel.clone()));
        Self {
            room,
            bus,
            store,
            memory,
            cancel,
            clock,
            set_back,
            handle,
            rota,
            parts,
            setup,
            worker,
        }
    }

    /// Another worker, which makes its calls to these; what ends it.
    pub(crate) fn another(&self, personas: Arc<Scripted>) -> (CancellationToken, JoinHandle<()>) {
        let parts = Parts {
            personas,
            ..self.parts.clone()
        };
        let config = Config {
            rooms: vec![self.setup.clone()],
            ..Config::default()
        };
        let cancel = CancellationToken::new();
        let worker = tokio::spawn(Worker::new(config, parts).run(cancel.clone()));
        (cancel, worker)
    }

    /// From now on the clock shows an earlier time, by so much.
    pub(crate) fn set_clock_back(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap();
        self.set_back.fetch_add(by, Ordering::Relaxed);
    }

    /// The worker ends as a process does that is killed.
    pub(crate) fn kill(&self) {
        self.worker.abort();
    }

    /// The worker ends by itself.
    pub(crate) async fn ended(self) {
        let ended = timeout(Duration::from_secs(60), self.worker).await;
        ended.expect("it ends").unwrap();
    }

    /// What a persona stored last.
    pub(crate) async fn state(&self, persona: &str) -> Option<State> {
        let persona = PersonaId::new(persona).unwrap();
        let stored = self.store.state(&self.room, &persona, &[]).await.unwrap();
        stored.map(|stored| stored.state)
    }

    pub(crate) fn topic(&self, kind: TopicKind) -> Topic {
        Topic::new(kind, self.room.clone())
    }

    pub(crate) async fn listen(&self, kind: TopicKind) -> Subscription {
        self.bus.subscribe(&[self.topic(kind)]).await.unwrap()
    }

    /// A context at this second, in which something of this name has just happened.
    pub(crate) async fn context(&self, second: u64, event: &str) {
        let context = StreamContext {
            v: V1,
            room_id: self.room.clone(),
            at: self.clock.now(),
            position_ms: second * 1000,
            transcript: Vec::new(),
            summary: String::new(),
            keywords: Vec::new(),
            events: vec![StreamEvent {
                id: event.into(),
                kind: "hype".into(),
                text: event.into(),
                names: Vec::new(),
                at_ms: second * 1000,
                known_ms: None,
                confidence: 1.0,
            }],
            chat_question: None,
            scene: None,
            playing: None,
            extensions: None,
        };
        let topic = self.topic(TopicKind::StreamContext);
        publish_json(&*self.bus, &topic, &context).await.unwrap();
    }

    pub(crate) fn guest(&self, n: u8, text: &str) -> Arc<ChatMessage> {
        Arc::new(guest(&self.room, n, text, self.clock.now()))
    }

    /// Puts messages into the room's log, and says so or doesn't.
    pub(crate) async fn log(&self, messages: &[Arc<ChatMessage>]) -> Vec<FirehoseEntry> {
        let appended = self
            .store
            .append(&self.room, messages.to_vec())
            .await
            .unwrap();
        let entry = |(message, place): (&Arc<ChatMessage>, &chatter_store::Place)| FirehoseEntry {
            v: V1,
            epoch: appended.epoch.clone(),
            offset: place.offset().unwrap(),
            message: message.clone(),
        };
        messages.iter().zip(&appended.places).map(entry).collect()
    }

    pub(crate) async fn tell(&self, entry: &FirehoseEntry) {
        let topic = self.topic(TopicKind::ChatFirehose);
        publish_json(&*self.bus, &topic, entry).await.unwrap();
    }

    pub(crate) async fn close(self) {
        self.cancel.cancel();
        timeout(Duration::from_secs(3), self.worker)
            .await
            .expect("it ends in time")
            .unwrap();
    }
}

pub(crate) fn began() -> Timestamp {
    Timestamp::from_millis(1_769_860_800_000)
}

pub(crate) fn guest(room: &RoomId, n: u8, text: &str, at: Timestamp) -> ChatMessage {
    ChatMessage {
        v: V1,
        id: MessageId::from_parts(u64::from(n), [n; 10]),
        room_id: room.clone(),
        author: Author {
            id: AuthorId::new("guest:ana").unwrap(),
            name: "ana".into(),
            kind: AuthorKind::Viewer,
            color: None,
            badges: Vec::new(),
        },
        text: text.into(),
        reply_to: None,
        mentions: Vec::new(),
        sent_at: at,
        call_id: None,
        deleted: false,
    }
}

pub(crate) fn seat(module: &str) -> Seat {
    Seat {
        config: PersonaConfig {
            v: V1,
            id: PersonaId::new(module).unwrap(),
            name: module.into(),
            spoken: Vec::new(),
            module: module.into(),
            bio: String::new(),
            style: String::new(),
            color: Some("#336699".into()),
            traits: BTreeMap::from([("excitability".into(), 1.0), ("talkativeness".into(), 0.0)]),
            llm: None,
            limits: None,
        },
        module: module.into(),
        shadow: None,
    }
}

async fn next<T: serde::de::DeserializeOwned>(heard: &mut Subscription) -> T {
    let next = timeout(Duration::from_secs(120), heard.next())
        .await
        .expect("something is heard");
    match next {
        Some(Heard::Message { payload, .. }) => serde_json::from_slice(&payload).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// The first call record that fits.
pub(crate) async fn record(
    heard: &mut Subscription,
    fits: impl Fn(&CallRecord) -> bool,
) -> CallRecord {
    loop {
        let record = next(heard).await;
        if fits(&record) {
            return record;
        }
    }
}

/// The first status that fits.
pub(crate) async fn status(
    heard: &mut Subscription,
    fits: impl Fn(&PersonaStatus) -> bool,
) -> PersonaStatus {
    loop {
        let status = next(heard).await;
        if fits(&status) {
            return status;
        }
    }
}
