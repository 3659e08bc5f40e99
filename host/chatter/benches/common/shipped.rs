//! What ships: its configuration, for a program of a benchmark's own.

use crate::support::Home;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// A file of the repository.
pub(crate) fn shipped(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

/// Folders with these parts of the shipped configuration.
pub(crate) fn home(parts: &[&str]) -> Home {
    let home = Home::empty();
    for part in parts {
        for entry in fs::read_dir(shipped("configs").join(part)).unwrap() {
            let entry = entry.unwrap();
            let name = format!("configs/{part}/{}", entry.file_name().to_str().unwrap());
            home.write(&name, fs::read(entry.path()).unwrap());
        }
    }
    home
}
