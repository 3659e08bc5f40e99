//! What moderation decided and moderators did, on disk: a file of JSON lines for each of them and each room, only ever
//! added to. However much is refused, what moderators did is not pushed out by it.
//!
//! Each process writes what it decided itself. A file that is full is renamed to `.1`, in place of the
//! one that had that name: of each kind a room's take at most twice [`MOST_BYTES`] and a batch. What was written
//! survives the end of the process at once; it is brought to the disk at most [`SYNC_EVERY`] later if more
//! is written, and when a file is full, so that the loss of the machine can take the latest with it.

mod file;
mod fingerprints;
mod queue;

pub(crate) use fingerprints::Fingerprints;

use chatter_protocol::{ModerationVerdict, RoomId, Timestamp, moderators::ModeratorAct};
use file::LogFile;
use queue::Queued;
use serde::{Deserialize, Serialize};
use std::{
    cmp::Reverse,
    collections::HashMap,
    io,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// When a file is full.
const MOST_BYTES: u64 = 8 << 20;

/// How long what was written may wait for the disk.
const SYNC_EVERY: Duration = Duration::from_secs(1);

/// How long whoever adds waits for the disk. What is written later than that is written all the same.
const WRITE_DEADLINE: Duration = Duration::from_secs(1);

/// What waits for the disk while a file's writer is at work, in bytes; what would be more is lost.
const MOST_WAITING: usize = 1 << 20;

/// One line.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Record {
    Act(Box<ModeratorAct>),
    Verdict(Box<ModerationVerdict>),
}

impl Record {
    fn at(&self) -> Timestamp {
        match self {
            Self::Act(act) => act.at,
            Self::Verdict(verdict) => verdict.at,
        }
    }
}

/// What a file is of. Older versions wrote acts among the verdicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Acts,
    Verdicts,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Acts, Self::Verdicts];

    fn file_of(self, room: &RoomId) -> String {
        // Neither part of a room's id has a dot.
        let (tenant, room) = (room.tenant(), room.room());
        match self {
            Self::Acts => format!("{tenant}.{room}.acts.jsonl"),
            Self::Verdicts => format!("{tenant}.{room}.jsonl"),
        }
    }
}

/// What is kept.
pub(crate) trait Kept: Serialize {
    /// In which file.
    const KIND: Kind;
}

impl Kept for ModeratorAct {
    const KIND: Kind = Kind::Acts;
}

impl Kept for ModerationVerdict {
    const KIND: Kind = Kind::Verdicts;
}

/// The audit of all rooms at this process.
#[derive(Debug)]
pub(crate) struct Audit {
    folder: PathBuf,
    most_bytes: u64,
    files: Mutex<HashMap<(RoomId, Kind), Arc<Queued>>>,
}

impl Audit {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            most_bytes: MOST_BYTES,
            files: Mutex::default(),
        }
    }

    /// Adds records of a room; see [`Queued::add`].
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::TimedOut`] if the records are written late or not at all; or if the disk fails.
    pub(crate) async fn add<T: Kept>(&self, room: &RoomId, records: &[T]) -> io::Result<()> {
        let mut lines = Vec::new();
        for record in records {
            serde_json::to_writer(&mut lines, record)?;
            lines.push(b'\n');
        }
        self.file(room, T::KIND).add(lines).await
    }

    /// The latest verdicts and acts, newest first.
    ///
    /// # Errors
    ///
    /// If the disk fails.
    pub(crate) async fn latest(&self, room: &RoomId, limit: usize) -> io::Result<Vec<Record>> {
        let files = Kind::ALL.map(|kind| self.file(room, kind));
        let read = move || -> io::Result<Vec<Record>> {
            let mut records: Vec<Record> = Vec::new();
            for queued in files {
                records.extend(queued.file.latest(limit)?);
            }
            records.sort_by_key(|record| Reverse(record.at()));
            records.truncate(limit);
            Ok(records)
        };
        match tokio::task::spawn_blocking(read).await {
            Ok(done) => done,
            Err(error) => Err(io::Error::other(error)),
        }
    }

    fn file(&self, room: &RoomId, kind: Kind) -> Arc<Queued> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let file = files.entry((room.clone(), kind)).or_insert_with(|| {
            let path = self.folder.join(kind.file_of(room));
            Arc::new(Queued::new(LogFile::new(path, self.most_bytes)))
        });
        Arc::clone(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::fs;

    fn room() -> RoomId {
        RoomId::from_parts("main", "lobby").unwrap()
    }

    fn verdict(nth: usize) -> ModerationVerdict {
        serde_json::from_value(json!({
            "v": 1, "message_id": "019ac0de-0003-7a52-9d0f-3f6a1c2b4d53", "room_id": "main/lobby",
            "author": { "id": "guest:ana", "name": "Ana", "kind": "viewer" },
            "action": "drop", "rule": "too_long", "reason": nth.to_string(),
            "original_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "policy": "default@1", "at": "2026-01-31T12:00:00.000Z"
        }))
        .unwrap()
    }

    /// So many seconds after the verdicts.
    fn later(seconds: i64) -> Timestamp {
        Timestamp::from_millis(verdict(0).at.as_millis() + 1000 * seconds)
    }

    fn act(reason: &str, at: Timestamp) -> ModeratorAct {
        serde_json::from_value(json!({
            "v": 1, "room_id": "main/lobby", "did": "ban",
            "by": { "id": "guest:mod", "name": "Mod" }, "reason": reason, "at": at
        }))
        .unwrap()
    }

    async fn reasons(audit: &Audit, limit: usize) -> Vec<String> {
        let records = audit.latest(&room(), limit).await.unwrap();
        let reason = |record| match record {
            Record::Verdict(verdict) => verdict.reason,
            Record::Act(act) => act.reason,
        };
        records.into_iter().map(reason).collect()
    }

    #[tokio::test]
    async fn what_was_added_is_there_after_a_restart_newest_first() {
        let folder = tempfile::tempdir().unwrap();
        let audit = Audit::new(folder.path().join("audit"));
        assert!(reasons(&audit, 10).await.is_empty());
        audit.add(&room(), &[verdict(1), verdict(2)]).await.unwrap();
        let again = Audit::new(folder.path().join("audit"));
        again.add(&room(), &[verdict(3)]).await.unwrap();
        let other = RoomId::from_parts("main", "other").unwrap();
        again.add(&other, &[verdict(4)]).await.unwrap();
        assert_eq!(reasons(&again, 10).await, ["3", "2", "1"]);
        assert_eq!(reasons(&again, 2).await, ["3", "2"]);
    }

    #[tokio::test]
    async fn what_is_refused_pushes_out_nothing_that_moderators_did() {
        let folder = tempfile::tempdir().unwrap();
        let audit = Audit {
            most_bytes: 1000,
            ..Audit::new(folder.path().into())
        };
        audit.add(&room(), &[act("spam", later(0))]).await.unwrap();
        for nth in 0..50 {
            audit.add(&room(), &[verdict(nth)]).await.unwrap();
        }
        let kept = reasons(&audit, 100).await;
        assert_eq!(kept.iter().filter(|reason| *reason == "spam").count(), 1);
        assert!(kept.len() < 50, "{kept:?}");
    }

    #[tokio::test]
    async fn acts_stand_among_verdicts_by_their_time_and_so_do_those_of_older_versions() {
        let folder = tempfile::tempdir().unwrap();
        let older: String = [json!(verdict(0)), json!(act("older", later(1)))]
            .map(|line| format!("{line}\n"))
            .concat();
        fs::write(folder.path().join("main.lobby.jsonl"), older).unwrap();
        let audit = Audit::new(folder.path().into());
        audit.add(&room(), &[act("newer", later(2))]).await.unwrap();
        let between = ModerationVerdict {
            at: later(3),
            ..verdict(1)
        };
        audit.add(&room(), &[between]).await.unwrap();
        audit.add(&room(), &[act("last", later(4))]).await.unwrap();
        let all = ["last", "1", "newer", "older", "0"];
        assert_eq!(reasons(&audit, 10).await, all);
        assert_eq!(reasons(&audit, 2).await, all[..2]);
        let acts = fs::read_to_string(folder.path().join("main.lobby.acts.jsonl")).unwrap();
        assert_eq!(acts.lines().count(), 2);
    }
}
