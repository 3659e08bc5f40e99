//! Rust: cargo does it.

use super::{Error, Options};
use crate::Project;
use serde::Deserialize;
use std::{
    io::ErrorKind,
    path::PathBuf,
    process::{Command, Stdio},
};

const TARGET: &str = "wasm32-wasip2";

/// A message of cargo on its standard output, as far as it is of use here.
#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    manifest_path: PathBuf,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

/// Builds, and gives the file that cargo made.
pub(super) fn build(project: &Project, options: Options) -> Result<PathBuf, Error> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(&project.root)
        .args(["build", "--target", TARGET])
        .arg("--message-format=json-render-diagnostics")
        .stdin(Stdio::null())
        .stderr(Stdio::inherit());
    if !options.debug {
        cargo.arg("--release");
    }
    let output = cargo.output().map_err(|error| match error.kind() {
        ErrorKind::NotFound => Error::Missing {
            tool: "cargo",
            install: "https://rustup.rs installs it".into(),
        },
        _ => Error::File {
            path: "cargo".into(),
            source: error,
        },
    })?;
    if !output.status.success() {
        return Err(Error::Failed {
            command: "cargo build".into(),
            status: output.status.to_string(),
        });
    }
    let manifest = project.root.join(project.language.manifest());
    let manifest = manifest.canonicalize().map_err(|source| Error::File {
        path: manifest.clone(),
        source,
    })?;
    component(&String::from_utf8_lossy(&output.stdout), &manifest).ok_or_else(|| {
        Error::NoComponent(format!(
            "{}: cargo made no .wasm of it: [lib] must say crate-type = [\"cdylib\"]",
            manifest.display()
        ))
    })
}

/// The component among the files that cargo says it made of a package.
fn component(messages: &str, manifest: &std::path::Path) -> Option<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Message>(line).ok())
        .filter(|message| {
            message.reason == "compiler-artifact" && message.manifest_path == manifest
        })
        .flat_map(|message| message.filenames)
        .rfind(|file| {
            file.extension()
                .is_some_and(|extension| extension == "wasm")
        })
}
