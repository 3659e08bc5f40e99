//! What the services of chatter say to each other.
//!
//! This crate owns the types that cross a joint between services (and the ones that reach the
//! outside): messages, stream contexts, verdicts, call records, configurations, WebSocket frames;
//! the ids they carry; the topics they travel on; and their JSON Schemas, which are generated from
//! the types and checked in under `protocol/schemas/`.
//!
//! It must not know who sends or reads any of it: no bus, no store, no network, no WebAssembly.
//! How these formats may change is written down in `docs/protocols.md`.

pub mod call;
pub mod config;
pub mod context;
pub mod emote;
pub mod frames;
pub mod ids;
pub mod llm;
pub mod memory;
pub mod message;
pub mod moderation;
pub mod moderators;
pub mod modes;
pub mod persona;
pub mod policy;
pub mod room;
pub mod schema;
pub mod shadow;
pub mod sound;
pub mod source;
pub mod time;
pub mod topics;
pub mod trends;
mod version;

pub use call::{CallRecord, Impulse, Outcome, Turn};
pub use config::{ModuleConfig, PersonaConfig, RoomConfig, Tuning};
pub use context::StreamContext;
pub use ids::{AuthorId, CallId, MessageId, PersonaId, RoomId, TenantId};
pub use message::{Author, AuthorKind, ChatMessage, FirehoseEntry};
pub use moderation::ModerationVerdict;
pub use persona::PersonaStatus;
pub use policy::ModerationPolicy;
pub use schema::{Invalid, Problem, Schematic};
pub use sound::SoundPiece;
pub use source::{SourceCondition, SourceStatus};
pub use time::{Clock, Timestamp};
pub use topics::{Topic, TopicKind};
pub use trends::ChatTrends;
pub use version::V1;
