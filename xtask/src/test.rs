//! Everything that must hold before a change goes in.

use crate::{
    api, models, personas, setup,
    steps::{Steps, cargo, run as run_command},
    templates, ui,
};
use anyhow::Result;

/// Cheap checks first; the first failure ends it.
pub(crate) fn run() -> Result<()> {
    let mut steps = Steps::new();
    steps.step("set-up", setup::everything)?;
    steps.step("format", || {
        run_command(cargo().args(["fmt", "--all", "--check"]))
    })?;
    steps.step("page: build", ui::build)?;
    steps.step("page: types", ui::check)?;
    steps.step("page: tests", ui::test)?;
    steps.step("lints", || {
        run_command(cargo().args([
            "clippy",
            "--locked",
            "--workspace",
            "--all-targets",
            "--",
            "--deny",
            "warnings",
        ]))
    })?;
    steps.step("personas", personas::build_with_tests)?;
    steps.step("personas: tests", personas::test)?;
    let tests = ["test", "--locked", "--workspace"];
    steps.step("tests: build", || {
        run_command(cargo().args(tests).arg("--no-run"))
    })?;
    steps.step("personas: compiled ahead", personas::compile_by_tested)?;
    steps.step("models", models::get)?;
    steps.step("templates", templates::test)?;
    // All that fails is told by one run.
    steps.step("tests", || {
        run_command(cargo().args(tests).arg("--no-fail-fast"))
    })?;
    // The tests have built the program.
    steps.step("API", || api::test(&[]))?;
    steps.step("page: in a browser", ui::test_in_browser)?;
    steps.summary(true);
    Ok(())
}
