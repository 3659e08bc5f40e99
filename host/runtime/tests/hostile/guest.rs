//! Components written by hand: a core module that keeps to the canonical ABI but where it is told not
//! to, wrapped as the SDKs' toolchains wrap theirs.

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// Where `describe`'s answer and the outcome stand, and room for what cases write.
pub const ABOUT: u32 = 1024;
pub const OUTCOME: u32 = 2048;
pub const SCRATCH: u32 = 4096;

const CONTRACT: &str = include_str!("../../../../wit/persona.wit");

/// The version of the contract.
pub fn contract() -> &'static str {
    let (_, rest) = CONTRACT.split_once("package chatter:persona@").unwrap();
    rest.split_once(';').unwrap().0
}

/// As much of WASI as cases use.
const WASI: &str = "
    package wasi:io@0.2.0 {
        interface poll { resource pollable; }
        interface streams { resource input-stream; resource output-stream; }
    }
    package wasi:clocks@0.2.0 {
        interface monotonic-clock {
            use wasi:io/poll@0.2.0.{pollable};
            now: func() -> u64;
            resolution: func() -> u64;
            subscribe-duration: func(when: u64) -> pollable;
        }
        interface wall-clock {
            record datetime { seconds: u64, nanoseconds: u32 }
            now: func() -> datetime;
            resolution: func() -> datetime;
        }
    }
    package wasi:random@0.2.0 {
        interface random {
            get-random-bytes: func(len: u64) -> list<u8>;
            get-random-u64: func() -> u64;
        }
        interface insecure {
            get-insecure-random-bytes: func(len: u64) -> list<u8>;
            get-insecure-random-u64: func() -> u64;
        }
        interface insecure-seed { insecure-seed: func() -> tuple<u64, u64>; }
    }
    package wasi:cli@0.2.0 {
        interface environment {
            get-environment: func() -> list<tuple<string, string>>;
            get-arguments: func() -> list<string>;
            initial-cwd: func() -> option<string>;
        }
        interface stdin {
            use wasi:io/streams@0.2.0.{input-stream};
            get-stdin: func() -> input-stream;
        }
        interface stdout {
            use wasi:io/streams@0.2.0.{output-stream};
            get-stdout: func() -> output-stream;
        }
        interface stderr {
            use wasi:io/streams@0.2.0.{output-stream};
            get-stderr: func() -> output-stream;
        }
    }
    package wasi:filesystem@0.2.0 {
        interface types { resource descriptor; }
        interface preopens {
            use types.{descriptor};
            get-directories: func() -> list<tuple<descriptor, string>>;
        }
    }
    package wasi:sockets@0.2.0 {
        interface network { resource network; }
        interface instance-network {
            use network.{network};
            instance-network: func() -> network;
        }
    }";

/// What of it the world imports.
const INTERFACES: [&str; 12] = [
    "clocks/monotonic-clock",
    "clocks/wall-clock",
    "random/random",
    "random/insecure",
    "random/insecure-seed",
    "cli/environment",
    "cli/stdin",
    "cli/stdout",
    "cli/stderr",
    "filesystem/preopens",
    "sockets/instance-network",
    "io/poll",
];

/// A guest's parts as WebAssembly text. By default it is silent and well-behaved.
pub struct Guest {
    /// Imports of the core module.
    pub imports: String,
    /// The memory.
    pub memory: &'static str,
    /// Whatever else: globals, functions, tables, a start.
    pub rest: String,
    /// What allocates: four parameters (old address, old size, alignment, size), an address as result.
    pub realloc: &'static str,
    /// What each export does before it returns its result.
    pub describe: String,
    pub on_context: String,
    pub on_firehose: String,
    pub reflect: String,
}

impl Default for Guest {
    fn default() -> Self {
        Self {
            imports: String::new(),
            memory: r#"(memory (export "memory") 4)"#,
            rest: String::new(),
            realloc: BUMP,
            describe: String::new(),
            on_context: String::new(),
            on_firehose: String::new(),
            reflect: String::new(),
        }
    }
}

/// Takes the next bytes, and grows the memory where they end.
const BUMP: &str = "
    (local $at i32)
    (local.set $at
        (i32.and
            (i32.add (global.get $next) (i32.sub (local.get 2) (i32.const 1)))
            (i32.sub (i32.const 0) (local.get 2))))
    (global.set $next (i32.add (local.get $at) (local.get 3)))
    (block $fits
        (loop $grow
            (br_if $fits
                (i32.le_u (global.get $next) (i32.mul (memory.size) (i32.const 65536))))
            (if (i32.eq (memory.grow (i32.const 16)) (i32.const -1)) (then (unreachable)))
            (br $grow)))
    (local.get $at)";

impl Guest {
    fn text(&self) -> String {
        let Self {
            imports,
            memory,
            rest,
            realloc,
            describe,
            on_context,
            on_firehose,
            reflect,
        } = self;
        let contract = contract();
        let guest = format!("chatter:persona/guest@{contract}");
        format!(
            r#"(module
                {imports}
                {memory}
                (global $next (mut i32) (i32.const 65536))
                {rest}
                (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) {realloc})
                (func (export "{guest}#describe") (result i32) {describe} (i32.const {ABOUT}))
                (func (export "{guest}#on-context") (param i32) (result i32)
                    {on_context} (i32.const {OUTCOME}))
                (func (export "{guest}#on-firehose") (param i32) (result i32)
                    {on_firehose} (i32.const {OUTCOME}))
                (func (export "{guest}#reflect") (param i32) (result i32)
                    {reflect} (i32.const {OUTCOME}))
                ;; name "evil", version "1", state version 1, no traits, no calls that it wants: so that
                ;; none is tried before it serves
                (data (i32.const {ABOUT})
                    "\4c\04\00\00\04\00\00\00\50\04\00\00\01\00\00\00\01\00\00\00")
                (data (i32.const 1100) "evil1")
                ;; ok, no state, no lines, silent for no reason
                (data (i32.const {decision}) "\01"))"#,
            decision = OUTCOME + 24,
        )
    }

    /// The component.
    pub fn component(&self) -> Vec<u8> {
        let mut core = wat::parse_str(self.text()).unwrap_or_else(|error| panic!("{error}"));
        let mut resolve = Resolve::default();
        resolve.push_str("persona.wit", CONTRACT).unwrap();
        let contract = contract();
        let imports: String = INTERFACES
            .iter()
            .map(|interface| format!("import wasi:{interface}@0.2.0;"))
            .collect();
        let world = format!(
            "package test:hostile;
            {WASI}
            world hostile {{
                include chatter:persona/persona@{contract};
                {imports}
            }}"
        );
        let package = resolve.push_str("hostile.wit", &world).unwrap();
        let world = resolve.select_world(&[package], Some("hostile")).unwrap();
        embed_component_metadata(&mut core, &resolve, world, StringEncoding::UTF8).unwrap();
        ComponentEncoder::default()
            .module(&core)
            .and_then(|encoder| encoder.encode())
            .unwrap_or_else(|error| panic!("{error:?}"))
    }
}

/// An import of one of the contract's interfaces.
pub fn import(interface: &str, function: &str, parameters: &str) -> String {
    let contract = contract();
    format!(
        r#"(import "chatter:persona/{interface}@{contract}" "{function}" (func ${function} (param {parameters})))"#
    )
}

/// Stores a number.
pub fn store(at: u32, value: u32) -> String {
    format!("(i32.store (i32.const {at}) (i32.const {value}))")
}

/// Calls without end; what was allocated is given back each time.
pub fn for_ever(call: &str) -> String {
    format!("(loop $again (global.set $next (i32.const 65536)) {call} (br $again))")
}

/// An outcome with this state.
pub fn state(at: u32, len: u32) -> String {
    store(OUTCOME + 4, 1) + &store(OUTCOME + 8, at) + &store(OUTCOME + 12, len)
}

/// An outcome with these lines, spoken.
pub fn lines(at: u32, count: u32) -> String {
    store(OUTCOME + 16, at) + &store(OUTCOME + 20, count) + &store(OUTCOME + 24, 0)
}

/// An outcome with one line of this text.
pub fn line(at: u32, len: u32) -> String {
    store(SCRATCH, at) + &store(SCRATCH + 4, len) + &lines(SCRATCH, 1)
}

/// A refusal with this text.
pub fn error(at: u32, len: u32) -> String {
    store(OUTCOME, 1) + &store(OUTCOME + 4, at) + &store(OUTCOME + 8, len)
}
