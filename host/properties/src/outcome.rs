//! What a component returns, before the host has looked at it.

use crate::{maybe, text};
use arbitrary::Unstructured;
use chatter_protocol::call::{CallLimits, Outcome};
use chatter_runtime::returned::{self, Entry, Reflected, Returned};

/// Of an outcome only what keeps every bound is accepted, and a refusal says where it does not.
pub fn outcome(bytes: &[u8]) {
    let mut u = Unstructured::new(bytes);
    let limits = limits(&mut u);
    let lines = u.int_in_range(0..=5).unwrap_or(0);
    let returned = Returned {
        state: state(&mut u),
        lines: (0..lines)
            .map(|_| (text(&mut u, 40), maybe(&mut u, id)))
            .collect(),
        silent: maybe(&mut u, |u| text(u, 300)),
        extensions: maybe(&mut u, json),
        memories: entries(&mut u),
    };
    let asked = returned.clone();
    match returned::outcome(returned, &limits) {
        Ok(outcome) => {
            is_within(&outcome, &limits);
            assert_eq!(outcome.lines.len(), asked.lines.len());
            assert_eq!(outcome.silent_because.is_some(), outcome.lines.is_empty());
            for (line, (text, _)) in outcome.lines.iter().zip(&asked.lines) {
                assert_eq!(line.text, *text);
            }
        }
        Err(problem) => is_placed(&problem, &["lines", "decision", "extensions", "state"]),
    }
}

/// The same of a reflection.
pub fn reflection(bytes: &[u8]) {
    let mut u = Unstructured::new(bytes);
    let limits = limits(&mut u);
    let reflected = Reflected {
        state: state(&mut u),
        traits: deltas(&mut u),
        relationships: deltas(&mut u),
        memories: entries(&mut u),
    };
    match returned::reflection(reflected, &limits) {
        Ok(outcome) => is_within(&outcome, &limits),
        Err(problem) => is_placed(&problem, &["traits", "relationships", "memories", "state"]),
    }
}

fn is_within(outcome: &Outcome, limits: &CallLimits) {
    assert!(outcome.lines.len() <= limits.lines as usize);
    for line in &outcome.lines {
        assert!(line.text.chars().count() <= limits.line_chars as usize);
        assert!(!line.text.trim().is_empty());
        assert!(
            !line
                .text
                .contains(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'])
        );
    }
    if let Some(state) = &outcome.state {
        assert!(state.bytes.len() <= limits.state_bytes as usize);
    }
    assert!(outcome.memories.len() <= limits.memory_writes as usize);
    for entry in &outcome.memories {
        assert!((0.0..=1.0).contains(&entry.confidence));
        assert!((1..=1000).contains(&entry.text.chars().count()));
    }
    for delta in outcome
        .trait_deltas
        .values()
        .chain(outcome.relationship_deltas.values())
    {
        assert!((-1.0..=1.0).contains(delta));
    }
    // As a record holds it: a value that JSON can't hold would lose the whole record.
    let written = serde_json::to_vec(outcome).expect("an outcome can be written");
    let again: Outcome = serde_json::from_slice(&written).expect("and read again");
    assert_eq!(*outcome, again);
}

fn is_placed(problem: &str, places: &[&str]) {
    assert!(
        places.iter().any(|place| problem.starts_with(place)),
        "{problem:?} names no place"
    );
    assert!(problem.len() < 300, "{problem:?}");
}

fn limits(u: &mut Unstructured<'_>) -> CallLimits {
    CallLimits {
        lines: u.int_in_range(0..=4).unwrap_or(3),
        line_chars: u.int_in_range(1..=40).unwrap_or(40),
        state_bytes: u.int_in_range(0..=40).unwrap_or(40),
        memory_writes: u.int_in_range(0..=3).unwrap_or(3),
        ..CallLimits::default()
    }
}

fn state(u: &mut Unstructured<'_>) -> Option<Vec<u8>> {
    maybe(u, |u| {
        let bytes = u.int_in_range(0..=60).unwrap_or(0);
        (0..bytes).map(|_| u.arbitrary().unwrap_or(0)).collect()
    })
}

/// An id that is one now and then.
fn id(u: &mut Unstructured<'_>) -> String {
    match u.int_in_range(0..=2).unwrap_or(0) {
        0 => "019ac0de-0001-7a52-9d0f-3f6a1c2b4d51".into(),
        1 => "guest:ana-5f3c".into(),
        _ => text(u, 40),
    }
}

fn json(u: &mut Unstructured<'_>) -> String {
    match u.int_in_range(0..=3).unwrap_or(0) {
        0 => r#"{"mood": ["calm", 0.5]}"#.into(),
        1 => "[".repeat(u.int_in_range(1..=5000).unwrap_or(1)),
        _ => text(u, 60),
    }
}

fn entries(u: &mut Unstructured<'_>) -> Vec<Entry> {
    let entries = u.int_in_range(0..=4).unwrap_or(0);
    (0..entries)
        .map(|_| Entry {
            text: text(u, 60),
            about: maybe(u, id),
            confidence: number(u),
            source: maybe(u, id),
        })
        .collect()
}

fn deltas(u: &mut Unstructured<'_>) -> Vec<(String, f64)> {
    let deltas = u.int_in_range(0..=70).unwrap_or(0);
    (0..deltas).map(|_| (text(u, 8), number(u))).collect()
}

/// Every kind of number, and mostly one that is allowed.
fn number(u: &mut Unstructured<'_>) -> f64 {
    match u.int_in_range(0..=5).unwrap_or(0) {
        0 => u.arbitrary().unwrap_or(f64::NAN),
        1 => *u
            .choose(&[f64::NAN, f64::INFINITY, -0.0, 1.0, -1.0])
            .unwrap_or(&0.0),
        _ => f64::from(u.arbitrary::<u8>().unwrap_or(0)) / 255.0,
    }
}
