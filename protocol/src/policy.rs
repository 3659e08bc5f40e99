//! What may be said in a room, as operators write it.

mod provider;

pub use provider::{
    Measure, OnFailure, OtherRule, ProviderCategories, ProviderRules, ScoreRule, Whom,
};

use crate::{V1, moderation::Action};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What may be said: `configs/moderation/NAME.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModerationPolicy {
    /// Version of this format.
    #[serde(default)]
    pub v: V1,
    /// Its name; the file has the same one.
    #[schemars(regex(pattern = "^[a-z0-9-]{1,63}$"))]
    pub name: String,
    /// Goes into every verdict; to be raised with every edit.
    #[serde(default = "first")]
    #[schemars(length(min = 1, max = 60))]
    pub version: String,
    /// The longest text, in characters.
    #[serde(default = "longest")]
    #[schemars(range(min = 1, max = 500))]
    pub max_chars: u32,
    /// Words and phrases that are caught wherever they stand as whole words, in any letter case.
    #[serde(default)]
    #[schemars(length(max = 100_000), inner(length(min = 1, max = 200)))]
    pub blocklist: Vec<String>,
    /// What is done with a message that holds one of them.
    #[serde(default = "Action::drop")]
    pub blocklist_action: Action,
    /// In which disguises words are recognised.
    #[serde(default)]
    pub matching: Matching,
    /// How strictly categories are applied: 0 not at all, 4 the most.
    #[serde(default = "some")]
    #[schemars(range(max = 4))]
    pub level: u8,
    /// Categories that are applied otherwise than `level` says, or with another action.
    #[serde(default)]
    pub categories: Categories,
    /// Words and phrases by category.
    #[serde(default)]
    #[schemars(length(max = 64))]
    pub words: Vec<Words>,
    /// What is done with personal data and secrets.
    #[serde(default)]
    pub patterns: Patterns,
    /// What is done with links.
    #[serde(default)]
    pub links: Links,
    /// Whose words, personal data and links are not looked at. What makes a text unreadable nobody may
    /// send.
    #[serde(default)]
    #[schemars(length(max = 2))]
    pub exempt: Vec<Role>,
    /// Who is asked about what these rules let through, if anybody is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<ProviderRules>,
}

impl ModerationPolicy {
    /// A policy that bounds a text's length and nothing else.
    #[must_use]
    pub fn open(name: &str) -> Self {
        Self {
            v: V1,
            name: name.to_owned(),
            version: first(),
            max_chars: longest(),
            blocklist: Vec::new(),
            blocklist_action: Action::Drop,
            matching: Matching::default(),
            level: some(),
            categories: Categories::default(),
            words: Vec::new(),
            patterns: Patterns::default(),
            links: Links::default(),
            exempt: Vec::new(),
            provider: None,
        }
    }

    /// How strictly a category is applied, and what is done with what it catches. Without a word about
    /// it a message is held.
    #[must_use]
    pub fn category(&self, category: Category) -> (u8, Action) {
        let own = self.categories.of(category);
        (
            own.level.unwrap_or(self.level),
            own.action.unwrap_or(Action::Hold),
        )
    }
}

/// In which disguises words are recognised. Letter case, widths and accents never matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Matching {
    /// Letters of other scripts that look the same: `ѕlut` with a Cyrillic letter.
    pub confusables: bool,
    /// Digits and signs for letters: `sh1t`, `$lut`.
    pub leetspeak: bool,
    /// Letters said three times and more: `fuuuck`.
    pub repeats: bool,
    /// Letters set apart: `k y s`, `k.y.s`.
    pub spaced: bool,
}

impl Default for Matching {
    fn default() -> Self {
        Self {
            confusables: true,
            leetspeak: true,
            repeats: true,
            spaced: true,
        }
    }
}

/// What words can be about. The names are those of Twitch's `AutoMod` settings in its API (Helix).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// Hostility: threats, and calls to do harm to oneself or others.
    Aggression,
    /// Hostility: insults and name-calling.
    Bullying,
    /// Discrimination against disability.
    Disability,
    /// Discrimination against women.
    Misogyny,
    /// Discrimination by race, ethnicity or religion.
    RaceEthnicityOrReligion,
    /// Sexual content.
    SexBasedTerms,
    /// Discrimination by sexuality, sex or gender.
    SexualitySexOrGender,
    /// Profanity.
    Swearing,
}

impl Category {
    /// Its name, as a policy writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aggression => "aggression",
            Self::Bullying => "bullying",
            Self::Disability => "disability",
            Self::Misogyny => "misogyny",
            Self::RaceEthnicityOrReligion => "race_ethnicity_or_religion",
            Self::SexBasedTerms => "sex_based_terms",
            Self::SexualitySexOrGender => "sexuality_sex_or_gender",
            Self::Swearing => "swearing",
        }
    }
}

/// What differs for single categories.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Categories {
    /// Threats, and calls to do harm.
    pub aggression: CategoryRule,
    /// Insults.
    pub bullying: CategoryRule,
    /// Discrimination against disability.
    pub disability: CategoryRule,
    /// Discrimination against women.
    pub misogyny: CategoryRule,
    /// Discrimination by race, ethnicity or religion.
    pub race_ethnicity_or_religion: CategoryRule,
    /// Sexual content.
    pub sex_based_terms: CategoryRule,
    /// Discrimination by sexuality, sex or gender.
    pub sexuality_sex_or_gender: CategoryRule,
    /// Profanity.
    pub swearing: CategoryRule,
}

impl Categories {
    const fn of(&self, category: Category) -> CategoryRule {
        match category {
            Category::Aggression => self.aggression,
            Category::Bullying => self.bullying,
            Category::Disability => self.disability,
            Category::Misogyny => self.misogyny,
            Category::RaceEthnicityOrReligion => self.race_ethnicity_or_religion,
            Category::SexBasedTerms => self.sex_based_terms,
            Category::SexualitySexOrGender => self.sexuality_sex_or_gender,
            Category::Swearing => self.swearing,
        }
    }
}

/// How one category is applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CategoryRule {
    /// How strictly, 0 to 4; the policy's `level` where it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 4))]
    pub level: Option<u8>,
    /// What is done with what it catches; `hold` where it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
}

/// Words and phrases of a category.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// What they are about.
    pub category: Category,
    /// From which level on they are caught: 1 for the worst, 4 for what only the strictest room minds.
    #[schemars(range(min = 1, max = 4))]
    pub from_level: u8,
    /// As in `blocklist`.
    #[schemars(length(max = 100_000), inner(length(min = 1, max = 200)))]
    pub entries: Vec<String>,
}

/// What is done with personal data and secrets; nothing where a field is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Patterns {
    /// Addresses of e-mail, `name (at) example (dot) com` too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<Action>,
    /// Phone numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<Action>,
    /// Numbers of payment cards, by their checksum.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card: Option<Action>,
    /// Numbers of bank accounts, by their checksum.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iban: Option<Action>,
    /// Public IP addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_address: Option<Action>,
    /// A house number and a street.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub street_address: Option<Action>,
    /// API keys, tokens, stream keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<Action>,
}

/// What is done with links.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Links {
    /// What is done with a message that holds one to a host that is not allowed.
    pub action: Action,
    /// Hosts that are allowed, with all below them: `youtube.com`.
    #[schemars(length(max = 10_000), inner(regex(pattern = "^[a-z0-9.-]{1,253}$")))]
    pub allow: Vec<String>,
}

impl Default for Links {
    fn default() -> Self {
        Self {
            action: Action::Allow,
            allow: Vec::new(),
        }
    }
}

/// Whom a policy can exempt. Personas pass it as people do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// People who may remove messages, the operator among them.
    Moderator,
    /// The room itself.
    System,
}

fn first() -> String {
    "1".into()
}

const fn longest() -> u32 {
    500
}

/// Discrimination, sexual content and hostility.
const fn some() -> u8 {
    2
}
