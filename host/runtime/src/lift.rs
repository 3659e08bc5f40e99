//! From what a guest returned to an [`Outcome`] that the host can rely on.

use crate::{
    contract::{guest, types as wit},
    host,
};
use chatter_protocol::{
    MessageId,
    call::{CallLimits, Line, Outcome, State},
    memory,
    persona::Calls,
};
use std::{collections::BTreeMap, fmt::Display};

/// The longest reason for silence, in characters.
const REASON_CHARS: usize = 200;

/// The longest extensions, in bytes.
const EXTENSIONS_BYTES: usize = 4096;

/// The most deltas in a reflection.
const DELTAS: usize = 64;

/// The calls that a module wants.
pub(crate) fn calls(calls: wit::Calls) -> Calls {
    Calls {
        context: calls.contains(wit::Calls::CONTEXT),
        firehose: calls.contains(wit::Calls::FIREHOSE),
        reflect: calls.contains(wit::Calls::REFLECT),
    }
}

/// Checks an outcome; the error names the place.
pub(crate) fn outcome(
    outcome: wit::Outcome,
    memories: Vec<memory::NewEntry>,
    limits: &CallLimits,
    state_version: u32,
) -> Result<Outcome, String> {
    let wit::Outcome {
        state,
        lines,
        decision,
        extensions,
    } = outcome;
    if lines.len() > limits.lines as usize {
        return Err(format!(
            "lines: {} of them, at most {} are accepted",
            lines.len(),
            limits.lines
        ));
    }
    let lines = lines
        .into_iter()
        .enumerate()
        .map(|(i, said)| line(said, limits).map_err(|problem| format!("lines[{i}].{problem}")))
        .collect::<Result<Vec<_>, _>>()?;
    let silent_because = match decision {
        wit::Decision::Spoke if lines.is_empty() => {
            return Err("decision: `spoke`, but there are no lines".into());
        }
        wit::Decision::Spoke => None,
        wit::Decision::Silent(_) if !lines.is_empty() => {
            return Err("decision: `silent`, but there are lines".into());
        }
        wit::Decision::Silent(reason) => Some(reason.chars().take(REASON_CHARS).collect()),
    };
    if let Some(extensions) = &extensions {
        if extensions.len() > EXTENSIONS_BYTES {
            return Err(format!("extensions: longer than {EXTENSIONS_BYTES} bytes"));
        }
        serde_json::from_str::<serde::de::IgnoredAny>(extensions)
            .map_err(|error| format!("extensions: not JSON: {error}"))?;
    }
    let state = checked_state(state, limits, state_version)?;
    Ok(Outcome {
        state,
        lines,
        silent_because,
        memories,
        extensions,
        ..Outcome::default()
    })
}

/// Checks a reflection; the error names the place.
pub(crate) fn reflection(
    reflection: guest::Reflection,
    mut memories: Vec<memory::NewEntry>,
    limits: &CallLimits,
    state_version: u32,
) -> Result<Outcome, String> {
    let guest::Reflection {
        state,
        traits,
        relationships,
        memories: new,
        ..
    } = reflection;
    for (i, entry) in new.into_iter().enumerate() {
        let entry =
            host::checked_entry(entry).map_err(|error| format!("memories[{i}]: {error}"))?;
        memories.push(entry);
    }
    if memories.len() > limits.memory_writes as usize {
        return Err(format!(
            "memories: {} of them, at most {} are accepted",
            memories.len(),
            limits.memory_writes
        ));
    }
    let trait_deltas = deltas(
        "traits",
        traits.into_iter().map(|delta| (delta.name, delta.value)),
    )?;
    let relationship_deltas = deltas(
        "relationships",
        relationships
            .into_iter()
            .map(|delta| (delta.author_id, delta.delta)),
    )?;
    let state = checked_state(state, limits, state_version)?;
    Ok(Outcome {
        state,
        memories,
        trait_deltas,
        relationship_deltas,
        ..Outcome::default()
    })
}

fn line(line: wit::Line, limits: &CallLimits) -> Result<Line, String> {
    let wit::Line { text, reply_to } = line;
    if text.trim().is_empty() {
        return Err("text: empty".into());
    }
    if text.chars().count() > limits.line_chars as usize {
        return Err(format!(
            "text: longer than {} characters",
            limits.line_chars
        ));
    }
    if text.contains(is_line_break) {
        return Err("text: more than one line".into());
    }
    let reply_to = reply_to
        .map(|id| id.parse::<MessageId>())
        .transpose()
        .map_err(|_| "reply-to: not a message's id")?;
    Ok(Line { text, reply_to })
}

/// What ends a line, after Unicode's newline guidelines (Unicode 16.0, section 5.8).
fn is_line_break(c: char) -> bool {
    matches!(
        c,
        '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}

fn checked_state(
    bytes: Option<Vec<u8>>,
    limits: &CallLimits,
    version: u32,
) -> Result<Option<State>, String> {
    match bytes {
        Some(bytes) if bytes.len() > limits.state_bytes as usize => Err(format!(
            "state: {} bytes, at most {} are kept",
            bytes.len(),
            limits.state_bytes
        )),
        bytes => Ok(bytes.map(|bytes| State {
            version,
            bytes: bytes.into(),
        })),
    }
}

fn deltas(
    what: impl Display,
    deltas: impl ExactSizeIterator<Item = (String, f64)>,
) -> Result<BTreeMap<String, f64>, String> {
    if deltas.len() > DELTAS {
        return Err(format!("{what}: more than {DELTAS}"));
    }
    deltas
        .map(|(name, delta)| {
            if (-1.0..=1.0).contains(&delta) && name.chars().count() <= 95 {
                Ok((name, delta))
            } else {
                Err(format!(
                    "{what}: a delta is not in -1..=1, or its name is too long"
                ))
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> wit::Line {
        wit::Line {
            text: text.into(),
            reply_to: None,
        }
    }

    fn check(
        lines: Vec<wit::Line>,
        decision: wit::Decision,
        state: Option<Vec<u8>>,
    ) -> Result<Outcome, String> {
        let limits = CallLimits {
            lines: 2,
            line_chars: 5,
            state_bytes: 4,
            ..CallLimits::default()
        };
        outcome(
            wit::Outcome {
                state,
                lines,
                decision,
                extensions: None,
            },
            Vec::new(),
            &limits,
            7,
        )
    }

    #[test]
    fn what_breaks_a_rule_is_named() {
        use wit::Decision::{Silent, Spoke};
        type Case = (Vec<wit::Line>, wit::Decision, Option<Vec<u8>>, &'static str);
        let cases: [Case; 9] = [
            (
                vec![said("a"), said("b"), said("c")],
                Spoke,
                None,
                "lines: 3 of them, at most 2 are accepted",
            ),
            (
                vec![said("a"), said(" ")],
                Spoke,
                None,
                "lines[1].text: empty",
            ),
            (
                vec![said("sixsix")],
                Spoke,
                None,
                "lines[0].text: longer than 5 characters",
            ),
            (
                vec![said("a\nb")],
                Spoke,
                None,
                "lines[0].text: more than one line",
            ),
            (
                vec![said("a\u{2028}b")],
                Spoke,
                None,
                "lines[0].text: more than one line",
            ),
            (
                vec![wit::Line {
                    text: "a".into(),
                    reply_to: Some("x".into()),
                }],
                Spoke,
                None,
                "lines[0].reply-to: not a message's id",
            ),
            (
                vec![],
                Spoke,
                None,
                "decision: `spoke`, but there are no lines",
            ),
            (
                vec![said("a")],
                Silent("shy".into()),
                None,
                "decision: `silent`, but there are lines",
            ),
            (
                vec![],
                Silent("shy".into()),
                Some(vec![0; 5]),
                "state: 5 bytes, at most 4 are kept",
            ),
        ];
        for (lines, decision, state, problem) in cases {
            assert_eq!(check(lines, decision, state).unwrap_err(), problem);
        }
    }

    #[test]
    fn characters_are_counted_not_bytes() {
        let good = check(vec![said("äöüßé")], wit::Decision::Spoke, Some(vec![1])).unwrap();
        assert_eq!(good.lines[0].text, "äöüßé");
        assert_eq!(good.state.unwrap().version, 7);
    }
}
