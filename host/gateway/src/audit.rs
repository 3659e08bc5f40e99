//! What moderation decided and moderators did, on disk: a file of JSON lines for each of them and each room, only ever
//! added to. However much is refused, what moderators did is not pushed out by it.
//!
//! Each process writes what it decided itself. A file that is full is renamed to `.1`, in place of the
//! one that had that name: of each kind a room's take at most twice [`MOST_BYTES`] and a batch. What was written
//! survives the end of the process at once; it is brought to the disk at most [`SYNC_EVERY`] later if more
//! is written, and when a file is full, so that the loss of the machine can take the latest with it.

use crate::{OperatorToken, names};
use chatter_protocol::{ModerationVerdict, RoomId, Timestamp, moderators::ModeratorAct};
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::{
    cmp::Reverse,
    collections::HashMap,
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::oneshot;

/// When a file is full.
const MOST_BYTES: u64 = 8 << 20;

/// How long what was written may wait for the disk.
const SYNC_EVERY: Duration = Duration::from_secs(1);

/// How long whoever adds waits for the disk. What is written later than that is written all the same.
const WRITE_DEADLINE: Duration = Duration::from_secs(1);

/// What waits for the disk while the room's writer is at work; what would be more is lost.
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

/// Makes fingerprints of what was said: HMAC-SHA-256 (RFC 2104). Plain hashes of phone numbers or short
/// words could be tried out by whoever reads the audit.
///
/// Its key comes of the operator's token, which is secret, outlives the process, and is the same for all gateways
/// of a deployment: the same text has the same fingerprint at each of them, until the token is another.
#[derive(Clone)]
pub(crate) struct Fingerprints(Hmac<Sha256>);

impl Fingerprints {
    pub(crate) fn new(token: &OperatorToken) -> Self {
        let mut key = keyed(token.expose().as_bytes());
        key.update(b"chatter: fingerprints in the audit");
        Self(keyed(&key.finalize().into_bytes()))
    }

    /// As 64 hexadecimal digits.
    pub(crate) fn of(&self, original: impl AsRef<[u8]>) -> String {
        let mut code = self.0.clone();
        code.update(original.as_ref());
        names::hex(&code.finalize().into_bytes())
    }
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}

/// The audit of all rooms at this process.
#[derive(Debug)]
pub(crate) struct Audit {
    folder: PathBuf,
    most_bytes: u64,
    rooms: Mutex<HashMap<(RoomId, Kind), Arc<RoomAudit>>>,
}

/// One room's, of one kind. Neither waits for another one's disk.
#[derive(Debug, Default)]
struct RoomAudit {
    path: PathBuf,
    log: Mutex<Option<Log>>,
    queue: Mutex<Queue>,
    /// What was written is being brought to the disk.
    syncing: AtomicBool,
}

/// What is to be written, in the order in which it came. Its room's one writer takes all of it at once, again and
/// again until nothing is left.
#[derive(Debug, Default)]
struct Queue {
    lines: Vec<u8>,
    /// Those who wait until the lines are written.
    waiting: Vec<oneshot::Sender<io::Result<()>>>,
    /// Since when the writer is at what it took last, while there is one.
    writing: Option<tokio::time::Instant>,
}

#[derive(Debug)]
struct Log {
    file: File,
    bytes: u64,
    synced: Instant,
    /// When it was full and could not be renamed.
    stayed: Option<Instant>,
}

impl Audit {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            most_bytes: MOST_BYTES,
            rooms: Mutex::default(),
        }
    }

    /// Adds records of a room, off the async threads. Whoever adds while others are being written waits for them, and
    /// is written after them.
    ///
    /// A disk that hangs holds one thread and [`MOST_WAITING`] for each room's file at most, and nobody for longer than
    /// [`WRITE_DEADLINE`]. Once it has hung for so long nobody waits for it any more.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::TimedOut`] if the records are written late or not at all; or if the disk fails.
    pub(crate) async fn add<T: Kept>(
        self: &Arc<Self>,
        room: &RoomId,
        records: &[T],
    ) -> io::Result<()> {
        let mut lines = Vec::new();
        for record in records {
            serde_json::to_writer(&mut lines, record)?;
            lines.push(b'\n');
        }
        let of_room = self.room(room, T::KIND);
        let (reply, written) = oneshot::channel();
        let now = tokio::time::Instant::now();
        let (begins, since) = {
            let mut queue = of_room.queue();
            if !queue.lines.is_empty() && queue.lines.len() + lines.len() > MOST_WAITING {
                return Err(late("the disk still has too many before them to write"));
            }
            queue.lines.append(&mut lines);
            queue.waiting.push(reply);
            let begins = queue.writing.is_none();
            (begins, *queue.writing.get_or_insert(now))
        };
        if begins {
            let (audit, writer) = (Arc::clone(self), Writer::of(of_room));
            tokio::task::spawn_blocking(move || writer.write(&audit));
        }
        let slow = || late("the disk is slow: they are written late, or not at all");
        if now.saturating_duration_since(since) >= WRITE_DEADLINE {
            return Err(slow());
        }
        match tokio::time::timeout(WRITE_DEADLINE, written).await {
            Ok(Ok(written)) => written,
            Ok(Err(_)) => Err(io::Error::other("whoever wrote the audit broke off")),
            Err(_) => Err(slow()),
        }
    }

    /// The latest verdicts and acts, newest first.
    pub(crate) async fn latest(
        self: &Arc<Self>,
        room: &RoomId,
        limit: usize,
    ) -> io::Result<Vec<Record>> {
        let (audit, room) = (Arc::clone(self), room.clone());
        blocking(move || audit.read(&room, limit)).await
    }

    fn room(&self, room: &RoomId, kind: Kind) -> Arc<RoomAudit> {
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        let of_room = rooms.entry((room.clone(), kind)).or_insert_with(|| {
            // Neither part of a room's id has a dot.
            let (tenant, room) = (room.tenant(), room.room());
            let name = match kind {
                Kind::Acts => format!("{tenant}.{room}.acts.jsonl"),
                Kind::Verdicts => format!("{tenant}.{room}.jsonl"),
            };
            Arc::new(RoomAudit {
                path: self.folder.join(name),
                ..RoomAudit::default()
            })
        });
        Arc::clone(of_room)
    }

    /// Writes lines; the file, if it should be brought to the disk now.
    fn append(&self, of_room: &RoomAudit, lines: &[u8]) -> io::Result<Option<File>> {
        let mut log = of_room.lock();
        let mut full = None;
        if let Some(old) = log.as_mut().filter(|log| log.bytes >= self.most_bytes)
            && old.stayed.is_none_or(|tried| tried.elapsed() >= SYNC_EVERY)
        {
            match fs::rename(&of_room.path, of_room.full()) {
                Ok(()) => full = log.take().map(|log| log.file),
                // More than was meant to be kept is better than less.
                Err(error) => {
                    if old.stayed.replace(Instant::now()).is_none() {
                        tracing::error!(path = %of_room.path.display(), %error, "the audit's file is full and can't be renamed: it grows on");
                    }
                }
            }
        }
        if log.is_none() {
            fs::create_dir_all(&self.folder)?;
        }
        let open = match log.as_mut() {
            Some(open) => open,
            None => log.insert(Log::open(&of_room.path)?),
        };
        match open.add(lines) {
            Ok(due) => Ok(full.or(due)),
            Err(error) => {
                // What is in it now is looked at when it is opened again.
                *log = None;
                Err(error)
            }
        }
    }

    fn read(&self, room: &RoomId, limit: usize) -> io::Result<Vec<Record>> {
        let mut records = Vec::new();
        for kind in Kind::ALL {
            records.extend(self.room(room, kind).read(limit)?);
        }
        records.sort_by_key(|record| Reverse(record.at()));
        records.truncate(limit);
        Ok(records)
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
        if bytes > 0 {
            let mut last = [0];
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
            if last != *b"\n" {
                file.write_all(b"\n")?;
                bytes += 1;
            }
        }
        Ok(Self {
            file,
            bytes,
            synced: Instant::now(),
            stayed: None,
        })
    }

    /// Writes lines; the file, if it should be brought to the disk now.
    fn add(&mut self, lines: &[u8]) -> io::Result<Option<File>> {
        self.file.write_all(lines)?;
        self.bytes += lines.len() as u64;
        if self.synced.elapsed() < SYNC_EVERY {
            return Ok(None);
        }
        // Where there are too many open files, the next lines ask again.
        let file = self.file.try_clone().ok();
        if file.is_some() {
            self.synced = Instant::now();
        }
        Ok(file)
    }
}

impl RoomAudit {
    /// The latest, newest first.
    fn read(&self, limit: usize) -> io::Result<Vec<Record>> {
        let mut files = Vec::new();
        {
            // None is renamed meanwhile, or its lines would be read twice.
            let _log = self.lock();
            for path in [self.path.clone(), self.full()] {
                match File::open(path) {
                    Ok(file) => files.push(file),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                }
            }
        }
        let mut records = Vec::new();
        for mut file in files {
            let mut text = Vec::new();
            file.read_to_end(&mut text)?;
            let lines = text.rsplit(|byte| *byte == b'\n');
            // A line that was torn by the end of a machine is none.
            let good = lines.filter_map(|line| serde_json::from_slice(line).ok());
            records.extend(good.take(limit - records.len()));
        }
        Ok(records)
    }

    /// Where the file goes that is full.
    fn full(&self) -> PathBuf {
        self.path.with_extension("jsonl.1")
    }

    fn lock(&self) -> MutexGuard<'_, Option<Log>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes what is in a queue. There is one for each at most.
struct Writer {
    of_room: Arc<RoomAudit>,
    is_done: bool,
}

impl Writer {
    const fn of(of_room: Arc<RoomAudit>) -> Self {
        Self {
            of_room,
            is_done: false,
        }
    }

    /// On a thread that may block, until nothing is left.
    fn write(mut self, audit: &Audit) {
        let of_room = Arc::clone(&self.of_room);
        loop {
            let (lines, waiting) = {
                let mut queue = of_room.queue();
                if queue.waiting.is_empty() {
                    // Whoever comes next begins anew.
                    queue.writing = None;
                    self.is_done = true;
                    return;
                }
                queue.writing = Some(tokio::time::Instant::now());
                let Queue { lines, waiting, .. } = &mut *queue;
                (std::mem::take(lines), std::mem::take(waiting))
            };
            let written = audit.append(&of_room, &lines);
            for reply in waiting {
                let answer = match &written {
                    Ok(_) => Ok(()),
                    Err(error) => Err(io::Error::new(error.kind(), error.to_string())),
                };
                // Whoever waited too long is gone.
                let _ = reply.send(answer);
            }
            if let Ok(Some(file)) = written {
                bring_to_disk(file, &of_room);
            }
        }
    }
}

impl Drop for Writer {
    /// It broke off, or was never begun as the program ends: what waits is lost, and whoever adds next begins anew.
    fn drop(&mut self) {
        if self.is_done {
            return;
        }
        let left = std::mem::take(&mut *self.of_room.queue());
        if !left.waiting.is_empty() {
            tracing::error!(
                records = left.waiting.len(),
                "whoever wrote the audit broke off"
            );
        }
    }
}

/// A room's file is being brought to the disk, until this is dropped.
struct Syncing(Arc<RoomAudit>);

impl Syncing {
    fn begin(of_room: &Arc<RoomAudit>) -> Option<Self> {
        let was = of_room.syncing.swap(true, Ordering::AcqRel);
        (!was).then(|| Self(Arc::clone(of_room)))
    }
}

impl Drop for Syncing {
    fn drop(&mut self) {
        self.0.syncing.store(false, Ordering::Release);
    }
}

/// Nobody waits for it. While it still goes on for what was written before, it is left for later.
fn bring_to_disk(file: File, of_room: &Arc<RoomAudit>) {
    if let Some(syncing) = Syncing::begin(of_room) {
        tokio::task::spawn_blocking(move || {
            if let Err(error) = file.sync_data() {
                tracing::error!(%error, "the audit could not be brought to the disk");
            }
            drop(syncing);
        });
    }
}

fn late(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, why)
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

    async fn reasons(audit: &Arc<Audit>, limit: usize) -> Vec<String> {
        let records = audit.latest(&room(), limit).await.unwrap();
        let reason = |record| match record {
            Record::Verdict(verdict) => verdict.reason,
            Record::Act(act) => act.reason,
        };
        records.into_iter().map(reason).collect()
    }

    #[test]
    fn only_who_has_the_token_can_try_originals_out() {
        let here = Fingerprints::new(&OperatorToken::new("one token"));
        let elsewhere = Fingerprints::new(&OperatorToken::new("one token"));
        let another = Fingerprints::new(&OperatorToken::new("another token"));
        let number = "+49 30 901820";
        assert_eq!(here.of(number), elsewhere.of(number));
        assert_ne!(here.of(number), another.of(number));
        assert_ne!(here.of(number), names::sha256(number));
        assert_ne!(here.of(number), here.of("+49 30 901821"));
        assert_eq!(here.of(number).len(), 64);
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
    async fn what_is_refused_pushes_out_nothing_that_moderators_did() {
        let folder = tempfile::tempdir().unwrap();
        let audit = Arc::new(Audit {
            most_bytes: 1000,
            ..Audit::new(folder.path().into())
        });
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
        let audit = Arc::new(Audit::new(folder.path().into()));
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

    #[tokio::test]
    async fn a_file_that_cannot_be_renamed_grows_on() {
        let folder = tempfile::tempdir().unwrap();
        let audit = Arc::new(Audit {
            most_bytes: 1000,
            ..Audit::new(folder.path().into())
        });
        // No file takes the place of a folder.
        fs::create_dir(folder.path().join("main.lobby.jsonl.1")).unwrap();
        for nth in 0..20 {
            audit.add(&room(), &[verdict(nth)]).await.unwrap();
        }
        fs::remove_dir(folder.path().join("main.lobby.jsonl.1")).unwrap();
        assert_eq!(reasons(&audit, 100).await.len(), 20);
    }

    #[tokio::test]
    async fn who_adds_while_others_are_written_is_written_after_them() {
        let folder = tempfile::tempdir().unwrap();
        let audit = Arc::new(Audit::new(folder.path().into()));
        let room = room();
        let records: Vec<_> = (0..100).map(|nth| [verdict(nth)]).collect();
        let adding = records.iter().map(|record| audit.add(&room, record));
        for added in futures_util::future::join_all(adding).await {
            added.unwrap();
        }
        let wanted: Vec<_> = (0..100).rev().map(|nth: usize| nth.to_string()).collect();
        assert_eq!(reasons(&audit, 500).await, wanted);
    }

    /// A room whose disk hangs: a writer that never comes back.
    fn hangs(audit: &Audit) -> Writer {
        let of_room = audit.room(&room(), Kind::Verdicts);
        of_room.queue().writing = Some(tokio::time::Instant::now());
        Writer::of(of_room)
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_long_for_a_disk_that_hangs() {
        let folder = tempfile::tempdir().unwrap();
        let audit = Arc::new(Audit::new(folder.path().into()));
        let writer = hangs(&audit);
        let begun = tokio::time::Instant::now();
        for nth in 1..=3 {
            let error = audit.add(&room(), &[verdict(nth)]).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        }
        // The first one, and nobody after that.
        assert!(begun.elapsed() < 2 * WRITE_DEADLINE);
        let other = RoomId::from_parts("main", "other").unwrap();
        audit.add(&other, &[verdict(2)]).await.unwrap();
        // It goes on after all.
        writer.write(&audit);
        audit.add(&room(), &[verdict(4)]).await.unwrap();
        assert_eq!(reasons(&audit, 10).await, ["4", "3", "2", "1"]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_waits_for_a_disk_that_hangs_has_a_bound() {
        let folder = tempfile::tempdir().unwrap();
        let audit = Arc::new(Audit::new(folder.path().into()));
        let writer = hangs(&audit);
        let many: Vec<_> = (0..1000).map(verdict).collect();
        for _ in 0..10 {
            audit.add(&room(), &many).await.unwrap_err();
        }
        let waits = audit.room(&room(), Kind::Verdicts).queue().lines.len();
        assert!((1..=MOST_WAITING).contains(&waits), "{waits}");
        // It broke off.
        drop(writer);
        audit.add(&room(), &[verdict(3)]).await.unwrap();
        assert_eq!(reasons(&audit, 10).await, ["3"]);
    }
}
