//! The next version of a module beside the one that serves.

use crate::support::{Act, Hall, Scripted, eager, line, record, seat, status, talks};
use chatter_protocol::{
    CallRecord, PersonaStatus, TopicKind,
    call::{CallEnd, Outcome},
    shadow::{Agreement, Reaction, ShadowStatus},
};
use chatter_store::Store as _;
use chatter_worker::{Limits, RoomSetup, Seat};
use std::{sync::Arc, time::Duration};
use tokio::time::sleep;

const SECOND: Duration = Duration::from_secs(1);

/// Opens a room in which nova has the shadow `next`.
async fn hall(personas: &Arc<Scripted>) -> Hall {
    let hall = Hall::open(eager(), &["nova"], personas.clone()).await;
    shadow(&hall, Some("next"));
    sleep(SECOND).await;
    hall
}

fn shadow(hall: &Hall, module: Option<&str>) {
    let nova = Seat {
        shadow: module.map(Into::into),
        ..seat("nova")
    };
    let room = RoomSetup {
        seats: vec![nova],
        ..hall.setup.clone()
    };
    hall.handle.set_rooms(vec![room], Limits::default());
}

/// The shadow's status, as soon as it is as it should be.
async fn until(hall: &Hall, fits: impl Fn(&ShadowStatus) -> bool) -> ShadowStatus {
    let mut statuses = hall.listen(TopicKind::PersonaStatus).await;
    let fits = |status: &PersonaStatus| status.shadow.as_ref().is_some_and(&fits);
    status(&mut statuses, fits).await.shadow.unwrap()
}

fn says(text: &'static str) -> impl Fn(&chatter_runtime::Call) -> Act + Send + Sync {
    move |_| {
        Act::Return(Outcome {
            lines: vec![line(text)],
            ..Outcome::default()
        })
    }
}

#[tokio::test(start_paused = true)]
async fn it_gets_what_the_serving_one_got_and_nothing_of_it_is_kept() {
    let personas = Arc::new(Scripted::default());
    personas.on("nova", talks);
    personas.on("next", talks);
    let hall = hall(&personas).await;
    let mut records = hall.listen(TopicKind::PersonaCalls).await;
    let mut live: Vec<CallRecord> = Vec::new();
    for n in 0..3 {
        hall.context(n, &format!("goal {n}")).await;
        live.push(record(&mut records, |_| true).await);
        sleep(3 * SECOND).await;
    }
    let told = until(&hall, |shadow| shadow.calls == 3).await;
    assert_eq!(
        told.agreement,
        Agreement {
            same_lines: 3,
            ..Agreement::default()
        }
    );
    assert_eq!((told.failures, told.skipped), (0, 0));
    assert!(told.differences.is_empty());

    let shadows = personas.calls_of("next");
    assert_eq!(shadows.len(), 3);
    for (live, shadow) in live.iter().zip(&shadows) {
        assert_eq!((&live.turn, &live.input), (&shadow.turn, &shadow.input));
    }
    let lines = hall
        .store
        .pending_lines(&hall.room, 10, SECOND)
        .await
        .unwrap();
    assert_eq!(lines.len(), 3, "the serving one's alone");
    assert!(live.iter().all(|record| record.module.name == "nova"));
    hall.close().await;
}

#[tokio::test(start_paused = true)]
async fn it_is_shown_where_the_two_differ() {
    let silent = || Outcome {
        silent_because: Some("nothing new".into()),
        ..Outcome::default()
    };
    let personas = Arc::new(Scripted::default());
    personas.on("nova", says("gg"));
    personas.on("next", says("well played"));
    let hall = hall(&personas).await;
    let mut records = hall.listen(TopicKind::PersonaCalls).await;
    hall.context(1, "goal").await;
    let first = record(&mut records, |_| true).await.turn.call_id;
    let told = until(&hall, |shadow| shadow.calls == 1).await;
    assert_eq!(told.agreement.other_lines, 1);
    let spoke = |text: &str| Reaction::Spoke {
        lines: vec![text.into()],
    };
    assert_eq!(told.differences[0].call_id, first);
    assert_eq!(told.differences[0].live, spoke("gg"));
    assert_eq!(told.differences[0].shadow, spoke("well played"));

    personas.on("next", move |_| Act::Return(silent()));
    hall.context(10, "another goal").await;
    let told = until(&hall, |shadow| shadow.calls == 2).await;
    assert_eq!(told.agreement.live_alone, 1);
    assert_eq!(
        told.differences[0].shadow,
        Reaction::Silent {
            because: Some("nothing new".into())
        }
    );

    personas.on("nova", move |_| Act::Return(silent()));
    hall.context(20, "third goal").await;
    let told = until(&hall, |shadow| shadow.calls == 3).await;
    assert_eq!(told.agreement.both_silent, 1);
    personas.on("next", says("hello?"));
    for n in 0..9 {
        hall.context(30 + n, &format!("goal {n}")).await;
        sleep(2 * SECOND).await;
    }
    let told = until(&hall, |shadow| shadow.calls == 12).await;
    assert_eq!(told.agreement.shadow_alone, 9);
    assert_eq!(told.differences.len(), 5, "the latest are kept");
    hall.close().await;
}

#[tokio::test(start_paused = true)]
async fn its_failures_and_its_slowness_are_its_own() {
    let personas = Arc::new(Scripted::default());
    personas.on("nova", says("gg"));
    personas.on("next", |_| Act::End(CallEnd::OutOfCpu { cpu_ms: 100 }));
    let hall = hall(&personas).await;
    let mut records = hall.listen(TopicKind::PersonaCalls).await;
    hall.context(1, "goal").await;
    record(&mut records, |record| !record.submitted.is_empty()).await;
    let told = until(&hall, |shadow| shadow.failures == 1).await;
    assert_eq!(told.last_failure, "it used more than 100 ms of CPU time");

    personas.on("next", |_| Act::Panic);
    hall.context(4, "goal 2").await;
    let told = until(&hall, |shadow| shadow.failures == 2).await;
    assert!(told.last_failure.starts_with("the call broke off"));

    personas.on("next", |_| Act::Hang);
    let before = personas.calls_of("nova").len();
    for n in 0..5 {
        hall.context(10 + n, &format!("goal {n}")).await;
        sleep(SECOND).await;
    }
    assert_eq!(
        personas.calls_of("nova").len(),
        before + 5,
        "the serving one is called as if it were alone"
    );
    let told = until(&hall, |shadow| shadow.skipped == 4).await;
    assert_eq!((told.calls, told.failures), (2, 2));
    let mut statuses = hall.listen(TopicKind::PersonaStatus).await;
    let told = status(&mut statuses, |_| true).await;
    assert_eq!((told.failures, told.detail.as_str()), (0, ""));
    sleep(20 * SECOND).await;
    let told = until(&hall, |shadow| shadow.failures == 3).await;
    assert_eq!(told.last_failure, "the call did not end within 15 s");
    hall.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_shadow_comes_goes_and_begins_anew_with_each_component() {
    let personas = Arc::new(Scripted::default());
    personas.on("nova", talks);
    let hall = hall(&personas).await;
    let told = until(&hall, |_| true).await;
    assert_eq!(told.detail, "plugins/next.wasm is not there");
    hall.context(1, "goal").await;
    sleep(SECOND).await;
    personas.on("next", talks);
    until(&hall, |shadow| shadow.detail.is_empty()).await;
    hall.context(5, "goal 2").await;
    until(&hall, |shadow| (shadow.calls, shadow.skipped) == (1, 0)).await;
    personas.serves("next", "another", &[]);
    let told = until(&hall, |shadow| shadow.module.digest == "another").await;
    assert_eq!(told.calls, 0);

    shadow(&hall, None);
    let mut statuses = hall.listen(TopicKind::PersonaStatus).await;
    status(&mut statuses, |status| status.shadow.is_none()).await;
    let before = personas.calls_of("next").len();
    hall.context(9, "goal 3").await;
    sleep(SECOND).await;
    assert_eq!(personas.calls_of("next").len(), before);
    hall.close().await;
}
