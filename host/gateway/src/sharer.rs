//! A page that shares its sound with a room: binary frames of 16-bit samples, which go on to the bus
//! as they come.
//!
//! Sound can't come faster than it is heard: beyond a burst of two seconds the connection is not read
//! until its time has come, so that the rest waits at its sender. Nothing is kept here.

use crate::{
    problem::Problem,
    rate::Bucket,
    room::{Room, Sharing},
    shared::{Shared, Slot},
    socket::{self, End, GOING_AWAY, NORMAL, POLICY, TRY_AGAIN, UNSUPPORTED},
};
use axum::{
    extract::ws::{Message, WebSocket, WebSocketUpgrade},
    http::StatusCode,
};
use bytes::Bytes;
use chatter_protocol::{
    SoundPiece, Topic, TopicKind,
    sound::{MAX_PIECE, SAMPLE_RATE},
};
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

/// What a page asks for as the WebSocket's protocol, beside its token.
pub(crate) const PROTOCOL: &str = "chatter.sound";

/// How long nothing may come. A page that is muted sends silence.
const IDLE: Duration = Duration::from_secs(10);

/// Samples that may come at once.
const BURST: u32 = 2 * SAMPLE_RATE;

/// How long the bus may take for one piece.
const BUS: Duration = Duration::from_secs(2);

/// Sets the bounds of a sharer's WebSocket. A frame that is a little too large is answered, one that
/// is much too large is not even read.
pub(crate) fn bounded(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade
        .protocols([PROTOCOL])
        .max_message_size(4 * MAX_PIECE)
        .max_frame_size(4 * MAX_PIECE)
        .read_buffer_size(2 * MAX_PIECE)
        .write_buffer_size(1 << 10)
        .max_write_buffer_size(16 << 10)
}

pub(crate) struct Sharer {
    socket: WebSocket,
    shared: Arc<Shared>,
    room: Arc<Room>,
    topic: Topic,
    id: Uuid,
    bucket: Bucket,
    _sharing: Sharing,
    _slot: Slot,
}

impl Sharer {
    pub(crate) fn new(
        socket: WebSocket,
        shared: Arc<Shared>,
        room: Arc<Room>,
        sharing: Sharing,
        slot: Slot,
    ) -> Self {
        Self {
            topic: room.topic(TopicKind::StreamSound),
            bucket: Bucket::new(f64::from(SAMPLE_RATE), BURST, Instant::now()),
            id: Uuid::now_v7(),
            socket,
            shared,
            room,
            _sharing: sharing,
            _slot: slot,
        }
    }

    /// Hands on what comes until one side ends it.
    pub(crate) async fn run(mut self) {
        let closing = self.room.closing.clone();
        tracing::info!(room = %self.room.id, "a page shares its sound");
        let end = closing.run_until_cancelled(self.serve()).await;
        let end = end.unwrap_or(End::Told(
            GOING_AWAY,
            "the program is ending, or the room was closed",
        ));
        tracing::info!(room = %self.room.id, "the page's sound is over");
        socket::close(&mut self.socket, end).await;
    }

    async fn serve(&mut self) -> End {
        loop {
            let message = match timeout(IDLE, self.socket.recv()).await {
                Err(_) => return End::Told(POLICY, "no sound came for 10 s"),
                Ok(None) => return End::Lost,
                Ok(Some(Err(error))) => return socket::broken(error),
                Ok(Some(Ok(message))) => message,
            };
            let done = match message {
                Message::Binary(pcm) => self.hand_on(pcm).await,
                Message::Text(_) => {
                    let detail = "the frame is text: send 16-bit samples as binary frames";
                    self.refuse(UNSUPPORTED, detail).await
                }
                Message::Close(_) => Err(End::Told(NORMAL, "")),
                // tungstenite has answered a ping by now.
                Message::Ping(_) | Message::Pong(_) => Ok(()),
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    async fn hand_on(&mut self, pcm: Bytes) -> Result<(), End> {
        if pcm.is_empty() || !pcm.len().is_multiple_of(2) {
            let detail = "the frame holds no whole samples of 16 bits";
            return self.refuse(UNSUPPORTED, detail).await;
        }
        if pcm.len() > MAX_PIECE {
            let detail = "the frame is larger than 4096 bytes: send smaller pieces";
            return self.refuse(socket::TOO_BIG, detail).await;
        }
        while let Err(wait) = self
            .bucket
            .take_many((pcm.len() / 2) as f64, Instant::now())
        {
            sleep(wait).await;
        }
        let piece = SoundPiece {
            sharer: self.id,
            pcm: &pcm,
        };
        let saying = self.shared.bus.publish(&self.topic, piece.encode().into());
        match timeout(BUS, saying).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                tracing::error!(topic = %self.topic, %error, "sound could not be passed on");
                Err(End::Told(TRY_AGAIN, "the bus fails: try again later"))
            }
            Err(_) => Err(End::Told(
                TRY_AGAIN,
                "the bus does not answer: try again later",
            )),
        }
    }

    /// Says what is wrong with a frame, and ends.
    async fn refuse(&mut self, code: u16, detail: &'static str) -> Result<(), End> {
        let problem = Problem::new(StatusCode::BAD_REQUEST, "bad_frame", detail);
        let frame = crate::frames::encode(&problem.into_frame(None));
        let deadline = self.shared.config.limits.write_deadline;
        let text = String::from_utf8_lossy(frame.payload()).into_owned();
        let _ = timeout(deadline, self.socket.send(Message::text(text))).await;
        Err(End::Told(code, detail))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_comes_no_faster_than_it_is_heard() {
        let start = Instant::now();
        let mut bucket = Bucket::new(f64::from(SAMPLE_RATE), BURST, start);
        let piece = (MAX_PIECE / 2) as f64;
        let mut now = start;
        for _ in 0..1000 {
            while let Err(wait) = bucket.take_many(piece, now) {
                assert!(wait <= Duration::from_millis(130));
                now += wait;
            }
        }
        // 128 s of sound, two of them at once.
        let took = (now - start).as_secs_f64();
        assert!((took - 126.0).abs() < 0.2, "{took}");
    }
}
