//! From a batch that was judged to the log, the firehose and the answers.

use super::{
    Accepted, Admission, Admitted, Batch, Candidate, Held, Refusal, in_time, publish, record,
};
use crate::moderators;
use chatter_protocol::{
    AuthorId, AuthorKind, ChatMessage, FirehoseEntry, MessageId, ModerationVerdict, TopicKind, V1,
    call::Fate, moderation::Action,
};
use chatter_store::{Appended, Place, StoreError, Tenure};
use futures_util::future::try_join_all;
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

impl Admission {
    pub(super) async fn admit(&mut self, mut batch: Batch) {
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
        if !batch.held.is_empty() {
            // What was decided about already does not wait again.
            self.knows_the_desk().await;
        }
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
                    Ok(admitted) => batch.fates.push((id, fate(admitted))),
                    Err(Refusal::Unavailable) => kept = false,
                    Err(_) => batch.fates.push((id, Fate::Dropped("held_full".into()))),
                }
            }
            if matches!(held, Err(Refusal::TooManyWait(_)) | Ok(Admitted::InLog(_))) {
                batch.verdicts.retain(|verdict| verdict.message_id != id);
            }
            answers.extend(reply.map(|reply| (reply, held)));
        }
        holding.spread(&self.shared, &self.room).await;
        for (reply, held) in answers {
            let _ = reply.send(held);
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
            if place.is_new() {
                again.remove(&candidate.message.id);
            }
        }
        batch.verdicts.retain(|verdict| {
            verdict.action != Action::Redact || !again.contains(&verdict.message_id)
        });
        for (candidate, place) in candidates.iter().zip(&appended.places) {
            let Place::New(offset) = *place else { continue };
            let message = Arc::clone(&candidate.message);
            self.room.spoken.note(&message);
            self.room.counters.accepted(message.author.kind);
            if candidate.may_be_silenced {
                batch.added.push((offset, Arc::clone(&message)));
            }
            if appended.said {
                continue;
            }
            let entry = FirehoseEntry {
                v: V1,
                epoch: appended.epoch.clone(),
                offset,
                message,
            };
            publish(&self.shared, &self.room, TopicKind::ChatFirehose, &entry).await;
        }
        // What is in the log is said by now, whatever becomes of this look at it.
        let owners = self.owners(&candidates, &appended).await;
        if let Err(error) = &owners {
            tracing::error!(room = %self.room.id, %error, "whose messages came again is unknown");
        }
        if appended.places.contains(&Place::KeptBack) {
            self.knows_the_desk().await;
        }
        for (candidate, place) in candidates.into_iter().zip(appended.places) {
            let id = candidate.message.id;
            let author = &candidate.message.author.id;
            let in_log = |offset, new| Ok(Admitted::InLog(Accepted { id, offset, new }));
            let decision = match (place, &owners) {
                (Place::New(offset), _) => in_log(offset, true),
                (Place::Known(offset), Ok(owners))
                    if owners.get(&offset).is_none_or(|owner| owner == author) =>
                {
                    in_log(offset, false)
                }
                (Place::Known(_), Ok(_)) => Err(Refusal::IdTaken),
                (Place::Known(_), Err(_)) => Err(Refusal::Unavailable),
                (Place::KeptBack, _) => moderators::held::kept_back(&self.room, &candidate.message),
            };
            if candidate.is_line {
                match &decision {
                    Ok(admitted) => batch.fates.push((id, fate(admitted))),
                    Err(Refusal::IdTaken) => {
                        batch.fates.push((id, Fate::Dropped("id_taken".into())));
                    }
                    Err(_) => lost = true,
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
            .filter(|(_, place)| place.is_new())
            .filter_map(|(candidate, place)| {
                Some((place.offset()?, candidate.message.author.id.clone()))
            })
            .collect();
        let known: BTreeSet<u64> = appended
            .places
            .iter()
            .filter_map(|place| place.offset())
            .filter(|offset| !owners.contains_key(offset))
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

/// What a persona is told of its line.
fn fate(admitted: &Admitted) -> Fate {
    match admitted {
        Admitted::InLog(_) => Fate::Accepted,
        Admitted::Waits(_) => Fate::Dropped("held".into()),
    }
}
