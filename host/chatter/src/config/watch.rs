//! When the configuration is read again: its files have changed, and are at rest.
//!
//! Editors save in several steps: they write a part and then the rest, put another file in the place
//! of the old one, or take it away for a moment. So nothing is read before all files have stayed as
//! they are for a while, longer if one of them is missing; and what was read counts only if they were
//! still the same afterwards.
//!
//! Changes are heard of from the operating system. Since it tells nothing of what happens on some
//! network drives and mounts, the files' times and sizes are looked at every two seconds besides.

use notify::{
    Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _,
    event::{AccessKind, AccessMode},
};
use std::{
    collections::BTreeMap,
    fs::Metadata,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::mpsc,
    task::{JoinError, spawn_blocking},
    time::{MissedTickBehavior, interval, sleep},
};

/// How often the files are looked at if nothing is heard.
const POLL: Duration = Duration::from_secs(2);

/// Events seldom come alone. Also, whoever touches a file in a loop does not have the folder read in a loop.
const GATHER: Duration = Duration::from_millis(50);

/// How long the files must have been as they are.
const QUIET: Duration = Duration::from_millis(300);

/// How long if one that was there is not.
const QUIET_WITHOUT: Duration = Duration::from_secs(1);

/// Rooms may stand in folders of their tenants, so files are two folders deep at most.
const DEPTH: u32 = 2;

/// For a file what changes whenever it is written or replaced.
type Mark = [i64; 6];

/// The files of a configuration as the file system tells of them: which they are, and how each is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    folder: PathBuf,
    files: BTreeMap<PathBuf, Mark>,
    /// Those that belong to it beside the ones in its folder; also such as are not there.
    others: BTreeMap<PathBuf, Option<Mark>>,
}

impl Stamp {
    /// Looks at the configuration files of a folder.
    pub(crate) fn of(folder: &Path) -> Self {
        let mut files = BTreeMap::new();
        collect(folder, DEPTH, &mut files);
        Self {
            folder: folder.to_owned(),
            files,
            others: BTreeMap::new(),
        }
    }

    /// Looks at another file that belongs to the configuration. To be told before that is read.
    pub(crate) fn note(&mut self, path: &Path) {
        if !self.others.contains_key(path) {
            let about = std::fs::metadata(path);
            let mark = about.ok().as_ref().map(mark);
            self.others.insert(path.to_owned(), mark);
        }
    }

    /// Of which folder it is.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Looks at all of it once more.
    fn again(&self) -> Self {
        let mut now = Self::of(&self.folder);
        for path in self.others.keys() {
            now.note(path);
        }
        now
    }

    /// Whether a file that is here is not there.
    fn lacks_some_in(&self, other: &Self) -> bool {
        let here = |(path, mark): (_, &Option<Mark>)| mark.is_some().then_some(path);
        let there = |path| matches!(other.others.get(path), Some(Some(_)));
        self.files
            .keys()
            .any(|path| !other.files.contains_key(path))
            || self.others.iter().filter_map(here).any(|path| !there(path))
    }
}

fn collect(folder: &Path, depth: u32, files: &mut BTreeMap<PathBuf, Mark>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        let hidden = path
            .file_name()
            .is_none_or(|name| name.to_string_lossy().starts_with('.'));
        // Through links: a folder of mounted configuration is often made of them.
        let Ok(about) = std::fs::metadata(&path) else {
            continue;
        };
        if hidden {
        } else if about.is_dir() && depth > 0 {
            collect(&path, depth - 1, files);
        } else if path.extension().is_some_and(|kind| kind == "toml") {
            files.insert(path, mark(&about));
        }
    }
}

/// The time of the last change of the content or of the file's own data, to the nanosecond, is what
/// tells; the others stand by for file systems with coarse times.
#[expect(clippy::cast_possible_wrap, reason = "only compared")]
fn mark(about: &Metadata) -> Mark {
    [
        about.ctime(),
        about.ctime_nsec(),
        about.mtime(),
        about.mtime_nsec(),
        about.size() as i64,
        about.ino() as i64,
    ]
}

/// Whether something may be other than before. A look at the files is told too, as their being opened: to look
/// again for that would never end.
fn may_have_changed(event: &notify::Result<Event>) -> bool {
    match event {
        Ok(event) => match event.kind {
            EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
            _ => true,
        },
        // Something was missed.
        Err(_) => true,
    }
}

/// Looks after the files of a configuration.
pub(crate) struct Watch {
    /// As the files were before they were read last.
    read: Stamp,
    heard: mpsc::Receiver<()>,
    /// Kept, since it stops when it is dropped. Absent if the system does not tell of changes.
    watcher: Option<RecommendedWatcher>,
}

impl Watch {
    /// From how the files were before they were read last.
    pub(crate) fn new(read: Stamp) -> Self {
        let (tell, heard) = mpsc::channel(1);
        let folder = read.folder();
        let watcher = notify::recommended_watcher(move |event| {
            if may_have_changed(&event) {
                // One word is enough: what has changed is looked at.
                let _ = tell.try_send(());
            }
        })
        .and_then(|mut watcher: RecommendedWatcher| {
            watcher.watch(folder, RecursiveMode::Recursive)?;
            Ok(watcher)
        });
        if let Err(error) = &watcher {
            tracing::warn!(folder = %folder.display(), %error, "the system does not tell of changes in the configuration; it is looked at every two seconds");
        }
        Self {
            read,
            heard,
            watcher: watcher.ok(),
        }
    }

    /// Waits until the files are others than those that were read last.
    pub(crate) async fn changed(&mut self) {
        let mut poll = interval(POLL);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                heard = self.heard.recv(), if self.watcher.is_some() => {
                    if heard.is_none() {
                        self.watcher = None;
                    }
                    sleep(GATHER).await;
                }
                _ = poll.tick() => {}
            }
            if self.read.again() != self.read {
                return;
            }
        }
    }

    /// Waits until the files are at rest, and reads them by `read`; again, if they did not stay the
    /// same meanwhile. `read` is given the stamp of the folder, and notes in it what else it reads.
    pub(crate) async fn settled<T: Send + 'static>(
        &mut self,
        read: impl Fn(&mut Stamp) -> T + Send + Sync + 'static,
    ) -> Result<T, JoinError> {
        let read = Arc::new(read);
        loop {
            let mut before = self.read.again();
            loop {
                sleep(if self.read.lacks_some_in(&before) {
                    QUIET_WITHOUT
                } else {
                    QUIET
                })
                .await;
                let now = self.read.again();
                if now == before {
                    break;
                }
                before = now;
            }
            let read = Arc::clone(&read);
            let mut stamp = Stamp::of(self.read.folder());
            let reading = spawn_blocking(move || {
                let content = read(&mut stamp);
                (content, stamp)
            });
            match reading.await {
                Ok((content, stamp)) => {
                    if stamp.again() == stamp {
                        self.read = stamp;
                        return Ok(content);
                    }
                }
                Err(error) => {
                    self.read = before;
                    return Err(error);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        fs,
        sync::atomic::{AtomicU32, Ordering},
    };
    use tokio::time::{Instant, timeout};

    /// A folder with one file, which was read.
    fn folder() -> (tempfile::TempDir, PathBuf, Watch) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rooms/main/lobby.toml");
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, "whole").unwrap();
        let watch = Watch::new(Stamp::of(folder.path()));
        (folder, file, watch)
    }

    fn reader(file: &Path) -> impl Fn(&mut Stamp) -> Option<String> + Send + Sync + 'static {
        let file = file.to_owned();
        move |stamp| {
            stamp.note(&file);
            fs::read_to_string(&file).ok()
        }
    }

    /// It would look for ever.
    #[test]
    fn a_look_at_the_files_is_no_reason_for_another() {
        let (folder, file, watch) = folder();
        let (tell, told) = std::sync::mpsc::channel();
        let mut watcher = notify::recommended_watcher(move |event| {
            if may_have_changed(&event) {
                tell.send(event.unwrap()).unwrap();
            }
        })
        .unwrap();
        watcher
            .watch(folder.path(), RecursiveMode::Recursive)
            .unwrap();
        assert_eq!(watch.read.again(), watch.read);
        fs::read(&file).unwrap();
        let last = folder.path().join("last.toml");
        fs::write(&last, "").unwrap();
        let first = told.recv().unwrap();
        assert_eq!(first.paths, [last], "{first:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_heard_that_a_file_is_written_replaced_added_or_gone() {
        type Change = fn(&Path, &Path);
        let changes: [(&str, Change); 5] = [
            ("written", |_, file| fs::write(file, "whole too").unwrap()),
            ("written with the same size", |_, file| {
                fs::write(file, "WHOLE").unwrap();
            }),
            ("replaced", |folder, file| {
                fs::write(folder.join(".new"), "whole").unwrap();
                fs::rename(folder.join(".new"), file).unwrap();
            }),
            ("added", |folder, _| {
                fs::create_dir(folder.join("personas")).unwrap();
                fs::write(folder.join("personas/nova.toml"), "").unwrap();
            }),
            ("gone", |_, file| fs::remove_file(file).unwrap()),
        ];
        for (what, change) in changes {
            let (folder, file, mut watch) = folder();
            change(folder.path(), &file);
            let heard = timeout(Duration::from_secs(10), watch.changed()).await;
            assert!(heard.is_ok(), "a file was {what}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_no_part_of_it_is_not_heard_of() {
        let (folder, _, mut watch) = folder();
        for name in [
            ".lobby.toml.swp",
            "lobby.toml~",
            "notes.txt",
            "#lobby.toml#",
        ] {
            fs::write(folder.path().join("rooms").join(name), "x").unwrap();
        }
        let heard = timeout(Duration::from_secs(60), watch.changed()).await;
        assert!(heard.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_file_from_elsewhere_belongs_to_it_once_it_was_read_or_missed() {
        for (was, before) in [("read", Some("WEBVTT")), ("missed", None)] {
            let (_folder, _, mut watch) = folder();
            let elsewhere = tempfile::tempdir().unwrap();
            let show = elsewhere.path().join("show.vtt");
            if let Some(text) = before {
                fs::write(&show, text).unwrap();
            }
            let read = watch.settled(reader(&show)).await.unwrap();
            assert_eq!(read.as_deref(), before);
            let untouched = timeout(Duration::from_secs(60), watch.changed()).await;
            assert!(untouched.is_err(), "it was {was}");
            fs::write(&show, "WEBVTT\n\n").unwrap();
            let heard = timeout(Duration::from_secs(10), watch.changed()).await;
            assert!(heard.is_ok(), "it was {was}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_changed_after_it_was_read_and_before_anybody_watched_is_heard() {
        let (folder, file, _) = folder();
        let elsewhere = tempfile::tempdir().unwrap();
        let show = elsewhere.path().join("show.vtt");
        for changed in [&file, &show] {
            let mut stamp = Stamp::of(folder.path());
            stamp.note(&show);
            fs::write(changed, "WEBVTT").unwrap();
            let mut watch = Watch::new(stamp);
            let heard = timeout(Duration::from_secs(10), watch.changed()).await;
            assert!(heard.is_ok(), "{}", changed.display());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_file_that_is_written_in_parts_is_read_when_it_is_whole() {
        let (_folder, file, mut watch) = folder();
        let editor = async {
            fs::write(&file, "").unwrap();
            for text in ["ha", "half of", "half of it, and the rest"] {
                sleep(QUIET / 2).await;
                fs::write(&file, text).unwrap();
            }
        };
        let (read, ()) = tokio::join!(watch.settled(reader(&file)), editor);
        assert_eq!(read.unwrap().as_deref(), Some("half of it, and the rest"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_file_that_is_away_for_a_moment_is_waited_for() {
        let (_folder, file, mut watch) = folder();
        fs::remove_file(&file).unwrap();
        let editor = async {
            sleep(QUIET_WITHOUT / 2).await;
            fs::write(&file, "back").unwrap();
        };
        let (read, ()) = tokio::join!(watch.settled(reader(&file)), editor);
        assert_eq!(read.unwrap().as_deref(), Some("back"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_file_that_stays_away_is_gone() {
        let (_folder, file, mut watch) = folder();
        fs::remove_file(&file).unwrap();
        let started = Instant::now();
        assert_eq!(watch.settled(reader(&file)).await.unwrap(), None);
        assert_eq!(started.elapsed(), QUIET_WITHOUT);
        assert!(
            timeout(Duration::from_secs(60), watch.changed())
                .await
                .is_err(),
            "that has been read"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn what_changes_while_it_is_read_is_read_again() {
        let (_folder, file, mut watch) = folder();
        let reads = AtomicU32::new(0);
        let path = file.clone();
        let read = watch.settled(move |_| {
            let text = fs::read_to_string(&path).unwrap();
            if reads.fetch_add(1, Ordering::Relaxed) == 0 {
                fs::write(&path, "later").unwrap();
            }
            text
        });
        assert_eq!(read.await.unwrap(), "later");
    }
}
