//! What served when the program ran last.

use super::{Catalogue, Serving, archive::Version, folder::Slot, trial::Trial};
use crate::module::{Module, Named};
use chatter_protocol::PersonaId;
use std::{io, sync::Arc};
use tokio::task::spawn_blocking;

impl Catalogue {
    /// Loads what served when the program ran last, once in a run.
    pub(super) async fn restore(&self, slot: &Slot) {
        let history = {
            let mut books = self.books();
            if PersonaId::new(&slot.name).is_err() || !books.restored.insert(slot.clone()) {
                return;
            }
            books.histories.get(slot).cloned().unwrap_or_default()
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
        // A tenant's first version leads back to everybody's module, which may be loaded later than this.
        let way_back = |at| at < last || slot.tenant.is_some();
        let mut restored: Vec<_> = restored
            .into_iter()
            .enumerate()
            .map(|(at, (module, proved))| {
                Arc::new(Serving {
                    module,
                    slot: slot.clone(),
                    trial: (way_back(at) && !proved).then(Trial::new),
                    judged: proved.into(),
                })
            })
            .collect();
        let books = self.books();
        self.change(&books, slot, |entry| {
            entry.serving = Some(restored.remove(0));
            entry.earlier = restored;
        });
    }

    async fn load_kept(&self, slot: &Slot, version: &Version) -> Result<Module, String> {
        let place = self.loader.place(slot.tenant.as_ref()).await;
        let (artefacts, digest) = (self.loader.artefacts.clone(), version.digest.clone());
        let bytes = spawn_blocking(move || artefacts.kept(&digest)).await;
        let bytes = bytes
            .map_err(io::Error::from)
            .flatten()
            .map_err(|error| error.to_string())?;
        let (digest, limits) = (version.digest.clone(), self.loader.limits(slot));
        let loaded = self
            .loader
            .load(slot, digest, bytes.into(), &limits, &place);
        loaded.await.map_err(|refused| refused.to_string())
    }
}
