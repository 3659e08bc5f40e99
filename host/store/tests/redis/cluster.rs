//! A cluster of three: all that a store promises, and what moves between its nodes.

use crate::{
    conformance::{self, Subject, lobby, messages, promises},
    open,
};
use chatter_protocol::RoomId;
use chatter_redis_server::Cluster;
use chatter_store::{Duty, Lease, Redis, Store};
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
