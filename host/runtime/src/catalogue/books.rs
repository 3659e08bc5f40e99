//! What those share who change the catalogue, and how it is written down.
//!
//! What becomes of a version is decided while the books are held, and written down afterwards: a disk
//! that is slow holds up nobody else. What can't be written is true all the same until the program
//! ends, and is written as soon as it can be.

use super::{
    Catalogue,
    archive::{Quarantine, Quarantined, Version},
    folder::{Slot, Stamp},
    refused::Refused,
};
use chatter_protocol::{TenantId, call::CallLimits};
use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::{Arc, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    task::block_in_place,
    time::Instant,
};

/// What those who change the catalogue share.
#[derive(Default)]
pub(super) struct Books {
    /// The latest versions of each place, newest first.
    pub(super) histories: BTreeMap<Slot, Vec<Version>>,
    /// The places of which what served last was looked for in this run.
    pub(super) restored: BTreeSet<Slot>,
    pub(super) quarantine: Quarantine,
    pub(super) unwritten: Unwritten,
    /// What each file was when it was examined last.
    pub(super) examined: BTreeMap<Slot, Result<Stamp, Refused>>,
    /// When a file is examined again though it did not change.
    pub(super) again: BTreeMap<Slot, Instant>,
    /// With which limits a file was tried that was refused for what came of it. With others it is examined
    /// again.
    pub(super) tried_with: BTreeMap<Slot, CallLimits>,
    /// How often in a row a place's files were refused, and until when it rests after that.
    refusals: BTreeMap<Slot, (u32, Instant)>,
    /// The tenants that have too many files.
    pub(super) crowded: BTreeSet<TenantId>,
}

/// After so many refusals in a row, a place rests before its next file is examined: for a second, and
/// twice as long each time, up to [`REST`].
const REFUSALS: u32 = 5;
const REST: Duration = Duration::from_secs(30);

/// What the files in the data folder do not say yet. The books do, or say nothing of it any more:
/// then its file goes.
#[derive(Default)]
pub(super) struct Unwritten {
    pub(super) histories: BTreeSet<Slot>,
    pub(super) quarantined: BTreeSet<(Slot, Arc<str>)>,
    /// Whether it was told that something can't be written.
    told: bool,
}

impl Books {
    pub(super) fn new(histories: BTreeMap<Slot, Vec<Version>>, quarantine: Quarantine) -> Self {
        Self {
            histories,
            quarantine,
            ..Self::default()
        }
    }

    /// The file was examined, and what came of it holds until the file changes.
    pub(super) fn note_examined(&mut self, slot: &Slot, stamp: Result<Stamp, Refused>) {
        self.examined.insert(slot.clone(), stamp);
        self.again.remove(slot);
        self.tried_with.remove(slot);
    }

    /// It is to be examined again.
    pub(super) fn forget_examined(&mut self, slot: &Slot) {
        self.examined.remove(slot);
        self.again.remove(slot);
        self.tried_with.remove(slot);
    }

    pub(super) fn note_refusal(&mut self, slot: &Slot) {
        let now = Instant::now();
        let (count, until) = self.refusals.entry(slot.clone()).or_insert((0, now));
        *count = count.saturating_add(1);
        if let Some(over) = count.checked_sub(REFUSALS) {
            let rest = Duration::from_secs(1 << over.min(5));
            *until = now + rest.min(REST);
        }
    }

    pub(super) fn forget_refusals(&mut self, slot: &Slot) {
        self.refusals.remove(slot);
    }

    /// Until when the place rests, if it does.
    pub(super) fn rests_until(&self, slot: &Slot) -> Option<Instant> {
        let (_, until) = self.refusals.get(slot)?;
        (*until > Instant::now()).then_some(*until)
    }

    /// The versions of a place, which are about to change.
    pub(super) fn history(&mut self, slot: &Slot) -> &mut Vec<Version> {
        self.unwritten.histories.insert(slot.clone());
        self.histories.entry(slot.clone()).or_default()
    }

    pub(super) fn forget_history(&mut self, slot: &Slot) {
        self.histories.remove(slot);
        self.restored.remove(slot);
        self.unwritten.histories.insert(slot.clone());
    }

    pub(super) fn quarantined(&self, slot: &Slot, digest: &str) -> Option<&Quarantined> {
        let all = self.quarantine.get(slot)?;
        all.iter().find(|version| &*version.digest == digest)
    }
}

impl Catalogue {
    pub(super) fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nobody else writes meanwhile. To be taken before the books, if at all.
    pub(super) fn writing(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down what is not yet, and returns when that is done or can't be. Others go on.
    pub(super) fn write_down(&self) {
        let has_others = Handle::try_current()
            .is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread);
        if has_others {
            block_in_place(|| self.write_all());
        } else {
            self.write_all();
        }
    }

    fn write_all(&self) {
        let _writing = self.writing();
        let unwritten = {
            let unwritten = &self.books().unwritten;
            (unwritten.quarantined.clone(), unwritten.histories.clone())
        };
        let (quarantined, histories) = unwritten;
        let mut failed = None;
        for (slot, digest) in quarantined {
            let version = self.books().quarantined(&slot, &digest).cloned();
            let written = match version {
                Some(version) => self.archive.put_quarantine(&slot, &version),
                None => self.archive.lift_quarantine(&slot, &digest),
            };
            match written {
                Ok(()) => drop(self.books().unwritten.quarantined.remove(&(slot, digest))),
                Err(error) => failed = Some((slot, error)),
            }
        }
        for slot in histories {
            let versions = {
                let mut books = self.books();
                // What changes from here on is to be written again.
                books.unwritten.histories.remove(&slot);
                books.histories.get(&slot).cloned()
            };
            let written = match versions {
                Some(versions) => self.archive.put_history(&slot, &versions),
                None => self.archive.forget_history(&slot),
            };
            if let Err(error) = written {
                self.books().unwritten.histories.insert(slot.clone());
                failed = Some((slot, error));
            }
        }
        self.tell_unwritten(failed);
    }

    /// Tells once that something can't be written, and once that it was.
    fn tell_unwritten(&self, failed: Option<(Slot, io::Error)>) {
        let mut books = self.books();
        let told = std::mem::replace(&mut books.unwritten.told, failed.is_some());
        match failed {
            Some((slot, error)) if !told => tracing::error!(
                "module {slot}: what became of it can't be written down, which is tried again: {error}"
            ),
            None if told => {
                tracing::info!("what became of modules is written down now");
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_is_refused_again_and_again_rests_longer_and_longer() {
        let (mut books, slot) = (Books::default(), Slot::shared("nova"));
        let mut rests = Vec::new();
        for _ in 0..12 {
            books.note_refusal(&slot);
            let until = books.rests_until(&slot);
            let rest = until.map_or(Duration::ZERO, |until| until - Instant::now());
            rests.push(rest.as_secs());
            tokio::time::advance(rest).await;
            assert_eq!(books.rests_until(&slot), None);
        }
        assert_eq!(rests, [0, 0, 0, 0, 1, 2, 4, 8, 16, 30, 30, 30]);
        books.note_refusal(&slot);
        books.forget_refusals(&slot);
        assert_eq!(books.rests_until(&slot), None);
    }
}
