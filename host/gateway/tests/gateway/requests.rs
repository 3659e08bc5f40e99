//! What tests ask the lobby for, as people, as moderators and as the operator.

use crate::host::{Client, Host, LOBBY, MESSAGES, TOKEN};
use serde_json::{Value, json};

/// A request of whoever has the token; its status, and what it is answered with.
pub(crate) async fn as_whoever_has(
    token: &str,
    host: &Host,
    method: &str,
    path: &str,
    body: Value,
) -> (u16, Value) {
    let bearer = format!("Bearer {token}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let answer = host
        .http(method, &format!("{LOBBY}{path}"), &headers, body)
        .await;
    let body = serde_json::from_slice(&answer.body).unwrap_or_default();
    (answer.status, body)
}

pub(crate) async fn as_operator(
    host: &Host,
    method: &str,
    path: &str,
    body: Value,
) -> (u16, Value) {
    as_whoever_has(TOKEN, host, method, path, body).await
}

pub(crate) async fn say(host: &Host, author: &str, text: &str) -> (u16, Value) {
    let answer = host
        .post(MESSAGES, &json!({ "author": author, "text": text }))
        .await;
    (answer.status, answer.json())
}

/// The texts of a room's log, as anybody reads them.
pub(crate) async fn texts(host: &Host) -> Vec<String> {
    let page = host.get(&format!("{MESSAGES}?after=0")).await.json();
    let messages = page["messages"].as_array().unwrap().clone();
    for (message, offset) in messages.iter().zip(1..) {
        assert_eq!(message["offset"], offset, "no gaps");
    }
    messages
        .iter()
        .map(|placed| placed["message"]["text"].as_str().unwrap().to_owned())
        .collect()
}

pub(crate) async fn moderator(host: &Host) -> Client {
    let bearer = format!("Bearer {TOKEN}");
    let mut client = host
        .connect(&format!("{LOBBY}/ws"), &[("authorization", &bearer)])
        .await
        .unwrap();
    assert_eq!(client.next().await["type"], "hello");
    client
}

/// Gives a command, and what it is answered with.
pub(crate) async fn order(client: &mut Client, text: &str) -> Value {
    client.say("c", text).await;
    loop {
        let frame = client.next().await;
        if frame["nonce"] == "c" {
            return frame;
        }
    }
}

pub(crate) async fn ordered(client: &mut Client, text: &str) -> String {
    let answer = order(client, text).await;
    assert_eq!(answer["type"], "notice", "{text}: {answer}");
    answer["text"].as_str().unwrap().to_owned()
}
