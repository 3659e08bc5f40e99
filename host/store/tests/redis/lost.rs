//! Servers that come back with their data, with less, or with none: what was acknowledged is never
//! silently replaced by something else.

use crate::{
    conformance::{lobby, messages},
    link, open,
};
use chatter_bus::{Bus, Heard, redis};
use chatter_protocol::{ChatMessage, Topic, TopicKind};
use chatter_redis_server::{Proxy, RedisServer};
use chatter_store::{Change, Changed, Expected, Head, Redis, Shelf, Store, StoreError};
use futures_util::FutureExt as _;
use std::{sync::Arc, time::Duration};

/// Asks again while the server is on its way back.
async fn head(store: &Redis) -> Head {
    loop {
        match store.head(&lobby()).await {
            Ok(head) => return head,
            Err(StoreError::Unavailable(_)) => tokio::time::sleep(Duration::from_millis(20)).await,
            Err(error) => panic!("{error}"),
        }
    }
}

async fn append(store: &Redis, messages: &[Arc<ChatMessage>]) -> Vec<u64> {
    let appended = store.append(&lobby(), messages.to_vec()).await.unwrap();
    (appended.places.iter())
        .filter_map(|place| place.offset())
        .collect()
}

#[tokio::test]
async fn a_server_that_kept_all_is_the_same_as_before() {
    let mut server = RedisServer::start();
    let store = open(&server.url()).await;
    let log = messages(3);
    append(&store, &log).await;
    let before = head(&store).await;
    server.restart();
    assert_eq!(head(&store).await, before);
    assert_eq!(
        append(&store, &messages(1)).await,
        [4],
        "the script is known again, too"
    );
    let page = store.read_after(&lobby(), 0, 3).await.unwrap();
    assert_eq!(page.messages, (1..).zip(log).collect::<Vec<_>>());
    assert!(page.complete && page.head.epoch == before.epoch);
}

#[tokio::test]
async fn a_server_that_comes_back_empty_begins_another_epoch() {
    let mut server = RedisServer::forgetful();
    let (first, second) = (open(&server.url()).await, open(&server.url()).await);
    append(&first, &messages(3)).await;
    let before = head(&first).await;
    assert_eq!(head(&second).await, before);
    server.restart_empty();
    let after = head(&first).await;
    assert!(
        after.epoch > before.epoch && after.offset == 0,
        "{after:?} after {before:?}"
    );
    assert_eq!(head(&second).await, after, "it is told once");
    assert_eq!(head(&open(&server.url()).await).await, after);
    assert_eq!(append(&second, &messages(2)).await, [1, 2]);
    assert_eq!(head(&first).await, Head { offset: 2, ..after });
}

#[tokio::test]
async fn what_was_replaced_since_is_noticed_by_whoever_has_seen_it() {
    let mut server = RedisServer::forgetful();
    let proxy = Proxy::before(server.address());
    let witness = open(&proxy.url()).await;
    append(&witness, &messages(2)).await;
    let early = server.save();
    append(&witness, &messages(1)).await;
    let before = head(&witness).await;
    // While the witness is away, somebody who has seen nothing is quicker.
    proxy.close();
    server.put_back(&early);
    let stranger = open(&server.url()).await;
    assert_eq!(append(&stranger, &messages(2)).await, [3, 4]);
    proxy.open();
    let after = head(&witness).await;
    assert!(
        after.epoch > before.epoch && after.offset == 4,
        "{after:?} after {before:?}"
    );
    assert_eq!(head(&stranger).await, after);
}

#[tokio::test]
async fn a_log_that_lost_its_end_goes_on_under_another_epoch() {
    let mut server = RedisServer::forgetful();
    let gateway = open(&server.url()).await;
    let log = messages(3);
    append(&gateway, &log[..2]).await;
    let early = server.save();
    append(&gateway, &log[2..]).await;
    let before = head(&gateway).await;
    server.put_back(&early);
    let after = head(&gateway).await;
    assert!(
        after.epoch > before.epoch && after.offset == 2,
        "{after:?} after {before:?}"
    );
    // The lost one comes again, and what is left is there.
    assert_eq!(append(&gateway, &log[2..]).await, [3]);
    let page = gateway.read_after(&lobby(), 0, 9).await.unwrap();
    assert_eq!(page.messages, (1..).zip(log).collect::<Vec<_>>());
    assert_eq!(page.head, Head { offset: 3, ..after });
}

#[tokio::test]
async fn an_epoch_that_was_over_does_not_come_back() {
    let mut server = RedisServer::forgetful();
    let gateway = open(&server.url()).await;
    append(&gateway, &messages(1)).await;
    let early = server.save();
    append(&gateway, &messages(1)).await;
    let first = head(&gateway).await;
    server.put_back(&early);
    let second = head(&gateway).await;
    assert!(second.epoch > first.epoch);
    server.put_back(&early);
    let third = head(&gateway).await;
    assert!(third.epoch > second.epoch, "{third:?} after {second:?}");
}

#[tokio::test]
async fn a_change_of_a_desk_that_was_lost_is_told_from_the_next_one() {
    let mut server = RedisServer::forgetful();
    let gateway = open(&server.url()).await;
    let ban = async |who: &str| {
        let ban = Change {
            shelf: Shelf::Bans,
            key: who.into(),
            expected: Expected::Nothing,
            value: Some("a ban".into()),
            most: 10,
            keeps_back: None,
        };
        loop {
            match gateway.desks().change_desk(&lobby(), ban.clone()).await {
                Ok(Changed::Done(version)) => return version,
                // The server is on its way back.
                Err(StoreError::Unavailable(_)) => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                other => panic!("{other:?}"),
            }
        }
    };
    ban("guest:ana").await;
    let early = server.save();
    let lost = ban("guest:ben").await;
    server.put_back(&early);
    let next = ban("guest:cy").await;
    assert!(next > lost, "{next} after {lost}");
    let desk = gateway.desks().desk(&lobby()).await.unwrap();
    assert_eq!((desk.version, desk.notes.len()), (next, 2));
}

#[tokio::test]
async fn what_was_only_heard_counts_as_seen() {
    for first_question_is_given_up in [false, true] {
        let mut server = RedisServer::forgetful();
        let listener = link(&server.url()).await;
        let bus = redis::Redis::new(listener.clone());
        let viewers = Redis::new(listener);
        let gateway = open(&server.url()).await;
        append(&gateway, &messages(1)).await;
        let early = server.save();

        // The store listens by itself from its first question on.
        if first_question_is_given_up {
            assert!(viewers.head(&lobby()).now_or_never().is_none());
        }
        let firehose = Topic::new(TopicKind::ChatFirehose, lobby());
        let mut heard = bus
            .subscribe(std::slice::from_ref(&firehose))
            .await
            .unwrap();
        let before = head(&viewers).await;
        append(&gateway, &messages(2)).await;
        for _ in 0..2 {
            assert!(matches!(heard.next().await, Some(Heard::Message { .. })));
        }
        drop(gateway);
        server.put_back(&early);
        let stranger = open(&server.url()).await;
        append(&stranger, &messages(3)).await;
        let after = head(&viewers).await;
        assert!(
            after.epoch > before.epoch,
            "{after:?} after {before:?}, {first_question_is_given_up}"
        );
        assert_eq!(head(&stranger).await.epoch, after.epoch);
    }
}

#[tokio::test]
async fn long_pages_are_whole() {
    let server = RedisServer::forgetful();
    let store = open(&server.url()).await;
    let log = messages(1_300);
    append(&store, &log).await;
    let log: Vec<_> = (1..).zip(log).collect();
    for (limit, from) in [
        (499, 801),
        (500, 800),
        (501, 799),
        (1_200, 100),
        (1_300, 0),
        (usize::MAX, 0),
    ] {
        let page = store.read_latest(&lobby(), limit).await.unwrap();
        assert_eq!(
            (&page.messages[..], page.complete),
            (&log[from..], from == 0),
            "latest {limit}"
        );
    }
    for (after, limit, to) in [(0, 500, 500), (0, 1_001, 1_001), (10, usize::MAX, 1_300)] {
        let page = store.read_after(&lobby(), after, limit).await.unwrap();
        let from = usize::try_from(after).unwrap();
        assert_eq!(
            (&page.messages[..], page.complete),
            (&log[from..to], true),
            "after {after}"
        );
    }
}

/// Everybody who has seen what was there has ended together with the server.
#[tokio::test]
async fn a_log_that_nobody_can_vouch_for_goes_on_under_another_epoch() {
    let mut server = RedisServer::forgetful();
    let gateway = open(&server.url()).await;
    append(&gateway, &messages(1)).await;
    let early = server.save();
    append(&gateway, &messages(2)).await;
    let before = head(&gateway).await;
    drop(gateway);
    server.put_back(&early);
    let gateway = open(&server.url()).await;
    append(&gateway, &messages(3)).await;
    let after = head(&gateway).await;
    assert!(after.epoch > before.epoch, "{after:?} after {before:?}");
    assert_eq!(head(&open(&server.url()).await).await, after, "once");
}

#[tokio::test]
async fn a_log_that_is_whole_is_the_same_to_those_who_come_new() {
    let safe = RedisServer::start();
    let once_a_second = RedisServer::with(&["--appendonly", "yes", "--save", ""]);
    for (mut server, somebody_stays) in [(safe, false), (once_a_second, true)] {
        let gateway = open(&server.url()).await;
        append(&gateway, &messages(2)).await;
        let before = head(&gateway).await;
        let witness = somebody_stays.then_some(gateway);
        server.restart();
        if let Some(witness) = &witness {
            assert_eq!(head(witness).await, before, "it has seen all of it");
        }
        assert_eq!(head(&open(&server.url()).await).await, before);
    }
}

#[tokio::test]
async fn what_a_replica_had_not_got_counts_as_lost_however_it_keeps_the_rest() {
    let (primary, replica) = (RedisServer::start(), RedisServer::start());
    let port = primary.port().to_string();
    assert_eq!(replica.cli(&["REPLICAOF", "127.0.0.1", &port]), "OK");
    let gateway = open(&primary.url()).await;
    append(&gateway, &messages(2)).await;
    let before = head(&gateway).await;
    while replica.cli(&["EXISTS", "chatter:head:{main/lobby}"]) != "1" {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(replica.cli(&["REPLICAOF", "NO", "ONE"]), "OK");
    let after = head(&open(&replica.url()).await).await;
    assert!(after.epoch > before.epoch, "{after:?} after {before:?}");
}
