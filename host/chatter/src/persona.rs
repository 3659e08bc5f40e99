//! `chatter persona`: what authors of personas do at a terminal. The work is the workbench's.

mod bench;
mod build;
mod check;
mod new;
pub(crate) mod progress;
mod test;
mod try_out;

use crate::{Failure, colour::Color};
use chatter_workbench::Subject;
use clap::{Args, Subcommand};
use etcetera::{BaseStrategy, choose_base_strategy};
use std::{
    io::Write,
    path::{Path, PathBuf},
};

#[derive(Debug, Args)]
pub(crate) struct PersonaOptions {
    #[command(subcommand)]
    command: PersonaCommand,
    /// When to use colour; the variable NO_COLOR is heeded too
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t)]
    color: Color,
}

#[derive(Debug, Subcommand)]
enum PersonaCommand {
    /// Make a project for a new persona
    New(new::NewOptions),
    /// Build a persona's project into a component
    Build(build::BuildOptions),
    /// Find everything about a component that is wrong, and what mends it
    Check(check::CheckOptions),
    /// Try a persona beside a stream, and see at each moment why it speaks or not
    Try(try_out::TryOptions),
    /// Test a persona by cases: what happens, and what it is to make of it
    Test(test::TestOptions),
    /// Measure what a persona costs
    Bench(bench::BenchOptions),
}

/// Does what the command says.
pub(crate) fn run(options: PersonaOptions) -> Result<(), Failure> {
    options.color.take_effect();
    match options.command {
        PersonaCommand::New(options) => new::run(options),
        PersonaCommand::Build(options) => build::run(options),
        PersonaCommand::Check(options) => check::run(options),
        PersonaCommand::Try(options) => try_out::run(options),
        PersonaCommand::Test(options) => test::run(options),
        PersonaCommand::Bench(options) => bench::run(options),
    }
}

/// Where compiled components are kept from one run to the next: a folder that only chatter writes.
fn cache() -> Result<PathBuf, Failure> {
    let platform = choose_base_strategy().map_err(|_| {
        Failure::usage("no home folder is known to keep compiled components in; set HOME")
    })?;
    Ok(platform.cache_dir().join("chatter/compiled"))
}

/// What is tried, tested or measured; says so if it is not what its author has saved.
fn subject(path: &Path, character: Option<&Path>) -> Result<Subject, Failure> {
    let subject =
        Subject::open(path, character).map_err(|wrong| Failure::usage(wrong.to_string()))?;
    if let Some(newer) = &subject.newer {
        let yellow = anstyle::AnsiColor::Yellow.on_default().bold();
        let _ = writeln!(
            anstream::stderr().lock(),
            "{yellow}warning:{yellow:#} {} is older than {}; `chatter persona build {}` builds it anew",
            subject.component.display(),
            newer.display(),
            path.display()
        );
    }
    Ok(subject)
}
