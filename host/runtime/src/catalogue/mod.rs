//! The catalogue of modules: from a file in the plugin folder to something that can be called.

mod examine;
mod folder;
mod load;
mod refused;

pub use examine::{About, Examined, Needed, examine};
pub use load::CONTRACTS;
pub use refused::Refused;

use crate::{artefacts::Artefacts, module::Module, sandbox::Services};
use arc_swap::ArcSwap;
use chatter_protocol::{PersonaId, TenantId};
use folder::Slot;
use load::Loader;
use std::{collections::BTreeMap, path::PathBuf, sync::Arc};
use wasmtime::Engine;

/// All modules, by their place.
pub(crate) struct Catalogue {
    plugins: PathBuf,
    loader: Loader,
    modules: ArcSwap<BTreeMap<Slot, Result<Arc<Module>, Refused>>>,
}

impl Catalogue {
    pub(crate) fn new(
        engine: &Engine,
        plugins: PathBuf,
        artefacts: Artefacts,
        services: Arc<Services>,
    ) -> wasmtime::Result<Self> {
        Ok(Self {
            plugins,
            loader: Loader::new(engine, artefacts, services)?,
            modules: ArcSwap::default(),
        })
    }

    /// What a tenant's rooms mean by a name: the tenant's own module, or else everybody's.
    pub(crate) fn get(&self, tenant: &TenantId, name: &str) -> Result<Arc<Module>, Refused> {
        let modules = self.modules.load();
        let own = Slot {
            tenant: Some(tenant.clone()),
            name: name.to_owned(),
        };
        let shared = Slot {
            tenant: None,
            name: name.to_owned(),
        };
        match modules.get(&own).or_else(|| modules.get(&shared)) {
            Some(module) => module.clone(),
            None => Err(Refused::Missing {
                file: shared.file(&self.plugins),
                others: self.good_names(tenant),
            }),
        }
    }

    /// Each place and what is there.
    pub(crate) fn all(&self) -> Vec<(String, Result<Arc<Module>, Refused>)> {
        let modules = self.modules.load();
        let all = modules.iter();
        all.map(|(slot, module)| (slot.to_string(), module.clone()))
            .collect()
    }

    /// The names of the modules that a tenant's rooms can call.
    fn good_names(&self, tenant: &TenantId) -> Vec<String> {
        let modules = self.modules.load();
        let mut good: Vec<_> = modules
            .iter()
            .filter(|(slot, module)| {
                module.is_ok() && slot.tenant.as_ref().is_none_or(|own| own == tenant)
            })
            .map(|(slot, _)| slot.name.clone())
            .collect();
        good.sort();
        good.dedup();
        good
    }

    /// Loads every module of the plugin folder; a file that can't be loaded is kept as refused.
    pub(crate) async fn load_all(&self) -> std::io::Result<()> {
        for (slot, file) in folder::scan(&self.plugins)? {
            // Modules are named as personas are.
            let module = if PersonaId::new(&slot.name).is_err() {
                Err(Refused::Name)
            } else {
                match load::read(&file) {
                    Ok(bytes) => self.loader.load(&slot.name, bytes).await.map(Arc::new),
                    Err(refused) => Err(refused),
                }
            };
            match &module {
                Ok(module) => {
                    tracing::info!(module = %slot, digest = module.about.digest, "module loaded");
                }
                Err(refused) => tracing::error!(module = %slot, "module left out: {refused}"),
            }
            self.modules.rcu(|modules| {
                let mut modules = BTreeMap::clone(modules);
                modules.insert(slot.clone(), module.clone());
                modules
            });
        }
        Ok(())
    }
}
