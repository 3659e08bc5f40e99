//! What happens on the stream, for the viewers that ask for it.

use crate::host::{Client, Host, LOBBY, TOKEN, lobby};
use bytes::Bytes;
use chatter_protocol::{
    RoomId, StreamContext, Timestamp, Topic, TopicKind, V1,
    context::{ChatQuestion, Keyword, Segment, StreamEvent},
};
use serde_json::{Value, json};
use std::{sync::atomic::Ordering, time::Duration};
use tokio::net::TcpSocket;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// A context in which this was said last.
fn context(text: &str) -> StreamContext {
    StreamContext {
        v: V1,
        room_id: lobby(),
        at: Timestamp::from_millis(1_769_860_800_000),
        position_ms: 81_200,
        transcript: vec![Segment {
            start_ms: 1000,
            end_ms: 2000,
            text: text.to_owned(),
            ..Segment::default()
        }],
        summary: String::new(),
        keywords: Vec::new(),
        events: Vec::new(),
        chat_question: None,
        scene: None,
        playing: None,
        extensions: None,
    }
}

/// A host, and a viewer that did not ask for the stream.
struct Stage {
    host: Host,
    plain: Client,
}

impl Stage {
    async fn set() -> Self {
        Self::on(Host::start().await).await
    }

    async fn on(host: Host) -> Self {
        let (plain, _) = host.watch("?name=plain").await;
        Self { host, plain }
    }

    async fn publish(&self, payload: impl Into<Bytes>) {
        let topic = Topic::new(TopicKind::StreamContext, lobby());
        self.host.bus.publish(&topic, payload.into()).await.unwrap();
    }

    /// Something happens on the stream, and the gateway has heard it.
    async fn happens(&mut self, context: &StreamContext) {
        self.publish(serde_json::to_vec(context).unwrap()).await;
        self.has_heard().await;
    }

    /// The gateway has heard all that was said on the bus: it hears a room's topics in their order,
    /// so once it has shown a message it has. The plain viewer is shown nothing else.
    async fn has_heard(&mut self) {
        let offset = self.host.say("ana", "and so on").await;
        let frame = self.plain.next().await;
        assert_eq!(
            (&frame["type"], &frame["offset"]),
            (&json!("message"), &json!(offset)),
            "{frame}"
        );
    }
}

/// The text of the next frame about the stream.
async fn text(viewer: &mut Client) -> String {
    let frame = viewer.next_of("stream").await;
    frame["segments"][0]["text"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_was_handed_in_is_shown_as_it_is_documented() {
    let host = Host::start().await;
    let (mut viewer, _) = host.watch("?name=ana&stream=true").await;
    let mut context = context("0");
    let said = |n: u64| Segment {
        start_ms: n * 1000,
        end_ms: n * 1000 + 500,
        text: n.to_string(),
        ..Segment::default()
    };
    context.transcript = (0..10).map(said).collect();
    context.keywords = vec![Keyword {
        term: "tower".into(),
        score: 1.0,
    }];
    context.events = vec![StreamEvent {
        id: "e".into(),
        kind: "hype".into(),
        text: "wow".into(),
        names: Vec::new(),
        at_ms: 3000,
        known_ms: None,
        confidence: 0.5,
    }];
    context.chat_question = Some(ChatQuestion {
        id: "q".into(),
        text: "left?".into(),
        at_ms: 4000,
    });
    let bearer = format!("Bearer {TOKEN}");
    let headers = [
        ("content-type", "application/json"),
        ("authorization", &bearer),
    ];
    let body = serde_json::to_string(&context).unwrap();
    let answer = host
        .http("POST", &format!("{LOBBY}/context"), &headers, body)
        .await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    let latest = (2..10)
        .map(|n| json!({ "start_ms": n * 1000, "end_ms": n * 1000 + 500, "text": n.to_string() }));
    let wanted = json!({
        "type": "stream",
        "at": "2026-01-31T12:00:00.000Z",
        "position_ms": 81_200,
        "segments": latest.collect::<Vec<_>>(),
        "events": [{ "id": "e", "kind": "hype", "text": "wow", "at_ms": 3000, "confidence": 0.5 }],
        "chat_question": { "id": "q", "text": "left?", "at_ms": 4000 },
        "keywords": ["tower"],
    });
    assert_eq!(viewer.next().await, wanted);
}

#[tokio::test]
async fn a_change_is_shown_and_a_mere_passing_of_time_is_not() {
    let mut stage = Stage::set().await;
    let (mut viewer, _) = stage.host.watch("?name=v&stream=true").await;
    stage.happens(&context("a")).await;
    assert_eq!(text(&mut viewer).await, "a");
    let mut later = context("a");
    later.position_ms += 2000;
    later.at = later.at.plus(Duration::from_secs(2));
    stage.happens(&later).await;
    stage.happens(&context("b")).await;
    assert_eq!(text(&mut viewer).await, "b");
}

#[tokio::test]
async fn the_stream_comes_right_after_the_hello() {
    let mut stage = Stage::set().await;
    stage.happens(&context("a")).await;
    let (mut viewer, _) = stage.host.watch("?name=v&after=0&stream=true").await;
    assert_eq!(viewer.next().await["type"], "stream");
    assert_eq!(viewer.next().await["offset"], 1);
}

#[tokio::test]
async fn a_stream_that_nobody_tells_of_any_more_is_not_shown() {
    let mut stage = Stage::set().await;
    // Nothing yet, then something that has got too old.
    for _ in 0..2 {
        let (mut viewer, hello) = stage.host.watch("?name=v&after=0&stream=true").await;
        let newest = hello["offset"].as_u64().unwrap();
        stage.has_heard().await;
        for offset in 1..=newest + 1 {
            let frame = viewer.next().await;
            assert_eq!(frame["offset"], offset, "{frame}");
        }
        stage.happens(&context("a")).await;
        assert_eq!(text(&mut viewer).await, "a");
        stage.host.time.fetch_add(90_001, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn what_is_no_context_of_the_room_is_passed_over() {
    let mut stage = Stage::set().await;
    let (mut viewer, _) = stage.host.watch("?name=v&stream=true").await;
    let mut attic = context("from another room");
    attic.room_id = RoomId::new("main/attic").unwrap();
    stage.publish("nonsense").await;
    stage.publish(r#"{"v":1}"#).await;
    stage.happens(&attic).await;
    stage.happens(&context("a")).await;
    assert_eq!(text(&mut viewer).await, "a");
}

#[tokio::test]
async fn the_largest_frame_arrives() {
    let mut stage = Stage::set().await;
    let (mut viewer, _) = stage.host.watch("?name=v&stream=true").await;
    // JSON writes each of these characters in six bytes.
    let text = |chars| "\u{1}".repeat(chars);
    let mut largest = context("");
    largest.transcript = vec![
        Segment {
            start_ms: 0,
            end_ms: 0,
            text: text(2000),
            ..Segment::default()
        };
        3
    ];
    largest.events = vec![
        StreamEvent {
            id: text(64),
            kind: "k".repeat(32),
            text: text(500),
            names: Vec::new(),
            at_ms: 0,
            known_ms: None,
            confidence: 1.0,
        };
        8
    ];
    largest.keywords = vec![
        Keyword {
            term: text(80),
            score: 1.0,
        };
        8
    ];
    largest.chat_question = Some(ChatQuestion {
        id: text(64),
        text: text(500),
        at_ms: 0,
    });
    stage.happens(&largest).await;
    let frame: Value = viewer.next_of("stream").await;
    assert_eq!(frame["chat_question"]["text"], text(500));
    // The connection goes on.
    stage.happens(&context("a")).await;
    assert_eq!(self::text(&mut viewer).await, "a");
}

/// Frames that are more than the buffers of both sockets hold.
const MANY: usize = 3000;

#[tokio::test]
async fn a_viewer_that_does_not_read_for_a_while_is_shown_the_newest() {
    let host = Host::with(|config| config.limits.write_deadline = Duration::from_secs(60)).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let stream = socket.connect(host.addr).await.unwrap();
    let request = format!("ws://{}{LOBBY}/ws?name=slow&stream=true", host.addr);
    let request = request.into_client_request().unwrap();
    let (socket, _) = tokio_tungstenite::client_async(request, stream)
        .await
        .unwrap();
    let mut slow = Client(socket);
    assert_eq!(slow.next().await["type"], "hello");

    let stage = Stage::on(host).await;
    let (mut quick, _) = stage.host.watch("?name=quick&stream=true").await;
    let filler = Segment {
        start_ms: 0,
        end_ms: 0,
        text: "x".repeat(2000),
        ..Segment::default()
    };
    for n in 1..=MANY {
        let mut context = context(&n.to_string());
        context.transcript.extend(vec![filler.clone(); 2]);
        stage.publish(serde_json::to_vec(&context).unwrap()).await;
        assert_eq!(text(&mut quick).await, n.to_string());
    }
    // What the sockets had taken already comes first, and then nothing of what it missed.
    let mut before = 0;
    loop {
        match text(&mut slow).await.parse().unwrap() {
            MANY => break,
            shown => before = shown,
        }
    }
    assert!(before < MANY - 100, "{before} was kept for it");
}

#[tokio::test]
async fn whether_to_show_the_stream_is_yes_or_no() {
    let host = Host::start().await;
    for query in ["stream=yes", "stream=1", "stream=", "stream"] {
        let answer = host.get(&format!("{LOBBY}/ws?{query}")).await;
        let problem = answer.json();
        assert_eq!(
            (answer.status, &problem["code"]),
            (400, &json!("bad_query")),
            "{query}: {problem}"
        );
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("`stream`"), "{query}: {detail}");
    }
    let mut stage = Stage::on(host).await;
    let (mut viewer, _) = stage.host.watch("?name=v&stream=false").await;
    stage.happens(&context("a")).await;
    assert_eq!(viewer.next().await["type"], "message");
}
