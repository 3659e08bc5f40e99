//! `chatter memory`: what an operator does with what personas remember.

mod beside;
mod forget;
mod lines;
pub(crate) mod options;
mod search;
pub(crate) mod settings;
mod transfer;
mod whose;

use crate::{
    Failure,
    args::ServeOptions,
    said::note,
    serve::DataFolder,
    settings::{BusText, Settings, keys::Key},
};
use chatter_memory::{Archive, Filter};
use chatter_protocol::memory::{Entry, Kind, Scope};
use clap::{Args, Subcommand};
use forget::forget;
use options::MemoryOptions;
use search::search;
use settings::{MemorySettings, Vectors};
use std::{path::PathBuf, sync::Arc};
use transfer::{export, import};
use whose::Whose;

#[derive(Debug, Subcommand)]
pub(crate) enum MemoryCommand {
    /// Find what personas remember; without words, the latest
    Search(SearchOptions),
    /// Forget for good: a person, a persona's memories, a room's
    Forget(ForgetOptions),
    /// Print memories as JSON Lines
    Export(ExportOptions),
    /// Take in what was exported; what is known already is passed over
    Import(ImportOptions),
}

/// Where the memory is.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// Folder of the configuration, for its chatter.toml [default: ./configs]
    #[arg(
        long,
        value_name = "DIR",
        env = "CHATTER_CONFIG",
        hide_env_values = true
    )]
    config: Option<PathBuf>,
    /// Folder for everything that outlives a run [default: the platform's usual place]
    #[arg(long, value_name = "DIR", env = "CHATTER_DATA", hide_env_values = true)]
    data: Option<PathBuf>,
    /// Where the store is in which memories wait to be remembered, as `serve` was told: memory (in the data folder)
    /// or a Redis [default: memory]
    #[arg(long, value_name = "BUS", env = "CHATTER_BUS", hide_env_values = true)]
    bus: Option<BusText>,
    #[command(flatten)]
    memory: MemoryOptions,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  chatter memory search \"favourite game\" --room main/lobby --persona nova
  chatter memory search --about guest:ana-5f3c            what is known about somebody, the latest first")]
pub(crate) struct SearchOptions {
    /// What to look for
    #[arg(default_value = "")]
    text: String,
    #[command(flatten)]
    whose: Whose,
    /// Only memories of this kind; can be given several times
    #[arg(long, value_name = "KIND")]
    kind: Vec<Kind>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Print each as a line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  chatter memory forget --about guest:ana-5f3c            a person, in all rooms, by all personas
  chatter memory forget --room main/lobby --persona nova --yes

What was said stays in the rooms' logs, and what personas made of it in their states.")]
pub(crate) struct ForgetOptions {
    #[command(flatten)]
    whose: Whose,
    /// The one memory with this id, as `search` prints it; needs --room and --persona
    #[arg(long, value_name = "ID", requires = "room", requires = "persona")]
    id: Option<String>,
    /// Everything, if nothing else says what
    #[arg(long)]
    all: bool,
    /// Don't ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  chatter memory export --room main/lobby > lobby.jsonl")]
pub(crate) struct ExportOptions {
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  chatter memory import lobby.jsonl")]
pub(crate) struct ImportOptions {
    /// A file of JSON Lines as `export` prints them; - for standard input
    file: PathBuf,
    #[command(flatten)]
    place: Place,
}

/// Does what the command says.
pub(crate) fn run(command: MemoryCommand) -> Result<(), Failure> {
    let executor = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(format!("can't start: {error}")))?;
    executor.block_on(async {
        match command {
            MemoryCommand::Search(options) => search(options).await,
            MemoryCommand::Forget(options) => forget(options).await,
            MemoryCommand::Export(options) => export(options).await,
            MemoryCommand::Import(options) => import(options).await,
        }
    })
}

/// The memory, and what else the settings name.
struct Opened {
    settings: Settings,
    data: DataFolder,
    memory: Arc<dyn Archive>,
}

/// What becomes of an embedded memory that is not there.
#[derive(Clone, Copy)]
enum Absent {
    Made,
    Refused,
}

impl Place {
    fn open(self, absent: Absent) -> Result<Opened, Failure> {
        let mut settings = Settings::load(ServeOptions {
            config: self.config,
            data: self.data,
            bus: self.bus,
            memory: self.memory,
            ..ServeOptions::of_environment()?
        })?;
        if let Some(key) = settings.memory.key().filter(Key::is_missing) {
            match &mut settings.memory {
                MemorySettings::Mem0(_) => return Err(Failure::usage(key.to_string())),
                MemorySettings::Embedded { embeddings, .. } => {
                    note(&format!("{key}: memories are found by their words alone"));
                    *embeddings = None;
                }
            }
        }
        let data = match (&settings.memory, absent) {
            (MemorySettings::Embedded { .. }, Absent::Refused) => {
                DataFolder::with_memory(&settings.data)?
            }
            _ => DataFolder::open(&settings.data)?,
        };
        let memory = settings.memory.open(&data.memory(), Vectors::Left)?;
        Ok(Opened {
            settings,
            data,
            memory,
        })
    }
}

impl Opened {
    fn is_mem0(&self) -> bool {
        matches!(self.settings.memory, MemorySettings::Mem0(_))
    }

    /// Says that nothing of what is meant was found, and where.
    fn tell_nothing(&self) {
        let place = self.memory.describe();
        note(&format!("nothing is remembered of that in {place}"));
    }
}

/// Entries by their scopes.
struct Listed {
    entries: Vec<(Scope, Vec<Entry>)>,
    /// Whether a scope may hold more.
    more: bool,
}

/// All entries of some scopes that a filter lets through, as far as the memory lists them; what becomes of those
/// `beyond` is said.
async fn list(
    memory: &dyn Archive,
    scopes: &[Scope],
    filter: &Filter,
    beyond: &str,
) -> Result<Listed, Failure> {
    let (mut entries, mut more) = (Vec::new(), false);
    for scope in scopes {
        let listing = memory.list(scope, filter).await.map_err(Failure::failed)?;
        if listing.more {
            note(&format!(
                "{scope}: the memory holds more than it lists; what is beyond {beyond}"
            ));
            more = true;
        }
        entries.push((scope.clone(), listing.entries));
    }
    Ok(Listed { entries, more })
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
