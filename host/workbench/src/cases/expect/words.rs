//! What a call came to, in words.

use chatter_protocol::{
    CallRecord, Outcome,
    call::{CallEnd, ImportRecord},
};

/// How much of a long text is shown, in characters.
const SHOWN: usize = 400;

/// Texts as a list.
pub(super) fn listed(texts: &[&str]) -> String {
    match texts {
        [] => "nothing".to_owned(),
        texts => texts
            .iter()
            .map(|text| format!("{text:?}"))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

/// What was said, or why nothing was, in words.
pub(super) fn said(outcome: &Outcome) -> String {
    let lines: Vec<&str> = outcome.lines.iter().map(|line| &*line.text).collect();
    match (&outcome.silent_because, lines.is_empty()) {
        (Some(reason), true) => format!("silence because of {reason:?}"),
        (None, true) => "silence".to_owned(),
        _ => listed(&lines),
    }
}

/// How a call ended, by the name that cases use, and why in words.
pub(super) fn end(end: &CallEnd) -> (&'static str, &str) {
    match end {
        CallEnd::Returned { .. } => ("returned", ""),
        CallEnd::Declined { detail } => ("declined", detail),
        CallEnd::Invalid { detail } => ("invalid", detail),
        CallEnd::Trapped { detail } => ("trapped", detail),
        CallEnd::OutOfCpu { .. } => ("out-of-cpu", "its CPU time is used up"),
        CallEnd::OutOfMemory { .. } => ("out-of-memory", "it asked for more memory than it may"),
        CallEnd::TimedOut { .. } => ("timed-out", "it took longer than it may"),
        CallEnd::Busy => ("busy", "the pool stayed full"),
        CallEnd::Unavailable { detail } => ("unavailable", detail),
    }
}

/// What helps to see why.
pub(super) fn notes(record: &CallRecord) -> Vec<String> {
    let mut notes = Vec::new();
    if let CallEnd::Returned { outcome } = &record.end {
        notes.push(format!("it came to {}", said(outcome)));
    }
    for import in &record.imports {
        match import {
            ImportRecord::Complete { answer, .. } => notes.push(match answer {
                Ok(completion) => format!("the model answered {:?}", shown(&completion.text)),
                Err(error) => format!("no answer: {error}"),
            }),
            ImportRecord::Search {
                request, answer, ..
            } => notes.push(match answer {
                Ok(entries) => {
                    format!("{} memories found for {:?}", entries.len(), request.text)
                }
                Err(error) => format!("no memories: {error}"),
            }),
            ImportRecord::Remaining { .. } | ImportRecord::Remember { .. } => {}
        }
    }
    for line in record.log.iter().take(5) {
        notes.push(format!("log: {}", shown(&line.text)));
    }
    notes
}

/// The beginning of a long text.
pub(super) fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
