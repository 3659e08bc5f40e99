//! Everything that can be wrong with a WebSocket and its frames.

use crate::host::{Host, LOBBY};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Error, Message};

/// A frame, the code of its answer, the place that the answer names, and whether it has the nonce.
type Case = (
    &'static str,
    Message,
    &'static str,
    Option<&'static str>,
    bool,
);

#[rustfmt::skip]
fn frames() -> Vec<Case> {
    let say = |field: &str, value: Value| {
        let mut frame = json!({ "type": "say", "nonce": "n", "text": "hello" });
        frame[field] = value;
        Message::from(frame.to_string())
    };
    vec![
        ("not JSON", "hello".into(), "bad_json", None, false),
        ("cut off", r#"{"type":"say","#.into(), "bad_json", None, false),
        ("empty", "".into(), "bad_json", None, false),
        ("a number", "7".into(), "invalid", None, false),
        ("an array", "[]".into(), "invalid", None, false),
        ("no type", r#"{"nonce":"n","text":"a"}"#.into(), "invalid", Some("/type"), true),
        ("another type", say("type", json!("shout")), "invalid", Some("/type"), true),
        ("no nonce", r#"{"type":"say","text":"a"}"#.into(), "invalid", Some("/nonce"), false),
        ("nonce is empty", say("nonce", json!("")), "invalid", Some("/nonce"), false),
        ("nonce is a number", say("nonce", json!(1)), "invalid", Some("/nonce"), false),
        ("nonce is too long", say("nonce", json!("n".repeat(65))), "invalid", Some("/nonce"), false),
        ("no text", r#"{"type":"say","nonce":"n"}"#.into(), "invalid", Some("/text"), true),
        ("text is empty", say("text", json!("")), "invalid", Some("/text"), true),
        ("text is too long", say("text", json!("x".repeat(501))), "invalid", Some("/text"), true),
        ("text is an object", say("text", json!({})), "invalid", Some("/text"), true),
        ("white space", say("text", json!(" ")), "empty", Some("/text"), true),
        ("two lines", say("text", json!("a\r\nb")), "multi_line", Some("/text"), true),
        ("a control character", say("text", json!("\u{1b}[2J")), "control_characters", Some("/text"), true),
        ("an invisible character", say("text", json!("pass\u{200b}word")), "invisible_characters", Some("/text"), true),
        ("a blocked word", say("text", json!("let us frobnicate")), "blocklist", Some("/text"), true),
        ("id is no UUID", say("id", json!("x")), "invalid", Some("/id"), true),
        ("reply to no UUID", say("reply_to", json!("x")), "invalid", Some("/reply_to"), true),
        ("a large frame", say("more", json!("x".repeat(17 << 10))), "too_large", None, false),
        ("a binary frame", Message::binary(vec![1, 2, 3]), "bad_frame", None, false),
    ]
}

#[tokio::test]
async fn wrong_frames_are_answered_and_the_connection_stays() {
    let host = Host::start().await;
    let (mut client, _) = host.watch("?name=ana").await;
    for (what, frame, code, pointer, nonce) in frames() {
        client.send(frame).await;
        let error = client.next().await;
        assert_eq!(
            (&error["type"], &error["code"]),
            (&json!("error"), &json!(code)),
            "{what}: {error}"
        );
        assert!(
            error["detail"]
                .as_str()
                .is_some_and(|detail| !detail.is_empty()),
            "{what}: {error}"
        );
        if let Some(pointer) = pointer {
            assert_eq!(error["pointer"], pointer, "{what}: {error}");
        }
        assert_eq!(
            error["nonce"].as_str(),
            nonce.then_some("n"),
            "{what}: {error}"
        );
    }
    client.say("good", "hello").await;
    assert_eq!(client.next_of("ack").await["nonce"], "good");
}

#[tokio::test]
async fn too_many_wrong_frames_end_the_connection() {
    let host = Host::start().await;
    let (mut client, _) = host.watch("?name=ana").await;
    for _ in 0..50 {
        client.send("nonsense").await;
        assert_eq!(client.next().await["code"], "bad_json");
    }
    assert_eq!(u16::from(client.closed().await.unwrap().code), 1008);
}

#[tokio::test]
async fn a_frame_beyond_all_bounds_ends_the_connection() {
    let host = Host::start().await;
    let (mut client, _) = host.watch("?name=ana").await;
    client.send("x".repeat(65 << 10)).await;
    assert_eq!(
        client.closed().await.map(|frame| u16::from(frame.code)),
        Some(1009)
    );
}

#[tokio::test]
async fn who_says_too_much_is_told_to_wait() {
    let host = Host::with(|config| {
        config.limits.say_burst = 3;
        config.limits.say_per_second = 0.001;
    })
    .await;
    let (mut client, _) = host.watch("?name=ana").await;
    for n in 0..4 {
        client.say(&n.to_string(), "hello").await;
    }
    let error = client.next_of("error").await;
    assert_eq!(
        (&error["code"], &error["nonce"]),
        (&json!("rate_limited"), &json!("3"))
    );
}

#[tokio::test]
async fn a_handshake_that_is_refused_says_why() {
    let host = Host::start().await;
    let path = format!("{LOBBY}/ws");
    let named = format!("{path}?name=Nova");
    let bad = format!("{path}?after=x");
    type Handshake<'a> = (&'a str, Option<(&'static str, &'a str)>, u16);
    let cases: [Handshake<'_>; 5] = [
        (&path, Some(("origin", "https://evil.example")), 403),
        (&path, Some(("authorization", "Bearer abc")), 401),
        (&named, None, 409),
        (&bad, None, 400),
        ("/v1/rooms/main/cellar/ws", None, 404),
    ];
    for (path, header, status) in cases {
        match host.connect(path, header.as_slice()).await {
            Err(Error::Http(answer)) => {
                assert_eq!(answer.status(), status, "{path}")
            }
            Err(other) => panic!("{path}: {other}"),
            Ok(_) => panic!("{path}: was let in"),
        }
    }
    let own = format!("http://{}", host.addr);
    assert!(host.connect(&path, &[("origin", &own)]).await.is_ok());
}
