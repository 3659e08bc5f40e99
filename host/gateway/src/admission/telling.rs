//! What is said on the room's topics, and kept in its audit.

use crate::{room::Room, shared::Shared};
use chatter_protocol::{ModerationVerdict, TopicKind};
use std::time::Duration;

/// How long the firehose may take to accept one message.
const PUBLISH_DEADLINE: Duration = Duration::from_secs(5);

/// Counts verdicts, keeps them on disk, and then says them. What can't be kept is logged.
pub(super) async fn record(shared: &Shared, room: &Room, verdicts: &[ModerationVerdict]) {
    if verdicts.is_empty() {
        return;
    }
    if let Some(audit) = &shared.audit
        && let Err(error) = audit.add(&room.id, verdicts).await
    {
        tracing::error!(room = %room.id, %error, verdicts = verdicts.len(), "verdicts could not be kept in the audit");
        room.counters.unkept(verdicts.len());
    }
    for verdict in verdicts {
        room.counters.moderated(verdict.action, &verdict.rule);
        publish(shared, room, TopicKind::ChatAudit, verdict).await;
    }
}

/// Says something on a topic of the room. What can't be said is logged: messages are in the log all
/// the same, and who listens finds the gap.
pub(crate) async fn publish<T: serde::Serialize + Sync>(
    shared: &Shared,
    room: &Room,
    kind: TopicKind,
    value: &T,
) {
    let topic = room.topic(kind);
    let saying = chatter_bus::publish_json(shared.bus.as_ref(), &topic, value);
    match tokio::time::timeout(PUBLISH_DEADLINE, saying).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(%topic, %error, "the bus took nothing"),
        Err(_) => tracing::error!(%topic, "the bus does not answer"),
    }
}
