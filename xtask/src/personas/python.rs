//! Personas in Python: the interpreter, as it is after the author's modules were imported, becomes a
//! component.

use super::inputs::unless_built;
use crate::{
    python, repo,
    steps::{command, run},
};
use anyhow::Result;
use std::{
    path::{Path, PathBuf},
    process::Command,
};

fn sdk() -> PathBuf {
    repo::root().join("persona-sdk/python")
}

/// Builds the project in a folder into a file.
pub(super) fn build(project: &Path, component: &Path) -> Result<()> {
    let python = environment()?;
    let made_of = [
        project.to_owned(),
        sdk().join("chatter_persona"),
        repo::root().join("wit/persona.wit"),
    ];
    unless_built(component, &made_of, || {
        run(with_sdk(python)
            .args(["-m", "chatter_persona", "build"])
            .arg(project)
            .arg("--out")
            .arg(component))
    })
}

/// Runs the SDK's tests and those of these projects.
pub(super) fn test(projects: &[PathBuf]) -> Result<()> {
    for folder in [sdk().join("tests")].iter().chain(projects) {
        run(with_sdk("python3")
            .args(["-m", "unittest"])
            .current_dir(folder))?;
    }
    Ok(())
}

fn with_sdk(python: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut python = command(python);
    python
        .env("PYTHONPATH", sdk())
        // Nothing of theirs lies about in the sources.
        .env("PYTHONDONTWRITEBYTECODE", "1");
    python
}

/// Where the environment is.
pub(super) fn folder() -> PathBuf {
    repo::target().join("python")
}

/// The Python of an environment that holds what the SDK requires.
fn environment() -> Result<PathBuf> {
    python::environment(&folder(), &sdk().join("chatter_persona/requirements.txt"))
}
