//! One room's trends, for as long as telling them is this process's duty.

use crate::{Parts, Rooms, Window};
use chatter_bus::{Heard, publish_json};
use chatter_protocol::{
    ChatTrends, FirehoseEntry, RoomId, Topic, TopicKind,
    moderators::{Act, RoomAct},
};
use chatter_store::Rota;
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval, sleep, timeout},
};

/// How often trends are told at most.
const TICK: Duration = Duration::from_secs(1);

/// After so many ticks they are told though nothing has changed, for those who came late.
const TELL_TICKS: u32 = 10;

/// The pause after a failure.
const PAUSE: Duration = Duration::from_secs(1);

/// How long the store and the bus may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many of the latest messages are read from the log, at first and after something was taken back.
const LATEST: usize = 1_000;

pub(crate) async fn attend(parts: Parts, rota: Rota, room: RoomId, rooms: watch::Receiver<Rooms>) {
    rota.attend(&room, async |_| {
        loop {
            if let Err(error) = follow(&parts, &room, &rooms).await {
                tracing::warn!(%room, error, "the trends pause");
            }
            sleep(PAUSE).await;
        }
    })
    .await;
}

/// Until the bus is gone.
async fn follow(
    parts: &Parts,
    room: &RoomId,
    rooms: &watch::Receiver<Rooms>,
) -> Result<(), String> {
    let own = || rooms.borrow().get(room).cloned().unwrap_or_default();
    let kinds = [TopicKind::ChatFirehose, TopicKind::ChatActs];
    let mut heard = parts
        .bus
        .subscribe(&kinds.map(|kind| Topic::new(kind, room.clone())))
        .await
        .map_err(|error| error.to_string())?;
    let (mut window, mut place) = since_a_minute(parts, room, own()).await?;
    let topic = Topic::new(TopicKind::ChatTrends, room.clone());
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told: Option<ChatTrends> = None;
    let mut silent = 0;
    let mut taken_back = false;
    loop {
        tokio::select! {
            _ = tick.tick() => {
                if std::mem::take(&mut taken_back) {
                    // Counters don't tell what of theirs one message was; the log has lost its text by now.
                    (window, place) = since_a_minute(parts, room, own()).await?;
                }
                window.set_emotes(own());
                let trends = window.trends(room, parts.clock.now());
                silent += 1;
                let news = told.as_ref().is_none_or(|told| differs(told, &trends));
                if !news && silent < TELL_TICKS {
                    continue;
                }
                let telling = publish_json(&*parts.bus, &topic, &trends);
                if let Ok(Ok(())) = timeout(PATIENCE, telling).await {
                    told = Some(trends);
                    silent = 0;
                }
            }
            next = heard.next() => match next {
                None => return Err("the bus is gone".into()),
                // It is an estimate, and what is missing is missing for a minute.
                Some(Heard::Lagged { topic, .. }) => taken_back |= topic.kind == TopicKind::ChatActs,
                Some(Heard::Message { topic, payload }) if topic.kind == TopicKind::ChatActs => {
                    match serde_json::from_slice::<RoomAct>(&payload) {
                        Ok(act) => taken_back |= act.act != Act::Changed,
                        Err(error) => tracing::warn!(%topic, %error, "an act can't be read"),
                    }
                }
                Some(Heard::Message { topic, payload }) => {
                    match serde_json::from_slice::<FirehoseEntry>(&payload) {
                        Ok(entry) if place.0 != entry.epoch || entry.offset > place.1 => {
                            place = (entry.epoch, entry.offset);
                            window.add(parts.clock.now(), &entry.message);
                        }
                        Ok(_) => {}
                        Err(error) => tracing::warn!(%topic, %error, "an entry can't be read"),
                    }
                }
            },
        }
    }
}

/// What the log says of the minute before, and how far it was read.
async fn since_a_minute(
    parts: &Parts,
    room: &RoomId,
    emotes: Arc<BTreeSet<String>>,
) -> Result<(Window, (String, u64)), String> {
    let page = timeout(PATIENCE, parts.store.read_latest(room, LATEST))
        .await
        .map_err(|_| "the store does not answer".to_owned())?
        .map_err(|error| error.to_string())?;
    let now = parts.clock.now();
    let mut window = Window::new(now);
    window.set_emotes(emotes);
    for (_, message) in &page.messages {
        window.add_logged(now, message);
    }
    Ok((window, (page.head.epoch, page.head.offset)))
}

fn differs(a: &ChatTrends, b: &ChatTrends) -> bool {
    let ageless = |trends: &ChatTrends| ChatTrends {
        at: a.at,
        ..trends.clone()
    };
    ageless(a) != ageless(b)
}
