//! Memories on their way to the memory.

use super::{
    Failure,
    rows::{signed, to_json},
};
use crate::{
    CallCommit, MEMORIES_WAIT, OutboxEntry, OutboxId, PendingMemory, ROOM_MEMORIES_WAIT,
    StoreError, Unreadable,
};
use chatter_protocol::{PersonaId, RoomId, Timestamp, memory};
use rusqlite::{Connection, Row};

pub(super) fn submit_memories(
    connection: &Connection,
    room: i64,
    persona: i64,
    commit: &CallCommit,
) -> Result<(), Failure> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO memory (persona, write_id, entry, at) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for (n, entry) in commit.memories.iter().enumerate() {
        // JSON has no way to write these, and what is in the queue must be readable.
        if !entry.confidence.is_finite() {
            let why = format!(
                "call {}: a memory's confidence is not a number",
                commit.call_id
            );
            return Err(StoreError::Refused(why).into());
        }
        let write_id = format!("{}/{n}", commit.call_id);
        insert.execute((
            persona,
            write_id,
            to_json(entry, "a memory")?,
            commit.at.as_millis(),
        ))?;
    }
    let mut dropped = connection
        .prepare_cached(
            "DELETE FROM memory WHERE persona IN (SELECT id FROM persona WHERE room = ?1) AND id <=
             (SELECT id FROM memory WHERE persona IN (SELECT id FROM persona WHERE room = ?1)
              ORDER BY id DESC LIMIT 1 OFFSET ?2)",
        )?
        .execute((room, signed(ROOM_MEMORIES_WAIT)))?;
    dropped += connection
        .prepare_cached("DELETE FROM memory WHERE id <= (SELECT max(id) FROM memory) - ?1")?
        .execute((signed(MEMORIES_WAIT),))?;
    if dropped > 0 {
        tracing::warn!(
            dropped,
            "the memory does not take what personas remember; the oldest entries were dropped"
        );
    }
    Ok(())
}

pub(super) fn pending_memories(
    connection: &Connection,
    others: &[i64],
    limit: usize,
) -> Result<Vec<OutboxEntry>, Failure> {
    // Of each tenant the oldest, then of each the second, and so on: who has more of them waits longer.
    let mut statement = connection.prepare_cached(
        "SELECT memory.id, room.name, persona.name, write_id, entry, at FROM
           (SELECT id, row_number() OVER (PARTITION BY tenant ORDER BY id) AS place FROM
              (SELECT memory.id, substr(room.name, 1, instr(room.name, '/')) AS tenant FROM memory
               JOIN persona ON persona.id = memory.persona
               JOIN room ON room.id = persona.room
               WHERE memory.id NOT IN (SELECT value FROM json_each(?2)))
            ORDER BY place, id LIMIT ?1) AS next
         JOIN memory ON memory.id = next.id
         JOIN persona ON persona.id = memory.persona
         JOIN room ON room.id = persona.room
         ORDER BY memory.id",
    )?;
    let mut rows = statement.query((signed(limit), to_json(&others, "numbers of memories")?))?;
    let mut memories = Vec::new();
    while let Some(row) = rows.next()? {
        let room = row.get_ref(1)?.as_bytes().unwrap_or_default();
        let room = String::from_utf8_lossy(room).into();
        let number = row.get(0)?;
        let id = OutboxId { number, room };
        memories.push(pending(row, &id).map_err(|detail| Unreadable {
            id,
            place: format!("memory, {number}"),
            detail,
        }));
    }
    Ok(memories)
}

/// A memory as it was put into the outbox; or what is wrong with it.
fn pending(row: &Row<'_>, id: &OutboxId) -> Result<PendingMemory, String> {
    let text = |column| row.get::<_, String>(column).map_err(told);
    let room = RoomId::new(&text(1)?).map_err(told)?;
    let persona = PersonaId::new(&text(2)?).map_err(told)?;
    Ok(PendingMemory {
        id: id.clone(),
        scope: memory::Scope { room, persona },
        write_id: text(3)?,
        entry: serde_json::from_str(&text(4)?).map_err(told)?,
        at: Timestamp::from_millis(row.get(5).map_err(told)?),
    })
}

fn told(error: impl ToString) -> String {
    error.to_string()
}

pub(super) fn settle_memories(connection: &Connection, ids: &[OutboxId]) -> Result<(), Failure> {
    let mut settle = connection.prepare_cached("DELETE FROM memory WHERE id = ?1")?;
    for id in ids {
        settle.execute((id.number,))?;
    }
    Ok(())
}
