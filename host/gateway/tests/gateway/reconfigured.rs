//! Rooms that become others while the gateway serves them.

use crate::{
    host::{Host, LOBBY, MESSAGES, lobby, soon},
    requests::as_operator,
};
use chatter_bus::publish_json;
use chatter_gateway::{PersonaSeat, RoomSetup};
use chatter_protocol::{PersonaId, RoomId, Topic, TopicKind};
use serde_json::{Value, json};

const ATTIC: &str = "/v1/rooms/main/attic";

/// Looks at a path again and again until its answer is as it should be.
async fn until(host: &Host, path: &str, status: u16, fits: impl Fn(&Value) -> bool) -> Value {
    soon(async {
        loop {
            let answer = host.get(path).await;
            if answer.status == status {
                let answer = answer.json();
                if fits(&answer) {
                    return answer;
                }
            }
        }
    })
    .await
}

/// What the lobby becomes, applied when its title is the new one.
async fn change(host: &Host, change: impl FnOnce(&mut RoomSetup)) {
    apply(host, |room| {
        room.title = "The hall".into();
        change(room);
    })
    .await;
}

/// What the lobby becomes with another title, which tells that it is applied.
async fn apply(host: &Host, change: impl FnOnce(&mut RoomSetup)) {
    let mut rooms = host.rooms.clone();
    change(&mut rooms[0]);
    let title = rooms[0].title.clone();
    host.handle.set_rooms(rooms);
    until(host, LOBBY, 200, |room| room["title"] == *title).await;
}

fn status(persona: &str, left: bool) -> Value {
    let mut status = json!({
        "v": 1, "room_id": "main/lobby", "persona_id": persona, "name": persona, "health": "ok",
        "module": { "name": "regular", "digest": "", "contract": "0.1.0" },
        "calls": 0, "failures": 0, "lines": 0, "at": "2026-01-31T12:00:00.000Z",
    });
    if left {
        status["left"] = true.into();
    }
    status
}

async fn tell(host: &Host, status: &Value) {
    let topic = Topic::new(TopicKind::PersonaStatus, lobby());
    publish_json(&*host.bus, &topic, status).await.unwrap();
}

fn personas(room: &Value) -> Vec<&str> {
    let personas = room["personas"].as_array().unwrap();
    personas
        .iter()
        .map(|persona| persona["persona_id"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn another_policy_judges_what_comes_after_it() {
    let host = Host::start().await;
    host.say("ana", "the weather is fine").await;
    assert_eq!(host.get(LOBBY).await.json()["max_chars"], 500);
    change(&host, |room| {
        room.policy.blocklist = vec!["weather".into()];
        room.policy.version = "2".into();
        room.policy.max_chars = 20;
    })
    .await;
    assert_eq!(host.get(LOBBY).await.json()["max_chars"], 20);
    let answer = host
        .post(
            MESSAGES,
            &json!({ "author": "ana", "text": "the weather is fine" }),
        )
        .await;
    assert_eq!(answer.status, 422);
    assert_eq!(answer.json()["code"], "blocklist");
}

#[tokio::test]
async fn other_modes_are_told_unless_moderators_set_theirs() {
    let host = Host::start().await;
    let (mut ana, _) = host.watch("?name=ana").await;
    let slow = |seconds| {
        move |room: &mut RoomSetup| {
            room.title = format!("The hall of {seconds} s");
            room.modes.slow_seconds = Some(seconds);
        }
    };
    apply(&host, slow(10)).await;
    assert_eq!(ana.next_of("modes").await["slow_seconds"], 10);
    as_operator(&host, "PATCH", "/modes", json!({ "unique": true })).await;
    let modes = ana.next_of("modes").await;
    assert_eq!(
        (&modes["slow_seconds"], &modes["unique"]),
        (&json!(10), &json!(true))
    );
    // What moderators set counts for more.
    apply(&host, slow(20)).await;
    host.say("bob", "hello").await;
    let next = ana.next().await;
    assert_eq!(next["message"]["text"], "hello", "{next}");
}

#[tokio::test]
async fn names_of_newcomers_are_theirs_and_those_of_who_left_are_free() {
    let host = Host::start().await;
    change(&host, |room| {
        room.personas = vec![PersonaSeat {
            id: PersonaId::new("rex").unwrap(),
            name: "Rex".into(),
        }];
    })
    .await;
    let mut taken = Vec::new();
    for name in ["rex", "Nova"] {
        let said = json!({ "author": name, "text": "hello" });
        taken.push(host.post(MESSAGES, &said).await.status);
    }
    assert_eq!(taken, [409, 201]);
    let session = host.post("/v1/sessions", &json!({ "name": "Rex" })).await;
    assert_eq!(session.status, 409);
    host.say("ana", "hi @rex").await;
    let page = host.get(&format!("{MESSAGES}?limit=1")).await.json();
    assert_eq!(
        page["messages"][0]["message"]["mentions"],
        json!(["persona:rex"])
    );
}

#[tokio::test]
async fn whoever_left_is_shown_no_more() {
    let host = Host::start().await;
    for persona in ["nova", "rex", "zed"] {
        tell(&host, &status(persona, false)).await;
    }
    until(&host, LOBBY, 200, |room| personas(room).len() == 3).await;
    tell(&host, &status("rex", true)).await;
    until(&host, LOBBY, 200, |room| personas(room) == ["nova", "zed"]).await;
    // Its worker's word may be lost: the roster says so too.
    change(&host, |_| {}).await;
    until(&host, LOBBY, 200, |room| personas(room) == ["nova"]).await;
}

#[tokio::test]
async fn a_room_opens_while_the_others_go_on() {
    let host = Host::start().await;
    let (mut ana, _) = host.watch("?name=ana").await;
    let mut rooms = host.rooms.clone();
    rooms.push(RoomSetup {
        id: RoomId::new("main/cellar").unwrap(),
        modes: Default::default(),
        title: "The cellar".into(),
        ..rooms[1].clone()
    });
    host.handle.set_rooms(rooms);
    until(&host, "/v1/rooms/main/cellar", 200, |_| true).await;
    until(&host, "/readyz", 200, |_| true).await;
    let said = json!({ "author": "ana", "text": "anybody here?" });
    let path = "/v1/rooms/main/cellar/messages";
    assert_eq!(host.post(path, &said).await.json()["offset"], 1);
    host.say("bob", "still here").await;
    assert_eq!(
        ana.next_of("message").await["message"]["text"],
        "still here"
    );
}

#[tokio::test]
async fn a_room_closes_with_a_word_and_opens_again_with_its_log() {
    let host = Host::start().await;
    let path = format!("{ATTIC}/messages");
    let said = json!({ "author": "ana", "text": "dust" });
    assert_eq!(host.post(&path, &said).await.status, 201);
    let mut ana = host
        .connect(&format!("{ATTIC}/ws?name=ana"), &[])
        .await
        .unwrap();
    ana.next_of("hello").await;

    host.handle.set_rooms(host.rooms[..1].to_vec());
    until(&host, ATTIC, 404, |_| true).await;
    let close = ana.closed().await.unwrap();
    assert_eq!(
        (u16::from(close.code), close.reason.as_str()),
        (1001, "the room was closed")
    );
    let rooms = host.get("/v1/rooms").await.json();
    assert_eq!(rooms["rooms"].as_array().map(Vec::len), Some(1));
    host.say("bob", "the lobby goes on").await;

    host.handle.set_rooms(host.rooms.clone());
    until(&host, ATTIC, 200, |room| room["offset"] == 1).await;
    assert_eq!(host.post(&path, &said).await.json()["offset"], 2);
}
