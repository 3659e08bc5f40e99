//! Building: from a project to `dist/NAME.wasm`, with the tools of its language.

mod javascript;
mod python;
mod rust;
mod tool;

use crate::{Language, Project, project};
use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// How to build.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// In Rust: unoptimised and with line numbers, so that a trap says where it happened. In the
    /// other languages an error always does.
    pub debug: bool,
    /// Whether the compiler may colour what it says.
    pub colour: bool,
}

/// Who is told how it goes.
pub trait Progress: Send + Sync {
    /// What is done now, in a few words.
    fn step(&self, what: &str);
    /// What a tool says to the author: a compiler's warnings and errors, as it wrote them.
    fn said(&self, text: &str);
}

/// What was built.
#[derive(Clone, Debug)]
pub struct Built {
    /// The component.
    pub component: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
    /// How long it took.
    pub took: Duration,
}

/// Why nothing was built.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder is no project.
    #[error(transparent)]
    Project(#[from] project::Error),
    /// A tool is not installed.
    #[error("{tool} is missing: {install}")]
    Missing {
        /// Which.
        tool: &'static str,
        /// How to get it.
        install: &'static str,
    },
    /// A tool failed, and has said why.
    #[error("{command} failed ({status}); what it says is above")]
    Failed {
        /// What was run.
        command: String,
        /// How it ended.
        status: String,
    },
    /// A tool went well, but did not make a component.
    #[error("{0}")]
    NoComponent(String),
    /// A file can't be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// Builds a project. Dropping the future ends the tool that runs, and all that it started.
///
/// # Errors
///
/// If a tool is missing or fails; what it said went to `progress`. In Rust, the component of an
/// earlier build is left as it was.
pub async fn build(
    project: &Project,
    options: Options,
    progress: &dyn Progress,
) -> Result<Built, Error> {
    let started = Instant::now();
    let component = project.component();
    match project.language {
        Language::Rust => {
            let made = rust::build(project, options, progress).await?;
            place(&made, &component)?;
        }
        Language::JavaScript => {
            javascript::build(project, progress).await?;
        }
        Language::Python => {
            python::build(project, progress).await?;
        }
    }
    let bytes = fs::metadata(&component)
        .map_err(|source| Error::File {
            path: component.clone(),
            source,
        })?
        .len();
    Ok(Built {
        component,
        bytes,
        took: started.elapsed(),
    })
}

/// Copies a file so that nobody ever sees half of it.
///
/// # Errors
///
/// If one can't be read or the other can't be written.
pub fn place(from: &Path, to: &Path) -> Result<(), Error> {
    let at = |path: &Path| {
        let path = path.to_owned();
        |source| Error::File { path, source }
    };
    let folder = to.parent().unwrap_or(Path::new(""));
    fs::create_dir_all(folder).map_err(at(folder))?;
    let name = to.file_name().unwrap_or_default().to_string_lossy();
    let fresh = folder.join(format!(".{name}.{}", std::process::id()));
    fs::copy(from, &fresh)
        .map_err(at(from))
        .and_then(|_| fs::rename(&fresh, to).map_err(at(to)))
        .inspect_err(|_| _ = fs::remove_file(&fresh))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_can_not_be_placed_leaves_no_part_behind() {
        let folder = tempfile::tempdir().unwrap();
        let taken = folder.path().join("taken.wasm");
        fs::create_dir_all(taken.join("full")).unwrap();
        let good = folder.path().join("good");
        fs::write(&good, "whole").unwrap();
        for (what, from, to) in [
            // Its first page belongs to nobody: it can be opened, and not read.
            (
                "read",
                Path::new("/proc/self/mem"),
                folder.path().join("dist/a.wasm"),
            ),
            ("replaced", &good, taken.clone()),
        ] {
            assert!(place(from, &to).is_err(), "it can't be {what}");
            let left: Vec<_> = fs::read_dir(to.parent().unwrap())
                .unwrap()
                .map(|entry| entry.unwrap().file_name())
                .filter(|name| name.to_string_lossy().starts_with('.'))
                .collect();
            assert!(left.is_empty(), "it can't be {what}: {left:?}");
        }
    }
}
