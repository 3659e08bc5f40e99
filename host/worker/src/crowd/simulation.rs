//! A room in simulated time: scripted personas, a stream, and people.

mod rhythm;

use super::*;
use crate::testing::{at, context, event, message, room_id};
use chatter_protocol::{PersonaId, call::Profile, context::ChatQuestion};
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use std::collections::{BTreeMap, BTreeSet};

enum Happens {
    Tick,
    Wake,
    Context,
    Human,
    Returns(usize, Vec<ChatMessage>),
    Heard(Arc<ChatMessage>),
}

/// Talkativeness, excitability, helpfulness and sociability of six characters: a friendly one, a dry
/// one, an excited one, a scholar, a fast one and a quiet one.
const CAST: [[f64; 4]; 6] = [
    [0.6, 0.45, 0.6, 0.97],
    [0.45, 0.15, 0.25, 0.4],
    [0.7, 0.97, 0.15, 0.5],
    [0.4, 0.2, 0.98, 0.55],
    [0.65, 0.6, 0.5, 0.45],
    [0.08, 0.25, 0.2, 0.2],
];

/// What the room is like.
struct Scene {
    personas: usize,
    tuning: Tuning,
    minutes: u64,
    /// Seconds between people's messages; 0 for none.
    human_every_s: u64,
    stream: bool,
    /// The longest a speaking call takes, in milliseconds.
    slowest_ms: u64,
    /// How often a persona that is to speak does.
    obedience: f64,
}

impl Default for Scene {
    fn default() -> Self {
        Self {
            personas: 6,
            tuning: Tuning {
                base_lines_per_minute: 2.5,
                event_boost: 0.4,
                cooldown_s: 7.0,
                ..Tuning::default()
            },
            minutes: 10,
            human_every_s: 0,
            stream: true,
            slowest_ms: 2_000,
            obedience: 0.95,
        }
    }
}

struct Simulation {
    crowd: Crowd,
    queue: BTreeMap<(u64, u64), Happens>,
    made: u64,
    now: u64,
    rng: ChaCha8Rng,
    scene: Scene,
    names: Vec<String>,
    said: Vec<(u64, ChatMessage)>,
    asked: Vec<(u64, ChatMessage)>,
}

impl Simulation {
    fn run(scene: Scene, seed: u64) -> Self {
        let names: Vec<String> = (0..scene.personas).map(|n| format!("bot{n}")).collect();
        let profiles: Vec<Profile> = names
            .iter()
            .enumerate()
            .map(|(n, name)| {
                let traits = [
                    "talkativeness",
                    "excitability",
                    "helpfulness",
                    "sociability",
                ];
                let values = CAST[n % CAST.len()];
                Profile {
                    id: PersonaId::new(name).unwrap(),
                    name: name.clone(),
                    bio: String::new(),
                    style: String::new(),
                    traits: traits.map(str::to_owned).into_iter().zip(values).collect(),
                    drift: BTreeMap::new(),
                    relationships: Vec::new(),
                }
            })
            .collect();
        let seats = profiles.iter().map(|profile| NewSeat {
            profile,
            limits: CallLimits::default(),
        });
        let mut simulation = Self {
            crowd: Crowd::new(scene.tuning.clone(), seats, seed),
            queue: BTreeMap::new(),
            made: 0,
            now: 0,
            rng: ChaCha8Rng::seed_from_u64(seed ^ 0xabcd),
            scene,
            names,
            said: Vec::new(),
            asked: Vec::new(),
        };
        for second in 0..simulation.scene.minutes * 60 {
            simulation.at(second * 1000, Happens::Tick);
            if simulation.scene.stream && second % 2 == 0 {
                simulation.at(second * 1000 + 300, Happens::Context);
            }
            let every = simulation.scene.human_every_s;
            if every > 0 && second % every == every / 2 {
                simulation.at(second * 1000 + 700, Happens::Human);
            }
        }
        simulation.go_on();
        simulation
    }

    /// Until nothing more happens.
    fn go_on(&mut self) {
        loop {
            let wakes_at = self
                .crowd
                .wakes_at()
                .map(|wakes| self.now + wakes.since(self.time()).as_millis() as u64);
            let next = self.queue.first_key_value().map(|((now, _), _)| *now);
            match (wakes_at, next) {
                (Some(now), next) if next.is_none_or(|next| now < next) => {
                    self.now = now;
                    self.step(Happens::Wake);
                }
                (_, Some(now)) => {
                    self.now = now;
                    if let Some((_, happens)) = self.queue.pop_first() {
                        self.step(happens);
                    }
                }
                _ => return,
            }
        }
    }

    fn at(&mut self, millis: u64, happens: Happens) {
        self.made += 1;
        self.queue.insert((millis, self.made), happens);
    }

    fn time(&self) -> Timestamp {
        at(0).plus(Duration::from_millis(self.now))
    }

    fn step(&mut self, happens: Happens) {
        let now = self.time();
        let plans = match happens {
            Happens::Tick => self.crowd.on_tick(now),
            Happens::Wake => self.crowd.on_wake(now),
            Happens::Context => self.crowd.on_context(now, Arc::new(self.stream())),
            Happens::Human => {
                let message = self.human();
                self.asked.push((self.now, message.clone()));
                self.crowd.on_messages(now, vec![Arc::new(message)])
            }
            Happens::Returns(seat, lines) => {
                for line in &lines {
                    self.at(self.now + 50, Happens::Heard(Arc::new(line.clone())));
                    self.said.push((self.now, line.clone()));
                }
                self.crowd.finished(now, seat, &Ended::Kept(lines))
            }
            Happens::Heard(line) => self.crowd.on_messages(now, vec![line]),
        };
        for plan in plans {
            self.call(plan);
        }
    }

    /// A persona that does as it is told: it speaks when it is to, one line, and answers what waits;
    /// in a quarter of its lines it names another.
    fn call(&mut self, plan: Plan) {
        if !plan.impulse.speak || !self.rng.random_bool(self.scene.obedience) {
            return self.at(self.now + 5, Happens::Returns(plan.seat, Vec::new()));
        }
        assert!(plan.granted > 0, "whoever is to speak may");
        let id = MessageId::from_parts(self.now, self.rng.random());
        let mut text = format!("line {}", self.made);
        if self.rng.random_bool(0.25) {
            let other = self.rng.random_range(0..self.names.len());
            text = format!("{text}, {}", self.names[other]);
        }
        let mut line = message(id, &self.names[plan.seat], AuthorKind::Persona, &text);
        line.reply_to = plan.impulse.answer;
        line.call_id = Some(plan.call_id);
        let took = self.rng.random_range(100..=self.scene.slowest_ms);
        self.at(self.now + took, Happens::Returns(plan.seat, vec![line]));
    }

    /// Something happens every 12 s, and every 48 s the streamer asks the chat something.
    fn stream(&self) -> StreamContext {
        let second = self.now / 1000;
        let kinds = ["hype", "laughter", "fail", "topic_change"];
        let events = (0..=second / 12)
            .rev()
            .take(5)
            .map(|n| event(&format!("e{n}"), kinds[(n % 4) as usize], n * 12));
        let mut context = context(second, events.collect());
        context.at = self.time();
        context.chat_question = (second >= 48).then(|| {
            let n = second / 48;
            ChatQuestion {
                id: format!("q{n}"),
                text: "what now?".into(),
                at_ms: n * 48_000,
            }
        });
        context
    }

    /// People ask, remark, and name somebody, in turn.
    fn human(&mut self) -> ChatMessage {
        let id = MessageId::from_parts(self.now, self.rng.random());
        let n = self.asked.len();
        let text = match n % 4 {
            0 => "what just happened?".to_owned(),
            1 => "that was close".to_owned(),
            2 => format!(
                "@{} hello",
                self.names[self.rng.next_u32() as usize % self.names.len()]
            ),
            _ => "first time here".to_owned(),
        };
        let mut message = message(id, ["ana", "ben", "cho"][n % 3], AuthorKind::Viewer, &text);
        message.sent_at = self.time();
        message
    }

    fn lines_per_minute(&self) -> f64 {
        self.said.len() as f64 / self.scene.minutes as f64
    }

    fn answers(&self, asked: &ChatMessage, at: u64) -> usize {
        let within = |said: u64| said >= at && said <= at + 20_000;
        self.said
            .iter()
            .filter(|(said, l)| within(*said) && l.reply_to == Some(asked.id))
            .count()
    }

    /// The most lines in any minute, of one persona or of all.
    fn busiest_minute(&self, author: Option<&str>) -> usize {
        let times: Vec<u64> = self
            .said
            .iter()
            .filter(|(_, line)| author.is_none_or(|name| line.author.name == name))
            .map(|(at, _)| *at)
            .collect();
        let within = |start: u64| {
            times
                .iter()
                .filter(|&&t| t >= start && t < start + 60_000)
                .count()
        };
        times.iter().map(|&start| within(start)).max().unwrap_or(0)
    }
}

#[test]
fn a_room_of_six_is_lively_and_everybody_speaks() {
    for seed in 0..8 {
        let simulation = Simulation::run(Scene::default(), seed);
        let rate = simulation.lines_per_minute();
        assert!(
            (10.0..=25.0).contains(&rate),
            "seed {seed}: {rate} lines a minute"
        );
        let speakers: BTreeSet<_> = simulation
            .said
            .iter()
            .map(|(_, l)| &l.author.name)
            .collect();
        assert_eq!(speakers.len(), 6, "seed {seed}");
    }
}

#[test]
fn people_are_answered_in_time_and_not_by_everybody() {
    let usual = || Scene {
        human_every_s: 10,
        ..Scene::default()
    };
    let one = Tuning {
        persona_lines_per_minute: 20,
        cooldown_s: 4.0,
        ..Tuning::default()
    };
    let scenes: [(&str, &dyn Fn() -> Scene); 7] = [
        ("a message every ten seconds", &usual),
        ("a message every five seconds", &|| Scene {
            human_every_s: 5,
            ..usual()
        }),
        ("without a stream", &|| Scene {
            stream: false,
            ..usual()
        }),
        ("a slow model", &|| Scene {
            slowest_ms: 5_000,
            ..usual()
        }),
        ("personas that often stay silent", &|| Scene {
            obedience: 0.6,
            ..usual()
        }),
        ("two personas", &|| Scene {
            personas: 2,
            ..usual()
        }),
        ("one persona", &|| Scene {
            personas: 1,
            tuning: one.clone(),
            ..usual()
        }),
    ];
    for (what, scene) in scenes {
        let (mut asked, mut answered, mut many) = (0, 0, 0);
        for seed in 0..6 {
            let scene = scene();
            let simulation = Simulation::run(scene, seed);
            for (at, message) in &simulation.asked {
                let answers = simulation.answers(message, *at);
                asked += 1;
                answered += usize::from(answers > 0);
                many += usize::from(answers > 2);
            }
        }
        let share = f64::from(answered as u32) / f64::from(asked as u32);
        assert!(
            share > 0.9,
            "{what}: {answered} of {asked} were answered within 20 s"
        );
        assert!(
            many * 20 <= asked,
            "{what}: {many} of {asked} got more than two answers"
        );
    }
}

#[test]
fn personas_alone_fall_silent() {
    let scene = Scene {
        stream: false,
        tuning: Tuning {
            max_chain: 3,
            ..Tuning::default()
        },
        ..Scene::default()
    };
    let mut simulation = Simulation::run(
        Scene {
            minutes: 0,
            ..scene
        },
        3,
    );
    // One line from nowhere that names everybody.
    let text = simulation.names.join(" ");
    let opening = message(
        MessageId::from_parts(1, [9; 10]),
        "kim",
        AuthorKind::Persona,
        &text,
    );
    simulation.at(0, Happens::Heard(Arc::new(opening)));
    for second in 0..600 {
        simulation.at(second * 1000, Happens::Tick);
    }
    simulation.go_on();
    assert!(!simulation.said.is_empty(), "somebody answers");
    let last = simulation.said.iter().map(|(at, _)| *at).max().unwrap_or(0);
    assert!(last < 60_000, "still talking after {last} ms");
}

#[test]
fn budgets_hold_in_any_minute() {
    let tuning = Tuning {
        base_lines_per_minute: 60.0,
        cooldown_s: 0.0,
        persona_lines_per_minute: 5,
        room_lines_per_minute: 20,
        ..Tuning::default()
    };
    let scene = Scene {
        tuning,
        human_every_s: 4,
        ..Scene::default()
    };
    let simulation = Simulation::run(scene, 1);
    assert!(simulation.lines_per_minute() > 14.0, "the budget is used");
    assert!(simulation.busiest_minute(None) <= 20);
    for name in &simulation.names {
        assert!(simulation.busiest_minute(Some(name)) <= 5, "{name}");
    }
}

#[test]
fn a_crowd_of_fifty_stays_within_the_rooms_budget_and_still_answers_people() {
    let scene = Scene {
        personas: 50,
        human_every_s: 10,
        ..Scene::default()
    };
    let simulation = Simulation::run(scene, 5);
    let most = simulation.scene.tuning.room_lines_per_minute as usize;
    assert!(simulation.busiest_minute(None) <= most);
    let rate = simulation.lines_per_minute();
    assert!(
        rate > most as f64 / 2.0,
        "the budget is used: {rate} lines a minute"
    );
    let answered = simulation
        .asked
        .iter()
        .filter(|(at, m)| simulation.answers(m, *at) > 0)
        .count();
    assert!(
        answered * 10 >= simulation.asked.len() * 9,
        "{answered} of {}",
        simulation.asked.len()
    );
}

#[test]
fn the_same_seed_makes_the_same_room() {
    let texts = |seed| -> Vec<String> {
        let scene = Scene {
            minutes: 2,
            human_every_s: 10,
            ..Scene::default()
        };
        Simulation::run(scene, seed)
            .said
            .into_iter()
            .map(|(_, line)| line.text)
            .collect()
    };
    assert_eq!(texts(4), texts(4));
    assert_ne!(texts(4), texts(5));
    assert_eq!(room_id().as_str(), "main/lobby");
}
