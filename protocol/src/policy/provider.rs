//! What a policy says of a moderation provider: a server that is asked what texts are.

use crate::moderation::Action;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Who is asked about what the policy's own rules let through, and what its answers lead to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProviderRules {
    /// The provider, as `[llm.moderation.NAME]` of the host's settings describes it.
    #[schemars(regex(pattern = "^[a-z0-9-]{1,63}$"))]
    pub name: String,
    /// Whose texts it is asked about.
    #[serde(default = "all")]
    #[schemars(length(min = 1, max = 2))]
    pub about: Vec<Whom>,
    /// How long a message waits for the answer, in milliseconds.
    #[serde(default = "usual_timeout")]
    #[schemars(range(min = 100, max = 5000))]
    pub timeout_ms: u32,
    /// What is done with a message that there is no answer about.
    #[serde(default)]
    pub on_failure: OnFailure,
    /// What is done with a text that the provider flags by its own thresholds, and that no category's score leads
    /// to anything.
    #[serde(default)]
    pub flagged: Measure,
    /// OpenAI's categories, where they are to be otherwise than by default.
    #[serde(default)]
    pub categories: ProviderCategories,
    /// Categories that other servers have, under the names that they give them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub other: BTreeMap<String, OtherRule>,
}

/// Whose texts a provider is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Whom {
    /// Everyone but personas, and but those whom the policy exempts.
    People,
    /// Personas.
    Personas,
}

/// What is done with a message that there is no answer about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnFailure {
    /// It goes out: the policy's own rules let it through.
    #[default]
    Allow,
    /// It waits for a moderator.
    Hold,
}

/// What a score leads to. A score tells no place in a text, so nothing can be redacted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Measure {
    /// Nothing.
    #[default]
    Allow,
    /// The message waits for a moderator.
    Hold,
    /// It does not go out.
    Drop,
}

impl From<Measure> for Action {
    fn from(measure: Measure) -> Self {
        match measure {
            Measure::Allow => Self::Allow,
            Measure::Hold => Self::Hold,
            Measure::Drop => Self::Drop,
        }
    }
}

/// How one of OpenAI's categories is applied; as by default where a part is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ScoreRule {
    /// What the score leads to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<Measure>,
    /// From which score on, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1))]
    pub from_score: Option<f64>,
}

/// How a category of another server is applied.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OtherRule {
    /// What the score leads to.
    pub action: Measure,
    /// From which score on, 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    pub from_score: f64,
}

/// OpenAI's categories, [as they are named there](https://platform.openai.com/docs/guides/moderation).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProviderCategories {
    /// Harassing language; held from 0.8 on.
    pub harassment: ScoreRule,
    /// Harassment with threats of violence; dropped from 0.7 on.
    #[serde(rename = "harassment/threatening")]
    pub harassment_threatening: ScoreRule,
    /// Hate by race, gender, religion and the like; held from 0.6 on.
    pub hate: ScoreRule,
    /// Hate with threats of violence; dropped from 0.7 on.
    #[serde(rename = "hate/threatening")]
    pub hate_threatening: ScoreRule,
    /// Advice on how to do what is against the law; nothing, and from 0.9 on if something is to be done.
    pub illicit: ScoreRule,
    /// The same with violence or weapons; held from 0.7 on.
    #[serde(rename = "illicit/violent")]
    pub illicit_violent: ScoreRule,
    /// Acts of harming oneself; held from 0.8 on.
    #[serde(rename = "self-harm")]
    pub self_harm: ScoreRule,
    /// Somebody who says that they harm themselves, or will; held from 0.6 on.
    #[serde(rename = "self-harm/intent")]
    pub self_harm_intent: ScoreRule,
    /// Advice on how to, or calls to; dropped from 0.6 on.
    #[serde(rename = "self-harm/instructions")]
    pub self_harm_instructions: ScoreRule,
    /// Sexual content; held from 0.7 on.
    pub sexual: ScoreRule,
    /// Sexual content with somebody under 18; dropped from 0.2 on.
    #[serde(rename = "sexual/minors")]
    pub sexual_minors: ScoreRule,
    /// Death, violence, injury; nothing, since games are full of it, and from 0.9 on if something is to be done.
    pub violence: ScoreRule,
    /// The same in graphic detail; held from 0.9 on.
    #[serde(rename = "violence/graphic")]
    pub violence_graphic: ScoreRule,
}

impl ProviderCategories {
    /// Each category by its name, with what its score leads to, and from which score on.
    #[must_use]
    pub fn rules(&self) -> [(&'static str, Measure, f64); 13] {
        use Measure::{Allow, Drop, Hold};
        let rule = |name, own: ScoreRule, action, from_score| {
            let action = own.action.unwrap_or(action);
            (name, action, own.from_score.unwrap_or(from_score))
        };
        [
            rule("harassment", self.harassment, Hold, 0.8),
            rule(
                "harassment/threatening",
                self.harassment_threatening,
                Drop,
                0.7,
            ),
            rule("hate", self.hate, Hold, 0.6),
            rule("hate/threatening", self.hate_threatening, Drop, 0.7),
            rule("illicit", self.illicit, Allow, 0.9),
            rule("illicit/violent", self.illicit_violent, Hold, 0.7),
            rule("self-harm", self.self_harm, Hold, 0.8),
            rule("self-harm/intent", self.self_harm_intent, Hold, 0.6),
            rule(
                "self-harm/instructions",
                self.self_harm_instructions,
                Drop,
                0.6,
            ),
            rule("sexual", self.sexual, Hold, 0.7),
            rule("sexual/minors", self.sexual_minors, Drop, 0.2),
            rule("violence", self.violence, Allow, 0.9),
            rule("violence/graphic", self.violence_graphic, Hold, 0.9),
        ]
    }
}

fn all() -> Vec<Whom> {
    vec![Whom::People, Whom::Personas]
}

const fn usual_timeout() -> u32 {
    1500
}
