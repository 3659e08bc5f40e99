//! Sessions that are in use, which are not forgotten before those that are not.

use crate::{
    faulty::faulty,
    host::{Client, Host, LOBBY, soon},
};
use chatter_store::StoredSession;
use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::sync::atomic::Ordering;
use tokio_tungstenite::tungstenite::Message;

/// Makes a session, and gives the header that proves it, and its token's hash.
async fn session(host: &Host) -> (String, String) {
    let session = host.post("/v1/sessions", &json!({ "name": "Ana" })).await;
    let session = session.json();
    let token = session["token"].as_str().unwrap();
    let hash = Sha256::digest(token);
    let hash = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    (format!("Bearer {token}"), hash)
}

async fn kept(host: &Host, hash: &str) -> StoredSession {
    host.store.session(hash).await.unwrap().unwrap()
}

async fn use_it(host: &Host, bearer: &str) {
    let answer = host
        .http("GET", LOBBY, &[("authorization", bearer)], "")
        .await;
    assert_eq!(answer.status, 200);
}

/// Pings, and waits for the answer.
async fn ping(client: &mut Client) {
    soon(client.0.send(Message::Ping(Vec::new().into())))
        .await
        .unwrap();
    while !matches!(soon(client.0.next()).await, Some(Ok(Message::Pong(_)))) {}
}

#[tokio::test]
async fn that_a_session_is_in_use_is_kept_now_and_then() {
    let (host, store) = faulty().await;
    let (bearer, hash) = session(&host).await;
    let made = kept(&host, &hash).await;
    let mut used = made.used_at;
    // After so many minutes it is used twice; whether that is kept, and how often it was by then.
    for (minutes, is_kept, times) in [
        (0, false, 1),
        (4, false, 1),
        (1, true, 2),
        (3, false, 2),
        (2, true, 3),
        (600, true, 4),
        (-1440, true, 5),
    ] {
        let time = host.time.fetch_add(minutes * 60_000, Ordering::Relaxed) + minutes * 60_000;
        use_it(&host, &bearer).await;
        if is_kept {
            soon(async {
                while kept(&host, &hash).await.used_at.as_millis() != time {
                    tokio::task::yield_now().await;
                }
            })
            .await;
            used = kept(&host, &hash).await.used_at;
        }
        use_it(&host, &bearer).await;
        let after = kept(&host, &hash).await;
        let wanted = StoredSession {
            used_at: used,
            ..made.clone()
        };
        assert_eq!(after, wanted, "{minutes} minutes later");
        let kept = store.sessions.load(Ordering::SeqCst);
        assert_eq!(kept, times, "{minutes} minutes later");
    }
    host.end().await;
}

#[tokio::test]
async fn whoever_has_a_websocket_alone_uses_the_session() {
    let host = Host::start().await;
    let (bearer, hash) = session(&host).await;
    let path = format!("{LOBBY}/ws");
    let mut client = host
        .connect(&path, &[("authorization", &bearer)])
        .await
        .unwrap();
    for minutes in [5, 5, -1440] {
        let time = host.time.fetch_add(minutes * 60_000, Ordering::Relaxed) + minutes * 60_000;
        soon(async {
            while kept(&host, &hash).await.used_at.as_millis() != time {
                ping(&mut client).await;
            }
        })
        .await;
    }
    host.end().await;
}

#[tokio::test]
async fn while_nothing_can_be_kept_requests_ask_the_store_for_one_at_a_time() {
    let (host, store) = faulty().await;
    let mut sessions = Vec::new();
    for _ in 0..3 {
        sessions.push(session(&host).await.0);
    }
    host.time.fetch_add(300_000, Ordering::Relaxed);
    store.stops_sessions.store(true, Ordering::SeqCst);
    for bearer in &sessions {
        use_it(&host, bearer).await;
    }
    soon(store.stopped.notified()).await;
    assert_eq!(store.sessions.load(Ordering::SeqCst), 3 + 1);
    host.end().await;
}
