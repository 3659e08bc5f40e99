//! One order for everyone, and each message once.

use crate::{
    host::{Host, LOBBY, MESSAGES, lobby},
    resume::message,
};
use chatter_protocol::Timestamp;
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::{collections::HashSet, sync::Arc};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_viewers_see_the_same_order_under_concurrent_senders() {
    const SENDERS: usize = 8;
    const EACH: usize = 25;
    const ALL: usize = SENDERS * EACH;
    let host = Host::start().await;
    let (mut first, _) = host.watch("?name=first").await;
    let (mut second, _) = host.watch("?name=second").await;

    let senders = join_all((0..SENDERS).map(async |sender| {
        let mut acked = Vec::new();
        if sender % 2 == 0 {
            for n in 0..EACH {
                let text = format!("{sender}:{n}");
                acked.push((host.say(&format!("s{sender}"), &text).await, text));
            }
        } else {
            let (mut client, _) = host.watch(&format!("?name=s{sender}")).await;
            for n in 0..EACH {
                let text = format!("{sender}:{n}");
                client.say(&text, &text).await;
                let ack = client.next_of("ack").await;
                assert_eq!(ack["nonce"], text);
                acked.push((ack["offset"].as_u64().unwrap(), text));
            }
        }
        acked
    }));
    let read = async |client: &mut crate::host::Client| {
        let mut seen = Vec::new();
        while seen.len() < ALL {
            let frame = client.next_of("message").await;
            seen.push((
                frame["offset"].as_u64().unwrap(),
                frame["message"]["text"].as_str().unwrap().to_owned(),
            ));
        }
        seen
    };
    let (acked, first, second) = tokio::join!(senders, read(&mut first), read(&mut second));

    assert_eq!(first, second);
    let offsets: Vec<_> = first.iter().map(|(offset, _)| *offset).collect();
    assert_eq!(offsets, (1..=ALL as u64).collect::<Vec<_>>());
    let seen: HashSet<_> = first.into_iter().collect();
    let acked: HashSet<_> = acked.into_iter().flatten().collect();
    assert_eq!(
        seen, acked,
        "what was acknowledged is what was seen, at the same offsets"
    );
}

#[tokio::test]
async fn the_same_id_again_is_the_same_message() {
    let host = Host::start().await;
    let (mut viewer, _) = host.watch("?name=viewer").await;
    let body =
        json!({ "id": "0198f000-0000-7000-8000-000000000001", "author": "ana", "text": "once" });
    let first = host.post(MESSAGES, &body).await;
    assert_eq!((first.status, &first.json()["offset"]), (201, &json!(1)));
    let again = host.post(MESSAGES, &body).await;
    assert_eq!((again.status, again.json()), (200, first.json()));

    let (mut ana, _) = host.watch("?name=ana").await;
    let frame =
        json!({ "type": "say", "nonce": "n", "id": body["id"], "text": "once" }).to_string();
    ana.send(frame).await;
    assert_eq!(
        ana.next().await,
        json!({ "type": "ack", "nonce": "n", "id": body["id"], "offset": 1 })
    );

    host.say("ana", "twice").await;
    assert_eq!(viewer.next().await["message"]["id"], body["id"]);
    assert_eq!(
        viewer.next().await["message"]["text"],
        "twice",
        "and nothing between them"
    );
}

#[tokio::test]
async fn the_same_id_at_once_is_one_message() {
    let host = Host::start().await;
    let body =
        json!({ "id": "0198f000-0000-7000-8000-000000000002", "author": "ana", "text": "once" });
    let answers = join_all((0..10).map(|_| host.post(MESSAGES, &body))).await;
    assert_eq!(
        answers.iter().filter(|answer| answer.status == 201).count(),
        1
    );
    assert!(
        answers
            .iter()
            .all(|answer| matches!(answer.status, 200 | 201) && answer.json()["offset"] == 1)
    );
    assert_eq!(host.get(LOBBY).await.json()["offset"], 1);
}

#[tokio::test]
async fn an_id_of_somebody_else_is_taken() {
    let host = Host::start().await;
    let id = "0198f000-0000-7000-8000-000000000003";
    let say = |author: &str| json!({ "id": id, "author": author, "text": "mine" });
    assert_eq!(host.post(MESSAGES, &say("ana")).await.status, 201);
    let other = host.post(MESSAGES, &say("bob")).await;
    assert_eq!(
        (other.status, &other.json()["code"]),
        (409, &json!("id_taken"))
    );
    let page = host.get(MESSAGES).await.json();
    assert_eq!(page["messages"].as_array().map(Vec::len), Some(1));
    assert_eq!(page["messages"][0]["message"]["author"]["name"], "ana");
}

#[tokio::test]
async fn a_message_is_what_the_gateway_makes_of_it() {
    let host = Host::start().await;
    host.say("Ana", "hi all").await;
    let body = json!({
        "author": { "name": "bob" },
        "text": "<b>@nova</b> and @ana",
        "reply_to": "0198f000-0000-7000-8000-00000000ffff",
        "sent_at": "1999-01-01T00:00:00Z", "call_id": "0198f000-0000-7000-8000-00000000ffff"
    });
    assert_eq!(host.post(MESSAGES, &body).await.status, 201);
    let page = host.get(&format!("{MESSAGES}?after=1")).await.json();
    let message: &Value = &page["messages"][0]["message"];
    assert_eq!(page["messages"][0]["offset"], 2);
    assert_eq!(message["v"], 1);
    assert_eq!(message["room_id"], "main/lobby");
    assert_eq!(message["author"]["id"], "guest:bob");
    assert_eq!(message["author"]["kind"], "viewer");
    assert_eq!(message["author"]["badges"], Value::Null);
    assert_eq!(message["text"], "<b>@nova</b> and @ana", "text is text");
    assert_eq!(
        message["reply_to"], body["reply_to"],
        "which the log may have forgotten"
    );
    assert_eq!(message["mentions"], json!(["persona:nova", "guest:ana"]));
    assert_eq!(
        message["sent_at"], "2026-01-31T12:00:00.000Z",
        "by the host's clock"
    );
    assert_eq!(message["call_id"], Value::Null);
}

#[tokio::test]
async fn a_clock_that_is_set_back_does_not_turn_messages_around() {
    let host = Host::start().await;
    // An hour later than the host's clock will say after the restart.
    let mut before = message("said before the clock was set back");
    Arc::make_mut(&mut before).sent_at = Timestamp::from_millis(1_769_864_400_000);
    host.store.append(&lobby(), vec![before]).await.unwrap();
    let host = host.restart().await;
    host.say("Ana", "said after it").await;
    let page = host.get(MESSAGES).await.json();
    assert_eq!(
        page["messages"][1]["message"]["sent_at"],
        "2026-01-31T13:00:00.000Z"
    );
}
