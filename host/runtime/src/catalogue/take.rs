//! Taking what a file holds: it is examined, and serves or is refused.

use super::{
    Catalogue, Serving,
    archive::{Version, trim_history},
    folder::{self, File, Slot, Stamp},
    load::FILE_BYTES,
    refused::{AGAIN, Refused},
    smoke,
    trial::Trial,
};
use crate::{
    artefacts::{Held, digest},
    module::Module,
};
use chatter_protocol::{PersonaId, call::CallLimits};
use metrics::{counter, histogram};
use std::{
    io::{self, Read as _},
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::{
    task::{JoinSet, spawn_blocking},
    time::{Instant, sleep, timeout},
};

/// How long a file must not have changed to be taken for whole, if it did not get its name by being
/// moved into its place.
pub(super) const QUIET: Duration = Duration::from_millis(300);

/// How often a file that changes while the program starts is waited for.
const PATIENCE: u32 = 5;

/// How long the start waits for modules; the others go on being loaded.
const START: Duration = Duration::from_secs(300);

/// What a file turned out to hold.
enum Content {
    /// It changed while it was read.
    Changing,
    /// What serves already.
    Same,
    /// A version that may serve. What is kept of it stays until it does.
    New(Module, Held),
}

impl Catalogue {
    /// Loads every module of the plugin folder; a file that can't be loaded is kept as refused, and
    /// what served when the program ran last serves in its place.
    pub(crate) async fn load_all(self: &Arc<Self>) -> io::Result<()> {
        let plugins = self.plugins.clone();
        let found = spawn_blocking(move || folder::scan(&plugins)).await??;
        self.note_crowded(&found);
        let mut loads = JoinSet::new();
        for (slot, file) in found.files {
            let catalogue = self.clone();
            loads.spawn(async move {
                let file = settled(file).await;
                catalogue.take(&slot, &file, None).await;
            });
        }
        let all = async {
            while let Some(loaded) = loads.join_next().await {
                loaded?;
            }
            Ok::<_, io::Error>(())
        };
        match timeout(START, all).await {
            Ok(ended) => ended?,
            Err(_) => {
                tracing::warn!(
                    "{} modules are not loaded after {} s; they will serve when they are",
                    loads.len(),
                    START.as_secs()
                );
                loads.detach_all();
            }
        }
        self.sweep().await;
        Ok(())
    }

    /// Takes what the file holds, if it is not what serves already, and if it may serve. `whole` is
    /// when the file became whole, if somebody watched. False if the file changed meanwhile: then it
    /// is to be looked at again.
    pub(super) async fn take(
        self: &Arc<Self>,
        slot: &Slot,
        file: &File,
        whole: Option<Instant>,
    ) -> bool {
        self.restore(slot).await;
        let limits = self.loader.limits(slot);
        match self.examine(slot, file, &limits).await {
            Ok(Content::Changing) => return false,
            Ok(Content::Same) => self.go_on(slot, file),
            Ok(Content::New(module, _held)) => self.adopt(slot, file, module, whole),
            Err(why) => {
                let by_limits = why.is_for_these_limits();
                self.refuse(slot, file, why);
                if by_limits {
                    self.books().tried_with.insert(slot.clone(), limits);
                }
            }
        }
        // Also after one that was refused: its compiled form is kept, so that it need not be made
        // again, but within bounds. At the start, this is done once for all.
        if whole.is_some() && self.loader.artefacts.has_grown() {
            self.sweep().await;
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
        let tried_with = books.tried_with.get(slot);
        let may_have_other = tried_with.is_some_and(|limits| *limits != self.loader.limits(slot));
        !is_due && !may_have_other && books.examined.get(slot) == Some(&file.stamp)
    }

    /// Until when the place's next file waits, if too many were refused lately.
    pub(super) fn rests_until(&self, slot: &Slot) -> Option<Instant> {
        self.books().rests_until(slot)
    }

    /// Whether it was told already that the file is not closed.
    pub(super) fn is_unfinished(&self, slot: &Slot) -> bool {
        self.books().examined.get(slot) == Some(&Err(Refused::Unfinished))
    }

    async fn examine(
        &self,
        slot: &Slot,
        file: &File,
        limits: &CallLimits,
    ) -> Result<Content, Refused> {
        // Modules are named as personas are.
        if PersonaId::new(&slot.name).is_err() {
            return Err(Refused::Name);
        }
        let stamp = file.stamp.clone()?;
        if stamp.size > FILE_BYTES {
            return Err(Refused::TooLarge(stamp.size));
        }
        let place = self.loader.place(slot.tenant.as_ref()).await;
        let (of, found) = (slot.clone(), file.clone());
        let read = spawn_blocking(move || -> Result<_, Refused> {
            let Some(mut open) = folder::open(&of, &found)? else {
                return Ok(None);
            };
            let unreadable = |error: io::Error| Refused::Unreadable(error.to_string());
            let mut bytes = Vec::new();
            let mut whole = (&mut open).take(FILE_BYTES + 1);
            whole.read_to_end(&mut bytes).map_err(unreadable)?;
            let changed = Stamp::of_open(&open).map_err(unreadable)? != stamp;
            Ok((!changed).then(|| (digest(&bytes), Arc::from(bytes))))
        });
        let read = read
            .await
            .map_err(|error| Refused::Unreadable(error.to_string()))?;
        let Some((digest, bytes)) = read? else {
            return Ok(Content::Changing);
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
        let held = self.loader.artefacts.hold(&digest);
        let module = self
            .loader
            .load(slot, digest.clone(), kept.clone(), limits, &place)
            .await?;
        if self.rules.smoke {
            let before = before.as_ref().map(|before| &before.module);
            let tenant = slot.tenant.as_ref();
            smoke::run(&module, before, tenant, limits, &self.loader.lane()).await?;
        }
        let artefacts = self.loader.artefacts.clone();
        let keeping = spawn_blocking(move || artefacts.keep(&digest, &kept)).await;
        keeping
            .map_err(io::Error::from)
            .flatten()
            .map_err(|error| Refused::NotKept(error.to_string()))?;
        Ok(Content::New(module, held))
    }

    // === What comes of a file ===

    fn go_on(&self, slot: &Slot, file: &File) {
        let mut books = self.books();
        books.note_examined(slot, file.stamp.clone());
        books.forget_refusals(slot);
        self.change(&books, slot, |entry| {
            entry.trouble = None;
            entry.gone = false;
            if let Some(serving) = &entry.serving {
                tracing::debug!("module {slot}: {} serves", serving.named());
            }
        });
        drop(books);
        self.tell_trouble(slot, false);
    }

    fn adopt(&self, slot: &Slot, file: &File, module: Module, whole: Option<Instant>) {
        let serving = {
            let mut books = self.books();
            let books = &mut *books;
            books.note_examined(slot, file.stamp.clone());
            books.forget_refusals(slot);
            let history = books.history(slot);
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
            trim_history(history);
            let kept: Vec<_> = history[1..]
                .iter()
                .map(|version| version.digest.clone())
                .collect();
            let way_back = self.before(slot).is_some();
            let serving = Arc::new(Serving {
                module,
                slot: slot.clone(),
                trial: (way_back && !proved).then(Trial::new),
                judged: proved.into(),
            });
            let now = serving.clone();
            self.change(books, slot, |entry| {
                if let Some(before) = entry.serving.replace(now) {
                    entry.earlier.insert(0, before);
                }
                let is_kept = |earlier: &Arc<Serving>| {
                    kept.iter().any(|digest| **digest == *earlier.digest())
                };
                entry.earlier.retain(is_kept);
                entry.trouble = None;
                entry.gone = false;
            });
            serving
        };
        self.write_down();
        self.tell_trouble(slot, false);
        counter!("chatter_module_changes_total", "module" => self.label(slot), "end" => "serves")
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
        } else if why != Refused::Unfinished {
            books.note_refusal(slot);
        }
        let (before, serving) = self.change(&books, slot, |entry| {
            let before = entry.trouble.replace(why.clone());
            entry.gone = false;
            (before, entry.serving.clone())
        });
        drop(books);
        self.tell_trouble(slot, true);
        // Told once, and not each time that it is tried.
        if for_now && before.as_ref() == Some(&why) {
            return;
        }
        counter!("chatter_module_changes_total", "module" => self.label(slot), "end" => "refused")
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
