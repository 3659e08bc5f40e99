//! Memories in one SQLite file, found by full-text search (FTS5).
//!
//! A search ranks by BM25 as [FTS5 computes it](https://www.sqlite.org/fts5.html#the_bm25_function)
//! (k1 = 1.2, b = 0.75; how rare a word is counts over the whole file). BM25 has no fixed range, so
//! an entry's score is its BM25 divided by that of the best entry found: the best has 1, and the
//! others say how close they come. Equal scores are ordered by time, newest first. A search without
//! words finds the latest entries, each with score 1, since there is nothing to fit.
//!
//! Words are told apart as FTS5's `unicode61` tokenizer does, without regard to case and
//! diacritics, and English endings are cut off (`porter`): `speedruns` finds `speedrun`. A script
//! that puts no spaces between words is found by whole runs only.

mod schema;
mod words;

use crate::Memory;
use async_trait::async_trait;
use chatter_protocol::{
    AuthorId, MessageId, Timestamp,
    memory::{Entry, Error, Kind, NewEntry, Query, Scope},
};
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter, types::Value};
use std::{
    fs, io,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

/// The most entries that a search answers with, whatever its limit.
pub const SEARCH_LIMIT: u32 = 50;

/// How many entries a scope keeps. When one more arrives, those of the least worth go: an entry's
/// worth is its time, and full confidence makes it worth as much as if it were 30 days younger, so
/// the oldest and least confident go first.
pub const SCOPE_KEEPS: u32 = 2_000;

/// What full confidence is worth: as much as being this much younger, in milliseconds.
const CONFIDENCE_IS_WORTH_MS: i64 = 30 * 24 * 60 * 60 * 1_000;

/// How many write ids a scope keeps, and so the window within which a second delivery is noticed.
const WRITE_IDS_KEPT: u32 = 4 * SCOPE_KEEPS;

/// The longest text of an entry, in characters, as the protocol has it.
const MAX_TEXT: usize = 1_000;

/// The longest write id, in bytes.
const MAX_WRITE_ID: usize = 200;

/// A memory in a SQLite file of its own.
///
/// All its work is short and happens on tokio's blocking threads, one request at a time. What it
/// answered to is on disk.
#[derive(Clone)]
pub struct Embedded {
    connection: Arc<Mutex<Connection>>,
    place: String,
    keeps: u32,
}

impl Embedded {
    /// Opens the file, and makes it if it is not there, so that only its owner may read and write
    /// it. The folder must exist.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the file can't be made or opened, is no SQLite database, or was
    /// written by a newer version; the text names the file and the reason.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let place = path.display().to_string();
        make_private(path).map_err(|error| Error::Unavailable(format!("{place}: {error}")))?;
        let connection = Connection::open(path).map_err(|error| failed(&place, &error))?;
        Self::prepare(connection, place)
    }

    /// A memory that ends with the process.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if SQLite can't get the memory that it needs.
    pub fn in_memory() -> Result<Self, Error> {
        let place = "in memory".to_owned();
        let connection = Connection::open_in_memory().map_err(|error| failed(&place, &error))?;
        Self::prepare(connection, place)
    }

    fn prepare(mut connection: Connection, place: String) -> Result<Self, Error> {
        schema::prepare(&mut connection)
            .map_err(|error| Error::Unavailable(format!("{place}: {error}")))?;
        Ok(Self {
            connection: Arc::new(Mutex::new(connection)),
            place,
            keeps: SCOPE_KEEPS,
        })
    }

    /// Runs `work` on a blocking thread. It goes on to its end if the caller goes away.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let connection = Arc::clone(&self.connection);
        let done = tokio::task::spawn_blocking(move || {
            // A panic elsewhere can't have left a transaction open: dropping one rolls it back.
            work(&mut connection.lock().unwrap_or_else(PoisonError::into_inner))
        });
        match done.await {
            Ok(result) => result.map_err(|error| failed(&self.place, &error)),
            Err(_) => Err(Error::Unavailable(format!(
                "{}: the program is ending",
                self.place
            ))),
        }
    }
}

#[async_trait]
impl Memory for Embedded {
    async fn search(&self, scope: &Scope, query: &Query) -> Result<Vec<Entry>, Error> {
        let scope = scope.to_string();
        let words = words::any_of(&query.text);
        let kinds: Vec<_> = Kind::ALL
            .into_iter()
            .filter(|kind| query.kinds.contains(kind))
            .collect();
        let limit = query.limit.min(SEARCH_LIMIT);
        self.run(move |connection| match scope_number(connection, &scope)? {
            Some(scope) => search(connection, scope, words.as_deref(), &kinds, limit),
            None => Ok(Vec::new()),
        })
        .await
    }

    async fn remember(
        &self,
        scope: &Scope,
        write_id: &str,
        entry: &NewEntry,
        at: Timestamp,
    ) -> Result<(), Error> {
        check(write_id, entry)?;
        let (scope, write_id) = (scope.to_string(), write_id.to_owned());
        let (entry, keeps) = (entry.clone(), self.keeps);
        self.run(move |connection| remember(connection, &scope, &write_id, &entry, at, keeps))
            .await
    }

    fn describe(&self) -> String {
        format!("SQLite full-text search, {}", self.place)
    }
}

/// Only the owner may read what personas remember of people. SQLite gives the files beside it
/// (`-wal`, `-shm`) the same permissions.
fn make_private(path: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
        let file = options.mode(0o600).open(path)?;
        file.set_permissions(fs::Permissions::from_mode(0o600))
    }
    #[cfg(not(unix))]
    options.open(path).map(drop)
}

fn failed(place: &str, error: &rusqlite::Error) -> Error {
    Error::Unavailable(format!("{place}: {error}"))
}

fn check(write_id: &str, entry: &NewEntry) -> Result<(), Error> {
    let refused = |why: String| Err(Error::Refused(why));
    if write_id.is_empty() || write_id.len() > MAX_WRITE_ID {
        return refused(format!("its write id has not 1 to {MAX_WRITE_ID} bytes"));
    }
    if entry.text.trim().is_empty() {
        return refused("its text is empty".into());
    }
    if entry.text.chars().count() > MAX_TEXT {
        return refused(format!("its text is longer than {MAX_TEXT} characters"));
    }
    if !(0.0..=1.0).contains(&entry.confidence) {
        return refused(format!(
            "its confidence, {}, is not in 0..=1",
            entry.confidence
        ));
    }
    Ok(())
}

fn scope_number(connection: &Connection, scope: &str) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT id FROM scope WHERE name = ?1")?
        .query_row([scope], |row| row.get(0))
        .optional()
}

const COLUMNS: &str = "e.id, e.kind, e.text, e.about, e.confidence, e.source, e.at";

fn search(
    connection: &Connection,
    scope: i64,
    words: Option<&str>,
    kinds: &[Kind],
    limit: u32,
) -> rusqlite::Result<Vec<Entry>> {
    let mut values = vec![Value::Integer(scope), Value::Integer(limit.into())];
    let kinds_filter = if kinds.is_empty() {
        String::new()
    } else {
        values.extend(kinds.iter().map(|kind| Value::Text(kind.as_str().into())));
        let places: Vec<_> = (3..3 + kinds.len()).map(|n| format!("?{n}")).collect();
        format!("AND e.kind IN ({})", places.join(", "))
    };
    let sql = if let Some(words) = words {
        // The scope is a word of the index too, so that other scopes' entries are never visited.
        values.push(Value::Text(format!(
            "scope : \"s{scope}\" AND text : ({words})"
        )));
        let fits = values.len();
        format!(
            "SELECT {COLUMNS}, bm25(word, 0.0, 1.0) AS fit FROM word JOIN entry e ON e.id = word.rowid
             WHERE word MATCH ?{fits} AND e.scope = ?1 {kinds_filter}
             ORDER BY fit, e.at DESC, e.id DESC LIMIT ?2"
        )
    } else {
        format!(
            "SELECT {COLUMNS}, -1.0 AS fit FROM entry e WHERE e.scope = ?1 {kinds_filter}
             ORDER BY e.at DESC, e.id DESC LIMIT ?2"
        )
    };
    let mut found: Vec<Entry> = connection
        .prepare_cached(&sql)?
        .query_map(params_from_iter(values), read)?
        .collect::<Result<_, _>>()?;
    // FTS5's BM25 is negative, and the more so the better.
    let best = found.first().map_or(-1.0, |entry| entry.score);
    for entry in &mut found {
        entry.score = if best < 0.0 {
            (entry.score / best).clamp(0.0, 1.0)
        } else {
            1.0
        };
    }
    Ok(found)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let kind: String = row.get(1)?;
    let kind = Kind::ALL
        .into_iter()
        .find(|known| known.as_str() == kind)
        .ok_or_else(|| unreadable(1, format!("{kind:?} is no kind of memory")))?;
    let about = row.get::<_, Option<String>>(3)?;
    let about = about
        .map(|about| AuthorId::new(&about).map_err(|error| unreadable(3, error.to_string())))
        .transpose()?;
    let source = row.get::<_, Option<String>>(5)?;
    let source = source
        .map(|source| {
            source
                .parse::<MessageId>()
                .map_err(|error| unreadable(5, error.to_string()))
        })
        .transpose()?;
    let entry = NewEntry {
        kind,
        text: row.get(2)?,
        about,
        confidence: row.get(4)?,
        source,
    };
    let at = Timestamp::from_millis(row.get(6)?);
    Ok(Entry {
        id: row.get::<_, i64>(0)?.to_string(),
        entry,
        at,
        score: row.get(7)?,
    })
}

fn unreadable(column: usize, why: String) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, why.into())
}

fn remember(
    connection: &mut Connection,
    scope: &str,
    write_id: &str,
    entry: &NewEntry,
    at: Timestamp,
    keeps: u32,
) -> rusqlite::Result<()> {
    let whole = connection.transaction()?;
    whole
        .prepare_cached("INSERT INTO scope (name) VALUES (?1) ON CONFLICT DO NOTHING")?
        .execute([scope])?;
    let scope = scope_number(&whole, scope)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
    let new = whole
        .prepare_cached(
            "INSERT INTO written (scope, write_id) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        )?
        .execute(params![scope, write_id])?;
    if new == 0 {
        return Ok(());
    }
    whole
        .prepare_cached(
            "DELETE FROM written WHERE scope = ?1 AND id <= (
                 SELECT id FROM written WHERE scope = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
        )?
        .execute(params![scope, WRITE_IDS_KEPT])?;

    let about = entry.about.as_ref().map(AuthorId::as_str);
    let source = entry.source.map(|source| source.to_string());
    // What is known already is only known more freshly.
    let refreshed = whole
        .prepare_cached(
            "UPDATE entry SET at = max(at, ?5), confidence = ?6, source = coalesce(?7, source)
             WHERE scope = ?1 AND kind = ?2 AND text = ?3 AND about IS ?4",
        )?
        .execute(params![
            scope,
            entry.kind.as_str(),
            entry.text,
            about,
            at.as_millis(),
            entry.confidence,
            source
        ])?;
    if refreshed == 0 {
        whole
            .prepare_cached(
                "INSERT INTO entry (scope, kind, text, about, at, confidence, source)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                scope,
                entry.kind.as_str(),
                entry.text,
                about,
                at.as_millis(),
                entry.confidence,
                source
            ])?;
        whole
            .prepare_cached(
                "DELETE FROM entry WHERE id IN (
                     SELECT id FROM entry WHERE scope = ?1
                     ORDER BY at + confidence * ?2 DESC, id DESC LIMIT -1 OFFSET ?3)",
            )?
            .execute(params![scope, CONFIDENCE_IS_WORTH_MS, keeps])?;
    }
    whole.commit()
}

#[cfg(test)]
mod tests;
