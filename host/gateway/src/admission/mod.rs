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

mod answered;
mod asking;
mod decision;
mod feed;
#[cfg(test)]
mod interleavings;
mod judging;
mod keeping;
mod mentions;
mod spoken;
mod telling;

use asking::Waiting;
pub(crate) use decision::{
    Accepted, Admitted, Decision, Draft, Refusal, Standing, Submission, What,
};
pub(crate) use feed::intake;
pub(crate) use spoken::Spoken;
pub(crate) use telling::publish;
use telling::record;

use crate::{
    outage::Outage,
    room::{Room, Rules},
    shared::Shared,
};
use chatter_moderation::{Ruling, Verdict};
use chatter_protocol::{
    ChatMessage, MessageId, ModerationVerdict, Timestamp, call::Fate, moderation::Action,
};
use chatter_store::{StoreError, Tenure};
use std::{sync::Arc, time::Duration};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// How many messages go into one write at most.
const BATCH: usize = 256;

/// How long the store may take: what it has not answered to by then it may have done all the same,
/// and whoever asked must ask again.
const STORE_DEADLINE: Duration = Duration::from_secs(5);

/// Lines of personas, as the store handed them out. `settled` is dropped unused if they are to be
/// tried again.
#[derive(Debug)]
pub(crate) struct Lines {
    lines: Vec<ChatMessage>,
    /// By what they were judged where somebody was asked about them.
    rules: Arc<Rules>,
    /// What is to be done with each, where somebody was.
    rulings: Vec<Option<Ruling>>,
    /// When that began.
    taken: Timestamp,
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
                    let now = self.shared.clock.now();
                    self.room.moderators.lately().note(&message, now);
                }
            }
            Err(error) => {
                tracing::warn!(room = %self.room.id, %error, "the room's latest authors are unknown")
            }
        }
        self.knows_the_desk().await;
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
                    self.consider_lines(lines, &mut batch).await;
                }
                Some(ruled) = self.waiting.next() => {
                    self.look_up_rules();
                    let is_known = self.knows_the_desk().await;
                    for ruled in ruled {
                        if is_known {
                            self.go_on(ruled, &mut batch);
                        } else if let Some(reply) = ruled.waits.reply {
                            let _ = reply.send(Err(Refusal::Unavailable));
                        }
                    }
                }
                else => return,
            }
            if batch.settled.is_none()
                && let Ok(lines) = self.lines.try_recv()
            {
                self.consider_lines(lines, &mut batch).await;
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

    /// Looks whether moderators, or other gateways, have put something on the room's desk. Before an answer of a moderation
    /// provider counts this is certain: it may be another one than the first time, of what waits there by now.
    async fn knows_the_desk(&self) -> bool {
        let moderators = &self.room.moderators;
        let looking = moderators.look_if_changed(&self.shared, &self.room);
        let looked = in_time(looking).await;
        if let Err(error) = &looked {
            tracing::warn!(room = %self.room.id, %error, "what moderators decided is unknown yet");
        }
        looked.is_ok()
    }

    fn look_up_rules(&mut self) {
        let rules = self.room.rules();
        if !Arc::ptr_eq(&rules, &self.rules) {
            self.room.spoken.set_personas(&rules.seats);
            self.rules = rules;
        }
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
