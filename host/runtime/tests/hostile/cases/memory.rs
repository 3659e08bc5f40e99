//! Memories, tables, instances and stacks that grow.

use super::{Case, Ends, Source, case, doing};
use crate::guest::Guest;

/// Growth of memories, tables and instances.
pub(super) fn of_memory() -> Vec<Case> {
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
