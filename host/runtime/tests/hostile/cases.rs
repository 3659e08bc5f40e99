//! The hostile components: what each does, and what becomes of its call or its file.

use crate::guest::{Guest, SCRATCH, contract, error, for_ever, import, line, lines, state, store};
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
        of_time(),
        of_memory(),
        of_values(),
        of_traps(),
        of_imports(),
        of_wasi(),
        of_the_machine(),
        of_files(),
        of_compiling(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Endless loops, wherever guest code runs, and recursion.
fn of_time() -> Vec<Case> {
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

/// Growth of memories, tables and instances.
fn of_memory() -> Vec<Case> {
    let table = Guest {
        rest: "(table $t 1 funcref)".into(),
        on_context: "(loop $more
                (br_if $more (i32.ne
                    (table.grow $t (ref.null func) (i32.const 1000)) (i32.const -1))))"
            .into(),
        ..Guest::default()
    };
    let touching = "(local $at i32)
        (block $done (loop $more
            (local.set $at (memory.grow (i32.const 16)))
            (br_if $done (i32.eq (local.get $at) (i32.const -1)))
            (memory.fill
                (i32.mul (local.get $at) (i32.const 65536)) (i32.const 1) (i32.const 1048576))
            (br $more)))";
    let big = |memory| {
        Source::Guest(Guest {
            memory,
            ..Guest::default()
        })
    };
    let tables = Guest {
        rest: "(table 1 funcref)".repeat(100),
        ..Guest::default()
    };
    let wide = Guest {
        rest: "(table 10000000 funcref)".into(),
        ..Guest::default()
    };
    let mut doubling = String::from(
        "(component (component $c0 (core module $m) (core instance (instantiate $m)))",
    );
    for n in 1..=40 {
        doubling += &format!(
            "(component $c{n} (alias outer 1 $c{} (component $c))
                (instance (instantiate $c)) (instance (instantiate $c)))",
            n - 1
        );
    }
    doubling += "(instance (instantiate $c40)))";
    let instances = format!(
        "(component (core module $m) {})",
        "(core instance (instantiate $m))".repeat(100)
    );
    let memories = format!(
        "(component (core module $m (memory 1)) {})",
        "(core instance (instantiate $m))".repeat(5)
    );
    vec![
        case(
            "memory-rust",
            "memory without end in Rust",
            Source::Rascal("eat"),
            Ends::OutOfMemory,
        )
        .within(|limits| limits.cpu_ms = 10_000),
        case(
            "memory",
            "all memory there is, written to, and a good answer",
            doing(touching),
            Ends::Returned,
        )
        .within(|limits| limits.cpu_ms = 10_000),
        case(
            "table",
            "a table that grows as far as it may, and a good answer",
            Source::Guest(table),
            Ends::Returned,
        ),
        case(
            "memory-initial",
            "a memory of 190 MiB from the start, with data at both ends",
            big(r#"(memory (export "memory") 3040)
                (data (i32.const 8) "x") (data (i32.const 199229432) "x")"#),
            Ends::Refused("`describe` failed: it asked for more than 67108864 bytes of memory"),
        ),
        case(
            "memory-huge",
            "a memory of 4 GiB from the start",
            big(r#"(memory (export "memory") 65536) (data (i32.const -16) "x")"#),
            Ends::Refused("exceeds the limit of 0x10000000 bytes"),
        ),
        case(
            "data-outside",
            "a data segment outside the memory",
            big(r#"(memory (export "memory") 4) (data (i32.const 0x40000000) "x")"#),
            Ends::Refused("`describe` failed: it trapped: out of bounds memory access"),
        ),
        case(
            "tables",
            "a hundred tables",
            Source::Guest(tables),
            Ends::Refused("defined tables count of 100 exceeds"),
        ),
        case(
            "table-initial",
            "a table of 10 million elements",
            Source::Guest(wide),
            Ends::Refused("exceeds the limit of 100000"),
        ),
        case(
            "instances",
            "a hundred core instances",
            Source::Text(instances),
            Ends::Refused("needs 100 core instances (there may be 64)"),
        ),
        case(
            "instances-double",
            "components that each instantiate the one before twice, forty times",
            Source::Text(doubling),
            Ends::Refused("needs 1099511627776 core instances"),
        ),
        case(
            "memories",
            "five memories",
            Source::Text(memories),
            Ends::Refused("contains 5 Wasm linear memories"),
        ),
    ]
}

/// What is handed over: strings and lists that are not there, too large, or no text.
fn of_values() -> Vec<Case> {
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

/// A trap in each export.
fn of_traps() -> Vec<Case> {
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

/// Imports called without end, which is more often than a million times.
fn of_imports() -> Vec<Case> {
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
fn of_wasi() -> Vec<Case> {
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
fn of_the_machine() -> Vec<Case> {
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

/// Files that are no persona of this version.
fn of_files() -> Vec<Case> {
    let version = |version: &str| {
        Source::Text(format!(
            r#"(component (instance $i)
                (export "chatter:persona/guest@{version}" (instance $i)))"#
        ))
    };
    let whole = Guest::default().component();
    let cut = whole[..whole.len() / 2].to_vec();
    let mut flipped = whole.clone();
    let middle = flipped.len() / 2;
    flipped[middle..middle + 32].fill(0xa5);
    vec![
        case(
            "older",
            "an older world",
            version("0.0.1"),
            Ends::Refused("built for chatter:persona/guest@0.0.1"),
        ),
        case(
            "newer",
            "a newer world",
            version("7.0.0"),
            Ends::Refused("built for chatter:persona/guest@7.0.0"),
        ),
        case(
            "newer-name",
            "a newer world, with a version of 50 KB",
            version(&format!("7.0.0-{}", "a".repeat(50_000))),
            Ends::Refused("built for chatter:persona/guest@7.0.0-aaa"),
        ),
        case(
            "core-module",
            "a core module",
            Source::Text("(module)".into()),
            Ends::Refused("it is a core module"),
        ),
        case(
            "text",
            "a text file",
            Source::Bytes(b"(component)".to_vec()),
            Ends::Refused("the file does not start as WebAssembly does"),
        ),
        case(
            "empty",
            "an empty file",
            Source::Bytes(Vec::new()),
            Ends::Refused("the file is empty"),
        ),
        case(
            "truncated",
            "half a file",
            Source::Bytes(cut),
            Ends::Refused("not a valid component"),
        ),
        case(
            "garbled",
            "a file with other bytes in its middle",
            Source::Bytes(flipped),
            Ends::Refused("not a valid component"),
        ),
    ]
}

/// What would keep the compiler busy.
fn of_compiling() -> Vec<Case> {
    let function = |body: String| {
        Source::Guest(Guest {
            rest: format!("(func {body})"),
            ..Guest::default()
        })
    };
    let functions = (0..100_001).map(|_| "(func)").collect::<String>();
    let types = format!(
        "(component (type (record {})))",
        (0..9_000)
            .map(|n| format!("(field \"a-{}{n}\" u8)", "name".repeat(20)))
            .collect::<String>()
    );
    vec![
        case(
            "function-large",
            "a function of 600 KB",
            function("(drop (i32.const 0))".repeat(200_000)),
            Ends::Refused("needs a function of 600002 bytes"),
        ),
        case(
            "locals",
            "50 000 local variables in a function",
            function(format!("(local {})", "i64 ".repeat(50_000))),
            Ends::Refused("needs 50000 local variables in a function"),
        ),
        case(
            "functions",
            "100 000 functions",
            Source::Guest(Guest {
                rest: functions,
                ..Guest::default()
            }),
            Ends::Refused("functions (there may be 100000)"),
        ),
        case(
            "nested",
            "components within components, twenty deep",
            Source::Text("(component ".repeat(20) + &")".repeat(20)),
            Ends::Refused("components within each other (there may be 8)"),
        ),
        case(
            "adapters",
            "components that call each other by 3000 functions with wide records",
            Source::Text(adapters(100, 30, 500)),
            Ends::Refused("needs 3000 lowered functions (there may be 512)"),
        ),
        case(
            "types",
            "types of 800 KB",
            Source::Text(types),
            Ends::Refused("bytes of types (there may be 524288)"),
        ),
        case(
            "modules",
            "a thousand core modules",
            Source::Text(format!("(component {})", "(core module)".repeat(999))),
            Ends::Refused("core modules (there may be 128)"),
        ),
    ]
}

/// Two components of which the second calls the first by so many functions, in so many instances; each
/// function takes a record of so many fields. The compiler makes an adapter for each.
fn adapters(functions: usize, instances: usize, fields: usize) -> String {
    let fields: String = (0..fields)
        .map(|n| format!("(field \"f{n}\" char)"))
        .collect();
    let each = |what: &dyn Fn(usize) -> String| (0..functions).map(what).collect::<String>();
    let lifted = each(&|n| {
        format!(
            r#"(func (export "f{n}") (param "a" $te)
                (canon lift (core func $f) (memory $m) (realloc $r)))"#
        )
    });
    let named = each(&|n| format!(r#"(alias export $callee "f{n}" (func $f{n}))"#));
    let given = each(&|n| format!(r#"(with "f{n}" (func $f{n}))"#));
    let imported = each(&|n| format!(r#"(import "f{n}" (func $f{n} (param "a" $te)))"#));
    let lowered =
        each(&|n| format!("(core func $l{n} (canon lower (func $f{n}) (memory $m) (realloc $r)))"));
    let imports = each(&|n| format!(r#"(import "h" "f{n}" (func (param i32)))"#));
    let exports = each(&|n| format!(r#"(export "f{n}" (func $l{n}))"#));
    let callers = format!(r#"(instance (instantiate $caller (with "t" (type $t)) {given}))"#)
        .repeat(instances);
    format!(
        r#"(component
            (component $callee
                (core module $m (memory (export "m") 1)
                    (func (export "r") (param i32 i32 i32 i32) (result i32) (i32.const 0))
                    (func (export "f") (param i32)))
                (core instance $i (instantiate $m))
                (alias core export $i "m" (core memory $m))
                (alias core export $i "r" (core func $r))
                (alias core export $i "f" (core func $f))
                (type $t (record {fields}))
                (export $te "t" (type $t))
                {lifted})
            (component $caller
                (type $t (record {fields}))
                (import "t" (type $te (eq $t)))
                {imported}
                (core module $m (memory (export "m") 1)
                    (func (export "r") (param i32 i32 i32 i32) (result i32) (i32.const 0)))
                (core instance $i (instantiate $m))
                (alias core export $i "m" (core memory $m))
                (alias core export $i "r" (core func $r))
                (core module $calls {imports})
                {lowered}
                (core instance $h {exports})
                (core instance (instantiate $calls (with "h" (instance $h)))))
            (instance $callee (instantiate $callee))
            (alias export $callee "t" (type $t))
            {named}
            {callers})"#
    )
}
