//! A room's set-up while it runs: who sits down, who changes, who leaves.

use crate::{
    RoomSetup, Seat,
    crowd::{NewSeat, SeatNumber},
    room::Room,
    rooms::Wish,
    seat::{Occupied, Sitter},
    shadow::Shadow,
};
use chatter_protocol::call::CallLimits;
use chatter_runtime::Route;
use std::{collections::HashSet, sync::Arc};

impl Room {
    /// Makes the room what it is to be, and tells the statuses that changed. Of two seats of one
    /// persona the first counts.
    pub(crate) fn take(&mut self, wish: Wish) {
        let Wish { setup, limits } = wish;
        let RoomSetup { config, seats } = setup;
        self.info.title = config.title.as_str().into();
        self.crowd.set_tuning(config.tuning.clone());
        let mut seated = HashSet::new();
        for seat in &seats {
            if !seated.insert(seat.config.id.clone()) {
                tracing::error!(room = %self.info.id, persona = %seat.config.id, "the roster names this persona twice; it sits down once");
            }
        }
        let gone: Vec<SeatNumber> = self
            .seats
            .iter()
            .filter(|(_, there)| !there.leaving && !seated.contains(&there.seat.config.id))
            .map(|(number, _)| *number)
            .collect();
        for number in gone {
            self.leave(number);
        }
        for seat in seats {
            if seated.remove(&seat.config.id) {
                let limits = limits.of(&seat.module, &config, &seat.config);
                let own = seat.config.llm.as_ref().or(config.llm.as_ref());
                let route = own.map(|names| names.as_slice().into());
                self.seat(seat, limits, route);
            }
        }
    }

    /// Lets a persona sit down, or be as it is now described.
    fn seat(&mut self, seat: Seat, limits: CallLimits, route: Option<Route>) {
        let tenant = self.info.id.tenant();
        let there = self
            .seats
            .iter_mut()
            .find(|(_, there)| there.seat.config.id == seat.config.id);
        let number = match there {
            Some((_, there))
                if !there.leaving
                    && there.seat == seat
                    && there.sitter.limits == limits
                    && there.sitter.route == route =>
            {
                return;
            }
            Some((&number, there)) => {
                let sitter = Sitter::new(&self.info.id, &seat, limits, route);
                let new = NewSeat {
                    profile: &sitter.profile,
                    limits: sitter.limits.clone(),
                };
                if std::mem::take(&mut there.leaving) {
                    self.crowd.sit_down(self.time.now(), new);
                } else {
                    self.crowd.change(number, new);
                }
                if there.seat.module != seat.module {
                    there.see_module(self.parts.personas.module(&tenant, &seat.module));
                    self.crowd.start_afresh(number);
                }
                there.seat = seat;
                there.sitter = Arc::new(sitter);
                number
            }
            None => {
                let sitter = Sitter::new(&self.info.id, &seat, limits, route);
                let new = NewSeat {
                    profile: &sitter.profile,
                    limits: sitter.limits.clone(),
                };
                let number = self.crowd.sit_down(self.time.now(), new);
                let module = self.parts.personas.module(&tenant, &seat.module);
                self.seats
                    .insert(number, Occupied::new(seat, sitter, module));
                number
            }
        };
        if let Some(there) = self.seats.get_mut(&number) {
            let wanted = &there.sitter.shadow;
            if there.shadow.as_ref().map(Shadow::name) != wanted.as_ref() {
                there.shadow = wanted.clone().map(|name| {
                    let module = self.parts.personas.module(&tenant, &name);
                    Shadow::new(name, module)
                });
            }
            self.crowd.set_available(number, there.is_available());
            self.crowd.set_calls(number, there.calls());
            let now = self.parts.clock.now();
            self.publisher
                .status(there.status(now, &*self.parts.personas));
        }
    }

    fn leave(&mut self, number: SeatNumber) {
        let now = self.parts.clock.now();
        let Some(there) = self.seats.get_mut(&number) else {
            return;
        };
        there.leaving = true;
        self.publisher
            .status(there.status(now, &*self.parts.personas));
        self.crowd.leave(self.time.now(), number);
        if !self.crowd.holds(number) {
            self.seats.remove(&number);
        }
    }
}
