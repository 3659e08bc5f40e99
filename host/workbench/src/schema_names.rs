//! Which fields a schema knows.

use serde_json::Value;

/// The names of the fields that may stand beside the one at `pointer`.
pub(super) fn fields_beside(schema: &Value, pointer: &str) -> Vec<String> {
    let mut steps: Vec<&str> = pointer.split('/').skip(1).collect();
    steps.pop();
    let mut here = resolve(schema, schema);
    for step in steps {
        let field = here.get("properties").and_then(|fields| fields.get(step));
        let Some(next) = field
            .or_else(|| here.get("items"))
            .or_else(|| here.get("additionalProperties"))
        else {
            return Vec::new();
        };
        here = resolve(schema, next);
    }
    let fields = here.get("properties").and_then(Value::as_object);
    fields
        .map(|fields| fields.keys().cloned().collect())
        .unwrap_or_default()
}

/// Follows references, and the form of an optional value that is not null.
fn resolve<'a>(schema: &'a Value, mut here: &'a Value) -> &'a Value {
    // A schema that refers in circles without ever saying anything is not one that schemars makes;
    // the bound is here all the same.
    for _ in 0..16 {
        if let Some(target) = here
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|path| path.strip_prefix('#'))
        {
            let Some(next) = schema.pointer(target) else {
                return here;
            };
            here = next;
        } else if let Some(forms) = here.get("anyOf").and_then(Value::as_array) {
            let is_null = |form: &&Value| form.get("type").is_some_and(|kind| kind == "null");
            let Some(next) = forms.iter().find(|form| !is_null(form)) else {
                return here;
            };
            here = next;
        } else {
            break;
        }
    }
    here
}

#[cfg(test)]
mod tests {
    use super::fields_beside;
    use chatter_protocol::{PersonaConfig, RoomConfig, Schematic};

    #[test]
    fn fields_are_found_through_references_lists_and_options() {
        let room = RoomConfig::schema();
        for (pointer, one_of_them) in [
            ("/titel", "title"),
            ("/tuning/x", "cooldown_s"),
            ("/roster/3/x", "module"),
            ("/source/x", "uri"),
        ] {
            let found = fields_beside(&room, pointer);
            assert!(
                found.iter().any(|name| name == one_of_them),
                "{pointer}: {found:?}"
            );
        }
        let limits = fields_beside(&PersonaConfig::schema(), "/limits/x");
        assert!(limits.iter().any(|name| name == "cpu_ms"), "{limits:?}");
    }
}
