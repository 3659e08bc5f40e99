//! Memories in one SQLite file, found by words and, where there is a server of embeddings, by meaning.
//!
//! Words are found by full-text search (FTS5), ranked by BM25 as
//! [FTS5 computes it](https://www.sqlite.org/fts5.html#the_bm25_function) (k1 = 1.2, b = 0.75; how rare
//! a word is counts over the whole file). They are told apart as FTS5's `unicode61` tokenizer does,
//! without regard to case and diacritics, and English endings are cut off (`porter`): `speedruns` finds
//! `speedrun`. A script that puts no spaces between words is found by whole runs only.
//!
//! Meaning is found by the cosine of the query's vector with that of every entry of the scope; a scope
//! is small enough for that. How the two are joined, and what recency and importance have to do with
//! it, is in [`rank`]. Scores are scaled so that the best entry found has 1. A search without words finds
//! the latest entries, each with score 1, since there is nothing to fit.
//!
//! The same said again, but for case, spacing and punctuation, of the same kind and person, only
//! refreshes what is known. Of what is about the same by its vector and by most of its words, a search
//! shows the newest alone; nothing is thrown away on a model's word.

mod at_hand;
mod rank;
mod read;
mod schema;
mod vectors;
mod words;
mod write;

pub(crate) use at_hand::Stay;

use crate::{Archive, Filter, Listing, Memory, Scopes, Which, entry};
use async_trait::async_trait;
use chatter_llm::Embedder;
use chatter_protocol::{
    Timestamp,
    memory::{Entry, Error, Kind, NewEntry, Query, Scope},
};
use rusqlite::Connection;
use std::{
    fs, io,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use vectors::Meaning;

/// The most entries that a search answers with, whatever its limit.
pub const SEARCH_LIMIT: u32 = 50;

/// How many entries a scope keeps, unless it is said otherwise. When one more arrives, those of the
/// least worth go: an entry's worth is its time, and full confidence makes it worth as much as if it
/// were 30 days younger, so the oldest and least confident go first.
pub const SCOPE_KEEPS: u32 = 2_000;

/// A memory in a SQLite file of its own.
///
/// All its work is short and happens on tokio's blocking threads, one request at a time. What it
/// answered to is on disk.
#[derive(Clone)]
pub struct Embedded {
    file: File,
    keeps: u32,
    scopes: Arc<AtomicU32>,
    meaning: Option<Arc<Meaning>>,
}

/// The file, for whoever works with it.
#[derive(Clone)]
struct File {
    connection: Arc<Mutex<Connection>>,
    place: String,
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

    /// Room for copies of another memory's entries, so many of a scope.
    ///
    /// # Errors
    ///
    /// As [`in_memory`](Self::in_memory).
    pub(crate) fn of_copies(entries: u32) -> Result<Self, Error> {
        let memory = Self::in_memory()?.keeps(entries);
        let made = at_hand::prepare(&mut memory.file.lock());
        made.map_err(|error| failed(&memory.file.place, &error))?;
        Ok(memory)
    }

    fn prepare(mut connection: Connection, place: String) -> Result<Self, Error> {
        schema::prepare(&mut connection)
            .map_err(|error| Error::Unavailable(format!("{place}: {error}")))?;
        let scopes = read::count_scopes(&connection).map_err(|error| failed(&place, &error))?;
        Ok(Self {
            file: File {
                connection: Arc::new(Mutex::new(connection)),
                place,
            },
            keeps: SCOPE_KEEPS,
            scopes: Arc::new(AtomicU32::new(scopes)),
            meaning: None,
        })
    }

    /// Keeps so many entries of a scope instead of [`SCOPE_KEEPS`].
    #[must_use]
    pub fn keeps(mut self, entries: u32) -> Self {
        self.keeps = entries;
        self
    }

    /// Finds by meaning too. A search waits so long for the query's vector at most, and goes without it
    /// else; entries get theirs in the background, by a task that ends with the last clone of this.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn with_embedder(mut self, embedder: Arc<dyn Embedder>, wait: Duration) -> Self {
        self.meaning = Some(Arc::new(Meaning::new(self.file.clone(), embedder, wait)));
        self
    }

    /// Finds by meaning as [`with_embedder`](Self::with_embedder) does, and gives no entry a vector: for a look at a file
    /// that is another process's. Entries with vectors of another model are found by their words alone.
    #[must_use]
    pub fn with_embedder_of_queries(mut self, embedder: Arc<dyn Embedder>, wait: Duration) -> Self {
        self.meaning = Some(Arc::new(Meaning::of_queries(embedder, wait)));
        self
    }

    /// How many scopes hold or held something.
    pub(crate) fn scopes_known(&self) -> u32 {
        self.scopes.load(Ordering::Relaxed)
    }

    /// Forgets everything.
    pub(crate) async fn clear(&self) -> Result<(), Error> {
        self.file.run(write::clear).await?;
        self.scopes.store(0, Ordering::Relaxed);
        Ok(())
    }

    /// Has copies of another memory's entries at hand. Only what has [room for them](Self::of_copies) can.
    pub(crate) async fn keep_at_hand(
        &self,
        scope: &Scope,
        entries: Vec<(NewEntry, Timestamp)>,
        stay: Stay,
    ) -> Result<(), Error> {
        if entries.is_empty() {
            return Ok(());
        }
        let (scope, keeps) = (scope.to_string(), self.keeps);
        let work = move |connection: &mut Connection| {
            at_hand::keep(connection, &scope, &entries, stay, keeps)
        };
        if self.file.run(work).await? {
            self.scopes.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Drops the copies whose time is over.
    pub(crate) async fn drop_at_hand(&self, now: i64) -> Result<(), Error> {
        let work = move |connection: &mut Connection| at_hand::drop_old(connection, now);
        self.file.run(work).await
    }

    /// As [`Memory::remember`], of several at once; what breaks a rule is passed over.
    async fn remember_all(
        &self,
        scope: &Scope,
        mut entries: Vec<(String, NewEntry, Timestamp)>,
    ) -> Result<(), Error> {
        entries.retain(|(write_id, entry, _)| entry::check(write_id, entry).is_ok());
        if entries.is_empty() {
            return Ok(());
        }
        let (scope, keeps) = (scope.to_string(), self.keeps);
        let work =
            move |connection: &mut Connection| write::remember(connection, &scope, &entries, keeps);
        if self.file.run(work).await? {
            self.scopes.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(meaning) = &self.meaning {
            meaning.wake();
        }
        Ok(())
    }
}

impl File {
    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A panic elsewhere can't have left a transaction open: dropping one rolls it back.
        let connection = self.connection.lock();
        connection.unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `work` on a blocking thread. It goes on to its end if the caller goes away.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let file = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&mut file.lock()));
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
        let vector = match &self.meaning {
            Some(meaning) if words.is_some() => meaning.of(&query.text).await,
            _ => None,
        };
        let wanted = |kind: &Kind| query.kinds.contains(kind);
        let ask = read::Ask {
            words,
            vector,
            kinds: Kind::ALL.into_iter().filter(wanted).collect(),
            limit: query.limit.min(SEARCH_LIMIT),
        };
        self.file
            .run(move |connection| read::search(connection, &scope, &ask))
            .await
    }

    async fn remember(
        &self,
        scope: &Scope,
        write_id: &str,
        entry: &NewEntry,
        at: Timestamp,
    ) -> Result<(), Error> {
        entry::check(write_id, entry)?;
        self.remember_all(scope, vec![(write_id.to_owned(), entry.clone(), at)])
            .await
    }

    fn is_private(&self) -> bool {
        true
    }

    fn describe(&self) -> String {
        let place = &self.file.place;
        match &self.meaning {
            None => format!("SQLite full-text search, {place}"),
            Some(meaning) => format!(
                "SQLite full-text search and embeddings by {}, {place}",
                meaning.describe()
            ),
        }
    }
}

#[async_trait]
impl Archive for Embedded {
    async fn scopes(&self, of: &Which) -> Result<Scopes, Error> {
        let mut scopes = self.file.run(|connection| read::scopes(connection)).await?;
        scopes.retain(|scope| of.takes(scope));
        Ok(Scopes {
            scopes,
            more: false,
        })
    }

    async fn list(&self, scope: &Scope, filter: &Filter) -> Result<Listing, Error> {
        let (scope, filter) = (scope.to_string(), filter.clone());
        let entries = self
            .file
            .run(move |connection| read::list(connection, &scope, &filter))
            .await?;
        Ok(Listing {
            entries,
            more: false,
        })
    }

    async fn forget(&self, scope: &Scope, filter: &Filter) -> Result<u64, Error> {
        let (scope, filter) = (scope.to_string(), filter.clone());
        self.file
            .run(move |connection| write::forget(connection, &scope, &filter))
            .await
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

#[cfg(test)]
mod tests;
