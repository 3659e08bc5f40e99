//! A persona tried out: alone in a room, beside a stream and a chat that were written down, with
//! everything that makes it speak or stay silent in the open.
//!
//! Nothing here decides when it speaks: that is the worker's, as it is in every room.

mod moment;
mod state;

pub use moment::{Call, Moment, Summary};
pub use state::{Change, changes};

use crate::{
    Loaded, Subject,
    rehearsal::{self, Rehearsal, Scene},
    text::Wrong,
    timeline::{Said, Timeline},
};
use async_trait::async_trait;
use chatter_bus::{Heard, InProcess, SharedBus};
use chatter_context::Subtitles;
use chatter_llm::SharedModel;
use chatter_memory::{Embedded, SharedMemory};
use chatter_protocol::{
    CallRecord, MessageId, ModerationPolicy, RoomConfig, Schematic, TenantId, Timestamp, Topic,
    TopicKind,
};
use chatter_runtime::{Call as PersonaCall, ModuleStatus, Personas, Runtime};
use chatter_store::Sqlite;
use chatter_worker::{Parts, Seat};
use moment::Story;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep, sleep_until},
};

/// The stream that is there without any file.
const SHIPPED: (&str, &[u8]) = (
    "synth-rescue.vtt",
    include_bytes!("../../../configs/streams/synth-rescue.vtt"),
);

/// When simulated time begins: 2026-01-31T12:00:00Z. Always the same, so that the same seed makes
/// the same choices.
const START: i64 = 1_769_860_800_000;

/// After the end of everything that was written down, so long for what it still leads to.
const AFTERMATH: Duration = Duration::from_secs(15);

/// By then all parts of the room listen. In simulated time that is certain, since it goes on only when
/// they all wait.
const SETTLES: Duration = Duration::from_millis(100);

/// How time passes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// Real time; what the language model takes counts.
    Live,
    /// Simulated time, so many times as fast.
    Times(f64),
    /// Simulated time, as fast as the calls allow.
    AtOnce,
}

/// What happens beside the persona.
#[derive(Clone, Debug)]
pub struct Source {
    /// The stream.
    pub stream: Subtitles,
    /// What people write.
    pub chat: Vec<Said>,
    /// When the last of it happens.
    pub length: Duration,
}

impl Source {
    /// Reads a subtitle file, or a timeline if its name ends in `.toml`; without a name, the commentary
    /// that ships.
    ///
    /// # Errors
    ///
    /// If it can't be read; names the place that is wrong.
    pub fn read(path: Option<&Path>) -> Result<Self, Wrong> {
        let subtitles = match path {
            Some(path)
                if path
                    .extension()
                    .is_some_and(|extension| extension == "toml") =>
            {
                let timeline = Timeline::read(path)?;
                return Ok(Self {
                    stream: timeline.stream,
                    chat: timeline.chat,
                    length: Duration::from_millis(timeline.length_ms),
                });
            }
            Some(path) => Subtitles::load(path),
            None => Subtitles::understand(SHIPPED.1, Path::new(SHIPPED.0)),
        };
        let stream = subtitles.map_err(|error| {
            let cause = std::error::Error::source(&error);
            Wrong(cause.map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}")))
        })?;
        Ok(Self {
            length: stream.length(),
            stream,
            chat: Vec::new(),
        })
    }
}

/// How a persona is tried.
pub struct Options {
    /// What is tried.
    pub subject: Subject,
    /// Beside what.
    pub source: Source,
    /// How time passes. The executor must be one that [`rehearsal::executor`] made for it.
    pub pace: Pace,
    /// What all chance comes from.
    pub seed: u64,
    /// When it ends at the latest.
    pub until: Option<Duration>,
    /// What the persona thinks with.
    pub model: SharedModel,
    /// Where compiled components are kept.
    pub cache: PathBuf,
    /// What somebody types meanwhile: name and text.
    pub typed: Option<mpsc::Receiver<(String, String)>>,
    /// Ends it when something is sent.
    pub stopped: oneshot::Receiver<()>,
}

/// Tries a persona and tells each moment, until everything that was written down is over, `until` is
/// reached, or `tell` breaks off.
///
/// # Errors
///
/// If the component can't be called, or a part of the room can't be set up.
pub async fn run(
    options: Options,
    mut tell: impl FnMut(Moment) -> ControlFlow<()>,
) -> Result<Summary, Wrong> {
    let Options {
        subject,
        source,
        pace,
        seed,
        until,
        model,
        cache,
        mut typed,
        stopped,
    } = options;
    let failed = |error: &dyn std::fmt::Display| Wrong(error.to_string());
    let memory: SharedMemory = Arc::new(Embedded::in_memory().map_err(|error| failed(&error))?);
    let loaded = Loaded::load(&subject, &cache, model, memory.clone()).await?;
    let began = match pace {
        Pace::Live => Timestamp::now(),
        Pace::Times(_) | Pace::AtOnce => Timestamp::from_millis(START),
    };
    let bus: SharedBus = Arc::new(InProcess::new());
    let parts = Parts {
        bus: bus.clone(),
        store: Arc::new(Sqlite::in_memory().map_err(|error| failed(&error))?),
        memory,
        personas: Arc::new(Timed(loaded.runtime.clone())),
        clock: rehearsal::clock(began),
    };
    let room = json!({ "id": "main/lobby", "title": "The Lobby", "roster": [] });
    let scene = Scene {
        room: RoomConfig::from_value(room).map_err(|error| failed(&error))?,
        seats: vec![Seat {
            module: subject.module.clone(),
            config: subject.persona,
            shadow: None,
        }],
        policy: ModerationPolicy::from_value(json!({ "name": "default" }))
            .map_err(|error| failed(&error))?,
        seed,
    };
    let topics = [
        TopicKind::StreamContext,
        TopicKind::ChatFirehose,
        TopicKind::ChatAudit,
        TopicKind::PersonaCalls,
    ]
    .map(|kind| Topic::new(kind, scene.room.id.clone()));
    let mut heard = bus
        .subscribe(&topics)
        .await
        .map_err(|error| failed(&error))?;

    let clock = parts.clock.clone();
    let rehearsal = Rehearsal::begin(scene, parts);
    sleep(SETTLES).await;
    let began = clock.now();
    let mut story = Story::new(began);
    let start = Instant::now();
    let length = source
        .chat
        .iter()
        .map(|said| Duration::from_millis(said.at_ms))
        .fold(source.length, Duration::max);
    let end = start + until.unwrap_or(length + AFTERMATH);
    let playing = rehearsal.play(source.stream, false);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let millis = u64::try_from(began.as_millis()).unwrap_or(0);
    let people = async {
        let mut chat = source.chat;
        chat.sort_by_key(|said| said.at_ms);
        for said in chat {
            sleep_until(start + Duration::from_millis(said.at_ms)).await;
            let id = MessageId::from_parts(millis + said.at_ms, rng.random());
            rehearsal
                .say(id, &said.name, &said.text)
                .await
                .map_err(Wrong)?;
        }
        std::future::pending::<Result<(), Wrong>>().await
    };
    let typing = async {
        while let Some(lines) = &mut typed {
            let Some((name, text)) = lines.recv().await else {
                break;
            };
            rehearsal
                .say(MessageId::new(), &name, &text)
                .await
                .map_err(Wrong)?;
        }
        std::future::pending::<Result<(), Wrong>>().await
    };
    let stream = async {
        match playing.await {
            Ok(()) => std::future::pending::<Result<(), Wrong>>().await,
            Err(error) => Err(Wrong(error.to_string())),
        }
    };
    let held_back = async {
        match pace {
            Pace::Times(speed) => rehearsal::hold_back(speed).await,
            Pace::Live | Pace::AtOnce => std::future::pending().await,
        }
    };
    let listening = async {
        while let Some(heard) = heard.next().await {
            let moments = match heard {
                Heard::Message { topic, payload } => story.take(topic.kind, &payload),
                Heard::Lagged { topic, missed } => vec![story.missed(topic.kind, missed)],
            };
            for moment in moments {
                if tell(moment).is_break() {
                    return;
                }
            }
        }
    };
    let ended = tokio::select! {
        biased;
        () = listening => Ok(()),
        wrong = people => wrong,
        wrong = typing => wrong,
        wrong = stream => wrong,
        () = held_back => Ok(()),
        Ok(()) = stopped => Ok(()),
        () = sleep_until(end) => Ok(()),
    };
    let after = start.elapsed();
    rehearsal.end().await;
    ended.map(|()| story.summary(after))
}

/// The sandbox, with calls that take the time that they really take: simulated time stands still
/// while they run.
struct Timed(Arc<Runtime>);

#[async_trait]
impl Personas for Timed {
    async fn call(&self, call: PersonaCall) -> CallRecord {
        let started = std::time::Instant::now();
        let mut record = self.0.call(call).await;
        let took = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        record.times.ran_us = took.saturating_sub(record.times.queued_us);
        record
    }

    fn module(&self, tenant: &TenantId, name: &str) -> Result<ModuleStatus, String> {
        self.0.module(tenant, name)
    }
}
