//! A persona's log during one call: bounded, and whole lines only.

use chatter_protocol::call::{LogLevel, LogLine};
use std::sync::{Arc, Mutex, PoisonError};

/// The log of one call, shared by the guest's two ways to write to it: `log.write` and its standard
/// output.
#[derive(Clone)]
pub(crate) struct SharedLog(Arc<Mutex<Log>>);

struct Log {
    lines: Vec<LogLine>,
    /// Printed, but not ended by a line break yet.
    unfinished: Vec<u8>,
    unfinished_level: LogLevel,
    bytes: usize,
    bytes_left: usize,
    cut: bool,
}

impl SharedLog {
    pub(crate) fn new(bytes: u32) -> Self {
        Self(Arc::new(Mutex::new(Log {
            lines: Vec::new(),
            unfinished: Vec::new(),
            unfinished_level: LogLevel::Info,
            bytes: bytes as usize,
            bytes_left: bytes as usize,
            cut: false,
        })))
    }

    pub(crate) fn write(&self, level: LogLevel, text: &str) {
        self.lock().push(level, text);
    }

    pub(crate) fn print(&self, level: LogLevel, bytes: &[u8]) {
        let mut log = self.lock();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            // More than the whole log may hold will be cut off anyway.
            let room = log.bytes_left.saturating_sub(log.unfinished.len());
            let taken = piece.len().min(room);
            log.cut |= taken < piece.len();
            log.unfinished.extend_from_slice(&piece[..taken]);
            log.unfinished_level = level;
            if piece.ends_with(b"\n") {
                log.finish();
            }
        }
    }

    /// How many bytes were used up.
    pub(crate) fn used(&self) -> u32 {
        let log = self.lock();
        u32::try_from(log.bytes - log.bytes_left).unwrap_or(u32::MAX)
    }

    /// The lines so far, still there to be taken.
    pub(crate) fn so_far(&self) -> Vec<LogLine> {
        let mut log = self.lock();
        log.finish();
        log.lines.clone()
    }

    /// The lines so far; ends the last one.
    pub(crate) fn take(&self) -> Vec<LogLine> {
        let mut log = self.lock();
        log.finish();
        if log.cut {
            let text = "the log was cut off here: its bytes are used up".into();
            log.lines.push(LogLine {
                level: LogLevel::Warn,
                text,
            });
        }
        std::mem::take(&mut log.lines)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Log> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log {
    fn push(&mut self, level: LogLevel, text: &str) {
        // Each line costs a little itself, so that empty ones have an end too.
        let cost = text.len() + 16;
        if cost > self.bytes_left {
            self.bytes_left = 0;
            self.cut = true;
            return;
        }
        self.bytes_left -= cost;
        self.lines.push(LogLine {
            level,
            text: text.to_owned(),
        });
    }

    fn finish(&mut self) {
        if !self.unfinished.is_empty() {
            let bytes = std::mem::take(&mut self.unfinished);
            let level = self.unfinished_level;
            self.push(level, String::from_utf8_lossy(&bytes).trim_end());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_pieces_become_whole_lines() {
        let log = SharedLog::new(1000);
        log.print(LogLevel::Info, b"one\ntw");
        log.print(LogLevel::Warn, b"o\nthree");
        let lines: Vec<_> = log.take().into_iter().map(|line| line.text).collect();
        assert_eq!(lines, ["one", "two", "three"]);
    }

    #[test]
    fn a_flood_is_cut_off_and_says_so() {
        let log = SharedLog::new(100);
        for _ in 0..1000 {
            log.write(LogLevel::Info, "again");
            log.print(LogLevel::Info, &[b'x'; 5000]);
        }
        let lines = log.take();
        assert!(lines.len() < 10, "{lines:?}");
        assert!(lines.last().unwrap().text.contains("cut off"));
    }
}
