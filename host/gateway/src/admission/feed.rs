//! What comes to admission other than from people at this gateway: the personas' lines out of the
//! store's queue, and what others put on `chat.ingest`.

use super::{Draft, Lines, publish};
use crate::{names, room::Room, shared::Shared};
use chatter_bus::Heard;
use chatter_protocol::{
    AuthorKind, ChatMessage, ModerationVerdict, Schematic, TopicKind, V1, moderation::Action,
};
use std::{sync::Arc, time::Duration};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// Lines that are taken from the store's queue at once.
const LINES: usize = 128;

/// How long one question for lines waits in the store.
const WAIT: Duration = Duration::from_secs(5);

/// The pause after a failure.
const PAUSE: Duration = Duration::from_secs(1);

/// The largest payload on `chat.ingest` that is looked at.
const MAX_PAYLOAD: usize = 64 << 10;

/// Hands the personas' lines to admission, and takes the next only when those are settled.
pub(crate) async fn lines(
    shared: Arc<Shared>,
    room: Arc<Room>,
    admission: mpsc::Sender<Lines>,
    stop: CancellationToken,
) {
    let work = async {
        loop {
            match shared.store.pending_lines(&room.id, LINES, WAIT).await {
                Ok(pending) if pending.is_empty() => {}
                Ok(pending) => {
                    let (settled, done) = oneshot::channel();
                    let lines = pending.into_iter().map(|line| line.message).collect();
                    if admission.send(Lines { lines, settled }).await.is_err() {
                        return;
                    }
                    if done.await.is_err() {
                        tokio::time::sleep(PAUSE).await;
                    }
                }
                Err(error) => {
                    tracing::error!(room = %room.id, %error, "lines of personas can't be read");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    };
    // Lines that are taken and not settled are handed out again by the store.
    stop.run_until_cancelled(work).await;
}

/// Hands to admission what is said on `chat.ingest`: as best effort, and never as a persona.
pub(crate) async fn ingest(shared: Arc<Shared>, room: Arc<Room>, stop: CancellationToken) {
    let work = async {
        loop {
            match shared
                .bus
                .subscribe(&[room.topic(TopicKind::ChatIngest)])
                .await
            {
                Ok(mut subscription) => {
                    while let Some(heard) = subscription.next().await {
                        match heard {
                            Heard::Message { payload, .. } => take(&shared, &room, &payload).await,
                            Heard::Lagged { missed, .. } => {
                                tracing::warn!(room = %room.id, missed, "chat.ingest was too fast");
                            }
                        }
                    }
                }
                Err(error) => {
                    tracing::error!(room = %room.id, %error, "chat.ingest can't be heard")
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    stop.run_until_cancelled(work).await;
}

async fn take(shared: &Shared, room: &Room, payload: &[u8]) {
    let message = if payload.len() > MAX_PAYLOAD {
        Err(format!("larger than {} KiB", MAX_PAYLOAD >> 10))
    } else {
        ChatMessage::from_json(payload).map_err(|invalid| invalid.to_string())
    };
    let message = match message {
        Ok(message) if message.room_id == room.id => message,
        Ok(message) => {
            tracing::warn!(room = %room.id, other = %message.room_id, "a message on chat.ingest is for another room");
            return;
        }
        Err(detail) => {
            tracing::warn!(room = %room.id, detail, "a message on chat.ingest is not one");
            room.counters.dropped("invalid");
            return;
        }
    };
    if let Some(reason) = pretends(room, &message) {
        let verdict = ModerationVerdict {
            v: V1,
            message_id: message.id,
            room_id: message.room_id,
            original_sha256: names::sha256(&message.text),
            author: message.author,
            action: Action::Drop,
            rule: "impersonates".into(),
            reason: reason.into(),
            policy: room.rules().moderator.policy().to_owned(),
            at: shared.clock.now(),
            call_id: message.call_id,
        };
        room.counters.dropped(&verdict.rule);
        publish(shared, room, TopicKind::ChatAudit, &verdict).await;
        return;
    }
    let mut author = message.author;
    author.badges.clear();
    let draft = Draft {
        id: message.id,
        author,
        text: message.text,
        reply_to: message.reply_to,
    };
    if !room.offer(draft) {
        room.counters.dropped("busy");
    }
}

/// Why a message on this topic is not what it says that it is.
fn pretends(room: &Room, message: &ChatMessage) -> Option<&'static str> {
    let author = &message.author;
    let prefix = author.id.as_str().split(':').next().unwrap_or_default();
    if author.kind != AuthorKind::Viewer {
        Some("only viewers may speak on this topic")
    } else if message.call_id.is_some() {
        Some("only a persona's line has a call, and those come another way")
    } else if matches!(prefix, "persona" | "operator" | "system") {
        Some("the author's id is not a viewer's")
    } else if room.rules().taken.holds(&author.name) || names::check(&author.name, "").is_err() {
        Some("the author's name is not a viewer's")
    } else {
        None
    }
}
