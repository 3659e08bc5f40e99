//! Viewers that are cheap: they count deliveries by a mark that each message carries, with the time
//! when it was sent, and look at nothing else.

use crate::host::{Server, TOKEN};
use memchr::memmem::Finder;
use std::{
    cell::{Cell, RefCell},
    fmt::Write as _,
    io::ErrorKind,
    rc::Rc,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    task::JoinHandle,
    time::{sleep, sleep_until, timeout},
};

const MARK: &str = "@t=";

/// Digits of the time, in nanoseconds.
const DIGITS: usize = 16;

/// A frame of chatter's with a short text; those of others are filled up to it.
const FRAME: usize = 300;

/// Nothing comes any more.
const PATIENCE: Duration = Duration::from_secs(20);

/// What all viewers count together.
struct Count {
    began: Instant,
    deliveries: Cell<u64>,
    /// In microseconds.
    delays: RefCell<Vec<u32>>,
    scratch: RefCell<Vec<u8>>,
    finder: Finder<'static>,
}

pub(crate) struct Crowd {
    count: Rc<Count>,
    viewers: Vec<JoinHandle<()>>,
    sleepers: Vec<TcpStream>,
    publishers: Vec<Rc<TcpStream>>,
    kind: &'static str,
    processor_seconds: Box<dyn Fn() -> f64>,
}

/// What one run came to.
pub(crate) struct Run {
    pub(crate) cpu_per_million: f64,
    pub(crate) per_second: f64,
    pub(crate) median_ms: f64,
    /// The 99th of a hundred.
    pub(crate) late_ms: f64,
    pub(crate) lost: u64,
}

impl Crowd {
    pub(crate) async fn gather(server: &Server, viewers: usize) -> Self {
        let count = Rc::new(Count {
            began: Instant::now(),
            deliveries: Cell::new(0),
            delays: RefCell::default(),
            scratch: RefCell::new(vec![0; 256 << 10]),
            finder: Finder::new(MARK),
        });
        let mut crowd = Self {
            count,
            viewers: Vec::new(),
            sleepers: Vec::new(),
            publishers: Vec::new(),
            kind: server.kind,
            processor_seconds: server.meter(),
        };
        for n in 0..viewers {
            let socket = TcpSocket::new_v4().unwrap();
            let stream = join(server, socket, "sub", n).await;
            let viewing = view(Rc::new(stream), Rc::clone(&crowd.count));
            crowd.viewers.push(tokio::task::spawn_local(viewing));
        }
        // Of chatter's connections each has at most 16 messages undecided.
        let publishers = if server.kind == "chatter" { 8 } else { 1 };
        for n in 0..publishers {
            let socket = TcpSocket::new_v4().unwrap();
            let stream = Rc::new(join(server, socket, "pub", n).await);
            // They see the room, too, where that can't be helped.
            if server.kind == "chatter" {
                let viewing = view(Rc::clone(&stream), Rc::clone(&crowd.count));
                crowd.viewers.push(tokio::task::spawn_local(viewing));
            } else {
                tokio::task::spawn_local(throw_away(Rc::clone(&stream)));
            }
            crowd.publishers.push(stream);
        }
        sleep(Duration::from_millis(500)).await;
        crowd
    }

    /// Viewers who read nothing.
    pub(crate) async fn with_sleepers(&mut self, server: &Server, count: usize) {
        for n in 0..count {
            let socket = TcpSocket::new_v4().unwrap();
            socket.set_recv_buffer_size(4096).unwrap();
            self.sleepers.push(join(server, socket, "sub", n).await);
        }
    }

    /// So many messages a second, evenly spaced.
    pub(crate) async fn paced(self, per_second: u32, length: Duration) -> Run {
        let pause = Duration::from_secs(1) / per_second;
        let send = async |crowd: &Self, length: Duration| {
            let (mut next, end) = (
                tokio::time::Instant::now(),
                tokio::time::Instant::now() + length,
            );
            let mut sent = 0;
            while next < end {
                sleep_until(next).await;
                crowd.publish(sent).await;
                sent += 1;
                next += pause;
            }
            sent
        };
        self.measured(send, length).await
    }

    /// As many as go, so many on their way at any time.
    pub(crate) async fn saturated(self, in_flight: u64, length: Duration) -> Run {
        let send = async |crowd: &Self, length: Duration| {
            let (before, began) = (crowd.count.deliveries.get(), Instant::now());
            let each = crowd.viewers.len() as u64;
            let mut sent = 0;
            while began.elapsed() < length {
                let arrived = (crowd.count.deliveries.get() - before) / each;
                if sent < arrived + in_flight {
                    crowd.publish(sent).await;
                    sent += 1;
                } else {
                    tokio::task::yield_now().await;
                }
            }
            sent
        };
        self.measured(send, length).await
    }

    async fn measured(self, send: impl AsyncFn(&Self, Duration) -> u64, length: Duration) -> Run {
        let each = self.viewers.len() as u64;
        // To warm up.
        let sent = send(&self, Duration::from_secs(1)).await;
        self.settled(0, sent * each).await;
        self.count.delays.borrow_mut().clear();
        let (before, cpu, began) = (
            self.count.deliveries.get(),
            (self.processor_seconds)(),
            Instant::now(),
        );
        let sent = send(&self, length).await;
        self.settled(before, sent * each).await;
        let seconds = began.elapsed().as_secs_f64();
        let cpu = (self.processor_seconds)() - cpu;
        let deliveries = self.count.deliveries.get() - before;
        let mut delays = self.count.delays.borrow_mut();
        delays.sort_unstable();
        let at = |share: f64| {
            let at = (delays.len() as f64 * share) as usize;
            delays
                .get(at)
                .map_or(f64::NAN, |us| f64::from(*us) / 1000.0)
        };
        for viewer in &self.viewers {
            viewer.abort();
        }
        Run {
            cpu_per_million: cpu * 1e6 / deliveries as f64,
            per_second: deliveries as f64 / seconds,
            median_ms: at(0.5),
            late_ms: at(0.99),
            lost: (sent * each).saturating_sub(deliveries),
        }
    }

    /// Everything has arrived.
    async fn settled(&self, before: u64, wanted: u64) {
        let all = async {
            while self.count.deliveries.get() - before < wanted {
                sleep(Duration::from_micros(200)).await;
            }
        };
        let _ = timeout(PATIENCE, all).await;
    }

    async fn publish(&self, number: u64) {
        let mut text = String::new();
        let now = self.count.began.elapsed().as_nanos();
        write!(text, "{MARK}{now:0DIGITS$}").unwrap();
        let frame = match self.kind {
            "chatter" => {
                let text = format!("{text} what a round, and it is not even over yet :hype:");
                client_text(&format!(
                    r#"{{"type":"say","nonce":"{number}","text":"{text}"}}"#
                ))
            }
            "nats" => {
                let fill = FRAME - 30;
                client_text(&format!("PUB room {fill}\r\n{text:<fill$}\r\n"))
            }
            _ => client_text(&format!("{text:<0$}", FRAME - 4)),
        };
        let publisher = &self.publishers[number as usize % self.publishers.len()];
        let mut bytes = &frame[..];
        while !bytes.is_empty() {
            match publisher.try_write(bytes) {
                Ok(written) => bytes = &bytes[written..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    publisher.writable().await.unwrap();
                }
                Err(error) => panic!("the server has gone: {error}"),
            }
        }
    }
}

async fn join(server: &Server, socket: TcpSocket, role: &str, number: usize) -> TcpStream {
    let mut stream = socket.connect(server.address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (path, more) = match (server.kind, role) {
        ("chatter", "pub") => (
            "/v1/rooms/main/lobby/ws".to_owned(),
            format!("Authorization: Bearer {TOKEN}\r\n"),
        ),
        ("chatter", _) => (
            format!("/v1/rooms/main/lobby/ws?name=viewer{number}"),
            String::new(),
        ),
        ("nats", _) => ("/".to_owned(), String::new()),
        (_, role) => (format!("/{role}"), String::new()),
    };
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n",
        server.address
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await.unwrap());
    }
    assert!(
        answer.starts_with(b"HTTP/1.1 101"),
        "{}",
        String::from_utf8_lossy(&answer)
    );
    if server.kind == "nats" {
        let mut hello = "CONNECT {\"verbose\":false}\r\n".to_owned();
        if role == "sub" {
            hello += "SUB room 1\r\n";
        }
        stream.write_all(&client_text(&hello)).await.unwrap();
    }
    stream
}

/// A client's frame, masked with zeros.
pub(crate) fn client_text(text: &str) -> Vec<u8> {
    let mut frame = vec![0x81];
    match text.len() {
        short @ ..126 => frame.push(0x80 | short as u8),
        medium => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&u16::try_from(medium).unwrap().to_be_bytes());
        }
    }
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(text.as_bytes());
    frame
}

async fn throw_away(stream: Rc<TcpStream>) {
    let mut bytes = [0; 4096];
    while stream.readable().await.is_ok() {
        match stream.try_read(&mut bytes) {
            Ok(0) => return,
            Err(error) if error.kind() != ErrorKind::WouldBlock => return,
            _ => {}
        }
    }
}

async fn view(stream: Rc<TcpStream>, count: Rc<Count>) {
    // Of a mark that came in two pieces.
    let mut rest = Vec::new();
    while stream.readable().await.is_ok() {
        let scratch = &mut *count.scratch.borrow_mut();
        scratch[..rest.len()].copy_from_slice(&rest);
        let length = match stream.try_read(&mut scratch[rest.len()..]) {
            Ok(0) => return,
            Ok(length) => length + rest.len(),
            Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
            Err(_) => return,
        };
        let bytes = &scratch[..length];
        rest.clear();
        let now = count.began.elapsed().as_nanos() as u64;
        let (mut from, mut found) = (0, 0);
        let mut delays = count.delays.borrow_mut();
        while let Some(at) = count.finder.find(&bytes[from..]) {
            let digits = from + at + MARK.len();
            let Some(time) = bytes.get(digits..digits + DIGITS) else {
                break;
            };
            let sent = time
                .iter()
                .fold(0, |sent, digit| sent * 10 + u64::from(digit - b'0'));
            delays.push(((now - sent) / 1000) as u32);
            found += 1;
            from = digits + DIGITS;
        }
        count.deliveries.set(count.deliveries.get() + found);
        let keep = (length - from).min(MARK.len() + DIGITS - 1);
        rest.extend_from_slice(&bytes[length - keep..]);
    }
}
