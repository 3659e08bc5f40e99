//! The page.

use crate::{demo, npm, personas, repo, setup, steps::run};
use anyhow::Result;
use std::{path::PathBuf, process::Command};

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
    personas::compile()?;
    script(name)
}

/// Builds it, and runs that script; extra words go to it.
pub(crate) fn show(name: &str, extra: &[&str]) -> Result<()> {
    run(in_browser(name)?.args(extra))
}

/// A script of `ui/package.json`, once its packages are installed.
fn script(name: &str) -> Result<Command> {
    npm::install(&folder())?;
    let mut script = npm::npm(&folder());
    script.args(["run", "--silent", name, "--"]);
    Ok(script)
}
