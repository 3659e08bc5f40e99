//! A file of JSON lines that is only ever added to, and its predecessor.

use super::SYNC_EVERY;
use serde::de::DeserializeOwned;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

/// Opened when it is first added to. Once it is full it is renamed, in place of the one before.
#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    most_bytes: u64,
    open: Mutex<Option<Open>>,
}

#[derive(Debug)]
struct Open {
    file: File,
    bytes: u64,
    synced: Instant,
    /// When it was full and could not be renamed.
    stayed: Option<Instant>,
}

impl LogFile {
    pub(super) fn new(path: PathBuf, most_bytes: u64) -> Self {
        Self {
            path,
            most_bytes,
            open: Mutex::default(),
        }
    }

    /// Writes lines; the file, if it should be brought to the disk now.
    pub(super) fn append(&self, lines: &[u8]) -> io::Result<Option<File>> {
        let mut slot = self.lock();
        let mut full = None;
        if let Some(old) = slot.as_mut().filter(|open| open.bytes >= self.most_bytes)
            && old.stayed.is_none_or(|tried| tried.elapsed() >= SYNC_EVERY)
        {
            match fs::rename(&self.path, self.full()) {
                Ok(()) => full = slot.take().map(|open| open.file),
                // More than was meant to be kept is better than less.
                Err(error) => {
                    if old.stayed.replace(Instant::now()).is_none() {
                        tracing::error!(path = %self.path.display(), %error, "the audit's file is full and can't be renamed: it grows on");
                    }
                }
            }
        }
        let open = match slot.as_mut() {
            Some(open) => open,
            None => slot.insert(Open::at(&self.path)?),
        };
        match open.add(lines) {
            Ok(due) => Ok(full.or(due)),
            Err(error) => {
                // What is in it now is looked at when it is opened again.
                *slot = None;
                Err(error)
            }
        }
    }

    /// The latest, newest first.
    pub(super) fn latest<T: DeserializeOwned>(&self, limit: usize) -> io::Result<Vec<T>> {
        let mut files = Vec::new();
        {
            // None is renamed meanwhile, or its lines would be read twice.
            let _slot = self.lock();
            for path in [self.path.clone(), self.full()] {
                match File::open(path) {
                    Ok(file) => files.push(file),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                }
            }
        }
        let mut records = Vec::new();
        for mut file in files {
            let mut text = Vec::new();
            file.read_to_end(&mut text)?;
            let lines = text.rsplit(|byte| *byte == b'\n');
            // A line that was torn by the end of a machine is none.
            let good = lines.filter_map(|line| serde_json::from_slice(line).ok());
            records.extend(good.take(limit - records.len()));
        }
        Ok(records)
    }

    /// Where the file goes that is full.
    fn full(&self) -> PathBuf {
        self.path.with_extension("jsonl.1")
    }

    fn lock(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn at(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .read(true)
            .open(path)?;
        let mut bytes = file.metadata()?.len();
        // A line that was torn keeps to itself.
        if bytes > 0 {
            let mut last = [0];
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
            if last != *b"\n" {
                file.write_all(b"\n")?;
                bytes += 1;
            }
        }
        Ok(Self {
            file,
            bytes,
            synced: Instant::now(),
            stayed: None,
        })
    }

    /// Writes lines; the file, if it should be brought to the disk now.
    fn add(&mut self, lines: &[u8]) -> io::Result<Option<File>> {
        self.file.write_all(lines)?;
        self.bytes += lines.len() as u64;
        if self.synced.elapsed() < SYNC_EVERY {
            return Ok(None);
        }
        // Where there are too many open files, the next lines ask again.
        let file = self.file.try_clone().ok();
        if file.is_some() {
            self.synced = Instant::now();
        }
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST_BYTES: u64 = 100;

    fn in_folder(folder: &tempfile::TempDir) -> LogFile {
        LogFile::new(folder.path().join("lobby.jsonl"), MOST_BYTES)
    }

    fn add(file: &LogFile, numbers: std::ops::Range<u32>) {
        for number in numbers {
            file.append(format!("{number}\n").as_bytes()).unwrap();
        }
    }

    fn latest(file: &LogFile, limit: usize) -> Vec<u32> {
        file.latest(limit).unwrap()
    }

    #[test]
    fn what_was_added_is_there_when_it_is_opened_again_newest_first() {
        let folder = tempfile::tempdir().unwrap();
        let file = LogFile::new(folder.path().join("not/yet/lobby.jsonl"), MOST_BYTES);
        assert!(latest(&file, 10).is_empty());
        add(&file, 1..3);
        let again = LogFile::new(folder.path().join("not/yet/lobby.jsonl"), MOST_BYTES);
        add(&again, 3..4);
        assert_eq!(latest(&again, 10), [3, 2, 1]);
        assert_eq!(latest(&again, 2), [3, 2]);
    }

    #[test]
    fn a_torn_line_spoils_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let file = in_folder(&folder);
        fs::write(&file.path, "1\n{\"v\": 1, \"mess").unwrap();
        add(&file, 2..3);
        assert_eq!(latest(&file, 10), [2, 1]);
    }

    #[test]
    fn both_files_have_a_bound() {
        let folder = tempfile::tempdir().unwrap();
        let file = in_folder(&folder);
        add(&file, 100..200);
        let size: u64 = fs::read_dir(folder.path())
            .unwrap()
            .map(|file| file.unwrap().metadata().unwrap().len())
            .sum();
        assert!(size < 2 * MOST_BYTES + 8, "{size}");
        let kept = latest(&file, 1000);
        assert!(kept.len() > 25, "{kept:?}");
        let newest: Vec<u32> = (100..200).rev().take(kept.len()).collect();
        assert_eq!(kept, newest);
        assert_eq!(latest(&file, 30).len(), 30.min(kept.len()));
    }

    #[test]
    fn a_file_that_cannot_be_renamed_grows_on() {
        let folder = tempfile::tempdir().unwrap();
        let file = in_folder(&folder);
        // No file takes the place of a folder.
        fs::create_dir(file.full()).unwrap();
        add(&file, 100..150);
        fs::remove_dir(file.full()).unwrap();
        assert_eq!(latest(&file, 1000).len(), 50);
    }
}
