//! Admission: what may be said in a room, on its way to the room's log.
//!
//! One task for each room takes what has been submitted at this gateway, judges it, adds what may go
//! out to the log in one write, says it on the firehose in the order of its offsets, and only then
//! answers. So whatever was acknowledged is in the log, and whatever is on the firehose is too. The
//! room's one order is the log's: the store gives the offsets, to however many gateways there are, and
//! what two of them say on the firehose at once may be heard out of order there.
//!
//! A crash between the write and the firehose leaves messages that were never heard live; they are
//! in the log, where everyone who finds a gap looks. Lines of personas are settled last, so a crash
//! hands them out again, to this gateway or the one that takes them in then; the log knows their ids,
//! and they are not said twice. A gateway that was paused in the middle, and believes for a moment that they
//! are still its own, neither adds nor settles any: the store refuses its fencing number.

mod asking;
mod decision;
mod feed;
#[cfg(test)]
mod interleavings;
mod mentions;
mod spoken;

use asking::{Ruled, Waiting, Waits};
pub(crate) use decision::{
    Accepted, Admitted, Decision, Draft, Refusal, Standing, Submission, What,
};
pub(crate) use feed::intake;
pub(crate) use spoken::Spoken;

use crate::{
    moderators::{self, Speaker},
    names,
    outage::Outage,
    room::{Room, Rules},
    shared::Shared,
};
use chatter_moderation::{Ruling, Verdict};
use chatter_protocol::{
    AuthorId, AuthorKind, CallId, ChatMessage, FirehoseEntry, MessageId, ModerationVerdict,
    TopicKind, V1,
    call::Fate,
    message::AI_BADGE,
    moderation::{Action, JudgedBy},
};
use chatter_store::{Appended, Place, StoreError, Tenure};
use futures_util::future::try_join_all;
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// How many messages go into one write at most.
const BATCH: usize = 256;

/// How long the store may take: what it has not answered to by then it may have done all the same,
/// and whoever asked must ask again.
const STORE_DEADLINE: Duration = Duration::from_secs(5);

/// How long the firehose may take to accept one message.
const PUBLISH_DEADLINE: Duration = Duration::from_secs(5);

/// Lines of personas, as the store handed them out. `settled` is dropped unused if they are to be
/// tried again.
#[derive(Debug)]
pub(crate) struct Lines {
    lines: Vec<ChatMessage>,
    /// By what they were judged where somebody was asked about them.
    rules: Arc<Rules>,
    /// What is to be done with each, where somebody was.
    rulings: Vec<Option<Ruling>>,
    /// Under which this gateway took them.
    tenure: Tenure,
    settled: oneshot::Sender<()>,
}

/// One room's admission.
pub(crate) struct Admission {
    shared: Arc<Shared>,
    room: Arc<Room>,
    submissions: mpsc::Receiver<Submission>,
    lines: mpsc::Receiver<Lines>,
    /// What people said, and a moderation provider has yet to answer about.
    waiting: Waiting,
    /// What holds for the batch that is being judged.
    rules: Arc<Rules>,
    /// Of the store.
    outage: Outage,
}

/// What was taken from the queues at once.
#[derive(Default)]
struct Batch {
    candidates: Vec<Candidate>,
    fates: Vec<(MessageId, Fate)>,
    verdicts: Vec<ModerationVerdict>,
    /// Of the lines among them, if there are some.
    tenure: Option<Tenure>,
    held: Vec<Held>,
    /// What is new in the log of those who can be silenced.
    added: Vec<(u64, Arc<ChatMessage>)>,
    settled: Option<oneshot::Sender<()>>,
}

/// A message that is to wait for a moderator.
struct Held {
    message: Arc<ChatMessage>,
    verdict: ModerationVerdict,
    reply: Option<oneshot::Sender<Decision>>,
    is_line: bool,
}

struct Candidate {
    message: Arc<ChatMessage>,
    /// For a person's message, who waits for the decision.
    reply: Option<oneshot::Sender<Decision>>,
    is_line: bool,
    /// Whether a ban of its author keeps it from the log. None does if a moderator let it out, or the operator speaks.
    may_be_silenced: bool,
}

impl Candidate {
    fn answer(self, decision: Decision) {
        if let Some(reply) = self.reply {
            // Whoever asked may have gone.
            let _ = reply.send(decision);
        }
    }
}

impl Admission {
    pub(crate) fn new(
        shared: Arc<Shared>,
        room: Arc<Room>,
        submissions: mpsc::Receiver<Submission>,
        lines: mpsc::Receiver<Lines>,
    ) -> Self {
        Self {
            shared,
            rules: room.rules(),
            room,
            submissions,
            lines,
            waiting: Waiting::default(),
            outage: Outage::default(),
        }
    }

    /// Works until it is stopped. What it has taken it finishes; what still waits then is answered
    /// by the end of its channel.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let latest = self.shared.store.read_latest(&self.room.id, Spoken::RECENT);
        match in_time(latest).await {
            Ok(page) => {
                for (_, message) in page.messages {
                    self.room.spoken.note(&message);
                    self.room.moderators.lately().note(&message);
                }
            }
            Err(error) => {
                tracing::warn!(room = %self.room.id, %error, "the room's latest authors are unknown")
            }
        }
        let looking = self
            .room
            .moderators
            .look_if_changed(&self.shared, &self.room);
        if let Err(error) = in_time(looking).await {
            tracing::warn!(room = %self.room.id, %error, "what moderators decided is unknown yet");
        }
        loop {
            let mut batch = Batch::default();
            tokio::select! {
                () = stop.cancelled() => return,
                // Connections end before the room does, and take nobody's answer along.
                () = self.room.closing.cancelled(), if !self.waiting.is_empty() => {
                    self.waiting.end();
                }
                Some(submission) = self.submissions.recv() => {
                    self.look_up_rules();
                    self.consider(submission, &mut batch);
                }
                Some(lines) = self.lines.recv() => {
                    self.look_up_rules();
                    self.consider_lines(lines, &mut batch);
                }
                Some(ruled) = self.waiting.next() => {
                    self.look_up_rules();
                    for ruled in ruled {
                        self.go_on(ruled, &mut batch);
                    }
                }
                else => return,
            }
            if batch.settled.is_none()
                && let Ok(lines) = self.lines.try_recv()
            {
                self.consider_lines(lines, &mut batch);
            }
            while batch.candidates.len() + batch.held.len() < BATCH
                && let Ok(submission) = self.submissions.try_recv()
            {
                self.consider(submission, &mut batch);
            }
            self.waiting.ask(&self.shared, &self.room);
            self.admit(batch).await;
        }
    }

    fn look_up_rules(&mut self) {
        let rules = self.room.rules();
        if !Arc::ptr_eq(&rules, &self.rules) {
            self.room.spoken.set_personas(&rules.seats);
            self.rules = rules;
        }
    }

    // === Judging ===

    fn consider(&mut self, submission: Submission, batch: &mut Batch) {
        let Submission { what, reply } = submission;
        let mut draft = match what {
            What::Said(draft) => draft,
            What::Approved(mut message) => {
                message.sent_at = self.room.spoken.time(self.shared.clock.now());
                batch.candidates.push(Candidate {
                    message: Arc::from(message),
                    reply,
                    is_line: false,
                    may_be_silenced: false,
                });
                return;
            }
        };
        let state = self.room.moderators.state();
        let moderates = match draft.standing {
            Standing::Operator => true,
            Standing::Session(_) => state.moderators.contains_key(&draft.author.id),
            Standing::Nobody => false,
        };
        if moderates && draft.standing != Standing::Operator {
            names::as_moderator(&mut draft.author);
        }
        let now = self.shared.clock.now();
        let may_be_silenced = draft.standing != Standing::Operator;
        if may_be_silenced && let Some(silenced) = state.silenced(&draft.author.id, now) {
            if let Some(reply) = reply {
                let _ = reply.send(Err(Refusal::Silenced(silenced)));
            }
            return;
        }
        let standing = draft.standing;
        let kind = draft.author.kind;
        let moderator = &self.rules.moderator;
        let (mut pointer, mut verdict) = ("/text", moderator.judge(&draft.text, kind));
        if goes_out(&verdict) {
            let name = moderator.judge(&draft.author.name, kind);
            // A name has its own bound of length, whatever the policy's for texts is; and nobody is
            // called `***`.
            if !name.is_allowed() && name.rule != "too_long" {
                (pointer, verdict) = (
                    "/author",
                    Verdict {
                        action: Action::Drop,
                        text: None,
                        ..name
                    },
                );
            }
        }
        let said = self.apply(&verdict, &mut draft);
        let message = self.message(draft, None);
        let record = (!verdict.is_allowed()).then(|| self.verdict(&message, &said, &verdict));
        let is_asked_about = moderator.provider_for(kind).is_some();
        if goes_out(&verdict) && (is_asked_about || self.waiting.has_of(&message.author.id)) {
            return self.let_wait(Waits {
                came: now,
                message,
                said,
                standing,
                reply,
                redacted: record,
                rules: Arc::clone(&self.rules),
            });
        }
        batch.verdicts.extend(record);
        if goes_out(&verdict) || verdict.action == Action::Hold {
            let since = match standing {
                Standing::Session(since) => Some(since),
                _ => None,
            };
            if !moderates && let Err(kept) = self.note(Speaker::Person { since }, &message) {
                batch
                    .verdicts
                    .retain(|verdict| verdict.message_id != message.id);
                if let Some(reply) = reply {
                    let _ = reply.send(Err(Refusal::Kept(kept)));
                }
                return;
            }
        }
        if goes_out(&verdict) {
            batch.candidates.push(Candidate {
                message: Arc::new(message),
                reply,
                is_line: false,
                may_be_silenced,
            });
        } else if verdict.action == Action::Hold {
            batch.held.push(Held {
                verdict: self.verdict(&message, &said, &verdict),
                message: Arc::new(message),
                reply,
                is_line: false,
            });
        } else if let Some(reply) = reply {
            let _ = reply.send(Err(Refusal::Moderated {
                rule: verdict.rule.to_owned(),
                reason: verdict.reason,
                pointer,
            }));
        }
    }

    /// Lets something wait for a moderation provider's answer, if it may be said now.
    fn let_wait(&mut self, waits: Waits) {
        let refused = match self.may_say(&waits) {
            Ok(()) if self.room.closing.is_cancelled() => Err((Refusal::Closing, waits)),
            Ok(()) => self.waiting.add(waits),
            Err(kept) => Err((Refusal::Kept(kept), waits)),
        };
        if let Err((
            refusal,
            Waits {
                reply: Some(reply), ..
            },
        )) = refused
        {
            let _ = reply.send(Err(refusal));
        }
    }

    /// Goes on with something that has its answer. What moderators decided meanwhile counts.
    fn go_on(&mut self, Ruled { mut waits, ruling }: Ruled, batch: &mut Batch) {
        let state = self.room.moderators.state();
        let now = self.shared.clock.now();
        waits.message.sent_at = self.room.spoken.time(now);
        let author = &waits.message.author.id;
        let may_be_silenced = waits.standing != Standing::Operator;
        let refusal = if may_be_silenced && let Some(silenced) = state.silenced(author, now) {
            Some(Refusal::Silenced(silenced))
        } else if state.cleared_since(author, waits.came) {
            Some(Refusal::Cleared)
        } else if ruling.verdict.action == Action::Drop {
            None
        } else {
            let speaker = self.speaker(&waits);
            let noted = speaker.map(|speaker| self.note(speaker, &waits.message));
            noted.and_then(Result::err).map(Refusal::Kept)
        };
        let Waits {
            message,
            said,
            reply,
            redacted,
            rules,
            ..
        } = waits;
        let answer = |reply: Option<oneshot::Sender<Decision>>, refusal| {
            if let Some(reply) = reply {
                let _ = reply.send(Err(refusal));
            }
        };
        if let Some(refusal) = refusal {
            return answer(reply, refusal);
        }
        let record = || self.ruled(&message, &said, &ruling, &rules);
        match ruling.verdict.action {
            Action::Allow | Action::Redact => {
                batch.verdicts.extend(redacted);
                batch.candidates.push(Candidate {
                    message: Arc::new(message),
                    reply,
                    is_line: false,
                    may_be_silenced,
                });
            }
            Action::Hold => {
                let record = record();
                batch.verdicts.push(record.clone());
                batch.held.push(Held {
                    message: Arc::new(message),
                    verdict: record,
                    reply,
                    is_line: false,
                });
            }
            Action::Drop => {
                batch.verdicts.push(record());
                let refusal = Refusal::Moderated {
                    rule: ruling.verdict.rule.to_owned(),
                    reason: ruling.verdict.reason,
                    pointer: "/text",
                };
                answer(reply, refusal);
            }
        }
    }

    /// As whom the author of something speaks; none who moderates, for whom modes don't count.
    fn speaker(&self, waits: &Waits) -> Option<Speaker> {
        let state = self.room.moderators.state();
        let since = match waits.standing {
            Standing::Operator => return None,
            Standing::Session(since) => Some(since),
            Standing::Nobody => None,
        };
        let moderates = since.is_some() && state.moderators.contains_key(&waits.message.author.id);
        (!moderates).then_some(Speaker::Person { since })
    }

    /// Whether the room's modes let something be said now.
    fn may_say(&self, waits: &Waits) -> Result<(), moderators::Kept> {
        let Some(speaker) = self.speaker(waits) else {
            return Ok(());
        };
        let message = &waits.message;
        let modes = self.room.moderators.modes(&self.room);
        let lately = self.room.moderators.lately();
        let own = self.shared.emotes(&self.room.id);
        lately.check(&modes, &own, speaker, message, message.sent_at)
    }

    /// The record of what came of asking a moderation provider.
    fn ruled(
        &self,
        message: &ChatMessage,
        said: &str,
        ruling: &Ruling,
        rules: &Rules,
    ) -> ModerationVerdict {
        let asked = rules.moderator.provider().map(|provider| JudgedBy {
            name: provider.name().to_owned(),
            category: ruling
                .category
                .as_ref()
                .map(|it| it.chars().take(100).collect()),
        });
        ModerationVerdict {
            provider: asked,
            policy: rules.moderator.policy().to_owned(),
            ..self.verdict(message, said, &ruling.verdict)
        }
    }

    /// Whether the room's modes let something be said; if so, it counts as said.
    fn note(&self, speaker: Speaker, message: &ChatMessage) -> Result<(), moderators::Kept> {
        let modes = self.room.moderators.modes(&self.room);
        let mut lately = self.room.moderators.lately();
        let own = self.shared.emotes(&self.room.id);
        lately.check(&modes, &own, speaker, message, message.sent_at)?;
        lately.note(message);
        Ok(())
    }

    fn consider_lines(&mut self, lines: Lines, batch: &mut Batch) {
        let provider = self.rules.moderator.provider_for(AuthorKind::Persona);
        if provider.is_some() && !Arc::ptr_eq(&lines.rules, &self.rules) {
            // The policy was changed since somebody was asked, if anybody was. They come again, and are asked about.
            return;
        }
        for (line, ruling) in lines.lines.into_iter().zip(lines.rulings) {
            let mut draft = Draft {
                id: line.id,
                author: line.author,
                text: line.text,
                reply_to: line.reply_to,
                standing: Standing::Nobody,
            };
            let state = self.room.moderators.state();
            if let Some(silenced) = state.silenced(&draft.author.id, self.shared.clock.now()) {
                let fate = Fate::Dropped(silenced.code().to_owned());
                batch.fates.push((draft.id, fate));
                continue;
            }
            // Whatever the line says of itself: it came out of the personas' queue.
            draft.author.kind = AuthorKind::Persona;
            if !draft.author.badges.iter().any(|badge| badge == AI_BADGE) {
                draft.author.badges.insert(0, AI_BADGE.into());
            }
            let verdict = self.rules.judge_line(&draft.text, &draft.author.name);
            let said = self.apply(&verdict, &mut draft);
            let message = self.message(draft, line.call_id);
            let mut record =
                (!verdict.is_allowed()).then(|| self.verdict(&message, &said, &verdict));
            let mut verdict = verdict;
            if let Some(ruling) = ruling.filter(|it| goes_out(&verdict) && !goes_out(&it.verdict)) {
                record = Some(self.ruled(&message, &said, &ruling, &self.rules));
                verdict = ruling.verdict;
            }
            batch.verdicts.extend(record.clone());
            if goes_out(&verdict)
                && let Err(kept) = self.note(Speaker::Persona, &message)
            {
                let fate = Fate::Dropped(kept.code().to_owned());
                batch.fates.push((message.id, fate));
            } else if goes_out(&verdict) {
                batch.candidates.push(Candidate {
                    message: Arc::new(message),
                    reply: None,
                    is_line: true,
                    may_be_silenced: true,
                });
            } else if verdict.action == Action::Hold {
                batch.held.push(Held {
                    verdict: record.unwrap_or_else(|| self.verdict(&message, &said, &verdict)),
                    message: Arc::new(message),
                    reply: None,
                    is_line: true,
                });
            } else {
                let fate = Fate::Dropped(verdict.rule.to_owned());
                batch.fates.push((message.id, fate));
            }
        }
        batch.tenure = Some(lines.tenure);
        batch.settled = Some(lines.settled);
    }

    /// Puts what may be said into the draft's place; what was said.
    fn apply(&self, verdict: &Verdict, draft: &mut Draft) -> String {
        match &verdict.text {
            Some(text) => std::mem::replace(&mut draft.text, text.clone()),
            None => draft.text.clone(),
        }
    }

    fn message(&self, draft: Draft, call_id: Option<CallId>) -> ChatMessage {
        let mut author = draft.author;
        if author.color.is_none() {
            author.color = Some(names::color(&author.id));
        }
        ChatMessage {
            v: V1,
            id: draft.id,
            room_id: self.room.id.clone(),
            mentions: self
                .room
                .spoken
                .mentions(&draft.text, || self.room.people.latest()),
            author,
            text: draft.text,
            reply_to: draft.reply_to,
            sent_at: self.room.spoken.time(self.shared.clock.now()),
            call_id,
            deleted: false,
        }
    }

    fn verdict(&self, message: &ChatMessage, said: &str, verdict: &Verdict) -> ModerationVerdict {
        ModerationVerdict {
            v: V1,
            message_id: message.id,
            room_id: message.room_id.clone(),
            author: message.author.clone(),
            action: verdict.action,
            rule: verdict.rule.to_owned(),
            category: verdict.category,
            score: verdict.score,
            provider: None,
            reason: verdict.reason.chars().take(300).collect(),
            original_sha256: self.shared.fingerprints.of(said),
            redacted: verdict.text.clone(),
            policy: self.rules.moderator.policy().to_owned(),
            at: self.shared.clock.now(),
            call_id: message.call_id,
        }
    }

    // === Keeping, saying, answering ===

    async fn admit(&mut self, mut batch: Batch) {
        self.silence(&mut batch);
        let mut kept = self.keep(&mut batch).await;
        kept &= self.hold(&mut batch).await;
        self.take_back(std::mem::take(&mut batch.added)).await;
        // Lines that could not be kept come again, and their verdicts with them.
        let due = |verdict: &&ModerationVerdict| kept || verdict.author.kind != AuthorKind::Persona;
        let verdicts: Vec<ModerationVerdict> = batch.verdicts.iter().filter(due).cloned().collect();
        record(&self.shared, &self.room, &verdicts).await;
        if !kept {
            return;
        }
        let Some(settled) = batch.settled else { return };
        let fence = batch.tenure.map(|tenure| tenure.fence);
        let settling = (self.shared.store).settle_fenced(&self.room.id, batch.fates, fence);
        match in_time(settling).await {
            Ok(()) => _ = settled.send(()),
            Err(error @ StoreError::Fenced { .. }) => self.fenced(batch.tenure, &error),
            Err(error) => {
                tracing::error!(room = %self.room.id, %error, "lines of personas could not be settled")
            }
        }
    }

    /// Answers those who were silenced since they were judged.
    fn silence(&self, batch: &mut Batch) {
        let (state, now) = (self.room.moderators.state(), self.shared.clock.now());
        let silenced = |message: &ChatMessage| state.silenced(&message.author.id, now);
        let refused = batch.candidates.extract_if(.., |candidate| {
            candidate.may_be_silenced && silenced(&candidate.message).is_some()
        });
        let refused = refused.map(|candidate| (candidate.message, candidate.reply));
        let held = (batch.held).extract_if(.., |held| silenced(&held.message).is_some());
        let refused: Vec<_> = refused
            .chain(held.map(|held| (held.message, held.reply)))
            .collect();
        for (message, reply) in refused {
            let Some(silenced) = silenced(&message) else {
                continue;
            };
            (batch.verdicts).retain(|verdict| verdict.message_id != message.id);
            match reply {
                Some(reply) => _ = reply.send(Err(Refusal::Silenced(silenced))),
                None if message.author.kind == AuthorKind::Persona => {
                    let fate = Fate::Dropped(silenced.code().to_owned());
                    batch.fates.push((message.id, fate));
                }
                None => {}
            }
        }
    }

    /// Lets wait what is to wait for a moderator, and answers. False if the store failed for lines of personas.
    async fn hold(&self, batch: &mut Batch) -> bool {
        let (mut kept, mut answers) = (true, Vec::new());
        let mut holding = moderators::held::Holding::default();
        for Held {
            message,
            verdict,
            reply,
            is_line,
        } in std::mem::take(&mut batch.held)
        {
            let id = message.id;
            let held = (holding.hold(&self.shared, &self.room, message, verdict)).await;
            if is_line {
                match &held {
                    Ok(_) => batch.fates.push((id, Fate::Dropped("held".into()))),
                    Err(Refusal::Unavailable) => kept = false,
                    Err(_) => batch.fates.push((id, Fate::Dropped("held_full".into()))),
                }
            }
            if matches!(held, Err(Refusal::TooManyWait(_))) {
                batch.verdicts.retain(|verdict| verdict.message_id != id);
            }
            answers.extend(reply.map(|reply| (reply, held)));
        }
        holding.spread(&self.shared, &self.room).await;
        for (reply, held) in answers {
            let _ = reply.send(held.map(Admitted::Waits));
        }
        kept
    }

    /// A ban takes back what its author had in the log by then. What came after that, from a gateway that had yet to hear
    /// of the ban, that gateway takes back: it looks once more when its messages are in the log.
    async fn take_back(&self, added: Vec<(u64, Arc<ChatMessage>)>) {
        if added.is_empty() {
            return;
        }
        let moderators = &self.room.moderators;
        let looking = moderators.look_if_changed(&self.shared, &self.room);
        if let Err(error) = in_time(looking).await {
            tracing::warn!(room = %self.room.id, %error, "whether somebody was banned meanwhile is unknown");
            return;
        }
        let (state, now) = (moderators.state(), self.shared.clock.now());
        for (offset, message) in added {
            if state.silenced(&message.author.id, now).is_none() {
                continue;
            }
            let remove = moderators::removing::remove;
            let removed = remove(&self.shared, &self.room, offset, &message, String::new());
            if removed.await.is_err() {
                let id = message.id;
                tracing::error!(room = %self.room.id, message = %id, "what was said on the way to a ban could not be taken back");
            }
        }
    }

    /// Adds the candidates to the log, says them and answers. False if the store failed: lines of
    /// personas will come again then, whether they are in the log by now or not.
    async fn keep(&mut self, batch: &mut Batch) -> bool {
        let mut candidates = std::mem::take(&mut batch.candidates);
        if candidates.is_empty() {
            return true;
        }
        let mut appended = self.append(&candidates, batch.tenure).await;
        let mut lost = false;
        if let Err(error @ StoreError::Fenced { .. }) = &appended {
            self.fenced(batch.tenure.take(), error);
            lost = true;
            // What people say to this gateway is its own all the same.
            candidates.retain(|candidate| !candidate.is_line);
            if candidates.is_empty() {
                return false;
            }
            appended = self.append(&candidates, None).await;
        }
        let appended = match appended {
            Ok(appended) => appended,
            Err(error) => {
                self.outage.failed(&error, || {
                    tracing::error!(room = %self.room.id, %error, "messages could not be kept");
                });
                for candidate in candidates {
                    candidate.answer(Err(Refusal::Unavailable));
                }
                return false;
            }
        };
        self.outage.over();
        // What a person sends again was judged before, and its verdict kept, whatever became of it then.
        let mut again: BTreeSet<MessageId> = candidates
            .iter()
            .filter(|candidate| !candidate.is_line)
            .map(|candidate| candidate.message.id)
            .collect();
        for (candidate, place) in candidates.iter().zip(&appended.places) {
            if place.new {
                again.remove(&candidate.message.id);
            }
        }
        batch.verdicts.retain(|verdict| {
            verdict.action != Action::Redact || !again.contains(&verdict.message_id)
        });
        for (candidate, place) in candidates
            .iter()
            .zip(&appended.places)
            .filter(|(_, place)| place.new)
        {
            let message = Arc::clone(&candidate.message);
            self.room.spoken.note(&message);
            self.room.counters.accepted(message.author.kind);
            if candidate.may_be_silenced {
                batch.added.push((place.offset, Arc::clone(&message)));
            }
            if appended.said {
                continue;
            }
            let entry = FirehoseEntry {
                v: V1,
                epoch: appended.epoch.clone(),
                offset: place.offset,
                message,
            };
            publish(&self.shared, &self.room, TopicKind::ChatFirehose, &entry).await;
        }
        // What is in the log is said by now, whatever becomes of this look at it.
        let owners = self.owners(&candidates, &appended).await;
        if let Err(error) = &owners {
            tracing::error!(room = %self.room.id, %error, "whose messages came again is unknown");
        }
        for (candidate, place) in candidates.into_iter().zip(appended.places) {
            let Place { offset, new } = place;
            let id = candidate.message.id;
            let author = &candidate.message.author.id;
            let decision = match &owners {
                _ if new => Ok(Admitted::InLog(Accepted { id, offset, new })),
                Ok(owners) if owners.get(&offset).is_none_or(|owner| owner == author) => {
                    Ok(Admitted::InLog(Accepted { id, offset, new }))
                }
                Ok(_) => Err(Refusal::IdTaken),
                Err(_) => Err(Refusal::Unavailable),
            };
            if candidate.is_line {
                match &decision {
                    Ok(_) => batch.fates.push((id, Fate::Accepted)),
                    Err(Refusal::IdTaken) => {
                        batch.fates.push((id, Fate::Dropped("id_taken".into())));
                    }
                    Err(_) => {}
                }
            }
            candidate.answer(decision);
        }
        owners.is_ok() && !lost
    }

    /// Adds candidates to the log; lines of personas among them under the number by which they are this
    /// gateway's.
    async fn append(
        &self,
        candidates: &[Candidate],
        tenure: Option<Tenure>,
    ) -> Result<Appended, StoreError> {
        let messages = candidates
            .iter()
            .map(|candidate| Arc::clone(&candidate.message))
            .collect();
        let fence = tenure.map(|tenure| tenure.fence);
        in_time((self.shared.store).append_fenced(&self.room.id, messages, fence)).await
    }

    /// Another gateway takes in the lines of personas by now, those of this batch too.
    fn fenced(&self, tenure: Option<Tenure>, error: &StoreError) {
        tracing::info!(room = %self.room.id, %error, "lines of personas are left to it");
        if let Some(tenure) = tenure {
            self.shared.intake.fenced(&self.room.id, tenure);
        }
    }

    /// Whose messages the ids that were there before belong to: one who reuses another's id is not
    /// told that its own message was accepted.
    async fn owners(
        &self,
        candidates: &[Candidate],
        appended: &Appended,
    ) -> Result<HashMap<u64, AuthorId>, StoreError> {
        let mut owners: HashMap<u64, AuthorId> = candidates
            .iter()
            .zip(&appended.places)
            .filter(|(_, place)| place.new)
            .map(|(candidate, place)| (place.offset, candidate.message.author.id.clone()))
            .collect();
        let known: BTreeSet<u64> = appended
            .places
            .iter()
            .filter(|place| !place.new && !owners.contains_key(&place.offset))
            .map(|place| place.offset)
            .collect();
        // All at once: where the store is another machine, it is one way there and back.
        let looks = known.into_iter().map(|offset| async move {
            let before = offset.saturating_sub(1);
            let page = in_time(self.shared.store.read_after(&self.room.id, before, 1)).await?;
            let there = page.messages.into_iter().next();
            Ok(there.filter(|(there, _)| *there == offset))
        });
        let found = try_join_all(looks).await?.into_iter().flatten();
        owners.extend(found.map(|(offset, message)| (offset, message.author.id.clone())));
        Ok(owners)
    }
}

/// Whether a message goes out, as it is or redacted.
pub(crate) fn goes_out(verdict: &Verdict) -> bool {
    matches!(verdict.action, Action::Allow | Action::Redact)
}

/// Waits for the store, but not for ever.
async fn in_time<T>(asked: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    let answer = tokio::time::timeout(STORE_DEADLINE, asked).await;
    answer.unwrap_or_else(|_| Err(StoreError::Unavailable("no answer in time".into())))
}

/// Counts verdicts, keeps them on disk, and then says them. What can't be kept is logged.
async fn record(shared: &Shared, room: &Room, verdicts: &[ModerationVerdict]) {
    if verdicts.is_empty() {
        return;
    }
    if let Some(audit) = &shared.audit
        && let Err(error) = audit.add(&room.id, verdicts).await
    {
        tracing::error!(room = %room.id, %error, verdicts = verdicts.len(), "verdicts could not be kept in the audit");
        room.counters.unkept(verdicts.len());
    }
    for verdict in verdicts {
        room.counters.moderated(verdict.action, &verdict.rule);
        publish(shared, room, TopicKind::ChatAudit, verdict).await;
    }
}

/// Says something on a topic of the room. What can't be said is logged: messages are in the log all
/// the same, and who listens finds the gap.
pub(crate) async fn publish<T: serde::Serialize + Sync>(
    shared: &Shared,
    room: &Room,
    kind: TopicKind,
    value: &T,
) {
    let topic = room.topic(kind);
    let saying = chatter_bus::publish_json(shared.bus.as_ref(), &topic, value);
    match tokio::time::timeout(PUBLISH_DEADLINE, saying).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(%topic, %error, "the bus took nothing"),
        Err(_) => tracing::error!(%topic, "the bus does not answer"),
    }
}
