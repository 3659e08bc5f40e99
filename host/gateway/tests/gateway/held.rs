//! Messages that wait until a moderator decides about them.

use crate::{
    host::{Host, MESSAGES, lobby, soon},
    requests::{as_operator, moderator, order, ordered, say, texts},
};
use chatter_gateway::Config;
use chatter_protocol::{
    MessageId,
    moderation::Action,
    policy::{Category, Words},
};
use chatter_store::Shelf;
use serde_json::{Value, json};

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
async fn over_http_what_became_of_a_message_is_told_when_it_is_sent_again() {
    let host = Host::with(hold).await;
    for (n, decision) in ["approve", "deny"].into_iter().enumerate() {
        let said =
            json!({ "id": MessageId::new(), "author": "ana", "text": format!("numpty {n}") });
        for _ in 0..2 {
            assert_eq!(host.post(MESSAGES, &said).await.status, 202, "{decision}");
        }
        let path = format!("/held/{}", said["id"].as_str().unwrap());
        let order = json!({ "decision": decision, "reason": "so it is" });
        let (status, decided) = as_operator(&host, "POST", &path, order).await;
        assert_eq!(status, 200, "{decided}");
        let again = host.post(MESSAGES, &said).await;
        if decision == "approve" {
            let there = json!({ "id": said["id"], "offset": decided["offset"] });
            assert_eq!((again.status, again.json()), (200, there));
        } else {
            let problem = again.json();
            assert_eq!((again.status, &problem["code"]), (422, &json!("denied")));
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.contains("so it is"), "{problem}");
        }
    }
    assert_eq!(texts(&host).await, ["numpty 0"]);
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
