//! A call is a transaction: wherever it is killed, nothing of it is found afterwards, and the next
//! one works as if it had never been. Real component, real store, real memory.
//!
//! "Nothing" is taken literally: not one byte of the files of store and memory may differ.

mod bed;
mod faults;

use crate::support::Fault;
use bed::Bed;
use chatter_protocol::{CallRecord, call::CallEnd};
use futures_util::FutureExt as _;
use std::{sync::atomic::Ordering, time::Duration};
use tokio::time::sleep;

/// How many questions `host/runtime/tests/martyr` puts to its host in one call.
const STEPS: usize = 14;

/// After how many of these steps so many questions and log lines are on record, for each number of
/// steps: this is how a test sees that the call died where it was to die.
const ON_RECORD: [(usize, usize); STEPS + 1] = [
    (0, 0), // nothing yet
    (0, 1), // log
    (1, 1), // remaining
    (2, 1), // complete
    (3, 1), // search
    (4, 1), // remember
    (4, 1), // the wall clock
    (4, 1), // the monotonic clock
    (4, 1), // randomness
    (4, 2), // standard output
    (4, 3), // standard error
    (4, 3), // sleep
    (5, 3), // complete
    (6, 3), // remember
    (6, 4), // log
];

fn progress(record: &CallRecord) -> (usize, usize) {
    (record.imports.len(), record.log.len())
}

/// A call that lives: all of it is kept, and it tells of this many calls.
async fn lives(bed: &Bed, calls: &mut u32, after: &str) {
    *calls += 1;
    let (before, delivered) = (bed.kept(), bed.memory.delivered());
    let record = bed.call("live").await;
    assert_eq!(progress(&record), ON_RECORD[STEPS], "{after}");
    assert!(
        matches!(record.end, CallEnd::Returned { .. }),
        "{after}: {:?}",
        record.end
    );
    is_kept(bed, *calls, delivered, after).await;
    assert!(bed.kept() != before, "what is kept can be seen");
}

/// Exactly this call's outcome was added to what was there.
async fn is_kept(bed: &Bed, calls: u32, delivered: usize, after: &str) {
    bed.deliver().await;
    assert_eq!(bed.take_lines().await, [format!("call {calls}")], "{after}");
    assert_eq!(
        bed.calls_stored().await,
        format!(r#"{{"calls":{calls}}}"#),
        "{after}"
    );
    assert_eq!(bed.memory.delivered(), delivered + 2, "{after}");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_dies_at_any_of_its_host_calls_leaves_no_trace() {
    type Died = fn(&CallEnd) -> bool;
    let ways: [(&str, Died); 5] = [
        ("trap", |end| matches!(end, CallEnd::Trapped { .. })),
        ("exit", |end| matches!(end, CallEnd::Trapped { .. })),
        ("spin", |end| matches!(end, CallEnd::OutOfCpu { .. })),
        ("wait", |end| matches!(end, CallEnd::TimedOut { .. })),
        ("decline", |end| matches!(end, CallEnd::Declined { .. })),
    ];
    let bed = Bed::open().await;
    let mut chat = bed.listen_to_chat().await;
    let mut calls = 0;
    lives(&bed, &mut calls, "at first").await;
    for (after, seen) in ON_RECORD.into_iter().enumerate() {
        for (way, died) in ways {
            let style = format!("{way} {after}");
            let before = bed.kept();
            let record = bed.call(&style).await;
            assert!(died(&record.end), "{style}: {:?}", record.end);
            assert_eq!(progress(&record), seen, "{style}");
            assert!(record.submitted.is_empty(), "{style}");
            assert!(bed.kept() == before, "{style} left a trace");
        }
        lives(&bed, &mut calls, &format!("after {after} steps")).await;
    }
    assert!(chat.next().now_or_never().is_none(), "nobody said anything");
}

/// The host itself ends the call within one of its functions: by refusing arguments that are too
/// large to be taken, or because it panics.
#[tokio::test(start_paused = true)]
async fn a_call_that_the_host_breaks_off_leaves_no_trace() {
    let bed = Bed::open().await;
    let mut calls = 0;
    lives(&bed, &mut calls, "at first").await;
    // log, complete, search, remember, and the last three again
    for step in [1, 3, 4, 5, 12, 13, 14] {
        let style = format!("choke {step}");
        let before = bed.kept();
        let record = bed.call(&style).await;
        assert!(
            matches!(record.end, CallEnd::Trapped { .. }),
            "{style}: {:?}",
            record.end
        );
        assert_eq!(progress(&record), ON_RECORD[step - 1], "{style}");
        assert!(bed.kept() == before, "{style} left a trace");
        lives(&bed, &mut calls, &style).await;
    }
    for (what, panics) in [
        ("the model", &bed.model.panics),
        ("the memory", &bed.memory.panics),
    ] {
        let before = bed.kept();
        panics.store(true, Ordering::SeqCst);
        let work = bed.begin("live").await;
        while panics.load(Ordering::SeqCst) {
            sleep(Duration::from_millis(1)).await;
        }
        work.end().await;
        assert!(bed.kept() == before, "{what} panicked and left a trace");
        lives(&bed, &mut calls, what).await;
    }
}

/// The worker ends while the call waits for an answer, after any number of steps.
#[tokio::test(start_paused = true)]
async fn a_call_whose_worker_ends_leaves_no_trace() {
    let bed = Bed::open().await;
    let mut calls = 0;
    lives(&bed, &mut calls, "at first").await;
    for after in 0..=STEPS {
        let before = bed.kept();
        let mut work = bed.begin(&format!("wait {after}")).await;
        bed.memory.waits.notified().await;
        assert!(
            work.records.next().now_or_never().is_none(),
            "it is under way"
        );
        work.end().await;
        assert!(
            bed.kept() == before,
            "dropped after {after} steps, with a trace"
        );
    }
    lives(&bed, &mut calls, "after all").await;
}

/// Between the return of a call and the answer to its commit: whatever happens there, all of the
/// call is kept once, or nothing is.
#[tokio::test(start_paused = true)]
async fn a_commit_that_goes_wrong_is_kept_as_a_whole_or_not_at_all() {
    // The fault, whether the worker is ended while it waits, and whether all is kept.
    let cases = [
        (Fault::Away, false, false),
        (Fault::Silent, false, false),
        (Fault::Silent, true, false),
        (Fault::AnswerLost, false, true),
        (Fault::KeptAndSilent, false, true),
        (Fault::KeptAndSilent, true, true),
    ];
    let bed = Bed::open().await;
    let mut calls = 0;
    lives(&bed, &mut calls, "at first").await;
    for (fault, ends, kept) in cases {
        let what = format!("{fault:?}, the worker ends: {ends}");
        let (before, delivered) = (bed.kept(), bed.memory.delivered());
        // Whoever was told of a commit before does not count.
        let _ = bed.store.silent.notified().now_or_never();
        *bed.store.fault.lock().unwrap() = Some(fault);
        if ends {
            let work = bed.begin("live").await;
            bed.store.silent.notified().await;
            work.end().await;
        } else {
            let record = bed.call("live").await;
            assert!(matches!(record.end, CallEnd::Returned { .. }), "{what}");
            assert_eq!(
                record.submitted.len(),
                usize::from(fault == Fault::AnswerLost),
                "{what}"
            );
        }
        *bed.store.fault.lock().unwrap() = None;
        if kept {
            calls += 1;
            if ends {
                // Nobody was left to take the memories to where they belong: the next worker does.
                assert_eq!(bed.take_lines().await, [format!("call {calls}")], "{what}");
                let next = bed.begin("decline 0").await;
                bed.deliver().await;
                next.end().await;
                assert_eq!(bed.memory.delivered(), delivered + 2, "{what}");
            } else {
                is_kept(&bed, calls, delivered, &what).await;
            }
        } else {
            assert!(bed.kept() == before, "{what}: it left a trace");
        }
        lives(&bed, &mut calls, &what).await;
    }
}
