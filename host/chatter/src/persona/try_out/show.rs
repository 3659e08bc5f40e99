//! A try-out for people: each moment a block of lines, as wide as the terminal.

mod block;

use crate::client::line::{colour, printable};
use anstyle::{AnsiColor, Style};
use block::{Block, DIM, LABEL, TIME, clock, counted, micros};
use chatter_llm::About;
use chatter_protocol::{
    ChatMessage, PersonaConfig,
    call::{CallInput, ImportRecord, LogLevel},
    llm,
};
use chatter_workbench::tryout::{Call, Change, Moment, Summary};
use std::fmt::Write as _;

/// How much is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Detail {
    /// Just the chat.
    Chat,
    /// The stream, and of each call why it spoke or not.
    Why,
    /// Prompts, answers and memories, too.
    Prompts,
    /// Whole prompts, all parts of the impulse, the state's changes, the whole log.
    Everything,
}

/// So wide a line is if nobody knows better, and at most.
const WIDTH: usize = 100;
const WIDEST: usize = 140;

const BOLD: Style = Style::new().bold();
const SPEAKS: Style = AnsiColor::Green.on_default().bold();
const FAILS: Style = AnsiColor::Red.on_default().bold();
const WARNS: Style = AnsiColor::Yellow.on_default();
const STREAM: Style = AnsiColor::Blue.on_default();

/// How many changes of a state are shown unless everything is.
const CHANGES: usize = 4;

/// What is printed.
#[derive(Debug)]
pub(super) struct Page {
    detail: Detail,
    persona: String,
    width: usize,
    /// The time that was shown last.
    shown: String,
}

impl Page {
    pub(super) fn new(detail: Detail, persona: String) -> Self {
        let width = rustix::termios::tcgetwinsize(std::io::stdout())
            .ok()
            .map(|size| usize::from(size.ws_col))
            .filter(|columns| *columns > 0)
            .unwrap_or(WIDTH);
        Self {
            detail,
            persona,
            width: width.clamp(TIME + LABEL + 20, WIDEST),
            shown: String::new(),
        }
    }

    pub(super) fn title(
        &self,
        persona: &PersonaConfig,
        source: &str,
        how: &str,
        model: &About,
    ) -> String {
        let mut text = format!(
            "{BOLD}{}{BOLD:#} {DIM}beside {source}, {how}",
            printable(&persona.name)
        );
        let _ = write!(
            text,
            "; thinks with {}",
            if model.offline {
                "the offline text generator".to_owned()
            } else {
                format!("{} at {}", model.model, model.place)
            }
        );
        let _ = writeln!(text, "{DIM:#}");
        text
    }

    pub(super) fn moment(&mut self, moment: &Moment) -> String {
        let mut block = Block {
            width: self.width,
            text: String::new(),
            time: None,
            shown: Some(self.shown.clone()),
        };
        match moment {
            Moment::Stream { at, said, events } if self.detail >= Detail::Why => {
                block.time = Some(*at);
                let words: Vec<&str> = said.iter().map(|segment| &*segment.text).collect();
                if !words.is_empty() {
                    block.line("stream", DIM, &words.join(" "), DIM);
                }
                for event in events {
                    let text = format!("{} {:.2}  {}", event.kind, event.confidence, event.text);
                    block.line("event", STREAM, &text, STREAM);
                }
            }
            Moment::Chat { at, message } => {
                block.time = Some(*at);
                self.chat(&mut block, message);
            }
            Moment::Dropped { at, verdict } => {
                block.time = Some(*at);
                let text = format!(
                    "{}: {} ({})",
                    verdict.author.name, verdict.reason, verdict.rule
                );
                block.line("dropped", WARNS, &text, WARNS);
            }
            Moment::Missed { at, topic, missed } if self.detail >= Detail::Why => {
                block.time = Some(*at);
                block.line("missed", WARNS, &format!("{missed} of {topic}"), WARNS);
            }
            Moment::Call(call) if self.detail >= Detail::Why => {
                block.time = Some(call.at);
                self.call(&mut block, call);
            }
            _ => {}
        }
        if block.time.is_none()
            && let Some(time) = block.shown
        {
            self.shown = time;
        }
        block.text
    }

    fn chat(&self, block: &mut Block, message: &ChatMessage) {
        let own = message.author.name == self.persona && message.call_id.is_some();
        let name = colour(message.author.id.as_str());
        let mark = if own { " [ai]" } else { "" };
        let label = if own {
            ("says", SPEAKS)
        } else {
            ("chat", BOLD)
        };
        let head = format!("{}{mark}: ", printable(&message.author.name));
        block.styled(label, &head, name, &message.text, Style::new());
    }

    // === A call ===

    fn call(&self, block: &mut Block, call: &Call) {
        let input = match &call.record.input {
            CallInput::Context(_) => "context".to_owned(),
            CallInput::Firehose(messages) => match messages.len() {
                0 => "asked again".to_owned(),
                1 => "1 message".to_owned(),
                n => format!("{n} messages"),
            },
            CallInput::Reflect(_) => "reflects".to_owned(),
        };
        let decision = format!(
            "p {:.3} {} roll {:.3}",
            call.p,
            if call.speak { ">" } else { "≤" },
            call.roll
        );
        let failed = call.failed_because.as_deref();
        if !call.speak
            && call.lines.is_empty()
            && failed.is_none()
            && self.detail < Detail::Everything
            && call.record.imports.is_empty()
        {
            // Nothing was wanted and nothing came: one line.
            let why = call.silent_because.as_deref().unwrap_or("silent");
            let parts = self.parts(call);
            block.line(
                "silent",
                DIM,
                &format!("{input} · {decision}{parts} · {why}"),
                DIM,
            );
            return;
        }
        let head = if call.speak {
            ("speaks", SPEAKS)
        } else {
            ("call", BOLD)
        };
        block.line(
            head.0,
            head.1,
            &format!("{input} · {decision}{}", self.parts(call)),
            Style::new(),
        );
        if let Some(id) = call.record.turn.impulse.answer {
            let turn = &call.record.turn;
            let asked = turn.recent.iter().find(|message| message.id == id);
            if let Some(message) = asked {
                let text = format!("{}: {}", message.author.name, message.text);
                block.line("answers", DIM, &text, DIM);
            }
        }
        for import in &call.record.imports {
            self.import(block, import);
        }
        for line in &call.lines {
            block.line("line", SPEAKS, line, BOLD);
        }
        if call.taken < call.lines.len() {
            let text = format!(
                "{} of {} lines are not taken: it was not asked to speak, and has spoken unasked often enough",
                call.lines.len() - call.taken,
                call.lines.len()
            );
            block.line("refused", WARNS, &text, WARNS);
        }
        if let Some(why) = &call.silent_because {
            block.line("silent", WARNS, why, WARNS);
        }
        if let Some(why) = failed {
            block.line("failed", FAILS, why, FAILS);
        }
        self.rest(block, call);
    }

    /// State, memories, log, times.
    fn rest(&self, block: &mut Block, call: &Call) {
        let everything = self.detail >= Detail::Everything;
        let all = if everything { usize::MAX } else { CHANGES };
        if self.detail >= Detail::Prompts {
            for change in call.state_changes.iter().take(all) {
                block.line("state", DIM, &changed(change, everything), DIM);
            }
            let more = call.state_changes.len().saturating_sub(all);
            if more > 0 {
                block.line("", DIM, &format!("and {more} more"), DIM);
            }
        }
        for line in &call.record.log {
            let grave = matches!(line.level, LogLevel::Warn | LogLevel::Error);
            if grave || self.detail >= Detail::Prompts {
                let style = if grave { WARNS } else { DIM };
                block.line("log", style, &line.text, style);
            }
        }
        if self.detail >= Detail::Prompts {
            let times = &call.record.times;
            let text = format!(
                "{} in all, {} ticks of CPU time",
                micros(times.ran_us),
                times.cpu_ticks
            );
            block.line("took", DIM, &text, DIM);
        }
    }

    /// The parts that made the probability: those that say something, or all.
    fn parts(&self, call: &Call) -> String {
        let everything = self.detail >= Detail::Everything;
        let mut text = String::new();
        for part in &call.record.turn.impulse.parts {
            // Summands say nothing at 0, factors nothing at 1.
            let factor = matches!(
                &*part.name,
                "human_first" | "bot_share" | "chain" | "cooldown" | "budget" | "matter"
            );
            let neutral = if factor { 1.0 } else { 0.0 };
            if everything || (part.value - neutral).abs() > 0.000_5 {
                let sign = if factor { "×" } else { "" };
                let _ = write!(text, " · {}{sign}{:.3}", spaced(&part.name), part.value);
            }
        }
        text
    }

    fn import(&self, block: &mut Block, import: &ImportRecord) {
        match import {
            ImportRecord::Complete {
                request,
                answer,
                took_us,
                ..
            } => {
                if self.detail >= Detail::Prompts {
                    for message in &request.messages {
                        let system = message.role == llm::Role::System;
                        if system && self.detail < Detail::Everything {
                            let lines = message.content.lines().count();
                            block.line("prompt", DIM, &format!("(rules: {lines} lines)"), DIM);
                            continue;
                        }
                        for (n, line) in message.content.lines().enumerate() {
                            block.line(if n == 0 { "prompt" } else { "" }, DIM, line, DIM);
                        }
                    }
                }
                match answer {
                    Ok(completion) if self.detail >= Detail::Prompts => {
                        let mut text = format!(
                            "{}  ({}, {} tokens in, {} out",
                            completion.text,
                            completion.model,
                            completion.input_tokens,
                            completion.output_tokens
                        );
                        // In simulated time an answer takes none.
                        if *took_us > 0 {
                            let _ = write!(text, ", {}", micros(*took_us));
                        }
                        text.push(')');
                        block.line("answer", STREAM, &text, Style::new());
                    }
                    Ok(_) => {}
                    Err(error) => block.line("answer", WARNS, &error.to_string(), WARNS),
                }
            }
            ImportRecord::Search {
                request, answer, ..
            } => match answer {
                Ok(entries) if self.detail >= Detail::Prompts || !entries.is_empty() => {
                    let text = format!("{} for {:?}", entries.len(), request.text);
                    block.line("recalls", STREAM, &text, DIM);
                    for entry in entries.iter().take(if self.detail >= Detail::Prompts {
                        usize::MAX
                    } else {
                        3
                    }) {
                        let text = format!("{:.2}  {}", entry.score, entry.entry.text);
                        block.line("", DIM, &text, DIM);
                    }
                }
                Ok(_) => {}
                Err(error) => block.line("recalls", WARNS, &error.to_string(), WARNS),
            },
            ImportRecord::Remember { request, answer } => match answer {
                Ok(()) => {
                    let text = format!("{}: {}", request.kind.as_str(), request.text);
                    block.line("remembers", STREAM, &text, Style::new());
                }
                Err(error) => block.line("remembers", WARNS, &error.to_string(), WARNS),
            },
            ImportRecord::Remaining { .. } => {}
        }
    }

    pub(super) fn summary(&self, summary: &Summary) -> String {
        let Summary {
            seconds,
            calls,
            asked_to_speak,
            spoke,
            failed,
            lines,
            dropped,
            llm_calls,
            lines_per_minute,
            call_us: [median, worst],
        } = summary;
        let mut text = format!(
            "{DIM}{}: {}, asked to speak in {asked_to_speak}, spoke in {spoke}: {} in the room \
             ({lines_per_minute:.1} a minute)",
            clock(*seconds),
            counted(*calls, "call"),
            counted(*lines, "line"),
        );
        if *dropped > 0 {
            let _ = write!(text, ", {dropped} dropped by moderation");
        }
        if *llm_calls > 0 {
            let requests = counted(*llm_calls, "request");
            let _ = write!(text, ", {requests} to the model");
        }
        let _ = write!(
            text,
            "; a call took {} (worst {})",
            micros(*median),
            micros(*worst)
        );
        let _ = write!(text, "{DIM:#}");
        if *failed > 0 {
            let _ = write!(text, " {FAILS}{} failed{FAILS:#}", counted(*failed, "call"));
        }
        text.push('\n');
        text
    }
}

/// A change of the state, in a line.
fn changed(change: &Change, whole: bool) -> String {
    let most = if whole { 400 } else { 60 };
    let value = |value: &Option<serde_json::Value>| {
        let text = value.as_ref().map_or("nothing".into(), ToString::to_string);
        match text.char_indices().nth(most) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text,
        }
    };
    let place = if change.place.is_empty() {
        "all"
    } else {
        &change.place
    };
    format!(
        "{place}: {} → {}",
        value(&change.before),
        value(&change.after)
    )
}

fn spaced(name: &str) -> String {
    name.replace('_', " ") + " "
}
