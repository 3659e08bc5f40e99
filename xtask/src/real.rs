//! Tests against services as they really are, with real weights. They need downloads of hundreds of
//! megabytes (kept under `target/real` for the next time) and minutes, so they stand apart from
//! `cargo xtask test`.
//!
//! Such a test is one that cargo ignores unless it is asked for it, in a test target whose name begins
//! with `real_`. It finds its services by the environment: [`MODEL`] for the language model, [`MEM0`] for Mem0.

use crate::{
    personas, python, repo, setup,
    steps::{Steps, cargo, command, run as run_command},
};
use anyhow::{Context, Error, Result, anyhow, bail};
use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, ExitStatus, Stdio},
};

/// Names the language model's server to the tests, as `http://127.0.0.1:PORT`.
pub(crate) const MODEL: &str = "CHATTER_REAL_LLM";

/// Names the Python that has Mem0's package to the tests, which start Mem0 themselves: they kill it too.
const MEM0: &str = "CHATTER_REAL_MEM0";

/// Where downloads and logs of real services are kept.
fn folder() -> PathBuf {
    repo::target().join("real")
}

/// All of them.
pub(crate) fn run() -> Result<()> {
    let mut steps = Steps::new();
    steps.step("set-up", setup::personas)?;
    steps.step("personas", personas::build)?;
    let all = ["test", "--locked", "--workspace", "--test", "real_*"];
    steps.step("tests: build", || {
        run_command(cargo().args(all).arg("--no-run"))
    })?;
    // Else each program that a test starts would compile them first.
    steps.step("personas: compiled ahead", personas::compile_by_tested)?;
    let mem0 = steps.step("Mem0", || {
        let wanted = repo::root().join("xtask/src/real/mem0-requirements.txt");
        python::environment(&folder().join("mem0"), &wanted).context(
            "Mem0 can't be installed; what is listed is for CPython 3.11 on Linux on x86-64",
        )
    })?;
    // A server of their own each: one that had made many embeddings was seen to end in the midst of completions.
    for (server, tests, targets) in [
        (
            "server for the language model",
            "tests: language model",
            "real_llm",
        ),
        ("server for Mem0", "tests: Mem0", "real_mem*"),
    ] {
        let mut model = steps.step(server, Llama::start)?;
        steps.step(tests, || {
            run_command(
                cargo()
                    .args(["test", "--locked", "--workspace", "--test", targets])
                    .env(MODEL, &model.address)
                    .env(MEM0, &mem0)
                    .args(["--", "--ignored", "--test-threads", "1", "--nocapture"]),
            )
            .map_err(|failed| model.has_ended().unwrap_or(failed))
        })?;
    }
    steps.summary(true);
    Ok(())
}

/// Runs the language model alone until ctrl-C.
pub(crate) fn llama() -> Result<()> {
    setup::python()?;
    let mut model = Llama::start()?;
    println!(
        "A language model with real weights, until ctrl-C:\n\n    cargo xtask demo -- --llm openai --llm-model smollm2 --llm-base-url {}/v1\n",
        model.address
    );
    // It ends when its input does, and `wait` would close that.
    let _input = model.process.stdin.take();
    let status = model.process.wait().context("can't wait for it")?;
    Err(ended(status))
}

fn ended(status: ExitStatus) -> Error {
    anyhow!(
        "the language model's server ended by itself ({status}); see {}",
        log().display()
    )
}

fn log() -> PathBuf {
    folder().join("llama.log")
}

/// llama.cpp's server with SmolLM2-135M-Instruct, for completions (`/v1/chat/completions`) and
/// embeddings (`/v1/embeddings`). Ends with its owner.
pub(crate) struct Llama {
    process: Child,
    /// `http://127.0.0.1:PORT`
    pub(crate) address: String,
    /// How many threads it has, in words.
    pub(crate) threads: String,
}

impl Llama {
    /// Installs it if it isn't yet, and starts it on a free port. Once this returns, it answers.
    pub(crate) fn start() -> Result<Self> {
        let here = repo::root().join("xtask/src/real");
        let python = python::environment(&folder().join("llama"), &here.join("requirements.txt"))?;
        let errors =
            File::create(log()).with_context(|| format!("can't write {}", log().display()))?;
        let mut process = command(python)
            .arg(here.join("llama.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .context("can't start the language model")?;
        let mut first = String::new();
        if let Some(stdout) = process.stdout.take() {
            BufReader::new(stdout).read_line(&mut first)?;
        }
        let said = first.trim().strip_prefix("listening on ");
        match said.and_then(|said| said.split_once(" with ")) {
            Some((address, threads)) => Ok(Self {
                address: address.to_owned(),
                threads: threads.to_owned(),
                process,
            }),
            None => {
                let _ = process.kill();
                let _ = process.wait();
                let why = fs::read_to_string(log()).unwrap_or_default();
                bail!("the language model did not start: {}", why.trim())
            }
        }
    }

    /// What is wrong, if it is no longer there.
    pub(crate) fn has_ended(&mut self) -> Option<Error> {
        self.process.try_wait().ok().flatten().map(ended)
    }
}

impl Drop for Llama {
    fn drop(&mut self) {
        // Its own business has no end.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
