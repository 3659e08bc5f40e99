//! What comes over HTTP, the WebSocket and the topics.

use crate::seeds::{Kind, seeds};
use arbitrary::Unstructured;
use chatter_protocol::{
    CallRecord, Invalid, Schematic, StreamContext,
    frames::{ClientFrame, SayRequest, ServerFrame},
    schema::{self, MAX_PROBLEMS},
};
use serde::Serialize;
use serde_json::{Value, json};
use std::fmt::Debug;

/// A viewer's WebSocket frame.
pub fn client_frame(json: &[u8]) {
    read::<ClientFrame>(json);
}

/// What a viewer's page, another chatter's page included, takes for a frame of the server.
pub fn server_frame(json: &[u8]) {
    read::<ServerFrame>(json);
}

/// The body of a `POST .../messages`.
pub fn say_request(json: &[u8]) {
    read::<SayRequest>(json);
}

/// The body of a `POST .../context`.
pub fn stream_context(json: &[u8]) {
    read::<StreamContext>(json);
}

/// The record of a call, as a recording holds it.
pub fn call_record(json: &[u8]) {
    read::<CallRecord>(json);
}

/// The record of a call in which every number that is no whole one is another: a replay needs them
/// to the last bit.
pub fn call_record_numbers(bytes: &[u8]) {
    let mut u = Unstructured::new(bytes);
    for seed in seeds(Kind::Json) {
        let Ok(mut value) = serde_json::from_str::<Value>(seed) else {
            continue;
        };
        renumber(&mut value, &mut u);
        if let Ok(read) = CallRecord::from_value(value) {
            is_itself_again(&read);
        }
    }
}

fn renumber(value: &mut Value, u: &mut Unstructured<'_>) {
    match value {
        Value::Number(number) if number.is_f64() => {
            let parts = u.arbitrary::<u64>().unwrap_or(1) >> 11;
            // One of the 2^53 evenly spaced in [0, 1): all bounds allow these.
            *value = json!(parts as f64 / (1_u64 << 53) as f64);
        }
        Value::Array(items) => items.iter_mut().for_each(|item| renumber(item, u)),
        Value::Object(fields) => fields.values_mut().for_each(|field| renumber(field, u)),
        _ => {}
    }
}

fn read<T: Schematic + Serialize + PartialEq + Debug>(json: &[u8]) {
    let value: Option<Value> = serde_json::from_slice(json).ok();
    match T::from_json(json) {
        Ok(read) => {
            assert!(value.is_some(), "{}: read from no JSON", T::NAME);
            is_itself_again(&read);
        }
        Err(invalid) => is_told(&invalid, value.as_ref()),
    }
}

/// Written and read again it is the same, as a value and as text, and both obey the schema.
pub(crate) fn is_itself_again<T: Schematic + Serialize + PartialEq + Debug>(read: &T) {
    let text = serde_json::to_string(read).expect("what was read can be written");
    let again: Value = serde_json::from_str(&text).expect("what was written is JSON");
    let problems = schema::check(T::NAME, &again).expect("it has a schema");
    assert!(problems.is_empty(), "{}: {problems:?} in {text}", T::NAME);
    let again = T::from_value(again).expect("what was written can be read");
    assert_eq!(*read, again, "{} by way of {text}", T::NAME);
}

/// Each problem has a place in the value, and none repeats it.
pub(crate) fn is_told(invalid: &Invalid, value: Option<&Value>) {
    assert!(!invalid.problems.is_empty());
    assert!(invalid.problems.len() <= MAX_PROBLEMS + 1);
    for problem in &invalid.problems {
        assert!(!problem.detail.is_empty(), "{problem:?}");
        assert!(problem.detail.len() < 600, "{problem:?}");
        assert!(!problem.detail.contains('\n'), "{problem:?}");
        let Some(value) = value else {
            assert_eq!(problem.pointer, "");
            continue;
        };
        // A missing field's place is where it should be.
        let parent = problem
            .pointer
            .rsplit_once('/')
            .map_or("", |(parent, _)| parent);
        assert!(
            value.pointer(&problem.pointer).is_some() || value.pointer(parent).is_some(),
            "{problem:?} is nowhere in {value}"
        );
    }
}
