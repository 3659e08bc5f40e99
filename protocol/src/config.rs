//! What operators write of personas, rooms and modules, as TOML that obeys these schemas.
//!
//! Other than on the wire, an unknown field is an error here: it is most likely a slip of the pen.

use crate::{PersonaId, RoomId, V1, call::LimitsConfig, modes::ModesConfig, schema::Share};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A character: `configs/personas/NAME.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonaConfig {
    /// Version of this format.
    #[serde(default)]
    pub v: V1,
    /// Its slug; the file has the same name.
    pub id: PersonaId,
    /// What viewers read.
    #[schemars(length(min = 1, max = 40))]
    pub name: String,
    /// How its name is said aloud, where that can't be told from how it is written: `spoken = ["mika seven"]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8), inner(length(min = 2, max = 60)))]
    pub spoken: Vec<String>,
    /// The module that it runs on: `plugins/MODULE.wasm`.
    #[schemars(regex(pattern = "^[a-z0-9-]{1,63}$"))]
    pub module: String,
    /// Who it is, in a sentence or two.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    pub bio: String,
    /// How it writes.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    pub style: String,
    /// `#rrggbb`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^#[0-9a-fA-F]{6}$"))]
    pub color: Option<String>,
    /// Names of its own, 0 to 1. The host reads `talkativeness`, `excitability`, `helpfulness` and
    /// `sociability`; a module may read any.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Share>")]
    pub traits: BTreeMap<String, f64>,
    /// The language models that answer it, by the names they have in `chatter.toml`: the first that can.
    /// Where it is absent, those of its room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 8), inner(regex(pattern = "^[a-z0-9-]{1,63}$")))]
    pub llm: Option<Vec<String>>,
    /// The bounds of its calls, where they differ from those of its room, its module and the host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<LimitsConfig>,
}

/// What the operator says of a module: `configs/modules/NAME.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModuleConfig {
    /// Version of this format.
    #[serde(default)]
    pub v: V1,
    /// Its name, as in `plugins/NAME.wasm`; the file has the same one.
    #[schemars(regex(pattern = "^[a-z0-9-]{1,63}$"))]
    pub name: String,
    /// The bounds of its calls, where they differ from the host's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<LimitsConfig>,
}

/// A room: `configs/rooms/NAME.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RoomConfig {
    /// Version of this format.
    #[serde(default)]
    pub v: V1,
    /// `tenant/room`
    pub id: RoomId,
    /// What viewers read.
    #[schemars(length(min = 1, max = 120))]
    pub title: String,
    /// The moderation policy: `configs/moderation/POLICY.toml`.
    #[serde(default = "default_policy")]
    #[schemars(regex(pattern = "^[a-z0-9-]{1,63}$"))]
    pub moderation: String,
    /// How everyone may chat in it, until a moderator says otherwise.
    #[serde(default)]
    pub modes: ModesConfig,
    /// What the room watches, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceConfig>,
    /// Who sits in it.
    #[serde(default)]
    #[schemars(length(max = 500))]
    pub roster: Vec<RosterEntry>,
    /// Its own emotes: folders of pictures, or lists as 7TV has them with a folder of pictures beside
    /// each, from where this file is.
    #[serde(default)]
    #[schemars(length(max = 8), inner(length(min = 1, max = 400)))]
    pub emotes: Vec<String>,
    /// How lively it is.
    #[serde(default)]
    pub tuning: Tuning,
    /// The language models that answer its personas, by the names they have in `chatter.toml`: the first
    /// that can. Where it is absent, those of `llm.use` there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 8), inner(regex(pattern = "^[a-z0-9-]{1,63}$")))]
    pub llm: Option<Vec<String>>,
    /// The bounds of calls in it, where they differ from those of the modules and the host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<LimitsConfig>,
}

fn default_policy() -> String {
    "default".into()
}

/// A persona's seat in a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RosterEntry {
    /// Which persona.
    pub persona: PersonaId,
    /// The module it runs on here, if not the one that its own file names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[a-z0-9-]{1,63}$"))]
    pub module: Option<String>,
    /// A module that runs beside it on the same input, silently, to be compared with it: the next
    /// version, as `next` or `next.wasm`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[a-z0-9-]{1,63}(\\.wasm)?$"))]
    pub shadow: Option<String>,
}

impl RosterEntry {
    /// The name of the module that runs beside it.
    #[must_use]
    pub fn shadow_module(&self) -> Option<&str> {
        let name = self.shadow.as_deref()?;
        Some(name.strip_suffix(".wasm").unwrap_or(name))
    }
}

/// What a room watches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceConfig {
    /// A `.vtt` or `.srt` file, another file or a URL that ffmpeg reads, `rtmp://HOST:PORT/APP/KEY?listen=1`
    /// to be pushed to, `mic:` or `browser:`. A relative path starts at the folder of this file.
    #[schemars(length(min = 1))]
    pub uri: String,
    /// How fast it plays; 1 is real time.
    #[serde(default = "one")]
    #[schemars(range(min = 0.01, max = 1000.0))]
    pub speed: f64,
    /// Whether it starts again at its end.
    #[serde(default, rename = "loop")]
    pub looped: bool,
    /// Whether the room's viewers may hear it, beside the chat: the file is handed out as it is.
    #[serde(default)]
    pub audible: bool,
}

fn one() -> f64 {
    1.0
}

/// How lively a room is. `docs/protocols.md` has the formula that these numbers enter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Tuning {
    /// How many lines a minute a persona of talkativeness 1 says when nothing happens.
    #[schemars(range(min = 0.0, max = 60.0))]
    pub base_lines_per_minute: f64,
    /// What a certain event adds to the probability of a persona of excitability 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub event_boost: f64,
    /// What being named adds.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub mention_boost: f64,
    /// What an unanswered question of a person, or of the streamer to the chat, adds for a persona
    /// of helpfulness 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub question_boost: f64,
    /// What any other unanswered message of a person adds for a persona of sociability 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub reply_boost: f64,
    /// For so long after a line of its own a persona is held back, in seconds.
    #[schemars(range(min = 0.0, max = 600.0))]
    pub cooldown_s: f64,
    /// About how long a persona that is to speak thinks before it is called, in seconds; 0 for not
    /// at all.
    #[schemars(range(min = 0.0, max = 10.0))]
    pub think_time_s: f64,
    /// What is left of the wish to speak about anything else while a person waits for an answer.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub human_first: f64,
    /// The share of personas among recent messages that a room with people in it settles at.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub bot_share: f64,
    /// At most so many lines a minute from one persona.
    #[schemars(range(min = 1, max = 120))]
    pub persona_lines_per_minute: u32,
    /// At most so many lines a minute from all personas of the room.
    #[schemars(range(min = 1, max = 1200))]
    pub room_lines_per_minute: u32,
    /// How many further lines one that was shouted draws from the crowd: what makes it shout
    /// together.
    #[schemars(range(min = 0.0, max = 0.9))]
    pub contagion: f64,
    /// So many personas may answer each other in a row; then only a person or the stream starts
    /// a new chain.
    #[schemars(range(min = 0, max = 20))]
    pub max_chain: u32,
    /// The share of a persona's calls without an impulse in which it may speak all the same.
    #[schemars(range(min = 0.0, max = 0.2))]
    pub unasked_share: f64,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            base_lines_per_minute: 2.0,
            event_boost: 0.35,
            mention_boost: 0.95,
            question_boost: 0.5,
            reply_boost: 0.3,
            cooldown_s: 8.0,
            think_time_s: 2.0,
            human_first: 0.4,
            bot_share: 0.8,
            persona_lines_per_minute: 8,
            room_lines_per_minute: 40,
            contagion: 0.25,
            max_chain: 3,
            unasked_share: 0.02,
        }
    }
}
