//! One viewer: a WebSocket from hello to close.
//!
//! A viewer sees the log's messages in order, each once, without gaps. While it keeps up it is a place
//! in what the [`Crowd`](crate::crowd::Crowd) shows to all, and nothing of its own happens for a
//! message. When it does not, its task goes on: it waits for room in the socket, reads in the log what
//! has passed by, and then it follows the room again. One that is too far behind, or whose next message
//! the log has lost, is told so by another hello, and goes on with what is new; one to which that
//! happens again at once, or that takes nothing for [`Limits::write_deadline`], is told to come back.
//!
//! Memory for a viewer is bounded: while nothing happens there are no buffers, and a slow one has the
//! rest of one frame. What happens on the stream is no part of the log: of that it is shown the newest.

mod greet;
mod input;

pub(crate) use greet::Resume;

use crate::{
    admission::{Accepted, Admitted},
    auth::Principal,
    crowd::{Member, Need, Peer},
    frames,
    log::{Page, Unreadable},
    places::Place,
    problem::Problem,
    rate::Bucket,
    room::{Room, Seated},
    shared::{Shared, Slot},
    ws::{self, Close, Decoder, Frame, code},
};
use chatter_protocol::{
    Author,
    frames::{Scope, ServerFrame, You},
};
use chatter_store::Head;
use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use std::{
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    net::TcpStream,
    time::{Instant, Sleep, sleep},
};

/// How long saying goodbye may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// Who is too slow again within so long is told to come back.
const SLOW_AGAIN: Duration = Duration::from_secs(60);

/// Answers that wait for a viewer to take them; beyond that it is not listened to.
const MAX_WAITING: usize = 64;

pub(crate) struct Viewer {
    peer: Arc<Peer>,
    shared: Arc<Shared>,
    room: Arc<Room>,
    principal: Principal,
    author: Author,
    scopes: &'static [Scope],
    /// Where the log stood when it came; before its hello nothing.
    head: Arc<Head>,
    decoder: Decoder,
    /// What was read and not looked at yet.
    input: Vec<u8>,
    bucket: Bucket,
    /// Frames that could not be read.
    bad: u32,
    /// Until when it is not listened to.
    deaf: Option<Pin<Box<Sleep>>>,
    /// Until when it has to take something.
    stuck: Option<Pin<Box<Sleep>>>,
    /// What its messages wait for.
    in_flight: Option<Box<FuturesUnordered<BoxFuture<'static, Decided>>>>,
    reading: Option<BoxFuture<'static, Result<Found, End>>>,
    skipped_at: Option<Instant>,
    member: Option<Member>,
    places: Places,
}

/// What a viewer takes of what is bounded: a seat in the room, a place at the gateway, a connection.
pub(crate) type Places = (Seated, Place, Slot);

/// What became of a message, with its nonce.
type Decided = (String, Result<Told, Problem>);

/// What somebody is told of what they sent.
enum Told {
    Admitted(Admitted),
    /// What a command did.
    Notice(String),
}

/// What was found in the log.
enum Found {
    Page(Arc<Page>),
    /// What the viewer should see next is gone, or too far back; this is where the log stands.
    TooFar(Arc<Head>),
}

/// Why a connection ends.
enum End {
    /// The other side has gone.
    Lost,
    /// The other side ends it.
    Bye(Option<Close>),
    /// It can't be understood any more.
    Broken(ws::Violation),
    /// It is told why.
    Told(u16, &'static str),
}

/// What a viewer's task has to do.
enum Event {
    /// There is something to read.
    Input,
    /// There is room in the socket.
    Room,
    Found(Result<Found, End>),
    Decided(Decided),
    End(End),
}

impl Viewer {
    pub(crate) fn new(
        tcp: TcpStream,
        read: &[u8],
        shared: Arc<Shared>,
        room: Arc<Room>,
        (principal, author, scopes): (Principal, Author, &'static [Scope]),
        places: Places,
    ) -> Box<Self> {
        let limits = &shared.config.limits;
        Box::new(Self {
            peer: Arc::new(Peer::new(tcp, &room.crowd, &author.id)),
            bucket: Bucket::new(limits.say_per_second, limits.say_burst, Instant::now()),
            head: Arc::new(Head {
                epoch: String::new(),
                offset: 0,
            }),
            decoder: Decoder::new(ws::MAX_MESSAGE),
            input: read.to_vec(),
            shared,
            room,
            principal,
            author,
            scopes,
            bad: 0,
            deaf: None,
            stuck: None,
            in_flight: None,
            reading: None,
            skipped_at: None,
            member: None,
            places,
        })
    }

    /// Serves the viewer until one side ends it.
    pub(crate) async fn run(mut self: Box<Self>, token: Option<String>, resume: Resume) {
        let closing = self.room.closing.clone();
        let whole = async {
            match Box::pin(self.greet(token, resume)).await {
                Ok(()) => self.serve().await,
                Err(end) => end,
            }
        };
        let end = closing
            .run_until_cancelled(whole)
            .await
            .unwrap_or_else(|| self.ending());
        Box::pin(self.part(end)).await;
    }

    fn ending(&self) -> End {
        let why = if self.shared.closing.is_cancelled() {
            "the program is ending"
        } else {
            "the room was closed"
        };
        End::Told(code::GOING_AWAY, why)
    }

    /// Says goodbye. Nothing is cut off in the middle of a frame; what was not begun is in the log.
    async fn part(mut self: Box<Self>, end: End) {
        // Nobody else writes from here on.
        self.member = None;
        // What is not polled any more must not keep others from the log.
        self.reading = None;
        self.in_flight = None;
        let close = match end {
            End::Lost => return,
            End::Bye(ref close) => close.clone().map(|close| Close::new(close.code, "")),
            End::Broken(violation) => Some(violation.into()),
            End::Told(code, reason) => Some(Close::new(code, reason)),
        };
        let mut last_words = Vec::new();
        self.peer.out().last_words(&mut last_words);
        last_words.extend_from_slice(Frame::close(close.as_ref()).bytes());
        let decoder = match end {
            End::Told(..) => Some(&mut self.decoder),
            _ => None,
        };
        ws::goodbye(&self.peer.tcp, &last_words, decoder, GOODBYE).await;
    }

    async fn serve(&mut self) -> End {
        loop {
            let done = match poll_fn(|cx| self.poll_event(cx)).await {
                Event::Input => self.listen(),
                Event::Room => Ok(()),
                Event::Found(found) => found.and_then(|found| self.go_on(found)),
                Event::Decided((nonce, decision)) => {
                    self.answer(nonce, decision);
                    Ok(())
                }
                Event::End(end) => Err(end),
            };
            if let Err(end) = done {
                return end;
            }
            self.peer.pump(&self.room.crowd);
        }
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        self.peer.waker.register(cx.waker());
        let (need, moved, waiting) = {
            let mut out = self.peer.out();
            (out.need, out.has_moved(), out.waiting())
        };
        if moved || need != Need::Room {
            self.stuck = None;
        }
        match need {
            Need::Nothing => {}
            Need::Room => {
                if self.peer.tcp.poll_write_ready(cx).is_ready() {
                    return Poll::Ready(Event::Room);
                }
                let deadline = self.shared.config.limits.write_deadline;
                let stuck = self.stuck.get_or_insert_with(|| Box::pin(sleep(deadline)));
                if stuck.poll_unpin(cx).is_ready() {
                    return Poll::Ready(Event::End(too_slow()));
                }
            }
            Need::Log(wanted) => {
                if self.reading.is_none() {
                    self.reading = Some(self.find(wanted).boxed());
                }
            }
            Need::Renewal => return Poll::Ready(Event::End(renewed())),
            Need::End => return Poll::Ready(Event::End(self.last_input())),
        }
        if let Some(reading) = &mut self.reading
            && let Poll::Ready(found) = reading.poll_unpin(cx)
        {
            self.reading = None;
            return Poll::Ready(Event::Found(found));
        }
        if let Some(in_flight) = &mut self.in_flight {
            match in_flight.poll_next_unpin(cx) {
                Poll::Ready(Some(decided)) => return Poll::Ready(Event::Decided(decided)),
                Poll::Ready(None) => self.in_flight = None,
                Poll::Pending => {}
            }
        }
        if waiting >= MAX_WAITING {
            return Poll::Pending;
        }
        if let Some(deaf) = &mut self.deaf {
            std::task::ready!(deaf.poll_unpin(cx));
            self.deaf = None;
        }
        if !self.input.is_empty() {
            return Poll::Ready(Event::Input);
        }
        self.peer.tcp.poll_read_ready(cx).map(|ready| match ready {
            Ok(()) => Event::Input,
            Err(_) => Event::End(End::Lost),
        })
    }

    // === Falling behind ===

    /// Reads in the log what the viewer needs.
    fn find(&self, wanted: u64) -> impl Future<Output = Result<Found, End>> + Send + use<> {
        let (shared, room) = (Arc::clone(&self.shared), Arc::clone(&self.room));
        let head = Arc::clone(&self.head);
        async move {
            let behind = room.crowd.shown().saturating_sub(wanted - 1);
            // What it was promised by the hello it gets in any case.
            let too_far = wanted > head.offset && behind > shared.config.limits.most_behind;
            if !too_far {
                let page = room
                    .log
                    .page(&shared, &room.crowd, &head.epoch, wanted)
                    .await?;
                if page.epoch == head.epoch && page.holds(wanted) {
                    return Ok(Found::Page(page));
                }
                if page.epoch != head.epoch || page.last() < wanted {
                    return Err(renewed());
                }
            }
            let now = room.log.head(&shared).await?;
            if now.epoch != head.epoch || now.offset < wanted {
                return Err(renewed());
            }
            Ok(Found::TooFar(now))
        }
    }

    fn go_on(&mut self, found: Found) -> Result<(), End> {
        let mut out = self.peer.out();
        match found {
            Found::Page(page) => {
                let seen = out.seen;
                out.go_on(seen, 0, Some(page));
            }
            Found::TooFar(head) => {
                let again = self
                    .skipped_at
                    .is_some_and(|before| before.elapsed() < SLOW_AGAIN);
                if again {
                    return Err(too_slow());
                }
                self.skipped_at = Some(Instant::now());
                self.room.counters.skips.increment(1);
                out.push(self.hello(&head, false, None));
                let moderates = self.scopes.contains(&Scope::Moderate);
                for frame in self.room.moderators.first(&self.room, None, moderates) {
                    out.push(frame);
                }
                out.go_on(head.offset, 0, None);
            }
        }
        Ok(())
    }

    fn hello(&self, head: &Head, recovered: bool, token: Option<String>) -> Frame {
        frames::encode(&ServerFrame::Hello {
            epoch: head.epoch.clone(),
            offset: head.offset,
            recovered,
            you: You {
                id: self.author.id.clone(),
                name: self.author.name.clone(),
                kind: self.author.kind,
                scopes: self.scopes.to_vec(),
            },
            token,
        })
    }

    // === Answers ===

    fn answer(&self, nonce: String, decision: Result<Told, Problem>) {
        match decision {
            Ok(Told::Admitted(Admitted::InLog(Accepted { id, offset, .. }))) => {
                self.put(frames::encode(&ServerFrame::Ack { nonce, id, offset }));
            }
            Ok(Told::Admitted(Admitted::Waits(id))) => {
                let waiting = frames::encode(&ServerFrame::Waiting {
                    nonce: nonce.clone(),
                    id,
                });
                let mut out = self.peer.out();
                out.push(waiting);
                out.holds(id, nonce);
                // It may have been decided about before it was said here that it waits.
                if let Some(settled) = self.room.moderators.settled(id) {
                    out.settle(id, &settled);
                }
            }
            Ok(Told::Notice(text)) => {
                self.put(frames::encode(&ServerFrame::Notice { nonce, text }));
            }
            Err(problem) => self.error(problem, Some(nonce)),
        }
    }

    fn error(&self, problem: Problem, nonce: Option<String>) {
        self.put(frames::encode(&problem.into_frame(nonce)));
    }

    /// For this viewer alone. It is written when the task has done what it is at.
    fn put(&self, frame: Frame) {
        self.peer.out().push(frame);
    }
}

impl From<Unreadable> for End {
    fn from(_: Unreadable) -> Self {
        Self::Told(code::TRY_AGAIN, "the store fails: try again later")
    }
}

fn renewed() -> End {
    End::Told(code::RESTART, "messages were lost: connect again")
}

fn too_slow() -> End {
    End::Told(
        code::TRY_AGAIN,
        "the connection is too slow: come back later",
    )
}
