//! Sessions.

use super::{Failure, rows::signed};
use crate::{SESSIONS_KEPT, StoredSession};
use chatter_protocol::{AuthorId, Timestamp};
use rusqlite::{Connection, OptionalExtension};

pub(super) fn put(connection: &Connection, session: &StoredSession) -> Result<(), Failure> {
    connection
        .prepare_cached(
            "INSERT INTO session (token_sha256, author_id, name, created_at)
             VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (token_sha256) DO UPDATE
             SET author_id = excluded.author_id, name = excluded.name,
                 created_at = excluded.created_at",
        )?
        .execute((
            &session.token_sha256,
            session.author_id.as_str(),
            &session.name,
            session.created_at.as_millis(),
        ))?;
    connection
        .prepare_cached("DELETE FROM session WHERE seq <= (SELECT max(seq) FROM session) - ?1")?
        .execute((signed(SESSIONS_KEPT),))?;
    Ok(())
}

pub(super) fn find(
    connection: &Connection,
    token_sha256: String,
) -> Result<Option<StoredSession>, Failure> {
    let row = connection
        .prepare_cached("SELECT author_id, name, created_at FROM session WHERE token_sha256 = ?1")?
        .query_row((&token_sha256,), |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, i64>(2)?,
            ))
        })
        .optional()?;
    row.map(|(author_id, name, created_at)| {
        let author_id = AuthorId::new(&author_id)
            .map_err(|error| Failure::corrupt(format!("session of {name:?}"), error))?;
        let created_at = Timestamp::from_millis(created_at);
        Ok(StoredSession {
            token_sha256,
            author_id,
            name,
            created_at,
        })
    })
    .transpose()
}
