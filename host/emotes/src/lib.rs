//! A room's own emotes: from files that its operator names to pictures that are safe to serve.
//!
//! A source is a folder, whose pictures are named after their codes (`catjam.gif` is `:catjam:`), or a JSON file that
//! lists an emote set as 7TV's API gives it (<https://7tv.io/v3/emote-sets/ID>), whose pictures lie in a folder beside it
//! of the same name, named after the emotes' ids or names.
//!
//! It promises:
//!
//! - nothing is ever fetched: what is not on this machine is an error that says which file is missing;
//! - a picture is what its bytes say ([`Kind`]), whatever its name, and has bounds: nothing that a browser would run, and
//!   no SVG;
//! - a room's pictures take at most [`MOST_BYTES`] of memory.
//!
//! It must not know rooms, nor who serves the pictures.

mod picture;
mod set;

pub use picture::{Kind, Picture, Unfit};

use chatter_protocol::{
    emote,
    room::{RoomEmote, RoomEmotes},
};
use std::{
    collections::BTreeMap,
    fmt::Display,
    fs,
    io::{ErrorKind, Read as _},
    path::{Path, PathBuf},
    sync::Arc,
};

/// The most emotes of a room.
pub const MOST: usize = 1_000;

/// The most bytes that a room's pictures have together.
pub const MOST_BYTES: usize = 32 << 20;

/// The longest code.
pub const MAX_CODE: usize = 32;

/// The most bytes of a list in JSON.
const MOST_LIST_BYTES: u64 = 16 << 20;

/// So many of the wrong places of a source are told.
const TOLD: usize = 5;

/// The own emotes of a room.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Emotes {
    /// In the order in which they were named.
    list: Vec<(String, Arc<Picture>)>,
    by_digest: BTreeMap<String, Arc<Picture>>,
    bytes: usize,
}

impl Emotes {
    /// Adds those of a source. `look` is told of every path before it is looked at.
    ///
    /// # Errors
    ///
    /// What is wrong with it, one sentence for each place; then nothing of it was added that anybody should show.
    pub fn add(&mut self, source: &Path, look: &mut dyn FnMut(&Path)) -> Result<(), Vec<String>> {
        look(source);
        let named = if source.extension().is_some_and(|kind| kind == "json") {
            let text = read(source, MOST_LIST_BYTES).map_err(|error| vec![place(source, error)])?;
            let folder = source.with_extension("");
            look(&folder);
            set::of(&text, &folder, |code| self.has(code))
                .map_err(|error| vec![place(source, error)])?
        } else {
            of_folder(source)?
        };
        let mut wrong = Wrong::default();
        for (code, paths) in named {
            match paths.iter().find(|path| path.exists()) {
                Some(path) => {
                    look(path);
                    if let Err(why) = self.add_picture(&code, path) {
                        wrong.add(place(path, why));
                    }
                }
                None => wrong.add(missing(source, &code, &paths)),
            }
        }
        wrong.told()
    }

    /// Whether the room has an emote of this code, of its own or as every room.
    fn has(&self, code: &str) -> bool {
        emote::by_code(code).is_some() || self.list.iter().any(|(taken, _)| taken == code)
    }

    fn add_picture(&mut self, code: &str, path: &Path) -> Result<(), String> {
        if !is_code(code) {
            return Err(format!(
                "the name of the file is the emote's code, and {code:?} is not 1 to {MAX_CODE} of a-z, A-Z, 0-9, _"
            ));
        }
        if emote::by_code(code).is_some() {
            return Err(format!(
                ":{code}: is there already, in every room: take another name"
            ));
        }
        if self.has(code) {
            return Err(format!(":{code}: is there twice in this room"));
        }
        if self.list.len() == MOST {
            return Err(format!("a room has at most {MOST} emotes of its own"));
        }
        let bytes = read(path, picture::MOST_BYTES).map_err(|error| error.to_string())?;
        let picture = Picture::new(bytes.into()).map_err(|unfit| unfit.to_string())?;
        if self.bytes + picture.bytes().len() > MOST_BYTES {
            return Err(format!(
                "the pictures of a room have at most {} MiB together",
                MOST_BYTES >> 20
            ));
        }
        self.bytes += picture.bytes().len();
        let digest = picture.digest().to_owned();
        let picture = self
            .by_digest
            .entry(digest)
            .or_insert_with(|| Arc::new(picture));
        self.list.push((code.to_owned(), Arc::clone(picture)));
        Ok(())
    }

    /// The picture of a digest.
    #[must_use]
    pub fn picture(&self, digest: &str) -> Option<&Arc<Picture>> {
        self.by_digest.get(digest)
    }

    /// The codes, in the order in which they were named.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|(code, _)| code.as_str())
    }

    /// What pages are told of them; `address` gives where a picture is served.
    #[must_use]
    pub fn list(&self, address: impl Fn(&Picture) -> String) -> RoomEmotes {
        let one = |(code, picture): &(String, Arc<Picture>)| RoomEmote {
            code: code.clone(),
            image: address(picture),
            width: picture.width(),
            height: picture.height(),
            animated: picture.is_animated(),
        };
        RoomEmotes {
            emotes: self.list.iter().map(one).collect(),
        }
    }
}

/// A code, and where its picture may be: the first that is there counts.
type Named = (String, Vec<PathBuf>);

/// The pictures of a folder, in the order of their names.
fn of_folder(folder: &Path) -> Result<Vec<Named>, Vec<String>> {
    let entries = fs::read_dir(folder).map_err(|error| vec![place(folder, error)])?;
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    paths.sort();
    let hidden = |path: &Path| {
        path.file_name()
            .is_none_or(|name| name.to_string_lossy().starts_with('.'))
    };
    Ok(paths
        .into_iter()
        .filter(|path| path.is_file() && !hidden(path))
        .map(|path| {
            let code = path.file_stem().unwrap_or_default().to_string_lossy();
            (code.into_owned(), vec![path])
        })
        .collect())
}

fn is_code(text: &str) -> bool {
    (1..=MAX_CODE).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Reads a file of at most so many bytes: one that is larger is not read to its end.
fn read(path: &Path, most: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?
        .take(most + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let why = format!("larger than {} KiB", most >> 10);
        return Err(std::io::Error::new(ErrorKind::FileTooLarge, why));
    }
    Ok(bytes)
}

fn place(path: &Path, why: impl Display) -> String {
    format!("{}: {why}", path.display())
}

fn missing(source: &Path, code: &str, paths: &[PathBuf]) -> String {
    let first = paths.first().map(|path| path.display().to_string());
    format!(
        "{}: :{code}: has no picture {} (nor as .gif or .png): chatter fetches none, docs/operations.md says how to",
        source.display(),
        first.unwrap_or_default()
    )
}

/// What is wrong with a source, the first places of it.
#[derive(Default)]
struct Wrong {
    told: Vec<String>,
    more: usize,
}

impl Wrong {
    fn add(&mut self, problem: String) {
        if self.told.len() < TOLD {
            self.told.push(problem);
        } else {
            self.more += 1;
        }
    }

    fn told(mut self) -> Result<(), Vec<String>> {
        if self.more > 0
            && let Some(last) = self.told.last_mut()
        {
            *last = format!("{last} (and {} more of this kind)", self.more);
        }
        if self.told.is_empty() {
            Ok(())
        } else {
            Err(self.told)
        }
    }
}

#[cfg(test)]
mod tests;
