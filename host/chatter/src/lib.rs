//! The program: command line, settings, configuration files, and the wiring of the parts.
//!
//! It owns what only a whole program can know: which bus, store, model and memory it runs on, which
//! rooms there are, in which order the parts start and end, and what a person at a terminal reads.
//! It promises that what is wrong is said in a sentence with its place, all at once, and that exit
//! codes mean something: 0 well, 1 failed, 2 wrong use. What the parts do it must not know: it makes
//! them and hands them to each other.

mod args;
mod audience;
mod client;
mod colour;
pub mod config;
mod failure;
mod logging;
mod memory;
mod models;
mod modules;
mod persona;
mod pool;
mod said;
mod senses;
pub mod serve;
pub mod settings;

pub use failure::Failure;

use args::{Command, CommandLine, ConfigCommand};
use clap::Parser;
use std::process::ExitCode;

/// Reads the command line, does what it says, and tells how that went.
#[must_use]
pub fn main() -> ExitCode {
    let line = match CommandLine::try_parse() {
        Ok(line) => line,
        Err(error) => {
            // Help goes to stdout and is no error; a closed pipe there is none either.
            let _ = error.print();
            return if error.use_stderr() {
                ExitCode::from(2)
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    let done = match line.command {
        None => serve::run(line.serve),
        Some(Command::Serve(options)) => serve::run(*options),
        Some(Command::Tail(options)) => client::tail::run(options),
        Some(Command::Say(options)) => client::say::run(options),
        Some(Command::Config(ConfigCommand::Check(options))) => serve::check(*options),
        Some(Command::Persona(options)) => persona::run(options),
        Some(Command::Memory(command)) => memory::run(command),
        Some(Command::Models(command)) => models::run(command),
        Some(Command::Modules(command)) => modules::run(command),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print();
            failure.exit_code()
        }
    }
}
