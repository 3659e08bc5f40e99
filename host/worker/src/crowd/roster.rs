//! Who sits down, who changes, who leaves, while the room goes on.

use super::{Crowd, RECENT, SeatNumber, SeatState};
use crate::{
    asks::Asks,
    budget::{Minute, Unasked},
    chains::Chains,
    contagion::Contagion,
    impulse::Traits,
    mailbox::Mailbox,
    names::Name,
    offered::Offered,
};
use chatter_protocol::{
    Timestamp, Tuning,
    call::{CallLimits, Profile},
    persona::Calls,
};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, HashMap, VecDeque};

/// Who sits down, or who it is from now on.
#[derive(Debug)]
pub(crate) struct NewSeat<'a> {
    pub(crate) profile: &'a Profile,
    pub(crate) limits: CallLimits,
}

impl NewSeat<'_> {
    fn names(&self) -> [Name; 2] {
        [
            Name::new(&self.profile.name),
            Name::new(self.profile.id.as_str()),
        ]
    }
}

impl Crowd {
    pub(crate) fn new<'a>(
        tuning: Tuning,
        seats: impl IntoIterator<Item = NewSeat<'a>>,
        seed: u64,
    ) -> Self {
        let mut crowd = Self {
            seats: BTreeMap::new(),
            next_seat: 0,
            by_author: HashMap::new(),
            rng: ChaCha8Rng::seed_from_u64(seed),
            recent: VecDeque::with_capacity(RECENT),
            trends: None,
            asks: Asks::default(),
            chains: Chains::new(tuning.max_chain),
            contagion: Contagion::default(),
            budget: Minute::new(tuning.room_lines_per_minute),
            last_human: None,
            position_ms: None,
            gave_way: 0,
            tuning,
        };
        for seat in seats {
            crowd.add(seat, 0.0);
        }
        crowd
    }

    /// A persona sits down in the running room: what was said before it came does not move it. One
    /// that is only waiting for the end of its last call keeps its seat and all that it had.
    pub(crate) fn sit_down(&mut self, now: Timestamp, seat: NewSeat<'_>) -> SeatNumber {
        let known = self.by_author.get(&seat.profile.id.author()).copied();
        match known.and_then(|number| Some((number, self.seats.get_mut(&number)?))) {
            Some((number, back)) => {
                back.leaving = false;
                self.change(number, seat);
                number
            }
            None => {
                let spent = self.contagion.spent(now);
                self.add(seat, spent)
            }
        }
    }

    fn add(&mut self, seat: NewSeat<'_>, stirred: f64) -> SeatNumber {
        let number = self.next_seat;
        self.next_seat += 1;
        let author = seat.profile.id.author();
        self.by_author.insert(author.clone(), number);
        self.seats.insert(
            number,
            SeatState {
                author,
                names: seat.names(),
                traits: Traits::of(seat.profile),
                limits: seat.limits,
                mailbox: Mailbox::default(),
                offered: Offered::default(),
                thought: None,
                flight: None,
                available: true,
                calls: Calls::ALL,
                leaving: false,
                paused_until: None,
                failures_in_row: 0,
                last_line: None,
                last_roll: None,
                stirred,
                budget: Minute::new(self.tuning.persona_lines_per_minute),
                unasked: Unasked::new(self.tuning.unasked_share),
            },
        );
        number
    }

    /// A persona is described in another way from now on; all that it had it keeps. A call in flight
    /// goes on as it was begun.
    pub(crate) fn change(&mut self, number: SeatNumber, to: NewSeat<'_>) {
        if let Some(seat) = self.seats.get_mut(&number) {
            seat.names = to.names();
            seat.traits = Traits::of(to.profile);
            seat.limits = to.limits;
        }
    }

    /// A persona runs on other code from now on, which has not failed yet.
    pub(crate) fn start_afresh(&mut self, number: SeatNumber) {
        if let Some(seat) = self.seats.get_mut(&number) {
            seat.failures_in_row = 0;
            seat.paused_until = None;
        }
    }

    /// A persona is to leave. A thought of it ends here; from a call in flight what it says still
    /// comes, and it is gone when that has ended: see [`Crowd::holds`].
    pub(crate) fn leave(&mut self, now: Timestamp, number: SeatNumber) {
        let Some(seat) = self.seats.get_mut(&number) else {
            return;
        };
        seat.leaving = true;
        if let Some(thought) = seat.thought.take() {
            let granted = thought.granted();
            seat.budget.settle(now, granted, 0);
            self.budget.settle(now, granted, 0);
        }
        let gone = seat.flight.is_none();
        self.asks.left(number);
        if gone {
            self.clear(number);
        }
    }

    /// Whether this seat is there, if only for the end of its call.
    pub(crate) fn holds(&self, number: SeatNumber) -> bool {
        self.seats.contains_key(&number)
    }

    pub(super) fn clear(&mut self, number: SeatNumber) {
        if let Some(seat) = self.seats.remove(&number) {
            self.by_author.remove(&seat.author);
            self.asks.left(number);
        }
    }

    /// Other numbers count from now on. What was said in the last minute counts against the new
    /// budgets.
    pub(crate) fn set_tuning(&mut self, tuning: Tuning) {
        self.chains.set_max(tuning.max_chain);
        self.budget.set_limit(tuning.room_lines_per_minute);
        for seat in self.seats.values_mut() {
            seat.budget.set_limit(tuning.persona_lines_per_minute);
            seat.unasked.set_share(tuning.unasked_share);
        }
        self.tuning = tuning;
    }
}
