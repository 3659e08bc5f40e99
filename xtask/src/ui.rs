//! The page.

use crate::{
    demo, personas, repo, setup,
    steps::{command, run},
};
use anyhow::{Context, Result};
use std::{fs, path::PathBuf, process::Command};

fn folder() -> PathBuf {
    repo::root().join("ui")
}

/// Builds it into `ui/dist`.
pub(crate) fn build() -> Result<()> {
    run(&mut script("build")?)
}

/// Checks its types.
pub(crate) fn check() -> Result<()> {
    run(&mut script("check")?)
}

/// Runs its tests.
pub(crate) fn test() -> Result<()> {
    run(&mut script("test")?)
}

/// Runs its tests in a browser, with the program, the personas and the page as they were built last.
pub(crate) fn test_in_browser() -> Result<()> {
    run(&mut script("e2e")?)
}

/// Builds what a browser is to be shown, and gives the script that shows it.
pub(crate) fn in_browser(name: &str) -> Result<Command> {
    setup::everything()?;
    personas::build()?;
    build()?;
    demo::program()?;
    script(name)
}

/// Builds it, and runs that script; extra words go to it.
pub(crate) fn show(name: &str, extra: &[&str]) -> Result<()> {
    run(in_browser(name)?.args(extra))
}

/// A script of `ui/package.json`, once its packages are installed.
fn script(name: &str) -> Result<Command> {
    install()?;
    let mut script = npm();
    script.args(["run", "--silent", name, "--"]);
    Ok(script)
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
