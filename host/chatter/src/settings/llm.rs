//! The table `[llm]`: which language models there are, who answers whom, and how much they may cost.
//!
//! `provider`, `model` and so on at its top describe one, for those who need no more; the command line can say
//! the same. `[llm.providers.NAME]` describes as many as one likes.

use super::{file::unknown, values::Provider};
use crate::Failure;
use chatter_http::{BaseUrl, Secret};
use chatter_llm::{
    Bounds, Budgets, ConfigError, Kind, OFFLINE, Price, ProviderConfig, Router, RouterConfig,
    ServerConfig,
};
use chatter_protocol::Clock;
use chatter_workbench::did_you_mean;
use serde::Deserialize;
use std::{collections::BTreeMap, time::Duration};

/// The language models, complete but for their keys.
#[derive(Clone, Debug, PartialEq)]
pub struct Llm {
    /// The providers beside the offline model, by name.
    pub providers: BTreeMap<String, LlmProvider>,
    /// Who answers where neither persona nor room says; not empty.
    pub route: Vec<String>,
    /// How much may be used up.
    pub budgets: Budgets,
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
    /// What it costs.
    pub price: Option<Price>,
}

impl Default for Llm {
    fn default() -> Self {
        Self {
            providers: BTreeMap::new(),
            route: vec![OFFLINE.into()],
            budgets: Budgets::default(),
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
        if let Some(variable) = &self.api_key_env {
            let key = std::env::var(variable).map_err(|_| {
                Failure::usage(format!("the environment variable {variable} holds no text"))
            })?;
            server.api_key = Some(Secret::new(&key));
        }
        let ProviderBounds {
            concurrency,
            queue,
            timeout,
            connect_timeout,
            sampling,
            price,
        } = self.bounds;
        server.connect_timeout = connect_timeout.unwrap_or(server.connect_timeout);
        server.sampling = sampling.unwrap_or(server.sampling);
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

const KEYS: [&str; 8] = [
    "provider",
    "base_url",
    "model",
    "api_key_env",
    "concurrency",
    "use",
    "budgets",
    "providers",
];

const PROVIDER_KEYS: [&str; 10] = [
    "kind",
    "base_url",
    "model",
    "api_key_env",
    "concurrency",
    "queue",
    "timeout_s",
    "connect_timeout_s",
    "sampling",
    "price",
];

/// The table; [`KEYS`] has the same names.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct LlmTable {
    provider: Option<Provider>,
    base_url: Option<BaseUrl>,
    model: Option<String>,
    api_key_env: Option<String>,
    concurrency: Option<usize>,
    #[serde(rename = "use")]
    route: Option<Vec<String>>,
    budgets: Budgets,
    providers: BTreeMap<String, ProviderTable>,
}

/// `[llm.providers.NAME]`; [`PROVIDER_KEYS`] has the same names.
#[derive(Debug, Deserialize)]
struct ProviderTable {
    kind: Provider,
    base_url: Option<BaseUrl>,
    #[serde(default)]
    model: String,
    api_key_env: Option<String>,
    concurrency: Option<usize>,
    queue: Option<usize>,
    timeout_s: Option<f64>,
    connect_timeout_s: Option<f64>,
    sampling: Option<bool>,
    price: Option<Price>,
}

impl LlmTable {
    /// Keys that there are not, in it and in what it holds.
    pub(super) fn unknown(table: &toml::Table) -> Vec<String> {
        let mut problems = unknown(table, &KEYS, "llm.");
        let inner = |table: &'_ toml::Table, name: &str| {
            table.get(name).and_then(toml::Value::as_table).cloned()
        };
        if let Some(budgets) = inner(table, "budgets") {
            problems.extend(unknown(&budgets, &Budgets::KEYS, "llm.budgets."));
            for level in Budgets::KEYS {
                if let Some(bounds) = inner(&budgets, level) {
                    let place = format!("llm.budgets.{level}.");
                    problems.extend(unknown(&bounds, &Bounds::KEYS, &place));
                }
            }
        }
        for (name, provider) in inner(table, "providers").unwrap_or_default() {
            let Some(provider) = provider.as_table() else {
                continue;
            };
            let place = format!("llm.providers.{name}.");
            problems.extend(unknown(provider, &PROVIDER_KEYS, &place));
            if let Some(price) = inner(provider, "price") {
                problems.extend(unknown(&price, &Price::KEYS, &format!("{place}price.")));
            }
        }
        problems
    }
}

/// What the command line and the environment say; it describes one provider.
#[derive(Default)]
pub(super) struct LlmOptions {
    pub(super) provider: Option<Provider>,
    pub(super) base_url: Option<BaseUrl>,
    pub(super) model: Option<String>,
    pub(super) api_key_env: Option<String>,
    pub(super) concurrency: Option<usize>,
}

impl Llm {
    /// Puts the layers together. `is_set` knows which environment variables are.
    pub(super) fn new(
        options: LlmOptions,
        table: LlmTable,
        is_set: impl Fn(&str) -> bool,
    ) -> Result<Self, Failure> {
        let mut checked = Checked {
            is_set: &is_set,
            wrong: Vec::new(),
        };
        let mut providers = BTreeMap::new();
        // Who names one at the command line wants that one, whatever the file says of who is used.
        let is_asked_for = options.provider.is_some();
        let short = options.provider.or(table.provider).unwrap_or_default();
        if let Provider::Server(kind) = short {
            let one = ProviderTable {
                kind: short,
                base_url: options.base_url.or(table.base_url),
                model: options.model.or(table.model).unwrap_or_default(),
                api_key_env: options.api_key_env.or(table.api_key_env),
                concurrency: options.concurrency.or(table.concurrency),
                queue: None,
                timeout_s: None,
                connect_timeout_s: None,
                sampling: None,
                price: None,
            };
            if let Some(one) = checked.provider("llm", one) {
                providers.insert(kind.name().to_owned(), one);
            }
            if table.providers.contains_key(kind.name()) {
                checked.wrong.push(format!(
                    "llm.providers.{}: llm.provider describes one of that name already; give this another",
                    kind.name()
                ));
            }
        }
        for (name, provider) in table.providers {
            let place = format!("llm.providers.{name}");
            if name == OFFLINE {
                checked.wrong.push(format!(
                    "{place}: the offline model is there by that name; it needs no table"
                ));
            } else if !is_name(&name) {
                checked
                    .wrong
                    .push(format!("{place}: a name is 1 to 63 of a-z, 0-9 and -"));
            } else if let Some(provider) = checked.provider(&place, provider) {
                providers.insert(name, provider);
            }
        }
        let mut llm = Self {
            route: Vec::new(),
            providers,
            budgets: table.budgets,
        };
        let route = match (table.route, short) {
            (_, Provider::Server(kind)) if is_asked_for => vec![kind.name().into(), OFFLINE.into()],
            (_, Provider::Offline) if is_asked_for => vec![OFFLINE.into()],
            (Some(route), _) => route,
            (None, Provider::Server(kind)) => vec![kind.name().into(), OFFLINE.into()],
            (None, Provider::Offline) => {
                if llm.providers.len() > 1 && checked.wrong.is_empty() {
                    checked.wrong.push(
                        "llm.use is missing: there are several providers, so name those to be asked, in order"
                            .into(),
                    );
                }
                let first = llm.providers.keys().next().cloned();
                first.into_iter().chain([OFFLINE.into()]).collect()
            }
        };
        if checked.wrong.is_empty() {
            checked.wrong.extend(
                route_problems(&route, &llm.names())
                    .into_iter()
                    .map(|(at, problem)| format!("llm.use{at}: {problem}")),
            );
        }
        checked.budgets(&llm.budgets);
        llm.route = route;
        if checked.wrong.is_empty() {
            Ok(llm)
        } else {
            Err(Failure::Usage(checked.wrong))
        }
    }
}

fn is_name(name: &str) -> bool {
    let is_one = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=63).contains(&name.len()) && name.chars().all(is_one)
}

/// What is wrong with a route, each with its place in it.
pub(crate) fn route_problems(route: &[String], known: &[String]) -> Vec<(String, String)> {
    let mut problems = Vec::new();
    if route.is_empty() {
        problems.push((String::new(), "names nobody".into()));
    }
    for (at, name) in route.iter().enumerate() {
        if !known.contains(name) {
            let near = did_you_mean(name, known.iter().map(String::as_str));
            problems.push((
                format!(".{at}"),
                format!("there is no language model {name:?} in chatter.toml{near}"),
            ));
        } else if route[..at].contains(name) {
            problems.push((format!(".{at}"), format!("{name:?} is named already")));
        }
    }
    problems
}

struct Checked<'a> {
    is_set: &'a dyn Fn(&str) -> bool,
    wrong: Vec<String>,
}

impl Checked<'_> {
    fn provider(&mut self, place: &str, table: ProviderTable) -> Option<LlmProvider> {
        let before = self.wrong.len();
        let mut wrong = |problem: String| self.wrong.push(problem);
        let Provider::Server(kind) = table.kind else {
            wrong(format!(
                "{place}.kind: the offline model is there by the name {OFFLINE:?}; it needs no table"
            ));
            return None;
        };
        if table.model.is_empty() {
            let hint = if place == "llm" {
                ", for instance --llm-model gpt-4o-mini"
            } else {
                ""
            };
            wrong(format!(
                "{place}.model is missing: name the server's model{hint}"
            ));
        }
        let base_url = table.base_url.unwrap_or_else(|| kind.base_url().into());
        // The vendor's usual variable is for the vendor's own server: a key that somebody else gave out goes
        // nowhere but where it is said to go.
        let usual = || {
            kind.is_own(&base_url)
                .then(|| kind.api_key_env().to_owned())
        };
        let api_key_env = table.api_key_env.or_else(usual);
        if let Some(variable) = api_key_env.as_ref().filter(|it| !(self.is_set)(it)) {
            wrong(format!(
                "the environment variable {variable}, which should hold the key of {place}, is not set"
            ));
        }
        if table.concurrency == Some(0) {
            wrong(format!("{place}.concurrency: 0 is less than 1"));
        }
        let mut seconds = |name: &str, seconds: Option<f64>| {
            let seconds = seconds?;
            if !(0.1..=600.0).contains(&seconds) {
                wrong(format!("{place}.{name}: {seconds} is not in 0.1..=600"));
                return None;
            }
            Some(Duration::from_secs_f64(seconds))
        };
        let timeout = seconds("timeout_s", table.timeout_s);
        let connect_timeout = seconds("connect_timeout_s", table.connect_timeout_s);
        if let Some(price) = table.price {
            let Price {
                input,
                cached_input,
                output,
            } = price;
            for (name, value) in [
                ("input", Some(input)),
                ("cached_input", cached_input),
                ("output", Some(output)),
            ] {
                self.not_negative(&format!("{place}.price.{name}"), value);
            }
        }
        (self.wrong.len() == before).then_some(LlmProvider {
            kind,
            base_url,
            model: table.model,
            api_key_env,
            bounds: ProviderBounds {
                concurrency: table.concurrency,
                queue: table.queue,
                timeout,
                connect_timeout,
                sampling: table.sampling,
                price: table.price,
            },
        })
    }

    fn budgets(&mut self, budgets: &Budgets) {
        let levels = [
            ("tenant", budgets.tenant),
            ("room", budgets.room),
            ("persona", budgets.persona),
        ];
        for (level, bounds) in levels {
            let place = |name: &str| format!("llm.budgets.{level}.{name}");
            self.not_negative(&place("money_per_minute"), bounds.money_per_minute);
            self.not_negative(&place("money_per_day"), bounds.money_per_day);
        }
    }

    fn not_negative(&mut self, place: &str, value: Option<f64>) {
        if let Some(value) = value.filter(|value| !(value.is_finite() && *value >= 0.0)) {
            self.wrong
                .push(format!("{place}: {value} is not 0 or more"));
        }
    }
}
