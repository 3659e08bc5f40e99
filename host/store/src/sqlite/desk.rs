//! Rooms' desks, and what takes the place of messages in their logs.

use super::{
    Failure, Sqlite,
    rows::{self, signed, unsigned},
};
use crate::{
    StoreError,
    desk::{Change, Changed, Desk, Desks, Expected, Note, full, known},
};
use async_trait::async_trait;
use chatter_protocol::{ChatMessage, MessageId, RoomId};
use rusqlite::{Connection, OptionalExtension};
use std::sync::Arc;

#[async_trait]
impl Desks for Sqlite {
    async fn desk_version(&self, room: &RoomId) -> Result<u64, StoreError> {
        let room = room.clone();
        self.read(move |c| version(c, &room)).await
    }

    async fn desk(&self, room: &RoomId) -> Result<Desk, StoreError> {
        let room = room.clone();
        self.read(move |c| desk(c, &room)).await
    }

    async fn change_desk(&self, room: &RoomId, wanted: Change) -> Result<Changed, StoreError> {
        let room = room.clone();
        self.write(move |c| change(c, &room, &wanted)).await
    }

    async fn find(
        &self,
        room: &RoomId,
        id: MessageId,
    ) -> Result<Option<(u64, Arc<ChatMessage>)>, StoreError> {
        let room = room.clone();
        self.read(move |c| find(c, &room, id)).await
    }

    async fn replace(
        &self,
        room: &RoomId,
        messages: Vec<Arc<ChatMessage>>,
    ) -> Result<u64, StoreError> {
        let room = room.clone();
        self.write(move |c| replace(c, &room, &messages)).await
    }
}

fn version(connection: &Connection, room: &RoomId) -> Result<u64, Failure> {
    let version: Option<i64> = connection
        .prepare_cached("SELECT desk FROM room WHERE name = ?1")?
        .query_row((room.as_str(),), |row| row.get(0))
        .optional()?;
    unsigned(version.unwrap_or(0), || format!("room {room}, desk"))
}

fn desk(connection: &Connection, room: &RoomId) -> Result<Desk, Failure> {
    let version = version(connection, room)?;
    let mut statement = connection.prepare_cached(
        "SELECT shelf, key, value FROM desk JOIN room ON room.id = desk.room WHERE room.name = ?1",
    )?;
    let mut rows = statement.query((room.as_str(),))?;
    let mut notes = Vec::new();
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        let Some(shelf) = known(room, &name) else {
            continue;
        };
        notes.push(Note {
            shelf,
            key: row.get(1)?,
            value: row.get(2)?,
        });
    }
    Ok(Desk { version, notes })
}

fn change(connection: &Connection, room: &RoomId, change: &Change) -> Result<Changed, Failure> {
    let key = rows::room(connection, room)?.key;
    let place = (key, change.shelf.as_str(), &change.key);
    let (before, kept_back): (Option<String>, Option<[u8; 16]>) = connection
        .prepare_cached(
            "SELECT value, keeps_back FROM desk WHERE room = ?1 AND shelf = ?2 AND key = ?3",
        )?
        .query_row(place, |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?
        .unwrap_or_default();
    let as_expected = match &change.expected {
        Expected::Any => true,
        Expected::Nothing => before.is_none(),
        Expected::Value(value) => before.as_ref() == Some(value),
    };
    if !as_expected {
        return Ok(Changed::Other(before));
    }
    let keeps_back = change.will_keep_back().map(|id| id.as_uuid());
    if let Some(id) = keeps_back.filter(|id| kept_back.as_ref() != Some(id.as_bytes()))
        && let Some(offset) = connection
            .prepare_cached("SELECT offset FROM log WHERE room = ?1 AND id = ?2")?
            .query_row((key, id.as_bytes()), |row| row.get(0))
            .optional()?
    {
        let offset = unsigned(offset, || format!("log of {room}, message {id}"))?;
        return Ok(Changed::InLog(offset));
    }
    match &change.value {
        Some(value) => {
            if before.is_none() {
                let held: i64 = connection
                    .prepare_cached("SELECT count(*) FROM desk WHERE room = ?1 AND shelf = ?2")?
                    .query_row((key, change.shelf.as_str()), |row| row.get(0))?;
                if held >= signed(change.most) {
                    return Err(Failure::Told(full(change.shelf, change.most)));
                }
            }
            connection
                .prepare_cached(
                    "INSERT INTO desk (room, shelf, key, value, keeps_back) VALUES (?1, ?2, ?3, ?4, ?5)
                     ON CONFLICT (room, shelf, key) DO UPDATE
                     SET value = excluded.value, keeps_back = excluded.keeps_back",
                )?
                .execute((
                    key,
                    change.shelf.as_str(),
                    &change.key,
                    value,
                    keeps_back.as_ref().map(|id| id.as_bytes()),
                ))?;
        }
        None => {
            connection
                .prepare_cached("DELETE FROM desk WHERE room = ?1 AND shelf = ?2 AND key = ?3")?
                .execute(place)?;
        }
    }
    let version: i64 = connection
        .prepare_cached("UPDATE room SET desk = desk + 1 WHERE id = ?1 RETURNING desk")?
        .query_row((key,), |row| row.get(0))?;
    Ok(Changed::Done(unsigned(version, || {
        format!("room {room}, desk")
    })?))
}

fn find(
    connection: &Connection,
    room: &RoomId,
    id: MessageId,
) -> Result<Option<(u64, Arc<ChatMessage>)>, Failure> {
    let row = connection
        .prepare_cached(
            "SELECT offset, message FROM log JOIN room ON room.id = log.room
             WHERE room.name = ?1 AND log.id = ?2",
        )?
        .query_row((room.as_str(), id.as_uuid().as_bytes()), |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
        })
        .optional()?;
    row.map(|(offset, json)| {
        let place = || format!("log of {room}, offset {offset}");
        Ok((unsigned(offset, place)?, rows::from_json(&json, place)?))
    })
    .transpose()
}

fn replace(
    connection: &Connection,
    room: &RoomId,
    messages: &[Arc<ChatMessage>],
) -> Result<u64, Failure> {
    let Some(room) = rows::find_room(connection, room)? else {
        return Ok(0);
    };
    let mut update =
        connection.prepare_cached("UPDATE log SET message = ?3 WHERE room = ?1 AND id = ?2")?;
    let mut replaced = 0;
    for message in messages {
        let json = rows::to_json(message, "a message")?;
        let done = update.execute((room.key, message.id.as_uuid().as_bytes(), json))?;
        replaced += done as u64;
    }
    Ok(replaced)
}
