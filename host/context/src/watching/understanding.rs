//! What all that comes of a source means: told to the room's live context in terms of it.

use crate::{
    live::{Began, Live},
    looking::Looking,
    names::Names,
    seeing::Looked,
    sound::Ear,
};
use chatter_media::Part;
use chatter_protocol::{Clock, RoomId};
use chatter_speech::Heard;

/// From this hop on words come so late that operators should know, in milliseconds.
const LATE_HOP_MS: u64 = 5_000;

/// What has come so far, and what that means.
pub(super) struct Understanding {
    /// Once the first of it has come.
    pub(super) live: Option<Live>,
    from_ms: u64,
    position_ms: u64,
    heard_ms: u64,
    ear: Ear,
    is_speaking: bool,
    /// Whether it was told that words come late.
    is_late: bool,
    has_listener: bool,
    pub(super) looking: Looking,
    names: Names,
    clock: Clock,
    pub(super) room: RoomId,
}

impl Understanding {
    /// Of nothing yet, from this position on.
    pub(super) fn new(
        room: RoomId,
        clock: Clock,
        names: Names,
        looking: Looking,
        has_listener: bool,
        from_ms: u64,
    ) -> Self {
        Self {
            live: None,
            from_ms,
            position_ms: from_ms,
            heard_ms: from_ms,
            ear: Ear::default(),
            is_speaking: false,
            is_late: false,
            has_listener,
            looking,
            names,
            clock,
            room,
        }
    }

    /// Words are listened for from now on.
    pub(super) fn listens(&mut self) {
        self.has_listener = true;
    }

    /// Nobody listens for words any more.
    pub(super) fn is_deaf(&mut self) {
        self.has_listener = false;
        // Nobody would say that the voice is over.
        self.is_speaking = false;
        if let Some(live) = &mut self.live {
            live.quiet(self.position_ms);
        }
    }

    /// Takes in a part of a feed.
    pub(super) fn part(&mut self, part: Part) {
        match part {
            Part::Sound { at_ms, samples } => {
                let end_ms =
                    at_ms + samples.len() as u64 * 1000 / u64::from(chatter_media::SAMPLE_RATE);
                self.reach(at_ms, end_ms);
                let sound_ms = self.ear.hear(at_ms, &samples);
                if !self.has_listener {
                    self.without_words(sound_ms, end_ms);
                }
            }
            Part::Picture {
                at_ms,
                width,
                height,
                rgb,
            } => {
                self.reach(at_ms, at_ms);
                let event = self.looking.picture(at_ms, width, height, rgb);
                if let (Some(live), Some(event)) = (&mut self.live, event) {
                    live.happen(&event);
                }
            }
            Part::Gap { to_ms, .. } => {
                self.position_ms = self.position_ms.max(to_ms);
                if let Some(live) = &mut self.live {
                    live.reach(to_ms);
                    live.gap(to_ms);
                }
            }
            Part::Ended => {}
        }
    }

    /// Something of the stream is there: it has begun, if it had not.
    fn reach(&mut self, at_ms: u64, end_ms: u64) {
        let (names, clock, from_ms) = (&mut self.names, &self.clock, self.from_ms);
        let live = self.live.get_or_insert_with(|| {
            let began = if from_ms == 0 {
                Began::Now
            } else {
                Began::Before
            };
            Live::new(std::mem::take(names), clock.now(), at_ms, began)
        });
        self.position_ms = self.position_ms.max(end_ms);
        live.reach(end_ms);
    }

    /// Silence, as far as levels tell.
    fn without_words(&mut self, sound_ms: Option<u64>, until_ms: u64) {
        self.heard_ms = until_ms;
        let Some(live) = &mut self.live else { return };
        if let Some(sound_ms) = sound_ms {
            live.quiet(sound_ms);
        }
        live.until(until_ms);
    }

    pub(super) fn heard(&mut self, heard: Heard) {
        let Some(live) = &mut self.live else { return };
        let room = &self.room;
        let shout = match heard {
            Heard::Words(words) => {
                live.hear(&words);
                return;
            }
            Heard::Voice { at_ms } => {
                let shout = self.ear.listened(at_ms, self.is_speaking);
                self.is_speaking = true;
                live.voice(at_ms);
                shout
            }
            Heard::Quiet { at_ms } => {
                let shout = self.ear.listened(at_ms, self.is_speaking);
                self.is_speaking = false;
                live.quiet(at_ms);
                shout
            }
            Heard::Until { at_ms } => {
                self.heard_ms = self.heard_ms.max(at_ms);
                live.until(at_ms);
                self.ear.listened(at_ms, self.is_speaking)
            }
            Heard::Missed { from_ms, to_ms } => {
                tracing::warn!(%room, from_ms, to_ms, "sound was not listened to: this machine is too slow for it");
                self.heard_ms = self.heard_ms.max(to_ms);
                self.is_speaking = false;
                live.gap(to_ms);
                None
            }
            Heard::Language(language) => {
                tracing::info!(%room, %language, "a language was heard");
                None
            }
            Heard::Pace { hop_ms, behind_ms } => {
                let was_late = std::mem::replace(&mut self.is_late, hop_ms >= LATE_HOP_MS);
                if self.is_late && !was_late {
                    tracing::warn!(%room, hop_ms, behind_ms, "words come late, and personas react late to them: this machine is slow for the model; a smaller one helps, or fewer rooms");
                } else if was_late && !self.is_late {
                    tracing::info!(%room, hop_ms, behind_ms, "words come in time again");
                } else {
                    tracing::debug!(%room, hop_ms, behind_ms, "the pace of listening has changed");
                }
                None
            }
            Heard::Stopped { .. } => None,
        };
        if let Some(event) = shout {
            live.happen(&event);
        }
    }

    pub(super) fn seen(&mut self, (scene, event): Looked) {
        let Some(live) = &mut self.live else { return };
        if let Some(scene) = scene {
            live.see(scene, self.looking.lasts_ms());
        }
        if let Some(event) = event {
            live.happen(&event);
        }
    }

    pub(super) fn behind_ms(&self) -> u64 {
        self.position_ms.saturating_sub(self.heard_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatter_protocol::Timestamp;

    #[test]
    fn a_voice_that_was_heard_when_the_listener_died_is_over() {
        let room = RoomId::new("main/lobby").unwrap();
        let clock = Clock::from_fn(|| Timestamp::from_millis(0));
        let looking = Looking::new(room.clone(), None, 1.0);
        let names = Names::default();
        let mut understanding = Understanding::new(room.clone(), clock, names, looking, true, 0);
        let sound = |understanding: &mut Understanding, from_s: u64, to_s: u64| {
            for piece in from_s * 10..to_s * 10 {
                let (at_ms, samples) = (piece * 100, vec![0.0; 1600]);
                understanding.part(Part::Sound { at_ms, samples });
            }
        };
        sound(&mut understanding, 0, 2);
        understanding.heard(Heard::Voice { at_ms: 1000 });
        understanding.is_deaf();
        sound(&mut understanding, 2, 11);
        let live = understanding.live.as_mut().unwrap();
        let told = live.told().context(&room, Timestamp::from_millis(0));
        let told: Vec<_> = told.events.iter().map(|it| (&*it.kind, it.at_ms)).collect();
        assert_eq!(told, [("stream_start", 0), ("silence", 2000)]);
    }
}
