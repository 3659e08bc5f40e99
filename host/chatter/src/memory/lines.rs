//! Memories as JSON Lines.

use chatter_protocol::{
    PersonaId, RoomId, Timestamp,
    memory::{Entry, NewEntry, Scope},
};
use serde::{Deserialize, Serialize};

/// The longest text of a memory, in characters, as the protocol has it.
const MAX_TEXT: usize = 1_000;

/// One memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Line {
    room: RoomId,
    persona: PersonaId,
    /// In the memory that it came from.
    #[serde(default)]
    id: String,
    #[serde(flatten)]
    pub(super) entry: NewEntry,
    pub(super) at: Timestamp,
}

impl Line {
    pub(super) fn of(scope: Scope, entry: Entry) -> Self {
        Self {
            room: scope.room,
            persona: scope.persona,
            id: entry.id,
            entry: entry.entry,
            at: entry.at,
        }
    }

    pub(super) fn scope(&self) -> Scope {
        Scope {
            room: self.room.clone(),
            persona: self.persona.clone(),
        }
    }

    pub(super) fn json(&self) -> String {
        // Names, texts and numbers: nothing of it fails.
        serde_json::to_string(self).unwrap_or_default()
    }

    fn problem(&self) -> Option<String> {
        let chars = self.entry.text.chars().count();
        if self.entry.text.trim().is_empty() {
            return Some("text: it is empty".into());
        }
        if chars > MAX_TEXT {
            return Some(format!("text: longer than {MAX_TEXT} characters"));
        }
        let confidence = self.entry.confidence;
        (!(0.0..=1.0).contains(&confidence))
            .then(|| format!("confidence: {confidence} is not in 0..=1"))
    }
}

/// Reads a file of them; empty lines are passed over.
///
/// # Errors
///
/// Each line that is none, by its number.
pub(super) fn read(text: &str, name: &str) -> Result<Vec<Line>, Vec<String>> {
    let (mut lines, mut wrong) = (Vec::new(), Vec::new());
    for (n, text) in text.lines().enumerate() {
        if text.trim().is_empty() {
            continue;
        }
        let read = serde_json::from_str::<Line>(text).map_err(|error| error.to_string());
        match read.and_then(|line| line.problem().map_or(Ok(line), Err)) {
            Ok(line) => lines.push(line),
            Err(why) => wrong.push(format!("{name}:{}: {why}", n + 1)),
        }
    }
    if wrong.is_empty() {
        Ok(lines)
    } else {
        Err(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"room":"main/lobby","persona":"nova","id":"7","kind":"preference","text":"likes tea","about":"guest:ana","confidence":0.75,"at":"2026-01-31T12:00:00.000Z"}"#;

    #[test]
    fn what_is_written_is_read_and_what_is_wrong_is_named_by_its_line() {
        let lines = read(&format!("\n{GOOD}\n"), "x").unwrap();
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].json(), GOOD);
        let text = [
            GOOD,
            "{}",
            &GOOD.replace("0.75", "7.5"),
            &GOOD.replace("likes tea", " "),
            &GOOD.replace("preference", "hatred"),
            &GOOD.replace("main/lobby", "Lobby"),
        ]
        .join("\n");
        let wrong = read(&text, "x.jsonl").unwrap_err();
        assert_eq!(wrong.len(), 5, "{wrong:?}");
        for (n, wrong) in wrong.iter().enumerate() {
            assert!(
                wrong.starts_with(&format!("x.jsonl:{}: ", n + 2)),
                "{wrong}"
            );
        }
    }
}
