//! A whole room in one process, for trying out: the real worker, the real admission, and nobody who
//! reads over the network. In simulated time, ten minutes of it take as long as their calls do.

use async_trait::async_trait;
use chatter_bus::SharedBus;
use chatter_context::{PlayError, Playback, Subtitles, play};
use chatter_gateway::{Gateway, OperatorToken, PersonaSeat};
use chatter_llm::{About, Asker, LanguageModel, SharedModel};
use chatter_protocol::{
    Author, AuthorId, AuthorKind, ChatMessage, Clock, MessageId, ModerationPolicy, RoomConfig,
    RoomId, Timestamp, Topic, TopicKind, V1,
    llm::{Completion, Error, Request},
};
use chatter_worker::{Parts, RoomSetup, Seat, Worker};
use std::{
    collections::HashMap,
    io,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant as RealInstant},
};
use tokio::{
    runtime::{Builder, Handle, Runtime},
    task::JoinHandle,
    time::Instant,
};
use tokio_util::sync::CancellationToken;

/// How finely simulated time is held back.
const PACE: Duration = Duration::from_millis(100);

/// What is rehearsed.
#[derive(Clone, Debug)]
pub struct Scene {
    /// The room. The roster in it is not read.
    pub room: RoomConfig,
    /// Who sits in it, with the module that each runs on.
    pub seats: Vec<Seat>,
    /// What may be said in it.
    pub policy: ModerationPolicy,
    /// What all chance comes from.
    pub seed: u64,
}

/// A room at work.
pub struct Rehearsal {
    room: RoomId,
    parts: Parts,
    cancel: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
    people: Mutex<People>,
}

/// Who has said something, by id.
#[derive(Default)]
struct People(HashMap<AuthorId, String>);

impl People {
    /// The id of somebody by name: always the same, and nobody else's. Ids are of fewer letters than
    /// names, so several names may come to one.
    fn id(&mut self, name: &str) -> Option<AuthorId> {
        let letter = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        let slug: String = name.to_lowercase().chars().map(letter).collect();
        for number in 1.. {
            let id = match number {
                1 => format!("guest:{slug}"),
                _ => format!("guest:{slug}-{number}"),
            };
            let id: AuthorId = id.parse().ok()?;
            if self.0.entry(id.clone()).or_insert_with(|| name.to_owned()) == name {
                return Some(id);
            }
        }
        None
    }
}

impl Rehearsal {
    /// Opens the room. Whoever wants to hear it from its first word on listens on the bus before.
    #[must_use]
    pub fn begin(scene: Scene, parts: Parts) -> Self {
        let room = scene.room.id.clone();
        let cancel = CancellationToken::new();
        let personas = scene
            .seats
            .iter()
            .map(|seat| PersonaSeat {
                id: seat.config.id.clone(),
                name: seat.config.name.clone(),
            })
            .collect();
        let gateway = Gateway::new(
            chatter_gateway::Config {
                rooms: vec![chatter_gateway::RoomSetup {
                    id: room.clone(),
                    modes: scene.room.modes.into(),
                    title: scene.room.title.clone(),
                    policy: scene.policy,
                    personas,
                    recording: None,
                }],
                ..chatter_gateway::Config::new(
                    // Nobody can present it: nothing listens.
                    OperatorToken::new("nothing listens"),
                    chatter_protocol::room::Model {
                        model: String::new(),
                        place: String::new(),
                        offline: true,
                    },
                )
            },
            chatter_gateway::Parts {
                bus: parts.bus.clone(),
                store: parts.store.clone(),
                clock: parts.clock.clone(),
                metrics: Arc::new(String::new),
                ready: Arc::new(|| Ok(())),
            },
        );
        let worker = Worker::new(
            chatter_worker::Config {
                rooms: vec![RoomSetup {
                    config: scene.room,
                    seats: scene.seats,
                }],
                seed: Some(scene.seed),
                ..chatter_worker::Config::default()
            },
            parts.clone(),
        );
        let tasks = vec![
            tokio::spawn(gateway.admit(cancel.clone())),
            tokio::spawn(worker.run(cancel.clone())),
        ];
        Self {
            room,
            parts,
            cancel,
            tasks,
            people: Mutex::default(),
        }
    }

    /// Plays a stream into the room, to its end.
    pub fn play(
        &self,
        subtitles: Subtitles,
        looped: bool,
    ) -> impl Future<Output = Result<(), PlayError>> + Send + use<> {
        let playback = Playback {
            looped,
            ..Playback::new(self.room.clone())
        };
        let playing = play(
            subtitles,
            playback,
            SharedBus::clone(&self.parts.bus),
            self.parts.clock.clone(),
            self.cancel.clone(),
        );
        async { playing.await.map(drop) }
    }

    /// A person says something. Like everything that is said it goes before moderation.
    ///
    /// # Errors
    ///
    /// If nobody can be called that, or the bus is gone.
    pub async fn say(&self, id: MessageId, name: &str, text: &str) -> Result<(), String> {
        let author = {
            let mut people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
            let id = people.id(name);
            id.ok_or_else(|| format!("nobody in a chat can be called {name:?}"))?
        };
        let message = ChatMessage {
            v: V1,
            id,
            room_id: self.room.clone(),
            author: Author {
                id: author,
                name: name.to_owned(),
                kind: AuthorKind::Viewer,
                color: None,
                badges: Vec::new(),
            },
            text: text.to_owned(),
            reply_to: None,
            mentions: Vec::new(),
            sent_at: self.parts.clock.now(),
            call_id: None,
            deleted: false,
        };
        let topic = Topic::new(TopicKind::ChatIngest, self.room.clone());
        chatter_bus::publish_json(&*self.parts.bus, &topic, &message)
            .await
            .map_err(|error| error.to_string())
    }

    /// Closes the room. Calls in flight are dropped.
    pub async fn end(self) {
        self.cancel.cancel();
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a part of the room broke off");
            }
        }
    }
}

// === Time ===

/// Runs a rehearsal on this thread, in simulated time or in real time.
///
/// # Errors
///
/// If the system gives no executor.
pub fn executor(simulated: bool) -> io::Result<Runtime> {
    Builder::new_current_thread()
        .enable_all()
        .start_paused(simulated)
        .build()
}

/// A clock that shows `start` now and goes as the executor's time does.
#[must_use]
pub fn clock(start: Timestamp) -> Clock {
    let began = Instant::now();
    Clock::from_fn(move || start.plus(began.elapsed()))
}

/// Holds simulated time back to `speed` times real time, as long as it is polled.
pub async fn hold_back(speed: f64) {
    let (began, real) = (Instant::now(), RealInstant::now());
    loop {
        tokio::time::sleep(PACE).await;
        let due = began.elapsed().div_f64(speed);
        let wait = due.saturating_sub(real.elapsed());
        if !wait.is_zero() {
            // Simulated time stands still while a blocking thread is at work.
            let _ = tokio::task::spawn_blocking(move || std::thread::sleep(wait)).await;
        }
    }
}

/// A language model that answers in real time while simulated time stands still.
pub struct OffTheClock {
    model: SharedModel,
    executor: Handle,
}

impl OffTheClock {
    /// Answers come from `model`, which waits on `executor`.
    #[must_use]
    pub fn new(model: SharedModel, executor: Handle) -> Self {
        Self { model, executor }
    }
}

#[async_trait]
impl LanguageModel for OffTheClock {
    async fn complete(
        &self,
        request: &Request,
        asker: &Asker,
        seed: u64,
        deadline: Duration,
    ) -> Result<Completion, Error> {
        let (model, executor) = (self.model.clone(), self.executor.clone());
        let (request, asker) = (request.clone(), asker.clone());
        let asked = tokio::task::spawn_blocking(move || {
            executor.block_on(model.complete(&request, &asker, seed, deadline))
        });
        match asked.await {
            Ok(answer) => answer,
            Err(error) => Err(Error::Unavailable(error.to_string())),
        }
    }

    fn remaining(&self, asker: &Asker) -> u32 {
        self.model.remaining(asker)
    }

    fn about(&self) -> About {
        self.model.about()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::timeout;

    /// Waits for a moment of its executor's time before it answers.
    struct Slow;

    #[async_trait]
    impl LanguageModel for Slow {
        async fn complete(
            &self,
            _: &Request,
            _: &Asker,
            _: u64,
            _: Duration,
        ) -> Result<Completion, Error> {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Err(Error::Busy)
        }

        fn about(&self) -> About {
            About {
                model: "slow".into(),
                place: "in the test".into(),
                offline: true,
            }
        }
    }

    #[test]
    fn simulated_time_stands_still_while_a_model_is_waited_for() {
        let outside = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let model = OffTheClock::new(Arc::new(Slow), outside.handle().clone());
        let asker = Asker::new(chatter_protocol::memory::Scope {
            room: chatter_protocol::RoomId::new("main/lobby").unwrap(),
            persona: chatter_protocol::PersonaId::new("nova").unwrap(),
        });
        let request = Request {
            messages: Vec::new(),
            max_tokens: 1,
            temperature: 0.0,
            json_schema: None,
        };
        let (answer, passed) = executor(true).unwrap().block_on(async {
            let began = Instant::now();
            let asked = model.complete(&request, &asker, 0, Duration::from_secs(1));
            let answer = timeout(Duration::from_millis(10), asked).await;
            (answer, began.elapsed())
        });
        assert_eq!(answer.unwrap(), Err(Error::Busy));
        assert_eq!(passed, Duration::ZERO);
    }

    #[test]
    fn everybody_has_an_id_of_their_own() {
        let mut people = People::default();
        let mut id = |name| people.id(name).map(|id| id.to_string());
        for (name, expected) in [
            ("Ana", Some("guest:ana")),
            ("李", Some("guest:-")),
            ("王", Some("guest:--2")),
            ("李", Some("guest:-")),
            ("Ana", Some("guest:ana")),
            ("ana", Some("guest:ana-2")),
            (&"x".repeat(200), None),
        ] {
            assert_eq!(id(name).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn a_clock_goes_as_the_executor_does() {
        executor(true).unwrap().block_on(async {
            let clock = clock(Timestamp::from_millis(1_000));
            tokio::time::sleep(Duration::from_secs(60)).await;
            assert_eq!(clock.now(), Timestamp::from_millis(61_000));
        });
    }
}
