//! Keeps up with the plugin folder.
//!
//! What the system tells (`notify`) only says that it is time to look, and how a file came to be:
//! what is taken is what a look finds. So nothing is lost if events are, or come many at once, and on
//! a filesystem that tells nothing a look now and then does the same.
//!
//! A file that was moved into its place is whole. Any other is taken when it is closed and has not
//! changed for [`QUIET`]; where nobody tells whether it is closed, for [`UNTOLD`]. A program that
//! keeps it open, or only began to write, is waited for.

use super::{
    Catalogue,
    folder::{self, File, Found, Slot, Stamp},
    refused::Refused,
    take::QUIET,
};
use notify::{
    Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher,
    event::{AccessKind, AccessMode, ModifyKind, RenameMode},
};
use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::Notify,
    task::{Id, JoinSet, spawn_blocking},
    time::{Instant, sleep},
};

/// As [`QUIET`], for a file of which the system has not told that it was closed.
const UNTOLD: Duration = Duration::from_secs(1);

/// After so long an author wants to know why a file that is still open does not serve.
const STILL_OPEN: Duration = Duration::from_secs(5);

/// Events seldom come alone.
const GATHER: Duration = Duration::from_millis(5);

/// So many looks may follow each other at once, and no more within [`BURST_TIME`]: whoever touches a
/// file in a loop does not have the folders read in a loop.
const BURST: usize = 5;
const BURST_TIME: Duration = Duration::from_millis(500);

/// More is not remembered of files that no look has found yet.
const HINTS: usize = 4_096;

/// Whether the system tells when a file is closed that was open for writing: inotify does.
const CLOSING_IS_TOLD: bool = cfg!(target_os = "linux");

/// Listens from now on, and keeps up until it is dropped.
pub(crate) fn watch(
    catalogue: Arc<Catalogue>,
    poll: Duration,
) -> impl Future<Output = ()> + Send + use<> {
    Watch::new(catalogue, poll).run()
}

/// What happened to a file last, as far as was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hint {
    /// It got its name by being moved.
    Moved,
    /// It was closed by whoever wrote to it.
    Closed,
    /// Somebody wrote to it and has not closed it since.
    Written,
}

/// What the system has told.
#[derive(Default)]
struct News {
    something: Notify,
    hints: Mutex<Hints>,
}

type Hints = BTreeMap<PathBuf, (Hint, Instant)>;

impl News {
    fn hints(&self) -> MutexGuard<'_, Hints> {
        self.hints.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hear(&self, event: notify::Result<Event>) {
        match event {
            Ok(event) if event.need_rescan() => self.hints().clear(),
            Ok(event) => {
                let hint = match event.kind {
                    EventKind::Access(AccessKind::Close(AccessMode::Write)) => Some(Hint::Closed),
                    // Reading a file must not make this look again.
                    EventKind::Access(_) => return,
                    EventKind::Modify(ModifyKind::Name(RenameMode::From)) => None,
                    EventKind::Modify(ModifyKind::Name(_)) => Some(Hint::Moved),
                    EventKind::Modify(ModifyKind::Data(_) | ModifyKind::Any) => Some(Hint::Written),
                    // Its owner or its times; what was told of it before holds.
                    EventKind::Modify(_) => return self.something.notify_one(),
                    // It is made, or goes.
                    _ => None,
                };
                let path = event.paths.into_iter().next_back();
                if let Some(path) = path.filter(|path| folder::module_name(path).is_some()) {
                    let mut hints = self.hints();
                    match hint {
                        None => drop(hints.remove(&path)),
                        Some(hint) if hints.len() < HINTS || hints.contains_key(&path) => {
                            hints.insert(path, (hint, Instant::now()));
                        }
                        Some(_) => {}
                    }
                }
            }
            Err(error) => tracing::warn!("the system fails to tell of changed modules: {error}"),
        }
        self.something.notify_one();
    }
}

struct Watch {
    catalogue: Arc<Catalogue>,
    plugins: PathBuf,
    poll: Duration,
    news: Arc<News>,
    watcher: Option<RecommendedWatcher>,
    /// The folders that the system tells about, and what was at that path when it was asked to.
    watched: BTreeMap<PathBuf, Option<Stamp>>,
    waiting: BTreeMap<Slot, Waiting>,
    loads: JoinSet<()>,
    loading: HashMap<Id, (Slot, File)>,
    /// Whether the folder could not be read, which is told once.
    blind: bool,
}

/// When the latest looks were.
#[derive(Default)]
struct Pause {
    latest: VecDeque<Instant>,
}

impl Pause {
    fn look(&mut self) {
        self.latest.truncate(BURST - 1);
        self.latest.push_front(Instant::now());
    }

    /// How long to wait with the next one, once there is something new.
    fn before_next(&self) -> Duration {
        let first = self.latest.get(BURST - 1);
        let left = first.map(|first| BURST_TIME.saturating_sub(first.elapsed()));
        left.unwrap_or_default().max(GATHER)
    }
}

/// A file that is not whole yet, or was not looked at a second time.
struct Waiting {
    file: File,
    since: Instant,
}

impl Watch {
    fn new(catalogue: Arc<Catalogue>, poll: Duration) -> Self {
        let news = Arc::new(News::default());
        let told = news.clone();
        let config = notify::Config::default().with_follow_symlinks(false);
        let watcher = RecommendedWatcher::new(move |event| told.hear(event), config)
            .inspect_err(|error| {
                tracing::warn!("the system does not tell of changed modules ({error}); they are looked for every {} s", poll.as_secs_f32());
            })
            .ok();
        // The system tells of absolute paths.
        let plugins = std::path::absolute(&catalogue.plugins);
        let mut watch = Self {
            plugins: plugins.unwrap_or_else(|_| catalogue.plugins.clone()),
            catalogue,
            poll,
            news,
            watcher,
            watched: BTreeMap::new(),
            waiting: BTreeMap::new(),
            loads: JoinSet::new(),
            loading: HashMap::new(),
            blind: false,
        };
        // At once, so that nothing is missed that happens before the first look.
        watch.listen_to(&watch.plugins.clone());
        let quarantine = watch.catalogue.archive.quarantine_folder().to_owned();
        watch.listen_to(&quarantine);
        watch
    }

    async fn run(mut self) {
        let mut pause = Pause::default();
        loop {
            pause.look();
            let news = self.news.clone();
            // From here on, so that nothing that happens during the look is missed.
            let told = news.something.notified();
            let next = match self.look().await {
                Ok((found, known)) => {
                    self.blind = false;
                    self.take_in(found, known)
                }
                Err(error) => {
                    if !std::mem::replace(&mut self.blind, true) {
                        let plugins = self.plugins.display();
                        tracing::warn!(
                            "{plugins} can't be read, so changed modules are not noticed: {error}"
                        );
                    }
                    self.poll
                }
            };
            tokio::select! {
                () = told => sleep(pause.before_next()).await,
                () = sleep(next) => {}
                Some(ended) = self.loads.join_next_with_id(), if !self.loads.is_empty() => {
                    self.loaded(ended);
                }
            }
        }
    }

    /// What the folder holds now, and what had been told before it was looked at.
    async fn look(&mut self) -> io::Result<(Found, Hints)> {
        loop {
            let known = self.news.hints().clone();
            let (plugins, catalogue) = (self.plugins.clone(), self.catalogue.clone());
            let looked = spawn_blocking(move || {
                if let Err(error) = catalogue.reread_quarantine() {
                    tracing::warn!("what is quarantined can't be read: {error}");
                }
                let found = folder::scan(&plugins)?;
                catalogue.note_gone(&found);
                catalogue.note_crowded(&found);
                Ok::<_, io::Error>(found)
            });
            let found = looked.await??;
            self.watched.retain(|folder, _| {
                found.folders.contains(folder)
                    || folder == self.catalogue.archive.quarantine_folder()
            });
            let mut new = false;
            for folder in &found.folders {
                new |= self.listen_to(folder);
            }
            // What came into a folder before the system was asked to tell about it.
            if !new {
                return Ok((found, known));
            }
        }
    }

    /// Asks the system to tell about a folder; whether it was not asked before. A folder that has
    /// taken another's place is another one.
    fn listen_to(&mut self, folder: &Path) -> bool {
        let Some(watcher) = &mut self.watcher else {
            return false;
        };
        let place = Stamp::of(folder).ok().map(Stamp::place);
        match self.watched.get(folder) {
            Some(known) if *known == place => return false,
            Some(_) => {
                let _ = watcher.unwatch(folder);
            }
            None => {}
        }
        self.watched.insert(folder.to_owned(), place);
        if let Err(error) = watcher.watch(folder, RecursiveMode::NonRecursive) {
            tracing::warn!(
                "the system does not tell of changes in {} ({error}); it is looked at every {} s",
                folder.display(),
                self.poll.as_secs_f32()
            );
        }
        true
    }

    /// Starts to load what is whole; in how long it is time to look again. Of what was told, what was `known` before the
    /// look is forgotten once it is used: what came since may be about a file that the look did not find yet.
    fn take_in(&mut self, found: Found, mut known: Hints) -> Duration {
        let mut next = self.poll;
        let hints = self.news.hints().clone();
        let now = Instant::now();
        self.waiting
            .retain(|slot, _| found.files.contains_key(slot));
        for (slot, file) in found.files {
            let hint = hints.get(&file.path).copied();
            let known = known.remove(&file.path);
            if self.loading.values().any(|(loading, _)| *loading == slot) {
                continue;
            }
            if self.catalogue.is_examined(&slot, &file) {
                self.waiting.remove(&slot);
                self.forget(&file.path, known);
                continue;
            }
            let waiting = self.waiting.entry(slot.clone()).or_insert_with(|| Waiting {
                file: file.clone(),
                since: now,
            });
            if waiting.file != file {
                *waiting = Waiting {
                    file: file.clone(),
                    since: now,
                };
            }
            let since = waiting.since;
            let whole = match hint {
                Some((Hint::Moved, at)) => at,
                Some((Hint::Closed, _)) => since + QUIET,
                Some((Hint::Written, at)) if CLOSING_IS_TOLD => {
                    if at + STILL_OPEN > now {
                        next = next.min(at + STILL_OPEN - now);
                    } else if !self.catalogue.is_unfinished(&slot) {
                        self.catalogue.refuse(&slot, &file, Refused::Unfinished);
                    }
                    continue;
                }
                // Whoever made it has not begun to write.
                None if file.stamp.as_ref().is_ok_and(|stamp| stamp.size == 0) => {
                    since + STILL_OPEN
                }
                _ => since + UNTOLD,
            };
            let rests_until = self.catalogue.rests_until(&slot);
            let whole = rests_until.map_or(whole, |rests| whole.max(rests));
            if whole > now {
                next = next.min(whole - now);
                continue;
            }
            self.waiting.remove(&slot);
            self.forget(&file.path, known);
            let changed = match hint {
                Some((Hint::Moved, at)) => at,
                _ => since,
            };
            self.load(slot, file, changed);
        }
        // Of files that are not there.
        for (path, hint) in known {
            self.forget(&path, Some(hint));
        }
        next
    }

    /// Forgets what was told of a file, if nothing else was told since.
    fn forget(&self, path: &Path, told: Option<(Hint, Instant)>) {
        let mut hints = self.news.hints();
        if told.is_some() && hints.get(path).copied() == told {
            hints.remove(path);
        }
    }

    fn load(&mut self, slot: Slot, file: File, whole: Instant) {
        let catalogue = self.catalogue.clone();
        let loading = (slot.clone(), file.clone());
        let task = self.loads.spawn(async move {
            catalogue.take(&slot, &file, Some(whole)).await;
        });
        self.loading.insert(task.id(), loading);
    }

    fn loaded(&mut self, ended: Result<(Id, ()), tokio::task::JoinError>) {
        let id = ended
            .as_ref()
            .map_or_else(tokio::task::JoinError::id, |(id, ())| *id);
        let Some((slot, file)) = self.loading.remove(&id) else {
            return;
        };
        if let Err(error) = ended {
            let why = Refused::Invalid(format!("the host failed while it loaded it: {error}"));
            self.catalogue.refuse(&slot, &file, why);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_few_looks_come_at_once_and_many_in_a_row_do_not() {
        let mut pause = Pause::default();
        let begun = Instant::now();
        for _ in 0..BURST {
            assert_eq!(pause.before_next(), GATHER);
            pause.look();
        }
        assert_eq!(pause.before_next(), BURST_TIME);
        for _ in 0..100 {
            tokio::time::advance(pause.before_next()).await;
            pause.look();
        }
        let least = BURST_TIME * 100 / u32::try_from(BURST).unwrap();
        assert!(begun.elapsed() >= least, "{:?}", begun.elapsed());
        tokio::time::advance(BURST_TIME).await;
        assert_eq!(pause.before_next(), GATHER);
    }
}
