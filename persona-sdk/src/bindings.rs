//! What `wit/persona.wit` becomes in Rust.
//!
//! Generated: the canonical ABI hands strings and lists over as raw pointers, so this is the one
//! place with unsafe code, and all of it is wit-bindgen's (the compiler's lints don't look into a
//! macro from elsewhere). Hidden from authors: the types have good names elsewhere in this crate, and
//! [`crate::export!`] reaches in here from an author's crate.

#![allow(missing_docs, unreachable_pub, dead_code, reason = "generated")]

wit_bindgen::generate!({
    world: "persona",
    path: "../wit/persona.wit",
    additional_derives: [PartialEq],
    export_macro_name: "export_guest",
    pub_export_macro: true,
    default_bindings_module: "persona_sdk::bindings",
});
