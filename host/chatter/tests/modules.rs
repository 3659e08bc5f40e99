//! `chatter modules`, as an operator types it.
#![allow(clippy::unwrap_used, reason = "a test fails by what goes wrong")]

mod support;

use std::{fs, process::Output};
use support::{Home, plugins};

fn compile(home: &Home, from: &str) -> (Option<i32>, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = home.run(&["modules", "compile", from, "--into", "compiled"]);
    let said = [stdout, stderr].concat();
    (status.code(), String::from_utf8(said).unwrap())
}

#[test]
fn what_a_host_would_load_is_compiled_and_nothing_else() {
    let home = Home::empty();
    let shipped = |name| fs::read(plugins().join(name)).unwrap();
    home.write("plugins/hype.wasm", shipped("hype.wasm"));
    home.write("plugins/acme/regular.wasm", shipped("regular.wasm"));
    // None of these is a module's.
    for name in [
        "plugins/.hype.wasm",
        "plugins/No Tenant/x.wasm",
        "plugins/acme/deep/x.wasm",
    ] {
        home.write(name, "no component");
    }
    for how in ["compiled in ", "is compiled"] {
        let (code, said) = compile(&home, "plugins");
        assert_eq!(code, Some(0), "{said}");
        let lines: Vec<&str> = said.lines().collect();
        let [acme, everybody] = lines[..] else {
            panic!("{said}")
        };
        assert!(
            acme.starts_with(&format!("plugins/acme/regular.wasm: {how}")),
            "{said}"
        );
        assert!(
            everybody.starts_with(&format!("plugins/hype.wasm: {how}")),
            "{said}"
        );
    }
    assert_eq!(fs::read_dir(home.path("compiled")).unwrap().count(), 2);
}

#[test]
fn what_can_not_be_compiled_is_named() {
    let home = Home::empty();
    home.write("plugins/acme/bad.wasm", "no component");
    home.write("other/notes.txt", "");
    for (from, code, part) in [
        ("plugins", 1, "plugins/acme/bad.wasm: "),
        ("other", 2, "other: holds no component"),
        ("nowhere.wasm", 1, "nowhere.wasm: "),
    ] {
        let (is, said) = compile(&home, from);
        assert_eq!(is, Some(code), "{said}");
        assert!(said.contains(part), "{said}");
    }
}
