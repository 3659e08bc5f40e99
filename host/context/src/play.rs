//! Playing a script into a room, on time.

use crate::{
    Subtitles,
    looking::Film,
    names::Names,
    reel::{Left, Reel},
    seeing::Looked,
    telling::Telling,
};
use chatter_bus::SharedBus;
use chatter_protocol::{Clock, RoomId};
use std::{future::pending, time::Duration};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// The slowest and the fastest that a source is played.
const SPEEDS: std::ops::RangeInclusive<f64> = 0.01..=1000.0;

/// How a source is played.
#[derive(Clone, Debug, PartialEq)]
pub struct Playback {
    /// Into which room.
    pub room: RoomId,
    /// How fast: 1 is real time; from 0.01 to 1000.
    pub speed: f64,
    /// Whether it begins again at its end. The position goes on growing then. A file of less than
    /// 10 s is followed by silence up to these.
    pub looped: bool,
}

impl Playback {
    /// Once, in real time.
    #[must_use]
    pub const fn new(room: RoomId) -> Self {
        Self {
            room,
            speed: 1.0,
            looped: false,
        }
    }

    pub(crate) fn check(&self) -> Result<(), PlayError> {
        check(self.speed)
    }
}

fn check(speed: f64) -> Result<(), PlayError> {
    if SPEEDS.contains(&speed) {
        Ok(())
    } else {
        Err(PlayError::Speed(speed))
    }
}

/// Why a source is no longer played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was played to its end; the last context said `stream_end`.
    Finished,
    /// It was asked to stop.
    Cancelled,
}

/// Why a source can't be played.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PlayError {
    /// The speed makes no sense.
    #[error("a speed of {0} is not in 0.01..=1000")]
    Speed(f64),
}

/// Plays a source into a room, until its end or until it is cancelled; the cancellation is seen at
/// every wait, so it ends within the computation of one context.
///
/// A context that the bus does not take within 5 s is lost, and the log says so; what was new in it
/// is new in the next one.
///
/// # Errors
///
/// If the speed is out of bounds.
pub async fn play(
    subtitles: Subtitles,
    playback: Playback,
    bus: SharedBus,
    clock: Clock,
    cancel: CancellationToken,
) -> Result<Ended, PlayError> {
    let (left, more) = (Left::default(), More::default());
    play_from(left, subtitles, more, playback, bus, clock, cancel).await
}

/// What is told beside what a script knows.
#[derive(Default)]
pub(crate) struct More {
    /// Whose names are listened for.
    pub(crate) names: Names,
    /// What is looked at meanwhile.
    pub(crate) film: Option<Film>,
}

/// As [`play`], from where another play of the same was left; what comes before that counts as told.
pub(crate) async fn play_from(
    left: Left,
    subtitles: Subtitles,
    More { names, mut film }: More,
    playback: Playback,
    bus: SharedBus,
    clock: Clock,
    cancel: CancellationToken,
) -> Result<Ended, PlayError> {
    let Playback {
        room,
        speed,
        looped,
    } = playback;
    check(speed)?;
    let pace = Pace {
        start: Instant::now(),
        from_ms: left.at_ms,
        speed,
    };
    let mut reel = Reel::new(subtitles.script, looped, names, clock.now());
    if left.at_ms > 0 {
        reel.go_on(left);
        if reel.is_over() {
            return Ok(Ended::Finished);
        }
    }
    let mut telling = Telling::new(room, bus, clock);
    loop {
        let (wake, at_least_ms) = next_wake(&reel, pace, &telling);
        tokio::select! {
            biased;
            () = cancel.cancelled() => return Ok(Ended::Cancelled),
            () = sleep_until(wake) => {}
            (looked, for_ms) = seen(&mut film) => {
                reel.see(looked, for_ms, pace.position_ms(Instant::now()));
                continue;
            }
        }
        telling.now();
        reel.advance(pace.position_ms(Instant::now()).max(at_least_ms));
        reel.window.play(reel.playing(speed));
        let Some(is_published) = telling.tell(&mut reel.window, &cancel).await else {
            return Ok(Ended::Cancelled);
        };
        if reel.is_over() && !(is_published && reel.window.has_untold()) {
            return Ok(Ended::Finished);
        }
    }
}

async fn seen(film: &mut Option<Film>) -> (Looked, u64) {
    match film {
        Some(film) => film.next().await,
        None => pending().await,
    }
}

/// The stream's clock beside the wall's. Both count from the same instant, so no delay adds up.
#[derive(Clone, Copy, Debug)]
struct Pace {
    start: Instant,
    /// Where it was then.
    from_ms: u64,
    speed: f64,
}

impl Pace {
    /// Where the stream is, in milliseconds.
    fn position_ms(self, now: Instant) -> u64 {
        let position =
            now.saturating_duration_since(self.start).as_secs_f64() * 1000.0 * self.speed;
        self.from_ms.saturating_add(position as u64)
    }

    /// When the stream gets there.
    fn instant(self, position_ms: u64) -> Instant {
        // At a speed of 0.01 the farthest cue of a file lies some 10^16 ms ahead, within bounds.
        let ahead_ms = position_ms.saturating_sub(self.from_ms);
        let wall_ms = (ahead_ms as f64 / self.speed).ceil();
        self.start + Duration::from_millis(wall_ms as u64)
    }
}

/// When the next context is due, and how far the stream is then at least (rounding must not make
/// it fall short of what it was woken for).
fn next_wake(reel: &Reel, pace: Pace, telling: &Telling) -> (Instant, u64) {
    let Some(heartbeat) = telling.heartbeat() else {
        return (pace.start, pace.from_ms);
    };
    let (words, event) = reel.due(pace.position_ms(heartbeat));
    let at = |due_ms: Option<u64>| due_ms.map(|due_ms| pace.instant(due_ms));
    let untold = reel.window.has_untold();
    let wake = telling.wake(at(words), at(event), untold);
    let wake = wake.unwrap_or(heartbeat);
    let reached = [words, event]
        .into_iter()
        .flatten()
        .filter(|&due_ms| pace.instant(due_ms) <= wake)
        .max();
    (wake, reached.unwrap_or(0))
}
