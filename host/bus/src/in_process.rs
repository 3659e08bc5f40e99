//! The bus of a single process.

use crate::{Bus, BusError, CAPACITY, Feed, Subscription};
use async_trait::async_trait;
use bytes::Bytes;
use chatter_protocol::Topic;
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError, RwLock, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

/// A bus within this process.
///
/// All subscribers of a topic hear it in the same order, and share one copy of each payload. When
/// the bus is dropped, its subscriptions end.
#[derive(Debug)]
pub struct InProcess {
    topics: Arc<Topics>,
    capacity: usize,
    subscribers: AtomicU64,
}

/// Only topics that somebody listens to. The inner lock is what orders a topic.
type Topics = RwLock<HashMap<Topic, Mutex<Vec<Subscriber>>>>;

#[derive(Debug)]
struct Subscriber {
    number: u64,
    feed: Feed,
}

impl InProcess {
    /// A bus that keeps up to 1024 messages for each subscriber.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(CAPACITY)
    }

    /// A bus that keeps up to `capacity` messages (at least one) for each subscriber.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            topics: Arc::default(),
            capacity,
            subscribers: AtomicU64::new(0),
        }
    }
}

impl Default for InProcess {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Bus for InProcess {
    async fn publish(&self, topic: &Topic, payload: Bytes) -> Result<(), BusError> {
        let topics = self.topics.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(subscribers) = topics.get(topic) {
            for subscriber in subscribers
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .iter()
            {
                subscriber.feed.push(topic, payload.clone());
            }
        }
        Ok(())
    }

    async fn subscribe(&self, topics: &[Topic]) -> Result<Subscription, BusError> {
        let number = self.subscribers.fetch_add(1, Ordering::Relaxed);
        // The subscription must not hold the bus, or it would never see its end.
        let bus = Arc::downgrade(&self.topics);
        let named = topics.to_vec();
        let (feed, subscription) =
            Subscription::new(self.capacity, move || leave(&bus, number, &named));

        let mut all = self.topics.write().unwrap_or_else(PoisonError::into_inner);
        for topic in topics {
            let subscribers = all.entry(topic.clone()).or_default();
            let subscribers = subscribers
                .get_mut()
                .unwrap_or_else(PoisonError::into_inner);
            if subscribers.last().is_none_or(|last| last.number != number) {
                subscribers.push(Subscriber {
                    number,
                    feed: feed.clone(),
                });
            }
        }
        Ok(subscription)
    }

    fn describe(&self) -> String {
        "in the process".into()
    }
}

/// Forgets a subscriber, and the topics that nobody else listens to.
fn leave(bus: &Weak<Topics>, number: u64, topics: &[Topic]) {
    let Some(bus) = bus.upgrade() else { return };
    let mut all = bus.write().unwrap_or_else(PoisonError::into_inner);
    for topic in topics {
        if let Some(subscribers) = all.get_mut(topic) {
            let subscribers = subscribers
                .get_mut()
                .unwrap_or_else(PoisonError::into_inner);
            subscribers.retain(|subscriber| subscriber.number != number);
            if subscribers.is_empty() {
                all.remove(topic);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Heard, publish_json};
    use chatter_protocol::{RoomId, TopicKind};
    use futures_util::FutureExt;

    fn topic(kind: TopicKind) -> Topic {
        Topic::new(kind, RoomId::new("main/lobby").unwrap())
    }

    fn chat() -> Topic {
        topic(TopicKind::ChatFirehose)
    }

    fn context() -> Topic {
        topic(TopicKind::StreamContext)
    }

    async fn say(bus: &InProcess, topic: &Topic, text: &'static str) {
        bus.publish(topic, Bytes::from_static(text.as_bytes()))
            .await
            .unwrap();
    }

    fn message(topic: &Topic, text: &'static str) -> Option<Heard> {
        Some(Heard::Message {
            topic: topic.clone(),
            payload: Bytes::from_static(text.as_bytes()),
        })
    }

    fn lagged(topic: &Topic, missed: u64) -> Option<Heard> {
        Some(Heard::Lagged {
            topic: topic.clone(),
            missed,
        })
    }

    fn known_topics(bus: &InProcess) -> usize {
        bus.topics.read().unwrap().len()
    }

    #[tokio::test]
    async fn several_topics_are_heard_in_the_order_of_publication() {
        let bus = InProcess::new();
        say(&bus, &chat(), "before anyone listened").await;
        let mut both = bus.subscribe(&[chat(), context(), chat()]).await.unwrap();
        let mut one = bus.subscribe(&[context()]).await.unwrap();
        for (topic, text) in [
            (chat(), "a"),
            (context(), "b"),
            (chat(), "c"),
            (context(), "d"),
        ] {
            say(&bus, &topic, text).await;
        }
        assert_eq!(both.next().await, message(&chat(), "a"));
        assert_eq!(both.next().await, message(&context(), "b"));
        assert_eq!(both.next().await, message(&chat(), "c"));
        assert_eq!(both.next().await, message(&context(), "d"));
        assert_eq!(
            both.next().now_or_never(),
            None,
            "a topic named twice is heard once"
        );
        assert_eq!(one.next().await, message(&context(), "b"));
        assert_eq!(one.next().await, message(&context(), "d"));
    }

    #[tokio::test]
    async fn concurrent_publishers_are_heard_by_all_in_one_order() {
        let bus = Arc::new(InProcess::with_capacity(10_000));
        let mut first = bus.subscribe(&[chat()]).await.unwrap();
        let mut second = bus.subscribe(&[chat(), context()]).await.unwrap();
        let publishers: Vec<_> = (0..8_u8)
            .map(|publisher| {
                let bus = Arc::clone(&bus);
                std::thread::spawn(move || {
                    for n in 0..250_u8 {
                        let payload = Bytes::copy_from_slice(&[publisher, n]);
                        bus.publish(&chat(), payload)
                            .now_or_never()
                            .unwrap()
                            .unwrap();
                    }
                })
            })
            .collect();
        for publisher in publishers {
            publisher.join().unwrap();
        }
        let mut latest = [None; 8];
        for _ in 0..2000 {
            let heard = first.next().await.unwrap();
            assert_eq!(second.next().await.as_ref(), Some(&heard));
            let Heard::Message { payload, .. } = heard else {
                panic!("{heard:?}")
            };
            let latest = &mut latest[usize::from(payload[0])];
            assert!(
                *latest < Some(payload[1]),
                "each publisher's own order is kept"
            );
            *latest = Some(payload[1]);
        }
    }

    #[tokio::test]
    async fn a_slow_subscriber_is_told_what_it_missed_and_others_miss_nothing() {
        let bus = InProcess::with_capacity(2);
        let mut slow = bus.subscribe(&[chat(), context()]).await.unwrap();
        let mut quick = bus.subscribe(&[chat(), context()]).await.unwrap();
        for (topic, text) in [
            (chat(), "a"),
            (context(), "b"),
            (chat(), "c"),
            (chat(), "d"),
            (context(), "e"),
        ] {
            say(&bus, &topic, text).await;
            assert_eq!(quick.next().await, message(&topic, text));
        }
        let mut missed = [slow.next().await, slow.next().await];
        missed.sort_by_key(|heard| format!("{heard:?}"));
        assert_eq!(missed, [lagged(&chat(), 2), lagged(&context(), 1)]);
        assert_eq!(slow.next().await, message(&chat(), "d"));
        assert_eq!(slow.next().await, message(&context(), "e"));
        say(&bus, &chat(), "f").await;
        assert_eq!(
            slow.next().await,
            message(&chat(), "f"),
            "what was told is not told again"
        );
    }

    #[tokio::test]
    async fn a_loss_further_up_is_told_first() {
        let (feed, mut subscription) = Subscription::new(8, || ());
        feed.push(&chat(), Bytes::from_static(b"a"));
        feed.lagged(&chat(), 3);
        assert_eq!(subscription.next().await, lagged(&chat(), 3));
        assert_eq!(subscription.next().await, message(&chat(), "a"));
    }

    #[tokio::test]
    async fn a_waiting_subscriber_is_woken() {
        let bus = Arc::new(InProcess::new());
        let mut subscription = bus.subscribe(&[chat()]).await.unwrap();
        let waiting = tokio::spawn(async move { subscription.next().await });
        tokio::task::yield_now().await;
        publish_json(&*bus, &chat(), &"hello").await.unwrap();
        assert_eq!(waiting.await.unwrap(), message(&chat(), "\"hello\""));
    }

    #[tokio::test]
    async fn the_payload_is_shared() {
        let bus = InProcess::new();
        let mut subscription = bus.subscribe(&[chat()]).await.unwrap();
        let said = Bytes::from(vec![7; 100]);
        bus.publish(&chat(), said.clone()).await.unwrap();
        let Some(Heard::Message { payload, .. }) = subscription.next().await else {
            panic!()
        };
        assert_eq!(payload.as_ptr(), said.as_ptr());
    }

    #[tokio::test]
    async fn topics_without_listeners_are_forgotten() {
        let bus = InProcess::new();
        let both = bus.subscribe(&[chat(), context()]).await.unwrap();
        let mut one = bus.subscribe(&[chat()]).await.unwrap();
        assert_eq!(known_topics(&bus), 2);
        drop(both);
        assert_eq!(known_topics(&bus), 1);
        say(&bus, &chat(), "a").await;
        assert_eq!(one.next().await, message(&chat(), "a"));
        drop(one);
        assert_eq!(known_topics(&bus), 0);
        say(&bus, &chat(), "to nobody").await;
        assert_eq!(known_topics(&bus), 0);
    }

    #[tokio::test]
    async fn the_end_of_the_bus_is_heard_after_all_that_was_said() {
        let bus = InProcess::new();
        let mut subscription = bus.subscribe(&[chat()]).await.unwrap();
        say(&bus, &chat(), "a").await;
        drop(bus);
        assert_eq!(subscription.next().await, message(&chat(), "a"));
        assert_eq!(subscription.next().await, None);
        assert_eq!(subscription.next().await, None);
    }
}
