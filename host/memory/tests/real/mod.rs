//! The real Mem0, as a process that tests start and kill: `cargo xtask test --real` names the Python that
//! has it and the server of embeddings.

#![allow(dead_code, reason = "not every test uses all of it")]

use chatter_memory::{Api, Mem0, Mem0Config};
use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};
use tempfile::TempDir;

pub(crate) const KEY: &str = "m0-test-key";

/// A small model on a busy machine takes its time.
const PATIENCE: Duration = Duration::from_secs(60);

/// A Mem0 with a disk of its own.
pub(crate) struct RealMem0 {
    disk: TempDir,
    process: Option<Child>,
    address: String,
}

impl RealMem0 {
    pub(crate) fn start() -> Self {
        let mut mem0 = Self {
            disk: tempfile::tempdir().unwrap(),
            process: None,
            address: String::new(),
        };
        mem0.start_again();
        mem0
    }

    /// At the same address as before, over the same disk.
    pub(crate) fn start_again(&mut self) {
        let python = std::env::var("CHATTER_REAL_MEM0").expect("cargo xtask test --real sets it");
        let model = std::env::var("CHATTER_REAL_LLM").expect("cargo xtask test --real sets it");
        let port = self.address.rsplit(':').next().unwrap_or_default();
        let mut process = Command::new(python)
            .arg(script())
            .arg(self.disk.path())
            .arg(format!("{model}/v1"))
            .env("PORT", if port.is_empty() { "0" } else { port })
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // What it has to say about itself is long.
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut first = String::new();
        let stdout = process.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut first).unwrap();
        let address = first.trim().strip_prefix("listening on ");
        address.expect("Mem0 starts").clone_into(&mut self.address);
        self.process = Some(process);
    }

    /// As `kill -9` does.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn client(&self) -> Mem0 {
        let key = Some(chatter_http::Secret::new(KEY));
        let mut config = Mem0Config::new(Api::OpenSource, Some(self.address.clone().into()), key);
        config.search_wait = PATIENCE;
        Mem0::new(config).unwrap()
    }
}

impl Drop for RealMem0 {
    fn drop(&mut self) {
        self.kill();
    }
}

fn script() -> PathBuf {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR"));
    beside.join("../memory/tests/real/mem0_server.py")
}
