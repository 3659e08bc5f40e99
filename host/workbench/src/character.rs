//! The character that a persona is tried with: a `persona.toml`, or one made up for a bare component.

use crate::text::{Text, Wrong, checked};
use chatter_protocol::{PersonaConfig, PersonaId, Schematic};
use serde_json::{Value, json};
use std::path::Path;

/// Reads a character's file.
///
/// # Errors
///
/// If it can't be read, or names every field that is wrong.
pub fn read(path: &Path) -> Result<PersonaConfig, Wrong> {
    with(&Text::read(path)?, None)
}

/// Reads a character, with some of its fields set otherwise.
pub(crate) fn with(text: &Text, changes: Option<&toml::Table>) -> Result<PersonaConfig, Wrong> {
    let mut value: Value = text.parse()?;
    change(&mut value, changes)?;
    checked(value).map_err(|problems: Vec<_>| Wrong::whole(&text.path, problems.join("; ")))
}

/// A character with some of its fields set otherwise.
pub(crate) fn changed(
    persona: &PersonaConfig,
    changes: Option<&toml::Table>,
) -> Result<PersonaConfig, Wrong> {
    let mut value = serde_json::to_value(persona).map_err(|error| Wrong(error.to_string()))?;
    change(&mut value, changes)?;
    checked(value).map_err(|problems: Vec<_>| Wrong(problems.join("; ")))
}

fn change(value: &mut Value, changes: Option<&toml::Table>) -> Result<(), Wrong> {
    if let Some(changes) = changes {
        let changes = serde_json::to_value(changes).map_err(|error| Wrong(error.to_string()))?;
        merge(value, changes);
    }
    Ok(())
}

/// Sets what `changes` sets; tables field by field, anything else as a whole.
fn merge(value: &mut Value, changes: Value) {
    match (value, changes) {
        (Value::Object(fields), Value::Object(changes)) => {
            for (name, change) in changes {
                merge(fields.entry(name).or_insert(Value::Null), change);
            }
        }
        (value, changes) => *value = changes,
    }
}

/// A character for a component of this name, all of whose traits are in the middle.
///
/// # Errors
///
/// If the name can't be a module's.
pub fn made_up(module: &str) -> Result<PersonaConfig, Wrong> {
    let wrong = || {
        Wrong(format!(
            "{module:?} can't be a module's name, which is 1 to 63 of a-z, 0-9 and -; rename the file"
        ))
    };
    PersonaId::new(module).map_err(|_| wrong())?;
    let mut name: String = module.chars().take(40).collect();
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    PersonaConfig::from_value(json!({ "id": module, "name": name, "module": module }))
        .map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_is_read_changed_and_refused() {
        let text = Text {
            path: "persona.toml".into(),
            content: "id = \"nova\"\nname = \"Nova\"\nmodule = \"nova\"\nstyle = \"short\"\n[traits]\nwarmth = 0.5\n"
                .into(),
        };
        let changes: toml::Table =
            toml::from_str("style = \"long\"\n[traits]\nconformity = 1").unwrap();
        let nova = with(&text, Some(&changes)).unwrap();
        assert_eq!((&*nova.style, nova.traits.len()), ("long", 2));
        let changes: toml::Table = toml::from_str("[traits]\nconformity = 2").unwrap();
        let wrong = with(&text, Some(&changes)).unwrap_err().to_string();
        assert!(
            wrong.starts_with("persona.toml: traits.conformity: "),
            "{wrong}"
        );
    }

    #[test]
    fn a_bare_component_has_a_character_too() {
        assert_eq!(made_up("my-bird").unwrap().name, "My-bird");
        assert!(made_up("My Bird").is_err());
    }
}
