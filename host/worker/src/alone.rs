//! One persona alone in a room, call by call: the impulse that it would have there.
//!
//! For those who call a persona themselves and want the room's own formula to decide whether it is to
//! speak. What is heard, waits, draws others in or is a chain's end is found out by the same parts as
//! in a room. What a room adds is missing: other seats that share the answers out, the time to think,
//! and pauses after failures.

use crate::{
    asks::{Asks, NewAsk, Readiness},
    budget::Minute,
    chains::{Chains, Origin},
    contagion::Contagion,
    crowd::{RECENT, SeatNumber},
    fresh::Fresh,
    impulse::{self, FADE_TO, HUMANS_STAY, Happening, LONGEST_DT, Moment, Traits},
    mailbox::Weight,
    names::{self, Name},
    offered::Offered,
};
use chatter_protocol::{
    AuthorId, AuthorKind, CallId, ChatMessage, Impulse, MessageId, StreamContext, Timestamp,
    Tuning, call::Profile,
};
use std::{collections::VecDeque, sync::Arc, time::Duration};

const ME: SeatNumber = 0;

/// What a persona is called on.
#[derive(Clone, Copy, Debug)]
pub enum On<'a> {
    /// The stream.
    Context(&'a StreamContext),
    /// What was heard since the last such call.
    Firehose,
}

/// The persona and its room.
#[derive(Debug)]
pub struct Alone {
    tuning: Tuning,
    author: AuthorId,
    names: [Name; 2],
    traits: Traits,
    asks: Asks,
    chains: Chains,
    contagion: Contagion,
    offered: Offered,
    persona_budget: Minute,
    room_budget: Minute,
    recent: VecDeque<AuthorKind>,
    letters: Vec<(MessageId, Weight)>,
    position_ms: Option<u64>,
    last_roll: Option<Timestamp>,
    last_line: Option<Timestamp>,
    last_human: Option<Timestamp>,
    stirred: f64,
    put: Option<MessageId>,
    called: Option<Called>,
}

/// The call that was begun last.
#[derive(Clone, Copy, Debug)]
struct Called {
    answer: Option<MessageId>,
    depth: u32,
}

impl Alone {
    /// It sits down in an empty room.
    #[must_use]
    pub fn new(profile: &Profile, tuning: Tuning) -> Self {
        Self {
            author: profile.id.author(),
            names: [Name::new(&profile.name), Name::new(profile.id.as_str())],
            traits: Traits::of(profile),
            asks: Asks::default(),
            chains: Chains::new(tuning.max_chain),
            contagion: Contagion::default(),
            offered: Offered::default(),
            persona_budget: Minute::new(tuning.persona_lines_per_minute),
            room_budget: Minute::new(tuning.room_lines_per_minute),
            recent: VecDeque::new(),
            letters: Vec::new(),
            position_ms: None,
            last_roll: None,
            last_line: None,
            last_human: None,
            stirred: 0.0,
            put: None,
            called: None,
            tuning,
        }
    }

    /// A message is in the room; also one of its own, once that was accepted.
    pub fn hear(&mut self, now: Timestamp, message: &Arc<ChatMessage>) {
        let lower = message.text.to_lowercase();
        let mine = message.author.id == self.author;
        let answered = message.reply_to.and_then(|id| self.chains.origin(id));
        let names_me = !mine
            && (message.mentions.contains(&self.author)
                || matches!(answered, Some(Origin::Persona { seat: Some(ME), .. }))
                || self.names.iter().any(|name| name.stands_in(&lower)));
        self.asks.heard(message, &lower, mine.then_some(ME));
        self.contagion.hear(now, message);
        let human = message.author.kind.is_human();
        match message.author.kind {
            AuthorKind::Viewer | AuthorKind::Moderator => {
                self.chains.remember(message.id, Origin::Human);
                let at = message.sent_at.min(now);
                self.last_human = self.last_human.max(Some(at));
                if now.since(at) < FADE_TO {
                    let others = message.mentions.iter().any(|id| *id != self.author);
                    self.asks.add(NewAsk {
                        message: message.clone(),
                        at,
                        question: names::asks(&lower),
                        aside: !names_me && (answered == Some(Origin::Human) || others),
                        names: Vec::from_iter(names_me.then_some(ME)),
                    });
                }
            }
            AuthorKind::Persona => {
                let called_at = self.called.filter(|_| mine).map(|called| called.depth);
                self.chains
                    .heard_persona(message, mine.then_some(ME), called_at);
            }
            AuthorKind::System => self.chains.remember(message.id, Origin::System),
        }
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(message.author.kind);
        if !mine {
            let weight = match (human, names_me) {
                (true, true) => Weight::HumanNames,
                (true, false) => Weight::Human,
                (false, true) => Weight::Names,
                (false, false) => Weight::Other,
            };
            self.letters.push((message.id, weight));
        }
    }

    /// The impulse of a call that is about to be made, of a random number in `[0, 1)`. Each call is
    /// asked for once, in the order of time, and then [begun](Self::begin).
    pub fn impulse(&mut self, now: Timestamp, on: On<'_>, roll: f64) -> Impulse {
        self.asks.forget_old(now);
        let readiness = Readiness::new(std::iter::once((ME, self.traits, 1.0)));
        let asked = self.asks.for_seat(ME, now, &readiness);
        let spent = self.contagion.spent(now);
        let mut events = Vec::new();
        let mut chat_question = false;
        let mut banter = None;
        let mut trigger = None;
        let mut chain_open = true;
        let mut depth = 0;
        match on {
            On::Context(context) => {
                let before_ms = self.position_ms.replace(context.position_ms);
                let fresh = Fresh::at(context.position_ms, before_ms);
                if let Some(question) = &context.chat_question {
                    chat_question =
                        !self.offered.holds(&question.id) && fresh.is_question(question, context);
                    // It stands among the events, too, and is one thing.
                    self.offered.add(&question.id);
                }
                for event in &context.events {
                    let is_new = !self.offered.holds(&event.id) && fresh.is_event(event);
                    if is_new && names::concern(&self.names, event) {
                        events.push(Happening {
                            kind: &event.kind,
                            confidence: event.confidence,
                        });
                    }
                }
                self.offered.add_all(context);
            }
            On::Firehose => {
                let letters = std::mem::take(&mut self.letters);
                if !letters.is_empty() && letters.iter().all(|(_, weight)| *weight < Weight::Human)
                {
                    let open: Vec<(MessageId, Weight)> = letters
                        .iter()
                        .copied()
                        .filter(|(id, _)| self.chains.is_open(*id))
                        .collect();
                    let named = open.iter().rev().find(|letter| letter.1 == Weight::Names);
                    banter = named.map(|(id, _)| *id);
                    trigger = banter.or_else(|| open.last().map(|(id, _)| *id));
                    chain_open = trigger.is_some();
                    if !chain_open {
                        let depths = letters.iter().map(|(id, _)| self.chains.depth_after(*id));
                        depth = depths.max().unwrap_or(0);
                    }
                }
            }
        }
        let answers_human = asked.is_some();
        let left = self
            .persona_budget
            .left(now, answers_human)
            .min(self.room_budget.left(now, answers_human));
        let moment = Moment {
            traits: self.traits,
            dt: self
                .last_roll
                .map_or(Duration::from_secs(1), |at| now.since(at))
                .min(LONGEST_DT),
            events: &events,
            chat_question,
            // All of the room's excitability is its own, if it has any.
            contagion: if self.traits.excitability > 0.0 {
                self.tuning.contagion * (spent - self.stirred)
            } else {
                0.0
            },
            banter,
            asked,
            since_line: self.last_line.map(|at| now.since(at)),
            human_waits: self.asks.anybody_waits(now),
            humans_present: self
                .last_human
                .is_some_and(|at| now.since(at) < HUMANS_STAY),
            bot_share: self.bot_share(),
            chain_open,
            within_budget: left > 0,
        };
        let impulse = impulse::decide(&self.tuning, &moment, roll);
        if chain_open {
            self.last_roll = Some(now);
            self.stirred = spent;
        }
        self.put = asked.map(|asked| asked.message);
        self.called = Some(Called {
            answer: None,
            depth: match impulse.answer.or(trigger) {
                Some(message) => self.chains.depth_after(message),
                None => depth,
            },
        });
        impulse
    }

    /// The call begins, with this impulse or with one that somebody put in its place.
    pub fn begin(&mut self, now: Timestamp, call: CallId, impulse: &Impulse) {
        if let Some(called) = &mut self.called {
            called.answer = impulse.answer.filter(|_| impulse.speak);
            if let Some(message) = impulse.answer {
                called.depth = self.chains.depth_after(message);
            }
        }
        if impulse.speak {
            self.contagion.called(call, impulse);
        }
        let put = self.put.take();
        if let Some(message) = put.filter(|message| impulse.answer != Some(*message)) {
            self.asks.put(message, ME, now, false);
        }
        if let Some(message) = impulse.answer {
            self.asks.put(message, ME, now, impulse.speak);
        }
    }

    /// The call ended with these lines; those that are accepted are heard afterwards.
    pub fn end(&mut self, now: Timestamp, lines: &[ChatMessage]) {
        let said = u32::try_from(lines.len()).unwrap_or(u32::MAX);
        self.persona_budget.settle(now, 0, said);
        self.room_budget.settle(now, 0, said);
        if said > 0 {
            self.last_line = Some(now);
        }
        if let Some(message) = self.called.and_then(|called| called.answer) {
            self.asks.called(message, ME, now, lines);
        }
    }

    fn bot_share(&self) -> f64 {
        let of = |wanted: fn(&AuthorKind) -> bool| {
            self.recent.iter().filter(|kind| wanted(kind)).count() as f64
        };
        let all = of(|kind| *kind != AuthorKind::System);
        if all == 0.0 {
            0.0
        } else {
            of(|kind| *kind == AuthorKind::Persona) / all
        }
    }
}

#[cfg(test)]
mod tests;
