//! What comes of calls: states, lines on their way to the gateway. Memories are another part's ([`outbox`]).

use super::{
    Failure, outbox,
    rows::{self, from_json, signed, to_json},
};
use crate::{
    CALLS_KNOWN, CallCommit, FATES_KEPT, LINES_WAIT, PendingLine, STATES_KEPT, StoreError,
    StoredState,
};
use chatter_protocol::{
    ChatMessage, MessageId, PersonaId, RoomId,
    call::{Fate, LineFate, State},
};
use rusqlite::{Connection, OptionalExtension};
use std::sync::Arc;

// === Commit ===

pub(super) fn commit(connection: &Connection, commit: &CallCommit) -> Result<(), Failure> {
    let room = rows::room(connection, &commit.room)?.key;
    let persona = persona(connection, room, &commit.persona)?;
    if !note_call(connection, persona, commit)? {
        return Ok(());
    }
    if let Some(state) = &commit.state {
        put_state(connection, persona, &commit.digest, state)?;
    }
    if !commit.lines.is_empty() {
        submit_lines(connection, room, persona, commit)?;
    }
    if !commit.memories.is_empty() {
        outbox::submit_memories(connection, room, persona, commit)?;
    }
    Ok(())
}

/// The key of the persona's row, which is made if need be.
fn persona(connection: &Connection, room: i64, persona: &PersonaId) -> Result<i64, Failure> {
    if let Some(known) = find_persona(connection, room, persona)? {
        return Ok(known);
    }
    connection
        .prepare_cached("INSERT INTO persona (room, name) VALUES (?1, ?2)")?
        .execute((room, persona.as_str()))?;
    Ok(connection.last_insert_rowid())
}

fn find_persona(
    connection: &Connection,
    room: i64,
    persona: &PersonaId,
) -> Result<Option<i64>, Failure> {
    Ok(connection
        .prepare_cached("SELECT id FROM persona WHERE room = ?1 AND name = ?2")?
        .query_row((room, persona.as_str()), |row| row.get(0))
        .optional()?)
}

/// Remembers that this call was committed; false if it was before.
fn note_call(connection: &Connection, persona: i64, commit: &CallCommit) -> Result<bool, Failure> {
    let call = commit.call_id.as_uuid();
    let new = connection
        .prepare_cached("INSERT OR IGNORE INTO call (persona, call_id) VALUES (?1, ?2)")?
        .execute((persona, call.as_bytes()))?;
    connection
        .prepare_cached(
            "DELETE FROM call WHERE persona = ?1 AND seq <=
             (SELECT seq FROM call WHERE persona = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2)",
        )?
        .execute((persona, signed(CALLS_KNOWN)))?;
    Ok(new > 0)
}

fn submit_lines(
    connection: &Connection,
    room: i64,
    persona: i64,
    commit: &CallCommit,
) -> Result<(), Failure> {
    let waiting: i64 = connection
        .prepare_cached("SELECT count(*) FROM line WHERE room = ?1 AND fate IS NULL")?
        .query_row((room,), |row| row.get(0))?;
    if waiting + signed(commit.lines.len()) > signed(LINES_WAIT) {
        let what = format!("{}: the gateway does not take personas' lines", commit.room);
        return Err(StoreError::Full {
            what,
            bound: LINES_WAIT,
        }
        .into());
    }
    let mut insert = connection
        .prepare_cached("INSERT INTO line (room, persona, id, message) VALUES (?1, ?2, ?3, ?4)")?;
    for line in &commit.lines {
        let (id, json) = (line.id.as_uuid(), to_json(line, "a line")?);
        insert
            .execute((room, persona, id.as_bytes(), json))
            .map_err(|error| {
                let code = error.sqlite_error().map(|error| error.extended_code);
                if code == Some(rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE) {
                    let (call, line) = (commit.call_id, line.id);
                    let why =
                        format!("call {call}: a line with the id {line} was submitted before");
                    StoreError::Refused(why).into()
                } else {
                    Failure::from(error)
                }
            })?;
    }
    Ok(())
}

// === State ===

/// Keeps a state in place of the module's earlier one, as the latest.
fn put_state(
    connection: &Connection,
    persona: i64,
    digest: &str,
    state: &State,
) -> Result<(), Failure> {
    let row = (persona, digest, state.version, &*state.bytes);
    let changed = connection
        .prepare_cached(
            "UPDATE state SET version = ?3, bytes = ?4,
             seq = (SELECT max(seq) + 1 FROM state WHERE persona = ?1)
             WHERE persona = ?1 AND digest = ?2",
        )?
        .execute(row)?;
    if changed > 0 {
        return Ok(());
    }
    connection
        .prepare_cached(
            "INSERT INTO state (persona, digest, version, bytes, seq) VALUES (?1, ?2, ?3, ?4,
             (SELECT coalesce(max(seq), 0) + 1 FROM state WHERE persona = ?1))",
        )?
        .execute(row)?;
    connection
        .prepare_cached(
            "DELETE FROM state WHERE persona = ?1 AND seq <=
             (SELECT seq FROM state WHERE persona = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2)",
        )?
        .execute((persona, signed(STATES_KEPT)))?;
    Ok(())
}

pub(super) fn state(
    connection: &Connection,
    room: &RoomId,
    persona: &PersonaId,
    without: &[Arc<str>],
) -> Result<Option<StoredState>, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT digest, version, bytes FROM state
         WHERE persona = (SELECT id FROM persona
                          WHERE room = (SELECT id FROM room WHERE name = ?1) AND name = ?2)
         ORDER BY seq DESC",
    )?;
    let mut rows = statement.query((room.as_str(), persona.as_str()))?;
    while let Some(row) = rows.next()? {
        let digest: Arc<str> = row.get(0)?;
        if !without.contains(&digest) {
            let (version, bytes) = (row.get(1)?, row.get(2)?);
            let state = State { version, bytes };
            return Ok(Some(StoredState { digest, state }));
        }
    }
    Ok(None)
}

// === Lines ===

pub(super) fn pending_lines(
    connection: &Connection,
    room: &RoomId,
    limit: usize,
) -> Result<Vec<PendingLine>, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, message FROM line
         WHERE room = (SELECT id FROM room WHERE name = ?1) AND fate IS NULL
         ORDER BY seq LIMIT ?2",
    )?;
    let mut rows = statement.query((room.as_str(), signed(limit)))?;
    let mut lines = Vec::new();
    while let Some(row) = rows.next()? {
        let (seq, json): (i64, String) = (row.get(0)?, row.get(1)?);
        lines.push(PendingLine {
            message: from_json(&json, || format!("line, {seq}"))?,
        });
    }
    Ok(lines)
}

pub(super) fn settle_lines(
    connection: &Connection,
    room: &RoomId,
    settled: &[(MessageId, Fate)],
) -> Result<(), Failure> {
    let Some(room) = rows::find_room(connection, room)? else {
        return Ok(());
    };
    let mut settle = connection.prepare_cached(
        "UPDATE line SET fate = ?3 WHERE room = ?1 AND id = ?2 AND fate IS NULL RETURNING persona",
    )?;
    let mut forget = connection.prepare_cached(
        "DELETE FROM line WHERE persona = ?1 AND fate IS NOT NULL AND seq <=
         (SELECT seq FROM line WHERE persona = ?1 AND fate IS NOT NULL
          ORDER BY seq DESC LIMIT 1 OFFSET ?2)",
    )?;
    for (id, fate) in settled {
        if *fate == Fate::Pending {
            continue;
        }
        let (id, fate) = (id.as_uuid(), to_json(fate, "a fate")?);
        let persona: Option<i64> = settle
            .query_row((room.key, id.as_bytes(), fate), |row| row.get(0))
            .optional()?;
        if let Some(persona) = persona {
            forget.execute((persona, signed(FATES_KEPT)))?;
        }
    }
    Ok(())
}

pub(super) fn fates(
    connection: &Connection,
    room: &RoomId,
    persona: &PersonaId,
    limit: usize,
) -> Result<Vec<LineFate>, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, message, fate FROM line
         WHERE persona = (SELECT id FROM persona
                          WHERE room = (SELECT id FROM room WHERE name = ?1) AND name = ?2)
         ORDER BY seq DESC LIMIT ?3",
    )?;
    let mut rows = statement.query((room.as_str(), persona.as_str(), signed(limit)))?;
    let mut fates = Vec::new();
    while let Some(row) = rows.next()? {
        let (seq, json): (i64, String) = (row.get(0)?, row.get(1)?);
        let place = || format!("line, {seq}");
        let line: ChatMessage = from_json(&json, place)?;
        let fate = match row.get::<_, Option<String>>(2)? {
            Some(json) => from_json(&json, place)?,
            None => Fate::Pending,
        };
        fates.push(LineFate {
            message_id: line.id,
            text: line.text,
            fate,
        });
    }
    fates.reverse();
    Ok(fates)
}
