//! What moderators order, as viewers and those whom it is about see it.

use crate::{
    faulty::faulty,
    host::{Host, MESSAGES, heard, lobby},
    personas::{commit, fates, line},
    requests::{as_operator, moderator, order, ordered, say, texts},
    resume::message,
};
use chatter_protocol::{CallId, TopicKind, call::Fate};
use chatter_store::{Change, Expected, Shelf};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

#[tokio::test]
async fn a_removed_message_is_shown_to_nobody_any_more() {
    let host = Host::start().await;
    let (mut bob, _) = host.watch("?name=bob").await;
    let (mut cy, _) = host.watch("?name=cy").await;
    let mut boss = moderator(&host).await;
    host.say("ana", "one").await;
    host.say("ana", "SECRET").await;
    host.say("ana", "three").await;
    bob.next().await;
    let id = bob.next().await["message"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut acts = host.listen(TopicKind::ChatActs).await;
    ordered(&mut boss, &format!("/delete {id} rude")).await;
    let act = heard(&mut acts).await;
    assert_eq!((&act["act"], &act["id"]), (&json!("removed"), &json!(id)));
    for client in [&mut bob, &mut cy] {
        let remove = client.next_of("remove").await;
        assert_eq!(
            (&remove["id"], &remove["reason"]),
            (&json!(id), &json!("rude"))
        );
    }
    assert_eq!(texts(&host).await, ["one", "(removed)", "three"]);
    // Whoever recovers, from the ring or from the log, is not given the text, and is told again.
    for after in 0..=3 {
        let (mut client, hello) = host.watch(&format!("?name=dee&after={after}")).await;
        assert_eq!(hello["recovered"], true);
        assert_eq!(client.next().await["type"], "remove", "after {after}");
        for offset in after + 1..=3 {
            let frame = client.next().await;
            assert_eq!(frame["offset"], offset);
            assert_eq!(frame["message"]["deleted"] == true, offset == 2);
            assert!(!frame.to_string().contains("SECRET"));
        }
    }
    let host = host.restart().await;
    assert_eq!(texts(&host).await, ["one", "(removed)", "three"]);
    let (mut client, _) = host.watch("?name=dee&after=2").await;
    assert_eq!(client.next().await["type"], "remove");
}

#[tokio::test]
async fn a_timed_out_author_is_cleared_and_may_not_speak_until_it_is_over() {
    let host = Host::start().await;
    let (mut ana, _) = host.watch("?name=ana").await;
    let (mut bob, _) = host.watch("?name=bob").await;
    let mut boss = moderator(&host).await;
    host.say("ana", "one").await;
    host.say("bob", "two").await;
    let told = ordered(&mut boss, "/timeout @Ana 10m spam").await;
    assert_eq!(told, "ana is timed out for 10 minutes");
    let clear = bob.next_of("clear").await;
    assert_eq!(
        (&clear["author"], &clear["up_to"], &clear["reason"]),
        (&json!("guest:ana"), &json!(2), &json!("spam"))
    );
    assert_eq!(texts(&host).await, ["(removed)", "two"]);
    let error = order(&mut ana, "three").await;
    assert_eq!(error["code"], "timed_out", "{error}");
    assert!(
        error["detail"].as_str().unwrap().contains("600 s"),
        "{error}"
    );
    let (status, problem) = say(&host, "Ana", "three").await;
    assert_eq!((status, &problem["code"]), (403, &json!("timed_out")));
    assert_eq!(say(&host, "bob", "four").await.0, 201);

    let host = host.restart().await;
    assert_eq!(
        say(&host, "ana", "five").await.0,
        403,
        "it survives a restart"
    );
    let (status, bans) = as_operator(&host, "GET", "/bans", Value::Null).await;
    assert_eq!((status, bans["bans"].as_array().unwrap().len()), (200, 1));
    host.time.fetch_add(600_000, Ordering::SeqCst);
    assert_eq!(say(&host, "ana", "six").await.0, 201, "it is over");

    let ban = json!({ "author": "ana", "clear": false });
    let (status, ban) = as_operator(&host, "POST", "/bans", ban).await;
    assert_eq!(status, 201, "{ban}");
    assert_eq!(say(&host, "ana", "seven").await.1["code"], "banned");
    assert_eq!(texts(&host).await.last().unwrap(), "six");
    let (status, _) = as_operator(&host, "DELETE", "/bans/guest:ana", Value::Null).await;
    assert_eq!(status, 204);
    let (status, _) = as_operator(&host, "DELETE", "/bans/guest:ana", Value::Null).await;
    assert_eq!(status, 404);
    assert_eq!(say(&host, "ana", "eight").await.0, 201);
}

#[tokio::test]
async fn a_time_out_does_not_end_a_ban() {
    let host = Host::start().await;
    let mut boss = moderator(&host).await;
    host.say("ana", "one").await;
    ordered(&mut boss, "/timeout ana 1m").await;
    ordered(&mut boss, "/timeout ana 2m").await;
    ordered(&mut boss, "/ban ana spam").await;
    let error = order(&mut boss, "/timeout ana 1m").await;
    assert_eq!(error["code"], "already_banned", "{error}");
    let detail = error["detail"].as_str().unwrap();
    assert!(detail.contains("/unban guest:ana"), "{error}");
    let timed_out = json!({ "author": "guest:ana", "seconds": 60 });
    let (status, problem) = as_operator(&host, "POST", "/bans", timed_out).await;
    assert_eq!((status, &problem["code"]), (409, &json!("already_banned")));
    host.time.fetch_add(600_000, Ordering::SeqCst);
    assert_eq!(say(&host, "ana", "two").await.1["code"], "banned");
    ordered(&mut boss, "/ban ana rude").await;
    let (_, bans) = as_operator(&host, "GET", "/bans", Value::Null).await;
    assert_eq!(bans["bans"][0]["reason"], "rude", "the later one counts");
    ordered(&mut boss, "/unban ana").await;
    ordered(&mut boss, "/timeout ana 1m").await;
    assert_eq!(say(&host, "ana", "three").await.1["code"], "timed_out");
}

#[tokio::test]
async fn one_more_ban_than_there_may_be_is_refused_until_another_is_over() {
    let (host, store) = faulty().await;
    store.most.store(2, Ordering::SeqCst);
    let mut boss = moderator(&host).await;
    ordered(&mut boss, "/timeout guest:ana 1m").await;
    ordered(&mut boss, "/ban guest:bob").await;
    let error = order(&mut boss, "/ban guest:cy").await;
    assert_eq!(error["code"], "list_full", "{error}");
    let ban = json!({ "author": "guest:cy" });
    let (status, problem) = as_operator(&host, "POST", "/bans", ban).await;
    assert_eq!((status, &problem["code"]), (409, &json!("list_full")));
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.starts_with("2 may not speak"), "{problem}");
    assert!(detail.contains("/unban"), "{problem}");
    ordered(&mut boss, "/ban guest:ana").await;
    ordered(&mut boss, "/unban guest:ana").await;
    ordered(&mut boss, "/timeout guest:ana 1m").await;
    host.time.fetch_add(130_000, Ordering::SeqCst);
    ordered(&mut boss, "/ban guest:cy").await;
}

#[tokio::test]
async fn a_persona_can_be_muted() {
    let host = Host::start().await;
    let mut boss = moderator(&host).await;
    ordered(&mut boss, "/timeout Nova 60").await;
    commit(&host, vec![line(CallId::new(), "hello")]).await;
    let muted = |fate: &Fate| matches!(fate, Fate::Dropped(rule) if rule == "timed_out");
    assert!(fates(&host).await.iter().any(muted));
}

#[tokio::test]
async fn commands_are_for_those_who_moderate_and_never_go_into_the_room() {
    let host = Host::start().await;
    let (mut bob, _) = host.watch("?name=bob").await;
    let mut boss = moderator(&host).await;
    for (text, code) in [
        ("/ban ana", "forbidden"),
        ("/mod bob", "forbidden"),
        ("/kick ana", "unknown_command"),
    ] {
        let error = order(&mut bob, text).await;
        assert_eq!(
            (&error["type"], &error["code"]),
            (&json!("error"), &json!(code)),
            "{text}"
        );
    }
    for (text, code) in [
        ("/kick ana", "unknown_command"),
        ("/timeout", "bad_command"),
        ("/ban nobody", "unknown_name"),
        ("/ban operator:main", "forbidden"),
        ("/unban bob", "not_found"),
        ("/delete 019ac0de-0001-7a52-9d0f-3f6a1c2b4d51", "not_found"),
        ("/approve 019ac0de-0001-7a52-9d0f-3f6a1c2b4d51", "not_found"),
        ("/mod bob", "invalid"),
    ] {
        let error = order(&mut boss, text).await;
        assert_eq!(error["code"], code, "{text}: {error}");
    }
    assert!(ordered(&mut boss, "/help").await.contains("/timeout NAME"));
    let told = ordered(&mut bob, "/help").await;
    assert!(told.starts_with("/help [COMMAND]: "), "{told}");
    assert!(told.contains("\nFor moderators: /timeout "), "{told}");
    let (status, answer) = say(&host, "bob", "/help ban").await;
    assert_eq!(status, 200);
    assert!(answer["notice"].as_str().unwrap().starts_with("/ban NAME"));
    assert!(texts(&host).await.is_empty());
}

#[tokio::test]
async fn of_two_with_a_name_the_id_tells() {
    let host = Host::start().await;
    let mut boss = moderator(&host).await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let session = host
            .post("/v1/sessions", &json!({ "name": "Ana" }))
            .await
            .json();
        let bearer = format!("Bearer {}", session["token"].as_str().unwrap());
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
        ];
        let said = host
            .http("POST", MESSAGES, &headers, r#"{"text":"hi"}"#)
            .await;
        assert_eq!(said.status, 201);
        ids.push((session["id"].as_str().unwrap().to_owned(), bearer));
    }
    let error = order(&mut boss, "/ban Ana").await;
    assert_eq!(error["code"], "ambiguous_name");
    for (id, _) in &ids {
        assert!(error["detail"].as_str().unwrap().contains(id), "{error}");
    }
    ordered(&mut boss, &format!("/ban {}", ids[0].0)).await;
    for ((_, bearer), status) in ids.iter().zip([403, 201]) {
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
        ];
        let said = host
            .http("POST", MESSAGES, &headers, r#"{"text":"hi again"}"#)
            .await;
        assert_eq!(said.status, status);
    }
}

#[tokio::test]
async fn who_comes_back_from_far_ahead_is_told_what_was_removed_since() {
    let host = Host::start().await;
    let (mut bob, _) = host.watch("?name=bob").await;
    host.say("ana", "SECRET").await;
    let id = bob.next().await["message"]["id"].clone();
    let later = (0..600).map(|_| message("later")).collect();
    host.store.append(&lobby(), later).await.unwrap();
    let path = format!("/messages/{}", id.as_str().unwrap());
    assert_eq!(
        as_operator(&host, "DELETE", &path, Value::Null).await.0,
        204
    );
    let (mut bob, _) = host.watch("?name=bob&after=601").await;
    let told = bob.next().await;
    assert_eq!((&told["type"], &told["id"]), (&json!("remove"), &id));
    host.end().await;
}

#[tokio::test]
async fn acts_that_nobody_can_read_make_place_for_new_ones() {
    let host = Host::start().await;
    let (mut bob, _) = host.watch("?name=bob").await;
    host.say("ana", "SECRET").await;
    let id = bob.next().await["message"]["id"].clone();
    for n in 0..500 {
        let note = Change {
            shelf: Shelf::Acts,
            key: format!("note-{n}"),
            expected: Expected::Nothing,
            value: Some("{}".into()),
            most: 500,
            keeps_back: None,
        };
        host.store
            .desks()
            .change_desk(&lobby(), note)
            .await
            .unwrap();
    }
    let path = format!("/messages/{}", id.as_str().unwrap());
    assert_eq!(
        as_operator(&host, "DELETE", &path, Value::Null).await.0,
        204
    );
    assert_eq!(bob.next_of("remove").await["id"], id);
    host.end().await;
}
