//! Calls that are tried: each export on an occasion that there is in any room, twice. What goes wrong
//! here would go wrong there.

use super::Findings;
use chatter_llm::SharedModel;
use chatter_memory::SharedMemory;
use chatter_protocol::{
    CallRecord, PersonaConfig, StreamContext, Turn,
    call::{CallEnd, CallInput, CallLimits, Profile, TurnLimits},
    memory::Scope,
    persona::Calls,
};
use chatter_runtime::{Call, Config, Personas, Runtime};
use serde::Serialize;
use std::{path::Path, sync::Arc};

/// The turn of a persona that was asked something, and what it is called with.
const ANSWER: &str = include_str!("../../../../protocol/examples/call-record/good/spoke.json");
const REFLECT: &str = include_str!("../../../../protocol/examples/call-record/good/reflected.json");
const CONTEXT: &str =
    include_str!("../../../../protocol/examples/stream-context/good/question.json");

/// What the module is called in here.
const NAME: &str = "checked";

/// A call that was tried.
#[derive(Clone, Debug, Serialize)]
pub struct Tried {
    /// Which, in words.
    pub call: &'static str,
    /// What came of it.
    pub ended: String,
    /// How long it took, in microseconds.
    pub ran_us: u64,
}

/// What is called.
pub(super) struct Subject<'a> {
    pub(super) component: &'a Path,
    pub(super) calls: Calls,
    pub(super) persona: Option<&'a PersonaConfig>,
    pub(super) limits: &'a CallLimits,
}

/// An occasion to call.
struct Occasion {
    call: &'static str,
    /// Whether the host asks it to speak.
    speak: bool,
    turn: Turn,
    input: CallInput,
}

/// Calls it. Each occasion comes twice in the same words; the first of them gets no state, the others
/// what the one before left.
pub(super) async fn run(
    subject: &Subject<'_>,
    data: &Path,
    model: SharedModel,
    memory: SharedMemory,
    findings: &mut Findings,
) -> Result<Vec<Tried>, String> {
    let plugins = data.join("plugins");
    std::fs::create_dir_all(&plugins)
        .and_then(|()| std::fs::copy(subject.component, plugins.join(format!("{NAME}.wasm"))))
        .map_err(|error| error.to_string())?;
    let mut config = Config::new(plugins, data.to_owned(), model, memory);
    config.source_lines = true;
    let runtime = Runtime::new(config).map_err(|error| error.to_string())?;
    for (_, loaded) in runtime
        .load_all()
        .await
        .map_err(|error| error.to_string())?
    {
        if let Err(refused) = loaded {
            findings.problem(refused.to_string());
            return Ok(Vec::new());
        }
    }
    let mut tried = Vec::new();
    let mut state = None;
    for occasion in occasions(subject).map_err(|error| error.to_string())? {
        let turn = Arc::new(Turn {
            state: state.clone(),
            ..occasion.turn
        });
        let call = || Call {
            module: NAME.into(),
            scope: Scope {
                room: turn.room.id.clone(),
                persona: turn.profile.id.clone(),
            },
            route: None,
            turn: turn.clone(),
            input: occasion.input.clone(),
            limits: subject.limits.clone(),
        };
        let first = runtime.call(call()).await;
        let second = runtime.call(call()).await;
        judge(occasion.call, occasion.speak, &first, findings);
        compare(occasion.call, &first.end, &second.end, findings);
        if let CallEnd::Returned { outcome } = &first.end
            && outcome.state.is_some()
        {
            state.clone_from(&outcome.state);
        }
        tried.push(Tried {
            call: occasion.call,
            ended: ended(&first.end),
            ran_us: first.times.ran_us.min(second.times.ran_us),
        });
    }
    Ok(tried)
}

/// What there is to be called for, without the calls that the module doesn't want.
fn occasions(subject: &Subject<'_>) -> Result<Vec<Occasion>, serde_json::Error> {
    let answer: CallRecord = serde_json::from_str(ANSWER)?;
    let reflect: CallRecord = serde_json::from_str(REFLECT)?;
    let context: StreamContext = serde_json::from_str(CONTEXT)?;
    let context = CallInput::Context(Arc::new(context));
    let mut turn = Turn::clone(&answer.turn);
    turn.state = None;
    turn.fates.clear();
    turn.limits = TurnLimits::from(subject.limits);
    if let Some(persona) = subject.persona {
        turn.profile = Arc::new(Profile {
            id: persona.id.clone(),
            name: persona.name.clone(),
            bio: persona.bio.clone(),
            style: persona.style.clone(),
            traits: persona.traits.clone(),
            ..Profile::clone(&turn.profile)
        });
    }
    let asked = |speak: bool, answers: bool| {
        let mut turn = turn.clone();
        turn.impulse.speak = speak;
        if !answers {
            turn.impulse.answer = None;
        }
        turn
    };
    let all = [
        (
            subject.calls.context,
            "on-context, not to speak",
            false,
            asked(false, false),
            &context,
        ),
        (
            subject.calls.context,
            "on-context, to speak",
            true,
            asked(true, false),
            &context,
        ),
        (
            subject.calls.firehose,
            "on-firehose, not to speak",
            false,
            asked(false, false),
            &answer.input,
        ),
        (
            subject.calls.firehose,
            "on-firehose, to answer",
            true,
            asked(true, true),
            &answer.input,
        ),
        (
            subject.calls.reflect,
            "reflect",
            true,
            asked(false, false),
            &reflect.input,
        ),
    ];
    Ok(all
        .into_iter()
        .filter(|(wanted, ..)| *wanted)
        .map(|(_, call, speak, turn, input)| Occasion {
            call,
            speak,
            turn,
            input: input.clone(),
        })
        .collect())
}

/// What came of a call, for people.
fn ended(end: &CallEnd) -> String {
    match end {
        CallEnd::Returned { outcome } => match outcome.lines.first() {
            Some(line) => format!("said {:?}", line.text),
            None => "silent".to_owned(),
        },
        failed => failed.to_string(),
    }
}

/// What is wrong about how a call ended.
fn judge(call: &str, speak: bool, record: &CallRecord, findings: &mut Findings) {
    let words = ended(&record.end);
    let mend = match &record.end {
        CallEnd::Returned { outcome } => {
            if !speak && !outcome.lines.is_empty() {
                findings.remark(format!(
                    "{call}: it spoke unasked; rooms let that pass in a small share of calls (2 in 100, if they don't say otherwise)"
                ));
            }
            return;
        }
        CallEnd::Declined { .. } => "answer `silent` with a reason if there is nothing to say",
        CallEnd::Invalid { .. } => "docs/personas.md has the rules for outcomes",
        CallEnd::Trapped { .. } => {
            "a build with --debug says the lines of the source; a test makes it come again"
        }
        CallEnd::OutOfCpu { .. } => "do less in a call, or have the operator raise `cpu_ms`",
        CallEnd::OutOfMemory { .. } => "keep less, or have the operator raise `memory_bytes`",
        CallEnd::TimedOut { .. } => "don't wait for what doesn't come",
        CallEnd::Busy | CallEnd::Unavailable { .. } => "check again",
    };
    findings.problem(format!("{call}: {words}; {mend}"));
}

/// Whether the same call twice came to the same.
fn compare(call: &str, first: &CallEnd, second: &CallEnd, findings: &mut Findings) {
    if first == second {
        return;
    }
    let what = match (first, second) {
        (CallEnd::Returned { outcome: a }, CallEnd::Returned { outcome: b }) => {
            if a.lines != b.lines {
                "other lines"
            } else if a.state != b.state {
                "another state"
            } else {
                "another outcome"
            }
        }
        // Which of two bounds ends a call may differ, and is told already.
        (CallEnd::Returned { .. }, _) | (_, CallEnd::Returned { .. }) => "another end",
        _ => return,
    };
    findings.problem(format!(
        "{call}: the same call twice came to {what}, so recordings of it can't be replayed; take chance from the turn's seed alone"
    ));
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatter_protocol::call::Outcome;

    fn outcome(change: impl FnOnce(&mut Outcome)) -> CallEnd {
        let record: CallRecord = serde_json::from_str(ANSWER).unwrap();
        let CallEnd::Returned { mut outcome } = record.end else {
            panic!("the example spoke");
        };
        change(&mut outcome);
        CallEnd::Returned { outcome }
    }

    #[test]
    fn two_outcomes_of_one_call_are_told_apart() {
        let trapped = || CallEnd::Trapped { detail: "x".into() };
        let cases = [
            (outcome(|_| ()), outcome(|_| ()), None),
            (
                outcome(|_| ()),
                outcome(|it| it.lines.clear()),
                Some("other lines"),
            ),
            (
                outcome(|_| ()),
                outcome(|it| it.state = None),
                Some("another state"),
            ),
            (outcome(|_| ()), trapped(), Some("another end")),
            (CallEnd::Busy, trapped(), None),
        ];
        for (first, second, expected) in cases {
            let mut findings = Findings::default();
            compare("on-context", &first, &second, &mut findings);
            let found = findings.0.first().map(|found| found.text.as_str());
            match expected {
                None => assert_eq!(found, None),
                Some(words) => assert!(found.unwrap().contains(words), "{found:?}"),
            }
        }
    }
}
