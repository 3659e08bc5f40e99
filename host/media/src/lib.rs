//! What the operator names (a file, a URL, a microphone, a browser), as sound and pictures on the
//! stream's clock.
//!
//! A [`Source`] is read from what was written; [`Source::open`] gives a [`Feed`], whose
//! [`next`](Feed::next) tells one [`Part`] after another, and a [`Condition`] for operators. All that
//! ffmpeg reads is read by ffmpeg, a child process that is watched: this is the only crate that
//! knows it.
//!
//! What it promises:
//!
//! - The clock never goes back and leaves nothing out: a part begins where the one before ended, and
//!   time in which nothing came is a [`Part::Gap`]. A file keeps to the time at which it began, so
//!   that small delays don't add up; of a live source, nothing is told that is more than some seconds
//!   late.
//! - Whatever happens to ffmpeg or to the source, the feed goes on or says in words why it can't. A
//!   live source is opened again, with pauses that grow.
//! - ffmpeg ends with the feed. It gets no variable of the environment that it has no use for, no
//!   protocol that the kind of source does not need, and nothing that it writes is told unread: no
//!   URL's password, key or path stands in a [`Condition`] or a log.
//! - Everything is bounded: what waits for a reader, what ffmpeg may say, how big a picture is.
//!
//! It must not know what is done with sound and pictures.

mod arguments;
mod backoff;
mod browser;
mod clock;
mod condition;
mod door;
mod feed;
mod options;
mod picture;
mod play;
mod process;
mod push;
mod queue;
mod recording;
mod run;
mod said;
mod source;
mod words;

pub use condition::Condition;
pub use feed::{Feed, Part};
pub use options::{MAX_SPEED, MIN_SPEED, Options, Patience, Pictures};
pub use recording::{Recording, RecordingError};
pub use source::{Source, SourceError};

/// Samples of sound a second.
pub const SAMPLE_RATE: u32 = 16_000;

/// Samples of a whole piece of sound: 100 ms.
pub const PIECE: usize = 1600;
