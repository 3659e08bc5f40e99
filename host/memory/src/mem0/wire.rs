//! What goes to Mem0, and what comes back.

use crate::entry::MAX_TEXT;
use chatter_protocol::{
    Timestamp,
    memory::{Entry, Kind, NewEntry, Scope},
};
use serde_json::{Map, Value, json};
use std::collections::HashSet;

/// How sure an entry is that doesn't say it.
const UNSAID: f64 = 0.5;

/// The longest id that is taken from a server.
const MAX_ID: usize = 100;

/// An entry as Mem0 gave it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Found {
    pub(super) entry: Entry,
    write_id: Option<String>,
}

/// A request to add an entry, the same for both interfaces.
pub(super) fn add(scope: &Scope, write_id: &str, entry: &NewEntry, at: Timestamp) -> Value {
    let mut metadata = json!({
        "type": entry.kind.as_str(),
        "confidence": entry.confidence,
        "room": scope.room.as_str(),
        "at": at.to_string(),
        "write_id": write_id,
    });
    // Some stores behind Mem0 refuse null.
    if let Some(about) = &entry.about {
        metadata["about"] = about.as_str().into();
    }
    if let Some(source) = &entry.source {
        metadata["source"] = source.to_string().into();
    }
    json!({
        "messages": [{ "role": "user", "content": entry.text }],
        "user_id": scope.to_string(),
        "metadata": metadata,
        "infer": false,
    })
}

/// What an answer holds.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Page {
    pub(super) found: Vec<Found>,
    /// How many results there were, whatever became of them.
    pub(super) results: usize,
    /// How many were of another scope.
    pub(super) foreign: usize,
    /// Whether there is another page.
    pub(super) next: bool,
}

/// Reads an answer with entries. Results that are no entries are passed over; if that is all there
/// is, the shape is wrong.
///
/// # Errors
///
/// What is wrong with the answer as a whole, in a few words.
pub(super) fn page(body: &[u8], scope: &Scope) -> Result<Page, &'static str> {
    let answer: Value = serde_json::from_slice(body).map_err(|_| "with what is no JSON")?;
    let results = match &answer {
        Value::Object(answer) => answer.get("results").and_then(Value::as_array),
        _ => None,
    };
    let results = results.ok_or("with JSON that has no results")?;
    let mut page = Page {
        results: results.len(),
        next: answer.get("next").is_some_and(Value::is_string),
        ..Page::default()
    };
    let scope = scope.to_string();
    for result in results.iter().filter_map(Value::as_object) {
        if result.get("user_id").and_then(Value::as_str) != Some(&scope) {
            page.foreign += 1;
        } else if let Some(found) = found(result) {
            page.found.push(found);
        }
    }
    if page.found.is_empty() && page.foreign < page.results {
        return Err("with results that are no memories");
    }
    Ok(page)
}

/// Whatever wrote an entry, it is made one of ours: what it doesn't say is left out or has its
/// default. Without an id and a text it is none.
fn found(result: &Map<String, Value>) -> Option<Found> {
    let text = |key: &str| result.get(key).and_then(Value::as_str);
    let none = Map::new();
    let metadata = result
        .get("metadata")
        .and_then(Value::as_object)
        .unwrap_or(&none);
    let said = |key: &str| metadata.get(key).and_then(Value::as_str);
    let entry = NewEntry {
        kind: said("type")
            .and_then(|kind| kind.parse().ok())
            .unwrap_or(Kind::PersonaNote),
        text: line(text("memory")?)?,
        about: said("about").and_then(|id| id.parse().ok()),
        confidence: metadata
            .get("confidence")
            .and_then(Value::as_f64)
            .filter(|confidence| (0.0..=1.0).contains(confidence))
            .unwrap_or(UNSAID),
        source: said("source").and_then(|id| id.parse().ok()),
    };
    let at = said("at").and_then(|at| at.parse().ok());
    let at = at.or_else(|| text("created_at")?.parse().ok());
    let score = result.get("score").and_then(Value::as_f64);
    Some(Found {
        entry: Entry {
            id: id(text("id")?)?,
            entry,
            at: at.unwrap_or_else(|| Timestamp::from_millis(0)),
            score: score.filter(|score| score.is_finite()).unwrap_or(0.0),
        },
        write_id: said("write_id").map(str::to_owned),
    })
}

/// An id that can stand in a path: what Mem0 gives are UUIDs.
fn id(id: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let good = !id.is_empty() && id.len() <= MAX_ID && id.chars().all(plain);
    good.then(|| id.to_owned())
}

/// A text as one line, cut to the length that an entry may have.
fn line(text: &str) -> Option<String> {
    let text: String = text
        .chars()
        .take(MAX_TEXT)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// The same without second copies: of entries with one write id or one id, the first.
pub(super) fn once(found: Vec<Found>) -> Vec<Entry> {
    let (mut writes, mut ids) = (HashSet::new(), HashSet::new());
    let mut entries = Vec::with_capacity(found.len());
    for Found { entry, write_id } in found {
        let new_write = write_id.is_none_or(|write_id| writes.insert(write_id));
        let new_id = ids.insert(entry.id.clone());
        if new_write && new_id {
            entries.push(entry);
        }
    }
    entries
}

/// What an answer to an addition says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Added {
    /// It is kept, or was before.
    Kept,
    /// It will be; the event says when.
    Later(String),
}

pub(super) fn added(body: &[u8]) -> Result<Added, &'static str> {
    let answer: Value = serde_json::from_slice(body).map_err(|_| "with what is no JSON")?;
    if let Some(event) = answer.get("event_id").and_then(Value::as_str) {
        return id(event)
            .map(Added::Later)
            .ok_or("with an event that has no usable id");
    }
    let results = answer.get("results").is_some_and(Value::is_array);
    results
        .then_some(Added::Kept)
        .ok_or("with JSON that has no results")
}

/// How far an event is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event {
    Running,
    Succeeded,
    Failed(String),
}

pub(super) fn event(body: &[u8]) -> Result<Event, &'static str> {
    let answer: Value = serde_json::from_slice(body).map_err(|_| "with what is no JSON")?;
    match answer.get("status").and_then(Value::as_str) {
        Some("PENDING" | "RUNNING") => Ok(Event::Running),
        Some("SUCCEEDED") => Ok(Event::Succeeded),
        Some("FAILED") => {
            let error = answer.get("error").and_then(Value::as_str);
            Ok(Event::Failed(
                error.unwrap_or("no reason is given").to_owned(),
            ))
        }
        _ => Err("with an event that has no known status"),
    }
}

/// The users that an answer names: the open-source server's is a list of them with `id`, the hosted
/// API's a page with `name`.
pub(super) fn users(body: &[u8]) -> Result<(Vec<String>, bool), &'static str> {
    let answer: Value = serde_json::from_slice(body).map_err(|_| "with what is no JSON")?;
    let (list, next) = match &answer {
        Value::Array(list) => (Some(list), false),
        page => (
            page.get("results").and_then(Value::as_array),
            page.get("next").is_some_and(Value::is_string),
        ),
    };
    let list = list.ok_or("with JSON that lists no users")?;
    let users = list
        .iter()
        .filter(|entity| entity.get("type").and_then(Value::as_str) == Some("user"))
        .filter_map(|user| user.get("name").or_else(|| user.get("id"))?.as_str())
        .map(str::to_owned)
        .collect();
    Ok((users, next))
}

/// What a server says of a failure: `detail` of the open-source server, `error`, `message` or
/// `detail` of the hosted API.
pub(super) fn complaint(body: &[u8]) -> String {
    let Ok(answer) = serde_json::from_slice::<Value>(body) else {
        return String::new();
    };
    let said = ["detail", "message", "error"]
        .iter()
        .find_map(|key| answer.get(key).filter(|said| !said.is_null()));
    match said {
        Some(Value::String(said)) => said.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatter_protocol::{MessageId, PersonaId, RoomId};

    fn scope() -> Scope {
        Scope {
            room: RoomId::new("main/lobby").unwrap(),
            persona: PersonaId::new("nova").unwrap(),
        }
    }

    const USER: &str = "room:main/lobby|agent:nova";

    #[test]
    fn what_is_added_is_flat_and_what_comes_back_is_the_same() {
        let entry = NewEntry {
            kind: Kind::Preference,
            text: "likes tea".into(),
            about: Some("guest:ana-5f3c".parse().unwrap()),
            confidence: 0.25,
            source: Some(MessageId::from_parts(1_769_860_800_000, [7; 10])),
        };
        let at = Timestamp::from_millis(1_769_860_800_123);
        let body = add(&scope(), "w/0", &entry, at);
        let metadata = body["metadata"].as_object().unwrap();
        let flat = |value: &Value| value.is_string() || value.is_number();
        assert!(metadata.values().all(flat), "{metadata:?}");
        assert_eq!(
            (&body["user_id"], &body["infer"]),
            (&json!(USER), &json!(false))
        );

        let back = json!({ "results": [{
            "id": "m-1", "memory": body["messages"][0]["content"], "user_id": body["user_id"],
            "metadata": metadata, "score": 0.5, "created_at": "2020-01-01T00:00:00+00:00",
        }] });
        let page = page(back.to_string().as_bytes(), &scope()).unwrap();
        let found = &page.found[0];
        assert_eq!((&found.entry.entry, found.entry.at), (&entry, at));
        assert_eq!(found.write_id.as_deref(), Some("w/0"));

        let plain = NewEntry {
            about: None,
            source: None,
            ..entry
        };
        let body = add(&scope(), "w/0", &plain, at);
        assert!(body["metadata"].as_object().unwrap().values().all(flat));
    }

    #[test]
    fn what_is_not_ours_or_no_memory_is_passed_over() {
        let other = "room:main/lobby|agent:rex";
        let results = |results: Value| json!({ "results": results }).to_string();
        let cases = [
            (results(json!([])), Ok((0, 0))),
            (
                results(json!([{ "id": "a", "memory": "x", "user_id": USER }])),
                Ok((1, 0)),
            ),
            (
                results(json!([{ "id": "a", "memory": "x", "user_id": other }])),
                Ok((0, 1)),
            ),
            (results(json!([{ "id": "a", "memory": "x" }])), Ok((0, 1))),
            (
                results(json!([{ "id": "a", "memory": "x", "user_id": null }])),
                Ok((0, 1)),
            ),
            (
                results(json!([
                    { "id": "../x", "memory": "x", "user_id": USER },
                    { "id": "a", "memory": "x", "user_id": USER },
                    7,
                ])),
                Ok((1, 0)),
            ),
            (
                results(json!([{ "id": "a", "memory": " \n", "user_id": USER }])),
                Err("with results that are no memories"),
            ),
            (
                results(json!([7, "x"])),
                Err("with results that are no memories"),
            ),
            (results(json!({})), Err("with JSON that has no results")),
            (results(json!(null)), Err("with JSON that has no results")),
            ("null".into(), Err("with JSON that has no results")),
            ("[]".into(), Err("with JSON that has no results")),
            ("<html>".into(), Err("with what is no JSON")),
            (String::new(), Err("with what is no JSON")),
        ];
        for (body, expected) in cases {
            let page = page(body.as_bytes(), &scope());
            let counts = page.map(|page| (page.found.len(), page.foreign));
            assert_eq!(counts, expected, "{body}");
        }
    }

    #[test]
    fn what_others_wrote_is_made_an_entry() {
        let body = json!({ "results": [{
            "id": "a", "user_id": USER, "memory": format!("two\nlines {}", "x".repeat(2_000)),
            "metadata": { "type": 7, "about": "NO ID", "confidence": 9.5, "source": "x", "at": "then" },
            "score": "high", "created_at": "2026-01-15T10:30:00.5-07:00",
        }] });
        let page = page(body.to_string().as_bytes(), &scope()).unwrap();
        let Entry {
            entry, at, score, ..
        } = &page.found[0].entry;
        assert!(entry.text.starts_with("two lines x"), "{}", entry.text);
        assert_eq!(entry.text.chars().count(), MAX_TEXT);
        assert_eq!(
            (entry.kind, entry.confidence, *score),
            (Kind::PersonaNote, UNSAID, 0.0)
        );
        assert_eq!((&entry.about, &entry.source), (&None, &None));
        assert_eq!(at.to_string(), "2026-01-15T17:30:00.500Z");
    }

    #[test]
    fn answers_to_an_addition_are_read() {
        for (body, expected) in [
            (r#"{"results":[{"id":"a"}]}"#, Ok(Added::Kept)),
            (r#"{"results":[]}"#, Ok(Added::Kept)),
            (
                r#"{"event_id":"e-1","status":"PENDING"}"#,
                Ok(Added::Later("e-1".into())),
            ),
            (
                r#"{"event_id":"../x"}"#,
                Err("with an event that has no usable id"),
            ),
            ("null", Err("with JSON that has no results")),
            ("{}", Err("with JSON that has no results")),
            ("ok", Err("with what is no JSON")),
        ] {
            assert_eq!(added(body.as_bytes()), expected, "{body}");
        }
        for (body, expected) in [
            (r#"{"status":"PENDING"}"#, Ok(Event::Running)),
            (r#"{"status":"RUNNING"}"#, Ok(Event::Running)),
            (r#"{"status":"SUCCEEDED"}"#, Ok(Event::Succeeded)),
            (
                r#"{"status":"FAILED","error":"full"}"#,
                Ok(Event::Failed("full".into())),
            ),
            (
                r#"{"status":"FAILED","error":null}"#,
                Ok(Event::Failed("no reason is given".into())),
            ),
            (
                r#"{"status":"LOST"}"#,
                Err("with an event that has no known status"),
            ),
            ("null", Err("with an event that has no known status")),
        ] {
            assert_eq!(event(body.as_bytes()), expected, "{body}");
        }
    }

    #[test]
    fn users_are_read_from_either_server() {
        let open_source = json!([
            { "id": "u", "type": "user", "total_memories": 1 },
            { "id": "a", "type": "agent" },
            7,
        ]);
        let hosted = json!({ "count": 1, "next": "https://x/?page=2", "results": [
            { "id": "1", "name": "u", "type": "user" },
        ] });
        let read = |value: &Value| users(value.to_string().as_bytes());
        assert_eq!(read(&open_source), Ok((vec!["u".into()], false)));
        assert_eq!(read(&hosted), Ok((vec!["u".into()], true)));
        assert_eq!(read(&json!({})), Err("with JSON that lists no users"));
    }
}
