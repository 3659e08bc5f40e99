//! What is known of a part, and the files beside it.

use std::{
    fs::{self, File},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

/// Where a part came from, so that it is only ever gone on with from there.
pub(super) struct Origin {
    /// The URL's SHA-256.
    pub(super) place: String,
    pub(super) tag: String,
}

impl Origin {
    pub(super) fn of(part: &Path) -> Option<Self> {
        let text = fs::read_to_string(origin_file(part)).ok()?;
        let (place, tag) = text.split_once('\n')?;
        Some(Self {
            place: place.to_owned(),
            tag: tag.to_owned(),
        })
    }

    /// Without a tag nothing is written: a part of an unknown version can't be gone on with. What is there
    /// stays whole whatever happens meanwhile, and as it is if it is the same.
    pub(super) fn write(part: &Path, place: &str, tag: Option<&str>) -> io::Result<()> {
        let file = origin_file(part);
        match tag {
            Some(tag) => {
                let text = format!("{place}\n{tag}");
                if fs::read_to_string(&file).is_ok_and(|known| known == text) {
                    return Ok(());
                }
                let new = with_ending(&file, "new");
                let write = || {
                    let mut to = File::create(&new)?;
                    to.write_all(text.as_bytes())?;
                    to.sync_all()?;
                    fs::rename(&new, &file)
                };
                write().inspect_err(|_| {
                    let _ = fs::remove_file(&new);
                })
            }
            None => match fs::remove_file(file) {
                Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            },
        }
    }
}

pub(super) fn origin_file(part: &Path) -> PathBuf {
    with_ending(part, "origin")
}

/// Beside a part, what begins anew and may turn out to be something else.
pub(super) fn anew(part: &Path) -> PathBuf {
    with_ending(part, "anew")
}

pub(super) fn with_ending(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}
