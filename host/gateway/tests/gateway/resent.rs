//! What is sent again with the id that it had, while the moderation provider has changed its mind about it.

use crate::{
    by_words::{ByWords, asking, host},
    faulty::Faulty,
    host::{Host, MESSAGES, soon},
    personas::{commit, fates, line},
    requests::{as_operator, texts},
};
use chatter_protocol::{CallId, MessageId, call::Fate};
use serde_json::{Value, json};
use std::sync::{Arc, atomic::Ordering};

fn message(text: &str) -> Value {
    json!({ "id": MessageId::new(), "author": "ana", "text": text })
}

async fn waiting(host: &Host) -> usize {
    let (_, page) = as_operator(host, "GET", "/held", Value::Null).await;
    page["held"].as_array().unwrap().len()
}

#[tokio::test]
async fn what_waits_for_a_moderator_or_was_denied_stays_so() {
    // Why it waits the first time, and what would be said of it the second time.
    let cases = [
        ("mellowing", json!({ "name": "it" })),
        (
            "mellowing and waning",
            json!({ "name": "it", "on_failure": "allow" }),
        ),
    ];
    for (text, rules) in cases {
        let (host, _) = host(rules).await;
        let said = message(text);
        assert_eq!(host.post(MESSAGES, &said).await.status, 202, "{text}");
        let again = host.post(MESSAGES, &said).await;
        assert_eq!((again.status, waiting(&host).await), (202, 1), "{text}");
        assert!(texts(&host).await.is_empty(), "{text}");
        let path = format!("/held/{}", said["id"].as_str().unwrap());
        let (status, denied) =
            as_operator(&host, "POST", &path, json!({ "decision": "deny" })).await;
        assert_eq!(status, 200, "{denied}");
        let again = host.post(MESSAGES, &said).await;
        let told = (again.status, again.json()["code"].clone());
        assert_eq!(told, (422, json!("denied")), "{text}");
        assert_eq!(waiting(&host).await, 0, "{text}");
        assert!(texts(&host).await.is_empty(), "{text}");
        let (mut ana, _) = host.watch("?name=ana").await;
        let frame = json!({ "type": "say", "nonce": "n", "id": said["id"], "text": text });
        ana.send(frame.to_string()).await;
        assert_eq!(ana.next_of("error").await["code"], "denied", "{text}");
    }
}

#[tokio::test]
async fn what_is_in_the_log_is_answered_with_its_offset() {
    for text in ["souring", "waning"] {
        let (host, _) = host(json!({ "name": "it", "on_failure": "hold" })).await;
        let said = message(text);
        let first = host.post(MESSAGES, &said).await;
        assert_eq!(first.status, 201, "{text}");
        let again = host.post(MESSAGES, &said).await;
        assert_eq!((again.status, again.json()), (200, first.json()), "{text}");
        let mut taken = said.clone();
        taken["author"] = "ben".into();
        let taken = host.post(MESSAGES, &taken).await;
        assert_eq!(taken.json()["code"], "id_taken", "{text}");
        assert_eq!(waiting(&host).await, 0, "{text}");
        assert_eq!(texts(&host).await, [text]);
    }
}

#[tokio::test]
async fn what_is_sent_again_before_it_has_an_answer_shares_it() {
    let (host, provider) = host(json!({ "name": "it" })).await;
    let (mut ana, _) = host.watch("?name=ana").await;
    let id = MessageId::new();
    let frame =
        |nonce| json!({ "type": "say", "nonce": nonce, "id": id, "text": "slow, mellowing" });
    ana.send(frame("1").to_string()).await;
    provider.is_asked("slow, mellowing").await;
    ana.send(frame("2").to_string()).await;
    // What she says next is asked about after that.
    ana.say("3", "hello").await;
    provider.is_asked("hello").await;
    provider.let_go();
    for nonce in ["1", "2"] {
        assert_eq!(ana.next_of("waiting").await["nonce"], nonce);
    }
    assert_eq!(waiting(&host).await, 1);
    assert_eq!(provider.asked(), [["slow, mellowing"], ["hello"]]);
    assert_eq!(texts(&host).await, ["hello"]);
}

#[tokio::test]
async fn lines_that_come_again_before_they_were_settled_fare_as_before() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let store = Arc::new(Faulty::new(folder.path()));
    store.refuses_settling.store(true, Ordering::SeqCst);
    let provider = ByWords::new();
    let change = asking(&provider, json!({ "name": "it" }));
    let host = Host::over(folder, store.clone(), change).await;
    let lines = ["mellowing", "souring"].map(|text| line(CallId::new(), text));
    for line in lines {
        commit(&host, vec![line]).await;
    }
    let told_twice = |asked: Vec<Vec<String>>| {
        let times = |text: &str| asked.iter().flatten().filter(|it| *it == text).count();
        times("mellowing") > 1 && times("souring") > 1
    };
    soon(async {
        while !told_twice(provider.asked()) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    store.refuses_settling.store(false, Ordering::SeqCst);
    let mut fates = fates(&host).await;
    fates.sort_by_key(|fate| format!("{fate:?}"));
    assert_eq!(fates, [Fate::Accepted, Fate::Dropped("held".into())]);
    assert_eq!(texts(&host).await, ["souring"]);
    assert_eq!(waiting(&host).await, 1);
}
