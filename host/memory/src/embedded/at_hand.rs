//! Copies of another memory's entries, for while that is away. Each is as fresh as what it was kept for last, and stays
//! for a while alone: what was forgotten over there is not to be found here for ever.

use super::write::{insert, scope_in};
use crate::entry::gist;
use chatter_protocol::{AuthorId, Timestamp, memory::NewEntry};
use rusqlite::{Connection, params};

const TABLE: &str = "
    CREATE TABLE at_hand (
        entry INTEGER PRIMARY KEY REFERENCES entry (id) ON DELETE CASCADE,
        since INTEGER NOT NULL,
        until INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX at_hand_by_end ON at_hand (until);
";

/// For how long copies are kept, in milliseconds from a moment that whoever keeps them has chosen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stay {
    /// This moment: what has been here for too long goes.
    pub(crate) now: i64,
    /// How fresh they are: of too many those go first that are so since the longest.
    pub(crate) since: i64,
    /// From then on they are gone.
    pub(crate) until: i64,
}

/// Makes the table, beside those of the memory.
pub(super) fn prepare(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.execute_batch(TABLE)
}

/// Keeps copies; whether the scope is new. A copy that is there already is neither less fresh nor gone earlier for it.
pub(super) fn keep(
    connection: &mut Connection,
    scope: &str,
    entries: &[(NewEntry, Timestamp)],
    stay: Stay,
    keeps: u32,
) -> rusqlite::Result<bool> {
    let whole = connection.transaction()?;
    let (scope, new_scope) = scope_in(&whole, scope)?;
    for (entry, at) in entries {
        let (gist, kind) = (gist(&entry.text), entry.kind.as_str());
        let about = entry.about.as_ref().map(AuthorId::as_str);
        let (since, until) = whole
            .prepare_cached(
                "SELECT coalesce(max(h.since), ?5), coalesce(max(h.until), ?6)
                 FROM entry e JOIN at_hand h ON h.entry = e.id
                 WHERE e.scope = ?1 AND e.gist = ?2 AND e.kind = ?3 AND e.about IS ?4",
            )?
            .query_row(
                params![scope, gist, kind, about, stay.since, stay.until],
                |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)),
            )?;
        whole
            .prepare_cached(
                "DELETE FROM entry WHERE scope = ?1 AND gist = ?2 AND kind = ?3 AND about IS ?4",
            )?
            .execute(params![scope, gist, kind, about])?;
        insert(&whole, scope, entry, *at)?;
        let id = whole.last_insert_rowid();
        whole
            .prepare_cached("INSERT INTO at_hand (entry, since, until) VALUES (?1, ?2, ?3)")?
            .execute((id, since.max(stay.since), until.max(stay.until)))?;
    }
    drop_old(&whole, stay.now)?;
    whole
        .prepare_cached(
            "DELETE FROM entry WHERE id IN (
                 SELECT e.id FROM entry e JOIN at_hand h ON h.entry = e.id WHERE e.scope = ?1
                 ORDER BY h.since DESC, e.id DESC LIMIT -1 OFFSET ?2)",
        )?
        .execute(params![scope, keeps])?;
    whole.commit()?;
    Ok(new_scope)
}

/// Drops the copies whose time is over.
pub(super) fn drop_old(connection: &Connection, now: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "DELETE FROM entry WHERE id IN (SELECT entry FROM at_hand WHERE until <= ?1)",
        )?
        .execute([now])
        .map(drop)
}
