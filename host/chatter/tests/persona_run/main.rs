//! `chatter persona try`, `test` and `bench`, as an author uses them, on the modules that ship.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod cases;
#[path = "../support/mod.rs"]
mod support;
mod trying;

use serde_json::Value;
use std::process::Output;
use support::{Home, plugins};

/// Runs `chatter persona ...` with a cache of compiled components that these tests share.
fn persona(home: &Home, words: &[&str]) -> Output {
    home.chatter(&[&["persona"], words].concat())
        .env(
            "XDG_CACHE_HOME",
            concat!(env!("CARGO_TARGET_TMPDIR"), "/persona-cache"),
        )
        .output()
        .unwrap()
}

fn component(name: &str) -> String {
    plugins()
        .join(name)
        .with_extension("wasm")
        .to_str()
        .unwrap()
        .to_owned()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Runs a try-out as JSON; its moments.
fn moments(home: &Home, words: &[&str]) -> Vec<Value> {
    let output = persona(
        home,
        &[&["try"], words, &["--as-fast-as-possible", "--json"]].concat(),
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    stdout(&output)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn of<'a>(moments: &'a [Value], kind: &str) -> Vec<&'a Value> {
    moments
        .iter()
        .filter(|moment| moment["moment"] == kind)
        .collect()
}

#[test]
fn a_bench_measures_every_export() {
    let home = Home::empty();
    let output = persona(&home, &["bench", &component("hype"), "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let cost: Value = serde_json::from_slice(&output.stdout).unwrap();
    let calls = cost["calls"].as_array().unwrap();
    let exports: Vec<&str> = calls
        .iter()
        .filter_map(|call| call["export"].as_str())
        .collect();
    assert_eq!(exports, ["on-context", "on-firehose", "reflect"]);
    for call in calls {
        assert!(call["call"]["median"].as_f64() > Some(0.0), "{call}");
        assert!(call["memory_bytes"].as_u64() >= Some(65_536), "{call}");
        assert!(call["record_bytes"].as_u64() > Some(1_000), "{call}");
    }
    assert!(calls[0]["state_bytes"].as_u64() > Some(0));
}
