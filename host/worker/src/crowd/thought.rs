//! Between being chosen and being called: a persona thinks, and then its turn is made.
//!
//! While it thinks, its seat is busy and its lines are set aside in the budgets. What it was chosen
//! on is kept; all else that it is told is as of the moment its call starts. If the matter is settled
//! by then, its impulse is withdrawn: it is called all the same, since what it was to be handed
//! must not get lost, but not to speak; and not at all if there is nothing to hand out.

use super::{Crowd, Flight, Plan, SeatNumber};
use crate::{
    impulse::{self, AskKind},
    mailbox::{Letter, Work},
    think,
};
use chatter_protocol::{CallId, ChatMessage, Impulse, Timestamp, call::CallInput};
use rand::Rng as _;
use std::{sync::Arc, time::Duration};

/// After so many lines of others about a small thing that happened on the stream nobody needs one
/// more from somebody who is still thinking about it.
const ENOUGH: u32 = 3;

/// What was decided about a persona, before its call is made.
#[derive(Debug)]
pub(super) struct Choice {
    /// What it is to be called on; `None` for a person's message that is put to it again.
    pub(super) work: Option<Work>,
    pub(super) impulse: Impulse,
    /// The person's message that it is to answer.
    pub(super) answers: Option<(AskKind, Arc<ChatMessage>)>,
    /// Whether a small thing that happened on the stream moved it, and no person.
    pub(super) about_event: bool,
    /// How far what it says is from a person or the stream.
    pub(super) depth: u32,
    /// How long it thinks, by itself.
    pub(super) thinks: Duration,
    /// The lines that are set aside for it.
    pub(super) granted: u32,
}

/// A persona that was chosen to speak and has not begun to.
#[derive(Debug)]
pub(super) struct Thought {
    starts_at: Timestamp,
    /// Other personas' lines to nobody since.
    heard: u32,
    /// Whether what moved it is not to be known any more.
    baseless: bool,
    choice: Choice,
}

impl Thought {
    /// The lines that are set aside for it.
    pub(super) const fn granted(&self) -> u32 {
        self.choice.granted
    }

    /// Another persona said something.
    pub(super) fn hear(&mut self, message: &ChatMessage) {
        self.heard += u32::from(message.reply_to.is_none());
    }

    /// The messages that it has to do with.
    pub(super) fn messages(&self) -> impl Iterator<Item = &Arc<ChatMessage>> {
        let Choice { work, answers, .. } = &self.choice;
        let letters = match work {
            Some(Work::Firehose(letters)) => letters.as_slice(),
            _ => &[],
        };
        let answered = answers.iter().map(|(_, message)| message);
        letters.iter().map(|letter| &letter.message).chain(answered)
    }

    /// Drops messages that are not to be known any more. Who would have spoken because of one does not.
    pub(super) fn keep_messages(&mut self, stays: impl Fn(&ChatMessage) -> bool) {
        let Choice {
            work,
            impulse,
            answers,
            ..
        } = &mut self.choice;
        if answers.take_if(|(_, message)| !stays(message)).is_some() {
            self.baseless = true;
        }
        if let Some(Work::Firehose(letters)) = work {
            letters.retain(|letter| {
                let stays = stays(&letter.message);
                // It may be another persona's, for which nobody waits.
                self.baseless |= !stays && impulse.answer == Some(letter.message.id);
                stays
            });
            if letters.is_empty() {
                *work = None;
                self.baseless = true;
            }
        }
    }

    fn is_over(&self, now: Timestamp) -> bool {
        now >= self.starts_at
    }
}

impl Crowd {
    /// When [`Crowd::on_wake`] is to be called next, if nothing else happens.
    pub(crate) fn wakes_at(&self) -> Option<Timestamp> {
        self.thoughts().map(|thought| thought.starts_at).min()
    }

    /// Calls those that have thought for long enough.
    pub(crate) fn on_wake(&mut self, now: Timestamp) -> Vec<Plan> {
        let mut over: Vec<(Timestamp, SeatNumber)> = self
            .seats
            .iter()
            .filter_map(|(&index, seat)| Some((seat.thought.as_ref()?, index)))
            .filter(|(thought, _)| thought.is_over(now))
            .map(|(thought, index)| (thought.starts_at, index))
            .collect();
        over.sort_unstable();
        over.into_iter()
            .filter_map(|(_, index)| self.end_thought(now, index))
            .collect()
    }

    fn thoughts(&self) -> impl Iterator<Item = &Thought> {
        self.seats.values().filter_map(|seat| seat.thought.as_ref())
    }

    /// Lets a persona that is to speak think first, if the room's people do; calls any other now.
    pub(super) fn think_or_begin(
        &mut self,
        now: Timestamp,
        index: SeatNumber,
        choice: Choice,
    ) -> Option<Plan> {
        if !choice.impulse.speak || choice.thinks.is_zero() {
            return self.begin(now, index, choice);
        }
        let mut others: Vec<Timestamp> = self.thoughts().map(|thought| thought.starts_at).collect();
        let to_a_person = choice.answers.is_some();
        let starts_at =
            think::starts_at(&self.tuning, now, choice.thinks, to_a_person, &mut others);
        let seat = self.seats.get_mut(&index)?;
        seat.thought = Some(Thought {
            starts_at,
            heard: 0,
            baseless: false,
            choice,
        });
        None
    }

    fn end_thought(&mut self, now: Timestamp, index: usize) -> Option<Plan> {
        let seat = self.seats.get_mut(&index)?;
        let Thought {
            heard,
            baseless,
            mut choice,
            ..
        } = seat.thought.take()?;
        let answered = match &choice.answers {
            // Two that are named may both answer.
            Some((AskKind::Mention, _)) | None => false,
            Some((_, message)) => !self.asks.waits(message.id),
        };
        if baseless || answered || choice.about_event && heard >= ENOUGH {
            impulse::withdraw(&mut choice.impulse);
            seat.budget.settle(now, choice.granted, 0);
            self.budget.settle(now, choice.granted, 0);
            choice.granted = 0;
            if let Some((_, message)) = &choice.answers {
                self.asks.called(message.id, index, now, &[]);
            }
            if choice.work.is_none() {
                let readiness = self.readiness(now);
                return self.draw(now, index, &readiness, false);
            }
            seat.unasked.earn();
        } else if let Some((_, message)) = &choice.answers {
            self.asks.renew(message.id, index, now);
        }
        self.begin(now, index, choice)
    }

    /// Makes the turn as of now.
    fn begin(&mut self, now: Timestamp, index: SeatNumber, choice: Choice) -> Option<Plan> {
        let Choice {
            work,
            impulse,
            answers,
            depth,
            granted,
            ..
        } = choice;
        let seat = self.seats.get_mut(&index)?;
        let input = match work {
            Some(Work::Context(arrived)) => {
                let newer = impulse.speak.then(|| seat.mailbox.take_context()).flatten();
                if let Some(newer) = &newer {
                    // It speaks, and sees what has happened since: that was put to it by this.
                    seat.offered.add_all(&newer.context);
                    self.gave_way += 1;
                }
                CallInput::Context(newer.unwrap_or(arrived).context)
            }
            Some(Work::Firehose(letters)) => firehose(letters),
            None => firehose(seat.mailbox.take_batch(now)),
        };
        let mut limits = seat.limits.clone();
        if granted > 0 {
            limits.lines = granted;
        }
        let mut recent: Vec<_> = self.recent.iter().cloned().collect();
        // In a busy room what waits for an answer may be further back.
        if let Some((_, waiting)) = answers
            && !recent.iter().any(|message| message.id == waiting.id)
            && let Some(oldest) = recent.first_mut()
        {
            *oldest = waiting;
        }
        let mut random = [0; 10];
        self.rng.fill_bytes(&mut random);
        let call_id = CallId::from_parts(u64::try_from(now.as_millis()).unwrap_or(0), random);
        if impulse.speak {
            self.contagion.called(call_id, &impulse);
        }
        seat.flight = Some(Flight {
            call_id,
            speaks: impulse.speak,
            answer: impulse.answer,
            depth,
            granted,
        });
        Some(Plan {
            seat: index,
            call_id,
            seed: self.rng.next_u64(),
            id_seed: self.rng.next_u64(),
            input,
            impulse,
            recent,
            trends: self.trends.clone(),
            limits,
            granted,
        })
    }
}

fn firehose(letters: Vec<Letter>) -> CallInput {
    CallInput::Firehose(letters.into_iter().map(|letter| letter.message).collect())
}
