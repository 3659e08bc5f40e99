//! What the viewer sees: the hello, the stream, what it has missed, and what is new.

use super::{Viewer, renewed};
use crate::{
    auth::Principal,
    frames,
    room::Live,
    socket::{End, TRY_AGAIN},
};
use axum::extract::ws::Utf8Bytes;
use chatter_protocol::{ChatMessage, frames::ServerFrame};
use chatter_store::LogPage;
use std::sync::Arc;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

/// Messages that are read from the log at once.
const PAGE: usize = 200;

/// Frames after which they are written out, even if there are more.
const FLUSH_AFTER: usize = 64;

/// Where a viewer wants to go on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Resume {
    pub(crate) after: Option<u64>,
    pub(crate) epoch: Option<String>,
}

impl Viewer {
    /// Says hello and sends what the viewer has missed, as far as it asks for that.
    pub(super) async fn greet(
        &mut self,
        principal: &Principal,
        token: Option<String>,
        resume: Resume,
    ) -> Result<(), End> {
        let mut first = match resume.after {
            Some(after) => self.read(after).await?,
            None => self.now().await?,
        };
        let mut recovered = true;
        if let Some(after) = resume.after {
            let same_log = resume.epoch.is_none_or(|epoch| epoch == first.head.epoch)
                && after <= first.head.offset;
            recovered = same_log && first.complete;
            if !same_log && after > 0 {
                // Its offsets count in a log that is gone: all that this one holds is new to it.
                first = self.read(0).await?;
            }
        }
        self.epoch = first.head.epoch;
        self.seen = first.head.offset;
        let hello = ServerFrame::Hello {
            epoch: self.epoch.clone(),
            offset: first.head.offset,
            recovered,
            you: principal.you(&self.author),
            token,
        };
        self.put(frames::encode(&hello)).await?;
        let at = self.shared.clock.now();
        if let Some(frame) = self.stream.as_mut().and_then(|stream| stream.first(at)) {
            self.put(frame).await?;
        }
        if !first.messages.is_empty() {
            let more = first
                .messages
                .last()
                .is_some_and(|(offset, _)| *offset < first.head.offset);
            self.replay(first.messages).await?;
            if more {
                self.catch_up().await?;
            }
        }
        self.flush().await
    }

    /// Sends a live frame and all others that are ready, and writes them out together.
    pub(super) async fn follow(&mut self, first: Result<Live, RecvError>) -> Result<(), End> {
        let mut next = first;
        for sent in 1.. {
            match next {
                Ok(live) => self.show(live).await?,
                Err(RecvError::Lagged(_)) => self.recover().await?,
                Err(RecvError::Closed) => return Err(self.ending()),
            }
            if sent == FLUSH_AFTER {
                break;
            }
            next = match self.live.try_recv() {
                Ok(live) => Ok(live),
                Err(TryRecvError::Lagged(missed)) => Err(RecvError::Lagged(missed)),
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            };
        }
        self.flush().await
    }

    pub(super) async fn show_stream(&mut self, frame: Utf8Bytes) -> Result<(), End> {
        self.put(frame).await?;
        self.flush().await
    }

    async fn show(&mut self, live: Live) -> Result<(), End> {
        match live {
            Live::Message { offset, frame } if offset == self.seen + 1 => {
                self.put(frame).await?;
                self.seen = offset;
                self.room.counters.deliveries.increment(1);
                Ok(())
            }
            Live::Message { offset, .. } if offset <= self.seen => Ok(()),
            Live::Message { .. } => self.recover().await,
            Live::Aside(frame) => self.put(frame).await,
            Live::Renewed => Err(renewed()),
        }
    }

    /// Reads in the log what passed by.
    async fn recover(&mut self) -> Result<(), End> {
        self.room.counters.lag_recoveries.increment(1);
        self.catch_up().await
    }

    async fn catch_up(&mut self) -> Result<(), End> {
        loop {
            let page = self.read(self.seen).await?;
            if page.head.epoch != self.epoch || !page.complete {
                return Err(renewed());
            }
            let newest = page.head.offset;
            if page.messages.is_empty() {
                return Ok(());
            }
            self.replay(page.messages).await?;
            self.flush().await?;
            if self.seen >= newest {
                return Ok(());
            }
        }
    }

    async fn replay(&mut self, messages: Vec<(u64, Arc<ChatMessage>)>) -> Result<(), End> {
        for (offset, message) in messages {
            self.put(frames::message(offset, &message)).await?;
            self.seen = offset;
            self.room.counters.deliveries.increment(1);
        }
        Ok(())
    }

    fn read(&self, after: u64) -> impl Future<Output = Result<LogPage, End>> + Send + use<> {
        let (shared, room) = (Arc::clone(&self.shared), Arc::clone(&self.room));
        async move {
            let page = shared
                .store(shared.store.read_after(&room.id, after, PAGE))
                .await;
            page.map_err(|_| End::Told(TRY_AGAIN, "the store fails: try again later"))
        }
    }

    /// A page of nothing: where the log stands now.
    fn now(&self) -> impl Future<Output = Result<LogPage, End>> + Send + use<> {
        let (shared, room) = (Arc::clone(&self.shared), Arc::clone(&self.room));
        async move {
            let head = shared.store(shared.store.head(&room.id)).await;
            head.map(|head| LogPage {
                head,
                messages: Vec::new(),
                complete: true,
            })
            .map_err(|_| End::Told(TRY_AGAIN, "the store fails: try again later"))
        }
    }
}
