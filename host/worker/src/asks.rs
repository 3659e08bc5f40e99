//! People's messages that wait for an answer, and who is to give it.
//!
//! A message that names personas waits for them; if they can't or won't answer, it opens to all
//! after [`OPENS_TO_ALL`]. A message that names nobody waits for anybody: readiness is shared out by
//! weight, and whoever is chosen claims it, so that the others don't answer all at once. A claim
//! ends when the call ends without an answer, or after [`CLAIM_HOLDS`], since a slow persona must not
//! make a person wait for ever.

use crate::{
    crowd::SeatNumber,
    impulse::{AskKind, Asked, FADE_FROM, FADE_TO, MENTION_STEP, Traits},
    names::Name,
};
use chatter_protocol::{ChatMessage, MessageId, Timestamp};
use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

/// By which power of how well each is suited an answer is shared out: of a persona that lives for
/// questions and one that could not care less, the first is to answer 64 times as often.
const SHARPNESS: i32 = 6;

/// So many messages wait at the same time; the oldest gives way.
const OPEN: usize = 32;

/// After this time a message that names somebody is open to all.
const OPENS_TO_ALL: Duration = Duration::from_secs(8);

/// For so long a claim keeps the others away.
const CLAIM_HOLDS: Duration = Duration::from_secs(6);

/// What a message to another person counts for personas.
const ASIDE: f64 = 0.5;

/// What is left of a persona's readiness to answer a message on which it was called in vain.
const TRIED: f64 = 0.2;

/// The time that a message counts as having waited when it is first put to a persona.
const FIRST_DT: Duration = Duration::from_secs(1);

/// How ready each persona is to answer.
#[derive(Debug, Default)]
pub(crate) struct Readiness {
    seats: BTreeMap<SeatNumber, (f64, f64)>,
    question: f64,
    reply: f64,
}

impl Readiness {
    /// From each seat's traits and how far it is able to answer: 0 if it can't be called, 1 if it
    /// can and is rested.
    pub(crate) fn new(seats: impl Iterator<Item = (SeatNumber, Traits, f64)>) -> Self {
        let seats: BTreeMap<SeatNumber, (f64, f64)> = seats
            .map(|(number, traits, able)| {
                let weight = |kind| able * traits.suits(kind).powi(SHARPNESS);
                (number, (weight(AskKind::Question), weight(AskKind::Reply)))
            })
            .collect();
        let question = seats.values().map(|weights| weights.0).sum();
        let reply = seats.values().map(|weights| weights.1).sum();
        Self {
            seats,
            question,
            reply,
        }
    }

    fn weight(&self, seat: SeatNumber, kind: AskKind) -> f64 {
        let (question, reply) = self.seats.get(&seat).copied().unwrap_or_default();
        if kind == AskKind::Question {
            question
        } else {
            reply
        }
    }

    fn share(&self, seat: SeatNumber, kind: AskKind, tried: &[SeatNumber]) -> f64 {
        let own = self.weight(seat, kind) * if tried.contains(&seat) { TRIED } else { 1.0 };
        let all = if kind == AskKind::Question {
            self.question
        } else {
            self.reply
        };
        let lost: f64 = tried
            .iter()
            .map(|&other| (1.0 - TRIED) * self.weight(other, kind))
            .sum();
        if own > 0.0 {
            (own / (all - lost).max(own)).min(1.0)
        } else {
            0.0
        }
    }
}

#[derive(Debug)]
struct Ask {
    message: Arc<ChatMessage>,
    name: Name,
    at: Timestamp,
    question: bool,
    /// Whether it is meant for another person.
    aside: bool,
    /// The personas that it names and that have neither answered nor declined to.
    waits_for: Vec<SeatNumber>,
    answered: bool,
    tried: Vec<SeatNumber>,
    claims: Vec<(SeatNumber, Timestamp)>,
    put_at: HashMap<SeatNumber, Timestamp>,
}

impl Ask {
    fn age(&self, now: Timestamp) -> Duration {
        now.since(self.at)
    }

    fn is_answered_by(&self, message: &ChatMessage, lower: &str) -> bool {
        message.reply_to == Some(self.message.id)
            || message.mentions.contains(&self.message.author.id)
            || self.name.stands_in(lower)
    }

    fn asked(&self, seat: SeatNumber, now: Timestamp, readiness: &Readiness) -> Option<Asked> {
        let age = self.age(now);
        let dt = self
            .put_at
            .get(&seat)
            .map(|&at| now.since(at).min(MENTION_STEP));
        if self.waits_for.contains(&seat) {
            return Some(Asked {
                message: self.message.id,
                kind: AskKind::Mention,
                age,
                dt: dt.unwrap_or(MENTION_STEP),
                share: 1.0,
            });
        }
        let nobody_named_will = self
            .waits_for
            .iter()
            .all(|&named| readiness.weight(named, AskKind::Question) == 0.0);
        let open = nobody_named_will || age >= OPENS_TO_ALL;
        let claimed = self
            .claims
            .iter()
            .any(|&(_, since)| now.since(since) < CLAIM_HOLDS);
        if self.answered || claimed || !open {
            return None;
        }
        let kind = if self.question {
            AskKind::Question
        } else {
            AskKind::Reply
        };
        let share = readiness.share(seat, kind, &self.tried) * if self.aside { ASIDE } else { 1.0 };
        (share > 0.0).then(|| Asked {
            message: self.message.id,
            kind,
            age,
            dt: dt.unwrap_or(FIRST_DT),
            share,
        })
    }

    /// A persona's call on this message came to nothing.
    fn in_vain(&mut self, seat: SeatNumber) {
        self.claims.retain(|&(claimant, _)| claimant != seat);
        self.waits_for.retain(|&named| named != seat);
        if !self.tried.contains(&seat) {
            self.tried.push(seat);
        }
    }
}

/// What a person's message is to the room.
#[derive(Debug)]
pub(crate) struct NewAsk {
    pub(crate) message: Arc<ChatMessage>,
    pub(crate) at: Timestamp,
    pub(crate) question: bool,
    pub(crate) aside: bool,
    pub(crate) names: Vec<SeatNumber>,
}

/// The room's waiting messages, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Asks(VecDeque<Ask>);

impl Asks {
    pub(crate) fn add(&mut self, new: NewAsk) {
        if self.0.len() == OPEN {
            self.0.pop_front();
        }
        self.0.push_back(Ask {
            name: Name::new(&new.message.author.name),
            message: new.message,
            at: new.at,
            question: new.question,
            aside: new.aside,
            waits_for: new.names,
            answered: false,
            tried: Vec::new(),
            claims: Vec::new(),
            put_at: HashMap::new(),
        });
    }

    /// Something was said: by a persona of this seat, by another persona (both may answer by naming
    /// somebody), or by a person (who answers by replying).
    pub(crate) fn heard(&mut self, message: &ChatMessage, lower: &str, seat: Option<SeatNumber>) {
        let human = message.author.kind.is_human();
        for ask in self
            .0
            .iter_mut()
            .filter(|ask| ask.message.author.id != message.author.id)
        {
            let answers = if human {
                message.reply_to == Some(ask.message.id)
            } else {
                ask.is_answered_by(message, lower)
            };
            if answers {
                ask.answered = true;
                ask.waits_for.retain(|&named| Some(named) != seat);
                ask.claims.retain(|&(claimant, _)| Some(claimant) != seat);
            }
        }
        self.0
            .retain(|ask| !ask.answered || !ask.waits_for.is_empty());
    }

    /// Forgets what has waited for too long.
    pub(crate) fn forget_old(&mut self, now: Timestamp) {
        self.0.retain(|ask| ask.age(now) < FADE_TO);
    }

    /// The messages that wait for an answer.
    pub(crate) fn messages(&self) -> impl Iterator<Item = &Arc<ChatMessage>> {
        self.0.iter().map(|ask| &ask.message)
    }

    /// Drops messages that are not to be known any more.
    pub(crate) fn keep_messages(&mut self, stays: impl Fn(&ChatMessage) -> bool) {
        self.0.retain(|ask| stays(&ask.message));
    }

    /// A waiting message.
    pub(crate) fn message(&self, id: MessageId) -> Option<&Arc<ChatMessage>> {
        self.0
            .iter()
            .map(|ask| &ask.message)
            .find(|message| message.id == id)
    }

    /// Whether this message waits for a first answer.
    pub(crate) fn waits(&self, message: MessageId) -> bool {
        self.0
            .iter()
            .any(|ask| ask.message.id == message && !ask.answered)
    }

    /// Whether anybody waits for a first answer.
    pub(crate) fn anybody_waits(&self, now: Timestamp) -> bool {
        self.0
            .iter()
            .any(|ask| !ask.answered && !ask.aside && ask.age(now) < FADE_FROM)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The waiting message that concerns this persona most: one that names it, else the oldest.
    pub(crate) fn for_seat(
        &self,
        seat: SeatNumber,
        now: Timestamp,
        readiness: &Readiness,
    ) -> Option<Asked> {
        let mut oldest = None;
        for ask in &self.0 {
            match ask.asked(seat, now, readiness) {
                Some(asked) if asked.kind == AskKind::Mention => return Some(asked),
                Some(asked) if oldest.is_none() => oldest = Some(asked),
                _ => {}
            }
        }
        oldest
    }

    /// The message was put to this persona, which was chosen to answer it or was not.
    pub(crate) fn put(
        &mut self,
        message: MessageId,
        seat: SeatNumber,
        now: Timestamp,
        chosen: bool,
    ) {
        let Some(ask) = self.0.iter_mut().find(|ask| ask.message.id == message) else {
            return;
        };
        ask.put_at.insert(seat, now);
        if chosen {
            ask.claims.retain(|&(claimant, _)| claimant != seat);
            ask.claims.push((seat, now));
            // Called on it, it has been asked: whether it answers is now up to its call.
            ask.waits_for.retain(|&named| named != seat);
        }
    }

    /// Whoever was chosen to answer this message has thought about it and begins now: its claim
    /// holds from here.
    pub(crate) fn renew(&mut self, message: MessageId, seat: SeatNumber, now: Timestamp) {
        let claims = self
            .0
            .iter_mut()
            .filter(|ask| ask.message.id == message)
            .flat_map(|ask| &mut ask.claims);
        for claim in claims.filter(|claim| claim.0 == seat) {
            claim.1 = now;
        }
    }

    /// A persona has left: nobody waits for it any more, and what it claimed is the others' again.
    pub(crate) fn left(&mut self, seat: SeatNumber) {
        for ask in &mut self.0 {
            ask.claims.retain(|&(claimant, _)| claimant != seat);
            ask.waits_for.retain(|&named| named != seat);
            ask.tried.retain(|&tried| tried != seat);
            ask.put_at.remove(&seat);
        }
        self.0
            .retain(|ask| !ask.answered || !ask.waits_for.is_empty());
    }

    /// A call that was to answer this message ended with these lines. If one of them answers, the
    /// claim holds on until it is heard (moderation may still drop it).
    pub(crate) fn called(
        &mut self,
        message: MessageId,
        seat: SeatNumber,
        now: Timestamp,
        lines: &[ChatMessage],
    ) {
        let Some(ask) = self.0.iter_mut().find(|ask| ask.message.id == message) else {
            return;
        };
        let answers = lines
            .iter()
            .any(|line| ask.is_answered_by(line, &line.text.to_lowercase()));
        if answers {
            for claim in ask.claims.iter_mut().filter(|claim| claim.0 == seat) {
                claim.1 = now;
            }
        } else {
            ask.in_vain(seat);
        }
    }
}

#[cfg(test)]
mod tests;
