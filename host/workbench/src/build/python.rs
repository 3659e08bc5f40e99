//! Python: the SDK's own command does it, in an environment of the project's own.

use super::{Error, Progress, tool::Tool};
use crate::Project;
use std::path::{Path, PathBuf};

static PYTHON: Tool = Tool {
    name: "python3",
    install: "install Python 3.11 or later with venv and pip: `apt install python3-venv python3-pip`, or from https://python.org",
};

/// The SDK's package, which says what it rests on.
const SDK: &str = "chatter_persona";
const WANTED: &str = "chatter_persona/requirements.txt";
/// A copy of that in the environment that was made from it.
const INSTALLED: &str = ".venv/installed-requirements.txt";

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
    let sdk = sdk(&root).ok_or_else(|| {
        Error::NoComponent(format!(
            "{}: its copy of the SDK, the folder {SDK}, is missing; `chatter persona new` makes projects with one",
            project.root.display()
        ))
    })?;
    let python = root.join(VENV);
    let wanted = sdk.join(WANTED);
    if !is_installed(&root, &wanted) {
        PYTHON
            .run(system_python(), &root)
            .args(["-m", "venv", "--clear", ".venv"])
            .done(progress)
            .await?;
        PYTHON
            .run(&python, &root)
            .args(["-m", "pip", "install", "--disable-pip-version-check"])
            .args([
                "--require-hashes",
                "--only-binary",
                ":all:",
                "--requirement",
            ])
            .args([&*wanted.to_string_lossy()])
            .done(progress)
            .await?;
        let installed = root.join(INSTALLED);
        std::fs::copy(&wanted, &installed).map_err(|source| Error::File {
            path: installed,
            source,
        })?;
    }
    PYTHON
        .run(&python, &root)
        .args(["-m", SDK, "build"])
        .env("PYTHONPATH", &sdk)
        .env("PYTHONDONTWRITEBYTECODE", "1")
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

/// The folder with the SDK's package: the project's own copy, or that of the checkout it is in.
fn sdk(root: &Path) -> Option<PathBuf> {
    let above = root.ancestors().skip(1);
    std::iter::once(root.to_owned())
        .chain(above.map(|folder| folder.join("persona-sdk/python")))
        .find(|folder| folder.join(SDK).is_dir())
}

/// Whether the environment was made from what is wanted now.
fn is_installed(root: &Path, wanted: &Path) -> bool {
    let installed = std::fs::read(root.join(INSTALLED));
    root.join(VENV).exists()
        && matches!((installed, std::fs::read(wanted)), (Ok(is), Ok(wanted)) if is == wanted)
}
