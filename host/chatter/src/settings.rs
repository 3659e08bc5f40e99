//! What the program runs on: command line over environment over `chatter.toml` over defaults.
//!
//! The command line and the environment arrive here already merged: clap lets the former win.

mod file;
pub(crate) mod keys;
mod llm;
mod values;

pub use file::Found;
pub(crate) use llm::route_problems;
pub use llm::{Llm, LlmProvider, ModerationServer, ProviderBounds};
pub use values::{Bus, BusText, Listen, Provider, Role, SourceText};
pub(crate) use values::{check_poll, check_speed, key_of};

use crate::{
    Failure,
    args::ServeOptions,
    audience::Audience,
    config::Known,
    logging,
    memory::settings::MemorySettings,
    senses::{self, SpeechSettings, VisionSettings},
};
use chatter_protocol::{Clock, RoomId, call::LimitsConfig};
use chatter_runtime::Pool;
use etcetera::{BaseStrategy, choose_base_strategy};
use file::SettingsFile;
use keys::Key;
use llm::{LlmOptions, LlmTable};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Duration,
};
use tracing_subscriber::filter::Targets;

const DEFAULT_CONFIG: &str = "configs";
const DEFAULT_POLL: Duration = Duration::from_secs(5);
const DEFAULT_SUMMARY_S: u64 = 45;

/// What the program runs on, complete.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The folder of rooms, personas and moderation policies.
    pub config: PathBuf,
    /// The folder for all that outlives a run.
    pub data: PathBuf,
    /// The folder of the persona components.
    pub plugins: PathBuf,
    /// How often that folder is looked at in any case.
    pub plugins_poll: Duration,
    /// The folder of components that were compiled ahead, if there is one.
    pub compiled: Option<PathBuf>,
    /// The folder of the built page.
    pub ui: PathBuf,
    /// Where to listen.
    pub listen: Listen,
    /// How services talk to each other, and where what outlives them is kept.
    pub bus: Bus,
    /// What this process does.
    pub roles: BTreeSet<Role>,
    /// What one room is to watch instead of what its file says.
    pub source: Option<SourceOverride>,
    /// Personas' projects that are built whenever they are saved.
    pub watch: Vec<PathBuf>,
    /// The room that options without a room of their own are about.
    pub room: RoomId,
    /// The language models.
    pub llm: Llm,
    /// The bounds of calls, as far as they differ from the defaults.
    pub limits: LimitsConfig,
    /// What personas remember with.
    pub memory: MemorySettings,
    /// What calls share.
    pub pool: Pool,
    /// How many may watch, and who says where they are.
    pub gateway: Audience,
    /// The program that reads media.
    pub ffmpeg: PathBuf,
    /// How often a language model sums up what a room watches; never if absent.
    pub summary: Option<Duration>,
    /// What words are heard with.
    pub speech: SpeechSettings,
    /// Who describes what a room watches.
    pub vision: Option<VisionSettings>,
    /// What is logged.
    pub log: Targets,
    /// What all chance comes from; absent for another each time.
    pub seed: Option<u64>,
    /// The settings file that was read, if there is one.
    pub file: Found,
}

/// What one room is to watch; each part that is absent stays as the room's file has it.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceOverride {
    /// Which room.
    pub room: RoomId,
    /// What it watches.
    pub source: Option<chatter_media::Source>,
    /// How fast it plays.
    pub speed: Option<f64>,
    /// Whether it starts again at its end.
    pub looped: Option<bool>,
    /// Whether viewers may hear it.
    pub audible: Option<bool>,
}

impl Settings {
    /// Puts the layers together.
    ///
    /// # Errors
    ///
    /// Names everything that is wrong with `chatter.toml`, or the options that don't fit together.
    pub fn load(options: ServeOptions) -> Result<Self, Failure> {
        Self::layered(options, Path::new(""))
    }

    /// As [`load`](Self::load), in a working folder (empty for the process's own).
    fn layered(options: ServeOptions, here: &Path) -> Result<Self, Failure> {
        let config = options.config.clone();
        let config = config.unwrap_or_else(|| here.join(DEFAULT_CONFIG));
        let found = Found::in_folders(&config, here);
        let file = SettingsFile::read(&found).map_err(Failure::Usage)?;
        let here = |default: &str| here.join(default);
        let config = options
            .config
            .or(file.config)
            .unwrap_or_else(|| here(DEFAULT_CONFIG));
        let config = folder(config)?;
        let room = match options.room.or(file.room) {
            Some(room) => room,
            None => RoomId::from_parts("main", "lobby").map_err(Failure::failed)?,
        };
        // What the file lets viewers hear is what the file names.
        let of_file = file.audible.filter(|_| options.source.is_none());
        let source = SourceOverride {
            room: room.clone(),
            source: match options.source.or(file.source) {
                Some(source) => Some(
                    source
                        .read()
                        .map_err(|why| Failure::usage(format!("source: {why}")))?,
                ),
                None => None,
            },
            speed: options.speed.or(file.speed),
            looped: options.looped.or(file.looped),
            audible: options.audible.or(of_file),
        };
        let overrides = source.source.is_some()
            || source.speed.is_some()
            || source.looped.is_some()
            || source.audible.is_some();
        let settings = Self {
            config,
            data: match options.data.or(file.data) {
                Some(folder) => folder,
                None => default_data()?,
            },
            plugins: options
                .plugins
                .or(file.plugins)
                .unwrap_or_else(|| here("plugins")),
            plugins_poll: options
                .plugins_poll
                .or(file.plugins_poll)
                .map_or(DEFAULT_POLL, Duration::from_secs_f64),
            compiled: options.compiled.or(file.compiled),
            ui: options.ui.or(file.ui).unwrap_or_else(|| here("ui/dist")),
            listen: options.listen.or(file.listen).unwrap_or_default(),
            bus: match options.bus.or(file.bus) {
                Some(bus) => bus
                    .read()
                    .map_err(|why| Failure::usage(format!("bus: {why}")))?,
                None => Bus::default(),
            },
            roles: {
                let named = [options.role, file.role];
                let all = || Role::ALL.to_vec();
                let named = named.into_iter().find(|roles| !roles.is_empty());
                named.unwrap_or_else(all).into_iter().collect()
            },
            source: overrides.then_some(source),
            watch: options.watch,
            room,
            llm: Llm::new(
                LlmOptions {
                    provider: options.llm,
                    base_url: options.llm_base_url,
                    model: options.llm_model,
                    api_key_env: options.llm_api_key_env,
                    concurrency: options.llm_concurrency,
                },
                file.llm,
            )?,
            limits: file.limits,
            memory: options
                .memory
                .over(file.memory)
                .settings()
                .map_err(Failure::Usage)?,
            pool: options
                .pool
                .over(file.pool)
                .pool()
                .map_err(Failure::Usage)?,
            gateway: options
                .gateway
                .over(file.gateway)
                .audience()
                .map_err(Failure::Usage)?,
            ffmpeg: options
                .ffmpeg
                .or(file.ffmpeg)
                .unwrap_or_else(|| "ffmpeg".into()),
            summary: match options
                .summary_s
                .or(file.summary_s)
                .unwrap_or(DEFAULT_SUMMARY_S)
            {
                0 => None,
                seconds @ 10..=3600 => Some(Duration::from_secs(seconds)),
                seconds => {
                    return Err(Failure::usage(format!(
                        "summary_s: {seconds} is neither 0 nor in 10..=3600"
                    )));
                }
            },
            speech: options
                .speech
                .over(file.speech)
                .settings()
                .map_err(Failure::Usage)?,
            vision: options
                .vision
                .over(file.vision)
                .settings()
                .map_err(Failure::Usage)?,
            log: {
                let filter = options.log.or(file.log);
                let filter = filter.as_deref().unwrap_or(logging::DEFAULT);
                logging::filter(filter).map_err(Failure::usage)?
            },
            seed: options.seed.or(file.seed),
            file: found,
        };
        check_names(settings.keys())?;
        Ok(settings)
    }

    /// What the configuration may name.
    pub(crate) fn known(&self) -> Known {
        Known {
            models: self.llm.names(),
            moderation: self.llm.moderation.keys().cloned().collect(),
        }
    }

    /// The keys that the settings name, and the password if it is missing.
    fn keys(&self) -> impl Iterator<Item = Key> {
        let vision = self.vision.as_ref().and_then(VisionSettings::key);
        let others = [self.bus.missing_password(), self.memory.key(), vision];
        others.into_iter().flatten().chain(self.llm.keys())
    }

    /// What is said of keys and passwords that the settings name and the environment lacks.
    pub(crate) fn missing_keys(&self) -> Vec<String> {
        missing(self.keys())
    }

    /// The servers that are asked, as far as one sees without asking: what is wrong with what is said of them.
    /// A key that is missing is none of it.
    pub(crate) fn check_servers(&self) -> Vec<String> {
        let Self {
            mut llm,
            mut memory,
            mut vision,
            ..
        } = self.clone();
        let missing = |variable: &Option<String>| {
            let variable = variable.as_deref();
            variable.is_some_and(keys::is_missing)
        };
        llm.providers
            .values_mut()
            .map(|it| &mut it.api_key_env)
            .chain(llm.moderation.values_mut().map(|it| &mut it.api_key_env))
            .chain(vision.iter_mut().map(|it| &mut it.api_key_env))
            .filter(|variable| missing(variable))
            .for_each(|variable| *variable = None);
        if memory.key().is_some_and(|key| key.is_missing()) {
            memory.forget_key();
        }
        let wrong = [
            llm.router(Clock::system()).err(),
            llm.assessors().err(),
            senses::sight(vision.as_ref()).err(),
            memory.check().err(),
        ];
        wrong
            .into_iter()
            .flatten()
            .flat_map(Failure::lines)
            .collect()
    }

    /// Whether this process can do what it is to do.
    ///
    /// # Errors
    ///
    /// If it has only some of the roles, and the others can't be reached or are needed here.
    pub fn check_roles(&self) -> Result<(), String> {
        let others: Vec<&str> = Role::ALL
            .iter()
            .filter(|role| !self.roles.contains(role))
            .map(Role::as_str)
            .collect();
        if others.is_empty() {
            return Ok(());
        }
        let others = others.join(", ");
        if self.bus == Bus::Memory {
            return Err(format!(
                "role: with the bus `memory` nobody else can be reached, so {others} would be missing: name a Redis with --bus redis://HOST, or leave out --role for all of them in one process"
            ));
        }
        if !self.watch.is_empty() {
            return Err(format!(
                "--watch gives a project its seat in this process alone, and {others} would know nothing of it: leave out --role"
            ));
        }
        Ok(())
    }
}

/// The language model that these options name, for commands that need no configuration.
pub(crate) fn llm(options: ServeOptions) -> Result<Llm, Failure> {
    let options = LlmOptions {
        provider: options.llm,
        base_url: options.llm_base_url,
        model: options.llm_model,
        api_key_env: options.llm_api_key_env,
        concurrency: options.llm_concurrency,
    };
    let llm = Llm::new(options, LlmTable::default())?;
    check_names(llm.keys())?;
    match missing(llm.keys()) {
        missing if missing.is_empty() => Ok(llm),
        missing => Err(Failure::Usage(missing)),
    }
}

/// The data folder, for commands that need nothing else of what the settings say.
pub(crate) fn data_folder(config: Option<PathBuf>) -> Result<PathBuf, Failure> {
    let config = config.map_or_else(|| Ok(DEFAULT_CONFIG.into()), folder)?;
    let found = Found::in_folders(&config, Path::new(""));
    let file = SettingsFile::read(&found).map_err(Failure::Usage)?;
    file.data.map_or_else(default_data, Ok)
}

/// A folder of the configuration, if it is there.
fn folder(config: PathBuf) -> Result<PathBuf, Failure> {
    if config.is_dir() {
        return Ok(config);
    }
    Err(Failure::usage(format!(
        "there is no configuration folder {}; name one with --config DIR",
        config.display()
    )))
}

/// Whether each is named by what can be the name of a variable.
fn check_names(keys: impl Iterator<Item = Key>) -> Result<(), Failure> {
    let wrong: Vec<_> = keys.filter_map(|key| key.misnamed()).collect();
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(Failure::Usage(wrong))
    }
}

/// What is said of those that are missing.
fn missing(keys: impl Iterator<Item = Key>) -> Vec<String> {
    let missing = keys.filter(Key::is_missing);
    missing.map(|key| key.to_string()).collect()
}

fn default_data() -> Result<PathBuf, Failure> {
    let platform = choose_base_strategy().map_err(|_| {
        Failure::usage("no home folder is known to keep data in; name a folder with --data DIR")
    })?;
    Ok(platform.data_dir().join("chatter"))
}

/// Whether a text could be a `chatter.toml`, for tests of what is read from outside.
///
/// # Errors
///
/// What is wrong with it, each beginning with its place.
#[doc(hidden)]
pub fn check_text(text: &str) -> Result<(), Vec<String>> {
    SettingsFile::parse(text).map(drop)
}

#[cfg(test)]
mod tests;
