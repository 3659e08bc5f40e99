//! What is returned that is none of what the contract allows.

use super::{Case, Ends, Source, case, doing};
use crate::guest::{Guest, SCRATCH, error, import, line, lines, state, store};

/// What is handed over: strings and lists that are not there, too large, or no text.
pub(super) fn of_values() -> Vec<Case> {
    let huge = |memory, on_context: String| {
        Source::Guest(Guest {
            memory,
            on_context,
            ..Guest::default()
        })
    };
    let not_utf8 = store(SCRATCH + 100, 0xff_fe_fd_fc);
    let about = Guest {
        describe: store(crate::guest::ABOUT + 4, u32::MAX),
        ..Guest::default()
    };
    let about_not_utf8 = Guest {
        describe: store(1100, 0xff_fe_fd_fc),
        ..Guest::default()
    };
    let log_text = Guest {
        imports: import("log", "write", "i32 i32 i32"),
        on_context: "(call $write (i32.const 1) (i32.const 16) (i32.const -1))".into(),
        ..Guest::default()
    };
    let level = Guest {
        imports: import("log", "write", "i32 i32 i32"),
        on_context: "(call $write (i32.const 77) (i32.const 16) (i32.const 1))".into(),
        ..Guest::default()
    };
    let result = Guest {
        rest: r#"(func (export "nowhere") (result i32) (i32.const 0))"#.into(),
        on_context: "(return (i32.const 0x7ffffff0))".into(),
        ..Guest::default()
    };
    let unaligned = Guest {
        on_context: "(return (i32.const 2049))".into(),
        ..Guest::default()
    };
    let allocating = |realloc| {
        Source::Guest(Guest {
            realloc,
            ..Guest::default()
        })
    };
    vec![
        case(
            "string-huge",
            "a line of 2 GiB",
            doing(line(16, 0x7fff_ffff)),
            Ends::Trapped("out of bounds"),
        ),
        case(
            "string-negative",
            "a line of length -1",
            doing(line(16, u32::MAX)),
            Ends::Trapped("out of bounds"),
        ),
        case(
            "string-nowhere",
            "a line outside the memory",
            doing(line(0xffff_fff0, 8)),
            Ends::Trapped("out of bounds"),
        ),
        case(
            "string-not-utf8",
            "a line that is no UTF-8",
            doing(not_utf8.clone() + &line(SCRATCH + 100, 4)),
            Ends::Trapped("invalid utf-8"),
        ),
        case(
            "error-not-utf8",
            "an error that is no UTF-8",
            doing(not_utf8 + &error(SCRATCH + 100, 4)),
            Ends::Trapped("invalid utf-8"),
        ),
        case(
            "about-nowhere",
            "a name of length -1 in describe",
            Source::Guest(about),
            Ends::Refused("out of bounds"),
        ),
        case(
            "about-not-utf8",
            "a name that is no UTF-8 in describe",
            Source::Guest(about_not_utf8),
            Ends::Refused("invalid utf-8"),
        ),
        case(
            "log-negative",
            "a log line of length -1",
            Source::Guest(log_text),
            Ends::Trapped("out of bounds"),
        ),
        case(
            "log-level",
            "a log level that there is not",
            Source::Guest(level),
            Ends::Trapped("unexpected discriminant"),
        ),
        case(
            "result-nowhere",
            "a result outside the memory",
            Source::Guest(result),
            Ends::Trapped("out of bounds"),
        ),
        case(
            "result-unaligned",
            "a result that is not aligned",
            Source::Guest(unaligned),
            Ends::Trapped("not aligned"),
        ),
        case(
            "outcome-neither",
            "an outcome that is neither good nor bad",
            doing(store(crate::guest::OUTCOME, 7)),
            Ends::Trapped("invalid expected discriminant"),
        ),
        case(
            "realloc-nowhere",
            "arguments to be written outside the memory",
            allocating("(i32.const 0x7ffffff0)"),
            Ends::Trapped("realloc return: beyond end of memory"),
        ),
        case(
            "realloc-unaligned",
            "arguments to be written to an odd address",
            allocating("(i32.const 70001)"),
            Ends::Trapped("not aligned"),
        ),
        case(
            "realloc-traps",
            "a trap while arguments are handed over",
            allocating("(unreachable)"),
            Ends::Trapped("unreachable"),
        ),
        case(
            "lines-many",
            "10 million lines, without a memory that could hold them",
            doing(lines(0, 10_000_000)),
            Ends::Trapped("out of bounds"),
        ),
        case(
            "lines-in-memory",
            "10 million empty lines in 200 MiB of memory",
            huge(
                r#"(memory (export "memory") 4)"#,
                "(drop (memory.grow (i32.const 3100)))".to_owned() + &lines(65_536, 10_000_000),
            ),
            Ends::Trapped("too much data"),
        )
        .within(|limits| limits.memory_bytes = 256 << 20),
        case(
            "state-100-mb",
            "100 MB of state",
            huge(
                r#"(memory (export "memory") 4)"#,
                "(drop (memory.grow (i32.const 1600)))".to_owned() + &state(65_536, 100_000_000),
            ),
            Ends::Trapped("too much data"),
        )
        .within(|limits| limits.memory_bytes = 256 << 20),
        case(
            "state-too-large",
            "a byte of state more than it may",
            doing(state(0, 65_537)),
            Ends::Invalid("state: 65537 bytes"),
        ),
        case(
            "lines-more",
            "ten lines",
            Source::Rascal("many"),
            Ends::Invalid("lines: 10 of them, at most 3 are accepted"),
        ),
        case(
            "line-long",
            "a line of 100 000 characters",
            Source::Rascal("long"),
            Ends::Invalid("lines[0].text: longer than 300 characters"),
        ),
        case(
            "line-breaks",
            "a line of several lines",
            Source::Rascal("lines"),
            Ends::Invalid("lines[0].text: more than one line"),
        ),
    ]
}
