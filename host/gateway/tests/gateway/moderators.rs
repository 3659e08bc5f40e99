//! What moderators do, as viewers and those whom it is about see it.

use crate::{
    host::{Client, Host, LOBBY, MESSAGES, TOKEN, heard, lobby, soon},
    personas::{commit, fates, line},
    resume::message,
};
use chatter_gateway::Config;
use chatter_protocol::{
    CallId, TopicKind,
    call::Fate,
    moderation::Action,
    policy::{Category, Words},
};
use chatter_store::{Change, Expected, Shelf};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

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

pub(crate) async fn as_operator(
    host: &Host,
    method: &str,
    path: &str,
    body: Value,
) -> (u16, Value) {
    let bearer = format!("Bearer {TOKEN}");
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
    (
        answer.status,
        serde_json::from_slice(&answer.body).unwrap_or_default(),
    )
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

pub(crate) async fn say(host: &Host, author: &str, text: &str) -> (u16, Value) {
    let answer = host
        .post(MESSAGES, &json!({ "author": author, "text": text }))
        .await;
    (answer.status, answer.json())
}

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
    host.time
        .fetch_add(600_000, std::sync::atomic::Ordering::Relaxed);
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
    assert!(ordered(&mut bob, "/help").await.contains("/timeout NAME"));
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
async fn modes_are_told_kept_and_enforced() {
    let host = Host::start().await;
    let (mut bob, _) = host.watch("?name=bob").await;
    let mut boss = moderator(&host).await;
    ordered(&mut boss, "/slow 10").await;
    let modes = bob.next_of("modes").await;
    assert_eq!(
        (&modes["slow_seconds"], &modes["unique"]),
        (&json!(10), &json!(false))
    );
    assert_eq!(say(&host, "ana", "one").await.0, 201);
    let (status, problem) = say(&host, "ana", "two").await;
    assert_eq!((status, &problem["code"]), (429, &json!("slow_mode")));
    assert_eq!(order(&mut boss, "quick").await["type"], "ack");
    assert_eq!(
        order(&mut boss, "again").await["type"],
        "ack",
        "not for moderators"
    );

    let host = host.restart().await;
    let (mut bob, _) = host.watch("?name=bob").await;
    assert_eq!(bob.next().await["type"], "modes");
    assert_eq!(
        say(&host, "ana", "two").await.1["code"],
        "slow_mode",
        "after a restart"
    );
    let patch = json!({ "slow_seconds": null, "emote_only": true });
    let (status, modes) = as_operator(&host, "PATCH", "/modes", patch).await;
    assert_eq!((status, &modes["slow_seconds"]), (200, &Value::Null));
    assert_eq!(say(&host, "ana", "two").await.1["code"], "emote_only");
    assert_eq!(say(&host, "ana", ":hype: :lol:").await.0, 201);
    let patch = json!({ "emote_only": false, "unique": true });
    as_operator(&host, "PATCH", "/modes", patch).await;
    assert_eq!(say(&host, "ana", "Left!").await.0, 201);
    assert_eq!(say(&host, "bob", "left").await.1["code"], "repeated");
    as_operator(
        &host,
        "PATCH",
        "/modes",
        json!({ "unique": false, "known_minutes": 0 }),
    )
    .await;
    assert_eq!(say(&host, "ana", "hi").await.1["code"], "known_mode");
    let (status, _) = as_operator(&host, "PATCH", "/modes", json!({ "slow_seconds": 0 })).await;
    assert_eq!(status, 422);
}

pub(crate) fn hold(config: &mut Config) {
    let policy = &mut config.rooms[0].policy;
    policy.words = vec![Words {
        category: Category::Bullying,
        from_level: 1,
        entries: vec!["numpty".into()],
    }];
    policy.categories.bullying.action = Some(Action::Hold);
}

async fn holding(folder: &tempfile::TempDir) -> Host {
    let audit = folder.path().join("audit");
    Host::with(|config| {
        config.audit = Some(audit);
        hold(config);
    })
    .await
}

#[tokio::test]
async fn what_waits_goes_out_when_it_is_approved_and_not_when_it_is_denied() {
    let folder = tempfile::tempdir().unwrap();
    let host = holding(&folder).await;
    let (mut ana, _) = host.watch("?name=ana").await;
    let (mut bob, _) = host.watch("?name=bob").await;
    let mut boss = moderator(&host).await;
    ana.say("n-1", "you numpty").await;
    let waiting = ana.next_of("waiting").await;
    let held = boss.next_of("held").await;
    assert_eq!(held["message"]["text"], "you numpty");
    assert_eq!(held["verdict"]["action"], "hold");
    assert_eq!(
        (&waiting["nonce"], &waiting["id"]),
        (&json!("n-1"), &held["message"]["id"])
    );
    let id = held["message"]["id"].as_str().unwrap().to_owned();
    // A moderator who comes later is told, too.
    let mut late = moderator(&host).await;
    assert_eq!(late.next().await["type"], "held");
    let (_, page) = as_operator(&host, "GET", "/held", Value::Null).await;
    assert_eq!(page["held"][0]["message"]["id"], json!(id));

    let approve = json!({ "decision": "approve" });
    let path = format!("/held/{id}");
    let (first, second) = tokio::join!(
        as_operator(&host, "POST", &path, approve.clone()),
        as_operator(&host, "POST", &path, json!({ "decision": "deny" })),
    );
    let mut statuses = [first.0, second.0];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "one wins: {first:?} {second:?}");
    let decided = late.next_of("decided").await;
    assert_eq!(decided["id"], json!(id));
    let (kind, code) = if first.0 == 200 {
        assert_eq!(
            bob.next_of("message").await["message"]["text"],
            "you numpty"
        );
        ("ack", Value::Null)
    } else {
        ("error", json!("denied"))
    };
    let told = ana.next_of(kind).await;
    assert_eq!((&told["nonce"], &told["code"]), (&json!("n-1"), &code));

    // Denied, by a command.
    ana.say("n-2", "numpty again").await;
    ana.next_of("waiting").await;
    let id = boss.next_of("held").await["message"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    ordered(&mut boss, &format!("/deny {id} be nice")).await;
    let error = ana.next_of("error").await;
    assert_eq!(
        (&error["nonce"], &error["code"]),
        (&json!("n-2"), &json!("denied"))
    );
    assert!(!texts(&host).await.iter().any(|text| text.contains("again")));
    // Its author sends it again, as one does who has lost the connection: it is told the same, and nothing waits.
    let again = json!({ "type": "say", "nonce": "n-3", "id": id, "text": "numpty again" });
    ana.send(again.to_string()).await;
    let error = ana.next_of("error").await;
    assert_eq!(
        (&error["nonce"], &error["code"]),
        (&json!("n-3"), &json!("denied"))
    );
    let (_, page) = as_operator(&host, "GET", "/held", Value::Null).await;
    assert_eq!(page["held"], json!([]));
    let again = order(&mut boss, &format!("/approve {id}")).await;
    assert_eq!(again["code"], "decided");

    let acts = soon(async {
        loop {
            let (_, page) = as_operator(&host, "GET", "/audit", Value::Null).await;
            let acts = page["acts"].as_array().unwrap().clone();
            if acts.len() == 2 {
                return acts;
            }
        }
    })
    .await;
    assert_eq!(acts[0]["did"], "deny");
    assert_eq!(
        (&acts[0]["reason"], &acts[0]["whom"]["id"]),
        (&json!("be nice"), &json!("guest:ana"))
    );
}

#[tokio::test]
async fn what_waits_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let host = holding(&folder).await;
    let (status, waiting) = say(&host, "ana", "what a numpty").await;
    assert_eq!(status, 202);
    let id = waiting["id"].as_str().unwrap().to_owned();
    let host = host.restart().await;
    let path = format!("/held/{id}");
    let (status, decided) =
        as_operator(&host, "POST", &path, json!({ "decision": "approve" })).await;
    assert_eq!((status, &decided["offset"]), (200, &json!(1)), "{decided}");
    assert_eq!(texts(&host).await, ["what a numpty"]);
}

#[tokio::test]
async fn the_operator_makes_moderators() {
    let host = Host::start().await;
    let session = host
        .post("/v1/sessions", &json!({ "name": "Bea" }))
        .await
        .json();
    let bearer = format!("Bearer {}", session["token"].as_str().unwrap());
    let ws = format!("{LOBBY}/ws");
    let mut bea = host
        .connect(&ws, &[("authorization", &bearer)])
        .await
        .unwrap();
    bea.next_of("hello").await;
    let mut boss = moderator(&host).await;
    assert_eq!(order(&mut bea, "/clear").await["code"], "forbidden");
    ordered(&mut boss, "/mod Bea").await;
    assert_eq!(
        bea.closed().await.map(|close| u16::from(close.code)),
        Some(1012)
    );
    let mut bea = host
        .connect(&ws, &[("authorization", &bearer)])
        .await
        .unwrap();
    let hello = bea.next().await;
    assert!(
        hello["you"]["scopes"].to_string().contains("moderate"),
        "{hello}"
    );
    host.say("ana", "one").await;
    ordered(&mut bea, "/clear ana").await;
    assert_eq!(texts(&host).await, ["(removed)"]);
    bea.say("n", "I am here").await;
    let message = boss.next_of("clear").await;
    assert_eq!(message["author"], "guest:ana");
    let message = boss.next_of("message").await["message"].clone();
    assert_eq!(
        (&message["author"]["kind"], &message["author"]["badges"]),
        (&json!("moderator"), &json!(["moderator"]))
    );
    assert_eq!(
        order(&mut bea, "/ban operator:main").await["code"],
        "forbidden"
    );
    let own = session["id"].as_str().unwrap();
    assert_eq!(
        order(&mut bea, &format!("/ban {own}")).await["code"],
        "forbidden"
    );
    let headers = [("authorization", bearer.as_str())];
    assert_eq!(
        host.http("GET", &format!("{LOBBY}/bans"), &headers, "")
            .await
            .status,
        200
    );
    let attic = host
        .http("GET", "/v1/rooms/main/attic/bans", &headers, "")
        .await;
    assert_eq!(attic.status, 403, "in one room only");
    ordered(&mut boss, "/unmod Bea").await;
    assert_eq!(
        host.http("GET", &format!("{LOBBY}/bans"), &headers, "")
            .await
            .status,
        403
    );
}

/// A session that the operator makes a moderator's: its id and its `Bearer`.
async fn deputy(host: &Host, boss: &mut Client, name: &str) -> (String, String) {
    let session = host
        .post("/v1/sessions", &json!({ "name": name }))
        .await
        .json();
    let id = session["id"].as_str().unwrap().to_owned();
    let bearer = format!("Bearer {}", session["token"].as_str().unwrap());
    ordered(boss, &format!("/mod {id}")).await;
    (id, bearer)
}

async fn as_session(
    host: &Host,
    bearer: &str,
    method: &str,
    path: &str,
    body: &str,
) -> (u16, Value) {
    let headers = [
        ("authorization", bearer),
        ("content-type", "application/json"),
    ];
    let answer = host
        .http(method, &format!("{LOBBY}{path}"), &headers, body.to_owned())
        .await;
    let body = serde_json::from_slice(&answer.body).unwrap_or_default();
    (answer.status, body)
}

#[tokio::test]
async fn a_moderator_who_is_banned_neither_speaks_nor_moderates() {
    for (ban, code) in [("/timeout", "timed_out"), ("/ban", "banned")] {
        let host = Host::start().await;
        let mut boss = moderator(&host).await;
        let (bea, bearer) = deputy(&host, &mut boss, "Bea").await;
        let (_, cyd) = deputy(&host, &mut boss, "Cyd").await;
        let mut here = host
            .connect(&format!("{LOBBY}/ws"), &[("authorization", &bearer)])
            .await
            .unwrap();
        here.next_of("hello").await;
        ordered(&mut boss, &format!("{ban} {bea}")).await;
        let close = here.closed().await.map(|close| u16::from(close.code));
        assert_eq!(close, Some(1012), "{ban}");
        let text = r#"{"text":"I am here"}"#;
        let command = r#"{"text":"/clear"}"#;
        let said = as_session(&host, &bearer, "POST", "/messages", text).await;
        assert_eq!((said.0, &said.1["code"]), (403, &json!(code)), "{ban}");
        let done = as_session(&host, &bearer, "POST", "/messages", command).await;
        assert_eq!(
            (done.0, &done.1["code"]),
            (403, &json!("forbidden")),
            "{ban}"
        );
        let (status, _) = as_session(&host, &bearer, "GET", "/bans", "").await;
        assert_eq!(status, 403, "{ban}");
        let mut here = host
            .connect(&format!("{LOBBY}/ws"), &[("authorization", &bearer)])
            .await
            .unwrap();
        let scopes = here.next_of("hello").await["you"]["scopes"].clone();
        assert_eq!(scopes, json!(["read", "say"]), "{ban}");
        // Nor does another one, who ranks no higher, let it speak.
        let path = format!("/bans/{bea}");
        let (status, _) = as_session(&host, &cyd, "DELETE", &path, "").await;
        assert_eq!(status, 403, "{ban}");
        assert_eq!(
            as_operator(&host, "DELETE", &path, Value::Null).await.0,
            204
        );
        let said = as_session(&host, &bearer, "POST", "/messages", text).await;
        assert_eq!(said.0, 201, "{ban}: {}", said.1);
        let (status, _) = as_session(&host, &bearer, "GET", "/bans", "").await;
        assert_eq!(status, 200, "{ban}");
        let close = here.closed().await.map(|close| u16::from(close.code));
        assert_eq!(close, Some(1012), "{ban}");
        host.end().await;
    }
}

#[tokio::test]
async fn who_was_timed_out_moderates_again_when_that_is_over() {
    let host = Host::start().await;
    let mut boss = moderator(&host).await;
    let (bea, bearer) = deputy(&host, &mut boss, "Bea").await;
    ordered(&mut boss, &format!("/timeout {bea} 60")).await;
    let ws = format!("{LOBBY}/ws");
    let headers = [("authorization", bearer.as_str())];
    let mut here = host.connect(&ws, &headers).await.unwrap();
    here.next_of("hello").await;
    host.time.fetch_add(60_000, Ordering::SeqCst);
    let close = here.closed().await.map(|close| u16::from(close.code));
    assert_eq!(close, Some(1012));
    let mut here = host.connect(&ws, &headers).await.unwrap();
    let scopes = here.next_of("hello").await["you"]["scopes"].clone();
    assert_eq!(scopes, json!(["read", "say", "moderate"]));
    host.end().await;
}

#[tokio::test]
async fn of_one_author_a_few_messages_wait() {
    let host = Host::with(hold).await;
    let mut ids = Vec::new();
    for n in 0..3 {
        let (status, waiting) = say(&host, "ana", &format!("numpty {n}")).await;
        assert_eq!(status, 202);
        ids.push(waiting["id"].clone());
    }
    let body = json!({ "author": "ana", "text": "numpty 3" });
    let more = host.post(MESSAGES, &body).await;
    assert_eq!(
        (
            more.status,
            more.json()["code"].as_str(),
            more.header("retry-after")
        ),
        (429, Some("too_many_waiting"), "900")
    );
    assert_eq!(say(&host, "bob", "numpty").await.0, 202, "another's");
    let again = json!({ "id": ids[0], "author": "ana", "text": "numpty 0" });
    assert_eq!(host.post(MESSAGES, &again).await.status, 202, "sent again");
    let path = format!("/held/{}", ids[1].as_str().unwrap());
    let (status, _) = as_operator(&host, "POST", &path, json!({ "decision": "deny" })).await;
    assert_eq!(status, 200);
    assert_eq!(
        host.post(MESSAGES, &body).await.status,
        202,
        "one is decided"
    );
    host.end().await;
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

#[tokio::test]
async fn what_became_of_messages_that_waited_pushes_out_no_removal() {
    let host = Host::with(hold).await;
    host.say("ana", "SECRET").await;
    let (_, page) = as_operator(&host, "GET", "/messages", Value::Null).await;
    let id = page["messages"][0]["message"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    as_operator(&host, "DELETE", &format!("/messages/{id}"), Value::Null).await;
    let (_, waiting) = say(&host, "bob", "numpty").await;
    let path = format!("/held/{}", waiting["id"].as_str().unwrap());
    as_operator(&host, "POST", &path, json!({ "decision": "deny" })).await;
    let desk = host.store.desks().desk(&lobby()).await.unwrap();
    let on = |shelf| {
        desk.notes
            .iter()
            .filter(move |note| note.shelf == shelf)
            .count()
    };
    assert_eq!(
        (on(Shelf::Acts), on(Shelf::Settled), on(Shelf::Held)),
        (1, 1, 0)
    );
    host.end().await;
}
