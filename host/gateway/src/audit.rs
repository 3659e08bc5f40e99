//! What moderation decided, on disk: one file of JSON lines for each room, only ever added to.
//!
//! Each process writes what it decided itself. A file that is full is renamed to `.1`, in place of the
//! one that had that name: a room's take at most twice [`MOST_BYTES`] and a batch. What was written
//! survives the end of the process at once; it is brought to the disk at most [`SYNC_EVERY`] later if more
//! is written, and when a file is full, so that the loss of the machine can take the latest with it.

use chatter_protocol::{ModerationVerdict, RoomId};
use std::{
    collections::HashMap,
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// When a file is full.
const MOST_BYTES: u64 = 8 << 20;

/// How long what was written may wait for the disk.
const SYNC_EVERY: Duration = Duration::from_secs(1);

/// The audit of all rooms at this process.
#[derive(Debug)]
pub(crate) struct Audit {
    folder: PathBuf,
    most_bytes: u64,
    logs: Mutex<HashMap<RoomId, Log>>,
}

#[derive(Debug)]
struct Log {
    file: File,
    bytes: u64,
    synced: Instant,
}

impl Audit {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            most_bytes: MOST_BYTES,
            logs: Mutex::default(),
        }
    }

    /// Adds verdicts about a room's messages, off the async threads.
    pub(crate) async fn add(
        self: &Arc<Self>,
        room: &RoomId,
        verdicts: &[ModerationVerdict],
    ) -> io::Result<()> {
        let mut lines = Vec::new();
        for verdict in verdicts {
            serde_json::to_writer(&mut lines, verdict)?;
            lines.push(b'\n');
        }
        let (audit, room) = (Arc::clone(self), room.clone());
        blocking(move || audit.append(&room, &lines)).await
    }

    /// The latest verdicts, newest first.
    pub(crate) async fn latest(
        self: &Arc<Self>,
        room: &RoomId,
        limit: usize,
    ) -> io::Result<Vec<ModerationVerdict>> {
        let (audit, room) = (Arc::clone(self), room.clone());
        blocking(move || audit.read(&room, limit)).await
    }

    fn append(&self, room: &RoomId, lines: &[u8]) -> io::Result<()> {
        let mut logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        let full = logs
            .get(room)
            .is_some_and(|log| log.bytes >= self.most_bytes);
        if full && let Some(log) = logs.remove(room) {
            log.file.sync_data()?;
            fs::rename(self.path(room, ""), self.path(room, ".1"))?;
        }
        if !logs.contains_key(room) {
            fs::create_dir_all(&self.folder)?;
            logs.insert(room.clone(), Log::open(&self.path(room, ""))?);
        }
        let Some(log) = logs.get_mut(room) else {
            return Ok(());
        };
        let written = log.add(lines);
        if written.is_err() {
            // What is in it now is looked at when it is opened again.
            logs.remove(room);
        }
        written
    }

    fn read(&self, room: &RoomId, limit: usize) -> io::Result<Vec<ModerationVerdict>> {
        let mut verdicts = Vec::new();
        for suffix in ["", ".1"] {
            let mut text = Vec::new();
            match File::open(self.path(room, suffix)) {
                Ok(mut file) => file.read_to_end(&mut text)?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            let lines = text.rsplit(|byte| *byte == b'\n');
            // A line that was torn by the end of a machine is none.
            let good = lines.filter_map(|line| serde_json::from_slice(line).ok());
            verdicts.extend(good.take(limit - verdicts.len()));
        }
        Ok(verdicts)
    }

    /// Neither part of a room's id has a dot.
    fn path(&self, room: &RoomId, suffix: &str) -> PathBuf {
        let name = format!("{}.{}.jsonl{suffix}", room.tenant(), room.room());
        self.folder.join(name)
    }
}

impl Log {
    fn open(path: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .read(true)
            .open(path)?;
        let mut bytes = file.metadata()?.len();
        // A line that was torn keeps to itself.
        let mut end = Vec::new();
        if bytes > 0 {
            File::open(path)?.read_to_end(&mut end)?;
            if end.last() != Some(&b'\n') {
                file.write_all(b"\n")?;
                bytes += 1;
            }
        }
        Ok(Self {
            file,
            bytes,
            synced: Instant::now(),
        })
    }

    fn add(&mut self, lines: &[u8]) -> io::Result<()> {
        self.file.write_all(lines)?;
        self.bytes += lines.len() as u64;
        if self.synced.elapsed() >= SYNC_EVERY {
            self.file.sync_data()?;
            self.synced = Instant::now();
        }
        Ok(())
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(io::Error::other(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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

    async fn reasons(audit: &Arc<Audit>, limit: usize) -> Vec<String> {
        let verdicts = audit.latest(&room(), limit).await.unwrap();
        verdicts.into_iter().map(|verdict| verdict.reason).collect()
    }

    #[tokio::test]
    async fn what_was_added_is_there_after_a_restart_newest_first() {
        let folder = tempfile::tempdir().unwrap();
        let audit = Arc::new(Audit::new(folder.path().join("audit")));
        assert!(reasons(&audit, 10).await.is_empty());
        audit.add(&room(), &[verdict(1), verdict(2)]).await.unwrap();
        let again = Arc::new(Audit::new(folder.path().join("audit")));
        again.add(&room(), &[verdict(3)]).await.unwrap();
        assert_eq!(reasons(&again, 10).await, ["3", "2", "1"]);
        assert_eq!(reasons(&again, 2).await, ["3", "2"]);
    }

    #[tokio::test]
    async fn a_torn_line_spoils_no_other() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("main.lobby.jsonl"), "{\"v\": 1, \"mess").unwrap();
        let audit = Arc::new(Audit::new(folder.path().into()));
        audit.add(&room(), &[verdict(1)]).await.unwrap();
        assert_eq!(reasons(&audit, 10).await, ["1"]);
    }

    #[tokio::test]
    async fn the_files_have_a_bound() {
        let folder = tempfile::tempdir().unwrap();
        let audit = Arc::new(Audit {
            most_bytes: 1000,
            ..Audit::new(folder.path().into())
        });
        for nth in 0..50 {
            audit.add(&room(), &[verdict(nth)]).await.unwrap();
        }
        let size: u64 = fs::read_dir(folder.path())
            .unwrap()
            .map(|file| file.unwrap().metadata().unwrap().len())
            .sum();
        assert!(size < 3500, "{size}");
        let kept = reasons(&audit, 100).await;
        assert_eq!(kept[0], "49");
        assert!(kept.len() >= 3, "{kept:?}");
    }
}
