//! Coming back, and falling behind.

use crate::host::{Client, Host, LOBBY, MESSAGES, lobby, soon};
use chatter_bus::publish_json;
use chatter_protocol::{
    Author, AuthorId, AuthorKind, ChatMessage, FirehoseEntry, MessageId, Timestamp, Topic,
    TopicKind, V1,
};
use serde_json::json;
use std::{sync::Arc, time::Duration};
use tokio::net::TcpSocket;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

pub(crate) fn message(text: &str) -> Arc<ChatMessage> {
    Arc::new(ChatMessage {
        v: V1,
        id: MessageId::new(),
        room_id: lobby(),
        author: Author {
            id: AuthorId::new("guest:elsewhere").unwrap(),
            name: "elsewhere".into(),
            kind: AuthorKind::Viewer,
            color: None,
            badges: Vec::new(),
        },
        text: text.into(),
        reply_to: None,
        mentions: Vec::new(),
        sent_at: Timestamp::from_millis(0),
        call_id: None,
        deleted: false,
    })
}

/// Adds messages as another gateway at the same store and bus would; says only the last `said` of
/// them on the firehose.
async fn elsewhere(host: &Host, count: usize, text: &str, said: usize) {
    let messages: Vec<_> = (0..count).map(|_| message(text)).collect();
    let appended = host.store.append(&lobby(), messages.clone()).await.unwrap();
    let topic = Topic::new(TopicKind::ChatFirehose, lobby());
    for (message, place) in messages.into_iter().zip(appended.places).skip(count - said) {
        let entry = FirehoseEntry {
            v: V1,
            epoch: appended.epoch.clone(),
            offset: place.offset().unwrap(),
            message,
        };
        publish_json(host.bus.as_ref(), &topic, &entry)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn whoever_comes_back_gets_what_it_missed() {
    let host = Host::start().await;
    for n in 1..=5 {
        host.say("ana", &n.to_string()).await;
    }
    let epoch = host.get(LOBBY).await.json()["epoch"]
        .as_str()
        .unwrap()
        .to_owned();
    // The query, whether recovery is complete, and what is replayed.
    let cases: [(String, bool, Vec<u64>); 7] = [
        (String::new(), true, vec![]),
        ("?after=5".into(), true, vec![]),
        ("?after=2".into(), true, vec![3, 4, 5]),
        (format!("?after=2&epoch={epoch}"), true, vec![3, 4, 5]),
        ("?after=0".into(), true, vec![1, 2, 3, 4, 5]),
        ("?after=2&epoch=another".into(), false, vec![1, 2, 3, 4, 5]),
        (
            format!("?after=99&epoch={epoch}"),
            false,
            vec![1, 2, 3, 4, 5],
        ),
    ];
    for (n, (query, recovered, replayed)) in cases.into_iter().enumerate() {
        let (mut client, hello) = host.watch(&query).await;
        assert_eq!(hello["recovered"], recovered, "{query}");
        assert_eq!(hello["epoch"], epoch, "{query}");
        let newest = 5 + n as u64;
        assert_eq!(hello["offset"], newest, "{query}");
        let mut wanted: Vec<u64> = replayed;
        if query.contains("after") {
            wanted.extend(6..=newest);
        }
        if query.contains("after=5") {
            wanted = (6..=newest).collect();
        }
        wanted.push(newest + 1);
        host.say("ana", "live").await;
        assert_eq!(client.offsets(wanted.len()).await, wanted, "{query}");
    }
}

#[tokio::test]
async fn the_log_outlives_the_gateway() {
    let host = Host::start().await;
    host.say("ana", "before").await;
    let before = host.get(LOBBY).await.json();
    let host = host.restart().await;
    let after = host.get(LOBBY).await.json();
    assert_eq!(
        (&after["epoch"], &after["offset"]),
        (&before["epoch"], &json!(1))
    );
    assert_eq!(host.say("ana", "after").await, 2);
}

#[tokio::test]
async fn more_than_a_page_is_replayed_without_a_seam() {
    let host = Host::start().await;
    elsewhere(&host, 1000, "old", 0).await;
    let (mut client, hello) = host.watch("?after=10").await;
    assert_eq!(hello["offset"], 1000);
    host.say("ana", "new").await;
    assert_eq!(client.offsets(991).await, (11..=1001).collect::<Vec<_>>());
}

#[tokio::test]
async fn of_a_log_that_is_another_one_the_latest_is_replayed() {
    let host = Host::start().await;
    elsewhere(&host, 1000, "old", 0).await;
    for query in ["?after=10&epoch=another", "?after=2000"] {
        let (mut client, hello) = host.watch(query).await;
        assert_eq!(
            (&hello["recovered"], &hello["offset"]),
            (&json!(false), &json!(1000)),
            "{query}"
        );
        assert_eq!(client.offsets(200).await, (801..=1000).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn history_comes_in_pages() {
    let host = Host::start().await;
    elsewhere(&host, 150, "old", 0).await;
    let offsets = async |query: &str| {
        let page = host.get(&format!("{MESSAGES}{query}")).await.json();
        let offsets: Vec<u64> = page["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|placed| placed["offset"].as_u64().unwrap())
            .collect();
        (
            offsets.first().copied(),
            offsets.len(),
            page["complete"].as_bool().unwrap(),
        )
    };
    assert_eq!(offsets("").await, (Some(51), 100, true));
    assert_eq!(offsets("?limit=7").await, (Some(144), 7, true));
    assert_eq!(offsets("?after=0").await, (Some(1), 100, true));
    assert_eq!(offsets("?after=100").await, (Some(101), 50, true));
    assert_eq!(offsets("?after=150").await, (None, 0, true));
    assert_eq!(offsets("?after=151").await, (None, 0, false));
}

#[tokio::test]
async fn what_the_firehose_left_out_comes_from_the_log() {
    let host = Host::start().await;
    let (mut client, _) = host.watch("?name=ana").await;
    elsewhere(&host, 300, "x", 1).await;
    assert_eq!(client.offsets(300).await, (1..=300).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_viewer_with_a_short_queue_misses_nothing() {
    let host = Host::with(|config| config.limits.live_queue = 1).await;
    let (mut client, _) = host.watch("?name=ana").await;
    elsewhere(&host, 1000, "x", 1000).await;
    assert_eq!(client.offsets(1000).await, (1..=1000).collect::<Vec<_>>());
}

/// Messages whose frames are more than the buffers of both sockets hold.
const MANY: usize = 4000;

/// A viewer with a small buffer, which has read its hello alone.
pub(crate) async fn watch_slowly(host: &Host) -> Client {
    watch_slowly_with(host, None).await
}

/// The same, with a token.
pub(crate) async fn watch_slowly_with(host: &Host, token: Option<&str>) -> Client {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let stream = socket.connect(host.addr).await.unwrap();
    let mut request = format!("ws://{}{LOBBY}/ws?name=slow", host.addr)
        .into_client_request()
        .unwrap();
    if let Some(token) = token {
        let bearer = format!("Bearer {token}").parse().unwrap();
        request.headers_mut().insert("authorization", bearer);
    }
    let (socket, _) = tokio_tungstenite::client_async(request, stream)
        .await
        .unwrap();
    let mut slow = Client(socket);
    assert_eq!(slow.next().await["type"], "hello");
    slow
}

/// So many that the gateway has to wait with what a slow viewer does not take.
pub(crate) async fn say_many(host: &Host) {
    let text = "🎉".repeat(500);
    for _ in 0..MANY / 100 {
        elsewhere(host, 100, &text, 100).await;
    }
}

#[tokio::test]
async fn a_viewer_that_does_not_read_for_a_while_misses_nothing_and_holds_up_nobody() {
    let host = Host::with(|config| config.limits.write_deadline = Duration::from_secs(60)).await;
    let mut slow = watch_slowly(&host).await;
    let (mut quick, _) = host.watch("?name=quick").await;
    let wanted: Vec<u64> = (1..=MANY as u64).collect();
    let reading = async { assert_eq!(quick.offsets(MANY).await, wanted) };
    tokio::join!(reading, say_many(&host));
    assert_eq!(slow.offsets(MANY).await, wanted);
}

#[tokio::test]
async fn a_viewer_that_takes_nothing_is_dropped() {
    let host = Host::with(|config| config.limits.write_deadline = Duration::from_millis(100)).await;
    let slow = watch_slowly(&host).await;
    say_many(&host).await;
    soon(async { while host.get(LOBBY).await.json()["viewers"] != 0 {} }).await;
    drop(slow);
}
