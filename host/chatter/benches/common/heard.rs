//! What a room's services tell each other, as somebody beside them hears it.

use crate::support::ROOM;
use chatter_bus::{
    Bus as _, Heard, Subscription,
    redis::{Link, Redis},
};
use chatter_protocol::{Topic, TopicKind};
use chatter_redis_server::RedisServer;

/// Who listens to some of a room's topics.
pub(crate) struct Listener {
    heard: Subscription,
    /// What is heard ends with the connection.
    _bus: Redis,
}

impl Listener {
    pub(crate) async fn to<const N: usize>(redis: &RedisServer, kinds: [TopicKind; N]) -> Self {
        let link = Link::connect(redis.url().parse().unwrap()).await.unwrap();
        let bus = Redis::new(link);
        let topics = kinds.map(|kind| Topic::new(kind, ROOM.parse().unwrap()));
        Self {
            heard: bus.subscribe(&topics).await.unwrap(),
            _bus: bus,
        }
    }

    /// What is told next. Panics if something was missed: a figure of half of what was told would be wrong.
    pub(crate) async fn next(&mut self) -> (TopicKind, Vec<u8>) {
        match self.heard.next().await.expect("the bus goes on") {
            Heard::Message { topic, payload } => (topic.kind, payload.into()),
            Heard::Lagged { missed, .. } => panic!("{missed} messages were missed"),
        }
    }
}
