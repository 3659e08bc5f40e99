//! A page that shares its sound with a room: binary frames of 16-bit samples, which go on to the bus
//! as they come.
//!
//! Sound can't come faster than it is heard. What the network held up comes at once, and beyond a burst of
//! five seconds the rest of it is left out: were it kept, here or by not being read, all that follows would be
//! as late for ever. The room's clock tells the hole. Who sends too fast all the time is sent away.

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
use tokio::time::{Instant, timeout};
use uuid::Uuid;

/// What a page asks for as the WebSocket's protocol, beside its token.
pub(crate) const PROTOCOL: &str = "chatter.sound";

/// How long nothing may come. A page that is muted sends silence.
const IDLE: Duration = Duration::from_secs(10);

/// Samples that may come at once. The room's clock knows what of them is late, up to a stall.
const BURST: u32 = 5 * SAMPLE_RATE;

/// Samples that may be left out at once.
const LEFT_OUT: u32 = 30 * SAMPLE_RATE;

/// So much more than what is heard may be left out again and again: a sound card that is a little too fast, and
/// a network that is held up now and then.
const TOO_FAST: f64 = 0.1;

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
    allowance: Allowance,
    _sharing: Sharing,
    _slot: Slot,
}

/// How much sound may come.
struct Allowance {
    passes: Bucket,
    left_out: Bucket,
}

/// What to do with a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    Passes,
    LeftOut,
    /// Too much has been left out.
    Ends,
}

impl Allowance {
    fn new(now: Instant) -> Self {
        let heard = f64::from(SAMPLE_RATE);
        Self {
            passes: Bucket::new(heard, BURST, now),
            left_out: Bucket::new(heard * TOO_FAST, LEFT_OUT, now),
        }
    }

    fn take(&mut self, samples: f64, now: Instant) -> Piece {
        if self.passes.take_many(samples, now).is_ok() {
            Piece::Passes
        } else if self.left_out.take_many(samples, now).is_ok() {
            Piece::LeftOut
        } else {
            Piece::Ends
        }
    }
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
            allowance: Allowance::new(Instant::now()),
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
        // While nobody tells what it listens to, it may be the same again in a moment.
        if self
            .room
            .source()
            .is_some_and(|source| !source.hears_pages())
        {
            let why = "the room listens to something else now";
            return Err(End::Told(TRY_AGAIN, why));
        }
        match self.allowance.take((pcm.len() / 2) as f64, Instant::now()) {
            Piece::Passes => {}
            Piece::LeftOut => return Ok(()),
            Piece::Ends => return Err(End::Told(POLICY, "sound came faster than it is heard")),
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

    /// Time, and pieces that come in it.
    struct Desk {
        allowance: Allowance,
        now: Instant,
        passed: usize,
        left_out: usize,
        ended: bool,
    }

    impl Desk {
        fn new() -> Self {
            let now = Instant::now();
            Self {
                allowance: Allowance::new(now),
                now,
                passed: 0,
                left_out: 0,
                ended: false,
            }
        }

        /// So many pieces of 100 ms, one every so often.
        fn pieces(&mut self, count: usize, every: Duration) {
            for _ in 0..count {
                self.now += every;
                match self.allowance.take(f64::from(SAMPLE_RATE / 10), self.now) {
                    Piece::Passes => self.passed += 1,
                    Piece::LeftOut => self.left_out += 1,
                    Piece::Ends => {
                        self.ended = true;
                        return;
                    }
                }
            }
        }
    }

    const HEARD: Duration = Duration::from_millis(100);

    #[test]
    fn what_was_held_up_is_left_out_and_what_follows_is_not_late() {
        for (held_up, left_out) in [(40, 0), (80, 30), (300, 250)] {
            let mut desk = Desk::new();
            desk.pieces(100, HEARD);
            desk.now += HEARD * held_up;
            desk.pieces(held_up as usize, Duration::ZERO);
            assert_eq!(desk.left_out, left_out, "{held_up}");
            desk.pieces(1000, HEARD);
            // It may come a moment too early.
            assert!(desk.left_out <= left_out + 1, "{}", desk.left_out);
            assert!(!desk.ended, "{held_up}");
        }
    }

    #[test]
    fn who_is_a_little_too_fast_loses_little_and_who_is_much_too_fast_is_sent_away() {
        for (faster, ends) in [(1.001, false), (1.05, false), (1.5, true), (3.0, true)] {
            let mut desk = Desk::new();
            let day = 864_000;
            desk.pieces(day, HEARD.div_f64(faster));
            assert_eq!(desk.ended, ends, "{faster}");
            let most = day as f64 * (faster - 1.0);
            assert!(desk.left_out as f64 <= most, "{faster}: {}", desk.left_out);
        }
    }
}
