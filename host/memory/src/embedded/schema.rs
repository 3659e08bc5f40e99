//! The tables, and how a file gets them.

use super::write::{MERGE_WORDS, empty_log};
use crate::entry::gist;
use rusqlite::Connection;
use std::time::Duration;

/// Goes up with every change of the tables.
const VERSION: i64 = 3;

/// How long another program (a backup, a shell) may hold the file.
const BUSY: Duration = Duration::from_secs(5);

const TABLES: &str = "
    CREATE TABLE scope (
        id   INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE      -- room:{room_id}|agent:{persona}
    ) STRICT;
    CREATE TABLE entry (
        id         INTEGER PRIMARY KEY AUTOINCREMENT,
        scope      INTEGER NOT NULL REFERENCES scope (id),
        kind       TEXT NOT NULL,
        text       TEXT NOT NULL,
        about      TEXT,
        at         INTEGER NOT NULL,   -- milliseconds since the Unix epoch
        confidence REAL NOT NULL,
        source     TEXT,
        gist       TEXT NOT NULL,      -- the text without case, spacing and punctuation
        vector     BLOB,               -- of the text: 32-bit floats, little-endian, of length 1
        model      INTEGER             -- which model the vector is of; -1 if it takes no such text
    ) STRICT;
    CREATE INDEX entry_by_time ON entry (scope, at);
    CREATE INDEX entry_by_gist ON entry (scope, gist);
    CREATE INDEX entry_by_model ON entry (model);
    CREATE TABLE model (
        id         INTEGER PRIMARY KEY,
        name       TEXT NOT NULL,
        dimensions INTEGER NOT NULL,
        UNIQUE (name, dimensions)
    ) STRICT;
    CREATE TABLE written (
        id       INTEGER PRIMARY KEY AUTOINCREMENT,
        scope    INTEGER NOT NULL REFERENCES scope (id),
        write_id TEXT NOT NULL,
        UNIQUE (scope, write_id)
    ) STRICT;
    CREATE VIRTUAL TABLE word USING fts5 (
        scope, text, content = '', contentless_delete = 1,
        tokenize = 'porter unicode61 remove_diacritics 2'
    );
    CREATE TRIGGER entry_in AFTER INSERT ON entry BEGIN
        INSERT INTO word (rowid, scope, text) VALUES (new.id, 's' || new.scope, new.text);
    END;
    CREATE TRIGGER entry_out AFTER DELETE ON entry BEGIN
        DELETE FROM word WHERE rowid = old.id;
    END;
";

/// The tables of version 2 were the same.
#[cfg(test)]
pub(super) const TABLES_2: &str = TABLES;

/// The tables of version 1.
#[cfg(test)]
pub(super) const TABLES_1: &str = "
    CREATE TABLE scope (
        id   INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE      -- room:{room_id}|agent:{persona}
    ) STRICT;
    CREATE TABLE entry (
        id         INTEGER PRIMARY KEY AUTOINCREMENT,
        scope      INTEGER NOT NULL REFERENCES scope (id),
        kind       TEXT NOT NULL,
        text       TEXT NOT NULL,
        about      TEXT,
        at         INTEGER NOT NULL,   -- milliseconds since the Unix epoch
        confidence REAL NOT NULL,
        source     TEXT
    ) STRICT;
    CREATE INDEX entry_by_time ON entry (scope, at);
    CREATE INDEX entry_by_text ON entry (scope, text);
    CREATE TABLE written (
        id       INTEGER PRIMARY KEY AUTOINCREMENT,
        scope    INTEGER NOT NULL REFERENCES scope (id),
        write_id TEXT NOT NULL,
        UNIQUE (scope, write_id)
    ) STRICT;
    CREATE VIRTUAL TABLE word USING fts5 (
        scope, text, content = '', contentless_delete = 1,
        tokenize = 'porter unicode61 remove_diacritics 2'
    );
    CREATE TRIGGER entry_in AFTER INSERT ON entry BEGIN
        INSERT INTO word (rowid, scope, text) VALUES (new.id, 's' || new.scope, new.text);
    END;
    CREATE TRIGGER entry_out AFTER DELETE ON entry BEGIN
        DELETE FROM word WHERE rowid = old.id;
    END;
";

/// From the tables of version 1.
const FROM_1: &str = "
    ALTER TABLE entry ADD COLUMN gist TEXT NOT NULL DEFAULT '';
    ALTER TABLE entry ADD COLUMN vector BLOB;
    ALTER TABLE entry ADD COLUMN model INTEGER;
    DROP INDEX entry_by_text;
    CREATE INDEX entry_by_gist ON entry (scope, gist);
    CREATE INDEX entry_by_model ON entry (model);
    CREATE TABLE model (
        id         INTEGER PRIMARY KEY,
        name       TEXT NOT NULL,
        dimensions INTEGER NOT NULL,
        UNIQUE (name, dimensions)
    ) STRICT;
";

/// Why a file can't be used.
#[derive(Debug)]
pub(super) enum Unusable {
    Sqlite(rusqlite::Error),
    Newer(i64),
}

impl From<rusqlite::Error> for Unusable {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl std::fmt::Display for Unusable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(error) => error.fmt(f),
            Self::Newer(version) => write!(
                f,
                "written by a newer version of this program (format {version}; this one reads \
                 {VERSION}): update the program, or move the file away"
            ),
        }
    }
}

/// Sets the connection up and makes the tables if the file is new.
pub(super) fn prepare(connection: &mut Connection) -> Result<(), Unusable> {
    connection.busy_timeout(BUSY)?;
    // WAL, so that a reader from outside doesn't hold up writes; FULL, since whoever handed a
    // memory over forgets it once it is answered for.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // What is deleted is overwritten, also when a page is split or merged. Set for a deletion alone, it would leave
    // the copies that earlier splits made.
    connection.pragma_update(None, "secure_delete", true)?;
    let whole = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let version = whole.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))?;
    match version {
        0 => {
            whole.execute_batch(TABLES)?;
            whole.pragma_update(None, "user_version", VERSION)?;
        }
        1 => {
            whole.execute_batch(FROM_1)?;
            fill_gists(&whole)?;
            whole.pragma_update(None, "user_version", 2)?;
        }
        2 | VERSION => {}
        newer => return Err(Unusable::Newer(newer)),
    }
    whole.commit()?;
    if matches!(version, 1 | 2) {
        // Before version 3 what was deleted stayed in pages and parts that nobody used: the file is written anew.
        connection.execute(MERGE_WORDS, ())?;
        connection.execute("VACUUM", ())?;
        connection.pragma_update(None, "user_version", VERSION)?;
    }
    // A process that ended in the middle may have left a log that holds what is deleted.
    empty_log(connection)?;
    Ok(())
}

/// Entries that say the same stay apart until one of them is remembered again.
fn fill_gists(connection: &Connection) -> rusqlite::Result<()> {
    let mut texts = connection.prepare("SELECT id, text FROM entry")?;
    let texts: Vec<(i64, String)> = texts
        .query_map((), |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let mut fill = connection.prepare("UPDATE entry SET gist = ?2 WHERE id = ?1")?;
    for (id, text) in texts {
        fill.execute((id, gist(&text)))?;
    }
    Ok(())
}
