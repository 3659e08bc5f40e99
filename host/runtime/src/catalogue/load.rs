//! From the bytes of a file to a module that can be called.

use super::{
    describe::describe,
    folder::Slot,
    places::{Place, Places},
    refused::Refused,
};
use crate::{
    ModuleLimits,
    artefacts::Artefacts,
    brief::{NAME_BYTES, REASON_BYTES, brief},
    contract::{self, PACKAGE, PersonaPre, SPOKEN},
    debug_info, engine,
    inspect::{Needs, Unfit, inspect},
    lanes::{SlowLane, give_way_to_others},
    lift,
    module::Module,
    sandbox::{Sandbox, Services},
    wasi,
};
use chatter_protocol::{TenantId, call::CallLimits, persona::ModuleRef};
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;
use wasmtime::{
    Engine,
    component::{Component, Linker},
};

/// The versions of the contract that this host speaks, newest first.
pub const CONTRACTS: &[&str] = &SPOKEN;

/// What a component may import of the contract, in a version that is spoken.
const INTERFACES: [&str; 4] = ["types", "llm", "memory", "log"];

/// What it may import beside that: WASI 0.2 as it is linked here.
const WASI: [&str; 6] = [
    "wasi:cli/",
    "wasi:clocks/",
    "wasi:filesystem/",
    "wasi:io/",
    "wasi:random/",
    "wasi:sockets/",
];

/// The largest component that is compiled, in bytes.
pub(super) const FILE_BYTES: u64 = 64 << 20;

/// So many components are compiled and tried at a time: no more than there are places for them in the
/// pool, beside those of calls.
const AT_ONCE: usize = 2;

/// How long a component is waited for until it is compiled. Nothing can interrupt compiling: what takes
/// longer is left to itself, and keeps its place until it ends.
pub(super) const COMPILED_IN: Duration = Duration::from_secs(300);

/// How nice the threads are that compile: a third of the weight of those that serve rooms. Less, and on
/// a busy machine a new version would never be ready.
const NICE: i32 = 5;

/// What makes modules of components.
pub(crate) struct Loader {
    pub(super) artefacts: Artefacts,
    engine: Engine,
    linker: Linker<Sandbox>,
    services: Arc<Services>,
    limits: ModuleLimits,
    /// No more are compiled and tried at a time.
    places: Places,
    /// Where components are compiled; wasmtime spreads their functions over the pool it is called in.
    compilers: Arc<ThreadPool>,
    /// Whether debug information is compiled in.
    source_lines: bool,
}

impl Loader {
    pub(crate) fn new(
        engine: &Engine,
        artefacts: Artefacts,
        services: Arc<Services>,
    ) -> wasmtime::Result<Self> {
        let mut linker = Linker::new(engine);
        wasi::link(&mut linker)?;
        contract::link(&mut linker)?;
        let compilers = ThreadPoolBuilder::new()
            .thread_name(|n| format!("compiler {n}"))
            .start_handler(|_| give_way_to_others(NICE))
            .build()?;
        Ok(Self {
            artefacts,
            engine: engine.clone(),
            linker,
            services,
            limits: Arc::new(|_| CallLimits::default()),
            places: Places::new(AT_ONCE),
            compilers: Arc::new(compilers),
            source_lines: false,
        })
    }

    /// With what calls of modules may have.
    pub(crate) fn with_limits(self, limits: ModuleLimits) -> Self {
        Self { limits, ..self }
    }

    /// Compiles debug information in, or not.
    pub(crate) fn with_source_lines(self, source_lines: bool) -> Self {
        Self {
            source_lines,
            ..self
        }
    }

    /// What a component in this place may have while it is loaded: no less than its calls, nor than those of which nothing
    /// is said, since who will call it may have limits of their own.
    pub(super) fn limits(&self, slot: &Slot) -> CallLimits {
        CallLimits::default().or_more((self.limits)(&slot.name))
    }

    /// Where those compute that take long.
    pub(super) fn lane(&self) -> Arc<SlowLane> {
        self.services.lane.clone()
    }

    /// Waits until there is a place to load a component of the tenant, or of everybody.
    pub(super) async fn place(&self, tenant: Option<&TenantId>) -> Arc<Place> {
        self.places.take(tenant).await
    }

    /// Compiles the component, checks it, and asks it who it is.
    pub(super) async fn load(
        &self,
        slot: &Slot,
        digest: Arc<str>,
        bytes: Arc<[u8]>,
        limits: &CallLimits,
        place: &Arc<Place>,
    ) -> Result<Module, Refused> {
        check_header(&bytes)?;
        let compiled = timeout(COMPILED_IN, self.compile(&digest, bytes, place));
        let (component, needs) = compiled.await.map_err(|_| Refused::Slow)??;
        let version = self.check_contract(&component)?;
        let weight = check_needs(&component, &needs)?;
        let pre = self
            .link(version, &component)
            .map_err(|error| Refused::Invalid(one_line(&error)))?;
        let pre = Arc::new(pre);
        let about = describe(&pre, slot.tenant.as_ref(), limits, &self.services).await?;
        let reference = ModuleRef {
            name: slot.name.clone(),
            digest: digest.to_string(),
            contract: version.to_owned(),
            version: shown_version(&about.version),
            calls: lift::calls(about.calls),
        };
        Ok(Module {
            about: Arc::new(reference),
            state_version: about.state_version,
            weight,
            pre,
        })
    }

    /// Reads the component and compiles it, unless that was done before.
    async fn compile(
        &self,
        digest: &Arc<str>,
        bytes: Arc<[u8]>,
        place: &Arc<Place>,
    ) -> Result<(Component, Needs), Refused> {
        let (engine, artefacts) = (self.engine.clone(), self.artefacts.clone());
        let (compilers, digest) = (self.compilers.clone(), digest.clone());
        let source_lines = self.source_lines;
        let place = place.clone();
        // Waited for here: threads of the pool that wait could wait for each other.
        let turn = artefacts.turn(&digest).await;
        // Either takes tens of milliseconds to seconds: not on a thread that serves a room.
        let compiled = tokio::task::spawn_blocking(move || {
            let _until_it_ends = (turn, place);
            compilers.install(|| {
                let needs = artefacts.needs(&digest, || inspect(&bytes))?;
                let (bytes, name) =
                    debug_info::compiled(&bytes, &digest, &needs.debug_sections, source_lines);
                let compiled = artefacts.component(&engine, &name, &bytes);
                let component =
                    compiled.map_err(|error| match error.downcast_ref::<std::io::Error>() {
                        Some(error) => Refused::NotKept(error.to_string()),
                        None => Refused::Invalid(one_line(&error)),
                    })?;
                Ok((component, needs))
            })
        });
        compiled
            .await
            .map_err(|error| Refused::Invalid(error.to_string()))?
    }

    /// A component of a version that is spoken, with its imports.
    pub(super) fn link(
        &self,
        version: &str,
        component: &Component,
    ) -> wasmtime::Result<PersonaPre> {
        let pre = self.linker.instantiate_pre(component)?;
        PersonaPre::new(version, pre)
    }

    /// The newest version of the contract that both the component and this host speak.
    fn check_contract(&self, component: &Component) -> Result<&'static str, Refused> {
        let mut read = Contract::of(component, &self.engine);
        if !read.refused.is_empty() {
            return Err(read.refused.swap_remove(0));
        }
        read.spoken.ok_or(Refused::NotAPersona)
    }
}

/// What a component says of the contract.
pub(super) struct Contract {
    /// The newest version that both it and this host speak.
    pub(super) spoken: Option<&'static str>,
    /// What it imports.
    pub(super) imports: Vec<String>,
    /// All that is wrong with it.
    pub(super) refused: Vec<Refused>,
}

impl Contract {
    pub(super) fn of(component: &Component, engine: &Engine) -> Self {
        let kind = component.component_type();
        let guest = format!("{PACKAGE}guest@");
        let versions: Vec<_> = kind
            .exports(engine)
            .filter_map(|(name, _)| name.strip_prefix(&guest))
            .collect();
        let spoken = SPOKEN.into_iter().find(|spoken| versions.contains(spoken));
        let imports = kind.imports(engine).map(|(name, _)| name.to_owned());
        let imports: Vec<_> = imports.collect();
        let others = imports.iter().map(String::as_str);
        let others: Vec<_> = others.filter(|name| !is_allowed(name)).collect();
        let mut refused = Vec::new();
        if spoken.is_none() {
            refused.push(not_spoken(&versions));
        }
        if !others.is_empty() {
            refused.push(not_allowed(&others));
        }
        Self {
            spoken,
            imports,
            refused,
        }
    }
}

/// Whether a component may import this.
fn is_allowed(name: &str) -> bool {
    match name.strip_prefix(PACKAGE) {
        Some(interface) => interface
            .split_once('@')
            .is_some_and(|(interface, version)| {
                INTERFACES.contains(&interface) && SPOKEN.contains(&version)
            }),
        None => WASI.iter().any(|prefix| name.starts_with(prefix)) && name.contains("@0.2."),
    }
}

/// So many of the imports that a persona doesn't get are named.
const NAMED: usize = 8;

/// Why a component that imports these is refused.
fn not_allowed(others: &[&str]) -> Refused {
    let mut named: Vec<_> = others
        .iter()
        .take(NAMED)
        .map(|name| brief(name, NAME_BYTES))
        .collect();
    if others.len() > NAMED {
        named.push(format!("and {} more", others.len() - NAMED));
    }
    Refused::Imports(named)
}

/// Why a component that was built for these versions can't be spoken to.
fn not_spoken(versions: &[&str]) -> Refused {
    // The newest is what it was built for; an older one beside it is for older hosts.
    let Some(newest) = versions.iter().max_by_key(|version| number(version)) else {
        return Refused::NotAPersona;
    };
    if number(newest) > number(SPOKEN[0]) {
        Refused::Newer(brief(newest, NAME_BYTES))
    } else {
        Refused::Unspoken(brief(newest, NAME_BYTES))
    }
}

/// A version's three numbers; `None`, which is less than all others, if it has no such form.
fn number(version: &str) -> Option<[u64; 3]> {
    let mut numbers = version.splitn(3, '.').map(|part| part.parse().ok());
    Some([numbers.next()??, numbers.next()??, numbers.next()??])
}

/// Tells apart what authors put into the folder by mistake. The first four bytes are WebAssembly's
/// magic number, the next four its version and layer (Component Model, `Binary.md`).
pub(super) fn check_header(bytes: &[u8]) -> Result<(), Refused> {
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

/// How many places of the pool it takes.
pub(super) fn check_needs(component: &Component, inspected: &Needs) -> Result<u32, Refused> {
    let Some(needs) = component.resources_required() else {
        return Err(Refused::TooMuch("modules or components as imports".into()));
    };
    let each = [
        ("memories", needs.num_memories, engine::MEMORIES),
        ("tables", needs.num_tables, engine::TABLES),
    ];
    for (what, number, most) in each {
        if number > most {
            return Err(Refused::TooMuch(format!(
                "{number} {what} (there may be {most})"
            )));
        }
    }
    Ok(engine::weight([
        inspected.core_instances,
        needs.num_memories,
        needs.num_tables,
    ]))
}

impl From<Unfit> for Refused {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::Invalid(detail) => Self::Invalid(detail),
            Unfit::TooMuch(what) => Self::TooMuch(what),
        }
    }
}

/// A component's version, as statuses, logs and terminals show it.
fn shown_version(version: &str) -> String {
    let shown = |c: char| {
        if c.is_control() {
            char::REPLACEMENT_CHARACTER
        } else {
            c
        }
    };
    version.chars().take(60).map(shown).collect()
}

pub(super) fn one_line(error: &wasmtime::Error) -> String {
    brief(format_args!("{error:#}"), REASON_BYTES)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_gives_the_terminal_no_orders() {
        assert_eq!(shown_version("1.2\u{1b}[2J\n3"), "1.2\u{fffd}[2J\u{fffd}3");
        assert_eq!(shown_version(&"x".repeat(61)), "x".repeat(60));
    }
}
