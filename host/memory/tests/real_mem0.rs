//! The real package `mem0ai`, put to what every memory promises: `cargo xtask test --real`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod conformance;
mod real;

use chatter_memory::{Guarded, Mem0};
use conformance::{Subject, conformance};
use real::RealMem0;
use std::sync::{
    Mutex,
    atomic::{AtomicBool, Ordering},
};

/// With whether it was opened before.
struct Real(Mutex<RealMem0>, AtomicBool);

impl Subject for Real {
    type Memory = Guarded<Mem0>;

    async fn new() -> Self {
        Self(Mutex::new(RealMem0::start()), AtomicBool::new(false))
    }

    /// Whoever opens it again finds a server that was killed and started anew.
    async fn open(&self) -> Guarded<Mem0> {
        let mut mem0 = self.0.lock().unwrap();
        if self.1.swap(true, Ordering::SeqCst) {
            mem0.kill();
            mem0.start_again();
        }
        Guarded::mem0(mem0.client()).unwrap()
    }
}

conformance!(
    #[ignore = "needs Mem0: cargo xtask test --real"]
    Real
);
