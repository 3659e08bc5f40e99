//! What ffmpeg says while it works, line by line, as `-loglevel level+info` makes it say it.

use crate::words;
use std::collections::VecDeque;
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    sync::watch,
};

/// The longest line that is looked at, in bytes. The rest of a longer one is passed over.
const LONGEST: usize = 2048;

/// How many complaints are kept: the latest.
const COMPLAINTS: usize = 12;

/// What is known of a source from what ffmpeg said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    /// How long it is; none for what has no end.
    pub(crate) duration_ms: Option<u64>,
    /// There is sound in it.
    pub(crate) sound: bool,
    /// There are moving pictures in it, not just a cover.
    pub(crate) pictures: bool,
    /// The source is open, and its streams are known.
    pub(crate) opened: bool,
    /// It is an HLS playlist.
    pub(crate) is_playlist: bool,
    /// All that precedes the first output has been said.
    pub(crate) mapped: bool,
    /// The name under which a stream was pushed.
    pub(crate) pushed: Option<String>,
    /// Errors, the latest last. They may hold what is secret.
    pub(crate) complaints: VecDeque<String>,
}

impl Said {
    /// Takes in a line.
    fn hear(&mut self, line: &str) {
        let Some((level, text)) = parts(line) else {
            return;
        };
        match level {
            "info" => self.learn(text),
            "warning" => {
                if let Some(rest) = text.strip_prefix("Unexpected stream ")
                    && let Some((name, _)) = rest.rsplit_once(", expecting ")
                {
                    self.pushed = Some(name.to_owned());
                }
                if words::tells_more(text) {
                    self.complain(text);
                }
            }
            "error" | "fatal" | "panic" => self.complain(text),
            _ => {}
        }
    }

    fn complain(&mut self, text: &str) {
        if self.complaints.len() == COMPLAINTS {
            self.complaints.pop_front();
        }
        self.complaints.push_back(text.to_owned());
    }

    fn learn(&mut self, text: &str) {
        if text.starts_with("Stream mapping:") || text.starts_with("Output #0") {
            self.mapped = true;
        }
        if self.mapped {
            return;
        }
        let text = text.trim_start();
        if text.starts_with("Input #0") {
            self.opened = true;
            self.is_playlist = text.starts_with("Input #0, hls,");
        } else if let Some(rest) = text.strip_prefix("Duration: ") {
            self.duration_ms = duration_ms(rest.split(',').next().unwrap_or_default());
        } else if text.starts_with("Stream #0:") {
            self.sound |= text.contains(": Audio: ");
            self.pictures |= text.contains(": Video: ") && !text.contains("(attached pic)");
        }
    }
}

/// A line's level and text, without the part of ffmpeg that says it.
fn parts(line: &str) -> Option<(&str, &str)> {
    let mut rest = line;
    if let Some((who, after)) = rest
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("] "))
        && who.contains(" @ ")
    {
        rest = after;
    }
    rest.strip_prefix('[')?.split_once("] ")
}

/// `HH:MM:SS.cc`, hours as many as there are. An FLV that is still being written says 0 of itself: it
/// has no end yet.
fn duration_ms(text: &str) -> Option<u64> {
    let mut parts = text.trim().splitn(3, ':');
    let hours: u64 = parts.next()?.parse().ok()?;
    let minutes: u64 = parts.next()?.parse().ok()?;
    let seconds: f64 = parts.next()?.parse().ok()?;
    if !(0.0..60.0).contains(&seconds) || minutes > 59 {
        return None;
    }
    let whole = hours
        .checked_mul(60)?
        .checked_add(minutes)?
        .checked_mul(60_000)?;
    let whole = whole.checked_add((seconds * 1000.0).round() as u64)?;
    (whole > 0).then_some(whole)
}

/// Reads lines until there are no more.
pub(crate) async fn listen(mut from: impl AsyncRead + Unpin, said: watch::Sender<Said>) {
    let mut bytes = [0; 1024];
    let mut line = Vec::new();
    while let Ok(n @ 1..) = from.read(&mut bytes).await {
        for &byte in &bytes[..n] {
            if byte == b'\n' || byte == b'\r' {
                if !line.is_empty() {
                    said.send_modify(|said| said.hear(&String::from_utf8_lossy(&line)));
                    line.clear();
                }
            } else if line.len() < LONGEST {
                line.push(byte);
            }
        }
    }
    if !line.is_empty() {
        said.send_modify(|said| said.hear(&String::from_utf8_lossy(&line)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn of(text: &str) -> Said {
        let (teller, said) = watch::channel(Said::default());
        listen(text.as_bytes(), teller).await;
        said.borrow().clone()
    }

    #[tokio::test]
    async fn a_films_head() {
        let said = of("[info] Input #0, mov,mp4, from 'file:x.mp4':\n\
             [info]   Metadata:\n\
             [info]     title           : Stream #0:9: Audio: no\n\
             [info]   Duration: 01:00:08.50, start: 0.000000, bitrate: 264 kb/s\n\
             [info]   Stream #0:0[0x1](und): Video: h264 (High), yuv420p, 640x360\n")
        .await;
        let expected = Said {
            duration_ms: Some(3_608_500),
            pictures: true,
            opened: true,
            ..Said::default()
        };
        assert_eq!(said, expected);
    }

    #[tokio::test]
    async fn a_song_with_a_cover_and_what_is_put_out_is_no_news() {
        let said = of("[info] Input #0, mp3, from 'file:x.mp3':\r\n\
             [info]   Duration: N/A, start: 0.025057\n\
             [info]   Stream #0:0: Audio: mp3, 44100 Hz, stereo\n\
             [info]   Stream #0:1: Video: png, rgb24, 90x90, 90k tbr (attached pic)\n\
             [info] Stream mapping:\n\
             [info]   Stream #0:0: Video: ppm")
        .await;
        let expected = Said {
            sound: true,
            opened: true,
            mapped: true,
            ..Said::default()
        };
        assert_eq!(said, expected);
    }

    #[tokio::test]
    async fn complaints_are_kept_within_bounds() {
        let mut text: String = (0..100)
            .map(|n| format!("[h264 @ 0x5581] [error] trouble {n}\n"))
            .collect();
        text += "[warning] no complaint\nno level\n[rtmp @ 0x1] [warning] Unexpected stream a, expecting b, expecting c\n";
        text += "[http @ 0x1] [warning] HTTP error 404 Not Found\n";
        text += "[http @ 0x1] [warning] HTTP error 410 Gone\n";
        text += &format!("[fatal] {}\n", "x".repeat(100_000));
        let said = of(&text).await;
        assert_eq!(said.complaints.len(), COMPLAINTS);
        assert_eq!(said.complaints[COMPLAINTS - 3], "trouble 99");
        assert_eq!(said.complaints[COMPLAINTS - 2], "HTTP error 410 Gone");
        assert!(said.complaints[COMPLAINTS - 1].len() < LONGEST);
        assert_eq!(said.pushed.as_deref(), Some("a, expecting b"));
    }

    #[tokio::test]
    async fn whatever_comes_is_heard_within_bounds() {
        let sample = b"[h @ 0x1] [info] Input #0, \xff[error] \n[info]   Duration: 00:00:08.5, start\n[] [] [fatal\n";
        for end in 0..sample.len() {
            for (at, byte) in [b'\n', b'[', b']', 0, 0xff, b':'].into_iter().enumerate() {
                let mut text = sample[..end].to_vec();
                text.insert((at * 17) % (end + 1), byte);
                let (teller, said) = watch::channel(Said::default());
                listen(text.repeat(50).as_slice(), teller).await;
                assert!(said.borrow().complaints.len() <= COMPLAINTS);
            }
        }
    }

    #[test]
    fn durations() {
        let table = [
            ("00:00:08.00", Some(8_000)),
            ("100:00:00.01", Some(360_000_010)),
            ("N/A", None),
            ("00:00:00.00", None),
            ("00:61:00.00", None),
            ("00:00:nan", None),
            ("99999999999999999999:00:00", None),
            ("9999999999999999999:00:00", None),
        ];
        for (text, expected) in table {
            assert_eq!(duration_ms(text), expected, "{text}");
        }
    }
}
