//! `chatter persona build`.

use crate::Failure;
use chatter_workbench::{
    Project,
    build::{self, Error, Options},
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
    /// Unoptimised and with line numbers: a trap then says where in the source it happened
    #[arg(long)]
    pub(crate) debug: bool,
}

pub(crate) fn run(options: BuildOptions) -> Result<(), Failure> {
    let project = Project::open(&options.dir).map_err(|error| Failure::usage(error.to_string()))?;
    let how = Options {
        debug: options.debug,
    };
    let built = build::build(&project, how).map_err(failure)?;
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
            "{}: {} bytes, in {:.1} s",
            file.display(),
            built.bytes,
            built.took.as_secs_f64()
        );
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
