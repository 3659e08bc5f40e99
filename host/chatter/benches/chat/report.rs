//! What came of a chat, in figures.

use crate::{common::quantile::quantile, support::metrics::metric};
use chatter_protocol::{
    AuthorKind, CallRecord, ChatMessage,
    call::{CallEnd, ImportRecord},
    llm,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    time::Duration,
};

/// What a line is said to come from that no model wrote.
const RULE: &str = "no model";

pub(crate) struct Report {
    /// What the model is called in metrics.
    pub(crate) provider: &'static str,
    pub(crate) messages: Vec<ChatMessage>,
    pub(crate) records: Vec<CallRecord>,
    pub(crate) metrics: String,
}

/// An answer of a model that a persona got.
struct Answer<'a> {
    model: &'a str,
    took: Duration,
}

impl Report {
    /// Who wrote the lines of a message's call: the model that answered last in it.
    fn answer(&self, message: &ChatMessage) -> Option<Answer<'_>> {
        let id = message.call_id?;
        let record = self
            .records
            .iter()
            .find(|record| record.turn.call_id == id)?;
        record.imports.iter().rev().find_map(|import| match import {
            ImportRecord::Complete {
                answer: Ok(llm::Completion { model, .. }),
                took_us,
                ..
            } => Some(Answer {
                model,
                took: Duration::from_micros(*took_us),
            }),
            _ => None,
        })
    }

    /// The chat, line by line, with who wrote each and how long that took.
    pub(crate) fn chat(&self) -> String {
        let mut text = String::new();
        let began = self.messages.first().map(|first| first.sent_at.as_millis());
        for message in &self.messages {
            let at = message.sent_at.as_millis() - began.unwrap_or_default();
            let by = match (message.author.kind, self.answer(message)) {
                (AuthorKind::Persona, Some(Answer { model, took })) => {
                    format!(" [{model}, {:.1} s]", took.as_secs_f64())
                }
                (AuthorKind::Persona, None) => format!(" [{RULE}]"),
                _ => " *".into(),
            };
            let said = format!(
                "{:7.1} {}{by}: {}\n",
                at as f64 / 1000.0,
                message.author.name,
                message.text
            );
            text.push_str(&said);
        }
        text
    }

    /// Lines by author, and of each by who wrote them.
    fn lines(&self) -> BTreeMap<&str, BTreeMap<String, usize>> {
        let mut lines: BTreeMap<&str, BTreeMap<String, usize>> = BTreeMap::new();
        for message in &self.messages {
            let by = match message.author.kind {
                AuthorKind::Persona => self
                    .answer(message)
                    .map_or(RULE.to_owned(), |answer| answer.model.to_owned()),
                _ => "people".to_owned(),
            };
            *lines
                .entry(&message.author.name)
                .or_default()
                .entry(by)
                .or_default() += 1;
        }
        lines
    }

    /// All questions that personas put to a model, with what came of it and how long that took.
    fn asked(&self) -> BTreeMap<String, Vec<Duration>> {
        let mut asked: BTreeMap<String, Vec<Duration>> = BTreeMap::new();
        for import in self.records.iter().flat_map(|record| &record.imports) {
            if let ImportRecord::Complete {
                asked: true,
                answer,
                took_us,
                ..
            } = import
            {
                let end = match answer {
                    Ok(completion) => format!("answered by {}", completion.model),
                    Err(error) => error.to_string(),
                };
                let took = Duration::from_micros(*took_us);
                asked.entry(end).or_default().push(took);
            }
        }
        asked
    }

    /// How the calls ended.
    fn calls(&self) -> BTreeMap<&'static str, usize> {
        let mut calls = BTreeMap::new();
        for record in &self.records {
            let end = match &record.end {
                CallEnd::Returned { outcome } if outcome.lines.is_empty() => "silent",
                CallEnd::Returned { .. } => "spoke",
                CallEnd::TimedOut { .. } => "timed out",
                CallEnd::Busy => "no place in the pool",
                _ => "failed",
            };
            *calls.entry(end).or_default() += 1;
        }
        calls
    }

    /// The metric's lines of this name, by the value of one of its labels.
    fn by_label(&self, name: &str, label: &str) -> BTreeMap<String, f64> {
        let mut found = BTreeMap::new();
        let of_it = format!("{name}{{");
        for line in self.metrics.lines().filter(|line| line.starts_with(&of_it)) {
            let value = line
                .split_once(&format!("{label}=\""))
                .and_then(|(_, rest)| rest.split_once('"'));
            let count = line.rsplit(' ').next().and_then(|n| n.parse::<f64>().ok());
            if let (Some((value, _)), Some(count)) = (value, count) {
                *found.entry(value.to_owned()).or_default() += count;
            }
        }
        found
    }

    fn tokens(&self, kind: &str) -> f64 {
        let provider = format!("provider=\"{}\"", self.provider);
        let kind = format!("kind=\"{kind}\"");
        metric(
            &self.metrics,
            &["chatter_llm_tokens_total{", &provider, &kind],
        )
    }

    /// A quantile of a histogram, as Prometheus' `histogram_quantile` has it: within a bucket evenly spread.
    /// `None` if nothing was measured.
    fn quantile(&self, histogram: &str, quantile: f64) -> Option<f64> {
        let (bucket, provider) = (
            format!("{histogram}_bucket{{"),
            format!("provider=\"{}\"", self.provider),
        );
        let mut buckets = Vec::new();
        for line in self.metrics.lines() {
            if !(line.starts_with(&bucket) && line.contains(&provider)) {
                continue;
            }
            let (_, rest) = line.split_once("le=\"")?;
            let (bound, _) = rest.split_once('"')?;
            let count: f64 = line.rsplit(' ').next()?.parse().ok()?;
            // `+Inf` is a number to Rust, too.
            buckets.push((bound.parse::<f64>().ok()?, count));
        }
        let rank = quantile * buckets.last().filter(|(_, all)| *all > 0.0)?.1;
        let (mut below, mut counted) = (0.0, 0.0);
        for (bound, count) in buckets {
            if count >= rank {
                return Some(if bound.is_finite() {
                    below + (bound - below) * (rank - counted) / (count - counted).max(1.0)
                } else {
                    below
                });
            }
            (below, counted) = (bound, count);
        }
        None
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.lines();
        let by: BTreeSet<&String> = lines.values().flat_map(BTreeMap::keys).collect();
        write!(f, "{:<28}", "lines")?;
        for by in &by {
            write!(f, "  {by:>9}")?;
        }
        writeln!(f)?;
        for (author, counts) in &lines {
            write!(f, "{author:<28}")?;
            for by in &by {
                let width = by.chars().count().max(9);
                write!(f, "  {:>width$}", counts.get(*by).unwrap_or(&0))?;
            }
            writeln!(f)?;
        }
        write!(f, "{:<28}", format!("all {}", self.messages.len()))?;
        for by in &by {
            let all: usize = lines.values().filter_map(|counts| counts.get(*by)).sum();
            let width = by.chars().count().max(9);
            write!(f, "  {all:>width$}")?;
        }
        writeln!(f, "\n")?;

        let calls: Vec<String> = self
            .calls()
            .iter()
            .map(|(end, count)| format!("{count} {end}"))
            .collect();
        writeln!(f, "calls: {}\n", calls.join(", "))?;

        writeln!(
            f,
            "{:<44}{:>6}{:>9}{:>9}{:>9}{:>9}",
            "what personas asked of a model, in seconds", "", "median", "95th", "99th", "longest"
        )?;
        for (end, mut took) in self.asked() {
            took.sort();
            write!(f, "  {end:<42}{:>6}", took.len())?;
            for q in [0.5, 0.95, 0.99, 1.0] {
                let took = quantile(&took, q).unwrap_or_default();
                write!(f, "{:>9.1}", took.as_secs_f64())?;
            }
            writeln!(f)?;
        }
        for (what, histogram) in [
            ("the model alone, from its place on", "chatter_llm_seconds"),
            ("  waiting for that place", "chatter_llm_queue_seconds"),
        ] {
            write!(f, "{what:<50}")?;
            for quantile in [0.5, 0.95, 0.99] {
                match self.quantile(histogram, quantile) {
                    Some(seconds) => write!(f, "{seconds:>9.1}")?,
                    None => write!(f, "{:>9}", "-")?,
                }
            }
            writeln!(f)?;
        }

        let counts = |name: &str, label: &str| {
            let counts = self.by_label(name, label);
            let counts: Vec<String> = counts
                .iter()
                .map(|(end, count)| format!("{count:.0} {end}"))
                .collect();
            if counts.is_empty() {
                "none".to_owned()
            } else {
                counts.join(", ")
            }
        };
        writeln!(
            f,
            "\nrequests to the model: {}\nfallbacks to the offline model: {}",
            counts("chatter_llm_requests_total", "end"),
            counts("chatter_llm_fallbacks_total", "why"),
        )?;
        write!(
            f,
            "tokens of the model: {:.0} read anew, {:.0} of a kept prefix, {:.0} written",
            self.tokens("input"),
            self.tokens("cached_input"),
            self.tokens("output"),
        )?;
        writeln!(f)
    }
}
