//! What goes to Mem0, and what comes back that is no entry.

use super::found::id;
use chatter_protocol::{
    Timestamp,
    memory::{NewEntry, Scope},
};
use serde_json::{Value, json};

/// A request to add an entry, the same for both interfaces.
pub(super) fn add(scope: &Scope, write_id: &str, entry: &NewEntry, at: Timestamp) -> Value {
    let mut metadata = json!({
        "type": entry.kind.as_str(),
        "confidence": entry.confidence,
        "room": scope.room.as_str(),
        "agent": scope.persona.as_str(),
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

/// What an answer to an addition says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Added {
    /// It is kept, or was before.
    Kept,
    /// It will be; the event says when.
    Later(String),
    /// It will not be.
    Failed(String),
}

pub(super) fn added(body: &[u8]) -> Result<Added, &'static str> {
    let answer: Value = serde_json::from_slice(body).map_err(|_| "with what is no JSON")?;
    let text = |key: &str| answer.get(key).and_then(Value::as_str);
    let has_results = answer.get("results").is_some_and(Value::is_array);
    match text("status") {
        Some("SUCCEEDED") => return Ok(Added::Kept),
        Some("FAILED") => {
            let why = text("error").or(text("message"));
            return Ok(Added::Failed(why.unwrap_or(NO_REASON).to_owned()));
        }
        Some("PENDING" | "RUNNING") => {}
        // The open-source server's, or the hosted API's where it has done it at once.
        _ if has_results => return Ok(Added::Kept),
        _ => {}
    }
    match text("event_id") {
        Some(event) => id(event)
            .map(Added::Later)
            .ok_or("with an event that has no usable id"),
        None => Err("with JSON that has no results"),
    }
}

const NO_REASON: &str = "no reason is given";

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
            Ok(Event::Failed(error.unwrap_or(NO_REASON).to_owned()))
        }
        _ => Err("with an event that has no known status"),
    }
}

/// The users that an answer names.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Users {
    pub(super) names: Vec<String>,
    /// Whether there is another page.
    pub(super) next: bool,
    /// How many memories all entities have that the answer names, as far as it says.
    pub(super) memories: u64,
}

/// The open-source server's answer is a list of entities with `id`, the hosted API's a page with `name`.
pub(super) fn users(body: &[u8]) -> Result<Users, &'static str> {
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
        .filter(|entity| entity.get("type").and_then(Value::as_str) == Some("user"));
    let memories = users
        .clone()
        .filter_map(|user| user.get("total_memories")?.as_u64());
    Ok(Users {
        next,
        memories: memories.sum(),
        names: users
            .filter_map(|user| user.get("name").or_else(|| user.get("id"))?.as_str())
            .map(str::to_owned)
            .collect(),
    })
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

    #[test]
    fn answers_to_an_addition_are_read() {
        for (body, expected) in [
            (r#"{"results":[{"id":"a"}]}"#, Ok(Added::Kept)),
            (r#"{"results":[]}"#, Ok(Added::Kept)),
            (
                r#"{"event_id":"e-1","status":"PENDING"}"#,
                Ok(Added::Later("e-1".into())),
            ),
            // As the hosted API's description has it of what is done at once, with an event beside it.
            (
                r#"{"message":"ok","event_id":"e-1","status":"SUCCEEDED","results":[{"id":"a"}]}"#,
                Ok(Added::Kept),
            ),
            (
                r#"{"event_id":"e-1","results":[{"id":"a"}]}"#,
                Ok(Added::Kept),
            ),
            (
                r#"{"event_id":"e-1","status":"FAILED","results":[],"error":"over quota"}"#,
                Ok(Added::Failed("over quota".into())),
            ),
            (r#"{"event_id":"e-1"}"#, Ok(Added::Later("e-1".into()))),
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
        let read = |value: &Value| super::users(value.to_string().as_bytes());
        let users = |next, memories| Users {
            names: vec!["u".into()],
            next,
            memories,
        };
        assert_eq!(read(&open_source), Ok(users(false, 1)));
        assert_eq!(read(&hosted), Ok(users(true, 0)));
        assert_eq!(read(&json!({})), Err("with JSON that lists no users"));
    }
}
