//! A cluster of three: all that a store promises, and what moves between its nodes.

use crate::{
    conformance::{self, Subject, call, lobby, memory, messages, promises},
    open, spoil,
};
use chatter_protocol::RoomId;
use chatter_redis_server::Cluster;
use chatter_store::{CallCommit, Duty, Lease, OutboxId, Redis, Store, StoreError};
use std::{sync::OnceLock, time::Duration};

/// One cluster for all promises, one after the other, emptied in between: it takes a while to form.
struct Emptied;

static CLUSTER: OnceLock<Cluster> = OnceLock::new();

impl Subject for Emptied {
    type Store = Redis;

    fn new() -> Self {
        for node in &cluster().nodes {
            assert_eq!(node.cli(&["FLUSHALL"]), "OK");
        }
        Self
    }

    async fn open(&self) -> Redis {
        open(&cluster().url()).await
    }

    fn spoil(&self, memory: &OutboxId) {
        spoil(&cluster().nodes[0], memory);
    }
}

fn cluster() -> &'static Cluster {
    CLUSTER.get_or_init(Cluster::start)
}

macro_rules! one_after_the_other {
    ($subject:ty: $($promise:ident)*) => {
        #[tokio::test]
        async fn a_cluster_keeps_all_promises() {
            $(conformance::$promise(&<$subject>::new()).await;)*
            // A static is not dropped; its servers must end all the same.
            for node in &cluster().nodes {
                let _ = node.cli(&["SHUTDOWN", "NOSAVE"]);
            }
        }
    };
}

promises! { one_after_the_other! Emptied }

#[tokio::test]
async fn a_room_that_moves_to_another_node_is_followed() {
    let cluster = Cluster::start();
    let store = open(&cluster.url()).await;
    let log = messages(6);
    store.append(&lobby(), log[..2].to_vec()).await.unwrap();
    let slot = cluster.nodes[0].cli(&["CLUSTER", "KEYSLOT", "main/lobby"]);
    let (from, to) = cluster.begin_to_move(&slot);
    store.append(&lobby(), log[2..4].to_vec()).await.unwrap();
    cluster.finish_move(&slot, from, to);
    store.append(&lobby(), log[4..].to_vec()).await.unwrap();
    let page = store.read_after(&lobby(), 0, 9).await.unwrap();
    assert_eq!(page.messages, (1..).zip(log).collect::<Vec<_>>());
    assert!(page.complete);
}

#[tokio::test]
async fn a_node_that_is_away_takes_no_leases_of_the_others_with_it() {
    let cluster = Cluster::start();
    let store = open(&cluster.url()).await;
    let rooms: Vec<RoomId> = (0..12)
        .map(|n| RoomId::new(&format!("main/room-{n}")).unwrap())
        .collect();
    let ttl = Duration::from_secs(60);
    let take = || store.duties().take(&rooms, Duty::Personas, "a", ttl);
    let before = take().await.unwrap();
    cluster.nodes[1].pause();
    let during = take().await.unwrap();
    cluster.nodes[1].go_on();
    let unknown = during
        .iter()
        .filter(|lease| matches!(lease, Lease::Unknown(_)))
        .count();
    assert!(unknown > 0 && unknown < rooms.len(), "{during:?}");
    for (during, before) in during.iter().zip(&before) {
        assert!(during == before || matches!(during, Lease::Unknown(_)));
    }
}

#[tokio::test]
async fn a_node_that_is_away_keeps_no_memories_of_the_others_from_being_settled() {
    let mut cluster = Cluster::start();
    let store = open(&cluster.url()).await;
    for n in 0..12 {
        let commit = CallCommit {
            room: RoomId::new(&format!("main/room-{n}")).unwrap(),
            memories: vec![memory("a")],
            ..call()
        };
        store.commit(commit).await.unwrap();
    }
    let waiting = store.pending_memories(20, Duration::ZERO).await.unwrap();
    assert_eq!(waiting.len(), 12);
    let holds = |id: &OutboxId| {
        let node = &cluster.nodes[0];
        let slot = node.cli(&["CLUSTER", "KEYSLOT", &id.room]);
        node.cli(&["CLUSTER", "COUNTKEYSINSLOT", &slot]) != "0"
    };
    let ids = waiting.into_iter().map(|memory| memory.id);
    let (away, mut there): (Vec<_>, Vec<_>) = ids.partition(holds);
    assert!(!away.is_empty() && there.len() > 1, "{away:?}");
    let last = there.pop().unwrap();
    cluster.nodes[0].kill();
    store.settle_memories(there).await.unwrap();
    let rest = away.iter().cloned().chain([last]).collect();
    let error = store.settle_memories(rest).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
    cluster.nodes[0].restart();
    let left = loop {
        if let Ok(left) = store.all_pending_memories().await {
            break left;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let left: Vec<_> = left.into_iter().map(|memory| memory.unwrap().id).collect();
    assert_eq!(left, away);
}
