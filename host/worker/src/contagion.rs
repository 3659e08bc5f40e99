//! How one line draws others: what makes a crowd shout together and fall quiet together.
//!
//! Lines excite lines, as events do in a self-exciting process (A. G. Hawkes, "Spectra of some
//! self-exciting and mutually exciting point processes", Biometrika 58, 1971): the rate at which a
//! persona joins in is its share of the room's excitability times
//!
//! ```text
//! contagion · Σ over lines to nobody in particular  heat · exp(-age / 4 s) / 4 s
//! ```
//!
//! `heat` is how much of the wish to say a line was excitement itself: 1 for a person's line, for a
//! persona's
//!
//! ```text
//! (event + contagion) / (talk + event + chat_question + contagion + banter)
//! ```
//!
//! by the parts of its impulse. Each line that was shouted thus draws `contagion` further ones from the
//! whole crowd, most of them within seconds, however large the crowd is and however often it is asked;
//! one that was only talk draws none. Below 1 every wave ends by itself: what an event sets off grows by
//! `1 / (1 - contagion)`.

use chatter_protocol::{AuthorKind, CallId, ChatMessage, Impulse, Timestamp};
use std::collections::VecDeque;

/// After so long a line has spent all but 1/e of its pull, in seconds.
const DECAY_S: f64 = 4.0;

/// Of so many latest speaking calls the heat is known; a line of any other has none.
const CALLS: usize = 64;

/// The pull of all lines of a room, and how much of it has been felt since the beginning.
#[derive(Debug, Default)]
pub(crate) struct Contagion {
    at: Option<Timestamp>,
    /// What the lines so far have yet to spend.
    left: f64,
    /// What they have spent.
    spent: f64,
    calls: VecDeque<(CallId, f64)>,
}

impl Contagion {
    /// A persona is called to speak.
    pub(crate) fn called(&mut self, call: CallId, impulse: &Impulse) {
        if self.calls.len() == CALLS {
            self.calls.pop_front();
        }
        self.calls.push_back((call, heat(impulse)));
    }

    /// A line is in the room.
    pub(crate) fn hear(&mut self, now: Timestamp, message: &ChatMessage) {
        if message.reply_to.is_some() {
            return;
        }
        let heat = match message.author.kind {
            AuthorKind::Viewer | AuthorKind::Moderator => 1.0,
            AuthorKind::Persona => self
                .calls
                .iter()
                .find(|(call, _)| Some(*call) == message.call_id)
                .map_or(0.0, |(_, heat)| *heat),
            AuthorKind::System => 0.0,
        };
        self.spent(now);
        self.left += heat;
    }

    /// How much all lines have spent by now; the difference of two readings is what they have spent in
    /// between. A clock that was set back spends nothing.
    pub(crate) fn spent(&mut self, now: Timestamp) -> f64 {
        let passed = self.at.map_or(0.0, |at| now.since(at).as_secs_f64());
        self.at = Some(now);
        let kept = self.left * (-passed / DECAY_S).exp();
        self.spent += self.left - kept;
        self.left = kept;
        self.spent
    }
}

fn heat(impulse: &Impulse) -> f64 {
    let (mut excited, mut wish) = (0.0, 0.0);
    for part in &impulse.parts {
        match &*part.name {
            "event" | "contagion" => (excited, wish) = (excited + part.value, wish + part.value),
            "talk" | "chat_question" | "banter" => wish += part.value,
            _ => {}
        }
    }
    if wish > 0.0 { excited / wish } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at, guest_line, message_id, persona_line, reply};
    use chatter_protocol::call::ImpulsePart;

    fn impulse(parts: &[(&'static str, f64)]) -> Impulse {
        let part = |(name, value): &(&'static str, f64)| ImpulsePart {
            name: (*name).into(),
            value: *value,
        };
        Impulse {
            p: 0.5,
            parts: parts.iter().map(part).collect(),
            roll: 0.1,
            speak: true,
            answer: None,
        }
    }

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-6
    }

    #[test]
    fn a_line_spends_one_however_often_one_looks() {
        for looks in [1, 7, 200] {
            let mut contagion = Contagion::default();
            contagion.hear(at(0), &guest_line(1, "ana", "wow"));
            contagion.hear(at(0), &guest_line(2, "ben", "wow"));
            assert!(near(contagion.spent(at(4)), 2.0 * (1.0 - (-1.0_f64).exp())));
            for look in 1..=looks {
                contagion.spent(at(4 + 100 * look / looks));
            }
            assert!(near(contagion.spent(at(104)), 2.0), "{looks}");
        }
    }

    #[test]
    fn a_personas_line_is_as_hot_as_its_wish_was() {
        let cases: [(&[(&str, f64)], f64); 4] = [
            (&[("talk", 0.3), ("human_first", 1.0)], 0.0),
            (&[("event", 0.4), ("mention", 0.9)], 1.0),
            (&[("talk", 0.1), ("event", 0.2), ("contagion", 0.1)], 0.75),
            (&[("mention", 0.9)], 0.0),
        ];
        for (parts, heat) in cases {
            let mut contagion = Contagion::default();
            let call = CallId::from_parts(1, [1; 10]);
            contagion.called(call, &impulse(parts));
            let mut line = persona_line(1, "nova", "wow");
            line.call_id = Some(call);
            contagion.hear(at(0), &line);
            assert!(near(contagion.spent(at(200)), heat), "{parts:?}");
        }
    }

    #[test]
    fn what_is_said_to_somebody_and_what_nobody_here_said_leave_the_crowd_cold() {
        let mut contagion = Contagion::default();
        contagion.hear(at(0), &reply(guest_line(1, "ana", "wow"), message_id(9)));
        contagion.hear(at(0), &persona_line(2, "nova", "wow"));
        assert!(near(contagion.spent(at(200)), 0.0));
    }

    #[test]
    fn a_clock_that_is_set_back_spends_nothing() {
        let mut contagion = Contagion::default();
        contagion.hear(at(100), &guest_line(1, "ana", "wow"));
        let before = contagion.spent(at(104));
        assert!(near(contagion.spent(at(50)), before));
        assert!(contagion.spent(at(54)) > before);
    }
}
