//! `chatter persona`: what authors of personas do at a terminal. The work is the workbench's.

mod build;
mod check;
mod new;
pub(crate) mod progress;

use crate::Failure;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum PersonaCommand {
    /// Make a project for a new persona
    New(new::NewOptions),
    /// Build a persona's project into a component
    Build(build::BuildOptions),
    /// Find everything about a component that is wrong, and what mends it
    Check(check::CheckOptions),
}

/// Does what the command says.
pub(crate) fn run(command: PersonaCommand) -> Result<(), Failure> {
    match command {
        PersonaCommand::New(options) => new::run(options),
        PersonaCommand::Build(options) => build::run(options),
        PersonaCommand::Check(options) => check::run(options),
    }
}
