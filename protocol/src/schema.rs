//! Schemas generated from the types, and validation against them at the edge.
//!
//! What comes from outside is validated first, as a JSON value, and parsed into a type only then:
//! a schema names every wrong place at once, a parser only the first.

mod refusal;

pub use refusal::{Invalid, MAX_PROBLEMS, Problem};

use crate::{
    CallRecord, ChatMessage, ChatTrends, FirehoseEntry, ModerationPolicy, ModerationVerdict,
    ModuleConfig, PersonaConfig, PersonaStatus, RoomConfig, SourceStatus, StreamContext,
    frames::{
        AuditPage, ClientFrame, MessagesPage, ProblemDocument, Said, SayRequest, ServerFrame,
        Session, SessionRequest,
    },
    moderators::{
        Ban, BanList, BanRequest, Cleared, HeldDecided, HeldList, HeldRequest, ModeratorAct,
        ModeratorEntry, ModeratorList, ModeratorRequest, Noticed, RoomAct, Waiting,
    },
    modes::{Modes, ModesPatch},
    room::{RoomEmotes, RoomList, RoomStatus},
};
use jsonschema::Validator;
use schemars::{JsonSchema, Schema, generate::SchemaSettings, transform::RecursiveTransform};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::LazyLock;

/// A type with a schema of its own in `protocol/schemas/`.
pub trait Schematic: JsonSchema + DeserializeOwned {
    /// The schema's file name without `.json`.
    const NAME: &'static str;

    /// The compiled schema. It is compiled once: that takes some 40 µs, a validation 0.1 to 1 µs.
    fn validator() -> &'static Validator;

    /// The schema itself (JSON Schema 2020-12). Its `$id` is `urn:chatter:v1:NAME`.
    #[must_use]
    fn schema() -> Value {
        generate::<Self>(Self::NAME)
    }

    /// Validates a value, then reads it.
    ///
    /// # Errors
    ///
    /// Names the places that break the schema, up to [`MAX_PROBLEMS`] of them.
    fn from_value(mut value: Value) -> Result<Self, Invalid> {
        let errors = Self::validator().iter_errors(&value);
        if let Some(invalid) = Invalid::from_errors(errors) {
            return Err(invalid);
        }
        if let Ok(read) = Self::deserialize(&value) {
            return Ok(read);
        }
        // To JSON Schema 2.0 is an integer like 2, to serde it is not.
        spell_integers(&mut value);
        serde_path_to_error::deserialize(value).map_err(Invalid::from_unreadable)
    }

    /// Parses JSON, validates it, then reads it.
    ///
    /// # Errors
    ///
    /// If it is no JSON, or names every place that breaks the schema.
    fn from_json(json: &[u8]) -> Result<Self, Invalid> {
        match serde_json::from_slice(json) {
            Ok(value) => Self::from_value(value),
            Err(error) => Err(Invalid::new(String::new(), format!("not JSON: {error}"))),
        }
    }
}

macro_rules! schematics {
    ($($name:literal $type:ty;)*) => {
        $(impl Schematic for $type {
            const NAME: &'static str = $name;

            fn validator() -> &'static Validator {
                static VALIDATOR: LazyLock<Validator> = LazyLock::new(|| compile(&generate::<$type>($name)));
                &VALIDATOR
            }
        })*

        /// Every schema, with its file name without `.json`.
        #[must_use]
        pub fn all() -> Vec<(&'static str, Value)> {
            vec![$(($name, generate::<$type>($name))),*]
        }

        /// Validates a value against the schema of that name; `None` if there is none.
        #[must_use]
        pub fn check(name: &str, value: &Value) -> Option<Vec<Problem>> {
            let validator = match name {
                $($name => <$type as Schematic>::validator(),)*
                _ => return None,
            };
            let invalid = Invalid::from_errors(validator.iter_errors(value));
            Some(invalid.map_or_else(Vec::new, |invalid| invalid.problems))
        }
    };
}

schematics! {
    "audit-page" AuditPage;
    "ban" Ban;
    "ban-list" BanList;
    "ban-request" BanRequest;
    "call-record" CallRecord;
    "chat-message" ChatMessage;
    "chat-trends" ChatTrends;
    "cleared" Cleared;
    "client-frame" ClientFrame;
    "firehose-entry" FirehoseEntry;
    "held-decided" HeldDecided;
    "held-list" HeldList;
    "held-request" HeldRequest;
    "messages-page" MessagesPage;
    "moderation-policy" ModerationPolicy;
    "moderation-verdict" ModerationVerdict;
    "moderator-act" ModeratorAct;
    "moderator-entry" ModeratorEntry;
    "moderator-list" ModeratorList;
    "moderator-request" ModeratorRequest;
    "modes" Modes;
    "modes-patch" ModesPatch;
    "module-config" ModuleConfig;
    "noticed" Noticed;
    "persona-config" PersonaConfig;
    "persona-status" PersonaStatus;
    "problem-document" ProblemDocument;
    "room-act" RoomAct;
    "room-config" RoomConfig;
    "room-emotes" RoomEmotes;
    "room-list" RoomList;
    "room-status" RoomStatus;
    "said" Said;
    "say-request" SayRequest;
    "server-frame" ServerFrame;
    "session" Session;
    "session-request" SessionRequest;
    "source-status" SourceStatus;
    "stream-context" StreamContext;
    "waiting" Waiting;
}

/// From 0 to 1.
#[derive(JsonSchema)]
#[schemars(inline, transparent)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct Share(#[schemars(range(min = 0.0, max = 1.0))] f64);

/// From -1 to 1.
#[derive(JsonSchema)]
#[schemars(inline, transparent)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct Shift(#[schemars(range(min = -1.0, max = 1.0))] f64);

fn generate<T: JsonSchema + ?Sized>(name: &str) -> Value {
    let settings = SchemaSettings::draft2020_12()
        .with_transform(RecursiveTransform(name_choices))
        .with_transform(RecursiveTransform(bound_integers))
        .with_transform(RecursiveTransform(join_references))
        .with_transform(RecursiveTransform(unwrap_lines));
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    let mut rest = std::mem::take(schema.ensure_object());
    let mut root = serde_json::Map::new();
    for head in ["$schema", "$id", "title", "description"] {
        match rest.shift_remove(head) {
            Some(value) => root.insert(head.into(), value),
            None if head == "$id" => {
                root.insert(head.into(), json!(format!("urn:chatter:v1:{name}")))
            }
            None => None,
        };
    }
    root.append(&mut rest);
    Value::Object(root)
}

/// A choice of words is an `enum`, whose refusal can list them, and not a choice of schemas with one
/// word each. What each word means goes into the description.
fn name_choices(schema: &mut Schema) {
    let Some(choices) = schema.get("oneOf").and_then(Value::as_array) else {
        return;
    };
    let mut words = Vec::new();
    let mut meanings = Vec::new();
    for choice in choices {
        let Some(word @ Value::String(text)) = choice.get("const") else {
            return;
        };
        words.push(word.clone());
        if let Some(meaning) = choice.get("description").and_then(Value::as_str) {
            meanings.push(format!("- `{text}`: {meaning}"));
        }
    }
    let about = schema
        .get("description")
        .and_then(Value::as_str)
        .map(str::to_owned);
    let about = about
        .into_iter()
        .chain((!meanings.is_empty()).then(|| meanings.join("\n")));
    let about = about.collect::<Vec<_>>().join("\n\n");
    let fields = schema.ensure_object();
    fields.shift_remove("oneOf");
    if !about.is_empty() {
        fields.insert("description".into(), about.into());
    }
    fields.insert("type".into(), "string".into());
    fields.insert("enum".into(), words.into());
}

/// What does not fit a small Rust integer breaks the schema already. The bound of 64 bits is left
/// out: most readers' JSON numbers can't express it.
fn bound_integers(schema: &mut Schema) {
    let highest = match schema.get("format").and_then(Value::as_str) {
        Some("uint8") => u32::from(u8::MAX),
        Some("uint16") => u32::from(u16::MAX),
        Some("uint32") => u32::MAX,
        _ => return,
    };
    schema
        .ensure_object()
        .entry("maximum")
        .or_insert_with(|| highest.into());
}

/// Beside a `$ref` other keywords are allowed, but generators of types tend to overlook them.
fn join_references(schema: &mut Schema) {
    let Some(fields) = schema.as_object_mut() else {
        return;
    };
    if !(fields.contains_key("$ref") && fields.contains_key("properties")) {
        return;
    }
    let description = fields.shift_remove("description");
    let mut rest = std::mem::take(fields);
    let target = rest.shift_remove("$ref");
    fields.extend(description.map(|text| ("description".to_owned(), text)));
    fields.insert("allOf".into(), json!([{ "$ref": target }, rest]));
}

/// Where a doc comment goes on to the next line, its paragraph does not end.
fn unwrap_lines(schema: &mut Schema) {
    let Some(text) = schema.get("description").and_then(Value::as_str) else {
        return;
    };
    let paragraphs = text.split("\n\n").map(|paragraph| {
        if paragraph.starts_with("- ") {
            paragraph.to_owned()
        } else {
            paragraph.replace('\n', " ")
        }
    });
    let text = paragraphs.collect::<Vec<_>>().join("\n\n");
    schema
        .ensure_object()
        .insert("description".into(), text.into());
}

/// Writes every number without a fraction as an integer, where a u64 or i64 holds it.
fn spell_integers(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            // 2^53: up to there a float holds every integer.
            const EXACT: f64 = 9_007_199_254_740_992.0;
            if let Some(float) = number
                .as_f64()
                .filter(|f| f.fract() == 0.0 && f.abs() <= EXACT)
            {
                #[expect(clippy::cast_possible_truncation, reason = "whole and within 2^53")]
                let whole = float as i64;
                *number = whole.into();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(spell_integers),
        Value::Object(fields) => fields.values_mut().for_each(spell_integers),
        _ => {}
    }
}

fn compile(schema: &Value) -> Validator {
    jsonschema::options()
        .should_validate_formats(true)
        .build(schema)
        .expect("a schema that schemars made is valid; a test compiles every one")
}
