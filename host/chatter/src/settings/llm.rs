//! The table `[llm]`: which language models there are, who answers whom, and how much they may cost.
//!
//! `provider`, `model` and so on at its top describe one, for those who need no more; the command line can say
//! the same. `[llm.providers.NAME]` describes as many as one likes, and `[llm.moderation.NAME]` those that moderate.

mod moderation;
mod table;

pub use moderation::ModerationServer;
pub(crate) use table::route_problems;
pub(super) use table::{LlmOptions, LlmTable};

use super::keys::{self, Key};
use crate::Failure;
use chatter_http::BaseUrl;
use chatter_llm::{
    Assessor, Budgets, ConfigError, Kind, OFFLINE, Price, ProviderConfig, Reasoning, Router,
    RouterConfig, ServerConfig,
};
use chatter_protocol::Clock;
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// The language models, complete but for their keys.
#[derive(Clone, Debug, PartialEq)]
pub struct Llm {
    /// The providers beside the offline model, by name.
    pub providers: BTreeMap<String, LlmProvider>,
    /// Who answers where neither persona nor room says; not empty.
    pub route: Vec<String>,
    /// How much may be used up.
    pub budgets: Budgets,
    /// Who says what texts are, by name.
    pub moderation: BTreeMap<String, ModerationServer>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq)]
pub struct LlmProvider {
    /// Which API it speaks.
    pub kind: Kind,
    /// Its address.
    pub base_url: BaseUrl,
    /// The model's name.
    pub model: String,
    /// The name of the environment variable that holds the key, if there is a key. The key
    /// itself is read where it is used, and kept nowhere else.
    pub api_key_env: Option<String>,
    /// What bounds it, as far as it is said.
    pub bounds: ProviderBounds,
}

/// What bounds a provider; the client's own bounds where it is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ProviderBounds {
    /// At most so many requests at once.
    pub concurrency: Option<usize>,
    /// At most so many more that wait.
    pub queue: Option<usize>,
    /// How long an answer may take.
    pub timeout: Option<Duration>,
    /// How long making a connection may take.
    pub connect_timeout: Option<Duration>,
    /// Whether temperature and seed are sent.
    pub sampling: Option<bool>,
    /// How much it thinks.
    pub reasoning: Option<Reasoning>,
    /// What it costs.
    pub price: Option<Price>,
}

impl Default for Llm {
    fn default() -> Self {
        Self {
            providers: BTreeMap::new(),
            route: vec![OFFLINE.into()],
            budgets: Budgets::default(),
            moderation: BTreeMap::new(),
        }
    }
}

impl Llm {
    /// Whether nothing but the offline model is ever asked.
    #[must_use]
    pub fn is_offline(&self) -> bool {
        self.providers.is_empty()
    }

    /// The names that routes may hold.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let names = self.providers.keys().cloned();
        names.chain([OFFLINE.to_owned()]).collect()
    }

    /// The keys of all of them.
    pub(crate) fn keys(&self) -> impl Iterator<Item = Key> + '_ {
        let models = self.providers.iter().filter_map(|(name, it)| {
            Key::of(
                format_args!("llm.providers.{name}"),
                it.api_key_env.as_ref(),
            )
        });
        let moderation = self.moderation.iter().filter_map(|(name, it)| {
            Key::of(
                format_args!("llm.moderation.{name}"),
                it.api_key_env.as_ref(),
            )
        });
        models.chain(moderation)
    }

    /// Who says what texts are, with their keys from the environment.
    ///
    /// # Errors
    ///
    /// If a setting can't be used, or TLS can't be set up.
    pub fn assessors(&self) -> Result<BTreeMap<String, Arc<dyn Assessor>>, Failure> {
        let client = |(name, server): (&String, &ModerationServer)| {
            let client: Arc<dyn Assessor> = server.client(name)?;
            Ok((name.clone(), client))
        };
        self.moderation.iter().map(client).collect()
    }

    /// The models, with their keys from the environment.
    ///
    /// # Errors
    ///
    /// If a setting can't be used, or TLS can't be set up.
    pub fn router(&self, clock: Clock) -> Result<Router, Failure> {
        let providers = self
            .providers
            .iter()
            .map(|(name, provider)| provider.config(name));
        let config = RouterConfig {
            providers: providers.collect::<Result<_, _>>()?,
            route: self.route.clone(),
            budgets: self.budgets,
        };
        Router::new(config, clock).map_err(|error| match &error {
            ConfigError::At(_, inner) if matches!(**inner, ConfigError::Tls(_)) => {
                Failure::failed(error)
            }
            ConfigError::At(..) => Failure::usage(format!("llm.providers.{error}")),
            _ => Failure::usage(format!("llm: {error}")),
        })
    }
}

impl LlmProvider {
    fn config(&self, name: &str) -> Result<ProviderConfig, Failure> {
        let mut server = ServerConfig::new(self.kind, &self.model);
        server.base_url.clone_from(&self.base_url);
        server.api_key = keys::read(self.api_key_env.as_deref())?;
        let ProviderBounds {
            concurrency,
            queue,
            timeout,
            connect_timeout,
            sampling,
            reasoning,
            price,
        } = self.bounds;
        server.connect_timeout = connect_timeout.unwrap_or(server.connect_timeout);
        server.sampling = sampling.unwrap_or(server.sampling);
        server.reasoning = reasoning;
        let usual = ProviderConfig::new(name, server);
        Ok(ProviderConfig {
            concurrency: concurrency.unwrap_or(usual.concurrency),
            queue: queue.unwrap_or(usual.queue),
            timeout,
            price,
            ..usual
        })
    }
}
