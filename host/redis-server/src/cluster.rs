//! A cluster of three.

use crate::{RedisServer, cli, free_port};
use std::{
    process::Command,
    thread::sleep,
    time::{Duration, Instant},
};

const NODES: usize = 3;
const FORM: Duration = Duration::from_secs(60);

/// Three servers that are one cluster, without replicas.
pub struct Cluster {
    /// Its nodes.
    pub nodes: Vec<RedisServer>,
}

impl Cluster {
    /// A cluster in which every slot is with a node.
    #[must_use]
    pub fn start() -> Self {
        let node = |_| {
            let bus = free_port().to_string();
            RedisServer::with(&[
                "--cluster-enabled",
                "yes",
                "--cluster-port",
                &bus,
                "--appendonly",
                "yes",
                "--save",
                "",
            ])
        };
        let nodes: Vec<RedisServer> = (0..NODES).map(node).collect();
        let places: Vec<String> = nodes
            .iter()
            .map(|node| node.address().to_string())
            .collect();
        let made = Command::new("redis-cli")
            .args(["--cluster", "create"])
            .args(&places)
            .args(["--cluster-yes"])
            .output()
            .unwrap();
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stdout)
        );
        let began = Instant::now();
        let whole = |node: &RedisServer| {
            cli(node.port(), &["CLUSTER", "INFO"]).contains("cluster_state:ok")
                && cli(node.port(), &["CLUSTER", "SLOTS"]).lines().count() >= 3 * NODES
        };
        while !nodes.iter().all(whole) {
            assert!(began.elapsed() < FORM, "the cluster does not form");
            sleep(Duration::from_millis(50));
        }
        Self { nodes }
    }

    /// What chatter calls it.
    #[must_use]
    pub fn url(&self) -> String {
        let [first, rest @ ..] = self.nodes.as_slice() else {
            unreachable!("there are three")
        };
        let more: Vec<String> = rest
            .iter()
            .map(|node| format!("node={}", node.address()))
            .collect();
        format!("redis+cluster://{}?{}", first.address(), more.join("&"))
    }
}

// === Moving a slot ===

impl Cluster {
    /// Begins to move a slot that has keys to another node; from which to which, by their numbers. Its keys are
    /// still where they were.
    #[must_use]
    pub fn begin_to_move(&self, slot: &str) -> (usize, usize) {
        let ids: Vec<String> = self
            .nodes
            .iter()
            .map(|node| node.cli(&["CLUSTER", "MYID"]))
            .collect();
        let holds = |node: &RedisServer| node.cli(&["CLUSTER", "COUNTKEYSINSLOT", slot]) != "0";
        let from = self.nodes.iter().position(holds).unwrap();
        let to = (from + 1) % NODES;
        self.set(to, &["CLUSTER", "SETSLOT", slot, "IMPORTING", &ids[from]]);
        self.set(from, &["CLUSTER", "SETSLOT", slot, "MIGRATING", &ids[to]]);
        (from, to)
    }

    /// Moves the keys of a slot, and then the slot.
    pub fn finish_move(&self, slot: &str, from: usize, to: usize) {
        let keys = self.nodes[from].cli(&["CLUSTER", "GETKEYSINSLOT", slot, "1000"]);
        let port = self.nodes[to].port().to_string();
        let mut words = vec!["MIGRATE", "127.0.0.1", &port, "", "0", "5000", "KEYS"];
        words.extend(keys.lines());
        self.set(from, &words);
        let id = self.nodes[to].cli(&["CLUSTER", "MYID"]);
        for node in [
            to,
            from,
            (0..NODES)
                .find(|node| *node != to && *node != from)
                .unwrap_or(to),
        ] {
            self.set(node, &["CLUSTER", "SETSLOT", slot, "NODE", &id]);
        }
    }

    fn set(&self, node: usize, words: &[&str]) {
        assert_eq!(self.nodes[node].cli(words), "OK", "{words:?}");
    }
}
