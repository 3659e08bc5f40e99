//! Playing a case: each step is one call in the sandbox, with what the steps before left.

use super::{
    Failure,
    expect::Checker,
    format::{Chat, Expect, Export, OWN_LINE, Remembered, Step, Who},
    memory::Scripted,
    people::People,
    run::Case,
    script::Answer,
};
use crate::{Loaded, text::Wrong, timeline::Stream};
use chatter_context::Viewing;
use chatter_memory::Memory as _;
use chatter_protocol::{
    Author, AuthorKind, CallId, CallRecord, ChatMessage, Impulse, MessageId, RoomId, Timestamp,
    Turn, V1,
    call::{
        CallEnd, CallInput, CallLimits, Digest, Fate, LimitsConfig, LineFate, Outcome, Profile,
        RoomInfo, State, TurnLimits,
    },
    memory,
    message::AI_BADGE,
};
use chatter_runtime::{Call, Personas};
use chatter_worker::alone::{Alone, On};
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};
use tokio::time::{Instant, sleep_until};

/// How many recent messages a persona sees, as in a room.
const RECENT: usize = 20;

/// How many of its latest lines a persona hears the fate of, as in a room.
const FATES: usize = 8;

/// Second 0 of cases that don't say when that is: 2026-01-31T12:00:00Z.
const START: i64 = 1_769_860_800_000;

/// A case while it is played.
pub(super) struct Play<'a> {
    case: &'a Case,
    module: &'a str,
    loaded: &'a Loaded,
    memory: &'a Scripted,
    alone: Alone,
    scope: memory::Scope,
    room: RoomInfo,
    profile: Arc<Profile>,
    author: Author,
    limits: CallLimits,
    start: Timestamp,
    rng: ChaCha8Rng,
    viewing: Viewing,
    people: People,
    labels: HashMap<String, MessageId>,
    recent: VecDeque<Arc<ChatMessage>>,
    /// What no call of `on-firehose` had yet.
    waiting: Vec<Arc<ChatMessage>>,
    fates: Vec<LineFate>,
    state: Option<State>,
    reflected: Reflected,
}

/// What happened since the persona reflected last.
struct Reflected {
    since: Timestamp,
    lines: u32,
    highlights: Vec<Arc<ChatMessage>>,
    memories: Vec<memory::Entry>,
}

impl<'a> Play<'a> {
    pub(super) fn new(
        case: &'a Case,
        number: usize,
        module: &'a str,
        loaded: &'a Loaded,
        memory: &'a Scripted,
    ) -> Result<Self, Wrong> {
        let internal = |error: chatter_protocol::ids::InvalidId| Wrong(error.to_string());
        let config = &case.persona;
        let start = case
            .file
            .start
            .as_ref()
            .map_or(Timestamp::from_millis(START), |start| *start.get_ref());
        let room = RoomId::from_parts("main", "lobby").map_err(internal)?;
        let mut stream = Stream::default();
        for step in &case.file.step {
            stream.take(step);
        }
        let profile = Arc::new(Profile {
            id: config.id.clone(),
            name: config.name.clone(),
            bio: config.bio.clone(),
            style: config.style.clone(),
            traits: config.traits.clone(),
            drift: Default::default(),
            relationships: Vec::new(),
        });
        Ok(Self {
            alone: Alone::new(&profile, case.tuning.clone()),
            case,
            module,
            loaded,
            memory,
            // No case sees the memories of another.
            scope: memory::Scope {
                room: RoomId::from_parts("main", &format!("case-{number}")).map_err(internal)?,
                persona: config.id.clone(),
            },
            profile,
            author: Author {
                id: config.id.author(),
                name: config.name.clone(),
                kind: AuthorKind::Persona,
                color: config.color.clone(),
                badges: vec![AI_BADGE.into()],
            },
            limits: LimitsConfig::layered([config.limits.as_ref()]),
            rng: ChaCha8Rng::seed_from_u64(case.file.seed),
            viewing: Viewing::new(&stream.subtitles(false), room.clone(), start),
            room: RoomInfo {
                id: room,
                title: "The Lobby".into(),
            },
            start,
            people: People::new(config),
            labels: HashMap::new(),
            recent: VecDeque::new(),
            waiting: Vec::new(),
            fates: Vec::new(),
            state: None,
            reflected: Reflected {
                since: start,
                lines: 0,
                highlights: Vec::new(),
                memories: Vec::new(),
            },
        })
    }

    /// Plays all steps, each at its time of the executor's clock.
    pub(super) async fn all(&mut self) -> Result<Vec<Failure>, Wrong> {
        let began = Instant::now();
        for (number, remembered) in self.case.file.memory.iter().enumerate() {
            let entry = self.entry(remembered)?;
            self.keep(&format!("known-{number}"), &entry, self.start)
                .await?;
        }
        self.script()?;
        let mut failures = Vec::new();
        for (index, step) in self.case.file.step.iter().enumerate() {
            let at = Duration::from_millis(step.at_ms());
            // What is left of limits by the minute goes by it.
            sleep_until(began + at).await;
            let now = self.start.plus(at);
            failures.extend(self.without_own(index + 1, step));
            if let Some(chat) = &step.chat {
                self.hear(chat, now)?;
            }
            let Some(input) = self.input(step, now) else {
                continue;
            };
            let record = self.call(step, now, input).await;
            let expect = step.expect.clone().unwrap_or_default();
            failures.extend(self.check(index + 1, step, &record, &expect));
            let call = record.turn.call_id;
            match record.end {
                CallEnd::Returned { outcome } => self.commit(step, now, call, outcome).await?,
                _ => self.alone.end(now, &[]),
            }
        }
        Ok(failures)
    }

    fn check(
        &self,
        number: usize,
        step: &Step,
        record: &CallRecord,
        expect: &Expect,
    ) -> Vec<Failure> {
        let at = step.at.span().start;
        Checker::new(&self.case.text, number, at, record, &self.labels).check(expect)
    }

    /// Something remembered, by the ids of the case.
    fn entry(&mut self, remembered: &Remembered) -> Result<memory::NewEntry, Wrong> {
        let about = match &remembered.about {
            Some(name) => {
                let id = self.people.id(name, Who::Viewer);
                Some(id.map_err(|why| Wrong::whole(&self.case.text.path, why))?)
            }
            None => None,
        };
        Ok(memory::NewEntry {
            kind: remembered.kind,
            text: remembered.text.get_ref().clone(),
            about,
            confidence: remembered.confidence,
            source: None,
        })
    }

    /// Hands the memory what searches come to.
    fn script(&mut self) -> Result<(), Wrong> {
        let mut answers = Vec::new();
        for (number, search) in self.case.file.search.iter().enumerate() {
            let finds = search.finds.as_deref().unwrap_or_default();
            let mut entries = Vec::with_capacity(finds.len());
            for (place, remembered) in finds.iter().enumerate() {
                entries.push(memory::Entry {
                    id: format!("found-{number}-{place}"),
                    entry: self.entry(remembered)?,
                    at: self.start,
                    score: 1.0 - place as f64 / finds.len() as f64,
                });
            }
            answers.push(Answer {
                when: search.when.clone(),
                always: search.always,
                what: match &search.error {
                    Some(error) => Err((*error.get_ref()).into()),
                    None => Ok(entries),
                },
            });
        }
        self.memory.script(answers);
        Ok(())
    }

    /// What speaks of the persona's own line before there is one.
    fn without_own(&self, number: usize, step: &Step) -> Vec<Failure> {
        let fields = [
            (
                "chat.reply_to",
                step.chat.as_ref().and_then(|chat| chat.reply_to.as_ref()),
            ),
            ("answer", step.answer.as_ref()),
        ];
        fields
            .into_iter()
            .filter_map(|(what, label)| Some((what, label?)))
            .filter(|(_, label)| label.get_ref() == OWN_LINE && !self.labels.contains_key(OWN_LINE))
            .map(|(what, label)| Failure {
                step: number,
                line: self.case.text.place(label.span().start).0,
                what: what.into(),
                expected: "a line of its own that was accepted before".into(),
                got: "none".into(),
                notes: Vec::new(),
                fix: None,
            })
            .collect()
    }

    /// Somebody writes a line.
    fn hear(&mut self, chat: &Chat, now: Timestamp) -> Result<(), Wrong> {
        let author = self
            .people
            .author(&chat.name, chat.kind)
            .map_err(|why| Wrong::whole(&self.case.text.path, why))?;
        let lower = chat.text.to_lowercase();
        let mentions = self.people.mentioned(&lower, &author.id);
        let message = Arc::new(ChatMessage {
            v: V1,
            id: self.message_id(now),
            room_id: self.room.id.clone(),
            author,
            text: chat.text.clone(),
            reply_to: chat
                .reply_to
                .as_ref()
                .and_then(|label| self.labels.get(label.get_ref()).copied()),
            mentions,
            sent_at: now,
            call_id: None,
            deleted: false,
        });
        if let Some(label) = &chat.label {
            self.labels.insert(label.get_ref().clone(), message.id);
        }
        let names_it = message.mentions.contains(&self.author.id)
            || lower.contains(&self.profile.name.to_lowercase());
        if names_it {
            self.reflected.highlights.push(message.clone());
        }
        self.alone.hear(now, &message);
        self.waiting.push(message.clone());
        self.note(message);
        Ok(())
    }

    fn note(&mut self, message: Arc<ChatMessage>) {
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(message);
    }

    /// What is called now, if anything is.
    fn input(&mut self, step: &Step, now: Timestamp) -> Option<CallInput> {
        Some(match step.export() {
            Export::None => return None,
            Export::Context => CallInput::Context(Arc::new(self.viewing.at(step.at_ms(), now))),
            Export::Firehose => CallInput::Firehose(std::mem::take(&mut self.waiting)),
            Export::Reflect => {
                let since = std::mem::replace(
                    &mut self.reflected,
                    Reflected {
                        since: now,
                        lines: 0,
                        highlights: Vec::new(),
                        memories: Vec::new(),
                    },
                );
                CallInput::Reflect(Digest {
                    since: since.since,
                    lines_said: since.lines,
                    highlights: since.highlights,
                    memories: since.memories,
                })
            }
        })
    }

    /// Whether it is to speak: as the room's formula has it, or as the step says.
    fn impulse(&mut self, step: &Step, now: Timestamp, call: CallId, input: &CallInput) -> Impulse {
        let roll = step.roll.as_ref().map(|roll| *roll.get_ref());
        let on = match input {
            CallInput::Context(context) => Some(On::Context(context)),
            CallInput::Firehose(_) => Some(On::Firehose),
            CallInput::Reflect(_) => None,
        };
        // What is put to it without a roll is no longer new to it either.
        let computed = on.map(|on| self.alone.impulse(now, on, roll.unwrap_or(0.0)));
        let impulse = computed.filter(|_| roll.is_some()).unwrap_or_else(|| {
            let speak = step.speak.unwrap_or(step.answer.is_some());
            Impulse {
                p: if speak { 1.0 } else { 0.0 },
                parts: Vec::new(),
                roll: 0.5,
                speak,
                answer: step
                    .answer
                    .as_ref()
                    .and_then(|label| self.labels.get(label.get_ref()).copied()),
            }
        });
        if on.is_some() {
            self.alone.begin(now, call, &impulse);
        }
        impulse
    }

    async fn call(&mut self, step: &Step, now: Timestamp, input: CallInput) -> CallRecord {
        let mut random = [0; 10];
        self.rng.fill_bytes(&mut random);
        let call_id = CallId::from_parts(millis(now), random);
        let impulse = self.impulse(step, now, call_id, &input);
        let turn = Turn {
            call_id,
            room: self.room.clone(),
            profile: self.profile.clone(),
            now,
            seed: self.rng.next_u64(),
            recent: self.recent.iter().cloned().collect(),
            trends: None,
            impulse,
            fates: self.fates.clone(),
            state: self.state.clone(),
            limits: TurnLimits::from(&self.limits),
            extensions: None,
        };
        let call = Call {
            module: self.module.into(),
            scope: self.scope.clone(),
            route: None,
            turn: Arc::new(turn),
            input,
            limits: self.limits.clone(),
        };
        self.loaded.runtime.call(call).await
    }

    /// Keeps what a call came to, as a room does.
    async fn commit(
        &mut self,
        step: &Step,
        now: Timestamp,
        call: CallId,
        outcome: Outcome,
    ) -> Result<(), Wrong> {
        if outcome.state.is_some() {
            self.state = outcome.state;
        }
        for entry in &outcome.memories {
            let write_id = format!("{:016x}", self.rng.next_u64());
            self.keep(&write_id, entry, now).await?;
            self.reflected.memories.push(memory::Entry {
                id: write_id,
                entry: entry.clone(),
                at: now,
                score: 1.0,
            });
        }
        let lines = outcome.lines.into_iter().map(|line| ChatMessage {
            v: V1,
            id: self.message_id(now),
            room_id: self.room.id.clone(),
            author: self.author.clone(),
            text: line.text,
            reply_to: line.reply_to,
            mentions: Vec::new(),
            sent_at: now,
            call_id: Some(call),
            deleted: false,
        });
        let lines: Vec<ChatMessage> = lines.collect();
        self.alone.end(now, &lines);
        for line in lines {
            let fate = match &step.dropped {
                Some(rule) => Fate::Dropped(rule.clone()),
                None => Fate::Accepted,
            };
            if self.fates.len() == FATES {
                self.fates.remove(0);
            }
            self.fates.push(LineFate {
                message_id: line.id,
                text: line.text.clone(),
                fate,
            });
            self.reflected.lines += 1;
            if step.dropped.is_none() {
                self.labels.insert(OWN_LINE.to_owned(), line.id);
                let line = Arc::new(line);
                self.alone.hear(now, &line);
                self.note(line);
            }
        }
        Ok(())
    }

    async fn keep(
        &self,
        write_id: &str,
        entry: &memory::NewEntry,
        at: Timestamp,
    ) -> Result<(), Wrong> {
        self.memory
            .remember(&self.scope, write_id, entry, at)
            .await
            .map_err(|error| Wrong::whole(&self.case.text.path, error))
    }

    fn message_id(&mut self, now: Timestamp) -> MessageId {
        MessageId::from_parts(millis(now), self.rng.random())
    }
}

fn millis(at: Timestamp) -> u64 {
    u64::try_from(at.as_millis()).unwrap_or(0)
}
