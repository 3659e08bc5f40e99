//! What the viewer sends.

use super::{End, MAX_WAITING, Told, Viewer};
use crate::{
    admission::{Draft, Refusal},
    frames,
    moderators::{command, orders},
    problem::Problem,
    ws::{Frame, Message, code},
};
use axum::http::StatusCode;
use chatter_protocol::{
    MessageId,
    frames::{ClientFrame, Scope},
};
use std::{io::ErrorKind, sync::Arc, time::Duration};
use tokio::time::{Instant, sleep};

/// The largest frame that is read as one. Larger ones are answered with an error.
const MAX_FRAME: usize = 16 << 10;

/// Bytes that are read at once.
const PIECE: usize = 4 << 10;

/// So many pieces are still read of what somebody sent who has gone.
const LAST_PIECES: usize = 16;

/// Frames that can't be read, before the connection ends.
const MAX_BAD: u32 = 50;

/// For so long a viewer is not listened to after each message beyond its rate: a flood waits in its own
/// sender's buffers instead of costing everyone's time.
const DEAF: Duration = Duration::from_millis(10);

/// Messages of one viewer that wait for the room's decision.
const MAX_IN_FLIGHT: usize = 16;

impl Viewer {
    /// Takes in what there is, as far as the viewer may be listened to.
    pub(super) fn listen(&mut self) -> Result<(), End> {
        if !self.input.is_empty() {
            let mut input = std::mem::take(&mut self.input);
            return self.take_in(&mut input);
        }
        let mut piece = [0; PIECE];
        match self.peer.tcp.try_read(&mut piece) {
            Ok(0) => Err(End::Lost),
            Ok(length) => {
                self.peer.heard();
                self.principal.note_use(&self.shared);
                self.take_in(&mut piece[..length])
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            Err(_) => Err(End::Lost),
        }
    }

    /// Takes in what came before the other side had gone, and says how it ends.
    pub(super) fn last_input(&mut self) -> End {
        for _ in 0..LAST_PIECES {
            match self.listen() {
                Ok(()) if self.deaf.is_none() => {}
                Ok(()) => break,
                Err(end) => return end,
            }
        }
        End::Lost
    }

    fn take_in(&mut self, mut bytes: &mut [u8]) -> Result<(), End> {
        while !bytes.is_empty() {
            let (taken, message) = self.decoder.decode(bytes).map_err(End::Broken)?;
            bytes = &mut bytes[taken..];
            if let Some(message) = message {
                self.hear(message)?;
                if self.deaf.is_some() || self.peer.out().waiting() >= MAX_WAITING {
                    self.input = bytes.to_vec();
                    break;
                }
            }
        }
        Ok(())
    }

    fn hear(&mut self, message: Message) -> Result<(), End> {
        match message {
            Message::Text(text) if text.len() > MAX_FRAME => {
                let detail = format!("the frame is larger than {} KiB", MAX_FRAME >> 10);
                let problem = Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail);
                self.refuse(problem, None)
            }
            Message::Text(text) => match frames::read(&text) {
                Ok(ClientFrame::Say {
                    nonce,
                    id,
                    text,
                    reply_to,
                }) => {
                    self.say(nonce, id, text, reply_to);
                    Ok(())
                }
                Err(problem) => self.refuse(problem, frames::nonce(&text)),
            },
            Message::Binary(_) => {
                let detail = "the frame is binary: send JSON as text";
                let problem = Problem::new(StatusCode::BAD_REQUEST, "bad_frame", detail);
                self.refuse(problem, None)
            }
            Message::Ping(payload) => {
                self.put(Frame::pong(&payload));
                Ok(())
            }
            Message::Pong => Ok(()),
            Message::Close(close) => Err(End::Bye(close)),
        }
    }

    fn say(
        &mut self,
        nonce: String,
        id: Option<MessageId>,
        text: String,
        reply_to: Option<MessageId>,
    ) {
        if !self.scopes.contains(&Scope::Say) {
            let problem = Problem::forbidden("an overlay only reads: connect without `overlay`");
            return self.error(problem, Some(nonce));
        }
        let now = Instant::now();
        if let Err(wait) = self.bucket.take(now) {
            self.deaf = Some(Box::pin(sleep(DEAF)));
            let problem =
                Problem::rate_limited("too many messages: wait a moment, then send it again", wait);
            return self.error(problem, Some(nonce));
        }
        // An author may have many connections, and an address many authors.
        if !self.scopes.contains(&Scope::Admin)
            && let Err(problem) = self.may_post()
        {
            self.deaf = Some(Box::pin(sleep(DEAF)));
            return self.error(problem, Some(nonce));
        }
        let in_flight = self.in_flight.get_or_insert_default();
        if in_flight.len() >= MAX_IN_FLIGHT {
            return self.error(Refusal::Busy.into(), Some(nonce));
        }
        if command::is_one(&text) {
            let (shared, room) = (Arc::clone(&self.shared), Arc::clone(&self.room));
            let actor = self.principal.actor(&room, shared.clock.now());
            let order = {
                let shared = Arc::clone(&shared);
                async move { orders::command(&shared, &room, &actor, &text).await }
            };
            let done = orders::to_its_end(&shared, order);
            in_flight.push(Box::pin(
                async move { (nonce, done.await.map(Told::Notice)) },
            ));
            return;
        }
        let draft = Draft {
            standing: self.principal.standing(&self.author),
            id: id.unwrap_or_else(MessageId::new),
            author: self.author.clone(),
            text,
            reply_to,
        };
        // It is before the room from here on, even if the viewer leaves without waiting.
        let submitted = self.room.submit(draft);
        in_flight.push(Box::pin(async move {
            let decision = match submitted {
                Ok(submitted) => submitted.decision().await,
                Err(refusal) => Err(refusal),
            };
            (nonce, decision.map(Told::Admitted).map_err(Problem::from))
        }));
    }

    fn may_post(&self) -> Result<(), Problem> {
        self.shared.may_post_as(&self.author.id)?;
        let (_, place, _) = &self.places;
        match place.network() {
            Some(network) => self.shared.may_post_from(network),
            None => Ok(()),
        }
    }

    /// Answers a frame that could not be read.
    fn refuse(&mut self, problem: Problem, nonce: Option<String>) -> Result<(), End> {
        self.bad += 1;
        self.error(problem, nonce);
        if self.bad >= MAX_BAD {
            return Err(End::Told(
                code::POLICY,
                "too many frames that can't be read",
            ));
        }
        Ok(())
    }
}
