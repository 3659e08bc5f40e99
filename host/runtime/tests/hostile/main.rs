//! Hostile components: each costs its own call or its own file, and says why; the neighbours go on.
//!
//! `cargo test -p chatter-runtime --test hostile -- --nocapture` prints the table.

#![allow(
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test fails by what goes wrong, and the benchmark of neighbours shares its modules"
)]

mod cases;
#[path = "../common/mod.rs"]
mod common;
mod guest;

use cases::{Case, Ends, Export, Source};
use chatter_memory::Embedded;
use chatter_protocol::{
    CallRecord,
    call::{CallEnd, CallInput, Digest, LogLevel},
};
use chatter_runtime::{Call, Config, Personas, Runtime};
use common::{Scripted, built, call, message};
use std::{collections::BTreeMap, path::Path, sync::Arc};
use tempfile::TempDir;

/// What a record may hold at most, in bytes: what was handed in, what was logged, and little else.
const RECORD_BYTES: usize = 256 << 10;

/// What a reason may have at most, in bytes, whatever names a component has.
const REASON_BYTES: usize = 4096;

fn write(plugins: &Path, case: &Case) {
    let bytes = match &case.source {
        Source::Guest(guest) => guest.component(),
        Source::Text(text) => wat::parse_str(text).unwrap_or_else(|error| panic!("{error}")),
        Source::Bytes(bytes) => bytes.clone(),
        Source::Rascal(_) => return,
    };
    std::fs::write(plugins.join(format!("{}.wasm", case.name)), bytes).unwrap();
}

fn runtime(folder: &TempDir, model: Scripted) -> Runtime {
    let memory = Arc::new(Embedded::in_memory().unwrap());
    let (plugins, data) = (folder.path().join("plugins"), folder.path().join("data"));
    let mut config = Config::new(plugins, data, Arc::new(model), memory);
    // What would be refused by a call that is made to try it is to be contained all the same.
    config.smoke = false;
    Runtime::new(config).unwrap()
}

fn attack(case: &Case) -> Call {
    let mut attack = match case.source {
        Source::Rascal(style) => call("rascal", style),
        _ => call(&case.name, ""),
    };
    attack.input = match case.export {
        Export::OnContext => attack.input,
        Export::OnFirehose => CallInput::Firehose(vec![message(1, "hello")]),
        Export::Reflect => CallInput::Reflect(Digest {
            since: attack.turn.now,
            lines_said: 0,
            highlights: Vec::new(),
            memories: Vec::new(),
        }),
    };
    // Those that are to end by another bound must not end by this one on a slow machine.
    attack.limits.wall_ms = 120_000;
    if !matches!(case.ends, Ends::OutOfCpu) {
        attack.limits.cpu_ms = 10_000;
    }
    (case.limits)(&mut attack.limits);
    attack
}

/// Why it is not as expected.
fn unexpected(ends: Ends, end: &CallEnd) -> Option<String> {
    let (right, part) = match (ends, end) {
        (Ends::Returned, CallEnd::Returned { .. })
        | (Ends::OutOfCpu, CallEnd::OutOfCpu { .. })
        | (Ends::OutOfMemory, CallEnd::OutOfMemory { .. })
        | (Ends::TimedOut, CallEnd::TimedOut { .. }) => (true, ""),
        (Ends::Trapped(part), CallEnd::Trapped { .. })
        | (Ends::Invalid(part), CallEnd::Invalid { .. })
        | (Ends::Declined(part), CallEnd::Declined { .. }) => (true, part),
        _ => (false, ""),
    };
    (!right || !end.to_string().contains(part)).then(|| format!("{ends:?}, and it was: {end}"))
}

fn check_bounds(case: &Case, record: &CallRecord) -> Option<String> {
    let imports = serde_json::to_vec(&record.imports).unwrap().len();
    let log: usize = record.log.iter().map(|line| line.text.len()).sum();
    let most = record.limits.log_bytes as usize + 100;
    let end = record.end.to_string().len();
    if imports > RECORD_BYTES || log > most || end > REASON_BYTES {
        return Some(format!(
            "{}: {imports} bytes of questions, {log} of log, {end} of reason",
            case.name
        ));
    }
    if matches!(case.name.as_str(), "flood-log" | "flood-print") {
        let cut = record
            .log
            .last()
            .filter(|last| last.level == LogLevel::Warn);
        if !cut.is_some_and(|last| last.text.contains("cut off")) {
            return Some(format!(
                "{}: the log does not say that it was cut",
                case.name
            ));
        }
    }
    None
}

fn shorten(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(150) {
        Some((at, _)) => format!("{}...", &line[..at]),
        None => line,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_costs_itself_and_says_why() {
    let cases = cases::all();
    let names: BTreeMap<_, _> = cases.iter().map(|case| (&case.name, case)).collect();
    assert_eq!(names.len(), cases.len(), "a name twice");
    let folder = TempDir::new().unwrap();
    let plugins = folder.path().join("plugins");
    std::fs::create_dir(&plugins).unwrap();
    std::fs::copy(built("rascal"), plugins.join("rascal.wasm")).unwrap();
    for case in &cases {
        write(&plugins, case);
    }
    let answering = runtime(&folder, Scripted::Says("here I am"));
    answering.load_all().await.unwrap();
    let silent = runtime(&folder, Scripted::Hangs);
    silent.load_all().await.unwrap();

    let tenant = common::room().tenant();
    let mut wrong = Vec::new();
    println!("| what | becomes | reason |\n| --- | --- | --- |");
    for case in &cases {
        let row = |becomes: &str, reason: &str| {
            println!("| {} | {becomes} | {} |", case.what, shorten(reason));
        };
        if let Ends::Refused(part) = case.ends {
            match answering.module(&tenant, &case.name) {
                Err(reason) => {
                    row("not loaded", &reason);
                    if !reason.contains(part) || reason.len() > REASON_BYTES {
                        wrong.push(format!("{}: {part:?}, and it was: {reason}", case.name));
                    }
                }
                Ok(_) => wrong.push(format!("{}: {part:?}, and it was loaded", case.name)),
            }
            continue;
        }
        let runtime = match case.ends {
            Ends::TimedOut => &silent,
            _ => &answering,
        };
        let record = runtime.call(attack(case)).await;
        let becomes = match &record.end {
            CallEnd::Returned { .. } => "returned",
            CallEnd::Unavailable { .. } => "not loaded",
            _ => "call ended",
        };
        row(becomes, &record.end.to_string());
        wrong.extend(unexpected(case.ends, &record.end).map(|why| format!("{}: {why}", case.name)));
        wrong.extend(check_bounds(case, &record));
        let after = runtime.call(call("rascal", "behave")).await;
        if !matches!(after.end, CallEnd::Returned { .. }) {
            wrong.push(format!("after {}: {}", case.name, after.end));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
