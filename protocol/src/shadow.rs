//! How the next version of a persona's module does, silently, beside the one that serves.

use crate::{CallId, Timestamp, persona::ModuleRef};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most differences in a [`ShadowStatus`].
pub const MAX_DIFFERENCES: usize = 5;

/// What came of a persona's shadow runs: a module is given the same turn and input as the one that
/// serves, and nothing of what it does is kept. All counts begin again with each new component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShadowStatus {
    /// The component.
    pub module: ModuleRef,
    /// Why it can't be called, or why a newer one in the plugin folder isn't; empty when nothing is
    /// wrong.
    #[serde(default)]
    pub detail: String,
    /// Calls that it was given.
    pub calls: u64,
    /// Calls that it was not given, as it was still in the one before or the host was busy.
    pub skipped: u64,
    /// Calls of it that ended in a trap, a time-out or an error.
    pub failures: u64,
    /// Why the latest of them failed; empty if none did.
    #[serde(default)]
    pub last_failure: String,
    /// How often the two did the same, of the calls that both returned from well.
    pub agreement: Agreement,
    /// What its calls cost.
    pub cost: Cost,
    /// What the same calls cost with the module that serves.
    pub live_cost: Cost,
    /// The latest calls in which the two did not do the same, the newest first.
    #[serde(default)]
    #[schemars(length(max = 5))]
    pub differences: Vec<Difference>,
}

/// How often the two did what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Agreement {
    /// Neither said anything.
    pub both_silent: u64,
    /// Both said the same.
    pub same_lines: u64,
    /// Both spoke, and not in the same words.
    pub other_lines: u64,
    /// Only the one that serves spoke.
    pub live_alone: u64,
    /// Only the shadow would have spoken.
    pub shadow_alone: u64,
}

/// What calls cost in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cost {
    /// Ticks of the epoch in which the guest ran.
    pub cpu_ticks: u64,
    /// Microseconds from start to end. What a shadow asks as the serving one did is answered at once.
    pub ran_us: u64,
    /// LLM calls.
    pub llm_calls: u64,
    /// Tokens that the LLM answered with.
    pub llm_tokens: u64,
}

/// A call in which the two did not do the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Difference {
    /// Which.
    pub call_id: CallId,
    /// When it began.
    pub at: Timestamp,
    /// What the serving one did.
    pub live: Reaction,
    /// What the shadow would have done.
    pub shadow: Reaction,
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "did", rename_all = "snake_case")]
pub enum Reaction {
    /// It had something to say.
    Spoke {
        /// What.
        lines: Vec<String>,
    },
    /// It had not.
    Silent {
        /// Why not, in its own words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        because: Option<String>,
    },
    /// It failed.
    Failed {
        /// Why.
        reason: String,
    },
}
