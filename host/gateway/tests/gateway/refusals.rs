//! Everything that can be wrong with a request, and what it is answered with.

use crate::host::{Host, LOBBY, MESSAGES};
use serde_json::{Value, json};

const JSON: (&str, &str) = ("content-type", "application/json");

/// A body, the status and code of its answer, and the place that the answer names.
type Body = (
    &'static str,
    String,
    u16,
    &'static str,
    Option<&'static str>,
);

#[rustfmt::skip]
fn bodies() -> Vec<Body> {
    let with = |field: &str, value: Value| {
        let mut body = json!({ "author": "ana", "text": "hello" });
        body[field] = value;
        body.to_string()
    };
    vec![
        ("empty body", String::new(), 400, "bad_json", None),
        ("not JSON", "hello".into(), 400, "bad_json", None),
        ("cut off", r#"{"author":"ana","text":"he"#.into(), 400, "bad_json", None),
        ("two values", r#"{"author":"ana","text":"a"} {}"#.into(), 400, "bad_json", None),
        ("too deep", "[".repeat(10_000), 400, "bad_json", None),
        ("an array", "[]".into(), 422, "invalid", None),
        ("no text", r#"{"author":"ana"}"#.into(), 422, "invalid", Some("/text")),
        ("text is a number", with("text", json!(7)), 422, "invalid", Some("/text")),
        ("text is null", with("text", json!(null)), 422, "invalid", Some("/text")),
        ("text is empty", with("text", json!("")), 422, "invalid", Some("/text")),
        ("text is too long", with("text", json!("x".repeat(501))), 422, "invalid", Some("/text")),
        ("too long in emoji", with("text", json!("🎉".repeat(501))), 422, "invalid", Some("/text")),
        ("text is white space", with("text", json!("  \u{3000} ")), 422, "empty", Some("/text")),
        ("two lines", with("text", json!("a\nb")), 422, "multi_line", Some("/text")),
        ("a line separator", with("text", json!("a\u{2028}b")), 422, "multi_line", Some("/text")),
        ("a control character", with("text", json!("a\u{7}b")), 422, "control_characters", Some("/text")),
        ("text turned around", with("text", json!("a\u{202e}b")), 422, "invisible_characters", Some("/text")),
        ("a blocked word", with("text", json!("Frobnicate it")), 422, "blocklist", Some("/text")),
        ("a blocked name", with("author", json!("frobnicate")), 422, "blocklist", Some("/author")),
        ("no author", r#"{"text":"hello"}"#.into(), 422, "invalid", Some("/author")),
        ("author is a number", with("author", json!(7)), 422, "invalid", None),
        ("author is empty", with("author", json!("")), 422, "invalid", Some("/author")),
        ("author is a space", with("author", json!(" ")), 422, "invalid", Some("/author")),
        ("author is too long", with("author", json!("x".repeat(41))), 422, "invalid", Some("/author")),
        ("author of two lines", with("author", json!("a\nb")), 422, "invalid", Some("/author")),
        ("author unseen", with("author", json!({ "name": "a\u{200b}na" })), 422, "invalid", Some("/author/name")),
        ("author is a persona", with("author", json!("Nova")), 409, "impersonates", Some("/author")),
        ("author looks like one", with("author", json!("ＮＯＶＡ")), 409, "impersonates", Some("/author")),
        ("author claims to be a persona", with("author", json!({"name": "ana", "kind": "persona"})), 409, "impersonates", Some("/author/kind")),
        ("author is the room", with("author", json!("System")), 409, "impersonates", Some("/author")),
        ("id is no UUID", with("id", json!("7")), 422, "invalid", Some("/id")),
        ("id is a number", with("id", json!(7)), 422, "invalid", Some("/id")),
        ("reply to no UUID", with("reply_to", json!("the one above")), 422, "invalid", Some("/reply_to")),
    ]
}

#[tokio::test]
async fn wrong_bodies_are_answered_with_the_place() {
    let host = Host::start().await;
    for (what, body, status, code, pointer) in bodies() {
        let answer = host.http("POST", MESSAGES, &[JSON], body).await;
        let problem = answer.json();
        assert_eq!(answer.status, status, "{what}: {problem}");
        assert_eq!(problem["code"], code, "{what}: {problem}");
        assert_eq!(problem["status"], status, "{what}");
        assert_eq!(
            answer.header("content-type"),
            "application/problem+json",
            "{what}"
        );
        assert!(
            problem["detail"]
                .as_str()
                .is_some_and(|detail| !detail.is_empty()),
            "{what}: {problem}"
        );
        if let Some(pointer) = pointer {
            assert_eq!(
                problem["errors"][0]["pointer"], pointer,
                "{what}: {problem}"
            );
        }
    }
    let page = host.get(MESSAGES).await.json();
    assert_eq!(
        page["messages"],
        json!([]),
        "nothing of it reached the room"
    );
}

/// A method, a path, a header, a body, and the status and code of the answer. Bodies are declared
/// as JSON unless the header declares something else.
type Request = (
    &'static str,
    &'static str,
    String,
    Option<(&'static str, &'static str)>,
    String,
    u16,
    &'static str,
);

#[rustfmt::skip]
fn requests() -> Vec<Request> {
    const OPERATOR: Option<(&str, &str)> = Some(("authorization", "Bearer the-operator"));
    let none = String::new;
    let good = || r#"{"author":"ana","text":"hello"}"#.to_owned();
    let large = || format!(r#"{{"author":"ana","text":"{}"}}"#, "x".repeat(100 << 10));
    let context = |v: u8| format!(r#"{{"v":{v},"room_id":"main/lobby","at":"2026-01-31T12:00:00.000Z","position_ms":0}}"#);
    let messages = |query: &str| format!("{MESSAGES}{query}");
    let lobby = |rest: &str| format!("{LOBBY}{rest}");
    vec![
        ("plain text", "POST", messages(""), Some(("content-type", "text/plain")), good(), 415, "unsupported_media_type"),
        ("a form", "POST", messages(""), Some(("content-type", "application/x-www-form-urlencoded")), good(), 415, "unsupported_media_type"),
        ("too large", "POST", messages(""), None, large(), 413, "too_large"),
        ("no such room", "POST", "/v1/rooms/main/cellar/messages".into(), None, good(), 404, "not_found"),
        ("no room's name", "GET", "/v1/rooms/MAIN/%7B%7D".into(), None, none(), 404, "not_found"),
        ("no such path", "GET", "/v2".into(), None, none(), 404, "not_found"),
        ("another method", "PUT", messages(""), None, none(), 405, "method_not_allowed"),
        ("not a token", "GET", lobby(""), Some(("authorization", "Basic abc")), none(), 401, "unauthorized"),
        ("an unknown token", "GET", lobby(""), Some(("authorization", "Bearer abc")), none(), 401, "unauthorized"),
        ("an unknown cookie", "GET", lobby(""), Some(("cookie", "chatter_session=abc")), none(), 401, "unauthorized"),
        ("a guest's context", "POST", lobby("/context"), None, context(1), 401, "unauthorized"),
        ("another page", "POST", messages(""), Some(("origin", "https://evil.example")), good(), 403, "forbidden"),
        ("a page of nowhere", "POST", messages(""), Some(("origin", "null")), good(), 403, "forbidden"),
        ("limit 0", "GET", messages("?limit=0"), None, none(), 400, "bad_query"),
        ("limit 501", "GET", messages("?limit=501"), None, none(), 400, "bad_query"),
        ("limit is a word", "GET", messages("?limit=all"), None, none(), 400, "bad_query"),
        ("after is negative", "GET", messages("?after=-1"), None, none(), 400, "bad_query"),
        ("after is huge", "GET", messages("?after=99999999999999999999"), None, none(), 400, "bad_query"),
        ("not a WebSocket", "GET", lobby("/ws"), None, none(), 426, "upgrade_required"),
        ("half a handshake", "GET", lobby("/ws"), Some(("upgrade", "websocket")), none(), 400, "bad_handshake"),
        ("a context of another room", "POST", "/v1/rooms/main/attic/context".into(), OPERATOR, context(1), 422, "invalid"),
        ("a context without a room", "POST", lobby("/context"), OPERATOR, r#"{"v":1}"#.into(), 422, "invalid"),
        ("a context of version 2", "POST", lobby("/context"), OPERATOR, context(2), 422, "invalid"),
        ("a session without a name", "POST", "/v1/sessions".into(), None, "{}".into(), 422, "invalid"),
        ("a session as a persona", "POST", "/v1/sessions".into(), None, r#"{"name":"nova"}"#.into(), 409, "impersonates"),
    ]
}

#[tokio::test]
async fn wrong_requests_are_answered_with_what_is_wrong() {
    let host = Host::start().await;
    for (what, method, path, header, body, status, code) in requests() {
        let mut headers = vec![JSON];
        match header {
            Some(header) if header.0 == JSON.0 => headers = vec![header],
            header => headers.extend(header),
        }
        let answer = host.http(method, &path, &headers, body).await;
        let problem = answer.json();
        assert_eq!(
            (answer.status, &problem["code"]),
            (status, &json!(code)),
            "{what}: {problem}"
        );
        assert_eq!(
            answer.header("content-type"),
            "application/problem+json",
            "{what}"
        );
    }
}

#[tokio::test]
async fn a_body_without_a_type_is_refused() {
    let host = Host::start().await;
    let answer = host
        .http("POST", MESSAGES, &[], r#"{"author":"ana","text":"hello"}"#)
        .await;
    assert_eq!(
        (answer.status, &answer.json()["code"]),
        (415, &json!("unsupported_media_type"))
    );
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let host = Host::start().await;
    let answer = host.http("PUT", MESSAGES, &[], "").await;
    let mut allowed: Vec<_> = answer.header("allow").split(',').collect();
    allowed.sort_unstable();
    assert_eq!(allowed, ["DELETE", "GET", "HEAD", "POST"]);
}
