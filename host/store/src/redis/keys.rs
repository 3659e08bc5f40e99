//! The names of all keys. Those of a room have it as their hash tag, so that a script can reach all
//! of them on a cluster.

use chatter_protocol::{PersonaId, RoomId, Topic, TopicKind};

/// What there is once in each room.
#[derive(Clone, Copy, Debug)]
pub(super) enum Of {
    /// Hash: epoch, offset and id of the log's newest message, which run of which server it was at last, and which
    /// request added to it at last, from which offset on. Of messages that were removed, which are in the stream no more:
    /// how many there are (`removed`), and under `left OFFSET` their id and what is left. Of things on the desk that keep a
    /// message from the log: how many there are (`keepers`), of each the message's id (`keeps SHELF/KEY`), and of each such
    /// message how many keep it (`kept ID`). (No keys of their own: they would not be there most often, and a cluster that
    /// moves the room would have scripts wait for them.)
    Head,
    /// Stream: the log; ids are `OFFSET-0`.
    Log,
    /// Sorted set: the ids in the log, by their offsets.
    Ids,
    /// Hash: what is kept of the room by name.
    Desk,
    /// Hash: each duty's holder, fencing number, end, and for how long it was taken.
    Duties,
    /// Stream: lines that wait for the gateway.
    Lines,
    /// Hash: all lines that are known.
    Known,
    /// Sorted set: numbers of memories that wait for delivery.
    Outbox,
    /// Hash: those memories.
    Memories,
    /// Hash: who delivers which of them.
    Claims,
}

pub(super) fn of(what: Of, room: &RoomId) -> String {
    let name = match what {
        Of::Head => "head",
        Of::Log => "log",
        Of::Ids => "places",
        Of::Desk => "desk",
        Of::Duties => "duties",
        Of::Lines => "lines",
        Of::Known => "known",
        Of::Outbox => "outbox",
        Of::Memories => "memories",
        Of::Claims => "claims",
    };
    format!("chatter:{name}:{{{room}}}")
}

/// What there is once for each persona of a room.
#[derive(Clone, Copy, Debug)]
pub(super) enum Persona {
    /// List: its latest calls.
    Calls,
    /// List: the modules that wrote its states, the latest first.
    Modules,
    /// Hash: those states.
    States,
    /// Sorted set: its lines, in their order.
    Said,
    /// Sorted set: those of them that are settled.
    Settled,
}

pub(super) fn persona(what: Persona, room: &RoomId, persona: &PersonaId) -> String {
    let name = match what {
        Persona::Calls => "calls",
        Persona::Modules => "modules",
        Persona::States => "states",
        Persona::Said => "said",
        Persona::Settled => "settled",
    };
    format!("chatter:{name}:{{{room}}}:{persona}")
}

/// String: the newest number of a memory, of all rooms.
pub(super) const NUMBER: &str = "chatter:number:{outbox}";

/// Sorted set: the rooms that may have memories in their outbox.
pub(super) const ROOMS: &str = "chatter:rooms:{outbox}";

/// Channel: memories came.
pub(super) const MEMORIES: &str = "chatter.memories:{outbox}";

/// Hash: sessions, by the hash of their token.
pub(super) const SESSIONS: &str = "chatter:by-token:{sessions}";

/// Sorted set: those hashes, in their order.
pub(super) const SESSIONS_ORDER: &str = "chatter:order:{sessions}";

/// String: the newest number in that order.
pub(super) const SESSIONS_NUMBER: &str = "chatter:number:{sessions}";

/// Hash: until when each member of a group is there, and for how long it said so.
pub(super) fn members(group: &str) -> String {
    format!("chatter:members:{{members}}:{group}")
}

/// Channel: lines came.
pub(super) fn lines_came(room: &RoomId) -> String {
    format!("chatter.lines:{{{room}}}")
}

/// Channel: the room's firehose.
pub(super) fn firehose(room: &RoomId) -> String {
    Topic::new(TopicKind::ChatFirehose, room.clone()).to_string()
}

#[cfg(test)]
mod tests {
    use crate::Duty;

    #[test]
    fn the_script_that_commits_looks_at_the_duty_of_personas() {
        let script = include_str!("scripts/commit.lua");
        for field in ["fence", "holder"] {
            let field = format!("'{}.{field}'", Duty::Personas);
            assert!(script.contains(&field), "{field}");
        }
    }
}
