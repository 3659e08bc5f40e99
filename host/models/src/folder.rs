//! The folder that models are in.

use crate::Artefact;
use sha2::{Digest, Sha256};
use std::{
    fmt::Write as _,
    fs::{self, File, TryLockError},
    io::{self, Read},
    path::{Path, PathBuf},
};

/// A folder of models. It need not be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder(PathBuf);

/// What there is of a file, as far as one sees without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing.
    Missing,
    /// A download that was broken off.
    Part {
        /// So many bytes, of the file or of the archive that it is packed in.
        bytes: u64,
    },
    /// A download that is under way.
    Coming {
        /// So many bytes by now, of the file or of the archive that it is packed in.
        bytes: u64,
    },
    /// All of it.
    Whole,
    /// Something of another length.
    Other {
        /// Of which.
        bytes: u64,
    },
}

impl Folder {
    /// The folder at a path.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Where a file is, or will be.
    #[must_use]
    pub fn file(&self, artefact: &Artefact) -> PathBuf {
        self.0.join(artefact.file)
    }

    /// What there is of a file.
    #[must_use]
    pub fn state(&self, artefact: &Artefact) -> State {
        let length = |path: PathBuf| fs::metadata(path).ok().map(|found| found.len());
        let part = self.parts(artefact).filter_map(length).max();
        match (length(self.file(artefact)), part) {
            (Some(bytes), _) if bytes == artefact.bytes => State::Whole,
            (Some(bytes), _) => State::Other { bytes },
            (None, part) if self.is_pulled(artefact) => State::Coming {
                bytes: part.unwrap_or(0),
            },
            (None, Some(bytes)) => State::Part { bytes },
            (None, None) => State::Missing,
        }
    }

    /// Whether somebody pulls it right now.
    fn is_pulled(&self, artefact: &Artefact) -> bool {
        let lock = File::open(self.lock(artefact));
        lock.is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }

    /// Whether a file is there and has the digest that it should have; reads all of it.
    ///
    /// # Errors
    ///
    /// If it can't be read.
    pub fn verify(&self, artefact: &Artefact) -> io::Result<bool> {
        Ok(sha256(File::open(self.file(artefact))?)? == artefact.sha256)
    }

    /// A download that is not whole, from the place of this number; without one, from a mirror.
    pub(crate) fn part(&self, artefact: &Artefact, place: Option<usize>) -> PathBuf {
        match place {
            Some(number) => self.beside(artefact, &format!("{number}.part")),
            None => self.beside(artefact, "part"),
        }
    }

    /// All such, there or not.
    pub(crate) fn parts(&self, artefact: &Artefact) -> impl Iterator<Item = PathBuf> {
        let places = (0..artefact.places.len()).map(Some);
        places.chain([None]).map(|place| self.part(artefact, place))
    }

    /// What a pull of it holds locked.
    pub(crate) fn lock(&self, artefact: &Artefact) -> PathBuf {
        self.beside(artefact, "lock")
    }

    /// A file with the artefact's name and one more ending.
    pub(crate) fn beside(&self, artefact: &Artefact, ending: &str) -> PathBuf {
        self.0.join(format!("{}.{ending}", artefact.file))
    }
}

/// The SHA-256 of what is read, in hexadecimal.
pub(crate) fn sha256(mut from: impl Read) -> io::Result<String> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(hex(&hash.finalize())),
            Ok(count) => hash.update(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
