//! Sessions.

use super::{Failure, rows::signed};
use crate::{SESSIONS_KEPT, StoredSession};
use chatter_protocol::{AuthorId, Timestamp};
use rusqlite::{Connection, OptionalExtension};

/// It is looked once in so many sessions whether there are too many: that takes milliseconds.
const TRIM_EVERY: i64 = 64;

/// A session that is kept again becomes the newest.
pub(super) fn put(connection: &Connection, session: &StoredSession) -> Result<(), Failure> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO session (token_sha256, author_id, name, created_at, used_at)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute((
            &session.token_sha256,
            session.author_id.as_str(),
            &session.name,
            session.created_at.as_millis(),
            session.used_at.as_millis(),
        ))?;
    if connection.last_insert_rowid() % TRIM_EVERY == 0 {
        connection
            .prepare_cached(
                "DELETE FROM session WHERE seq <=
                 (SELECT seq FROM session ORDER BY seq DESC LIMIT 1 OFFSET ?1)",
            )?
            .execute((signed(SESSIONS_KEPT),))?;
    }
    Ok(())
}

pub(super) fn find(
    connection: &Connection,
    token_sha256: String,
) -> Result<Option<StoredSession>, Failure> {
    let row = connection
        .prepare_cached(
            "SELECT author_id, name, created_at, used_at FROM session WHERE token_sha256 = ?1",
        )?
        .query_row((&token_sha256,), |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, i64>(2)?,
                row.get::<_, i64>(3)?,
            ))
        })
        .optional()?;
    row.map(|(author_id, name, created_at, used_at)| {
        let author_id = AuthorId::new(&author_id)
            .map_err(|error| Failure::corrupt(format!("session of {name:?}"), error))?;
        Ok(StoredSession {
            token_sha256,
            author_id,
            name,
            created_at: Timestamp::from_millis(created_at),
            used_at: Timestamp::from_millis(used_at),
        })
    })
    .transpose()
}
