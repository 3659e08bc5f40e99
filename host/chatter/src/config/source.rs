//! What rooms watch.

use super::{File, Stamp};
use crate::settings::{SourceOverride, SourceText};
use chatter_context::Subtitles;
use chatter_media::{Recording, Source as MediaSource};
use chatter_protocol::{RoomConfig, RoomId};
use std::{
    error::Error as _,
    fmt,
    io::Read,
    path::{Component, Path, PathBuf},
};

/// What a room watches.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// What it is.
    pub watched: Watched,
    /// How fast it plays; 1 is real time.
    pub speed: f64,
    /// Whether it starts again at its end.
    pub looped: bool,
}

/// What can be watched.
#[derive(Clone, Debug, PartialEq)]
pub enum Watched {
    /// What is said is known in advance.
    Subtitles {
        /// The file.
        path: PathBuf,
        /// Its content.
        subtitles: Subtitles,
    },
    /// Sound, and pictures if there are any.
    Media {
        /// Where they come from.
        source: MediaSource,
        /// A subtitle file that lies beside a media file and has its name, for when nobody can listen.
        beside: Option<(PathBuf, Subtitles)>,
    },
}

impl Watched {
    /// What is said, if it is known in advance.
    #[must_use]
    pub fn subtitles(&self) -> Option<&Subtitles> {
        match self {
            Self::Subtitles { subtitles, .. } => Some(subtitles),
            Self::Media { beside, .. } => beside.as_ref().map(|(_, subtitles)| subtitles),
        }
    }
}

/// Without what may be secret.
impl fmt::Display for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Subtitles { path, .. } => tidy(path).display().fmt(f),
            Self::Media { source, .. } => match source.path() {
                Some(path) => tidy(path).display().fmt(f),
                None => source.fmt(f),
            },
        }
    }
}

/// A path as people read it: into no folder that it leaves at once. Where one is a link, it may be another file's;
/// it is shown, and never opened.
fn tidy(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for part in path.components() {
        match (part, tidy.components().next_back()) {
            (Component::ParentDir, Some(Component::Normal(_))) => {
                tidy.pop();
            }
            (Component::CurDir, _) => {}
            (part, _) => tidy.push(part),
        }
    }
    tidy
}

/// Extensions of subtitle files.
const SUBTITLES: [&str; 2] = ["vtt", "srt"];

/// So much of a file tells whether it holds subtitles.
const HEAD: u64 = 1024;

/// What a room watches: what its file says, but for what the command line says instead. And what its
/// viewers may hear of that.
pub(super) fn source_of(
    file: &File,
    config: &RoomConfig,
    instead: Option<&SourceOverride>,
    stamp: &mut Stamp,
    problems: &mut Vec<String>,
) -> Option<(Source, Option<Recording>)> {
    let (source, place) = match (
        instead.and_then(|instead| instead.source.clone()),
        &config.source,
    ) {
        (Some(source), _) => (source, "--source".to_owned()),
        (None, Some(source)) => {
            let place = file.place("source.uri");
            let text = SourceText::from(source.uri.as_str()).at(file.folder());
            match text.read() {
                Ok(source) => (source, place),
                Err(why) => {
                    problems.push(format!("{place}: {why}"));
                    return None;
                }
            }
        }
        (None, None) if instead.is_some() => {
            problems.push(file.problem(
                "source",
                "this room watches nothing: name a source with --source".to_owned(),
            ));
            return None;
        }
        (None, None) => return None,
    };
    let own = config
        .source
        .as_ref()
        .filter(|_| instead.is_none_or(|instead| instead.source.is_none()));
    let watched = match source.path() {
        Some(path) => look(path, stamp),
        None => Ok(Watched::Media {
            source: source.clone(),
            beside: None,
        }),
    };
    let watched = watched.map_err(|why| format!("{place}: {why}"));
    // Who names another source has to say of that one whether it may be heard.
    let audible = match instead.and_then(|instead| instead.audible) {
        Some(audible) => audible.then(|| "--audible".to_owned()),
        None => own
            .filter(|own| own.audible)
            .map(|_| file.place("source.audible")),
    };
    let heard = match audible {
        None => Ok(None),
        // Whether it can be watched is said already.
        Some(_) if watched.is_err() => Ok(None),
        Some(place) => heard(&source)
            .map(Some)
            .map_err(|why| format!("{place}: {why}")),
    };
    match watched.and_then(|watched| Ok((watched, heard?))) {
        Ok((watched, heard)) => {
            let source = Source {
                watched,
                speed: instead
                    .and_then(|instead| instead.speed)
                    .or(own.map(|own| own.speed))
                    .unwrap_or(1.0),
                looped: instead
                    .and_then(|instead| instead.looped)
                    .or(own.map(|own| own.looped))
                    .unwrap_or(false),
            };
            Some((source, heard))
        }
        Err(problem) => {
            problems.push(problem);
            None
        }
    }
}

/// What rooms listen at for streams that are pushed to them.
#[derive(Default)]
pub(super) struct Listeners(Vec<(RoomId, MediaSource)>);

impl Listeners {
    /// Notes what a room watches; what is wrong if another room listens there already.
    pub(super) fn add(&mut self, room: &RoomId, source: &Source) -> Option<String> {
        let Watched::Media { source, .. } = &source.watched else {
            return None;
        };
        let mut before = self.0.iter().filter(|(other, _)| other != room);
        let wrong = before.find_map(|(other, listener)| {
            let port = source.contended_port(listener)?;
            Some(format!(
                "{:?} listens at port {port} already; give {:?} another port",
                other.as_str(),
                room.as_str()
            ))
        });
        self.0.push((room.clone(), source.clone()));
        wrong
    }
}

/// What viewers may hear of a source.
fn heard(source: &MediaSource) -> Result<Recording, String> {
    let recording = source
        .recording()
        .ok_or("viewers can hear files only, and this source is none")?;
    match recording.open() {
        Ok(_) => Ok(recording),
        Err(why) => {
            let cause = why.source().map(|cause| format!(": {cause}"));
            let path = recording.path().display();
            Err(format!(
                "viewers can't hear {path}: {why}{}",
                cause.unwrap_or_default()
            ))
        }
    }
}

/// A file: its subtitles, or what lies beside it.
fn look(path: &Path, stamp: &mut Stamp) -> Result<Watched, String> {
    // A named pipe can't even be opened before somebody writes to it, and is empty once it was looked at.
    let about = std::fs::metadata(path);
    if about.is_ok_and(|about| !about.is_file() && !about.is_dir()) {
        return Err(format!(
            "{}: is no ordinary file; name a file, or a URL, mic: or browser:",
            path.display()
        ));
    }
    let is_subtitles = match extension(path) {
        Some(extension) if SUBTITLES.contains(&&*extension) => true,
        _ => holds_subtitles(path)
            .map_err(|why| format!("{}: can't be read: {why}", path.display()))?,
    };
    if is_subtitles {
        return Ok(Watched::Subtitles {
            subtitles: load(path, stamp)?,
            path: path.to_owned(),
        });
    }
    // A film is too long to be looked at for changes, and it is not read into memory: that it is another
    // one is seen when it is played.
    let mut beside = None;
    for extension in SUBTITLES {
        let place = path.with_extension(extension);
        stamp.note(&place);
        if beside.is_none() && place.is_file() {
            let subtitles = load(&place, stamp)?;
            beside = Some((place, subtitles));
        }
    }
    Ok(Watched::Media {
        source: MediaSource::file(path),
        beside,
    })
}

fn load(path: &Path, stamp: &mut Stamp) -> Result<Subtitles, String> {
    stamp.note(path);
    Subtitles::load(path).map_err(|error| {
        let cause = error.source().map(|cause| format!(": {cause}"));
        format!("{error}{}", cause.unwrap_or_default())
    })
}

fn extension(path: &Path) -> Option<String> {
    Some(path.extension()?.to_str()?.to_ascii_lowercase())
}

/// Whether a file of any name begins as subtitles do.
fn holds_subtitles(path: &Path) -> std::io::Result<bool> {
    let mut head = Vec::new();
    std::fs::File::open(path)?
        .take(HEAD)
        .read_to_end(&mut head)?;
    let head = String::from_utf8_lossy(&head);
    let head = head.trim_start_matches('\u{feff}').trim_start();
    Ok(head.starts_with("WEBVTT") || head.lines().take(2).any(|line| line.contains("-->")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn what_is_no_ordinary_file_is_not_even_opened() {
        let folder = tempfile::tempdir().unwrap();
        // By either name it would be read.
        for name in ["pipe.mp3", "pipe.vtt"] {
            let path = folder.path().join(name);
            assert!(
                Command::new("mkfifo")
                    .arg(&path)
                    .status()
                    .unwrap()
                    .success()
            );
            let why = look(&path, &mut Stamp::of(folder.path())).unwrap_err();
            assert!(
                why.ends_with("is no ordinary file; name a file, or a URL, mic: or browser:"),
                "{why}"
            );
        }
    }

    #[test]
    fn paths_are_shown_without_the_folders_that_they_leave() {
        for (path, expected) in [
            (
                "configs/rooms/../streams/talk.vtt",
                "configs/streams/talk.vtt",
            ),
            ("./talk.vtt", "talk.vtt"),
            ("../../talk.vtt", "../../talk.vtt"),
            ("a/../../talk.vtt", "../talk.vtt"),
            ("/srv/rooms/../talk.vtt", "/srv/talk.vtt"),
        ] {
            assert_eq!(tidy(Path::new(path)), Path::new(expected), "{path}");
        }
    }
}
