//! Redis 7: a server or a cluster, and what it is for a bus.
//!
//! [`Link`] is all that a process has to do with it: commands with deadlines, scripts, channels, and
//! getting back to a server that was away. The store rests on it too. It knows nothing of rooms.

mod dial;
mod ear;
mod fault;
mod link;
mod node;
mod server;
mod slots;

pub use ear::{Hearing, Said};
pub use fault::{Fault, FaultKind};
pub use link::{DEADLINE, Link, Script};
pub use redis::{Cmd, Value, cmd as command};
pub use server::{Address, Server};

use crate::{Bus, BusError, CAPACITY, Subscription};
use async_trait::async_trait;
use bytes::Bytes;
use chatter_protocol::Topic;
use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

/// A bus that all processes on one Redis share: pub/sub, sharded where the server is a cluster.
///
/// A topic is the channel that is written like it. After its connection was away each subscriber
/// hears that something of each of its topics was missed.
#[derive(Debug)]
pub struct Redis(Link);

impl Redis {
    /// A bus on that server.
    #[must_use]
    pub const fn new(link: Link) -> Self {
        Self(link)
    }
}

#[async_trait]
impl Bus for Redis {
    async fn publish(&self, topic: &Topic, payload: Bytes) -> Result<(), BusError> {
        let said = self.0.publish(&topic.to_string(), &payload).await;
        said.map_err(|fault| BusError::Unreachable(fault.to_string()))
    }

    async fn subscribe(&self, topics: &[Topic]) -> Result<Subscription, BusError> {
        let named: HashMap<String, Topic> = topics
            .iter()
            .map(|topic| (topic.to_string(), topic.clone()))
            .collect();
        let channels: Vec<String> = named.keys().cloned().collect();
        // Ends with the subscription.
        let hearing: Arc<OnceLock<Hearing>> = Arc::default();
        let held = Arc::clone(&hearing);
        let (feed, subscription) = Subscription::new(CAPACITY, move || drop(held));
        let listening = self.0.listen(&channels, move |channel, said| {
            let Some(topic) = named.get(channel) else {
                return;
            };
            match said {
                Said::Message(payload) => feed.push(topic, payload),
                Said::Interrupted => {}
                // How many is not known.
                Said::Missed => feed.lagged(topic, 1),
            }
        });
        let listening = listening
            .await
            .map_err(|fault| BusError::Unreachable(fault.to_string()))?;
        // Nobody else has set it.
        let _ = hearing.set(listening);
        Ok(subscription)
    }

    fn describe(&self) -> String {
        self.0.to_string()
    }
}
