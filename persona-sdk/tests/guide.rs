//! docs/personas.md says what is so.

use persona_sdk::{memory, testkit};

const GUIDE: &str = include_str!("../../docs/personas.md");

/// The guide's first persona is the example, whose tests run with this crate's.
#[test]
fn the_guide_shows_the_example() {
    let example = include_str!("../examples/parrot.rs");
    let (code, tests) = example
        .split_once("\n#[cfg(test)]\n")
        .expect("the example has tests");
    for part in [code.trim_end(), tests.trim_end()] {
        assert!(
            GUIDE.contains(part),
            "docs/personas.md differs from examples/parrot.rs; it should show:\n{part}"
        );
    }
}

/// The limits that the test kit enforces are those that the guide tells.
#[test]
fn the_guide_tells_the_test_kits_limits() {
    let limits = testkit::turn().build().limits;
    let budgets = testkit::Budgets::default();
    let rows = [
        ("lines | `lines`", limits.max_lines.to_string()),
        (
            "characters of a line | `line_chars`",
            limits.max_line_chars.to_string(),
        ),
        ("LLM calls | `llm_calls`", budgets.llm_calls.to_string()),
        (
            "LLM tokens, of all answers together | `llm_tokens`",
            "1 000".to_owned(),
        ),
        (
            "memory searches | `memory_searches`",
            budgets.searches.to_string(),
        ),
        (
            "memory writes | `memory_writes`",
            budgets.writes.to_string(),
        ),
    ];
    for (limit, value) in rows {
        let row = format!("| {limit} | {value} |");
        assert!(GUIDE.contains(&row), "missing: {row}");
    }
    // These are written in words or with a blank in the number.
    assert_eq!(
        (limits.max_state_bytes, budgets.llm_tokens),
        (65_536, 1_000)
    );
    assert!(GUIDE.contains("| state | `state_bytes` | 64 KiB |"));
    let memory = format!(
        "A memory has at most {} characters.",
        memory::MAX_ENTRY_CHARS
    );
    assert!(GUIDE.contains(&memory), "missing: {memory}");
}
