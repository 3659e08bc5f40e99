//! A subtitle file, read and understood.

use crate::{caption, cue::Cue, event::Event, parse, script::Script};
use chatter_protocol::context::{Segment, StreamEvent};
use encoding_rs::{Encoding, WINDOWS_1252};
use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// The largest file that is read, in bytes: some hundred hours of speech.
pub const MAX_FILE_BYTES: u64 = 16 << 20;

/// A stream that is known in advance, from a WebVTT or SubRip file. Cheap to clone.
#[derive(Clone, Debug, PartialEq)]
pub struct Subtitles {
    pub(crate) script: Arc<Script>,
    cues: usize,
    skipped: Arc<[Skipped]>,
}

/// A cue that was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Its line in the file, from 1.
    pub line: usize,
    /// Why: `"00:61" is not a time`.
    pub reason: String,
}

/// Why a file can't be played.
#[derive(Debug, thiserror::Error)]
pub enum SubtitleError {
    /// It can't be read.
    #[error("{path}: can't be read", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// It is too large to be a subtitle file.
    #[error("{path}: larger than {MAX_FILE_BYTES} bytes; is it a subtitle file?", path = path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// Not one of its cues is any good; here is the first.
    #[error("{path}:{line}: {reason}", path = path.display())]
    BadCue {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        reason: String,
    },
    /// It has no cue.
    #[error("{path}: holds no cue with text; a WebVTT or SubRip file is expected", path = path.display())]
    NoCue {
        /// The file.
        path: PathBuf,
    },
}

impl Subtitles {
    /// Reads a file: WebVTT or SubRip, told apart by content. The text may be UTF-8, UTF-16 with a
    /// byte order mark, or, if it is neither, Windows-1252.
    ///
    /// A cue that makes no sense (a time that is none, an end before its start) is left out, as
    /// WebVTT asks for; the log says how many, and [`skipped`](Self::skipped) which.
    ///
    /// This reads the disk and works through the whole text: call it at start-up or from a blocking task.
    ///
    /// # Errors
    ///
    /// If the file can't be read, is larger than [`MAX_FILE_BYTES`], or has no cue worth playing.
    pub fn load(path: &Path) -> Result<Self, SubtitleError> {
        Self::understand(&read(path)?, path)
    }

    /// The same with a file's content that was read already; the path is for errors.
    ///
    /// # Errors
    ///
    /// If it has no cue worth playing.
    pub fn understand(bytes: &[u8], path: &Path) -> Result<Self, SubtitleError> {
        let text = decode(bytes);
        let parsed = parse::parse(&text);
        let skipped: Arc<[Skipped]> = parsed
            .skipped
            .into_iter()
            .map(|(line, reason)| Skipped { line, reason })
            .collect();
        if parsed.cues.is_empty() {
            let path = path.to_owned();
            return Err(match skipped.first() {
                Some(Skipped { line, reason }) => SubtitleError::BadCue {
                    path,
                    line: *line,
                    reason: reason.clone(),
                },
                None => SubtitleError::NoCue { path },
            });
        }
        if let Some(first) = skipped.first() {
            tracing::warn!(
                file = %path.display(),
                skipped = skipped.len(),
                "{} of the file's cues are left out; the first: line {}: {}",
                skipped.len(),
                first.line,
                first.reason,
            );
        }
        let cues = caption::settle(parsed.cues);
        Ok(Self {
            cues: cues.len(),
            script: Arc::new(Script::new(&cues)),
            skipped,
        })
    }

    /// A stream that somebody made up: what is said, and what happens beside what the words show. The
    /// events' ids are not read, and each is told at its time. `framed` adds the stream's start and end.
    ///
    /// What is said is told when it ends, or some 100 ms a character after its start if that is
    /// earlier. Segments without words are left out.
    #[must_use]
    pub fn scripted(said: &[Segment], happens: &[StreamEvent], framed: bool) -> Self {
        let cues: Vec<Cue> = said
            .iter()
            .map(|segment| Cue {
                start_ms: segment.start_ms,
                end_ms: segment.end_ms.max(segment.start_ms),
                text: segment
                    .text
                    .split_whitespace()
                    .collect::<Vec<_>>()
                    .join(" "),
            })
            .filter(|cue| !cue.text.is_empty())
            .collect();
        let mut more: Vec<Event> = happens
            .iter()
            .map(|event| {
                Event::new(
                    event.kind.clone(),
                    &event.text,
                    event.at_ms,
                    event.confidence,
                )
            })
            .collect();
        more.sort_by_key(|event| event.due_ms);
        let script = Script::with_events(&cues, more);
        Self {
            cues: cues.len(),
            script: Arc::new(if framed { script.framed() } else { script }),
            skipped: Arc::default(),
        }
    }

    /// How long one pass takes at speed 1.
    #[must_use]
    pub fn length(&self) -> Duration {
        Duration::from_millis(self.script.length_ms)
    }

    /// The number of cues that will be played.
    #[must_use]
    pub fn cues(&self) -> usize {
        self.cues
    }

    /// The cues that were left out.
    #[must_use]
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }
}

fn read(path: &Path) -> Result<Vec<u8>, SubtitleError> {
    let failed = |source| SubtitleError::Read {
        path: path.to_owned(),
        source,
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(SubtitleError::TooLarge {
            path: path.to_owned(),
        });
    }
    Ok(bytes)
}

/// By byte order mark, else UTF-8, else Windows-1252: the one that old SubRip files are in most
/// often, and that has a character for every byte.
fn decode(bytes: &[u8]) -> String {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return encoding.decode(bytes).0.into_owned();
    }
    match str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => WINDOWS_1252.decode(bytes).0.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(name: &str, bytes: &[u8]) -> Result<Subtitles, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        Subtitles::load(&path).map_err(|error| {
            error
                .to_string()
                .replace(&format!("{}/", folder.path().display()), "")
        })
    }

    #[test]
    fn any_encoding_is_read() {
        let utf16: Vec<u8> = [0xff, 0xfe]
            .into_iter()
            .chain(
                "1\r\n00:00:01,000 --> 00:00:02,000\r\ncafé\r\n"
                    .encode_utf16()
                    .flat_map(u16::to_le_bytes),
            )
            .collect();
        let cases: [&[u8]; 3] = [
            "1\n00:00:01,000 --> 00:00:02,000\ncafé\n".as_bytes(),
            b"1\n00:00:01,000 --> 00:00:02,000\ncaf\xe9\n",
            &utf16,
        ];
        for bytes in cases {
            let subtitles = load("talk.srt", bytes).unwrap();
            assert_eq!(subtitles.script.segments[0].text, "café");
        }
    }

    #[test]
    fn an_error_names_file_line_and_reason() {
        let cases: [(&[u8], &str); 4] = [
            (
                b"WEBVTT\n\n00:61.000 --> 01:02.000\nhi\n",
                "talk.vtt:3: \"00:61.000\" is not a time",
            ),
            (
                b"WEBVTT\n\nNOTE nothing\n",
                "talk.vtt: holds no cue with text; a WebVTT or SubRip file is expected",
            ),
            (
                b"",
                "talk.vtt: holds no cue with text; a WebVTT or SubRip file is expected",
            ),
            (
                &vec![b'\n'; 16 * 1024 * 1024 + 1],
                "talk.vtt: larger than 16777216 bytes; is it a subtitle file?",
            ),
        ];
        for (bytes, expected) in cases {
            assert_eq!(load("talk.vtt", bytes).unwrap_err(), expected);
        }
        let missing = Subtitles::load(Path::new("/nowhere/talk.vtt")).unwrap_err();
        assert_eq!(missing.to_string(), "/nowhere/talk.vtt: can't be read");
    }

    #[test]
    fn what_is_left_out_is_said() {
        let subtitles = load(
            "talk.vtt",
            b"WEBVTT\n\n00:03.000 --> 00:02.000\nlost\n\n00:01.000 --> 00:02.000\nhi\n",
        )
        .unwrap();
        assert_eq!(subtitles.cues(), 1);
        assert_eq!(subtitles.length(), Duration::from_secs(2));
        let expected = Skipped {
            line: 3,
            reason: "the cue ends before it starts".into(),
        };
        assert_eq!(subtitles.skipped(), [expected]);
    }
}
