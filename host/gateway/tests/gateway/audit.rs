//! What moderators did and the audit lacks.

use crate::{host::Host, requests::as_operator};
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use serde_json::json;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// What the audit lacks, as it is counted.
#[derive(Default)]
struct Unkept(Arc<AtomicU64>);

impl Recorder for Unkept {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        if key.name() == "chatter_verdicts_unkept_total" {
            return Counter::from_arc(Arc::clone(&self.0));
        }
        Counter::noop()
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[tokio::test]
async fn what_moderators_did_and_the_audit_lacks_is_counted() {
    // All of the gateway's tasks are on this thread.
    let unkept = Unkept::default();
    let _recorder = metrics::set_default_local_recorder(&unkept);
    // No folder is made where a file is.
    let file = tempfile::NamedTempFile::new().unwrap();
    let audit = file.path().to_owned();
    let host = Host::with(|config| config.audit = Some(audit)).await;
    let patch = json!({ "unique": true });
    assert_eq!(as_operator(&host, "PATCH", "/modes", patch).await.0, 200);
    assert_eq!(unkept.0.load(Ordering::SeqCst), 1);
}
