//! RFC 6455 on the wire: what the gateway does with frames that are not as they should be, or come in
//! other pieces than they were sent in. What the decoder makes of each is in a table of its own.

use crate::host::{Host, LOBBY, soon};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A client that writes what it likes.
struct Wire(TcpStream);

impl Wire {
    /// A WebSocket whose hello has been read. `early` is sent together with the handshake.
    async fn open(host: &Host, more: &str, early: &[u8]) -> Self {
        let mut stream = TcpStream::connect(host.addr).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let request = format!(
            "GET {LOBBY}/ws?name=ana HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n",
            host.addr
        );
        let bytes = [request.as_bytes(), early].concat();
        stream.write_all(&bytes).await.unwrap();
        let mut wire = Self(stream);
        let head = soon(wire.head()).await;
        assert!(head.starts_with("http/1.1 101"), "{head}");
        assert!(
            head.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=\r\n"),
            "{head}"
        );
        assert!(!head.contains("sec-websocket-extensions"), "{head}");
        assert_eq!(wire.json().await["type"], "hello");
        wire
    }

    async fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.0.read_u8().await.unwrap());
        }
        String::from_utf8(head).unwrap().to_lowercase()
    }

    async fn send(&mut self, bytes: &[u8]) {
        soon(self.0.write_all(bytes)).await.unwrap();
    }

    /// The next frame: its first byte and its payload.
    async fn frame(&mut self) -> (u8, Vec<u8>) {
        soon(async {
            let first = self.0.read_u8().await.unwrap();
            let length = match self.0.read_u8().await.unwrap() {
                126 => usize::from(self.0.read_u16().await.unwrap()),
                short => usize::from(short),
            };
            let mut payload = vec![0; length];
            self.0.read_exact(&mut payload).await.unwrap();
            (first, payload)
        })
        .await
    }

    async fn json(&mut self) -> Value {
        let (first, payload) = self.frame().await;
        assert_eq!(first, 0x81);
        serde_json::from_slice(&payload).unwrap()
    }

    /// The next answer to something that was said; what is shown to all is passed over.
    async fn answer(&mut self) -> Value {
        loop {
            let frame = self.json().await;
            if frame["type"] != "message" {
                return frame;
            }
        }
    }

    /// The next pong's payload; what is shown to all is passed over.
    async fn pong(&mut self) -> Vec<u8> {
        loop {
            match self.frame().await {
                (0x8a, payload) => return payload,
                (0x81, _) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The close frame comes next, with this code, and then the end.
    async fn ends(&mut self, what: &str, code: Option<u16>) {
        let (first, payload) = loop {
            let frame = self.frame().await;
            if frame.0 != 0x81 {
                break frame;
            }
        };
        assert_eq!(first, 0x88, "{what}");
        let told = payload.first_chunk().map(|code| u16::from_be_bytes(*code));
        assert_eq!(told, code, "{what}: {}", String::from_utf8_lossy(&payload));
        let mut rest = Vec::new();
        soon(self.0.read_to_end(&mut rest)).await.expect(what);
        assert_eq!(rest, b"", "{what}");
    }
}

/// A client's frame.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [1, 2, 3, 4];
    let mut frame = vec![first];
    match payload.len() {
        short @ ..126 => frame.push(0x80 | u8::try_from(short).unwrap()),
        medium => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&u16::try_from(medium).unwrap().to_be_bytes());
        }
    }
    frame.extend_from_slice(&MASK);
    frame.extend(
        payload
            .iter()
            .zip(MASK.iter().cycle())
            .map(|(byte, key)| byte ^ key),
    );
    frame
}

fn say(nonce: &str) -> Vec<u8> {
    let say = json!({ "type": "say", "nonce": nonce, "text": "héllo" });
    frame(0x81, say.to_string().as_bytes())
}

#[tokio::test]
async fn a_frame_is_read_in_whatever_pieces_it_comes() {
    let host = Host::start().await;
    let mut wire = Wire::open(&host, "", b"").await;
    for byte in say("in bytes") {
        wire.send(&[byte]).await;
    }
    assert_eq!(wire.answer().await["nonce"], "in bytes");

    let packet = [say("1"), frame(0x89, b"are you there"), say("2")].concat();
    wire.send(&packet).await;
    assert_eq!(wire.pong().await, b"are you there");
    for nonce in ["1", "2"] {
        assert_eq!(wire.answer().await["nonce"], nonce);
    }

    let whole = say("in fragments");
    let payload: Vec<u8> = whole[6..]
        .iter()
        .zip([1, 2, 3, 4].iter().cycle())
        .map(|(byte, key)| byte ^ key)
        .collect();
    // In the middle of the é.
    let (one, other) = payload.split_at(payload.iter().position(|byte| *byte == 0xc3).unwrap() + 1);
    wire.send(&frame(0x01, one)).await;
    wire.send(&frame(0x89, b"")).await;
    assert_eq!(wire.pong().await, b"");
    wire.send(&frame(0x80, other)).await;
    assert_eq!(wire.answer().await["nonce"], "in fragments");
}

#[tokio::test]
async fn what_comes_together_with_the_handshake_is_not_lost() {
    let host = Host::start().await;
    let mut wire = Wire::open(&host, "", &say("early")).await;
    assert_eq!(wire.answer().await["nonce"], "early");
}

#[tokio::test]
async fn another_version_is_told_which_one_is_spoken() {
    let host = Host::start().await;
    let mut stream = TcpStream::connect(host.addr).await.unwrap();
    let request = format!(
        "GET {LOBBY}/ws?name=ana HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        host.addr
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let head = soon(Wire(stream).head()).await;
    assert!(head.starts_with("http/1.1 426"), "{head}");
    assert!(head.contains("sec-websocket-version: 13\r\n"), "{head}");
}

#[tokio::test]
async fn compression_is_offered_in_vain() {
    let host = Host::start().await;
    let offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
    let mut wire = Wire::open(&host, offer, b"").await;
    wire.send(&frame(0xc1, b"compressed")).await;
    wire.ends("a frame that says it is compressed", Some(1002))
        .await;
}

#[tokio::test]
async fn what_breaks_the_protocol_ends_the_connection_with_its_code() {
    let host = Host::start().await;
    #[rustfmt::skip]
    let cases: [(&str, Vec<u8>, u16); 9] = [
        ("not masked", vec![0x81, 1, b'a'], 1002),
        ("a reserved opcode", frame(0x83, b""), 1002),
        ("nothing to continue", frame(0x80, b"a"), 1002),
        ("a long ping", frame(0x89, &[0; 126]), 1002),
        ("no UTF-8", frame(0x81, &[0xff]), 1007),
        ("too large, and more behind it", [&[0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 1, 1, 2, 3, 4][..], &[b'x'; 9000]].concat(), 1009),
        ("a code that may not be sent", frame(0x88, &1005_u16.to_be_bytes()), 1002),
        ("half a code", frame(0x88, &[3]), 1002),
        ("a reason that is not UTF-8", frame(0x88, &[3, 232, 0xff]), 1007),
    ];
    for (what, bytes, code) in cases {
        let mut wire = Wire::open(&host, "", b"").await;
        wire.send(&bytes).await;
        wire.ends(what, Some(code)).await;
    }
}

#[tokio::test]
async fn a_goodbye_is_answered_in_kind_and_ends_it() {
    let host = Host::start().await;
    for (what, payload, code) in [
        ("no code", &b""[..], None),
        ("normal", &1000_u16.to_be_bytes(), Some(1000)),
        ("with a reason", &[3, 233, b'b', b'y', b'e'], Some(1001)),
        ("of one's own", &4999_u16.to_be_bytes(), Some(4999)),
    ] {
        let mut wire = Wire::open(&host, "", b"").await;
        // What follows it does not count, whatever it is.
        let bytes = [frame(0x88, payload), vec![0xff; 100]].concat();
        wire.send(&bytes).await;
        wire.ends(what, code).await;
    }
}

#[tokio::test]
async fn whoever_says_something_and_stops_writing_has_said_it() {
    let host = Host::start().await;
    let mut wire = Wire::open(&host, "", b"").await;
    wire.send(&say("last")).await;
    soon(wire.0.shutdown()).await.unwrap();
    soon(async { while host.get(LOBBY).await.json()["offset"] != 1 {} }).await;
    soon(async { while host.get(LOBBY).await.json()["viewers"] != 0 {} }).await;
}

#[tokio::test]
async fn viewers_who_are_told_of_the_end_may_go_on_talking() {
    let host = Host::start().await;
    let mut wire = Wire::open(&host, "", b"").await;
    host.cancel.cancel();
    // It is told; whatever it says before it answers is read, so that nothing is reset.
    let (first, payload) = wire.frame().await;
    assert_eq!((first, &payload[..2]), (0x88, &1001_u16.to_be_bytes()[..]));
    for _ in 0..20 {
        wire.send(&say("too late")).await;
    }
    wire.send(&frame(0x88, &1001_u16.to_be_bytes())).await;
    let mut rest = Vec::new();
    soon(wire.0.read_to_end(&mut rest)).await.unwrap();
    assert_eq!(rest, b"");
}
