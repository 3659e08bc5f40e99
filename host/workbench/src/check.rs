//! Checking: everything about a component that a host would look at, and more that its author wants
//! to know before others run it. Every problem is found in one go, each with its mend.

mod character;
mod smoke;

pub use smoke::Tried;

use crate::{Language, Project, project};
use chatter_llm::{Offline, SharedModel};
use chatter_memory::{Embedded, SharedMemory};
use chatter_protocol::{PersonaId, call::CallLimits};
use chatter_runtime::{Examined, examine};
use serde::Serialize;
use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::Arc,
};

/// WASI's packages that are there, and empty.
const WASI: [&str; 6] = ["cli", "clocks", "filesystem", "io", "random", "sockets"];

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// It must be mended.
    Problem,
    /// Good to know.
    Remark,
}

/// Something that was found, with what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How much it matters.
    pub weight: Weight,
    /// In a sentence.
    pub text: String,
}

/// What a check comes to.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The file.
    pub component: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// The version of the contract that it is spoken to in.
    pub contract: Option<&'static str>,
    /// What it says of itself.
    pub about: Option<About>,
    /// What it needs.
    pub needs: Option<Needs>,
    /// The calls that were tried.
    pub tried: Vec<Tried>,
    /// All that was found, problems first.
    pub findings: Vec<Finding>,
}

/// See [`Report::about`].
#[derive(Clone, Debug, Serialize)]
pub struct About {
    /// The module's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The version of its state.
    pub state_version: u32,
    /// The traits that it reads.
    pub traits: Vec<String>,
}

/// See [`Report::needs`].
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Needs {
    /// Milliseconds that compiling took, with this build of this program.
    pub compile_ms: u64,
    /// What its largest memory begins with, in bytes.
    pub memory_bytes: u64,
    /// What its largest table begins with.
    pub table_elements: u64,
    /// Places of the pool that each of its calls takes.
    pub places: Option<u32>,
}

/// Why nothing could be checked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder is no project.
    #[error(transparent)]
    Project(#[from] project::Error),
    /// There is no such file.
    #[error("{}: there is no such file", .0.display())]
    NoFile(PathBuf),
    /// The project was not built yet.
    #[error("{} is not there yet: `chatter persona build {}` makes it", component.display(), folder.display())]
    NotBuilt {
        /// The component.
        component: PathBuf,
        /// The project's folder.
        folder: PathBuf,
    },
    /// A file can't be read.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The sandbox can't be set up on this machine.
    #[error("{0}")]
    Sandbox(String),
}

impl Report {
    /// Whether nothing must be mended.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.findings
            .iter()
            .all(|found| found.weight == Weight::Remark)
    }
}

/// What was found so far.
#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn problem(&mut self, text: impl Into<String>) {
        self.add(Weight::Problem, text);
    }

    fn remark(&mut self, text: impl Into<String>) {
        self.add(Weight::Remark, text);
    }

    fn add(&mut self, weight: Weight, text: impl Into<String>) {
        let text = text.into();
        self.0.push(Finding { weight, text });
    }
}

/// Checks a component's file, or a project's folder with the component in it.
///
/// # Errors
///
/// If there is nothing to be checked. What is wrong with the component is in the report.
pub async fn check(path: &Path) -> Result<Report, Error> {
    let project = if path.is_dir() {
        Some(Project::open(path)?)
    } else {
        None
    };
    let component = project.as_ref().map_or(path.to_owned(), Project::component);
    let bytes = fs::read(&component).map_err(|source| match (&project, source.kind()) {
        (Some(project), ErrorKind::NotFound) => Error::NotBuilt {
            component: component.clone(),
            folder: project.root.clone(),
        },
        (None, ErrorKind::NotFound) => Error::NoFile(component.clone()),
        _ => Error::File {
            path: component.clone(),
            source,
        },
    })?;
    let mut findings = Findings::default();
    let name = component
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default();
    if PersonaId::new(&name).is_err() {
        findings.problem(format!(
            "its file's name, {name:?}, can't be a module's: 1 to 63 of a-z, 0-9 and -; rename the file"
        ));
    }

    let sandbox = |error: &dyn std::fmt::Display| Error::Sandbox(error.to_string());
    let data = tempfile::tempdir().map_err(|error| sandbox(&error))?;
    let model: SharedModel = Arc::new(Offline::new());
    let memory: SharedMemory = Arc::new(Embedded::in_memory().map_err(|error| sandbox(&error))?);
    let examined = examine(&bytes, data.path(), model.clone(), memory.clone())
        .await
        .map_err(|error| sandbox(&error))?;
    for refused in &examined.refused {
        findings.problem(refused.to_string());
    }
    let persona = project
        .as_ref()
        .and_then(|project| character::check(project, examined.about.as_ref(), &mut findings));
    let limits = persona
        .as_ref()
        .and_then(|persona| persona.limits.as_ref())
        .map_or_else(CallLimits::default, |limits| {
            limits.over(CallLimits::default())
        });
    about(&examined, &name, &mut findings);
    needs(&examined, &limits, &mut findings);
    build(project.as_ref(), &bytes, &mut findings);
    imports(&examined, &mut findings);

    let tried = if examined.refused.is_empty() && examined.about.is_some() {
        let subject = smoke::Subject {
            component: &component,
            calls: examined
                .about
                .as_ref()
                .map(|about| about.calls)
                .unwrap_or_default(),
            persona: persona.as_ref(),
            limits: &limits,
        };
        smoke::run(&subject, data.path(), model, memory, &mut findings)
            .await
            .map_err(|error| sandbox(&error))?
    } else {
        Vec::new()
    };
    let mut findings = findings.0;
    findings.sort_by_key(|found| found.weight == Weight::Remark);
    Ok(Report {
        component,
        bytes: bytes.len() as u64,
        contract: examined.contract,
        about: examined.about.map(|about| About {
            name: about.name,
            version: about.version,
            state_version: about.state_version,
            traits: about.traits,
        }),
        needs: examined.needs.map(|needs| Needs {
            compile_ms: u64::try_from(needs.compiled_in.as_millis()).unwrap_or(u64::MAX),
            memory_bytes: needs.memory_bytes,
            table_elements: needs.table_elements,
            places: needs.places,
        }),
        tried,
        findings,
    })
}

/// What it says of itself.
fn about(examined: &Examined, file: &str, findings: &mut Findings) {
    let Some(about) = &examined.about else {
        return;
    };
    if about.name != file {
        findings.remark(format!(
            "it calls itself {:?}, but its file {file:?}: rosters go by the file's name; rename one of them",
            about.name
        ));
    }
    if about.version.trim().is_empty() {
        findings.problem("`describe` gives no version: it is how operators tell its builds apart; give it one in the project's manifest");
    } else if about.version.chars().count() > 60 {
        findings.remark("its version is longer than the 60 characters that are shown");
    }
}

/// Whether what it begins with is within what it is loaded with, and what a call of it may have.
fn needs(examined: &Examined, limits: &CallLimits, findings: &mut Findings) {
    let Some(needs) = examined.needs else {
        return;
    };
    let usual = CallLimits::default();
    for (what, begins_with, usual, limit, name) in [
        (
            "bytes of memory",
            needs.memory_bytes,
            usual.memory_bytes,
            limits.memory_bytes,
            "memory_bytes",
        ),
        (
            "elements in a table",
            needs.table_elements,
            u64::from(usual.table_elements),
            u64::from(limits.table_elements),
            "table_elements",
        ),
    ] {
        if begins_with > usual {
            findings.problem(format!(
                "it begins with {begins_with} {what}, and is loaded with {usual} where nothing is said of it: make it smaller, or have the operator raise `{name}` in [limits] of chatter.toml or of the module's file in configs/modules, as what a character has counts only later"
            ));
        } else if begins_with > limit {
            findings.problem(format!(
                "it begins with {begins_with} {what}, and a call of its character may have {limit}: raise `{name}` in [limits] of persona.toml"
            ));
        }
    }
    if let Some(places @ 2..) = needs.places {
        findings.remark(format!(
            "each of its calls takes {places} places of the pool, where one built from Rust takes 1"
        ));
    }
}

/// How it was built.
fn build(project: Option<&Project>, bytes: &[u8], findings: &mut Findings) {
    const DEBUG: &[u8] = b".debug_info";
    let rust = project.is_none_or(|project| project.language == Language::Rust);
    if rust && bytes.windows(DEBUG.len()).any(|part| part == DEBUG) {
        findings.remark(
            "it has debug information, as is good while one writes it; `chatter persona build` without --debug makes it smaller and faster",
        );
    }
}

/// Interfaces that are there, and empty.
fn imports(examined: &Examined, findings: &mut Findings) {
    let is_imported = |package: &&&str| {
        let prefix = format!("wasi:{package}/");
        examined
            .imports
            .iter()
            .any(|name| name.starts_with(&prefix))
    };
    let imported: Vec<_> = WASI.iter().filter(is_imported).copied().collect();
    if !imported.is_empty() {
        findings.remark(format!(
            "it imports WASI's {}: there for the sake of standard libraries, and empty (no file, no address, no environment; time and chance are the turn's)",
            imported.join(", ")
        ));
    }
}
