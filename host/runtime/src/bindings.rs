//! The contract's first version, as wasmtime sees it.
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

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "chatter:persona/persona",
    imports: {
        "chatter:persona/llm.complete": async,
        "chatter:persona/memory.search": async,
    },
    exports: { default: async },
    ownership: Borrowing { duplicate_if_necessary: true },
});
