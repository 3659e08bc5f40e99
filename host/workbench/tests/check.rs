//! What a check finds in components that are wrong, with all that is wrong with each.

#![allow(clippy::unwrap_used, reason = "a test fails by what goes wrong")]

use chatter_workbench::check::{Error, Report, Weight, check};
use std::fs;

async fn report(file: &str, bytes: &[u8]) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file);
    fs::write(&path, bytes).unwrap();
    check(&path).await.unwrap()
}

fn problems(report: &Report) -> Vec<&str> {
    let problems = report
        .findings
        .iter()
        .filter(|found| found.weight == Weight::Problem);
    problems.map(|found| found.text.as_str()).collect()
}

#[tokio::test]
async fn every_problem_of_a_component_is_named() {
    let wat = |text: &str| wat::parse_str(text).unwrap();
    let memories = format!(
        "(component (core module $m (memory 1)) {})",
        "(core instance (instantiate $m))".repeat(40)
    );
    let cases: [(&str, Vec<u8>, &[&str]); 10] = [
        ("nova.wasm", Vec::new(), &["the file is empty"]),
        (
            "nova.wasm",
            b"hello".to_vec(),
            &["does not start as WebAssembly does"],
        ),
        ("nova.wasm", wat("(module)"), &["it is a core module"]),
        (
            "nova.wasm",
            wat("(component (core module))")[..9].to_vec(),
            &["not a valid component"],
        ),
        ("nova.wasm", wat("(component)"), &["it is not a persona"]),
        (
            "No va.wasm",
            wat("(component)"),
            &["rename the file", "it is not a persona"],
        ),
        (
            "nova.wasm",
            wat(
                r#"(component (import "wasi:http/types@0.2.0" (instance)) (import "acme:x/y" (instance)))"#,
            ),
            &[
                "it is not a persona",
                "imports wasi:http/types@0.2.0, acme:x/y",
            ],
        ),
        (
            "nova.wasm",
            wat(
                r#"(component (instance $i) (export "chatter:persona/guest@99.0.0" (instance $i)))"#,
            ),
            &["from the future: built for chatter:persona/guest@99.0.0"],
        ),
        (
            "nova.wasm",
            wat(
                r#"(component (instance $i) (export "chatter:persona/guest@0.2.0" (instance $i)))"#,
            ),
            &["not a valid component"],
        ),
        ("nova.wasm", wat(&memories), &["40 Wasm linear memories"]),
    ];
    for (file, bytes, expected) in cases {
        let report = report(file, &bytes).await;
        let found = problems(&report);
        assert!(!report.is_good());
        assert_eq!(found.len(), expected.len(), "{expected:?}: {found:#?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.contains(expected), "{expected:?}: {found:?}");
        }
    }
}

#[tokio::test]
async fn the_character_of_a_project_is_checked_beside_its_component() {
    let cases: [(&str, &[&str]); 4] = [
        ("id = \"nova\"\nname = \"Nova\"\nmodule = \"nova\"\n", &[]),
        (
            "id = \"nova\"\nname = \"Nova\"\nmodule = \"parrot\"\n",
            &["persona.toml: module: \"parrot\""],
        ),
        (
            "id = \"nova\"\nname = \"\"\nmodule = \"nova\"\n[traits]\nhumour = 1.4\n",
            &["persona.toml: name", "persona.toml: traits.humour"],
        ),
        ("id = \"nova\"\nname = \n", &["persona.toml:2:8: "]),
    ];
    for (character, expected) in cases {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("Cargo.toml"), "[package]\nname = \"nova\"\n").unwrap();
        fs::write(at("persona.toml"), character).unwrap();
        fs::create_dir(at("dist")).unwrap();
        fs::write(at("dist/nova.wasm"), wat::parse_str("(component)").unwrap()).unwrap();
        let report = check(folder.path()).await.unwrap();
        let mut found = problems(&report);
        // What is wrong with the component is told in any case.
        found.retain(|text| !text.contains("it is not a persona"));
        assert_eq!(found.len(), expected.len(), "{character}: {found:#?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.contains(expected), "{expected:?}: {found:?}");
        }
    }
}

#[tokio::test]
async fn what_it_begins_with_must_be_there_when_it_is_loaded_and_in_calls() {
    let begins_with = |mib: u32| {
        let pages = mib * 16;
        let text = format!(
            "(component (core module $m (memory {pages})) (core instance (instantiate $m)))"
        );
        wat::parse_str(text).unwrap()
    };
    for (mib, limit_mib, expected) in [
        (64, 64_u64, None),
        (100, 64, Some("of the module's file in configs/modules")),
        // A host loads it before anybody sits on it.
        (100, 128, Some("of the module's file in configs/modules")),
        (
            40,
            32,
            Some("raise `memory_bytes` in [limits] of persona.toml"),
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("Cargo.toml"), "[package]\nname = \"nova\"\n").unwrap();
        let character = format!(
            "id = \"nova\"\nname = \"Nova\"\nmodule = \"nova\"\n[limits]\nmemory_bytes = {}\n",
            limit_mib << 20
        );
        fs::write(at("persona.toml"), character).unwrap();
        fs::create_dir(at("dist")).unwrap();
        fs::write(at("dist/nova.wasm"), begins_with(mib)).unwrap();
        let report = check(folder.path()).await.unwrap();
        let problems = problems(&report);
        let found = problems.iter().find(|text| text.contains("it begins with"));
        match expected {
            None => assert_eq!(found, None, "{mib} MiB"),
            Some(part) => assert!(
                found.is_some_and(|text| text.contains(part)),
                "{mib} MiB of {limit_mib}: {problems:#?}"
            ),
        }
    }
}

#[tokio::test]
async fn what_is_not_there_is_told_with_the_way_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let no_file = check(&folder.path().join("nova.wasm")).await.unwrap_err();
    assert!(matches!(no_file, Error::NoFile(_)), "{no_file}");
    let no_project = check(folder.path()).await.unwrap_err();
    assert!(matches!(no_project, Error::Project(_)), "{no_project}");
    fs::write(
        folder.path().join("Cargo.toml"),
        "[package]\nname = \"nova\"\n",
    )
    .unwrap();
    let not_built = check(folder.path()).await.unwrap_err().to_string();
    assert!(not_built.contains("chatter persona build"), "{not_built}");
}
