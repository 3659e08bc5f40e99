//! Messages and contexts for the tests.

use chatter_protocol::{
    Author, AuthorId, AuthorKind, ChatMessage, MessageId, RoomId, StreamContext, Timestamp, V1,
    context::StreamEvent,
};

/// Seconds after a fixed moment.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_769_860_800_000 + seconds * 1000)
}

pub(crate) fn room_id() -> RoomId {
    RoomId::new("main/lobby").unwrap()
}

pub(crate) fn message_id(n: u8) -> MessageId {
    MessageId::from_parts(u64::from(n), [n; 10])
}

pub(crate) fn message(id: MessageId, author: &str, kind: AuthorKind, text: &str) -> ChatMessage {
    let prefix = if kind == AuthorKind::Persona {
        "persona"
    } else {
        "guest"
    };
    ChatMessage {
        v: V1,
        id,
        room_id: room_id(),
        author: Author {
            id: AuthorId::new(&format!("{prefix}:{author}")).unwrap(),
            name: author.into(),
            kind,
            color: None,
            badges: Vec::new(),
        },
        text: text.into(),
        reply_to: None,
        mentions: Vec::new(),
        sent_at: at(0),
        call_id: None,
        deleted: false,
    }
}

pub(crate) fn guest_line(n: u8, author: &str, text: &str) -> ChatMessage {
    message(message_id(n), author, AuthorKind::Viewer, text)
}

pub(crate) fn persona_line(n: u8, author: &str, text: &str) -> ChatMessage {
    message(message_id(n), author, AuthorKind::Persona, text)
}

pub(crate) fn reply(message: ChatMessage, to: MessageId) -> ChatMessage {
    ChatMessage {
        reply_to: Some(to),
        ..message
    }
}

pub(crate) fn context(position_s: u64, events: Vec<StreamEvent>) -> StreamContext {
    StreamContext {
        v: V1,
        room_id: room_id(),
        at: at(0),
        position_ms: position_s * 1000,
        transcript: Vec::new(),
        summary: String::new(),
        keywords: Vec::new(),
        events,
        chat_question: None,
        scene: None,
        playing: None,
        extensions: None,
    }
}

pub(crate) fn event(id: &str, kind: &str, at_s: u64) -> StreamEvent {
    StreamEvent {
        id: id.into(),
        kind: kind.into(),
        text: String::new(),
        names: Vec::new(),
        at_ms: at_s * 1000,
        known_ms: None,
        confidence: 0.8,
    }
}
