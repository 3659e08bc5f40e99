//! One viewer: a WebSocket from hello to close.
//!
//! A viewer sees the log's messages in order, each once, without gaps: it listens first, then looks
//! at the log, and whenever the next live message is not the next offset (it was too slow, or has
//! just come) it reads on in the log. Where the log itself has lost what comes next, the connection
//! ends, and on coming back the viewer is told that something is gone.
//!
//! Memory for a slow viewer is bounded: a few KiB of write buffer and a frame; beyond that it waits,
//! its live frames pass by, and it is dropped if it takes nothing for [`Limits::write_deadline`].
//! What happens on the stream is no part of the log: of that it is shown the newest.

mod watch;

pub(crate) use watch::Resume;

use crate::{
    admission::{Accepted, Draft, Refusal},
    auth::Principal,
    frames,
    now::Watching,
    problem::Problem,
    rate::Bucket,
    room::{Live, Room, Seated},
    shared::{Shared, Slot},
    socket::{self, End, GOING_AWAY, NORMAL, POLICY, RESTART, broken},
};
use axum::{
    extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade},
    http::StatusCode,
};
use chatter_protocol::{
    Author, MessageId,
    frames::{ClientFrame, ServerFrame},
};
use futures_util::{SinkExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::broadcast,
    time::{Instant, MissedTickBehavior, timeout},
};

/// The largest frame that is read as one. Larger ones are answered with an error.
const MAX_FRAME: usize = 16 << 10;

/// Beyond this a frame is not even taken off the wire: the connection ends.
const MAX_WIRE_FRAME: usize = 64 << 10;

/// Read and write buffers of a connection; a frame of the longest message is about 4 KiB.
const BUFFER: usize = 4 << 10;

/// The largest frame, one of the stream, is below 80 KiB: 12,000 characters, each of which JSON
/// writes in up to 6 bytes.
const MAX_WRITE_BUFFER: usize = 128 << 10;

const PING: Duration = Duration::from_secs(20);

/// How long a viewer may give no sign of life; it answers each ping.
const IDLE: Duration = Duration::from_secs(60);

/// Frames that can't be read, before the connection ends.
const MAX_BAD: u32 = 50;

/// For so long a viewer is not listened to after each message beyond its rate: a flood waits in its own
/// sender's buffers instead of costing everyone's time.
const DEAF: Duration = Duration::from_millis(10);

/// Messages of one viewer that wait for the room's decision.
const MAX_IN_FLIGHT: usize = 16;

/// Sets the bounds of a WebSocket.
pub(crate) fn bounded(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade
        .max_message_size(MAX_WIRE_FRAME)
        .max_frame_size(MAX_WIRE_FRAME)
        .read_buffer_size(BUFFER)
        .write_buffer_size(BUFFER)
        .max_write_buffer_size(MAX_WRITE_BUFFER)
}

pub(crate) struct Viewer {
    socket: WebSocket,
    shared: Arc<Shared>,
    room: Arc<Room>,
    author: Author,
    live: broadcast::Receiver<Live>,
    /// What happens on the stream, for a viewer that asked for it.
    stream: Option<Watching>,
    epoch: String,
    /// The newest offset that was sent.
    seen: u64,
    bucket: Bucket,
    bad: u32,
    heard_at: Instant,
    /// See [`DEAF`].
    listen_at: Instant,
    /// What its messages wait for.
    in_flight: FuturesUnordered<BoxFuture<'static, (String, Result<Accepted, Refusal>)>>,
    _seat: Seated,
    _slot: Slot,
}

impl Viewer {
    pub(crate) fn new(
        socket: WebSocket,
        shared: Arc<Shared>,
        room: Arc<Room>,
        author: Author,
        stream: bool,
        slot: Slot,
    ) -> Self {
        let now = Instant::now();
        let limits = &shared.config.limits;
        Self {
            bucket: Bucket::new(limits.say_per_second, limits.say_burst, now),
            live: room.watch(),
            stream: stream.then(|| room.now.watch()),
            _seat: room.seat_viewer(&author),
            _slot: slot,
            socket,
            shared,
            room,
            author,
            epoch: String::new(),
            seen: 0,
            bad: 0,
            heard_at: now,
            listen_at: now,
            in_flight: FuturesUnordered::new(),
        }
    }

    /// Serves the viewer until one side ends it.
    pub(crate) async fn run(mut self, principal: Principal, token: Option<String>, resume: Resume) {
        let closing = self.room.closing.clone();
        let whole = async {
            match self.greet(&principal, token, resume).await {
                Ok(()) => self.serve().await,
                Err(end) => end,
            }
        };
        // What is cut off in the middle of a wait is whole frames: the rest are in the log.
        let end = closing
            .run_until_cancelled(whole)
            .await
            .unwrap_or_else(|| self.ending());
        socket::close(&mut self.socket, end).await;
    }

    fn ending(&self) -> End {
        let why = if self.shared.closing.is_cancelled() {
            "the program is ending"
        } else {
            "the room was closed"
        };
        End::Told(GOING_AWAY, why)
    }

    async fn serve(&mut self) -> End {
        let mut ping = tokio::time::interval_at(Instant::now() + PING, PING);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let (listen_at, socket) = (self.listen_at, &mut self.socket);
            let listening = async {
                if Instant::now() < listen_at {
                    tokio::time::sleep_until(listen_at).await;
                }
                socket.recv().await
            };
            let done = tokio::select! {
                heard = listening => self.hear(heard).await,
                live = self.live.recv() => self.follow(live).await,
                Some(frame) = next(&mut self.stream) => self.show_stream(frame).await,
                Some((nonce, decision)) = self.in_flight.next() => self.answer(nonce, decision).await,
                _ = ping.tick() => self.ping().await,
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    // === What the viewer sends ===

    async fn hear(&mut self, heard: Option<Result<Message, axum::Error>>) -> Result<(), End> {
        let message = match heard {
            None => return Err(End::Lost),
            Some(Err(error)) => return Err(broken(error)),
            Some(Ok(message)) => message,
        };
        self.heard_at = Instant::now();
        match message {
            Message::Text(text) if text.len() > MAX_FRAME => {
                let detail = format!("the frame is larger than {} KiB", MAX_FRAME >> 10);
                let problem = Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail);
                self.refuse(problem, None).await
            }
            Message::Text(text) => match frames::read(&text) {
                Ok(ClientFrame::Say {
                    nonce,
                    id,
                    text,
                    reply_to,
                }) => self.say(nonce, id, text, reply_to).await,
                Err(problem) => self.refuse(problem, frames::nonce(&text)).await,
            },
            Message::Binary(_) => {
                let detail = "the frame is binary: send JSON as text";
                self.refuse(
                    Problem::new(StatusCode::BAD_REQUEST, "bad_frame", detail),
                    None,
                )
                .await
            }
            // tungstenite has answered a ping by now.
            Message::Ping(_) | Message::Pong(_) => Ok(()),
            Message::Close(_) => Err(End::Told(NORMAL, "")),
        }
    }

    async fn say(
        &mut self,
        nonce: String,
        id: Option<MessageId>,
        text: String,
        reply_to: Option<MessageId>,
    ) -> Result<(), End> {
        let now = Instant::now();
        if let Err(wait) = self.bucket.take(now) {
            self.listen_at = now + DEAF;
            let problem =
                Problem::rate_limited("too many messages: wait a moment, then send it again", wait);
            return self.error(problem, Some(nonce)).await;
        }
        if self.in_flight.len() >= MAX_IN_FLIGHT {
            return self.error(Refusal::Busy.into(), Some(nonce)).await;
        }
        let draft = Draft {
            id: id.unwrap_or_else(MessageId::new),
            author: self.author.clone(),
            text,
            reply_to,
        };
        // It is before the room from here on, even if the viewer leaves without waiting.
        let submitted = self.room.submit(draft);
        self.in_flight.push(Box::pin(async move {
            let decision = match submitted {
                Ok(submitted) => submitted.decision().await,
                Err(refusal) => Err(refusal),
            };
            (nonce, decision)
        }));
        Ok(())
    }

    async fn answer(
        &mut self,
        nonce: String,
        decision: Result<Accepted, Refusal>,
    ) -> Result<(), End> {
        match decision {
            Ok(Accepted { id, offset, .. }) => {
                self.put(frames::encode(&ServerFrame::Ack { nonce, id, offset }))
                    .await?;
                self.flush().await
            }
            Err(refusal) => self.error(refusal.into(), Some(nonce)).await,
        }
    }

    /// Answers a frame that could not be read.
    async fn refuse(&mut self, problem: Problem, nonce: Option<String>) -> Result<(), End> {
        self.bad += 1;
        self.error(problem, nonce).await?;
        if self.bad >= MAX_BAD {
            return Err(End::Told(POLICY, "too many frames that can't be read"));
        }
        Ok(())
    }

    async fn error(&mut self, problem: Problem, nonce: Option<String>) -> Result<(), End> {
        self.put(frames::encode(&problem.into_frame(nonce))).await?;
        self.flush().await
    }

    async fn ping(&mut self) -> Result<(), End> {
        if self.heard_at.elapsed() >= IDLE {
            return Err(End::Lost);
        }
        self.feed(Message::Ping(bytes::Bytes::new())).await?;
        self.flush().await
    }

    // === Writing ===

    async fn put(&mut self, frame: Utf8Bytes) -> Result<(), End> {
        self.feed(Message::Text(frame)).await
    }

    async fn feed(&mut self, message: Message) -> Result<(), End> {
        match timeout(
            self.shared.config.limits.write_deadline,
            self.socket.feed(message),
        )
        .await
        {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(End::Lost),
        }
    }

    async fn flush(&mut self) -> Result<(), End> {
        match timeout(
            self.shared.config.limits.write_deadline,
            self.socket.flush(),
        )
        .await
        {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(End::Lost),
        }
    }
}

/// The stream's next change; none for a viewer that did not ask.
async fn next(stream: &mut Option<Watching>) -> Option<Utf8Bytes> {
    match stream {
        Some(stream) => Some(stream.next().await),
        None => None,
    }
}

fn renewed() -> End {
    End::Told(RESTART, "messages were lost: connect again")
}
