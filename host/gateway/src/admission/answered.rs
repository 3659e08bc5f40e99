//! What people said that waits for a moderation provider, before and after its answer.

use super::{
    Admission, Batch, Candidate, Decision, Held, Refusal, Standing,
    asking::{Ruled, Waits},
};
use crate::{
    moderators::{self, Speaker},
    room::Rules,
};
use chatter_moderation::Ruling;
use chatter_protocol::{
    ChatMessage, ModerationVerdict,
    moderation::{Action, JudgedBy},
};
use std::sync::Arc;
use tokio::sync::oneshot;

impl Admission {
    /// Lets something wait for a moderation provider's answer, if it may be said now.
    pub(super) fn let_wait(&mut self, waits: Waits) {
        let may_wait = match self.may_say(&waits) {
            Ok(()) if self.room.closing.is_cancelled() => Err(Refusal::Closing),
            Ok(()) => self.waiting.has_place(&waits.message.author.id),
            Err(kept) => Err(Refusal::Kept(kept)),
        };
        match (may_wait, waits.reply) {
            (Ok(()), reply) => self.waiting.add(Waits { reply, ..waits }),
            (Err(refusal), Some(reply)) => _ = reply.send(Err(refusal)),
            (Err(_), None) => {}
        }
    }

    /// Goes on with something that has its answer. What moderators decided meanwhile counts.
    pub(super) fn go_on(&mut self, Ruled { mut waits, ruling }: Ruled, batch: &mut Batch) {
        let state = self.room.moderators.state();
        let now = self.shared.clock.now();
        waits.message.sent_at = self.room.spoken.time(now);
        let id = waits.message.id;
        if state.keeps_back(id) || batch.held.iter().any(|held| held.message.id == id) {
            let Waits { message, said, .. } = waits;
            batch.held.push(Held {
                verdict: self.ruled(&message, &said, &ruling, &waits.rules),
                message: Arc::new(message),
                reply: waits.reply,
                is_line: false,
            });
            return;
        }
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
            record,
            held,
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
        let ruled = || self.ruled(&message, &said, &ruling, &rules);
        match ruling.verdict.action {
            Action::Allow | Action::Redact => {
                batch.verdicts.extend(record);
                batch.candidates.push(Candidate {
                    message: Arc::new(message),
                    reply,
                    is_line: false,
                    may_be_silenced,
                });
            }
            Action::Hold => {
                let record = record.filter(|_| held.is_some()).unwrap_or_else(ruled);
                batch.verdicts.push(record.clone());
                batch.held.push(Held {
                    message: Arc::new(message),
                    verdict: record,
                    reply,
                    is_line: false,
                });
            }
            Action::Drop => {
                batch.verdicts.push(ruled());
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
        let own = self.shared.emotes(&self.room.id);
        let lately = self.room.moderators.lately();
        lately.check(&modes, &own, speaker, message, self.shared.clock.now())
    }

    /// The record of what came of asking a moderation provider.
    pub(super) fn ruled(
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
}
