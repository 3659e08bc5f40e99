//! A recording as others may have it: the file of a source, as it is.

use crate::{Source, source::Kind};
use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek},
    path::{Path, PathBuf},
};

/// So much of a file tells what it holds.
const HEAD: u64 = 64;

/// A source that is a file, to be read as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording(PathBuf);

/// Why a file is not handed out.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// It can't be opened.
    #[error("it can't be opened")]
    Io(#[from] io::Error),
    /// What it leads to may change without a change of the configuration.
    #[error("it is a symbolic link: name the file itself")]
    Link,
    /// A folder, a pipe, a device.
    #[error("it is no ordinary file")]
    NoFile,
    /// It may be anything.
    #[error("it holds nothing that browsers play, as MP3, MP4, Ogg, WebM, WAV, FLAC and AAC are")]
    NoMedia,
}

impl Source {
    /// The recording that this source is; none if it is no file.
    #[must_use]
    pub fn recording(&self) -> Option<Recording> {
        match &self.0 {
            Kind::File(path) => Some(Recording(path.clone())),
            _ => None,
        }
    }
}

impl Recording {
    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Opens it at its beginning, and tells the media type of what it holds. What is no media by its own
    /// first bytes is not opened, whatever its name says.
    ///
    /// # Errors
    ///
    /// If it is not there, or is something that nobody should be handed.
    pub fn open(&self) -> Result<(File, &'static str), RecordingError> {
        let mut file = open(&self.0)?;
        if !file.metadata()?.is_file() {
            return Err(RecordingError::NoFile);
        }
        let mut head = Vec::new();
        file.by_ref().take(HEAD).read_to_end(&mut head)?;
        file.rewind()?;
        let media_type = media_type(&head).ok_or(RecordingError::NoMedia)?;
        Ok((file, media_type))
    }
}

/// Follows no link, and waits for nobody who would write into a pipe.
#[cfg(unix)]
fn open(path: &Path) -> Result<File, RecordingError> {
    use rustix::{fs::OFlags, io::Errno};
    use std::os::unix::fs::OpenOptionsExt;
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path);
    opened.map_err(|error| match error.raw_os_error() {
        Some(code) if code == Errno::LOOP.raw_os_error() => RecordingError::Link,
        _ => error.into(),
    })
}

#[cfg(not(unix))]
fn open(path: &Path) -> Result<File, RecordingError> {
    if path.symlink_metadata()?.is_symlink() {
        return Err(RecordingError::Link);
    }
    Ok(OpenOptions::new().read(true).open(path)?)
}

/// What browsers play, by its first bytes (WHATWG, MIME Sniffing, section 6.2).
fn media_type(head: &[u8]) -> Option<&'static str> {
    let at = |place: usize, bytes: &[u8]| head.get(place..).is_some_and(|it| it.starts_with(bytes));
    if at(4, b"ftyp") {
        let sound = at(8, b"M4A");
        return Some(if sound { "audio/mp4" } else { "video/mp4" });
    }
    if at(0, b"RIFF") && at(8, b"WAVE") {
        return Some("audio/wav");
    }
    if at(0, &[0x1a, 0x45, 0xdf, 0xa3]) {
        let webm = head.windows(4).any(|four| four == b"webm");
        return Some(if webm {
            "video/webm"
        } else {
            "video/x-matroska"
        });
    }
    let known: [(&[u8], _); 3] = [
        (b"ID3", "audio/mpeg"),
        (b"OggS", "audio/ogg"),
        (b"fLaC", "audio/flac"),
    ];
    if let Some((_, found)) = known.iter().find(|(bytes, _)| at(0, bytes)) {
        return Some(found);
    }
    // A frame of MPEG audio: eleven bits that are set, and then its version and layer.
    match head {
        [0xff, second, third, ..] if second & 0xe0 == 0xe0 => {
            let (version, layer) = (second >> 3 & 3, second >> 1 & 3);
            match layer {
                0 if second & 0xf6 == 0xf0 => Some("audio/aac"),
                1 | 2 => (version != 1 && third >> 4 != 15).then_some("audio/mpeg"),
                // Nobody uses layer I, and it begins as UTF-16 does.
                _ => None,
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn media_are_known_by_their_first_bytes() {
        for (head, known) in [
            (&b"ID3\x04rest"[..], Some("audio/mpeg")),
            (b"\xff\xfb\x90\x64", Some("audio/mpeg")),
            (b"\xff\xf3\x58\xc0", Some("audio/mpeg")),
            (b"\xff\xf1\x50\x80", Some("audio/aac")),
            (b"OggS\0\x02", Some("audio/ogg")),
            (b"fLaC\0", Some("audio/flac")),
            (b"RIFF\x24\0\0\0WAVEfmt ", Some("audio/wav")),
            (b"\0\0\0\x20ftypisom", Some("video/mp4")),
            (b"\0\0\0\x20ftypM4A ", Some("audio/mp4")),
            (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm", Some("video/webm")),
            (
                b"\x1a\x45\xdf\xa3\x9f\x42\x82\x88matroska",
                Some("video/x-matroska"),
            ),
            (b"RIFF\x24\0\0\0AVI LIST", None),
            (b"WEBVTT\n\n", None),
            (b"<svg xmlns=", None),
            (b"\xff\xfe<\0", None),
            (b"\xff\xff\xff\xff", None),
            (b"root:x:0:0", None),
            (b"\xff", None),
            (b"", None),
        ] {
            assert_eq!(media_type(head), known, "{head:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn nothing_but_a_media_file_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("tone.mp3"), b"ID3\x04rest").unwrap();
        fs::write(at("secret.mp3"), "root:x:0:0").unwrap();
        std::os::unix::fs::symlink(at("tone.mp3"), at("link.mp3")).unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            at("pipe.mp3"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RWXU,
            0,
        )
        .unwrap();
        for (name, why) in [
            ("link.mp3", "symbolic link"),
            ("pipe.mp3", "no ordinary file"),
            (".", "no ordinary file"),
            ("secret.mp3", "nothing that browsers play"),
            ("none.mp3", "can't be opened"),
        ] {
            let recording = Source::file(at(name)).recording().unwrap();
            let error = recording.open().unwrap_err().to_string();
            assert!(error.contains(why), "{name}: {error}");
        }
        let recording = Source::file(at("tone.mp3")).recording().unwrap();
        let (mut file, media_type) = recording.open().unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        assert_eq!((&*bytes, media_type), (&b"ID3\x04rest"[..], "audio/mpeg"));
        for other in ["https://example.org/x.mp3", "mic:", "browser:"] {
            let source: Source = other.parse().unwrap();
            assert_eq!(source.recording(), None, "{other}");
        }
    }
}
