//! `chatter modules`: what operators do with modules at a terminal.

use crate::Failure;
use chatter_runtime::Compiler;
use clap::{Args, Subcommand};
use std::{
    io::Write,
    path::{Path, PathBuf},
    time::Instant,
};

#[derive(Debug, Subcommand)]
pub(crate) enum ModulesCommand {
    /// Compile components ahead, so that no start waits for it
    Compile(CompileOptions),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  chatter modules compile plugins --into /var/lib/chatter/compiled
  chatter serve --compiled /var/lib/chatter/compiled

What is compiled fits this version of chatter on machines like this one; anything else is left aside, and
compiled at the start as ever.")]
pub(crate) struct CompileOptions {
    /// Components, and folders of them
    #[arg(required = true, value_name = "FILE|DIR")]
    pub(crate) from: Vec<PathBuf>,
    /// The folder for what is made of them
    #[arg(long, value_name = "DIR")]
    pub(crate) into: PathBuf,
}

/// Does what the command says.
pub(crate) fn run(command: ModulesCommand) -> Result<(), Failure> {
    match command {
        ModulesCommand::Compile(options) => compile(&options),
    }
}

fn compile(options: &CompileOptions) -> Result<(), Failure> {
    let files = components(&options.from)?;
    let compiler = Compiler::new(&options.into).map_err(Failure::failed)?;
    let mut failed = Vec::new();
    for file in &files {
        let begun = Instant::now();
        let how = match compiler.compile(file) {
            Ok(true) => format!("compiled in {:.1} s", begun.elapsed().as_secs_f64()),
            Ok(false) => "is compiled".into(),
            Err(error) => {
                failed.push(format!("{}: {error}", file.display()));
                continue;
            }
        };
        let _ = writeln!(std::io::stdout(), "{}: {how}", file.display());
    }
    if failed.is_empty() {
        Ok(())
    } else {
        Err(Failure::failed(failed.join("\n")))
    }
}

/// The files that were named, and those with a component's name in the folders that were.
fn components(from: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for place in from {
        if place.is_dir() {
            let mut found = folder(place)
                .map_err(|error| Failure::failed(format!("{}: {error}", place.display())))?;
            found.sort();
            files.append(&mut found);
        } else {
            files.push(place.clone());
        }
    }
    Ok(files)
}

fn folder(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "wasm")
        {
            files.push(path);
        }
    }
    Ok(files)
}
