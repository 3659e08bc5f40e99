//! Answers that have to be JSON: whether they obey the schema, and how one asks for a better one.

use crate::failure::Failure;
use chatter_protocol::llm::{Message, Request, Role};
use jsonschema::Validator;
use serde_json::Value;

/// The longest part of a bad answer that is shown to the model again, in characters.
const QUOTED: usize = 4_000;

/// How many problems of an answer are named to the model.
const NAMED: usize = 5;

/// What an answer has to obey.
pub(crate) struct Shape(Validator);

impl Shape {
    /// The shape that a request asks for, if it asks for one.
    pub(crate) fn of(request: &Request) -> Result<Option<Self>, Failure> {
        let Some(schema) = &request.json_schema else {
            return Ok(None);
        };
        let schema: Value = serde_json::from_str(schema)
            .map_err(|error| Failure::Refused(format!("json-schema is no JSON: {error}")))?;
        let validator = jsonschema::validator_for(&schema)
            .map_err(|error| Failure::Refused(format!("json-schema is no JSON Schema: {error}")))?;
        Ok(Some(Self(validator)))
    }

    /// Holds an answer to it; what is wrong otherwise, each with its place.
    pub(crate) fn check(&self, answer: &str) -> Result<(), String> {
        let value: Value =
            serde_json::from_str(answer).map_err(|error| format!("it is no JSON: {error}"))?;
        let problems: Vec<_> = self
            .0
            .iter_errors(&value)
            .take(NAMED)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        if problems.is_empty() {
            Ok(())
        } else {
            Err(problems.join("; "))
        }
    }
}

/// The request once more, with the answer that was wrong and what is wrong with it.
pub(crate) fn repair(request: &Request, answer: &str, wrong: &str) -> Request {
    let mut messages = request.messages.clone();
    let cut = |text: &str| text.chars().take(QUOTED).collect::<String>();
    messages.push(Message {
        role: Role::Assistant,
        content: cut(answer),
    });
    messages.push(Message {
        role: Role::User,
        content: format!(
            "That answer does not obey the JSON Schema. {}\nAnswer again, with nothing but JSON that obeys it.",
            cut(wrong)
        ),
    });
    Request {
        messages,
        ..request.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn request(schema: &str) -> Request {
        Request {
            messages: vec![Message {
                role: Role::User,
                content: "who?".into(),
            }],
            max_tokens: 10,
            temperature: 0.0,
            json_schema: Some(schema.into()),
        }
    }

    #[test]
    fn answers_are_held_to_their_schema() {
        let schema = json!({
            "type": "object",
            "properties": { "age": { "type": "integer", "minimum": 0 } },
            "required": ["age"],
        });
        let shape = Shape::of(&request(&schema.to_string())).unwrap().unwrap();
        assert_eq!(shape.check(r#"{"age": 3}"#), Ok(()));
        for (answer, place) in [
            ("{\"age\": ", "no JSON"),
            ("{}", "age"),
            (r#"{"age": -1}"#, "/age: "),
        ] {
            let wrong = shape.check(answer).unwrap_err();
            assert!(wrong.contains(place), "{answer}: {wrong}");
        }
    }

    #[test]
    fn a_schema_that_is_none_is_refused() {
        for (schema, why) in [("{", "is no JSON:"), (r#"{"type": 3}"#, "no JSON Schema")] {
            match Shape::of(&request(schema)) {
                Err(Failure::Refused(said)) => assert!(said.contains(why), "{said}"),
                _ => panic!("{schema} was taken"),
            }
        }
    }

    #[test]
    fn a_repair_shows_what_was_wrong() {
        let asked = repair(&request("{}"), "{\"a\"", "it is no JSON");
        let roles: Vec<_> = asked.messages.iter().map(|message| message.role).collect();
        assert_eq!(roles, [Role::User, Role::Assistant, Role::User]);
        assert_eq!(asked.messages[1].content, "{\"a\"");
        assert!(asked.messages[2].content.contains("it is no JSON"));
    }
}
