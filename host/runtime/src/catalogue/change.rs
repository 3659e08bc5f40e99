//! How what is known of a place changes, and how that is told.

use super::{Catalogue, Entry, Serving, archive::Quarantined, books::Books, folder::Slot};
use metrics::gauge;
use std::{collections::BTreeMap, sync::Arc};

impl Catalogue {
    /// Changes what is known of a place. The books prove that nobody else does.
    pub(super) fn change<T>(
        &self,
        books: &Books,
        slot: &Slot,
        change: impl FnOnce(&mut Entry) -> T,
    ) -> T {
        let mut entries = BTreeMap::clone(&self.entries.load());
        let entry = entries.entry(slot.clone()).or_insert_with(|| Entry {
            rejected: digests(books.quarantine.get(slot).map_or(&[], Vec::as_slice)),
            ..Entry::default()
        });
        let changed = change(entry);
        self.entries.store(Arc::new(entries));
        changed
    }

    pub(super) fn serving(&self, slot: &Slot) -> Option<Arc<Serving>> {
        self.entries.load().get(slot)?.serving.clone()
    }

    /// Whose state a new version would read: that of the version before it or, if it is a tenant's
    /// first, of everybody's.
    pub(super) fn before(&self, slot: &Slot) -> Option<Arc<Serving>> {
        self.serving(slot).or_else(|| {
            slot.tenant.as_ref()?;
            self.serving(&Slot::shared(&slot.name))
        })
    }
}

pub(super) fn digests(versions: &[Quarantined]) -> Arc<[Arc<str>]> {
    versions
        .iter()
        .map(|version| version.digest.clone())
        .collect()
}

pub(super) fn tell_trouble(slot: &Slot, trouble: bool) {
    gauge!("chatter_module_trouble", "module" => slot.to_string()).set(f64::from(trouble));
}
