//! Answers that have to be JSON: whether they obey the schema, and how one asks for a better one.

mod extent;

use crate::failure::Failure;
use chatter_protocol::llm::{Message, Request, Role};
use jsonschema::{PatternOptions, Validator};
use serde_json::Value;
use std::sync::Arc;
use tokio::task::spawn_blocking;

/// The longest part of a bad answer that is shown to the model again, in characters.
const QUOTED: usize = 4_000;

/// How many problems of an answer are named to the model.
const NAMED: usize = 5;

/// The longest answer of which it is said in detail what is wrong with it, in bytes.
const DETAILED: usize = 16 << 10;

/// How large a program a pattern may become, in bytes, and how much it may take while it runs.
const PATTERN: usize = 1 << 18;

/// What an answer has to obey.
#[derive(Clone)]
pub(crate) struct Shape(Arc<Validator>);

impl Shape {
    /// The shape that a request asks for, if it asks for one. What a schema costs is bounded before it is
    /// compiled: it comes from whoever wrote a persona.
    pub(crate) async fn of(request: &Request) -> Result<Option<Self>, Failure> {
        let Some(schema) = request.json_schema.clone() else {
            return Ok(None);
        };
        let compiled = spawn_blocking(move || {
            let schema: Value = serde_json::from_str(&schema)
                .map_err(|error| format!("json-schema is no JSON: {error}"))?;
            extent::check(&schema).map_err(|why| format!("json-schema {why}"))?;
            // No look-around and no back-references: those can take for ever.
            let patterns = PatternOptions::regex()
                .size_limit(PATTERN)
                .dfa_size_limit(PATTERN);
            jsonschema::options()
                .with_pattern_options(patterns)
                .build(&schema)
                .map_err(|error| format!("json-schema is no JSON Schema: {error}"))
        });
        match compiled.await {
            Ok(Ok(validator)) => Ok(Some(Self(Arc::new(validator)))),
            Ok(Err(why)) => Err(Failure::Unfit(why)),
            Err(_) => Err(Failure::Broken("the program is ending".into())),
        }
    }

    /// Holds an answer to it; what is wrong otherwise, each with its place.
    pub(crate) async fn check(&self, answer: &str) -> Result<(), String> {
        let (shape, answer) = (self.clone(), answer.to_owned());
        spawn_blocking(move || shape.check_now(&answer))
            .await
            .unwrap_or_else(|_| Err("the program is ending".into()))
    }

    fn check_now(&self, answer: &str) -> Result<(), String> {
        let value: Value =
            serde_json::from_str(answer).map_err(|error| format!("it is no JSON: {error}"))?;
        if self.0.is_valid(&value) {
            return Ok(());
        }
        if answer.len() > DETAILED {
            return Err("it is too long to say where it does not".into());
        }
        let problems: Vec<_> = self
            .0
            .iter_errors(&value)
            .take(NAMED)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        Err(problems.join("; "))
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

    #[tokio::test]
    async fn answers_are_held_to_their_schema() {
        let schema = json!({
            "type": "object",
            "properties": { "age": { "type": "integer", "minimum": 0 } },
            "required": ["age"],
        });
        let shape = Shape::of(&request(&schema.to_string())).await;
        let shape = shape.unwrap().unwrap();
        assert_eq!(shape.check(r#"{"age": 3}"#).await, Ok(()));
        for (answer, place) in [
            ("{\"age\": ", "no JSON"),
            ("{}", "age"),
            (r#"{"age": -1}"#, "/age: "),
        ] {
            let wrong = shape.check(answer).await.unwrap_err();
            assert!(wrong.contains(place), "{answer}: {wrong}");
        }
    }

    #[tokio::test]
    async fn a_schema_that_is_none_or_could_take_for_ever_is_refused() {
        let cases = [
            ("{", "is no JSON:"),
            (r#"{"type": 3}"#, "no JSON Schema"),
            (r##"{"$ref": "#"}"##, "refers to itself"),
            (r#"{"pattern": "(a)\\1"}"#, "no JSON Schema"),
            (
                r#"{"pattern": "(((a{99}){99}){99}){99}"}"#,
                "no JSON Schema",
            ),
        ];
        for (schema, why) in cases {
            match Shape::of(&request(schema)).await {
                Err(Failure::Unfit(said)) => assert!(said.contains(why), "{said}"),
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
