//! From the host's call types to the contract's, without copying what they hold.
//!
//! The contract's records borrow their texts and lists. What has no form to be borrowed from (ids
//! as text, lists of references) is laid out first, each kind in one piece.

use crate::contract::{guest, memory as wit_memory, types as wit};
use chatter_protocol::{
    AuthorKind, ChatMessage, ChatTrends, MessageId, StreamContext, Timestamp, Turn,
    call::{Digest, Fate, Profile},
};
use std::{borrow::Cow, collections::BTreeMap, sync::Arc};
use uuid::fmt::Hyphenated;

/// An id's length as text.
const ID: usize = Hyphenated::LENGTH;

/// Messages, with their ids and mentions laid out to be borrowed from.
pub(crate) struct Messages<'a> {
    messages: &'a [Arc<ChatMessage>],
    /// For each message its id, and for those that reply the other's.
    ids: String,
    mentions: Vec<&'a str>,
}

impl<'a> Messages<'a> {
    pub(crate) fn new(messages: &'a [Arc<ChatMessage>]) -> Self {
        let mut ids = String::with_capacity(messages.len() * 2 * ID);
        for message in messages {
            push_id(&mut ids, message.id);
            if let Some(other) = message.reply_to {
                push_id(&mut ids, other);
            }
        }
        let mentions = messages
            .iter()
            .flat_map(|message| &message.mentions)
            .map(|id| id.as_str())
            .collect();
        Self {
            messages,
            ids,
            mentions,
        }
    }

    pub(crate) fn lower(&'a self) -> Vec<wit::ChatMessage<'a>> {
        let (mut ids, mut mentions) = (self.ids.as_str(), self.mentions.as_slice());
        let mut next_id = || {
            let (id, rest) = ids.split_at(ID);
            ids = rest;
            id
        };
        self.messages
            .iter()
            .map(|message| {
                let (named, rest) = mentions.split_at(message.mentions.len());
                mentions = rest;
                wit::ChatMessage {
                    id: next_id(),
                    author: wit::Author {
                        id: message.author.id.as_str(),
                        name: &message.author.name,
                        kind: author_kind(message.author.kind),
                    },
                    text: &message.text,
                    reply_to: message.reply_to.map(|_| next_id()),
                    mentions: named,
                    sent_at: millis(message.sent_at),
                }
            })
            .collect()
    }
}

/// The parts of a turn that have to be laid out before they can be borrowed.
pub(crate) struct TurnParts<'a> {
    call_id: String,
    answer: Option<String>,
    fate_ids: Vec<String>,
    recent: Vec<wit::ChatMessage<'a>>,
    traits: Vec<wit::TraitValueParam<'a>>,
    drift: Vec<wit::TraitValueParam<'a>>,
    relationships: Vec<wit::Relationship<'a>>,
    impulse: Vec<wit::ImpulsePart<'a>>,
    tokens: Vec<wit::Count<'a>>,
    emotes: Vec<wit::Count<'a>>,
}

impl<'a> TurnParts<'a> {
    pub(crate) fn new(turn: &'a Turn, recent: &'a Messages<'a>) -> Self {
        let profile: &Profile = &turn.profile;
        let (tokens, emotes) = turn.trends.as_deref().map_or_else(Default::default, counts);
        Self {
            call_id: turn.call_id.to_string(),
            answer: turn.impulse.answer.map(|id| id.to_string()),
            fate_ids: turn
                .fates
                .iter()
                .map(|fate| fate.message_id.to_string())
                .collect(),
            recent: recent.lower(),
            traits: trait_values(&profile.traits),
            drift: trait_values(&profile.drift),
            relationships: profile
                .relationships
                .iter()
                .map(|other| wit::Relationship {
                    author_id: other.author_id.as_str(),
                    name: &other.name,
                    warmth: other.warmth,
                    note: &other.note,
                })
                .collect(),
            impulse: turn
                .impulse
                .parts
                .iter()
                .map(|part| wit::ImpulsePart {
                    name: &part.name,
                    value: part.value,
                })
                .collect(),
            tokens,
            emotes,
        }
    }

    pub(crate) fn fates(&'a self, turn: &'a Turn) -> Vec<wit::LineFate<'a>> {
        turn.fates
            .iter()
            .zip(&self.fate_ids)
            .map(|(line, id)| wit::LineFate {
                message_id: id,
                text: &line.text,
                fate: match &line.fate {
                    Fate::Pending => wit::Fate::Pending,
                    Fate::Accepted => wit::Fate::Accepted,
                    Fate::Dropped(rule) => wit::Fate::Dropped(rule),
                },
            })
            .collect()
    }

    pub(crate) fn lower(&'a self, turn: &'a Turn, fates: &'a [wit::LineFate<'a>]) -> wit::Turn<'a> {
        let profile: &Profile = &turn.profile;
        wit::Turn {
            call_id: &self.call_id,
            room: wit::Room {
                id: turn.room.id.as_str(),
                title: &turn.room.title,
            },
            profile: wit::Profile {
                id: profile.id.as_str(),
                name: &profile.name,
                bio: &profile.bio,
                style: &profile.style,
                traits: &self.traits,
                drift: &self.drift,
                relationships: &self.relationships,
            },
            now: millis(turn.now),
            seed: turn.seed,
            recent: &self.recent,
            trends: turn.trends.as_deref().map(|trends| wit::Trends {
                window_seconds: trends.window_s,
                messages_per_minute: trends.messages_per_minute,
                unique_authors: trends.unique_authors,
                bot_fraction: trends.bot_fraction,
                top_tokens: &self.tokens,
                top_emotes: &self.emotes,
            }),
            impulse: wit::Impulse {
                p: turn.impulse.p,
                parts: &self.impulse,
                speak: turn.impulse.speak,
                answer: self.answer.as_deref(),
            },
            fates,
            state: turn.state.as_ref().map(|state| wit::State {
                version: state.version,
                bytes: &state.bytes,
            }),
            limits: wit::Limits {
                max_lines: turn.limits.max_lines,
                max_line_chars: turn.limits.max_line_chars,
                max_state_bytes: turn.limits.max_state_bytes,
                llm_calls: turn.limits.llm_calls,
                llm_tokens: turn.limits.llm_tokens,
                memory_searches: turn.limits.memory_searches,
                memory_writes: turn.limits.memory_writes,
                cpu_ms: turn.limits.cpu_ms,
            },
            extensions: turn.extensions.as_deref(),
        }
    }
}

/// The lists of a stream context.
pub(crate) struct ContextParts<'a> {
    transcript: Vec<wit::Segment<'a>>,
    keywords: Vec<wit::Keyword<'a>>,
    events: Vec<wit::StreamEvent<'a>>,
    extensions: Option<Cow<'a, str>>,
}

/// What a context holds that the contract has no field for: its own extensions, and in them the scene.
fn extensions(context: &StreamContext) -> Option<Cow<'_, str>> {
    let own = context.extensions.as_deref();
    let Some(scene) = &context.scene else {
        return own.map(Cow::Borrowed);
    };
    let mut all = match own.map(serde_json::from_str) {
        Some(Ok(serde_json::Value::Object(all))) => all,
        None => serde_json::Map::new(),
        // Text of which nobody knows what it is stays as it is.
        Some(_) => return own.map(Cow::Borrowed),
    };
    let scene = serde_json::to_value(scene).ok()?;
    all.entry("scene").or_insert(scene);
    Some(Cow::Owned(serde_json::Value::Object(all).to_string()))
}

impl<'a> ContextParts<'a> {
    pub(crate) fn new(context: &'a StreamContext) -> Self {
        Self {
            transcript: context
                .transcript
                .iter()
                .map(|segment| wit::Segment {
                    start: segment.start_ms,
                    end: segment.end_ms,
                    text: &segment.text,
                })
                .collect(),
            keywords: context
                .keywords
                .iter()
                .map(|keyword| wit::Keyword {
                    term: &keyword.term,
                    score: keyword.score,
                })
                .collect(),
            events: context
                .events
                .iter()
                .map(|event| wit::StreamEvent {
                    id: &event.id,
                    kind: &event.kind,
                    text: &event.text,
                    at: event.at_ms,
                    confidence: event.confidence,
                })
                .collect(),
            extensions: extensions(context),
        }
    }

    pub(crate) fn lower(&'a self, context: &'a StreamContext) -> wit::StreamContext<'a> {
        wit::StreamContext {
            at: millis(context.at),
            position: context.position_ms,
            transcript: &self.transcript,
            summary: &context.summary,
            keywords: &self.keywords,
            events: &self.events,
            chat_question: context
                .chat_question
                .as_ref()
                .map(|question| wit::ChatQuestion {
                    id: &question.id,
                    text: &question.text,
                    at: question.at_ms,
                }),
            extensions: self.extensions.as_deref(),
        }
    }
}

/// The memories of a digest.
pub(crate) fn memories(digest: &Digest) -> Vec<wit_memory::EntryParam<'_>> {
    digest
        .memories
        .iter()
        .map(|found| wit_memory::EntryParam {
            id: &found.id,
            kind: crate::host::wit_kind(found.entry.kind),
            text: &found.entry.text,
            about: found.entry.about.as_ref().map(|id| id.as_str()),
            confidence: found.entry.confidence,
            at: millis(found.at),
            score: found.score,
        })
        .collect()
}

pub(crate) fn digest<'a>(
    digest: &Digest,
    highlights: &'a [wit::ChatMessage<'a>],
    memories: &'a [wit_memory::EntryParam<'a>],
) -> guest::Digest<'a> {
    guest::Digest {
        since: millis(digest.since),
        lines_said: digest.lines_said,
        highlights,
        memories,
    }
}

fn trait_values(values: &BTreeMap<String, f64>) -> Vec<wit::TraitValueParam<'_>> {
    values
        .iter()
        .map(|(name, value)| wit::TraitValueParam {
            name,
            value: *value,
        })
        .collect()
}

type Counts<'a> = Vec<wit::Count<'a>>;

fn counts(trends: &ChatTrends) -> (Counts<'_>, Counts<'_>) {
    (list(&trends.top_tokens), list(&trends.top_emotes))
}

fn list(counts: &[chatter_protocol::trends::Count]) -> Counts<'_> {
    counts
        .iter()
        .map(|count| wit::Count {
            term: &count.term,
            count: count.count,
        })
        .collect()
}

const fn author_kind(kind: AuthorKind) -> wit::AuthorKind {
    match kind {
        AuthorKind::Viewer => wit::AuthorKind::Viewer,
        AuthorKind::Persona => wit::AuthorKind::Persona,
        AuthorKind::Moderator => wit::AuthorKind::Moderator,
        AuthorKind::System => wit::AuthorKind::System,
    }
}

fn push_id(ids: &mut String, id: MessageId) {
    ids.push_str(id.as_uuid().hyphenated().encode_lower(&mut [0; ID]));
}

fn millis(moment: Timestamp) -> u64 {
    u64::try_from(moment.as_millis()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatter_protocol::{RoomId, Timestamp, V1, context::Scene};

    #[test]
    fn a_scene_comes_with_the_extensions() {
        let scene = Scene {
            at_ms: 7,
            caption: "A boat.".into(),
            on_screen_text: String::new(),
        };
        let seen = r#""scene":{"at_ms":7,"caption":"A boat."}"#;
        let cases = [
            (None, None, None),
            (Some("{\"a\":1}"), None, Some("{\"a\":1}".to_owned())),
            (None, Some(&scene), Some(format!("{{{seen}}}"))),
            (
                Some("{\"a\":1}"),
                Some(&scene),
                Some(format!("{{\"a\":1,{seen}}}")),
            ),
            (Some("no json"), Some(&scene), Some("no json".into())),
            (Some("[1]"), Some(&scene), Some("[1]".into())),
        ];
        for (own, scene, expected) in cases {
            let context = StreamContext {
                playing: None,
                v: V1,
                room_id: RoomId::new("main/lobby").unwrap(),
                at: Timestamp::from_millis(0),
                position_ms: 0,
                transcript: Vec::new(),
                summary: String::new(),
                keywords: Vec::new(),
                events: Vec::new(),
                chat_question: None,
                scene: scene.cloned(),
                extensions: own.map(Into::into),
            };
            assert_eq!(extensions(&context).as_deref(), expected.as_deref());
        }
    }
}
