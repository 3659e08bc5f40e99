//! The whole host in one process, on real components, in simulated time: ten minutes of a room take
//! as long as their calls do.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

use chatter_bus::{Heard, InProcess, SharedBus};
use chatter_context::{Playback, Subtitles, play};
use chatter_gateway::{Gateway, OperatorToken, PersonaSeat};
use chatter_llm::Offline;
use chatter_memory::Embedded;
use chatter_protocol::{
    Author, AuthorKind, CallRecord, ChatMessage, Clock, MessageId, ModerationPolicy, PersonaConfig,
    RoomConfig, RoomId, Schematic, Timestamp, Topic, TopicKind, V1, call::CallEnd,
};
use chatter_runtime::{Config as RuntimeConfig, Runtime};
use chatter_store::{Sqlite, Store};
use chatter_worker::{RoomSetup, Seat, Worker};
use serde_json::json;
use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};
use tempfile::TempDir;
use tokio::{
    net::TcpListener,
    task::JoinHandle,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

/// When every simulation begins.
const START: i64 = 1_760_000_000_000;

/// A room of personas, at work in simulated time.
struct Simulation {
    room: RoomId,
    bus: SharedBus,
    store: Arc<Sqlite>,
    cancel: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
    records: JoinHandle<Vec<CallRecord>>,
    _folder: TempDir,
}

impl Simulation {
    async fn start(personas: Vec<PersonaConfig>) -> Self {
        let start = Instant::now();
        let clock = Clock::from_fn(move || Timestamp::from_millis(START).plus(start.elapsed()));
        let folder = TempDir::new().unwrap();
        let plugins = folder.path().join("plugins");
        std::fs::create_dir(&plugins).unwrap();
        for name in ["regular", "hype", "rascal"] {
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

        let room = RoomId::new("main/lobby").unwrap();
        let roster: Vec<_> = personas
            .iter()
            .map(|persona| json!({ "persona": persona.id }))
            .collect();
        let config = json!({ "id": room, "title": "The Lobby", "roster": roster });
        let cancel = CancellationToken::new();
        let gateway = Gateway::new(
            chatter_gateway::Config {
                rooms: vec![chatter_gateway::RoomSetup {
                    id: room.clone(),
                    title: "The Lobby".into(),
                    policy: ModerationPolicy::from_value(json!({ "name": "default" })).unwrap(),
                    personas: personas
                        .iter()
                        .map(|p| PersonaSeat {
                            id: p.id.clone(),
                            name: p.name.clone(),
                        })
                        .collect(),
                }],
                ..chatter_gateway::Config::new(
                    OperatorToken::new("an operator's token that nobody guesses"),
                    chatter_gateway::About {
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
                    config: RoomConfig::from_value(config).unwrap(),
                    seats: personas
                        .into_iter()
                        .map(|config| Seat {
                            module: config.module.clone(),
                            config,
                        })
                        .collect(),
                }],
                seed: Some(7),
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
        let stream = root().join("configs/streams");
        let file = std::fs::read_dir(&stream)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(|path| path.extension().is_some_and(|e| e == "vtt"));
        let subtitles =
            Subtitles::load(&file.expect("a commentary ships with the program")).unwrap();
        let playback = Playback {
            looped: true,
            ..Playback::new(room.clone())
        };

        let records = tokio::spawn(listen(
            bus.clone(),
            Topic::new(TopicKind::PersonaCalls, room.clone()),
            cancel.clone(),
        ));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let tasks = vec![
            tokio::spawn(gateway.serve(listener, cancel.clone())),
            tokio::spawn(worker.run(cancel.clone())),
            tokio::spawn({
                let (bus, cancel) = (bus.clone(), cancel.clone());
                async move {
                    play(subtitles, playback, bus, clock, cancel).await.unwrap();
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
            _folder: folder,
        }
    }

    /// A person says something.
    async fn say(&self, n: u64, name: &str, text: &str) {
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

    /// Ends it and gives all that was said and all calls that were made.
    async fn end(self) -> (Vec<Arc<ChatMessage>>, Vec<CallRecord>) {
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
        (messages, self.records.await.unwrap())
    }
}

async fn listen(bus: SharedBus, topic: Topic, cancel: CancellationToken) -> Vec<CallRecord> {
    let mut subscription = bus.subscribe(&[topic]).await.unwrap();
    let mut records = Vec::new();
    while let Some(Some(heard)) = cancel.run_until_cancelled(subscription.next()).await {
        if let Heard::Message { payload, .. } = heard {
            records.push(CallRecord::from_json(&payload).unwrap());
        }
    }
    records
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Where `cargo xtask personas` leaves the components that it builds.
fn component(name: &str) -> PathBuf {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join("../wasm32-wasip2/persona")
        .join(format!("{name}.wasm"));
    assert!(
        file.exists(),
        "{} is missing; build it by `cargo xtask personas`",
        file.display()
    );
    file
}

fn persona(n: usize, module: &str, style: &str) -> PersonaConfig {
    let part = |step: usize| (n * step % 10) as f64 / 9.0;
    // On a busy machine only who loops is to run out of CPU time.
    let limits = json!({ "cpu_ms": if style == "loop" { 100 } else { 10_000 } });
    let config = json!({
        "id": format!("p{n}"),
        "limits": limits,
        "name": format!("Persona{n}"),
        "module": module,
        "bio": format!("Number {n} of the crowd."),
        "style": style,
        "traits": { "talkativeness": part(3), "excitability": part(7), "helpfulness": part(1), "sociability": part(9) }
    });
    PersonaConfig::from_value(config).unwrap()
}

fn check_lines(messages: &[Arc<ChatMessage>]) {
    for message in messages {
        let text = &message.text;
        assert!(
            !text.trim().is_empty() && text.chars().count() <= 300,
            "{text:?}"
        );
        assert!(!text.chars().any(char::is_control), "{text:?}");
        if message.author.kind == AuthorKind::Persona {
            assert!(
                message.call_id.is_some(),
                "a line without its call: {message:?}"
            );
            assert_eq!(message.author.badges, ["ai"]);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn fifty_personas_for_ten_minutes() {
    let styles = [
        "lowercase, short, no punctuation",
        "CAPS when excited, emoji",
        "dry, long sentences",
    ];
    let personas = (0..50)
        .map(|n| {
            persona(
                n,
                if n % 3 == 0 { "hype" } else { "regular" },
                styles[n % 3],
            )
        })
        .collect();
    let simulation = Simulation::start(personas).await;
    let said = [
        "hi everyone!",
        "what happened just now?",
        "I love the lanterns",
        "who is Persona4?",
        "is it going well?",
    ];
    for n in 0..60 {
        sleep(Duration::from_secs(10)).await;
        let name = ["Ana", "Ben", "Carla"][n % 3];
        simulation
            .say(n as u64 + 1, name, said[n % said.len()])
            .await;
    }
    let (messages, records) = simulation.end().await;

    check_lines(&messages);
    let lines: Vec<_> = messages
        .iter()
        .filter(|message| message.author.kind == AuthorKind::Persona)
        .collect();
    let people = messages.len() - lines.len();
    assert!(
        people >= 59,
        "only {people} messages of people are in the log"
    );
    // The room's budget is 40 lines a minute.
    assert!(
        (60..=440).contains(&lines.len()),
        "{} lines in ten minutes",
        lines.len()
    );
    let mut speakers = BTreeMap::new();
    for line in &lines {
        *speakers.entry(line.author.id.clone()).or_insert(0) += 1;
    }
    assert!(speakers.len() >= 20, "only {} of 50 spoke", speakers.len());

    for record in &records {
        assert!(
            matches!(record.end, CallEnd::Returned { .. }),
            "{} of {}: {:?}",
            record.turn.call_id,
            record.turn.profile.id,
            record.end
        );
    }
    let calls: BTreeMap<_, _> = records
        .iter()
        .map(|record| (record.turn.call_id, record))
        .collect();
    assert!(calls.len() > 1000, "{} calls", calls.len());
    for line in lines {
        let record = calls
            .get(&line.call_id.unwrap())
            .unwrap_or_else(|| panic!("no record of the call of {line:?}"));
        assert!(record.submitted.contains(&line.id));
        assert_eq!(record.turn.profile.id.author(), line.author.id);
    }
}

#[tokio::test(start_paused = true)]
async fn those_that_misbehave_are_contained_and_the_others_go_on() {
    let misdeeds = ["loop", "eat", "panic"];
    let personas = misdeeds
        .iter()
        .enumerate()
        .map(|(n, misdeed)| persona(n, "rascal", misdeed))
        .chain((3..9).map(|n| {
            persona(
                n,
                if n % 2 == 0 { "hype" } else { "regular" },
                "lowercase, short",
            )
        }))
        .collect();
    let simulation = Simulation::start(personas).await;
    sleep(Duration::from_secs(300)).await;
    let (messages, records) = simulation.end().await;

    check_lines(&messages);
    assert!(
        messages.len() >= 20,
        "{} lines in five minutes",
        messages.len()
    );
    let failed = |n: usize| {
        records
            .iter()
            .filter(move |record| record.turn.profile.id.as_str() == format!("p{n}"))
    };
    assert!(
        failed(0).count() >= 3
            && failed(0).all(|record| matches!(record.end, CallEnd::OutOfCpu { .. }))
    );
    assert!(
        failed(1).count() >= 3
            && failed(1).all(|record| matches!(record.end, CallEnd::OutOfMemory { .. }))
    );
    assert!(
        failed(2).count() >= 3
            && failed(2).all(|record| matches!(record.end, CallEnd::Trapped { .. }))
    );
    for (n, misdeed) in misdeeds.iter().enumerate() {
        let author = format!("persona:p{n}");
        assert!(
            messages
                .iter()
                .all(|message| message.author.id.as_str() != author),
            "{misdeed} spoke"
        );
    }
    let others: Vec<_> = records
        .iter()
        .filter(|record| &*record.module.name != "rascal")
        .collect();
    assert!(others.len() > 300, "{} calls", others.len());
    for record in others {
        assert!(
            matches!(record.end, CallEnd::Returned { .. }),
            "{:?}",
            record.end
        );
    }
}
