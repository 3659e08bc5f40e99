//! The store in a file: SQLite in its write-ahead-log mode.
//!
//! One connection writes ([`writer`]), others read beside it ([`readers`]); all of them only within
//! blocking tasks of the runtime. A data folder belongs to one process at a time.

mod desk;
mod failure;
mod log;
mod open;
mod outbox;
mod personas;
mod readers;
mod rows;
mod schema;
mod sessions;
mod waiting;
mod writer;

#[cfg(test)]
mod tests;

use crate::{
    Appended, CallCommit, Desks, Duties, Duty, Head, LogPage, OutboxEntry, OutboxId, PendingLine,
    Store, StoreError, StoredSession, StoredState, duties::OfOneProcess, waiting::first,
};
use async_trait::async_trait;
use chatter_protocol::{ChatMessage, MessageId, PersonaId, RoomId, call};
use failure::Failure;
pub use open::{Lock, lock};
use readers::Readers;
use rusqlite::Connection;
use std::{fmt, path::Path, sync::Arc, time::Duration};
use waiting::Waiting;
use writer::Writer;

/// A store in one SQLite file.
///
/// What it has answered to is on disk: it survives the end of the process and the loss of power.
/// Its methods must be called within a tokio runtime, whose blocking tasks do the work.
pub struct Sqlite {
    /// None for a store in memory, whose one connection does everything.
    readers: Option<Arc<Readers>>,
    writer: Arc<Writer>,
    waiting: Arc<Waiting>,
    duties: Arc<OfOneProcess>,
    about: String,
}

impl Sqlite {
    /// Opens the store in this file; makes it, and the folders above it, if they are not there, for
    /// this user alone. A file of an earlier version is brought up to date.
    ///
    /// Blocks, for milliseconds with a usual file, and for up to a second if another process holds
    /// the folder.
    ///
    /// # Errors
    ///
    /// [`StoreError::Folder`], [`StoreError::InUse`], [`StoreError::Newer`] or
    /// [`StoreError::NotAStore`]; each says what to do.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let lock = open::lock(path)?;
        let connection = open::writer(path)?;
        let place: Arc<str> = path.display().to_string().into();
        let readers = Readers::open(path, Arc::clone(&place))?;
        Ok(Self {
            readers: Some(Arc::new(readers)),
            about: format!("SQLite, {place}"),
            writer: Arc::new(Writer::new(connection, place, Some(lock))),
            waiting: Arc::default(),
            duties: Arc::default(),
        })
    }

    /// A store that is gone when it is dropped.
    ///
    /// # Errors
    ///
    /// If there is no memory for it.
    pub fn in_memory() -> Result<Self, StoreError> {
        let connection = open::in_memory()?;
        Ok(Self {
            readers: None,
            about: "SQLite, in memory".into(),
            writer: Arc::new(Writer::new(connection, ":memory:".into(), None)),
            waiting: Arc::default(),
            duties: Arc::default(),
        })
    }

    async fn read<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    {
        match &self.readers {
            Some(readers) => readers.run(work).await,
            None => self.writer.run(work, || ()).await,
        }
    }

    async fn write<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    {
        self.writer.run(work, || ()).await
    }

    /// Reads from a room's log. A room that is not known yet is made, since its epoch must be the
    /// same from the first answer on.
    async fn read_log<T, W>(&self, room: &RoomId, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: Fn(&Connection, rows::Room) -> Result<T, Failure> + Send + Sync + 'static,
    {
        let work = Arc::new(work);
        let (room, again) = (room.clone(), Arc::clone(&work));
        let name = room.clone();
        let known = self
            .read(move |c| {
                rows::find_room(c, &name)?
                    .map(|row| work(c, row))
                    .transpose()
            })
            .await?;
        match known {
            Some(answer) => Ok(answer),
            None => self.write(move |c| again(c, rows::room(c, &room)?)).await,
        }
    }
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.about)
    }
}

#[async_trait]
impl Store for Sqlite {
    async fn append_fenced(
        &self,
        room: &RoomId,
        messages: Vec<Arc<ChatMessage>>,
        fence: Option<u64>,
    ) -> Result<Appended, StoreError> {
        let (room, duties) = (room.clone(), Arc::clone(&self.duties));
        self.write(move |c| {
            duties.check(&room, Duty::Intake, fence)?;
            log::append(c, &room, &messages)
        })
        .await
    }

    async fn head(&self, room: &RoomId) -> Result<Head, StoreError> {
        self.read_log(room, |_, room| Ok(room.head)).await
    }

    async fn read_after(
        &self,
        room: &RoomId,
        after: u64,
        limit: usize,
    ) -> Result<LogPage, StoreError> {
        self.read_log(room, move |c, room| log::read_after(c, room, after, limit))
            .await
    }

    async fn read_latest(&self, room: &RoomId, limit: usize) -> Result<LogPage, StoreError> {
        self.read_log(room, move |c, room| log::read_latest(c, room, limit))
            .await
    }

    async fn commit(&self, commit: CallCommit) -> Result<(), StoreError> {
        if commit.state.is_none() && commit.lines.is_empty() && commit.memories.is_empty() {
            return Ok(());
        }
        let (lines, memories) = (!commit.lines.is_empty(), !commit.memories.is_empty());
        let (waiting, room) = (Arc::clone(&self.waiting), commit.room.clone());
        let duties = Arc::clone(&self.duties);
        let committed = move || {
            if lines {
                waiting.wake_lines(&room);
            }
            if memories {
                waiting.memories.notify_waiters();
            }
        };
        self.writer
            .run(
                move |c| {
                    duties.check(&commit.room, Duty::Personas, commit.fence)?;
                    personas::commit(c, &commit)
                },
                committed,
            )
            .await
    }

    async fn state(
        &self,
        room: &RoomId,
        persona: &PersonaId,
        without: &[Arc<str>],
    ) -> Result<Option<StoredState>, StoreError> {
        let (room, persona, without) = (room.clone(), persona.clone(), without.to_vec());
        self.read(move |c| personas::state(c, &room, &persona, &without))
            .await
    }

    async fn pending_lines(
        &self,
        room: &RoomId,
        limit: usize,
        wait: Duration,
    ) -> Result<Vec<PendingLine>, StoreError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let come = self.waiting.lines(room);
        let ask = || {
            let room = room.clone();
            self.read(move |c| personas::pending_lines(c, &room, limit))
        };
        first(&come, wait, ask).await
    }

    async fn settle_fenced(
        &self,
        room: &RoomId,
        settled: Vec<(MessageId, call::Fate)>,
        fence: Option<u64>,
    ) -> Result<(), StoreError> {
        let (room, duties) = (room.clone(), Arc::clone(&self.duties));
        self.write(move |c| {
            duties.check(&room, Duty::Intake, fence)?;
            personas::settle_lines(c, &room, &settled)
        })
        .await
    }

    async fn fates(
        &self,
        room: &RoomId,
        persona: &PersonaId,
        limit: usize,
    ) -> Result<Vec<call::LineFate>, StoreError> {
        let (room, persona) = (room.clone(), persona.clone());
        self.read(move |c| personas::fates(c, &room, &persona, limit))
            .await
    }

    async fn pending_memories_but(
        &self,
        others: &[OutboxId],
        limit: usize,
        wait: Duration,
    ) -> Result<Vec<OutboxEntry>, StoreError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let others: Arc<[i64]> = others.iter().map(|id| id.number).collect();
        let ask = || {
            let others = Arc::clone(&others);
            self.read(move |c| outbox::pending_memories(c, &others, limit))
        };
        first(&self.waiting.memories, wait, ask).await
    }

    async fn settle_memories(&self, ids: Vec<OutboxId>) -> Result<(), StoreError> {
        self.write(move |c| outbox::settle_memories(c, &ids)).await
    }

    async fn put_session(&self, session: StoredSession) -> Result<(), StoreError> {
        self.write(move |c| sessions::put(c, &session)).await
    }

    async fn session(&self, token_sha256: &str) -> Result<Option<StoredSession>, StoreError> {
        let token = token_sha256.to_owned();
        self.read(move |c| sessions::find(c, token)).await
    }

    fn desks(&self) -> &dyn Desks {
        self
    }

    fn duties(&self) -> &dyn Duties {
        &*self.duties
    }

    fn describe(&self) -> String {
        self.about.clone()
    }
}
