//! One room, as all who deal with it share it.

use crate::{
    Limits, PersonaSeat, Recording, RoomSetup,
    admission::{Decision, Draft, Refusal, Spoken, Submission, What, goes_out},
    crowd::Crowd,
    log::Log,
    moderators::{Moderators, Silenced, command},
    names::Taken,
    people::People,
    ws::Frame,
};
use arc_swap::ArcSwap;
use chatter_moderation::{Moderator, PersonaLines, Verdict};
use chatter_protocol::{
    Author, AuthorId, AuthorKind, ChatMessage, PersonaId, PersonaStatus, RoomId, SourceStatus,
    Timestamp, Topic, TopicKind, moderation::Action, modes::Modes, room::Person,
};
use metrics::{Counter, Gauge, counter, gauge};
use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// How long a sender waits for the room's decision.
const SAY_DEADLINE: Duration = Duration::from_secs(10);

pub(crate) struct Room {
    pub(crate) id: RoomId,
    rules: ArcSwap<Rules>,
    /// Ends what goes on in it, and tells its viewers.
    pub(crate) closing: CancellationToken,
    /// Whether its fan-out listens.
    pub(crate) listening: AtomicBool,
    pub(crate) counters: Counters,
    pub(crate) people: People,
    pub(crate) spoken: Spoken,
    pub(crate) crowd: Arc<Crowd>,
    pub(crate) log: Log,
    pub(crate) moderators: Moderators,
    queue: mpsc::Sender<Submission>,
    viewers: AtomicU64,
    /// Those of them that are nobody.
    overlays: AtomicU64,
    /// Whether a page shares its sound.
    shared: AtomicBool,
    /// Whether what viewers may hear was not there when it was looked for last.
    silent: AtomicBool,
    statuses: Mutex<BTreeMap<PersonaId, Arc<PersonaStatus>>>,
    source: Mutex<Option<Arc<SourceStatus>>>,
}

/// What the configuration says of a room, replaced as a whole when that changes.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) title: String,
    /// How everyone may chat, until a moderator says otherwise.
    pub(crate) modes: Modes,
    pub(crate) moderator: Moderator,
    /// What lines of personas are judged by beside it.
    pub(crate) persona_lines: PersonaLines,
    pub(crate) seats: Vec<PersonaSeat>,
    /// The personas' names.
    pub(crate) taken: Taken,
    /// What all of it is made of.
    setup: RoomSetup,
}

impl Rules {
    fn new(setup: &RoomSetup) -> Self {
        Self {
            title: setup.title.clone(),
            modes: setup.modes,
            moderator: Moderator::new(&setup.policy),
            persona_lines: PersonaLines::new(setup.personas.iter().map(|seat| seat.name.as_str())),
            taken: Taken::of(&setup.personas),
            seats: setup.personas.clone(),
            setup: setup.clone(),
        }
    }
}

impl Rules {
    /// A persona's line passes the rules for personas, and what is left of it the policy.
    pub(crate) fn judge_line(&self, text: &str, name: &str) -> Verdict {
        let own = self.persona_lines.judge(text, name);
        if !goes_out(&own) {
            return own;
        }
        let text = own.text.as_deref().unwrap_or(text);
        if command::is_known(text) {
            return Verdict::drop("command", "personas give no commands");
        }
        let policy = self.moderator.judge(text, AuthorKind::Persona);
        if policy.is_allowed() { own } else { policy }
    }

    /// The longest message, in characters.
    pub(crate) fn max_chars(&self) -> u32 {
        self.setup.policy.max_chars
    }

    /// What viewers may hear.
    pub(crate) fn recording(&self) -> Option<&Recording> {
        self.setup.recording.as_ref()
    }
}

/// What the room's own tasks hold.
#[derive(Debug)]
pub(crate) struct RoomWork {
    pub(crate) room: Arc<Room>,
    pub(crate) queue: mpsc::Receiver<Submission>,
}

#[derive(Debug)]
pub(crate) struct Counters {
    pub(crate) viewers: Gauge,
    deliveries: Counter,
    lag_recoveries: Counter,
    pub(crate) skips: Counter,
    tenant: String,
    room: String,
}

impl Counters {
    fn new(id: &RoomId) -> Self {
        let (tenant, room) = (id.tenant().to_string(), id.room().to_owned());
        let labels = [("tenant", tenant.clone()), ("room", room.clone())];
        Self {
            viewers: gauge!("chatter_viewers", &labels),
            deliveries: counter!("chatter_deliveries_total", &labels),
            lag_recoveries: counter!("chatter_lag_recoveries_total", &labels),
            skips: counter!("chatter_viewer_skips_total", &labels),
            tenant,
            room,
        }
    }

    pub(crate) fn accepted(&self, kind: AuthorKind) {
        let (tenant, room) = (self.tenant.clone(), self.room.clone());
        counter!("chatter_messages_accepted_total", "tenant" => tenant, "room" => room, "kind" => kind.as_str())
            .increment(1);
    }

    pub(crate) fn moderated(&self, action: Action, rule: &str) {
        if action != Action::Redact {
            return self.dropped(rule);
        }
        let (tenant, room) = (self.tenant.clone(), self.room.clone());
        counter!("chatter_messages_redacted_total", "tenant" => tenant, "room" => room, "rule" => rule.to_owned())
            .increment(1);
    }

    /// Verdicts, and acts of moderators, that the audit could not keep, or only late.
    pub(crate) fn unkept(&self, records: usize) {
        let (tenant, room) = (self.tenant.clone(), self.room.clone());
        let records = u64::try_from(records).unwrap_or(u64::MAX);
        counter!("chatter_verdicts_unkept_total", "tenant" => tenant, "room" => room)
            .increment(records);
    }

    /// A text that a moderation provider said nothing of.
    pub(crate) fn unjudged(&self, provider: &str, why: &'static str) {
        let (tenant, room) = (self.tenant.clone(), self.room.clone());
        counter!("chatter_messages_unjudged_total", "tenant" => tenant, "room" => room, "provider" => provider.to_owned(), "why" => why)
            .increment(1);
    }

    pub(crate) fn dropped(&self, rule: &str) {
        let (tenant, room) = (self.tenant.clone(), self.room.clone());
        counter!("chatter_messages_dropped_total", "tenant" => tenant, "room" => room, "rule" => rule.to_owned())
            .increment(1);
    }
}

impl Room {
    pub(crate) fn new(
        setup: &RoomSetup,
        limits: &Limits,
        closing: CancellationToken,
    ) -> (Arc<Self>, RoomWork) {
        let (queue, submissions) = mpsc::channel(limits.queue.max(1));
        let counters = Counters::new(&setup.id);
        let crowd = Crowd::new(
            limits.live_queue,
            counters.deliveries.clone(),
            counters.lag_recoveries.clone(),
        );
        let room = Arc::new(Self {
            id: setup.id.clone(),
            rules: ArcSwap::from_pointee(Rules::new(setup)),
            closing,
            listening: AtomicBool::new(false),
            counters,
            people: People::default(),
            spoken: Spoken::new(&setup.personas),
            crowd: Arc::new(crowd),
            log: Log::new(setup.id.clone()),
            moderators: Moderators::default(),
            queue,
            viewers: AtomicU64::new(0),
            overlays: AtomicU64::new(0),
            shared: AtomicBool::new(false),
            silent: AtomicBool::new(false),
            statuses: Mutex::default(),
            source: Mutex::default(),
        });
        // Nobody is there yet: from here on changes are told.
        room.moderators.tell_modes(&room);
        (
            Arc::clone(&room),
            RoomWork {
                room,
                queue: submissions,
            },
        )
    }

    pub(crate) fn rules(&self) -> Arc<Rules> {
        self.rules.load_full()
    }

    /// Other rules hold from now on, and viewers are told if other modes are among them. Of personas that no longer sit
    /// here nothing is shown any more.
    pub(crate) fn set_rules(&self, setup: &RoomSetup) {
        if self.rules.load().setup == *setup {
            return;
        }
        let is_judged_anew = self.rules.load().setup.policy != setup.policy;
        self.rules.store(Arc::new(Rules::new(setup)));
        if is_judged_anew {
            self.people.judge_anew(|person| self.may_be_shown(person));
        }
        self.lock_statuses()
            .retain(|id, _| setup.personas.iter().any(|seat| seat.id == *id));
        self.moderators.tell_modes(self);
        self.crowd.wake();
    }

    pub(crate) fn topic(&self, kind: TopicKind) -> Topic {
        Topic::new(kind, self.id.clone())
    }

    /// Puts a message before the room, which decides about it whether anybody waits for that or not.
    pub(crate) fn submit(&self, draft: Draft) -> Result<Submitted, Refusal> {
        self.put(What::Said(draft))
    }

    /// Puts a message before the room that a moderator has let out.
    pub(crate) fn approve(&self, message: ChatMessage) -> Result<Submitted, Refusal> {
        self.put(What::Approved(Box::new(message)))
    }

    fn put(&self, what: What) -> Result<Submitted, Refusal> {
        let (reply, decision) = oneshot::channel();
        self.queue
            .try_send(Submission {
                what,
                reply: Some(reply),
            })
            .map_err(|_| Refusal::Busy)?;
        Ok(Submitted(decision))
    }

    /// Puts a message before the room and asks for no decision; false if the queue is full.
    pub(crate) fn offer(&self, draft: Draft) -> bool {
        self.queue
            .try_send(Submission {
                what: What::Said(draft),
                reply: None,
            })
            .is_ok()
    }

    // === Viewers ===

    /// Puts the log's next message before the viewers, who see it with the crowd's next wake-up. The
    /// frame is made only if there are any.
    pub(crate) fn show(&self, offset: u64, frame: impl FnOnce() -> Frame) {
        if self.viewers() > 0 {
            self.crowd.message(offset, frame());
        } else {
            self.crowd.stands_at(offset);
        }
    }

    /// A page may share its sound, for as long as the result lives; none if another one does.
    pub(crate) fn share(self: &Arc<Self>) -> Option<Sharing> {
        let was = self.shared.swap(true, Ordering::AcqRel);
        (!was).then(|| Sharing(Arc::clone(self)))
    }

    /// What viewers may hear was looked for; whether the outcome is another one than before.
    pub(crate) fn finds_recording(&self, is_there: bool) -> bool {
        self.silent.swap(!is_there, Ordering::Relaxed) == is_there
    }

    /// Counts a viewer for as long as the result lives. Nothing if there are `most` already.
    pub(crate) fn seat_viewer(self: &Arc<Self>, most: usize) -> Option<Seated> {
        let most = u64::try_from(most).unwrap_or(u64::MAX);
        if self.viewers.fetch_add(1, Ordering::AcqRel) >= most {
            self.viewers.fetch_sub(1, Ordering::AcqRel);
            return None;
        }
        self.counters.viewers.increment(1);
        Some(Seated {
            room: Arc::clone(self),
            sits: Sits::Nobody,
        })
    }

    /// All connections that are shown the room, overlays among them.
    pub(crate) fn viewers(&self) -> u64 {
        self.viewers.load(Ordering::Relaxed)
    }

    /// Those of people.
    pub(crate) fn audience(&self) -> u64 {
        let overlays = self.overlays.load(Ordering::Relaxed);
        self.viewers().saturating_sub(overlays)
    }

    /// Whether the policy lets somebody's name be listed.
    fn may_be_shown(&self, person: &Person) -> bool {
        let kind = if self.moderators.state().moderators.contains_key(&person.id) {
            AuthorKind::Moderator
        } else {
            person.kind
        };
        let rules = self.rules.load();
        rules.moderator.judge_name(&person.name, kind).is_allowed()
    }

    /// Who watches, as everybody may see it: the latest first, without those who are banned.
    pub(crate) fn listed(&self, now: Timestamp) -> Vec<Arc<Person>> {
        let state = self.moderators.state();
        let is_banned = |id: &AuthorId| state.silenced(id, now) == Some(Silenced::Banned);
        self.people.latest_but(is_banned)
    }

    // === Personas ===

    pub(crate) fn note_status(&self, status: PersonaStatus) {
        let mut statuses = self.lock_statuses();
        if status.left {
            statuses.remove(&status.persona_id);
        } else {
            statuses.insert(status.persona_id.clone(), Arc::new(status));
        }
    }

    pub(crate) fn statuses(&self) -> Vec<Arc<PersonaStatus>> {
        self.lock_statuses().values().cloned().collect()
    }

    // === What it watches ===

    pub(crate) fn note_source(&self, status: SourceStatus) {
        *self.lock_source() = (!status.left).then(|| Arc::new(status));
    }

    pub(crate) fn source(&self) -> Option<Arc<SourceStatus>> {
        self.lock_source().clone()
    }

    fn lock_source(&self) -> MutexGuard<'_, Option<Arc<SourceStatus>>> {
        self.source.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_statuses(&self) -> MutexGuard<'_, BTreeMap<PersonaId, Arc<PersonaStatus>>> {
        self.statuses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Room").field(&self.id).finish()
    }
}

/// A message that the room has yet to decide about.
#[derive(Debug)]
pub(crate) struct Submitted(oneshot::Receiver<Decision>);

impl Submitted {
    pub(crate) async fn decision(self) -> Decision {
        match tokio::time::timeout(SAY_DEADLINE, self.0).await {
            Ok(Ok(decision)) => decision,
            Ok(Err(_)) => Err(Refusal::Closing),
            Err(_) => Err(Refusal::Timeout),
        }
    }
}

/// The right to share sound with a room.
#[derive(Debug)]
pub(crate) struct Sharing(Arc<Room>);

impl Drop for Sharing {
    fn drop(&mut self) {
        self.0.shared.store(false, Ordering::Release);
    }
}

/// A viewer's seat.
#[derive(Debug)]
pub(crate) struct Seated {
    room: Arc<Room>,
    sits: Sits,
}

#[derive(Debug)]
enum Sits {
    Nobody,
    Author(AuthorId),
    Overlay,
}

impl Seated {
    /// Counts an author, who sits there from now on, among the people. Who may not be shown watches all the same.
    pub(crate) fn taken_by(mut self, author: &Author) -> Self {
        let room = &self.room;
        room.people.come(author, |person| room.may_be_shown(person));
        self.sits = Sits::Author(author.id.clone());
        self
    }

    /// An overlay sits there from now on, which is none of the people.
    pub(crate) fn taken_by_overlay(mut self) -> Self {
        self.room.overlays.fetch_add(1, Ordering::Relaxed);
        self.sits = Sits::Overlay;
        self
    }
}

impl Drop for Seated {
    fn drop(&mut self) {
        match &self.sits {
            Sits::Nobody => {}
            Sits::Author(author) => self.room.people.go(author),
            Sits::Overlay => {
                self.room.overlays.fetch_sub(1, Ordering::Relaxed);
            }
        }
        self.room.viewers.fetch_sub(1, Ordering::Relaxed);
        self.room.counters.viewers.decrement(1);
    }
}
