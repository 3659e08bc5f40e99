//! What happens while a moderation provider is asked.

use crate::{
    by_words::{ByWords, asking, host, plain},
    held::hold,
    host::{Host, LOBBY, heard, soon},
    personas::{commit, fates, line},
    requests::{as_operator, say, texts},
};
use chatter_protocol::{CallId, ModerationPolicy, Schematic as _, TopicKind, call::Fate};
use chatter_store::Sqlite;
use serde_json::{Value, json};
use std::sync::{Arc, atomic::Ordering};

/// A command of the operator's.
async fn order(host: &Host, text: &str) {
    let (status, answer) = as_operator(host, "POST", "/messages", json!({ "text": text })).await;
    assert_eq!(status, 200, "{answer}");
}

#[tokio::test]
async fn who_waits_holds_up_nobody_else_and_their_own_come_in_order() {
    let (host, provider) = host(plain()).await;
    let (mut ana, _) = host.watch("?name=ana").await;
    ana.say("1", "slow one").await;
    provider.is_asked("slow one").await;
    ana.say("2", "two").await;
    ana.say("3", "three").await;
    provider.is_asked("three").await;
    // Enough wait.
    ana.say("4", "four").await;
    let refused = ana.next_of("error").await;
    assert_eq!(
        (&refused["nonce"], &refused["code"]),
        (&json!("4"), &json!("rate_limited"))
    );
    // Others and personas go on.
    assert_eq!(host.say("ben", "hi").await, 1);
    commit(&host, vec![line(CallId::new(), "hi, Ben")]).await;
    assert_eq!(fates(&host).await, [Fate::Accepted]);
    assert_eq!(texts(&host).await, ["hi", "hi, Ben"]);
    provider.let_go();
    for (nonce, offset) in [("1", 3), ("2", 4), ("3", 5)] {
        let ack = ana.next_of("ack").await;
        assert_eq!(
            (&ack["nonce"], &ack["offset"]),
            (&json!(nonce), &json!(offset))
        );
    }
    assert_eq!(
        texts(&host).await,
        ["hi", "hi, Ben", "slow one", "two", "three"]
    );
    ana.say("5", "five").await;
    assert_eq!(ana.next_of("ack").await["offset"], 6);
}

#[tokio::test]
async fn what_comes_while_requests_are_under_way_shares_the_next() {
    let (host, provider) = host(plain()).await;
    let host = Arc::new(host);
    let post = |author: String, text: String| {
        let host = Arc::clone(&host);
        tokio::spawn(async move { say(&host, &author, &text).await.0 })
    };
    let mut said = Vec::new();
    for n in 0..4 {
        let text = format!("slow {n}");
        said.push(post(format!("a{n}"), text.clone()));
        provider.is_asked(&text).await;
    }
    // All ways are taken. What is refused at once was considered after these.
    for n in 0..5 {
        said.push(post(format!("b{n}"), format!("quick {n}")));
    }
    let mut watcher = host.listen(TopicKind::ChatAudit).await;
    for n in 0..5 {
        said.push(post(format!("b{n}"), "frobnicate".into()));
    }
    for _ in 0..5 {
        heard(&mut watcher).await;
    }
    assert_eq!(provider.asked().len(), 4);
    provider.let_go();
    let mut statuses = Vec::new();
    for said in said {
        statuses.push(soon(said).await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [[201; 9].as_slice(), &[422; 5]].concat());
    let later: Vec<usize> = provider.asked()[4..].iter().map(Vec::len).collect();
    assert!(
        later.len() < 5 && later.iter().sum::<usize>() == 5,
        "{later:?}"
    );
}

#[tokio::test]
async fn what_moderators_decide_meanwhile_counts() {
    // What the moderator does, and how the message that waits ends.
    let cases = [
        ("/ban @Ana", 403, "banned"),
        ("/timeout @Ana 5m", 403, "timed_out"),
        ("/clear", 409, "cleared"),
        ("/emoteonly", 422, "emote_only"),
    ];
    for (command, status, code) in cases {
        let (host, provider) = host(plain()).await;
        let host = Arc::new(host);
        assert_eq!(host.say("ana", "hello").await, 1);
        let waiting = tokio::spawn({
            let host = Arc::clone(&host);
            async move { say(&host, "ana", "slow one").await }
        });
        provider.is_asked("slow one").await;
        host.time.fetch_add(1000, Ordering::SeqCst);
        order(&host, command).await;
        provider.let_go();
        let (got, answer) = soon(waiting).await.unwrap();
        assert_eq!((got, &answer["code"]), (status, &json!(code)), "{command}");
        assert_eq!(texts(&host).await.len(), 1, "{command}");
    }
}

#[tokio::test]
async fn a_clear_counts_for_a_line_that_waits() {
    let (host, provider) = host(plain()).await;
    assert_eq!(host.say("ana", "hello").await, 1);
    commit(&host, vec![line(CallId::new(), "slow line")]).await;
    provider.is_asked("slow line").await;
    host.time.fetch_add(1000, Ordering::SeqCst);
    order(&host, "/clear").await;
    provider.let_go();
    assert_eq!(fates(&host).await, [Fate::Dropped("cleared".into())]);
    assert_eq!(texts(&host).await.len(), 1);
    // What is said after that goes out.
    commit(&host, vec![line(CallId::new(), "slow no more")]).await;
    assert_eq!(fates(&host).await.last(), Some(&Fate::Accepted));
}

#[tokio::test]
async fn what_the_policy_itself_holds_waits_behind_its_authors_own() {
    for is_slow in [false, true] {
        let provider = ByWords::new();
        let change = asking(&provider, plain());
        let host = Host::with(|config| {
            change(config);
            hold(config);
        })
        .await;
        if is_slow {
            order(&host, "/slow 30").await;
        }
        let (mut ana, _) = host.watch("?name=ana").await;
        ana.say("1", "slow one").await;
        provider.is_asked("slow one").await;
        ana.say("2", "numpty").await;
        ana.say("3", "three").await;
        provider.is_asked("three").await;
        let (_, page) = as_operator(&host, "GET", "/held", Value::Null).await;
        assert_eq!(page["held"], json!([]), "{is_slow}");
        provider.let_go();
        let mut told = Vec::new();
        while told.len() < 3 {
            let frame = ana.next().await;
            let word = |name: &str| frame[name].as_str().map(str::to_owned);
            if let Some(nonce) = word("nonce") {
                told.push((nonce, word("code").or(word("type")).unwrap()));
            }
        }
        told.sort();
        let became: Vec<&str> = told.iter().map(|(_, became)| became.as_str()).collect();
        assert_eq!(provider.asked(), [["slow one"], ["three"]]);
        if is_slow {
            assert_eq!(became, ["ack", "slow_mode", "slow_mode"]);
            continue;
        }
        assert_eq!(became, ["ack", "waiting", "ack"]);
        let (_, page) = as_operator(&host, "GET", "/held", Value::Null).await;
        let verdict = &page["held"][0]["verdict"];
        assert_eq!(verdict["category"], "bullying");
        assert!(verdict["provider"].is_null(), "{verdict}");
        assert_eq!(texts(&host).await, ["slow one", "three"]);
    }
}

#[tokio::test]
async fn a_line_that_waited_when_the_gateway_was_killed_is_asked_about_anew() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let store = Arc::new(Sqlite::open(&folder.path().join("chatter.db")).unwrap());
    let provider = ByWords::new();
    let killed = Host::over(
        Arc::clone(&folder),
        store.clone(),
        asking(&provider, plain()),
    )
    .await;
    let call = CallId::new();
    commit(
        &killed,
        vec![line(call, "slow and rude"), line(call, "slow and fine")],
    )
    .await;
    provider.is_asked("slow and fine").await;
    killed.served.abort();
    soon(killed.served).await.unwrap_err();
    let second = ByWords::new();
    second.let_go();
    let host = Host::over(folder, store, asking(&second, plain())).await;
    let mut fates = fates(&host).await;
    fates.sort_by_key(|fate| format!("{fate:?}"));
    assert_eq!(fates, [Fate::Accepted, Fate::Dropped("held".into())]);
    assert_eq!(second.asked(), [["slow and rude", "slow and fine"]]);
    assert_eq!(texts(&host).await, ["slow and fine"]);
}

#[tokio::test]
async fn a_policy_that_changes_while_a_line_waits_counts_for_it() {
    let (host, provider) = host(plain()).await;
    commit(&host, vec![line(CallId::new(), "slow and tame")]).await;
    provider.is_asked("slow and tame").await;
    let mut rooms = host.rooms.clone();
    let stricter = json!({ "name": "it", "categories": { "harassment": { "action": "drop", "from_score": 0.0 } } });
    rooms[0].policy =
        ModerationPolicy::from_value(json!({ "name": "test", "provider": stricter })).unwrap();
    rooms[0].title = "Stricter".into();
    host.handle.set_rooms(rooms);
    soon(async { while host.get(LOBBY).await.json()["title"] != "Stricter" {} }).await;
    provider.let_go();
    assert_eq!(fates(&host).await, [Fate::Dropped("provider".into())]);
    assert_eq!(provider.asked().len(), 2);
}

#[tokio::test]
async fn who_waits_when_the_gateway_ends_is_told_so() {
    let (host, provider) = host(plain()).await;
    let host = Arc::new(host);
    let waiting = tokio::spawn({
        let host = Arc::clone(&host);
        async move { say(&host, "ana", "slow one").await }
    });
    provider.is_asked("slow one").await;
    host.cancel.cancel();
    let (status, answer) = soon(waiting).await.unwrap();
    assert_eq!(
        (status, &answer["code"]),
        (503, &json!("not_ready")),
        "{answer}"
    );
}
