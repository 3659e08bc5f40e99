//! A component in the sandbox, by itself.

use crate::text::Wrong;
use chatter_llm::SharedModel;
use chatter_memory::SharedMemory;
use chatter_protocol::persona::ModuleRef;
use chatter_runtime::{Config, Runtime};
use std::{fs, path::Path, sync::Arc};
use tempfile::TempDir;

/// A component that can be called.
pub struct Loaded {
    /// The sandbox. It knows this one module.
    pub runtime: Arc<Runtime>,
    /// What the component is.
    pub module: Arc<ModuleRef>,
    _plugins: TempDir,
}

impl Loaded {
    /// Loads a component under a name. `cache` keeps its compiled form; it must be a folder that
    /// only chatter writes.
    ///
    /// # Errors
    ///
    /// If the file can't be read or the component is refused; says what to do.
    pub async fn load(
        component: &Path,
        name: &str,
        cache: &Path,
        model: SharedModel,
        memory: SharedMemory,
    ) -> Result<Self, Wrong> {
        let plugins = TempDir::new().map_err(|error| Wrong::whole(&std::env::temp_dir(), error))?;
        fs::copy(component, plugins.path().join(format!("{name}.wasm"))).map_err(|error| {
            Wrong::whole(
                component,
                match error.kind() {
                    std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
                    _ => error.to_string(),
                },
            )
        })?;
        let mut config = Config::new(plugins.path().to_owned(), cache.to_owned(), model, memory);
        config.source_lines = true;
        let failed = |error: chatter_runtime::Error| Wrong(error.to_string());
        let runtime = Runtime::new(config).map_err(failed)?;
        let loaded = runtime.load_all().await.map_err(failed)?;
        match loaded.into_iter().find(|(found, _)| found == name) {
            Some((_, Ok(status))) => Ok(Self {
                runtime: Arc::new(runtime),
                module: status.module,
                _plugins: plugins,
            }),
            Some((_, Err(refused))) => Err(Wrong::whole(component, refused)),
            None => Err(Wrong::whole(component, "was not loaded")),
        }
    }
}
