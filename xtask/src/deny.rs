//! Licences, advisories, sources: `deny.toml` says what is allowed.

use crate::{
    setup,
    steps::{cargo, run as run_command},
};
use anyhow::Result;

/// Checks all dependencies. Not part of `test`: the answer depends on today's advisories, not on
/// the change.
pub(crate) fn run() -> Result<()> {
    setup::cargo_subcommand("deny")?;
    run_command(cargo().args(["deny", "--workspace", "check"]))
}
