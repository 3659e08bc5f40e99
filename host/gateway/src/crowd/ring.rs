//! The newest frames of a room, which all of its viewers share.

use crate::ws::Frame;
use std::collections::VecDeque;

/// What goes to a room's viewers, newest last: messages of the log in the order of their offsets,
/// without gaps, and frames beside the log between them. A viewer is a place in it.
#[derive(Debug)]
pub(crate) struct Ring {
    frames: VecDeque<Held>,
    /// The number of the first of them. Frames are numbered as they come.
    first: u64,
    most: usize,
    /// Which log that is; empty until it is known.
    epoch: String,
    /// The newest message's offset.
    shown: u64,
    /// How often the log became another one.
    renewed: u32,
}

#[derive(Debug)]
struct Held {
    frame: Frame,
    /// The offset of the newest message up to here; of the frame itself, if that is one.
    shown: u64,
    beside: bool,
}

impl Ring {
    pub(super) fn new(most: usize) -> Self {
        Self {
            frames: VecDeque::new(),
            first: 0,
            most: most.max(1),
            epoch: String::new(),
            shown: 0,
            renewed: 0,
        }
    }

    /// The number that the next frame will have.
    pub(super) fn end(&self) -> u64 {
        self.first + self.frames.len() as u64
    }

    pub(super) const fn first(&self) -> u64 {
        self.first
    }

    pub(super) const fn shown(&self) -> u64 {
        self.shown
    }

    /// Whether what it holds is of this log, as far as it knows.
    pub(super) fn is_of(&self, epoch: &str) -> bool {
        self.epoch.is_empty() || self.epoch == epoch
    }

    pub(super) const fn renewed(&self) -> u32 {
        self.renewed
    }

    /// The log's next message.
    pub(super) fn message(&mut self, offset: u64, frame: Frame) {
        self.shown = offset;
        self.push(frame, false);
    }

    /// A frame beside the log.
    pub(super) fn beside(&mut self, frame: Frame) {
        self.push(frame, true);
    }

    fn push(&mut self, frame: Frame, beside: bool) {
        if self.frames.len() == self.most {
            self.frames.pop_front();
            self.first += 1;
        }
        self.frames.push_back(Held {
            frame,
            shown: self.shown,
            beside,
        });
    }

    /// The log stands here now, and its messages up to here are not held: whoever wants them reads
    /// the log.
    pub(super) fn stands_at(&mut self, offset: u64) {
        self.first = self.end();
        self.frames.clear();
        self.shown = offset;
    }

    /// It follows this log from here on.
    pub(super) fn begin(&mut self, epoch: &str, offset: u64) {
        epoch.clone_into(&mut self.epoch);
        self.stands_at(offset);
    }

    /// The log is another one now, or has lost what comes next.
    pub(super) fn renew(&mut self, epoch: &str, offset: u64) {
        self.renewed += 1;
        self.begin(epoch, offset);
    }

    /// Puts other frames in the place of messages.
    pub(super) fn take_back(&mut self, mut other: impl FnMut(u64, &Frame) -> Option<Frame>) {
        for held in self.frames.iter_mut().filter(|held| !held.beside) {
            if let Some(frame) = other(held.shown, &held.frame) {
                held.frame = frame;
            }
        }
    }

    /// Where a viewer that has seen all messages up to an offset goes on; nowhere if the next one is
    /// not held any more.
    pub(super) fn place(&self, seen: u64) -> Option<u64> {
        if seen >= self.shown {
            return Some(self.end());
        }
        let at = self.frames.partition_point(|held| held.shown <= seen);
        let next = self.frames.get(at)?;
        (next.shown == seen + 1 && !next.beside).then_some(self.first + at as u64)
    }

    #[cfg(test)]
    pub(super) fn offsets(&self, place: &mut u64) -> Vec<u64> {
        let skip = usize::try_from(place.saturating_sub(self.first)).unwrap();
        *place = self.end();
        let held = self.frames.iter().skip(skip);
        held.filter(|held| !held.beside)
            .map(|held| held.shown)
            .collect()
    }

    /// Adds frames to a batch, from the one with this number on, and gives the number after them. A
    /// viewer that has seen messages from there on is not given them again. Nothing if the next
    /// message after those is not held any more.
    pub(super) fn read(&self, from: u64, mut seen: u64, batch: &mut Batch) -> Option<u64> {
        let skip = usize::try_from(from.checked_sub(self.first)?).ok()?;
        let mut next = from;
        for held in self.frames.iter().skip(skip) {
            if batch.is_full() {
                break;
            }
            next += 1;
            if !held.beside {
                if held.shown <= seen {
                    continue;
                }
                if held.shown != seen + 1 {
                    return None;
                }
                seen = held.shown;
            }
            batch.add(held.frame.bytes(), Part::Live { next, seen });
        }
        // It may have been told of messages that it never held.
        (next < self.end() || seen >= self.shown).then_some(next)
    }

    /// Adds frames to a batch as [`read`](Self::read) does, for all viewers that are at this place.
    /// Gives what they have to have seen before it, the number after the frames, and what they have
    /// seen then. `from` is in the ring or at its end.
    pub(super) fn read_for_all(&self, from: u64, batch: &mut Batch) -> (u64, u64, u64) {
        let held = usize::try_from(from - self.first)
            .ok()
            .and_then(|skip| self.frames.get(skip));
        let seen = held.map_or(self.shown, |held| held.shown - u64::from(!held.beside));
        let next = self.read(from, seen, batch).unwrap_or(from);
        let sees = match batch.parts.last() {
            Some((_, Part::Live { seen, .. })) => *seen,
            _ => seen,
        };
        (seen, next, sees)
    }
}

/// Bytes that are to be written at once, and what it means when they have been.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) bytes: Vec<u8>,
    pub(super) parts: Vec<(usize, Part)>,
}

/// What a viewer has got with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The rest of a frame that was begun.
    Rest,
    /// A frame for it alone.
    Own,
    /// What happens on the stream, in this version.
    Stream(u64),
    /// A frame of the ring.
    Live { next: u64, seen: u64 },
    /// A message of a page of the log.
    Logged(u64),
}

/// The bytes after which no more frames are added to a batch.
const FULL: usize = 64 << 10;

impl Batch {
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.parts.clear();
    }

    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() >= FULL
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn add(&mut self, bytes: &[u8], part: Part) {
        self.bytes.extend_from_slice(bytes);
        self.parts.push((self.bytes.len(), part));
    }

    /// How many of the parts are begun or done once so many bytes are written, and the rest of the
    /// last one.
    pub(super) fn after(&self, written: usize) -> (usize, &[u8]) {
        let done = self.parts.partition_point(|(end, _)| *end <= written);
        let begun = done > 0 && self.parts[done - 1].0 == written || written == 0;
        match self.parts.get(done) {
            Some((end, _)) if !begun => (done + 1, &self.bytes[written..*end]),
            _ => (done, &[]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(name: &str) -> Frame {
        Frame::text(name)
    }

    /// Messages 5 to 8, with a frame beside the log after 6, in a ring of four.
    fn ring() -> Ring {
        let mut ring = Ring::new(4);
        ring.stands_at(4);
        ring.message(5, frame("5"));
        ring.message(6, frame("6"));
        ring.beside(frame("b"));
        ring.message(7, frame("7"));
        ring.message(8, frame("8"));
        ring
    }

    fn text(batch: &Batch) -> String {
        let frames = batch.bytes.chunks(3).map(|frame| char::from(frame[2]));
        frames.collect()
    }

    #[test]
    fn a_viewer_goes_on_where_it_was_or_reads_the_log() {
        // What it has seen, where it goes on, and what it is given there.
        for (seen, place, given) in [
            (3, None, ""),
            (4, None, ""),
            (5, Some(1), "6b78"),
            (6, Some(3), "78"),
            (7, Some(4), "8"),
            (8, Some(5), ""),
            // The ring has not heard of these yet.
            (9, Some(5), ""),
        ] {
            let ring = ring();
            let mut batch = Batch::default();
            assert_eq!(ring.place(seen), place, "seen {seen}");
            let Some(place) = place else { continue };
            assert_eq!(ring.read(place, seen, &mut batch), Some(5), "seen {seen}");
            assert_eq!(text(&batch), given, "seen {seen}");
        }
    }

    #[test]
    fn what_was_seen_before_the_ring_heard_of_it_is_not_shown_again() {
        let mut ring = ring();
        let place = ring.place(10).unwrap();
        for offset in 9..=12 {
            ring.message(offset, frame("x"));
        }
        let mut batch = Batch::default();
        assert_eq!(ring.read(place, 10, &mut batch), Some(9));
        assert_eq!(text(&batch), "xx");
        assert_eq!(
            ring.read(place, 7, &mut Batch::default()),
            None,
            "8 is gone"
        );
        assert_eq!(
            ring.read(0, 12, &mut Batch::default()),
            None,
            "out of the ring"
        );
    }

    #[test]
    fn a_gap_is_noticed_though_nothing_is_held_beyond_it() {
        let mut ring = Ring::new(4);
        let place = ring.place(3).unwrap();
        ring.stands_at(5);
        assert_eq!(ring.read(place, 3, &mut Batch::default()), None);
        assert_eq!(ring.read(place, 5, &mut Batch::default()), Some(0));
        assert_eq!((ring.place(3), ring.place(5)), (None, Some(0)));
    }

    #[test]
    fn a_batch_tells_what_was_written_of_it() {
        let mut batch = Batch::default();
        batch.add(b"abc", Part::Own);
        batch.add(b"de", Part::Own);
        for (written, begun, rest) in [
            (0, 0, &b""[..]),
            (1, 1, b"bc"),
            (3, 1, b""),
            (4, 2, b"e"),
            (5, 2, b""),
        ] {
            assert_eq!(batch.after(written), (begun, rest), "{written}");
        }
    }

    #[test]
    fn it_knows_of_which_log_it_is() {
        let mut ring = Ring::new(4);
        assert!(ring.is_of("old") && ring.is_of("new"), "not known yet");
        ring.begin("old", 3);
        assert!(ring.is_of("old") && !ring.is_of("new"));
        ring.renew("new", 0);
        assert!(!ring.is_of("old") && ring.is_of("new"));
        assert_eq!((ring.shown(), ring.renewed()), (0, 1));
    }
}
