//! Playing a script into a room, on time.

use crate::{Subtitles, window::Window};
use chatter_bus::{SharedBus, publish_json};
use chatter_protocol::{Clock, RoomId, Topic, TopicKind};
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

/// While only words come, a context comes no more often than this.
const WORDS_GAP: Duration = Duration::from_secs(2);
/// A context with a new event comes no sooner after the one before.
const EVENT_GAP: Duration = Duration::from_millis(250);
/// A context comes at least this often, whatever happens.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// So long the bus may take for one context.
const PUBLISH_TIMEOUT: Duration = Duration::from_secs(5);
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
    play_from(0, subtitles, playback, bus, clock, cancel).await
}

/// As [`play`], from a position on; what comes before it counts as told.
pub(crate) async fn play_from(
    from_ms: u64,
    subtitles: Subtitles,
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
    let topic = Topic::new(TopicKind::StreamContext, room.clone());
    let pace = Pace {
        start: Instant::now(),
        from_ms,
        speed,
    };
    let mut window = Window::new(subtitles.script, looped, clock.now());
    if from_ms > 0 {
        window.skip(from_ms);
        if window.is_over() {
            return Ok(Ended::Finished);
        }
    }
    let mut last: Option<Instant> = None;
    let mut leftover_gap = EVENT_GAP;
    loop {
        let (wake, at_least_ms) = next_wake(&window, pace, last, leftover_gap);
        tokio::select! {
            biased;
            () = cancel.cancelled() => return Ok(Ended::Cancelled),
            () = sleep_until(wake) => {}
        }
        last = Some(Instant::now());
        window.advance(pace.position_ms(Instant::now()).max(at_least_ms));
        let context = window.context(&room, clock.now());
        let published = tokio::select! {
            biased;
            () = cancel.cancelled() => return Ok(Ended::Cancelled),
            published = timeout(PUBLISH_TIMEOUT, publish_json(bus.as_ref(), &topic, &context)) => published,
        };
        let is_published = match published {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::warn!(%room, %error, "a stream context is lost");
                false
            }
            Err(_) => {
                tracing::warn!(%room, "a stream context is lost: the bus did not take it within 5 s");
                false
            }
        };
        if is_published {
            window.published(&context);
        }
        leftover_gap = if is_published { EVENT_GAP } else { WORDS_GAP };
        if window.is_over() && !(is_published && window.has_untold()) {
            return Ok(Ended::Finished);
        }
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
/// it fall short of what it was woken for). Events that found no room wait for `leftover_gap`.
fn next_wake(
    window: &Window,
    pace: Pace,
    last: Option<Instant>,
    leftover_gap: Duration,
) -> (Instant, u64) {
    let Some(last) = last else {
        return (pace.start, pace.from_ms);
    };
    let heartbeat = last + HEARTBEAT;
    let (words, event) = window.due(pace.position_ms(heartbeat));
    let mut next = (heartbeat, 0);
    for (due_ms, gap) in [(words, WORDS_GAP), (event, EVENT_GAP)] {
        let Some(due_ms) = due_ms else { continue };
        let wake = pace.instant(due_ms).max(last + gap);
        if wake < next.0 {
            next = (wake, due_ms);
        }
    }
    if window.has_untold() {
        next = next.min((last + leftover_gap, 0));
    }
    next
}
