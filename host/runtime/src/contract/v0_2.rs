//! Version 0.2.0, the current one, as wasmtime sees it. Its types are those that older versions are
//! adapted to.
//!
//! Arguments are borrowed, so that a turn reaches the guest without being copied on the host first.
#![allow(
    unsafe_code,
    reason = "wasmtime's generated code calls functions whose types it has checked at load"
)]
#![allow(
    missing_docs,
    unreachable_pub,
    unused_variables,
    clippy::all,
    reason = "generated code"
)]

/// The version's number.
pub(crate) const VERSION: &str = "0.2.0";

wasmtime::component::bindgen!({
    path: "../../wit/persona.wit",
    world: "chatter:persona/persona",
    imports: {
        "chatter:persona/llm.complete": async,
        "chatter:persona/memory.search": async,
    },
    exports: { default: async },
    ownership: Borrowing { duplicate_if_necessary: true },
});
