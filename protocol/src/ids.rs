//! Ids are types, so that a room can't be taken for a persona, and every one of them is checked
//! where it enters.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{borrow::Cow, fmt, str::FromStr, sync::Arc};
use uuid::Uuid;

/// Why a text is not an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {what}: {rule}")]
pub struct InvalidId {
    text: String,
    what: &'static str,
    rule: &'static str,
}

impl InvalidId {
    fn new(text: &str, what: &'static str, rule: &'static str) -> Self {
        let text = text.chars().take(80).collect();
        Self { text, what, rule }
    }
}

const SLUG: &str = "a slug is 1 to 63 of a-z, 0-9 and -";

fn is_slug(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// A text id: cheap to clone, since every message and every call carries several.
macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $rule:expr, $pattern:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            #[doc = concat!("Checks that the text is ", $what, ".\n\n# Errors\n\nIf it is not; the error says why.")]
            pub fn new(text: &str) -> Result<Self, InvalidId> {
                let check: fn(&str) -> bool = $check;
                if check(text) { Ok(Self(text.into())) } else { Err(InvalidId::new(text, $what, $rule)) }
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::new(text)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::new(&Cow::<str>::deserialize(deserializer)?).map_err(serde::de::Error::custom)
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern, "description": concat!("Id: ", $what, ".") })
            }
        }
    };
}

text_id!(
    /// Who operates rooms: the outermost boundary. A host without tenants uses `main`.
    TenantId, "a tenant", SLUG, "^[a-z0-9-]{1,63}$", is_slug
);

text_id!(
    /// A room, as `tenant/room`.
    RoomId,
    "a room",
    "a room is tenant/room, each 1 to 63 of a-z, 0-9 and -",
    "^[a-z0-9-]{1,63}/[a-z0-9-]{1,63}$",
    |text| text.split_once('/').is_some_and(|(tenant, room)| is_slug(tenant) && is_slug(room))
);

text_id!(
    /// A persona's slug. What viewers read is its display name, which is another thing.
    PersonaId, "a persona", SLUG, "^[a-z0-9-]{1,63}$", is_slug
);

text_id!(
    /// Who wrote a message: `guest:ana-5f3c`, `persona:nova`.
    AuthorId,
    "an author",
    "an author is 1 to 95 of a-z, 0-9, -, _ and :",
    "^[a-z0-9:_-]{1,95}$",
    |text| (1..=95).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_:".contains(&b))
);

impl RoomId {
    /// Joins the two parts.
    ///
    /// # Errors
    ///
    /// If the result would not be a room's id.
    pub fn from_parts(tenant: &str, room: &str) -> Result<Self, InvalidId> {
        Self::new(&format!("{tenant}/{room}"))
    }

    /// The part before the slash.
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        TenantId(self.split().0.into())
    }

    /// The part after the slash.
    #[must_use]
    pub fn room(&self) -> &str {
        self.split().1
    }

    fn split(&self) -> (&str, &str) {
        self.0.split_once('/').unwrap_or((&self.0, ""))
    }
}

impl PersonaId {
    /// The persona as an author of messages.
    #[must_use]
    pub fn author(&self) -> AuthorId {
        AuthorId(format!("persona:{}", self.0).into())
    }
}

/// An id that the sender may choose and that sorts by the time at which it was made (UUIDv7, RFC 9562).
macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new one, from the system's clock and randomness.
            #[must_use]
            #[expect(clippy::new_without_default, reason = "each call gives another value")]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }

            /// One made of a given time (milliseconds since the Unix epoch) and randomness, for
            /// callers that must be repeatable.
            #[must_use]
            pub fn from_parts(millis: u64, random: [u8; 10]) -> Self {
                Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
            }

            /// The sixteen bytes.
            #[must_use]
            pub const fn as_uuid(&self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                text.parse().map(Self)
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "type": "string",
                    "format": "uuid",
                    "pattern": "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
                })
            }
        }
    };
}

uuid_id!(
    /// A message. Whoever sends one may choose its id and send it again: the second is dropped.
    MessageId
);
uuid_id!(
    /// One call of a persona.
    CallId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_ids_take_what_they_should() {
        let rooms = [
            ("main/lobby", true),
            ("acme/room-1", true),
            ("lobby", false),
            ("a/b/c", false),
            ("/lobby", false),
            ("main/", false),
            ("Main/lobby", false),
            ("main/lob{by", false),
        ];
        for (text, good) in rooms {
            assert_eq!(RoomId::new(text).is_ok(), good, "{text}");
        }
        assert!(PersonaId::new(&"x".repeat(64)).is_err());
        assert!(AuthorId::new("guest:ana-5f3c").is_ok());
        assert!(AuthorId::new("Ana").is_err());
    }

    #[test]
    fn a_refusal_says_why() {
        let error = RoomId::new("Lobby").unwrap_err().to_string();
        assert_eq!(
            error,
            "\"Lobby\" is not a room: a room is tenant/room, each 1 to 63 of a-z, 0-9 and -"
        );
    }
}
