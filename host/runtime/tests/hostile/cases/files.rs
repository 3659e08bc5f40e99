//! What lies in the folder: files that are no persona, and those that would keep the compiler busy.

use super::{Case, Ends, Source, case};
use crate::guest::Guest;

/// Files that are no persona of this version.
pub(super) fn of_files() -> Vec<Case> {
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
pub(super) fn of_compiling() -> Vec<Case> {
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
