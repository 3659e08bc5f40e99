//! `chatter memory`: what an operator does with what personas remember.

mod lines;
pub(crate) mod options;
mod whose;

use crate::{
    Failure,
    args::ServeOptions,
    said::{confirmed, note, print},
    serve::{DataFolder, Joints, Unjoined},
    settings::{Bus, BusText, Settings, keys::Key},
};
use anstyle::Style;
use chatter_memory::{AT_HAND, Archive, Filter, SEARCH_LIMIT, gist};
use chatter_protocol::{
    AuthorId, CallId,
    memory::{Entry, Kind, Query, Scope},
};
use chatter_store::{Duty, OutboxId, Unreadable};
use clap::{Args, Subcommand};
use lines::Line;
use options::{MemoryOptions, MemorySettings, Vectors};
use std::{
    collections::{BTreeMap, HashMap},
    io,
    path::PathBuf,
    sync::Arc,
};
use whose::{Look, Meant, Whose};

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

impl Place {
    fn open(self) -> Result<Opened, Failure> {
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
        let data = DataFolder::open(&settings.data)?;
        let memory = options::open(&settings.memory, &data.memory(), Vectors::Left)?;
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

    /// The memory's file belongs to a chatter that runs on it; Mem0 belongs to nobody, and Redis to all on it. Also
    /// gives the store, with what still waits in it to be remembered, unless a running chatter has it for itself.
    async fn alone(&self) -> Result<Option<Joints>, Failure> {
        if let Some(password) = self.settings.bus.missing_password() {
            return Err(Failure::usage(password.to_string()));
        }
        match Joints::new(&self.settings.bus, &self.data).await {
            Ok(joints) => Ok(Some(joints)),
            Err(Unjoined::InUse(_)) if self.is_mem0() => match &self.settings.bus {
                Bus::Memory => Ok(None),
                Bus::Redis(server) => Joints::on_redis(server).await.map(Some),
            },
            Err(why) => Err(why.into()),
        }
    }
}

/// Who works with memories meanwhile.
enum Beside {
    Nobody,
    /// A chatter that has the store for itself.
    Chatter,
    /// Workers that share the store, by name.
    Workers(Vec<String>),
}

impl Beside {
    async fn those_at(joints: Option<&Joints>) -> Result<Self, Failure> {
        let Some(joints) = joints else {
            return Ok(Self::Chatter);
        };
        let group = Duty::Personas.group();
        let present = joints.store.duties().present(group).await;
        let workers = present.map_err(|error| Failure::caused(&error))?;
        Ok(if workers.is_empty() {
            Self::Nobody
        } else {
            Self::Workers(workers)
        })
    }

    /// Says what may not be forgotten because of them, at Mem0 or not.
    fn tell(&self, is_mem0: bool) {
        let (who, what) = match self {
            Self::Nobody => return,
            Self::Chatter => (
                "a chatter is running on this data folder".to_owned(),
                "what it has not delivered yet",
            ),
            Self::Workers(workers) => (
                format!(
                    "{} at work on this store ({})",
                    counted(workers.len(), "worker"),
                    workers.join(", ")
                ),
                "what was just being delivered, or comes of a call under way,",
            ),
        };
        note(&format!(
            "{who}: {what} may still be remembered; look again with `chatter memory search`"
        ));
        if is_mem0 {
            note(&format!(
                "should Mem0 be away, personas there may still be given what was found or written in the last {} minutes; \
                 a chatter that is started again has none of it",
                AT_HAND.as_secs() / 60
            ));
        }
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

async fn search(options: SearchOptions) -> Result<(), Failure> {
    let opened = options.place.open()?;
    let memory = &opened.memory;
    let Meant { scopes, .. } = options.whose.scopes(&opened, Look::AsFarAsKnown).await?;
    let about = &options.whose.about;
    let mut found: Vec<(Scope, Entry)> = Vec::new();
    if about.is_some() || options.text.trim().is_empty() {
        let words: Vec<_> = gist(&options.text).split(' ').map(str::to_owned).collect();
        let filter = options.whose.filter();
        let listed = list(&**memory, &scopes, &filter, "is not here").await?;
        for (scope, entries) in listed.entries {
            let fits = |entry: &Entry| {
                let text = gist(&entry.entry.text);
                (options.kind.is_empty() || options.kind.contains(&entry.entry.kind))
                    && (options.text.trim().is_empty()
                        || text
                            .split(' ')
                            .any(|word| words.iter().any(|known| known == word)))
            };
            let entries = entries.into_iter().filter(fits);
            found.extend(entries.map(|entry| (scope.clone(), entry)));
        }
    } else {
        let query = Query {
            text: options.text,
            kinds: options.kind,
            limit: options.limit,
        };
        let mut cut = false;
        for scope in scopes {
            let entries = memory
                .search(&scope, &query)
                .await
                .map_err(Failure::failed)?;
            cut |= options.limit > SEARCH_LIMIT && entries.len() >= SEARCH_LIMIT as usize;
            found.extend(entries.into_iter().map(|entry| (scope.clone(), entry)));
        }
        if cut {
            note(&format!(
                "of a persona in a room at most {SEARCH_LIMIT} are found for words; `chatter memory export` gives more"
            ));
        }
    }
    found.sort_by(|(_, a), (_, b)| b.score.total_cmp(&a.score).then(b.at.cmp(&a.at)));
    found.truncate(options.limit as usize);
    if found.is_empty() {
        note("nothing is remembered of that");
    }
    for (scope, entry) in found {
        let line = if options.json {
            Line::of(scope, entry).json()
        } else {
            shown(&scope, &entry)
        };
        if !print(&line)? {
            break;
        }
    }
    Ok(())
}

fn shown(scope: &Scope, entry: &Entry) -> String {
    let (dim, bold) = (Style::new().dimmed(), Style::new().bold());
    let new = &entry.entry;
    let about = new
        .about
        .as_ref()
        .map_or_else(String::new, |about| format!(" about {about}"));
    let text: String = new
        .text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    format!(
        "{dim}{} {}{dim:#} {bold}{}{bold:#} {dim}{}{about}, {:.0}% sure, id {}{dim:#}\n  {text}",
        entry.at,
        scope.room,
        scope.persona,
        new.kind.as_str(),
        new.confidence * 100.0,
        entry.id
    )
}

async fn forget(options: ForgetOptions) -> Result<(), Failure> {
    let whose = options.whose;
    let says_what = whose.room.is_some()
        || whose.tenant.is_some()
        || whose.persona.is_some()
        || whose.about.is_some();
    if !says_what && !options.all {
        return Err(Failure::usage(
            "say what to forget: --about PERSON, --room TENANT/ROOM, --tenant TENANT or --persona PERSONA; or --all",
        ));
    }
    let opened = options.place.open()?;
    let memory = &opened.memory;
    let joints = opened.alone().await?;
    let beside = Beside::those_at(joints.as_ref()).await?;
    let filter = Filter {
        id: options.id,
        ..whose.filter()
    };
    let Meant { scopes, .. } = whose.scopes(&opened, Look::Everywhere).await?;
    let beyond = "and meant is forgotten too";
    let listed = list(&**memory, &scopes, &filter, beyond).await?;
    let listed: Vec<_> = listed
        .entries
        .into_iter()
        .filter(|(_, entries)| !entries.is_empty())
        .collect();
    let waiting = match &joints {
        Some(joints) if filter.id.is_none() => waiting(joints, &whose).await?,
        _ => Vec::new(),
    };
    let count: usize = listed.iter().map(|(_, entries)| entries.len()).sum();
    if count + waiting.len() == 0 {
        note("nothing is remembered of that");
        beside.tell(opened.is_mem0());
        return Ok(());
    }
    let what = format!(
        "{count} memories of {} in {}{}",
        counted(listed.len(), "persona"),
        memory.describe(),
        if waiting.is_empty() {
            String::new()
        } else {
            format!(", and {} on their way there", waiting.len())
        }
    );
    if !options.yes && !confirmed(&what)? {
        return Err(Failure::failed("nothing was forgotten"));
    }
    let on_their_way = waiting.len();
    if let Some(joints) = &joints {
        let settled = joints.store.settle_memories(waiting).await;
        settled.map_err(|error| Failure::caused(&error))?;
    }
    let mut gone = 0;
    for (scope, _) in listed {
        gone += memory
            .forget(&scope, &filter)
            .await
            .map_err(Failure::failed)?;
    }
    note(&format!(
        "forgotten: {gone} memories{}",
        match on_their_way {
            0 => String::new(),
            count => format!(", and {count} on their way there"),
        }
    ));
    beside.tell(opened.is_mem0());
    Ok(())
}

/// What waits in the store to be remembered and is meant too.
async fn waiting(joints: &Joints, whose: &Whose) -> Result<Vec<OutboxId>, Failure> {
    let pending = joints.store.all_pending_memories().await;
    let is_about = |about: &AuthorId, entry: &Option<AuthorId>| entry.as_ref() == Some(about);
    let (mut meant, mut unknown) = (Vec::new(), Vec::new());
    for entry in pending.map_err(|error| Failure::caused(&error))? {
        match entry {
            Ok(waiting) => {
                let about = whose.about.as_ref();
                if whose.takes(&waiting.scope)
                    && about.is_none_or(|about| is_about(about, &waiting.entry.about))
                {
                    meant.push(waiting.id);
                }
            }
            Err(unreadable) => match whose.takes_unread(&unreadable.id.room) {
                Some(true) => meant.push(unreadable.id),
                Some(false) => {}
                None => unknown.push(unreadable),
            },
        }
    }
    if let Some(Unreadable { place, detail, .. }) = unknown.first() {
        note(&format!(
            "{} of what waits to be remembered can't be read, so that nobody knows whose it is; it stays there ({place}: \
             {detail}). Without --persona and --about all of a room is forgotten",
            unknown.len()
        ));
    }
    Ok(meant)
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

async fn export(options: ExportOptions) -> Result<(), Failure> {
    let opened = options.place.open()?;
    let memory = &opened.memory;
    let meant = options.whose.scopes(&opened, Look::AsFarAsKnown).await?;
    let filter = options.whose.filter();
    let listed = list(&**memory, &meant.scopes, &filter, "is not here").await?;
    for (scope, entries) in listed.entries {
        for entry in entries {
            if !print(&Line::of(scope.clone(), entry).json())? {
                return Ok(());
            }
        }
    }
    if listed.more || meant.more {
        return Err(Failure::failed(
            "the export may not be whole, for what is said above; all of it is in what Mem0 itself keeps: make a copy of that",
        ));
    }
    Ok(())
}

async fn import(options: ImportOptions) -> Result<(), Failure> {
    let text = if options.file.as_os_str() == "-" {
        io::read_to_string(io::stdin())
    } else {
        std::fs::read_to_string(&options.file)
    };
    let name = options.file.display();
    let text = text.map_err(|error| Failure::usage(format!("{name}: {error}")))?;
    // All of it, before anything is written.
    let lines = lines::read(&text, &name.to_string()).map_err(Failure::Usage)?;
    let opened = options.place.open()?;
    let _alone = match opened.is_mem0() {
        true => None,
        false => opened.alone().await?,
    };
    let memory = &opened.memory;
    let mut by_scope: BTreeMap<String, Vec<Line>> = BTreeMap::new();
    for line in lines {
        by_scope
            .entry(line.scope().to_string())
            .or_default()
            .push(line);
    }
    let (mut taken, mut known) = (0, 0);
    for lines in by_scope.into_values() {
        let Some(scope) = lines.first().map(Line::scope) else {
            continue;
        };
        let listing = memory.list(&scope, &Filter::default()).await;
        let listing = listing.map_err(Failure::failed)?;
        if listing.more {
            note(&format!(
                "{scope}: the memory holds more than it lists; what is known beyond is added again, and shown once"
            ));
        }
        let said = |entry: &chatter_protocol::memory::NewEntry| {
            (entry.kind, entry.about.clone(), gist(&entry.text))
        };
        let there: HashMap<_, _> = listing
            .entries
            .iter()
            .map(|entry| (said(&entry.entry), entry.at))
            .collect();
        for line in lines {
            if there
                .get(&said(&line.entry))
                .is_some_and(|at| *at >= line.at)
            {
                known += 1;
                continue;
            }
            let write_id = format!("import/{}", CallId::new());
            let done = memory
                .remember(&scope, &write_id, &line.entry, line.at)
                .await;
            done.map_err(|error| {
                Failure::failed(format!(
                    "{scope}: {error}; {taken} memories were taken in before"
                ))
            })?;
            taken += 1;
        }
    }
    note(&format!("taken in: {taken} memories; {known} were known"));
    Ok(())
}
