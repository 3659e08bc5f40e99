//! What outlives a process: the rooms' logs, the personas' states, lines on their way to the
//! gateway, memories on their way to the memory, sessions; and, where several processes share it, who
//! does what.
//!
//! A store promises: what it answered to is still there after the process was killed (on Redis also after the server
//! was, as far as its persistence goes; what is lost of a log ends its epoch); a room's
//! offsets are 1, 2, 3, ... without gaps; one id is in a log only once; a call's commit happens as
//! a whole or not at all. It must not know what a message means or who may say it.

mod delegate;
mod desk;
mod duties;
mod outbox;
mod redis;
mod rota;
mod sqlite;
mod waiting;

#[doc(hidden)]
pub use delegate::Delegate;
pub use desk::{Change, Changed, Desk, Desks, Expected, Note, Shelf};
pub use duties::{Duties, Duty, Lease};
pub use outbox::{OutboxEntry, OutboxId, PendingMemory, Unreadable};
pub use redis::Redis;
pub use rota::{BEAT, Held, Rota, TTL, Tenure};
pub use sqlite::{Lock, Sqlite, lock};

use async_trait::async_trait;
use chatter_protocol::{
    AuthorId, CallId, ChatMessage, MessageId, PersonaId, RoomId, Timestamp, call, memory,
};
use serde::{Deserialize, Serialize};
use std::{path::PathBuf, sync::Arc, time::Duration};

/// How many messages a room's log keeps at least, and so the window within which a second message
/// with the same id is recognised. A store may keep some more, so that it need not trim each time.
pub const LOG_KEEPS: u64 = 10_000;

/// How many of a persona's settled lines are kept for [`Store::fates`].
pub const FATES_KEPT: usize = 16;

/// How many lines of one room may wait for the gateway; a commit that would add more is refused
/// as [`StoreError::Full`].
pub const LINES_WAIT: usize = 1_000;

/// How many memories of one room may wait for the memory. Beyond that its oldest are dropped: a memory that stays away for
/// hours must not silence the personas.
pub const ROOM_MEMORIES_WAIT: usize = 10_000;

/// How many memories, of all rooms, may wait for the memory in SQLite; beyond that, too, the oldest are dropped.
pub const MEMORIES_WAIT: usize = 10 * ROOM_MEMORIES_WAIT;

/// How many calls of a persona are remembered to recognise a second commit of one of them.
pub const CALLS_KNOWN: usize = 32;

/// Of how many modules the states of a persona in a room are kept, those that wrote last.
pub const STATES_KEPT: usize = 8;

/// About how many sessions are kept. Beyond that those are forgotten that were kept longest ago.
pub const SESSIONS_KEPT: usize = 100_000;

/// A store.
///
/// Every method may fail with [`StoreError::Unavailable`] or [`StoreError::Corrupt`]; asking again
/// is always safe, since a second append of a message and a second commit of a call change nothing.
/// Dropping a method's future doesn't take the request back: it may still happen.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    // === A room's log ===

    /// Adds messages to a room's log, in this order, and gives each its offset. A message whose id
    /// the log holds already is not added again; it gets the offset that it has. One that something on the room's desk
    /// [keeps back](Change::keeps_back) is not added either. On return all others are kept: on
    /// disk, or at Redis, which writes them to disk as it is set up to.
    ///
    /// # Errors
    ///
    /// If the store fails; then none of them is promised to be in the log.
    async fn append(
        &self,
        room: &RoomId,
        messages: Vec<Arc<ChatMessage>>,
    ) -> Result<Appended, StoreError> {
        self.append_fenced(room, messages, None).await
    }

    /// As [`append`](Self::append), under the fencing number of the room's [`Duty::Intake`], if what is added is
    /// its alone to add.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] if the duty has a newer number: nothing was added then. Else as
    /// [`append`](Self::append).
    async fn append_fenced(
        &self,
        room: &RoomId,
        messages: Vec<Arc<ChatMessage>>,
        fence: Option<u64>,
    ) -> Result<Appended, StoreError>;

    /// Where a room's log stands. A room that nobody has written to has offset 0 and an epoch.
    ///
    /// # Errors
    ///
    /// If the store fails.
    async fn head(&self, room: &RoomId) -> Result<Head, StoreError>;

    /// The messages that follow `after`, oldest first, at most `limit`. If the log is kept from a
    /// later offset on, they begin there, and the page is not complete. An `after` beyond the head
    /// comes from another log or from a part that was lost: the page is empty and not complete.
    ///
    /// # Errors
    ///
    /// If the store fails, or holds a message that can't be read.
    async fn read_after(
        &self,
        room: &RoomId,
        after: u64,
        limit: usize,
    ) -> Result<LogPage, StoreError>;

    /// The latest messages, oldest first, at most `limit`.
    ///
    /// # Errors
    ///
    /// As [`Store::read_after`].
    async fn read_latest(&self, room: &RoomId, limit: usize) -> Result<LogPage, StoreError>;

    // === Personas ===

    /// Keeps all that came of a call, or nothing of it: its state, its lines, its memories. A
    /// second commit of one of the persona's latest [`CALLS_KNOWN`] calls changes nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] if the commit's fencing number is not the newest of its room;
    /// [`StoreError::Refused`] if a line has the id of an earlier line or a memory's confidence is
    /// not a number, [`StoreError::Full`] if [`LINES_WAIT`] lines would wait in the room; or if the
    /// store fails.
    async fn commit(&self, commit: CallCommit) -> Result<(), StoreError>;

    /// What a persona stored last in a room, left out what the modules with these digests wrote. For
    /// that, the latest state of each of its latest [`STATES_KEPT`] modules is kept.
    ///
    /// # Errors
    ///
    /// If the store fails.
    async fn state(
        &self,
        room: &RoomId,
        persona: &PersonaId,
        without: &[Arc<str>],
    ) -> Result<Option<StoredState>, StoreError>;

    // === Lines on their way to the gateway ===

    /// The oldest lines of the room that nobody has settled yet, at most `limit`; waits up to `wait`
    /// for the first, and is empty if none came. Lines that were handed out and not settled are
    /// handed out again, so that a gateway's death loses none; a room has one gateway at a time.
    ///
    /// # Errors
    ///
    /// If the store fails, or holds a line that can't be read.
    async fn pending_lines(
        &self,
        room: &RoomId,
        limit: usize,
        wait: Duration,
    ) -> Result<Vec<PendingLine>, StoreError>;

    /// The gateway has decided about these lines: they leave the queue, and their fates are kept
    /// for the persona's next turn. Lines that are unknown or settled already are passed over, and
    /// [`call::Fate::Pending`] leaves a line in the queue.
    ///
    /// # Errors
    ///
    /// If the store fails.
    async fn settle_lines(
        &self,
        room: &RoomId,
        settled: Vec<(MessageId, call::Fate)>,
    ) -> Result<(), StoreError> {
        self.settle_fenced(room, settled, None).await
    }

    /// As [`settle_lines`](Self::settle_lines), under the fencing number of the room's [`Duty::Intake`].
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] if the duty has a newer number: nothing was settled then. Else as
    /// [`settle_lines`](Self::settle_lines).
    async fn settle_fenced(
        &self,
        room: &RoomId,
        settled: Vec<(MessageId, call::Fate)>,
        fence: Option<u64>,
    ) -> Result<(), StoreError>;

    /// What became of a persona's latest lines, oldest first, at most `limit`; those still in the
    /// queue are pending. Of settled ones the latest [`FATES_KEPT`] are known.
    ///
    /// # Errors
    ///
    /// If the store fails, or holds a line that can't be read.
    async fn fates(
        &self,
        room: &RoomId,
        persona: &PersonaId,
        limit: usize,
    ) -> Result<Vec<call::LineFate>, StoreError>;

    // === Memories on their way to the memory ===

    /// Memories that are not delivered yet, of all rooms, at most `limit`, in the order in which they came; waits up to
    /// `wait` for the first, and is empty if none came. Tenants have equal shares of it, each with its oldest. Of those that
    /// can't be read nothing is told.
    ///
    /// # Errors
    ///
    /// If the store fails.
    async fn pending_memories(
        &self,
        limit: usize,
        wait: Duration,
    ) -> Result<Vec<PendingMemory>, StoreError> {
        let waiting = self.pending_memories_but(&[], limit, wait).await?;
        Ok(waiting.into_iter().filter_map(Result::ok).collect())
    }

    /// The same without those of `others`: as if they were not there. With it come those that can't be read, each in the
    /// place of one.
    ///
    /// # Errors
    ///
    /// If the store fails.
    async fn pending_memories_but(
        &self,
        others: &[OutboxId],
        limit: usize,
        wait: Duration,
    ) -> Result<Vec<OutboxEntry>, StoreError>;

    /// All memories that are not delivered yet, with those that somebody is delivering now, and those that can't be read.
    /// None of them is handed out by it.
    ///
    /// # Errors
    ///
    /// If the store fails.
    async fn all_pending_memories(&self) -> Result<Vec<OutboxEntry>, StoreError> {
        self.pending_memories_but(&[], usize::MAX, Duration::ZERO)
            .await
    }

    /// These memories have arrived. Unknown ids are passed over. Where a part of the store is away, the others are settled
    /// all the same.
    ///
    /// # Errors
    ///
    /// If the store fails, or a part of it.
    async fn settle_memories(&self, ids: Vec<OutboxId>) -> Result<(), StoreError>;

    // === Sessions ===

    /// Keeps a session, in place of an earlier one with the same token. Of more than
    /// [`SESSIONS_KEPT`] those are forgotten that were kept longest ago: one that is in use is kept again now and
    /// then.
    ///
    /// # Errors
    ///
    /// If the store fails.
    async fn put_session(&self, session: StoredSession) -> Result<(), StoreError>;

    /// The session whose token has this hash, if there is one.
    ///
    /// # Errors
    ///
    /// If the store fails.
    async fn session(&self, token_sha256: &str) -> Result<Option<StoredSession>, StoreError>;

    // === What gateways keep of rooms beside their logs ===

    /// The rooms' desks.
    fn desks(&self) -> &dyn Desks;

    // === Who does what, where several processes share the store ===

    /// Who does what in the rooms.
    fn duties(&self) -> &dyn Duties;

    // ===

    /// What it runs on, for people: `SQLite, /home/me/.local/share/chatter/chatter.db`.
    fn describe(&self) -> String;
}

/// A store that many hold.
pub type SharedStore = Arc<dyn Store>;

/// Why the store did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Its file or server fails. What was asked for is not promised to have happened; it is safe to
    /// ask again.
    #[error("the store fails: {0}")]
    Unavailable(String),
    /// What it holds can't be read by this program.
    #[error("the store holds something unreadable in {place}: {detail}")]
    Corrupt {
        /// Table and key, or the file.
        place: String,
        /// What is wrong with it.
        detail: String,
    },
    /// The request breaks a rule of the store; asking again won't help.
    #[error("the store refuses the request: {0}")]
    Refused(String),
    /// Somebody else has taken over what the request belongs to: whoever asked has been away for
    /// too long, and must do no more of it.
    #[error("{by} has taken over the {duty} of {room}")]
    Fenced {
        /// Where.
        room: RoomId,
        /// What.
        duty: Duty,
        /// Who does it now.
        by: String,
    },
    /// A queue is full: whoever should empty it is away or too slow. It is safe to ask again.
    #[error("{what}: {bound} are waiting already")]
    Full {
        /// Which queue.
        what: String,
        /// How much it holds.
        bound: usize,
    },
    /// The data folder can't be used.
    #[error("{path} can't be used: make it writable for this user, or choose another folder with --data", path = path.display())]
    Folder {
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Another process has the data folder open.
    #[error("{folder}: this data folder is in use by another chatter; end that one, or choose another folder with --data", folder = folder.display())]
    InUse {
        /// The folder.
        folder: PathBuf,
    },
    /// A later version of this program has written the file.
    #[error("{path}: written by a newer chatter (format {found}, this one knows {known}); run that version, or choose another folder with --data", path = path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest format that this program knows.
        known: i64,
    },
    /// The file is damaged, or not a store at all.
    #[error("{path}: not a readable chatter store ({detail}); restore it from a backup, or move it away to start afresh", path = path.display())]
    NotAStore {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
}

/// Where a room's log stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Which log it is: a word that no other log has, made when the log was or when it turned out to have lost something.
    /// What it looks like is the store's business.
    pub epoch: String,
    /// The newest offset; 0 if there is none.
    pub offset: u64,
}

/// What became of messages that were to be added to a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Which log it is.
    pub epoch: String,
    /// Whether the store has said the new ones on `chat.firehose` itself.
    pub said: bool,
    /// For each message, in the order given.
    pub places: Vec<Place>,
}

/// What became of a message that was to be added to a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// It was added, at this offset.
    New(u64),
    /// The log held its id already, at this offset.
    Known(u64),
    /// It was not added: something on the room's desk [keeps it back](Change::keeps_back).
    KeptBack,
}

impl Place {
    /// Where its id is in the log.
    #[must_use]
    pub const fn offset(self) -> Option<u64> {
        match self {
            Self::New(offset) | Self::Known(offset) => Some(offset),
            Self::KeptBack => None,
        }
    }

    /// Whether it was added now.
    #[must_use]
    pub const fn is_new(self) -> bool {
        matches!(self, Self::New(_))
    }
}

/// A stretch of a log.
#[derive(Clone, Debug, PartialEq)]
pub struct LogPage {
    /// Where the log stood when it was read.
    pub head: Head,
    /// Messages with their offsets, in order.
    pub messages: Vec<(u64, Arc<ChatMessage>)>,
    /// Whether nothing is missing between `after` and the first of these; for the latest messages,
    /// whether the first of these is the room's first.
    pub complete: bool,
}

/// All that came of one call.
#[derive(Clone, Debug, PartialEq)]
pub struct CallCommit {
    /// The call.
    pub call_id: CallId,
    /// Where.
    pub room: RoomId,
    /// Whose.
    pub persona: PersonaId,
    /// The digest of the module that ran.
    pub digest: Arc<str>,
    /// The new state, if it has changed.
    pub state: Option<call::State>,
    /// Lines, as messages that are complete but for the gateway's verdict.
    pub lines: Vec<ChatMessage>,
    /// Memories to be written.
    pub memories: Vec<memory::NewEntry>,
    /// When.
    pub at: Timestamp,
    /// The fencing number under which the room's personas run here; none if nobody else can run
    /// them.
    pub fence: Option<u64>,
}

/// A persona's state, as kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredState {
    /// The digest of the module that wrote it; empty if that was before digests were kept.
    pub digest: Arc<str>,
    /// The state.
    pub state: call::State,
}

/// A line on its way to the gateway.
#[derive(Clone, Debug, PartialEq)]
pub struct PendingLine {
    /// The line.
    pub message: ChatMessage,
}

/// A guest's session, as kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredSession {
    /// SHA-256 of the token, as hexadecimal digits; the token itself is not kept.
    pub token_sha256: String,
    /// The author.
    pub author_id: AuthorId,
    /// The display name.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was in use, as far as is kept.
    #[serde(default = "long_ago")]
    pub used_at: Timestamp,
}

/// For a session of a version that did not say when it was in use.
fn long_ago() -> Timestamp {
    Timestamp::from_millis(0)
}
