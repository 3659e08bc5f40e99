//! A page that shares its sound.

use crate::host::{Client, Host, TOKEN, soon};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chatter_bus::{Heard, publish_json};
use chatter_protocol::{RoomId, SoundPiece, Topic, TopicKind, source::BROWSER};
use futures_util::{FutureExt, SinkExt, StreamExt};
use serde_json::json;
use tokio_tungstenite::tungstenite::{Error, Message, protocol::frame::coding::CloseCode};

const SOUND: &str = "/v1/rooms/main/lobby/sound";

fn protocols(token: &str) -> String {
    format!(
        "chatter.sound, chatter.bearer.{}",
        BASE64_URL_SAFE_NO_PAD.encode(token)
    )
}

/// A host whose rooms listen to pages.
async fn listening() -> Host {
    let host = Host::start().await;
    for room in ["main/lobby", "main/attic"] {
        listens(&host, room, BROWSER).await;
    }
    host
}

/// The gateway knows what a room listens to.
async fn listens(host: &Host, room: &str, source: &str) {
    let topic = Topic::new(TopicKind::StreamSource, RoomId::new(room).unwrap());
    let at = "2026-01-31T12:00:00.000Z";
    let status = json!({
        "v": 1, "room_id": room, "source": source, "condition": "waiting", "since": at, "at": at,
        "hearing": { "by": "nothing" },
    });
    publish_json(&*host.bus, &topic, &status).await.unwrap();
    let path = format!("/v1/rooms/{room}");
    let told = async || host.http("GET", &path, &bearer(), "").await.json()["source"].clone();
    soon(async { while told().await["source"] != source {} }).await;
}

async fn share(host: &Host) -> Client {
    let headers = [("sec-websocket-protocol", &*protocols(TOKEN))];
    host.connect(SOUND, &headers).await.unwrap()
}

/// The status of a handshake that is refused.
async fn refused(host: &Host, headers: &[(&'static str, &str)]) -> u16 {
    match host.connect(SOUND, headers).await {
        Err(Error::Http(response)) => response.status().as_u16(),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("let in with {headers:?}"),
    }
}

#[tokio::test]
async fn what_a_page_shares_is_heard_in_the_room_piece_by_piece() {
    let host = listening().await;
    let mut heard = host.listen(TopicKind::StreamSound).await;
    let mut sharers = Vec::new();
    for round in 0..2 {
        let mut client = share(&host).await;
        for piece in 0..3u8 {
            client.send(Message::binary(vec![piece; 4096])).await;
            let Some(Heard::Message { payload, .. }) = soon(heard.next()).await else {
                panic!("nothing is heard")
            };
            let said = SoundPiece::decode(&payload).unwrap();
            assert_eq!(said.pcm, [piece; 4096], "round {round}");
            sharers.push(said.sharer);
        }
        soon(client.0.close(None)).await.unwrap();
        while client.0.next().await.is_some() {}
        // The place is free once the gateway has seen that.
        soon(async { while host.http("GET", SOUND, &bearer(), "").await.status == 409 {} }).await;
    }
    sharers.dedup();
    assert_eq!(sharers.len(), 2, "who begins anew is another one");
    host.end().await;
}

fn bearer() -> [(&'static str, &'static str); 1] {
    [("authorization", "Bearer the-operator")]
}

#[tokio::test]
async fn only_who_may_say_what_happens_shares_and_one_at_a_time() {
    let host = listening().await;
    let origin = format!("http://{}", host.addr);
    let (right, wrong) = (protocols(TOKEN), protocols("somebody-else"));
    assert_eq!(refused(&host, &[]).await, 401);
    assert_eq!(
        refused(&host, &[("sec-websocket-protocol", &wrong)]).await,
        401
    );
    assert_eq!(
        refused(&host, &[("sec-websocket-protocol", "chatter.bearer.*")]).await,
        401
    );
    let elsewhere = [
        ("sec-websocket-protocol", &*right),
        ("origin", "https://evil.example"),
    ];
    assert_eq!(refused(&host, &elsewhere).await, 403);
    // Whoever asks first without a WebSocket learns the same.
    let asked = host.http("GET", SOUND, &[], "").await;
    assert_eq!(
        (asked.status, asked.json()["code"].as_str()),
        (401, Some("unauthorized"))
    );
    let asked = host.http("GET", SOUND, &bearer(), "").await;
    assert_eq!((asked.status, asked.text()), (204, String::new()));

    let own = [("sec-websocket-protocol", &*right), ("origin", &*origin)];
    let first = host.connect(SOUND, &own).await.unwrap();
    assert_eq!(
        refused(&host, &[("sec-websocket-protocol", &right)]).await,
        409
    );
    let asked = host.http("GET", SOUND, &bearer(), "").await;
    assert_eq!(
        (asked.status, asked.json()["code"].as_str()),
        (409, Some("already_shared"))
    );
    // In another room there is a place of its own.
    let attic = "/v1/rooms/main/attic/sound";
    host.connect(attic, &[("sec-websocket-protocol", &right)])
        .await
        .unwrap();
    drop(first);
    host.end().await;
}

#[tokio::test]
async fn a_room_that_listens_to_something_else_takes_no_sound() {
    let host = Host::start().await;
    let refusal = async || {
        let asked = host.http("GET", SOUND, &bearer(), "").await;
        assert_eq!(
            (asked.status, &asked.json()["code"]),
            (409, &"not_listening".into())
        );
        asked.json()["detail"].as_str().unwrap().to_owned()
    };
    assert!(
        refusal()
            .await
            .starts_with("nobody listens in this room now")
    );
    listens(&host, "main/lobby", "configs/streams/talk.mp3").await;
    assert!(
        refusal()
            .await
            .starts_with("this room listens to configs/streams/talk.mp3;")
    );
    let right = protocols(TOKEN);
    assert_eq!(
        refused(&host, &[("sec-websocket-protocol", &right)]).await,
        409
    );

    listens(&host, "main/lobby", BROWSER).await;
    let mut heard = host.listen(TopicKind::StreamSound).await;
    let mut client = share(&host).await;
    client.send(Message::binary(vec![0; 4096])).await;
    soon(heard.next()).await.expect("it is heard");
    // Who shares is told when that changes.
    listens(&host, "main/lobby", "configs/streams/talk.mp3").await;
    client.send(Message::binary(vec![0; 4096])).await;
    let close = client.closed().await.unwrap();
    assert_eq!(close.code, CloseCode::Again);
    assert_eq!(close.reason, "the room listens to something else now");
    host.end().await;
}

#[tokio::test]
async fn a_frame_that_is_no_sound_ends_it_with_a_reason() {
    let host = listening().await;
    let table = [
        (
            "text",
            Message::text("hello"),
            Some("the frame is text"),
            CloseCode::Unsupported,
        ),
        (
            "empty",
            Message::binary(vec![]),
            Some("no whole samples"),
            CloseCode::Unsupported,
        ),
        (
            "half a sample",
            Message::binary(vec![0; 7]),
            Some("no whole samples"),
            CloseCode::Unsupported,
        ),
        (
            "too large",
            Message::binary(vec![0; 4098]),
            Some("larger than 4096"),
            CloseCode::Size,
        ),
        (
            "much too large",
            Message::binary(vec![0; 100_000]),
            None,
            CloseCode::Size,
        ),
    ];
    for (what, frame, detail, code) in table {
        let mut client = soon(async {
            loop {
                let headers = [("sec-websocket-protocol", &*protocols(TOKEN))];
                // The one before may not have ended yet.
                if let Ok(client) = host.connect(SOUND, &headers).await {
                    return client;
                }
            }
        })
        .await;
        client.send(frame).await;
        if let Some(detail) = detail {
            let error = client.next().await;
            assert_eq!(
                (&error["type"], &error["code"]),
                (&"error".into(), &"bad_frame".into()),
                "{what}"
            );
            assert!(
                error["detail"].as_str().unwrap().contains(detail),
                "{what}: {error}"
            );
        }
        assert_eq!(
            client.closed().await.map(|close| close.code),
            Some(code),
            "{what}"
        );
    }
    host.end().await;
}

#[tokio::test]
async fn what_was_held_up_is_read_at_once_and_most_of_it_left_out() {
    let host = listening().await;
    let mut heard = host.listen(TopicKind::StreamSound).await;
    let mut client = share(&host).await;
    // Nearly 26 s of sound, then something that is answered.
    for piece in 0..200u8 {
        client.send(Message::binary(vec![piece; 4096])).await;
    }
    client.send(Message::text("hello")).await;
    assert_eq!(client.next().await["code"], "bad_frame");
    let mut passed = Vec::new();
    while let Some(Some(Heard::Message { payload, .. })) = heard.next().now_or_never() {
        passed.push(SoundPiece::decode(&payload).unwrap().pcm[0]);
    }
    assert!((39..150).contains(&passed.len()), "{passed:?}");
    assert_eq!(passed[..39], (0..39).collect::<Vec<u8>>());
    host.end().await;
}

#[tokio::test]
async fn who_sends_faster_than_is_heard_is_sent_away() {
    let host = listening().await;
    let mut client = share(&host).await;
    let (mut to, mut from) = (&mut client.0).split();
    let flood = async { while to.send(Message::binary(vec![0; 4096])).await.is_ok() {} };
    let end = async {
        loop {
            match from.next().await {
                Some(Ok(Message::Close(close))) => return close,
                Some(Ok(_)) => {}
                other => panic!("{other:?}"),
            }
        }
    };
    let end = soon(async {
        tokio::select! {
            biased;
            end = end => end,
            () = async { flood.await; std::future::pending().await } => None,
        }
    })
    .await
    .unwrap();
    assert_eq!(end.code, CloseCode::Policy);
    assert_eq!(end.reason, "sound came faster than it is heard");
    host.end().await;
}

#[tokio::test]
async fn a_room_that_closes_says_so() {
    let host = listening().await;
    let mut client = share(&host).await;
    host.cancel.cancel();
    assert_eq!(
        client.closed().await.map(|close| close.code),
        Some(CloseCode::Away)
    );
    host.end().await;
}
