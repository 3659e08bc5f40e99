//! Where a cluster keeps what: keys fall into 16384 slots by their hash tag, and each slot is with
//! one node (Redis Cluster specification).

use super::{dial::text, server::Address};
use redis::Value;
use std::collections::{BTreeMap, HashMap};

const SLOTS: u16 = 16384;

/// Which node has which slots, as far as is known.
#[derive(Clone, Debug, Default)]
pub(super) struct Slots {
    /// By the last slot of each range: the first slot, and the node.
    ranges: BTreeMap<u16, (u16, Address)>,
    /// Single ones that were found elsewhere since.
    moved: HashMap<u16, Address>,
}

impl Slots {
    /// From what `CLUSTER SLOTS` answered; a node that does not know its own name is at `asked`.
    pub(super) fn read(answer: &Value, asked: &Address) -> Option<Self> {
        let Value::Array(rows) = answer else {
            return None;
        };
        let mut ranges = BTreeMap::new();
        for row in rows {
            let Value::Array(row) = row else { return None };
            let [
                Value::Int(first),
                Value::Int(last),
                Value::Array(primary),
                ..,
            ] = row.as_slice()
            else {
                return None;
            };
            let [name, Value::Int(port), ..] = primary.as_slice() else {
                return None;
            };
            let host = match text(name) {
                Some("") | None => asked.host.clone(),
                Some(host) => host.to_owned(),
            };
            let port = u16::try_from(*port).ok()?;
            let (first, last) = (u16::try_from(*first).ok()?, u16::try_from(*last).ok()?);
            ranges.insert(last, (first, Address { host, port }));
        }
        Some(Self {
            ranges,
            moved: HashMap::new(),
        })
    }

    pub(super) fn put(&mut self, slot: u16, at: Address) {
        self.moved.insert(slot, at);
    }

    pub(super) fn node(&self, slot: u16) -> Option<&Address> {
        if let Some(node) = self.moved.get(&slot) {
            return Some(node);
        }
        let (_, (first, node)) = self.ranges.range(slot..).next()?;
        (*first <= slot).then_some(node)
    }

    /// All nodes that have slots, each once.
    pub(super) fn nodes(&self) -> Vec<&Address> {
        let mut nodes: Vec<&Address> = Vec::new();
        for (_, node) in self.ranges.values() {
            if !nodes.contains(&node) {
                nodes.push(node);
            }
        }
        nodes
    }

    /// Whether every slot is with a node.
    pub(super) fn is_whole(&self) -> bool {
        let covered: u32 = self
            .ranges
            .iter()
            .map(|(last, (first, _))| u32::from(*last) - u32::from(*first) + 1)
            .sum();
        covered == u32::from(SLOTS)
    }
}

/// The slot of a key or a channel.
pub(super) fn slot(key: &str) -> u16 {
    crc16(tag(key).as_bytes()) % SLOTS
}

/// What of a key decides where it is kept: what stands between its first braces, if something does.
fn tag(key: &str) -> &str {
    let Some((_, rest)) = key.split_once('{') else {
        return key;
    };
    match rest.split_once('}') {
        Some((tag, _)) if !tag.is_empty() => tag,
        _ => key,
    }
}

/// CRC-16/XMODEM.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 {
                crc << 1
            } else {
                (crc << 1) ^ 0x1021
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_those_of_the_specification() {
        // The check value of the CRC, and what a Redis answered to CLUSTER KEYSLOT.
        assert_eq!(crc16(b"123456789"), 0x31c3);
        for (key, answered) in [
            ("foo", 12182),
            ("chat.firehose:{main/lobby}", 7476),
            ("main/lobby", 7476),
            ("a{b}{c}", 3300),
            ("b", 3300),
            ("a{}b", 13694),
            ("a{b", 13340),
            ("{{b}}", 6215),
            ("{b", 6215),
        ] {
            assert_eq!(slot(key), answered, "{key}");
        }
    }

    #[test]
    fn a_slot_is_found_in_its_range() {
        let node = |port| Address {
            host: "10.0.0.1".into(),
            port,
        };
        let row = |first, last, host: &str, port| {
            let primary = vec![
                Value::BulkString(host.into()),
                Value::Int(port),
                Value::BulkString("id".into()),
            ];
            Value::Array(vec![
                Value::Int(first),
                Value::Int(last),
                Value::Array(primary),
            ])
        };
        let answer = Value::Array(vec![row(8192, 16383, "", 2), row(0, 100, "10.0.0.1", 1)]);
        let slots = Slots::read(&answer, &node(9)).unwrap();
        for (slot, port) in [
            (0, Some(1)),
            (100, Some(1)),
            (101, None),
            (8192, Some(2)),
            (16383, Some(2)),
        ] {
            assert_eq!(slots.node(slot).map(|node| node.port), port, "{slot}");
        }
        assert!(!slots.is_whole());
        assert_eq!(slots.nodes().len(), 2);
    }
}
