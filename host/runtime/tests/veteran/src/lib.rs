//! A persona as it was written for version 0.1.0 of the contract, without the SDK, from the kept
//! text of that version. It uses every export and every import, and tells what it saw.
#![cfg(target_family = "wasm")]
#![allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    reason = "generated: the canonical ABI hands strings and lists over as raw pointers"
)]

wit_bindgen::generate!({
    world: "persona",
    path: "../../../../wit/versions/0.1.0/persona.wit",
});

use chatter::persona::{llm, log, memory, types};
use exports::chatter::persona::guest::{
    About, ChatMessage, Digest, Guest, Outcome, Reflection, RelationshipDelta, StreamContext,
    TraitValue, Turn,
};

struct Veteran;

impl Guest for Veteran {
    fn describe() -> About {
        About {
            name: "veteran".into(),
            version: "0.1.9".into(),
            state_version: 5,
            traits: vec!["humour".into()],
        }
    }

    fn on_context(turn: Turn, context: StreamContext) -> Result<Outcome, String> {
        let asked = llm::Message {
            role: llm::Role::User,
            content: context.summary,
        };
        let answer = llm::complete(&[asked], 20, 1.0, Some("{}"))
            .map_err(|error| format!("no answer: {error:?}"))?;
        let left = llm::remaining();
        let known = memory::search("boat", &[memory::Kind::PersonaNote], 3)
            .map_err(|error| format!("no memory: {error:?}"))?;
        memory::remember(&note("the boat again"))
            .map_err(|error| format!("not remembered: {error:?}"))?;
        log::write(log::Level::Warn, "as in the old days");
        Ok(spoke(
            turn.limits,
            format!(
                "{}; {} calls left, {} recent, {} known, {} lines at most",
                answer.text,
                left.calls,
                turn.recent.len(),
                known.len(),
                turn.limits.max_lines
            ),
        ))
    }

    fn on_firehose(turn: Turn, messages: Vec<ChatMessage>) -> Result<Outcome, String> {
        Ok(Outcome {
            state: turn.state.map(|state| [state.bytes, vec![1]].concat()),
            lines: Vec::new(),
            decision: types::Decision::Silent(format!("heard {}", messages.len())),
            extensions: Some("{}".into()),
        })
    }

    fn reflect(_: Turn, digest: Digest) -> Result<Reflection, String> {
        Ok(Reflection {
            state: None,
            traits: vec![TraitValue {
                name: "humour".into(),
                value: 0.1,
            }],
            relationships: vec![RelationshipDelta {
                author_id: "guest:ana-5f3c".into(),
                delta: -0.1,
            }],
            memories: digest
                .memories
                .iter()
                .map(|known| note(&format!("still: {}", known.text)))
                .collect(),
        })
    }
}

fn spoke(limits: types::Limits, text: String) -> Outcome {
    let lines = vec![types::Line {
        text,
        reply_to: None,
    }];
    Outcome {
        state: Some(vec![0; limits.max_state_bytes.min(3) as usize]),
        lines,
        decision: types::Decision::Spoke,
        extensions: None,
    }
}

fn note(text: &str) -> memory::NewEntry {
    memory::NewEntry {
        kind: memory::Kind::PersonaNote,
        text: text.into(),
        about: None,
        confidence: 0.5,
        source: None,
    }
}

export!(Veteran);
