//! Personas in JavaScript and Python: what their SDKs promise, in the sandbox.
#![allow(clippy::unwrap_used, reason = "what goes wrong here fails the test")]

mod common;

use chatter_protocol::{
    CallRecord, Turn,
    call::{CallEnd, CallLimits, ImportRecord, LogLevel},
};
use chatter_runtime::{Call, Personas};
use common::{Bed, Scripted, bed, call, with_state};
use std::sync::Arc;

const BOTH: [&str; 2] = ["rascal-js", "rascal-py"];

/// Both, since Python takes long to compile: one test asks all there is to ask.
async fn rascals() -> Bed {
    bed(&BOTH, Arc::new(Scripted::Says("here I am")), |_| ()).await
}

/// A call that has the time it takes on a machine with other things to do.
fn unhurried(module: &str, style: &str) -> Call {
    let mut call = call(module, style);
    call.limits = CallLimits {
        cpu_ms: 60_000,
        wall_ms: 120_000,
        ..call.limits
    };
    call
}

fn said(record: &CallRecord) -> &str {
    match &record.end {
        CallEnd::Returned { outcome } => outcome.lines.first().map_or("", |line| &line.text),
        other => panic!("the call did not return: {other:?}"),
    }
}

fn declined(record: &CallRecord) -> &str {
    match &record.end {
        CallEnd::Declined { detail } => detail,
        other => panic!("the call was not declined: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn personas_in_javascript_and_python_keep_what_their_sdks_promise() {
    let bed = rascals().await;
    for module in BOTH {
        state_lives_on_and_nothing_else_does(&bed, module).await;
        the_same_call_gives_the_same_outcome(&bed, module).await;
        the_world_is_seen_as_it_is(&bed, module).await;
        mistakes_are_told_with_their_place(&bed, module).await;
        what_the_host_refuses_is_an_error_of_its_own_kind(&bed, module).await;
        what_is_printed_goes_to_the_log(&bed, module).await;
    }
}

async fn state_lives_on_and_nothing_else_does(bed: &Bed, module: &str) {
    let first = bed.runtime.call(unhurried(module, "behave")).await;
    assert_eq!(said(&first), "call 1 of my life, 1 of this instance");
    let CallEnd::Returned { outcome } = first.end else {
        panic!("{:?}", first.end)
    };
    let state = outcome.state.unwrap();
    assert_eq!(
        (state.version, &*state.bytes),
        (3, br#"{"calls":1}"#.as_slice()),
        "{module}"
    );
    let next = with_state(&unhurried(module, "behave"), state);
    let second = bed.runtime.call(next).await;
    assert_eq!(said(&second), "call 2 of my life, 1 of this instance");
}

async fn the_same_call_gives_the_same_outcome(bed: &Bed, module: &str) {
    let dice = |seed: u64, later: i64| {
        let mut call = unhurried(module, "dice");
        let mut turn = Turn::clone(&call.turn);
        turn.seed = seed;
        turn.now = chatter_protocol::Timestamp::from_millis(turn.now.as_millis() + later);
        call.turn = Arc::new(turn);
        call
    };
    let first = bed.runtime.call(dice(7, 0)).await;
    let again = bed.runtime.call(dice(7, 0)).await;
    assert_eq!(first.end, again.end, "{module}");
    let words: Vec<_> = said(&first).split(' ').collect();
    assert_ne!(words[0], words[1], "{module}: two streams of numbers");
    assert_eq!(
        words[2..4],
        ["0", "2025"],
        "{module}: the clock is the turn's"
    );
    let other = bed.runtime.call(dice(8, 0)).await;
    let others: Vec<_> = said(&other).split(' ').collect();
    assert_ne!(
        words[..2],
        others[..2],
        "{module}: another seed, other throws"
    );
    let year = bed.runtime.call(dice(7, 366 * 86_400_000)).await;
    assert_eq!(said(&year).split(' ').nth(3), Some("2026"), "{module}");
}

async fn the_world_is_seen_as_it_is(bed: &Bed, module: &str) {
    let record = bed.runtime.call(unhurried(module, "see")).await;
    let wanted = match module {
        "rascal-js" => "Nova 0.9 20 viewer hype  100 true",
        _ => "Nova 0.9 20 VIEWER True hype None 100 True",
    };
    assert_eq!(said(&record), wanted);
}

async fn mistakes_are_told_with_their_place(bed: &Bed, module: &str) {
    let cases: &[(&str, &str)] = match module {
        "rascal-js" => &[
            (
                "throw",
                "cannot read property 'first' of undefined at src/deeper.js:4:10 in deeper",
            ),
            ("words", "thrown: just words"),
            (
                "nothing",
                "onContext returned nothing; return say(\"...\") or silent(\"why\")",
            ),
        ],
        _ => &[
            (
                "throw",
                "'Turn' object has no attribute 'moods' at deeper.py:5 in deeper",
            ),
            ("exit", "SystemExit: enough at rascal.py:45 in on_context"),
            (
                "nothing",
                "on_context returned nothing; return say(\"...\") or silent(\"why\")",
            ),
        ],
    };
    for (style, wanted) in cases {
        let record = bed.runtime.call(unhurried(module, style)).await;
        assert!(
            declined(&record).contains(wanted),
            "{module} {style}: {}",
            declined(&record)
        );
    }
    let record = bed.runtime.call(unhurried(module, "throw")).await;
    let told = record
        .log
        .iter()
        .find(|line| line.level == LogLevel::Error)
        .unwrap();
    let way = match module {
        "rascal-js" => ["src/deeper.js:4:10 in deeper", "src/persona.js:23:"],
        _ => ["rascal.py:43 in on_context", "deeper.py:5 in deeper"],
    };
    for step in way {
        assert!(told.text.contains(step), "{module}: {}", told.text);
    }
}

async fn what_the_host_refuses_is_an_error_of_its_own_kind(bed: &Bed, module: &str) {
    let record = bed.runtime.call(unhurried(module, "ask")).await;
    let done = if module == "rascal-js" {
        "\"done\""
    } else {
        "None"
    };
    assert_eq!(
        said(&record),
        format!("llm refused, memory refused, {done}, [], here I am, 3 left")
    );
    let asked = record.imports.iter().filter_map(|import| match import {
        ImportRecord::Remember { request, answer } => Some((request, answer)),
        _ => None,
    });
    let [(_, Err(_)), (remembered, Ok(()))] = asked.collect::<Vec<_>>()[..] else {
        panic!("{:?}", record.imports)
    };
    assert_eq!(remembered.about.as_ref().unwrap().as_str(), "guest:ana");
    assert!(remembered.source.is_some());
    let record = bed.runtime.call(unhurried(module, "uncaught")).await;
    let CallEnd::Returned { outcome } = &record.end else {
        panic!("{:?}", record.end)
    };
    assert_eq!(
        outcome.silent_because.as_deref(),
        Some("the language model refused the request"),
        "{module}"
    );
}

async fn what_is_printed_goes_to_the_log(bed: &Bed, module: &str) {
    let record = bed.runtime.call(unhurried(module, "print")).await;
    let lines: Vec<_> = record
        .log
        .iter()
        .map(|line| (line.level, line.text.as_str()))
        .collect();
    let wanted: &[_] = match module {
        "rascal-js" => &[
            (LogLevel::Info, "printed {\"a\":1}"),
            (LogLevel::Warn, "warned"),
        ],
        _ => &[
            (LogLevel::Info, "printed {'a': 1}"),
            (LogLevel::Warn, "warned"),
            (LogLevel::Error, "logged"),
        ],
    };
    assert_eq!(lines, wanted, "{module}");
}
