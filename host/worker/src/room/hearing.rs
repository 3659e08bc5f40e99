//! What a room's personas hear: each message once and in order, whatever the bus leaves out.

use super::Room;
use crate::{call::STORE_WAIT, crowd::RECENT};
use chatter_bus::Heard;
use chatter_protocol::{
    ChatMessage, ChatTrends, FirehoseEntry, StreamContext, Topic, TopicKind, moderators::RoomAct,
};
use chatter_store::LogPage;
use metrics::counter;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use tokio::time::timeout;

/// How many messages are read from the log at a time.
const PAGE: usize = 500;

/// Whoever is further behind than this goes on with the latest page.
const FAR_BEHIND: u64 = 2_000;

impl Room {
    pub(super) async fn on_heard(&mut self, heard: Heard) {
        match heard {
            Heard::Message { topic, payload } => match topic.kind {
                TopicKind::ChatFirehose => {
                    if let Some(entry) = self.read(&topic, &payload) {
                        self.on_entry(entry).await;
                    }
                }
                TopicKind::StreamContext => {
                    if let Some(context) = self.read::<StreamContext>(&topic, &payload) {
                        let now = self.time.now();
                        let plans = self.crowd.on_context(now, Arc::new(context));
                        self.start(plans);
                    }
                }
                TopicKind::ChatTrends => {
                    if let Some(trends) = self.read::<ChatTrends>(&topic, &payload) {
                        self.crowd.on_trends(Arc::new(trends));
                    }
                }
                TopicKind::ChatActs => {
                    if let Some(act) = self.read::<RoomAct>(&topic, &payload) {
                        self.crowd.forget(&act.act);
                        self.removals.heard(&act);
                    }
                }
                _ => {}
            },
            Heard::Lagged { topic, missed } => {
                counter!("chatter_worker_lagged_total", "topic" => topic.kind.as_str())
                    .increment(missed);
                // Of contexts and trends only the newest counts; of messages and acts every one.
                match topic.kind {
                    TopicKind::ChatFirehose => self.catch_up().await,
                    TopicKind::ChatActs => self.removals.missed(),
                    _ => {}
                }
            }
        }
    }

    fn read<T: DeserializeOwned>(&self, topic: &Topic, payload: &[u8]) -> Option<T> {
        serde_json::from_slice(payload)
            .inspect_err(|error| tracing::warn!(%topic, %error, "what was heard can't be read"))
            .ok()
    }

    /// Each offset is taken once, in order; a gap is filled from the log.
    async fn on_entry(&mut self, entry: FirehoseEntry) {
        match &mut self.log {
            Some((epoch, offset)) if *epoch == entry.epoch => {
                if entry.offset <= *offset {
                    return;
                }
                if entry.offset == *offset + 1 && !self.behind {
                    *offset = entry.offset;
                    return self.deliver(vec![entry.message]);
                }
            }
            _ => {}
        }
        self.catch_up().await;
    }

    fn deliver(&mut self, mut messages: Vec<Arc<ChatMessage>>) {
        messages.retain(|message| !message.deleted);
        let plans = self.crowd.on_messages(self.time.beside_clock(), messages);
        self.start(plans);
    }

    /// Reads what is missing from the room's log. The first time, and whenever the log is another
    /// one, the latest messages are taken as already seen.
    pub(super) async fn catch_up(&mut self) {
        loop {
            let room = &self.info.id;
            let store = &self.parts.store;
            let page = match &self.log {
                Some((_, offset)) => {
                    timeout(STORE_WAIT, store.read_after(room, *offset, PAGE)).await
                }
                None => timeout(STORE_WAIT, store.read_latest(room, RECENT)).await,
            };
            let page = match page {
                Ok(Ok(page)) => page,
                Ok(Err(error)) => return self.fall_behind(&error.to_string()),
                Err(_) => return self.fall_behind("the store does not answer"),
            };
            self.behind = false;
            if self.take_page(page) {
                return;
            }
        }
    }

    /// Takes a stretch of the log; whether it reaches the head.
    fn take_page(&mut self, page: LogPage) -> bool {
        let LogPage { head, messages, .. } = page;
        let last = messages.last().map(|(offset, _)| *offset);
        let Some((epoch, offset)) = &mut self.log else {
            self.log = Some((head.epoch, last.unwrap_or(head.offset)));
            let seen = messages.into_iter().map(|(_, message)| message);
            let seen = seen.filter(|message| !message.deleted).collect();
            self.crowd.recall(self.time.beside_clock(), seen);
            return last.is_none_or(|last| last >= head.offset);
        };
        if *epoch != head.epoch || *offset > head.offset {
            tracing::warn!(room = %self.info.id, "the room's log is another one; going on with it");
            self.log = None;
            return false;
        }
        let from = *offset;
        *offset = last.unwrap_or(head.offset);
        let mut reached = *offset >= head.offset;
        if head.offset - *offset > FAR_BEHIND {
            tracing::warn!(room = %self.info.id, missed = head.offset - *offset, "too far behind the room; going on with its latest messages");
            self.log = None;
            reached = false;
        }
        let new = messages.into_iter().filter(|(at, _)| *at > from);
        self.deliver(new.map(|(_, message)| message).collect());
        reached
    }

    fn fall_behind(&mut self, reason: &str) {
        self.behind = true;
        tracing::warn!(room = %self.info.id, reason, "the room's log can't be read; trying again");
    }
}
