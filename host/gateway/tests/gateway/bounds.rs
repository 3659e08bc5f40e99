//! What one client may take of a gateway that many use.

use crate::{
    host::{Answer, Host, LOBBY, MESSAGES, TOKEN, lobby, soon},
    resume::message,
};
use axum::body::Body;
use chatter_gateway::Proxies;
use hyper::{Request, client::conn::http1};
use hyper_util::rt::TokioIo;
use serde_json::json;
use std::{
    io::ErrorKind,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

const JSON: (&str, &str) = ("content-type", "application/json");

fn assert_limited(answer: &Answer) {
    assert_eq!(
        (answer.status, &answer.json()["code"]),
        (429, &json!("rate_limited")),
    );
    assert_eq!(
        answer.header("retry-after"),
        "1000",
        "a token comes every 1000 s"
    );
}

#[tokio::test]
async fn an_author_who_posts_too_much_is_told_when_to_go_on() {
    let host = Host::with(|config| {
        config.limits.post_burst = 3;
        config.limits.post_per_second = 0.001;
    })
    .await;
    for _ in 0..3 {
        host.say("Ana", "hello").await;
    }
    let body = json!({ "author": "ana", "text": "one more" });
    assert_limited(&host.post(MESSAGES, &body).await);
    host.say("Ben", "I have said nothing yet").await;
    let bearer = format!("Bearer {TOKEN}");
    let headers = [JSON, ("authorization", bearer.as_str())];
    let answer = host
        .http("POST", MESSAGES, &headers, body.to_string())
        .await;
    assert_eq!(answer.status, 201, "the operator has no such bound");
    let page = host.get(MESSAGES).await.json();
    assert_eq!(page["messages"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn an_address_is_bounded_whatever_names_it_gives() {
    let host = Host::with(|config| {
        config.limits.address_burst = 3;
        config.limits.address_per_second = 0.001;
    })
    .await;
    host.say("Ana", "hello").await;
    host.say("Ben", "hello").await;
    let wrong = host.post(MESSAGES, &json!({ "author": "Cem" })).await;
    assert_eq!(wrong.status, 422, "this counts too");
    let body = json!({ "author": "Dan", "text": "hello" });
    assert_limited(&host.post(MESSAGES, &body).await);
    assert_eq!(host.get(MESSAGES).await.status, 200, "reading goes on");
}

#[tokio::test]
async fn sessions_are_bounded_by_address() {
    let host = Host::with(|config| {
        config.proxies = Proxies {
            networks: vec!["127.0.0.1".parse().unwrap()],
            ..Proxies::default()
        };
    })
    .await;
    let ask = async |address: &str| {
        let headers = [JSON, ("x-forwarded-for", address)];
        let body = r#"{"name":"Ana"}"#;
        host.http("POST", "/v1/sessions", &headers, body).await
    };
    // One comes back each second, too.
    let mut refused = None;
    for _ in 0..100 {
        let answer = ask("203.0.113.7").await;
        if answer.status != 201 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("a bound");
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(ask("203.0.113.8").await.status, 201, "others get theirs");
    let path = format!("{LOBBY}/ws");
    let headers = [("x-forwarded-for", "203.0.113.7")];
    let mut viewer = host.connect(&path, &headers).await.unwrap();
    let hello = viewer.next().await;
    assert!(hello["token"].is_null(), "it watches without: {hello}");
}

#[tokio::test]
async fn a_head_beyond_its_bound_is_refused() {
    let host = Host::start().await;
    for (kib, status) in [(32, 200), (200, 431)] {
        let long = "x".repeat(kib << 10);
        let answer = host.http("GET", "/healthz", &[("x-long", &long)], "").await;
        assert_eq!(answer.status, status, "{kib} KiB");
    }
}

#[tokio::test]
async fn whoever_asks_and_never_reads_the_answers_is_cut_off() {
    let host = Host::with(|config| {
        config.limits.connections = 1;
        config.limits.write_deadline = Duration::from_millis(100);
    })
    .await;
    let long = (0..500).map(|_| message(&"🎉".repeat(500))).collect();
    host.store.append(&lobby(), long).await.unwrap();
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut greedy = soon(socket.connect(host.addr)).await.unwrap();
    // Together more than 20 MB, which no socket's buffers hold.
    let request = format!("GET {MESSAGES}?after=0&limit=500 HTTP/1.1\r\nhost: x\r\n\r\n");
    greedy
        .write_all(request.repeat(20).as_bytes())
        .await
        .unwrap();
    // It has begun, so the only place is taken.
    greedy.read_exact(&mut [0; 12]).await.unwrap();
    assert_eq!(
        host.get("/healthz").await.status,
        200,
        "the place is free again"
    );
    drop(greedy);
}

const LONG_PAGE: &str = "/v1/rooms/main/lobby/messages?after=0&limit=500";

async fn ask_for_long_page(host: &Host, from: &str) -> Answer {
    let headers = [("x-forwarded-for", from)];
    host.http("GET", LONG_PAGE, &headers, "").await
}

/// Asks for long pages and leaves them unread, over more and more connections until one is refused. That refusal, and
/// the connections.
async fn leave_long_pages_unread(host: &Host, from: &str) -> (Answer, Vec<TcpStream>) {
    // More than any socket's buffers hold.
    let request = format!("GET {LONG_PAGE} HTTP/1.1\r\nhost: x\r\nx-forwarded-for: {from}\r\n\r\n")
        .repeat(20);
    let mut greedy = Vec::new();
    for _ in 0..50 {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let mut stream = soon(socket.connect(host.addr)).await.unwrap();
        soon(stream.write_all(request.as_bytes())).await.unwrap();
        // The first answer has begun.
        soon(stream.read_exact(&mut [0; 12])).await.unwrap();
        greedy.push(stream);
        let answer = ask_for_long_page(host, from).await;
        if answer.status != 200 {
            return (answer, greedy);
        }
    }
    panic!("no bound");
}

#[tokio::test]
async fn long_pages_that_nobody_takes_are_bounded_and_short_ones_are_not() {
    let host = Host::with(|config| {
        config.limits.long_pages = 1;
        config.limits.write_deadline = Duration::from_secs(300);
    })
    .await;
    let long = (0..500).map(|_| message(&"🎉".repeat(500))).collect();
    host.store.append(&lobby(), long).await.unwrap();
    let (refused, greedy) = leave_long_pages_unread(&host, "203.0.113.9").await;
    assert_eq!(
        (refused.status, &refused.json()["code"]),
        (503, &json!("full"))
    );
    assert_eq!(refused.header("retry-after"), "5");
    let short = host.get(&format!("{MESSAGES}?after=0&limit=10")).await;
    assert_eq!(short.status, 200);
    drop(greedy);
    soon(async { while host.get(LONG_PAGE).await.status != 200 {} }).await;
}

#[tokio::test]
async fn who_leaves_long_pages_unread_keeps_no_other_address_out() {
    let host = Host::with(|config| {
        config.proxies.networks = vec!["127.0.0.1".parse().unwrap()];
        config.limits.write_deadline = Duration::from_secs(300);
    })
    .await;
    let long = (0..500).map(|_| message(&"🎉".repeat(500))).collect();
    host.store.append(&lobby(), long).await.unwrap();
    let (refused, _greedy) = leave_long_pages_unread(&host, "203.0.113.9").await;
    assert_eq!(
        (refused.status, &refused.json()["code"]),
        (429, &json!("too_many_connections"))
    );
    let other = ask_for_long_page(&host, "203.0.113.10").await;
    assert_eq!(other.status, 200);
}

#[tokio::test]
async fn connections_that_wait_for_a_next_request_keep_no_viewer_out() {
    const VIEWERS: usize = 16;
    let host = Host::with(|config| {
        config.limits.connections = 2 * VIEWERS;
        config.limits.viewers = VIEWERS;
    })
    .await;
    let mut pages = Vec::new();
    for _ in 0..VIEWERS {
        // As a browser does: what it asked over stays open for its next request, unless it is told otherwise.
        let stream = soon(TcpStream::connect(host.addr)).await.unwrap();
        let (mut send, connection) = soon(http1::handshake(TokioIo::new(stream))).await.unwrap();
        let connection = tokio::spawn(connection);
        let request = Request::get(LOBBY).header("host", "x");
        let request = request.body(Body::empty()).unwrap();
        let answer = soon(send.send_request(request)).await.unwrap();
        assert_eq!(answer.status(), 200);
        let closes = answer.headers().contains_key("connection");
        soon(axum::body::to_bytes(Body::new(answer), usize::MAX))
            .await
            .unwrap();
        let (viewer, _) = host.watch("").await;
        pages.push((closes, viewer, send, connection));
    }
    let kept = pages.iter().filter(|(closes, ..)| !closes).count();
    assert_eq!(kept, VIEWERS / 2, "while there is room they stay");
    assert_eq!(host.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn a_connection_that_asks_for_nothing_goes_soon_once_there_are_many() {
    let host = Host::with(|config| {
        config.limits.connections = 6;
        config.limits.viewers = 1;
    })
    .await;
    let first = soon(TcpStream::connect(host.addr)).await.unwrap();
    let _second = soon(TcpStream::connect(host.addr)).await.unwrap();
    let mut third = soon(TcpStream::connect(host.addr)).await.unwrap();
    let ended = soon(third.read(&mut [0])).await;
    assert!(matches!(ended, Ok(0)), "{ended:?}");
    let still = first.try_read(&mut [0]).unwrap_err();
    assert_eq!(still.kind(), ErrorKind::WouldBlock);
}

#[tokio::test]
async fn a_viewer_that_floods_is_slowed_down_and_still_sees_the_room() {
    let host = Host::with(|config| {
        config.limits.say_burst = 1;
        config.limits.say_per_second = 0.001;
    })
    .await;
    let (mut client, _) = host.watch("?name=ana").await;
    let started = Instant::now();
    for n in 0..=100 {
        client.say(&n.to_string(), "hello").await;
    }
    assert_eq!(host.say("Ben", "hello").await, 2);
    assert_eq!(client.offsets(2).await, [1, 2]);
    while client.next_of("error").await["nonce"] != "100" {}
    assert!(
        started.elapsed() >= Duration::from_millis(900),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn what_was_said_last_counts_even_if_the_viewer_leaves_at_once() {
    const VIEWERS: u64 = 20;
    let host = Host::start().await;
    for n in 0..VIEWERS {
        let (mut client, _) = host.watch(&format!("?name=viewer{n}")).await;
        client.say("bye", "good night").await;
        soon(client.0.close(None)).await.unwrap();
    }
    soon(async { while host.get(LOBBY).await.json()["offset"] != VIEWERS {} }).await;
}
