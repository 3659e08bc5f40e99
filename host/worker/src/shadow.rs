//! The next version of a persona's module beside the one that serves: the same turn and input, and
//! nothing of what it does is kept.
//!
//! It is called after the serving one has ended and was committed, so it never delays that; it has
//! places of its own, and what finds none free is skipped. What the serving one asked of the language
//! model and of the memory is answered to it in the same way. It gets the state that the serving one
//! got, each time, as it would after a swap: what it would have made of it is not handed on.

use crate::{call::end_detail, seat::Sitter};
use chatter_protocol::{
    CallRecord,
    call::{CallEnd, ImportRecord},
    persona::{Calls, ModuleRef},
    shadow::{Agreement, Cost, Difference, MAX_DIFFERENCES, Reaction, ShadowStatus},
};
use chatter_runtime::{Call, ModuleStatus, SharedPersonas};
use metrics::counter;
use std::{collections::VecDeque, sync::Arc, time::Duration};
use tokio::time::timeout;

/// So many shadow runs at a time, over all rooms of a worker.
pub(crate) const PLACES: usize = 2;

/// What a run may take beyond the call's own bound of wall time.
const GRACE: Duration = Duration::from_secs(5);

/// The longest reason that is shown, in characters.
const REASON_CHARS: usize = 300;

/// A persona's shadow.
#[derive(Debug)]
pub(crate) struct Shadow {
    name: Arc<str>,
    module: Result<ModuleStatus, String>,
    tally: Tally,
    running: bool,
}

#[derive(Debug, Default)]
struct Tally {
    calls: u64,
    skipped: u64,
    failures: u64,
    last_failure: String,
    agreement: Agreement,
    cost: Cost,
    live_cost: Cost,
    differences: VecDeque<Difference>,
}

impl Shadow {
    pub(crate) fn new(name: Arc<str>, module: Result<ModuleStatus, String>) -> Self {
        Self {
            name,
            module,
            tally: Tally::default(),
            running: false,
        }
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Notes what the module is now; whether that is news. Another component begins at nought.
    pub(crate) fn see_module(&mut self, module: Result<ModuleStatus, String>) -> bool {
        let news = self.module != module;
        if self.digest() != digest(&module) {
            self.tally = Tally::default();
        }
        self.module = module;
        news
    }

    fn digest(&self) -> Option<&str> {
        digest(&self.module)
    }

    /// Whether it can be called now, in a `place`, if there is one; what it can't be called on is
    /// counted.
    pub(crate) fn begins<P>(&mut self, place: Option<P>) -> Option<P> {
        if self.module.is_err() {
            return None;
        }
        match place {
            Some(place) if !self.running => {
                self.running = true;
                Some(place)
            }
            _ => {
                self.tally.skipped += 1;
                None
            }
        }
    }

    /// Its run has ended, with a record or because it broke off.
    pub(crate) fn ended(&mut self, run: Result<Ran, String>) {
        self.running = false;
        match run {
            Ok(ran) if Some(ran.record.module.digest.as_str()) == self.digest() => {
                self.tally.count(ran);
            }
            // The component is another one by now.
            Ok(_) => {}
            Err(reason) => {
                self.tally.calls += 1;
                self.tally.failed(&reason);
            }
        }
    }

    pub(crate) fn status(&self) -> ShadowStatus {
        let Tally {
            calls,
            skipped,
            failures,
            last_failure,
            agreement,
            cost,
            live_cost,
            differences,
        } = &self.tally;
        let (module, detail) = match &self.module {
            Ok(status) => (
                ModuleRef::clone(&status.module),
                status.trouble.clone().unwrap_or_default(),
            ),
            Err(why) => (
                ModuleRef {
                    name: self.name.to_string(),
                    digest: String::new(),
                    contract: String::new(),
                    version: String::new(),
                    calls: Calls::ALL,
                },
                why.clone(),
            ),
        };
        ShadowStatus {
            module,
            detail,
            calls: *calls,
            skipped: *skipped,
            failures: *failures,
            last_failure: last_failure.clone(),
            agreement: *agreement,
            cost: *cost,
            live_cost: *live_cost,
            differences: differences.iter().cloned().collect(),
        }
    }
}

fn digest(module: &Result<ModuleStatus, String>) -> Option<&str> {
    module.as_ref().ok().map(|status| &*status.module.digest)
}

impl Tally {
    fn count(&mut self, ran: Ran) {
        let Ran { live, record } = ran;
        if matches!(record.end, CallEnd::Busy | CallEnd::Unavailable { .. }) {
            self.skipped += 1;
            return;
        }
        self.calls += 1;
        add(&mut self.cost, cost(&record));
        add(&mut self.live_cost, live.cost);
        let shadow = reaction(&record.end);
        if let Reaction::Failed { reason } = &shadow {
            self.failed(reason);
        }
        let all = &mut self.agreement;
        let same = match (&live.reaction, &shadow) {
            (Reaction::Spoke { lines }, Reaction::Spoke { lines: others }) => {
                let same = lines == others;
                *if same {
                    &mut all.same_lines
                } else {
                    &mut all.other_lines
                } += 1;
                same
            }
            (Reaction::Silent { .. }, Reaction::Silent { .. }) => {
                all.both_silent += 1;
                true
            }
            (Reaction::Spoke { .. }, Reaction::Silent { .. }) => {
                all.live_alone += 1;
                false
            }
            (Reaction::Silent { .. }, Reaction::Spoke { .. }) => {
                all.shadow_alone += 1;
                false
            }
            (Reaction::Failed { .. }, Reaction::Failed { .. }) => true,
            (Reaction::Failed { .. }, _) | (_, Reaction::Failed { .. }) => false,
        };
        if !same {
            self.differences.truncate(MAX_DIFFERENCES - 1);
            self.differences.push_front(Difference {
                call_id: record.turn.call_id,
                at: record.turn.now,
                live: live.reaction,
                shadow,
            });
        }
    }

    fn failed(&mut self, reason: &str) {
        self.failures += 1;
        self.last_failure = short(reason);
    }
}

fn add(sum: &mut Cost, one: Cost) {
    sum.cpu_ticks += one.cpu_ticks;
    sum.ran_us += one.ran_us;
    sum.llm_calls += one.llm_calls;
    sum.llm_tokens += one.llm_tokens;
}

fn cost(record: &CallRecord) -> Cost {
    let (llm_calls, llm_tokens) = asked(&record.imports);
    Cost {
        cpu_ticks: record.times.cpu_ticks.into(),
        ran_us: record.times.ran_us,
        llm_calls,
        llm_tokens,
    }
}

/// How often the model was asked, and how many tokens it answered with.
fn asked(imports: &[ImportRecord]) -> (u64, u64) {
    let (mut calls, mut tokens) = (0, 0);
    for import in imports {
        if let ImportRecord::Complete {
            asked: true,
            answer,
            ..
        } = import
        {
            calls += 1;
            let of_this = answer.as_ref().map_or(0, |answer| answer.output_tokens);
            tokens += u64::from(of_this);
        }
    }
    (calls, tokens)
}

fn reaction(end: &CallEnd) -> Reaction {
    match end {
        CallEnd::Returned { outcome } if outcome.lines.is_empty() => Reaction::Silent {
            because: outcome.silent_because.as_deref().map(short),
        },
        CallEnd::Returned { outcome } => Reaction::Spoke {
            lines: outcome.lines.iter().map(|line| line.text.clone()).collect(),
        },
        other => Reaction::Failed {
            reason: short(
                &end_detail(other)
                    .map(|failure| failure.detail)
                    .unwrap_or_default(),
            ),
        },
    }
}

fn short(text: &str) -> String {
    text.chars().take(REASON_CHARS).collect()
}

/// What the serving module did.
#[derive(Debug)]
struct Live {
    reaction: Reaction,
    cost: Cost,
}

/// A call that was made, to be made once more.
#[derive(Debug)]
pub(crate) struct Again {
    call: Call,
    heard: Vec<ImportRecord>,
    live: Live,
}

/// A shadow run that was made.
#[derive(Debug)]
pub(crate) struct Ran {
    live: Live,
    record: CallRecord,
}

impl Again {
    /// The call of this record, for the shadow of who sits there, if there is one and the call was
    /// made at all.
    pub(crate) fn of(record: &CallRecord, sitter: &Sitter) -> Option<Self> {
        let module = sitter.shadow.clone()?;
        if matches!(record.end, CallEnd::Busy | CallEnd::Unavailable { .. }) {
            return None;
        }
        Some(Self {
            call: Call {
                module,
                scope: sitter.scope.clone(),
                route: sitter.route.clone(),
                turn: record.turn.clone(),
                input: record.input.clone(),
                limits: record.limits.clone(),
            },
            heard: record.imports.clone(),
            live: Live {
                reaction: reaction(&record.end),
                cost: cost(record),
            },
        })
    }

    pub(crate) fn module(&self) -> &Arc<str> {
        &self.call.module
    }

    pub(crate) async fn run(self, personas: SharedPersonas) -> Result<Ran, String> {
        let Self { call, heard, live } = self;
        let (room, persona) = (call.scope.room.clone(), call.scope.persona.clone());
        let deadline = Duration::from_millis(call.limits.wall_ms.into()) + GRACE;
        let record = timeout(deadline, personas.repeat(call, heard)).await;
        let end = match &record {
            Ok(record) => crate::call::end_name(&record.end),
            Err(_) => "unanswered",
        };
        counter!("chatter_shadow_calls_total", "room" => room.to_string(), "persona" => persona.to_string(), "end" => end)
            .increment(1);
        match record {
            Ok(record) => Ok(Ran { live, record }),
            Err(_) => Err(format!(
                "the call did not end within {} s",
                deadline.as_secs()
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatter_protocol::llm;

    #[test]
    fn questions_that_were_not_put_to_the_model_cost_nothing() {
        let complete = |asked, answer| ImportRecord::Complete {
            request: llm::Request {
                messages: Vec::new(),
                max_tokens: 20,
                temperature: 1.0,
                json_schema: None,
            },
            asked,
            question: String::new(),
            answer,
            took_us: 9,
        };
        let answered = Ok(llm::Completion {
            text: "gg".into(),
            model: "m".into(),
            input_tokens: 7,
            output_tokens: 3,
        });
        let imports = [
            complete(true, answered),
            complete(true, Err(llm::Error::Timeout)),
            complete(false, Err(llm::Error::Busy)),
            complete(false, Err(llm::Error::OverBudget)),
        ];
        assert_eq!(asked(&imports), (2, 3));
    }
}
