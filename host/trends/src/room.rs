//! One room's trends, for as long as telling them is this process's duty.

use crate::{
    Parts, Rooms,
    minute::{Anew, Minute},
};
use chatter_bus::{Heard, publish_json};
use chatter_protocol::{
    ChatTrends, FirehoseEntry, RoomId, Topic, TopicKind,
    moderators::{Act, RoomAct},
};
use chatter_store::Rota;
use std::time::Duration;
use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior, interval, sleep, timeout},
};

/// How often trends are told at most.
const TICK: Duration = Duration::from_secs(1);

/// After so many ticks they are told though nothing has changed, for those who came late.
const TELL_TICKS: u32 = 10;

/// The pause after a failure.
const PAUSE: Duration = Duration::from_secs(1);

/// How long the bus may take.
const PATIENCE: Duration = Duration::from_secs(5);

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
    let Minute {
        mut window,
        mut place,
        ..
    } = Minute::of_log(parts, room, own()).await?;
    let topic = Topic::new(TopicKind::ChatTrends, room.clone());
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told: Option<ChatTrends> = None;
    let mut silent = 0;
    let mut anew = Anew::new(Instant::now());
    loop {
        tokio::select! {
            _ = tick.tick() => {
                if anew.is_due(Instant::now()) {
                    // Counters don't tell what of theirs one message was; the log has lost its text by now.
                    let minute = Minute::of_log(parts, room, own()).await?;
                    (window, place) = (minute.window, minute.place);
                    anew.done(minute.read, Instant::now());
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
                Some(Heard::Lagged { topic, .. }) => {
                    if topic.kind == TopicKind::ChatActs {
                        anew.want();
                    }
                }
                Some(Heard::Message { topic, payload }) if topic.kind == TopicKind::ChatActs => {
                    match serde_json::from_slice::<RoomAct>(&payload) {
                        Ok(act) if act.act == Act::Changed => {}
                        Ok(_) => anew.want(),
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

fn differs(a: &ChatTrends, b: &ChatTrends) -> bool {
    let ageless = |trends: &ChatTrends| ChatTrends {
        at: a.at,
        ..trends.clone()
    };
    ageless(a) != ageless(b)
}
