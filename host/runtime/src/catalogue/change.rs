//! How what is known of a place changes, and how that is told.

use super::{Catalogue, Entry, Serving, archive::Quarantined, books::Books, folder::Slot};
use metrics::gauge;
use std::{collections::BTreeMap, sync::Arc};

impl Catalogue {
    /// What a place is called in metrics: nothing if nothing serves there, or whoever may write into the
    /// folder could have them grow by a name at a time.
    pub(super) fn label(&self, slot: &Slot) -> String {
        match self.serving(slot) {
            Some(_) => slot.to_string(),
            None => String::new(),
        }
    }

    /// Tells whether what lies in a place's file does not serve, and how many files are of no use.
    pub(super) fn tell_trouble(&self, slot: &Slot, trouble: bool) {
        if self.serving(slot).is_some() {
            gauge!("chatter_module_trouble", "module" => slot.to_string()).set(f64::from(trouble));
        }
        let entries = self.entries.load();
        let left_out = entries
            .values()
            .filter(|entry| entry.serving.is_none() && entry.trouble.is_some());
        let left_out = u32::try_from(left_out.count()).unwrap_or(u32::MAX);
        gauge!("chatter_modules_left_out").set(left_out);
    }

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
