//! Which member does a duty in which room.
//!
//! Rendezvous hashing (Thaler and Ravishankar 1998) with bounded loads (Mirrokni, Thorup and
//! Zadimoghaddam 2018): every room has a weight for every member, and pairs are given out from the
//! heaviest down, as long as the room is free and the member has less than its even share; of what
//! can't be divided evenly, the first members to come to it have one more each. So no member has
//! more than one room more than another. All who know the same rooms and members come to the same
//! result without asking each other, and most rooms stay where they are when a member comes or goes.

use chatter_protocol::RoomId;
use std::collections::{BTreeMap, BTreeSet};

/// The rooms of one of the members. None if it is not among them.
pub(super) fn of(
    me: &str,
    rooms: &BTreeSet<RoomId>,
    members: &BTreeSet<String>,
) -> BTreeSet<RoomId> {
    let all = shared(rooms, members);
    let mine = all.into_iter().filter(|(_, member)| *member == me);
    mine.map(|(room, _)| room.clone()).collect()
}

fn shared<'a>(
    rooms: &'a BTreeSet<RoomId>,
    members: &'a BTreeSet<String>,
) -> BTreeMap<&'a RoomId, &'a str> {
    if members.is_empty() {
        return BTreeMap::new();
    }
    let even = rooms.len() / members.len();
    // So many members have one more.
    let mut rest = rooms.len() % members.len();
    let mut pairs: Vec<(u64, &RoomId, &str)> = rooms
        .iter()
        .flat_map(|room| {
            members
                .iter()
                .map(move |member| (weight(room, member), room, member.as_str()))
        })
        .collect();
    pairs.sort_unstable_by(|a, b| b.cmp(a));
    let mut loads: BTreeMap<&str, usize> = BTreeMap::new();
    let mut given = BTreeMap::new();
    for (_, room, member) in pairs {
        let load = loads.entry(member).or_default();
        let is_one_more = *load == even;
        if given.contains_key(room) || *load > even || (is_one_more && rest == 0) {
            continue;
        }
        rest -= usize::from(is_one_more);
        *load += 1;
        given.insert(room, member);
    }
    given
}

/// The same on every machine and in every version of this program: FNV-1a, with the last steps of
/// MurmurHash3 so that names that differ little differ in all bits.
fn weight(room: &RoomId, member: &str) -> u64 {
    let bytes = room.as_str().bytes().chain([0]).chain(member.bytes());
    let mut hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rooms(n: usize) -> BTreeSet<RoomId> {
        let room = |n| RoomId::from_parts("main", &format!("room-{n}")).unwrap();
        (0..n).map(room).collect()
    }

    fn members(n: usize) -> BTreeSet<String> {
        (0..n).map(|n| format!("host-{n}/4711/abcd")).collect()
    }

    #[test]
    fn every_room_has_one_member_and_none_more_than_one_room_more_than_another() {
        for member_count in 1..10 {
            for room_count in (0..30).chain([99, 200]) {
                let (rooms, members) = (rooms(room_count), members(member_count));
                let shares = members.iter().map(|member| of(member, &rooms, &members));
                let shares: Vec<_> = shares.collect();
                let even = room_count / member_count;
                for share in &shares {
                    assert!(
                        share.len() == even || share.len() == even + 1,
                        "{room_count} rooms, {member_count} members: one has {}",
                        share.len()
                    );
                }
                let all: Vec<RoomId> = shares.into_iter().flatten().collect();
                assert_eq!(all.len(), room_count, "each once");
                assert_eq!(all.into_iter().collect::<BTreeSet<_>>(), rooms);
            }
        }
        assert!(of("nobody", &rooms(3), &members(2)).is_empty());
    }

    /// Where members come and go, little more than the rooms that must move do.
    #[test]
    fn few_rooms_move() {
        for room_count in [120, 121, 125] {
            let rooms = rooms(room_count);
            for member_count in 2..9 {
                let (fewer, more) = (members(member_count), members(member_count + 1));
                let (before, after) = (shared(&rooms, &more), shared(&rooms, &fewer));
                let gone = more.difference(&fewer).next().unwrap();
                let (mut due, mut others) = (0, 0);
                for (room, member) in before {
                    let moved = after[room] != member;
                    due += usize::from(member == gone);
                    others += usize::from(moved && member != gone);
                }
                // A tenth of the rooms, for the sake of even shares.
                assert!(
                    others <= due / 2 + room_count / 10,
                    "{room_count} rooms, {member_count}: {others} others moved where {due} had to"
                );
            }
        }
    }
}
