//! A room's log.

use super::{Subject, lobby, message, messages, studio};
use chatter_protocol::ChatMessage;
use chatter_store::{LOG_KEEPS, Place, Store};
use std::sync::Arc;

fn new(offset: u64) -> Place {
    Place::New(offset)
}

fn known(offset: u64) -> Place {
    Place::Known(offset)
}

pub(crate) async fn a_new_room_has_an_epoch_and_nothing_in_it(subject: &impl Subject) {
    let store = subject.open().await;
    let page = store.read_after(&lobby(), 0, 10).await.unwrap();
    assert!(page.complete && page.messages.is_empty() && page.head.offset == 0);
    assert!(!page.head.epoch.is_empty());
    assert_eq!(
        store.head(&lobby()).await.unwrap(),
        page.head,
        "the epoch stays"
    );
    assert_eq!(store.read_latest(&lobby(), 10).await.unwrap(), page);
    let appended = store.append(&lobby(), Vec::new()).await.unwrap();
    assert_eq!(
        (appended.epoch, appended.places),
        (page.head.epoch.clone(), Vec::new())
    );
    assert_ne!(store.head(&studio()).await.unwrap().epoch, page.head.epoch);
}

pub(crate) async fn offsets_have_no_gaps_however_many_append(subject: &impl Subject) {
    let store = Arc::new(subject.open().await);
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..40_usize {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let mut placed: Vec<(u64, Arc<ChatMessage>)> = Vec::new();
            for round in 0..10 {
                let batch = messages(1 + (task + round) % 3);
                let places = store.append(&lobby(), batch.clone()).await.unwrap().places;
                assert!(places.iter().all(|place| place.is_new()));
                placed.extend(places.iter().filter_map(|place| place.offset()).zip(batch));
            }
            assert!(
                placed.is_sorted_by(|a, b| a.0 < b.0),
                "a sender's messages keep their order"
            );
            placed
        });
    }
    let mut acknowledged = tasks.join_all().await.concat();
    acknowledged.sort_by_key(|(offset, _)| *offset);
    let offsets: Vec<u64> = acknowledged.iter().map(|(offset, _)| *offset).collect();
    assert_eq!(offsets, (1..=offsets.len() as u64).collect::<Vec<_>>());
    let page = store.read_after(&lobby(), 0, usize::MAX).await.unwrap();
    assert_eq!(page.messages, acknowledged);
    assert_eq!(page.head.offset, offsets.len() as u64);
}

pub(crate) async fn an_id_is_in_a_log_only_once(subject: &impl Subject) {
    let store = Arc::new(subject.open().await);
    let batch = messages(3);
    let (a, b, c) = (batch[0].clone(), batch[1].clone(), batch[2].clone());
    // A second message with the same id and another text is still the first one.
    let impostor = Arc::new(ChatMessage {
        text: "something else".into(),
        ..(*a).clone()
    });
    let steps = [
        (
            vec![a.clone(), b.clone(), impostor.clone()],
            vec![new(1), new(2), known(1)],
        ),
        (vec![impostor], vec![known(1)]),
        (vec![c.clone(), b.clone()], vec![new(3), known(2)]),
    ];
    for (batch, places) in steps {
        assert_eq!(store.append(&lobby(), batch).await.unwrap().places, places);
    }
    let page = store.read_after(&lobby(), 0, 10).await.unwrap();
    assert_eq!(page.messages, [(1, a), (2, b), (3, c)]);

    let same = Arc::new(message("from everywhere"));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (store, same) = (Arc::clone(&store), Arc::clone(&same));
        tasks.spawn(async move { store.append(&lobby(), vec![same]).await.unwrap().places[0] });
    }
    let places = tasks.join_all().await;
    assert!(places.iter().all(|place| place.offset() == Some(4)));
    assert_eq!(places.iter().filter(|place| place.is_new()).count(), 1);
}

pub(crate) async fn rooms_have_logs_of_their_own(subject: &impl Subject) {
    let store = subject.open().await;
    let batch = messages(2);
    for room in [lobby(), studio()] {
        let appended = store.append(&room, batch.clone()).await.unwrap();
        assert_eq!(appended.places, [new(1), new(2)], "{room}");
        assert_eq!(store.head(&room).await.unwrap().epoch, appended.epoch);
    }
}

pub(crate) async fn a_log_is_read_in_pages(subject: &impl Subject) {
    let store = subject.open().await;
    let log = messages(5);
    store.append(&lobby(), log.clone()).await.unwrap();
    let log: Vec<_> = (1..).zip(log).collect();
    let cases: [(u64, usize, &[_], bool); 7] = [
        (0, 2, &log[..2], true),
        (2, 2, &log[2..4], true),
        (4, 2, &log[4..], true),
        (5, 2, &[], true),
        (1, 0, &[], true),
        (6, 2, &[], false),
        (u64::MAX, usize::MAX, &[], false),
    ];
    for (after, limit, messages, complete) in cases {
        let page = store.read_after(&lobby(), after, limit).await.unwrap();
        assert_eq!(page.messages, messages, "after {after}, at most {limit}");
        assert_eq!(page.complete, complete, "after {after}, at most {limit}");
        assert_eq!(page.head.offset, 5);
    }
    for (limit, messages, complete) in [(2, &log[3..], false), (5, &log, true), (9, &log, true)] {
        let page = store.read_latest(&lobby(), limit).await.unwrap();
        assert_eq!(
            (&*page.messages, page.complete),
            (messages, complete),
            "latest {limit}"
        );
    }
}

pub(crate) async fn what_a_log_has_lost_is_told(subject: &impl Subject) {
    let store = subject.open().await;
    let count = LOG_KEEPS + LOG_KEEPS / 4;
    let log = messages(usize::try_from(count).unwrap());
    for batch in log.chunks(500) {
        store.append(&lobby(), batch.to_vec()).await.unwrap();
    }
    assert_eq!(store.head(&lobby()).await.unwrap().offset, count);

    let page = store.read_after(&lobby(), 0, 1).await.unwrap();
    assert!(!page.complete, "the first messages are gone");
    let first = page.messages[0].0;
    assert!(
        (2..=count - LOG_KEEPS + 1).contains(&first),
        "kept from {first} on"
    );
    for (after, complete) in [
        (first - 2, false),
        (first - 1, true),
        (count - LOG_KEEPS, true),
        (count, true),
    ] {
        let page = store.read_after(&lobby(), after, 1).await.unwrap();
        assert_eq!(
            page.complete, complete,
            "after {after}, kept from {first} on"
        );
    }
    let page = store
        .read_after(&lobby(), first - 1, usize::MAX)
        .await
        .unwrap();
    let kept = usize::try_from(first - 1).unwrap();
    assert_eq!(
        page.messages,
        (first..).zip(log[kept..].to_vec()).collect::<Vec<_>>()
    );

    let oldest_in_the_window = log[usize::try_from(count - LOG_KEEPS).unwrap()].clone();
    let places = store
        .append(&lobby(), vec![oldest_in_the_window])
        .await
        .unwrap()
        .places;
    assert_eq!(places, [known(count - LOG_KEEPS + 1)]);
    let places = store.append(&lobby(), messages(1)).await.unwrap().places;
    assert_eq!(places, [new(count + 1)]);
}

pub(crate) async fn a_log_survives_closing(subject: &impl Subject) {
    let store = subject.open().await;
    let log = messages(3);
    let epoch = store.append(&lobby(), log.clone()).await.unwrap().epoch;
    let quiet = store.head(&studio()).await.unwrap();
    drop(store);
    let store = subject.open().await;
    let page = store.read_after(&lobby(), 0, 10).await.unwrap();
    assert_eq!(page.head.epoch, epoch);
    assert_eq!(page.messages, (1..).zip(log.clone()).collect::<Vec<_>>());
    let places = store
        .append(&lobby(), vec![log[1].clone(), messages(1)[0].clone()])
        .await;
    assert_eq!(places.unwrap().places, [known(2), new(4)]);
    assert_eq!(
        store.head(&studio()).await.unwrap(),
        quiet,
        "a room without messages too"
    );
}
