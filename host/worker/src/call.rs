//! One call as a transaction: the turn is built, the persona called, and what it came to is
//! committed as a whole, or nothing of it is.
//!
//! The future may be dropped at any time. Before the commit nothing has happened; the commit itself
//! is one request to the store, which happens or doesn't.

use crate::{
    crowd::{Ended, Plan, SeatNumber},
    publisher::Publisher,
    seat::{Known, Sitter},
    shadow::Again,
};
use chatter_memory::SharedMemory;
use chatter_protocol::{
    CallRecord, ChatMessage, MessageId, Timestamp, Turn, V1,
    call::{CallEnd, CallInput, Fate, Line, LineFate, LogLevel, LogLine, Outcome, RoomInfo},
};
use chatter_runtime::{Call, SharedPersonas};
use chatter_store::{CallCommit, SharedStore, StoreError, StoredState};
use metrics::{counter, histogram};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;

/// How many of its latest lines a persona hears the fate of.
const FATES: usize = 8;

/// How long the store may take to answer.
pub(crate) const STORE_WAIT: Duration = Duration::from_secs(5);

/// How often a commit is tried. A second commit of the same call changes nothing, so trying again
/// is safe even if an answer was lost.
const COMMIT_TRIES: u32 = 3;

/// What a call may take beyond its own bound of wall time and the wait for its place. Whoever makes calls
/// ends them within both: beyond that it is broken, and not the persona.
const GRACE: Duration = Duration::from_secs(10);

/// Under this name personas' own logs are in the program's log.
const LOG: &str = "persona";

/// So many lines of a call's log are told at their own level: a persona must not flood the
/// operator's log, whatever it is.
const LOG_LINES: usize = 8;

/// All that a call needs.
pub(crate) struct Job {
    pub(crate) plan: Plan,
    pub(crate) sitter: Arc<Sitter>,
    pub(crate) room: RoomInfo,
    pub(crate) known: Known,
    /// The number under which the room's personas run here.
    pub(crate) fence: u64,
    pub(crate) now: chatter_protocol::Clock,
    pub(crate) personas: SharedPersonas,
    pub(crate) store: SharedStore,
    pub(crate) memory: SharedMemory,
    pub(crate) publisher: Publisher,
}

/// What became of a call.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) seat: SeatNumber,
    pub(crate) ended: Ended,
    pub(crate) known: Known,
    /// What went wrong, in words.
    pub(crate) detail: String,
    /// The call for the module that runs beside, if there is one.
    pub(crate) again: Option<Box<Again>>,
}

/// How far a call has come.
pub(crate) enum Step {
    Done(Done),
    /// It has returned with lines though it was not to speak; to be gone on with by [`Job::keep`]
    /// once it is known how many of them are taken.
    Unasked(Box<(Job, CallRecord)>),
}

impl Job {
    /// Makes the call, and keeps what came of it.
    pub(crate) async fn run(mut self) -> Step {
        let record = match self.make().await {
            Ok(record) => record,
            Err(failure) => return Step::Done(self.done(Err(failure))),
        };
        if !self.plan.impulse.speak && lines_of(&record) > 0 {
            return Step::Unasked(Box::new((self, record)));
        }
        Step::Done(self.keep(record).await)
    }

    /// Keeps what came of a call that was made.
    pub(crate) async fn keep(mut self, mut record: CallRecord) -> Done {
        let kept = match end_detail(&record.end) {
            Some(failure) => Err(failure),
            None => self.commit(&mut record).await,
        };
        self.tell_log(&record.log);
        let again = Again::of(&record, &self.sitter).map(Box::new);
        self.publisher.call(record);
        Done {
            again,
            ..self.done(kept)
        }
    }

    /// Puts what the persona logged into the program's log, where its author can read it: the first
    /// lines of a call at their own level, the rest for those alone who ask for everything.
    fn tell_log(&self, log: &[LogLine]) {
        let (room, persona) = (&self.room.id, &self.sitter.scope.persona);
        let call = self.plan.call_id;
        for (index, LogLine { level, text }) in log.iter().enumerate() {
            let level = if index < LOG_LINES {
                *level
            } else {
                LogLevel::Debug
            };
            match level {
                LogLevel::Debug => tracing::debug!(target: LOG, %room, %persona, %call, text),
                LogLevel::Info => tracing::info!(target: LOG, %room, %persona, %call, text),
                LogLevel::Warn => tracing::warn!(target: LOG, %room, %persona, %call, text),
                LogLevel::Error => tracing::error!(target: LOG, %room, %persona, %call, text),
            }
        }
    }

    fn done(self, kept: Result<Vec<ChatMessage>, Failure>) -> Done {
        let (ended, detail) = match kept {
            Ok(lines) => (Ended::Kept(lines), String::new()),
            Err(Failure { ended, detail }) => (ended, detail),
        };
        Done {
            seat: self.plan.seat,
            ended,
            known: self.known,
            detail,
            again: None,
        }
    }

    async fn make(&mut self) -> Result<CallRecord, Failure> {
        self.learn().await?;
        let call = self.call();
        let wall = Duration::from_millis(call.limits.wall_ms.into());
        let deadline = wall + self.personas.patience() + GRACE;
        let called = timeout(deadline, self.personas.call(call)).await;
        let Ok(record) = called else {
            self.count("unanswered");
            let seconds = deadline.as_secs();
            return Err(Failure::lost(format!(
                "the call was not answered within {seconds} s"
            )));
        };
        self.count(end_name(&record.end));
        let took = record.times.queued_us.saturating_add(record.times.ran_us);
        histogram!("chatter_persona_call_seconds", "room" => self.room.id.to_string())
            .record(Duration::from_micros(took));
        Ok(record)
    }

    /// Loads what is not known.
    async fn learn(&mut self) -> Result<(), Failure> {
        let (room, persona) = (&self.sitter.scope.room, &self.sitter.scope.persona);
        let rejected = self.rejected();
        let is_rejected = |state: &Option<StoredState>| {
            state
                .as_ref()
                .is_some_and(|state| rejected.contains(&state.digest))
        };
        if self.known.state.as_ref().is_none_or(is_rejected) {
            let state = in_time(self.store.state(room, persona, &rejected)).await?;
            self.known.state = Some(state);
        }
        let settled = |fates: &Vec<LineFate>| fates.iter().all(|line| line.fate != Fate::Pending);
        if !self.known.fates.as_ref().is_some_and(settled) {
            let fates = in_time(self.store.fates(room, persona, FATES)).await?;
            self.known.fates = Some(fates);
        }
        Ok(())
    }

    /// The modules whose states are not to be used: they were taken back.
    fn rejected(&self) -> Arc<[Arc<str>]> {
        let Sitter { module, scope, .. } = &*self.sitter;
        let module = self.personas.module(&scope.room.tenant(), module);
        module.map(|status| status.rejected).unwrap_or_default()
    }

    /// Whether the module that ran, or the one whose state it was given, was taken back meanwhile.
    fn was_taken_back(&self, record: &CallRecord) -> bool {
        let rejected = self.rejected();
        let given = self
            .known
            .state
            .iter()
            .flatten()
            .map(|state| &*state.digest);
        given
            .chain([&*record.module.digest])
            .any(|digest| rejected.iter().any(|rejected| &**rejected == digest))
    }

    fn call(&self) -> Call {
        let Self {
            plan,
            sitter,
            room,
            known,
            ..
        } = self;
        Call {
            module: sitter.module.clone(),
            scope: sitter.scope.clone(),
            route: sitter.route.clone(),
            turn: Arc::new(Turn {
                call_id: plan.call_id,
                room: room.clone(),
                profile: sitter.profile.clone(),
                now: self.now.now(),
                seed: plan.seed,
                recent: plan.recent.clone(),
                trends: plan.trends.clone(),
                impulse: plan.impulse.clone(),
                fates: known.fates.clone().unwrap_or_default(),
                state: known.state.clone().flatten().map(|stored| stored.state),
                limits: (&plan.limits).into(),
                extensions: None,
            }),
            input: plan.input.clone(),
            limits: plan.limits.clone(),
        }
    }

    /// Commits what came of the call; the lines that were taken.
    async fn commit(&mut self, record: &mut CallRecord) -> Result<Vec<ChatMessage>, Failure> {
        let CallEnd::Returned { outcome } = &record.end else {
            return Ok(Vec::new());
        };
        if self.was_taken_back(record) {
            self.known.state = None;
            return Err(Failure::lost(
                "its module was taken back while the call ran".into(),
            ));
        }
        let digest: Arc<str> = record.module.digest.as_str().into();
        let now = self.now.now();
        let lines = self.take_lines(outcome, now);
        let commit = CallCommit {
            call_id: self.plan.call_id,
            room: self.room.id.clone(),
            persona: self.sitter.scope.persona.clone(),
            digest: digest.clone(),
            state: outcome.state.clone(),
            lines: lines.clone(),
            memories: outcome.memories.clone(),
            at: now,
            fence: Some(self.fence),
        };
        // Until the store has answered, nobody knows what it holds.
        let before = std::mem::take(&mut self.known);
        if !(lines.is_empty() && commit.state.is_none() && commit.memories.is_empty()) {
            self.put(commit).await?;
        }
        // The room's next calls are made here, wherever memories are delivered.
        for entry in &outcome.memories {
            let scope = &self.sitter.scope;
            self.memory.expect(scope, entry, now, Duration::ZERO).await;
        }
        let state = outcome
            .state
            .clone()
            .map(|state| StoredState { digest, state });
        self.known.state = Some(state.or(before.state.flatten()));
        self.known.fates = before.fates.filter(|_| lines.is_empty());
        record.submitted = lines.iter().map(|line| line.id).collect();
        counter!("chatter_persona_lines_total", "room" => self.room.id.to_string(), "persona" => self.sitter.scope.persona.to_string())
            .increment(lines.len() as u64);
        Ok(lines)
    }

    async fn put(&self, commit: CallCommit) -> Result<(), Failure> {
        let mut wait = crate::seat::Backoff::new(Duration::from_millis(100), STORE_WAIT);
        let mut tried = 0;
        loop {
            tried += 1;
            let failure = match timeout(STORE_WAIT, self.store.commit(commit.clone())).await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(error @ StoreError::Unavailable(_))) => error.to_string(),
                Ok(Err(error @ StoreError::Fenced { .. })) => {
                    return Err(Failure {
                        ended: Ended::Fenced,
                        detail: error.to_string(),
                    });
                }
                Ok(Err(error)) => return Err(Failure::lost(error.to_string())),
                Err(_) => no_answer(),
            };
            if tried == COMMIT_TRIES {
                let words = format!("{failure}; whether the call was kept is not known");
                return Err(Failure::lost(words));
            }
            wait.wait().await;
        }
    }

    /// The lines that may go out, as messages. Lines beyond what was granted (the persona spoke
    /// unasked more often than it may) are refused; the rest of the call is kept all the same.
    fn take_lines(&self, outcome: &Outcome, now: Timestamp) -> Vec<ChatMessage> {
        let granted = usize::try_from(self.plan.granted).unwrap_or(usize::MAX);
        let refused = outcome.lines.len().saturating_sub(granted);
        if refused > 0 {
            counter!("chatter_persona_lines_refused_total", "room" => self.room.id.to_string(), "persona" => self.sitter.scope.persona.to_string())
                .increment(refused as u64);
            tracing::debug!(
                room = %self.room.id,
                persona = %self.sitter.scope.persona,
                call = %self.plan.call_id,
                refused,
                "lines were refused: the persona was not asked to speak, and has spoken unasked often enough"
            );
        }
        let mut rng = ChaCha8Rng::seed_from_u64(self.plan.id_seed);
        let millis = u64::try_from(now.as_millis()).unwrap_or(0);
        let mut ids: Vec<MessageId> = (0..outcome.lines.len().min(granted))
            .map(|_| MessageId::from_parts(millis, rng.random()))
            .collect();
        // So that ids of the same millisecond sort as the lines were said.
        ids.sort_unstable();
        let lines = ids.into_iter().zip(&outcome.lines);
        lines
            .map(|(id, line)| self.message(id, line, now))
            .collect()
    }

    fn message(&self, id: MessageId, line: &Line, now: Timestamp) -> ChatMessage {
        ChatMessage {
            v: V1,
            id,
            room_id: self.room.id.clone(),
            author: self.sitter.author.clone(),
            text: line.text.clone(),
            reply_to: line.reply_to,
            mentions: Vec::new(),
            sent_at: now,
            call_id: Some(self.plan.call_id),
            deleted: false,
        }
    }

    fn count(&self, end: &'static str) {
        let input = match self.plan.input {
            CallInput::Context(_) => "context",
            CallInput::Firehose(_) => "firehose",
            CallInput::Reflect(_) => "reflect",
        };
        counter!("chatter_persona_calls_total", "room" => self.room.id.to_string(), "persona" => self.sitter.scope.persona.to_string(), "input" => input, "end" => end)
            .increment(1);
    }
}

pub(crate) struct Failure {
    ended: Ended,
    pub(crate) detail: String,
}

impl Failure {
    fn persona(detail: String) -> Self {
        Self {
            ended: Ended::Failed,
            detail,
        }
    }

    fn lost(detail: String) -> Self {
        Self {
            ended: Ended::Lost,
            detail,
        }
    }
}

async fn in_time<T>(asked: impl Future<Output = Result<T, StoreError>>) -> Result<T, Failure> {
    match timeout(STORE_WAIT, asked).await {
        Ok(answer) => answer.map_err(|error| Failure::lost(error.to_string())),
        Err(_) => Err(Failure::lost(no_answer())),
    }
}

fn no_answer() -> String {
    format!("the store did not answer within {} s", STORE_WAIT.as_secs())
}

/// How many lines a call came back with.
pub(crate) fn lines_of(record: &CallRecord) -> u32 {
    match &record.end {
        CallEnd::Returned { outcome } => u32::try_from(outcome.lines.len()).unwrap_or(u32::MAX),
        _ => 0,
    }
}

pub(crate) fn end_name(end: &CallEnd) -> &'static str {
    match end {
        CallEnd::Returned { .. } => "returned",
        CallEnd::Declined { .. } => "declined",
        CallEnd::Invalid { .. } => "invalid",
        CallEnd::Trapped { .. } => "trapped",
        CallEnd::OutOfCpu { .. } => "out_of_cpu",
        CallEnd::OutOfMemory { .. } => "out_of_memory",
        CallEnd::TimedOut { .. } => "timed_out",
        CallEnd::Busy => "busy",
        CallEnd::Unavailable { .. } => "unavailable",
    }
}

/// What went wrong, in words an author can act on; `None` if nothing did.
pub(crate) fn end_detail(end: &CallEnd) -> Option<Failure> {
    match end {
        CallEnd::Returned { .. } => None,
        CallEnd::Busy | CallEnd::Unavailable { .. } => Some(Failure::lost(end.to_string())),
        _ => Some(Failure::persona(end.to_string())),
    }
}
