//! How much a model thinks before it answers.

use serde::Deserialize;

/// How much a model that reasons may think before it answers. What it thinks is no part of the answer, takes its
/// time, and costs what an answer costs; models of that kind think a lot unless they are told otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub enum Reasoning {
    /// Not at all, or as little as the model can.
    Off,
    /// Hardly.
    Minimal,
    /// A little.
    Low,
    /// More.
    Medium,
    /// Much.
    High,
    /// With so many tokens at most.
    Tokens(u32),
}

/// The most tokens that may be set.
const MOST: u32 = 100_000;

impl Reasoning {
    const LEVELS: [(&'static str, Self); 5] = [
        ("off", Self::Off),
        ("minimal", Self::Minimal),
        ("low", Self::Low),
        ("medium", Self::Medium),
        ("high", Self::High),
    ];

    /// A level's name; none of a number of tokens.
    pub(super) fn level(self) -> Option<&'static str> {
        let level = Self::LEVELS.iter().find(|(_, level)| *level == self);
        level.map(|(name, _)| *name)
    }

    /// How many tokens it is given beside those of the answer, since vendors' limits are of both together. Of the
    /// levels, vendors say no number; these are about Google's
    /// ([OpenAI compatibility](https://ai.google.dev/gemini-api/docs/openai)), and what is thought beyond them
    /// ends an answer early.
    pub(crate) const fn headroom(self) -> u32 {
        match self {
            Self::Off => 0,
            Self::Minimal => 512,
            Self::Low => 1_024,
            Self::Medium => 8_192,
            Self::High => 24_576,
            Self::Tokens(tokens) => tokens,
        }
    }
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "no reasoning; it can be \"off\", \"minimal\", \"low\", \"medium\", \"high\" or a number of tokens"
)]
enum Written {
    Tokens(u64),
    Level(String),
}

impl TryFrom<Written> for Reasoning {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        match written {
            Written::Tokens(tokens) => match u32::try_from(tokens) {
                Ok(tokens) if tokens <= MOST => Ok(Self::Tokens(tokens)),
                _ => Err(format!("{tokens} tokens of reasoning are more than {MOST}")),
            },
            Written::Level(text) => {
                let level = Self::LEVELS.iter().find(|(name, _)| *name == text);
                level.map(|(_, level)| *level).ok_or_else(|| {
                    format!("{text:?} is no reasoning; it can be \"off\", \"minimal\", \"low\", \"medium\", \"high\" or a number of tokens")
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_level_or_a_number() {
        for (written, expected) in [
            ("\"off\"", Ok(Reasoning::Off)),
            ("\"high\"", Ok(Reasoning::High)),
            ("2048", Ok(Reasoning::Tokens(2048))),
            ("\"some\"", Err("\"some\" is no reasoning")),
            ("1000000", Err("more than 100000")),
            ("-5", Err("no reasoning; it can be")),
        ] {
            let read = serde_json::from_str::<Reasoning>(written);
            match expected {
                Ok(reasoning) => assert_eq!(read.ok(), Some(reasoning), "{written}"),
                Err(why) => {
                    let error = read.unwrap_err().to_string();
                    assert!(error.contains(why), "{error}");
                }
            }
        }
    }
}
