//! A server that ends and starts again under its viewers: how long it takes until all of them are live
//! again, and what is lost.

use crate::host::{self, Server, TOKEN};
use std::{
    cell::{Cell, RefCell},
    io::ErrorKind,
    rc::Rc,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

/// Viewers come back at a random moment within this, so that not all of them come at once.
const SPREAD: Duration = Duration::from_secs(2);

/// Messages before, during and after the restart.
const MESSAGES: u64 = 300;

/// Nothing comes any more.
const PATIENCE: Duration = Duration::from_secs(60);

struct Room {
    /// Where the server is, while it is there.
    server: RefCell<Option<std::net::SocketAddr>>,
    ended: Cell<bool>,
}

/// What a viewer has seen.
#[derive(Default)]
struct Seen {
    offset: Cell<u64>,
    missing: Cell<u64>,
    /// When it was live again.
    back: Cell<Option<Instant>>,
    times: Cell<u32>,
}

pub(crate) async fn measure(viewers: usize) {
    println!("the server is told to end, and starts again, under {viewers} viewers");
    let folder = host::folder();
    let address = host::free();
    let again = Some((address, folder.path()));
    let mut server = Server::start("chatter", again).await.unwrap();
    let room = Rc::new(Room {
        server: RefCell::new(Some(address)),
        ended: Cell::new(false),
    });
    let all: Vec<Rc<Seen>> = (0..viewers).map(|_| Rc::default()).collect();
    for (number, seen) in all.iter().enumerate() {
        tokio::task::spawn_local(watch(Rc::clone(&room), Rc::clone(seen), number));
    }
    while all.iter().any(|seen| seen.times.get() == 0) {
        sleep(Duration::from_millis(50)).await;
    }
    let saying = tokio::task::spawn_local(say(Rc::clone(&room)));
    sleep(Duration::from_secs(2)).await;

    let began = Instant::now();
    *room.server.borrow_mut() = None;
    server.terminate();
    let down = Instant::now();
    drop(server);
    let _server = Server::start("chatter", again).await.unwrap();
    let up = Instant::now();
    for seen in &all {
        seen.back.set(None);
    }
    *room.server.borrow_mut() = Some(address);

    let said = saying.await.unwrap();
    let everything = async {
        while all.iter().any(|seen| seen.offset.get() < said) {
            sleep(Duration::from_millis(20)).await;
        }
    };
    let complete = timeout(PATIENCE, everything).await.is_ok();
    let back = all.iter().filter_map(|seen| seen.back.get()).max();
    let lost: u64 = all
        .iter()
        .map(|seen| seen.missing.get() + said.saturating_sub(seen.offset.get()))
        .sum();
    println!(
        "  ended after {:.1} s; all live again {:.2} s after it was there again (they come back within {:.0} s); \
         lost {lost} of {} deliveries{}\n",
        (down - began).as_secs_f64(),
        back.map_or(f64::NAN, |back| back
            .saturating_duration_since(up)
            .as_secs_f64()),
        SPREAD.as_secs_f64(),
        said * viewers as u64,
        if complete { "" } else { ", and not all came" },
    );
    room.ended.set(true);
}

/// Watches, and comes back as docs/protocols.md says.
async fn watch(room: Rc<Room>, seen: Rc<Seen>, number: usize) {
    let mut epoch = None;
    while !room.ended.get() {
        let Some(address) = *room.server.borrow() else {
            sleep(Duration::from_millis(20)).await;
            continue;
        };
        if epoch.is_some() {
            let spread = SPREAD.as_millis() as u64;
            sleep(Duration::from_millis(number as u64 * 7919 % spread)).await;
        }
        let query = epoch.as_ref().map_or_else(
            || format!("name=viewer{number}&after=0"),
            |epoch| {
                format!(
                    "name=viewer{number}&after={}&epoch={epoch}",
                    seen.offset.get()
                )
            },
        );
        if let Ok(mut stream) = TcpStream::connect(address).await {
            // A connection that breaks is one to come back from.
            let _ = follow(&mut stream, &query, &seen, &mut epoch).await;
        }
        sleep(Duration::from_millis(20)).await;
    }
}

async fn follow(
    stream: &mut TcpStream,
    query: &str,
    seen: &Seen,
    epoch: &mut Option<String>,
) -> std::io::Result<()> {
    let request = format!(
        "GET /v1/rooms/main/lobby/ws?{query} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    loop {
        let text = read_text(stream).await?;
        let field = |name: &str| -> Option<&str> {
            let (_, rest) = text.split_once(&format!("\"{name}\":"))?;
            rest.split([',', '}']).next()
        };
        if text.starts_with("{\"type\":\"hello\"") {
            *epoch = field("epoch").map(|epoch| epoch.trim_matches('"').to_owned());
            seen.times.set(seen.times.get() + 1);
            if field("recovered") != Some("true") {
                seen.missing.set(seen.missing.get() + 1);
            }
            let newest: u64 = field("offset")
                .and_then(|offset| offset.parse().ok())
                .unwrap();
            if seen.offset.get() >= newest && seen.back.get().is_none() {
                seen.back.set(Some(Instant::now()));
            }
        } else if text.starts_with("{\"type\":\"message\"") {
            let offset: u64 = field("offset")
                .and_then(|offset| offset.parse().ok())
                .unwrap();
            let missing = offset - seen.offset.get() - 1;
            seen.missing.set(seen.missing.get() + missing);
            seen.offset.set(offset);
            if seen.back.get().is_none() {
                seen.back.set(Some(Instant::now()));
            }
        }
    }
}

/// The next text frame of a server.
async fn read_text(stream: &mut TcpStream) -> std::io::Result<String> {
    loop {
        let first = stream.read_u8().await?;
        let length = match stream.read_u8().await? {
            126 => usize::from(stream.read_u16().await?),
            127 => stream.read_u64().await? as usize,
            short => usize::from(short),
        };
        let mut payload = vec![0; length];
        stream.read_exact(&mut payload).await?;
        match first {
            0x81 => return Ok(String::from_utf8(payload).unwrap()),
            0x88 => return Err(ErrorKind::ConnectionAborted.into()),
            _ => {}
        }
    }
}

/// Says all messages over HTTP, each until it is acknowledged; how many that were.
async fn say(room: Rc<Room>) -> u64 {
    for number in 0..MESSAGES {
        let id = format!("0198f000-0000-7000-8000-{number:012}");
        let body = format!(r#"{{"id":"{id}","author":"speaker","text":"message {number}"}}"#);
        loop {
            let address = *room.server.borrow();
            if let Some(address) = address
                && post(address, &body).await.unwrap_or(false)
            {
                break;
            }
            sleep(Duration::from_millis(20)).await;
        }
        sleep(Duration::from_millis(25)).await;
    }
    MESSAGES
}

async fn post(address: std::net::SocketAddr, body: &str) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!(
        "POST /v1/rooms/main/lobby/messages HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {TOKEN}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer.starts_with("HTTP/1.1 20"))
}
