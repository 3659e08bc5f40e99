//! The catalogue of modules: from files in the plugin folder to what can be called, and from one
//! version of a module to the next.
//!
//! What calls read is one pointer to an immutable map, replaced as a whole: a call takes the version
//! that serves when it starts, and finishes on it. Whoever changes the map holds the books meanwhile.

mod archive;
mod books;
mod change;
mod describe;
mod examine;
mod folder;
mod gone;
mod judge;
mod load;
mod places;
mod refused;
mod restore;
mod smoke;
mod take;
mod trial;
mod watch;

pub(crate) use archive::Archive;
pub(crate) use load::Loader;
pub(crate) use watch::watch;

pub use examine::{About, Examined, Needed, examine};
pub use folder::module_files;
pub use load::CONTRACTS;
pub use refused::Refused;

use crate::{
    ModuleStatus,
    module::{Module, Named},
};
use arc_swap::ArcSwap;
use archive::all_of;
use books::Books;
use chatter_protocol::{CallRecord, TenantId};
use folder::Slot;
use judge::tell_unread;
use std::{
    collections::BTreeMap,
    io,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};
use tokio::time::Instant;
use trial::{Trial, Verdict};

/// What is asked of components, and how much of them is kept.
pub(crate) struct Rules {
    pub(crate) smoke: bool,
    pub(crate) kept_bytes: u64,
}

/// All modules, by their place.
pub(crate) struct Catalogue {
    plugins: PathBuf,
    loader: Loader,
    archive: Archive,
    rules: Rules,
    entries: ArcSwap<BTreeMap<Slot, Entry>>,
    books: Mutex<Books>,
    /// Held by whoever writes down what is in the books.
    writing: Mutex<()>,
    opened: Instant,
}

/// What is known of a place.
#[derive(Clone, Default)]
struct Entry {
    serving: Option<Arc<Serving>>,
    /// What served before, newest first, as long as there may be a way back to it.
    earlier: Vec<Arc<Serving>>,
    /// Why what lies in the folder does not serve.
    trouble: Option<Refused>,
    /// The digests of versions that were taken back.
    rejected: Arc<[Arc<str>]>,
    /// Whether its file is gone.
    gone: bool,
    /// When somebody asked for it last, in seconds since the catalogue was opened.
    asked: Arc<AtomicU64>,
}

/// A version of a module that serves or served.
pub(crate) struct Serving {
    pub(crate) module: Module,
    slot: Slot,
    /// None if there is nothing to return to.
    trial: Option<Trial>,
    /// Whether it is judged no more.
    judged: AtomicBool,
}

impl Catalogue {
    pub(crate) fn open(
        plugins: PathBuf,
        loader: Loader,
        archive: Archive,
        rules: Rules,
    ) -> io::Result<Self> {
        let quarantine = archive.quarantine()?;
        for (slot, version) in all_of(&quarantine) {
            tell_unread(slot, version);
        }
        let books = Books::new(archive.histories()?, quarantine);
        Ok(Self {
            plugins,
            loader,
            archive,
            rules,
            entries: ArcSwap::default(),
            books: Mutex::new(books),
            writing: Mutex::default(),
            opened: Instant::now(),
        })
    }

    // === What is asked of it ===

    /// What a tenant's rooms mean by a name: the tenant's own module, or else everybody's.
    pub(crate) fn get(&self, tenant: &TenantId, name: &str) -> Result<Arc<Serving>, Refused> {
        let entries = self.entries.load();
        let (own, shared) = both(&entries, tenant, name);
        match choose(own, shared) {
            Some((entry, serving)) => {
                self.note_asked(entry);
                Ok(serving.clone())
            }
            None => Err(self.why_not(own, shared, tenant, name)),
        }
    }

    /// The same, with what there is to say about it.
    pub(crate) fn status(&self, tenant: &TenantId, name: &str) -> Result<ModuleStatus, Refused> {
        let entries = self.entries.load();
        let (own, shared) = both(&entries, tenant, name);
        let Some((entry, serving)) = choose(own, shared) else {
            return Err(self.why_not(own, shared, tenant, name));
        };
        self.note_asked(entry);
        let mut status = entry.status(serving);
        // The tenant's own module does not serve, and everybody's does.
        if let Some(own) = own.filter(|own| !std::ptr::eq(*own, entry) && !own.gone) {
            let trouble = own.trouble.as_ref();
            status.trouble = trouble.map(|why| trouble_beside(why, serving));
        }
        let rejected = own.iter().chain(&shared).flat_map(|entry| &*entry.rejected);
        status.rejected = rejected.cloned().collect();
        Ok(status)
    }

    /// Each place and what is there.
    pub(crate) fn all(&self) -> Vec<(String, Result<ModuleStatus, Refused>)> {
        let entries = self.entries.load();
        let told = entries.iter().filter_map(|(slot, entry)| {
            let status = match (&entry.serving, &entry.trouble) {
                (Some(serving), _) => Ok(entry.status(serving)),
                (None, Some(why)) => Err(why.clone()),
                (None, None) => return None,
            };
            Some((slot.to_string(), status))
        });
        told.collect()
    }

    /// Notes a call that ran; a new version that keeps failing is taken back.
    pub(crate) fn note(&self, serving: &Arc<Serving>, tenant: &TenantId, record: &CallRecord) {
        let Some(trial) = &serving.trial else { return };
        if serving.judged.load(Ordering::Relaxed) {
            return;
        }
        match trial.note(tenant, record) {
            Verdict::Open => {}
            Verdict::Proved => self.prove(serving),
            Verdict::Failed(reason) => self.take_back(serving, &reason),
        }
    }

    fn note_asked(&self, entry: &Entry) {
        let now = self.opened.elapsed().as_secs();
        entry.asked.store(now, Ordering::Relaxed);
    }

    fn why_not(
        &self,
        own: Option<&Entry>,
        shared: Option<&Entry>,
        tenant: &TenantId,
        name: &str,
    ) -> Refused {
        let known = own.into_iter().chain(shared);
        let mut troubles = known.filter_map(|entry| entry.trouble.clone());
        troubles.next().unwrap_or_else(|| Refused::Missing {
            file: Slot::shared(name).below(&self.plugins, ".wasm"),
            others: self.good_names(tenant),
        })
    }

    /// The names of the modules that a tenant's rooms can call.
    fn good_names(&self, tenant: &TenantId) -> Vec<String> {
        let entries = self.entries.load();
        let mut good: Vec<_> = entries
            .iter()
            .filter(|(slot, entry)| {
                entry.serving.is_some() && slot.tenant.as_ref().is_none_or(|own| own == tenant)
            })
            .map(|(slot, _)| slot.name.clone())
            .collect();
        good.sort();
        good.dedup();
        good
    }
}

/// The entries that a tenant's rooms may mean by a name: the tenant's own, and everybody's.
fn both<'a>(
    entries: &'a BTreeMap<Slot, Entry>,
    tenant: &TenantId,
    name: &str,
) -> (Option<&'a Entry>, Option<&'a Entry>) {
    (
        entries.get(&Slot::of(tenant, name)),
        entries.get(&Slot::shared(name)),
    )
}

/// Which of them serves. A tenant's own comes first, but for one that was deleted: then everybody's
/// takes its place at once.
fn choose<'a>(
    own: Option<&'a Entry>,
    shared: Option<&'a Entry>,
) -> Option<(&'a Entry, &'a Arc<Serving>)> {
    let serves = |entry: &'a Entry| entry.serving.as_ref().map(|serving| (entry, serving));
    let (own, shared) = (own.and_then(serves), shared.and_then(serves));
    match own {
        Some((entry, _)) if entry.gone => shared.or(own),
        _ => own.or(shared),
    }
}

impl Entry {
    fn status(&self, serving: &Serving) -> ModuleStatus {
        ModuleStatus {
            module: serving.module.about.clone(),
            trouble: self
                .trouble
                .as_ref()
                .map(|why| trouble_beside(why, serving)),
            rejected: self.rejected.clone(),
        }
    }
}

impl Serving {
    fn named(&self) -> Named<'_> {
        Named::from(&*self.module.about)
    }

    fn digest(&self) -> &str {
        &self.module.about.digest
    }
}

/// What is wrong with a file while something else goes on.
fn trouble_beside(why: &Refused, serving: &Serving) -> String {
    format!(
        "the file in the plugin folder does not serve: {why}; {} goes on",
        serving.named()
    )
}

#[cfg(test)]
mod tests {
    use super::{
        folder::{File, Stamp},
        *,
    };
    use crate::{Pool, artefacts::Artefacts, engine, lanes::SlowLane};
    use chatter_protocol::call::CallLimits;
    use std::{collections::BTreeMap, time::Duration};

    fn catalogue(folder: &std::path::Path) -> Catalogue {
        let engine = engine::build(&Pool::default()).unwrap();
        let artefacts = Artefacts::open(folder, &engine).unwrap();
        let services = smoke::services(&Arc::new(SlowLane::new(BTreeMap::new()).unwrap()));
        let rules = Rules {
            smoke: true,
            kept_bytes: 0,
        };
        Catalogue::open(
            folder.to_owned(),
            Loader::new(&engine, artefacts, services).unwrap(),
            Archive::open(folder).unwrap(),
            rules,
        )
        .unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_come_to_be_compiled_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let loader = catalogue(folder.path()).loader;
        let digest: Arc<str> = "digest".into();
        // Somebody compiles it, and does not come to an end.
        let turn = loader.artefacts.turn(&digest).await;
        let bytes: Arc<[u8]> = wat::parse_str("(component)").unwrap().into();
        let place = loader.place(None).await;
        let limits = CallLimits::default();
        let load = async || {
            let (digest, bytes) = (digest.clone(), bytes.clone());
            loader
                .load(&Slot::shared("nova"), digest, bytes, &limits, &place)
                .await
                .err()
        };
        assert_eq!(load().await, Some(Refused::Slow));
        drop(turn);
        assert_eq!(load().await, Some(Refused::NotAPersona));
    }

    #[tokio::test(start_paused = true)]
    async fn a_file_of_which_nothing_could_be_told_is_examined_again_after_a_while() {
        let folder = tempfile::tempdir().unwrap();
        let catalogue = catalogue(folder.path());
        let path = folder.path().join("nova.wasm");
        std::fs::write(&path, "").unwrap();
        let stamp = Ok(Stamp::of(&path).unwrap());
        let (slot, file) = (Slot::shared("nova"), File { path, stamp });
        let detail = String::new;
        let untried = Refused::Untried {
            export: "on-context",
            detail: detail(),
        };
        let state_untried = Refused::StateUntried {
            from: String::new(),
            export: "on-context",
            detail: detail(),
        };
        for (why, again) in [
            (untried, true),
            // The machine's doing, and not the file's.
            (Refused::Unreadable(detail()), true),
            (Refused::NotKept(detail()), true),
            (Refused::Describe(detail()), false),
            (state_untried.clone(), true),
            // Nothing is left of the one before.
            (Refused::NotAPersona, false),
            // The second time that it was tried.
            (state_untried, true),
        ] {
            catalogue.refuse(&slot, &file, why.clone());
            tokio::time::advance(refused::AGAIN - Duration::from_millis(1)).await;
            assert!(catalogue.is_examined(&slot, &file), "{why}");
            tokio::time::advance(Duration::from_millis(1)).await;
            assert_eq!(catalogue.is_examined(&slot, &file), !again, "{why}");
        }
    }
}
