//! What is told of a source, part by part.

use crate::{Condition, Options, Source, play, queue::Queue};
use chatter_protocol::context::Playing;
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

/// The next of what a source tells, on the stream's clock: milliseconds that never go back.
#[derive(Clone, PartialEq)]
pub enum Part {
    /// Sound: 16 kHz, one channel, -1 to 1. Whole pieces are of 100 ms; the last one may be shorter.
    Sound {
        /// When it begins. It ends after as many samples; what follows begins there.
        at_ms: u64,
        /// The samples.
        samples: Vec<f32>,
    },
    /// What could be seen. Comes at the place of its time, or a little later.
    Picture {
        /// When.
        at_ms: u64,
        /// In pixels.
        width: u32,
        /// In pixels.
        height: u32,
        /// Row by row from the top, three bytes a pixel.
        rgb: Vec<u8>,
    },
    /// Nothing came: a stall, an outage, or a reader who was too slow for a live source.
    Gap {
        /// From then on.
        from_ms: u64,
        /// Until then.
        to_ms: u64,
    },
    /// It is over, and so it stays. [`Condition`] says how.
    Ended,
}

/// A source that plays. Dropping it ends it, and its ffmpeg.
pub struct Feed {
    queue: Queue,
    condition: watch::Receiver<Condition>,
    restarts: Arc<AtomicU64>,
    passes: watch::Receiver<Passes>,
    speed: f64,
    looped: bool,
    _player: AbortOnDropHandle<()>,
}

/// The pass that plays now, if the source is a file, and the one before it: what is still to be read may
/// be of that one.
pub(crate) type Passes = [Option<Pass>; 2];

/// A file that plays, from some place on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pass {
    /// Where on the stream's clock it began.
    pub(crate) began_ms: u64,
    /// Where in the file.
    pub(crate) from_ms: u64,
    /// How long the file is, as far as it was heard to its end.
    pub(crate) length_ms: Option<u64>,
}

/// The other end of a feed.
pub(crate) struct Teller {
    pub(crate) queue: Queue,
    pub(crate) condition: watch::Sender<Condition>,
    pub(crate) restarts: Arc<AtomicU64>,
    pub(crate) passes: watch::Sender<Passes>,
}

impl Source {
    /// Opens it, on the runtime that this is called in. What goes wrong is told by the feed.
    #[must_use]
    pub fn open(&self, options: Options) -> Feed {
        let queue = Queue::default();
        let (teller, condition) = watch::channel(Condition::Starting);
        let restarts = Arc::new(AtomicU64::new(0));
        let (told, passes) = watch::channel(Passes::default());
        let (speed, looped) = (options.speed, options.looped);
        let teller = Teller {
            queue: queue.clone(),
            condition: teller,
            restarts: Arc::clone(&restarts),
            passes: told,
        };
        let player = tokio::spawn(play::play(self.clone(), options, teller));
        Feed {
            queue,
            condition,
            restarts,
            passes,
            speed,
            looped,
            _player: AbortOnDropHandle::new(player),
        }
    }
}

impl Feed {
    /// The next part. A slow reader makes a file wait, and loses the oldest of a live source.
    ///
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Part {
        self.queue.next().await
    }

    /// How the source does.
    #[must_use]
    pub fn condition(&self) -> watch::Receiver<Condition> {
        self.condition.clone()
    }

    /// Whether it plays, or is about to.
    #[must_use]
    pub fn plays(&self) -> bool {
        matches!(
            *self.condition.borrow(),
            Condition::Playing { .. } | Condition::Starting
        )
    }

    /// Where in its recording the source is at a position of the stream, if it is a file and plays.
    #[must_use]
    pub fn playing(&self, position_ms: u64) -> Option<Playing> {
        if !self.plays() {
            return None;
        }
        let passes = *self.passes.borrow();
        let pass = passes.into_iter().flatten();
        let pass = pass
            .filter(|pass| pass.began_ms <= position_ms)
            .max_by_key(|pass| pass.began_ms)?;
        Some(Playing {
            at_ms: pass.from_ms + (position_ms - pass.began_ms),
            speed: self.speed,
            looped: self.looped,
            length_ms: pass.length_ms,
        })
    }

    /// How fast it was asked to play; what is live does not go faster.
    #[must_use]
    pub const fn speed(&self) -> f64 {
        self.speed
    }

    /// How often it was opened anew after an end that should not have been, or was that of a live stream.
    #[must_use]
    pub fn restarts(&self) -> u64 {
        self.restarts.load(Ordering::Relaxed)
    }
}

impl Teller {
    /// A file plays from some place on.
    pub(crate) fn pass(&self, pass: Pass) {
        self.passes
            .send_modify(|passes| *passes = [Some(pass), passes[0]]);
    }
}

impl Part {
    pub(crate) const fn is_picture(&self) -> bool {
        matches!(self, Self::Picture { .. })
    }
}

/// How long so many samples last, in whole milliseconds.
pub(crate) const fn ms_of(samples: usize) -> u64 {
    samples as u64 * 1000 / crate::SAMPLE_RATE as u64
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Feed({})", *self.condition.borrow())
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sound { at_ms, samples } => {
                write!(f, "Sound({at_ms}, {} samples)", samples.len())
            }
            Self::Picture {
                at_ms,
                width,
                height,
                ..
            } => write!(f, "Picture({at_ms}, {width}x{height})"),
            Self::Gap { from_ms, to_ms } => write!(f, "Gap({from_ms}..{to_ms})"),
            Self::Ended => f.write_str("Ended"),
        }
    }
}
