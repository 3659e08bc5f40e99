//! Who is called now, on what, and with which impulse.

use super::{Crowd, Plan, SeatNumber, thought::Choice};
use crate::{
    asks::Readiness,
    impulse::{self, EVENT_FRESH, HUMANS_STAY, Happening, LONGEST_DT, Moment},
    mailbox::{Letter, Weight, Work},
    names, think,
};
use chatter_protocol::{AuthorKind, Timestamp};
use rand::{RngExt as _, seq::SliceRandom as _};
use std::time::Duration;

/// What a persona that has just spoken still weighs when an answer is shared out.
const LEAST_READY: f64 = 0.1;

impl Crowd {
    fn bot_share(&self) -> f64 {
        let (mut bots, mut all) = (0_u32, 0_u32);
        for message in &self.recent {
            match message.author.kind {
                AuthorKind::Persona => (bots, all) = (bots + 1, all + 1),
                AuthorKind::Viewer | AuthorKind::Moderator => all += 1,
                AuthorKind::System => {}
            }
        }
        if all == 0 {
            0.0
        } else {
            f64::from(bots) / f64::from(all)
        }
    }

    pub(super) fn readiness(&self, now: Timestamp) -> Readiness {
        if self.asks.is_empty() {
            return Readiness::default();
        }
        Readiness::new(self.seats.iter().map(|(&number, seat)| {
            let rested = if seat.speaks() {
                0.0
            } else {
                impulse::rested(&self.tuning, seat.last_line.map(|at| now.since(at)))
            };
            let able = LEAST_READY + (1.0 - LEAST_READY) * rested;
            // Whoever does not want to hear the chat is asked nothing by it.
            let can_answer = seat.can_be_called(now) && seat.calls.firehose;
            (number, seat.traits, if can_answer { able } else { 0.0 })
        }))
    }

    pub(super) fn draw_all(&mut self, now: Timestamp, ask_again: bool) -> Vec<Plan> {
        // Whoever is asked first may take what the others would have answered, so the order varies.
        let mut order: Vec<SeatNumber> = self.seats.keys().copied().collect();
        order.shuffle(&mut self.rng);
        let readiness = self.readiness(now);
        order
            .into_iter()
            .filter_map(|seat| self.draw(now, seat, &readiness, ask_again))
            .collect()
    }

    /// Calls a persona on what waits for it, or lets it think about that first, if it is free. With
    /// `ask_again` one for which nothing waits is put a waiting person's message once more, and
    /// called only if it is to speak.
    pub(super) fn draw(
        &mut self,
        now: Timestamp,
        index: SeatNumber,
        readiness: &Readiness,
        ask_again: bool,
    ) -> Option<Plan> {
        let bot_share = self.bot_share();
        let spent = self.contagion.spent(now);
        let excitability: f64 = self
            .seats
            .values()
            .map(|seat| seat.traits.excitability)
            .sum();
        let seat = self.seats.get_mut(&index)?;
        if !seat.is_free(now) {
            return None;
        }
        let asked = seat
            .calls
            .firehose
            .then(|| self.asks.for_seat(index, now, readiness))
            .flatten();
        let work = seat.mailbox.next(now);
        if work.is_none() && (!ask_again || asked.is_none()) {
            return None;
        }

        let mut events = Vec::new();
        let mut chat_question = false;
        let mut trigger = None;
        let mut banter = None;
        let mut chain_open = true;
        let mut closed_at = 0;
        match &work {
            Some(Work::Context(arrived)) => {
                let context = &*arrived.context;
                let fresh = arrived.fresh;
                let is_late = now.since(arrived.at) > EVENT_FRESH;
                let question = context.chat_question.as_ref();
                if let Some(question) = question
                    && !seat.offered.holds(&question.id)
                {
                    seat.offered.add(&question.id);
                    chat_question = !is_late && fresh.is_question(question, context);
                }
                for event in &context.events {
                    if !seat.offered.holds(&event.id) {
                        seat.offered.add(&event.id);
                        if !is_late && fresh.is_event(event) && names::concern(&seat.names, event) {
                            events.push(Happening {
                                kind: &event.kind,
                                confidence: event.confidence,
                            });
                        }
                    }
                }
            }
            Some(Work::Firehose(letters)) => {
                let human = letters.iter().any(|letter| letter.weight >= Weight::Human);
                if !human {
                    let open = |letter: &&Letter| self.chains.is_open(letter.message.id);
                    banter = letters
                        .iter()
                        .rev()
                        .filter(|letter| letter.weight == Weight::Names)
                        .find(open)
                        .map(|letter| letter.message.id);
                    trigger = banter.or_else(|| {
                        letters
                            .iter()
                            .rev()
                            .find(open)
                            .map(|letter| letter.message.id)
                    });
                    chain_open = trigger.is_some();
                    if !chain_open {
                        // What is said unasked at a chain's end does not begin a new one.
                        let depths = letters
                            .iter()
                            .map(|l| self.chains.depth_after(l.message.id));
                        closed_at = depths.max().unwrap_or(0);
                    }
                }
            }
            None => {}
        }

        let small =
            !events.is_empty() && !events.iter().any(|event| impulse::is_rousing(event.kind));
        let answers_human = asked.is_some();
        let left = seat
            .budget
            .left(now, answers_human)
            .min(self.budget.left(now, answers_human));
        let thinks = if self.tuning.think_time_s > 0.0 {
            let roll = self.rng.random::<f64>();
            think::time(&self.tuning, seat.traits.excitability, answers_human, roll)
        } else {
            Duration::ZERO
        };
        let moment = Moment {
            traits: seat.traits,
            dt: seat
                .last_roll
                .map_or(Duration::from_secs(1), |at| now.since(at))
                .min(LONGEST_DT),
            events: &events,
            chat_question,
            contagion: self.tuning.contagion * (spent - seat.stirred) * seat.traits.excitability
                / excitability.max(f64::MIN_POSITIVE),
            banter,
            asked,
            since_line: seat.last_line.map(|at| now.since(at) + thinks),
            human_waits: self.asks.anybody_waits(now),
            humans_present: self
                .last_human
                .is_some_and(|at| now.since(at) < HUMANS_STAY),
            bot_share,
            chain_open,
            within_budget: left > 0,
        };
        let impulse = impulse::decide(&self.tuning, &moment, self.rng.random::<f64>());

        let seat = self.seats.get_mut(&index)?;
        if chain_open {
            // A closed chain must not use up the wish to talk about anything else.
            seat.last_roll = Some(now);
            seat.stirred = spent;
        }
        if let Some(asked) = asked {
            self.asks.put(asked.message, index, now, impulse.speak);
        }
        let depth = match impulse.answer.or(trigger) {
            Some(message) => self.chains.depth_after(message),
            None => closed_at,
        };
        if work.is_none() && !impulse.speak {
            return None;
        }
        let granted = if impulse.speak {
            left.min(seat.limits.lines)
        } else {
            0
        };
        if !impulse.speak {
            seat.unasked.earn();
        }
        seat.budget.reserve(granted);
        self.budget.reserve(granted);
        let answers = asked.filter(|asked| impulse.answer == Some(asked.message));
        let choice = Choice {
            about_event: small && !chat_question && answers.is_none(),
            answers: answers.and_then(|asked| {
                let message = self.asks.message(asked.message)?;
                Some((asked.kind, message.clone()))
            }),
            work,
            impulse,
            depth,
            thinks,
            granted,
        };
        self.think_or_begin(now, index, choice)
    }
}
