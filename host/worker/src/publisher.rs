//! What the worker tells the others: call records and statuses.
//!
//! Both are told as best effort, off the path of calls: they wait in a queue of [`WAITING`], and
//! what doesn't fit is dropped and counted. A status is told again within ten seconds anyway.

use chatter_bus::{Bus, BusError, SharedBus, publish_json};
use chatter_protocol::{CallRecord, PersonaStatus, RoomId, Topic, TopicKind};
use futures_util::{StreamExt, stream};
use metrics::counter;
use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout},
};

const WAITING: usize = 256;

/// So many are on their way to the bus at once: one that is far away is not asked one by one.
const AT_ONCE: usize = 64;

/// How long the bus may take.
const BUS_WAIT: Duration = Duration::from_secs(5);

/// Nothing may be lost for so long until that is over.
const CALM: Duration = Duration::from_secs(10);

enum News {
    Call(Box<CallRecord>),
    Status(Box<PersonaStatus>),
}

/// Where news is handed in. Never waits.
#[derive(Clone)]
pub(crate) struct Publisher {
    news: mpsc::Sender<News>,
    /// What did not fit since it was last looked at.
    dropped: Arc<AtomicU64>,
}

/// Where it goes out.
pub(crate) struct Outlet {
    news: mpsc::Receiver<News>,
    dropped: Arc<AtomicU64>,
    calls: Topic,
    statuses: Topic,
    bus: SharedBus,
}

impl Publisher {
    pub(crate) fn new(room: &RoomId, bus: SharedBus) -> (Self, Outlet) {
        let (sender, news) = mpsc::channel(WAITING);
        let dropped = Arc::<AtomicU64>::default();
        let calls = Topic::new(TopicKind::PersonaCalls, room.clone());
        let statuses = Topic::new(TopicKind::PersonaStatus, room.clone());
        (
            Self {
                news: sender,
                dropped: Arc::clone(&dropped),
            },
            Outlet {
                news,
                dropped,
                calls,
                statuses,
                bus,
            },
        )
    }

    pub(crate) fn call(&self, record: CallRecord) {
        self.put(News::Call(Box::new(record)));
    }

    pub(crate) fn status(&self, status: PersonaStatus) {
        self.put(News::Status(Box::new(status)));
    }

    fn put(&self, news: News) {
        if self.news.try_send(news).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Outlet {
    /// Runs until the last [`Publisher`] is gone, or it is dropped.
    pub(crate) async fn run(self) {
        let Self {
            news,
            dropped,
            calls,
            statuses,
            bus,
        } = self;
        let (calls, statuses, bus) = (&calls, &statuses, &*bus);
        let news = stream::unfold(news, |mut news| async {
            news.recv().await.map(|next| (next, news))
        });
        // They are begun in their order, and the bus keeps it.
        let tellings = news.map(|news| tell(bus, calls, statuses, news));
        let mut tellings = pin!(tellings.buffered(AT_ONCE));
        let mut losses = Losses::default();
        while let Some(told) = tellings.next().await {
            let dropped = dropped.swap(0, Ordering::Relaxed);
            let lost = dropped + u64::from(told.is_err());
            counter!("chatter_worker_news_dropped_total").increment(lost);
            match (losses.note(lost, Instant::now()), told) {
                (Some(Turn::Began), Err(error)) => {
                    tracing::warn!(room = %calls.room, %error, "calls' records and statuses are not told");
                }
                (Some(Turn::Began), Ok(())) => {
                    tracing::warn!(room = %calls.room, "some calls' records and statuses are not told: they come faster than the bus takes them");
                }
                (Some(Turn::Ended { lost }), _) => {
                    tracing::info!(room = %calls.room, lost, "all calls' records and statuses are told again");
                }
                (None, _) => {}
            }
        }
    }
}

async fn tell(bus: &dyn Bus, calls: &Topic, statuses: &Topic, news: News) -> Result<(), BusError> {
    let telling = async {
        match &news {
            News::Call(record) => publish_json(bus, calls, record).await,
            News::Status(status) => publish_json(bus, statuses, status).await,
        }
    };
    timeout(BUS_WAIT, telling)
        .await
        .unwrap_or_else(|_| Err(BusError::Unreachable("no answer in time".into())))
}

/// What was lost in a row, for a line in the log when it begins, and one when it is over.
#[derive(Debug, Default)]
struct Losses(Option<Row>);

#[derive(Debug)]
struct Row {
    lost: u64,
    latest: Instant,
}

#[derive(Debug, PartialEq, Eq)]
enum Turn {
    Began,
    Ended { lost: u64 },
}

impl Losses {
    fn note(&mut self, lost: u64, now: Instant) -> Option<Turn> {
        match &mut self.0 {
            None if lost == 0 => None,
            None => {
                self.0 = Some(Row { lost, latest: now });
                Some(Turn::Began)
            }
            Some(row) if lost > 0 => {
                row.lost += lost;
                row.latest = now;
                None
            }
            Some(row) if now.saturating_duration_since(row.latest) < CALM => None,
            Some(row) => {
                let lost = row.lost;
                self.0 = None;
                Some(Turn::Ended { lost })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;
    use chatter_bus::Subscription;
    use std::sync::Mutex;
    use tokio_util::bytes::Bytes;

    #[test]
    fn what_is_lost_is_told_when_it_begins_and_when_it_is_over() {
        let begun = Instant::now();
        let mut losses = Losses::default();
        let mut note = |after_s, lost| losses.note(lost, begun + Duration::from_secs(after_s));
        assert_eq!(note(0, 0), None);
        assert_eq!(note(1, 1), Some(Turn::Began));
        assert_eq!(note(2, 200), None);
        assert_eq!(note(3, 0), None);
        assert_eq!(note(11, 1), None, "it was not over");
        assert_eq!(note(20, 0), None);
        assert_eq!(note(21, 0), Some(Turn::Ended { lost: 202 }));
        assert_eq!(note(40, 0), None);
        assert_eq!(note(41, 1), Some(Turn::Began), "another time");
    }

    /// A bus that is far away.
    #[derive(Default)]
    struct Far(Mutex<Vec<Bytes>>);

    #[async_trait]
    impl Bus for Far {
        async fn publish(&self, _: &Topic, payload: Bytes) -> Result<(), BusError> {
            self.0.lock().unwrap().push(payload);
            tokio::time::sleep(Duration::from_millis(300)).await;
            Ok(())
        }

        async fn subscribe(&self, _: &[Topic]) -> Result<Subscription, BusError> {
            Err(BusError::Unreachable("nobody listens".into()))
        }

        fn describe(&self) -> String {
            "far away".into()
        }
    }

    fn status(detail: String) -> PersonaStatus {
        serde_json::from_value(serde_json::json!({
            "v": 1, "room_id": "main/lobby", "persona_id": "nova", "name": "Nova",
            "module": { "name": "hype", "digest": "", "contract": "0.2.0" },
            "health": "ok", "detail": detail, "calls": 0, "failures": 0, "lines": 0,
            "at": "2026-01-31T12:00:00.000Z"
        }))
        .unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_bus_that_is_far_away_is_told_all_in_its_order_and_soon() {
        let far = Arc::new(Far::default());
        let room = RoomId::from_parts("main", "lobby").unwrap();
        let (publisher, outlet) = Publisher::new(&room, Arc::clone(&far) as SharedBus);
        let begun = Instant::now();
        for number in 0..200 {
            publisher.status(status(number.to_string()));
        }
        drop(publisher);
        outlet.run().await;
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(2), "{took:?}");
        let told: Vec<PersonaStatus> = (far.0.lock().unwrap().iter())
            .map(|payload| serde_json::from_slice(payload).unwrap())
            .collect();
        let told: Vec<_> = told.into_iter().map(|status| status.detail).collect();
        let wanted: Vec<_> = (0..200).map(|number| number.to_string()).collect();
        assert_eq!(told, wanted);
    }
}
