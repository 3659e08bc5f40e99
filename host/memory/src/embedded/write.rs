//! Remembering and forgetting.

use super::{
    SCOPE_KEEPS,
    read::{scope_number, where_filter},
};
use crate::{Filter, entry::gist};
use chatter_protocol::{AuthorId, Timestamp, memory::NewEntry};
use rusqlite::{Connection, Transaction, params, params_from_iter};

/// What full confidence is worth: as much as being this much younger, in milliseconds.
const CONFIDENCE_IS_WORTH_MS: i64 = 30 * 24 * 60 * 60 * 1_000;

/// How many write ids a scope keeps, and so the window within which a second delivery is noticed.
const WRITE_IDS_KEPT: u32 = 4 * SCOPE_KEEPS;

/// Keeps entries; whether the scope is new.
pub(super) fn remember(
    connection: &mut Connection,
    scope: &str,
    entries: &[(String, NewEntry, Timestamp)],
    keeps: u32,
) -> rusqlite::Result<bool> {
    let whole = connection.transaction()?;
    let (scope, new_scope) = scope_in(&whole, scope)?;
    for (write_id, entry, at) in entries {
        if is_new(&whole, scope, write_id)? {
            keep(&whole, scope, entry, *at, keeps)?;
        }
    }
    whole.commit()?;
    Ok(new_scope)
}

/// A scope's number, and whether it is new.
pub(super) fn scope_in(whole: &Transaction<'_>, scope: &str) -> rusqlite::Result<(i64, bool)> {
    let new = whole
        .prepare_cached("INSERT INTO scope (name) VALUES (?1) ON CONFLICT DO NOTHING")?
        .execute([scope])?;
    let number = scope_number(whole, scope)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
    Ok((number, new > 0))
}

fn is_new(whole: &Transaction<'_>, scope: i64, write_id: &str) -> rusqlite::Result<bool> {
    let new = whole
        .prepare_cached(
            "INSERT INTO written (scope, write_id) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        )?
        .execute(params![scope, write_id])?;
    if new == 0 {
        return Ok(false);
    }
    whole
        .prepare_cached(
            "DELETE FROM written WHERE scope = ?1 AND id <= (
                 SELECT id FROM written WHERE scope = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
        )?
        .execute(params![scope, WRITE_IDS_KEPT])?;
    Ok(true)
}

fn keep(
    whole: &Transaction<'_>,
    scope: i64,
    entry: &NewEntry,
    at: Timestamp,
    keeps: u32,
) -> rusqlite::Result<()> {
    let kind = entry.kind.as_str();
    let about = entry.about.as_ref().map(AuthorId::as_str);
    let source = entry.source.map(|source| source.to_string());
    let gist = gist(&entry.text);
    // What is known already is only known more freshly, in the words of the first time.
    let refreshed = whole
        .prepare_cached(
            "UPDATE entry SET
                 confidence = iif(?5 >= at, ?6, confidence),
                 source = iif(?5 >= at, coalesce(?7, source), source),
                 at = max(at, ?5)
             WHERE id = (SELECT min(id) FROM entry
                         WHERE scope = ?1 AND gist = ?2 AND kind = ?3 AND about IS ?4)",
        )?
        .execute(params![
            scope,
            gist,
            kind,
            about,
            at.as_millis(),
            entry.confidence,
            source
        ])?;
    if refreshed > 0 {
        // A file of an earlier version may hold them apart.
        whole
            .prepare_cached(
                "DELETE FROM entry WHERE scope = ?1 AND gist = ?2 AND kind = ?3 AND about IS ?4
                 AND id > (SELECT min(id) FROM entry
                           WHERE scope = ?1 AND gist = ?2 AND kind = ?3 AND about IS ?4)",
            )?
            .execute(params![scope, gist, kind, about])?;
        return Ok(());
    }
    insert(whole, scope, entry, at)?;
    whole
        .prepare_cached(
            "DELETE FROM entry WHERE id IN (
                 SELECT id FROM entry WHERE scope = ?1
                 ORDER BY at + confidence * ?2 DESC, id DESC LIMIT -1 OFFSET ?3)",
        )?
        .execute(params![scope, CONFIDENCE_IS_WORTH_MS, keeps])?;
    Ok(())
}

pub(super) fn insert(
    whole: &Transaction<'_>,
    scope: i64,
    entry: &NewEntry,
    at: Timestamp,
) -> rusqlite::Result<()> {
    whole
        .prepare_cached(
            "INSERT INTO entry (scope, kind, text, about, at, confidence, source, gist)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            scope,
            entry.kind.as_str(),
            entry.text,
            entry.about.as_ref().map(AuthorId::as_str),
            at.as_millis(),
            entry.confidence,
            entry.source.map(|source| source.to_string()),
            gist(&entry.text)
        ])?;
    Ok(())
}

/// Forgets what the filter lets through, and says how many entries that were. What is deleted is
/// overwritten ([`prepare`](super::schema::prepare) sees to that), and leaves the log that SQLite writes ahead
/// too.
pub(super) fn forget(
    connection: &mut Connection,
    scope: &str,
    filter: &Filter,
) -> rusqlite::Result<u64> {
    let whole = connection.transaction()?;
    let Some(scope) = scope_number(&whole, scope)? else {
        return Ok(0);
    };
    let (filter, values) = where_filter(scope, filter);
    let gone = whole
        .prepare(&format!(
            "DELETE FROM entry WHERE id IN (SELECT e.id FROM entry e WHERE {filter})"
        ))?
        .execute(params_from_iter(values))?;
    if gone > 0 {
        // Deleted words stay in the index's older parts until those are merged.
        whole.execute(MERGE_WORDS, ())?;
    }
    whole.commit()?;
    // Also if nothing is left to forget: the last time may have ended before it came to this.
    empty_log(connection)?;
    Ok(gone as u64)
}

/// Has the index of words hold nothing of what was deleted.
pub(super) const MERGE_WORDS: &str = "INSERT INTO word (word) VALUES ('optimize')";

/// What stands in the log that SQLite writes ahead goes into the file, and the log is emptied. A reader from
/// outside may keep it; then it goes the next time.
pub(super) fn empty_log(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()))
}

pub(super) fn clear(connection: &mut Connection) -> rusqlite::Result<()> {
    let whole = connection.transaction()?;
    whole.execute_batch("DELETE FROM entry; DELETE FROM written; DELETE FROM scope;")?;
    whole.commit()
}
