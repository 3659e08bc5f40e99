//! Modes: who may say what next, by what was said lately.
//!
//! Times are the gateway's own: those of messages stand still while a clock that was set back gets there
//! again, and whoever was kept from speaking by them would be for as long. Only how long a session is there is by the
//! clock that made it.

use crate::names;
use chatter_emotes::Emotes;
use chatter_protocol::{AuthorId, ChatMessage, MessageId, Timestamp, emote, modes::Modes};
use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    time::Duration,
};

/// How long something that was said is not said again in unique mode.
const UNIQUE: Duration = Duration::from_secs(300);

/// Texts that are remembered for that.
const TEXTS: usize = 4096;

/// Authors whose last message is remembered. Beyond that, those who spoke longest ago are forgotten.
const AUTHORS: usize = 8192;

/// By how much what others have the time of may lie ahead of this clock.
const AHEAD: Duration = Duration::from_secs(5);

/// Why a mode keeps something from being said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// For so long.
    Slow(Duration),
    Known {
        minutes: u32,
    },
    EmoteOnly,
    Repeated,
}

/// Who is about to speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speaker {
    Person {
        /// When the session was made, if there is one.
        since: Option<Timestamp>,
    },
    Persona,
}

/// What was said lately, as far as modes ask for it.
#[derive(Debug, Default)]
pub(crate) struct Lately {
    authors: HashMap<AuthorId, Said>,
    texts: HashMap<[u8; 32], (Timestamp, MessageId)>,
    /// When which text was noted, the oldest first.
    order: VecDeque<(Timestamp, [u8; 32])>,
}

/// An author's last message.
#[derive(Debug)]
struct Said {
    at: Timestamp,
    id: MessageId,
    name: String,
}

impl Lately {
    /// Who spoke lately, with the names that they had.
    pub(crate) fn authors(&self) -> Vec<(AuthorId, String)> {
        let authors = self.authors.iter();
        authors
            .map(|(id, said)| (id.clone(), said.name.clone()))
            .collect()
    }

    /// Whether something may be said now. What is sent again, with the id that it had, may.
    pub(crate) fn check(
        &self,
        modes: &Modes,
        own: &Emotes,
        speaker: Speaker,
        message: &ChatMessage,
        now: Timestamp,
    ) -> Result<(), Kept> {
        let is_person = matches!(speaker, Speaker::Person { .. });
        if let (Some(minutes), Speaker::Person { since }) = (modes.known_minutes, speaker) {
            let least = Duration::from_secs(u64::from(minutes) * 60);
            // One that was made in the future, by a clock that is ahead of this one or was set back, is new: otherwise
            // whoever comes to a gateway whose clock is ahead would be known at all others.
            if since.is_none_or(|since| now.since(since) < least) {
                return Err(Kept::Known { minutes });
            }
        }
        if modes.emote_only && !is_emotes(&message.text, own) {
            return Err(Kept::EmoteOnly);
        }
        if !is_person && !modes.personas {
            return Ok(());
        }
        if let Some(seconds) = modes.slow_seconds
            && let Some(said) = self.authors.get(&message.author.id)
            && said.id != message.id
        {
            let wait = Duration::from_secs(u64::from(seconds));
            let left = wait.saturating_sub(ago(now, said.at));
            if !left.is_zero() {
                return Err(Kept::Slow(left));
            }
        }
        if modes.unique
            && let Some((at, id)) = self.texts.get(&look(&message.text))
            && *id != message.id
            && ago(now, *at) < UNIQUE
        {
            return Err(Kept::Repeated);
        }
        Ok(())
    }

    /// Something is said, or was: what lies in the future counts as said now. What is noted again keeps its time.
    pub(crate) fn note(&mut self, message: &ChatMessage, now: Timestamp) {
        let at = message.sent_at.min(now);
        if message.deleted {
            return;
        }
        let is_later = |before: &Said| before.at <= at || before.at > now;
        let said = self.authors.get(&message.author.id);
        if said.is_none_or(|before| before.id != message.id && is_later(before)) {
            let said = Said {
                at,
                id: message.id,
                name: message.author.name.clone(),
            };
            self.authors.insert(message.author.id.clone(), said);
        }
        if self.authors.len() > AUTHORS {
            let mut times: Vec<Timestamp> = self.authors.values().map(|said| said.at).collect();
            let (_, middle, _) = times.select_nth_unstable(AUTHORS / 2);
            let middle = *middle;
            self.authors.retain(|_, said| said.at > middle);
        }
        let look = look(&message.text);
        match self.texts.entry(look) {
            Entry::Vacant(new) => {
                new.insert((at, message.id));
                self.order.push_back((at, look));
            }
            Entry::Occupied(mut before) if before.get().1 != message.id => {
                before.insert((at, message.id));
            }
            Entry::Occupied(_) => {}
        }
        while let Some((noted, look)) = self.order.front().copied() {
            if self.order.len() <= TEXTS && at.since(noted) < UNIQUE {
                break;
            }
            self.order.pop_front();
            match self.texts.get(&look) {
                // It was said again since.
                Some((last, _))
                    if *last > noted && at.since(*last) < UNIQUE && self.order.len() < TEXTS =>
                {
                    self.order.push_back((*last, look));
                }
                _ => drop(self.texts.remove(&look)),
            }
        }
    }
}

/// How long ago something was. What lies in the future was before the clock was set back, and is long past.
fn ago(now: Timestamp, at: Timestamp) -> Duration {
    if at.since(now) > AHEAD {
        Duration::MAX
    } else {
        now.since(at)
    }
}

/// What two texts have in common that say the same in another dress.
fn look(text: &str) -> [u8; 32] {
    names::digest(chatter_moderation::look(text))
}

/// Whether a text is emotes, those of the room among them, and spaces alone.
fn is_emotes(text: &str, own: &Emotes) -> bool {
    let mut from = 0;
    let mut any = false;
    let is_own = |code: &str| own.codes().any(|own| own == code);
    for (range, _) in emote::find_in_room(text, is_own) {
        if !text[from..range.start].trim().is_empty() {
            return false;
        }
        from = range.end;
        any = true;
    }
    any && text[from..].trim().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatter_protocol::{Author, AuthorKind, RoomId, V1};

    const PERSON: Speaker = Speaker::Person { since: None };

    fn message(author: &str, text: &str, at: i64) -> ChatMessage {
        ChatMessage {
            v: V1,
            id: MessageId::new(),
            room_id: RoomId::new("main/lobby").unwrap(),
            author: Author {
                kind: AuthorKind::Viewer,
                ..names::guest(author)
            },
            text: text.into(),
            reply_to: None,
            mentions: Vec::new(),
            sent_at: second(at),
            call_id: None,
            deleted: false,
        }
    }

    fn second(second: i64) -> Timestamp {
        Timestamp::from_millis(second * 1000)
    }

    fn kept(
        lately: &Lately,
        modes: Modes,
        speaker: Speaker,
        message: &ChatMessage,
    ) -> Option<Kept> {
        lately
            .check(&modes, &own(), speaker, message, message.sent_at)
            .err()
    }

    #[test]
    fn slow_mode_counts_from_ones_own_last_message() {
        let modes = Modes {
            slow_seconds: Some(10),
            ..Modes::default()
        };
        let for_personas = Modes {
            personas: true,
            ..modes
        };
        let slow = |seconds| Some(Kept::Slow(Duration::from_secs(seconds)));
        let mut lately = Lately::default();
        let first = message("ana", "a", 100);
        lately.note(&first, second(100));
        for (author, at, speaker, modes, wanted) in [
            ("ana", 98, PERSON, modes, slow(10)),
            ("ana", 94, PERSON, modes, None),
            ("ana", 100, PERSON, modes, slow(10)),
            ("ana", 109, PERSON, modes, slow(1)),
            ("ana", 110, PERSON, modes, None),
            ("bo", 100, PERSON, modes, None),
            ("ana", 101, PERSON, Modes::default(), None),
            ("ana", 101, Speaker::Persona, modes, None),
            ("ana", 101, Speaker::Persona, for_personas, slow(9)),
        ] {
            let next = message(author, "b", at);
            assert_eq!(
                kept(&lately, modes, speaker, &next),
                wanted,
                "{author} at {at}, {speaker:?}"
            );
        }
        assert_eq!(kept(&lately, modes, PERSON, &first), None, "sent again");
        // What is heard late does not turn the clock back.
        lately.note(&message("ana", "c", 90), second(101));
        assert_eq!(
            kept(&lately, modes, PERSON, &message("ana", "d", 101)),
            slow(9)
        );
    }

    #[test]
    fn known_mode_asks_for_a_session_of_some_age() {
        let known = |minutes| Modes {
            known_minutes: Some(minutes),
            ..Modes::default()
        };
        let since = |at| Speaker::Person {
            since: Some(second(at)),
        };
        for (minutes, speaker, is_kept) in [
            (0, PERSON, true),
            (0, since(1000), false),
            (10, since(401), true),
            (10, since(400), false),
            (10, since(1004), true),
            (10, since(1006), true),
            (10, since(90_000), true),
            (0, since(90_000), false),
            (10, Speaker::Persona, false),
        ] {
            let next = message("ana", "a", 1000);
            let wanted = is_kept.then_some(Kept::Known { minutes });
            assert_eq!(
                kept(&Lately::default(), known(minutes), speaker, &next),
                wanted
            );
        }
    }

    /// A room's own emotes, of which there is one.
    fn own() -> Emotes {
        let folder = tempfile::tempdir().unwrap();
        let picture = b"GIF89a\x20\0\x20\0";
        std::fs::write(folder.path().join("catJAM.gif"), picture).unwrap();
        let mut emotes = Emotes::default();
        emotes.add(folder.path(), &mut |_| {}).unwrap();
        emotes
    }

    #[test]
    fn emote_only_mode_takes_emotes_alone() {
        let modes = Modes {
            emote_only: true,
            ..Modes::default()
        };
        for (text, is_kept) in [
            (":hype:", false),
            (" :hype: :lol::lol: ", false),
            (":hype: nice", true),
            ("nice :hype:", true),
            (":nope:", true),
            (":catJAM: :hype:", false),
            (":catjam:", true),
            (":hype:!", true),
            ("hype", true),
        ] {
            let wanted = is_kept.then_some(Kept::EmoteOnly);
            for speaker in [PERSON, Speaker::Persona] {
                let next = message("ana", text, 1);
                assert_eq!(
                    kept(&Lately::default(), modes, speaker, &next),
                    wanted,
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn unique_mode_knows_a_text_in_another_dress() {
        let modes = Modes {
            unique: true,
            ..Modes::default()
        };
        let mut lately = Lately::default();
        let first = message("ana", "Left tower!", 100);
        lately.note(&first, second(100));
        for (text, at, is_kept) in [
            ("left tower", 101, true),
            ("LEFT   TOWER!!!", 101, true),
            ("lеft tоwer", 101, true),
            ("leeeft tower", 101, true),
            ("right tower", 101, false),
            ("left tower", 399, true),
            ("left tower", 400, false),
            ("left tower", 94, false),
        ] {
            let wanted = is_kept.then_some(Kept::Repeated);
            let next = message("bo", text, at);
            assert_eq!(
                kept(&lately, modes, PERSON, &next),
                wanted,
                "{text} at {at}"
            );
        }
        assert_eq!(kept(&lately, modes, PERSON, &first), None, "sent again");
        assert_eq!(
            kept(
                &lately,
                modes,
                Speaker::Persona,
                &message("nova", "left tower", 101)
            ),
            None
        );
    }

    /// The room's times go on from where they were: all that is said has the same one.
    #[test]
    fn a_clock_that_was_set_back_keeps_nobody_from_speaking_for_longer() {
        let modes = Modes {
            slow_seconds: Some(10),
            unique: true,
            ..Modes::default()
        };
        let slow = |seconds| Some(Kept::Slow(Duration::from_secs(seconds)));
        let check = |lately: &Lately, text, now| {
            let next = message("ana", text, 5_000);
            lately
                .check(&modes, &own(), PERSON, &next, second(now))
                .err()
        };
        let first = message("ana", "a", 5_000);
        let mut lived_through = Lately::default();
        lived_through.note(&first, second(5_000));
        let mut restarted = Lately::default();
        restarted.note(&first, second(1_000));
        assert_eq!(check(&lived_through, "b", 1_000), None);
        assert_eq!(check(&restarted, "b", 1_000), slow(10));
        assert_eq!(check(&restarted, "a", 1_299), Some(Kept::Repeated));
        for mut lately in [lived_through, restarted] {
            assert_eq!(check(&lately, "a", 1_300), None);
            let second_one = message("ana", "b", 5_000);
            lately.note(&second_one, second(1_300));
            // The fan-out hears it, too, and later.
            lately.note(&second_one, second(1_302));
            for (text, now, wanted) in [
                ("c", 1_303, slow(7)),
                ("c", 1_310, None),
                ("b", 1_599, Some(Kept::Repeated)),
                ("b", 1_600, None),
            ] {
                assert_eq!(check(&lately, text, now), wanted, "{text} at {now}");
            }
        }
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut lately = Lately::default();
        for n in 0..20_000 {
            let said = message(&format!("fan{n}"), &format!("line {n}"), n / 100);
            lately.note(&said, said.sent_at);
        }
        assert!(lately.authors.len() <= AUTHORS && lately.texts.len() <= TEXTS);
        assert!(lately.order.len() <= TEXTS);
        let modes = Modes {
            unique: true,
            ..Modes::default()
        };
        let again = message("bo", "line 19999", 200);
        assert_eq!(kept(&lately, modes, PERSON, &again), Some(Kept::Repeated));
    }
}
