//! Licences, advisories, sources: `deny.toml` says what is allowed.

use crate::{
    setup,
    steps::{cargo, run as run_command},
};
use anyhow::Result;

/// Checks all dependencies. Not part of `test`: the answer depends on today's advisories, not on
/// the change. What is known of advisories comes from GitHub, and so last.
pub(crate) fn run() -> Result<()> {
    setup::cargo_subcommand("deny")?;
    let check = |what: &[&str]| {
        let check = ["deny", "--locked", "--workspace", "check"];
        run_command(cargo().args(check).args(what))
    };
    check(&["--hide-inclusion-graph", "licenses", "bans", "sources"])?;
    check(&["advisories"])
}
