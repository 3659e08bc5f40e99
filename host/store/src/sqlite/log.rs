//! A room's log.

use super::{
    Failure,
    rows::{self, Room, signed, unsigned},
};
use crate::{Appended, LOG_KEEPS, LogPage, Place};
use chatter_protocol::{ChatMessage, RoomId};
use rusqlite::{Connection, OptionalExtension, Rows};
use std::sync::Arc;

/// A log is trimmed to [`LOG_KEEPS`] only when this many more are in it.
const TRIM_AT: u64 = LOG_KEEPS / 10;

pub(super) fn append(
    connection: &Connection,
    room: &RoomId,
    messages: &[Arc<ChatMessage>],
) -> Result<Appended, Failure> {
    let mut room = rows::room(connection, room)?;
    let mut find =
        connection.prepare_cached("SELECT offset FROM log WHERE room = ?1 AND id = ?2")?;
    let mut keeps_back =
        connection.prepare_cached("SELECT 1 FROM desk WHERE room = ?1 AND keeps_back = ?2")?;
    let mut insert = connection
        .prepare_cached("INSERT INTO log (room, offset, id, message) VALUES (?1, ?2, ?3, ?4)")?;
    let mut places = Vec::with_capacity(messages.len());
    for message in messages {
        let id = message.id.as_uuid();
        let known: Option<i64> = find
            .query_row((room.key, id.as_bytes()), |row| row.get(0))
            .optional()?;
        places.push(match known {
            Some(offset) => {
                let offset = unsigned(offset, || format!("log, message {}", message.id))?;
                Place::Known(offset)
            }
            None if keeps_back.exists((room.key, id.as_bytes()))? => Place::KeptBack,
            None => {
                let offset = room.head.offset + 1;
                let json = rows::to_json(message, "a message")?;
                insert.execute((room.key, signed(offset), id.as_bytes(), json))?;
                room.head.offset = offset;
                Place::New(offset)
            }
        });
    }
    if places.iter().any(|place| place.is_new()) {
        connection
            .prepare_cached("UPDATE room SET head = ?2 WHERE id = ?1")?
            .execute((room.key, signed(room.head.offset)))?;
        trim(connection, &room)?;
    }
    Ok(Appended {
        epoch: room.head.epoch,
        said: false,
        places,
    })
}

fn trim(connection: &Connection, room: &Room) -> Result<(), Failure> {
    let kept = (room.head.offset + 1).saturating_sub(first(connection, room)?);
    if kept >= LOG_KEEPS + TRIM_AT {
        connection
            .prepare_cached("DELETE FROM log WHERE room = ?1 AND offset <= ?2")?
            .execute((room.key, signed(room.head.offset - LOG_KEEPS)))?;
    }
    Ok(())
}

/// The oldest offset that is kept; the one after the head if none is.
fn first(connection: &Connection, room: &Room) -> Result<u64, Failure> {
    let first: Option<i64> = connection
        .prepare_cached("SELECT min(offset) FROM log WHERE room = ?1")?
        .query_row((room.key,), |row| row.get(0))?;
    match first {
        Some(first) => unsigned(first, || format!("log, room {}", room.key)),
        None => Ok(room.head.offset + 1),
    }
}

pub(super) fn read_after(
    connection: &Connection,
    room: Room,
    after: u64,
    limit: usize,
) -> Result<LogPage, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT offset, message FROM log WHERE room = ?1 AND offset > ?2 ORDER BY offset LIMIT ?3",
    )?;
    let messages = read(statement.query((room.key, signed(after), signed(limit)))?)?;
    let complete = after <= room.head.offset && first(connection, &room)? <= after + 1;
    Ok(LogPage {
        head: room.head,
        messages,
        complete,
    })
}

pub(super) fn read_latest(
    connection: &Connection,
    room: Room,
    limit: usize,
) -> Result<LogPage, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT offset, message FROM log WHERE room = ?1 ORDER BY offset DESC LIMIT ?2",
    )?;
    let mut messages = read(statement.query((room.key, signed(limit)))?)?;
    messages.reverse();
    let first = messages
        .first()
        .map_or(room.head.offset + 1, |(offset, _)| *offset);
    Ok(LogPage {
        head: room.head,
        messages,
        complete: first == 1,
    })
}

fn read(mut rows: Rows<'_>) -> Result<Vec<(u64, Arc<ChatMessage>)>, Failure> {
    let mut messages = Vec::new();
    while let Some(row) = rows.next()? {
        let offset = row.get::<_, i64>(0)?;
        let place = || format!("log, offset {offset}");
        let message = rows::from_json(row.get_ref(1)?.as_str().unwrap_or_default(), place)?;
        messages.push((unsigned(offset, place)?, message));
    }
    Ok(messages)
}
