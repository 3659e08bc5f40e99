//! Sessions, scopes and names.

use crate::host::{Host, LOBBY, MESSAGES, TOKEN, heard};
use chatter_protocol::TopicKind;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Error;

const JSON: (&str, &str) = ("content-type", "application/json");

async fn session(host: &Host, name: &str) -> (Value, String) {
    let answer = host.post("/v1/sessions", &json!({ "name": name })).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    (answer.json(), answer.header("set-cookie").to_owned())
}

#[tokio::test]
async fn a_session_speaks_by_token_and_by_cookie() {
    let host = Host::start().await;
    let (session, cookie) = session(&host, " Ana ").await;
    assert_eq!(session["name"], "Ana");
    assert_eq!(session["kind"], "viewer");
    assert_eq!(session["scopes"], json!(["read", "say"]));
    let token = session["token"].as_str().unwrap();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
        "{cookie}"
    );
    let cookie = cookie.split(';').next().unwrap();
    assert_eq!(cookie, format!("chatter_session={token}"));

    let bearer = format!("Bearer {token}");
    for header in [("authorization", bearer.as_str()), ("cookie", cookie)] {
        let answer = host
            .http("POST", MESSAGES, &[JSON, header], r#"{"text":"hello"}"#)
            .await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        let claims = [
            (r#"{"author":"Ana","text":"hello"}"#, 201),
            (r#"{"author":"bob","text":"hello"}"#, 409),
        ];
        for (body, status) in claims {
            assert_eq!(
                host.http("POST", MESSAGES, &[JSON, header], body)
                    .await
                    .status,
                status,
                "{body}"
            );
        }
        let mut client = host
            .connect(&format!("{LOBBY}/ws"), &[header])
            .await
            .unwrap();
        let hello = client.next().await;
        assert_eq!(
            (&hello["you"]["id"], &hello["token"]),
            (&session["id"], &Value::Null)
        );
    }
    for placed in host.get(MESSAGES).await.json()["messages"]
        .as_array()
        .unwrap()
    {
        assert_eq!(placed["message"]["author"]["id"], session["id"]);
        assert!(!placed.to_string().contains(token));
    }
}

#[tokio::test]
async fn nobody_takes_a_sessions_identity() {
    let host = Host::start().await;
    let (first, _) = session(&host, "ana").await;
    let (second, _) = session(&host, "ana").await;
    assert_ne!(first["id"], second["id"]);
    let name = first["id"]
        .as_str()
        .unwrap()
        .strip_prefix("guest:")
        .unwrap();
    for name in ["ana", name] {
        host.say(name, "it is me").await;
    }
    for placed in host.get(MESSAGES).await.json()["messages"]
        .as_array()
        .unwrap()
    {
        assert_ne!(placed["message"]["author"]["id"], first["id"]);
    }
}

#[tokio::test]
async fn whoever_comes_without_a_name_gets_one() {
    let host = Host::start().await;
    let (_, hello) = host.watch("").await;
    let (name, token) = (
        hello["you"]["name"].as_str().unwrap(),
        hello["token"].as_str().unwrap(),
    );
    assert!(name.starts_with("guest"), "{name}");
    let bearer = format!("Bearer {token}");
    let answer = host
        .http(
            "POST",
            MESSAGES,
            &[JSON, ("authorization", &bearer)],
            r#"{"text":"hello"}"#,
        )
        .await;
    assert_eq!(answer.status, 201);
    let author = host.get(MESSAGES).await.json()["messages"][0]["message"]["author"].clone();
    assert_eq!(
        (&author["id"], &author["name"]),
        (&hello["you"]["id"], &hello["you"]["name"])
    );

    let (_, hello) = host.watch("?name=Ana").await;
    assert_eq!(
        hello["you"],
        json!({ "id": "guest:ana", "name": "Ana", "kind": "viewer", "scopes": ["read", "say"] })
    );
    assert_eq!(hello["token"], Value::Null);
}

#[tokio::test]
async fn the_operator_may_do_everything() {
    let host = Host::start().await;
    let mut contexts = host.listen(TopicKind::StreamContext).await;
    let bearer = format!("Bearer {TOKEN}");
    let operator = ("authorization", bearer.as_str());
    let context = json!({
        "v": 1, "room_id": "main/lobby", "at": "2026-01-31T12:00:00.000Z", "position_ms": 2000,
        "transcript": [{ "start_ms": 0, "end_ms": 2000, "text": "what a goal" }]
    });
    let path = format!("{LOBBY}/context");
    assert_eq!(
        host.http("POST", &path, &[JSON, operator], context.to_string())
            .await
            .status,
        202
    );
    assert_eq!(
        heard(&mut contexts).await["transcript"],
        context["transcript"]
    );

    let (guest, _) = session(&host, "ana").await;
    let guest = format!("Bearer {}", guest["token"].as_str().unwrap());
    let refused = host
        .http(
            "POST",
            &path,
            &[JSON, ("authorization", &guest)],
            context.to_string(),
        )
        .await;
    assert_eq!(refused.status, 403);
    assert!(
        refused.text().contains("operator's token"),
        "{}",
        refused.text()
    );

    assert_eq!(
        host.http("POST", MESSAGES, &[JSON, operator], r#"{"text":"welcome"}"#)
            .await
            .status,
        201
    );
    let author = host.get(MESSAGES).await.json()["messages"][0]["message"]["author"].clone();
    assert_eq!(author["kind"], "moderator");
}

#[tokio::test]
async fn without_guests_a_token_is_needed_everywhere() {
    let host = Host::with(|config| config.guests = false).await;
    for path in ["/v1/rooms", LOBBY, MESSAGES] {
        assert_eq!(host.get(path).await.status, 401, "{path}");
    }
    assert_eq!(
        host.post(MESSAGES, &json!({ "author": "ana", "text": "hello" }))
            .await
            .status,
        401
    );
    assert_eq!(
        host.post("/v1/sessions", &json!({ "name": "ana" }))
            .await
            .status,
        401
    );
    assert!(host.connect(&format!("{LOBBY}/ws"), &[]).await.is_err());

    let bearer = format!("Bearer {TOKEN}");
    let made = host
        .http(
            "POST",
            "/v1/sessions",
            &[JSON, ("authorization", &bearer)],
            r#"{"name":"ana"}"#,
        )
        .await;
    assert_eq!(made.status, 201);
    let bearer = format!("Bearer {}", made.json()["token"].as_str().unwrap());
    assert_eq!(
        host.http("GET", LOBBY, &[("authorization", &bearer)], "")
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn an_allowed_origin_may_post() {
    let host = Host::with(|config| {
        config.allowed_origins = vec!["https://friend.example".parse().unwrap()]
    })
    .await;
    let body = r#"{"author":"ana","text":"hello"}"#;
    for (origin, status) in [
        ("https://friend.example", 201),
        ("http://friend.example", 403),
    ] {
        assert_eq!(
            host.http("POST", MESSAGES, &[JSON, ("origin", origin)], body)
                .await
                .status,
            status,
            "{origin}"
        );
    }
}

/// What a page is told that posts, with the host that its browser asks for.
async fn told(host: &Host, asks: &str, origin: Option<&str>) -> u16 {
    let mut headers = vec![JSON, ("host", asks)];
    headers.extend(origin.map(|origin| ("origin", origin)));
    let body = r#"{"author":"ana","text":"hello"}"#;
    host.http("POST", MESSAGES, &headers, body).await.status
}

#[tokio::test]
async fn a_page_whose_name_was_made_this_machines_is_another_sites() {
    let host = Host::start().await;
    for (asks, origin, status) in [
        ("evil.example:8787", Some("http://evil.example:8787"), 403),
        ("evil.example:8787", None, 201),
        ("localhost:8787", Some("http://localhost:8787"), 201),
        ("[::1]:8787", Some("http://[::1]:8787"), 201),
        ("127.0.0.1:8787", Some("http://127.0.0.1:8787"), 201),
    ] {
        let told = told(&host, asks, origin).await;
        assert_eq!(told, status, "{asks} {origin:?}");
    }
    let headers = [
        ("host", "evil.example:8787"),
        ("origin", "http://evil.example:8787"),
    ];
    match host.connect(&format!("{LOBBY}/ws"), &headers).await {
        Err(Error::Http(answer)) => assert_eq!(answer.status(), 403),
        other => panic!("{:?}", other.map(|_| "let in")),
    }
}

#[tokio::test]
async fn behind_a_proxy_on_this_machine_a_page_has_its_public_name() {
    let known = Host::with(|config| {
        config.proxies.networks = vec!["127.0.0.1".parse().unwrap()];
    })
    .await;
    let allowed = Host::with(|config| {
        config.allowed_origins = vec!["https://chat.example.org".parse().unwrap()];
    })
    .await;
    for host in [known, allowed] {
        for origin in ["https://chat.example.org", "http://chat.example.org"] {
            let told = told(&host, "chat.example.org", Some(origin)).await;
            assert_eq!(told, 201, "{origin}");
        }
    }
}
