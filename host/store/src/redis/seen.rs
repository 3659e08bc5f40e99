//! The newest message that this process has seen of each room: what a log must not have lost.
//!
//! It must not be moved on by what comes from a server that has lost it: others may have added to what
//! was left before this process asks. So what is heard counts only as long as it joins what was heard
//! before. From when the connection ends ([`Seen::interrupted`]) until a question that was asked after it
//! is back ([`Seen::back`]) has been answered, the mark stays as it is, and each question carries it.

use chatter_bus::redis::Hearing;
use chatter_protocol::{MessageId, RoomId};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

/// How far a log is known to go. Empty if nothing of it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) epoch: String,
    pub(super) offset: u64,
    /// The sixteen bytes of the message there; nothing if there is none.
    pub(super) id: Vec<u8>,
}

/// The marks of all rooms that this process has to do with.
#[derive(Default)]
pub(super) struct Seen(Mutex<HashMap<RoomId, Room>>, Arc<Notify>);

#[derive(Default)]
struct Room {
    mark: Mark,
    hearing: Hears,
    /// Counted up whenever `hearing` changes: what was asked before does not count any more.
    turn: u64,
    /// That the firehose is listened to, and whether it is to be.
    subscription: Option<Hearing>,
    listens: bool,
}

/// Whether what is heard joins what was heard before.
#[derive(Default)]
enum Hears {
    #[default]
    All,
    /// The connection has ended.
    Not,
    /// It is there again, and nobody has asked since what was missed; the newest that was heard by now.
    Again(Mark),
}

impl Mark {
    /// Later epochs begin with a greater number.
    fn is_behind(&self, other: &Self) -> bool {
        if self.epoch == other.epoch {
            self.offset < other.offset
        } else {
            self.epoch < other.epoch
        }
    }

    /// Goes forward, never back.
    fn advance(&mut self, to: Self) {
        if self.is_behind(&to) {
            *self = to;
        }
    }

    /// Whether two messages have the same place.
    fn contradicts(&self, other: &Self) -> bool {
        self.epoch == other.epoch && self.offset == other.offset && self.id != other.id
    }
}

impl Seen {
    /// The mark, and what the answer to a question that carries it is to be noted under.
    pub(super) fn get(&self, room: &RoomId) -> (Mark, u64) {
        let rooms = self.lock();
        let known = rooms
            .get(room)
            .map(|known| (known.mark.clone(), known.turn));
        known.unwrap_or_default()
    }

    /// So far the log goes, as the server answered to a question that carried the mark.
    pub(super) fn answered(&self, room: &RoomId, turn: u64, mark: Mark) {
        let mut rooms = self.lock();
        let known = rooms.entry(room.clone()).or_default();
        if known.turn != turn {
            return;
        }
        known.mark.advance(mark);
        if let Hears::Again(newest) = &mut known.hearing {
            let newest = std::mem::take(newest);
            known.mark.advance(newest);
            known.hears(Hears::All);
        }
    }

    /// This came in live.
    pub(super) fn heard(&self, room: &RoomId, mark: Mark) {
        let mut rooms = self.lock();
        let known = rooms.entry(room.clone()).or_default();
        match &mut known.hearing {
            Hears::All if known.mark.contradicts(&mark) => {
                known.hears(Hears::Again(Mark::default()));
                self.1.notify_one();
            }
            Hears::All => known.mark.advance(mark),
            Hears::Not => {}
            Hears::Again(newest) => newest.advance(mark),
        }
    }

    /// Nothing is heard from now on.
    pub(super) fn interrupted(&self, room: &RoomId) {
        if let Some(known) = self.lock().get_mut(room) {
            known.hears(Hears::Not);
        }
    }

    /// It is heard again, and something may have been missed.
    pub(super) fn back(&self, room: &RoomId) {
        if let Some(known) = self.lock().get_mut(room) {
            known.hears(Hears::Again(Mark::default()));
        }
        self.1.notify_one();
    }

    /// Notified when a room is to be asked about.
    pub(super) fn questions(&self) -> Arc<Notify> {
        Arc::clone(&self.1)
    }

    pub(super) fn rooms(&self) -> Vec<RoomId> {
        self.lock().keys().cloned().collect()
    }

    /// That the caller is to listen to the room's firehose: nobody does yet.
    pub(super) fn begin_to_listen<'a>(&'a self, room: &'a RoomId) -> Option<Beginning<'a>> {
        let mut rooms = self.lock();
        // Each request asks this: an id is cloned for the first alone.
        let begins = match rooms.get_mut(room) {
            Some(known) => !std::mem::replace(&mut known.listens, true),
            None => {
                let known = Room {
                    listens: true,
                    ..Room::default()
                };
                rooms.insert(room.clone(), known);
                true
            }
        };
        begins.then(|| Beginning {
            seen: self,
            room,
            heard_by: None,
        })
    }

    fn listens(&self, room: &RoomId, subscription: Option<Hearing>) {
        let before = self.lock().get_mut(room).and_then(|known| {
            known.listens = subscription.is_some();
            std::mem::replace(&mut known.subscription, subscription)
        });
        // Who is told what is heard may wait for these marks.
        drop(before);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RoomId, Room>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// That somebody is about to listen to a room. If it has not come to that when this is dropped, it is the next one's turn.
pub(super) struct Beginning<'a> {
    seen: &'a Seen,
    room: &'a RoomId,
    heard_by: Option<Hearing>,
}

impl Beginning<'_> {
    pub(super) fn listens(mut self, subscription: Hearing) {
        self.heard_by = Some(subscription);
    }
}

impl Drop for Beginning<'_> {
    fn drop(&mut self) {
        self.seen.listens(self.room, self.heard_by.take());
    }
}

impl Room {
    fn hears(&mut self, what: Hears) {
        self.hearing = what;
        self.turn += 1;
    }
}

/// The mark that an entry of the firehose sets, read off its beginning; nothing if it is not written
/// as the script that appends writes it.
pub(super) fn mark(entry: &[u8]) -> Option<Mark> {
    // The longest beginning: an epoch, an offset, an id, and what is between them.
    let head = entry.get(..entry.len().min(160))?;
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(head.get(..error.valid_up_to())?).ok()?,
    };
    let (epoch, rest) = text.strip_prefix(r#"{"v":1,"epoch":""#)?.split_once('"')?;
    let (offset, rest) = rest.strip_prefix(r#","offset":"#)?.split_once(',')?;
    let (id, _) = rest
        .strip_prefix(r#""message":{"v":1,"id":""#)?
        .split_once('"')?;
    let id: MessageId = id.parse().ok()?;
    Some(Mark {
        epoch: epoch.to_owned(),
        offset: offset.parse().ok()?,
        id: id.as_uuid().as_bytes().to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatter_protocol::{Author, AuthorKind, ChatMessage, FirehoseEntry, Timestamp, V1};

    fn at(epoch: &str, offset: u64) -> Mark {
        Mark {
            epoch: epoch.into(),
            offset,
            id: Vec::new(),
        }
    }

    #[test]
    fn a_mark_goes_forward_only() {
        let seen = Seen::default();
        let room = RoomId::new("main/lobby").unwrap();
        let steps = [
            (at("1a", 5), at("1a", 5)),
            (at("1a", 4), at("1a", 5)),
            (at("1b", 2), at("1b", 2)),
            (at("1a", 9), at("1b", 2)),
            (at("1b", 3), at("1b", 3)),
        ];
        for (told, known) in steps {
            seen.heard(&room, told.clone());
            assert_eq!(seen.get(&room).0, known, "{told:?}");
        }
    }

    /// The server has lost 9 and 10, and somebody else has filled their places, up to 12.
    #[test]
    fn what_comes_after_an_interruption_does_not_hide_what_came_before() {
        let (seen, room) = (Seen::default(), RoomId::new("main/lobby").unwrap());
        seen.heard(&room, at("1a", 10));
        let (_, early) = seen.get(&room);
        seen.interrupted(&room);
        let (mark, away) = seen.get(&room);
        assert_eq!(mark, at("1a", 10));
        seen.heard(&room, at("1a", 11));
        seen.back(&room);
        seen.heard(&room, at("1a", 12));
        // Answers to questions that did not carry this mark, or that the earlier server may have given.
        for turn in [early, away] {
            seen.answered(&room, turn, at("1a", 12));
        }
        let (mark, back) = seen.get(&room);
        assert_eq!(mark, at("1a", 10), "the next question carries it");
        seen.answered(&room, back, at("1b", 12));
        assert_eq!(seen.get(&room).0, at("1b", 12));
        seen.heard(&room, at("1b", 13));
        assert_eq!(seen.get(&room).0, at("1b", 13));
    }

    #[test]
    fn what_was_heard_before_the_answer_counts_after_it() {
        let (seen, room) = (Seen::default(), RoomId::new("main/lobby").unwrap());
        seen.heard(&room, at("1a", 10));
        seen.interrupted(&room);
        seen.back(&room);
        let (_, back) = seen.get(&room);
        seen.heard(&room, at("1a", 12));
        seen.answered(&room, back, at("1a", 11));
        assert_eq!(seen.get(&room).0, at("1a", 12));
    }

    #[test]
    fn another_message_at_the_same_place_holds_the_mark() {
        let (seen, room) = (Seen::default(), RoomId::new("main/lobby").unwrap());
        seen.heard(&room, at("1a", 10));
        let other = Mark {
            id: vec![7],
            ..at("1a", 10)
        };
        seen.heard(&room, other);
        seen.heard(&room, at("1a", 11));
        assert_eq!(seen.get(&room).0, at("1a", 10));
    }

    #[test]
    fn entries_of_the_firehose_are_marks() {
        let message = ChatMessage {
            v: V1,
            id: MessageId::new(),
            room_id: RoomId::new("main/lobby").unwrap(),
            author: Author {
                id: chatter_protocol::AuthorId::new("guest:ana").unwrap(),
                name: "Ana \u{1f600}".repeat(9),
                kind: AuthorKind::Viewer,
                color: None,
                badges: Vec::new(),
            },
            text: "\u{1f600}".repeat(90),
            reply_to: None,
            mentions: Vec::new(),
            sent_at: Timestamp::from_millis(0),
            call_id: None,
            deleted: false,
        };
        let entry = FirehoseEntry {
            v: V1,
            epoch: "019ac0de00017a52".into(),
            offset: 17,
            message: Arc::new(message),
        };
        let json = serde_json::to_vec(&entry).unwrap();
        let expected = Mark {
            id: entry.message.id.as_uuid().as_bytes().to_vec(),
            ..at(&entry.epoch, 17)
        };
        assert_eq!(mark(&json), Some(expected));
        for other in [
            &b"{}"[..],
            b"",
            br#"{"v":1,"epoch":"a","offset":x,"#,
            &json[..60],
            b"\xff\xfe",
        ] {
            assert_eq!(mark(other), None);
        }
    }
}
