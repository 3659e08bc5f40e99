//! How a persona is doing, as workers tell it on `persona.status`.

use crate::{PersonaId, RoomId, Timestamp, V1, schema::Share, shadow::ShadowStatus};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One persona in one room.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PersonaStatus {
    /// Version of this format.
    pub v: V1,
    /// The room.
    pub room_id: RoomId,
    /// The persona.
    pub persona_id: PersonaId,
    /// Its display name.
    pub name: String,
    /// Who it is, in a sentence or two.
    #[serde(default)]
    pub bio: String,
    /// Its traits as they are now, with their drift, 0 to 1.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Share>")]
    pub traits: BTreeMap<String, f64>,
    /// `#rrggbb`, as on its messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^#[0-9a-fA-F]{6}$"))]
    pub color: Option<String>,
    /// The code that it runs on.
    pub module: ModuleRef,
    /// Whether it can be called.
    pub health: Health,
    /// What is wrong, in words an author can act on; empty when nothing is.
    #[serde(default)]
    pub detail: String,
    /// Calls since the worker started.
    pub calls: u64,
    /// Those of them that ended in a trap, a time-out or an error.
    pub failures: u64,
    /// Lines submitted since the worker started.
    pub lines: u64,
    /// How the next version of its module does beside it, if the roster names one. The gateway shows it
    /// to operators alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shadow: Option<ShadowStatus>,
    /// Whether it has left the room: this is the last that is told of it, until it comes back.
    #[serde(default, skip_serializing_if = "is_false")]
    pub left: bool,
    /// When this was true.
    pub at: Timestamp,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// Which component a persona runs on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModuleRef {
    /// The file's name without `.wasm`.
    pub name: String,
    /// SHA-256 of the component's bytes, as hexadecimal digits; empty when it could not be loaded.
    pub digest: String,
    /// The version of the contract that it was built for, such as `0.2.0`.
    pub contract: String,
    /// What the component says of itself.
    #[serde(default)]
    pub version: String,
    /// The calls that it wants.
    #[serde(default, skip_serializing_if = "Calls::is_all")]
    pub calls: Calls,
}

/// Which calls a module wants; all, if nothing is said. For the others it is not instantiated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Calls {
    /// `on-context`
    pub context: bool,
    /// `on-firehose`; without it, nobody's message is put to its personas to be answered.
    pub firehose: bool,
    /// `reflect`
    pub reflect: bool,
}

impl Calls {
    /// Every call.
    pub const ALL: Self = Self {
        context: true,
        firehose: true,
        reflect: true,
    };

    fn is_all(&self) -> bool {
        *self == Self::ALL
    }
}

impl Default for Calls {
    fn default() -> Self {
        Self::ALL
    }
}

/// Whether a persona can be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// Its latest call returned well, or it was not called yet.
    Ok,
    /// Its latest calls failed.
    Failing,
    /// Its module is missing or was refused.
    Unavailable,
}
