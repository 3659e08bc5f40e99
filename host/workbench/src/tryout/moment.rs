//! What happens in a room, moment by moment, made of what is said on its topics.

use super::state::{Change, changes};
use chatter_protocol::{
    CallRecord, ChatMessage, FirehoseEntry, ModerationVerdict, StreamContext, Timestamp, TopicKind,
    call::CallEnd,
    context::{Segment, StreamEvent},
};
use serde::Serialize;
use serde_json::Value;
use std::{collections::HashSet, sync::Arc, time::Duration};

/// Something that happened. As JSON, one object with `moment` and `at`, in seconds since the start.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "moment", rename_all = "snake_case")]
pub enum Moment {
    /// On the stream.
    Stream {
        /// When.
        at: f64,
        /// What was said since the moment before.
        said: Vec<Segment>,
        /// What happened since.
        events: Vec<StreamEvent>,
    },
    /// A message is in the room.
    Chat {
        /// When.
        at: f64,
        /// The message.
        message: Arc<ChatMessage>,
    },
    /// Moderation kept a message out of the room.
    Dropped {
        /// When.
        at: f64,
        /// Which, and why.
        verdict: Box<ModerationVerdict>,
    },
    /// The persona was called.
    Call(Box<Call>),
    /// Something was said faster than it could be told.
    Missed {
        /// When.
        at: f64,
        /// On which topic.
        topic: &'static str,
        /// How much.
        missed: u64,
    },
}

/// A call of the persona.
#[derive(Clone, Debug, Serialize)]
pub struct Call {
    /// When it began.
    pub at: f64,
    /// The probability that the host came to.
    pub p: f64,
    /// What it rolled.
    pub roll: f64,
    /// Whether the persona was to speak.
    pub speak: bool,
    /// What it said and what was taken of it.
    pub lines: Vec<String>,
    /// How many of them the host took; the others were more than the room's tuning allows.
    pub taken: usize,
    /// Why it said nothing, in words; absent if it spoke.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silent_because: Option<String>,
    /// Why it failed; absent if it returned well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed_because: Option<String>,
    /// What changed in its state, if that is JSON.
    pub state_changes: Vec<Change>,
    /// Everything.
    pub record: CallRecord,
}

/// What came of it all.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// How much of the timeline was played, in seconds.
    pub seconds: f64,
    /// Calls.
    pub calls: usize,
    /// Those in which the persona was to speak.
    pub asked_to_speak: usize,
    /// Those in which it said something.
    pub spoke: usize,
    /// Those that failed.
    pub failed: usize,
    /// Lines that came into the room.
    pub lines: usize,
    /// Lines that moderation dropped.
    pub dropped: usize,
    /// Requests to the language model.
    pub llm_calls: usize,
    /// Lines a minute.
    pub lines_per_minute: f64,
    /// What a call took, in the median and in the worst case, in microseconds.
    pub call_us: [u64; 2],
}

/// Makes moments of what is heard.
#[derive(Debug)]
pub(super) struct Story {
    began: Timestamp,
    now: Timestamp,
    /// Until where the transcript has been told.
    told_ms: u64,
    events: HashSet<String>,
    took_us: Vec<u64>,
    summary: Summary,
}

impl Story {
    pub(super) fn new(began: Timestamp) -> Self {
        Self {
            began,
            now: began,
            told_ms: 0,
            events: HashSet::new(),
            took_us: Vec::new(),
            summary: Summary::default(),
        }
    }

    fn at(&mut self, when: Timestamp) -> f64 {
        self.now = self.now.max(when);
        when.since(self.began).as_secs_f64()
    }

    pub(super) fn missed(&mut self, topic: TopicKind, missed: u64) -> Moment {
        Moment::Missed {
            at: self.at(self.now),
            topic: topic.as_str(),
            missed,
        }
    }

    pub(super) fn take(&mut self, topic: TopicKind, payload: &[u8]) -> Vec<Moment> {
        let moment = match topic {
            TopicKind::StreamContext => {
                serde_json::from_slice(payload).map(|context: StreamContext| self.context(context))
            }
            TopicKind::ChatFirehose => serde_json::from_slice(payload)
                .map(|entry: FirehoseEntry| Some(self.message(entry.message))),
            TopicKind::ChatAudit => {
                serde_json::from_slice(payload).map(|verdict: ModerationVerdict| {
                    if verdict.call_id.is_some() {
                        self.summary.dropped += 1;
                    }
                    Some(Moment::Dropped {
                        at: self.at(verdict.at),
                        verdict: Box::new(verdict),
                    })
                })
            }
            TopicKind::PersonaCalls => serde_json::from_slice(payload)
                .map(|record: CallRecord| Some(Moment::Call(Box::new(self.call(record))))),
            _ => return Vec::new(),
        };
        moment
            .inspect_err(|error| tracing::warn!(topic = topic.as_str(), %error, "what was heard can't be read"))
            .ok()
            .flatten()
            .into_iter()
            .collect()
    }

    fn context(&mut self, context: StreamContext) -> Option<Moment> {
        let at = self.at(context.at);
        let told_ms = self.told_ms;
        let said: Vec<Segment> = context
            .transcript
            .into_iter()
            .filter(|segment| segment.end_ms > told_ms)
            .collect();
        self.told_ms = said.last().map_or(told_ms, |segment| segment.end_ms);
        let events: Vec<StreamEvent> = context
            .events
            .into_iter()
            .filter(|event| self.events.insert(event.id.clone()))
            .collect();
        (!said.is_empty() || !events.is_empty()).then_some(Moment::Stream { at, said, events })
    }

    fn message(&mut self, message: Arc<ChatMessage>) -> Moment {
        if message.call_id.is_some() {
            self.summary.lines += 1;
        }
        Moment::Chat {
            at: self.at(message.sent_at),
            message,
        }
    }

    fn call(&mut self, record: CallRecord) -> Call {
        let impulse = &record.turn.impulse;
        let mut call = Call {
            at: self.at(record.turn.now),
            p: impulse.p,
            roll: impulse.roll,
            speak: impulse.speak,
            lines: Vec::new(),
            taken: record.submitted.len(),
            silent_because: None,
            failed_because: None,
            state_changes: Vec::new(),
            record,
        };
        let summary = &mut self.summary;
        summary.calls += 1;
        summary.asked_to_speak += usize::from(call.speak);
        summary.llm_calls += call
            .record
            .imports
            .iter()
            .filter(|import| {
                matches!(
                    import,
                    chatter_protocol::call::ImportRecord::Complete { .. }
                )
            })
            .count();
        self.took_us.push(call.record.times.ran_us);
        match &call.record.end {
            CallEnd::Returned { outcome } => {
                summary.spoke += usize::from(!outcome.lines.is_empty());
                call.lines = outcome.lines.iter().map(|line| line.text.clone()).collect();
                call.silent_because = outcome.silent_because.clone();
                if let Some(state) = &outcome.state {
                    let read = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).ok();
                    let before = call.record.turn.state.as_ref();
                    let before = before.and_then(|state| read(&state.bytes));
                    if let Some(after) = read(&state.bytes) {
                        call.state_changes = changes(before.as_ref(), Some(&after));
                    }
                }
            }
            end => {
                summary.failed += 1;
                call.failed_because = Some(failure(end));
            }
        }
        call
    }

    pub(super) fn summary(mut self, after: Duration) -> Summary {
        self.took_us.sort_unstable();
        let median = self.took_us.get(self.took_us.len() / 2).copied();
        let minutes = after.as_secs_f64() / 60.0;
        Summary {
            seconds: after.as_secs_f64(),
            lines_per_minute: if minutes > 0.0 {
                self.summary.lines as f64 / minutes
            } else {
                0.0
            },
            call_us: [
                median.unwrap_or(0),
                self.took_us.last().copied().unwrap_or(0),
            ],
            ..self.summary
        }
    }
}

/// Why a call came to nothing, in words.
fn failure(end: &CallEnd) -> String {
    match end {
        CallEnd::Returned { .. } => String::new(),
        failed => failed.to_string(),
    }
}
