//! Building: from a project to `dist/NAME.wasm`.

mod rust;

use crate::{Language, Project, project};
use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// How to build.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Unoptimised and with line numbers, so that a trap says where it happened.
    pub debug: bool,
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
        install: String,
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

/// Builds a project.
///
/// # Errors
///
/// If a tool is missing or fails. The component of an earlier build is left as it was.
pub fn build(project: &Project, options: Options) -> Result<Built, Error> {
    let started = Instant::now();
    let made = match project.language {
        Language::Rust => rust::build(project, options)?,
        other => {
            return Err(Error::NoComponent(format!(
                "{}: projects in {other} can't be built from here yet",
                project.root.display()
            )));
        }
    };
    let component = project.component();
    place(&made, &component)?;
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
    fs::copy(from, &fresh).map_err(at(from))?;
    fs::rename(&fresh, to).map_err(|source| {
        let _ = fs::remove_file(&fresh);
        at(to)(source)
    })
}
