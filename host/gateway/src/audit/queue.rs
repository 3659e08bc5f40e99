//! What waits for the disk, and the one who writes it.

use super::{MOST_WAITING, WRITE_DEADLINE, file::LogFile};
use std::{
    fs::File,
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::{sync::oneshot, time::Instant};

/// A file that many add to. It waits for no other one's disk.
#[derive(Debug)]
pub(super) struct Queued {
    pub(super) file: LogFile,
    queue: Mutex<Queue>,
    /// What was written is being brought to the disk.
    syncing: AtomicBool,
}

/// What is to be written, in the order in which it came. The one writer takes all of it at once, again and
/// again until nothing is left.
#[derive(Debug, Default)]
struct Queue {
    lines: Vec<u8>,
    /// Those who wait until the lines are written.
    waiting: Vec<oneshot::Sender<io::Result<()>>>,
    /// Since when the writer is at what it took last, while there is one.
    writing: Option<Instant>,
}

impl Queued {
    pub(super) fn new(file: LogFile) -> Self {
        Self {
            file,
            queue: Mutex::default(),
            syncing: AtomicBool::default(),
        }
    }

    /// Adds lines, off the async threads. Whoever adds while others are being written waits for them, and
    /// is written after them.
    ///
    /// A disk that hangs holds one thread and [`MOST_WAITING`] at most, and nobody for longer than
    /// [`WRITE_DEADLINE`]. Once it has hung for so long nobody waits for it any more.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::TimedOut`] if the lines are written late or not at all; or if the disk fails.
    pub(super) async fn add(self: &Arc<Self>, mut lines: Vec<u8>) -> io::Result<()> {
        let (reply, written) = oneshot::channel();
        let now = Instant::now();
        let (begins, since) = {
            let mut queue = self.queue();
            if !queue.lines.is_empty() && queue.lines.len() + lines.len() > MOST_WAITING {
                return Err(late("the disk still has too many before them to write"));
            }
            queue.lines.append(&mut lines);
            queue.waiting.push(reply);
            let begins = queue.writing.is_none();
            (begins, *queue.writing.get_or_insert(now))
        };
        if begins {
            let writer = Writer::of(Arc::clone(self));
            tokio::task::spawn_blocking(move || writer.write());
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

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn late(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, why)
}

/// Writes what is in a queue. There is one for each at most.
struct Writer {
    of: Arc<Queued>,
    is_done: bool,
}

impl Writer {
    const fn of(of: Arc<Queued>) -> Self {
        Self { of, is_done: false }
    }

    /// On a thread that may block, until nothing is left.
    fn write(mut self) {
        let of = Arc::clone(&self.of);
        loop {
            let (lines, waiting) = {
                let mut queue = of.queue();
                if queue.waiting.is_empty() {
                    // Whoever comes next begins anew.
                    queue.writing = None;
                    self.is_done = true;
                    return;
                }
                queue.writing = Some(Instant::now());
                let Queue { lines, waiting, .. } = &mut *queue;
                (std::mem::take(lines), std::mem::take(waiting))
            };
            let written = of.file.append(&lines);
            for reply in waiting {
                let answer = match &written {
                    Ok(_) => Ok(()),
                    Err(error) => Err(io::Error::new(error.kind(), error.to_string())),
                };
                // Whoever waited too long is gone.
                let _ = reply.send(answer);
            }
            if let Ok(Some(file)) = written {
                bring_to_disk(file, &of);
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
        let left = std::mem::take(&mut *self.of.queue());
        if !left.waiting.is_empty() {
            tracing::error!(
                records = left.waiting.len(),
                "whoever wrote the audit broke off"
            );
        }
    }
}

/// A file is being brought to the disk, until this is dropped.
struct Syncing(Arc<Queued>);

impl Syncing {
    fn begin(of: &Arc<Queued>) -> Option<Self> {
        let was = of.syncing.swap(true, Ordering::AcqRel);
        (!was).then(|| Self(Arc::clone(of)))
    }
}

impl Drop for Syncing {
    fn drop(&mut self) {
        self.0.syncing.store(false, Ordering::Release);
    }
}

/// Nobody waits for it. While it still goes on for what was written before, it is left for later.
fn bring_to_disk(file: File, of: &Arc<Queued>) {
    if let Some(syncing) = Syncing::begin(of) {
        tokio::task::spawn_blocking(move || {
            if let Err(error) = file.sync_data() {
                tracing::error!(%error, "the audit could not be brought to the disk");
            }
            drop(syncing);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_folder(folder: &tempfile::TempDir, name: &str) -> Arc<Queued> {
        let file = LogFile::new(folder.path().join(name), 1 << 20);
        Arc::new(Queued::new(file))
    }

    /// The disk hangs: a writer that never comes back.
    fn hangs(queued: &Arc<Queued>) -> Writer {
        queued.queue().writing = Some(Instant::now());
        Writer::of(Arc::clone(queued))
    }

    fn line(number: u32) -> Vec<u8> {
        format!("{number}\n").into_bytes()
    }

    fn latest(queued: &Queued) -> Vec<u32> {
        queued.file.latest(1000).unwrap()
    }

    #[tokio::test]
    async fn who_adds_while_others_are_written_is_written_after_them() {
        let folder = tempfile::tempdir().unwrap();
        let queued = in_folder(&folder, "lobby.jsonl");
        let adding = (0..100).map(|number| queued.add(line(number)));
        for added in futures_util::future::join_all(adding).await {
            added.unwrap();
        }
        let wanted: Vec<u32> = (0..100).rev().collect();
        assert_eq!(latest(&queued), wanted);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_long_for_a_disk_that_hangs() {
        let folder = tempfile::tempdir().unwrap();
        let queued = in_folder(&folder, "lobby.jsonl");
        let writer = hangs(&queued);
        let begun = Instant::now();
        for number in 1..=3 {
            let error = queued.add(line(number)).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        }
        // The first one, and nobody after that.
        assert!(begun.elapsed() < 2 * WRITE_DEADLINE);
        let other = in_folder(&folder, "other.jsonl");
        other.add(line(2)).await.unwrap();
        // It goes on after all.
        writer.write();
        queued.add(line(4)).await.unwrap();
        assert_eq!(latest(&queued), [4, 3, 2, 1]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_waits_for_a_disk_that_hangs_has_a_bound() {
        let folder = tempfile::tempdir().unwrap();
        let queued = in_folder(&folder, "lobby.jsonl");
        let writer = hangs(&queued);
        let many = line(1).repeat(MOST_WAITING / 3);
        for _ in 0..10 {
            queued.add(many.clone()).await.unwrap_err();
        }
        let waits = queued.queue().lines.len();
        assert!((1..=MOST_WAITING).contains(&waits), "{waits}");
        // It broke off.
        drop(writer);
        queued.add(line(3)).await.unwrap();
        assert_eq!(latest(&queued), [3]);
    }
}
