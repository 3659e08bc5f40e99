//! Two gateways on one store and one bus, as on two machines: what is decided is decided once.

use crate::{
    faulty::{Faulty, faulty_with},
    held::hold,
    host::{Host, MESSAGES, heard, lobby, soon},
    requests::{as_operator, moderator, say, texts},
};
use chatter_bus::{Heard, Subscription};
use chatter_protocol::{MessageId, TopicKind};
use chatter_store::{Change, Changed, Expected, Shelf};
use futures_util::FutureExt;
use serde_json::{Value, json};
use std::sync::{Arc, atomic::Ordering};

/// What moderators did, as far as it was said on `chat.audit` by now.
fn acts(audit: &mut Subscription) -> Vec<String> {
    let mut acts = Vec::new();
    while let Some(Some(Heard::Message { payload, .. })) = audit.next().now_or_never() {
        let said: Value = serde_json::from_slice(&payload).unwrap();
        acts.extend(said["did"].as_str().map(str::to_owned));
    }
    acts
}

/// What is done next by moderators, as it is said on `chat.audit`.
async fn act(audit: &mut Subscription) -> String {
    loop {
        if let Some(did) = heard(audit).await["did"].as_str() {
            return did.to_owned();
        }
    }
}

#[tokio::test]
async fn of_two_gateways_one_decides() {
    let first = Host::with(hold).await;
    let second = first.beside(hold).await;
    let mut audit = first.listen(TopicKind::ChatAudit).await;
    let mut approved = Vec::new();
    for n in 0..12 {
        let text = format!("numpty {n}");
        let (status, waiting) = say([&first, &second][n % 2], "ana", &text).await;
        assert_eq!(status, 202);
        let id = waiting["id"].as_str().unwrap();
        let path = format!("/held/{id}");
        // Both know of it.
        for host in [&first, &second] {
            soon(async {
                loop {
                    let (_, page) = as_operator(host, "GET", "/held", Value::Null).await;
                    if page["held"][0]["message"]["id"] == id {
                        return;
                    }
                }
            })
            .await;
        }
        let decisions = ["approve", "deny"].map(|decision| json!({ "decision": decision }));
        let [approve, deny] = decisions;
        let (one, other) = tokio::join!(
            as_operator(&first, "POST", &path, approve),
            as_operator(&second, "POST", &path, deny),
        );
        let mut statuses = [one.0, other.0];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "{n}: {one:?} {other:?}");
        let did = if one.0 == 200 { "approve" } else { "deny" };
        assert_eq!(acts(&mut audit), [did], "{n}");
        if one.0 == 200 {
            approved.push(text);
        }
    }
    for host in [&first, &second] {
        assert_eq!(texts(host).await, approved);
    }
}

#[tokio::test]
async fn what_is_cleared_waits_no_more_at_any_gateway() {
    let ban = json!({ "author": "guest:ana" });
    let timeout = json!({ "author": "guest:ana", "seconds": 60 });
    let keeping = json!({ "author": "guest:ana", "clear": false });
    let of_ana = "/messages?author=guest:ana";
    // What is done, as whose it leaves waiting, and what is on record of it.
    let cases = [
        (("POST", "/bans", ban), vec!["bob"], vec!["ban", "deny"]),
        (
            ("POST", "/bans", timeout),
            vec!["bob"],
            vec!["timeout", "deny"],
        ),
        (("POST", "/bans", keeping), vec!["ana", "bob"], vec!["ban"]),
        (
            ("DELETE", of_ana, Value::Null),
            vec!["bob"],
            vec!["deny", "clear"],
        ),
        (
            ("DELETE", "/messages", Value::Null),
            vec![],
            vec!["deny", "deny", "clear"],
        ),
    ];
    for ((method, path, body), left, did) in cases {
        let first = Host::with(hold).await;
        let second = first.beside(hold).await;
        let (mut ana, _) = first.watch("?name=ana").await;
        let mut boss = moderator(&first).await;
        ana.say("n-1", "you numpty").await;
        let id = ana.next_of("waiting").await["id"].clone();
        assert_eq!(say(&first, "bob", "numpty").await.0, 202);
        let mut audit = first.listen(TopicKind::ChatAudit).await;
        let case = format!("{method} {path} {body}");
        let (status, answer) = as_operator(&second, method, path, body).await;
        assert!([200, 201].contains(&status), "{case}: {answer}");
        assert_eq!(acts(&mut audit), did, "{case}");
        if !left.contains(&"ana") {
            let error = ana.next_of("error").await;
            let told = (&error["nonce"], &error["code"]);
            assert_eq!(told, (&json!("n-1"), &json!("denied")), "{case}");
            assert!(error["detail"].as_str().unwrap().ends_with(": cleared"));
            let decided = boss.next_of("decided").await;
            assert_eq!(decided["decision"], "denied", "{case}");
            let path = format!("/held/{}", id.as_str().unwrap());
            let approve = json!({ "decision": "approve" });
            let (status, answer) = as_operator(&first, "POST", &path, approve).await;
            assert_eq!((status, &answer["code"]), (409, &json!("decided")));
        }
        for host in [&first, &second] {
            soon(async {
                loop {
                    let (_, page) = as_operator(host, "GET", "/held", Value::Null).await;
                    let held = page["held"].as_array().unwrap().iter();
                    if held
                        .map(|held| &held["message"]["author"]["name"])
                        .eq(&left)
                    {
                        return;
                    }
                }
            })
            .await;
            assert_eq!(texts(host).await, [""; 0], "{case}");
        }
    }
}

#[tokio::test]
async fn what_one_gateway_holds_another_does_not_let_out() {
    let strict = Host::with(hold).await;
    // As while a policy changes: it reaches one gateway before the other.
    let lax = strict.beside(|_| {}).await;
    let (mut waits, mut out) = (Vec::new(), Vec::new());
    for n in 0..40 {
        // As somebody sends it who lost the connection to one gateway on the way.
        let said = json!({
            "id": MessageId::new(),
            "author": format!("ana{n}"),
            "text": format!("numpty {n}"),
        });
        let holding = strict.post(MESSAGES, &said);
        let (held, told) = if n % 2 == 0 {
            tokio::join!(holding, lax.post(MESSAGES, &said))
        } else {
            let (told, held) = tokio::join!(lax.post(MESSAGES, &said), holding);
            (held, told)
        };
        let id = said["id"].clone();
        match (held.status, told.status) {
            (202, 202) => waits.push(id),
            (200, 201) => out.push(id),
            other => panic!("{n}: {other:?}"),
        }
    }
    for host in [&strict, &lax] {
        let (_, page) = as_operator(host, "GET", "/messages?limit=100", Value::Null).await;
        let said = page["messages"].as_array().unwrap().iter();
        let said: Vec<Value> = said.map(|said| said["message"]["id"].clone()).collect();
        assert_eq!(said, out);
        let (_, page) = as_operator(host, "GET", "/held", Value::Null).await;
        let held = page["held"].as_array().unwrap().iter();
        let mut held: Vec<Value> = held.map(|held| held["message"]["id"].clone()).collect();
        held.sort_by_key(Value::to_string);
        waits.sort_by_key(Value::to_string);
        assert_eq!(held, waits);
    }
    // What was denied is not let out by a gateway that has yet to hear of it.
    for id in waits {
        let path = format!("/held/{}", id.as_str().unwrap());
        let deny = json!({ "decision": "deny" });
        let said = json!({ "id": id, "author": "ana", "text": "numpty" });
        let (denied, again) = tokio::join!(
            as_operator(&strict, "POST", &path, deny),
            lax.post(MESSAGES, &said)
        );
        assert_eq!(denied.0, 200);
        assert_ne!(again.status, 201, "{id} is in the room");
    }
    assert_eq!(texts(&lax).await.len(), out.len());
}

#[tokio::test]
async fn a_decision_that_was_not_carried_out_is_carried_out_once() {
    let first = Host::with(hold).await;
    let (_, waiting) = say(&first, "ana", "you numpty").await;
    let id = waiting["id"].as_str().unwrap();
    // As a gateway leaves it that was killed in the middle.
    let desk = first.store.desks().desk(&lobby()).await.unwrap();
    let held = desk.notes.iter().find(|note| note.shelf == Shelf::Held);
    let held = held.unwrap().value.clone();
    let mut decided: Value = serde_json::from_str(&held).unwrap();
    decided["decided"] = json!({
        "decision": "approved",
        "by": { "id": "operator:main", "name": "operator" },
        "reason": "",
        "at": "2026-01-31T12:00:00.000Z",
    });
    let change = Change {
        shelf: Shelf::Held,
        key: id.to_owned(),
        expected: Expected::Value(held),
        value: Some(decided.to_string()),
        most: 200,
        keeps_back: None,
    };
    let done = first.store.desks().change_desk(&lobby(), change).await;
    assert!(matches!(done, Ok(Changed::Done(_))));
    let mut audit = first.listen(TopicKind::ChatAudit).await;
    first.time.fetch_add(60_000, Ordering::SeqCst);
    // Each sees to what was left as it starts.
    let (second, third) = tokio::join!(first.beside(hold), first.beside(hold));
    let (mut at_second, _) = second.watch("?name=bob&after=0").await;
    let (mut at_third, _) = third.watch("?name=bob&after=0").await;
    soon(async { while texts(&first).await.is_empty() {} }).await;
    // Who shows what is said now has begun to see to it.
    first.say("ana", "next").await;
    for client in [&mut at_second, &mut at_third] {
        while client.next_of("message").await["message"]["text"] != "next" {}
    }
    assert_eq!(act(&mut audit).await, "approve");
    // What they began is told by their end.
    second.end().await;
    third.end().await;
    assert_eq!(acts(&mut audit), [""; 0]);
    assert_eq!(texts(&first).await, ["you numpty", "next"]);
}

/// Each of so many says something that waits.
async fn wait(host: &Host, authors: usize) {
    for n in 0..authors {
        let (status, _) = say(host, &format!("fan{n}"), &format!("numpty {n}")).await;
        assert_eq!(status, 202);
    }
}

#[tokio::test]
async fn the_room_goes_on_while_messages_whose_time_is_over_are_settled() {
    let (first, store) = faulty_with(hold).await;
    // Each of them takes the store as long as it may.
    wait(&first, 8).await;
    store.stops_settled.store(true, Ordering::SeqCst);
    first.time.fetch_add(15 * 60_000, Ordering::SeqCst);
    // It looks as it starts.
    let second = first.beside(hold).await;
    let (mut bob, _) = second.watch("?name=bob").await;
    soon(store.stopped.notified()).await;
    first.say("ana", "hello").await;
    let said = soon(bob.next_of("message")).await;
    assert_eq!(said["message"]["text"], "hello");
}

#[tokio::test]
async fn messages_whose_time_is_over_are_settled_together() {
    let (first, store) = faulty_with(hold).await;
    wait(&first, 30).await;
    let mut audit = first.listen(TopicKind::ChatAudit).await;
    first.time.fetch_add(15 * 60_000, Ordering::SeqCst);
    let before = store.desks.load(Ordering::SeqCst);
    let second = first.beside(hold).await;
    for n in 0..30 {
        assert_eq!(act(&mut audit).await, "expire", "{n}");
    }
    // Each gateway looks a few times, and not at each of them.
    let looks = store.desks.load(Ordering::SeqCst) - before;
    assert!(looks < 30, "{looks}");
    let (_, page) = as_operator(&second, "GET", "/held", Value::Null).await;
    assert_eq!(page["held"], json!([]));
}

#[tokio::test]
async fn a_time_out_that_is_over_leaves_the_desk() {
    let first = Host::start().await;
    for ban in [
        json!({ "author": "ana", "seconds": 60 }),
        json!({ "author": "bob", "seconds": 3600 }),
        json!({ "author": "cy" }),
    ] {
        first.say(ban["author"].as_str().unwrap(), "hello").await;
        assert_eq!(as_operator(&first, "POST", "/bans", ban).await.0, 201);
    }
    first.time.fetch_add(130_000, Ordering::SeqCst);
    let _second = first.beside(|_| {}).await;
    soon(async {
        loop {
            let desk = first.store.desks().desk(&lobby()).await.unwrap();
            let bans = (desk.notes.iter()).filter(|note| note.shelf == Shelf::Bans);
            let mut keys: Vec<_> = bans.map(|note| note.key.as_str()).collect();
            keys.sort_unstable();
            if keys == ["guest:bob", "guest:cy"] {
                return;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn of_a_ban_and_a_time_out_at_once_the_ban_stays() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let store = Arc::new(Faulty::shuffled(folder.path(), 7));
    let first = Host::over(folder, store, |_| {}).await;
    let second = first.beside(|_| {}).await;
    for n in 0..24 {
        let id = format!("guest:ana{n}");
        let ban = json!({ "author": id, "clear": false });
        let timed_out = json!({ "author": id, "seconds": 60, "clear": false });
        let (banned, timed_out) = tokio::join!(
            as_operator(&first, "POST", "/bans", ban),
            as_operator(&second, "POST", "/bans", timed_out),
        );
        assert_eq!(banned.0, 201, "{banned:?}");
        assert!([201, 409].contains(&timed_out.0), "{timed_out:?}");
        let desk = first.store.desks().desk(&lobby()).await.unwrap();
        let note = desk.notes.iter().find(|note| note.key == id).unwrap();
        let there: Value = serde_json::from_str(&note.value).unwrap();
        assert_eq!(there["until"], Value::Null, "{n}: {there}");
    }
}

/// As when another gateway has ended a ban, and this one has yet to hear of it.
#[tokio::test]
async fn who_is_banned_no_more_can_be_timed_out() {
    let host = Host::start().await;
    let ban = json!({ "author": "guest:ana" });
    assert_eq!(as_operator(&host, "POST", "/bans", ban).await.0, 201);
    let ended = Change {
        shelf: Shelf::Bans,
        key: "guest:ana".into(),
        expected: Expected::Any,
        value: None,
        most: 1,
        keeps_back: None,
    };
    let desks = host.store.desks();
    desks.change_desk(&lobby(), ended).await.unwrap();
    let timed_out = json!({ "author": "guest:ana", "seconds": 60 });
    let (status, ban) = as_operator(&host, "POST", "/bans", timed_out).await;
    assert_eq!(status, 201, "{ban}");
}

#[tokio::test]
async fn modes_that_two_set_at_once_are_all_set() {
    let first = Host::start().await;
    let second = first.beside(|_| {}).await;
    for n in 1..=12 {
        let (slow, unique) = (
            json!({ "slow_seconds": n }),
            json!({ "unique": n % 2 == 1 }),
        );
        let (one, other) = tokio::join!(
            as_operator(&first, "PATCH", "/modes", slow),
            as_operator(&second, "PATCH", "/modes", unique),
        );
        assert_eq!((one.0, other.0), (200, 200), "{one:?} {other:?}");
        let desk = first.store.desks().desk(&lobby()).await.unwrap();
        let note = desk.notes.iter().find(|note| note.shelf == Shelf::Modes);
        let modes: Value = serde_json::from_str(&note.unwrap().value).unwrap();
        assert_eq!(
            (&modes["slow_seconds"], &modes["unique"]),
            (&json!(n), &json!(n % 2 == 1))
        );
    }
}

/// As when another gateway has set them, and this one has yet to hear of it.
#[tokio::test]
async fn modes_are_changed_from_what_is_there() {
    let host = Host::start().await;
    let set = |value: &str| Change {
        shelf: Shelf::Modes,
        key: "room".into(),
        expected: Expected::Any,
        value: Some(value.into()),
        most: 1,
        keeps_back: None,
    };
    // With a field of another version of this program.
    let slow = r#"{"slow_seconds":10,"emote_only":false,"later":1}"#;
    for (there, wanted) in [(slow, json!(10)), ("unreadable", Value::Null)] {
        let desks = host.store.desks();
        desks.change_desk(&lobby(), set(there)).await.unwrap();
        let patch = json!({ "unique": true });
        let (status, modes) = as_operator(&host, "PATCH", "/modes", patch).await;
        assert_eq!((status, &modes["unique"]), (200, &json!(true)), "{modes}");
        assert_eq!(modes.get("slow_seconds").unwrap_or(&Value::Null), &wanted);
    }
}

#[tokio::test]
async fn a_message_that_nobody_looked_at_in_time_goes_and_its_author_is_told() {
    let first = Host::with(hold).await;
    let (mut ana, _) = first.watch("?name=ana").await;
    let mut audit = first.listen(TopicKind::ChatAudit).await;
    ana.say("n", "you numpty").await;
    let id = ana.next_of("waiting").await["id"].clone();
    first.time.fetch_add(15 * 60_000, Ordering::SeqCst);
    // It looks as it starts.
    let second = first.beside(hold).await;
    let told = ana.next_of("error").await;
    assert_eq!(
        (&told["nonce"], &told["code"]),
        (&json!("n"), &json!("expired"))
    );
    assert_eq!(act(&mut audit).await, "expire");
    let again = json!({ "id": id, "author": "ana", "text": "you numpty" });
    let told = second.post(MESSAGES, &again).await;
    assert_eq!(
        (told.status, &told.json()["code"]),
        (422, &json!("expired"))
    );
    let (_, page) = as_operator(&second, "GET", "/held", Value::Null).await;
    assert_eq!(page["held"], json!([]));
    assert!(texts(&first).await.is_empty());
}
