//! From a path to connections: the folder, the lock, the checks, the settings.

use super::schema;
use crate::StoreError;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::{
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// How long the one who used the folder before may take to end.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);
const LOCK_RETRY: Duration = Duration::from_millis(20);

/// How long a connection waits for another one's lock on the file, such as a backup tool's.
const BUSY: Duration = Duration::from_secs(5);

/// What the write-ahead log is cut back to after a checkpoint, in bytes.
const WAL_KEEPS: i64 = 16 << 20;

/// How many compiled statements a connection keeps; all of this crate's fit.
const STATEMENTS: usize = 64;

/// Held for as long as a data folder is in use; the system gives it back when the process ends,
/// however that happens.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Locks the folder of this store for the caller alone. Blocks for up to a second if somebody else
/// has it. [`Sqlite::open`](crate::Sqlite::open) does it by itself; whoever keeps other things in
/// the folder, and the store elsewhere, does it here.
///
/// # Errors
///
/// [`StoreError::Folder`] or [`StoreError::InUse`].
pub fn lock(path: &Path) -> Result<Lock, StoreError> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let unusable = |path: &Path, source| StoreError::Folder {
        path: path.to_owned(),
        source,
    };
    private_folder()
        .create(folder)
        .map_err(|source| unusable(folder, source))?;

    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".lock");
    let name = folder.join(name);
    let file = private_file()
        .open(&name)
        .map_err(|source| unusable(&name, source))?;
    let deadline = Instant::now() + LOCK_PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Lock { _file: file }),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                std::thread::sleep(LOCK_RETRY);
            }
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::InUse {
                    folder: folder.to_owned(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(unusable(&name, source)),
        }
    }
}

/// The connection that writes, to a file that is whole and of this program's version. The caller
/// holds the [`Lock`].
pub(super) fn writer(path: &Path) -> Result<Connection, StoreError> {
    // SQLite gives its side files the permissions of this one.
    private_file()
        .open(path)
        .and_then(|file| make_private(&file))
        .map_err(|source| StoreError::Folder {
            path: path.to_owned(),
            source,
        })?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags)
        .map_err(Trouble::Sqlite)
        .and_then(prepare)
        .map_err(|trouble| trouble.at(path))
}

/// A connection that only reads, beside the one that writes.
pub(super) fn reader(path: &Path) -> Result<Connection, StoreError> {
    let open = || {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(connection)
    };
    open().map_err(|error| Trouble::Sqlite(error).at(path))
}

/// A store that ends with its connection.
pub(super) fn in_memory() -> Result<Connection, StoreError> {
    Connection::open_in_memory()
        .map_err(Trouble::Sqlite)
        .and_then(prepare)
        .map_err(|trouble| trouble.at(Path::new(":memory:")))
}

enum Trouble {
    Sqlite(rusqlite::Error),
    Foreign,
    Damaged(String),
    Newer(i64),
    NoWal(String),
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl Trouble {
    fn at(self, path: &Path) -> StoreError {
        let path: PathBuf = path.to_owned();
        match self {
            Self::Sqlite(error)
                if matches!(
                    error.sqlite_error_code(),
                    Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt)
                ) =>
            {
                StoreError::NotAStore {
                    path,
                    detail: error.to_string(),
                }
            }
            Self::Sqlite(error) => StoreError::Folder {
                path,
                source: io::Error::other(error),
            },
            Self::Foreign => StoreError::NotAStore {
                path,
                detail: "a database of another program".into(),
            },
            Self::Damaged(detail) => StoreError::NotAStore { path, detail },
            Self::Newer(found) => StoreError::Newer {
                path,
                found,
                known: schema::VERSION,
            },
            Self::NoWal(mode) => {
                let detail = format!(
                    "SQLite's write-ahead log does not work on this file system (journal mode {mode})"
                );
                StoreError::Folder {
                    path,
                    source: io::Error::other(detail),
                }
            }
        }
    }
}

fn prepare(mut connection: Connection) -> Result<Connection, Trouble> {
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    let from = version(&connection)?;
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", (), |row| row.get(0))?;
    if verdict != "ok" {
        return Err(Trouble::Damaged(verdict));
    }

    // FULL: what was committed survives a loss of power too, not only the end of the process.
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    if !matches!(mode.as_str(), "wal" | "memory") {
        return Err(Trouble::NoWal(mode));
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update_and_check(None, "journal_size_limit", WAL_KEEPS, |_| Ok(()))?;

    schema::migrate(&mut connection, from)?;
    Ok(connection)
}

/// The file's version; 0 if nothing is in it yet.
fn version(connection: &Connection) -> Result<i64, Trouble> {
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (application, version) = (pragma("application_id")?, pragma("user_version")?);
    if application == schema::APPLICATION_ID {
        return if version > schema::VERSION {
            Err(Trouble::Newer(version))
        } else {
            Ok(version)
        };
    }
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0))?;
    if application == 0 && version == 0 && tables == 0 {
        Ok(0)
    } else {
        Err(Trouble::Foreign)
    }
}

// === Only for this user: the store holds what people said, and who may speak for whom ===

fn private_folder() -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(unix)]
fn make_private(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    if file.metadata()?.permissions().mode() & 0o777 == 0o600 {
        return Ok(());
    }
    file.set_permissions(std::fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn make_private(_: &File) -> io::Result<()> {
    Ok(())
}
