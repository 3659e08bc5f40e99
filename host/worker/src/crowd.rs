//! All that is decided about one room's personas, without I/O: who is called, on what, with which
//! impulse, and what of a call's lines is taken.
//!
//! A [`Crowd`] is told what happens (a context, messages, a second's passing, the end of a call)
//! and answers with the calls to be started now; [`Crowd::wakes_at`] says when it wants to be told
//! next that time has passed. It promises: one thought or call in flight for each persona;
//! mailboxes with bounds; no line beyond a budget; no chain of personas beyond its end. It must not
//! know how a call is made, nor what time it is: each method is told, by a time that never goes back.

mod draw;
mod roster;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
mod thought;

use crate::{
    asks::{Asks, NewAsk},
    budget::{Minute, Unasked},
    chains::{Chains, Origin},
    contagion::Contagion,
    fresh::Fresh,
    impulse::{FADE_TO, Traits},
    mailbox::{Arrived, Mailbox, Weight},
    names::{self, Name},
    offered::Offered,
    steady::Beside,
};
use chatter_protocol::{
    AuthorId, AuthorKind, CallId, ChatMessage, ChatTrends, Impulse, MessageId, StreamContext,
    Timestamp, Tuning,
    call::{CallInput, CallLimits},
    moderators::Act,
    persona::Calls,
};
use rand_chacha::ChaCha8Rng;
use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};
use thought::Thought;

pub(crate) use roster::NewSeat;

/// How many recent messages a persona sees, and over how many the share of personas is taken.
pub(crate) const RECENT: usize = 20;

/// The first pause of a persona whose call failed; each further failure doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause of a persona that keeps failing.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// A seat's number in its room. It is given once: of a persona that has left nothing is mistaken for
/// another's.
pub(crate) type SeatNumber = usize;

/// A call to be started now.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seat: SeatNumber,
    pub(crate) call_id: CallId,
    /// The guest's randomness.
    pub(crate) seed: u64,
    /// What its lines' ids are made of.
    pub(crate) id_seed: u64,
    pub(crate) input: CallInput,
    pub(crate) impulse: Impulse,
    pub(crate) recent: Vec<Arc<ChatMessage>>,
    pub(crate) trends: Option<Arc<ChatTrends>>,
    pub(crate) limits: CallLimits,
    /// So many of its lines will be taken; they are set aside in the budgets. None for a call that
    /// is not to speak: what it says unasked is granted when it has said it.
    pub(crate) granted: u32,
}

/// How a planned call ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ended {
    /// It returned, and these lines of it were submitted.
    Kept(Vec<ChatMessage>),
    /// It failed by the persona's own fault; nothing of it is kept.
    Failed,
    /// It could not be made or kept, by no fault of the persona.
    Lost,
    /// It was not kept, since another worker has the room.
    Fenced,
}

/// A call in flight.
#[derive(Debug)]
struct Flight {
    call_id: CallId,
    speaks: bool,
    answer: Option<MessageId>,
    depth: u32,
    granted: u32,
}

#[derive(Debug)]
struct SeatState {
    author: AuthorId,
    names: [Name; 2],
    traits: Traits,
    limits: CallLimits,
    mailbox: Mailbox,
    offered: Offered,
    thought: Option<Thought>,
    flight: Option<Flight>,
    available: bool,
    calls: Calls,
    /// Whether it only waits for the end of its call, and is gone then.
    leaving: bool,
    paused_until: Option<Timestamp>,
    failures_in_row: u32,
    last_line: Option<Timestamp>,
    last_roll: Option<Timestamp>,
    /// What the room's contagion had spent when it was asked last.
    stirred: f64,
    budget: Minute,
    unasked: Unasked,
}

impl SeatState {
    fn is_free(&self, now: Timestamp) -> bool {
        self.thought.is_none() && self.flight.is_none() && self.can_be_called(now)
    }

    /// Whether it is about to say something.
    fn speaks(&self) -> bool {
        self.thought.is_some() || self.flight.as_ref().is_some_and(|flight| flight.speaks)
    }

    fn can_be_called(&self, now: Timestamp) -> bool {
        self.available && !self.leaving && self.paused_until.is_none_or(|until| now >= until)
    }
}

/// The personas of one room.
#[derive(Debug)]
pub(crate) struct Crowd {
    tuning: Tuning,
    /// In the order in which they sat down.
    seats: BTreeMap<SeatNumber, SeatState>,
    next_seat: SeatNumber,
    by_author: HashMap<AuthorId, SeatNumber>,
    rng: ChaCha8Rng,
    recent: VecDeque<Arc<ChatMessage>>,
    trends: Option<Arc<ChatTrends>>,
    asks: Asks,
    chains: Chains,
    contagion: Contagion,
    budget: Minute,
    last_human: Option<Timestamp>,
    position_ms: Option<u64>,
    gave_way: u64,
}

impl Crowd {
    // === What happens ===

    /// Messages from before the start: they are seen as recent ones, and people who wrote a moment
    /// ago still wait, but nobody is called on them.
    pub(crate) fn recall(&mut self, now: impl Into<Beside>, messages: Vec<Arc<ChatMessage>>) {
        let now = now.into();
        for message in messages {
            self.count_said(now, &message);
            self.take_in(now, &message);
        }
    }

    /// A line that was said before this crowd knew of it counts for the budgets all the same.
    fn count_said(&mut self, now: Beside, line: &ChatMessage) {
        let at = now.sent(line.sent_at);
        let seat = self.by_author.get(&line.author.id);
        let Some(seat) = seat.and_then(|index| self.seats.get_mut(index)) else {
            return;
        };
        if seat.last_line.is_none_or(|last| last <= at) {
            seat.last_line = Some(at);
            seat.budget.settle(at, 0, 1);
            self.budget.settle(at, 0, 1);
        }
    }

    /// Messages in the room's order, each given once.
    pub(crate) fn on_messages(
        &mut self,
        now: impl Into<Beside>,
        messages: Vec<Arc<ChatMessage>>,
    ) -> Vec<Plan> {
        let now = now.into();
        for message in messages {
            let named = self.take_in(now, &message);
            let human = message.author.kind.is_human();
            for (&index, seat) in &mut self.seats {
                if seat.author == message.author.id || !seat.calls.firehose {
                    continue;
                }
                let weight = match (human, named.contains(&index)) {
                    (true, true) => Weight::HumanNames,
                    (true, false) => Weight::Human,
                    (false, true) => Weight::Names,
                    (false, false) => Weight::Other,
                };
                self.gave_way += u64::from(seat.mailbox.put_message(message.clone(), weight));
            }
        }
        self.draw_all(now.now, false)
    }

    pub(crate) fn on_context(&mut self, now: Timestamp, context: Arc<StreamContext>) -> Vec<Plan> {
        let before_ms = self.position_ms.replace(context.position_ms);
        let fresh = Fresh::at(context.position_ms, before_ms);
        for seat in self.seats.values_mut().filter(|seat| seat.calls.context) {
            let arrived = Arrived {
                context: context.clone(),
                at: now,
                fresh,
            };
            self.gave_way += u64::from(seat.mailbox.put_context(arrived));
        }
        self.draw_all(now, false)
    }

    pub(crate) fn on_trends(&mut self, trends: Arc<ChatTrends>) {
        self.trends = Some(trends);
    }

    /// What moderators took back is in no further turn. (What is cleared was said before it is heard here, so that
    /// offsets need not be known.)
    pub(crate) fn forget(&mut self, act: &Act) {
        self.keep_messages(|message| match act {
            Act::Removed { id } => message.id != *id,
            Act::Cleared { author, .. } => author
                .as_ref()
                .is_some_and(|author| *author != message.author.id),
            Act::Changed => true,
        });
    }

    /// The messages that may be in a further turn.
    pub(crate) fn held_messages(&self) -> HashSet<MessageId> {
        let seats = self.seats.values().flat_map(|seat| {
            let thought = seat.thought.iter().flat_map(Thought::messages);
            seat.mailbox.messages().chain(thought)
        });
        let all = self.recent.iter().chain(self.asks.messages()).chain(seats);
        all.map(|message| message.id).collect()
    }

    /// The same of what has lost its text in the log.
    pub(crate) fn forget_these(&mut self, gone: &HashSet<MessageId>) {
        if !gone.is_empty() {
            self.keep_messages(|message| !gone.contains(&message.id));
        }
    }

    fn keep_messages(&mut self, stays: impl Fn(&ChatMessage) -> bool + Copy) {
        self.recent.retain(|message| stays(message));
        self.asks.keep_messages(stays);
        for seat in self.seats.values_mut() {
            seat.mailbox.keep_messages(stays);
            if let Some(thought) = &mut seat.thought {
                thought.keep_messages(stays);
            }
        }
    }

    /// To be told every second: people who wait are put to the personas again, and batches that
    /// were held back go out.
    pub(crate) fn on_tick(&mut self, now: Timestamp) -> Vec<Plan> {
        self.asks.forget_old(now);
        let mut plans = self.on_wake(now);
        plans.extend(self.draw_all(now, !self.asks.is_empty()));
        plans
    }

    /// Whether a persona's module can be called at all.
    pub(crate) fn set_available(&mut self, seat: SeatNumber, available: bool) {
        if let Some(seat) = self.seats.get_mut(&seat) {
            seat.available = available;
        }
    }

    /// Which calls a persona's module wants. What waits for it otherwise is not handed out.
    pub(crate) fn set_calls(&mut self, seat: SeatNumber, calls: Calls) {
        if let Some(seat) = self.seats.get_mut(&seat) {
            seat.calls = calls;
            seat.mailbox.keep_only(calls);
        }
    }

    /// A call that was not to speak has said so many lines; how many of them are taken.
    pub(crate) fn grant_unasked(&mut self, now: Timestamp, index: SeatNumber, lines: u32) -> u32 {
        let Some(seat) = self.seats.get_mut(&index) else {
            return 0;
        };
        let Some(flight) = seat.flight.as_mut().filter(|flight| !flight.speaks) else {
            return 0;
        };
        if !seat.unasked.is_enough() {
            return 0;
        }
        let left = seat
            .budget
            .left(now, false)
            .min(self.budget.left(now, false));
        flight.granted = lines.min(left);
        seat.budget.reserve(flight.granted);
        self.budget.reserve(flight.granted);
        flight.granted
    }

    /// A call has ended; the persona is free again, and called on what waits for it.
    pub(crate) fn finished(
        &mut self,
        now: Timestamp,
        index: SeatNumber,
        ended: &Ended,
    ) -> Vec<Plan> {
        let Some(seat) = self.seats.get_mut(&index) else {
            return Vec::new();
        };
        let Some(flight) = seat.flight.take() else {
            return Vec::new();
        };
        let lines: &[ChatMessage] = if let Ended::Kept(lines) = ended {
            lines
        } else {
            &[]
        };
        let said = u32::try_from(lines.len()).unwrap_or(u32::MAX);
        let leaves = seat.leaving;
        seat.budget.settle(now, flight.granted, said);
        self.budget.settle(now, flight.granted, said);
        if said > 0 {
            seat.last_line = Some(now);
            if !flight.speaks {
                seat.unasked.spend();
            }
        }
        match ended {
            Ended::Kept(_) => {
                seat.failures_in_row = 0;
                seat.paused_until = None;
            }
            Ended::Failed => {
                let doublings = seat.failures_in_row.min(16);
                seat.failures_in_row = seat.failures_in_row.saturating_add(1);
                let pause = (FIRST_PAUSE * (1 << doublings)).min(LONGEST_PAUSE);
                seat.paused_until = Some(now.plus(pause));
            }
            Ended::Lost => seat.paused_until = Some(now.plus(FIRST_PAUSE)),
            Ended::Fenced => {}
        }
        for line in lines {
            let answers = line.reply_to.map_or(0, |id| self.chains.depth_after(id));
            let depth = flight.depth.max(answers);
            if self.chains.origin(line.id).is_none() {
                self.chains.remember(
                    line.id,
                    Origin::Persona {
                        seat: Some(index),
                        depth,
                    },
                );
            }
        }
        if let Some(message) = flight.answer.filter(|_| flight.speaks) {
            self.asks.called(message, index, now, lines);
        }
        if leaves {
            self.clear(index);
            return Vec::new();
        }
        let readiness = self.readiness(now);
        self.draw(now, index, &readiness, false)
            .into_iter()
            .collect()
    }

    /// How many contexts and messages gave way in full mailboxes since this was asked last.
    pub(crate) fn take_gave_way(&mut self) -> u64 {
        std::mem::take(&mut self.gave_way)
    }

    // === What it means ===

    /// Notes a message; who is named by it.
    fn take_in(&mut self, beside: Beside, message: &Arc<ChatMessage>) -> Vec<SeatNumber> {
        let now = beside.now;
        let lower = message.text.to_lowercase();
        let seat = self.by_author.get(&message.author.id).copied();
        let answered = message.reply_to.and_then(|id| self.chains.origin(id));
        let named: Vec<SeatNumber> = self
            .seats
            .iter()
            .filter(|&(&index, other)| {
                Some(index) != seat
                    && !other.leaving
                    && (message.mentions.contains(&other.author)
                        || matches!(answered, Some(Origin::Persona { seat: Some(at), .. }) if at == index)
                        || other.names.iter().any(|name| name.stands_in(&lower)))
            })
            .map(|(&index, _)| index)
            .collect();

        self.asks.heard(message, &lower, seat);
        self.contagion.hear(now, message);
        match message.author.kind {
            AuthorKind::Viewer | AuthorKind::Moderator => {
                self.chains.remember(message.id, Origin::Human);
                let at = beside.sent(message.sent_at);
                self.last_human = self.last_human.max(Some(at));
                if now.since(at) < FADE_TO {
                    let to_a_person = answered == Some(Origin::Human)
                        || message
                            .mentions
                            .iter()
                            .any(|id| !self.by_author.contains_key(id));
                    self.asks.add(NewAsk {
                        message: message.clone(),
                        at,
                        question: names::asks(&lower),
                        aside: named.is_empty() && to_a_person,
                        names: named.clone(),
                    });
                }
            }
            AuthorKind::Persona => {
                let called_at = seat
                    .and_then(|seat| self.seats.get(&seat)?.flight.as_ref())
                    .filter(|flight| message.call_id == Some(flight.call_id))
                    .map(|flight| flight.depth);
                self.chains.heard_persona(message, seat, called_at);
                for (&index, other) in &mut self.seats {
                    if let Some(thought) = &mut other.thought
                        && Some(index) != seat
                    {
                        thought.hear(message);
                    }
                }
            }
            AuthorKind::System => self.chains.remember(message.id, Origin::System),
        }
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(message.clone());
        named
    }
}
