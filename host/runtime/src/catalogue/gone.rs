//! What is not there any more: modules without a file, and components that nobody needs.

use super::{
    Catalogue,
    folder::{Found, Slot, TENANT_FILES},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::task::spawn_blocking;

/// How long a module without a file serves on after somebody has asked for it.
const LEASE: Duration = Duration::from_secs(60);

impl Catalogue {
    /// Notes which files are gone; modules without a file that nobody has asked for lately go too.
    pub(super) fn note_gone(&self, found: &Found) {
        let now = self.opened.elapsed();
        let entries = self.entries.load_full();
        let is_gone = |slot: &Slot| {
            let unknown = |tenant| found.unreadable.contains(tenant);
            !found.files.contains_key(slot) && !slot.tenant.as_ref().is_some_and(unknown)
        };
        for (slot, entry) in entries.iter().filter(|(slot, _)| is_gone(slot)) {
            let mut books = self.books();
            let books = &mut *books;
            if !entry.gone {
                books.forget_examined(slot);
                entry.asked.fetch_max(now.as_secs(), Ordering::Relaxed);
                self.change(books, slot, |entry| {
                    entry.gone = true;
                    entry.trouble = None;
                });
                self.tell_trouble(slot, false);
                if entry.serving.is_some() {
                    tracing::info!(
                        "module {slot}: its file is gone; it serves on as long as a roster names it"
                    );
                }
            }
            let asked = Duration::from_secs(entry.asked.load(Ordering::Relaxed));
            if entry.serving.is_none() || now.saturating_sub(asked) > LEASE {
                books.forget_history(slot);
                books.forget_refusals(slot);
                self.entries.rcu(|entries| {
                    let mut entries = BTreeMap::clone(entries);
                    entries.remove(slot);
                    entries
                });
                tracing::info!("module {slot}: it is gone, and no roster names it");
            }
        }
        if now > LEASE {
            // Their files went while the program did not run.
            let mut books = self.books();
            let gone: Vec<_> = books
                .histories
                .keys()
                .filter(|slot| !entries.contains_key(slot) && is_gone(slot))
                .cloned()
                .collect();
            for slot in gone {
                books.forget_history(&slot);
            }
        }
        self.write_down();
    }

    /// Tells once of a tenant's folder that has more files than are looked at.
    pub(super) fn note_crowded(&self, found: &Found) {
        let mut books = self.books();
        for (tenant, files) in &found.crowded {
            if !books.crowded.contains(tenant) {
                tracing::warn!(
                    "the folder of {tenant} has {files} modules, and a tenant may have {TENANT_FILES}: the first by name are taken, and the others left out"
                );
            }
        }
        books.crowded = found.crowded.keys().cloned().collect();
    }

    /// Removes components that are of no use any more.
    pub(super) async fn sweep(self: &Arc<Self>) {
        let catalogue = self.clone();
        let swept = spawn_blocking(move || {
            let artefacts = &catalogue.loader.artefacts;
            artefacts.sweep(
                |digest| catalogue.is_needed(digest),
                catalogue.rules.kept_bytes,
            )
        });
        match swept.await {
            Ok(Ok(0)) | Err(_) => {}
            Ok(Ok(freed)) => {
                tracing::debug!(freed, "components that were of no use any more are gone");
            }
            Ok(Err(error)) => {
                tracing::warn!("components that are of no use any more can't be removed: {error}");
            }
        }
    }

    /// Whether a version of this digest serves, or may be returned to.
    fn is_needed(&self, digest: &str) -> bool {
        let books = self.books();
        let mut kept = books.histories.values().flatten();
        let entries = self.entries.load();
        let mut loaded = entries
            .values()
            .flat_map(|entry| entry.serving.iter().chain(&entry.earlier));
        kept.any(|version| &*version.digest == digest)
            || loaded.any(|serving| serving.digest() == digest)
    }
}
