//! What comes of calls: a version has proved itself, or is taken back and put into quarantine.

use super::{
    Catalogue, Serving,
    archive::{Quarantined, sort, trim_quarantine},
    change::digests,
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
        if serving.judged.swap(true, Ordering::Relaxed) {
            return;
        }
        let slot = &serving.slot;
        {
            let mut books = self.books();
            for version in books.history(slot) {
                version.proved |= &*version.digest == serving.digest();
            }
            self.change(&books, slot, |entry| {
                if is(&entry.serving, serving) {
                    entry.earlier.clear();
                }
            });
        }
        self.write_down();
        tracing::debug!("module {slot}: {} has proved itself", serving.named());
    }

    /// The version keeps failing: the one before it returns, if it still serves and if there is one.
    pub(super) fn take_back(&self, serving: &Arc<Serving>, reason: &str) {
        let (slot, named) = (&serving.slot, serving.named());
        let back = {
            let mut books = self.books();
            let books = &mut *books;
            if !is(&self.serving(slot), serving) {
                return;
            }
            let Some(back) = self.behind(slot) else {
                serving.judged.store(true, Ordering::Relaxed);
                tracing::error!(
                    "module {slot}: {named} keeps failing: {reason}; there is none to return to, so it serves on"
                );
                return;
            };
            let version = Quarantined::now(
                serving.digest().into(),
                serving.module.about.version.clone(),
                reason.to_owned(),
            );
            let why = self.as_refused(slot, &version);
            let unwritten = &mut books.unwritten.quarantined;
            unwritten.insert((slot.clone(), version.digest.clone()));
            let quarantine = books.quarantine.entry(slot.clone()).or_default();
            quarantine.push(version);
            let gone = trim_quarantine(quarantine);
            unwritten.extend(gone.into_iter().map(|digest| (slot.clone(), digest)));
            let rejected = digests(quarantine);
            let history = books.history(slot);
            history.retain(|version| &*version.digest != serving.digest());
            self.change(books, slot, |entry| {
                let earlier = (!entry.earlier.is_empty()).then(|| entry.earlier.remove(0));
                entry.serving = earlier;
                entry.rejected = rejected;
                entry.trouble = Some(why);
            });
            back
        };
        // A kill before this is done puts it on trial again.
        self.write_down();
        self.tell_trouble(slot, true);
        counter!("chatter_module_changes_total", "module" => self.label(slot), "end" => "taken_back")
            .increment(1);
        tracing::warn!(
            "module {slot}: {named} was taken back: {reason}; {} serves again, with the state as it was before",
            back.named()
        );
    }

    /// What serves if the version that does is taken back: the one before it or, if that was a tenant's
    /// first, everybody's.
    fn behind(&self, slot: &Slot) -> Option<Arc<Serving>> {
        let entries = self.entries.load();
        let earlier = entries.get(slot).and_then(|entry| entry.earlier.first());
        earlier.cloned().or_else(|| {
            slot.tenant.as_ref()?;
            self.serving(&Slot::shared(&slot.name))
        })
    }

    // === Quarantine ===

    pub(super) fn quarantined(&self, slot: &Slot, digest: &str) -> Option<Refused> {
        let books = self.books();
        let version = books.quarantined(slot, digest)?;
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
            file: self.archive.quarantine_name(slot, &version.digest),
        }
    }

    /// Reads what is quarantined now: whoever removes a file lifts its quarantine. That holds for files
    /// that were there: what could not be written yet, or can't be read just now, counts on.
    pub(super) fn reread_quarantine(&self) -> io::Result<()> {
        self.write_down();
        // Until the end, so that what is not there any more was not just about to come.
        let _writing = self.writing();
        let mut new = self.archive.quarantine()?;
        let mut books = self.books();
        let books = &mut *books;
        for (slot, version) in new.iter_mut().flat_map(|(slot, all)| {
            all.iter_mut()
                .filter(|version| version.unread)
                .map(move |version| (slot, version))
        }) {
            match books.quarantined(slot, &version.digest) {
                Some(known) => *version = known.clone(),
                None => tell_unread(slot, version),
            }
        }
        for (slot, digest) in &books.unwritten.quarantined {
            let all = new.entry(slot.clone()).or_default();
            all.retain(|version| version.digest != *digest);
            all.extend(books.quarantined(slot, digest).cloned());
            sort(all);
        }
        new.retain(|_, versions| !versions.is_empty());
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

/// Its file counts as long as it is there; somebody should look at it.
pub(super) fn tell_unread(slot: &Slot, version: &Quarantined) {
    if version.unread {
        let Quarantined { digest, reason, .. } = version;
        tracing::warn!("module {slot}: sha256 {digest} stays in quarantine: {reason}");
    }
}

fn is(serving: &Option<Arc<Serving>>, other: &Arc<Serving>) -> bool {
    serving
        .as_ref()
        .is_some_and(|serving| Arc::ptr_eq(serving, other))
}
