//! The worker as a whole: bus, store, scripted personas, paused time.
#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "worker/breaks.rs"]
mod breaks;
#[path = "worker/clock.rs"]
mod clock;
#[path = "worker/delivery.rs"]
mod delivery;
#[path = "worker/failures.rs"]
mod failures;
#[path = "worker/moves.rs"]
mod moves;
#[path = "worker/removals.rs"]
mod removals;
#[path = "worker/roster.rs"]
mod roster;
#[path = "worker/shadow.rs"]
mod shadow;
mod support;
mod transaction;

use chatter_protocol::{
    AuthorKind, PersonaId, TopicKind, Tuning,
    call::{CallInput, Fate, Outcome},
};
use chatter_store::Store as _;
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use support::{Act, Hall, Memories, Scripted, began, eager, guest, line, record, status, talks};
use tokio::time::sleep;

const SECOND: Duration = Duration::from_secs(1);

fn quiet() -> Tuning {
    Tuning {
        base_lines_per_minute: 0.0,
        event_boost: 0.0,
        unasked_share: 0.0,
        ..Tuning::default()
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_is_committed_and_told_and_the_next_one_knows_of_it() {
    let personas = Arc::new(Scripted::default());
    personas.on("nova", talks);
    let hall = Hall::open(eager(), &["nova"], personas).await;
    let mut records = hall.listen(TopicKind::PersonaCalls).await;
    sleep(SECOND).await;
    hall.context(1, "goal").await;

    let told = record(&mut records, |record| !record.submitted.is_empty()).await;
    let pending = hall
        .store
        .pending_lines(&hall.room, 10, SECOND)
        .await
        .unwrap();
    assert_eq!(pending.len(), 1);
    let message = &pending[0].message;
    assert_eq!(told.submitted, [message.id]);
    assert_eq!(message.call_id, Some(told.turn.call_id));
    assert_eq!(message.text, "line 1");
    assert_eq!(message.author.kind, AuthorKind::Persona);
    assert_eq!(message.author.id.as_str(), "persona:nova");
    assert_eq!(message.author.badges, ["ai"]);
    assert_eq!(message.author.color.as_deref(), Some("#336699"));
    assert_eq!(told.turn.room.title.as_ref(), "Lobby");

    hall.store
        .settle_lines(
            &hall.room,
            vec![(message.id, Fate::Dropped("blocklist".into()))],
        )
        .await
        .unwrap();
    hall.context(3, "another goal").await;
    let next = record(&mut records, |record| record.turn.state.is_some()).await;
    assert_eq!(
        next.turn.state.as_ref().map(|state| state.bytes[0]),
        Some(1)
    );
    assert_eq!(next.turn.fates.len(), 1);
    assert_eq!(next.turn.fates[0].fate, Fate::Dropped("blocklist".into()));
    let nova = PersonaId::new("nova").unwrap();
    assert_eq!(
        hall.store
            .state(&hall.room, &nova, &[])
            .await
            .unwrap()
            .unwrap()
            .state
            .bytes[0],
        2
    );
    hall.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_persona_gets_the_newest_context_and_all_messages() {
    let personas = Arc::new(Scripted::default());
    personas.on("slow", |_| Act::ReturnAfter(9 * SECOND, Outcome::default()));
    let hall = Hall::open(quiet(), &["slow"], personas.clone()).await;
    sleep(SECOND).await;
    for n in 1..=10_u8 {
        hall.context(u64::from(n), &format!("event {n}")).await;
        if n > 3 && n < 8 {
            let entries = hall.log(&[hall.guest(n, &format!("message {n}"))]).await;
            hall.tell(&entries[0]).await;
        }
        sleep(SECOND).await;
    }
    sleep(30 * SECOND).await;
    let positions: Vec<u64> = personas
        .calls_of("slow")
        .iter()
        .filter_map(|call| match &call.input {
            CallInput::Context(context) => Some(context.position_ms / 1000),
            _ => None,
        })
        .collect();
    assert_eq!(positions, [1, 10]);
    assert_eq!(
        personas.batches_of("slow")[0],
        ["message 4", "message 5", "message 6", "message 7"]
    );
    hall.close().await;
}

#[tokio::test(start_paused = true)]
async fn each_message_is_handed_out_once_and_gaps_are_filled() {
    let personas = Arc::new(Scripted::default());
    personas.on("nova", |_| Act::Return(Outcome::default()));
    let hall = Hall::open(quiet(), &["nova"], personas.clone()).await;
    sleep(SECOND).await;
    let messages: Vec<_> = (1..=6).map(|n| hall.guest(n, &n.to_string())).collect();
    let entries = hall.log(&messages[..5]).await;
    // 2 and 3 are lost on the way, 1 and 5 come twice.
    for index in [0, 0, 3, 1, 4, 4] {
        hall.tell(&entries[index]).await;
        sleep(SECOND).await;
    }
    assert_eq!(
        personas.batches_of("nova").concat(),
        ["1", "2", "3", "4", "5"]
    );

    // The log can't be read when it has to be: what is missing follows later.
    let more: Vec<_> = (7..=8).map(|n| hall.guest(n, &n.to_string())).collect();
    hall.store.reads_fail.store(2, Ordering::SeqCst);
    let entries = hall.log(&more).await;
    hall.tell(&entries[1]).await;
    sleep(5 * SECOND).await;
    assert_eq!(
        personas.batches_of("nova").concat(),
        ["1", "2", "3", "4", "5", "7", "8"]
    );
    hall.close().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_said_before_the_start_is_recent_and_not_handed_out() {
    let personas = Arc::new(Scripted::default());
    personas.on("nova", |_| Act::Return(Outcome::default()));
    let hall = Hall::open_with(
        quiet(),
        &["nova"],
        personas.clone(),
        Memories::default(),
        async |room, store| {
            let old = (1..=30).map(|n| Arc::new(guest(room, n, &format!("old {n}"), began())));
            store.append(room, old.collect()).await.unwrap();
        },
    )
    .await;
    sleep(60 * SECOND).await;
    let before = personas.calls_of("nova").len();
    let entries = hall.log(&[hall.guest(31, "new")]).await;
    hall.tell(&entries[0]).await;
    sleep(SECOND / 10).await;
    let calls = personas.calls_of("nova");
    assert_eq!(calls.len(), before + 1);
    let call = calls.last().unwrap();
    assert!(
        matches!(&call.input, CallInput::Firehose(new) if new.len() == 1 && new[0].text == "new")
    );
    let recent: Vec<&str> = call
        .turn
        .recent
        .iter()
        .map(|message| message.text.as_str())
        .collect();
    assert_eq!(recent.len(), 20);
    assert_eq!((recent[0], recent[19]), ("old 12", "new"));
    assert!(
        personas
            .batches_of("nova")
            .concat()
            .iter()
            .all(|text| !text.starts_with("old"))
    );
    hall.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_person_who_names_a_persona_is_answered() {
    let personas = Arc::new(Scripted::default());
    for module in ["nova", "rex"] {
        personas.on(module, |call| {
            let lines = call
                .turn
                .impulse
                .speak
                .then(|| chatter_protocol::call::Line {
                    reply_to: call.turn.impulse.answer,
                    ..line("hi")
                });
            Act::Return(Outcome {
                lines: lines.into_iter().collect(),
                ..Outcome::default()
            })
        });
    }
    let tuning = Tuning {
        mention_boost: 1.0,
        ..quiet()
    };
    let hall = Hall::open(tuning, &["nova", "rex"], personas).await;
    sleep(SECOND).await;
    let question = hall.guest(1, "what was that, Rex?");
    let entries = hall.log(std::slice::from_ref(&question)).await;
    hall.tell(&entries[0]).await;
    sleep(SECOND * 9 / 10).await;
    let soon = hall.store.pending_lines(&hall.room, 10, Duration::ZERO);
    assert!(soon.await.unwrap().is_empty(), "it thinks first");
    sleep(3 * SECOND).await;
    let lines = hall
        .store
        .pending_lines(&hall.room, 10, SECOND)
        .await
        .unwrap();
    let said: Vec<_> = lines
        .iter()
        .map(|l| (l.message.author.name.as_str(), l.message.reply_to))
        .collect();
    assert_eq!(said, [("rex", Some(question.id))]);
    hall.close().await;
}

/// Both are sure to speak about whatever happens, after they have thought.
fn thoughtful() -> Tuning {
    Tuning {
        think_time_s: 2.0,
        ..eager()
    }
}

#[tokio::test(start_paused = true)]
async fn two_that_react_to_one_event_read_each_other() {
    let personas = Arc::new(Scripted::default());
    personas.on("nova", talks);
    personas.on("rex", talks);
    let hall = Hall::open(thoughtful(), &["nova", "rex"], personas.clone()).await;
    sleep(SECOND).await;
    let happened = hall.clock.now();
    hall.context(1, "goal").await;
    // The gateway's part: what is submitted comes to the room.
    for _ in 0..50 {
        sleep(SECOND / 10).await;
        let lines = hall.store.pending_lines(&hall.room, 10, Duration::ZERO);
        for line in lines.await.unwrap() {
            let settled = vec![(line.message.id, Fate::Accepted)];
            let entries = hall.log(&[Arc::new(line.message)]).await;
            hall.store.settle_lines(&hall.room, settled).await.unwrap();
            hall.tell(&entries[0]).await;
        }
    }
    let calls = personas.calls.lock().unwrap().clone();
    let mut spoke = calls.iter().filter(|call| call.turn.impulse.speak);
    let (first, second) = (spoke.next().unwrap(), spoke.next().unwrap());
    assert!(spoke.next().is_none());
    assert!(first.turn.now.since(happened) >= SECOND * 8 / 10);
    assert!(second.turn.now.since(first.turn.now) >= SECOND * 6 / 10);
    assert!(first.turn.recent.is_empty());
    assert_eq!(second.turn.recent.len(), 1);
    assert_eq!(second.turn.recent[0].call_id, Some(first.turn.call_id));
    hall.close().await;
}

#[tokio::test(start_paused = true)]
async fn it_ends_while_personas_think() {
    let personas = Arc::new(Scripted::default());
    personas.on("nova", talks);
    let hall = Hall::open(thoughtful(), &["nova"], personas.clone()).await;
    sleep(SECOND).await;
    hall.context(1, "goal").await;
    sleep(SECOND / 10).await;
    hall.close().await;
    sleep(10 * SECOND).await;
    assert!(personas.calls_of("nova").is_empty());
}

#[tokio::test(start_paused = true)]
async fn unasked_lines_are_refused_and_the_rest_of_the_call_is_kept() {
    let personas = Arc::new(Scripted::default());
    personas.on("nova", |call| match talks(call) {
        Act::Return(outcome) => Act::Return(Outcome {
            lines: vec![line("me me me")],
            ..outcome
        }),
        other => other,
    });
    let tuning = Tuning {
        unasked_share: 0.1,
        ..quiet()
    };
    let hall = Hall::open(tuning, &["nova"], personas).await;
    sleep(SECOND).await;
    for n in 0..40 {
        hall.context(n * 2, "nothing").await;
        sleep(2 * SECOND).await;
    }
    let nova = PersonaId::new("nova").unwrap();
    let lines = hall
        .store
        .pending_lines(&hall.room, 100, SECOND)
        .await
        .unwrap();
    assert_eq!(lines.len(), 4);
    assert_eq!(
        hall.store
            .state(&hall.room, &nova, &[])
            .await
            .unwrap()
            .unwrap()
            .state
            .bytes[0],
        40
    );
    hall.close().await;
}

#[tokio::test(start_paused = true)]
async fn statuses_are_told_again_for_those_who_come_late() {
    // Whoever comes so long after the start is told within this.
    for (late, within) in [(SECOND / 2, SECOND), (60 * SECOND, 10 * SECOND)] {
        let personas = Arc::new(Scripted::default());
        personas.on("nova", talks);
        let hall = Hall::open(quiet(), &["nova"], personas).await;
        sleep(late).await;
        let mut statuses = hall.listen(TopicKind::PersonaStatus).await;
        let from = hall.clock.now();
        let told = status(&mut statuses, |_| true).await;
        assert!(told.at.since(from) <= within, "{late:?} late");
        hall.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn it_ends_while_a_call_hangs() {
    let personas = Arc::new(Scripted::default());
    personas.on("nova", |_| Act::Hang);
    let hall = Hall::open(eager(), &["nova"], personas.clone()).await;
    sleep(SECOND).await;
    hall.context(1, "goal").await;
    sleep(SECOND).await;
    assert_eq!(personas.calls_of("nova").len(), 1);
    hall.close().await;
}
