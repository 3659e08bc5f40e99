//! Redis, put to what every store promises, and to what a server of its own adds to that. Each test
//! has a real redis-server.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../conformance/mod.rs"]
mod conformance;

mod cluster;
mod faults;
mod lost;
mod rights;
mod sessions;

use chatter_bus::redis::Link;
use chatter_redis_server::RedisServer;
use chatter_store::{OutboxId, Redis};
use conformance::{Subject, conformance};

impl Subject for RedisServer {
    type Store = Redis;

    fn new() -> Self {
        Self::forgetful()
    }

    async fn open(&self) -> Redis {
        open(&self.url()).await
    }

    fn spoil(&self, memory: &OutboxId) {
        spoil(self, memory);
    }
}

/// Through any node of a cluster.
fn spoil(server: &RedisServer, OutboxId { number, room }: &OutboxId) {
    let key = format!("chatter:memories:{{{room}}}");
    // Each field was there before.
    let words = ["-c", "HSET", &key, &number.to_string(), "{}"];
    assert_eq!(server.cli(&words), "0");
}

async fn open(url: &str) -> Redis {
    Redis::new(link(url).await)
}

async fn link(url: &str) -> Link {
    Link::connect(url.parse().unwrap()).await.unwrap()
}

conformance!(RedisServer);
