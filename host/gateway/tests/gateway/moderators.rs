//! Who moderates: whom the operator makes a moderator, until that is taken back or they are banned.

use crate::{
    faulty::faulty,
    host::{Client, Host, LOBBY},
    requests::{as_operator, as_whoever_has, moderator, order, ordered, texts},
};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

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

/// A session that the operator makes a moderator's: its id and its token.
async fn deputy(host: &Host, boss: &mut Client, name: &str) -> (String, String) {
    let session = host
        .post("/v1/sessions", &json!({ "name": name }))
        .await
        .json();
    let id = session["id"].as_str().unwrap().to_owned();
    let token = session["token"].as_str().unwrap().to_owned();
    ordered(boss, &format!("/mod {id}")).await;
    (id, token)
}

#[tokio::test]
async fn one_more_moderator_than_there_may_be_is_refused() {
    let (host, store) = faulty().await;
    store.most.store(1, Ordering::SeqCst);
    let mut boss = moderator(&host).await;
    let (bea, _) = deputy(&host, &mut boss, "Bea").await;
    let cyd = host
        .post("/v1/sessions", &json!({ "name": "Cyd" }))
        .await
        .json()["id"]
        .clone();
    let command = format!("/mod {}", cyd.as_str().unwrap());
    let error = order(&mut boss, &command).await;
    assert_eq!(error["code"], "list_full", "{error}");
    let body = json!({ "author": cyd });
    let (status, problem) = as_operator(&host, "POST", "/moderators", body).await;
    assert_eq!((status, &problem["code"]), (409, &json!("list_full")));
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.starts_with("1 moderate here"), "{problem}");
    assert!(detail.contains("/unmod"), "{problem}");
    // Who does already may be named again.
    ordered(&mut boss, &format!("/mod {bea}")).await;
    ordered(&mut boss, &format!("/unmod {bea}")).await;
    ordered(&mut boss, &command).await;
}

#[tokio::test]
async fn a_moderator_who_is_banned_neither_speaks_nor_moderates() {
    for (ban, code) in [("/timeout", "timed_out"), ("/ban", "banned")] {
        let host = Host::start().await;
        let mut boss = moderator(&host).await;
        let (bea, token) = deputy(&host, &mut boss, "Bea").await;
        let (_, cyd) = deputy(&host, &mut boss, "Cyd").await;
        let bearer = format!("Bearer {token}");
        let mut here = host
            .connect(&format!("{LOBBY}/ws"), &[("authorization", &bearer)])
            .await
            .unwrap();
        here.next_of("hello").await;
        ordered(&mut boss, &format!("{ban} {bea}")).await;
        let close = here.closed().await.map(|close| u16::from(close.code));
        assert_eq!(close, Some(1012), "{ban}");
        let text = json!({ "text": "I am here" });
        let command = json!({ "text": "/clear" });
        let said = as_whoever_has(&token, &host, "POST", "/messages", text.clone()).await;
        assert_eq!((said.0, &said.1["code"]), (403, &json!(code)), "{ban}");
        let done = as_whoever_has(&token, &host, "POST", "/messages", command).await;
        assert_eq!(
            (done.0, &done.1["code"]),
            (403, &json!("forbidden")),
            "{ban}"
        );
        let (status, _) = as_whoever_has(&token, &host, "GET", "/bans", Value::Null).await;
        assert_eq!(status, 403, "{ban}");
        let mut here = host
            .connect(&format!("{LOBBY}/ws"), &[("authorization", &bearer)])
            .await
            .unwrap();
        let scopes = here.next_of("hello").await["you"]["scopes"].clone();
        assert_eq!(scopes, json!(["read", "say"]), "{ban}");
        // Nor does another one, who ranks no higher, let it speak.
        let path = format!("/bans/{bea}");
        let (status, _) = as_whoever_has(&cyd, &host, "DELETE", &path, Value::Null).await;
        assert_eq!(status, 403, "{ban}");
        assert_eq!(
            as_operator(&host, "DELETE", &path, Value::Null).await.0,
            204
        );
        let said = as_whoever_has(&token, &host, "POST", "/messages", text).await;
        assert_eq!(said.0, 201, "{ban}: {}", said.1);
        let (status, _) = as_whoever_has(&token, &host, "GET", "/bans", Value::Null).await;
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
    let (bea, token) = deputy(&host, &mut boss, "Bea").await;
    let bearer = format!("Bearer {token}");
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
