//! What a refusal says, word for word, where a part of it would not prove enough.

use chatter_protocol::{
    ChatMessage, MessageId, ModerationPolicy, PersonaConfig, RoomConfig, Schematic, StreamContext,
    frames::{ClientFrame, Said, SayRequest},
    schema::MAX_PROBLEMS,
};
use serde_json::{Value, json};

fn refusal<T: Schematic>(value: Value) -> String {
    match T::from_value(value) {
        Ok(_) => "accepted".into(),
        Err(invalid) => invalid.to_string(),
    }
}

#[test]
fn all_wrong_places_are_named_and_nothing_else() {
    let value = json!({ "type": "say", "nonce": "", "text": "", "id": "x" });
    assert_eq!(
        refusal::<ClientFrame>(value),
        "/id: not a UUID; /nonce: empty; /text: empty"
    );
    assert_eq!(
        refusal::<ClientFrame>(json!({})),
        "/nonce: missing; /text: missing; /type: missing"
    );
    assert_eq!(
        refusal::<ClientFrame>(json!({ "type": "x", "text": "" })),
        r#"/type: not one of ["say"]"#
    );
    assert_eq!(
        refusal::<SayRequest>(json!({ "author": 1 })),
        "/author: not a string or an object; /text: missing"
    );
    let value = json!({ "id": "nova", "name": "", "module": "a/b", "traits": { "a/b~c": 2 } });
    assert_eq!(
        refusal::<PersonaConfig>(value),
        "/module: not a slug: 1 to 63 of a-z, 0-9 and -; /name: empty; /traits/a~1b~0c: 2 is more than 1"
    );
}

#[test]
fn what_is_no_json_is_said_to_be_none() {
    for (text, what) in [
        (&b"{"[..], "not JSON: "),
        (b"", "not JSON: "),
        (b"{\"text\": \"\xff\"}", "not JSON: "),
    ] {
        let refusal = SayRequest::from_json(text).unwrap_err().to_string();
        assert!(refusal.starts_with(what), "{refusal}");
    }
    let nested = "[".repeat(100_000);
    assert!(SayRequest::from_json(nested.as_bytes()).is_err());
}

#[test]
fn a_refusal_stays_short() {
    let blocklist: Vec<_> = (0..10_000).map(|_| "").collect();
    let invalid =
        ModerationPolicy::from_value(json!({ "name": "x", "blocklist": blocklist })).unwrap_err();
    assert_eq!(invalid.problems.len(), MAX_PROBLEMS + 1);
    assert_eq!(
        invalid.problems[MAX_PROBLEMS].to_string(),
        "more is wrong than is listed here"
    );
}

/// A text may be a secret, and may be long.
#[test]
fn a_refusal_never_repeats_a_text() {
    let secret = "s3cret".repeat(100);
    let value = json!({ "type": secret, "nonce": secret, "text": secret, "id": secret, "reply_to": [secret] });
    assert!(!refusal::<ClientFrame>(value).contains("s3cret"));
    let value = json!({ "v": 1, "id": secret, "room_id": secret, "author": { "id": secret, "name": secret,
        "kind": secret, "color": secret }, "text": 1, "sent_at": secret });
    assert!(!refusal::<ChatMessage>(value).contains("s3cret"));
}

#[test]
fn whole_numbers_may_be_written_with_a_fraction_of_zero() {
    let id = MessageId::from_parts(1, [7; 10]);
    let said = Said::from_value(json!({ "id": id, "offset": 3.0 })).unwrap();
    assert_eq!(said, Said { id, offset: 3 });
    let room = RoomConfig::from_value(json!({ "v": 1.0, "id": "main/lobby", "title": "Lobby" }));
    assert!(room.is_ok(), "{room:?}");
}

#[test]
fn what_a_schema_lets_through_and_the_type_can_t_hold_is_refused_by_its_place() {
    let context = |at: &str, position: f64| json!({ "v": 1, "room_id": "main/lobby", "at": at, "position_ms": position });
    for (value, place) in [
        (context("2026-01-31T12:00:00Z", 1e30), "/position_ms: "),
        (context("9999-12-31T23:59:59Z", 0.0), "/at: "),
    ] {
        let refusal = refusal::<StreamContext>(value);
        assert!(refusal.starts_with(place), "{refusal}");
    }
}
