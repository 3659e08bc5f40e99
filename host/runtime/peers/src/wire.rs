//! A call as JSON, for plugin systems that pass bytes: the fields of the SDK's types under their own
//! names.

use persona_sdk as sdk;
use serde::{Deserialize, Serialize};

/// What the plugin is called with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Question {
    /// The turn.
    pub turn: Turn,
    /// The stream.
    pub context: StreamContext,
}

/// What it answers.
#[derive(Debug, Serialize, Deserialize)]
pub struct Answer {
    /// The new state.
    pub state: Option<String>,
    /// What it says.
    pub lines: Vec<String>,
    /// Or why nothing.
    pub silent: Option<String>,
}

/// The same value as another type.
pub trait Same<T> {
    /// It.
    fn same(self) -> T;
}

macro_rules! plain {
    ($($type:ty)*) => {$(
        impl Same<$type> for $type {
            fn same(self) -> $type {
                self
            }
        }
    )*};
}

plain!(String bool u32 u64 f64);

// State is JSON: text in text, not a list of numbers.
impl Same<Vec<u8>> for String {
    fn same(self) -> Vec<u8> {
        self.into_bytes()
    }
}

impl Same<String> for Vec<u8> {
    fn same(self) -> String {
        String::from_utf8_lossy(&self).into_owned()
    }
}

impl<A: Same<B>, B> Same<Option<B>> for Option<A> {
    fn same(self) -> Option<B> {
        self.map(A::same)
    }
}

/// What lists are made of.
trait Record {}

impl<A: Same<B> + Record, B> Same<Vec<B>> for Vec<A> {
    fn same(self) -> Vec<B> {
        self.into_iter().map(A::same).collect()
    }
}

macro_rules! mirror {
    ($($name:ident { $($field:ident: $type:ty),* $(,)? })*) => {$(
        #[derive(Clone, Debug, Serialize, Deserialize)]
        #[allow(missing_docs, reason = "the SDK says what they are")]
        pub struct $name { $(pub $field: $type),* }

        impl Record for $name {}
        impl Record for sdk::$name {}

        impl Same<sdk::$name> for $name {
            fn same(self) -> sdk::$name {
                sdk::$name { $($field: self.$field.same()),* }
            }
        }

        impl Same<$name> for sdk::$name {
            fn same(self) -> $name {
                $name { $($field: self.$field.same()),* }
            }
        }
    )*};
}

impl Record for String {}

mirror! {
    Author { id: String, name: String, kind: AuthorKind }
    ChatMessage { id: String, author: Author, text: String, reply_to: Option<String>, mentions: Vec<String>, sent_at: u64 }
    Room { id: String, title: String }
    TraitValue { name: String, value: f64 }
    Relationship { author_id: String, name: String, warmth: f64, note: String }
    Profile { id: String, name: String, bio: String, style: String, traits: Vec<TraitValue>, drift: Vec<TraitValue>, relationships: Vec<Relationship> }
    Count { term: String, count: u32 }
    Trends { window_seconds: u32, messages_per_minute: f64, unique_authors: u32, bot_fraction: f64, top_tokens: Vec<Count>, top_emotes: Vec<Count> }
    ImpulsePart { name: String, value: f64 }
    Impulse { p: f64, parts: Vec<ImpulsePart>, speak: bool, answer: Option<String> }
    LineFate { message_id: String, text: String, fate: Fate }
    State { version: u32, bytes: String }
    Limits { max_lines: u32, max_line_chars: u32, max_state_bytes: u32, llm_calls: u32, llm_tokens: u32, memory_searches: u32, memory_writes: u32, cpu_ms: u32 }
    Turn { call_id: String, room: Room, profile: Profile, now: u64, seed: u64, recent: Vec<ChatMessage>, trends: Option<Trends>, impulse: Impulse, fates: Vec<LineFate>, state: Option<State>, limits: Limits, extensions: Option<String> }
    Segment { start: u64, end: u64, text: String }
    Keyword { term: String, score: f64 }
    StreamEvent { id: String, kind: String, text: String, at: u64, confidence: f64 }
    ChatQuestion { id: String, text: String, at: u64 }
    StreamContext { at: u64, position: u64, transcript: Vec<Segment>, summary: String, keywords: Vec<Keyword>, events: Vec<StreamEvent>, chat_question: Option<ChatQuestion>, extensions: Option<String> }
}

/// What an author is.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum AuthorKind {
    Viewer,
    Persona,
    Moderator,
    System,
}

/// What became of a line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Fate {
    Pending,
    Accepted,
    Dropped(String),
}

macro_rules! same_cases {
    ($name:ident { $($case:ident $(($value:ident))?),* }) => {
        impl Same<sdk::$name> for $name {
            fn same(self) -> sdk::$name {
                match self { $(Self::$case $(($value))? => sdk::$name::$case $(($value))?),* }
            }
        }

        impl Same<$name> for sdk::$name {
            fn same(self) -> $name {
                match self { $(Self::$case $(($value))? => $name::$case $(($value))?),* }
            }
        }
    };
}

same_cases!(AuthorKind {
    Viewer,
    Persona,
    Moderator,
    System
});
same_cases!(Fate { Pending, Accepted, Dropped(rule) });
