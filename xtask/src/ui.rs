//! The page.

use crate::{
    repo,
    steps::{command, run},
};
use anyhow::{Context, Result};
use std::{fs, path::PathBuf, process::Command};

fn folder() -> PathBuf {
    repo::root().join("ui")
}

/// Whether there is a page to be built.
pub(crate) fn exists() -> bool {
    folder().join("package.json").is_file()
}

/// Builds it into `ui/dist`.
pub(crate) fn build() -> Result<()> {
    script("build")
}

/// Checks its types.
pub(crate) fn check() -> Result<()> {
    script("check")
}

/// Runs its tests.
pub(crate) fn test() -> Result<()> {
    script("test")
}

fn script(name: &str) -> Result<()> {
    if !exists() {
        println!("there is no ui/package.json: nothing to do");
        return Ok(());
    }
    install()?;
    run(npm().args(["run", "--silent", name]))
}

/// `npm ci`, unless the lock file is the one that was installed last.
fn install() -> Result<()> {
    let lock = folder().join("package-lock.json");
    let wanted = fs::read(&lock).with_context(|| format!("can't read {}", lock.display()))?;
    let stamp = folder().join("node_modules/.installed-package-lock.json");
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    run(npm().args(["ci", "--no-audit", "--no-fund"]))?;
    fs::write(&stamp, wanted).with_context(|| format!("can't write {}", stamp.display()))
}

fn npm() -> Command {
    let mut npm = command(if cfg!(windows) { "npm.cmd" } else { "npm" });
    npm.current_dir(folder());
    npm
}
