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
