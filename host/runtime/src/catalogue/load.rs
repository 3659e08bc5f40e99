//! From the bytes of a file to a module that can be called.

use super::refused::Refused;
use crate::{
    artefacts::Artefacts,
    bindings::PersonaPre,
    call, engine, host,
    module::Module,
    sandbox::{Sandbox, Services},
    wasi,
};
use chatter_protocol::persona::ModuleRef;
use std::{path::Path, sync::Arc};
use wasmtime::{
    Engine,
    component::{Component, Linker},
};

/// The version of the contract that this host speaks.
pub const CONTRACT: &str = "0.1.0";

pub(super) const PACKAGE: &str = "chatter:persona/";

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
pub(super) const FILE_BYTES: u64 = 64 << 20;

/// What makes modules of components.
pub(super) struct Loader {
    artefacts: Artefacts,
    engine: Engine,
    linker: Linker<Sandbox>,
    services: Arc<Services>,
}

impl Loader {
    pub(super) fn new(
        engine: &Engine,
        artefacts: Artefacts,
        services: Arc<Services>,
    ) -> wasmtime::Result<Self> {
        let mut linker = Linker::new(engine);
        wasi::link(&mut linker)?;
        host::link(&mut linker)?;
        Ok(Self {
            artefacts,
            engine: engine.clone(),
            linker,
            services,
        })
    }

    /// Compiles the component, checks it, and asks it who it is.
    pub(super) async fn load(&self, name: &str, bytes: Vec<u8>) -> Result<Module, Refused> {
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
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>, Refused> {
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
