//! One viewer as those who write to it see it.
//!
//! Whoever has something for a viewer writes it right away, under the viewer's own lock, which nobody
//! holds while waiting. When its socket takes no more, only its own task waits for that, and goes on
//! from where it was: in the ring, or in the log if the ring has moved on meanwhile. What is kept for
//! it is the rest of one frame.

use super::{
    Crowd,
    notices::{self, Notice, Settled},
    ring::{Batch, Part},
};
use crate::{frames, log::Page, ws::Frame};
use bytes::Bytes;
use chatter_protocol::{AuthorId, MessageId, frames::ServerFrame};
use futures_util::task::AtomicWaker;
use socket2::SockRef;
use std::{
    collections::VecDeque,
    io::ErrorKind,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
};
use tokio::net::TcpStream;

/// In this order, since a shard that goes through thousands of them waits for little else than memory:
/// what it looks at lies together, here and in [`Out`].
#[repr(C)]
pub(crate) struct Peer {
    pub(crate) tcp: TcpStream,
    out: Mutex<Out>,
    /// Its task's.
    pub(crate) waker: AtomicWaker,
    /// How often it was looked after since it was heard.
    quiet: AtomicU8,
}

/// What has been written to a viewer, and what is to be.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Out {
    /// What its task has to see to.
    pub(crate) need: Need,
    /// The newest offset that was sent.
    pub(crate) seen: u64,
    /// Its place in the ring, while it follows the room.
    live: Option<u64>,
    /// The version of what happens on the stream that it was shown, if it asked for that.
    stream: Option<u64>,
    renewed: u32,
    /// The number of the notice that it is shown next.
    notices: u64,
    /// Who it is.
    author: u64,
    moderates: bool,
    /// Whether it has taken something since its task asked last.
    moved: bool,
    /// For it alone: answers, pongs.
    own: VecDeque<Frame>,
    /// The newest offset that it was told of: up to there the log has what the ring may not have
    /// heard of yet.
    owed: u64,
    /// Of a frame that was begun.
    rest: Bytes,
    page: Option<Arc<Page>>,
    /// Its messages that wait for a moderator, with their nonces.
    held: Vec<(MessageId, String)>,
}

/// Messages of a viewer that wait for a moderator, of which it is told. Beyond that the oldest are forgotten.
const MOST_HELD: usize = 16;

/// What a viewer needs before more can be written to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// It has all that there is.
    Nothing,
    /// Room in its socket.
    Room,
    /// The log from here on.
    Log(u64),
    /// To be told that the log is another one.
    Renewal,
    /// Nothing any more: it has gone.
    End,
}

impl Peer {
    pub(crate) fn new(tcp: TcpStream, crowd: &Crowd, author: &AuthorId) -> Self {
        Self {
            tcp,
            waker: AtomicWaker::new(),
            quiet: AtomicU8::new(0),
            out: Mutex::new(Out {
                seen: 0,
                // Until it is greeted.
                need: Need::Room,
                owed: 0,
                live: None,
                renewed: crowd.ring().renewed(),
                notices: crowd.noticed(),
                author: notices::mark(author),
                moderates: false,
                held: Vec::new(),
                stream: None,
                rest: Bytes::new(),
                own: VecDeque::new(),
                page: None,
                moved: false,
            }),
        }
    }

    pub(crate) fn out(&self) -> MutexGuard<'_, Out> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It has given a sign of life.
    pub(crate) fn heard(&self) {
        self.quiet.store(0, Ordering::Relaxed);
    }

    /// Writes all that there is for it, as far as its socket takes it.
    pub(crate) fn pump(&self, crowd: &Crowd) -> Need {
        let mut out = self.out();
        self.pump_locked(&mut out, crowd);
        out.need
    }

    fn pump_locked(&self, out: &mut Out, crowd: &Crowd) {
        let mut batch = Batch::default();
        let waited = out.need == Need::Room;
        out.need = loop {
            batch.clear();
            if let Some(need) = out.fill(crowd, &mut batch) {
                break need;
            }
            match self.tcp.try_write(&batch.bytes) {
                Ok(written) => {
                    if waited && written > 0 {
                        // There is room again since the other side took what was there.
                        self.heard();
                    }
                    out.took(&batch, written, crowd);
                    if written < batch.bytes.len() {
                        break Need::Room;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break Need::Room,
                Err(_) => break Need::End,
            }
        };
    }

    /// Writes without asking tokio first whether there is room, which most often there is. It is told
    /// when there is none, so that the task can wait for that.
    fn write(&self, bytes: &[u8]) -> std::io::Result<usize> {
        match SockRef::from(&self.tcp).send(bytes) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.tcp.try_write(bytes),
            written => written,
        }
    }

    /// Writes a batch of the ring to a viewer who has seen just what came before it, and otherwise
    /// what it needs. Gives how many messages it was sent by that.
    pub(super) fn show(&self, batch: &Batch, place: Place, crowd: &Crowd) -> u64 {
        let mut out = self.out();
        if out.need != Need::Nothing {
            return 0;
        }
        let in_step = out.live == Some(place.from)
            && out.seen == place.seen
            && out.own.is_empty()
            && out.stream.is_none_or(|shown| shown >= place.stream)
            && out.notices == place.notices
            && out.renewed == place.renewed;
        let mut shown = 0;
        if in_step {
            if !batch.is_empty() {
                match self.write(&batch.bytes) {
                    Ok(written) if written == batch.bytes.len() => {
                        out.live = Some(place.next);
                        out.seen = place.sees;
                        shown = place.sees - place.seen;
                    }
                    Ok(written) => {
                        out.took(batch, written, crowd);
                        out.need = Need::Room;
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => out.need = Need::Room,
                    Err(_) => out.need = Need::End,
                }
            }
        } else {
            self.pump_locked(&mut out, crowd);
        }
        if out.need != Need::Nothing {
            drop(out);
            self.waker.wake();
        }
        shown
    }

    /// Pings it every other time unless it was heard meanwhile, and ends it if it was not for `most`
    /// times.
    pub(super) fn look_after(&self, most: u8, crowd: &Crowd) {
        let quiet = self.quiet.fetch_add(1, Ordering::Relaxed);
        let mut out = self.out();
        if quiet >= most {
            out.need = Need::End;
        } else if quiet % 2 == 1 && out.own.is_empty() {
            out.own.push_back(Frame::ping());
            // What takes nothing at the moment has a deadline of its own.
            if out.need == Need::Nothing {
                self.pump_locked(&mut out, crowd);
            }
        }
        if out.need != Need::Nothing {
            drop(out);
            self.waker.wake();
        }
    }
}

/// A batch's place in the ring.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// The number of its first frame, and what a viewer has seen before it.
    pub(super) from: u64,
    pub(super) seen: u64,
    /// The same behind it.
    pub(super) next: u64,
    pub(super) sees: u64,
    /// The version of what happens on the stream.
    pub(super) stream: u64,
    /// The number of the next notice.
    pub(super) notices: u64,
    pub(super) renewed: u32,
}

impl Out {
    /// A frame for this viewer alone, to be written with whatever is written next.
    pub(crate) fn push(&mut self, frame: Frame) {
        self.own.push_back(frame);
    }

    /// Frames for it alone that it has yet to take.
    pub(crate) fn waiting(&self) -> usize {
        self.own.len()
    }

    /// It is shown notices from this number on.
    pub(crate) fn notice_from(&mut self, number: u64, moderates: bool) {
        self.notices = number;
        self.moderates = moderates;
    }

    /// Its message waits for a moderator.
    pub(crate) fn holds(&mut self, id: MessageId, nonce: String) {
        if self.held.len() == MOST_HELD {
            self.held.remove(0);
        }
        self.held.push((id, nonce));
    }

    /// One of its messages waits no more.
    pub(crate) fn settle(&mut self, id: MessageId, settled: &Settled) {
        while let Some(at) = self.held.iter().position(|(held, _)| *held == id) {
            let (id, nonce) = self.held.swap_remove(at);
            let frame = match settled {
                Settled::Approved(offset) => ServerFrame::Ack {
                    nonce,
                    id,
                    offset: *offset,
                },
                Settled::Refused(code, detail) => ServerFrame::Error {
                    code: (*code).into(),
                    detail: detail.clone(),
                    pointer: None,
                    nonce: Some(nonce),
                },
            };
            self.push(frames::encode(&frame));
        }
    }

    /// Takes what is new among the notices; what it needs if it can't go on.
    fn take_notices(&mut self, crowd: &Crowd) -> Option<Need> {
        if self.notices == crowd.noticed() {
            return None;
        }
        let notices = crowd.notices();
        let Some(new) = notices.after(self.notices) else {
            return Some(Need::Renewal);
        };
        for notice in new {
            match notice {
                Notice::All(frame) => self.push(frame.clone()),
                Notice::Moderators(frame) if self.moderates => self.push(frame.clone()),
                Notice::Moderators(_) => {}
                Notice::Author(id, settled) => self.settle(*id, settled),
                Notice::Rights(author) if notices::mark(author) == self.author => {
                    return Some(Need::Renewal);
                }
                Notice::Rights(_) => {}
            }
        }
        self.notices = notices.end();
        None
    }

    /// From here on it is shown what happens on the stream, beyond this version.
    pub(crate) fn show_stream(&mut self, version: u64) {
        self.stream = Some(version);
    }

    /// It goes on after an offset: with a page of the log, or by itself. It was told that the log has
    /// messages up to `owed`.
    pub(crate) fn go_on(&mut self, seen: u64, owed: u64, page: Option<Arc<Page>>) {
        self.seen = seen;
        self.owed = owed.max(self.owed);
        self.page = page;
        self.live = None;
        self.need = Need::Nothing;
    }

    /// Whether it has taken something since this was asked last.
    pub(crate) fn has_moved(&mut self) -> bool {
        std::mem::take(&mut self.moved)
    }

    /// What has to be written before a goodbye: the rest of a frame that was begun, and answers.
    pub(crate) fn last_words(&self, words: &mut Vec<u8>) {
        words.extend_from_slice(&self.rest);
        for frame in &self.own {
            words.extend_from_slice(frame.bytes());
        }
    }

    /// Puts together what is to be written next; if there is nothing, what it needs.
    fn fill(&mut self, crowd: &Crowd, batch: &mut Batch) -> Option<Need> {
        if let Some(need) = self.take_notices(crowd) {
            return Some(need);
        }
        if !self.rest.is_empty() {
            batch.add(&self.rest, Part::Rest);
        }
        for frame in &self.own {
            batch.add(frame.bytes(), Part::Own);
        }
        if let Some(shown) = self.stream
            && let Some((version, frame)) = crowd.now.newer(shown)
        {
            batch.add(frame.bytes(), Part::Stream(version));
        }
        let need = self.fill_messages(crowd, batch);
        // What there is already can be written before that.
        if batch.is_empty() { Some(need) } else { None }
    }

    fn fill_messages(&mut self, crowd: &Crowd, batch: &mut Batch) -> Need {
        if let Some(page) = &self.page {
            if page.taken_back != crowd.taken_back() {
                self.page = None;
                return Need::Log(self.seen + 1);
            }
            for (offset, frame) in page.after(self.seen) {
                if batch.is_full() {
                    return Need::Nothing;
                }
                batch.add(frame, Part::Logged(offset));
            }
            if page.last() > self.seen {
                return Need::Nothing;
            }
            self.page = None;
        }
        let ring = crowd.ring();
        if ring.renewed() != self.renewed {
            return Need::Renewal;
        }
        if self.seen < self.owed && ring.shown() < self.owed {
            return Need::Log(self.seen + 1);
        }
        let followed = self.live.is_some();
        let read = self
            .live
            .or_else(|| ring.place(self.seen))
            .and_then(|from| Some((from, ring.read(from, self.seen, batch)?)));
        match read {
            Some((from, next)) => {
                // What is skipped on the way is behind it now, whatever is written.
                self.live = Some(if batch.is_empty() { next } else { from });
                Need::Nothing
            }
            None => {
                if followed {
                    crowd.fell_behind();
                }
                self.live = None;
                Need::Log(self.seen + 1)
            }
        }
    }

    /// So many bytes of a batch were written.
    fn took(&mut self, batch: &Batch, written: usize, crowd: &Crowd) {
        let (begun, rest) = batch.after(written);
        let mut messages = 0;
        for (_, part) in &batch.parts[..begun] {
            match *part {
                Part::Rest => {}
                Part::Own => drop(self.own.pop_front()),
                Part::Stream(version) => self.stream = Some(version),
                Part::Live { next, seen } => {
                    messages += seen - self.seen;
                    (self.live, self.seen) = (Some(next), seen);
                }
                Part::Logged(offset) => {
                    messages += 1;
                    self.seen = offset;
                }
            }
        }
        if begun > 0 {
            self.moved = true;
            self.rest = Bytes::copy_from_slice(rest);
        }
        crowd.delivered(messages);
        if self.own.is_empty() {
            // Most viewers only read.
            self.own = VecDeque::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use metrics::Counter;
    use tokio::{io::AsyncReadExt, net::TcpListener};

    #[tokio::test]
    async fn who_takes_something_after_waiting_for_room_is_not_quiet() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let mut client = TcpStream::connect(addr).await.unwrap();
        let (tcp, _) = listener.accept().await.unwrap();
        let crowd = Crowd::new(4, Counter::noop(), Counter::noop());
        let peer = Peer::new(tcp, &crowd, &AuthorId::new("guest:ana").unwrap());
        let text = "x".repeat(60_000);
        peer.out().go_on(0, 0, None);
        peer.quiet.store(5, Ordering::Relaxed);
        while peer.pump(&crowd) == Need::Nothing {
            assert_eq!(
                peer.quiet.load(Ordering::Relaxed),
                5,
                "only the kernel took it"
            );
            peer.out().push(Frame::text(&text));
        }
        let mut taken = vec![0; 1 << 20];
        while peer.pump(&crowd) == Need::Room && peer.quiet.load(Ordering::Relaxed) == 5 {
            tokio::select! {
                read = client.read(&mut taken) => assert!(read.unwrap() > 0),
                writable = peer.tcp.writable() => writable.unwrap(),
            }
        }
        assert_eq!(peer.quiet.load(Ordering::Relaxed), 0);
    }
}
