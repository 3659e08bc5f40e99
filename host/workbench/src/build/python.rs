//! Python: the SDK's own command does it, in an environment of the project's own.

use super::{Error, Progress, tool::Tool};
use crate::Project;
use std::path::{Path, PathBuf};

static PYTHON: Tool = Tool {
    name: "python3",
    install: "install Python 3.10 or later with venv and pip: `apt install python3-venv python3-pip`, or from https://python.org",
};

/// What the environment holds, as the SDK says it.
const WANTED: &str = "sdk/requirements.txt";
/// A copy of it in the environment that was made from it.
const INSTALLED: &str = ".venv/requirements.txt";

#[cfg(windows)]
const VENV: &str = ".venv/Scripts/python.exe";
#[cfg(not(windows))]
const VENV: &str = ".venv/bin/python";

/// Makes the environment, if what belongs into it changed, and builds.
pub(super) async fn build(project: &Project, progress: &dyn Progress) -> Result<PathBuf, Error> {
    let root = std::path::absolute(&project.root).map_err(|source| Error::File {
        path: project.root.clone(),
        source,
    })?;
    let python = root.join(VENV);
    if !is_installed(&root) {
        PYTHON
            .run(system_python(), &root)
            .args(["-m", "venv", ".venv"])
            .done(progress)
            .await?;
        PYTHON
            .run(&python, &root)
            .args(["-m", "pip", "install", "--disable-pip-version-check"])
            .args(["--require-hashes", "-r", WANTED])
            .done(progress)
            .await?;
        let installed = root.join(INSTALLED);
        std::fs::copy(root.join(WANTED), &installed).map_err(|source| Error::File {
            path: installed,
            source,
        })?;
    }
    PYTHON
        .run(&python, &root)
        .args(["-m", "chatter_persona", "build"])
        .env("PYTHONPATH", root.join("sdk"))
        .done(progress)
        .await?;
    let component = project.component();
    if component.is_file() {
        Ok(component)
    } else {
        Err(Error::NoComponent(format!(
            "{}: the build wrote no {}",
            project.root.display(),
            component.display()
        )))
    }
}

const fn system_python() -> &'static str {
    if cfg!(windows) { "python" } else { "python3" }
}

/// Whether the environment was made from what is wanted now.
fn is_installed(root: &Path) -> bool {
    let read = |path: &str| std::fs::read(root.join(path)).ok();
    root.join(VENV).exists() && read(INSTALLED).is_some() && read(INSTALLED) == read(WANTED)
}
