//! What can only be seen from within: faults in the midst of a commit, and what shares a flush.

use super::*;
use crate::{Change, Desks, Expected, MEMORIES_WAIT, SESSIONS_KEPT, Shelf};
use chatter_protocol::{Author, AuthorId, AuthorKind, CallId, Timestamp, V1, memory};
use std::{fs, sync::mpsc, time::Duration};
use tempfile::TempDir;

fn room() -> RoomId {
    RoomId::new("main/lobby").unwrap()
}

fn persona() -> PersonaId {
    PersonaId::new("nova").unwrap()
}

fn message() -> ChatMessage {
    let author = Author {
        id: persona().author(),
        name: "Nova".into(),
        kind: AuthorKind::Persona,
        color: None,
        badges: Vec::new(),
    };
    ChatMessage {
        v: V1,
        id: MessageId::new(),
        room_id: room(),
        author,
        text: "hello".into(),
        reply_to: None,
        mentions: Vec::new(),
        sent_at: Timestamp::from_millis(0),
        call_id: None,
        deleted: false,
    }
}

fn commit() -> CallCommit {
    let entry = memory::NewEntry {
        kind: memory::Kind::PersonaNote,
        text: "a note".into(),
        about: None,
        confidence: 1.0,
        source: None,
    };
    CallCommit {
        call_id: CallId::new(),
        room: room(),
        persona: persona(),
        digest: "a1".into(),
        state: Some(call::State {
            version: 1,
            bytes: b"state".as_slice().into(),
        }),
        lines: vec![message(), message()],
        memories: vec![entry.clone(), entry],
        at: Timestamp::from_millis(0),
        fence: None,
    }
}

async fn execute(store: &Sqlite, sql: &'static str) {
    store
        .write(move |c| Ok(c.execute_batch(sql)?))
        .await
        .unwrap();
}

/// How many rows there are in all tables.
async fn rows(store: &Sqlite) -> i64 {
    let tables = [
        "room", "log", "persona", "state", "call", "line", "memory", "session",
    ];
    let counts = tables
        .map(|table| format!("(SELECT count(*) FROM {table})"))
        .join(" + ");
    let sql = format!("SELECT {counts}");
    store
        .read(move |c| Ok(c.query_row(&sql, (), |row| row.get(0))?))
        .await
        .unwrap()
}

#[tokio::test]
async fn what_a_later_version_put_on_a_desk_is_passed_over() {
    let store = Sqlite::in_memory().unwrap();
    let put = |key: &str| Change {
        shelf: Shelf::Bans,
        key: key.into(),
        expected: Expected::Any,
        value: Some("a ban".into()),
        most: 10,
        keeps_back: None,
    };
    store.change_desk(&room(), put("ana")).await.unwrap();
    execute(
        &store,
        "INSERT INTO desk (room, shelf, key, value) SELECT id, 'polls', 'p', 'a poll' FROM room",
    )
    .await;
    store.change_desk(&room(), put("ben")).await.unwrap();
    let desk = store.desk(&room()).await.unwrap();
    let mut notes: Vec<_> = desk
        .notes
        .iter()
        .map(|note| (note.shelf, &*note.key))
        .collect();
    notes.sort_unstable();
    assert_eq!(notes, [(Shelf::Bans, "ana"), (Shelf::Bans, "ben")]);
}

#[tokio::test]
async fn a_fault_anywhere_in_a_commit_undoes_all_of_it() {
    let faults = [
        "CREATE TRIGGER fault BEFORE INSERT ON room BEGIN SELECT RAISE(ABORT, 'fault'); END",
        "CREATE TRIGGER fault BEFORE INSERT ON persona BEGIN SELECT RAISE(ABORT, 'fault'); END",
        "CREATE TRIGGER fault BEFORE INSERT ON call BEGIN SELECT RAISE(ABORT, 'fault'); END",
        "CREATE TRIGGER fault BEFORE INSERT ON state BEGIN SELECT RAISE(ABORT, 'fault'); END",
        "CREATE TRIGGER fault AFTER INSERT ON line WHEN (SELECT count(*) FROM line) = 2
         BEGIN SELECT RAISE(ABORT, 'fault'); END",
        "CREATE TRIGGER fault AFTER INSERT ON memory WHEN (SELECT count(*) FROM memory) = 2
         BEGIN SELECT RAISE(ABORT, 'fault'); END",
    ];
    for fault in faults {
        let store = Sqlite::in_memory().unwrap();
        execute(&store, fault).await;
        let commit = commit();
        let error = store.commit(commit.clone()).await.unwrap_err();
        assert!(error.to_string().contains("fault"), "{fault}: {error}");
        assert_eq!(rows(&store).await, 0, "{fault}");
        execute(&store, "DROP TRIGGER fault").await;
        store.commit(commit).await.unwrap();
        assert_eq!(
            rows(&store).await,
            8,
            "{fault}: room, persona, state, call, 2 lines, 2 memories"
        );
    }
}

/// The number of transactions in SQLite's write-ahead log: a frame that ends one has a size of the
/// database in its header (<https://sqlite.org/fileformat2.html#the_write_ahead_log>).
fn transactions(path: &Path) -> usize {
    let wal = fs::read(path.with_file_name("chatter.db-wal")).unwrap();
    let number = |at: usize| u32::from_be_bytes(wal[at..at + 4].try_into().unwrap());
    let (frame, salt) = (24 + number(8) as usize, &wal[16..24]);
    (32..wal.len())
        .step_by(frame)
        .filter(|at| wal[at + 8..at + 16] == *salt && number(at + 4) > 0)
        .count()
}

/// Holds the writer until the returned sender is used or dropped.
async fn hold(store: &Arc<Sqlite>) -> (mpsc::Sender<()>, tokio::task::JoinHandle<()>) {
    let (open, gate) = mpsc::channel::<()>();
    let (started, begun) = tokio::sync::oneshot::channel();
    let held = Arc::clone(store);
    let holding = tokio::spawn(async move {
        let work = move |_: &Connection| {
            let _ = started.send(());
            let _ = gate.recv();
            Ok(())
        };
        held.write(work).await.unwrap();
    });
    begun.await.unwrap();
    (open, holding)
}

async fn queued(store: &Sqlite, count: usize) {
    let enough = async {
        while store.writer.queued() < count {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), enough)
        .await
        .unwrap();
}

#[tokio::test]
async fn what_waits_together_is_flushed_together_and_fails_alone() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("chatter.db");
    let store = Arc::new(Sqlite::open(&path).unwrap());
    store.head(&room()).await.unwrap();
    let before = transactions(&path);

    let (open, holding) = hold(&store).await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..100 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let mut commit = commit();
            let good = n % 10 != 0;
            if !good {
                commit.lines[1].id = commit.lines[0].id;
            }
            let room = room();
            let appended = store.append(&room, vec![Arc::new(message())]);
            let (committed, appended) = tokio::join!(store.commit(commit), appended);
            assert!(appended.is_ok());
            assert_eq!(committed.is_ok(), good);
        });
    }
    queued(&store, 200).await;
    drop(open);
    holding.await.unwrap();
    tasks.join_all().await;
    assert_eq!(transactions(&path) - before, 1);
    assert_eq!(store.head(&room()).await.unwrap().offset, 100);
    assert_eq!(
        store
            .pending_lines(&room(), 1000, Duration::ZERO)
            .await
            .unwrap()
            .len(),
        180
    );
}

#[tokio::test]
async fn a_transaction_that_is_lost_is_told_to_all_in_it() {
    let store = Arc::new(Sqlite::in_memory().unwrap());
    let (open, holding) = hold(&store).await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..3 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            if n == 1 {
                // As SQLite itself does after some errors.
                let work = |c: &Connection| -> Result<(), Failure> {
                    c.execute_batch("ROLLBACK")?;
                    Err(Failure::Lost("the disk is gone".into()))
                };
                store.write(work).await.is_ok()
            } else {
                store
                    .append(&room(), vec![Arc::new(message())])
                    .await
                    .is_ok()
            }
        });
    }
    queued(&store, 3).await;
    drop(open);
    holding.await.unwrap();
    assert_eq!(tasks.join_all().await, [false; 3]);
    assert_eq!(rows(&store).await, 0);
    store
        .append(&room(), vec![Arc::new(message())])
        .await
        .unwrap();
}

#[tokio::test]
async fn a_request_that_panics_fails_alone() {
    let store = Sqlite::in_memory().unwrap();
    let work = |c: &Connection| -> Result<(), Failure> {
        c.execute_batch("INSERT INTO room (name, epoch) VALUES ('main/lobby', 'x')")?;
        panic!("on purpose")
    };
    assert!(matches!(
        store.write(work).await,
        Err(StoreError::Unavailable(_))
    ));
    assert_eq!(rows(&store).await, 0);
    store
        .append(&room(), vec![Arc::new(message())])
        .await
        .unwrap();
}

#[tokio::test]
async fn the_outbox_drops_its_oldest_when_it_is_full() {
    let store = Sqlite::in_memory().unwrap();
    store.commit(commit()).await.unwrap();
    let almost = MEMORIES_WAIT - 3;
    store
        .write(move |c| {
            let sql = "UPDATE sqlite_sequence SET seq = seq + ?1 WHERE name = 'memory'";
            Ok(c.execute(sql, (rows::signed(almost),))?)
        })
        .await
        .unwrap();
    store.commit(commit()).await.unwrap();
    let waiting = store.pending_memories(10, Duration::ZERO).await.unwrap();
    assert_eq!(waiting.len(), 3, "one of four was too far behind");
    assert_eq!(waiting[0].id.number, 2);
}

#[tokio::test]
async fn of_too_many_sessions_those_that_nobody_uses_are_forgotten() {
    let store = Sqlite::in_memory().unwrap();
    let session = |token: &str| StoredSession {
        token_sha256: token.into(),
        author_id: AuthorId::new("guest:ana").unwrap(),
        name: "Ana".into(),
        created_at: Timestamp::from_millis(0),
        used_at: Timestamp::from_millis(0),
    };
    store.put_session(session("used")).await.unwrap();
    store.put_session(session("forgotten")).await.unwrap();
    store
        .write(|c| {
            let sql =
                "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?1)
                       INSERT INTO session (token_sha256, author_id, name, created_at)
                       SELECT 'token ' || n, 'guest:ben', 'Ben', 0 FROM n";
            Ok(c.execute(sql, (rows::signed(SESSIONS_KEPT - 2),))?)
        })
        .await
        .unwrap();
    store.put_session(session("used")).await.unwrap();
    for n in 0..100 {
        store
            .put_session(session(&format!("new {n}")))
            .await
            .unwrap();
    }
    for (token, kept) in [("used", true), ("forgotten", false), ("new 0", true)] {
        let found = store.session(token).await.unwrap();
        assert_eq!(found.is_some(), kept, "{token}");
    }
    let left = rows(&store).await - rows::signed(SESSIONS_KEPT);
    assert!((0..64).contains(&left), "{left}");
}

#[tokio::test]
async fn what_can_not_be_read_is_named() {
    let store = Sqlite::in_memory().unwrap();
    store
        .append(&room(), vec![Arc::new(message()), Arc::new(message())])
        .await
        .unwrap();
    execute(&store, "UPDATE log SET message = '{}' WHERE offset = 2").await;
    let error = store.read_after(&room(), 0, 10).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::Corrupt { place, .. } if place == "log, offset 2"),
        "{error}"
    );
    assert_eq!(
        store
            .read_after(&room(), 0, 1)
            .await
            .unwrap()
            .messages
            .len(),
        1
    );
}

#[tokio::test]
async fn a_full_disk_is_told_with_the_way_out_and_passes() {
    let folder = TempDir::new().unwrap();
    let store = Sqlite::open(&folder.path().join("chatter.db")).unwrap();
    execute(&store, "PRAGMA max_page_count = 1").await;
    let big = (0..1000).map(|_| Arc::new(message())).collect::<Vec<_>>();
    let error = store.append(&room(), big.clone()).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::Unavailable(why) if why.contains("make room")),
        "{error}"
    );
    assert_eq!(rows(&store).await, 0);
    execute(&store, "PRAGMA max_page_count = 1000000").await;
    store.append(&room(), big).await.unwrap();
    assert_eq!(store.head(&room()).await.unwrap().offset, 1000);
}
