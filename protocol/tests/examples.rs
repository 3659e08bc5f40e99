//! Every schema against its examples: `examples/SCHEMA/good/*.json` are values; `bad/*.json` hold a
//! value, and a part of the refusal that it must get.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use chatter_protocol::{
    CallRecord, ChatMessage, ChatTrends, FirehoseEntry, Invalid, ModerationPolicy,
    ModerationVerdict, ModuleConfig, PersonaConfig, PersonaStatus, RoomConfig, Schematic,
    SourceStatus, StreamContext,
    frames::{
        AuditPage, ClientFrame, MessagesPage, ProblemDocument, Said, SayRequest, ServerFrame,
        Session, SessionRequest,
    },
    moderators::{
        Ban, BanList, BanRequest, Cleared, HeldDecided, HeldList, HeldRequest, ModeratorAct,
        ModeratorEntry, ModeratorList, ModeratorRequest, Noticed, RoomAct, Waiting,
    },
    modes::{Modes, ModesPatch},
    room::{RoomEmotes, RoomList, RoomStatus},
    schema,
};
use serde::Serialize;
use serde_json::{Value, json};
use std::{fs, path::Path};

const STRICT: [&str; 4] = [
    "module-config",
    "moderation-policy",
    "persona-config",
    "room-config",
];

/// Reads the value as the type of that schema, and writes it again.
fn rewrite(name: &str, value: Value) -> Result<Value, Invalid> {
    fn of<T: Schematic + Serialize>(value: Value) -> Result<Value, Invalid> {
        T::from_value(value).map(|read| serde_json::to_value(read).unwrap())
    }
    match name {
        AuditPage::NAME => of::<AuditPage>(value),
        CallRecord::NAME => of::<CallRecord>(value),
        ChatMessage::NAME => of::<ChatMessage>(value),
        ChatTrends::NAME => of::<ChatTrends>(value),
        ClientFrame::NAME => of::<ClientFrame>(value),
        FirehoseEntry::NAME => of::<FirehoseEntry>(value),
        MessagesPage::NAME => of::<MessagesPage>(value),
        ModerationPolicy::NAME => of::<ModerationPolicy>(value),
        ModerationVerdict::NAME => of::<ModerationVerdict>(value),
        Ban::NAME => of::<Ban>(value),
        BanList::NAME => of::<BanList>(value),
        BanRequest::NAME => of::<BanRequest>(value),
        Cleared::NAME => of::<Cleared>(value),
        HeldDecided::NAME => of::<HeldDecided>(value),
        HeldList::NAME => of::<HeldList>(value),
        HeldRequest::NAME => of::<HeldRequest>(value),
        ModeratorAct::NAME => of::<ModeratorAct>(value),
        ModeratorEntry::NAME => of::<ModeratorEntry>(value),
        ModeratorList::NAME => of::<ModeratorList>(value),
        ModeratorRequest::NAME => of::<ModeratorRequest>(value),
        Modes::NAME => of::<Modes>(value),
        ModesPatch::NAME => of::<ModesPatch>(value),
        Noticed::NAME => of::<Noticed>(value),
        RoomAct::NAME => of::<RoomAct>(value),
        Waiting::NAME => of::<Waiting>(value),
        ModuleConfig::NAME => of::<ModuleConfig>(value),
        PersonaConfig::NAME => of::<PersonaConfig>(value),
        PersonaStatus::NAME => of::<PersonaStatus>(value),
        ProblemDocument::NAME => of::<ProblemDocument>(value),
        RoomConfig::NAME => of::<RoomConfig>(value),
        RoomEmotes::NAME => of::<RoomEmotes>(value),
        RoomList::NAME => of::<RoomList>(value),
        RoomStatus::NAME => of::<RoomStatus>(value),
        Said::NAME => of::<Said>(value),
        SayRequest::NAME => of::<SayRequest>(value),
        ServerFrame::NAME => of::<ServerFrame>(value),
        Session::NAME => of::<Session>(value),
        SessionRequest::NAME => of::<SessionRequest>(value),
        SourceStatus::NAME => of::<SourceStatus>(value),
        StreamContext::NAME => of::<StreamContext>(value),
        other => panic!("{other} has no type here"),
    }
}

/// The examples of one schema, each with its path from `protocol/`.
fn examples(schema: &str, which: &str) -> Vec<(String, Value)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = format!("examples/{schema}/{which}");
    let entries =
        fs::read_dir(root.join(&folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let mut found: Vec<_> = entries
        .map(|entry| {
            let path = format!("{folder}/{}", entry.unwrap().file_name().to_str().unwrap());
            let text = fs::read(root.join(&path)).unwrap();
            let value =
                serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
            (path, value)
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

/// Whether all that `value` says is in `written` too; what a type adds there are its defaults.
fn covers(written: &Value, value: &Value) -> bool {
    match (written, value) {
        (Value::Object(written), Value::Object(value)) => value.iter().all(|(key, value)| {
            written
                .get(key)
                .map_or(value.is_null(), |written| covers(written, value))
        }),
        (Value::Array(written), Value::Array(value)) => {
            written.len() == value.len() && written.iter().zip(value).all(|(w, v)| covers(w, v))
        }
        (Value::Number(written), Value::Number(value)) => {
            written == value || written.as_f64() == value.as_f64()
        }
        _ => written == value,
    }
}

#[test]
fn every_schema_has_examples_and_every_example_a_schema() {
    for (name, _) in schema::all() {
        assert!(
            !examples(name, "good").is_empty(),
            "{name} has no good example"
        );
        assert!(
            examples(name, "bad").len() >= 2,
            "{name} has fewer than two bad examples"
        );
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    for entry in fs::read_dir(root).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            schema::check(&name, &Value::Null).is_some(),
            "examples/{name} has no schema"
        );
    }
}

#[test]
fn good_examples_go_through_their_type_unchanged() {
    for (name, _) in schema::all() {
        for (path, value) in examples(name, "good") {
            let written =
                rewrite(name, value.clone()).unwrap_or_else(|invalid| panic!("{path}: {invalid}"));
            assert!(covers(&written, &value), "{path} became {written:#}");
            assert_eq!(
                schema::check(name, &written),
                Some(vec![]),
                "{path} as written breaks its schema"
            );
            let again = rewrite(name, written.clone()).unwrap();
            assert_eq!(
                again, written,
                "{path} changes when it is written a second time"
            );
        }
    }
}

#[test]
fn bad_examples_are_refused_for_their_reason() {
    for (name, _) in schema::all() {
        for (path, example) in examples(name, "bad") {
            let reason = example["reason"]
                .as_str()
                .unwrap_or_else(|| panic!("{path}: no reason"));
            let refusal = match rewrite(name, example["value"].clone()) {
                Ok(_) => panic!("{path} is accepted"),
                Err(invalid) => invalid.to_string(),
            };
            assert!(
                refusal.contains(reason),
                "{path}:\n  should say {reason}\n  says       {refusal}"
            );
        }
    }
}

/// What makes minor versions possible. In a configuration an unknown field is a slip of the pen.
#[test]
fn unknown_fields_are_ignored_on_the_wire_and_refused_in_configurations() {
    for (name, _) in schema::all() {
        for (path, mut value) in examples(name, "good") {
            value["later"] = json!({ "any": "thing" });
            match rewrite(name, value) {
                Ok(written) => {
                    assert!(
                        !STRICT.contains(&name),
                        "{path} is accepted with an unknown field"
                    );
                    assert_eq!(written.get("later"), None, "{path}");
                }
                Err(invalid) => {
                    assert!(STRICT.contains(&name), "{path}: {invalid}");
                    assert_eq!(invalid.to_string(), "/later: no such field", "{path}");
                }
            }
        }
    }
}
