//! What is expected of a call against what came of it.

mod words;

use super::{
    Failure,
    format::{Expect, OWN_LINE, Silent, Words},
    model::{NO_ANSWER, prompt},
};
use crate::text::Text;
use chatter_protocol::{
    CallRecord, MessageId, Outcome,
    call::{CallEnd, ImportRecord, ImpulsePart},
    llm,
};
use serde_json::Value;
use std::{collections::HashMap, ops::Range};
use words::{end, listed, notes, said, shown};

/// Compares, step by step.
pub(super) struct Checker<'a> {
    pub(super) text: &'a Text,
    pub(super) step: usize,
    /// Where the step begins in the file.
    pub(super) at: usize,
    pub(super) record: &'a CallRecord,
    pub(super) labels: &'a HashMap<String, MessageId>,
    failures: Vec<Failure>,
}

impl<'a> Checker<'a> {
    pub(super) fn new(
        text: &'a Text,
        step: usize,
        at: usize,
        record: &'a CallRecord,
        labels: &'a HashMap<String, MessageId>,
    ) -> Self {
        Self {
            text,
            step,
            at,
            record,
            labels,
            failures: Vec::new(),
        }
    }

    /// All that is otherwise than expected.
    pub(super) fn check(mut self, expect: &Expect) -> Vec<Failure> {
        self.end(expect);
        if let CallEnd::Returned { outcome } = &self.record.end {
            self.lines(expect, outcome);
            self.memories(expect, outcome);
            self.state(expect, outcome);
        }
        self.impulse(expect);
        self.model(expect);
        self.log(expect);
        let notes = notes(self.record);
        for failure in &mut self.failures {
            failure.notes.clone_from(&notes);
        }
        self.failures
    }

    fn fail(&mut self, at: usize, what: &str, expected: impl Into<String>, got: impl Into<String>) {
        self.failures.push(Failure {
            step: self.step,
            line: self.text.place(at).0,
            what: what.to_owned(),
            expected: shown(&expected.into()),
            got: shown(&got.into()),
            notes: Vec::new(),
            fix: None,
        });
    }

    /// The same for a value that can be put in place of the expected one.
    fn differs(&mut self, span: Range<usize>, what: &str, expected: &Value, got: &Value) {
        self.fail(span.start, what, expected.to_string(), got.to_string());
        // JSON's texts, numbers, truths and lists of these are TOML's, too.
        let is_toml = !got.is_null() && !got.is_object() && !got.to_string().contains("null");
        if let Some(failure) = self.failures.last_mut().filter(|_| is_toml) {
            failure.fix = Some((span, got.to_string()));
        }
    }

    fn end(&mut self, expect: &Expect) {
        let (name, detail) = end(&self.record.end);
        match &expect.ends {
            Some(ends) if ends.get_ref().as_str() != name => {
                self.differs(
                    ends.span(),
                    "ends",
                    &ends.get_ref().as_str().into(),
                    &name.into(),
                );
                if let Some(failure) = self.failures.last_mut().filter(|_| !detail.is_empty()) {
                    failure.got = format!("{name}: {detail}");
                }
            }
            None if name != "returned" => {
                self.fail(
                    self.at,
                    "ends",
                    "a call that returns well",
                    format!("{name}: {detail}"),
                );
            }
            _ => {}
        }
        if let Some(because) = &expect.because {
            self.holds("because", because.span(), because.get_ref(), &[detail]);
        }
    }

    fn lines(&mut self, expect: &Expect, outcome: &Outcome) {
        let lines: Vec<&str> = outcome.lines.iter().map(|line| &*line.text).collect();
        let said = said(outcome);
        if let Some(line) = &expect.line {
            match *lines {
                [only] if only == line.get_ref() => {}
                [only] => self.differs(
                    line.span(),
                    "line",
                    &line.get_ref().as_str().into(),
                    &only.into(),
                ),
                _ => self.fail(
                    line.span().start,
                    "line",
                    format!("{:?}", line.get_ref()),
                    &said,
                ),
            }
        }
        if let Some(count) = &expect.lines
            && *count.get_ref() != lines.len()
        {
            let (wanted, got) = ((*count.get_ref()).into(), lines.len().into());
            self.differs(count.span(), "lines", &wanted, &got);
        }
        if let Some(words) = &expect.contains {
            self.holds("contains", words.span(), words.get_ref(), &lines);
        }
        if let Some(words) = &expect.lacks {
            self.lacks("lacks", words.span(), words.get_ref(), &lines);
        }
        if let Some(pattern) = &expect.matches {
            // Checked when the file was read.
            let found = regex::Regex::new(pattern.get_ref())
                .is_ok_and(|pattern| lines.iter().any(|line| pattern.is_match(line)));
            if !found {
                let wanted = format!("a line that matches /{}/", pattern.get_ref());
                self.fail(pattern.span().start, "matches", wanted, &said);
            }
        }
        if let Some(most) = &expect.max_words {
            let longest = lines
                .iter()
                .max_by_key(|line| line.split_whitespace().count());
            if let Some(line) = longest
                && line.split_whitespace().count() > *most.get_ref()
            {
                let words = line.split_whitespace().count();
                self.fail(
                    most.span().start,
                    "max_words",
                    format!("at most {} words", most.get_ref()),
                    format!("{words} words: {line:?}"),
                );
            }
        }
        if let Some(silent) = &expect.silent {
            let is_silent = lines.is_empty();
            match silent.get_ref() {
                Silent::Any(wanted) if *wanted != is_silent => {
                    let expected = if *wanted { "silence" } else { "a line" };
                    self.fail(silent.span().start, "silent", expected, &said);
                    if let Some(failure) = self.failures.last_mut() {
                        failure.fix = Some((silent.span(), is_silent.to_string()));
                    }
                }
                Silent::Any(_) => {}
                Silent::Because(words) => {
                    let reason = outcome.silent_because.as_deref().unwrap_or_default();
                    if !is_silent || !holds(reason, words) {
                        let expected = format!("silence because of {words:?}");
                        self.fail(silent.span().start, "silent", expected, &said);
                    }
                }
            }
        }
        if let Some(label) = &expect.reply_to {
            let name = label.get_ref().as_str();
            let wanted = self.labels.get(name).copied();
            let first = outcome.lines.first();
            let answers = first.and_then(|line| line.reply_to);
            let unbound = wanted.is_none() && !name.is_empty();
            if first.is_none() || unbound || answers != wanted {
                let named = |id: MessageId| {
                    self.labels
                        .iter()
                        .find(|(_, known)| **known == id)
                        .map_or_else(|| id.to_string(), |(label, _)| format!("{label:?}"))
                };
                let got = match (answers, lines.is_empty()) {
                    (_, true) => said.clone(),
                    (Some(id), _) => format!("an answer to {}", named(id)),
                    (None, _) => "a line that answers nothing".to_owned(),
                };
                let expected = match name {
                    "" => "a line that answers nothing".to_owned(),
                    OWN_LINE if unbound => {
                        "an answer to its own line, of which none was accepted".to_owned()
                    }
                    OWN_LINE => "an answer to its own line".to_owned(),
                    label => format!("an answer to {label:?}"),
                };
                self.fail(label.span().start, "reply_to", expected, got);
            }
        }
    }

    fn impulse(&mut self, expect: &Expect) {
        let Some(wanted) = &expect.p else { return };
        let [least, most] = *wanted.get_ref();
        let impulse = &self.record.turn.impulse;
        if !(least..=most).contains(&impulse.p) {
            let part = |part: &ImpulsePart| format!("{} {:.3}", part.name, part.value);
            let parts: Vec<String> = impulse.parts.iter().map(part).collect();
            let got = format!("{:.3} of {}", impulse.p, parts.join(", "));
            self.fail(wanted.span().start, "p", format!("{least} to {most}"), got);
        }
    }

    fn memories(&mut self, expect: &Expect, outcome: &Outcome) {
        let memories: Vec<&str> = outcome.memories.iter().map(|entry| &*entry.text).collect();
        if let Some(words) = &expect.remembers {
            self.holds("remembers", words.span(), words.get_ref(), &memories);
        }
        if let Some(count) = &expect.memories
            && *count.get_ref() != memories.len()
        {
            let (wanted, got) = ((*count.get_ref()).into(), memories.len().into());
            self.differs(count.span(), "memories", &wanted, &got);
        }
    }

    fn state(&mut self, expect: &Expect, outcome: &Outcome) {
        let Some(parts) = &expect.state else { return };
        let bytes = outcome
            .state
            .as_ref()
            .or(self.record.turn.state.as_ref())
            .map(|state| &*state.bytes);
        let state: Option<Value> = bytes.and_then(|bytes| serde_json::from_slice(bytes).ok());
        for (pointer, wanted) in parts {
            let span = wanted.span();
            let what = format!("state {pointer}");
            let Some(state) = &state else {
                let got = match bytes {
                    Some(bytes) => format!("{} bytes that are not JSON", bytes.len()),
                    None => "no state".to_owned(),
                };
                self.fail(span.start, &what, "a part of a state in JSON", got);
                continue;
            };
            let wanted = serde_json::to_value(wanted.get_ref()).unwrap_or_default();
            match state.pointer(pointer) {
                Some(got) if same(&wanted, got) => {}
                Some(got) => self.differs(span, &what, &wanted, got),
                None => self.fail(
                    span.start,
                    &what,
                    wanted.to_string(),
                    format!("nothing there in {state}"),
                ),
            }
        }
    }

    fn model(&mut self, expect: &Expect) {
        let requests: Vec<(String, bool)> = self
            .record
            .imports
            .iter()
            .filter_map(|import| match import {
                ImportRecord::Complete {
                    request, answer, ..
                } => {
                    let unscripted =
                        matches!(answer, Err(llm::Error::Unavailable(why)) if why == NO_ANSWER);
                    Some((prompt(request), unscripted))
                }
                _ => None,
            })
            .collect();
        if let Some(place) = requests.iter().position(|(_, unscripted)| *unscripted) {
            let end: String = requests[place].0.lines().last().unwrap_or_default().into();
            self.fail(
                self.at,
                "llm",
                format!("an [[llm]] for request {} of this call", place + 1),
                format!("none is left; the request ends with {end:?}"),
            );
        }
        if let Some(count) = &expect.llm_calls
            && *count.get_ref() != requests.len()
        {
            let (wanted, got) = ((*count.get_ref()).into(), requests.len().into());
            self.differs(count.span(), "llm_calls", &wanted, &got);
        }
        let prompts: Vec<&str> = requests.iter().map(|(prompt, _)| &**prompt).collect();
        if let Some(words) = &expect.prompt {
            self.holds("prompt", words.span(), words.get_ref(), &prompts);
        }
        if let Some(words) = &expect.prompt_lacks {
            self.lacks("prompt_lacks", words.span(), words.get_ref(), &prompts);
        }
        if let Some(words) = &expect.searches {
            let queries: Vec<&str> = self
                .record
                .imports
                .iter()
                .filter_map(|import| match import {
                    ImportRecord::Search { request, .. } => Some(&*request.text),
                    _ => None,
                })
                .collect();
            self.holds("searches", words.span(), words.get_ref(), &queries);
        }
    }

    fn log(&mut self, expect: &Expect) {
        if let Some(words) = &expect.log {
            let log: Vec<&str> = self.record.log.iter().map(|line| &*line.text).collect();
            self.holds("log", words.span(), words.get_ref(), &log);
        }
    }

    /// Each of these words stands in one of the texts.
    fn holds(&mut self, what: &str, span: Range<usize>, words: &Words, texts: &[&str]) {
        for words in &words.0 {
            if !texts.iter().any(|text| holds(text, words)) {
                self.fail(span.start, what, format!("{words:?} in it"), listed(texts));
            }
        }
    }

    /// None of these words stands in any of the texts.
    fn lacks(&mut self, what: &str, span: Range<usize>, words: &Words, texts: &[&str]) {
        for words in &words.0 {
            if let Some(text) = texts.iter().find(|text| holds(text, words)) {
                self.fail(
                    span.start,
                    what,
                    format!("nothing with {words:?}"),
                    listed(&[text]),
                );
            }
        }
    }
}

/// In any letter case.
fn holds(text: &str, words: &str) -> bool {
    text.to_lowercase().contains(&words.to_lowercase())
}

/// Equal, if whole numbers are what they are in TOML and in JSON.
fn same(wanted: &Value, got: &Value) -> bool {
    match (wanted, got) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests;
