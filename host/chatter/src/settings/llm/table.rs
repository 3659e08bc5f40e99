//! The table as it is written, and what comes of it with what the command line says.

use super::{
    Llm, LlmProvider, ProviderBounds,
    moderation::{self, ModerationTable},
};
use crate::{
    Failure,
    settings::{
        file::unknown,
        values::{Provider, key_of},
    },
};
use chatter_http::BaseUrl;
use chatter_llm::{Bounds, Budgets, OFFLINE, Price, Reasoning};
use chatter_workbench::did_you_mean;
use serde::Deserialize;
use std::{collections::BTreeMap, time::Duration};

const KEYS: [&str; 10] = [
    "provider",
    "base_url",
    "model",
    "api_key_env",
    "concurrency",
    "reasoning",
    "use",
    "budgets",
    "providers",
    "moderation",
];

const PROVIDER_KEYS: [&str; 11] = [
    "kind",
    "base_url",
    "model",
    "api_key_env",
    "concurrency",
    "queue",
    "timeout_s",
    "connect_timeout_s",
    "sampling",
    "reasoning",
    "price",
];

/// The table; [`KEYS`] has the same names.
#[derive(Debug, Default, Deserialize)]
#[serde(default, expecting = "a table: provider = \"openai\" in [llm]")]
pub(in crate::settings) struct LlmTable {
    provider: Option<Provider>,
    base_url: Option<BaseUrl>,
    model: Option<String>,
    api_key_env: Option<String>,
    concurrency: Option<usize>,
    reasoning: Option<Reasoning>,
    #[serde(rename = "use")]
    route: Option<Vec<String>>,
    budgets: Budgets,
    providers: BTreeMap<String, ProviderTable>,
    moderation: BTreeMap<String, ModerationTable>,
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
    reasoning: Option<Reasoning>,
    price: Option<Price>,
}

impl LlmTable {
    /// Leaves out what is said of the one provider at the top of the table, which is another vendor's than is meant: its
    /// key least of all may go there.
    fn forget_the_one(&mut self) {
        self.base_url = None;
        self.model = None;
        self.api_key_env = None;
        self.concurrency = None;
        self.reasoning = None;
    }

    /// Keys that there are not, in it and in what it holds.
    pub(in crate::settings) fn unknown(table: &toml::Table) -> Vec<String> {
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
        if let Some(tables) = inner(table, "moderation") {
            problems.extend(moderation::unknown_keys(&tables));
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
pub(in crate::settings) struct LlmOptions {
    pub(in crate::settings) provider: Option<Provider>,
    pub(in crate::settings) base_url: Option<BaseUrl>,
    pub(in crate::settings) model: Option<String>,
    pub(in crate::settings) api_key_env: Option<String>,
    pub(in crate::settings) concurrency: Option<usize>,
}

impl Llm {
    /// Puts the layers together.
    pub(in crate::settings) fn new(
        options: LlmOptions,
        mut table: LlmTable,
    ) -> Result<Self, Failure> {
        let mut checked = Checked { wrong: Vec::new() };
        let mut providers = BTreeMap::new();
        // Who names one at the command line wants that one, whatever the file says of who is used.
        let is_asked_for = options.provider.is_some();
        if is_asked_for
            && table
                .provider
                .is_some_and(|it| Some(it) != options.provider)
        {
            table.forget_the_one();
        }
        let named = options.provider.or(table.provider);
        let short = named.unwrap_or_default();
        if named.is_none() {
            checked.unclaimed(&options, &table);
        }
        if let Provider::Server(kind) = short {
            let own = BaseUrl::from(kind.base_url());
            let filed = table.base_url.as_ref();
            let filed = filed.or(table.provider.map(|_| &own));
            let api_key_env = key_of(
                (options.base_url.as_ref(), options.api_key_env),
                (filed, table.api_key_env),
            );
            let one = ProviderTable {
                kind: short,
                base_url: options.base_url.or(table.base_url),
                model: options.model.or(table.model).unwrap_or_default(),
                api_key_env,
                concurrency: options.concurrency.or(table.concurrency),
                queue: None,
                timeout_s: None,
                connect_timeout_s: None,
                sampling: None,
                reasoning: table.reasoning,
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
        let moderation = moderation::check(table.moderation, &mut checked.wrong);
        let mut llm = Self {
            route: Vec::new(),
            providers,
            budgets: table.budgets,
            moderation,
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

pub(super) fn is_name(name: &str) -> bool {
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

struct Checked {
    wrong: Vec<String>,
}

impl Checked {
    /// What describes a provider that nobody named.
    fn unclaimed(&mut self, options: &LlmOptions, table: &LlmTable) {
        let said = [
            (
                "base_url",
                options.base_url.is_some() || table.base_url.is_some(),
            ),
            ("model", options.model.is_some() || table.model.is_some()),
            (
                "api_key_env",
                options.api_key_env.is_some() || table.api_key_env.is_some(),
            ),
            (
                "concurrency",
                options.concurrency.is_some() || table.concurrency.is_some(),
            ),
            ("reasoning", table.reasoning.is_some()),
        ];
        let said = said.into_iter().filter(|(_, is_said)| *is_said);
        let said: Vec<_> = said.map(|(key, _)| format!("llm.{key}")).collect();
        if said.is_empty() {
            return;
        }
        let tables = if table.providers.is_empty() {
            ""
        } else {
            "; what is said of one of llm.providers stands in its own table"
        };
        self.wrong.push(format!(
            "llm.provider is missing: name openai, anthropic or gemini, or leave out {}{tables}",
            said.join(", ")
        ));
    }

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
                format!(", for instance --llm-model {}", kind.example())
            } else {
                String::new()
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
                cache_write,
                output,
            } = price;
            for (name, value) in [
                ("input", Some(input)),
                ("cached_input", cached_input),
                ("cache_write", cache_write),
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
                reasoning: table.reasoning,
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
