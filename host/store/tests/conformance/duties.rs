//! Who does what in a room.

use super::{Subject, call, lobby, message, says, studio};
use chatter_protocol::call::Fate;
use chatter_store::{Duty, Lease, Store, StoreError};
use std::{sync::Arc, time::Duration};

/// Longer than a test takes.
const HOUR: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(50);

async fn take(store: &impl Store, holder: &str, ttl: Duration) -> Lease {
    let rooms = [lobby()];
    let leases = store.duties().take(&rooms, Duty::Personas, holder, ttl);
    leases.await.unwrap().remove(0)
}

fn fence(lease: Lease) -> u64 {
    match lease {
        Lease::Held(fence) => fence,
        lease => panic!("{lease:?}"),
    }
}

pub(crate) async fn a_duty_has_one_holder(subject: &impl Subject) {
    let store = subject.open().await;
    let duties = store.duties();
    let first = fence(take(&store, "a", HOUR).await);
    assert_eq!(fence(take(&store, "a", HOUR).await), first, "kept");
    match take(&store, "b", HOUR).await {
        Lease::Taken { by, left } => assert!(by == "a" && left > HOUR / 2 && left <= HOUR),
        lease => panic!("{lease:?}"),
    }
    let both = [studio(), lobby()];
    let others = duties.take(&both, Duty::Personas, "b", HOUR);
    match &others.await.unwrap()[..] {
        [Lease::Held(_), Lease::Taken { by, .. }] => assert_eq!(by, "a"),
        leases => panic!("in the order of the rooms: {leases:?}"),
    }
    let intake = duties.take(&both[1..], Duty::Intake, "b", HOUR);
    assert!(
        matches!(intake.await.unwrap()[..], [Lease::Held(_)]),
        "another duty is another lease"
    );

    duties
        .give_up(&[lobby()], Duty::Personas, "b")
        .await
        .unwrap();
    assert!(matches!(take(&store, "b", HOUR).await, Lease::Taken { .. }));
    duties
        .give_up(&[lobby()], Duty::Personas, "a")
        .await
        .unwrap();
    let second = fence(take(&store, "b", HOUR).await);
    assert!(second > first, "{second} after {first}");
}

pub(crate) async fn a_lease_ends_with_its_time(subject: &impl Subject) {
    let store = subject.open().await;
    let first = fence(take(&store, "a", SHORT).await);
    let second = loop {
        match take(&store, "b", HOUR).await {
            Lease::Held(fence) => break fence,
            Lease::Taken { left, .. } => tokio::time::sleep(left).await,
            lease @ Lease::Unknown(_) => panic!("{lease:?}"),
        }
    };
    assert!(second > first, "{second} after {first}");
    assert!(matches!(take(&store, "a", HOUR).await, Lease::Taken { .. }));
}

pub(crate) async fn a_commit_under_an_old_number_is_refused(subject: &impl Subject) {
    let store = subject.open().await;
    let under = |fence| {
        let mut commit = says([message("hello")]);
        commit.fence = Some(fence);
        commit
    };
    let first = fence(take(&store, "a", HOUR).await);
    store.commit(under(first)).await.unwrap();
    let duties = store.duties();
    duties
        .give_up(&[lobby()], Duty::Personas, "a")
        .await
        .unwrap();
    // Nobody else has it: what was begun may still be kept.
    store.commit(under(first)).await.unwrap();
    let second = fence(take(&store, "b", HOUR).await);
    let late = store.commit(under(first)).await.unwrap_err();
    assert!(
        matches!(&late, StoreError::Fenced { by, .. } if by == "b"),
        "{late:?}"
    );
    store.commit(under(second)).await.unwrap();
    let mut elsewhere = call();
    elsewhere.room = studio();
    elsewhere.state = Some(super::state(b"x"));
    elsewhere.fence = Some(0);
    // Nobody ever took that room.
    store.commit(elsewhere).await.unwrap();
    let room = lobby();
    let lines = store.pending_lines(&room, 10, Duration::ZERO);
    assert_eq!(lines.await.unwrap().len(), 3);
}

pub(crate) async fn members_know_each_other(subject: &impl Subject) {
    let store = subject.open().await;
    let duties = store.duties();
    let meet =
        async |group: &str, member: &str, ttl| duties.meet(group, member, ttl).await.unwrap();
    assert_eq!(meet("worker", "b", HOUR).await, ["b"]);
    assert_eq!(meet("worker", "a", SHORT).await, ["a", "b"]);
    assert_eq!(meet("gateway", "g", HOUR).await, ["g"]);
    let present = async |group: &str| duties.present(group).await.unwrap();
    assert!(present("context").await.is_empty(), "who looks is none");
    tokio::time::sleep(SHORT * 2).await;
    assert_eq!(present("worker").await, ["b"]);
    assert_eq!(meet("worker", "c", HOUR).await, ["b", "c"]);
    duties.leave("worker", "b").await.unwrap();
    duties.leave("worker", "nobody").await.unwrap();
    assert_eq!(meet("worker", "c", HOUR).await, ["c"]);
}

pub(crate) async fn who_has_lost_the_intake_neither_adds_nor_settles(subject: &impl Subject) {
    let store = subject.open().await;
    let (duties, rooms) = (store.duties(), [lobby()]);
    let take = async |holder| {
        let leases = duties.take(&rooms, Duty::Intake, holder, HOUR);
        fence(leases.await.unwrap().remove(0))
    };
    let line = message("hello");
    store.commit(says([line.clone()])).await.unwrap();
    let messages = || vec![Arc::new(line.clone())];
    let settled = || vec![(line.id, Fate::Accepted)];
    let is_fenced = |error: StoreError| matches!(&error, StoreError::Fenced { duty: Duty::Intake, by, .. } if by == "b");

    let first = take("a").await;
    duties.give_up(&rooms, Duty::Intake, "a").await.unwrap();
    let second = take("b").await;
    let late = store.append_fenced(&lobby(), messages(), Some(first)).await;
    assert!(is_fenced(late.unwrap_err()));
    assert_eq!(store.head(&lobby()).await.unwrap().offset, 0);
    let late = store.settle_fenced(&lobby(), settled(), Some(first)).await;
    assert!(is_fenced(late.unwrap_err()));
    let waiting = store.pending_lines(&lobby(), 9, Duration::ZERO).await;
    assert_eq!(waiting.unwrap().len(), 1, "it is not settled");

    let added = store
        .append_fenced(&lobby(), messages(), Some(second))
        .await;
    assert!(added.unwrap().places[0].is_new());
    store
        .settle_fenced(&lobby(), settled(), Some(second))
        .await
        .unwrap();
    let waiting = store.pending_lines(&lobby(), 9, Duration::ZERO).await;
    assert_eq!(waiting.unwrap(), []);
    let said = store.append(&lobby(), vec![Arc::new(message("hi"))]).await;
    let place = said.unwrap().places[0];
    assert_eq!(place.offset(), Some(2), "people's need no number");
}
