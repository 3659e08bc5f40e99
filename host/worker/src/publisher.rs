//! What the worker tells the others: call records and statuses.
//!
//! Both are told as best effort, off the path of calls: they wait in a queue of [`WAITING`], and
//! what doesn't fit is dropped and counted. A status is told again within ten seconds anyway.

use chatter_bus::{BusError, SharedBus, publish_json};
use chatter_protocol::{CallRecord, PersonaStatus, RoomId, Topic, TopicKind};
use metrics::counter;
use std::time::Duration;
use tokio::{sync::mpsc, time::timeout};

const WAITING: usize = 256;

/// How long the bus may take.
const BUS_WAIT: Duration = Duration::from_secs(5);

enum News {
    Call(Box<CallRecord>),
    Status(Box<PersonaStatus>),
}

/// Where news is handed in. Never waits.
#[derive(Clone)]
pub(crate) struct Publisher(mpsc::Sender<News>);

/// Where it goes out.
pub(crate) struct Outlet {
    news: mpsc::Receiver<News>,
    calls: Topic,
    statuses: Topic,
    bus: SharedBus,
}

impl Publisher {
    pub(crate) fn new(room: &RoomId, bus: SharedBus) -> (Self, Outlet) {
        let (sender, news) = mpsc::channel(WAITING);
        let calls = Topic::new(TopicKind::PersonaCalls, room.clone());
        let statuses = Topic::new(TopicKind::PersonaStatus, room.clone());
        (
            Self(sender),
            Outlet {
                news,
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
        if self.0.try_send(news).is_err() {
            counter!("chatter_worker_news_dropped_total").increment(1);
        }
    }
}

impl Outlet {
    /// Runs until the last [`Publisher`] is gone, or it is dropped.
    pub(crate) async fn run(mut self) {
        while let Some(news) = self.news.recv().await {
            let told = timeout(BUS_WAIT, async {
                match &news {
                    News::Call(record) => publish_json(&*self.bus, &self.calls, record).await,
                    News::Status(status) => publish_json(&*self.bus, &self.statuses, status).await,
                }
            })
            .await
            .unwrap_or_else(|_| Err(BusError::Unreachable("no answer in time".into())));
            if let Err(error) = told {
                counter!("chatter_worker_news_dropped_total").increment(1);
                tracing::warn!(room = %self.calls.room, %error, "a call's record or a status was not told");
            }
        }
    }
}
