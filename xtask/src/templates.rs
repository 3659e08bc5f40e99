//! New projects: each template makes one that builds, and whose own tests pass, as it comes.

use crate::{
    npm::npm,
    personas, repo,
    steps::{cargo, command, run},
};
use anyhow::{Context, Result};
use std::{fs, path::Path, process::Command};

/// The module's name in every language: two words, of which types and titles are made.
const NAME: &str = "late-comer";

/// Makes a project of each template, by the program as the tests have built it, builds it and runs its
/// tests: those in its language, and its cases on the built component.
pub(crate) fn test() -> Result<()> {
    let all = repo::target().join("templates");
    if all.exists() {
        fs::remove_dir_all(&all).with_context(|| format!("can't remove {}", all.display()))?;
    }
    for language in ["rust", "js", "python"] {
        let project = all.join(language);
        run(persona(&all)
            .args(["new", NAME, "--lang", language, "--dir"])
            .arg(&project))?;
        match language {
            "rust" => rust(&all, &project)?,
            "js" => javascript(&all, &project)?,
            _ => python(&all, &project)?,
        }
        run(persona(&all).arg("test").arg(&project))?;
    }
    Ok(())
}

/// `chatter persona`, which keeps what it compiles beside the projects.
fn persona(all: &Path) -> Command {
    let mut persona = command(personas::program());
    persona
        .arg("persona")
        .env("XDG_CACHE_HOME", all.join("cache"));
    persona
}

/// With the versions that the workspace has, in the folder where it is built: so hardly anything is
/// compiled that other tests don't need as well.
fn rust(all: &Path, project: &Path) -> Result<()> {
    let lock = project.join("Cargo.lock");
    fs::copy(repo::root().join("Cargo.lock"), &lock)
        .with_context(|| format!("can't write {}", lock.display()))?;
    run(cargo()
        .args(["test", "--offline", "--quiet"])
        .env("CARGO_TARGET_DIR", repo::target())
        .current_dir(project))?;
    run(persona(all)
        .arg("build")
        .arg(project)
        .arg("--debug")
        .env("CARGO_TARGET_DIR", repo::target())
        .env("CARGO_NET_OFFLINE", "true"))
}

/// The build installs what the project rests on, and the tests with it.
fn javascript(all: &Path, project: &Path) -> Result<()> {
    run(persona(all).arg("build").arg(project))?;
    run(npm(project).args(["test", "--silent"]))
}

/// Its tests need nothing; its build needs what the shipped personas' builds do, and finds it
/// installed.
fn python(all: &Path, project: &Path) -> Result<()> {
    run(command("python3")
        .args(["-m", "unittest"])
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(project))?;
    #[cfg(unix)]
    {
        let own = project.join(".venv");
        std::os::unix::fs::symlink(personas::python_environment(), &own)
            .with_context(|| format!("can't make {}", own.display()))?;
    }
    run(persona(all).arg("build").arg(project))
}
