//! Many viewers, and slow ones.

use crate::{
    held::hold,
    host::{Client, Host, LOBBY, TOKEN, lobby, soon},
    resume::{say_many, watch_slowly, watch_slowly_with},
};
use chatter_bus::publish_json;
use chatter_gateway::Proxies;
use chatter_protocol::{ChatTrends, Timestamp, Topic, TopicKind, V1};
use serde_json::json;
use std::time::Duration;
use tokio_tungstenite::tungstenite::Error;

/// A host that tells a viewer when it is more than 100 messages behind.
async fn impatient() -> Host {
    Host::with(|config| {
        config.limits.most_behind = 100;
        config.limits.write_deadline = Duration::from_secs(60);
    })
    .await
}

/// Offsets without a gap until another hello, which says up to where all of them are.
async fn until_hello(client: &mut Client, mut seen: u64) -> (u64, u64) {
    loop {
        let frame = client.next().await;
        let offset = frame["offset"].as_u64().unwrap();
        if frame["type"] == "hello" {
            assert_eq!(frame["recovered"], false);
            assert_eq!(frame["you"]["name"], "slow");
            assert_eq!(frame["token"], json!(null));
            return (seen, offset);
        }
        assert_eq!(offset, seen + 1);
        seen = offset;
    }
}

fn trends() -> ChatTrends {
    ChatTrends {
        v: V1,
        room_id: lobby(),
        at: Timestamp::from_millis(0),
        window_s: 60,
        messages_per_minute: 1.0,
        unique_authors: 1,
        bot_fraction: 0.0,
        top_tokens: Vec::new(),
        top_emotes: Vec::new(),
        mentions: Vec::new(),
        repeats: 0,
        top_repeats: Vec::new(),
    }
}

/// Waits until the room has heard all that was said: else it moves on while a viewer is told where it is,
/// who then is far behind again.
async fn all_is_heard(host: &Host) {
    let (mut client, _) = host.watch("?name=waiting").await;
    let topic = Topic::new(TopicKind::ChatTrends, lobby());
    publish_json(host.bus.as_ref(), &topic, &trends())
        .await
        .unwrap();
    client.next_of("trends").await;
}

#[tokio::test]
async fn a_viewer_that_is_far_behind_is_told_and_goes_on_with_what_is_new() {
    let host = impatient().await;
    let mut slow = watch_slowly(&host).await;
    say_many(&host).await;
    all_is_heard(&host).await;
    let (seen, newest) = until_hello(&mut slow, 0).await;
    assert!(seen + 100 < newest, "{seen}, {newest}");
    let next = host.say("ana", "new").await;
    let wanted: Vec<u64> = (newest + 1..=next).collect();
    assert_eq!(slow.offsets(wanted.len()).await, wanted);
}

#[tokio::test]
async fn a_moderator_that_is_far_behind_is_told_again_what_waits() {
    let host = Host::with(|config| {
        hold(config);
        config.limits.most_behind = 100;
        config.limits.write_deadline = Duration::from_secs(60);
    })
    .await;
    let (mut ana, _) = host.watch("?name=ana").await;
    ana.say("n-1", "you numpty").await;
    ana.next_of("waiting").await;
    let mut slow = watch_slowly_with(&host, Some(TOKEN)).await;
    assert_eq!(slow.next().await["type"], "held");
    say_many(&host).await;
    while slow.next().await["type"] != "hello" {}
    let held = slow.next().await;
    assert_eq!(held["message"]["text"], "you numpty", "{held}");
}

#[tokio::test]
async fn a_viewer_that_is_far_behind_again_is_told_to_come_back() {
    let host = impatient().await;
    let mut slow = watch_slowly(&host).await;
    say_many(&host).await;
    until_hello(&mut slow, 0).await;
    say_many(&host).await;
    let close = slow.closed().await.unwrap();
    assert_eq!(u16::from(close.code), 1013, "{close}");
}

#[tokio::test]
async fn a_room_that_is_full_says_so() {
    let host = Host::with(|config| config.limits.viewers_per_room = 2).await;
    let path = format!("{LOBBY}/ws?name=ana");
    let (first, _) = host.watch("?name=ana").await;
    let (_second, _) = host.watch("?name=ben").await;
    match host.connect(&path, &[]).await {
        Err(Error::Http(answer)) => {
            assert_eq!(answer.status(), 503);
            assert_eq!(answer.headers()["retry-after"], "5");
            let body = String::from_utf8(answer.body().clone().unwrap()).unwrap();
            assert!(body.contains(r#""code":"full""#), "{body}");
        }
        other => panic!("{:?}", other.map(|_| "was let in")),
    }
    assert!(
        host.connect("/v1/rooms/main/attic/ws?name=ana", &[])
            .await
            .is_ok()
    );
    drop(first);
    soon(async { while host.connect(&path, &[]).await.is_err() {} }).await;
}

#[tokio::test]
async fn a_gateway_that_is_full_answers_requests_all_the_same() {
    // One of them is kept for requests.
    let host = Host::with(|config| config.limits.connections = 16).await;
    let mut here = Vec::new();
    for n in 0..15 {
        here.push(host.watch(&format!("?name=v{n}")).await);
    }
    match host.connect(&format!("{LOBBY}/ws?name=late"), &[]).await {
        Err(Error::Http(answer)) => assert_eq!(answer.status(), 503),
        other => panic!("{:?}", other.map(|_| "was let in")),
    }
    assert_eq!(host.get(LOBBY).await.json()["viewers"], 15);
}

/// A page is not shown why a WebSocket was refused: the same path tells who asks without wanting one.
#[tokio::test]
async fn who_asks_without_a_handshake_is_told_whether_there_is_a_place() {
    let host = Host::with(|config| {
        config.limits.viewers_per_room = 2;
        config.limits.viewers_per_address = 1;
        config.proxies = Proxies {
            networks: vec!["127.0.0.1".parse().unwrap()],
            ..Proxies::default()
        };
    })
    .await;
    let path = format!("{LOBBY}/ws?stream=true");
    let ask = async |address: &str| {
        let answer = host
            .http("GET", &path, &[("x-forwarded-for", address)], "")
            .await;
        (answer.status, answer.json()["code"].clone())
    };
    let come = async |address: &str| {
        host.connect(&path, &[("x-forwarded-for", address)])
            .await
            .unwrap()
    };

    assert_eq!(ask("203.0.113.7").await, (426, json!("upgrade_required")));
    let mut first = come("203.0.113.7").await;
    first.next_of("hello").await;
    assert_eq!(
        ask("203.0.113.7").await,
        (429, json!("too_many_connections"))
    );
    assert_eq!(ask("203.0.113.8").await, (426, json!("upgrade_required")));
    let mut second = come("203.0.113.8").await;
    second.next_of("hello").await;
    assert_eq!(ask("203.0.113.9").await, (503, json!("full")));
    assert_eq!(
        host.get(LOBBY).await.json()["viewers"],
        2,
        "who asked is none"
    );
}

#[tokio::test]
async fn an_author_with_many_connections_says_no_more_than_with_one() {
    let host = Host::with(|config| {
        config.limits.post_burst = 3;
        config.limits.post_per_second = 0.001;
    })
    .await;
    let mut refused = 0;
    for n in 0..5 {
        let (mut client, _) = host.watch("?name=ana").await;
        client.say(&n.to_string(), "hello").await;
        loop {
            let frame = client.next().await;
            match frame["type"].as_str() {
                Some("ack") => break,
                Some("error") => {
                    assert_eq!(frame["code"], "rate_limited");
                    refused += 1;
                    break;
                }
                _ => {}
            }
        }
    }
    assert_eq!(refused, 2);
}

#[tokio::test]
async fn what_is_beside_the_log_comes_between_its_messages() {
    let host = Host::start().await;
    let (mut client, _) = host.watch("?name=ana").await;
    let topic = Topic::new(TopicKind::ChatTrends, lobby());
    for n in 1..=3 {
        assert_eq!(host.say("ana", "hello").await, n);
        assert_eq!(client.next().await["offset"], n);
        publish_json(host.bus.as_ref(), &topic, &trends())
            .await
            .unwrap();
        assert_eq!(client.next().await["type"], "trends");
    }
}
