//! Starting and ending: the rooms' tasks, the accept loop, and a goodbye to everyone.

use crate::{
    Gateway, RoomSetup,
    auth::FromHere,
    proxies::Proxies,
    room_tasks::RoomTasks,
    routes,
    shared::{Shared, Slot},
    stream::Stream,
};
use axum::{Router, extract::ConnectInfo, http::HeaderMap};
use hyper::{
    Request,
    body::Incoming,
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use std::{net::SocketAddr, pin::pin, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    time::timeout,
};
use tokio_util::sync::{CancellationToken, DropGuard};

/// How long a request's head may take, and how long a connection may be kept alive without one.
const HEAD_DEADLINE: Duration = Duration::from_secs(30);

/// The same for a connection that came when there were many already: browsers make some of which they don't know
/// yet what for.
const HEAD_DEADLINE_IN_A_CROWD: Duration = Duration::from_secs(5);

/// The largest head of a request, in bytes. hyper looks after each read, so one that is up to twice as
/// large may pass.
const MAX_HEAD: usize = 64 << 10;

/// How long a request that has begun may take to be answered at the end.
const LAST_ANSWER: Duration = Duration::from_secs(2);

/// How long all connections may take to end: a little more than each of them has.
const GOODBYE: Duration = Duration::from_millis(2500);

/// The pause after a connection could not be accepted: most often too many files are open.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

impl Gateway {
    /// Serves until `cancel` is cancelled. Then nothing new is accepted, viewers are told that the
    /// program is ending, requests are finished, and within 3 s this returns. It returns without
    /// being told to only if a room's task has failed.
    pub async fn serve(self, listener: TcpListener, cancel: CancellationToken) {
        // Connections end even if this future is dropped.
        let closing = self.shared.closing.clone().drop_guard();
        let end = cancel.child_token();
        let intake = self.shared.intake.clone().run(end.clone());
        let shared = Arc::clone(&self.shared);
        let keeping = end.run_until_cancelled(shared.in_use.keep(&shared));
        let serving = async {
            self.listen(listener, routes::router, closing, &end).await;
            end.cancel();
        };
        tokio::join!(serving, intake, keeping);
    }

    /// Only tells those who look after the process how it does, until `cancel` is cancelled: for one
    /// in which there are other services and no gateway. There are to be no rooms.
    pub async fn serve_probes(self, listener: TcpListener, cancel: CancellationToken) {
        let closing = self.shared.closing.clone().drop_guard();
        self.listen(listener, routes::probes, closing, &cancel)
            .await;
    }

    async fn listen(
        self,
        listener: TcpListener,
        router: impl FnOnce(Arc<Shared>) -> Router,
        closing: DropGuard,
        cancel: &CancellationToken,
    ) {
        let (shared, mut rooms, wanted) = self.open();
        let router = router(Arc::clone(&shared));
        let permits = Arc::new(Semaphore::new(shared.config.limits.connections.max(1)));
        tokio::select! {
            () = cancel.cancelled() => {}
            () = accept(&shared, &listener, &router, &permits) => {}
            // Only a panic ends one of these before its time; without it the room would be mute.
            room = rooms.keep(&shared, wanted.subscribe()) => {
                tracing::error!(%room, "a room's task has ended, so the gateway ends too");
            }
        }
        drop(listener);
        drop(closing);

        shared.connections.close();
        if timeout(GOODBYE, shared.connections.wait()).await.is_err() {
            tracing::warn!(
                left = shared.connections.len(),
                "some connections did not end in time"
            );
        }
        rooms.end().await;
    }

    /// Gives messages their place in the rooms as [`serve`](Self::serve) does, for rooms that nobody
    /// reads over the network: what is said reaches it on `chat.ingest` and through the store's
    /// queue.
    pub async fn admit(self, cancel: CancellationToken) {
        let end = cancel.child_token();
        let intake = self.shared.intake.clone().run(end.clone());
        let admitting = async {
            let (shared, mut rooms, wanted) = self.open();
            tokio::select! {
                () = end.cancelled() => {}
                room = rooms.keep(&shared, wanted.subscribe()) => {
                    tracing::error!(%room, "a room's task has ended");
                }
            }
            rooms.end().await;
            end.cancel();
        };
        tokio::join!(admitting, intake);
    }

    fn open(self) -> (Arc<Shared>, RoomTasks, watch::Sender<Vec<RoomSetup>>) {
        let Self {
            shared,
            work,
            wanted,
        } = self;
        let mut rooms = RoomTasks::default();
        for work in work {
            rooms.start(&shared, work);
        }
        (shared, rooms, wanted)
    }
}

async fn accept(
    shared: &Arc<Shared>,
    listener: &TcpListener,
    router: &Router,
    permits: &Arc<Semaphore>,
) {
    loop {
        let Ok(permit) = Arc::clone(permits).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, peer)) => {
                // One address does not keep all others out. It is not told: an answer would wait for
                // its request.
                let Ok(door) = shared.doors.take(peer.ip()) else {
                    tracing::debug!(%peer, "too many connections from there");
                    continue;
                };
                let slot = Slot::new(permit, door, &shared.connections);
                let router = router.clone();
                tokio::spawn(serve_connection(
                    stream,
                    peer,
                    slot,
                    router,
                    Arc::clone(shared),
                ));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn serve_connection(
    stream: TcpStream,
    peer: SocketAddr,
    slot: Slot,
    router: Router,
    shared: Arc<Shared>,
) {
    // Chat is many small writes, each of which somebody waits for.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection keeps Nagle's algorithm");
    }
    let stream = Stream::new(stream, shared.config.limits.write_deadline);
    let router = TowerToHyperService::new(router);
    let closing = shared.closing.clone();
    let head_deadline = if shared.is_crowded() {
        HEAD_DEADLINE_IN_A_CROWD
    } else {
        HEAD_DEADLINE
    };
    let from_here = FromHere::of(peer.ip(), &shared.config.proxies);
    let service = service_fn(move |mut request: Request<Incoming>| {
        let client = client(&shared.config.proxies, peer, request.headers());
        request.extensions_mut().insert(ConnectInfo(client));
        request.extensions_mut().insert(slot.clone());
        if let Some(from_here) = from_here {
            request.extensions_mut().insert(from_here);
        }
        router.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head_deadline)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = closing.cancelled() => {
            connection.as_mut().graceful_shutdown();
            match timeout(LAST_ANSWER, connection).await {
                Ok(ended) => ended,
                Err(_) => return,
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "a connection ended early");
    }
}

/// Who asks over a connection. Behind a proxy nobody's port is known.
fn client(proxies: &Proxies, peer: SocketAddr, headers: &HeaderMap) -> SocketAddr {
    if proxies.contain(peer.ip()) {
        SocketAddr::new(proxies.client(peer.ip(), headers), 0)
    } else {
        peer
    }
}
