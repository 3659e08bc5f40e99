//! A project's `persona.toml`: against its schema, and against the module.

use super::Findings;
use crate::{Project, Text};
use chatter_protocol::PersonaConfig;
use chatter_runtime::About;

/// The traits that the host reads, whatever the module.
const OF_HOST: [&str; 4] = [
    "talkativeness",
    "excitability",
    "helpfulness",
    "sociability",
];

/// Reads it and says what is wrong with it; the character, if it is right.
pub(super) fn check(
    project: &Project,
    about: Option<&About>,
    findings: &mut Findings,
) -> Option<PersonaConfig> {
    let path = project.character();
    if !path.exists() {
        findings.remark(format!(
            "{} is not there: `chatter persona try` and `chatter serve --watch` take the character from it",
            path.display()
        ));
        return None;
    }
    let text = Text::read(&path).map_err(|wrong| vec![wrong]);
    match text.and_then(|text| text.checked()) {
        Ok(persona) => {
            compare(&persona, project, about, findings);
            Some(persona)
        }
        Err(wrong) => {
            for wrong in wrong {
                findings.problem(wrong.to_string());
            }
            None
        }
    }
}

fn compare(
    persona: &PersonaConfig,
    project: &Project,
    about: Option<&About>,
    findings: &mut Findings,
) {
    let path = project.character();
    let path = path.display();
    if persona.module != project.name {
        findings.problem(format!(
            "{path}: module: {:?}, but this project makes {:?}; write the latter",
            persona.module, project.name
        ));
    }
    let Some(about) = about else {
        return;
    };
    let unset: Vec<_> = about
        .traits
        .iter()
        .filter(|name| !persona.traits.contains_key(*name))
        .map(String::as_str)
        .collect();
    if !unset.is_empty() {
        findings.remark(format!(
            "{path}: the module reads traits that the character doesn't set: {}",
            unset.join(", ")
        ));
    }
    let unread: Vec<_> = persona
        .traits
        .keys()
        .filter(|name| !OF_HOST.contains(&name.as_str()) && !about.traits.contains(name))
        .map(String::as_str)
        .collect();
    if !unread.is_empty() {
        findings.remark(format!(
            "{path}: traits that nobody reads, as far as the module says: {}",
            unread.join(", ")
        ));
    }
}
