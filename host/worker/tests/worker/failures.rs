//! What fails: a persona, its module, the store, the memory; and what is promised all the same.

use crate::{
    quiet,
    support::{Act, Hall, Memories, Scripted, eager, record, status, talks},
};
use chatter_protocol::{
    CallRecord, PersonaId, TopicKind,
    call::{CallEnd, Outcome, State},
    memory::{Kind, NewEntry},
    persona::Health,
};
use chatter_runtime::Call;
use chatter_store::Store as _;
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::time::sleep;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_persona_that_fails_is_contained() {
    let ends = [
        (
            "traps",
            CallEnd::Trapped {
                detail: "unreachable".into(),
            },
            "it trapped: unreachable",
        ),
        (
            "loops",
            CallEnd::OutOfCpu { cpu_ms: 100 },
            "it used more than 100 ms of CPU time",
        ),
        (
            "eats",
            CallEnd::OutOfMemory { memory_bytes: 9 },
            "it asked for more than 9 bytes of memory",
        ),
        (
            "waits",
            CallEnd::TimedOut { wall_ms: 50 },
            "it took longer than 50 ms",
        ),
        (
            "errs",
            CallEnd::Declined {
                detail: "no".into(),
            },
            "the persona answered with an error: no",
        ),
        (
            "lies",
            CallEnd::Invalid {
                detail: "two lines".into(),
            },
            "its answer breaks the contract: two lines",
        ),
    ];
    let personas = Arc::new(Scripted::default());
    let mut modules = vec!["nova"];
    personas.on("nova", talks);
    for (module, end, _) in ends.clone() {
        modules.push(module);
        personas.on(module, move |_| Act::End(end.clone()));
    }
    modules.push("panics");
    personas.on("panics", |_| Act::Panic);

    let hall = Hall::open(eager(), &modules, personas.clone()).await;
    let mut statuses = hall.listen(TopicKind::PersonaStatus).await;
    sleep(SECOND).await;
    for n in 0..60 {
        hall.context(n * 2, &format!("goal {n}")).await;
        sleep(2 * SECOND).await;
    }
    for (module, _, detail) in &ends {
        let told = status(&mut statuses, |s| {
            s.persona_id.as_str() == *module && s.failures > 1
        })
        .await;
        assert_eq!(
            (told.health, told.detail.as_str()),
            (Health::Failing, *detail)
        );
        let calls = personas.calls_of(module).len();
        assert!(
            (4..12).contains(&calls),
            "{module} was called {calls} times in two minutes"
        );
        let id = PersonaId::new(module).unwrap();
        assert_eq!(hall.store.state(&hall.room, &id, &[]).await.unwrap(), None);
    }
    assert!(
        personas.calls_of("panics").len() > 3,
        "a broken task frees its seat"
    );
    assert_eq!(personas.calls_of("nova").len(), 60, "the others go on");
    let nova = status(&mut statuses, |s| {
        s.persona_id.as_str() == "nova" && s.calls == 60
    })
    .await;
    assert_eq!(
        (nova.health, nova.lines, nova.failures),
        (Health::Ok, 60, 0)
    );
    hall.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_told_until_a_call_returns_well() {
    let personas = Arc::new(Scripted::default());
    personas.on("nova", |_| Act::End(CallEnd::OutOfCpu { cpu_ms: 100 }));
    let hall = Hall::open(eager(), &["nova"], personas.clone()).await;
    let mut statuses = hall.listen(TopicKind::PersonaStatus).await;
    sleep(SECOND).await;
    hall.context(1, "goal").await;
    let told = status(&mut statuses, |s| s.health == Health::Failing).await;
    assert_eq!(
        (told.failures, told.detail.as_str()),
        (1, "it used more than 100 ms of CPU time")
    );
    personas.on("nova", talks);
    hall.context(10, "another goal").await;
    let told = status(&mut statuses, |s| s.health == Health::Ok).await;
    assert_eq!((told.failures, told.detail.as_str()), (1, ""));
    hall.close().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_persona_goes_on_without_is_told() {
    let personas = Arc::new(Scripted::default());
    personas.on("nova", talks);
    let hall = Hall::open(eager(), &["nova"], personas.clone()).await;
    let mut statuses = hall.listen(TopicKind::PersonaStatus).await;
    for trouble in ["the memory is away", ""] {
        trouble.clone_into(&mut personas.trouble.lock().unwrap());
        let told = status(&mut statuses, |s| {
            s.detail.starts_with(trouble) && (s.detail.is_empty() == trouble.is_empty())
        });
        let told = told.await;
        assert_eq!(told.health, Health::Ok);
        let for_nova = trouble.is_empty() || told.detail == "the memory is away for nova";
        assert!(for_nova, "{}", told.detail);
    }
    hall.close().await;
}

#[tokio::test(start_paused = true)]
async fn the_queue_for_a_place_is_not_the_personas_fault() {
    // A call takes 10 s at most, and waits for its place up to a minute before.
    for (answered_after, lines) in [(65, 1), (200, 0)] {
        let personas = Arc::new(Scripted::patient(60 * SECOND));
        personas.on("nova", move |call| match talks(call) {
            Act::Return(outcome) => Act::ReturnAfter(answered_after * SECOND, outcome),
            other => other,
        });
        let hall = Hall::open(eager(), &["nova"], personas.clone()).await;
        sleep(SECOND).await;
        hall.context(1, "goal").await;
        sleep(100 * SECOND).await;
        let mut statuses = hall.listen(TopicKind::PersonaStatus).await;
        let told = status(&mut statuses, |_| true).await;
        assert_eq!(
            (told.health, told.failures, told.lines),
            (Health::Ok, 0, lines),
            "answered after {answered_after} s"
        );
        hall.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_commit_is_tried_again_and_then_dropped_whole() {
    for (failures, kept) in [(2, true), (3, false)] {
        let personas = Arc::new(Scripted::default());
        personas.on("nova", talks);
        let hall = Hall::open(eager(), &["nova"], personas.clone()).await;
        sleep(SECOND).await;
        hall.store.commits_fail.store(failures, Ordering::SeqCst);
        hall.context(1, "goal").await;
        sleep(20 * SECOND).await;
        assert_eq!(hall.store.commits.load(Ordering::SeqCst), 3);
        let lines = hall
            .store
            .pending_lines(&hall.room, 10, SECOND)
            .await
            .unwrap();
        assert_eq!(!lines.is_empty(), kept, "after {failures} failures");

        // Either way the next call knows what the store holds.
        hall.context(30, "another goal").await;
        sleep(5 * SECOND).await;
        let state = personas.calls_of("nova").last().unwrap().turn.state.clone();
        assert_eq!(state.map(|state| state.bytes[0]), kept.then_some(1));
        hall.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_missing_module_is_told_and_its_return_noticed() {
    let personas = Arc::new(Scripted::default());
    let hall = Hall::open(eager(), &["nova"], personas.clone()).await;
    let mut statuses = hall.listen(TopicKind::PersonaStatus).await;
    let missing = status(&mut statuses, |_| true).await;
    assert_eq!(missing.health, Health::Unavailable);
    assert_eq!(missing.detail, "plugins/nova.wasm is not there");
    assert_eq!(
        (missing.module.name.as_str(), missing.module.digest.as_str()),
        ("nova", "")
    );
    hall.context(1, "goal").await;
    sleep(5 * SECOND).await;
    assert!(personas.calls_of("nova").is_empty());

    personas.on("nova", talks);
    let back = status(&mut statuses, |status| status.health == Health::Ok).await;
    assert_eq!(back.module.version, "1.0.0");
    sleep(SECOND).await;
    assert_eq!(
        personas.calls_of("nova").len(),
        1,
        "what waited is delivered"
    );
    hall.close().await;
}

#[tokio::test(start_paused = true)]
async fn memories_arrive_in_order_when_the_memory_is_back() {
    let personas = Arc::new(Scripted::default());
    let entry = |text: &str| NewEntry {
        kind: Kind::PersonaNote,
        text: text.into(),
        about: None,
        confidence: 1.0,
        source: None,
    };
    personas.on("nova", move |_| {
        let memories = vec![entry("first"), entry("refuse me"), entry("last")];
        Act::Return(Outcome {
            memories,
            ..Outcome::default()
        })
    });
    let memory = Memories {
        away_for: 3,
        ..Memories::default()
    };
    let hall = Hall::open_with(quiet(), &["nova"], personas, memory, async |_, _| {}).await;
    sleep(SECOND).await;
    hall.context(1, "goal").await;
    sleep(60 * SECOND).await;
    let kept = hall.memory.kept.lock().unwrap().clone();
    let scope = "room:main/lobby|agent:nova".to_owned();
    assert_eq!(
        kept,
        [
            (scope.clone(), "first".to_owned()),
            (scope, "last".to_owned())
        ]
    );
    assert_eq!(
        hall.memory.tries.load(Ordering::SeqCst),
        6,
        "three in vain, three for the entries"
    );
    assert!(
        hall.store
            .pending_memories(10, Duration::ZERO)
            .await
            .unwrap()
            .is_empty()
    );
    hall.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_memory_that_chokes_on_one_entry_gets_the_others() {
    let personas = Arc::new(Scripted::default());
    let entry = |text: String| NewEntry {
        kind: Kind::PersonaNote,
        text,
        about: None,
        confidence: 1.0,
        source: None,
    };
    let calls = AtomicU32::new(0);
    personas.on("nova", move |_| {
        let calls = calls.fetch_add(1, Ordering::SeqCst);
        let texts = [
            format!("before {calls}"),
            "choke on me".into(),
            format!("after {calls}"),
        ];
        Act::Return(Outcome {
            memories: texts.map(entry).into(),
            ..Outcome::default()
        })
    });
    let memory = Memories::default();
    let hall = Hall::open_with(quiet(), &["nova"], personas, memory, async |_, _| {}).await;
    sleep(SECOND).await;
    for n in 1..=3 {
        hall.context(n, "goal").await;
        sleep(100 * SECOND).await;
        let kept = hall.memory.kept.lock().unwrap().len();
        assert_eq!(kept, 2 * n as usize);
    }
    let waiting = hall
        .store
        .pending_memories(10, Duration::ZERO)
        .await
        .unwrap();
    assert_eq!(
        waiting.len(),
        3,
        "nothing is lost that the memory has not refused"
    );
    let tries = hall.memory.tries.load(Ordering::SeqCst);
    assert!(
        tries < 6 + 3 * 15,
        "they are tried ever less often: {tries}"
    );
    hall.close().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_is_kept_until_the_memory_takes_something_else() {
    let personas = Arc::new(Scripted::default());
    let texts = Mutex::new(["refuse me", "fine"].into_iter());
    personas.on("nova", move |_| {
        let entry = |text: &str| NewEntry {
            kind: Kind::PersonaNote,
            text: text.into(),
            about: None,
            confidence: 1.0,
            source: None,
        };
        Act::Return(Outcome {
            memories: texts
                .lock()
                .unwrap()
                .next()
                .map(entry)
                .into_iter()
                .collect(),
            ..Outcome::default()
        })
    });
    let memory = Memories::default();
    let hall = Hall::open_with(quiet(), &["nova"], personas, memory, async |_, _| {}).await;
    sleep(SECOND).await;
    for (n, waiting) in [(1, 1), (2, 0)] {
        hall.context(n, "goal").await;
        sleep(1_300 * SECOND).await;
        let outbox = hall
            .store
            .pending_memories(10, Duration::ZERO)
            .await
            .unwrap();
        assert_eq!(outbox.len(), waiting);
    }
    hall.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_module_that_is_taken_back_takes_what_it_wrote_with_it() {
    let personas = Arc::new(Scripted::default());
    let count = |call: &Call| call.turn.state.as_ref().map_or(0, |state| state.bytes[0]);
    let writes = |count: u8| Outcome {
        state: Some(State {
            version: 1,
            bytes: Arc::from([count]),
        }),
        ..Outcome::default()
    };
    personas.on("nova", move |call| Act::Return(writes(count(call) + 1)));
    personas.serves("nova", "good", &[]);
    let hall = Hall::open(quiet(), &["nova"], personas.clone()).await;
    let mut records = hall.listen(TopicKind::PersonaCalls).await;
    let mut at = 0;
    let mut call = async || {
        at += 2;
        sleep(2 * SECOND).await;
        hall.context(at, &format!("goal {at}")).await;
        record(&mut records, |_| true).await
    };
    let digest = |record: &CallRecord| record.module.digest.clone();
    let given = |record: &CallRecord| record.turn.state.as_ref().map(|state| state.bytes[0]);
    assert_eq!(given(&call().await), None);
    personas.serves("nova", "bad", &[]);
    assert_eq!(
        given(&call().await),
        Some(1),
        "the new version reads the old one's state"
    );
    assert_eq!(given(&call().await), Some(2), "and its own");

    // It is taken back while a call of it runs.
    let back = personas.clone();
    personas.on("nova", move |call| {
        let back = back.clone();
        tokio::spawn(async move {
            sleep(SECOND / 2).await;
            back.serves("nova", "good", &["bad"]);
        });
        Act::ReturnAfter(SECOND, writes(count(call) + 1))
    });
    let late = call().await;
    assert_eq!((digest(&late), given(&late)), ("bad".into(), Some(3)));
    personas.on("nova", move |call| Act::Return(writes(count(call) + 100)));
    let after = call().await;
    assert_eq!((digest(&after), given(&after)), ("good".into(), Some(1)));

    // A call that got the state of one that is taken back before it runs.
    let again = personas.clone();
    personas.serves("nova", "worse", &["bad"]);
    call().await;
    personas.on("nova", move |_| {
        again.serves("nova", "good", &["bad", "worse"]);
        Act::Return(writes(200))
    });
    call().await;
    personas.on("nova", move |call| Act::Return(writes(count(call))));
    assert_eq!(given(&call().await), Some(101));
    let nova = PersonaId::new("nova").unwrap();
    let rejected = ["bad".into(), "worse".into()];
    let stored = hall.store.state(&hall.room, &nova, &rejected).await;
    assert_eq!(stored.unwrap().unwrap().state.bytes[0], 101);
    hall.close().await;
}
