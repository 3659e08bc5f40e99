//! One file from one place, in parts.

use super::{
    Pull, PullError, Trouble, is_full, length,
    origin::{Origin, anew, origin_file},
};
use chatter_http::{Part, Remote, RemoteError};
use std::{
    fs::{self, OpenOptions},
    io::{self, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

/// A download that breaks off is taken up again so many times, as long as each time something comes.
const RESUMED: u32 = 5;

/// What is downloaded.
pub(super) struct Download {
    pub(super) remote: Remote,
    /// The URL's SHA-256: it may hold a password, which has no place on the disk.
    pub(super) place: String,
    length: Length,
}

/// How long a file is, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Length {
    Known(u64),
    AtMost(u64),
}

impl Length {
    const fn longest(self) -> u64 {
        match self {
            Self::Known(bytes) | Self::AtMost(bytes) => bytes,
        }
    }
}

impl Download {
    pub(super) fn new(url: &str, length: Length) -> Result<Self, Trouble> {
        let remote = Remote::new(url).map_err(|error| Trouble::There(error.to_string()))?;
        let place = crate::folder::sha256(url.as_bytes());
        let place = place.map_err(|error| Trouble::There(error.to_string()))?;
        Ok(Self {
            remote,
            place,
            length,
        })
    }
}

/// How an attempt ended.
enum Attempt {
    Here(PullError),
    There(String),
    /// The connection: another attempt may go on.
    Broken(RemoteError),
}

impl Pull<'_> {
    /// What is at a URL, going on with what came of it before; the file that it is in then. What begins anew
    /// and may be something else, as the page of a network that asks whom it lets in, comes into a file of its own.
    pub(super) async fn download(&self, from: &Download, part: &Path) -> Result<PathBuf, Trouble> {
        self.settle(part);
        let mut into = part.to_owned();
        let tried = self.try_again(from, part, &mut into).await;
        if tried.is_err() {
            self.settle(part);
        }
        tried.map(|()| into)
    }

    /// What began anew takes the part's place if there is more of it that can be gone on with; else it goes.
    fn settle(&self, part: &Path) {
        let anew = anew(part);
        let is_more = length(&anew) > length(part) && origin_file(&anew).exists();
        // Without its origin, a part is begun anew, which is safe.
        let takes = |from: PathBuf, to: PathBuf| fs::rename(from, to).is_ok();
        if is_more {
            let _ = fs::remove_file(origin_file(part));
            let _ = takes(anew.clone(), part.to_owned())
                && takes(origin_file(&anew), origin_file(part));
        }
        self.forget(&anew);
    }

    async fn try_again(
        &self,
        from: &Download,
        part: &Path,
        into: &mut PathBuf,
    ) -> Result<(), Trouble> {
        for again in 0.. {
            let (before, had) = (into.clone(), length(into));
            match self.attempt(from, part, into).await {
                Ok(()) => return Ok(()),
                Err(Attempt::Here(error)) => return Err(Trouble::Here(error)),
                Err(Attempt::There(why)) => return Err(Trouble::There(why)),
                Err(Attempt::Broken(error)) => {
                    let has = length(into);
                    let none = if before == *into { had } else { 0 };
                    if again == RESUMED || has == none {
                        return Err(Trouble::There(error.to_string()));
                    }
                    self.progress.note(&format!("{error}; going on from there"));
                }
            }
        }
        let shown = from.remote.shown();
        Err(Trouble::There(format!(
            "{shown} breaks off again and again"
        )))
    }

    async fn attempt(
        &self,
        from: &Download,
        part: &Path,
        into: &mut PathBuf,
    ) -> Result<(), Attempt> {
        let Download {
            remote,
            place,
            length: expected,
        } = from;
        let have = length(into);
        let known = Origin::of(into).filter(|_| have > 0);
        let is_there = |origin: &&Origin| origin.place == *place;
        let resumed = known.as_ref().filter(is_there).map(|origin| Part {
            bytes: have,
            tag: &origin.tag,
        });
        let is_resumed = resumed.is_some();
        let mut coming = remote.get("*/*", resumed).await;
        if is_resumed && matches!(coming, Err(RemoteError::Range(..))) {
            // The part is longer than the file is now, or the server knows no parts.
            coming = remote.get("*/*", None).await;
        }
        let mut coming = coming.map_err(|error| match error {
            // Whoever can't be reached has not refused.
            RemoteError::Lost(_) | RemoteError::Silent(..) => Attempt::Broken(error),
            error => Attempt::There(error.to_string()),
        })?;
        // What is there is not touched before it is clear that what comes may be right.
        let longest = expected.longest();
        let too_long = || format!("{} holds more than {longest} bytes", remote.shown());
        match (coming.length, expected) {
            (Some(length), _) if length > longest => return Err(Attempt::There(too_long())),
            (Some(length), Length::Known(bytes)) if length != *bytes => {
                let shown = remote.shown();
                return Err(Attempt::There(format!(
                    "{shown} holds {length} bytes instead of {bytes}"
                )));
            }
            (Some(_), Length::Known(_)) => {}
            _ if coming.begins_at == 0 && known.is_some() => *into = anew(part),
            _ => {}
        }
        let into = &*into;
        let whole = coming.length.unwrap_or(self.artefact.bytes);
        let packed = match expected {
            Length::Known(_) => 0,
            // It is an archive, out of which the file comes then.
            Length::AtMost(_) => self.artefact.bytes,
        };
        let here = |error: io::Error| {
            Attempt::Here(if is_full(&error) {
                let left = whole.saturating_sub(length(into));
                self.full(left + packed)
            } else {
                self.cannot(into, &error)
            })
        };
        let mut options = OpenOptions::new();
        let file = options.create(true).truncate(false).write(true).open(into);
        let mut file = file.map_err(here)?;
        let mut has = coming.begins_at;
        file.set_len(has).map_err(here)?;
        Origin::write(into, place, coming.tag.as_deref()).map_err(here)?;
        file.seek(SeekFrom::Start(has)).map_err(here)?;
        self.progress.begins(has, coming.length);
        let done = loop {
            match coming.next().await {
                Ok(Some(bytes)) if has + bytes.as_ref().len() as u64 > longest => {
                    self.forget(into);
                    break Err(Attempt::There(too_long()));
                }
                Ok(Some(bytes)) => {
                    if let Err(error) = file.write_all(bytes.as_ref()) {
                        break Err(here(error));
                    }
                    has += bytes.as_ref().len() as u64;
                    self.progress.has(has);
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(Attempt::Broken(error)),
            }
        };
        self.progress.ends();
        done?;
        file.sync_all().map_err(here)
    }
}
