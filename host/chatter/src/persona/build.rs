//! `chatter persona build`.

use super::progress::{Spinner, size};
use crate::{Failure, colour};
use chatter_workbench::{
    Project,
    build::{self, Built, Error, Options},
};
use clap::Args;
use std::{
    io::{self, Write},
    path::PathBuf,
};
use tokio::signal::unix::{SignalKind, signal};

#[derive(Debug, Args)]
pub(crate) struct BuildOptions {
    /// The project's folder
    #[arg(default_value = ".")]
    pub(crate) dir: PathBuf,
    /// Put the component into this folder, too
    #[arg(long, value_name = "DIR")]
    pub(crate) plugins: Option<PathBuf>,
    /// In Rust: unoptimised and with line numbers, so that a trap says where in the source it happened
    #[arg(long)]
    pub(crate) debug: bool,
}

pub(crate) fn run(options: BuildOptions) -> Result<(), Failure> {
    let project = Project::open(&options.dir).map_err(|error| Failure::usage(error.to_string()))?;
    let built = crate::client::block_on(build(&project, options.debug))?;
    let mut made = vec![built.component.clone()];
    if let Some(plugins) = options.plugins {
        let to = plugins.join(format!("{}.wasm", project.name));
        build::place(&built.component, &to).map_err(failure)?;
        made.push(to);
    }
    let mut stdout = std::io::stdout().lock();
    for file in made {
        let _ = writeln!(
            stdout,
            "{}: {}, built in {:.1} s",
            file.display(),
            size(built.bytes),
            built.took.as_secs_f64()
        );
    }
    Ok(())
}

/// Builds a project; a person on a terminal sees that it goes on. What runs for it ends with it.
async fn build(project: &Project, debug: bool) -> Result<Built, Failure> {
    let how = Options {
        debug,
        colour: colour::on_stderr(),
    };
    let spinner = Spinner::new(&format!("building {}", project.name));
    tokio::select! {
        built = build::build(project, how, &spinner) => built.map_err(failure),
        ended = told_to_end() => Err(match ended {
            Ok(()) => Failure::failed("ended before it was built"),
            Err(error) => Failure::failed(format!("can't listen to signals: {error}")),
        }),
    }
}

/// Waits until somebody wants the program to end. The tools don't hear of that by themselves: they
/// have a process group of their own.
async fn told_to_end() -> io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hang_up.recv() => {}
    }
    Ok(())
}

/// A build that failed; a folder that is no project is wrong use.
fn failure(error: Error) -> Failure {
    match error {
        Error::Project(error) => Failure::usage(error.to_string()),
        error => Failure::failed(error),
    }
}
