//! How a call that did not return has ended, in words that its author can act on.

use crate::{
    brief::{NAME_BYTES, REASON_BYTES, brief},
    sandbox::{OutOfCpu, Sandbox},
};
use chatter_protocol::call::{CallEnd, LogLevel, LogLine};
use wasmtime::{FrameInfo, Trap, WasmBacktrace};

/// How many functions of a trap's stack are named.
const FRAMES: usize = 6;

/// How many functions of one frame are looked at, if some were inlined.
const INLINED: usize = 16;

/// The place of what belongs to Rust's standard library, which is compiled below this path.
const STANDARD: &str = "standard library";

/// How many lines of the log may be a guest's last words, and how many bytes of them are kept.
const LAST_LINES: usize = 4;
const LAST_BYTES: usize = 400;

/// What the error comes to. A trap by itself says little more than `unreachable`: the words of a
/// panic are in the log, and are added to it.
pub(crate) fn failed(error: &wasmtime::Error, sandbox: &Sandbox, log: &[LogLine]) -> CallEnd {
    if error.downcast_ref::<OutOfCpu>().is_some() {
        return CallEnd::OutOfCpu {
            cpu_ms: sandbox.limits.cpu_ms,
        };
    }
    if sandbox.memory_refused {
        return CallEnd::OutOfMemory {
            memory_bytes: sandbox.limits.memory_bytes,
        };
    }
    let what = match (
        error.downcast_ref::<Trap>(),
        error.downcast_ref::<wasmtime_wasi::I32Exit>(),
    ) {
        (Some(trap), _) => trap.to_string().replace("wasm trap: ", ""),
        (_, Some(exit)) => format!("it called exit({})", exit.0),
        _ => error.root_cause().to_string(),
    };
    let what = brief(what, REASON_BYTES);
    CallEnd::Trapped {
        detail: what + &stack(error) + &last_words(log),
    }
}

/// Where a guest was when its CPU time or memory ended, which no [`CallEnd`] has a field for.
pub(crate) fn place(end: &CallEnd, error: &wasmtime::Error) -> Option<String> {
    let what = match end {
        CallEnd::OutOfCpu { .. } => "the CPU time",
        CallEnd::OutOfMemory { .. } => "the memory",
        _ => return None,
    };
    let stack = stack(error);
    (!stack.is_empty()).then(|| format!("{what} was used up{stack}"))
}

/// The innermost functions of a trap, as far as the component names them.
fn stack(error: &wasmtime::Error) -> String {
    let Some(trace) = error.downcast_ref::<WasmBacktrace>() else {
        return String::new();
    };
    let mut functions: Vec<_> = trace.frames().iter().flat_map(functions).collect();
    // How Rust panics is the same every time, and fills the list before the author's code comes.
    let is_own = |(name, place): &(String, Option<String>)| {
        !is_panicking(name) && place.as_deref() != Some(STANDARD)
    };
    if let Some(own) = functions.iter().position(is_own) {
        functions.drain(..own);
    }
    // Recursion would fill the list with one name.
    functions.dedup_by(|(name, _), (before, _)| name == before);
    functions.truncate(FRAMES);
    let told: Vec<_> = functions
        .into_iter()
        .map(|(name, place)| match place {
            Some(place) => format!("{name} ({place})"),
            None => name,
        })
        .collect();
    format!(" in {}", told.join(" < "))
}

/// The functions of a frame, the innermost first: several if some were inlined. Where in the source is
/// known if the component was built with debug information.
fn functions(frame: &FrameInfo) -> Vec<(String, Option<String>)> {
    let demangled = |name: &str| {
        brief(
            format_args!("{:#}", rustc_demangle::demangle(name)),
            NAME_BYTES,
        )
    };
    let whole = || match frame.func_name() {
        Some(name) => demangled(name),
        None => format!("function {}", frame.func_index()),
    };
    let symbols = frame.symbols();
    if symbols.is_empty() {
        return vec![(whole(), None)];
    }
    let told = symbols.iter().take(INLINED).map(|symbol| {
        let place = symbol.file().map(|file| {
            let short = brief(below_source(file), NAME_BYTES);
            match symbol.line() {
                _ if file.contains("/rustc/") => STANDARD.to_owned(),
                Some(line) => format!("{short}:{line}"),
                None => short,
            }
        });
        (symbol.name().map_or_else(whole, demangled), place)
    });
    told.collect()
}

/// A source file from its last folder `src` on: where that is on the author's machine is of no use.
fn below_source(file: &str) -> &str {
    ["/src/", "\\src\\"]
        .iter()
        .filter_map(|source| file.rfind(source))
        .max()
        .map_or(file, |at| &file[at + 1..])
}

/// Whether a function belongs to the way from a panic to the trap.
fn is_panicking(name: &str) -> bool {
    const PREFIXES: [&str; 4] = ["std::", "core::", "__rust", "rust_"];
    name == "abort" || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// What the guest wrote last, if it was an error, or else what it wrote to its standard error.
fn last_words(log: &[LogLine]) -> String {
    let mut said = Vec::new();
    for line in log.iter().rev().take(LAST_LINES) {
        match line.level {
            LogLevel::Error if said.is_empty() => {
                said.push(line.text.as_str());
                break;
            }
            LogLevel::Warn => said.push(&line.text),
            _ => break,
        }
    }
    let said: Vec<_> = said
        .into_iter()
        .rev()
        .flat_map(str::split_whitespace)
        .collect();
    if said.is_empty() {
        return String::new();
    }
    format!("; its last words: {}", brief(said.join(" "), LAST_BYTES))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_words_are_what_was_wrong_at_the_end() {
        use LogLevel::{Error, Info, Warn};
        let cases: [(&[(LogLevel, &str)], &str); 6] = [
            (&[], ""),
            (&[(Warn, "old"), (Info, "all is well")], ""),
            (
                &[(Warn, "old"), (Error, "panicked at src/lib.rs:1:2: a\n b")],
                "; its last words: panicked at src/lib.rs:1:2: a b",
            ),
            (
                &[(Info, "hello"), (Warn, "panicked:"), (Warn, "oh no")],
                "; its last words: panicked: oh no",
            ),
            (
                &[(Error, "handled"), (Warn, "oh no")],
                "; its last words: oh no",
            ),
            (
                &[
                    (Warn, "1"),
                    (Warn, "2"),
                    (Warn, "3"),
                    (Warn, ""),
                    (Warn, "5"),
                ],
                "; its last words: 2 3 5",
            ),
        ];
        for (lines, expected) in cases {
            let log: Vec<_> = lines
                .iter()
                .map(|(level, text)| LogLine {
                    level: *level,
                    text: (*text).to_owned(),
                })
                .collect();
            assert_eq!(last_words(&log), expected);
        }
    }

    #[test]
    fn a_place_in_the_source_is_told_without_the_authors_machine() {
        for (file, told) in [
            ("/home/ana/src/nova/src/deep/chat.rs", "src/deep/chat.rs"),
            ("C:\\nova\\src\\lib.rs", "src\\lib.rs"),
            ("lib.rs", "lib.rs"),
        ] {
            assert_eq!(below_source(file), told);
        }
    }

    #[test]
    fn the_way_of_a_panic_is_told_from_the_authors_code() {
        for name in [
            "abort",
            "std::process::abort",
            "__rustc::rust_panic",
            "core::panicking::panic_fmt",
        ] {
            assert!(is_panicking(name), "{name}");
        }
        for name in [
            "<parrot::Parrot as persona_sdk::persona::Persona>::on_context",
            "function 7",
        ] {
            assert!(!is_panicking(name), "{name}");
        }
    }
}
