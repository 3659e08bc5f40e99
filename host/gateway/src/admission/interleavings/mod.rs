//! Gateways, workers, viewers and a reader on one store, in many random orders of all that happens,
//! with a model of what must be so after every step.
//!
//! Everything but the worker's and the people's intentions is the real thing: the tasks of one or
//! two gateways (admission, the queue of lines, fan-out), the store, the bus. Whatever asks the
//! store waits until it is let through, and again until it is answered; what happens next is drawn
//! by a seeded generator: one of those goes on, or its request fails before or after it happened, a
//! gateway dies or starts, a worker commits, a person speaks, time passes.
//!
//! `CHATTER_SCHEDULES=5000 cargo test -p chatter-gateway interleavings` runs as many orders.
//! A seed gives the same decisions again; tokio's `select!` draws its own, so a rare failure
//! may need a few runs.

mod model;
mod turnstile;

use super::{Accepted, Admitted, Decision, Draft, Standing};
use crate::{
    Config, OperatorToken, Parts, PersonaSeat, RoomSetup, names,
    room::{Room, Seated},
    room_tasks,
    shared::Shared,
};
use chatter_bus::{InProcess, SharedBus, Subscription};
use chatter_protocol::{
    Author, AuthorKind, CallId, ChatMessage, Clock, MessageId, ModerationPolicy, PersonaId, RoomId,
    Timestamp, Topic, TopicKind, V1,
    call::State,
    memory::{Kind, NewEntry},
    room::Model,
};
use chatter_store::{CallCommit, Store as _};
use futures_util::FutureExt as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use std::{collections::HashSet, sync::Arc, time::Duration};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use turnstile::{Go, Hall, Turnstile};

/// Orders that are tried in an ordinary run of the tests, and steps in each of them.
const SCHEDULES: u64 = 60;
const STEPS: usize = 160;

/// How many gateways there may be at a time.
const GATEWAYS: usize = 2;

const BLOCKED: &str = "forbidden";

struct Gateway {
    room: Arc<Room>,
    tasks: JoinSet<()>,
    _viewer: Seated,
    /// Up to where the viewer was shown what the crowd is.
    place: u64,
    /// The offset that the viewer saw last.
    seen: Option<u64>,
}

struct World {
    rng: ChaCha8Rng,
    hall: Arc<Hall>,
    bus: SharedBus,
    firehose: Subscription,
    gateways: [Option<Gateway>; GATEWAYS],
    workers: JoinSet<()>,
    people: JoinSet<(MessageId, Author, Decision)>,
    /// Commits that were made or tried, to be tried again.
    commits: Vec<CallCommit>,
    drafts: Vec<(MessageId, Author, String)>,
    acknowledged: Vec<(Author, Accepted)>,
    /// The log as it was seen last.
    log: Vec<Arc<ChatMessage>>,
    /// Offsets that were said on the firehose.
    said: HashSet<u64>,
    trace: Vec<String>,
    n: u64,
}

#[test]
fn whatever_the_order_the_log_is_one_and_nothing_is_lost_or_doubled() {
    let schedules = std::env::var("CHATTER_SCHEDULES")
        .ok()
        .and_then(|number| number.parse().ok())
        .unwrap_or(SCHEDULES);
    for seed in 0..schedules {
        let threads = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        threads.block_on(async {
            let mut world = World::new(seed).await;
            for _ in 0..STEPS {
                world.step().await;
                world.check(seed).await;
            }
            world.quieten().await;
            world.check(seed).await;
            world.check_end(seed).await;
        });
    }
}

fn room() -> RoomId {
    RoomId::new("main/lobby").unwrap()
}

fn persona(n: u64) -> PersonaId {
    PersonaId::new(["nova", "rex"][usize::try_from(n % 2).unwrap()]).unwrap()
}

impl World {
    async fn new(seed: u64) -> Self {
        let bus: SharedBus = Arc::new(InProcess::new());
        let topic = Topic::new(TopicKind::ChatFirehose, room());
        let mut world = Self {
            rng: ChaCha8Rng::seed_from_u64(seed),
            hall: Hall::new(),
            firehose: bus.subscribe(&[topic]).await.unwrap(),
            bus,
            gateways: [const { None }; GATEWAYS],
            workers: JoinSet::new(),
            people: JoinSet::new(),
            commits: Vec::new(),
            drafts: Vec::new(),
            acknowledged: Vec::new(),
            log: Vec::new(),
            said: HashSet::new(),
            trace: Vec::new(),
            n: 0,
        };
        world.start(0);
        world
    }

    fn next(&mut self) -> u64 {
        self.n += 1;
        self.n
    }

    // === What may happen ===

    async fn step(&mut self) {
        let waiting = self.hall.waiting();
        let deserted = self.gateways.iter().all(Option::is_none);
        let roll = self.rng.random_range(0..100);
        let what = match roll {
            // A room is not without a gateway for long.
            0..20 if deserted => self.start(0),
            _ if roll < 70 && waiting > 0 => {
                let index = self.rng.random_range(0..waiting);
                let fails = self.rng.random_bool(0.08);
                self.hall
                    .release(index, if fails { Go::Fail } else { Go::On })
            }
            70..82 => self.commit(),
            82..92 => self.speak(),
            92..94 => {
                let index = self.rng.random_range(0..GATEWAYS);
                self.kill(index)
            }
            94..97 => {
                let index = self.rng.random_range(0..GATEWAYS);
                self.start(index)
            }
            _ => {
                tokio::time::sleep(Duration::from_secs(2)).await;
                "time passes".into()
            }
        };
        self.trace.push(what);
        self.hall.comes_to_rest().await;
        self.hear().await;
    }

    fn start(&mut self, index: usize) -> String {
        if self.gateways[index].is_some() {
            return "nothing".into();
        }
        let config = Config {
            rooms: vec![RoomSetup {
                id: room(),
                modes: Default::default(),
                title: "Lobby".into(),
                policy: ModerationPolicy {
                    max_chars: 100,
                    blocklist: vec![BLOCKED.into()],
                    ..ModerationPolicy::open("default")
                },
                personas: vec![PersonaSeat {
                    id: persona(0),
                    name: "Nova".into(),
                }],
                recording: None,
            }],
            ..Config::new(
                OperatorToken::new("token"),
                Model {
                    model: "offline".into(),
                    place: "here".into(),
                    offline: true,
                },
            )
        };
        let store = Turnstile {
            hall: self.hall.clone(),
            who: format!("gateway {index}"),
        };
        let parts = Parts {
            bus: self.bus.clone(),
            store: Arc::new(store),
            clock: Clock::from_fn(|| Timestamp::from_millis(1_769_860_800_000)),
            metrics: Arc::new(String::new),
            ready: Arc::new(|| Ok(())),
        };
        let (shared, work) = Shared::new(config, parts);
        let mut tasks = JoinSet::new();
        tasks.spawn(shared.intake.clone().run(CancellationToken::new()));
        let room = shared.room("main", "lobby").unwrap();
        let viewer = room.seat_viewer(1).unwrap();
        for work in work {
            let running = room_tasks::run(shared.clone(), work, CancellationToken::new());
            tasks.spawn(running.map(|_| ()));
        }
        self.gateways[index] = Some(Gateway {
            room,
            tasks,
            _viewer: viewer,
            place: 0,
            seen: None,
        });
        format!("gateway {index} starts")
    }

    fn kill(&mut self, index: usize) -> String {
        match self.gateways[index].take() {
            // Its tasks end where they are, as those of a process that is killed do.
            Some(Gateway { tasks, .. }) => drop(tasks),
            None => return "nothing".into(),
        }
        format!("gateway {index} dies")
    }

    /// A worker commits a call, or one of the latest a second time, and tries three times.
    fn commit(&mut self) -> String {
        let again = !self.commits.is_empty() && self.rng.random_bool(0.25);
        let commit = if again {
            let from = self.commits.len().saturating_sub(6);
            self.commits[self.rng.random_range(from..self.commits.len())].clone()
        } else {
            self.new_commit()
        };
        let what = format!(
            "a worker commits {} lines, again: {again}",
            commit.lines.len()
        );
        let store = Turnstile {
            hall: self.hall.clone(),
            who: format!("worker of {}", commit.call_id),
        };
        self.workers.spawn(async move {
            for _ in 0..3 {
                if store.commit(commit.clone()).await.is_ok() {
                    return;
                }
            }
        });
        what
    }

    fn new_commit(&mut self) -> CallCommit {
        let call = self.next();
        let call_id = CallId::from_parts(call, [3; 10]);
        let persona = persona(self.rng.random_range(0..2));
        let lines = self.rng.random_range(0..4);
        let lines = (0..lines).map(|_| self.line(&persona, call_id)).collect();
        let at = Timestamp::from_millis(1_769_860_800_000);
        let commit = CallCommit {
            call_id,
            room: room(),
            digest: "d1".into(),
            state: Some(State {
                version: 1,
                bytes: Arc::from(call.to_be_bytes()),
            }),
            memories: vec![NewEntry {
                kind: Kind::PersonaNote,
                text: format!("call {call}"),
                about: None,
                confidence: 1.0,
                source: None,
            }],
            lines,
            persona,
            at,
            fence: None,
        };
        self.commits.push(commit.clone());
        commit
    }

    fn line(&mut self, persona: &PersonaId, call_id: CallId) -> ChatMessage {
        let n = self.next();
        let blocked = self.rng.random_bool(0.2);
        ChatMessage {
            v: V1,
            id: MessageId::from_parts(n, [5; 10]),
            room_id: room(),
            author: Author {
                id: persona.author(),
                name: persona.to_string(),
                kind: AuthorKind::Persona,
                color: None,
                badges: Vec::new(),
            },
            text: format!("line {n} {}", if blocked { BLOCKED } else { "" }),
            reply_to: None,
            mentions: Vec::new(),
            sent_at: Timestamp::from_millis(1_769_860_800_000),
            call_id: Some(call_id),
            deleted: false,
        }
    }

    /// A person says something, or the same again because no answer came, or somebody else
    /// something under the same id.
    fn speak(&mut self) -> String {
        let index = self.rng.random_range(0..GATEWAYS);
        let Some(gateway) = &self.gateways[index] else {
            return "nothing".into();
        };
        let gateway = gateway.room.clone();
        let again = !self.drafts.is_empty() && self.rng.random_bool(0.35);
        let (id, author, text) = if again {
            let (id, author, text) =
                self.drafts[self.rng.random_range(0..self.drafts.len())].clone();
            let stolen = self.rng.random_bool(0.3);
            (id, if stolen { names::guest("bob") } else { author }, text)
        } else {
            let n = self.next();
            let id = MessageId::from_parts(n, [8; 10]);
            let said = (id, names::guest("ana"), format!("said {n}"));
            self.drafts.push(said.clone());
            said
        };
        let draft = Draft {
            id,
            author: author.clone(),
            text,
            reply_to: None,
            standing: Standing::Nobody,
        };
        if let Ok(submitted) = gateway.submit(draft) {
            self.people
                .spawn(async move { (id, author, submitted.decision().await) });
        }
        format!("a person speaks at gateway {index}, again: {again}")
    }

    /// What the people and the viewers have heard since.
    async fn hear(&mut self) {
        while let Some(Some(Ok((id, author, decision)))) = self.people.join_next().now_or_never() {
            if let Ok(Admitted::InLog(accepted)) = decision {
                assert_eq!(accepted.id, id);
                self.acknowledged.push((author, accepted));
            }
        }
        while self.workers.join_next().now_or_never().flatten().is_some() {}
    }

    /// Everybody who waits goes on, one gateway is left or both are there, nothing fails, until
    /// nothing is left to do.
    async fn quieten(&mut self) {
        if self.rng.random_bool(0.5) {
            self.kill(1);
        } else {
            self.start(1);
        }
        self.start(0);
        self.trace.push("all goes on".into());
        let room = room();
        let mut quiet = 0;
        for round in 0..2_000 {
            for _ in 0..self.hall.waiting() {
                self.hall.release(0, Go::On);
                self.hall.comes_to_rest().await;
            }
            // Pauses and the fan-out's look at the log take their time. It is longer than a lease, so in between
            // there is as much to do as lines need from the lease to their end.
            if round % 96 == 0 {
                tokio::time::sleep(Duration::from_secs(6)).await;
                self.hall.comes_to_rest().await;
            }
            self.hear().await;
            let pending = self.hall.store.pending_lines(&room, 1, Duration::ZERO);
            let idle = pending.await.unwrap().is_empty() && self.workers.is_empty();
            quiet = if idle { quiet + 1 } else { 0 };
            if quiet == 128 {
                return;
            }
        }
    }
}
