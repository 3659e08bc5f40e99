//! What stands between a client and a server, and does to what passes as it is told.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{sleep, spawn},
    time::Duration,
};

/// A proxy on this machine. Connections through it end with it.
pub struct Proxy {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    ended: AtomicBool,
    /// Whether new connections are refused.
    closed: AtomicBool,
    /// How long answers are held back, in milliseconds.
    delay: AtomicU64,
    /// Cut all connections when so many more answers of the server have come, before they pass.
    cut_after: Mutex<Option<u64>>,
    streams: Mutex<Vec<TcpStream>>,
}

impl Proxy {
    /// A proxy before that server, which lets everything pass.
    #[must_use]
    pub fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::<State>::default();
        let shared = Arc::clone(&state);
        spawn(move || {
            for client in listener.incoming() {
                if shared.ended.load(Ordering::SeqCst) {
                    return;
                }
                if let Ok(client) = client
                    && !shared.closed.load(Ordering::SeqCst)
                {
                    shared.connect(&client, server);
                }
            }
        });
        Self { address, state }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What chatter calls the server behind it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// Cuts all connections. New ones are made.
    pub fn cut(&self) {
        self.state.cut();
    }

    /// The next time the server answers something, all connections are cut before the answer
    /// passes: what was asked for has happened, and nobody is told.
    pub fn cut_before_answer(&self, nth: u64) {
        *self.state.cut_after() = Some(nth);
    }

    /// Cuts all connections, and makes no new ones until [`open`](Self::open).
    pub fn close(&self) {
        self.state.closed.store(true, Ordering::SeqCst);
        self.state.cut();
    }

    /// Makes connections again.
    pub fn open(&self) {
        self.state.closed.store(false, Ordering::SeqCst);
    }

    /// Holds each answer back for that long.
    pub fn delay(&self, by: Duration) {
        let millis = u64::try_from(by.as_millis()).unwrap();
        self.state.delay.store(millis, Ordering::SeqCst);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.state.ended.store(true, Ordering::SeqCst);
        self.state.cut();
        // The listener is woken to see it.
        let _ = TcpStream::connect(self.address);
    }
}

impl State {
    fn connect(self: &Arc<Self>, client: &TcpStream, server: SocketAddr) {
        let Ok(server) = TcpStream::connect(server) else {
            let _ = client.shutdown(Shutdown::Both);
            return;
        };
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let (Ok(to_server), Ok(to_client)) = (server.try_clone(), client.try_clone()) else {
            return;
        };
        let (Ok(from_client), Ok(kept)) = (client.try_clone(), client.try_clone()) else {
            return;
        };
        self.streams().extend([kept, server.try_clone().unwrap()]);
        let state = Arc::clone(self);
        spawn(move || state.pass(from_client, to_server, false));
        let state = Arc::clone(self);
        spawn(move || state.pass(server, to_client, true));
    }

    fn pass(&self, mut from: TcpStream, mut to: TcpStream, answers: bool) {
        let mut bytes = [0; 64 << 10];
        while let Ok(length @ 1..) = from.read(&mut bytes) {
            if answers {
                let delay = self.delay.load(Ordering::SeqCst);
                if delay > 0 {
                    sleep(Duration::from_millis(delay));
                }
                let mut left = self.cut_after();
                if let Some(count) = *left {
                    *left = count.checked_sub(1).filter(|count| *count > 0);
                    if left.is_none() {
                        drop(left);
                        self.cut();
                        break;
                    }
                }
            }
            if to.write_all(&bytes[..length]).is_err() {
                break;
            }
        }
        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    }

    fn cut(&self) {
        for stream in self.streams().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn streams(&self) -> std::sync::MutexGuard<'_, Vec<TcpStream>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cut_after(&self) -> std::sync::MutexGuard<'_, Option<u64>> {
        self.cut_after
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
