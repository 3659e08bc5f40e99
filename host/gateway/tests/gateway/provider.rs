//! What is said in a room whose policy asks a moderation provider.

use crate::{
    by_words::{ByWords, asking, host, plain},
    host::{Host, LOBBY, heard},
    personas::{commit, fates, line},
    requests::{as_operator, say, texts},
};
use chatter_protocol::{AuthorKind, CallId, TopicKind, call::Fate};
use serde_json::{Value, json};

#[tokio::test]
async fn what_it_objects_to_is_held_or_dropped_and_leaves_a_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let audit = folder.path().join("audit");
    let provider = ByWords::new();
    let change = asking(&provider, plain());
    let host = Host::with(|config| {
        change(config);
        config.audit = Some(audit);
    })
    .await;
    assert_eq!(say(&host, "ana", "hello").await.0, 201);
    let (status, held) = say(&host, "ana", "a rude thing").await;
    assert_eq!(status, 202, "{held}");
    let (status, dropped) = say(&host, "ben", "a vile thing").await;
    assert_eq!((status, &dropped["code"]), (422, &json!("provider")));
    assert!(
        dropped["detail"]
            .as_str()
            .unwrap()
            .contains("sexual/minors"),
        "{dropped}"
    );
    assert_eq!(texts(&host).await, ["hello"]);
    // The moderator sees it, and why.
    let (_, waiting) = as_operator(&host, "GET", "/held", Value::Null).await;
    let verdict = &waiting["held"][0]["verdict"];
    assert_eq!(
        (
            &waiting["held"][0]["message"]["text"],
            &verdict["rule"],
            &verdict["score"]
        ),
        (&json!("a rude thing"), &json!("provider"), &json!(0.9)),
    );
    let by = json!({ "name": "it", "category": "harassment" });
    assert_eq!(verdict["provider"], by);
    let (_, audit) = as_operator(&host, "GET", "/audit", Value::Null).await;
    let verdicts: Vec<_> = audit["verdicts"].as_array().unwrap().iter().collect();
    let told: Vec<_> = verdicts
        .iter()
        .map(|it| (&it["action"], &it["provider"]["category"], &it["policy"]))
        .collect();
    assert_eq!(
        told,
        [
            (&json!("drop"), &json!("sexual/minors"), &json!("test@1")),
            (&json!("hold"), &json!("harassment"), &json!("test@1")),
        ]
    );
    // Let out, it is in the room, and nobody is asked again.
    let id = held["id"].as_str().unwrap();
    let path = format!("/held/{id}");
    let (status, decided) =
        as_operator(&host, "POST", &path, json!({ "decision": "approve" })).await;
    assert_eq!(status, 200, "{decided}");
    assert_eq!(texts(&host).await, ["hello", "a rude thing"]);
    assert_eq!(
        provider.asked().concat(),
        ["hello", "a rude thing", "a vile thing"]
    );
}

#[tokio::test]
async fn it_is_sent_what_the_policy_leaves_and_of_those_whom_it_is_about() {
    let (host, provider) = host(json!({ "name": "it", "about": ["people"] })).await;
    assert_eq!(say(&host, "ana", "frobnicate").await.0, 422);
    assert_eq!(say(&host, "ana", "mail ana@example.org").await.0, 201);
    commit(&host, vec![line(CallId::new(), "rude, says Nova")]).await;
    assert_eq!(fates(&host).await, [Fate::Accepted]);
    assert_eq!(provider.asked(), [["mail ***"]]);
    assert_eq!(texts(&host).await, ["mail ***", "rude, says Nova"]);
}

#[tokio::test]
async fn without_an_answer_the_policy_decides() {
    for (on_failure, status, rule) in [("allow", 201, None), ("hold", 202, Some("provider_failed"))]
    {
        let (host, _) = host(json!({ "name": "it", "on_failure": on_failure })).await;
        let mut audit = host.listen(TopicKind::ChatAudit).await;
        assert_eq!(
            say(&host, "ana", "it is down").await.0,
            status,
            "{on_failure}"
        );
        commit(&host, vec![line(CallId::new(), "down again")]).await;
        let fate = match rule {
            None => Fate::Accepted,
            Some(_) => Fate::Dropped("held".into()),
        };
        assert_eq!(fates(&host).await, [fate]);
        if let Some(rule) = rule {
            let verdict = heard(&mut audit).await;
            assert_eq!(
                (&verdict["rule"], &verdict["provider"]),
                (&json!(rule), &json!({ "name": "it" }))
            );
        }
    }
    // And so if the program was told of no such provider.
    let (host, provider) = host(json!({ "name": "other", "on_failure": "hold" })).await;
    assert_eq!(say(&host, "ana", "hello").await.0, 202);
    assert!(provider.asked().is_empty());
}

#[tokio::test]
async fn lines_of_personas_are_asked_about_together_and_dropped() {
    let (host, provider) = host(json!({ "name": "it", "about": ["personas"] })).await;
    let mut audit = host.listen(TopicKind::ChatAudit).await;
    let call = CallId::new();
    let lines = [
        "Nova: fine",
        "a vile line",
        "a rude line",
        "frobnicate",
        "Nova: /ban Ana",
    ];
    commit(&host, lines.map(|text| line(call, text)).into()).await;
    let mut fates = fates(&host).await;
    fates.sort_by_key(|fate| format!("{fate:?}"));
    assert_eq!(
        fates,
        [
            Fate::Accepted,
            Fate::Dropped("blocklist".into()),
            Fate::Dropped("command".into()),
            Fate::Dropped("held".into()),
            Fate::Dropped("provider".into()),
        ]
    );
    // Without what its own rules took away.
    assert_eq!(provider.asked(), [["fine", "a vile line", "a rude line"]]);
    assert_eq!(texts(&host).await, ["fine"]);
    let mut rules = Vec::new();
    for _ in 0..5 {
        let verdict = heard(&mut audit).await;
        assert_eq!(verdict["author"]["kind"], AuthorKind::Persona.as_str());
        rules.push((verdict["rule"].clone(), verdict["action"].clone()));
    }
    assert_eq!(
        rules,
        [
            (json!("speaker_name"), json!("redact")),
            (json!("provider"), json!("drop")),
            (json!("provider"), json!("hold")),
            (json!("blocklist"), json!("drop")),
            (json!("command"), json!("drop")),
        ]
    );
    assert_eq!(
        say(&host, "ana", "rude").await.0,
        201,
        "people are not asked about"
    );
}

#[tokio::test]
async fn a_text_that_it_does_not_take_is_found_in_few_requests() {
    let (host, provider) = host(json!({ "name": "it", "on_failure": "hold" })).await;
    let call = CallId::new();
    let lines = (0..32).map(|n| match n {
        20 => line(call, "garbage"),
        n => line(call, &format!("line {n}")),
    });
    commit(&host, lines.collect()).await;
    fates(&host).await;
    assert_eq!(texts(&host).await.len(), 31);
    let (_, page) = as_operator(&host, "GET", "/held", Value::Null).await;
    assert_eq!(page["held"][0]["message"]["text"], "garbage");
    // All of them, and two halves of what holds it, five times.
    assert_eq!(provider.asked().len(), 11);
}

#[tokio::test]
async fn operators_see_that_it_is_down() {
    let (host, _) = host(plain()).await;
    let (_, status) = as_operator(&host, "GET", "", Value::Null).await;
    assert_eq!(
        status["moderation"],
        "the moderation provider it does not answer"
    );
    assert!(host.get(LOBBY).await.json()["moderation"].is_null());
}
