//! Rooms' desks, and what takes the place of messages.

use super::{Subject, lobby, message, messages, studio};
use chatter_protocol::{ChatMessage, MessageId};
use chatter_store::{Change, Changed, Expected, LOG_KEEPS, Place, Shelf, Store, StoreError};
use std::sync::Arc;

fn put(key: &str, expected: Expected, value: Option<&str>) -> Change {
    Change {
        shelf: Shelf::Bans,
        key: key.into(),
        expected,
        value: value.map(str::to_owned),
        most: 100,
        keeps_back: None,
    }
}

async fn notes(store: &impl Store) -> Vec<(Shelf, String, String)> {
    let desk = store.desks().desk(&lobby()).await.unwrap();
    let version = store.desks().desk_version(&lobby()).await.unwrap();
    assert_eq!(desk.version, version);
    let mut notes: Vec<_> = desk
        .notes
        .into_iter()
        .map(|note| (note.shelf, note.key, note.value))
        .collect();
    notes.sort();
    notes
}

pub(crate) async fn what_lies_on_a_desk_survives_closing(subject: &impl Subject) {
    let store = subject.open().await;
    let desks = store.desks();
    assert!(notes(&store).await.is_empty());
    assert_eq!(desks.desk_version(&lobby()).await.unwrap(), 0);
    let value = |text: &str| Expected::Value(text.into());
    // What else lies there.
    let other = |text: Option<&str>| Some(text.map(str::to_owned));
    let mut version = 0;
    // What is wanted, and why it does not happen, if it doesn't.
    for (change, became) in [
        (put("guest:ana", Expected::Nothing, Some("a/1\n")), None),
        (
            put("guest:ana", Expected::Nothing, Some("2")),
            other(Some("a/1\n")),
        ),
        (put("guest:bo", value("x"), Some("2")), other(None)),
        (
            put("guest:ana", value("1"), Some("2")),
            other(Some("a/1\n")),
        ),
        (put("guest:ana", value("a/1\n"), Some("2")), None),
        (put("guest:bo", Expected::Any, Some("\u{1f600}")), None),
        (put("guest:cy", Expected::Any, Some("")), None),
        (put("guest:ana", value("2"), None), None),
        (put("guest:ana", value("2"), None), other(None)),
    ] {
        match desks.change_desk(&lobby(), change.clone()).await.unwrap() {
            Changed::Done(next) => {
                assert_eq!(became, None, "{change:?}");
                assert!(next > version, "{change:?}: {next} after {version}");
                version = next;
            }
            Changed::Other(lies) => assert_eq!(Some(lies), became, "{change:?}"),
            Changed::InLog(offset) => panic!("{change:?}: {offset}"),
        }
        assert_eq!(desks.desk_version(&lobby()).await.unwrap(), version);
    }
    let modes = Change {
        shelf: Shelf::Modes,
        ..put("guest:bo", Expected::Nothing, Some("m"))
    };
    desks.change_desk(&lobby(), modes).await.unwrap();
    drop(store);
    let store = subject.open().await;
    let left = [
        (Shelf::Bans, "guest:bo", "\u{1f600}"),
        (Shelf::Bans, "guest:cy", ""),
        (Shelf::Modes, "guest:bo", "m"),
    ];
    let left = left.map(|(shelf, key, value)| (shelf, key.to_owned(), value.to_owned()));
    assert_eq!(notes(&store).await, left);
    assert!(
        store
            .desks()
            .desk(&studio())
            .await
            .unwrap()
            .notes
            .is_empty()
    );
}

pub(crate) async fn of_many_who_change_the_same_one_wins(subject: &impl Subject) {
    let store = Arc::new(subject.open().await);
    let desks = store.desks();
    let first = put("m", Expected::Nothing, Some("waits"));
    desks.change_desk(&lobby(), first).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for who in 0..20 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let expected = Expected::Value("waits".into());
            let change = put("m", expected, Some(&format!("by {who}")));
            store.desks().change_desk(&lobby(), change).await.unwrap()
        });
    }
    let all = tasks.join_all().await;
    let done = |changed: &&Changed| matches!(changed, Changed::Done(_));
    assert_eq!(all.iter().filter(done).count(), 1, "{all:?}");
    let told =
        |changed: &&Changed| matches!(changed, Changed::Other(Some(by)) if by.starts_with("by "));
    assert_eq!(all.iter().filter(told).count(), 19, "{all:?}");
}

pub(crate) async fn a_shelf_has_a_bound(subject: &impl Subject) {
    let store = subject.open().await;
    let desks = store.desks();
    let of_two = |key: &str, value: Option<&str>| Change {
        most: 2,
        ..put(key, Expected::Any, value)
    };
    for (key, value, fits) in [
        ("a", Some("1"), true),
        ("b", Some("1"), true),
        ("c", Some("1"), false),
        ("b", Some("2"), true),
        ("a", None, true),
        ("a", None, true),
        ("c", Some("1"), true),
        ("d", Some("1"), false),
    ] {
        match desks.change_desk(&lobby(), of_two(key, value)).await {
            Ok(Changed::Done(_)) => assert!(fits, "{key} {value:?}"),
            Err(StoreError::Full { bound: 2, .. }) => assert!(!fits, "{key} {value:?}"),
            other => panic!("{key} {value:?}: {other:?}"),
        }
    }
    let other_shelf = Change {
        shelf: Shelf::Held,
        ..of_two("d", Some("1"))
    };
    desks.change_desk(&lobby(), other_shelf).await.unwrap();
}

pub(crate) async fn what_a_desk_keeps_back_is_not_in_the_log(subject: &impl Subject) {
    let store = subject.open().await;
    let batch = messages(4);
    let [a, b, c, d] = [0, 1, 2, 3].map(|nth: usize| &batch[nth]);
    let note = |shelf: Shelf, value: Option<&str>, message: Option<&Arc<ChatMessage>>| Change {
        shelf,
        keeps_back: message.map(|message| message.id),
        ..put("note", Expected::Any, value)
    };
    let add = async |store: &_, messages: &[&Arc<ChatMessage>]| {
        let messages = messages.iter().map(|message| Arc::clone(message)).collect();
        Store::append(store, &lobby(), messages)
            .await
            .unwrap()
            .places
    };
    let change = async |store: &_, change: Change| {
        let desks = Store::desks(store);
        desks.change_desk(&lobby(), change).await.unwrap()
    };
    let done = |changed: &Changed| matches!(changed, Changed::Done(_));

    assert!(done(
        &change(&store, note(Shelf::Held, Some("1"), Some(a))).await
    ));
    let places = add(&store, &[a, b, a]).await;
    assert_eq!(places, [Place::KeptBack, Place::New(1), Place::KeptBack]);
    assert_eq!(store.desks().find(&lobby(), a.id).await.unwrap(), None);
    let elsewhere = store.append(&studio(), vec![Arc::clone(a)]).await.unwrap();
    assert_eq!(elsewhere.places, [Place::New(1)], "another room's");

    // What is in the log can't be kept back; what lay there stays.
    let version = store.desks().desk_version(&lobby()).await.unwrap();
    for (shelf, expected) in [
        (Shelf::Acts, Expected::Nothing),
        (Shelf::Held, Expected::Any),
    ] {
        let wanted = Change {
            expected,
            ..note(shelf, Some("2"), Some(b))
        };
        assert_eq!(change(&store, wanted).await, Changed::InLog(1));
    }
    let held = (Shelf::Held, "note".to_owned(), "1".to_owned());
    assert_eq!(notes(&store).await, [held]);
    let now = store.desks().desk_version(&lobby()).await.unwrap();
    assert_eq!(now, version);
    assert_eq!(add(&store, &[a]).await, [Place::KeptBack]);

    // Kept by two, and by one as long as the other is there.
    assert!(done(
        &change(&store, note(Shelf::Settled, Some("1"), Some(a))).await
    ));
    assert!(done(
        &change(&store, note(Shelf::Held, Some("2"), None)).await
    ));
    drop(store);
    let store = subject.open().await;
    assert_eq!(add(&store, &[a]).await, [Place::KeptBack]);
    // In its place one that keeps another, and keeps it as it changes.
    for value in ["2", "3"] {
        assert!(done(
            &change(&store, note(Shelf::Settled, Some(value), Some(c))).await
        ));
    }
    let places = add(&store, &[c, a]).await;
    assert_eq!(places, [Place::KeptBack, Place::New(2)]);
    assert!(done(
        &change(&store, note(Shelf::Held, Some("4"), Some(d))).await
    ));
    assert_eq!(add(&store, &[d, c]).await, [Place::KeptBack; 2]);
    // Nothing keeps nothing back, whatever it names.
    assert!(done(
        &change(&store, note(Shelf::Settled, None, Some(c))).await
    ));
    let places = add(&store, &[c, d]).await;
    assert_eq!(places, [Place::New(3), Place::KeptBack]);
    assert!(done(&change(&store, note(Shelf::Held, None, None)).await));
    assert!(done(&change(&store, note(Shelf::Held, None, None)).await));
    assert_eq!(add(&store, &[d]).await, [Place::New(4)]);
}

pub(crate) async fn of_keeping_back_and_adding_one_wins(subject: &impl Subject) {
    let store = Arc::new(subject.open().await);
    let mut added = 0;
    for message in messages(40) {
        let key = message.id.to_string();
        let change = Change {
            shelf: Shelf::Held,
            keeps_back: Some(message.id),
            ..put(&key, Expected::Nothing, Some("waits"))
        };
        let (adding, keeping) = (Arc::clone(&store), Arc::clone(&store));
        let adding = tokio::spawn(async move { adding.append(&lobby(), vec![message]).await });
        let keeping =
            tokio::spawn(async move { keeping.desks().change_desk(&lobby(), change).await });
        let place = adding.await.unwrap().unwrap().places[0];
        let kept = keeping.await.unwrap().unwrap();
        match (place, &kept) {
            (Place::New(offset), Changed::InLog(there)) if offset == *there => added += 1,
            (Place::KeptBack, Changed::Done(_)) => {}
            _ => panic!("{place:?}, {kept:?}"),
        }
    }
    let page = store.read_after(&lobby(), 0, 100).await.unwrap();
    assert_eq!(page.messages.len(), added);
    assert_eq!(notes(&*store).await.len(), 40 - added);
}

pub(crate) async fn what_was_replaced_is_not_read_any_more(subject: &impl Subject) {
    let store = subject.open().await;
    let desks = store.desks();
    let log = messages(7);
    store.append(&lobby(), log.clone()).await.unwrap();
    let mut left: Vec<_> = (1..).zip(log.clone()).collect();
    // The first, one in the middle, the newest, one that was replaced before, one that is not there.
    for nth in [0, 3, 6, 3] {
        let tombstone = Arc::new(log[nth].tombstone());
        left[nth].1 = tombstone.clone();
        let unknown = Arc::new(message("unknown").tombstone());
        let wanted = vec![tombstone.clone(), unknown];
        assert_eq!(desks.replace(&lobby(), wanted).await.unwrap(), 1);
        assert_eq!(
            store.read_after(&lobby(), 0, 10).await.unwrap().messages,
            left
        );
        assert_eq!(
            store.read_latest(&lobby(), 10).await.unwrap().messages,
            left
        );
        let found = desks.find(&lobby(), log[nth].id).await.unwrap();
        assert_eq!(found, Some((nth as u64 + 1, tombstone)));
    }
    for (after, limit) in [(0, 1), (2, 2), (3, 1), (5, 5), (6, 1), (7, 1)] {
        let page = store.read_after(&lobby(), after, limit).await.unwrap();
        let from = usize::try_from(after).unwrap();
        let to = (from + limit).min(7);
        assert_eq!(page.messages, left[from..to], "after {after}, {limit}");
        assert!(page.complete, "after {after}, {limit}");
    }
    for limit in [1, 2, 4, 7] {
        let page = store.read_latest(&lobby(), limit).await.unwrap();
        assert_eq!(page.messages, left[7 - limit..], "latest {limit}");
        assert_eq!(page.complete, limit == 7);
    }
    assert_eq!(
        desks.find(&lobby(), log[1].id).await.unwrap(),
        Some((2, log[1].clone()))
    );
    assert_eq!(desks.find(&lobby(), MessageId::new()).await.unwrap(), None);
    assert_eq!(desks.find(&studio(), log[1].id).await.unwrap(), None);
    // Its id stays taken, and the log goes on.
    let again = vec![log[6].clone(), Arc::new(message("next"))];
    let places = store.append(&lobby(), again).await.unwrap().places;
    assert_eq!(places, [Place::Known(7), Place::New(8)]);
    drop(store);
    let store = subject.open().await;
    let page = store.read_after(&lobby(), 0, 7).await.unwrap();
    assert_eq!(page.messages, left);
}

pub(crate) async fn a_log_with_removed_messages_is_trimmed_all_the_same(subject: &impl Subject) {
    let store = subject.open().await;
    let count = LOG_KEEPS + LOG_KEEPS / 4;
    let log = messages(usize::try_from(count).unwrap());
    let odd = |batch: &[Arc<ChatMessage>]| -> Vec<Arc<ChatMessage>> {
        let odd = batch.iter().step_by(2);
        odd.map(|message| Arc::new(message.tombstone())).collect()
    };
    for batch in log.chunks(500) {
        store.append(&lobby(), batch.to_vec()).await.unwrap();
        let replaced = store.desks().replace(&lobby(), odd(batch)).await.unwrap();
        assert_eq!(replaced, 250);
    }
    let page = store.read_after(&lobby(), 0, usize::MAX).await.unwrap();
    let first = page.messages[0].0;
    assert!(
        (2..=count - LOG_KEEPS + 1).contains(&first),
        "kept from {first} on"
    );
    let offsets: Vec<u64> = page.messages.iter().map(|(offset, _)| *offset).collect();
    assert_eq!(offsets, (first..=count).collect::<Vec<_>>());
    for (offset, message) in &page.messages {
        assert_eq!(message.deleted, offset % 2 == 1, "{offset}");
    }
    let gone = log[usize::try_from(first - 2).unwrap()].id;
    assert_eq!(store.desks().find(&lobby(), gone).await.unwrap(), None);
    let before = log[usize::try_from(first - 3).unwrap()].id;
    assert_eq!(store.desks().find(&lobby(), before).await.unwrap(), None);
}
