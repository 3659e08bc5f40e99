//! The newest message that this process has seen of each room: what a log must not have lost.

use chatter_bus::redis::Hearing;
use chatter_protocol::{MessageId, RoomId};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

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
pub(super) struct Seen(Mutex<HashMap<RoomId, Room>>);

#[derive(Default)]
struct Room {
    mark: Mark,
    /// That the firehose is listened to, and whether it is to be.
    hearing: Option<Hearing>,
    listens: bool,
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
}

impl Seen {
    pub(super) fn get(&self, room: &RoomId) -> Mark {
        self.lock()
            .get(room)
            .map(|room| room.mark.clone())
            .unwrap_or_default()
    }

    /// Goes forward, never back.
    pub(super) fn note(&self, room: &RoomId, mark: Mark) {
        let mut rooms = self.lock();
        match rooms.get_mut(room) {
            Some(known) if known.mark.is_behind(&mark) => known.mark = mark,
            Some(_) => {}
            None => {
                let known = Room {
                    mark,
                    ..Room::default()
                };
                rooms.insert(room.clone(), known);
            }
        }
    }

    pub(super) fn rooms(&self) -> Vec<RoomId> {
        self.lock().keys().cloned().collect()
    }

    /// Whether the caller should listen to the room's firehose: nobody does yet.
    pub(super) fn begin_to_listen(&self, room: &RoomId) -> bool {
        let mut rooms = self.lock();
        match rooms.get_mut(room) {
            Some(known) => !std::mem::replace(&mut known.listens, true),
            None => {
                let known = Room {
                    listens: true,
                    ..Room::default()
                };
                rooms.insert(room.clone(), known);
                true
            }
        }
    }

    pub(super) fn listens(&self, room: &RoomId, hearing: Option<Hearing>) {
        if let Some(known) = self.lock().get_mut(room) {
            known.listens = hearing.is_some();
            known.hearing = hearing;
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RoomId, Room>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
    use std::sync::Arc;

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
            seen.note(&room, told.clone());
            assert_eq!(seen.get(&room), known, "{told:?}");
        }
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
