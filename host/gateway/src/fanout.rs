//! Fan-out: one listener for each room turns what is said on the bus into frames for its viewers.
//!
//! It hands on the log's messages in the order of their offsets, without gaps: what the bus lost or
//! never said it reads from the log.

use crate::{frames, outage::Outage, room::Room, shared::Shared};
use chatter_bus::{Heard, Subscription};
use chatter_protocol::{
    ChatTrends, FirehoseEntry, PersonaStatus, SourceStatus, StreamContext, TopicKind,
    frames::ServerFrame,
};
use chatter_store::StoreError;
use futures_util::FutureExt;
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// How often the log is asked for messages that the bus never said.
const CHECK: Duration = Duration::from_secs(5);

/// The pause after a failure.
const PAUSE: Duration = Duration::from_secs(1);

/// What is taken in from the bus before viewers are woken, even if there is more.
const AT_ONCE: usize = 64;

/// Messages that are read from the log at once.
const PAGE: usize = 256;

pub(crate) async fn run(shared: Arc<Shared>, room: Arc<Room>, stop: CancellationToken) {
    let topics = [
        TopicKind::ChatFirehose,
        TopicKind::PersonaStatus,
        TopicKind::ChatTrends,
        TopicKind::StreamContext,
        TopicKind::StreamSource,
        TopicKind::ChatActs,
    ]
    .map(|kind| room.topic(kind));
    let work = async {
        let (mut fanout, mut outage) = (None, Outage::default());
        loop {
            match shared.bus.subscribe(&topics).await {
                Ok(subscription) => {
                    let work = listen(&shared, &room, &mut fanout, &mut outage, subscription);
                    let ended = work.await;
                    // What it had shown by then is sent out all the same.
                    room.crowd.wake();
                    if let Err(error) = ended {
                        outage.failed(&error, || {
                            tracing::error!(room = %room.id, %error, "the room's log can't be read");
                        });
                    }
                }
                Err(error) => outage.failed(&error, || {
                    tracing::error!(room = %room.id, %error, "the room's topics can't be heard");
                }),
            }
            room.listening.store(false, Ordering::Release);
            tokio::time::sleep(PAUSE).await;
        }
    };
    stop.run_until_cancelled(work).await;
}

/// Listens until the subscription ends or the log can't be read.
async fn listen(
    shared: &Shared,
    room: &Arc<Room>,
    fanout: &mut Option<Fanout>,
    outage: &mut Outage,
    mut subscription: Subscription,
) -> Result<(), StoreError> {
    // The subscription is there already: nothing can slip between it and this look at the log.
    let head = shared.store.head(&room.id).await?;
    let fanout = fanout.get_or_insert_with(|| {
        // From here on: what a viewer missed before that it reads in the log.
        room.crowd.begin(&head.epoch, head.offset);
        Fanout {
            epoch: head.epoch,
            shown: head.offset,
        }
    });
    // What was said on the room's topics while nobody listened is missed.
    room.moderators.look_if_changed(shared, room).await?;
    room.listening.store(true, Ordering::Release);
    fanout.refill(shared, room).await?;
    outage.over();
    let mut check = tokio::time::interval(CHECK);
    check.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        room.crowd.wake();
        let mut heard = tokio::select! {
            heard = subscription.next() => Some(heard),
            _ = check.tick() => {
                fanout.refill(shared, room).await?;
                room.moderators.look_if_changed(shared, room).await?;
                room.moderators.tell_rights(room, shared.clock.now());
                room.moderators.due.notify_one();
                room.log.tidy();
                continue;
            }
        };
        // All that is there already, before anybody is woken.
        let mut taken = 0;
        while let Some(next) = heard {
            match next {
                None => return Ok(()),
                Some(heard) => fanout.take(shared, room, heard).await?,
            }
            taken += 1;
            if taken == AT_ONCE {
                break;
            }
            heard = subscription.next().now_or_never();
        }
    }
}

/// How far a room's viewers have been shown its log.
#[derive(Debug)]
struct Fanout {
    epoch: String,
    shown: u64,
}

impl Fanout {
    async fn take(&mut self, shared: &Shared, room: &Room, heard: Heard) -> Result<(), StoreError> {
        let (topic, payload) = match heard {
            Heard::Message { topic, payload } => (topic, payload),
            Heard::Lagged { topic, missed } => {
                if topic.kind == TopicKind::ChatFirehose {
                    tracing::warn!(room = %room.id, missed, "something was missed live; the log is read instead");
                    self.refill(shared, room).await?;
                }
                return Ok(());
            }
        };
        match topic.kind {
            TopicKind::ChatFirehose => match serde_json::from_slice(&payload) {
                Ok(entry) => self.hear(shared, room, entry).await?,
                Err(error) => tracing::warn!(%topic, %error, "an entry can't be read"),
            },
            TopicKind::PersonaStatus => match serde_json::from_slice::<PersonaStatus>(&payload) {
                Ok(status) if status.room_id == room.id => room.note_status(status),
                Ok(_) => {}
                Err(error) => tracing::warn!(%topic, %error, "a status can't be read"),
            },
            TopicKind::StreamSource => match serde_json::from_slice::<SourceStatus>(&payload) {
                Ok(status) if status.room_id == room.id => room.note_source(status),
                Ok(_) => {}
                Err(error) => tracing::warn!(%topic, %error, "a source's status can't be read"),
            },
            TopicKind::ChatTrends => match serde_json::from_slice::<ChatTrends>(&payload) {
                Ok(trends) => {
                    if room.viewers() > 0 {
                        room.crowd
                            .beside(frames::encode(&ServerFrame::Trends(trends)));
                    }
                }
                Err(error) => tracing::warn!(%topic, %error, "trends can't be read"),
            },
            TopicKind::ChatActs => room.moderators.look_if_changed(shared, room).await?,
            TopicKind::StreamContext => match serde_json::from_slice::<StreamContext>(&payload) {
                Ok(context) if context.room_id == room.id => {
                    room.crowd.now.hear(&context, shared.clock.now());
                }
                Ok(_) => {}
                Err(error) => tracing::warn!(%topic, %error, "a context can't be read"),
            },
            _ => {}
        }
        Ok(())
    }

    async fn hear(
        &mut self,
        shared: &Shared,
        room: &Room,
        entry: FirehoseEntry,
    ) -> Result<(), StoreError> {
        if entry.epoch != self.epoch || entry.offset > self.shown + 1 {
            return self.refill(shared, room).await;
        }
        if entry.offset == self.shown + 1 {
            room.spoken.note(&entry.message);
            let now = shared.clock.now();
            room.moderators.lately().note(&entry.message, now);
            room.moderators.show(room, entry.offset, &entry.message);
            self.shown = entry.offset;
        }
        Ok(())
    }

    /// Shows what the log holds beyond what was shown.
    async fn refill(&mut self, shared: &Shared, room: &Room) -> Result<(), StoreError> {
        loop {
            let page = shared.store.read_after(&room.id, self.shown, PAGE).await?;
            if page.head.epoch != self.epoch || !page.complete || page.head.offset < self.shown {
                room.crowd.renew(&page.head.epoch, page.head.offset);
                self.epoch = page.head.epoch;
                self.shown = page.head.offset;
                return Ok(());
            }
            if page.messages.is_empty() {
                return Ok(());
            }
            for (offset, message) in page.messages {
                room.spoken.note(&message);
                let now = shared.clock.now();
                room.moderators.lately().note(&message, now);
                room.moderators.show(room, offset, &message);
                self.shown = offset;
            }
            room.crowd.wake();
        }
    }
}
