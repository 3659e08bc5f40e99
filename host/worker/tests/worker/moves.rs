//! Several workers on one store.

use crate::support::{Act, Hall, Scripted, eager, status, talks};
use chatter_protocol::{TopicKind, persona::Health};
use chatter_store::{BEAT, Duty, Lease, Store as _, TTL};
use std::{sync::Arc, time::Duration};
use tokio::time::sleep;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

fn scripted() -> Arc<Scripted> {
    let personas = Arc::new(Scripted::default());
    personas.on("nova", talks);
    personas
}

async fn holder(hall: &Hall) -> String {
    let rooms = [hall.room.clone()];
    let asking = hall
        .store
        .duties()
        .take(&rooms, Duty::Personas, "asks", TTL);
    match asking.await.unwrap().remove(0) {
        Lease::Taken { by, .. } => by,
        lease => panic!("nobody has the room: {lease:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn another_worker_has_the_room_when_one_is_killed_or_ends() {
    for killed in [true, false] {
        let (first, second) = (scripted(), scripted());
        let hall = Hall::open(eager(), &["nova"], first.clone()).await;
        sleep(SECOND).await;
        let one = holder(&hall).await;
        let other = hall.another(second.clone());
        // Whose it is by the names that they happen to have, it is so after this.
        sleep(3 * SECOND).await;
        let moved = holder(&hall).await != one;
        hall.context(1, "goal").await;
        sleep(SECOND).await;
        let counts = || [first.calls_of("nova").len(), second.calls_of("nova").len()];
        assert_eq!(counts(), if moved { [0, 1] } else { [1, 0] });
        let state = hall.state("nova").await;
        match (moved, killed) {
            (false, true) => hall.kill(),
            (false, false) => hall.cancel.cancel(),
            (true, true) => other.1.abort(),
            (true, false) => other.0.cancel(),
        }
        sleep(if killed { TTL + 2 * BEAT } else { 2 * BEAT }).await;
        hall.context(60, "another goal").await;
        sleep(SECOND).await;
        assert_eq!(counts(), [1, 1], "killed: {killed}");
        let called = if moved { &first } else { &second };
        let known = called.calls_of("nova")[0].turn.state.clone();
        assert_eq!(known, state, "what the one before committed");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_begun_under_a_lease_that_is_gone_is_not_kept() {
    let personas = Arc::new(Scripted::default());
    personas.on("nova", |call| match talks(call) {
        Act::Return(outcome) => Act::ReturnAfter(BEAT / 4, outcome),
        other => other,
    });
    let hall = Hall::open(eager(), &["nova"], personas.clone()).await;
    let mut statuses = hall.listen(TopicKind::PersonaStatus).await;
    sleep(SECOND + BEAT / 8).await;
    hall.context(1, "goal").await;
    sleep(BEAT / 8).await;
    assert_eq!(personas.calls_of("nova").len(), 1, "it is in its call");
    // As it is for one that was paused: it believes in its lease, and somebody else has it.
    let (rooms, duties) = ([hall.room.clone()], hall.store.duties());
    let before = holder(&hall).await;
    duties
        .give_up(&rooms, Duty::Personas, &before)
        .await
        .unwrap();
    let thief = duties.take(&rooms, Duty::Personas, "thief", HOUR);
    assert!(matches!(thief.await.unwrap()[0], Lease::Held(_)));
    sleep(BEAT / 4).await;
    let lines = hall.store.pending_lines(&hall.room, 10, Duration::ZERO);
    assert_eq!(lines.await.unwrap(), []);
    hall.context(60, "another goal").await;
    sleep(10 * SECOND).await;
    assert_eq!(personas.calls_of("nova").len(), 1, "it speaks no more");

    duties
        .give_up(&rooms, Duty::Personas, "thief")
        .await
        .unwrap();
    sleep(2 * BEAT).await;
    hall.context(120, "a third goal").await;
    sleep(SECOND).await;
    assert_eq!(personas.calls_of("nova").len(), 2, "it is its own again");
    let lines = hall.store.pending_lines(&hall.room, 10, Duration::ZERO);
    assert_eq!(lines.await.unwrap().len(), 1);
    let told = status(&mut statuses, |s| s.health != Health::Ok || s.lines == 1).await;
    assert_eq!((told.health, told.failures), (Health::Ok, 0), "{told:?}");
    hall.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_worker_without_its_store_stops_in_time() {
    let personas = scripted();
    let hall = Hall::open(eager(), &["nova"], personas.clone()).await;
    sleep(SECOND).await;
    hall.store.set_duties_away(true);
    sleep(TTL).await;
    hall.context(1, "goal").await;
    sleep(SECOND).await;
    assert_eq!(
        personas.calls_of("nova").len(),
        0,
        "others may have the room"
    );
    assert!(hall.rota.ready().is_err());
    hall.store.set_duties_away(false);
    sleep(2 * BEAT).await;
    hall.context(60, "goal").await;
    sleep(SECOND).await;
    assert_eq!(personas.calls_of("nova").len(), 1);
    hall.close().await;
}
