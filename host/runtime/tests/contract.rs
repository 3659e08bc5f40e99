//! Components built for different versions of the contract, side by side.

mod common;

use chatter_protocol::{
    CallRecord, Timestamp,
    call::{CallEnd, CallInput, Digest, LogLevel, Outcome},
    memory,
    persona::Calls,
};
use chatter_runtime::{CONTRACTS, Call, Personas};
use common::{Scripted, bed, call, message, tenant};
use std::sync::Arc;

fn outcome(record: CallRecord) -> Outcome {
    match record.end {
        CallEnd::Returned { outcome } => outcome,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_versions_are_spoken_at_the_same_time() {
    let bed = bed(
        &["rascal", "veteran"],
        Arc::new(Scripted::Says("ahoy")),
        |_| (),
    )
    .await;
    assert_eq!(CONTRACTS, ["0.2.0", "0.1.0"]);

    let rascal = bed.runtime.module(&tenant(), "rascal").unwrap().module;
    assert_eq!(rascal.contract, "0.2.0");
    let wanted = Calls {
        reflect: false,
        ..Calls::ALL
    };
    assert_eq!(rascal.calls, wanted);
    let veteran = bed.runtime.module(&tenant(), "veteran").unwrap().module;
    assert_eq!((&*veteran.contract, &*veteran.version), ("0.1.0", "0.1.9"));
    assert_eq!(veteran.calls, Calls::ALL);

    let new = outcome(bed.runtime.call(call("rascal", "limits")).await);
    assert_eq!(
        new.lines[0].text,
        "3 lines, 4 calls, 1000 tokens, 8 searches, 8 writes, 100 ms"
    );
    let record = bed.runtime.call(call("veteran", "")).await;
    assert_eq!(record.module, veteran);
    assert_eq!(record.imports.len(), 4, "{:?}", record.imports);
    assert_eq!(record.log[0].level, LogLevel::Warn);
    assert_eq!(record.log[0].text, "as in the old days");
    let old = outcome(record);
    assert_eq!(
        old.lines[0].text,
        "ahoy; 3 calls left, 20 recent, 0 known, 3 lines at most"
    );
    assert_eq!(old.memories[0].text, "the boat again");
    let state = old.state.unwrap();
    assert_eq!((state.version, &state.bytes[..]), (5, &[0, 0, 0][..]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_export_of_an_older_version_is_called_with_what_it_knows() {
    let bed = bed(&["veteran"], Arc::new(Scripted::Says("ahoy")), |_| ()).await;
    let on = |input| Call {
        input,
        ..call("veteran", "")
    };
    let heard = vec![message(1, "hello"), message(3, "who is there?")];
    let silent = outcome(bed.runtime.call(on(CallInput::Firehose(heard))).await);
    assert_eq!(silent.silent_because.as_deref(), Some("heard 2"));

    let known = memory::Entry {
        id: "m1".into(),
        entry: memory::NewEntry {
            kind: memory::Kind::Preference,
            text: "Ana likes boats".into(),
            about: Some("guest:ana-5f3c".parse().unwrap()),
            confidence: 1.0,
            source: None,
        },
        at: Timestamp::from_millis(1_760_000_000_000),
        score: 1.0,
    };
    let digest = Digest {
        since: Timestamp::from_millis(1_760_000_000_000),
        lines_said: 3,
        highlights: vec![message(5, "nova!")],
        memories: vec![known],
    };
    let reflected = outcome(bed.runtime.call(on(CallInput::Reflect(digest))).await);
    assert_eq!(reflected.memories[0].text, "still: Ana likes boats");
    assert_eq!(reflected.trait_deltas["humour"], 0.1);
    assert_eq!(reflected.relationship_deltas["guest:ana-5f3c"], -0.1);
}
