//! A script at a position, and what of it may still be told.

use crate::{
    event::{Merge, STREAM_END, STREAM_START},
    names::Names,
    script::{Item, Script, What},
    seeing::Looked,
    sentence::Sentence,
    window::{SUMMARY_MS, Window},
};
use chatter_protocol::{
    Timestamp,
    context::{Playing, StreamEvent},
};
use std::sync::Arc;

/// A play as whoever played it before has left it. By default nobody has.
#[derive(Clone, Debug, Default)]
pub(crate) struct Left {
    /// Where it is by now, in milliseconds.
    pub(crate) at_ms: u64,
    /// Where the latest context was.
    pub(crate) told_ms: u64,
    /// What that one told.
    pub(crate) events: Vec<StreamEvent>,
}

/// A script that is played into a window.
#[derive(Debug)]
pub(crate) struct Reel {
    script: Arc<Script>,
    looped: bool,
    /// How often the script has been played to its end.
    pass: u64,
    /// The next item of this pass.
    next: usize,
    /// Who sits in a room changes, so what is said of them is not part of the script.
    names: Names,
    /// Of what is seen beside it.
    merge: Merge,
    /// Events of that so far.
    seen: u64,
    pub(crate) window: Window,
}

impl Reel {
    /// At the start of a play that began at this time.
    pub(crate) fn new(script: Arc<Script>, looped: bool, names: Names, began: Timestamp) -> Self {
        Self {
            script,
            looped,
            pass: 0,
            next: 0,
            names,
            merge: Merge::default(),
            seen: 0,
            window: Window::new(began),
        }
    }

    /// When the next words and the next event are due, in milliseconds since the start; only looks
    /// as far as `until_ms`.
    pub(crate) fn due(&self, until_ms: u64) -> (Option<u64>, Option<u64>) {
        let (mut words, mut event) = (None, None);
        let (mut pass, mut next) = (self.pass, self.next);
        while let Some((due_ms, item)) = self.item(&mut pass, &mut next) {
            if due_ms > until_ms || event.is_some() {
                break;
            }
            match item.what {
                What::Segment(_) => words = words.or(Some(due_ms)),
                What::Event(_) => event = Some(due_ms),
                What::Sentence(i) => {
                    let names = self.names.find(&self.sentence(i, pass));
                    event = names.map(|_| due_ms);
                }
            }
            next += 1;
        }
        (words, event)
    }

    /// Whether everything has been told.
    pub(crate) fn is_over(&self) -> bool {
        let (mut pass, mut next) = (self.pass, self.next);
        self.item(&mut pass, &mut next).is_none()
    }

    /// The item at a place, or the first after it that is told in that pass, with its time since
    /// the start. Moves the place to it.
    fn item(&self, pass: &mut u64, next: &mut usize) -> Option<(u64, Item)> {
        loop {
            let Some(&item) = self.script.items.get(*next) else {
                if !self.looped {
                    return None;
                }
                *pass += 1;
                *next = 0;
                continue;
            };
            let kind = match item.what {
                What::Event(i) => &*self.script.events[i].kind,
                _ => "",
            };
            // A loop begins once and never ends.
            if kind == STREAM_START && *pass > 0 || kind == STREAM_END && self.looped {
                *next += 1;
                continue;
            }
            return Some((self.offset(*pass).saturating_add(item.due_ms), item));
        }
    }

    fn offset(&self, pass: u64) -> u64 {
        pass.saturating_mul(self.script.period_ms())
    }

    /// Takes in all that has been due since the last time.
    pub(crate) fn advance(&mut self, position_ms: u64) {
        let position_ms = self.window.position_ms().max(position_ms);
        // Passes that lie wholly before the window are not worth walking through.
        let current = position_ms / self.script.period_ms();
        let passes = SUMMARY_MS / self.script.period_ms() + 1;
        if self.looped && self.pass + passes < current {
            self.pass = current - passes;
            self.next = 0;
        }
        let (mut pass, mut next) = (self.pass, self.next);
        while let Some((due_ms, item)) = self.item(&mut pass, &mut next) {
            if due_ms > position_ms {
                break;
            }
            next += 1;
            self.take(pass, due_ms, item.what);
        }
        (self.pass, self.next) = (pass, next);
        self.window.reach(position_ms);
    }

    /// Where it is in the script at that speed, or in what the script was written for; nothing at its end.
    pub(crate) fn playing(&self, speed: f64) -> Option<Playing> {
        let position_ms = self.window.position_ms();
        let period_ms = self.script.period_ms();
        (!self.is_over()).then(|| Playing {
            at_ms: if self.looped {
                position_ms % period_ms
            } else {
                position_ms
            },
            speed,
            looped: self.looped,
            length_ms: self.looped.then_some(period_ms),
        })
    }

    /// Goes on from where another play of the script was left, as if contexts had held all that happened. What they did
    /// hold stays as it was told: who knows it by its id is not to take it for something else.
    pub(crate) fn go_on(&mut self, left: Left) {
        self.advance(left.told_ms);
        self.window.hold(left.events);
        self.advance(left.at_ms);
        self.window.skip();
    }

    /// Takes in what is seen beside the script, which is known since a position, and for how long a scene is told.
    pub(crate) fn see(&mut self, (scene, event): Looked, for_ms: u64, known_ms: u64) {
        if let Some(scene) = scene {
            self.window.see(scene, for_ms);
        }
        if let Some(event) = event.filter(|event| self.merge.is_first(event)) {
            self.seen += 1;
            let place = format_args!("{}-p{}", event.kind, self.seen);
            self.window.happen(&event, 0, known_ms, place);
        }
    }

    /// A sentence of the script with its times in a pass.
    fn sentence(&self, i: usize, pass: u64) -> Sentence {
        let (offset, said) = (self.offset(pass), &self.script.sentences[i]);
        Sentence {
            text: said.text.clone(),
            start_ms: offset + said.start_ms,
            end_ms: offset + said.end_ms,
            due_ms: offset + said.due_ms,
        }
    }

    fn take(&mut self, pass: u64, due_ms: u64, what: What) {
        let offset = self.offset(pass);
        let script = &self.script;
        match what {
            What::Segment(i) => self.window.hear(&script.segments[i], offset),
            What::Sentence(i) => {
                let sentence = self.sentence(i, pass);
                if let Some(event) = self.names.said(&sentence) {
                    let place = format_args!("{pass}-{}-s{i}", event.kind);
                    self.window.happen(&event, 0, due_ms, place);
                }
                self.window.note(due_ms, sentence.text);
            }
            What::Event(i) => {
                let event = &script.events[i];
                let place = format_args!("{pass}-{}-{i}", event.kind);
                self.window.happen(event, offset, due_ms, place);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cue::Cue;

    #[test]
    fn what_contexts_held_of_another_play_is_not_told_under_another_id() {
        let cue = |start_ms, text: &str| Cue {
            start_ms,
            end_ms: start_ms + 2_000,
            text: text.into(),
        };
        let cues = [
            cue(0, "Chat, left or right?"),
            cue(4_000, "Oh no!"),
            cue(70_000, "Fine."),
        ];
        let script = Arc::new(Script::new(&cues));
        let room = "main/lobby".parse().unwrap();
        let reel = |began| {
            let began = Timestamp::from_millis(began);
            Reel::new(Arc::clone(&script), false, Names::default(), began)
        };
        let mut first = reel(0);
        first.advance(7_000);
        let told = first.window.context(&room, Timestamp::from_millis(1));
        assert_eq!(told.events.len(), 3, "{:?}", told.events);
        // At which position which of them are told, and how many others.
        for (events, at_ms, kept, more) in [
            (told.events.clone(), 7_000, 3, 0),
            // The silence came when nobody played.
            (told.events.clone(), 15_000, 3, 1),
            (told.events.clone(), 63_000, 1, 1),
            (Vec::new(), 7_000, 0, 0),
        ] {
            let mut second = reel(1);
            let told_ms = 7_000;
            second.go_on(Left {
                at_ms,
                told_ms,
                events,
            });
            assert!(!second.window.has_untold());
            let context = second.window.context(&room, Timestamp::from_millis(2));
            let known = context.events.iter();
            let known = known.filter(|it| told.events.contains(it)).count();
            assert_eq!(
                (known, context.events.len()),
                (kept, kept + more),
                "{at_ms}"
            );
        }
    }

    #[test]
    fn names_that_subtitles_say_are_told_at_once_once_and_in_each_pass() {
        let cue = |start_ms, text: &str| Cue {
            start_ms,
            end_ms: start_ms + 2_000,
            text: text.into(),
        };
        let script = Script::with_events(
            &[
                cue(0, "We look at the power supply."),
                cue(4_000, "Thanks, Nova, for the hint."),
                cue(8_000, "And thanks again, Nova."),
                cue(14_000, "It hums a little."),
                cue(20_000, "That is all of it."),
            ],
            Vec::new(),
        );
        let names = Names::of(&["Nova"]);
        let mut reel = Reel::new(Arc::new(script), true, names, Timestamp::from_millis(0));
        // When it is said, in which pass and sentence.
        for (at_ms, place) in [(5_900, "0-name-s1"), (27_900, "1-name-s1")] {
            let (_, due) = reel.due(at_ms + 5_000);
            let due_ms = due.expect("somebody is named");
            assert!(due_ms.abs_diff(at_ms) <= 200, "{due_ms}");
            reel.advance(due_ms - 1);
            assert!(!reel.window.has_untold(), "before {due_ms}");
            reel.advance(due_ms);
            let now = Timestamp::from_millis(1);
            let context = reel.window.context(&"main/lobby".parse().unwrap(), now);
            let told = context.events.last().unwrap();
            assert_eq!(
                (&*told.kind, &told.names[..]),
                ("name", &["Nova".to_owned()][..])
            );
            assert!(told.id.ends_with(place), "{}", told.id);
            reel.window.published(&context);
            // Said again so soon it is nothing new.
            assert_eq!(reel.due(due_ms + 10_000).1, None);
        }
    }
}
