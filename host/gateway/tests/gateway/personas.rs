//! Lines of personas, and those who would pass for one.

use crate::host::{Host, LOBBY, MESSAGES, TOKEN, heard, lobby, soon};
use chatter_bus::publish_json;
use chatter_protocol::{
    Author, AuthorKind, CallId, ChatMessage, MessageId, ModerationVerdict, PersonaId, Schematic,
    Timestamp, Topic, TopicKind, V1, call::Fate,
};
use chatter_store::CallCommit;
use serde_json::json;

fn nova() -> PersonaId {
    PersonaId::new("nova").unwrap()
}

pub(crate) fn line(call_id: CallId, text: &str) -> ChatMessage {
    ChatMessage {
        v: V1,
        id: MessageId::new(),
        room_id: lobby(),
        author: Author {
            id: nova().author(),
            name: "Nova".into(),
            // As if its worker had forgotten what it is.
            kind: AuthorKind::Viewer,
            color: Some("#123456".into()),
            badges: Vec::new(),
        },
        text: text.into(),
        reply_to: None,
        mentions: Vec::new(),
        sent_at: Timestamp::from_millis(0),
        call_id: Some(call_id),
        deleted: false,
    }
}

pub(crate) async fn commit(host: &Host, lines: Vec<ChatMessage>) {
    let commit = CallCommit {
        call_id: lines[0].call_id.unwrap(),
        room: lobby(),
        persona: nova(),
        digest: "a1".into(),
        state: None,
        lines,
        memories: Vec::new(),
        at: Timestamp::from_millis(0),
        fence: None,
    };
    host.store.commit(commit).await.unwrap();
}

/// The fates of the persona's lines, as soon as none is pending.
pub(crate) async fn fates(host: &Host) -> Vec<Fate> {
    soon(async {
        loop {
            let fates = host.store.fates(&lobby(), &nova(), 10).await.unwrap();
            if fates.iter().all(|fate| fate.fate != Fate::Pending) {
                return fates.into_iter().map(|fate| fate.fate).collect();
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

#[tokio::test]
async fn a_line_reaches_the_room_as_a_personas() {
    let host = Host::start().await;
    host.say("ana", "hello").await;
    let (mut client, _) = host.watch("?name=bob").await;
    let mut firehose = host.listen(TopicKind::ChatFirehose).await;
    let call = CallId::new();
    let said = line(call, "hi @ana");
    commit(&host, vec![said.clone()]).await;

    let message = client.next().await["message"].clone();
    assert_eq!(message["id"], said.id.to_string());
    assert_eq!(
        message["author"],
        json!({
            "id": "persona:nova", "name": "Nova", "kind": "persona", "color": "#123456", "badges": ["ai"]
        })
    );
    assert_eq!(message["call_id"], call.to_string());
    assert_eq!(message["mentions"], json!(["guest:ana"]));
    assert_eq!(message["sent_at"], "2026-01-31T12:00:00.000Z");
    let entry = heard(&mut firehose).await;
    assert_eq!(
        (&entry["offset"], &entry["message"]),
        (&json!(2), &message),
        "the firehose has the same"
    );
    assert_eq!(fates(&host).await, [Fate::Accepted]);
}

#[tokio::test]
async fn a_dropped_line_leaves_a_verdict_and_its_fate() {
    let host = Host::start().await;
    let (mut client, _) = host.watch("?name=bob").await;
    let mut audit = host.listen(TopicKind::ChatAudit).await;
    let call = CallId::new();
    let (bad, good) = (line(call, "we frobnicate"), line(call, "we don't"));
    commit(&host, vec![bad.clone(), good.clone()]).await;

    let verdict = heard(&mut audit).await;
    assert_eq!(verdict["message_id"], bad.id.to_string());
    assert_eq!(verdict["call_id"], call.to_string());
    assert_eq!(verdict["author"]["kind"], "persona");
    assert_eq!(
        (&verdict["action"], &verdict["rule"]),
        (&json!("drop"), &json!("blocklist"))
    );
    assert_eq!(verdict["policy"], "test@1");
    assert!(
        chatter_protocol::schema::check("moderation-verdict", &verdict)
            .is_some_and(|p| p.is_empty()),
        "{verdict}"
    );
    assert_eq!(
        client.next().await["message"]["id"],
        good.id.to_string(),
        "the other one is in the room"
    );
    assert_eq!(
        fates(&host).await,
        [Fate::Dropped("blocklist".into()), Fate::Accepted]
    );
}

#[tokio::test]
async fn a_persons_dropped_message_leaves_a_verdict_too() {
    let host = Host::start().await;
    let mut audit = host.listen(TopicKind::ChatAudit).await;
    let id = MessageId::new();
    let answer = host
        .post(
            MESSAGES,
            &json!({ "id": id, "author": "ana", "text": "a\nb" }),
        )
        .await;
    assert_eq!(answer.status, 422);
    let verdict = heard(&mut audit).await;
    assert_eq!(
        (&verdict["message_id"], &verdict["rule"]),
        (&json!(id), &json!("multi_line"))
    );
    assert_eq!(verdict["author"]["id"], "guest:ana");
    // As Python's hmac makes it of the operator's token here.
    let hash = "00950266fe23dd858c5c9e06ab0dcf560e38c876a43b2e14d1ac417b6986e2f2";
    assert_eq!(verdict["original_sha256"], hash);
}

#[tokio::test]
async fn lines_that_are_in_the_log_already_are_settled_and_not_said_again() {
    let host = Host::start().await;
    let said = line(CallId::new(), "once");
    // As after a crash between the log and the settling.
    host.store
        .append(&lobby(), vec![said.clone().into()])
        .await
        .unwrap();
    let mut firehose = host.listen(TopicKind::ChatFirehose).await;
    commit(&host, vec![said]).await;
    assert_eq!(fates(&host).await, [Fate::Accepted]);
    host.say("ana", "next").await;
    assert_eq!(heard(&mut firehose).await["message"]["text"], "next");
}

#[tokio::test]
async fn ingest_takes_so_much_and_tells_once_of_more() {
    let host = Host::with(|config| {
        config.limits.ingest_burst = 2;
        config.limits.ingest_per_second = 0.001;
    })
    .await;
    let mut firehose = host.listen(TopicKind::ChatFirehose).await;
    let mut audit = host.listen(TopicKind::ChatAudit).await;
    let topic = Topic::new(TopicKind::ChatIngest, lobby());
    let mut sent = Vec::new();
    for n in 0..5 {
        let mut message = serde_json::to_value(line(CallId::new(), &format!("psst {n}"))).unwrap();
        message["author"] = json!({ "id": "guest:vera", "name": "Vera", "kind": "viewer" });
        message.as_object_mut().unwrap().remove("call_id");
        publish_json(host.bus.as_ref(), &topic, &message)
            .await
            .unwrap();
        sent.push(message["id"].clone());
    }
    let verdict = heard(&mut audit).await;
    assert_eq!(
        (&verdict["rule"], &verdict["message_id"]),
        (&json!("rate_limited"), &sent[2])
    );
    assert!(
        ModerationVerdict::from_json(verdict.to_string().as_bytes()).is_ok(),
        "{verdict}"
    );
    for id in &sent[..2] {
        assert_eq!(heard(&mut firehose).await["message"]["id"], *id);
    }
    // The API has its own bounds, and the next verdict is about what is said there.
    let refused = json!({ "author": "ana", "text": "frobnicate" });
    assert_eq!(host.post(MESSAGES, &refused).await.status, 422);
    assert_eq!(heard(&mut audit).await["rule"], "blocklist");
}

#[tokio::test]
async fn ingest_takes_viewers_and_never_personas() {
    let host = Host::start().await;
    let (mut client, _) = host.watch("?name=bob").await;
    let mut audit = host.listen(TopicKind::ChatAudit).await;
    let topic = Topic::new(TopicKind::ChatIngest, lobby());
    let viewer = |name: &str, id: &str| {
        let mut message = serde_json::to_value(line(CallId::new(), "psst")).unwrap();
        message["author"] = json!({ "id": id, "name": name, "kind": "viewer", "badges": ["ai"] });
        message.as_object_mut().unwrap().remove("call_id");
        message
    };
    let mut as_persona = viewer("Vera", "guest:vera");
    as_persona["author"]["kind"] = json!("persona");
    let mut with_call = viewer("Vera", "guest:vera");
    with_call["call_id"] = json!(CallId::new());
    let pretenders = [
        ("kind", as_persona),
        ("call", with_call),
        ("name", viewer("nova", "guest:vera")),
        ("id", viewer("Vera", "persona:nova")),
        ("session", viewer("Ana", "guest:ana-0f3c11d2")),
        ("at", viewer("@Ana", "guest:vera")),
    ];
    for (what, message) in pretenders {
        publish_json(host.bus.as_ref(), &topic, &message)
            .await
            .unwrap();
        let verdict = heard(&mut audit).await;
        assert_eq!(
            (&verdict["rule"], &verdict["message_id"]),
            (&json!("impersonates"), &message["id"]),
            "{what}"
        );
    }
    for text in ["/ban bob", " /help"] {
        let mut command = viewer("Vera", "guest:vera");
        command["text"] = json!(text);
        publish_json(host.bus.as_ref(), &topic, &command)
            .await
            .unwrap();
        let verdict = heard(&mut audit).await;
        assert_eq!(
            (&verdict["rule"], &verdict["message_id"]),
            (&json!("command"), &command["id"]),
            "{text}"
        );
    }
    let elsewhere = {
        let mut message = viewer("Vera", "guest:vera");
        message["room_id"] = json!("main/attic");
        message
    };
    let mut too_long = viewer("Vera", "guest:vera");
    too_long["text"] = json!("x".repeat(501));
    for (wrong, reason) in [
        (json!({ "hello": 1 }), "id"),
        (json!("no message"), "object"),
        (too_long, "/text: longer than 500 characters"),
        (elsewhere, "/room_id"),
    ] {
        publish_json(host.bus.as_ref(), &topic, &wrong)
            .await
            .unwrap();
        let verdict = heard(&mut audit).await;
        assert_eq!(verdict["rule"], "invalid", "{wrong}");
        assert!(
            verdict["reason"].as_str().unwrap().contains(reason),
            "{wrong}: {verdict}"
        );
        if let Some(id) = wrong.get("id") {
            assert_eq!(verdict["message_id"], *id);
        }
        assert!(
            ModerationVerdict::from_json(verdict.to_string().as_bytes()).is_ok(),
            "{verdict}"
        );
    }
    let good = viewer("Vera", "guest:vera");
    publish_json(host.bus.as_ref(), &topic, &good)
        .await
        .unwrap();
    let frame = client.next().await;
    assert_eq!(
        (&frame["offset"], &frame["message"]["id"]),
        (&json!(1), &good["id"])
    );
    assert_eq!(
        frame["message"]["author"]["badges"],
        json!(null),
        "a badge is not taken from there"
    );
}

#[tokio::test]
async fn a_status_that_was_heard_is_shown() {
    let host = Host::start().await;
    let status = json!({
        "v": 1, "room_id": "main/lobby", "persona_id": "nova", "name": "Nova", "bio": "", "traits": {},
        "module": { "name": "regular", "digest": "", "contract": "0.1.0", "version": "0.1.0" },
        "health": "ok", "detail": "", "calls": 3, "failures": 0, "lines": 1, "at": "2026-01-31T12:00:00.000Z"
    });
    publish_json(
        host.bus.as_ref(),
        &Topic::new(TopicKind::PersonaStatus, lobby()),
        &status,
    )
    .await
    .unwrap();
    soon(async {
        loop {
            let room = host.get(LOBBY).await.json();
            if room["personas"] == json!([status]) {
                assert_eq!(
                    room["model"],
                    json!({ "model": "offline", "place": "in the host", "offline": true })
                );
                assert_eq!(
                    (&room["id"], &room["title"]),
                    (&json!("main/lobby"), &json!("The lobby"))
                );
                return;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_wrong_and_what_a_shadow_would_have_said_is_for_operators() {
    let host = Host::start().await;
    let status = json!({
        "v": 1, "room_id": "main/lobby", "persona_id": "nova", "name": "Nova",
        "health": "failing", "detail": "it trapped in nova::answer, src/lib.rs:7",
        "module": { "name": "regular", "digest": "", "contract": "0.2.0" },
        "calls": 0, "failures": 0, "lines": 0, "at": "2026-01-31T12:00:00.000Z",
        "shadow": {
            "module": { "name": "next", "digest": "", "contract": "0.2.0" },
            "calls": 1, "skipped": 0, "failures": 0,
            "agreement": {
                "both_silent": 0, "same_lines": 0, "other_lines": 0, "live_alone": 0, "shadow_alone": 1
            },
            "cost": { "cpu_ticks": 0, "ran_us": 1, "llm_calls": 0, "llm_tokens": 0 },
            "live_cost": { "cpu_ticks": 0, "ran_us": 1, "llm_calls": 0, "llm_tokens": 0 },
            "differences": [{
                "call_id": CallId::new(), "at": "2026-01-31T12:00:00.000Z",
                "live": { "did": "silent" }, "shadow": { "did": "spoke", "lines": ["hi"] }
            }]
        }
    });
    let topic = Topic::new(TopicKind::PersonaStatus, lobby());
    publish_json(&*host.bus, &topic, &status).await.unwrap();
    let operator = [("authorization", &*format!("Bearer {TOKEN}"))];
    let shown = soon(async {
        loop {
            let room = host.http("GET", LOBBY, &operator, "").await.json();
            if room["personas"][0].is_object() {
                return room["personas"][0].clone();
            }
        }
    })
    .await;
    assert_eq!(
        shown["shadow"]["differences"][0]["shadow"]["lines"],
        json!(["hi"])
    );
    assert_eq!(shown["detail"], "it trapped in nova::answer, src/lib.rs:7");
    let guest = host.get(LOBBY).await.json();
    let seen = &guest["personas"][0];
    assert_eq!(seen["name"], "Nova");
    assert_eq!(seen["health"], "failing");
    assert_eq!(seen["detail"], "");
    assert!(seen.get("shadow").is_none(), "{guest}");
}

#[tokio::test]
async fn how_the_source_does_is_for_operators_until_it_is_watched_no_more() {
    let host = Host::start().await;
    let topic = Topic::new(TopicKind::StreamSource, lobby());
    let operator = [("authorization", &*format!("Bearer {TOKEN}"))];
    let tell = async |condition: &str, left: bool| {
        let status = json!({
            "v": 1, "room_id": "main/lobby", "source": "rtmp://127.0.0.1:1935/live",
            "condition": condition, "detail": "the server refuses", "since": "2026-01-31T12:00:00.000Z",
            "hearing": { "by": "model", "name": "whisper tiny" }, "behind_ms": 1700, "left": left,
            "at": "2026-01-31T12:00:09.000Z"
        });
        publish_json(&*host.bus, &topic, &status).await.unwrap();
    };
    let shown = async |wanted: Option<&str>| {
        soon(async {
            loop {
                let room = host.http("GET", LOBBY, &operator, "").await.json();
                if room["source"]["condition"].as_str() == wanted {
                    return room["source"].clone();
                }
            }
        })
        .await
    };
    tell("waiting", false).await;
    let source = shown(Some("waiting")).await;
    assert_eq!(source["detail"], "the server refuses");
    assert_eq!(source["behind_ms"], 1700);
    let guest = host.get(LOBBY).await.json();
    assert!(guest.get("source").is_none(), "{guest}");
    tell("ended", true).await;
    shown(None).await;
}
