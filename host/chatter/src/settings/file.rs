//! `chatter.toml`.

use super::{
    llm::LlmTable,
    values::{BusText, Listen, Role, SourceText, check_poll, check_speed},
};
use crate::{
    audience::GatewayOptions,
    memory::options::MemoryOptions,
    pool::PoolOptions,
    senses::{SpeechOptions, VisionOptions},
};
use chatter_protocol::{RoomId, call::LimitsConfig};
use chatter_workbench::{did_you_mean, toml_problem};
use serde::{Deserialize, Deserializer};
use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

const SETTINGS_FILE: &str = "chatter.toml";

/// The settings file as it was found: in the configuration folder or, if there is none, in the working
/// folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    places: [PathBuf; 2],
    /// With its text, or why that can't be read.
    file: Option<(PathBuf, Result<String, String>)>,
}

impl Found {
    pub(super) fn in_folders(config: &Path, here: &Path) -> Self {
        Self::at([config.join(SETTINGS_FILE), here.join(SETTINGS_FILE)])
    }

    fn at(places: [PathBuf; 2]) -> Self {
        let path = places.iter().find(|place| is_there(place)).cloned();
        let file = path.map(|path| {
            let text = std::fs::read_to_string(&path).map_err(|error| error.to_string());
            (path, text)
        });
        Self { places, file }
    }

    /// What is found now.
    #[must_use]
    pub fn again(&self) -> Self {
        Self::at(self.places.clone())
    }

    /// Where it is, if there is one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.file.as_ref().map(|(path, _)| &**path)
    }

    /// Where it may be; the first that is there counts.
    #[must_use]
    pub fn places(&self) -> &[PathBuf] {
        &self.places
    }
}

/// Whether there is something at a place, whatever it is: what can't be read is told, not passed over.
fn is_there(place: &Path) -> bool {
    match place.symlink_metadata() {
        Ok(_) => true,
        Err(error) => !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory),
    }
}

pub(super) const KEYS: [&str; 25] = [
    "config",
    "data",
    "plugins",
    "plugins_poll",
    "compiled",
    "ui",
    "listen",
    "bus",
    "role",
    "room",
    "source",
    "speed",
    "loop",
    "audible",
    "log",
    "seed",
    "llm",
    "limits",
    "memory",
    "pool",
    "gateway",
    "ffmpeg",
    "summary_s",
    "speech",
    "vision",
];

/// What the file says; [`KEYS`] has the same names.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct SettingsFile {
    pub(super) config: Option<PathBuf>,
    pub(super) data: Option<PathBuf>,
    pub(super) plugins: Option<PathBuf>,
    #[serde(deserialize_with = "poll")]
    pub(super) plugins_poll: Option<f64>,
    pub(super) compiled: Option<PathBuf>,
    pub(super) ui: Option<PathBuf>,
    pub(super) listen: Option<Listen>,
    pub(super) bus: Option<BusText>,
    #[serde(deserialize_with = "roles")]
    pub(super) role: Vec<Role>,
    pub(super) room: Option<RoomId>,
    pub(super) source: Option<SourceText>,
    #[serde(deserialize_with = "speed")]
    pub(super) speed: Option<f64>,
    #[serde(rename = "loop")]
    pub(super) looped: Option<bool>,
    pub(super) audible: Option<bool>,
    pub(super) log: Option<String>,
    pub(super) seed: Option<u64>,
    pub(super) llm: LlmTable,
    pub(super) limits: LimitsConfig,
    pub(super) memory: MemoryOptions,
    pub(super) pool: PoolOptions,
    pub(super) gateway: GatewayOptions,
    pub(super) ffmpeg: Option<PathBuf>,
    pub(super) summary_s: Option<u64>,
    pub(super) speech: SpeechOptions,
    pub(super) vision: VisionOptions,
}

/// A list, or a text as the command line has it.
fn roles<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Role>, D::Error> {
    let roles: Result<_, String> = match toml::Value::deserialize(deserializer)? {
        toml::Value::String(text) => text.split(',').map(str::parse).collect(),
        list => Vec::deserialize(list).map_err(|error| error.message().to_owned()),
    };
    roles.map_err(serde::de::Error::custom)
}

fn poll<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    let seconds = Option::<f64>::deserialize(deserializer)?;
    seconds
        .map(check_poll)
        .transpose()
        .map_err(serde::de::Error::custom)
}

fn speed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    let speed = Option::<f64>::deserialize(deserializer)?;
    speed
        .map(check_speed)
        .transpose()
        .map_err(serde::de::Error::custom)
}

impl SettingsFile {
    /// Reads what was found. Relative paths in it start at its own folder.
    ///
    /// # Errors
    ///
    /// Each key that there is not, and the first value that is wrong.
    pub(super) fn read(found: &Found) -> Result<Self, Vec<String>> {
        let Some((path, text)) = &found.file else {
            return Ok(Self::default());
        };
        let text = text
            .as_ref()
            .map_err(|error| vec![format!("{}: {error}", path.display())])?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Self::parse(text)
            .map(|file| file.at(folder))
            .map_err(|problems| {
                problems
                    .into_iter()
                    .map(|problem| format!("{}{problem}", path.display()))
                    .collect()
            })
    }

    pub(super) fn parse(text: &str) -> Result<Self, Vec<String>> {
        let syntax = |error: toml::de::Error| vec![toml_problem(text, &error)];
        let table: toml::Table = text.parse().map_err(syntax)?;
        let mut problems = unknown(&table, &KEYS, "");
        let limits: Vec<_> = LimitsConfig::names().collect();
        if let Some(llm) = table.get("llm").and_then(toml::Value::as_table) {
            problems.extend(LlmTable::unknown(llm));
        }
        let tables: [(&str, &[&str]); 6] = [
            ("limits", &limits),
            ("memory", &MemoryOptions::KEYS),
            ("pool", &PoolOptions::KEYS),
            ("gateway", &GatewayOptions::KEYS),
            ("speech", &SpeechOptions::KEYS),
            ("vision", &VisionOptions::KEYS),
        ];
        for (name, keys) in tables {
            if let Some(table) = table.get(name).and_then(toml::Value::as_table) {
                problems.extend(unknown(table, keys, &format!("{name}.")));
            }
        }
        // A surplus key in `[limits]` would be named a second time by its type.
        if !problems.is_empty() {
            return Err(problems);
        }
        match toml::from_str::<Self>(text) {
            Ok(file) => {
                problems.extend(file.limits.set().into_iter().filter_map(|(limit, value)| {
                    let problem = limit.problem(value)?;
                    Some(format!(": limits.{}: {problem}", limit.name))
                }));
                if problems.is_empty() {
                    return Ok(file);
                }
            }
            Err(error) => problems.extend(syntax(error)),
        }
        Err(problems)
    }

    fn at(mut self, folder: &Path) -> Self {
        for path in [
            &mut self.config,
            &mut self.data,
            &mut self.plugins,
            &mut self.compiled,
            &mut self.ui,
        ] {
            *path = path.take().map(|path| folder.join(path));
        }
        self.speech = self.speech.at(folder);
        self.source = self.source.map(|source| source.at(folder));
        // A bare name is looked for in PATH.
        let is_path = |path: &PathBuf| path.components().count() > 1;
        self.ffmpeg = self.ffmpeg.map(|path| {
            if is_path(&path) {
                folder.join(path)
            } else {
                path
            }
        });
        self
    }
}

pub(super) fn unknown(table: &toml::Table, known: &[&str], prefix: &str) -> Vec<String> {
    let surplus = table.keys().filter(|key| !known.contains(&key.as_str()));
    surplus
        .map(|key| {
            format!(
                ": {prefix}{key}: no such setting{}",
                did_you_mean(key, known.iter().copied())
            )
        })
        .collect()
}
