//! How often a room is told, and the telling.

use crate::window::Window;
use chatter_bus::{SharedBus, publish_json};
use chatter_protocol::{Clock, RoomId, Topic, TopicKind};
use std::time::Duration;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

/// While only words come, a context comes no more often than this.
const WORDS_GAP: Duration = Duration::from_secs(2);
/// A context with a new event comes no sooner after the one before.
const EVENT_GAP: Duration = Duration::from_millis(250);
/// A context comes at least this often, whatever happens.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// So long the bus may take for one context.
const PUBLISH_TIMEOUT: Duration = Duration::from_secs(5);

/// Tells a room what a window holds.
pub(crate) struct Telling {
    room: RoomId,
    topic: Topic,
    bus: SharedBus,
    clock: Clock,
    /// When the latest context was made.
    last: Option<Instant>,
    /// How long events that found no room in it wait.
    leftover_gap: Duration,
}

impl Telling {
    pub(crate) fn new(room: RoomId, bus: SharedBus, clock: Clock) -> Self {
        Self {
            topic: Topic::new(TopicKind::StreamContext, room.clone()),
            room,
            bus,
            clock,
            last: None,
            leftover_gap: EVENT_GAP,
        }
    }

    /// When the next context is due if nothing happens; none if not even the first one was told.
    pub(crate) fn heartbeat(&self) -> Option<Instant> {
        self.last.map(|last| last + HEARTBEAT)
    }

    /// When words or an event that are there at these times may be told, if that is before the
    /// heartbeat; with `untold` events there are some already.
    pub(crate) fn wake(
        &self,
        words: Option<Instant>,
        event: Option<Instant>,
        untold: bool,
    ) -> Option<Instant> {
        let last = self.last?;
        let after = |at: Option<Instant>, gap| at.map(|at| at.max(last + gap));
        let leftover = untold.then(|| last + self.leftover_gap);
        [
            after(words, WORDS_GAP),
            after(event, EVENT_GAP),
            leftover,
            self.heartbeat(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// A context is made now.
    pub(crate) fn now(&mut self) {
        self.last = Some(Instant::now());
    }

    /// Tells the room; whether the bus took it, or nothing if it is cancelled meanwhile. What was new in
    /// a context that the bus did not take is new in the next one.
    pub(crate) async fn tell(
        &mut self,
        window: &mut Window,
        cancel: &CancellationToken,
    ) -> Option<bool> {
        let context = window.context(&self.room, self.clock.now());
        let room = &self.room;
        let publishing = timeout(
            PUBLISH_TIMEOUT,
            publish_json(self.bus.as_ref(), &self.topic, &context),
        );
        let is_published = match cancel.run_until_cancelled(publishing).await? {
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
        self.leftover_gap = if is_published { EVENT_GAP } else { WORDS_GAP };
        Some(is_published)
    }
}
