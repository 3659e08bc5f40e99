//! The models that streams are listened to with: the smallest one for speech, and the one for voices.
//!
//! They are kept once, in `target/models`: the tests read them there, and the demo, whose data folder is
//! another one, gets links.

use crate::{
    personas, repo,
    steps::{command, run},
};
use anyhow::{Context, Result};
use std::{fs, path::Path};

const MODEL: &str = "tiny";

/// Gets them, with the program as it was built last. What is here already is not got again.
pub(crate) fn get() -> Result<()> {
    run(command(personas::program())
        .args(["models", "pull", MODEL, "--data"])
        .arg(repo::target()))
}

/// Puts them into a data folder, too.
pub(crate) fn link(data: &Path) -> Result<()> {
    let to = data.join("models");
    fs::create_dir_all(&to)?;
    for entry in fs::read_dir(repo::target().join("models"))? {
        let path = entry?.path();
        let is_model = path.extension().is_some_and(|extension| extension == "bin");
        let Some(name) = path.file_name().filter(|_| is_model) else {
            continue;
        };
        let link = to.join(name);
        if !link.exists() {
            fs::hard_link(&path, &link)
                .or_else(|_| fs::copy(&path, &link).map(drop))
                .with_context(|| link.display().to_string())?;
        }
    }
    Ok(())
}
