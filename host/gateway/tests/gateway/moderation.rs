//! What moderation does with what is said, and where it can be read.

use crate::{
    host::{Host, LOBBY, MESSAGES, TOKEN, heard},
    personas::{commit, fates, line},
};
use chatter_protocol::{CallId, MessageId, TopicKind, call::Fate, moderation::Action};
use serde_json::json;

const AUDIT: &str = "/v1/rooms/main/lobby/audit";

/// A host whose policy redacts addresses of e-mail, and which keeps an audit.
async fn host(folder: &tempfile::TempDir) -> Host {
    let audit = folder.path().join("audit");
    Host::with(|config| {
        config.audit = Some(audit);
        config.rooms[0].policy.patterns.email = Some(Action::Redact);
    })
    .await
}

#[tokio::test]
async fn what_is_redacted_goes_out_so_and_leaves_a_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let host = host(&folder).await;
    let mut audit = host.listen(TopicKind::ChatAudit).await;
    let (mut client, _) = host.watch("?name=bob").await;
    host.say("ana", "write to ana@example.org!").await;
    let message = client.next().await["message"].clone();
    assert_eq!(message["text"], "write to ***!");
    let verdict = heard(&mut audit).await;
    assert_eq!(
        (&verdict["action"], &verdict["rule"], &verdict["redacted"]),
        (&json!("redact"), &json!("email"), &json!("write to ***!"))
    );
    assert_eq!(verdict["message_id"], message["id"]);
}

#[tokio::test]
async fn a_message_that_is_sent_again_leaves_no_second_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let host = host(&folder).await;
    let mut audit = host.listen(TopicKind::ChatAudit).await;
    let ids = [MessageId::new(), MessageId::new()];
    for (id, status) in [(ids[0], 201), (ids[0], 200), (ids[1], 201)] {
        let body = json!({ "id": id, "author": "ana", "text": "write to ana@example.org!" });
        assert_eq!(host.post(MESSAGES, &body).await.status, status);
    }
    for id in ids {
        assert_eq!(heard(&mut audit).await["message_id"], json!(id));
    }
}

#[tokio::test]
async fn a_personas_line_is_cleaned_before_it_goes_out() {
    let folder = tempfile::tempdir().unwrap();
    let host = host(&folder).await;
    let (mut client, _) = host.watch("?name=bob").await;
    commit(
        &host,
        vec![line(CallId::new(), "Nova: <em>gg</em> ana@example.org")],
    )
    .await;
    assert_eq!(client.next().await["message"]["text"], "gg ***");
    commit(
        &host,
        vec![line(CallId::new(), "<<< The streamer asks the chat.")],
    )
    .await;
    let dropped = |fate: &Fate| matches!(fate, Fate::Dropped(rule) if rule == "prompt_text");
    assert_eq!(
        fates(&host)
            .await
            .iter()
            .filter(|fate| dropped(fate))
            .count(),
        1
    );
}

#[tokio::test]
async fn the_audit_is_for_moderators() {
    let folder = tempfile::tempdir().unwrap();
    let host = host(&folder).await;
    let refused = host
        .post(MESSAGES, &json!({ "author": "ana", "text": "frobnicate" }))
        .await;
    assert_eq!(refused.status, 422);
    host.say("ana", "ana@example.org").await;
    let bearer = format!("Bearer {TOKEN}");
    let operator = [("authorization", bearer.as_str())];
    // Who is refused hears of it before its verdict is kept; what is in the log comes after.
    let verdicts = crate::host::soon(async {
        loop {
            let page = host.http("GET", AUDIT, &operator, "").await.json();
            let verdicts = page["verdicts"].as_array().unwrap().clone();
            if verdicts.len() == 2 {
                return verdicts;
            }
        }
    })
    .await;
    assert_eq!(
        (&verdicts[0]["rule"], &verdicts[1]["rule"]),
        (&json!("email"), &json!("blocklist"))
    );
    assert!(!verdicts[1].to_string().contains("frobnicate"));

    let one = host
        .http("GET", &format!("{AUDIT}?limit=1"), &operator, "")
        .await;
    assert_eq!(one.json()["verdicts"].as_array().unwrap().len(), 1);
    let wrong = host
        .http("GET", &format!("{AUDIT}?limit=0"), &operator, "")
        .await;
    assert_eq!(wrong.status, 400);
    assert_eq!(host.get(AUDIT).await.status, 401);
    let attic = host
        .http("GET", "/v1/rooms/main/attic/audit", &operator, "")
        .await;
    assert_eq!(attic.json(), json!({ "verdicts": [], "acts": [] }));
    assert_eq!(host.get(LOBBY).await.status, 200);
}
