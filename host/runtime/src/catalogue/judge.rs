//! What comes of calls: a version has proved itself, or is taken back and put into quarantine.

use super::{
    Catalogue, Serving,
    archive::Quarantined,
    change::{digests, tell_trouble, tell_unwritten},
    folder::Slot,
    refused::Refused,
};
use crate::module::Named;
use metrics::counter;
use std::{
    collections::BTreeSet,
    io,
    sync::{Arc, atomic::Ordering},
};

impl Catalogue {
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

    // === Quarantine ===

    pub(super) fn quarantined(&self, slot: &Slot, digest: &str) -> Option<Refused> {
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
}

fn is(serving: &Option<Arc<Serving>>, other: &Arc<Serving>) -> bool {
    serving
        .as_ref()
        .is_some_and(|serving| Arc::ptr_eq(serving, other))
}
