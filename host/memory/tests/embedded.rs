//! The embedded memory keeps to what every memory promises, with a server of embeddings and without.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod conformance;

use chatter_memory::Embedded;
use conformance::{Subject, conformance};
use tempfile::TempDir;

struct File(TempDir);

impl Subject for File {
    type Memory = Embedded;

    async fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    async fn open(&self) -> Embedded {
        Embedded::open(&self.0.path().join("memory.db")).unwrap()
    }
}

conformance!(File);
