//! Refusals in the words of whoever has to mend the value.

use jsonschema::{JsonType, ValidationError, error::TypeKind, error::ValidationErrorKind as Kind};
use serde_json::Value;
use std::fmt;

/// How many wrong places a refusal names at most, so that it stays short whatever was sent.
pub const MAX_PROBLEMS: usize = 32;

/// What is wrong with a value from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// Each wrong place, in the order of the pointers; never empty.
    pub problems: Vec<Problem>,
}

/// One wrong place in a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where, as a JSON Pointer (RFC 6901); empty for the whole value.
    pub pointer: String,
    /// What is wrong there.
    pub detail: String,
}

// === impl Invalid ===

impl Invalid {
    pub(super) fn new(pointer: String, detail: String) -> Self {
        Self {
            problems: vec![Problem { pointer, detail }],
        }
    }

    /// None if there is no error.
    pub(super) fn from_errors<'a>(
        errors: impl Iterator<Item = ValidationError<'a>>,
    ) -> Option<Self> {
        let mut problems: Vec<Problem> = Vec::new();
        let mut more = false;
        for problem in errors.flat_map(|error| Problem::all_of(&error)) {
            if problems.contains(&problem) {
                continue;
            }
            if problems.len() == MAX_PROBLEMS {
                more = true;
                break;
            }
            problems.push(problem);
        }
        // The order in which a validator goes through a schema is its own business.
        problems.sort_by(|a, b| a.pointer.cmp(&b.pointer));
        if more {
            let detail = "more is wrong than is listed here".into();
            problems.push(Problem {
                pointer: String::new(),
                detail,
            });
        }
        (!problems.is_empty()).then_some(Self { problems })
    }

    /// Of a value that obeys its schema, and still is not one that the type can hold.
    pub(super) fn from_unreadable(error: serde_path_to_error::Error<serde_json::Error>) -> Self {
        use serde_path_to_error::Segment;
        let mut pointer = String::new();
        for segment in error.path() {
            match segment {
                Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
                Segment::Map { key } => pointer.push_str(&format!("/{}", escape(key))),
                Segment::Enum { .. } => {}
                Segment::Unknown => break,
            }
        }
        Self::new(pointer, error.into_inner().to_string())
    }
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

// === impl Problem ===

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
    /// A broken keyword of the schema is as a rule one problem; a surplus of fields is one for each
    /// field, and a value that has none of several forms has the problems of the form it was meant
    /// to have.
    fn all_of(error: &ValidationError<'_>) -> Vec<Self> {
        let pointer = error.instance_path().as_str();
        let field = |name: &str, detail: &str| Self {
            pointer: format!("{pointer}/{}", escape(name)),
            detail: detail.into(),
        };
        match error.kind() {
            Kind::Required { property } => {
                vec![field(property.as_str().unwrap_or_default(), "missing")]
            }
            Kind::AdditionalProperties { unexpected }
            | Kind::UnevaluatedProperties { unexpected } => unexpected
                .iter()
                .map(|name| field(name, "no such field"))
                .collect(),
            Kind::AnyOf { context } | Kind::OneOfNotValid { context } => of_forms(pointer, context),
            _ => vec![Self {
                pointer: pointer.into(),
                detail: describe(error),
            }],
        }
    }
}

/// What is wrong with a value that should have one of several forms, each of which was tried with
/// the errors given. The form that was meant is the one of the right JSON type (`null` aside) whose
/// tag fits, and of several such the one with the fewest errors.
fn of_forms(pointer: &str, forms: &[Vec<ValidationError<'static>>]) -> Vec<Problem> {
    let here = |error: &ValidationError<'_>| error.instance_path().as_str() == pointer;
    let wrong_type = |form: &&Vec<ValidationError<'static>>| {
        form.iter()
            .any(|error| here(error) && matches!(error.kind(), Kind::Type { .. }))
    };

    let mut meant: Vec<_> = forms.iter().filter(|form| !wrong_type(form)).collect();
    if meant.is_empty() {
        let types = forms
            .iter()
            .flatten()
            .filter(|error| here(error))
            .flat_map(types_of)
            .collect();
        return vec![Problem {
            pointer: pointer.into(),
            detail: not_of_type(types),
        }];
    }

    if let Some((tag, choices)) = wrong_tag(&meant) {
        let fits = |form: &&Vec<ValidationError<'static>>| {
            !form
                .iter()
                .any(|error| wanted_tag(error).is_some_and(|(at, _)| at == tag))
        };
        meant.retain(fits);
        if meant.is_empty() {
            return vec![Problem {
                pointer: tag,
                detail: not_one_of(&choices),
            }];
        }
    } else if let [first, _, ..] = meant.as_slice() {
        // Without its tag a value might be any of the forms: it is the tag that is missing.
        let lacks = |form: &Vec<ValidationError<'static>>, name: &Value| {
            form.iter().any(|error| {
                here(error)
                    && matches!(error.kind(), Kind::Required { property } if property == name)
            })
        };
        let everywhere = first.iter().filter(|error| match error.kind() {
            Kind::Required { property } => meant.iter().all(|form| lacks(form, property)),
            _ => false,
        });
        let missing: Vec<_> = everywhere.flat_map(Problem::all_of).collect();
        if !missing.is_empty() {
            return missing;
        }
    }

    let closest = meant.into_iter().min_by_key(|form| form.len());
    closest
        .into_iter()
        .flatten()
        .flat_map(Problem::all_of)
        .collect()
}

/// The tag is the field in which most of the forms want another word; with the words that they want.
fn wrong_tag(forms: &[&Vec<ValidationError<'static>>]) -> Option<(String, Vec<Value>)> {
    let mut tags: Vec<(&str, Vec<Value>)> = Vec::new();
    for (at, word) in forms
        .iter()
        .flat_map(|form| form.iter())
        .filter_map(wanted_tag)
    {
        match tags.iter_mut().find(|(tag, _)| *tag == at) {
            Some((_, words)) => words.push(word.clone()),
            None => tags.push((at, vec![word.clone()])),
        }
    }
    let (tag, words) = tags
        .into_iter()
        .rev()
        .max_by_key(|(_, words)| words.len())?;
    Some((tag.to_owned(), words))
}

fn wanted_tag<'a>(error: &'a ValidationError<'static>) -> Option<(&'a str, &'a Value)> {
    match error.kind() {
        Kind::Constant { expected_value } if expected_value.is_string() => {
            Some((error.instance_path().as_str(), expected_value))
        }
        _ => None,
    }
}

fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

// === Words ===

/// Never repeats a text, which may be long or secret; a number is neither.
fn describe(error: &ValidationError<'_>) -> String {
    match error.kind() {
        Kind::MaxLength { limit } => format!("longer than {limit} characters"),
        Kind::MinLength { limit: 1 } => "empty".into(),
        Kind::MinLength { limit } => format!("shorter than {limit} characters"),
        Kind::MaxItems { limit } => format!("more than {limit} items"),
        Kind::MinItems { limit } => format!("fewer than {limit} items"),
        Kind::Minimum { limit } => {
            format!(
                "{} is less than {}",
                number(error.instance()),
                number(limit)
            )
        }
        Kind::Maximum { limit } => {
            format!(
                "{} is more than {}",
                number(error.instance()),
                number(limit)
            )
        }
        Kind::Type { .. } => not_of_type(types_of(error)),
        Kind::Constant { expected_value } => match expected_value.as_ref() {
            Value::Number(version) if error.instance_path().as_str().ends_with("/v") => {
                format!("not a version that is understood here; that is {version}")
            }
            word => not_one_of(std::slice::from_ref(word)),
        },
        Kind::Enum { options } => match options.as_ref() {
            Value::Array(options) => not_one_of(options),
            other => not_one_of(std::slice::from_ref(other)),
        },
        Kind::Pattern { pattern } => not_like(pattern),
        Kind::Format { format } => match format.as_str() {
            "uuid" => "not a UUID".into(),
            "date-time" => "not a time such as 2026-01-31T12:00:00.000Z (RFC 3339)".into(),
            other => format!("not a {other}"),
        },
        _ => error.masked().to_string(),
    }
}

/// In Rust's way of writing floats a whole one has a fraction; people leave it out.
fn number(value: &Value) -> String {
    let text = value.to_string();
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

fn not_one_of(choices: &[Value]) -> String {
    let choices: Vec<_> = choices.iter().filter(|choice| !choice.is_null()).collect();
    let list = serde_json::to_string(&choices).unwrap_or_default();
    format!("not one of {list}")
}

fn types_of(error: &ValidationError<'_>) -> Vec<JsonType> {
    match error.kind() {
        Kind::Type {
            kind: TypeKind::Single(one),
        } => vec![*one],
        Kind::Type {
            kind: TypeKind::Multiple(several),
        } => several.iter().collect(),
        _ => Vec::new(),
    }
}

/// `null` is not named beside other types: whoever has nothing to say leaves the field out.
fn not_of_type(mut types: Vec<JsonType>) -> String {
    types.sort_unstable();
    types.dedup();
    if types.len() > 1 {
        types.retain(|kind| *kind != JsonType::Null);
    }
    let names: Vec<_> = types
        .into_iter()
        .map(|kind| match kind {
            JsonType::Null => "null",
            JsonType::Boolean => "true or false",
            JsonType::Integer => "a whole number",
            JsonType::Number => "a number",
            JsonType::String => "a string",
            JsonType::Array => "a list",
            JsonType::Object => "an object",
        })
        .collect();
    format!("not {}", names.join(" or "))
}

/// The patterns of this crate's schemas, in words.
fn not_like(pattern: &str) -> String {
    let words = match pattern {
        "^[a-z0-9-]{1,63}$" => "a slug: 1 to 63 of a-z, 0-9 and -",
        r"^[a-z0-9-]{1,63}(\.wasm)?$" => "a module's name: 1 to 63 of a-z, 0-9 and -",
        "^[a-z0-9-]{1,63}/[a-z0-9-]{1,63}$" => "tenant/room, each 1 to 63 of a-z, 0-9 and -",
        "^[a-z0-9:_-]{1,95}$" => "an author's id: 1 to 95 of a-z, 0-9, -, _ and :",
        "^#[0-9a-fA-F]{6}$" => "a colour such as #7f5af0",
        "^[0-9a-f]{64}$" => "64 hexadecimal digits in lower case",
        uuid if uuid.starts_with("^[0-9a-fA-F]{8}(-") => "a UUID",
        other => return format!("does not match {other}"),
    };
    format!("not {words}")
}
