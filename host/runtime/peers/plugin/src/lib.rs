//! The reactor as an Extism plugin: JSON in, JSON out, the state in both.

#[path = "../../src/wire.rs"]
mod wire;

use extism_pdk::{FnResult, plugin_fn};
use persona_sdk::{Host, Level, Persona, llm, memory};
use reactor::Reactor;
use wire::{Answer, Question, Same as _};

/// A call on a stream context.
#[plugin_fn]
pub fn on_context(input: Vec<u8>) -> FnResult<Vec<u8>> {
    let Question { turn, context } = serde_json::from_slice(&input)?;
    let (turn, context): (persona_sdk::Turn, persona_sdk::StreamContext) =
        (turn.same(), context.same());
    let mut persona = match &turn.state {
        Some(state) => serde_json::from_slice(&state.bytes)?,
        None => Reactor::default(),
    };
    let reply = persona
        .on_context(&turn, &context, &mut Nobody)
        .map_err(|error| extism_pdk::Error::msg(error.to_string()))?;
    let answer = Answer {
        state: Some(serde_json::to_string(&persona)?),
        lines: reply.lines().iter().map(|line| line.text.clone()).collect(),
        silent: reply.silent_because().map(str::to_owned),
    };
    Ok(serde_json::to_vec(&answer)?)
}

/// The reactor asks nothing.
struct Nobody;

impl Host for Nobody {
    fn complete(&mut self, _: &llm::Request) -> Result<llm::Completion, llm::Error> {
        Err(llm::Error::OverBudget)
    }

    fn remaining(&mut self) -> llm::Budget {
        llm::Budget {
            calls: 0,
            tokens: 0,
        }
    }

    fn search(
        &mut self,
        _: &str,
        _: &[memory::Kind],
        _: u32,
    ) -> Result<Vec<memory::Entry>, memory::Error> {
        Err(memory::Error::OverBudget)
    }

    fn remember(&mut self, _: &memory::NewEntry) -> Result<(), memory::Error> {
        Err(memory::Error::OverBudget)
    }

    fn log(&mut self, _: Level, _: &str) {}
}
