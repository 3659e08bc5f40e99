//! The configuration folder: rooms, personas and moderation policies.
//!
//! ```text
//! rooms/NAME.toml, rooms/TENANT/NAME.toml      a room; its id ends in /NAME (or is TENANT/NAME)
//! modules/NAME.toml                            what the operator says of the module NAME
//! personas/NAME.toml                           a persona with the id NAME
//! moderation/NAME.toml                         a moderation policy of that name
//! ```
//!
//! Every file is read whatever is wrong with the others, so that one look shows all there is to mend.

mod difference;
mod read;
mod source;
mod watch;

pub use source::{Source, Watched};
pub(crate) use watch::{Stamp, Watch};

use crate::settings::{SourceOverride, route_problems};
use chatter_emotes::Emotes;
use chatter_media::Recording;
use chatter_protocol::{
    ModerationPolicy, ModuleConfig, PersonaConfig, PersonaId, RoomConfig, RoomId,
};
use chatter_workbench::{Text, Wrong, did_you_mean};
use read::{File, files, read};
use source::{Listeners, source_of};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

/// Everything that the configuration folder holds, checked.
#[derive(Debug)]
pub struct Configuration {
    /// The rooms, by id.
    pub rooms: BTreeMap<RoomId, Room>,
    /// The personas, by id.
    pub personas: BTreeMap<PersonaId, PersonaConfig>,
    /// What is said of modules, by name.
    pub modules: BTreeMap<String, ModuleConfig>,
    /// How many moderation policies there are.
    pub policies: usize,
}

/// A room with what it watches.
#[derive(Debug)]
pub struct Room {
    /// Its file's content.
    pub config: RoomConfig,
    /// What may be said in it.
    pub policy: ModerationPolicy,
    /// What it watches, if anything.
    pub source: Option<Source>,
    /// What its viewers may hear of that.
    pub heard: Option<Recording>,
    /// Its own emotes.
    pub emotes: Arc<Emotes>,
}

impl Room {
    /// The module that runs beside a persona's own here, to be compared with it.
    #[must_use]
    pub fn shadow(&self, persona: &PersonaId) -> Option<&str> {
        let mut entries = self.config.roster.iter();
        entries
            .find(|entry| entry.persona == *persona)?
            .shadow_module()
    }
}

impl Configuration {
    /// Who sits in a room, and the module that each runs on there.
    pub fn seats<'a>(
        &'a self,
        room: &'a Room,
    ) -> impl Iterator<Item = (&'a PersonaConfig, &'a str)> {
        room.config.roster.iter().filter_map(|entry| {
            let persona = self.personas.get(&entry.persona)?;
            Some((persona, entry.module.as_deref().unwrap_or(&persona.module)))
        })
    }
}

/// Reads and checks the configuration folder.
///
/// # Errors
///
/// Everything that is wrong, one line for each place: `configs/personas/nova.toml: traits.humour: 1.4
/// is more than 1`.
pub fn load(folder: &Path, instead: Option<&SourceOverride>) -> Result<Configuration, Vec<String>> {
    load_stamped(&mut Stamp::of(folder), instead, None)
}

/// What the settings have names for, and the folder may name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Known {
    /// The language models.
    pub(crate) models: Vec<String>,
    /// Who moderates.
    pub(crate) moderation: Vec<String>,
}

/// The same of the folder that a stamp was taken of a moment ago. What else is read is noted in it,
/// whether it is there or not. If it is said what the settings have names for, nothing else may be named.
pub(crate) fn load_stamped(
    stamp: &mut Stamp,
    instead: Option<&SourceOverride>,
    known: Option<&Known>,
) -> Result<Configuration, Vec<String>> {
    let folder = stamp.folder().to_owned();
    let mut problems = Vec::new();
    let personas = named(read::<PersonaConfig>(
        files(&folder.join("personas"), false, &mut problems),
        &mut problems,
    ));
    let policies = named(read::<ModerationPolicy>(
        files(&folder.join("moderation"), false, &mut problems),
        &mut problems,
    ));
    let modules = named(read::<ModuleConfig>(
        files(&folder.join("modules"), false, &mut problems),
        &mut problems,
    ));
    let rooms = read::<RoomConfig>(
        files(&folder.join("rooms"), true, &mut problems),
        &mut problems,
    );

    check_names(
        &personas,
        "id",
        |persona| persona.id.as_str(),
        &mut problems,
    );
    check_names(
        &policies,
        "name",
        |policy| policy.name.as_str(),
        &mut problems,
    );
    check_names(
        &modules,
        "name",
        |module| module.name.as_str(),
        &mut problems,
    );
    if let Some(known) = known {
        check_providers(&policies, &known.moderation, &mut problems);
        let personas = personas
            .values()
            .map(|(file, persona)| (file, persona.as_ref().and_then(|it| it.llm.as_ref())));
        let rooms = rooms
            .iter()
            .map(|(file, room)| (file, room.as_ref().and_then(|it| it.llm.as_ref())));
        for (file, route) in personas.chain(rooms) {
            let wrong = route.map(|route| route_problems(route, &known.models));
            for (at, problem) in wrong.into_iter().flatten() {
                problems.push(file.problem(&format!("llm{at}"), problem));
            }
        }
    }
    let rooms = check_rooms(rooms, &personas, &policies, instead, stamp, &mut problems);
    if rooms.is_empty() && problems.is_empty() {
        problems.push(format!(
            "{}: holds no room; each is a file NAME.toml",
            folder.join("rooms").display()
        ));
    }
    if let Some(instead) =
        instead.filter(|instead| problems.is_empty() && !rooms.contains_key(&instead.room))
    {
        let near = did_you_mean(instead.room.as_str(), rooms.keys().map(RoomId::as_str));
        problems.push(format!(
            "--room {}: there is no such room in {}{near}",
            instead.room,
            folder.display()
        ));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let good = |(name, (_, config)): (String, (File, Option<PersonaConfig>))| {
        Some((PersonaId::new(&name).ok()?, config?))
    };
    Ok(Configuration {
        rooms,
        personas: personas.into_iter().filter_map(good).collect(),
        modules: modules
            .into_iter()
            .filter_map(|(name, (_, config))| Some((name, config?)))
            .collect(),
        policies: policies.len(),
    })
}

/// Reads a persona's file that is not in the configuration folder; its name may be any, and it names
/// nothing but what is known.
///
/// # Errors
///
/// Everything that is wrong with it.
pub(crate) fn read_persona(path: &Path, known: &Known) -> Result<PersonaConfig, Vec<String>> {
    let text = Text::read(path).map_err(|wrong| vec![wrong]);
    let persona: PersonaConfig = text
        .and_then(|text| text.checked())
        .map_err(|wrong| wrong.iter().map(Wrong::to_string).collect::<Vec<_>>())?;
    let route = persona.llm.as_deref();
    let wrong = route.map_or_else(Vec::new, |route| route_problems(route, &known.models));
    if wrong.is_empty() {
        return Ok(persona);
    }
    let place = path.display();
    Err(wrong
        .iter()
        .map(|(at, problem)| format!("{place}: llm{at}: {problem}"))
        .collect())
}

/// Files by name, with their content as far as it is right: whoever refers to a broken file is not
/// to blame for it.
type Named<T> = BTreeMap<String, (File, Option<T>)>;

fn named<T>(read: Vec<(File, Option<T>)>) -> Named<T> {
    read.into_iter()
        .map(|(file, config)| (file.stem.clone(), (file, config)))
        .collect()
}

fn check_names<T>(
    all: &Named<T>,
    field: &str,
    name: impl Fn(&T) -> &str,
    problems: &mut Vec<String>,
) {
    for (stem, (file, config)) in all {
        if let Some(given) = config.as_ref().map(&name).filter(|given| given != stem) {
            problems.push(file.problem(
                field,
                format!("{given:?}, but the file's name says {stem:?}; they must be the same"),
            ));
        }
    }
}

/// Who is asked about texts is somebody whom the settings describe.
fn check_providers(
    policies: &Named<ModerationPolicy>,
    known: &[String],
    problems: &mut Vec<String>,
) {
    for (file, policy) in policies.values() {
        let provider = policy.as_ref().and_then(|policy| policy.provider.as_ref());
        let Some(provider) = provider.filter(|it| !known.contains(&it.name)) else {
            continue;
        };
        let near = did_you_mean(&provider.name, known.iter().map(String::as_str));
        problems.push(file.problem(
            "provider.name",
            format!(
                "there is no [llm.moderation.{}] in chatter.toml{near}",
                provider.name
            ),
        ));
    }
}

fn check_rooms(
    read: Vec<(File, Option<RoomConfig>)>,
    personas: &Named<PersonaConfig>,
    policies: &Named<ModerationPolicy>,
    instead: Option<&SourceOverride>,
    stamp: &mut Stamp,
    problems: &mut Vec<String>,
) -> BTreeMap<RoomId, Room> {
    let mut rooms = BTreeMap::new();
    let mut places: BTreeMap<RoomId, PathBuf> = BTreeMap::new();
    let mut listeners = Listeners::default();
    for (file, config) in read {
        let Some(config) = config else { continue };
        let id = config.id.clone();
        let right = match &file.parent {
            Some(tenant) => RoomId::from_parts(tenant, &file.stem).is_ok_and(|wanted| wanted == id),
            None => id.room() == file.stem,
        };
        if !right {
            let wanted = format!(
                "{}/{}",
                file.parent.as_deref().unwrap_or("TENANT"),
                file.stem
            );
            problems.push(file.problem(
                "id",
                format!("{:?}, but the file's place says {wanted:?}", id.as_str()),
            ));
        }
        if let Some(first) = places.insert(id.clone(), file.path.clone()) {
            problems.push(file.problem(
                "id",
                format!(
                    "{:?} is the room of {} already",
                    id.as_str(),
                    first.display()
                ),
            ));
        }
        let policy = policies.get(&config.moderation);
        if policy.is_none() {
            let near = did_you_mean(&config.moderation, policies.keys().map(String::as_str));
            problems.push(file.problem(
                "moderation",
                format!("there is no moderation/{}.toml{near}", config.moderation),
            ));
        }
        check_roster(&file, &config, personas, problems);
        let instead = instead.filter(|instead| instead.room == id);
        let watched = source_of(&file, &config, instead, stamp, problems);
        let (source, heard) = watched.unzip();
        if let Some(wrong) = source.as_ref().and_then(|it| listeners.add(&id, it)) {
            let is_own = instead.is_none_or(|instead| instead.source.is_none());
            let place = if is_own {
                file.place("source.uri")
            } else {
                "--source".to_owned()
            };
            problems.push(format!("{place}: {wrong}"));
        }
        let emotes = emotes_of(&file, &config, stamp, problems);
        // A broken policy has been named already, and then nothing of this is used.
        if let Some(policy) = policy.and_then(|(_, policy)| policy.clone()) {
            rooms.insert(
                id,
                Room {
                    config,
                    policy,
                    source,
                    heard: heard.flatten(),
                    emotes,
                },
            );
        }
    }
    rooms
}

/// The room's own emotes, from the places that it names, which are found from where its file is.
fn emotes_of(
    file: &File,
    config: &RoomConfig,
    stamp: &mut Stamp,
    problems: &mut Vec<String>,
) -> Arc<Emotes> {
    let mut emotes = Emotes::default();
    for (at, source) in config.emotes.iter().enumerate() {
        let place = file.place(&format!("emotes.{at}"));
        let source = file.folder().join(source);
        if let Err(wrong) = emotes.add(&source, &mut |path| stamp.note(path)) {
            problems.extend(wrong.iter().map(|wrong| format!("{place}: {wrong}")));
        }
    }
    Arc::new(emotes)
}

fn check_roster(
    file: &File,
    config: &RoomConfig,
    personas: &Named<PersonaConfig>,
    problems: &mut Vec<String>,
) {
    let mut seated = BTreeSet::new();
    for (seat, entry) in config.roster.iter().enumerate() {
        let field = format!("roster.{seat}.persona");
        let name = entry.persona.as_str();
        if !personas.contains_key(name) {
            let near = did_you_mean(name, personas.keys().map(String::as_str));
            problems.push(file.problem(&field, format!("there is no personas/{name}.toml{near}")));
        }
        if !seated.insert(name) {
            problems
                .push(file.problem(&field, format!("{name:?} has a seat in this room already")));
        }
    }
}

#[cfg(test)]
mod tests;
