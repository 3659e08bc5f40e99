//! Live topics: whoever listens hears what is said from now on.
//!
//! In the process, or on Redis for several. A bus keeps nothing. It promises to each subscriber the order of each topic, and to say how much
//! it lost when a subscriber was too slow ([`Heard::Lagged`]); whoever must not miss anything reads
//! the room's log in the store. It must not know what the payloads mean.

mod in_process;
pub mod redis;
mod subscription;

pub use in_process::InProcess;
pub use subscription::{Feed, Subscription};

use async_trait::async_trait;
use bytes::Bytes;
use chatter_protocol::Topic;
use serde::Serialize;
use std::sync::Arc;

/// A live bus.
#[async_trait]
pub trait Bus: Send + Sync + 'static {
    /// Says something to whoever listens to the topic now.
    ///
    /// # Errors
    ///
    /// If the bus can't be reached; the payload is lost then.
    async fn publish(&self, topic: &Topic, payload: Bytes) -> Result<(), BusError>;

    /// Listens to some topics, from when this returns. Naming a topic twice changes nothing.
    ///
    /// # Errors
    ///
    /// If the bus can't be reached.
    async fn subscribe(&self, topics: &[Topic]) -> Result<Subscription, BusError>;

    /// What it runs on, for people: `in the process`.
    fn describe(&self) -> String;
}

/// How many messages wait for a slow subscriber before the oldest are dropped.
const CAPACITY: usize = 1024;

/// A bus that many hold.
pub type SharedBus = Arc<dyn Bus>;

/// Why nothing could be said or heard.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// The bus can't be reached.
    #[error("the bus is unreachable: {0}")]
    Unreachable(String),
    /// The value could not be written as JSON.
    #[error("a payload could not be written as JSON")]
    Encode(#[source] serde_json::Error),
}

/// Says a value, as JSON.
///
/// # Errors
///
/// As [`Bus::publish`], or if the value can't be written as JSON.
pub async fn publish_json<T: Serialize + Sync>(
    bus: &dyn Bus,
    topic: &Topic,
    value: &T,
) -> Result<(), BusError> {
    let payload = serde_json::to_vec(value).map_err(BusError::Encode)?;
    bus.publish(topic, payload.into()).await
}

/// What a subscriber hears next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Something was said.
    Message {
        /// On which topic.
        topic: Topic,
        /// What.
        payload: Bytes,
    },
    /// The subscriber was too slow, and at least this many messages of this topic passed by.
    Lagged {
        /// On which topic.
        topic: Topic,
        /// How many.
        missed: u64,
    },
}
