//! Who answers whom: providers in the order of a route, down to the offline model or to silence.

use crate::{
    About, Asker, LanguageModel, Offline, Route,
    budget::{Budgets, Ledger, Spent, Usage},
    estimate_input,
    failure::{Failure, Used},
    provider::{Provider, ProviderConfig, REQUESTS},
    server::{Answer, ConfigError},
    shape::{Shape, repair},
};
use async_trait::async_trait;
use chatter_protocol::{
    Clock,
    llm::{Completion, Error, Request},
};
use metrics::counter;
use std::{collections::BTreeMap, time::Duration};
use tokio::time::Instant;

/// The offline model's name in routes.
pub const OFFLINE: &str = "offline";

/// Requests that one provider did not answer and the next in the route was asked.
const FALLBACKS: &str = "chatter_llm_fallbacks_total";

/// Answers that did not obey their schema, and what came of asking once more.
const REPAIRS: &str = "chatter_llm_repairs_total";

/// What the offline model needs of a deadline, on a machine that has other things to do.
const OFFLINE_NEEDS: Duration = Duration::from_millis(500);

/// What a router is made of.
#[derive(Clone, Debug, Default)]
pub struct RouterConfig {
    /// The providers, beside the offline model, which is always there.
    pub providers: Vec<ProviderConfig>,
    /// Who answers whoever names no route. The offline model, if it is empty.
    pub route: Vec<String>,
    /// How much may be used up. The offline model uses up nothing.
    pub budgets: Budgets,
}

/// All providers, and who is asked when.
///
/// A request goes to the first of its route. If that is down, overloaded or wrong, or too dear for what
/// is left, it goes to the next, within the same deadline: of that a provider with others behind it gets two
/// thirds, and one with the offline model alone behind it all but half a second. What a model declines to
/// answer is put to nobody else.
///
/// An answer that has to be JSON is held to its schema. One that does not obey it is sent back once.
pub struct Router {
    providers: BTreeMap<String, Provider>,
    offline: Offline,
    route: Route,
    ledger: Ledger,
}

/// Who may answer.
#[derive(Clone, Copy)]
enum Target<'a> {
    Offline,
    Provider(&'a Provider),
}

impl Target<'_> {
    fn name(&self) -> &str {
        match self {
            Self::Offline => OFFLINE,
            Self::Provider(provider) => provider.name(),
        }
    }
}

impl Router {
    /// Checks the configuration. No server is asked anything: it may start later.
    ///
    /// # Errors
    ///
    /// If a setting can't be used. With [`ConfigError::At`] it names the provider.
    pub fn new(config: RouterConfig, clock: Clock) -> Result<Self, ConfigError> {
        let RouterConfig {
            providers,
            route,
            budgets,
        } = config;
        let mut made = BTreeMap::new();
        for provider in providers {
            let name = provider.name.clone();
            let at = |error| ConfigError::At(name.clone(), Box::new(error));
            if name == OFFLINE || made.contains_key(&name) {
                return Err(ConfigError::Provider(format!(
                    "there is a provider {name:?} already"
                )));
            }
            made.insert(name.clone(), Provider::new(provider).map_err(at)?);
        }
        Self::with(made, route, budgets, clock)
    }

    fn with(
        providers: BTreeMap<String, Provider>,
        route: Vec<String>,
        budgets: Budgets,
        clock: Clock,
    ) -> Result<Self, ConfigError> {
        let unknown = route
            .iter()
            .find(|name| *name != OFFLINE && !providers.contains_key(*name));
        if let Some(name) = unknown {
            return Err(ConfigError::Provider(format!(
                "there is no provider {name:?}"
            )));
        }
        let route = if route.is_empty() {
            vec![OFFLINE.to_owned()]
        } else {
            route
        };
        let is_first = route.first().is_some_and(|name| name == OFFLINE);
        Ok(Self {
            providers,
            offline: if is_first { Offline::new() } else { Offline },
            route: route.into(),
            ledger: Ledger::new(budgets, clock),
        })
    }

    /// What was used up today by whom budgets bound, if that has changed since it was asked for last.
    #[must_use]
    pub fn spent(&self) -> Option<Spent> {
        self.ledger.spent()
    }

    /// Goes on from what was used up before a restart.
    pub fn resume(&self, spent: &Spent) {
        self.ledger.resume(spent);
    }

    /// The default route for people: each provider's name, and what it is.
    #[must_use]
    pub fn route(&self) -> Vec<(String, About)> {
        let route = self.targets(&self.route);
        let about = |target: Target<'_>| {
            let about = match target {
                Target::Offline => self.offline.about(),
                Target::Provider(provider) => provider.about(),
            };
            (target.name().to_owned(), about)
        };
        route.into_iter().map(about).collect()
    }

    /// Names of which a later configuration knows nothing are passed over.
    fn targets<'a>(&'a self, route: &[String]) -> Vec<Target<'a>> {
        let target = |name: &String| match name.as_str() {
            OFFLINE => Some(Target::Offline),
            name => self.providers.get(name).map(Target::Provider),
        };
        route.iter().filter_map(target).collect()
    }

    fn route_of(&self, asker: &Asker) -> Vec<Target<'_>> {
        let own = asker.route.as_ref().map(|route| self.targets(route));
        own.filter(|own| !own.is_empty())
            .unwrap_or_else(|| self.targets(&self.route))
    }

    async fn ask(
        &self,
        target: Target<'_>,
        request: &Request,
        shape: Option<&Shape>,
        asker: &Asker,
        seed: u64,
        until: Instant,
    ) -> Result<Completion, Failure> {
        let provider = match target {
            Target::Offline => {
                let answer = self.offline.answer(request, seed);
                count_offline(asker, answer.is_ok());
                return answer.map_err(|error| match error {
                    Error::Refused(why) => Failure::Unfit(why),
                    other => Failure::Broken(other.to_string()),
                });
            }
            Target::Provider(provider) => provider,
        };
        let mut answer = self.charged(provider, request, asker, seed, until).await?;
        if let Some(shape) = shape
            && let Err(wrong) = shape.check(&answer.text).await
        {
            if answer.is_cut {
                // As long again it would be cut again.
                return Err(Failure::Empty {
                    why: format!(
                        "with JSON that was cut after max_tokens, {}",
                        request.max_tokens
                    ),
                    usage: Some(answer.usage),
                });
            }
            let again = repair(request, &answer.text, &wrong);
            let seed = seed.wrapping_add(1);
            let mended = self.charged(provider, &again, asker, seed, until).await;
            let checked = match mended {
                Err(failure) => Err(failure),
                Ok(mended) => match shape.check(&mended.text).await {
                    Ok(()) => Ok(mended),
                    Err(wrong) => Err(Failure::Empty {
                        why: format!(
                            "twice with what does not obey the schema: {}",
                            wrong.chars().take(200).collect::<String>()
                        ),
                        usage: Some(mended.usage),
                    }),
                },
            };
            let end = if checked.is_ok() { "mended" } else { "failed" };
            counter!(REPAIRS, "provider" => provider.name().to_owned(), "end" => end).increment(1);
            let mended = checked?;
            answer = Answer {
                usage: answer.usage.and(mended.usage),
                ..mended
            };
        }
        Ok(Completion {
            text: answer.text,
            model: answer.model,
            input_tokens: answer.usage.input,
            output_tokens: answer.usage.output,
        })
    }

    /// One request, and what it costs.
    async fn charged(
        &self,
        provider: &Provider,
        request: &Request,
        asker: &Asker,
        seed: u64,
        until: Instant,
    ) -> Result<Answer, Failure> {
        let input = estimate_input(request);
        let mut request = request.clone();
        let charge = self
            .ledger
            .charge(
                &asker.scope,
                provider.price(),
                input,
                provider.headroom(),
                &mut request.max_tokens,
            )
            .ok_or(Failure::OverBudget)?;
        let answer = provider
            .complete(&asker.scope, &request, seed, until, &charge)
            .await;
        let used = match &answer {
            Ok(answer) => Used::This(answer.usage),
            Err(failure) => failure.used(),
        };
        match used {
            Used::Nothing => charge.settle(&Usage::default()),
            Used::This(usage) => charge.settle(&usage),
            // Dropped, it has cost what was put aside, if it was sent at all.
            Used::Unknown => {}
        }
        answer
    }
}

fn count_offline(asker: &Asker, is_good: bool) {
    counter!(
        REQUESTS,
        "provider" => OFFLINE,
        "tenant" => asker.scope.room.tenant().to_string(),
        "end" => if is_good { "answered" } else { "refused" }
    )
    .increment(1);
}

/// Until when one may take, with others behind it.
fn share(now: Instant, until: Instant, behind: &[Target<'_>]) -> Instant {
    let left = until.saturating_duration_since(now);
    let is_server = |target: &Target<'_>| matches!(target, Target::Provider(_));
    let kept = match behind {
        [] => Duration::ZERO,
        behind if behind.iter().any(is_server) => left / 3,
        _ => OFFLINE_NEEDS.min(left / 4),
    };
    until - kept
}

#[async_trait]
impl LanguageModel for Router {
    async fn complete(
        &self,
        request: &Request,
        asker: &Asker,
        seed: u64,
        deadline: Duration,
    ) -> Result<Completion, Error> {
        let until = Instant::now() + deadline;
        let shape = Shape::of(request).await?;
        let route = self.route_of(asker);
        let mut last = Failure::Broken("nobody is in the route".into());
        for (at, target) in route.iter().enumerate() {
            let behind = &route[at + 1..];
            let end = share(Instant::now(), until, behind);
            let failure = match self
                .ask(*target, request, shape.as_ref(), asker, seed, end)
                .await
            {
                Ok(completion) => return Ok(completion),
                Err(failure) => failure,
            };
            // Whoever asked is told less. What is an outage, the provider tells besides.
            tracing::debug!(
                provider = target.name(), room = %asker.scope.room, persona = %asker.scope.persona,
                "no answer: {failure}"
            );
            if let Failure::Declined { .. } = failure {
                return Err(failure.into());
            }
            if let Some(next) = behind.first() {
                counter!(
                    FALLBACKS,
                    "from" => target.name().to_owned(),
                    "to" => next.name().to_owned(),
                    "why" => failure.name()
                )
                .increment(1);
            }
            last = failure;
        }
        Err(last.into())
    }

    fn remaining(&self, asker: &Asker) -> u32 {
        // The offline model costs nothing, and would say of each budget that all of it is left.
        let left = |target| match target {
            Target::Provider(provider) => Some(self.ledger.left(&asker.scope, provider.price())),
            Target::Offline => None,
        };
        // Whoever of the route has something left for them answers.
        let route = self.route_of(asker);
        route.into_iter().filter_map(left).max().unwrap_or(u32::MAX)
    }

    fn trouble(&self, asker: &Asker) -> Option<String> {
        let tenant = asker.scope.room.tenant();
        let trouble = |target: &Target<'_>| match target {
            Target::Provider(provider) => {
                let what = provider.trouble(&tenant)?;
                Some(format!("{} {what}", provider.name()))
            }
            Target::Offline => None,
        };
        let route = self.route_of(asker);
        let failing: Vec<String> = route.iter().map_while(trouble).collect();
        if failing.is_empty() {
            return None;
        }
        let instead = match route.get(failing.len()) {
            Some(next) => format!("{} answers instead", next.name()),
            None => "nobody answers instead".into(),
        };
        let failing = failing.join(", ");
        Some(format!("the language model {failing}; {instead}"))
    }

    fn about(&self) -> About {
        let first = self.route().into_iter().next();
        first.map_or_else(|| self.offline.about(), |(_, about)| about)
    }
}

#[cfg(test)]
mod tests;
