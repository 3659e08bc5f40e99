//! What is asked of the host: of the contract's own functions, of WASI's, and of the machine behind them.

use super::{Case, Ends, Source, calling, case};
use crate::guest::{Guest, SCRATCH, contract, for_ever, import, store};

/// Imports called without end, which is more often than a million times.
pub(super) fn of_imports() -> Vec<Case> {
    let random_huge = Guest {
        imports: wasi("random/random", "get-random-bytes", "(param i64 i32)"),
        on_context: "(call $wasi (i64.const -1) (i32.const 4096))".into(),
        ..Guest::default()
    };
    let request = "i32 i32 i32 f32 i32 i32 i32 i32";
    vec![
        case(
            "flood-complete",
            "llm.complete without end",
            calling(
                "llm",
                "complete",
                request,
                "(i32.const 0) (i32.const 0) (i32.const 9)
                (f32.const 1) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 4096)",
            ),
            Ends::OutOfCpu,
        ),
        case(
            "complete-64-mb",
            "a request to the model of 100 MB",
            Source::Guest(Guest {
                imports: import("llm", "complete", request),
                on_context: "(drop (memory.grow (i32.const 1600)))".to_owned()
                    + &store(SCRATCH, 1)
                    + &store(SCRATCH + 4, 65_536)
                    + &store(SCRATCH + 8, 100_000_000)
                    + "(call $complete (i32.const 4096) (i32.const 1) (i32.const 9) (f32.const 1)
                        (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 8192))",
                ..Guest::default()
            }),
            Ends::Trapped("too much data"),
        )
        .within(|limits| limits.memory_bytes = 256 << 20),
        case(
            "flood-remaining",
            "llm.remaining without end",
            calling("llm", "remaining", "i32", "(i32.const 4096)"),
            Ends::OutOfCpu,
        ),
        case(
            "flood-search",
            "memory.search without end",
            calling(
                "memory",
                "search",
                "i32 i32 i32 i32 i32 i32",
                "(i32.const 16) (i32.const 9)
                (i32.const 0) (i32.const 0) (i32.const -1) (i32.const 4096)",
            ),
            Ends::OutOfCpu,
        ),
        case(
            "flood-remember",
            "memory.remember without end",
            calling(
                "memory",
                "remember",
                "i32 i32 i32 i32 i32 i32 f64 i32 i32 i32 i32",
                "(i32.const 0) (i32.const 1100) (i32.const 4) (i32.const 0) (i32.const 0)
                (i32.const 0) (f64.const 1) (i32.const 0) (i32.const 0) (i32.const 0)
                (i32.const 4096)",
            ),
            Ends::OutOfCpu,
        ),
        case(
            "flood-log",
            "log.write without end, 64 KiB each",
            calling(
                "log",
                "write",
                "i32 i32 i32",
                "(i32.const 3) (i32.const 0) (i32.const 65536)",
            ),
            Ends::OutOfCpu,
        ),
        case(
            "flood-print",
            "printing without end",
            Source::Rascal("print"),
            Ends::OutOfCpu,
        ),
        case(
            "flood-clock",
            "the clock without end, by Rust's std",
            Source::Rascal("clock"),
            Ends::OutOfCpu,
        ),
        case(
            "flood-dice",
            "random numbers without end, by Rust's std",
            Source::Rascal("hashes"),
            Ends::OutOfCpu,
        ),
        case(
            "random-huge",
            "2^64 random bytes",
            Source::Guest(random_huge),
            Ends::Trapped("exceeds"),
        ),
        case(
            "flood-sleep",
            "sleeping without end",
            Source::Rascal("doze"),
            Ends::OutOfCpu,
        ),
        case(
            "wait",
            "waiting for a model that never answers",
            Source::Rascal("ask"),
            Ends::TimedOut,
        )
        .within(|limits| limits.wall_ms = 200),
    ]
}

/// An import of WASI, as `$wasi`.
fn wasi(interface: &str, function: &str, signature: &str) -> String {
    format!(r#"(import "wasi:{interface}@0.2.0" "{function}" (func $wasi {signature}))"#)
}

/// Each import of WASI that a guest can call out of nothing, called without end.
pub(super) fn of_wasi() -> Vec<Case> {
    const NUMBER: (&str, &str) = ("(result i64)", "(drop (call $wasi))");
    const STORED: (&str, &str) = ("(param i32)", "(call $wasi (i32.const 4096))");
    const BYTES: (&str, &str) = (
        "(param i64 i32)",
        "(call $wasi (i64.const 65536) (i32.const 4096))",
    );
    const HANDLE: (&str, &str) = ("(result i32)", "(drop (call $wasi))");
    const ALARM: (&str, &str) = (
        "(param i64) (result i32)",
        "(drop (call $wasi (i64.const -1)))",
    );
    // Each handle is one more in the call's table.
    let full = Ends::Trapped("resource table has no free keys");
    [
        ("clocks/monotonic-clock", "now", NUMBER, Ends::OutOfCpu),
        (
            "clocks/monotonic-clock",
            "resolution",
            NUMBER,
            Ends::OutOfCpu,
        ),
        ("clocks/monotonic-clock", "subscribe-duration", ALARM, full),
        ("clocks/wall-clock", "now", STORED, Ends::OutOfCpu),
        ("clocks/wall-clock", "resolution", STORED, Ends::OutOfCpu),
        ("random/random", "get-random-bytes", BYTES, Ends::OutOfCpu),
        ("random/random", "get-random-u64", NUMBER, Ends::OutOfCpu),
        (
            "random/insecure",
            "get-insecure-random-bytes",
            BYTES,
            Ends::OutOfCpu,
        ),
        (
            "random/insecure",
            "get-insecure-random-u64",
            NUMBER,
            Ends::OutOfCpu,
        ),
        (
            "random/insecure-seed",
            "insecure-seed",
            STORED,
            Ends::OutOfCpu,
        ),
        ("cli/environment", "get-environment", STORED, Ends::OutOfCpu),
        ("cli/environment", "get-arguments", STORED, Ends::OutOfCpu),
        ("cli/environment", "initial-cwd", STORED, Ends::OutOfCpu),
        ("cli/stdin", "get-stdin", HANDLE, full),
        ("cli/stdout", "get-stdout", HANDLE, full),
        ("cli/stderr", "get-stderr", HANDLE, full),
        (
            "filesystem/preopens",
            "get-directories",
            STORED,
            Ends::OutOfCpu,
        ),
        ("sockets/instance-network", "instance-network", HANDLE, full),
    ]
    .into_iter()
    .map(|(interface, function, (signature, call), ends)| {
        let guest = Guest {
            imports: wasi(interface, function, signature),
            on_context: for_ever(call),
            ..Guest::default()
        };
        Case {
            what: format!("WASI's {interface} {function} without end"),
            ..case(
                &format!("flood-{}-{function}", interface.replace('/', "-")),
                "",
                Source::Guest(guest),
                ends,
            )
        }
    })
    .collect()
}

/// What personas have no business with.
pub(super) fn of_the_machine() -> Vec<Case> {
    let importing = |interface: &str| {
        Source::Text(format!(
            r#"(component (import "{interface}" (instance))
                (instance $i) (export "chatter:persona/guest@{}" (instance $i)))"#,
            contract()
        ))
    };
    let memory = |memory| {
        Source::Text(format!(
            "(component (core module $m (memory {memory})) (core instance (instantiate $m)))"
        ))
    };
    vec![
        case(
            "look",
            "files, sockets, environment, threads: all that std has",
            Source::Rascal("look"),
            Ends::Returned,
        ),
        case(
            "flood-files",
            "opening files without end",
            Source::Rascal("files"),
            Ends::OutOfCpu,
        ),
        case(
            "flood-sockets",
            "opening sockets without end",
            Source::Rascal("sockets"),
            Ends::OutOfCpu,
        ),
        case(
            "stdin",
            "reading standard input",
            Source::Rascal("stdin"),
            Ends::Returned,
        ),
        case(
            "threads",
            "memory shared by threads",
            memory("1 1 shared"),
            Ends::Refused("threads must be enabled"),
        ),
        case(
            "memory64",
            "64-bit memory",
            memory("i64 1"),
            Ends::Refused("memory64"),
        ),
        case(
            "import-http",
            "an import of wasi:http",
            importing("wasi:http/outgoing-handler@0.2.0"),
            Ends::Refused("imports wasi:http/outgoing-handler@0.2.0, which personas don't get"),
        ),
        case(
            "import-names",
            "a hundred imports with names of 10 KB",
            Source::Text(format!(
                r#"(component {}
                    (instance $i) (export "chatter:persona/guest@{}" (instance $i)))"#,
                (0..100)
                    .map(|n| format!(
                        r#"(import "evil:corp/n{n}{}" (instance))"#,
                        "a".repeat(10_000)
                    ))
                    .collect::<String>(),
                contract()
            )),
            Ends::Refused("and 92 more, which personas don't get"),
        ),
        case(
            "import-unknown",
            "an import that nobody knows",
            importing("evil:corp/keys@1.0.0"),
            Ends::Refused("imports evil:corp/keys@1.0.0, which personas don't get"),
        ),
    ]
}
