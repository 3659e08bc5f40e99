//! Who does what in a room.

use super::{Subject, call, lobby, message, says, studio};
use chatter_store::{Duty, Lease, Store, StoreError};
use std::time::Duration;

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
    tokio::time::sleep(SHORT * 2).await;
    assert_eq!(meet("worker", "c", HOUR).await, ["b", "c"]);
    duties.leave("worker", "b").await.unwrap();
    duties.leave("worker", "nobody").await.unwrap();
    assert_eq!(meet("worker", "c", HOUR).await, ["c"]);
}
