//! Modes of a room: what bounds how everyone in it may chat, beside the moderation policy.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

/// How everyone in a room may chat at the moment. None of it holds for moderators.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Modes {
    /// So many seconds lie between two messages of an author.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 3600))]
    pub slow_seconds: Option<u32>,
    /// Only sessions that were made at least so many minutes ago may speak: 0 is any session. Who has
    /// none, may not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 129_600))]
    pub known_minutes: Option<u32>,
    /// Messages are made of emotes alone. This holds for personas, too.
    #[serde(default)]
    pub emote_only: bool,
    /// What was said in the last five minutes, by anybody and in any dress, is not said again.
    #[serde(default)]
    pub unique: bool,
    /// Whether slow and unique hold for personas, too. (Those have no session, and known is not asked of them.)
    #[serde(default)]
    pub personas: bool,
}

impl Modes {
    /// Whether everyone may chat as they like.
    #[must_use]
    pub const fn are_off(&self) -> bool {
        self.slow_seconds.is_none()
            && self.known_minutes.is_none()
            && !self.emote_only
            && !self.unique
    }
}

/// What is to be changed of a room's modes: what is absent stays, `null` switches off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModesPatch {
    /// As in [`Modes`].
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(range(min = 1, max = 3600))]
    pub slow_seconds: Option<Option<u32>>,
    /// As in [`Modes`].
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(range(min = 0, max = 129_600))]
    pub known_minutes: Option<Option<u32>>,
    /// As in [`Modes`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emote_only: Option<bool>,
    /// As in [`Modes`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unique: Option<bool>,
    /// As in [`Modes`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub personas: Option<bool>,
}

/// A field that is there, whether it says `null` or not.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<u32>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl ModesPatch {
    /// The modes with these changes.
    #[must_use]
    pub fn apply(self, modes: Modes) -> Modes {
        Modes {
            slow_seconds: self.slow_seconds.unwrap_or(modes.slow_seconds),
            known_minutes: self.known_minutes.unwrap_or(modes.known_minutes),
            emote_only: self.emote_only.unwrap_or(modes.emote_only),
            unique: self.unique.unwrap_or(modes.unique),
            personas: self.personas.unwrap_or(modes.personas),
        }
    }
}

/// The modes that a room begins with, as its operator writes them: `[modes]` in `configs/rooms/NAME.toml`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ModesConfig {
    /// So many seconds lie between two messages of an author.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 3600))]
    pub slow_seconds: Option<u32>,
    /// Only sessions that were made at least so many minutes ago may speak; 0 for any session.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 129_600))]
    pub known_minutes: Option<u32>,
    /// Messages are made of emotes alone.
    pub emote_only: bool,
    /// What was said in the last five minutes is not said again.
    pub unique: bool,
    /// Whether slow and unique hold for personas, too.
    pub personas: bool,
}

impl From<ModesConfig> for Modes {
    fn from(config: ModesConfig) -> Self {
        let ModesConfig {
            slow_seconds,
            known_minutes,
            emote_only,
            unique,
            personas,
        } = config;
        Self {
            slow_seconds,
            known_minutes,
            emote_only,
            unique,
            personas,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_changes_what_it_names() {
        let modes = Modes {
            slow_seconds: Some(5),
            unique: true,
            ..Modes::default()
        };
        for (patch, wanted) in [
            ("{}", modes),
            (
                r#"{"slow_seconds":null}"#,
                Modes {
                    slow_seconds: None,
                    ..modes
                },
            ),
            (
                r#"{"known_minutes":10,"unique":false}"#,
                Modes {
                    known_minutes: Some(10),
                    unique: false,
                    ..modes
                },
            ),
        ] {
            let patch: ModesPatch = serde_json::from_str(patch).unwrap();
            assert_eq!(patch.apply(modes), wanted);
        }
    }
}
