//! Schemas generated from the types, and validation against them at the edge.
//!
//! What comes from outside is validated first, as a JSON value, and parsed into a type only then:
//! a schema names every wrong place at once, a parser only the first.

use crate::{
    CallRecord, ChatMessage, ChatTrends, FirehoseEntry, ModerationPolicy, ModerationVerdict,
    PersonaConfig, PersonaStatus, RoomConfig, StreamContext,
    frames::{ClientFrame, MessagesPage, ProblemDocument, Said, SayRequest, ServerFrame, Session, SessionRequest},
};
use jsonschema::{ValidationError, Validator, error::ValidationErrorKind};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::{fmt, sync::LazyLock};

/// A type with a schema of its own in `protocol/schemas/`.
pub trait Schematic: JsonSchema + DeserializeOwned {
    /// The schema's file name without `.json`.
    const NAME: &'static str;

    /// The compiled schema. It is compiled once: that takes some 40 µs, a validation 0.1 to 1 µs.
    fn validator() -> &'static Validator;

    /// The schema itself (JSON Schema 2020-12).
    #[must_use]
    fn schema() -> Value {
        generate::<Self>()
    }

    /// Validates a value, then reads it.
    ///
    /// # Errors
    ///
    /// Names every place that breaks the schema.
    fn from_value(value: Value) -> Result<Self, Invalid> {
        let mut problems: Vec<Problem> =
            Self::validator().iter_errors(&value).map(|error| Problem::new(&error)).collect();
        if problems.is_empty() {
            match serde_json::from_value(value) {
                Ok(read) => return Ok(read),
                Err(error) => problems.push(Problem { pointer: String::new(), detail: error.to_string() }),
            }
        }
        Err(Invalid { problems })
    }

    /// Parses JSON, validates it, then reads it.
    ///
    /// # Errors
    ///
    /// If it is no JSON, or names every place that breaks the schema.
    fn from_json(json: &[u8]) -> Result<Self, Invalid> {
        let value = serde_json::from_slice(json).map_err(|error| Invalid {
            problems: vec![Problem { pointer: String::new(), detail: format!("not JSON: {error}") }],
        })?;
        Self::from_value(value)
    }
}

macro_rules! schematics {
    ($($name:literal $type:ty;)*) => {
        $(impl Schematic for $type {
            const NAME: &'static str = $name;

            fn validator() -> &'static Validator {
                static VALIDATOR: LazyLock<Validator> = LazyLock::new(|| compile(&generate::<$type>()));
                &VALIDATOR
            }
        })*

        /// Every schema, with its file name without `.json`.
        #[must_use]
        pub fn all() -> Vec<(&'static str, Value)> {
            vec![$(($name, generate::<$type>())),*]
        }

        /// Validates a value against the schema of that name; `None` if there is none.
        #[must_use]
        pub fn check(name: &str, value: &Value) -> Option<Vec<Problem>> {
            let validator = match name {
                $($name => <$type as Schematic>::validator(),)*
                _ => return None,
            };
            Some(validator.iter_errors(value).map(|error| Problem::new(&error)).collect())
        }
    };
}

schematics! {
    "call-record" CallRecord;
    "chat-message" ChatMessage;
    "chat-trends" ChatTrends;
    "client-frame" ClientFrame;
    "firehose-entry" FirehoseEntry;
    "messages-page" MessagesPage;
    "moderation-policy" ModerationPolicy;
    "moderation-verdict" ModerationVerdict;
    "persona-config" PersonaConfig;
    "persona-status" PersonaStatus;
    "problem-document" ProblemDocument;
    "room-config" RoomConfig;
    "said" Said;
    "say-request" SayRequest;
    "server-frame" ServerFrame;
    "session" Session;
    "session-request" SessionRequest;
    "stream-context" StreamContext;
}

fn generate<T: JsonSchema + ?Sized>() -> Value {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>().to_value()
}

fn compile(schema: &Value) -> Validator {
    jsonschema::options()
        .should_validate_formats(true)
        .build(schema)
        .expect("a schema that schemars made is valid; a test compiles every one")
}

/// What is wrong with a value from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// Each wrong place; never empty.
    pub problems: Vec<Problem>,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.problems.iter().enumerate() {
            if i > 0 {
                f.write_str("; ")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Invalid {}

/// One wrong place in a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where, as a JSON Pointer (RFC 6901); empty for the whole value.
    pub pointer: String,
    /// What is wrong there.
    pub detail: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pointer.is_empty() {
            f.write_str(&self.detail)
        } else {
            write!(f, "{}: {}", self.pointer, self.detail)
        }
    }
}

impl Problem {
    fn new(error: &ValidationError<'_>) -> Self {
        let mut problem = Self { pointer: error.instance_path().to_string(), detail: describe(error) };
        match error.kind() {
            // The place of a missing or surplus field is the field, not the object around it.
            ValidationErrorKind::Required { property } => {
                problem.pointer = format!("{}/{}", problem.pointer, escape(property.as_str().unwrap_or("?")));
            }
            ValidationErrorKind::AdditionalProperties { unexpected }
            | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
                if let [only] = unexpected.as_slice() {
                    problem.pointer = format!("{}/{}", problem.pointer, escape(only));
                }
            }
            // Of several allowed forms, the one that was meant is the one that fitted furthest.
            ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
                if let Some(meant) = meant(context, &problem.pointer) {
                    return meant;
                }
            }
            _ => {}
        }
        problem
    }
}

/// Of the forms a value might have had, the complaint of the one that it came closest to: a wrong
/// place deeper than the value itself says that the form as such was right.
fn meant(forms: &[Vec<ValidationError<'static>>], pointer: &str) -> Option<Problem> {
    let wrong_tag = |error: &ValidationError<'_>| {
        matches!(error.kind(), ValidationErrorKind::Constant { .. }) && error.instance_path().as_str().ends_with("/type")
    };
    let tagged: Vec<_> = forms.iter().filter(|errors| !errors.iter().any(wrong_tag)).collect();
    tagged
        .iter()
        .flat_map(|errors| errors.iter())
        .filter(|error| !matches!(error.kind(), ValidationErrorKind::Type { .. }) || error.instance_path().as_str().len() > pointer.len())
        .map(Problem::new)
        .next()
}

fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// In the words of whoever has to mend it; never repeats the value, which may be long or secret.
fn describe(error: &ValidationError<'_>) -> String {
    use ValidationErrorKind as Kind;
    match error.kind() {
        Kind::Required { .. } => "missing".into(),
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            if unexpected.len() == 1 { "no such field".into() } else { format!("no such fields: {}", unexpected.join(", ")) }
        }
        Kind::MaxLength { limit } => format!("longer than {limit} characters"),
        Kind::MinLength { limit: 1 } => "empty".into(),
        Kind::MinLength { limit } => format!("shorter than {limit} characters"),
        Kind::MaxItems { limit } => format!("more than {limit} items"),
        Kind::MinItems { limit } => format!("fewer than {limit} items"),
        Kind::Minimum { limit } => format!("{} is less than {limit}", error.instance()),
        Kind::Maximum { limit } => format!("{} is more than {limit}", error.instance()),
        Kind::Type { kind } => match kind {
            jsonschema::error::TypeKind::Single(wanted) => format!("not of type {wanted}"),
            jsonschema::error::TypeKind::Multiple(wanted) => format!("not of type {wanted:?}"),
        },
        Kind::Constant { expected_value } => format!("not {expected_value}"),
        Kind::Enum { options } => format!("not one of {options}"),
        Kind::Pattern { pattern } => format!("does not match {pattern}"),
        Kind::Format { format } => format!("not a {format}"),
        Kind::AnyOf { .. } | Kind::OneOfNotValid { .. } => "has none of the allowed forms".into(),
        _ => error.masked().to_string(),
    }
}
