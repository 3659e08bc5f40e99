//! The live topics of a room.

use crate::RoomId;
use std::fmt;

/// What is said on a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TopicKind {
    /// Lines on their way to the gateway, as best effort.
    ChatIngest,
    /// Accepted messages with their offsets ([`FirehoseEntry`](crate::FirehoseEntry)).
    ChatFirehose,
    /// What happens on the stream ([`StreamContext`](crate::StreamContext)).
    StreamContext,
    /// The sound that a page shares, piece by piece ([`SoundPiece`](crate::SoundPiece)).
    StreamSound,
    /// How what a room watches does ([`SourceStatus`](crate::SourceStatus)).
    StreamSource,
    /// What the chat as a whole does ([`ChatTrends`](crate::ChatTrends)).
    ChatTrends,
    /// What moderation decided ([`ModerationVerdict`](crate::ModerationVerdict)).
    ChatAudit,
    /// What moderators decided that others are to act on ([`RoomAct`](crate::moderators::RoomAct)).
    ChatActs,
    /// What each persona call was ([`CallRecord`](crate::CallRecord)).
    PersonaCalls,
    /// How the personas do ([`PersonaStatus`](crate::PersonaStatus)).
    PersonaStatus,
}

impl TopicKind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::ChatIngest,
        Self::ChatFirehose,
        Self::StreamContext,
        Self::StreamSound,
        Self::StreamSource,
        Self::ChatTrends,
        Self::ChatAudit,
        Self::ChatActs,
        Self::PersonaCalls,
        Self::PersonaStatus,
    ];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ChatIngest => "chat.ingest",
            Self::ChatFirehose => "chat.firehose",
            Self::StreamContext => "stream.context",
            Self::StreamSound => "stream.sound",
            Self::StreamSource => "stream.source",
            Self::ChatTrends => "chat.trends",
            Self::ChatAudit => "chat.audit",
            Self::ChatActs => "chat.acts",
            Self::PersonaCalls => "persona.calls",
            Self::PersonaStatus => "persona.status",
        }
    }
}

/// One topic of one room. As text it is `chat.firehose:{acme/lobby}`: the braces are Redis
/// Cluster's hash tag, which keeps all that belongs to a room on one node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Topic {
    /// What is said there.
    pub kind: TopicKind,
    /// In which room.
    pub room: RoomId,
}

impl Topic {
    /// The topic of that kind in that room.
    #[must_use]
    pub const fn new(kind: TopicKind, room: RoomId) -> Self {
        Self { kind, room }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{{{}}}", self.kind.as_str(), self.room)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_room_is_the_hash_tag() {
        let topic = Topic::new(TopicKind::ChatFirehose, RoomId::new("acme/lobby").unwrap());
        assert_eq!(topic.to_string(), "chat.firehose:{acme/lobby}");
    }
}
