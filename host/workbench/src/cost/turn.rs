//! A representative turn: what a persona gets in a lively room.

use crate::{Subject, text::Wrong};
use chatter_protocol::{
    Author, AuthorKind, CallId, ChatMessage, Impulse, MessageId, RoomId, StreamContext, Timestamp,
    Turn, V1,
    call::{CallInput, CallLimits, Digest, LimitsConfig, Profile, RoomInfo, TurnLimits},
    context::{Keyword, Segment, StreamEvent},
    memory,
};
use chatter_runtime::Call;
use std::sync::Arc;

/// When it is: 2026-01-31T12:00:00Z.
const NOW: i64 = 1_769_860_800_000;

/// What people write, again and again.
const SAID: [(&str, &str); 5] = [
    ("Ana", "hi everyone!"),
    ("Ben", "is it the power supply or the capacitors?"),
    ("Carla", "LETS GOOO :hype:"),
    ("Dan", "I had one of these, the keys always stuck"),
    ("Ana", "what is the cat called?"),
];

/// What is said on the stream, again and again.
const TRANSCRIPT: [&str; 5] = [
    "Okay, the lid is off, and that smells of old dust.",
    "Two screws are missing, somebody was here before us.",
    "Look at this board, it is beautiful, and it is completely dead.",
    "Let's see whether the power supply gives us anything at all.",
    "Oh! It blinked! It blinked, chat, it is alive!",
];

/// One call of each export.
pub(super) fn calls(subject: &Subject) -> Result<Vec<(&'static str, Call)>, Wrong> {
    let wrong = |error: chatter_protocol::ids::InvalidId| Wrong(error.to_string());
    let room = RoomId::from_parts("main", "lobby").map_err(wrong)?;
    let now = Timestamp::from_millis(NOW);
    let config = &subject.persona;
    let mut messages = Vec::new();
    for n in 0..20_u64 {
        let (name, text) = SAID[n as usize % SAID.len()];
        let at = NOW - 60_000 + n as i64 * 3_000;
        messages.push(Arc::new(ChatMessage {
            v: V1,
            id: MessageId::from_parts(at.unsigned_abs(), [7; 10]),
            room_id: room.clone(),
            author: Author {
                id: format!("guest:{}-5f3c", name.to_lowercase())
                    .parse()
                    .map_err(wrong)?,
                name: name.into(),
                kind: AuthorKind::Viewer,
                color: None,
                badges: Vec::new(),
            },
            text: text.into(),
            reply_to: None,
            mentions: Vec::new(),
            sent_at: Timestamp::from_millis(at),
            call_id: None,
            deleted: false,
        }));
    }
    let newest = messages.len() - 3;
    let context = StreamContext {
        v: V1,
        room_id: room.clone(),
        at: now,
        position_ms: 300_000,
        transcript: (0..20_u64)
            .map(|n| Segment {
                start_ms: 240_000 + n * 3_000,
                end_ms: 242_500 + n * 3_000,
                text: TRANSCRIPT[n as usize % TRANSCRIPT.len()].into(),
                ..Segment::default()
            })
            .collect(),
        summary: "An old synthesizer is opened and its power supply is looked at.".into(),
        keywords: ["power supply", "synthesizer", "board", "screws"]
            .map(|term| Keyword {
                term: term.into(),
                score: 0.8,
            })
            .into(),
        events: vec![StreamEvent {
            id: "e1".into(),
            kind: "hype".into(),
            text: "It blinked, chat, it is alive!".into(),
            names: Vec::new(),
            at_ms: 299_000,
            known_ms: None,
            confidence: 0.9,
        }],
        chat_question: None,
        scene: None,
        playing: None,
        extensions: None,
    };
    let digest = Digest {
        since: Timestamp::from_millis(NOW - 600_000),
        lines_said: 5,
        highlights: messages[newest..].to_vec(),
        memories: Vec::new(),
    };
    let limits = CallLimits {
        // What a minute may hold is not what is measured.
        llm_calls_per_minute: u32::MAX,
        llm_tokens_per_minute: u32::MAX,
        log_bytes_per_second: u32::MAX,
        ..LimitsConfig::layered([config.limits.as_ref()])
    };
    let turn = Turn {
        call_id: CallId::from_parts(NOW.unsigned_abs(), [9; 10]),
        room: RoomInfo {
            id: room.clone(),
            title: "The Lobby".into(),
        },
        profile: Arc::new(Profile {
            id: config.id.clone(),
            name: config.name.clone(),
            bio: config.bio.clone(),
            style: config.style.clone(),
            traits: config.traits.clone(),
            drift: Default::default(),
            relationships: Vec::new(),
        }),
        now,
        seed: 7,
        recent: messages.clone(),
        trends: None,
        impulse: Impulse {
            p: 1.0,
            parts: Vec::new(),
            roll: 0.5,
            speak: true,
            answer: None,
        },
        fates: Vec::new(),
        state: None,
        limits: TurnLimits::from(&limits),
        extensions: None,
    };
    let mut answering = turn.clone();
    answering.impulse.answer = messages.last().map(|message| message.id);
    let call = |turn: Turn, input: CallInput| Call {
        module: subject.module.as_str().into(),
        scope: memory::Scope {
            room: room.clone(),
            persona: config.id.clone(),
        },
        route: None,
        turn: Arc::new(turn),
        input,
        limits: limits.clone(),
    };
    Ok(vec![
        (
            "on-context",
            call(turn.clone(), CallInput::Context(Arc::new(context))),
        ),
        (
            "on-firehose",
            call(answering, CallInput::Firehose(messages[newest..].to_vec())),
        ),
        ("reflect", call(turn, CallInput::Reflect(digest))),
    ])
}
