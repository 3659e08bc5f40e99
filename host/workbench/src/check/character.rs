//! A project's `persona.toml`: against its schema, and against the module.

use super::Findings;
use crate::Project;
use chatter_protocol::{PersonaConfig, Schematic};
use chatter_runtime::About;
use serde_json::Value;

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
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            findings.remark(format!(
                "{} is not there: `chatter persona try` and `chatter serve --watch` take the character from it",
                path.display()
            ));
            return None;
        }
        Err(error) => {
            findings.problem(format!("{}: {error}", path.display()));
            return None;
        }
    };
    match parse(&text) {
        Ok(persona) => {
            compare(&persona, project, about, findings);
            Some(persona)
        }
        Err(problems) => {
            for problem in problems {
                findings.problem(format!("{}{problem}", path.display()));
            }
            None
        }
    }
}

/// What follows the file's name is what is wrong: `:3: ...`, `: traits.humour: ...`.
fn parse(text: &str) -> Result<PersonaConfig, Vec<String>> {
    let value: Value = toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let line = text.get(..start).unwrap_or(text).matches('\n').count() + 1;
        vec![format!(":{line}: {}", error.message().trim())]
    })?;
    PersonaConfig::from_value(value).map_err(|invalid| {
        let told = |problem: &chatter_protocol::Problem| {
            let field = problem.pointer.trim_start_matches('/').replace('/', ".");
            let colon = if field.is_empty() { "" } else { ": " };
            format!("{colon}{field}: {}", problem.detail)
        };
        invalid.problems.iter().map(told).collect()
    })
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
