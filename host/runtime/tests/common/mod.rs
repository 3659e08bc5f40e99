//! What the runtime's tests and benchmarks share: a runtime on real components, and calls for it.
#![allow(
    clippy::unwrap_used,
    dead_code,
    unused_imports,
    missing_docs,
    unreachable_pub,
    reason = "each test uses a part of it, and fails by what goes wrong"
)]

mod scene;
pub mod swap;

pub use scene::{Scripted, call, message, room, tenant, with_state};

use chatter_llm::SharedModel;
use chatter_memory::Embedded;
use chatter_runtime::{Config, Runtime};
use std::{path::PathBuf, sync::Arc};
use tempfile::TempDir;

/// Where `cargo xtask personas` leaves the components that it builds.
pub fn built(name: &str) -> PathBuf {
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("..");
    let file = target
        .join("wasm32-wasip2/persona")
        .join(format!("{name}.wasm"));
    assert!(
        file.exists(),
        "{} is missing; build it by `cargo xtask personas`",
        file.display()
    );
    file
}

/// Where `cargo xtask personas` leaves the compiled form of those that take long to compile.
pub fn compiled_ahead() -> Option<PathBuf> {
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("..");
    Some(target.join("compiled"))
}

pub struct Bed {
    pub runtime: Arc<Runtime>,
    pub folder: TempDir,
}

/// A runtime with these components in its plugin folder, loaded.
pub async fn bed(modules: &[&str], model: SharedModel, change: impl FnOnce(&mut Config)) -> Bed {
    let folder = TempDir::new().unwrap();
    let plugins = folder.path().join("plugins");
    std::fs::create_dir(&plugins).unwrap();
    for name in modules {
        std::fs::copy(built(name), plugins.join(format!("{name}.wasm"))).unwrap();
    }
    let memory = Arc::new(Embedded::in_memory().unwrap());
    let mut config = Config::new(plugins, folder.path().join("data"), model, memory);
    config.compiled = compiled_ahead();
    change(&mut config);
    let runtime = Runtime::new(config).unwrap();
    for (name, loaded) in runtime.load_all().await.unwrap() {
        loaded.unwrap_or_else(|refused| panic!("{name}: {refused}"));
    }
    Bed {
        runtime: Arc::new(runtime),
        folder,
    }
}
