//! The sandbox of personas: the catalogue of their modules, and one call.
//!
//! The only crate that knows wasmtime. It promises that a call is a pure function of its [`Call`]:
//! it runs in a fresh instance, under bounds of CPU time, memory and wall time, reaches nothing but
//! its own memory scope and the language model, and ends in a [`CallRecord`] that is complete enough
//! to be replayed. A component that traps, loops or waits for ever costs its own call and nothing
//! else. It must not know rooms, rosters or who may speak.

mod ahead;
mod artefacts;
mod brief;
mod call;
mod catalogue;
mod contract;
mod debug_info;
mod end;
mod engine;
#[doc(hidden)]
pub mod floor;
mod given;
mod heard;
mod host;
mod imports;
mod inspect;
mod lanes;
mod ledger;
mod lift;
mod log;
mod lower;
mod module;
mod permits;
#[doc(hidden)]
pub mod returned;
mod sandbox;
mod turns;
mod wasi;

pub use catalogue::{About, CONTRACTS, Examined, Needed, Refused, examine};
pub use permits::Pool;

pub use ahead::{Compiler, Uncompiled};
pub use catalogue::module_files;
pub use chatter_llm::Route;

use artefacts::Artefacts;
use async_trait::async_trait;
use catalogue::{Archive, Catalogue, Loader, Rules};
use chatter_llm::{Asker, SharedModel};
use chatter_memory::SharedMemory;
use chatter_protocol::{
    CallRecord, TenantId, Turn, V1,
    call::{CallEnd, CallInput, CallLimits, CallTimes, ImportRecord},
    memory,
    persona::{Calls, ModuleRef},
};
use lanes::SlowLane;
use ledger::Ledger;
use permits::{Full, Permits};
use sandbox::Services;
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio::time::Instant;

/// One call of a persona.
#[derive(Clone, Debug)]
pub struct Call {
    /// The module's name: `plugins/TENANT/NAME.wasm`, with the tenant of the scope's room, or else
    /// `plugins/NAME.wasm`.
    pub module: Arc<str>,
    /// The memory that the persona reaches.
    pub scope: memory::Scope,
    /// Which language models answer it, in order; the host's default if absent.
    pub route: Option<Route>,
    /// What it is given.
    pub turn: Arc<Turn>,
    /// What it is called with.
    pub input: CallInput,
    /// Its bounds.
    pub limits: CallLimits,
}

/// Whoever can call personas. [`Runtime`] does; tests have scripted ones.
#[async_trait]
pub trait Personas: Send + Sync + 'static {
    /// Runs one call to its end. The record's `submitted` is left empty: what becomes of the lines
    /// is the caller's business. Dropping the future ends the call.
    async fn call(&self, call: Call) -> CallRecord;

    /// Runs a call that was made already once more, to be compared with it. What was asked in it and is
    /// asked again is answered as it was (`heard` holds that); anything else is asked, within budgets
    /// apart from those of calls that count. No module is taken back for how it ends. It waits for no
    /// place: if none is free, it ends as [`CallEnd::Busy`]. Whoever can't repeat answers calls it as any other.
    async fn repeat(&self, call: Call, heard: Vec<ImportRecord>) -> CallRecord {
        drop(heard);
        self.call(call).await
    }

    /// What the tenant's rooms mean by that name, or why there is no such module, in words an author
    /// can act on.
    ///
    /// Whoever has a module in a roster asks for it now and then: one whose file is gone serves on
    /// until nobody has asked for it for a minute.
    ///
    /// # Errors
    ///
    /// If nothing of that name can be called.
    fn module(&self, tenant: &TenantId, name: &str) -> Result<ModuleStatus, String>;

    /// What is wrong with what a persona's calls reach, the language model and the memory, for operators; empty if
    /// nothing is.
    fn trouble(&self, scope: &memory::Scope, route: Option<&Route>) -> String {
        let _ = (scope, route);
        String::new()
    }

    /// The longest that a call may wait for its place, before its wall time begins.
    fn patience(&self) -> Duration {
        Pool::default().queue
    }
}

/// A module that can be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleStatus {
    /// What serves.
    pub module: Arc<ModuleRef>,
    /// Why a newer file in the plugin folder does not serve, while this one goes on.
    pub trouble: Option<String>,
    /// The digests of versions that were taken back. What they wrote is not to be used.
    pub rejected: Arc<[Arc<str>]>,
}

impl ModuleStatus {
    /// A module with nothing wrong about it.
    #[must_use]
    pub fn well(module: Arc<ModuleRef>) -> Self {
        Self {
            module,
            trouble: None,
            rejected: Arc::default(),
        }
    }
}

/// Personas that many call.
pub type SharedPersonas = Arc<dyn Personas>;

/// What calls of a module may have wherever it is called, by the module's name, as of now. A room or a persona may say
/// otherwise with its calls; what is said here holds when the module is loaded.
pub type ModuleLimits = Arc<dyn Fn(&str) -> CallLimits + Send + Sync>;

/// What a [`Runtime`] is made of.
pub struct Config {
    /// The folder of `*.wasm` files, and of folders with those of one tenant each.
    pub plugins: PathBuf,
    /// The folder that holds compiled components and the bytes of all that were ever loaded.
    pub data: PathBuf,
    /// What `llm` reaches.
    pub model: SharedModel,
    /// What `memory` reaches.
    pub memory: SharedMemory,
    /// What calls share.
    pub pool: Pool,
    /// What a component may have when it is asked who it is and tried, if that is more than usual.
    pub limits: ModuleLimits,
    /// Whether each export of a component is called once before it may serve.
    pub smoke: bool,
    /// How many bytes of components, and of compiled ones, are kept beside what is needed.
    pub kept_bytes: u64,
    /// The folder that compiled components are kept in; `compiled` in the data folder if absent. Hosts may share it, which
    /// otherwise know nothing of each other. Code in it is run as it is, so only they may write to it.
    pub cache: Option<PathBuf>,
    /// A folder of components that [`Compiler`] compiled ahead, if there is one. Code in it is run
    /// as it is, so only whoever runs this host may write to it.
    pub compiled: Option<PathBuf>,
    /// Whether a trap is told with file and line, as far as the component has debug information. It is
    /// read at each trap, and what that costs is in the hand of whoever wrote the component: only for
    /// one's own.
    pub source_lines: bool,
}

impl Config {
    /// With a pool of the default size.
    #[must_use]
    pub fn new(plugins: PathBuf, data: PathBuf, model: SharedModel, memory: SharedMemory) -> Self {
        Self {
            plugins,
            data,
            model,
            memory,
            pool: Pool::default(),
            limits: Arc::new(|_| CallLimits::default()),
            smoke: true,
            kept_bytes: 512 << 20,
            cache: None,
            compiled: None,
            source_lines: false,
        }
    }
}

/// Why there is no runtime.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The engine can't be made on this machine.
    #[error("the WebAssembly engine can't be set up: {0:#}")]
    Engine(wasmtime::Error),
    /// No thread can be started.
    #[error("no thread can be started: {0}")]
    Threads(std::io::Error),
    /// A folder can't be used.
    #[error("{}: {source}", folder.display())]
    Folder {
        /// Which.
        folder: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}

/// The sandbox: an engine, its pool, and the modules that can be called.
pub struct Runtime {
    catalogue: Arc<Catalogue>,
    services: Arc<Services>,
    /// What repeated calls used up.
    repeats: Ledger,
    permits: Permits,
    pool: Pool,
    plugins: PathBuf,
}

impl Runtime {
    /// Sets up the engine and its pool, which reserves address space but hardly any memory. No
    /// module is loaded yet.
    ///
    /// # Errors
    ///
    /// If the address space can't be had, or the data folder can't be written.
    pub fn new(config: Config) -> Result<Self, Error> {
        let Config {
            plugins,
            data,
            model,
            memory,
            pool,
            limits,
            smoke,
            kept_bytes,
            cache,
            compiled,
            source_lines,
        } = config;
        let engine = engine::build(&pool).map_err(Error::Engine)?;
        let unusable = |source| Error::Folder {
            folder: data.clone(),
            source,
        };
        let cache = cache.unwrap_or_else(|| data.join("compiled"));
        // By itself, so that what is wrong with it is told of this folder.
        artefacts::private_folder(&cache).map_err(|source| Error::Folder {
            folder: cache.clone(),
            source,
        })?;
        let artefacts = Artefacts::open_with(&data, cache, &engine)
            .map_err(unusable)?
            .with_ahead(compiled);
        let archive = Archive::open(&data).map_err(unusable)?;
        let services = Arc::new(Services {
            model,
            memory,
            ledger: Ledger::default(),
            heard: None,
            lane: Arc::new(SlowLane::new(pool.shares.clone()).map_err(Error::Threads)?),
        });
        let loader = Loader::new(&engine, artefacts, services.clone())
            .map_err(Error::Engine)?
            .with_limits(limits)
            .with_source_lines(source_lines);
        let rules = Rules { smoke, kept_bytes };
        let catalogue =
            Catalogue::open(plugins.clone(), loader, archive, rules).map_err(unusable)?;
        Ok(Self {
            catalogue: Arc::new(catalogue),
            services,
            repeats: Ledger::default(),
            permits: Permits::new(&pool),
            pool,
            plugins,
        })
    }

    /// Loads every module of the plugin folder, and says of each what came of it, by name; those of
    /// one tenant as `TENANT/NAME`. A module that is refused is left out; the others serve.
    ///
    /// # Errors
    ///
    /// If the folder can't be read.
    pub async fn load_all(&self) -> Result<Vec<(String, Result<ModuleStatus, Refused>)>, Error> {
        self.catalogue
            .load_all()
            .await
            .map_err(|source| Error::Folder {
                folder: self.plugins.clone(),
                source,
            })?;
        Ok(self.catalogue.all())
    }

    /// Keeps up with the plugin folder until it is dropped: a file that is new or has changed is
    /// taken as soon as it is whole, and serves if it passes what [`load_all`](Self::load_all) asks
    /// of it. Whatever fails is told in [`ModuleStatus::trouble`], in the log and in the metrics,
    /// and what served before goes on.
    ///
    /// The folder is looked at whenever the system says that something has changed in it, and every
    /// `poll` in any case: network filesystems say nothing.
    pub fn watch(&self, poll: Duration) -> impl Future<Output = ()> + Send + use<> {
        catalogue::watch(self.catalogue.clone(), poll)
    }
}

#[async_trait]
impl Personas for Runtime {
    async fn call(&self, call: Call) -> CallRecord {
        let how = How {
            services: &self.services,
            patience: self.pool.queue,
            counts: true,
        };
        self.run(call, how).await
    }

    async fn repeat(&self, call: Call, heard: Vec<ImportRecord>) -> CallRecord {
        let services = heard::services(heard, &self.services, self.repeats.clone());
        let how = How {
            services: &services,
            patience: Duration::ZERO,
            counts: false,
        };
        self.run(call, how).await
    }

    fn module(&self, tenant: &TenantId, name: &str) -> Result<ModuleStatus, String> {
        let status = self.catalogue.status(tenant, name);
        status.map_err(|refused| refused.to_string())
    }

    fn trouble(&self, scope: &memory::Scope, route: Option<&Route>) -> String {
        let asker = Asker {
            scope: scope.clone(),
            route: route.cloned(),
        };
        let memory = self.services.memory.trouble(&scope.room.tenant());
        let memory = memory.map(|why| format!("the memory is away: {why}"));
        let troubles = [self.services.model.trouble(&asker), memory];
        troubles
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join("; ")
    }

    fn patience(&self) -> Duration {
        self.pool.queue
    }
}

/// How a call is run.
struct How<'a> {
    /// What its imports reach.
    services: &'a Arc<Services>,
    /// How long it waits for its place.
    patience: Duration,
    /// Whether a module that is on trial is judged by it.
    counts: bool,
}

impl Runtime {
    async fn run(&self, call: Call, how: How<'_>) -> CallRecord {
        let queued = Instant::now();
        let tenant = call.scope.room.tenant();
        let serving = match self.catalogue.get(&tenant, &call.module) {
            Ok(serving) => serving,
            Err(refused) => {
                let about = ModuleRef {
                    name: call.module.to_string(),
                    digest: String::new(),
                    contract: String::new(),
                    version: String::new(),
                    calls: Calls::ALL,
                };
                return not_run(
                    call,
                    Arc::new(about),
                    CallEnd::Unavailable {
                        detail: refused.to_string(),
                    },
                );
            }
        };
        let given = given::bytes(&call.turn, &call.input);
        if given > call.limits.input_bytes as usize {
            let detail = format!(
                "the call would be given {given} bytes, and its limit (input_bytes) is {}",
                call.limits.input_bytes
            );
            let about = serving.module.about.clone();
            return not_run(call, about, CallEnd::Unavailable { detail });
        }
        let place = self
            .permits
            .acquire(tenant.clone(), serving.module.weight, how.patience)
            .await;
        match place {
            Ok(permit) => {
                let (module, queued) = (&serving.module, queued.elapsed());
                let record = call::run(module, how.services, call, Some(permit), queued).await;
                if how.counts {
                    self.catalogue.note(&serving, &tenant, &record);
                }
                record
            }
            Err(Full) => not_run(call, serving.module.about.clone(), CallEnd::Busy),
        }
    }
}

fn not_run(call: Call, module: Arc<ModuleRef>, end: CallEnd) -> CallRecord {
    CallRecord {
        v: V1,
        module,
        turn: call.turn,
        input: call.input,
        limits: call.limits,
        imports: Vec::new(),
        log: Vec::new(),
        end,
        submitted: Vec::new(),
        times: CallTimes::default(),
    }
}
