//! `chatter persona build`.

use super::progress::{Spinner, colour, size};
use crate::Failure;
use chatter_workbench::{
    Project,
    build::{self, Built, Error, Options},
};
use clap::Args;
use std::{io::Write, path::PathBuf};

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

/// Builds a project; a person on a terminal sees that it goes on.
async fn build(project: &Project, debug: bool) -> Result<Built, Failure> {
    let how = Options {
        debug,
        colour: colour(),
    };
    let spinner = Spinner::new(&format!("building {}", project.name));
    build::build(project, how, &spinner).await.map_err(failure)
}

/// A build that failed; a folder that is no project is wrong use.
fn failure(error: Error) -> Failure {
    match error {
        Error::Project(error) => Failure::usage(error.to_string()),
        error => Failure::failed(error),
    }
}
