//! Who describes pictures: the table `[vision]`.

use crate::{
    Failure,
    settings::{
        key_of,
        keys::{self, Key},
    },
};
use chatter_context::Sight;
use chatter_http::BaseUrl;
use chatter_llm::{Kind, Reasoning, ServerConfig, Vision};
use clap::Args;
use serde::Deserialize;
use std::{sync::Arc, time::Duration};

/// Who describes pictures; each part that is absent is as by default. The table `[vision]`.
#[derive(Clone, Debug, Default, Args, Deserialize)]
#[serde(default)]
pub struct VisionOptions {
    /// Address of a server that speaks OpenAI's API with a model that takes pictures; without one nobody
    /// describes what streams show [default: none]
    #[arg(
        id = "vision_base_url",
        long = "vision-base-url",
        value_name = "URL",
        env = "CHATTER_VISION_BASE_URL",
        hide_env_values = true
    )]
    pub base_url: Option<BaseUrl>,
    /// The model's name there
    #[arg(
        id = "vision_model",
        long = "vision-model",
        value_name = "NAME",
        env = "CHATTER_VISION_MODEL",
        hide_env_values = true
    )]
    pub model: Option<String>,
    /// Name of the environment variable that holds its key [default: none]
    #[arg(
        id = "vision_api_key_env",
        long = "vision-api-key-env",
        value_name = "VARIABLE",
        env = "CHATTER_VISION_API_KEY_ENV",
        hide_env_values = true
    )]
    pub api_key_env: Option<String>,
    /// How often it is shown a picture, in seconds; and soon after a change of scene [default: 15]
    #[arg(
        id = "vision_every_s",
        long = "vision-every-s",
        value_name = "SECONDS",
        env = "CHATTER_VISION_EVERY_S",
        hide_env_values = true
    )]
    pub every_s: Option<u64>,
    /// How long it may take to answer, in milliseconds [default: 10000]
    #[arg(
        id = "vision_deadline_ms",
        long = "vision-deadline-ms",
        value_name = "MS",
        env = "CHATTER_VISION_DEADLINE_MS",
        hide_env_values = true
    )]
    pub deadline_ms: Option<u64>,
    /// Whether a temperature is sent; `false` for models that refuse it, which get `max_completion_tokens`.
    #[arg(skip)]
    pub sampling: Option<bool>,
    /// How much it thinks before it answers; as the model does by itself if absent.
    #[arg(skip)]
    pub reasoning: Option<Reasoning>,
}

/// Who describes pictures. The key is named by its variable and read where it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VisionSettings {
    /// The server's address.
    pub base_url: BaseUrl,
    /// The model.
    pub model: String,
    /// The variable that holds the key.
    pub api_key_env: Option<String>,
    /// How often it is shown a picture.
    pub every: Duration,
    /// How long it may take.
    pub deadline: Duration,
    /// Whether a temperature is sent.
    pub sampling: bool,
    /// How much it thinks; as the model does by itself if absent.
    pub reasoning: Option<Reasoning>,
}

impl VisionSettings {
    /// Its key, if it has one.
    pub(crate) fn key(&self) -> Option<Key> {
        Key::of("vision", self.api_key_env.as_ref())
    }
}

impl VisionOptions {
    /// The keys of `[vision]`.
    pub(crate) const KEYS: [&str; 7] = [
        "base_url",
        "model",
        "api_key_env",
        "every_s",
        "deadline_ms",
        "sampling",
        "reasoning",
    ];

    /// These, and where they say nothing the others.
    pub(crate) fn over(self, other: Self) -> Self {
        Self {
            api_key_env: key_of(
                (self.base_url.as_ref(), self.api_key_env),
                (other.base_url.as_ref(), other.api_key_env),
            ),
            base_url: self.base_url.or(other.base_url),
            model: self.model.or(other.model),
            every_s: self.every_s.or(other.every_s),
            deadline_ms: self.deadline_ms.or(other.deadline_ms),
            sampling: self.sampling.or(other.sampling),
            reasoning: self.reasoning.or(other.reasoning),
        }
    }

    /// Checks them all; none if nobody is to describe pictures.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, each with its setting.
    pub(crate) fn settings(self) -> Result<Option<VisionSettings>, Vec<String>> {
        let mut wrong = Vec::new();
        let every_s = self.every_s.unwrap_or(15);
        if !(1..=3600).contains(&every_s) {
            wrong.push(format!("vision.every_s: {every_s} is not in 1..=3600"));
        }
        let deadline_ms = self.deadline_ms.unwrap_or(10_000);
        if !(1..=120_000).contains(&deadline_ms) {
            wrong.push(format!(
                "vision.deadline_ms: {deadline_ms} is not in 1..=120000"
            ));
        }
        let settings = match (self.base_url, self.model) {
            (None, None) => None,
            (Some(base_url), Some(model)) if !model.trim().is_empty() => Some(VisionSettings {
                base_url,
                model,
                api_key_env: self.api_key_env,
                every: Duration::from_secs(every_s),
                deadline: Duration::from_millis(deadline_ms),
                sampling: self.sampling.unwrap_or(true),
                reasoning: self.reasoning,
            }),
            _ => {
                wrong.push(
                    "vision.base_url and vision.model belong together: name both or none".into(),
                );
                None
            }
        };
        if wrong.is_empty() {
            Ok(settings)
        } else {
            Err(wrong)
        }
    }
}

/// Who describes pictures, if the settings name somebody.
pub(crate) fn sight(settings: Option<&VisionSettings>) -> Result<Option<Sight>, Failure> {
    let Some(settings) = settings else {
        return Ok(None);
    };
    let config = ServerConfig {
        base_url: settings.base_url.clone(),
        api_key: keys::read(settings.api_key_env.as_deref())?,
        sampling: settings.sampling,
        reasoning: settings.reasoning,
        ..ServerConfig::new(Kind::OpenAi, &settings.model)
    };
    let vision = Vision::new(config).map_err(|error| Failure::usage(format!("vision.{error}")))?;
    Ok(Some(Sight {
        seer: Arc::new(vision),
        every: settings.every,
        deadline: settings.deadline,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_goes_to_the_server_that_it_is_said_of() {
        let file = |base_url: Option<&str>| VisionOptions {
            base_url: base_url.map(Into::into),
            api_key_env: Some("KEY".into()),
            ..VisionOptions::default()
        };
        let at = |base_url: &str| VisionOptions {
            base_url: Some(base_url.into()),
            ..VisionOptions::default()
        };
        for (options, file, key) in [
            (VisionOptions::default(), file(Some("http://a/v1")), true),
            (at("http://a/v2"), file(Some("http://a/v1")), true),
            (at("http://b/v1"), file(Some("http://a/v1")), false),
            (at("http://b/v1"), file(None), true),
        ] {
            let case = format!("{options:?} {file:?}");
            assert_eq!(options.over(file).api_key_env.is_some(), key, "{case}");
        }
    }

    #[test]
    fn vision_is_off_or_whole() {
        let full = VisionOptions {
            base_url: Some("http://127.0.0.1:11434/v1".into()),
            model: Some("eyes".into()),
            ..VisionOptions::default()
        };
        type Change = fn(&mut VisionOptions);
        let cases: [(Change, Result<bool, &str>); 6] = [
            (|_| {}, Ok(true)),
            (|it| (it.base_url, it.model) = (None, None), Ok(false)),
            (
                |it| it.model = None,
                Err("vision.base_url and vision.model belong together: name both or none"),
            ),
            (
                |it| it.model = Some(" ".into()),
                Err("vision.base_url and vision.model belong together: name both or none"),
            ),
            (
                |it| it.every_s = Some(0),
                Err("vision.every_s: 0 is not in 1..=3600"),
            ),
            (
                |it| it.deadline_ms = Some(200_000),
                Err("vision.deadline_ms: 200000 is not in 1..=120000"),
            ),
        ];
        for (change, expected) in cases {
            let mut options = full.clone();
            change(&mut options);
            let settings = options.settings();
            let is_on = settings.map(|it| it.is_some());
            assert_eq!(
                is_on.map_err(|wrong| wrong.join("; ")),
                expected.map_err(String::from)
            );
        }
    }
}
