//! The hostile components: what each does, and what becomes of its call or its file.

mod computing;
mod files;
mod imports;
mod memory;
mod values;

use crate::guest::{Guest, for_ever, import};
use chatter_protocol::call::CallLimits;

/// One row of the containment table.
pub struct Case {
    pub name: String,
    pub what: String,
    pub source: Source,
    pub export: Export,
    pub limits: fn(&mut CallLimits),
    pub ends: Ends,
}

/// What a component is made of.
pub enum Source {
    /// By hand.
    Guest(Guest),
    /// As text of a component.
    Text(String),
    /// As it is.
    Bytes(Vec<u8>),
    /// The Rust component `rascal`, with this style.
    Rascal(&'static str),
}

/// What is called.
#[derive(Clone, Copy)]
pub enum Export {
    OnContext,
    OnFirehose,
    Reflect,
}

/// What it comes to; texts are parts of the reason.
#[derive(Clone, Copy, Debug)]
pub enum Ends {
    /// It is not loaded.
    Refused(&'static str),
    Returned,
    Trapped(&'static str),
    Invalid(&'static str),
    Declined(&'static str),
    OutOfCpu,
    OutOfMemory,
    /// With a model that never answers.
    TimedOut,
}

fn case(name: &str, what: &str, source: Source, ends: Ends) -> Case {
    Case {
        name: name.into(),
        what: what.into(),
        source,
        export: Export::OnContext,
        limits: |_| (),
        ends,
    }
}

impl Case {
    fn within(self, limits: fn(&mut CallLimits)) -> Self {
        Self { limits, ..self }
    }

    fn calling(self, export: Export) -> Self {
        Self { export, ..self }
    }
}

/// A guest that does this on a stream context.
fn doing(on_context: impl Into<String>) -> Source {
    Source::Guest(Guest {
        on_context: on_context.into(),
        ..Guest::default()
    })
}

/// A guest that calls an import of the contract without end.
fn calling(interface: &str, function: &str, parameters: &str, arguments: &str) -> Source {
    Source::Guest(Guest {
        imports: import(interface, function, parameters),
        on_context: for_ever(&format!("(call ${function} {arguments})")),
        ..Guest::default()
    })
}

const LOOP: &str = "(loop (br 0))";

/// Every case.
pub fn all() -> Vec<Case> {
    [
        computing::of_time(),
        memory::of_memory(),
        values::of_values(),
        computing::of_traps(),
        imports::of_imports(),
        imports::of_wasi(),
        imports::of_the_machine(),
        files::of_files(),
        files::of_compiling(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
