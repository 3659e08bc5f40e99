//! Benchmarks.

use crate::{
    personas, setup,
    steps::{cargo, run as run_command},
};
use anyhow::Result;

/// How much the host adds to one persona call. Extra words go to the benchmark.
pub(crate) fn run(extra: &[&str]) -> Result<()> {
    setup::toolchain()?;
    personas::build_with_tests()?;
    let extra = extra.strip_prefix(&["--"]).unwrap_or(extra);
    run_command(
        cargo()
            .args([
                "bench",
                "--locked",
                "--package",
                "chatter-runtime",
                "--bench",
                "call",
                "--",
            ])
            .args(extra),
    )
}
