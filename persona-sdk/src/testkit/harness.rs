//! Calls as the runtime makes them.

use super::{Budgets, Scripted, scripted::problem_of};
use crate::{
    Error, Persona, Reflection, Reply,
    bindings::{
        chatter::persona::types::{Decision, Outcome},
        exports::chatter::persona::guest,
    },
    guest::{Ran, run},
    types::{ChatMessage, Digest, Limits, Line, State, StreamContext, Turn},
};
use std::{fmt, marker::PhantomData};

/// A persona between its calls: its state and its host.
#[derive(Debug)]
pub struct Harness<P> {
    /// The host that it talks to.
    pub host: Scripted,
    /// What it stored last.
    pub state: Option<State>,
    persona: PhantomData<fn() -> P>,
}

/// A call that returned well.
#[derive(Clone, Debug, PartialEq)]
pub struct Called {
    /// What it said.
    pub lines: Vec<Line>,
    /// Why it said nothing; none if it spoke.
    pub silent_because: Option<String>,
    /// Whether its state is another than before.
    pub state_changed: bool,
    /// What it handed over as extensions.
    pub extensions: Option<String>,
}

impl Called {
    /// The text of its first line.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.lines.first().map(|line| line.text.as_str())
    }

    /// The message that its first line answers.
    #[must_use]
    pub fn reply_to(&self) -> Option<&str> {
        self.lines.first()?.reply_to.as_deref()
    }
}

/// Why a call came to nothing. Nothing of it was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The persona returned an error.
    Declined(String),
    /// What it returned breaks a rule of the contract.
    Invalid(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Declined(words) => write!(f, "the persona declined: {words}"),
            Self::Invalid(words) => write!(f, "the host would refuse the outcome: {words}"),
        }
    }
}

impl std::error::Error for Failure {}

impl<P: Persona> Default for Harness<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Persona> Harness<P> {
    /// A persona before its first call.
    #[must_use]
    pub fn new() -> Self {
        Self {
            host: Scripted::default(),
            state: None,
            persona: PhantomData,
        }
    }

    /// Something new on the stream.
    ///
    /// # Errors
    ///
    /// If the persona declines, or breaks a rule.
    pub fn on_context(
        &mut self,
        turn: impl Into<Turn>,
        context: impl Into<StreamContext>,
    ) -> Result<Called, Failure> {
        let context = context.into();
        self.call(turn.into(), |persona, turn, host| {
            persona.on_context(turn, &context, host)
        })
    }

    /// New messages in the room. They are added to the turn's recent ones if they aren't among
    /// them, as the host has it.
    ///
    /// # Errors
    ///
    /// If the persona declines, or breaks a rule.
    pub fn on_firehose(
        &mut self,
        turn: impl Into<Turn>,
        messages: &[ChatMessage],
    ) -> Result<Called, Failure> {
        let mut turn = turn.into();
        for message in messages {
            if turn.message(&message.id).is_none() {
                turn.recent.push(message.clone());
            }
        }
        self.call(turn, |persona, turn, host| {
            persona.on_firehose(turn, messages, host)
        })
    }

    /// A quiet moment.
    ///
    /// # Errors
    ///
    /// If the persona declines, or breaks a rule.
    pub fn reflect(
        &mut self,
        turn: impl Into<Turn>,
        digest: &Digest,
    ) -> Result<Reflection, Failure> {
        let turn = self.begin(turn.into());
        let ran = run::<P, _, _>(&turn, &mut self.host, |persona, host| {
            persona.reflect(&turn, digest, host)
        });
        let checked = ran
            .map(Ran::<Reflection>::into_reflection)
            .map_err(declined)
            .and_then(|reflection| {
                check_state(reflection.state.as_deref(), &turn.limits)?;
                check_reflection(&reflection)?;
                Ok(reflection)
            });
        let guest::Reflection {
            state,
            traits,
            relationships,
            memories,
        } = self.end(checked)?;
        self.keep(state);
        Ok(Reflection {
            traits,
            relationships,
            memories,
        })
    }

    /// The state as the persona sees it; its default before the first call that stored something.
    ///
    /// # Panics
    ///
    /// If it can't be read, or is of another version.
    #[must_use]
    pub fn persona(&self) -> P {
        let Some(state) = &self.state else {
            return P::default();
        };
        assert_eq!(
            state.version,
            P::STATE_VERSION,
            "the state is of another version"
        );
        serde_json::from_slice(&state.bytes).expect("the state is what this persona wrote")
    }

    fn call(
        &mut self,
        turn: Turn,
        call: impl FnOnce(&mut P, &Turn, &mut Scripted) -> Result<Reply, Error>,
    ) -> Result<Called, Failure> {
        let turn = self.begin(turn);
        let ran = run::<P, _, _>(&turn, &mut self.host, |persona, host| {
            call(persona, &turn, host)
        });
        let checked = ran
            .map(Ran::<Reply>::into_outcome)
            .map_err(declined)
            .and_then(|outcome| {
                check_outcome(&outcome, &turn.limits)?;
                Ok(outcome)
            });
        let Outcome {
            state,
            lines,
            decision,
            extensions,
        } = self.end(checked)?;
        let state_changed = state.is_some();
        self.keep(state);
        let silent_because = match decision {
            Decision::Spoke => None,
            Decision::Silent(reason) => Some(reason),
        };
        Ok(Called {
            lines,
            silent_because,
            state_changed,
            extensions,
        })
    }

    fn begin(&mut self, mut turn: Turn) -> Turn {
        if self.state.is_some() {
            turn.state.clone_from(&self.state);
        }
        // What a test sets, the persona is told.
        let Budgets {
            llm_calls,
            llm_tokens,
            searches,
            writes,
        } = self.host.budgets;
        turn.limits = Limits {
            llm_calls,
            llm_tokens,
            memory_searches: searches,
            memory_writes: writes,
            ..turn.limits
        };
        self.host.begin(turn.now);
        turn
    }

    fn end<T>(&mut self, checked: Result<T, Failure>) -> Result<T, Failure> {
        match checked {
            Ok(_) => self.host.commit(),
            Err(_) => self.host.roll_back(),
        }
        checked
    }

    fn keep(&mut self, bytes: Option<Vec<u8>>) {
        if let Some(bytes) = bytes {
            self.state = Some(State {
                version: P::STATE_VERSION,
                bytes,
            });
        }
    }
}

fn declined(error: Error) -> Failure {
    Failure::Declined(error.to_string())
}

fn broken<T>(words: String) -> Result<T, Failure> {
    Err(Failure::Invalid(words))
}

fn check_outcome(outcome: &Outcome, limits: &Limits) -> Result<(), Failure> {
    if outcome.lines.len() > limits.max_lines as usize {
        return broken(format!(
            "lines: {} of them, at most {} are accepted",
            outcome.lines.len(),
            limits.max_lines
        ));
    }
    for (i, line) in outcome.lines.iter().enumerate() {
        if let Some(problem) = problem_of_line(line, limits) {
            return broken(format!("lines[{i}].{problem}"));
        }
    }
    match &outcome.decision {
        Decision::Spoke if outcome.lines.is_empty() => {
            return broken("decision: `spoke`, but there are no lines".into());
        }
        Decision::Silent(_) if !outcome.lines.is_empty() => {
            return broken("decision: `silent`, but there are lines".into());
        }
        Decision::Spoke | Decision::Silent(_) => {}
    }
    if let Some(extensions) = &outcome.extensions {
        if extensions.len() > 4096 {
            return broken("extensions: longer than 4096 bytes".into());
        }
        if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(extensions) {
            return broken(format!("extensions: not JSON: {error}"));
        }
    }
    check_state(outcome.state.as_deref(), limits)
}

fn problem_of_line(line: &Line, limits: &Limits) -> Option<String> {
    // What ends a line, after Unicode's newline guidelines (Unicode 16.0, section 5.8).
    let breaks = [
        '\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}',
    ];
    if line.text.trim().is_empty() {
        Some("text: empty".into())
    } else if line.text.chars().count() > limits.max_line_chars as usize {
        Some(format!(
            "text: longer than {} characters",
            limits.max_line_chars
        ))
    } else if line.text.contains(breaks) {
        Some("text: more than one line".into())
    } else if line.reply_to.as_ref().is_some_and(|id| !is_message_id(id)) {
        Some("reply-to: not a message's id".into())
    } else {
        None
    }
}

fn check_state(bytes: Option<&[u8]>, limits: &Limits) -> Result<(), Failure> {
    match bytes {
        Some(bytes) if bytes.len() > limits.max_state_bytes as usize => broken(format!(
            "state: {} bytes, at most {} are kept",
            bytes.len(),
            limits.max_state_bytes
        )),
        _ => Ok(()),
    }
}

fn check_reflection(reflection: &guest::Reflection) -> Result<(), Failure> {
    for (i, entry) in reflection.memories.iter().enumerate() {
        if let Some(problem) = problem_of(entry) {
            return broken(format!("memories[{i}]: {problem}"));
        }
    }
    let deltas = reflection
        .traits
        .iter()
        .map(|delta| delta.value)
        .chain(reflection.relationships.iter().map(|delta| delta.delta));
    for delta in deltas {
        if !(-1.0..=1.0).contains(&delta) {
            return broken(format!("a delta is {delta}, not in -1..=1"));
        }
    }
    Ok(())
}

/// Whether it has the form of a UUID.
pub(crate) fn is_message_id(id: &str) -> bool {
    id.len() == 36
        && id.char_indices().all(|(i, c)| {
            if matches!(i, 8 | 13 | 18 | 23) {
                c == '-'
            } else {
                c.is_ascii_hexdigit()
            }
        })
}
