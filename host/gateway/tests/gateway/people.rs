//! Who watches a room, as its status tells it.

use crate::{
    host::{Host, LOBBY, MESSAGES, TOKEN, soon},
    requests::as_operator,
};
use serde_json::{Value, json};

/// The people of the lobby, once so many WebSockets watch: the gateway notices on its own time that
/// one of them has ended.
async fn people(host: &Host, viewers: u64) -> Vec<Value> {
    soon(async {
        loop {
            let status = host.get(LOBBY).await.json();
            if status["viewers"] == viewers {
                return status["people"].as_array().unwrap().clone();
            }
        }
    })
    .await
}

fn names(people: &[Value]) -> Vec<&str> {
    people.iter().map(|p| p["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn people_come_and_go_each_once() {
    let host = Host::start().await;
    assert_eq!(people(&host, 0).await, Vec::<Value>::new());
    let (ana, _) = host.watch("?name=ana").await;
    let (bo, _) = host.watch("?name=bo").await;
    assert_eq!(names(&people(&host, 2).await), ["bo", "ana"]);
    let (second_tab, _) = host.watch("?name=ana").await;
    assert_eq!(names(&people(&host, 3).await), ["ana", "bo"]);
    drop(ana);
    assert_eq!(names(&people(&host, 2).await), ["ana", "bo"]);
    drop(second_tab);
    assert_eq!(names(&people(&host, 1).await), ["bo"]);
    drop(bo);
    assert_eq!(people(&host, 0).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_person_is_shown_as_on_their_messages() {
    let host = Host::start().await;
    let bearer = format!("Bearer {TOKEN}");
    let path = format!("{LOBBY}/ws");
    let operator = host.connect(&path, &[("authorization", &bearer)]).await;
    let (mut guest, hello) = host.watch("").await;
    guest.say("n", "hello").await;
    let author = guest.next_of("message").await["message"]["author"].clone();
    assert_eq!(author["id"], hello["you"]["id"]);
    let people = people(&host, 2).await;
    for field in ["id", "name", "kind", "color"] {
        assert_eq!(people[0][field], author[field], "{field}");
    }
    assert_eq!(people[1]["id"], "operator:main");
    assert_eq!(people[1]["kind"], "moderator");
    drop(operator);
}

/// Whatever it brings: streaming software may share its cookies with a browser.
#[tokio::test]
async fn an_overlay_is_nobody_gets_no_session_and_only_reads() {
    let host = Host::start().await;
    let (_ana, _) = host.watch("?name=ana").await;
    let path = format!("{LOBBY}/ws?overlay=true&name=bo");
    let bearer = format!("Bearer {TOKEN}");
    for headers in [&[][..], &[("authorization", bearer.as_str())]] {
        let mut overlay = host.connect(&path, headers).await.unwrap();
        let hello = overlay.next().await;
        assert_eq!(hello["you"]["id"], "overlay:main");
        assert_eq!(hello["you"]["scopes"], json!(["read"]));
        assert_eq!(hello["token"], Value::Null);
        assert_eq!(names(&people(&host, 1).await), ["ana"]);
        overlay.say("n-1", "hello").await;
        let refused = overlay.next().await;
        assert_eq!(
            (&refused["type"], &refused["code"], &refused["nonce"]),
            (&json!("error"), &json!("forbidden"), &json!("n-1"))
        );
        let text = format!("to {} headers", headers.len());
        host.post(MESSAGES, &json!({ "author": "ana", "text": text }))
            .await;
        assert_eq!(overlay.next().await["message"]["text"], text);
    }
}

#[tokio::test]
async fn who_may_not_be_shown_watches_and_is_not_listed() {
    let host = Host::start().await;
    let (_ana, _) = host.watch("?name=ana").await;
    let (mut rude, hello) = host.watch("?name=frobnicate").await;
    assert_eq!(hello["you"]["name"], "frobnicate");
    assert_eq!(names(&people(&host, 2).await), ["ana"]);
    host.say("ana", "hello").await;
    assert_eq!(rude.next_of("message").await["message"]["text"], "hello");
    // Moderators name who is there all the same.
    let ban = json!({ "author": "frobnicate", "seconds": 60 });
    assert_eq!(as_operator(&host, "POST", "/bans", ban).await.0, 201);
    as_operator(&host, "DELETE", "/bans/guest:frobnicate", Value::Null).await;
    // Another policy may think otherwise of who is there already.
    let mut rooms = host.rooms.clone();
    rooms[0].policy.blocklist = vec!["ana".into()];
    // How long texts may be says nothing of names.
    rooms[0].policy.max_chars = 2;
    host.handle.set_rooms(rooms.clone());
    soon(async { while names(&people(&host, 2).await) != ["frobnicate"] {} }).await;
    rooms[0].policy.blocklist = vec!["frobnicate".into()];
    host.handle.set_rooms(rooms);
    soon(async { while names(&people(&host, 2).await) != ["ana"] {} }).await;
}

#[tokio::test]
async fn who_is_banned_is_not_listed() {
    let host = Host::start().await;
    let (_ana, _) = host.watch("?name=ana").await;
    let (_bo, _) = host.watch("?name=bo").await;
    for (body, listed) in [
        (
            json!({ "author": "ana", "seconds": 60 }),
            &["bo", "ana"][..],
        ),
        (json!({ "author": "ana" }), &["bo"]),
    ] {
        assert_eq!(as_operator(&host, "POST", "/bans", body).await.0, 201);
        assert_eq!(names(&people(&host, 2).await), listed);
    }
    as_operator(&host, "DELETE", "/bans/guest:ana", Value::Null).await;
    assert_eq!(names(&people(&host, 2).await), ["bo", "ana"]);
}

#[tokio::test]
async fn rooms_have_their_own_people() {
    let host = Host::start().await;
    let (_ana, _) = host.watch("?name=ana").await;
    assert_eq!(names(&people(&host, 1).await), ["ana"]);
    let attic = host.get("/v1/rooms/main/attic").await.json();
    assert_eq!(
        (&attic["viewers"], &attic["people"]),
        (&json!(0), &json!([]))
    );
}

#[tokio::test]
async fn a_crowd_is_told_with_its_latest_hundred() {
    let host = Host::start().await;
    let mut crowd = Vec::new();
    for n in 0..105 {
        crowd.push(host.watch(&format!("?name=guest{n}")).await);
    }
    let people = people(&host, 105).await;
    assert_eq!(people.len(), 100);
    assert_eq!(
        (&people[0]["name"], &people[99]["name"]),
        (&json!("guest104"), &json!("guest5"))
    );
}
