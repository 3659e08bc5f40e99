//! Environments of Python, each in a folder of its own, for what is not on the machine.

use crate::steps::{command, run};
use anyhow::{Context, Result};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The Python of an environment in `folder` that holds what a file of requirements lists, by its
/// hashes, and nothing else. What is there already is not made again.
pub(crate) fn environment(folder: &Path, requirements: &Path) -> Result<PathBuf> {
    let python = folder.join(if cfg!(windows) {
        "Scripts/python.exe"
    } else {
        "bin/python"
    });
    let wanted =
        fs::read(requirements).with_context(|| format!("can't read {}", requirements.display()))?;
    let stamp = folder.join("installed-requirements.txt");
    if python.is_file() && fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    run(command("python3")
        .args(["-m", "venv", "--clear"])
        .arg(folder))?;
    run(command(&python)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ])
        .args([
            "--require-hashes",
            "--no-deps",
            "--only-binary",
            ":all:",
            "--requirement",
        ])
        .arg(requirements))?;
    fs::write(&stamp, wanted).with_context(|| format!("can't write {}", stamp.display()))?;
    Ok(python)
}
