//! What several tables have in common: rooms, JSON, numbers.

use super::Failure;
use crate::Head;
use chatter_protocol::RoomId;
use rusqlite::{Connection, OptionalExtension};
use serde::{Serialize, de::DeserializeOwned};

/// A room as it is kept.
pub(super) struct Room {
    /// The key of its row.
    pub(super) key: i64,
    /// Where its log stands.
    pub(super) head: Head,
}

pub(super) fn find_room(connection: &Connection, room: &RoomId) -> Result<Option<Room>, Failure> {
    let row = connection
        .prepare_cached("SELECT id, epoch, head FROM room WHERE name = ?1")?
        .query_row((room.as_str(),), |row| {
            Ok((
                row.get::<_, i64>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, i64>(2)?,
            ))
        })
        .optional()?;
    row.map(|(key, epoch, head)| {
        let offset = unsigned(head, || format!("room {room}, head"))?;
        Ok(Room {
            key,
            head: Head { epoch, offset },
        })
    })
    .transpose()
}

/// The room; one that is not known yet gets a row, and so its epoch.
pub(super) fn room(connection: &Connection, room: &RoomId) -> Result<Room, Failure> {
    if let Some(known) = find_room(connection, room)? {
        return Ok(known);
    }
    let epoch = format!("{:016x}", rand::random::<u64>());
    connection
        .prepare_cached("INSERT INTO room (name, epoch) VALUES (?1, ?2)")?
        .execute((room.as_str(), &epoch))?;
    Ok(Room {
        key: connection.last_insert_rowid(),
        head: Head { epoch, offset: 0 },
    })
}

/// SQLite's integers are signed; no count here comes near the end of either.
pub(super) fn signed(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

pub(super) fn unsigned(number: i64, place: impl FnOnce() -> String) -> Result<u64, Failure> {
    u64::try_from(number).map_err(|_| Failure::corrupt(place(), "a number below zero"))
}

pub(super) fn to_json(value: &impl Serialize, what: &str) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(|error| {
        Failure::Told(crate::StoreError::Refused(format!(
            "{what} can't be written as JSON: {error}"
        )))
    })
}

pub(super) fn from_json<T: DeserializeOwned>(
    json: &str,
    place: impl FnOnce() -> String,
) -> Result<T, Failure> {
    serde_json::from_str(json).map_err(|error| Failure::corrupt(place(), error))
}
