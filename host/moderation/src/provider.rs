//! What a moderation provider's answers lead to. It is asked elsewhere; here is what the policy makes of it.

use crate::Verdict;
use chatter_protocol::{
    AuthorKind,
    moderation::Action,
    policy::{OnFailure, ProviderRules, Whom},
};
use std::{collections::BTreeMap, time::Duration};

/// Whom a policy asks, and what it makes of the answers.
#[derive(Debug)]
pub struct Provider {
    name: String,
    about: Vec<Whom>,
    timeout: Duration,
    on_failure: OnFailure,
    flagged: Action,
    /// What a category's score leads to, and from which on.
    categories: BTreeMap<String, (Action, f64)>,
}

/// What is to be done with a text that a provider was asked about.
#[derive(Clone, Debug, PartialEq)]
pub struct Ruling {
    /// That, and why.
    pub verdict: Verdict,
    /// The category that decided, as the provider calls it.
    pub category: Option<String>,
}

impl Provider {
    pub(crate) fn new(rules: &ProviderRules) -> Self {
        let known = rules.categories.rules();
        let known = known.map(|(name, action, from)| (name.to_owned(), action, from));
        let other = rules.other.iter();
        let other = other.map(|(name, rule)| (name.clone(), rule.action, rule.from_score));
        Self {
            name: rules.name.clone(),
            about: rules.about.clone(),
            timeout: Duration::from_millis(rules.timeout_ms.into()),
            on_failure: rules.on_failure,
            flagged: rules.flagged.into(),
            categories: known
                .into_iter()
                .chain(other)
                .map(|(name, measure, from)| (name, (measure.into(), from)))
                .collect(),
        }
    }

    pub(crate) fn is_asked_about(&self, author: AuthorKind) -> bool {
        self.about.contains(&match author {
            AuthorKind::Persona => Whom::Personas,
            AuthorKind::Viewer | AuthorKind::Moderator | AuthorKind::System => Whom::People,
        })
    }

    /// Its name in the host's settings.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How long a message waits for its answer.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// What its answer leads to: whether it flagged the text, and how much it takes it for each category.
    /// The hardest action counts, and of the categories that lead to that the one with the highest score. A
    /// category that the policy knows nothing of leads to nothing.
    #[must_use]
    pub fn judge(&self, flagged: bool, scores: &BTreeMap<String, f64>) -> Ruling {
        let reached = scores.iter().filter_map(|(name, score)| {
            let (action, from) = self.categories.get(name)?;
            (score >= from && *action != Action::Allow).then_some((*action, *score, name))
        });
        let worst = reached.max_by(|(a, x, _), (b, y, _)| a.cmp(b).then(x.total_cmp(y)));
        match worst {
            // Its own thresholds may ask for more than the score does.
            Some((action, ..)) if flagged && self.flagged > action => self.flagged(),
            Some((action, score, name)) => Ruling {
                verdict: Verdict {
                    action,
                    rule: "provider",
                    reason: format!(
                        "is taken for {name} by the moderation service that this room asks"
                    ),
                    score: Some(score),
                    ..Verdict::allow()
                },
                category: Some(name.clone()),
            },
            None if flagged && self.flagged != Action::Allow => self.flagged(),
            None => Ruling::allow(),
        }
    }

    /// What there being no answer leads to.
    #[must_use]
    pub fn unanswered(&self) -> Ruling {
        match self.on_failure {
            OnFailure::Allow => Ruling::allow(),
            OnFailure::Hold => Ruling {
                verdict: Verdict {
                    action: Action::Hold,
                    rule: "provider_failed",
                    reason: "the moderation service that this room asks does not answer".into(),
                    ..Verdict::allow()
                },
                category: None,
            },
        }
    }

    fn flagged(&self) -> Ruling {
        Ruling {
            verdict: Verdict {
                action: self.flagged,
                rule: "provider",
                reason: "is flagged by the moderation service that this room asks".into(),
                ..Verdict::allow()
            },
            category: None,
        }
    }
}

impl Ruling {
    /// The text may go out.
    #[must_use]
    pub fn allow() -> Self {
        Self {
            verdict: Verdict::allow(),
            category: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatter_protocol::{
        ModerationPolicy, Schematic,
        policy::{Measure, ProviderCategories, Role},
    };
    use serde_json::json;

    fn moderator(provider: serde_json::Value, exempt: &[Role]) -> crate::Moderator {
        let policy = json!({ "name": "p", "exempt": exempt, "provider": provider });
        crate::Moderator::new(&ModerationPolicy::from_value(policy).unwrap())
    }

    #[test]
    fn scores_lead_to_what_the_policy_says() {
        let plain = json!({ "name": "it" });
        let own = json!({ "name": "it", "flagged": "hold",
            "categories": { "violence": { "action": "drop" }, "hate": { "from_score": 0.9 },
                "sexual/minors": { "action": "allow" } },
            "other": { "spam": { "action": "drop", "from_score": 0.5 } } });
        type Case<'a> = (
            &'a serde_json::Value,
            bool,
            &'a [(&'a str, f64)],
            Action,
            Option<&'a str>,
        );
        let cases: [Case<'_>; 14] = [
            (&plain, false, &[], Action::Allow, None),
            (&plain, true, &[], Action::Allow, None),
            (&plain, false, &[("hate", 0.59)], Action::Allow, None),
            (&plain, false, &[("hate", 0.6)], Action::Hold, Some("hate")),
            (
                &plain,
                true,
                &[("violence", 1.0), ("illicit", 1.0)],
                Action::Allow,
                None,
            ),
            (
                &plain,
                false,
                &[("sexual/minors", 0.2), ("sexual", 0.99)],
                Action::Drop,
                Some("sexual/minors"),
            ),
            (
                &plain,
                false,
                &[("harassment", 0.81), ("hate", 0.8)],
                Action::Hold,
                Some("harassment"),
            ),
            (&plain, true, &[("made up", 1.0)], Action::Allow, None),
            (&own, true, &[("made up", 1.0)], Action::Hold, None),
            (&own, false, &[("hate", 0.8)], Action::Allow, None),
            (
                &own,
                false,
                &[("violence", 0.9)],
                Action::Drop,
                Some("violence"),
            ),
            (&own, true, &[("sexual/minors", 1.0)], Action::Hold, None),
            (&own, true, &[("spam", 0.5)], Action::Drop, Some("spam")),
            (
                &own,
                true,
                &[("harassment", 0.9)],
                Action::Hold,
                Some("harassment"),
            ),
        ];
        for (rules, flagged, scores, action, category) in cases {
            let moderator = moderator(rules.clone(), &[]);
            let provider = moderator.provider_for(AuthorKind::Viewer).unwrap();
            let scores = scores
                .iter()
                .map(|(name, score)| ((*name).to_owned(), *score))
                .collect();
            let ruling = provider.judge(flagged, &scores);
            assert_eq!(
                (ruling.verdict.action, ruling.category.as_deref()),
                (action, category),
                "{scores:?}"
            );
            let score = category.map(|category| scores[category]);
            assert_eq!(ruling.verdict.score, score);
            assert_eq!(
                ruling.verdict.rule,
                if action == Action::Allow {
                    ""
                } else {
                    "provider"
                }
            );
        }
    }

    #[test]
    fn it_is_asked_about_those_whom_the_policy_names() {
        use AuthorKind::{Moderator, Persona, System, Viewer};
        let cases: [(serde_json::Value, &[Role], &[AuthorKind]); 5] = [
            (
                json!({ "name": "it" }),
                &[],
                &[Viewer, Persona, Moderator, System],
            ),
            (
                json!({ "name": "it", "about": ["people"] }),
                &[],
                &[Viewer, Moderator, System],
            ),
            (
                json!({ "name": "it", "about": ["personas"] }),
                &[],
                &[Persona],
            ),
            (
                json!({ "name": "it" }),
                &[Role::Moderator],
                &[Viewer, Persona, System],
            ),
            (
                json!({ "name": "it" }),
                &[Role::Moderator, Role::System],
                &[Viewer, Persona],
            ),
        ];
        for (rules, exempt, asked) in cases {
            let moderator = moderator(rules.clone(), exempt);
            for kind in [Viewer, Persona, Moderator, System] {
                let is_asked = moderator.provider_for(kind).is_some();
                assert_eq!(
                    is_asked,
                    asked.contains(&kind),
                    "{rules} {exempt:?} {kind:?}"
                );
            }
        }
        let without = crate::Moderator::new(&ModerationPolicy::open("p"));
        assert!(without.provider_for(Viewer).is_none());
    }

    #[test]
    fn no_answer_leads_to_what_the_policy_says() {
        for (on_failure, action) in [("allow", Action::Allow), ("hold", Action::Hold)] {
            let moderator = moderator(json!({ "name": "it", "on_failure": on_failure }), &[]);
            let ruling = moderator
                .provider_for(AuthorKind::Viewer)
                .unwrap()
                .unanswered();
            assert_eq!(ruling.verdict.action, action);
        }
    }

    #[test]
    fn by_default_something_is_done_about_most_categories() {
        let nothing: Vec<_> = ProviderCategories::default()
            .rules()
            .into_iter()
            .filter(|(_, measure, _)| *measure == Measure::Allow)
            .map(|(name, ..)| name)
            .collect();
        assert_eq!(nothing, ["illicit", "violence"]);
    }
}
