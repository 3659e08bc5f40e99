//! One server, and the connection for commands that is kept to it.

use super::{
    dial::{About, Dialer, Driver, ask},
    fault::{Fault, FaultKind},
    server::Address,
};
use futures_util::FutureExt as _;
use metrics::{counter, gauge};
use redis::aio::MultiplexedConnection;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    sync::{Notify, watch},
    task::AbortHandle,
    time::{sleep, timeout},
};

/// How often a connection that is at hand is tried.
const BEAT: Duration = Duration::from_secs(1);

/// How long a server may be silent before its connection is given up.
const SILENCE: Duration = Duration::from_secs(3);

/// The first and the longest pause between two tries to connect.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// One server. What keeps its connection ends when this is dropped.
pub(super) struct Node {
    address: Address,
    state: watch::Receiver<State>,
    doubt: Arc<Notify>,
    /// How many answers have come.
    answers: Arc<AtomicU64>,
    keeps_all: Arc<AtomicBool>,
    keeper: AbortHandle,
}

/// How the connection stands.
#[derive(Clone)]
enum State {
    Up(MultiplexedConnection),
    Down { since: Instant, why: Fault },
}

/// The pauses between tries: longer each time, and never the same for two clients.
pub(super) struct Pauses(Duration);

impl Pauses {
    pub(super) const fn new() -> Self {
        Self(PAUSES.0)
    }

    pub(super) fn next(&mut self) -> Duration {
        let pause = self.0;
        self.0 = (pause * 2).min(PAUSES.1);
        pause.mul_f64(rand::random_range(0.5..1.0))
    }
}

impl Node {
    /// Keeps a connection from now on. `made` is the first one, if it was made already; `again` is
    /// counted up with each later one.
    pub(super) fn new(
        address: Address,
        dialer: Arc<Dialer>,
        made: Option<(MultiplexedConnection, Driver, About)>,
        again: watch::Sender<u64>,
    ) -> Self {
        let first = match &made {
            Some((connection, ..)) => State::Up(connection.clone()),
            None => State::Down {
                since: Instant::now(),
                why: Fault::new(
                    FaultKind::Unreachable,
                    format!("Redis at {address} was not reached yet"),
                ),
            },
        };
        let (tell, state) = watch::channel(first);
        let doubt = Arc::new(Notify::new());
        let answers = Arc::<AtomicU64>::default();
        let keeps_all = made.as_ref().is_some_and(|(.., about)| about.keeps_all);
        let keeps_all = Arc::new(AtomicBool::new(keeps_all));
        let keeper = Keeper {
            keeps_all: Arc::clone(&keeps_all),
            doubt: Arc::clone(&doubt),
            answers: Arc::clone(&answers),
            address: address.clone(),
            dialer,
            tell,
            again,
        };
        let driver = made.map(|(_, driver, _)| driver);
        Self {
            address,
            state,
            doubt,
            answers,
            keeps_all,
            keeper: tokio::spawn(keeper.run(driver)).abort_handle(),
        }
    }

    /// The connection; waits up to `patience` for one. A server that is away for longer than that is
    /// not waited for.
    pub(super) async fn connection(
        &self,
        patience: Duration,
    ) -> Result<MultiplexedConnection, Fault> {
        let mut state = self.state.clone();
        if let State::Down { since, why } = &*state.borrow()
            && since.elapsed() > patience
        {
            return Err(why.clone());
        }
        let up = timeout(
            patience,
            state.wait_for(|state| matches!(state, State::Up(_))),
        )
        .await;
        if let Ok(Ok(state)) = up
            && let State::Up(connection) = &*state
        {
            return Ok(connection.clone());
        }
        self.up().and(Err(Fault::slow(&self.address, patience)))
    }

    /// Whether it is at hand; why not, if it isn't.
    pub(super) fn up(&self) -> Result<(), Fault> {
        match &*self.state.borrow() {
            State::Up(_) => Ok(()),
            State::Down { why, .. } => Err(why.clone()),
        }
    }

    /// Whether it has on disk what it answers to, as it said when it was connected to last.
    pub(super) fn keeps_all(&self) -> bool {
        self.keeps_all.load(Ordering::Relaxed)
    }

    /// An answer has come.
    pub(super) fn answered(&self) {
        self.answers.fetch_add(1, Ordering::Relaxed);
    }

    /// It is no longer what it was: a name may lead to another server by now.
    pub(super) fn doubt(&self) {
        self.doubt.notify_one();
    }

    pub(super) const fn address(&self) -> &Address {
        &self.address
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

struct Keeper {
    address: Address,
    doubt: Arc<Notify>,
    answers: Arc<AtomicU64>,
    keeps_all: Arc<AtomicBool>,
    dialer: Arc<Dialer>,
    tell: watch::Sender<State>,
    again: watch::Sender<u64>,
}

impl Keeper {
    async fn run(self, mut driver: Option<Driver>) {
        loop {
            let driver = match driver.take() {
                Some(driver) => driver,
                None => self.connect().await,
            };
            self.connected(true);
            let why = self.until_it_ends(driver).await;
            self.connected(false);
            tracing::error!("{why}; it is tried again until it is back");
            self.down(why);
        }
    }

    /// Tries until there is a connection.
    async fn connect(&self) -> Driver {
        let began = Instant::now();
        let mut pauses = Pauses::new();
        loop {
            match self.dialer.dial_checked(&self.address).await {
                Ok((connection, driver, about)) => {
                    tracing::info!(
                        "Redis at {} is back after {:.1} s",
                        self.address,
                        began.elapsed().as_secs_f64()
                    );
                    counter!("chatter_redis_reconnects_total", "server" => self.address.to_string()).increment(1);
                    self.keeps_all.store(about.keeps_all, Ordering::Relaxed);
                    // Several may have doubted the connection before.
                    let _ = self.doubt.notified().now_or_never();
                    self.tell.send_replace(State::Up(connection));
                    self.again.send_modify(|count| *count += 1);
                    return driver;
                }
                Err(why) => self.down(why),
            }
            sleep(pauses.next()).await;
        }
    }

    /// Drives a connection until it is of no use any more, and says why.
    async fn until_it_ends(&self, driver: Driver) -> Fault {
        let connection = match &*self.tell.borrow() {
            State::Up(connection) => connection.clone(),
            State::Down { why, .. } => return why.clone(),
        };
        tokio::select! {
            () = driver => Fault::new(FaultKind::Cut, format!("Redis at {} ended the connection", self.address)),
            why = silent(&self.address, connection, &self.answers) => why,
            () = self.doubt.notified() => Fault::new(
                FaultKind::ReadOnly,
                format!("Redis at {} has become a replica that can only be read: name its primary", self.address),
            ),
        }
    }

    fn down(&self, why: Fault) {
        self.tell.send_modify(|state| {
            let since = match state {
                State::Up(_) => Instant::now(),
                State::Down { since, .. } => *since,
            };
            *state = State::Down { since, why };
        });
    }

    fn connected(&self, is: bool) {
        gauge!("chatter_redis_connected", "server" => self.address.to_string()).set(if is {
            1.0
        } else {
            0.0
        });
    }
}

/// Waits until a server no longer answers. One that has so much to do that it does not come to the
/// question, and answers others meanwhile, which `answers` counts, is not silent.
pub(super) async fn silent(
    at: &Address,
    mut connection: MultiplexedConnection,
    answers: &AtomicU64,
) -> Fault {
    let ping = redis::cmd("PING");
    loop {
        sleep(BEAT).await;
        let before = answers.load(Ordering::Relaxed);
        match timeout(SILENCE, ask(at, &mut connection, &ping)).await {
            Err(_) if answers.load(Ordering::Relaxed) == before => return Fault::slow(at, SILENCE),
            // What the server refuses is for those to hear who ask for something.
            Ok(Err(why)) if why.kind == FaultKind::Cut => return why,
            _ => {}
        }
    }
}
