//! Rooms that become others while the worker is at work in them.

use crate::support::{Act, Hall, Scripted, eager, line, record, seat, status, talks};
use chatter_protocol::{PersonaId, TopicKind, Tuning, call::Outcome, persona::Health};
use chatter_store::Store as _;
use chatter_worker::{Limits, RoomSetup, Seat};
use std::{sync::Arc, time::Duration};
use tokio::time::sleep;

const SECOND: Duration = Duration::from_secs(1);

fn scripted(modules: &[&str]) -> Arc<Scripted> {
    let personas = Arc::new(Scripted::default());
    for module in modules {
        personas.on(module, talks);
    }
    personas
}

/// The room with these seats.
fn with(hall: &Hall, seats: Vec<Seat>) -> Vec<RoomSetup> {
    vec![RoomSetup {
        seats,
        ..hall.setup.clone()
    }]
}

#[tokio::test(start_paused = true)]
async fn a_newcomer_is_told_at_once_and_called() {
    let personas = scripted(&["nova", "rex"]);
    let hall = Hall::open(eager(), &["nova"], personas.clone()).await;
    let mut statuses = hall.listen(TopicKind::PersonaStatus).await;
    sleep(SECOND).await;
    hall.handle.set_rooms(
        with(&hall, vec![seat("nova"), seat("rex")]),
        Limits::default(),
    );
    let told = status(&mut statuses, |s| s.persona_id.as_str() == "rex").await;
    assert_eq!((told.health, told.left), (Health::Ok, false));
    hall.context(4, "goal").await;
    sleep(SECOND).await;
    assert_eq!(personas.calls_of("rex").len(), 1);
    assert_eq!(personas.calls_of("nova").len(), 1);
    hall.close().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_left_says_what_it_was_about_to_and_finds_its_state_again() {
    let personas = Arc::new(Scripted::default());
    personas.on("nova", |call| match talks(call) {
        Act::Return(outcome) => Act::ReturnAfter(3 * SECOND, outcome),
        other => other,
    });
    let hall = Hall::open(eager(), &["nova"], personas.clone()).await;
    let mut statuses = hall.listen(TopicKind::PersonaStatus).await;
    let mut records = hall.listen(TopicKind::PersonaCalls).await;
    sleep(SECOND).await;
    hall.context(1, "goal").await;
    sleep(SECOND).await;
    assert_eq!(personas.calls_of("nova").len(), 1, "it is in its call");
    hall.handle
        .set_rooms(with(&hall, vec![]), Limits::default());
    status(&mut statuses, |s| s.left).await;
    let told = record(&mut records, |_| true).await;
    assert_eq!(told.submitted.len(), 1, "its line still comes");
    hall.context(5, "another goal").await;
    sleep(20 * SECOND).await;
    assert_eq!(personas.calls_of("nova").len(), 1, "it is called no more");

    hall.handle
        .set_rooms(with(&hall, vec![seat("nova")]), Limits::default());
    status(&mut statuses, |s| !s.left).await;
    hall.context(30, "third goal").await;
    let told = record(&mut records, |_| true).await;
    let state = told.turn.state.clone().unwrap();
    assert_eq!(state.bytes[0], 1, "as its last call had left it");
    hall.close().await;
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_during_its_last_call_is_not_called_twice() {
    let personas = Arc::new(Scripted::default());
    personas.on("nova", |_| Act::ReturnAfter(5 * SECOND, Outcome::default()));
    let hall = Hall::open(eager(), &["nova"], personas.clone()).await;
    sleep(SECOND).await;
    hall.context(1, "goal").await;
    sleep(SECOND).await;
    hall.handle
        .set_rooms(with(&hall, vec![]), Limits::default());
    sleep(SECOND / 2).await;
    hall.handle
        .set_rooms(with(&hall, vec![seat("nova")]), Limits::default());
    hall.context(3, "another goal").await;
    sleep(SECOND).await;
    assert_eq!(personas.calls_of("nova").len(), 1);
    sleep(5 * SECOND).await;
    assert_eq!(personas.calls_of("nova").len(), 2);
    hall.close().await;
}

#[tokio::test(start_paused = true)]
async fn who_is_described_in_another_way_keeps_state_and_seat() {
    let personas = scripted(&["nova", "other"]);
    let hall = Hall::open(eager(), &["nova"], personas.clone()).await;
    let mut statuses = hall.listen(TopicKind::PersonaStatus).await;
    let mut records = hall.listen(TopicKind::PersonaCalls).await;
    sleep(SECOND).await;
    hall.context(1, "goal").await;
    record(&mut records, |_| true).await;

    let mut other = seat("nova");
    other.config.name = "Supernova".into();
    other.config.bio = "Shines.".into();
    other.config.color = Some("#123456".into());
    other.module = "other".into();
    let mut rooms = with(&hall, vec![other]);
    rooms[0].config.title = "Hall".into();
    hall.handle.set_rooms(rooms, Limits::default());
    let told = status(&mut statuses, |s| s.name == "Supernova").await;
    assert_eq!((told.calls, told.bio.as_str()), (1, "Shines."));
    assert_eq!(told.module.name, "other");

    hall.context(5, "another goal").await;
    let told = record(&mut records, |_| true).await;
    assert_eq!(told.module.name, "other");
    assert_eq!(told.turn.room.title.as_ref(), "Hall");
    assert_eq!(told.turn.profile.bio, "Shines.");
    assert_eq!(
        told.turn.state.as_ref().map(|state| state.bytes[0]),
        Some(1)
    );
    let nova = PersonaId::new("nova").unwrap();
    let state = hall
        .store
        .state(&hall.room, &nova, &[])
        .await
        .unwrap()
        .unwrap();
    assert_eq!(state.state.bytes[0], 2);
    let lines = hall
        .store
        .pending_lines(&hall.room, 10, SECOND)
        .await
        .unwrap();
    let authors: Vec<&str> = lines
        .iter()
        .map(|line| line.message.author.name.as_str())
        .collect();
    assert_eq!(authors, ["nova", "Supernova"]);
    hall.close().await;
}

#[tokio::test(start_paused = true)]
async fn another_module_is_not_held_back_for_what_the_old_one_did() {
    let personas = scripted(&["other"]);
    personas.on("nova", |_| {
        Act::End(chatter_protocol::call::CallEnd::OutOfCpu { cpu_ms: 1 })
    });
    let hall = Hall::open(eager(), &["nova"], personas.clone()).await;
    let mut statuses = hall.listen(TopicKind::PersonaStatus).await;
    sleep(SECOND).await;
    for n in 0..30 {
        hall.context(n, &format!("goal {n}")).await;
        sleep(SECOND).await;
    }
    status(&mut statuses, |s| s.health == Health::Failing).await;
    let mut other = seat("nova");
    other.module = "other".into();
    hall.handle
        .set_rooms(with(&hall, vec![other]), Limits::default());
    status(&mut statuses, |s| {
        s.health == Health::Ok && s.module.name == "other"
    })
    .await;
    hall.context(40, "a goal").await;
    sleep(SECOND / 2).await;
    assert_eq!(personas.calls_of("other").len(), 1);
    hall.close().await;
}

#[tokio::test(start_paused = true)]
async fn another_version_is_not_held_back_for_what_the_one_before_did() {
    let personas = scripted(&[]);
    personas.on("nova", |_| {
        Act::End(chatter_protocol::call::CallEnd::OutOfCpu { cpu_ms: 1 })
    });
    let hall = Hall::open(eager(), &["nova"], personas.clone()).await;
    let mut statuses = hall.listen(TopicKind::PersonaStatus).await;
    sleep(SECOND).await;
    for n in 0..30 {
        hall.context(n, &format!("goal {n}")).await;
        sleep(SECOND).await;
    }
    status(&mut statuses, |s| s.health == Health::Failing).await;
    let before = personas.calls_of("nova").len();
    hall.context(31, "a goal").await;
    sleep(SECOND / 2).await;
    assert_eq!(personas.calls_of("nova").len(), before, "it is held back");

    personas.on("nova", talks);
    personas.serves("nova", "mended", &[]);
    status(&mut statuses, |s| {
        s.health == Health::Ok && s.module.digest == "mended"
    })
    .await;
    hall.context(40, "a goal").await;
    sleep(SECOND / 2).await;
    assert!(personas.calls_of("nova").len() > before);
    hall.close().await;
}

#[tokio::test(start_paused = true)]
async fn other_numbers_count_for_the_next_context() {
    let personas = Arc::new(Scripted::default());
    personas.on("nova", |call| {
        let lines = if call.turn.impulse.speak {
            vec![line("hey")]
        } else {
            vec![]
        };
        Act::Return(Outcome {
            lines,
            ..Outcome::default()
        })
    });
    let hall = Hall::open(eager(), &["nova"], personas).await;
    let mut records = hall.listen(TopicKind::PersonaCalls).await;
    sleep(SECOND).await;
    hall.context(1, "goal").await;
    assert!(record(&mut records, |_| true).await.turn.impulse.speak);
    let mut rooms = vec![hall.setup.clone()];
    rooms[0].config.tuning = Tuning {
        event_boost: 0.0,
        base_lines_per_minute: 0.0,
        unasked_share: 0.0,
        ..eager()
    };
    hall.handle.set_rooms(rooms, Limits::default());
    sleep(SECOND).await;
    hall.context(4, "another goal").await;
    assert!(!record(&mut records, |_| true).await.turn.impulse.speak);
    hall.close().await;
}

#[tokio::test(start_paused = true)]
async fn rooms_end_and_begin_one_after_the_other() {
    let personas = Arc::new(Scripted::default());
    personas.on("nova", |_| Act::Hang);
    let hall = Hall::open(eager(), &["nova"], personas.clone()).await;
    sleep(SECOND).await;
    hall.context(1, "goal").await;
    sleep(SECOND).await;
    assert_eq!(personas.calls_of("nova").len(), 1);

    hall.handle.set_rooms(Vec::new(), Limits::default());
    sleep(SECOND).await;
    personas.on("nova", talks);
    hall.context(3, "nobody is here").await;
    sleep(SECOND).await;
    assert_eq!(personas.calls_of("nova").len(), 1);

    // Away and back at once is a new room too, but for one who only looks at the end.
    hall.handle
        .set_rooms(vec![hall.setup.clone()], Limits::default());
    sleep(SECOND).await;
    hall.context(5, "somebody is here").await;
    sleep(SECOND).await;
    assert_eq!(personas.calls_of("nova").len(), 2);
    hall.close().await;
}
