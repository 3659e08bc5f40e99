//! Entries, as Mem0 gives them.

use crate::entry::{MAX_TEXT, gist};
use chatter_protocol::{
    Timestamp,
    memory::{Entry, Kind, NewEntry, Scope},
};
use serde_json::{Map, Value};
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

impl Found {
    /// Whether a reader sees one entry in the two: they come from one write, or say the same of the same person.
    pub(super) fn is_copy_of(&self, other: &Self) -> bool {
        let (own, others) = (&self.entry.entry, &other.entry.entry);
        self.entry.id == other.entry.id
            || self.write_id.is_some() && self.write_id == other.write_id
            || own.kind == others.kind
                && own.about == others.about
                && gist(&own.text) == gist(&others.text)
    }
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
    for result in results.iter().filter_map(Value::as_object) {
        if !is_of(result, scope) {
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

/// Whether an entry is of a scope. Its user says so; the hosted API need not name it, and then the metadata that
/// was written along does.
fn is_of(result: &Map<String, Value>, scope: &Scope) -> bool {
    match result.get("user_id") {
        None | Some(Value::Null) => {
            let said = |key: &str| result.get("metadata")?.get(key)?.as_str();
            said("room") == Some(scope.room.as_str())
                && said("agent") == Some(scope.persona.as_str())
        }
        Some(user) => user.as_str() == Some(&*scope.to_string()),
    }
}

/// Reads an answer with one entry, if it is of this scope.
///
/// # Errors
///
/// What is wrong with the answer.
pub(super) fn one(body: &[u8], scope: &Scope) -> Result<Option<Found>, &'static str> {
    match serde_json::from_slice(body).map_err(|_| "with what is no JSON")? {
        Value::Object(result) if is_of(&result, scope) => {
            found(&result).map(Some).ok_or("with what is no memory")
        }
        // Another's, or `null`.
        _ => Ok(None),
    }
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
pub(super) fn id(id: &str) -> Option<String> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mem0::wire;
    use chatter_protocol::{MessageId, PersonaId, RoomId};
    use serde_json::json;

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
        let body = wire::add(&scope(), "w/0", &entry, at);
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
        let body = wire::add(&scope(), "w/0", &plain, at);
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
}
