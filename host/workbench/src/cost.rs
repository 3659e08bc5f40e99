//! What a component costs: its calls, its start, its memory, its compilation.

mod turn;

use crate::{Subject, loaded::Loaded, text::Wrong};
use async_trait::async_trait;
use chatter_llm::{About, Asker, LanguageModel};
use chatter_memory::Embedded;
use chatter_protocol::{
    call::{CallEnd, ImportRecord},
    llm::{Completion, Error, Request},
};
use chatter_runtime::{Call, Personas, floor};
use serde::Serialize;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Calls before the first that counts.
const WARM_UP: usize = 20;

/// How long each kind of call is measured, and between how many calls.
const MEASURED: Duration = Duration::from_millis(1_500);
const LEAST: usize = 50;
const MOST: usize = 5_000;

/// What was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Cost {
    /// The module's name.
    pub module: String,
    /// The component's size, in bytes.
    pub component_bytes: u64,
    /// Compiling it and asking it who it is, in microseconds.
    pub compile_us: u64,
    /// The same from the cache.
    pub cached_us: u64,
    /// A fresh instance that is not called, in microseconds; nothing for a component of an older
    /// contract.
    pub instantiate: Option<Spread>,
    /// Calls, by export.
    pub calls: Vec<CallCost>,
}

/// What calls of one export cost.
#[derive(Clone, Debug, Serialize)]
pub struct CallCost {
    /// `on-context`, `on-firehose` or `reflect`.
    pub export: &'static str,
    /// A fresh instance, the call and its end, in microseconds, without waiting for the language
    /// model.
    pub call: Spread,
    /// The instance's linear memory when the call is over, in bytes.
    pub memory_bytes: u64,
    /// The state that is kept when it is over, in bytes.
    pub state_bytes: usize,
    /// The record of the call as JSON, in bytes.
    pub record_bytes: usize,
    /// Requests to the language model.
    pub llm_calls: usize,
    /// Why calls of it can't be measured: it fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fails: Option<String>,
}

/// A distribution, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Spread {
    /// How many were measured.
    pub count: usize,
    /// The median.
    pub median: f64,
    /// The 99th percentile.
    pub p99: f64,
}

impl Spread {
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let last = values.len().saturating_sub(1);
            let index = (last as f64 * share).round() as usize;
            values.get(index).copied().unwrap_or(0.0)
        };
        Self {
            count: values.len(),
            median: at(0.5),
            p99: at(0.99),
        }
    }
}

/// Measures a component on a representative turn: 20 recent messages, a minute of transcript, the
/// state that an earlier call left.
///
/// # Errors
///
/// If it can't be loaded.
pub async fn measure(subject: &Subject) -> Result<Cost, Wrong> {
    let cache = TempDir::new().map_err(|error| Wrong::whole(&std::env::temp_dir(), error))?;
    let bytes = std::fs::metadata(&subject.component)
        .map_err(|error| Wrong::whole(&subject.component, error))?
        .len();
    let mut times = [0; 2];
    let mut loaded = None;
    for time in &mut times {
        drop(loaded.take());
        let memory = Embedded::in_memory().map_err(|error| Wrong(error.to_string()))?;
        let started = Instant::now();
        let fresh = Loaded::load(subject, cache.path(), Arc::new(AtOnce), Arc::new(memory)).await?;
        *time = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        loaded = Some(fresh);
    }
    let Some(loaded) = loaded else {
        return Err(Wrong("nothing was loaded".into()));
    };
    let calls = turn::calls(subject)?;
    let mut costs = Vec::new();
    for (export, call) in &calls {
        costs.push(cost(&loaded, export, call).await);
    }
    Ok(Cost {
        module: subject.module.clone(),
        component_bytes: bytes,
        compile_us: times[0],
        cached_us: times[1],
        instantiate: instantiate(&loaded, &calls[0].1).await,
        calls: costs,
    })
}

async fn instantiate(loaded: &Loaded, call: &Call) -> Option<Spread> {
    let mut values = Vec::new();
    for n in 0..WARM_UP + MOST / 5 {
        let took = floor::instantiate(&loaded.runtime, call).await.ok()?;
        if n >= WARM_UP {
            values.push(took.as_secs_f64() * 1e6);
        }
    }
    Some(Spread::of(values))
}

async fn cost(loaded: &Loaded, export: &'static str, call: &Call) -> CallCost {
    let mut cost = CallCost {
        export,
        call: Spread::default(),
        memory_bytes: 0,
        state_bytes: 0,
        record_bytes: 0,
        llm_calls: 0,
        fails: None,
    };
    // The first call's state is what the others begin with.
    let first = loaded.runtime.call(call.clone()).await;
    let mut call = call.clone();
    if let CallEnd::Returned { outcome } = &first.end
        && let Some(state) = &outcome.state
    {
        let mut turn = chatter_protocol::Turn::clone(&call.turn);
        turn.state = Some(state.clone());
        call.turn = Arc::new(turn);
    }
    let mut values = Vec::new();
    let started = Instant::now();
    for n in 0..WARM_UP + MOST {
        let calling = Instant::now();
        let record = loaded.runtime.call(call.clone()).await;
        let took = calling.elapsed();
        let CallEnd::Returned { outcome } = &record.end else {
            cost.fails = Some(record.end.to_string());
            return cost;
        };
        if n == WARM_UP {
            let state = outcome.state.as_ref().or(record.turn.state.as_ref());
            cost.state_bytes = state.map_or(0, |state| state.bytes.len());
            cost.record_bytes = serde_json::to_vec(&record).map_or(0, |json| json.len());
            cost.llm_calls = record
                .imports
                .iter()
                .filter(|import| matches!(import, ImportRecord::Complete { .. }))
                .count();
        }
        if n >= WARM_UP {
            values.push(took.as_secs_f64() * 1e6);
        }
        if n >= WARM_UP + LEAST && started.elapsed() > MEASURED {
            break;
        }
    }
    cost.call = Spread::of(values);
    cost.memory_bytes = floor::memory(&loaded.runtime, &call).await.unwrap_or(0);
    cost
}

/// A language model that takes no time.
struct AtOnce;

#[async_trait]
impl LanguageModel for AtOnce {
    async fn complete(
        &self,
        _: &Request,
        _: &Asker,
        _: u64,
        _: Duration,
    ) -> Result<Completion, Error> {
        Ok(Completion {
            text: "nice one".into(),
            model: "none".into(),
            input_tokens: 100,
            output_tokens: 2,
        })
    }

    fn about(&self) -> About {
        About {
            model: "none".into(),
            place: "in the process".into(),
            offline: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_has_median_and_p99() {
        let spread = Spread::of((0..=100).rev().map(f64::from).collect());
        assert_eq!((spread.count, spread.median, spread.p99), (101, 50.0, 99.0));
        assert_eq!(Spread::of(Vec::new()), Spread::default());
    }
}
