//! The tables, and how they came to be.

use rusqlite::{Connection, Transaction, TransactionBehavior};

/// Says in the file's header that it is one of ours: `chtr` in ASCII. See
/// <https://sqlite.org/pragma.html#pragma_application_id>.
pub(super) const APPLICATION_ID: i64 = 0x6368_7472;

/// Each takes the schema one version on; `user_version` counts those that a file has seen. What was
/// released is never changed, only followed by another.
const MIGRATIONS: &[&str] = &[
    // A message's place in the log is its offset; the head stays when the log is trimmed.
    "
    CREATE TABLE room (
        id    INTEGER PRIMARY KEY,
        name  TEXT NOT NULL UNIQUE,
        epoch TEXT NOT NULL,
        head  INTEGER NOT NULL DEFAULT 0
    ) STRICT;

    CREATE TABLE log (
        room    INTEGER NOT NULL REFERENCES room (id),
        offset  INTEGER NOT NULL,
        id      BLOB NOT NULL,
        message TEXT NOT NULL,
        PRIMARY KEY (room, offset),
        UNIQUE (room, id)
    ) STRICT;

    CREATE TABLE persona (
        id            INTEGER PRIMARY KEY,
        room          INTEGER NOT NULL REFERENCES room (id),
        name          TEXT NOT NULL,
        state_version INTEGER,
        state         BLOB,
        UNIQUE (room, name)
    ) STRICT;

    CREATE TABLE call (
        seq     INTEGER PRIMARY KEY AUTOINCREMENT,
        persona INTEGER NOT NULL REFERENCES persona (id),
        call_id BLOB NOT NULL,
        UNIQUE (persona, call_id)
    ) STRICT;

    -- Without a fate a line waits for the gateway.
    CREATE TABLE line (
        seq     INTEGER PRIMARY KEY AUTOINCREMENT,
        room    INTEGER NOT NULL REFERENCES room (id),
        persona INTEGER NOT NULL REFERENCES persona (id),
        id      BLOB NOT NULL,
        message TEXT NOT NULL,
        fate    TEXT,
        UNIQUE (room, id)
    ) STRICT;
    CREATE INDEX line_waiting ON line (room, seq) WHERE fate IS NULL;
    CREATE INDEX line_of ON line (persona, seq);

    CREATE TABLE memory (
        id       INTEGER PRIMARY KEY AUTOINCREMENT,
        persona  INTEGER NOT NULL REFERENCES persona (id),
        write_id TEXT NOT NULL,
        entry    TEXT NOT NULL,
        at       INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE session (
        seq          INTEGER PRIMARY KEY AUTOINCREMENT,
        token_sha256 TEXT NOT NULL UNIQUE,
        author_id    TEXT NOT NULL,
        name         TEXT NOT NULL,
        created_at   INTEGER NOT NULL
    ) STRICT;
    ",
    // What a persona keeps, by the module that wrote it: a module that proves bad is taken back with
    // what it wrote. `seq` counts a persona's writes.
    "
    CREATE TABLE state (
        id      INTEGER PRIMARY KEY,
        persona INTEGER NOT NULL REFERENCES persona (id),
        digest  TEXT NOT NULL,
        seq     INTEGER NOT NULL,
        version INTEGER NOT NULL,
        bytes   BLOB NOT NULL,
        UNIQUE (persona, digest)
    ) STRICT;
    INSERT INTO state (persona, digest, seq, version, bytes)
        SELECT id, '', 1, state_version, state FROM persona WHERE state IS NOT NULL;
    ALTER TABLE persona DROP COLUMN state;
    ALTER TABLE persona DROP COLUMN state_version;
    ",
    // What is kept of a room by name, and how often that was changed.
    "
    CREATE TABLE desk (
        room  INTEGER NOT NULL REFERENCES room (id),
        shelf TEXT NOT NULL,
        key   TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (room, shelf, key)
    ) STRICT, WITHOUT ROWID;
    ALTER TABLE room ADD COLUMN desk INTEGER NOT NULL DEFAULT 0;
    ",
    // How many memories of one room wait is bounded.
    "
    CREATE INDEX memory_of ON memory (persona, id);
    ",
    // When a session was in use.
    "
    ALTER TABLE session ADD COLUMN used_at INTEGER NOT NULL DEFAULT 0;
    ",
    // The message that is kept from the log by what lies on a desk.
    "
    ALTER TABLE desk ADD COLUMN keeps_back BLOB;
    CREATE INDEX desk_keeps_back ON desk (room, keeps_back) WHERE keeps_back IS NOT NULL;
    ",
];

/// The version that this program writes.
pub(super) const VERSION: i64 = MIGRATIONS.len() as i64;

/// Takes a file of version `from` to [`VERSION`], as a whole or not at all.
pub(super) fn migrate(connection: &mut Connection, from: i64) -> rusqlite::Result<()> {
    let seen = usize::try_from(from).unwrap_or(0);
    if seen >= MIGRATIONS.len() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for step in &MIGRATIONS[seen..] {
        transaction.execute_batch(step)?;
    }
    stamp(&transaction)?;
    transaction.commit()
}

fn stamp(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_of_the_first_format_are_kept() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(MIGRATIONS[0]).unwrap();
        connection
            .execute_batch(
                "INSERT INTO room (id, name, epoch) VALUES (1, 'main/lobby', 'x');
                 INSERT INTO persona (id, room, name, state_version, state) VALUES (5, 1, 'nova', 3, x'00ff');
                 INSERT INTO persona (id, room, name) VALUES (6, 1, 'rex');",
            )
            .unwrap();
        migrate(&mut connection, 1).unwrap();
        let mut statement = connection
            .prepare("SELECT persona, digest, version, bytes FROM state")
            .unwrap();
        let rows = statement
            .query_map((), |row| {
                Ok((
                    row.get::<_, i64>(0)?,
                    row.get::<_, String>(1)?,
                    row.get::<_, u32>(2)?,
                    row.get::<_, Vec<u8>>(3)?,
                ))
            })
            .unwrap();
        let rows: Vec<_> = rows.map(Result::unwrap).collect();
        assert_eq!(rows, [(5, String::new(), 3, vec![0, 0xff])]);
    }
}
