//! A component in the sandbox, by itself.

use crate::{Subject, text::Wrong};
use chatter_llm::SharedModel;
use chatter_memory::SharedMemory;
use chatter_protocol::{call::LimitsConfig, persona::ModuleRef};
use chatter_runtime::{Config, ModuleStatus, Runtime};
use std::{fs, io, path::Path, sync::Arc};
use tempfile::TempDir;

/// A component that can be called.
pub struct Loaded {
    /// The sandbox. It knows this one module.
    pub runtime: Arc<Runtime>,
    /// What the component is.
    pub module: Arc<ModuleRef>,
    _folder: TempDir,
}

impl Loaded {
    /// Loads the subject's component. `cache` keeps its compiled form; it must be a folder that
    /// only chatter writes.
    ///
    /// # Errors
    ///
    /// If the file can't be read or the component is refused; says what to do.
    pub async fn load(
        subject: &Subject,
        cache: &Path,
        model: SharedModel,
        memory: SharedMemory,
    ) -> Result<Self, Wrong> {
        let Subject {
            component, module, ..
        } = subject;
        let temporary = |error| Wrong::whole(&std::env::temp_dir(), error);
        let folder = TempDir::new().map_err(temporary)?;
        let plugins = folder.path().join("plugins");
        fs::create_dir(&plugins).map_err(temporary)?;
        fs::copy(component, plugins.join(format!("{module}.wasm"))).map_err(|error| {
            Wrong::whole(
                component,
                match error.kind() {
                    io::ErrorKind::NotFound => "there is no such file".to_owned(),
                    _ => error.to_string(),
                },
            )
        })?;
        // Nothing of an earlier run: what served then would be called in the place of what is refused now, and may be
        // another project's.
        let data = folder.path().join("data");
        let mut config = Config::new(plugins, data, model, memory);
        config.cache = Some(cache.to_owned());
        // Who tries it is its operator as well.
        let limits = LimitsConfig::layered([subject.persona.limits.as_ref()]);
        config.limits = Arc::new(move |_| limits.clone());
        config.source_lines = true;
        let failed = |error: chatter_runtime::Error| Wrong(error.to_string());
        let runtime = Runtime::new(config).map_err(failed)?;
        let loaded = runtime.load_all().await.map_err(failed)?;
        let status = match loaded.into_iter().find(|(found, _)| found == module) {
            Some((_, status)) => status.map_err(|refused| Wrong::whole(component, refused))?,
            None => return Err(Wrong::whole(component, "was not loaded")),
        };
        let ModuleStatus {
            module, trouble, ..
        } = status;
        match trouble {
            None => Ok(Self {
                runtime: Arc::new(runtime),
                module,
                _folder: folder,
            }),
            // Something else serves.
            Some(trouble) => Err(Wrong::whole(component, trouble)),
        }
    }
}
