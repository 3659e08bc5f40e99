//! What computes without end, or stops.

use super::{Case, Ends, Export, LOOP, Source, case, doing};
use crate::guest::Guest;

/// Endless loops, wherever guest code runs, and recursion.
pub(super) fn of_time() -> Vec<Case> {
    let in_describe = Guest {
        describe: LOOP.into(),
        ..Guest::default()
    };
    let in_start = Guest {
        rest: format!("(func $start {LOOP}) (start $start)"),
        ..Guest::default()
    };
    let in_realloc = Guest {
        realloc: "(loop (br 0)) (unreachable)",
        ..Guest::default()
    };
    let recursing = Guest {
        rest: "(func $deeper (param i32) (result i32)
                (i32.add (call $deeper (local.get 0)) (i32.const 1)))"
            .into(),
        on_context: "(drop (call $deeper (i32.const 1)))".into(),
        ..Guest::default()
    };
    let starting = Guest {
        rest: "(func $start (unreachable)) (start $start)".into(),
        ..Guest::default()
    };
    vec![
        case(
            "loop",
            "endless loop in on-context",
            doing(LOOP),
            Ends::OutOfCpu,
        ),
        case(
            "loop-firehose",
            "endless loop in on-firehose",
            Source::Guest(Guest {
                on_firehose: LOOP.into(),
                ..Guest::default()
            }),
            Ends::OutOfCpu,
        )
        .calling(Export::OnFirehose),
        case(
            "loop-reflect",
            "endless loop in reflect",
            Source::Guest(Guest {
                reflect: LOOP.into(),
                ..Guest::default()
            }),
            Ends::OutOfCpu,
        )
        .calling(Export::Reflect),
        case(
            "loop-describe",
            "endless loop in describe",
            Source::Guest(in_describe),
            Ends::Refused("`describe` failed: it used more than 100 ms of CPU time"),
        ),
        case(
            "loop-start",
            "endless loop at start-up",
            Source::Guest(in_start),
            Ends::Refused("`describe` failed: it used more than 100 ms of CPU time"),
        ),
        case(
            "trap-start",
            "a trap at start-up",
            Source::Guest(starting),
            Ends::Refused("`describe` failed: it trapped: wasm `unreachable`"),
        ),
        case(
            "loop-realloc",
            "endless loop while arguments are handed over",
            Source::Guest(in_realloc),
            Ends::OutOfCpu,
        ),
        case(
            "loop-rust",
            "endless loop in Rust",
            Source::Rascal("loop"),
            Ends::OutOfCpu,
        ),
        case(
            "recursion",
            "endless recursion",
            Source::Guest(recursing),
            Ends::Trapped("call stack exhausted"),
        ),
        case(
            "recursion-rust",
            "endless recursion in Rust",
            Source::Rascal("recurse"),
            Ends::Trapped("rascal::deeper"),
        )
        .within(|limits| limits.cpu_ms = 10_000),
    ]
}

/// A trap in each export.
pub(super) fn of_traps() -> Vec<Case> {
    const TRAP: &str = "(unreachable)";
    let in_describe = Guest {
        describe: TRAP.into(),
        ..Guest::default()
    };
    let in_firehose = Guest {
        on_firehose: TRAP.into(),
        ..Guest::default()
    };
    let in_reflect = Guest {
        reflect: TRAP.into(),
        ..Guest::default()
    };
    let trapped = Ends::Trapped("wasm `unreachable` instruction executed");
    let long = |n: usize| format!("$\"f{n}{}\"", "ä".repeat(40_000));
    let named = Guest {
        rest: (0..8)
            .map(|n| {
                let calls = match n {
                    0 => "(unreachable)".to_owned(),
                    _ => format!("(call {})", long(n - 1)),
                };
                format!("(func {} {calls})", long(n))
            })
            .collect(),
        on_context: format!("(call {})", long(7)),
        ..Guest::default()
    };
    vec![
        case(
            "trap-describe",
            "a trap in describe",
            Source::Guest(in_describe),
            Ends::Refused("`describe` failed: it trapped: wasm `unreachable`"),
        ),
        case("trap-context", "a trap in on-context", doing(TRAP), trapped),
        case(
            "trap-firehose",
            "a trap in on-firehose",
            Source::Guest(in_firehose),
            trapped,
        )
        .calling(Export::OnFirehose),
        case(
            "trap-reflect",
            "a trap in reflect",
            Source::Guest(in_reflect),
            trapped,
        )
        .calling(Export::Reflect),
        case(
            "trap-names",
            "a trap in functions with names of 80 KB",
            Source::Guest(named),
            trapped,
        ),
        case(
            "divide",
            "a division by zero",
            doing("(drop (i32.div_u (i32.const 1) (i32.const 0)))"),
            Ends::Trapped("integer divide by zero"),
        ),
        case(
            "panic",
            "a panic in Rust",
            Source::Rascal("panic"),
            Ends::Trapped("told to panic"),
        ),
        case(
            "exit",
            "exit(3)",
            Source::Rascal("exit"),
            Ends::Trapped("it called exit(1)"),
        ),
        case(
            "decline",
            "an error",
            Source::Rascal("decline"),
            Ends::Declined("told to decline"),
        ),
    ]
}
