//! How the catalogue changes: a file is examined and serves or is refused; a version is taken back;
//! a file that is gone is forgotten once nobody names its module any more.

use super::{
    Books, Catalogue, Entry, Serving,
    archive::{Quarantined, VERSIONS, Version},
    folder::{self, File, Found, Slot, Stamp},
    load::FILE_BYTES,
    refused::{AGAIN, Refused},
    smoke,
    trial::Trial,
};
use crate::{
    artefacts::digest,
    module::{Module, Named},
};
use chatter_protocol::PersonaId;
use metrics::{counter, gauge, histogram};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{self, Read as _},
    sync::{Arc, atomic::Ordering},
    time::{Duration, SystemTime},
};
use tokio::{
    task::{JoinSet, spawn_blocking},
    time::{Instant, sleep},
};

/// How long a file must not have changed to be taken for whole, if it did not get its name by being
/// moved into its place.
pub(super) const QUIET: Duration = Duration::from_millis(300);

/// How often a file that changes while the program starts is waited for.
const PATIENCE: u32 = 5;

/// How long a module without a file serves on after somebody has asked for it.
const LEASE: Duration = Duration::from_secs(60);

/// What a file turned out to hold.
enum Content {
    /// It changed while it was read.
    Changing,
    /// What serves already.
    Same,
    /// A version that may serve.
    New(Module),
}

impl Catalogue {
    /// Loads every module of the plugin folder; a file that can't be loaded is kept as refused, and
    /// what served when the program ran last serves in its place.
    pub(crate) async fn load_all(self: &Arc<Self>) -> io::Result<()> {
        let plugins = self.plugins.clone();
        let found = spawn_blocking(move || folder::scan(&plugins)).await??;
        let mut loads = JoinSet::new();
        for (slot, file) in found.files {
            let catalogue = self.clone();
            loads.spawn(async move {
                let file = settled(file).await;
                catalogue.take(&slot, &file, None).await;
            });
        }
        while let Some(loaded) = loads.join_next().await {
            loaded?;
        }
        self.sweep().await;
        Ok(())
    }

    /// Takes what the file holds, if it is not what serves already, and if it may serve. `whole` is
    /// when the file became whole, if somebody watched. False if the file changed meanwhile: then it
    /// is to be looked at again.
    pub(super) async fn take(&self, slot: &Slot, file: &File, whole: Option<Instant>) -> bool {
        self.restore(slot).await;
        match self.examine(slot, file).await {
            Ok(Content::Changing) => return false,
            Ok(Content::Same) => self.go_on(slot, file),
            Ok(Content::New(module)) => {
                self.adopt(slot, file, module, whole);
                if whole.is_some() {
                    self.sweep().await;
                }
            }
            Err(why) => self.refuse(slot, file, why),
        }
        true
    }

    /// Whether the file is the one that was examined last, and need not be examined again.
    pub(super) fn is_examined(&self, slot: &Slot, file: &File) -> bool {
        let books = self.books();
        let is_due = books
            .again
            .get(slot)
            .is_some_and(|at| *at <= Instant::now());
        !is_due && books.examined.get(slot) == Some(&file.stamp)
    }

    /// Whether it was told already that the file is not closed.
    pub(super) fn is_unfinished(&self, slot: &Slot) -> bool {
        self.books().examined.get(slot) == Some(&Err(Refused::Unfinished))
    }

    async fn examine(&self, slot: &Slot, file: &File) -> Result<Content, Refused> {
        // Modules are named as personas are.
        if PersonaId::new(&slot.name).is_err() {
            return Err(Refused::Name);
        }
        let stamp = file.stamp.clone()?;
        if stamp.size > FILE_BYTES {
            return Err(Refused::TooLarge(stamp.size));
        }
        let _place = self.loader.place().await;
        let path = file.path.clone();
        let read = spawn_blocking(move || -> io::Result<_> {
            let mut bytes = Vec::new();
            fs::File::open(&path)?
                .take(FILE_BYTES + 1)
                .read_to_end(&mut bytes)?;
            Ok((digest(&bytes), Arc::from(bytes), Stamp::of(&path)?))
        });
        let (digest, bytes) = match read.await.map_err(io::Error::from).flatten() {
            Ok((digest, bytes, after)) if after == stamp => (digest, bytes),
            Ok(_) => return Ok(Content::Changing),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Content::Changing),
            Err(error) => return Err(Refused::Unreadable(error.to_string())),
        };
        let before = self.before(slot);
        if self
            .serving(slot)
            .is_some_and(|now| now.digest() == &*digest)
        {
            return Ok(Content::Same);
        }
        if let Some(why) = self.quarantined(slot, &digest) {
            return Err(why);
        }
        let kept: Arc<[u8]> = bytes;
        let module = self
            .loader
            .load(&slot.name, digest.clone(), kept.clone())
            .await?;
        if self.rules.smoke {
            let before = before.as_ref().map(|before| &before.module);
            smoke::run(&module, before, &self.loader.lane()).await?;
        }
        let artefacts = self.loader.artefacts.clone();
        let keeping = spawn_blocking(move || artefacts.keep(&digest, &kept)).await;
        keeping
            .map_err(io::Error::from)
            .flatten()
            .map_err(|error| Refused::NotKept(error.to_string()))?;
        Ok(Content::New(module))
    }

    fn serving(&self, slot: &Slot) -> Option<Arc<Serving>> {
        self.entries.load().get(slot)?.serving.clone()
    }

    /// Whose state a new version would read: that of the version before it or, if it is a tenant's
    /// first, of everybody's.
    fn before(&self, slot: &Slot) -> Option<Arc<Serving>> {
        self.serving(slot).or_else(|| {
            slot.tenant.as_ref()?;
            self.serving(&Slot::shared(&slot.name))
        })
    }

    fn quarantined(&self, slot: &Slot, digest: &str) -> Option<Refused> {
        let books = self.books();
        let all = books.quarantine.get(slot)?;
        let version = all.iter().find(|version| &*version.digest == digest)?;
        Some(self.as_refused(slot, version))
    }

    fn as_refused(&self, slot: &Slot, version: &Quarantined) -> Refused {
        Refused::Quarantined {
            version: Named {
                version: &version.version,
                digest: &version.digest,
            }
            .to_string(),
            reason: version.reason.clone(),
            file: self.archive.quarantine_file(slot, &version.digest),
        }
    }

    // === What comes of a file ===

    fn go_on(&self, slot: &Slot, file: &File) {
        let mut books = self.books();
        books.note_examined(slot, file.stamp.clone());
        self.change(&books, slot, |entry| {
            entry.trouble = None;
            entry.gone = false;
            if let Some(serving) = &entry.serving {
                tracing::debug!("module {slot}: {} serves", serving.named());
            }
        });
        drop(books);
        tell_trouble(slot, false);
    }

    fn adopt(&self, slot: &Slot, file: &File, module: Module, whole: Option<Instant>) {
        let mut books = self.books();
        let books = &mut *books;
        books.note_examined(slot, file.stamp.clone());
        let history = books.histories.entry(slot.clone()).or_default();
        let digest: Arc<str> = module.about.digest.as_str().into();
        let known = history.iter().position(|known| known.digest == digest);
        let proved = known.is_some_and(|at| history.remove(at).proved);
        history.insert(
            0,
            Version {
                digest,
                version: module.about.version.clone(),
                proved,
            },
        );
        history.truncate(VERSIONS);
        let written = self.archive.put_history(slot, history);
        let way_back = self.before(slot).is_some();
        let serving = Arc::new(Serving {
            module,
            slot: slot.clone(),
            trial: (way_back && !proved).then(Trial::new),
            proved: proved.into(),
        });
        let now = serving.clone();
        self.change(books, slot, |entry| {
            let digest = now.digest().to_owned();
            if let Some(before) = entry.serving.replace(now) {
                entry.earlier.insert(0, before);
            }
            entry.earlier.retain(|earlier| earlier.digest() != digest);
            entry.earlier.truncate(VERSIONS - 1);
            entry.trouble = None;
            entry.gone = false;
        });
        tell_unwritten(slot, written);
        tell_trouble(slot, false);
        counter!("chatter_module_changes_total", "module" => slot.to_string(), "end" => "serves")
            .increment(1);
        let named = serving.named();
        match whole {
            Some(whole) => {
                let took = whole.elapsed();
                histogram!("chatter_module_swap_seconds").record(took);
                let ms = took.as_millis();
                tracing::info!(
                    "module {slot}: {named} serves now, {ms} ms after the file was whole"
                );
            }
            None => tracing::info!("module {slot}: {named} serves"),
        }
    }

    /// The file does not serve; what served before goes on.
    pub(super) fn refuse(&self, slot: &Slot, file: &File, why: Refused) {
        let mut books = self.books();
        let stamp = match why {
            // It will be examined as soon as it is closed, though it does not change any more.
            Refused::Unfinished => Err(Refused::Unfinished),
            _ => file.stamp.clone(),
        };
        books.note_examined(slot, stamp);
        let for_now = why.is_for_now();
        if for_now {
            books.again.insert(slot.clone(), Instant::now() + AGAIN);
        }
        let (before, serving) = self.change(&books, slot, |entry| {
            let before = entry.trouble.replace(why.clone());
            entry.gone = false;
            (before, entry.serving.clone())
        });
        drop(books);
        tell_trouble(slot, true);
        // Told once, and not each time that it is tried.
        if for_now && before.as_ref() == Some(&why) {
            return;
        }
        counter!("chatter_module_changes_total", "module" => slot.to_string(), "end" => "refused")
            .increment(1);
        let path = file.path.display();
        match serving {
            Some(serving) => {
                let named = serving.named();
                tracing::warn!("module {slot}: {path} does not serve: {why}; {named} goes on");
            }
            None => tracing::error!("module {slot}: {path} is left out: {why}"),
        }
    }

    // === What comes of calls ===

    /// The version has done well for as long as it was on trial.
    pub(super) fn prove(&self, serving: &Arc<Serving>) {
        if serving.proved.swap(true, Ordering::Relaxed) {
            return;
        }
        let slot = &serving.slot;
        let mut books = self.books();
        let books = &mut *books;
        let history = books.histories.entry(slot.clone()).or_default();
        for version in history.iter_mut() {
            version.proved |= &*version.digest == serving.digest();
        }
        let written = self.archive.put_history(slot, history);
        self.change(books, slot, |entry| {
            if is(&entry.serving, serving) {
                entry.earlier.clear();
            }
        });
        tell_unwritten(slot, written);
        tracing::debug!("module {slot}: {} has proved itself", serving.named());
    }

    /// The version keeps failing: the one before it returns, if it still serves.
    pub(super) fn take_back(&self, serving: &Arc<Serving>, reason: String) {
        let slot = &serving.slot;
        let mut books = self.books();
        let books = &mut *books;
        if !is(&self.serving(slot), serving) {
            return;
        }
        let version = Quarantined::now(
            serving.digest().into(),
            serving.module.about.version.clone(),
            reason.clone(),
        );
        // Before anything else: after a kill it must not be loaded again.
        let mut written = self.archive.put_quarantine(slot, &version);
        let why = self.as_refused(slot, &version);
        let quarantine = books.quarantine.entry(slot.clone()).or_default();
        quarantine.push(version);
        self.archive.trim_quarantine(slot, quarantine);
        let rejected = digests(quarantine);
        let history = books.histories.entry(slot.clone()).or_default();
        history.retain(|version| &*version.digest != serving.digest());
        written = written.and(self.archive.put_history(slot, history));
        let back = self.change(books, slot, |entry| {
            let back = (!entry.earlier.is_empty()).then(|| entry.earlier.remove(0));
            entry.serving.clone_from(&back);
            entry.rejected = rejected;
            entry.trouble = Some(why);
            back
        });
        let back = back.or_else(|| self.before(slot));
        tell_unwritten(slot, written);
        tell_trouble(slot, true);
        counter!("chatter_module_changes_total", "module" => slot.to_string(), "end" => "taken_back")
            .increment(1);
        let named = serving.named();
        match back {
            Some(back) => tracing::warn!(
                "module {slot}: {named} was taken back: {reason}; {} serves again, with the state as it was before",
                back.named()
            ),
            None => tracing::error!(
                "module {slot}: {named} was taken back: {reason}; nothing is left to serve"
            ),
        }
    }

    // === What was before ===

    /// Loads what served when the program ran last, once in a run.
    async fn restore(&self, slot: &Slot) {
        let history = {
            let mut books = self.books();
            if books.histories.contains_key(slot) || PersonaId::new(&slot.name).is_err() {
                return;
            }
            let history = self.archive.history(slot);
            books.histories.insert(slot.clone(), history.clone());
            history
        };
        let mut restored = Vec::new();
        for version in history {
            if self.quarantined(slot, &version.digest).is_some() {
                continue;
            }
            match self.load_kept(slot, &version).await {
                Ok(module) => restored.push((module, version.proved)),
                Err(why) => {
                    let Version {
                        digest, version, ..
                    } = &version;
                    let named = Named { version, digest };
                    tracing::warn!("module {slot}: there is no way back to {named}: {why}");
                }
            }
            // Nobody will return to what was before it.
            if version.proved {
                break;
            }
        }
        if restored.is_empty() {
            return;
        }
        let last = restored.len() - 1;
        let mut restored: Vec<_> = restored
            .into_iter()
            .enumerate()
            .map(|(at, (module, proved))| {
                Arc::new(Serving {
                    module,
                    slot: slot.clone(),
                    trial: (at < last && !proved).then(Trial::new),
                    proved: proved.into(),
                })
            })
            .collect();
        let books = self.books();
        self.change(&books, slot, |entry| {
            entry.serving = Some(restored.remove(0));
            entry.earlier = restored;
        });
    }

    async fn load_kept(&self, slot: &Slot, version: &Version) -> Result<Module, Refused> {
        let _place = self.loader.place().await;
        let (artefacts, digest) = (self.loader.artefacts.clone(), version.digest.clone());
        let bytes = spawn_blocking(move || artefacts.kept(&digest)).await;
        let bytes = bytes
            .map_err(io::Error::from)
            .flatten()
            .map_err(|error| Refused::Unreadable(error.to_string()))?;
        let digest = version.digest.clone();
        self.loader.load(&slot.name, digest, bytes.into()).await
    }

    // === What is not there any more ===

    /// Notes which files are gone; modules without a file that nobody has asked for lately go too.
    pub(super) fn note_gone(&self, found: &Found) {
        let now = self.opened.elapsed();
        let entries = self.entries.load_full();
        let gone = entries.iter().filter(|(slot, _)| {
            let unknown = |tenant| found.unreadable.contains(tenant);
            !found.files.contains_key(slot) && !slot.tenant.as_ref().is_some_and(unknown)
        });
        for (slot, entry) in gone {
            let mut books = self.books();
            let books = &mut *books;
            if !entry.gone {
                books.forget_examined(slot);
                entry.asked.fetch_max(now.as_secs(), Ordering::Relaxed);
                self.change(books, slot, |entry| {
                    entry.gone = true;
                    entry.trouble = None;
                });
                tell_trouble(slot, false);
                if entry.serving.is_some() {
                    tracing::info!(
                        "module {slot}: its file is gone; it serves on as long as a roster names it"
                    );
                }
            }
            let asked = Duration::from_secs(entry.asked.load(Ordering::Relaxed));
            if entry.serving.is_none() || now.saturating_sub(asked) > LEASE {
                books.histories.remove(slot);
                self.entries.rcu(|entries| {
                    let mut entries = BTreeMap::clone(entries);
                    entries.remove(slot);
                    entries
                });
                tell_unwritten(slot, self.archive.forget_history(slot));
                tracing::info!("module {slot}: it is gone, and no roster names it");
            }
        }
    }

    /// Reads what is quarantined now: whoever removes a file lifts its quarantine.
    pub(super) fn reread_quarantine(&self) -> io::Result<()> {
        let mut books = self.books();
        let books = &mut *books;
        let new = self.archive.quarantine()?;
        if new == books.quarantine {
            return Ok(());
        }
        let old = std::mem::replace(&mut books.quarantine, new);
        let slots: BTreeSet<_> = old.keys().chain(books.quarantine.keys()).cloned().collect();
        for slot in slots {
            let is = digests(books.quarantine.get(&slot).map_or(&[], Vec::as_slice));
            for version in old.get(&slot).into_iter().flatten() {
                if !is.contains(&version.digest) {
                    let Quarantined {
                        version, digest, ..
                    } = version;
                    let named = Named { version, digest };
                    tracing::info!("module {slot}: the quarantine of {named} is lifted");
                    books.forget_examined(&slot);
                }
            }
            if self.entries.load().contains_key(&slot) {
                self.change(books, &slot, |entry| entry.rejected = is);
            }
        }
        Ok(())
    }

    /// Removes components that are of no use any more.
    async fn sweep(&self) {
        let needed = {
            let books = self.books();
            let kept = books.histories.values().flatten();
            let mut needed: BTreeSet<Arc<str>> =
                kept.map(|version| version.digest.clone()).collect();
            for entry in self.entries.load().values() {
                let loaded = entry.serving.iter().chain(&entry.earlier);
                needed.extend(loaded.map(|serving| serving.digest().into()));
            }
            needed
        };
        let (artefacts, bytes) = (self.loader.artefacts.clone(), self.rules.kept_bytes);
        match spawn_blocking(move || artefacts.sweep(&needed, bytes)).await {
            Ok(Ok(0)) | Err(_) => {}
            Ok(Ok(freed)) => {
                tracing::debug!(freed, "components that were of no use any more are gone");
            }
            Ok(Err(error)) => {
                tracing::warn!("components that are of no use any more can't be removed: {error}");
            }
        }
    }

    /// Changes what is known of a place. The books prove that nobody else does.
    fn change<T>(&self, books: &Books, slot: &Slot, change: impl FnOnce(&mut Entry) -> T) -> T {
        let mut entries = BTreeMap::clone(&self.entries.load());
        let entry = entries.entry(slot.clone()).or_insert_with(|| Entry {
            rejected: digests(books.quarantine.get(slot).map_or(&[], Vec::as_slice)),
            ..Entry::default()
        });
        let changed = change(entry);
        self.entries.store(Arc::new(entries));
        changed
    }
}

/// The file once it has not changed for a while, or as it is if it goes on changing: the watch will
/// take it when it is whole.
async fn settled(mut file: File) -> File {
    for _ in 0..PATIENCE {
        let Ok(stamp) = &file.stamp else { break };
        let modified = stamp
            .modified
            .and_then(|at| SystemTime::now().duration_since(at).ok());
        if modified.is_none_or(|age| age >= QUIET) {
            break;
        }
        sleep(QUIET).await;
        match Stamp::of(&file.path) {
            Ok(now) if now != *stamp => file.stamp = Ok(now),
            _ => break,
        }
    }
    file
}

fn is(serving: &Option<Arc<Serving>>, other: &Arc<Serving>) -> bool {
    serving
        .as_ref()
        .is_some_and(|serving| Arc::ptr_eq(serving, other))
}

fn digests(versions: &[Quarantined]) -> Arc<[Arc<str>]> {
    versions
        .iter()
        .map(|version| version.digest.clone())
        .collect()
}

fn tell_trouble(slot: &Slot, trouble: bool) {
    gauge!("chatter_module_trouble", "module" => slot.to_string()).set(f64::from(trouble));
}

/// What could not be written down is true all the same, until the program ends.
fn tell_unwritten(slot: &Slot, written: io::Result<()>) {
    if let Err(error) = written {
        tracing::error!("module {slot}: what became of it can't be written down: {error}");
    }
}
