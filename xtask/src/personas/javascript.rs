//! Personas in JavaScript: QuickJS and the author's modules become a component.

use super::inputs::unless_built;
use crate::{
    npm, repo,
    steps::{command, run},
};
use anyhow::Result;
use std::path::{Path, PathBuf};

fn sdk() -> PathBuf {
    repo::root().join("persona-sdk/js")
}

/// Builds the project in a folder into a file.
pub(super) fn build(project: &Path, component: &Path) -> Result<()> {
    install(project)?;
    let made_of = [
        project.to_owned(),
        sdk(),
        repo::root().join("wit/persona.wit"),
    ];
    unless_built(component, &made_of, || {
        run(command("node")
            .arg(sdk().join("build.js"))
            .arg(project)
            .arg("--out")
            .arg(component))
    })
}

/// Runs the SDK's tests and those of these projects.
pub(super) fn test(projects: &[PathBuf]) -> Result<()> {
    for folder in [sdk()].iter().chain(projects) {
        install(folder)?;
        run(command("node").arg("--test").current_dir(folder))?;
    }
    Ok(())
}

/// The SDK's own packages, and the project's, of which the SDK is one.
fn install(project: &Path) -> Result<()> {
    npm::install(&sdk())?;
    npm::install(project)
}
