//! SQLite, put to what every store promises, and to what a file adds to that.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod conformance;

use chatter_store::{OutboxId, Sqlite, Store, StoreError};
use conformance::{Subject, conformance, lobby, messages};
use std::{fs, path::PathBuf, time::Duration};
use tempfile::TempDir;

struct Folder(TempDir);

impl Folder {
    fn file(&self) -> PathBuf {
        self.0.path().join("data/deeper/chatter.db")
    }

    fn open(&self) -> Sqlite {
        Sqlite::open(&self.file()).unwrap()
    }

    fn connect(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.file()).unwrap()
    }
}

impl Subject for Folder {
    type Store = Sqlite;

    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    async fn open(&self) -> Sqlite {
        Sqlite::open(&self.file()).unwrap()
    }

    fn spoil(&self, memory: &OutboxId) {
        let sql = "UPDATE memory SET entry = '{}' WHERE id = ?1";
        let changed = self.connect().execute(sql, (memory.number,)).unwrap();
        assert_eq!(changed, 1);
    }
}

conformance!(Folder);

#[tokio::test]
async fn a_store_in_memory_does_the_same() {
    struct Memory;
    impl Subject for Memory {
        type Store = Sqlite;

        fn new() -> Self {
            Self
        }

        async fn open(&self) -> Sqlite {
            Sqlite::in_memory().unwrap()
        }

        fn spoil(&self, _: &OutboxId) {
            unreachable!("nobody else can reach it")
        }
    }
    conformance::offsets_have_no_gaps_however_many_append(&Memory).await;
    conformance::a_commit_that_fails_leaves_nothing(&Memory).await;
    conformance::whoever_waits_for_lines_is_woken(&Memory).await;
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_at_its_deadline() {
    let folder = Folder::new();
    let store = folder.open();
    let wait = Duration::from_secs(3600);
    let start = tokio::time::Instant::now();
    assert!(
        store
            .pending_lines(&lobby(), 1, wait)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(store.pending_memories(1, wait).await.unwrap().is_empty());
    let took = start.elapsed();
    assert!(
        took >= 2 * wait && took < 2 * wait + Duration::from_secs(1),
        "{took:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn paused_time_stands_still_while_the_disk_works() {
    let folder = Folder::new();
    let store = folder.open();
    let start = tokio::time::Instant::now();
    let (room, bound) = (lobby(), Duration::from_millis(1));
    for _ in 0..20 {
        let append = store.append(&room, messages(1));
        tokio::time::timeout(bound, append).await.unwrap().unwrap();
        let read = store.read_latest(&room, 1);
        tokio::time::timeout(bound, read).await.unwrap().unwrap();
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[test]
fn a_folder_belongs_to_one_process() {
    let folder = Folder::new();
    let store = folder.open();
    let error = Sqlite::open(&folder.file()).unwrap_err();
    assert!(matches!(error, StoreError::InUse { .. }), "{error:?}");
    let parent = folder.file().parent().unwrap().display().to_string();
    assert!(
        error.to_string().starts_with(&format!("{parent}: ")),
        "{error}"
    );
    drop(store);
    folder.open();
}

#[test]
fn a_newer_file_is_refused_and_left_as_it_is() {
    let folder = Folder::new();
    drop(folder.open());
    folder
        .connect()
        .pragma_update(None, "user_version", 99)
        .unwrap();
    let error = Sqlite::open(&folder.file()).unwrap_err();
    assert!(
        matches!(error, StoreError::Newer { found: 99, .. }),
        "{error:?}"
    );
    let version: i64 = folder
        .connect()
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    assert_eq!(version, 99);
}

/// Puts something where the file should be.
type Put = fn(&Folder);

/// What is in the place of the file, and what the error says.
#[test]
fn a_file_that_is_no_store_is_refused_with_its_path_and_the_way_out() {
    let cases: [(&str, Put, &str); 4] = [
        (
            "text",
            |folder| fs::write(folder.file(), "hello\n".repeat(1000)).unwrap(),
            "not a database",
        ),
        (
            "another program's database",
            |folder| {
                folder
                    .connect()
                    .execute_batch("CREATE TABLE bookmarks (url TEXT)")
                    .unwrap();
            },
            "a database of another program",
        ),
        (
            "a store with its middle overwritten",
            |folder| {
                drop(folder.open());
                let mut bytes = fs::read(folder.file()).unwrap();
                let len = bytes.len();
                bytes[4096..len].fill(0xA5);
                fs::write(folder.file(), bytes).unwrap();
            },
            "",
        ),
        (
            "a store that was cut off",
            |folder| {
                drop(folder.open());
                let bytes = fs::read(folder.file()).unwrap();
                fs::write(folder.file(), &bytes[..bytes.len() / 2]).unwrap();
            },
            "",
        ),
    ];
    for (what, put, reason) in cases {
        let folder = Folder::new();
        fs::create_dir_all(folder.file().parent().unwrap()).unwrap();
        put(&folder);
        let error = Sqlite::open(&folder.file()).unwrap_err();
        assert!(
            matches!(error, StoreError::NotAStore { .. }),
            "{what}: {error:?}"
        );
        let text = error.to_string();
        assert!(
            text.starts_with(&format!("{}: ", folder.file().display())),
            "{what}: {text}"
        );
        assert!(
            text.contains(reason) && text.contains("move it away"),
            "{what}: {text}"
        );
    }
}

#[test]
fn a_folder_that_can_not_be_made_is_named() {
    let folder = Folder::new();
    let file = folder.0.path().join("data");
    fs::write(&file, "").unwrap();
    let error = Sqlite::open(&folder.file()).unwrap_err();
    let StoreError::Folder { source, .. } = &error else {
        panic!("{error:?}")
    };
    let told = error.to_string();
    assert!(told.contains("--data"), "{told}");
    assert!(
        !told.contains(&source.to_string()),
        "whoever prints the causes too would say it twice: {told}"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn all_files_are_for_this_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    fs::create_dir_all(folder.file().parent().unwrap()).unwrap();
    fs::write(folder.file(), "").unwrap();
    fs::set_permissions(folder.file(), fs::Permissions::from_mode(0o644)).unwrap();
    let store = folder.open();
    store.append(&lobby(), messages(1)).await.unwrap();
    let mut names = Vec::new();
    for entry in fs::read_dir(folder.file().parent().unwrap()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}: {mode:o}", entry.file_name());
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(
        names,
        [
            "chatter.db",
            "chatter.db-shm",
            "chatter.db-wal",
            "chatter.db.lock"
        ]
    );
}

#[test]
fn says_what_it_runs_on() {
    let folder = Folder::new();
    let path = folder.file().display().to_string();
    assert_eq!(folder.open().describe(), format!("SQLite, {path}"));
}
