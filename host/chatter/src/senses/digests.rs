//! Which files hold what they should, remembered for as long as they stay as they are.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

/// What was found in files. Clones know the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Digests(Arc<Mutex<HashMap<PathBuf, (Stamp, bool)>>>);

/// What changes with a file's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    changed: SystemTime,
}

impl Digests {
    /// Whether a file holds what it should: reads it if it is not the one that was read before.
    ///
    /// # Errors
    ///
    /// If it can't be read.
    pub(super) fn right(
        &self,
        path: &Path,
        read: impl FnOnce() -> io::Result<bool>,
    ) -> io::Result<bool> {
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = stamp(path)?;
        if let Some((_, right)) = known().get(path).filter(|(before, _)| *before == now) {
            return Ok(*right);
        }
        let right = read()?;
        // Of one that changed meanwhile nothing is known.
        if stamp(path)? == now {
            known().insert(path.to_owned(), (now, right));
        }
        Ok(right)
    }
}

fn stamp(path: &Path) -> io::Result<Stamp> {
    let found = fs::metadata(path)?;
    Ok(Stamp {
        bytes: found.len(),
        changed: found.modified()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{cell::Cell, time::Duration};

    #[test]
    fn a_file_is_read_again_when_it_is_another_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.bin");
        let digests = Digests::default();
        let reads = Cell::new(0);
        let right = || {
            let read = || {
                reads.set(reads.get() + 1);
                Ok(fs::read(&path)? == b"right")
            };
            (digests.right(&path, read).ok(), reads.get())
        };
        assert_eq!(right(), (None, 0), "it is not there");
        fs::write(&path, "wrong").unwrap();
        assert_eq!([right(), right()], [(Some(false), 1); 2]);
        fs::write(&path, "right").unwrap();
        let later = SystemTime::now() + Duration::from_secs(1);
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(later).unwrap();
        assert_eq!([right(), right()], [(Some(true), 2); 2]);
        fs::remove_file(&path).unwrap();
        assert_eq!(right(), (None, 2));
    }
}
