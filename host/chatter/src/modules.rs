//! `chatter modules`: what operators do with modules at a terminal.

use crate::Failure;
use chatter_runtime::{Compiler, Refused, module_files};
use clap::{Args, Subcommand};
use std::{io::Write, path::PathBuf, time::Instant};

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
    /// Components, and plugin folders: NAME.wasm and TENANT/NAME.wasm in them
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
    for (file, fit) in files {
        let begun = Instant::now();
        let compiled = match fit {
            Ok(()) => compiler.compile(&file).map_err(|error| error.to_string()),
            Err(refused) => Err(refused.to_string()),
        };
        let how = match compiled {
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

/// A component's file, and why it can't be a module, if that is known.
type Component = (PathBuf, Result<(), Refused>);

/// The files that were named, and in the folders that were those that a host would take from a plugin
/// folder.
fn components(from: &[PathBuf]) -> Result<Vec<Component>, Failure> {
    let mut files = Vec::new();
    for place in from {
        if place.is_dir() {
            let found = module_files(place)
                .map_err(|error| Failure::failed(format!("{}: {error}", place.display())))?;
            if found.is_empty() {
                return Err(Failure::usage(format!(
                    "{}: holds no component; each is a file NAME.wasm, or TENANT/NAME.wasm",
                    place.display()
                )));
            }
            files.extend(found);
        } else {
            files.push((place.clone(), Ok(())));
        }
    }
    Ok(files)
}
