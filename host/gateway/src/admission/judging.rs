//! What admission makes of what it takes in: a candidate for the log, something that waits, or a refusal.

use super::{
    Admission, Batch, Candidate, Draft, Held, Lines, Refusal, Standing, Submission, What,
    asking::Waits, goes_out,
};
use crate::{
    moderators::{self, Speaker},
    names,
};
use chatter_moderation::Verdict;
use chatter_protocol::{
    AuthorKind, CallId, ChatMessage, ModerationVerdict, V1, call::Fate, message::AI_BADGE,
    moderation::Action,
};
use std::sync::Arc;

impl Admission {
    pub(super) fn consider(&mut self, submission: Submission, batch: &mut Batch) {
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
            let name = moderator.judge_name(&draft.author.name, kind);
            // Nobody is called `***`.
            if !name.is_allowed() {
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
        // Moderators have it before them, or have refused it: that is the answer.
        if verdict.action != Action::Drop && state.keeps_back(message.id) {
            batch.held.push(Held {
                verdict: self.verdict(&message, &said, &verdict),
                message: Arc::new(message),
                reply,
                is_line: false,
            });
            return;
        }
        let is_asked_about = moderator.provider_for(kind).is_some();
        // What is held, too, comes after what its author said before.
        let is_behind = verdict.action != Action::Drop && self.waiting.has_of(&message.author.id);
        if is_behind || goes_out(&verdict) && is_asked_about {
            let held = (verdict.action == Action::Hold).then_some(verdict);
            return self.let_wait(Waits {
                came: now,
                message,
                said,
                standing,
                reply,
                record,
                held,
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

    /// Whether the room's modes let something be said; if so, it counts as said.
    pub(super) fn note(
        &self,
        speaker: Speaker,
        message: &ChatMessage,
    ) -> Result<(), moderators::Kept> {
        let modes = self.room.moderators.modes(&self.room);
        let now = self.shared.clock.now();
        let mut lately = self.room.moderators.lately();
        let own = self.shared.emotes(&self.room.id);
        lately.check(&modes, &own, speaker, message, now)?;
        lately.note(message, now);
        Ok(())
    }

    pub(super) async fn consider_lines(&mut self, lines: Lines, batch: &mut Batch) {
        let provider = self.rules.moderator.provider_for(AuthorKind::Persona);
        if provider.is_some() && !Arc::ptr_eq(&lines.rules, &self.rules) {
            // The policy was changed since somebody was asked, if anybody was. They come again, and are asked about.
            return;
        }
        if lines.rulings.iter().any(Option::is_some) && !self.knows_the_desk().await {
            // They come again.
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
            if ruling.is_some() && state.cleared_since(&draft.author.id, lines.taken) {
                batch
                    .fates
                    .push((draft.id, Fate::Dropped("cleared".into())));
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
            if goes_out(&verdict) && state.keeps_back(message.id) {
                verdict.action = Action::Hold;
            }
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

    pub(super) fn verdict(
        &self,
        message: &ChatMessage,
        said: &str,
        verdict: &Verdict,
    ) -> ModerationVerdict {
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
}
