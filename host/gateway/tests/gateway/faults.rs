//! A store that fails: what is promised all the same.

use crate::{
    faulty::{faulty, faulty_with},
    host::{LOBBY, MESSAGES, TOKEN, heard, lobby, soon},
    personas::{commit, fates, line},
    resume::message,
};
use chatter_protocol::{CallId, MessageId, TopicKind, call};
use chatter_store::Store;
use futures_util::future::join_all;
use serde_json::json;
use std::sync::{Arc, atomic::Ordering};
use tokio::{io::AsyncWriteExt, net::TcpStream};

#[tokio::test]
async fn what_is_in_the_log_is_acknowledged_whoever_else_sends_again() {
    let (host, store) = faulty().await;
    let id = MessageId::new();
    let first = host
        .post(MESSAGES, &json!({"id": id, "author": "ana", "text": "one"}))
        .await;
    assert_eq!(first.status, 201);
    let mut firehose = host.listen(TopicKind::ChatFirehose).await;

    store.refuses_reads.store(true, Ordering::SeqCst);
    // At the same moment, so that they are likely to be decided about together.
    let posts = (0..40).map(|n| {
        let body = if n % 2 == 0 {
            json!({"id": id, "author": "ben", "text": "mine"})
        } else {
            json!({"author": "carla", "text": format!("new {n}")})
        };
        let host = &host;
        async move { (n, host.post(MESSAGES, &body).await) }
    });
    for (n, answer) in soon(join_all(posts)).await {
        let expected = if n % 2 == 0 { 503 } else { 201 };
        assert_eq!(answer.status, expected, "post {n}: {}", answer.text());
    }
    for _ in 0..20 {
        heard(&mut firehose).await;
    }

    store.refuses_reads.store(false, Ordering::SeqCst);
    let again = host
        .post(
            MESSAGES,
            &json!({"id": id, "author": "ben", "text": "mine"}),
        )
        .await;
    assert_eq!(
        (again.status, &again.json()["code"]),
        (409, &json!("id_taken"))
    );
    host.end().await;
}

/// As after a gateway that was killed between keeping lines and settling them.
#[tokio::test]
async fn whose_lines_came_again_is_looked_up_at_once() {
    let (host, store) = faulty().await;
    let call = CallId::new();
    let lines: Vec<_> = (0..5).map(|n| line(call, &format!("line {n}"))).collect();
    let kept = lines.iter().cloned().map(Arc::new).collect();
    host.store.append(&lobby(), kept).await.unwrap();
    commit(&host, lines).await;
    assert_eq!(fates(&host).await, [const { call::Fate::Accepted }; 5]);
    assert_eq!(store.looks[1].load(Ordering::SeqCst), 5);
    host.end().await;
}

#[tokio::test]
async fn a_verdict_is_told_though_the_others_could_not_be_kept() {
    let (host, store) = faulty().await;
    let mut audit = host.listen(TopicKind::ChatAudit).await;
    store.refuses_writes.store(true, Ordering::SeqCst);
    let posts = (0..20).map(|n| {
        let text = if n == 10 { "frobnicate it" } else { "hello" };
        let host = &host;
        async move {
            (
                n,
                host.post(MESSAGES, &json!({"author": "ana", "text": text}))
                    .await,
            )
        }
    });
    for (n, answer) in soon(join_all(posts)).await {
        let expected = if n == 10 { 422 } else { 503 };
        assert_eq!(answer.status, expected, "post {n}: {}", answer.text());
    }
    assert_eq!(heard(&mut audit).await["rule"], "blocklist");

    store.refuses_writes.store(false, Ordering::SeqCst);
    assert_eq!(
        host.say("ana", "hello again").await,
        1,
        "nothing of the others is in the log"
    );
    host.end().await;
}

#[tokio::test]
async fn many_who_come_back_at_once_are_served_by_few_reads() {
    const VIEWERS: u64 = 200;
    const MESSAGES: u64 = 1000;
    let (host, store) = faulty().await;
    let old = (0..MESSAGES).map(|_| message("old")).collect();
    store.append(&lobby(), old).await.unwrap();
    let before = store.reads.load(Ordering::SeqCst);
    let viewers = (0..VIEWERS).map(async |n| {
        let after = MESSAGES - 1 - n * 3;
        let (mut viewer, hello) = host.watch(&format!("?name=v{n}&after={after}")).await;
        assert_eq!(hello["recovered"], true);
        let wanted: Vec<u64> = (after + 1..=MESSAGES).collect();
        assert_eq!(viewer.offsets(wanted.len()).await, wanted, "after {after}");
    });
    join_all(viewers).await;
    let reads = store.reads.load(Ordering::SeqCst) - before;
    // Without sharing it would be two for each, or more.
    assert!(reads < 100, "{reads} reads for {VIEWERS} viewers");
    host.end().await;
}

#[tokio::test]
async fn whoever_comes_back_while_the_log_cannot_be_read_is_told_to_try_later() {
    let (host, store) = faulty().await;
    let old = (0..10).map(|_| message("old")).collect();
    store.append(&lobby(), old).await.unwrap();
    store.refuses_reads.store(true, Ordering::SeqCst);
    let path = "/v1/rooms/main/lobby/ws?name=ana&after=3";
    let mut viewer = host.connect(path, &[]).await.unwrap();
    let close = viewer.closed().await.unwrap();
    assert_eq!(u16::from(close.code), 1013, "{close}");
    store.refuses_reads.store(false, Ordering::SeqCst);
    let (mut viewer, _) = host.watch("?name=ana&after=3").await;
    assert_eq!(viewer.offsets(7).await, (4..=10).collect::<Vec<_>>());
    host.end().await;
}

#[tokio::test]
async fn whoever_comes_before_the_room_knows_that_its_log_is_another_one_comes_again() {
    let (host, store) = faulty().await;
    let (mut viewer, _) = host.watch("?name=ana").await;
    host.say("ben", "old").await;
    assert_eq!(viewer.offsets(1).await, [1]);
    store.is_another.store(true, Ordering::SeqCst);
    for query in ["", "&after=0"] {
        let path = format!("{LOBBY}/ws?name=ben{query}");
        let mut late = host.connect(&path, &[]).await.unwrap();
        let close = late.closed().await.unwrap();
        assert_eq!(u16::from(close.code), 1012, "{close}");
    }
    host.end().await;
}

#[tokio::test]
async fn whoever_is_refused_at_the_door_makes_no_session() {
    let (host, store) = faulty_with(|config| config.limits.viewers_per_room = 1).await;
    let path = format!("{LOBBY}/ws");
    let _first = host.connect(&path, &[]).await.unwrap();
    assert!(host.connect(&path, &[]).await.is_err(), "the room is full");
    assert_eq!(store.sessions.load(Ordering::SeqCst), 1);
    host.end().await;
}

#[tokio::test]
async fn a_removal_that_broke_off_is_finished_by_the_next_order() {
    let (host, store) = faulty().await;
    let (mut bob, _) = host.watch("?name=bob").await;
    host.say("ana", "SECRET").await;
    let id = bob.next().await["message"]["id"].clone();
    let path = format!("{MESSAGES}/{}", id.as_str().unwrap());
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("authorization", bearer.as_str())];

    store.refuses_acts.store(true, Ordering::SeqCst);
    assert_eq!(host.http("DELETE", &path, &headers, "").await.status, 503);
    store.refuses_acts.store(false, Ordering::SeqCst);
    for _ in 0..2 {
        assert_eq!(host.http("DELETE", &path, &headers, "").await.status, 204);
    }
    let remove = bob.next().await;
    assert_eq!((&remove["type"], &remove["id"]), (&json!("remove"), &id));
    host.say("ana", "next").await;
    assert_eq!(bob.next().await["message"]["text"], "next", "told once");
    host.end().await;
}

#[tokio::test]
async fn an_order_is_carried_out_though_its_client_has_gone() {
    let (host, store) = faulty().await;
    let (mut bob, _) = host.watch("?name=bob").await;
    host.say("ana", "SECRET").await;
    let id = bob.next().await["message"]["id"].clone();
    store.stops_acts.store(true, Ordering::SeqCst);
    let mut client = TcpStream::connect(host.addr).await.unwrap();
    let request = format!(
        "DELETE {MESSAGES}/{} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {TOKEN}\r\n\r\n",
        id.as_str().unwrap(),
        host.addr
    );
    client.write_all(request.as_bytes()).await.unwrap();
    soon(store.stopped.notified()).await;
    drop(client);
    // What comes later is answered: the gateway has seen by then that the client has gone.
    assert_eq!(host.get("/healthz").await.status, 200);
    store.go_on.notify_one();
    assert_eq!(bob.next_of("remove").await["id"], id);
    host.end().await;
}
