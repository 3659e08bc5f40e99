//! What a persona is called with, made of little.

use super::Budgets;
use crate::{
    memory::{Entry, Kind},
    types::{
        Author, AuthorKind, ChatMessage, ChatQuestion, Fate, Impulse, Keyword, Limits, LineFate,
        Profile, Room, Segment, State, StreamContext, StreamEvent, TraitValue, Turn,
    },
};
use std::sync::atomic::{AtomicU64, Ordering};

/// The time in turns and messages that name none: 2026-01-31T12:00:00Z, in milliseconds since the
/// Unix epoch.
pub const NOW: u64 = 1_769_860_800_000;

/// A UUID that no other call of this process gives.
pub(crate) fn fresh_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!(
        "00000000-0000-7000-8000-{:012x}",
        NEXT.fetch_add(1, Ordering::Relaxed)
    )
}

fn slug(name: &str) -> String {
    let slug: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect();
    slug.chars().take(60).collect()
}

fn author_message(author: Author, text: &str) -> ChatMessage {
    ChatMessage {
        id: fresh_id(),
        author,
        text: text.into(),
        reply_to: None,
        mentions: Vec::new(),
        sent_at: NOW,
    }
}

/// A message of a viewer with this name. The same name is the same author.
#[must_use]
pub fn message(name: &str, text: &str) -> ChatMessage {
    let author = Author {
        id: format!("guest:{}", slug(name)),
        name: name.into(),
        kind: AuthorKind::Viewer,
    };
    author_message(author, text)
}

/// A message of the persona with this slug.
#[must_use]
pub fn persona_message(id: &str, text: &str) -> ChatMessage {
    let Profile { id, name, .. } = profile(id);
    author_message(
        Author {
            id: format!("persona:{id}"),
            name,
            kind: AuthorKind::Persona,
        },
        text,
    )
}

/// A profile with this slug; its display name is the same with a capital.
#[must_use]
pub fn profile(id: &str) -> Profile {
    let mut letters = id.chars();
    let name = letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default();
    Profile {
        id: id.into(),
        name,
        bio: String::new(),
        style: String::new(),
        traits: Vec::new(),
        drift: Vec::new(),
        relationships: Vec::new(),
    }
}

/// Something remembered: a note about nobody, of [`NOW`], that fits perfectly.
#[must_use]
pub fn entry(text: &str) -> Entry {
    Entry {
        id: fresh_id(),
        kind: Kind::PersonaNote,
        text: text.into(),
        about: None,
        confidence: 1.0,
        at: NOW,
        score: 1.0,
    }
}

/// A turn of the persona `nova` in an empty room, without an impulse to speak, and with the host's
/// default limits.
pub fn turn() -> TurnBuilder {
    TurnBuilder(Turn {
        call_id: fresh_id(),
        room: Room {
            id: "main/lobby".into(),
            title: "Lobby".into(),
        },
        profile: profile("nova"),
        now: NOW,
        seed: 1,
        recent: Vec::new(),
        trends: None,
        impulse: Impulse {
            p: 0.0,
            parts: Vec::new(),
            speak: false,
            answer: None,
        },
        fates: Vec::new(),
        state: None,
        limits: Limits {
            max_lines: 3,
            max_line_chars: 300,
            max_state_bytes: 64 << 10,
            llm_calls: Budgets::DEFAULT.llm_calls,
            llm_tokens: Budgets::DEFAULT.llm_tokens,
            memory_searches: Budgets::DEFAULT.searches,
            memory_writes: Budgets::DEFAULT.writes,
            cpu_ms: 100,
        },
        extensions: None,
    })
}

/// See [`turn`].
#[derive(Clone, Debug)]
#[must_use]
pub struct TurnBuilder(Turn);

impl TurnBuilder {
    /// The host wants it to speak.
    pub fn speak(mut self) -> Self {
        self.0.impulse.speak = true;
        self.0.impulse.p = 1.0;
        self
    }

    /// The host wants it to answer this message, which is added to the recent ones if it isn't
    /// among them.
    pub fn answer(mut self, message: &ChatMessage) -> Self {
        if self.0.message(&message.id).is_none() {
            self.0.recent.push(message.clone());
        }
        self.0.impulse.answer = Some(message.id.clone());
        self.speak()
    }

    /// The latest messages, oldest first.
    pub fn recent(mut self, messages: &[ChatMessage]) -> Self {
        self.0.recent.extend_from_slice(messages);
        self
    }

    /// Where its randomness comes from.
    pub fn seed(mut self, seed: u64) -> Self {
        self.0.seed = seed;
        self
    }

    /// Milliseconds since the Unix epoch.
    pub fn now(mut self, now: u64) -> Self {
        self.0.now = now;
        self
    }

    /// Who it is.
    pub fn profile(mut self, profile: Profile) -> Self {
        self.0.profile = profile;
        self
    }

    /// A trait of its profile, 0 to 1.
    pub fn trait_value(mut self, name: &str, value: f64) -> Self {
        self.0.profile.traits.push(TraitValue {
            name: name.into(),
            value,
        });
        self
    }

    /// What became of an earlier line.
    pub fn fate(mut self, text: &str, fate: Fate) -> Self {
        self.0.fates.push(LineFate {
            message_id: fresh_id(),
            text: text.into(),
            fate,
        });
        self
    }

    /// State that it starts from. A [`Harness`](super::Harness) puts its own here after its first
    /// call.
    pub fn state(mut self, version: u32, bytes: impl Into<Vec<u8>>) -> Self {
        self.0.state = Some(State {
            version,
            bytes: bytes.into(),
        });
        self
    }

    /// The longest line, in characters.
    pub fn max_line_chars(mut self, chars: u32) -> Self {
        self.0.limits.max_line_chars = chars;
        self
    }

    /// The turn.
    #[must_use]
    pub fn build(self) -> Turn {
        self.0
    }
}

impl From<TurnBuilder> for Turn {
    fn from(turn: TurnBuilder) -> Self {
        turn.build()
    }
}

/// A stream on which nothing is said and nothing happens.
pub fn context() -> ContextBuilder {
    ContextBuilder(StreamContext {
        at: NOW,
        position: 0,
        transcript: Vec::new(),
        summary: String::new(),
        keywords: Vec::new(),
        events: Vec::new(),
        chat_question: None,
        extensions: None,
    })
}

/// See [`context`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ContextBuilder(StreamContext);

impl ContextBuilder {
    /// Four seconds of speech; the stream moves on by them.
    pub fn said(mut self, text: &str) -> Self {
        let start = self.0.position;
        self.0.position += 4000;
        self.0.transcript.push(Segment {
            start,
            end: self.0.position,
            text: text.into(),
        });
        self
    }

    /// A keyword, less telling than those before it.
    pub fn keyword(mut self, term: &str) -> Self {
        let score = self.0.keywords.last().map_or(1.0, |last| last.score * 0.8);
        self.0.keywords.push(Keyword {
            term: term.into(),
            score,
        });
        self
    }

    /// An event that happens now.
    pub fn event(mut self, id: &str, kind: &str, text: &str) -> Self {
        let at = self.0.position;
        self.0.events.push(StreamEvent {
            id: id.into(),
            kind: kind.into(),
            text: text.into(),
            at,
            confidence: 0.9,
        });
        self
    }

    /// The streamer asks the chat now. The event of kind `question` comes with it.
    pub fn question(mut self, id: &str, text: &str) -> Self {
        self.0.chat_question = Some(ChatQuestion {
            id: id.into(),
            text: text.into(),
            at: self.0.position,
        });
        self.event(id, "question", text)
    }

    /// Where the stream is, in milliseconds since its start.
    pub fn position(mut self, position: u64) -> Self {
        self.0.position = position;
        self
    }

    /// The context.
    #[must_use]
    pub fn build(self) -> StreamContext {
        self.0
    }
}

impl From<ContextBuilder> for StreamContext {
    fn from(context: ContextBuilder) -> Self {
        context.build()
    }
}
