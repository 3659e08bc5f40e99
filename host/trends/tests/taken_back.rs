//! What moderators take back is no trend any more, and the rest of the minute still is.

#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

use chatter_bus::{Heard, InProcess, SharedBus, Subscription, publish_json};
use chatter_protocol::{
    Author, AuthorId, AuthorKind, ChatMessage, ChatTrends, Clock, FirehoseEntry, MessageId, RoomId,
    Timestamp, Topic, TopicKind, V1,
    moderators::{Act, RoomAct},
};
use chatter_store::{Delegate, SharedStore, Sqlite, Store, StoreError};
use chatter_trends::{Parts, Trends};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

fn room() -> RoomId {
    RoomId::new("main/lobby").unwrap()
}

fn said(author: &str, text: &str) -> ChatMessage {
    ChatMessage {
        v: V1,
        id: MessageId::new(),
        room_id: room(),
        author: Author {
            id: AuthorId::new(&format!("guest:{author}")).unwrap(),
            name: author.into(),
            kind: AuthorKind::Viewer,
            color: None,
            badges: Vec::new(),
        },
        text: text.into(),
        reply_to: None,
        mentions: vec![AuthorId::new("persona:nova").unwrap()],
        sent_at: Timestamp::now(),
        call_id: None,
        deleted: false,
    }
}

struct Host {
    bus: SharedBus,
    store: SharedStore,
    told: Subscription,
    cancel: CancellationToken,
    running: JoinHandle<()>,
}

impl Host {
    async fn start(store: SharedStore, clock: Clock) -> Self {
        let bus: SharedBus = Arc::new(InProcess::new());
        let told = Topic::new(TopicKind::ChatTrends, room());
        let told = bus.subscribe(&[told]).await.unwrap();
        let trends = Trends::new(Parts {
            bus: Arc::clone(&bus),
            store: Arc::clone(&store),
            clock,
        });
        trends.handle().set_rooms([(room(), Arc::default())]);
        let cancel = CancellationToken::new();
        let running = tokio::spawn(trends.run(cancel.clone()));
        Self {
            bus,
            store,
            told,
            cancel,
            running,
        }
    }

    async fn end(self) {
        self.cancel.cancel();
        self.running.await.unwrap();
    }

    async fn say(&self, message: &ChatMessage) {
        let message = Arc::new(message.clone());
        let messages = vec![Arc::clone(&message)];
        self.store.append(&room(), messages).await.unwrap();
        let head = self.store.head(&room()).await.unwrap();
        let entry = FirehoseEntry {
            v: V1,
            epoch: head.epoch,
            offset: head.offset,
            message,
        };
        let topic = Topic::new(TopicKind::ChatFirehose, room());
        publish_json(&*self.bus, &topic, &entry).await.unwrap();
    }

    /// The log loses the text first, as at a gateway.
    async fn take_back(&self, message: &ChatMessage, act: Act) {
        let gone = vec![Arc::new(message.tombstone())];
        self.store.desks().replace(&room(), gone).await.unwrap();
        let act = RoomAct {
            v: V1,
            room_id: room(),
            version: 1,
            act,
        };
        let topic = Topic::new(TopicKind::ChatActs, room());
        publish_json(&*self.bus, &topic, &act).await.unwrap();
    }

    /// Waits for trends that are as wanted.
    async fn until(&mut self, what: &str, wanted: impl Fn(&ChatTrends) -> bool) {
        let mut last = None;
        let waiting = async {
            loop {
                if let Some(Heard::Message { payload, .. }) = self.told.next().await {
                    let trends: ChatTrends = serde_json::from_slice(&payload).unwrap();
                    if wanted(&trends) {
                        return;
                    }
                    last = Some(trends);
                }
            }
        };
        let came = tokio::time::timeout(Duration::from_secs(30), waiting).await;
        assert!(came.is_ok(), "{what}: {last:?}");
    }
}

#[tokio::test]
async fn what_is_taken_back_is_counted_no_more() {
    let store = Arc::new(Sqlite::in_memory().unwrap());
    let mut host = Host::start(store, Clock::system()).await;

    let (first, second) = (
        said("ben", "@nova buy :hype:"),
        said("cleo", "@nova buy :hype:"),
    );
    host.say(&first).await;
    host.say(&second).await;
    let counted = |trends: &ChatTrends| {
        let buys = trends.top_tokens.iter().find(|word| word.term == "buy");
        let emotes = trends.top_emotes.first().map_or(0, |emote| emote.count);
        let named = trends.mentions.first().map_or(0, |named| named.count);
        let buys = buys.map_or(0, |word| word.count);
        (buys, emotes, named, trends.repeats, trends.unique_authors)
    };
    host.until("said", |trends| counted(trends) == (2, 2, 2, 1, 2))
        .await;
    let removed = Act::Removed { id: second.id };
    host.take_back(&second, removed).await;
    host.until("removed", |trends| counted(trends) == (1, 1, 1, 0, 1))
        .await;
    let cleared = Act::Cleared {
        author: None,
        up_to: 2,
    };
    host.take_back(&first, cleared).await;
    host.until("cleared", |trends| counted(trends) == (0, 0, 0, 0, 0))
        .await;
    host.say(&said("dan", "buy")).await;
    host.until("said since", |trends| counted(trends).0 == 1)
        .await;
    host.end().await;
}

/// A store of which is counted how often its log is read.
struct Counted {
    inner: Sqlite,
    reads: AtomicUsize,
}

impl Delegate for Counted {
    fn store(&self) -> &dyn Store {
        &self.inner
    }

    async fn pass<T: Send>(
        &self,
        request: &'static str,
        work: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        if request.starts_with("read_") {
            self.reads.fetch_add(1, Ordering::SeqCst);
        }
        work.await
    }
}

#[tokio::test]
async fn however_much_is_said_the_minute_is_made_anew_as_a_whole_and_no_more_is_read() {
    const NOW: i64 = 1_769_860_800_000;
    let store = Arc::new(Counted {
        inner: Sqlite::in_memory().unwrap(),
        reads: AtomicUsize::new(0),
    });
    let goal = |ago_ms: i64| {
        Arc::new(ChatMessage {
            sent_at: Timestamp::from_millis(NOW - ago_ms),
            ..said("ana", "goal")
        })
    };
    let before = (0..4_000).map(|n| goal(500_000 - 100 * n));
    // 40 a second.
    let minute: Vec<_> = (0..2_000).map(|n| goal(50_000 - 25 * n)).collect();
    let messages = before.chain(minute.iter().cloned()).collect();
    store.append(&room(), messages).await.unwrap();
    let now = Clock::from_fn(|| Timestamp::from_millis(NOW));
    let mut host = Host::start(store.clone(), now).await;
    let goals = |trends: &ChatTrends| trends.top_tokens.first().map_or(0, |goals| goals.count);
    host.until("at first", |trends| goals(trends) == 2_000)
        .await;
    let gone = &minute[1_000];
    host.take_back(gone, Act::Removed { id: gone.id }).await;
    host.until("removed", |trends| goals(trends) == 1_999).await;
    // Each time four pages, and the one that begins before.
    assert_eq!(store.reads.load(Ordering::SeqCst), 10);
    host.end().await;
}
