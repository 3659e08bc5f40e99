//! Personas that misbehave: what becomes of their call, and that the others go on.

mod common;

use async_trait::async_trait;
use chatter_llm::{About, Asker, LanguageModel};
use chatter_protocol::{
    CallRecord,
    call::{CallEnd, ImportRecord},
    llm,
};
use chatter_runtime::Personas;
use common::{Bed, Scripted, bed, call, with_state};
use std::{sync::Arc, time::Duration};
use tokio::sync::Notify;

async fn rascal() -> Bed {
    bed(&["rascal"], Arc::new(Scripted::Says("here I am")), |_| ()).await
}

fn said(record: &CallRecord) -> &str {
    match &record.end {
        CallEnd::Returned { outcome } => &outcome.lines[0].text,
        other => panic!("the call did not return: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_misdeed_costs_its_own_call_and_nothing_else() {
    let bed = rascal().await;
    type Expected = fn(&CallEnd) -> bool;
    let cases: [(&str, Expected); 11] = [
        ("loop", |end| {
            matches!(end, CallEnd::OutOfCpu { cpu_ms: 100 })
        }),
        ("eat", |end| matches!(end, CallEnd::OutOfMemory { .. })),
        (
            "recurse",
            |end| matches!(end, CallEnd::Trapped { detail } if detail.contains("rascal::deeper")),
        ),
        (
            "panic",
            |end| matches!(end, CallEnd::Trapped { detail } if detail.ends_with("told to panic") && detail.contains("rascal") && !detail.contains("abort")),
        ),
        (
            "exit",
            |end| matches!(end, CallEnd::Trapped { detail } if detail.contains("exit")),
        ),
        (
            "decline",
            |end| matches!(end, CallEnd::Declined { detail } if detail == "told to decline"),
        ),
        (
            "many",
            |end| matches!(end, CallEnd::Invalid { detail } if detail.starts_with("lines: 10")),
        ),
        (
            "lines",
            |end| matches!(end, CallEnd::Invalid { detail } if detail == "lines[0].text: more than one line"),
        ),
        (
            "long",
            |end| matches!(end, CallEnd::Invalid { detail } if detail.starts_with("lines[0].text: longer")),
        ),
        (
            "hoard",
            |end| matches!(end, CallEnd::Invalid { detail } if detail.starts_with("state:")),
        ),
        ("flood", |end| matches!(end, CallEnd::Returned { .. })),
    ];
    for (style, expected) in cases {
        let mut bad = call("rascal", style);
        if style != "loop" {
            // Each is to end by its own bound, also on a machine that has other things to do.
            bad.limits.cpu_ms = 10_000;
            bad.limits.wall_ms = 60_000;
        }
        let (misdeed, neighbour) = tokio::join!(
            bed.runtime.call(bad),
            bed.runtime.call(call("rascal", "behave"))
        );
        assert!(expected(&misdeed.end), "{style}: {:?}", misdeed.end);
        assert_eq!(
            said(&neighbour),
            "call 1 of my life, 1 of this instance",
            "beside {style}"
        );
        let after = bed.runtime.call(call("rascal", "behave")).await;
        assert_eq!(
            said(&after),
            "call 1 of my life, 1 of this instance",
            "after {style}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_leaves_its_words_in_the_log() {
    let record = rascal().await.runtime.call(call("rascal", "panic")).await;
    assert!(
        record
            .log
            .iter()
            .any(|line| line.text.contains("told to panic")),
        "{:?}",
        record.log
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_log_lines_is_cut_off() {
    let mut flood = call("rascal", "flood");
    flood.limits.cpu_ms = 10_000;
    let record = rascal().await.runtime.call(flood).await;
    let bytes: usize = record.log.iter().map(|line| line.text.len()).sum();
    assert!(bytes <= record.limits.log_bytes as usize + 100, "{bytes}");
    assert!(record.log.last().unwrap().text.contains("cut off"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_persona_sees_nothing_of_the_machine() {
    let record = rascal().await.runtime.call(call("rascal", "look")).await;
    assert_eq!(
        said(&record),
        "files false, written false, sockets false, environment 0, threads false"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sleep_returns_at_once_and_moves_the_clock() {
    let record = rascal().await.runtime.call(call("rascal", "sleep")).await;
    assert_eq!(said(&record), "slept 3600 s, 3600 s passed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_call_gives_the_same_outcome() {
    let bed = rascal().await;
    let first = bed.runtime.call(call("rascal", "dice")).await;
    let second = bed.runtime.call(call("rascal", "dice")).await;
    assert_eq!(first.end, second.end);
    let mut other = call("rascal", "dice");
    let mut turn = chatter_protocol::Turn::clone(&other.turn);
    turn.seed += 1;
    other.turn = Arc::new(turn);
    assert_ne!(
        said(&first),
        said(&bed.runtime.call(other).await),
        "another seed, another throw"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_returned_state_lives_on() {
    let bed = rascal().await;
    let first = bed.runtime.call(call("rascal", "behave")).await;
    let CallEnd::Returned { outcome } = first.end else {
        panic!("{:?}", first.end)
    };
    let state = outcome.state.unwrap();
    assert_eq!(state.version, 3);
    let second = bed
        .runtime
        .call(with_state(&call("rascal", "behave"), state))
        .await;
    assert_eq!(said(&second), "call 2 of my life, 1 of this instance");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_asked_and_answered_is_in_the_record() {
    let record = rascal().await.runtime.call(call("rascal", "ask")).await;
    assert_eq!(said(&record), "here I am");
    let [
        ImportRecord::Complete {
            request, answer, ..
        },
    ] = record.imports.as_slice()
    else {
        panic!("{:?}", record.imports)
    };
    assert_eq!(request.messages[0].content, "anyone there?");
    assert_eq!(answer.as_ref().unwrap().text, "here I am");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_without_budget_is_told_so() {
    let bed = rascal().await;
    let mut poor = call("rascal", "ask");
    poor.limits.llm_calls = 0;
    let record = bed.runtime.call(poor).await;
    assert_eq!(said(&record), "no answer: no language model budget is left");
    assert!(matches!(
        record.imports[0],
        ImportRecord::Complete {
            answer: Err(llm::Error::OverBudget),
            ..
        }
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_has_an_end_too() {
    let bed = bed(&["rascal"], Arc::new(Scripted::Hangs), |_| ()).await;
    let mut patient = call("rascal", "ask");
    patient.limits.wall_ms = 200;
    let record = bed.runtime.call(patient).await;
    assert_eq!(record.end, CallEnd::TimedOut { wall_ms: 200 });
    assert!(
        record.times.cpu_ticks <= 2,
        "waiting was counted as computing: {:?}",
        record.times
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_pool_is_a_queue_with_a_deadline() {
    let bed = bed(&["rascal"], Arc::new(Scripted::Hangs), |config| {
        config.pool.calls = 1;
        config.pool.queue = Duration::from_millis(50);
    })
    .await;
    let hanging = tokio::spawn({
        let runtime = bed.runtime.clone();
        async move {
            let mut patient = call("rascal", "ask");
            patient.limits.wall_ms = 5_000;
            runtime.call(patient).await
        }
    });
    let busy = loop {
        let record = bed.runtime.call(call("rascal", "behave")).await;
        if record.end == CallEnd::Busy {
            break record;
        }
    };
    assert!(busy.imports.is_empty());
    // A call that is given up frees its place.
    hanging.abort();
    let _ = hanging.await;
    assert_eq!(
        said(&bed.runtime.call(call("rascal", "behave")).await),
        "call 1 of my life, 1 of this instance"
    );
}

/// A model that never answers, and tells when it is asked.
#[derive(Default)]
struct Silent {
    asked: Notify,
}

#[async_trait]
impl LanguageModel for Silent {
    async fn complete(
        &self,
        _: &llm::Request,
        _: &Asker,
        _: u64,
        _: Duration,
    ) -> Result<llm::Completion, llm::Error> {
        self.asked.notify_one();
        std::future::pending().await
    }

    fn about(&self) -> About {
        About {
            model: "silent".into(),
            place: "in the test".into(),
            offline: true,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_finds_no_place_to_wait_for_the_model_is_told_so() {
    let model = Arc::new(Silent::default());
    let bed = bed(&["rascal"], model.clone(), |config| {
        config.pool.calls = 2;
        config.pool.waiting = 1;
    })
    .await;
    let runtime = bed.runtime.clone();
    let waiting = tokio::spawn(async move { runtime.call(call("rascal", "ask")).await });
    model.asked.notified().await;
    let record = bed.runtime.call(call("rascal", "ask")).await;
    assert_eq!(said(&record), "no answer: the language model is busy");
    let [ImportRecord::Complete { asked, answer, .. }] = record.imports.as_slice() else {
        panic!("{:?}", record.imports)
    };
    assert_eq!((*asked, answer), (false, &Err(llm::Error::Busy)));
    waiting.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_of_too_many_messages_is_refused() {
    let record = rascal().await.runtime.call(call("rascal", "ramble")).await;
    assert_eq!(
        said(&record),
        "no answer: the language model refused the request"
    );
    let [ImportRecord::Complete { asked, answer, .. }] = record.imports.as_slice() else {
        panic!("{:?}", record.imports)
    };
    let why = "a request may have 64 messages, this one has 65".into();
    assert_eq!((*asked, answer), (false, &Err(llm::Error::Refused(why))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_would_be_given_too_much_is_not_made() {
    let bed = rascal().await;
    let mut long = call("rascal", "behave");
    long.limits.input_bytes = 1;
    let record = bed.runtime.call(long.clone()).await;
    let CallEnd::Unavailable { detail } = &record.end else {
        panic!("{:?}", record.end)
    };
    let given = detail.split_whitespace().find_map(|word| word.parse().ok());
    let given: u32 = given.unwrap();
    assert!(detail.contains("its limit (input_bytes) is 1"), "{detail}");
    for (input_bytes, is_made) in [(given - 1, false), (given, true)] {
        long.limits.input_bytes = input_bytes;
        let end = bed.runtime.call(long.clone()).await.end;
        let returned = matches!(end, CallEnd::Returned { .. });
        assert_eq!(returned, is_made, "{given} bytes of {input_bytes}: {end}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_is_made_again_hears_the_same() {
    let bed = rascal().await;
    let mut poor = call("rascal", "ask");
    poor.limits.llm_calls_per_minute = 1;
    // What was left of the minute's tokens lowers what is asked for.
    poor.limits.llm_tokens_per_minute = 7;
    let answers = ["here I am", "no answer: no language model budget is left"];
    for expected in answers {
        let live = bed.runtime.call(poor.clone()).await;
        assert_eq!(said(&live), expected);
        for _ in 0..2 {
            let again = bed.runtime.repeat(poor.clone(), live.imports.clone()).await;
            assert_eq!(said(&again), expected, "made again");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asking_without_end_does_not_fill_the_record() {
    let bed = rascal().await;
    let mut pushy = call("rascal", "pester");
    pushy.limits.cpu_ms = 10_000;
    let record = bed.runtime.call(pushy).await;
    assert!(said(&record).starts_with("gave up"), "{}", said(&record));
    let answered =
        |import: &&ImportRecord| matches!(import, ImportRecord::Complete { answer: Ok(_), .. });
    assert_eq!(
        record.imports.iter().filter(answered).count(),
        record.limits.llm_calls as usize
    );
    let bytes = serde_json::to_vec(&record.imports).unwrap().len();
    assert!(bytes < 200_000, "{bytes} bytes of questions and answers");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_asks_without_end_is_answered_alike_when_it_is_made_again() {
    let bed = rascal().await;
    let mut poor = call("rascal", "ask");
    poor.limits.llm_tokens_per_minute = 10;
    bed.runtime.call(poor).await;
    let mut pushy = call("rascal", "pester");
    pushy.limits.cpu_ms = 10_000;
    // What is left grows while it asks.
    pushy.limits.llm_tokens_per_minute = 4_000_000_000;
    pushy.limits.llm_tokens = u32::MAX;
    let first = bed.runtime.call(pushy.clone()).await;
    let again = bed.runtime.repeat(pushy, first.imports.clone()).await;
    // The words of the persona tell all that it was told.
    assert_eq!(said(&again), said(&first));
    let untimed = |record: CallRecord| {
        let mut imports = record.imports;
        for import in &mut imports {
            if let ImportRecord::Complete { took_us, .. } = import {
                *took_us = 0;
            }
        }
        imports
    };
    assert_eq!(untimed(again), untimed(first));
}
