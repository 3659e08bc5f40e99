//! The catalogue of modules: from a file in the plugin folder to something that can be called.

use crate::{
    artefacts::Artefacts,
    bindings::PersonaPre,
    call, engine, host,
    module::Module,
    sandbox::{Sandbox, Services},
    wasi,
};
use arc_swap::ArcSwap;
use chatter_protocol::{PersonaId, persona::ModuleRef};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};
use wasmtime::{
    Engine,
    component::{Component, Linker},
};

/// The version of the contract that this host speaks.
pub const CONTRACT: &str = "0.1.0";

const PACKAGE: &str = "chatter:persona/";

/// What a component may import: the contract's own interfaces, and WASI 0.2 as it is linked here.
const IMPORTS: [&str; 10] = [
    "chatter:persona/types@0.1.",
    "chatter:persona/llm@0.1.",
    "chatter:persona/memory@0.1.",
    "chatter:persona/log@0.1.",
    "wasi:cli/",
    "wasi:clocks/",
    "wasi:filesystem/",
    "wasi:io/",
    "wasi:random/",
    "wasi:sockets/",
];

/// The largest component that is compiled, in bytes.
const FILE_BYTES: u64 = 64 << 20;

/// How many modules are named to whoever named one that is not there.
const NAMED: usize = 12;

/// Why a file in the plugin folder is not a module that can be called. Each says what its author
/// can do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no such file.
    #[error(
        "no such module: {} does not exist; build it (`cargo xtask personas` builds those that ship){}", file.display(), instead(.others)
    )]
    Missing {
        /// The file.
        file: PathBuf,
        /// The names of the modules that there are.
        others: Vec<String>,
    },
    /// No persona's configuration could name it.
    #[error(
        "no persona can name it: a module's name is 1 to 63 of a-z, 0-9 and -; rename the file"
    )]
    Name,
    /// The file can't be read.
    #[error("can't be read: {0}")]
    Unreadable(String),
    /// The file is larger than a component may be.
    #[error("{0} bytes: a component may have {FILE_BYTES}")]
    TooLarge(u64),
    /// The file is something else.
    #[error("not a WebAssembly component: {0}")]
    NotAComponent(&'static str),
    /// The component is broken.
    #[error("not a valid component: {0}; copy or build it again")]
    Invalid(String),
    /// The data folder does not take what is made of it.
    #[error("its compiled form can't be kept in the data folder: {0}")]
    NotKept(String),
    /// It asks for something that personas don't get.
    #[error("imports {}, which personas don't get; they may import chatter:persona's llm, memory and log, and WASI 0.2's cli, clocks, filesystem, io, random and sockets", .0.join(", "))]
    Imports(Vec<String>),
    /// It is no persona.
    #[error(
        "exports no {PACKAGE}guest@{CONTRACT}: it is not a persona; in Rust, `persona_sdk::export!(YourType);` is what makes it one"
    )]
    NotAPersona,
    /// It was built for another version of the contract.
    #[error(
        "built for {PACKAGE}guest@{0}, but this host speaks {CONTRACT}; build it with the SDK that came with this host"
    )]
    OtherVersion(String),
    /// It needs more of the pool than one component may.
    #[error("needs {0}, which is more than one component may have")]
    TooMuch(String),
    /// It failed when it was asked who it is.
    #[error("`describe` failed: {0}")]
    Describe(String),
}

/// All modules, by name.
pub(crate) struct Catalogue {
    plugins: PathBuf,
    artefacts: Artefacts,
    engine: Engine,
    linker: Linker<Sandbox>,
    services: Arc<Services>,
    modules: ArcSwap<BTreeMap<String, Result<Arc<Module>, Refused>>>,
}

impl Catalogue {
    pub(crate) fn new(
        engine: &Engine,
        plugins: PathBuf,
        artefacts: Artefacts,
        services: Arc<Services>,
    ) -> wasmtime::Result<Self> {
        let mut linker = Linker::new(engine);
        wasi::link(&mut linker)?;
        host::link(&mut linker)?;
        Ok(Self {
            plugins,
            artefacts,
            engine: engine.clone(),
            linker,
            services,
            modules: ArcSwap::default(),
        })
    }

    pub(crate) fn get(&self, name: &str) -> Result<Arc<Module>, Refused> {
        match self.modules.load().get(name) {
            Some(module) => module.clone(),
            None => Err(Refused::Missing {
                file: self.path(name),
                others: self.good_names(),
            }),
        }
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.modules.load().keys().cloned().collect()
    }

    /// The names of the modules that can be called.
    fn good_names(&self) -> Vec<String> {
        let modules = self.modules.load();
        let good = modules.iter().filter(|(_, module)| module.is_ok());
        good.map(|(name, _)| name.clone()).collect()
    }

    /// Loads every `*.wasm` of the plugin folder; a file that can't be loaded is kept as refused.
    pub(crate) async fn load_all(&self) -> std::io::Result<()> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.plugins)? {
            let path = entry?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "wasm")
                && let Some(name) = path.file_stem().and_then(|stem| stem.to_str())
            {
                names.push(name.to_owned());
            }
        }
        names.sort();
        for name in names {
            let module = self.load(&name).await.map(Arc::new);
            match &module {
                Ok(module) => {
                    tracing::info!(module = name, digest = module.about.digest, "module loaded")
                }
                Err(refused) => tracing::error!(module = name, "module left out: {refused}"),
            }
            self.modules.rcu(|modules| {
                let mut modules = BTreeMap::clone(modules);
                modules.insert(name.clone(), module.clone());
                modules
            });
        }
        Ok(())
    }

    async fn load(&self, name: &str) -> Result<Module, Refused> {
        // Modules are named as personas are.
        if PersonaId::new(name).is_err() {
            return Err(Refused::Name);
        }
        let bytes = read(&self.path(name))?;
        check_header(&bytes)?;
        let (component, digest) = {
            let (engine, artefacts) = (self.engine.clone(), self.artefacts.clone());
            // Compiling takes tens of milliseconds to seconds: not on a thread that serves a room.
            let compiled =
                tokio::task::spawn_blocking(move || artefacts.component(&engine, &bytes));
            compiled
                .await
                .map_err(|error| Refused::Invalid(error.to_string()))?
                .map_err(|error| match error.downcast_ref::<std::io::Error>() {
                    Some(error) => Refused::NotKept(error.to_string()),
                    None => Refused::Invalid(one_line(&error)),
                })?
        };
        self.check_contract(&component)?;
        check_needs(&component)?;
        let pre = self
            .linker
            .instantiate_pre(&component)
            .and_then(PersonaPre::new)
            .map_err(|error| Refused::Invalid(one_line(&error)))?;
        let about = call::describe(&pre, &self.services)
            .await
            .map_err(Refused::Describe)?;
        let reference = ModuleRef {
            name: name.to_owned(),
            digest,
            contract: CONTRACT.to_owned(),
            version: about.version.chars().take(60).collect(),
        };
        Ok(Module {
            about: Arc::new(reference),
            state_version: about.state_version,
            pre,
        })
    }

    fn check_contract(&self, component: &Component) -> Result<(), Refused> {
        let kind = component.component_type();
        let allowed = |name: &str| {
            IMPORTS.iter().any(|prefix| name.starts_with(prefix))
                && (name.starts_with(PACKAGE) || name.contains("@0.2."))
        };
        let guest = format!("{PACKAGE}guest@");
        let versions: Vec<_> = kind
            .exports(&self.engine)
            .filter_map(|(name, _)| name.strip_prefix(&guest))
            .collect();
        if !versions.contains(&CONTRACT) {
            return Err(match versions.first() {
                Some(other) => Refused::OtherVersion((*other).to_owned()),
                None => Refused::NotAPersona,
            });
        }
        let others: Vec<_> = kind
            .imports(&self.engine)
            .map(|(name, _)| name)
            .filter(|name| !allowed(name))
            .map(str::to_owned)
            .collect();
        if others.is_empty() {
            Ok(())
        } else {
            Err(Refused::Imports(others))
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.plugins.join(format!("{name}.wasm"))
    }
}

/// What else a persona might be meant to run on.
fn instead(others: &[String]) -> String {
    match others {
        [] => String::new(),
        others if others.len() <= NAMED => {
            format!(", or name one that is there: {}", others.join(", "))
        }
        others => format!(
            ", or name one that is there: {}, or another of {} more",
            others[..NAMED].join(", "),
            others.len() - NAMED
        ),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Refused> {
    let unreadable = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => Refused::Missing {
            file: path.to_owned(),
            others: Vec::new(),
        },
        _ => Refused::Unreadable(error.to_string()),
    };
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > FILE_BYTES {
        return Err(Refused::TooLarge(size));
    }
    std::fs::read(path).map_err(unreadable)
}

/// Tells apart what authors put into the folder by mistake. The first four bytes are WebAssembly's
/// magic number, the next four its version and layer (Component Model, `Binary.md`).
fn check_header(bytes: &[u8]) -> Result<(), Refused> {
    let what = match bytes {
        [] => "the file is empty",
        [0, b'a', b's', b'm', version, _, layer, _, ..] => match (version, layer) {
            (_, 1) => return Ok(()),
            _ => {
                "it is a core module; build it with `--target wasm32-wasip2`, or wrap it by `wasm-tools component new`"
            }
        },
        [0, b'a', b's', b'm', ..] => "the file ends within its header",
        // What begins the shared libraries of Linux, Windows and macOS.
        [0x7f, b'E', b'L', b'F', ..] | [b'M', b'Z', ..] | [0xcf, 0xfa, 0xed, 0xfe, ..] => {
            "it is a program for this machine; build it with `--target wasm32-wasip2`"
        }
        _ => "the file does not start as WebAssembly does",
    };
    Err(Refused::NotAComponent(what))
}

fn check_needs(component: &Component) -> Result<(), Refused> {
    let Some(needs) = component.resources_required() else {
        return Err(Refused::TooMuch("modules or components as imports".into()));
    };
    if needs.num_memories > engine::MEMORIES {
        return Err(Refused::TooMuch(format!("{} memories", needs.num_memories)));
    }
    if needs.num_tables > engine::TABLES {
        return Err(Refused::TooMuch(format!("{} tables", needs.num_tables)));
    }
    Ok(())
}

fn one_line(error: &wasmtime::Error) -> String {
    format!("{error:#}")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}
