//! How a source is played.

use chatter_bus::SharedBus;
use chatter_protocol::RoomId;
use std::{path::PathBuf, time::Duration};

/// The slowest that a file is played.
pub const MIN_SPEED: f64 = 0.01;

/// The fastest that a file is played.
pub const MAX_SPEED: f64 = 1000.0;

/// How a source is played.
#[derive(Clone)]
pub struct Options {
    /// The room that it is for.
    pub room: RoomId,
    /// Where a browser's sound is heard. Only `browser:` needs it.
    pub bus: Option<SharedBus>,
    /// The program: a path, or a name that is looked for in `PATH`.
    pub ffmpeg: PathBuf,
    /// How fast a file is played, [`MIN_SPEED`] to [`MAX_SPEED`]. A live source knows only 1.
    pub speed: f64,
    /// Whether a file begins again at its end.
    pub looped: bool,
    /// Where the clock begins, and where in a file; of one that is looped, in all its passes. A live
    /// source has only the clock.
    pub from_ms: u64,
    /// Whether pictures are wanted.
    pub pictures: Option<Pictures>,
    /// How long is waited.
    pub patience: Patience,
}

/// What pictures are wanted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pictures {
    /// How many a second of the stream, more than 0 and at most [`MOST`](Self::MOST).
    pub per_second: f32,
    /// Their longer side, in pixels, 16 to [`LARGEST`](Self::LARGEST).
    pub side: u16,
}

/// How long is waited for a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For its first sound, once it is being opened.
    pub start: Duration,
    /// Until a live source of which nothing comes is told to have stalled.
    pub stall: Duration,
    /// Until it is opened anew.
    pub give_up: Duration,
    /// The first pause before a source is opened again; each further one is twice as long.
    pub pause: Duration,
    /// The longest such pause.
    pub longest_pause: Duration,
}

impl Options {
    /// At its own pace, once, without pictures.
    #[must_use]
    pub fn new(room: RoomId) -> Self {
        Self {
            room,
            bus: None,
            ffmpeg: "ffmpeg".into(),
            speed: 1.0,
            looped: false,
            from_ms: 0,
            pictures: None,
            patience: Patience::default(),
        }
    }

    /// What is not within its bounds, in words.
    pub(crate) fn wrong(&self) -> Option<String> {
        if !(MIN_SPEED..=MAX_SPEED).contains(&self.speed) {
            return Some(format!(
                "speed: {} is not in {MIN_SPEED}..={MAX_SPEED}",
                self.speed
            ));
        }
        let pictures = self.pictures?;
        if !(pictures.per_second > 0.0 && pictures.per_second <= Pictures::MOST) {
            return Some(format!(
                "pictures: {} a second is not more than 0 and at most {}",
                pictures.per_second,
                Pictures::MOST
            ));
        }
        if !(16..=Pictures::LARGEST).contains(&pictures.side) {
            return Some(format!(
                "pictures: a side of {} is not in 16..={}",
                pictures.side,
                Pictures::LARGEST
            ));
        }
        None
    }
}

impl Pictures {
    /// The most pictures a second.
    pub const MOST: f32 = 5.0;
    /// The longest side.
    pub const LARGEST: u16 = 1280;
}

impl Default for Pictures {
    fn default() -> Self {
        Self {
            per_second: 1.0,
            side: 320,
        }
    }
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            start: Duration::from_secs(20),
            stall: Duration::from_secs(5),
            give_up: Duration::from_secs(30),
            pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(30),
        }
    }
}
