//! What waits in the outbox when the memory fails, or fails at some of it.

use crate::{
    quiet,
    support::{Act, Gauges, Hall, Memories, Scripted},
};
use chatter_protocol::{
    CallId, Clock, PersonaId, Timestamp,
    call::Outcome,
    memory::{Kind, NewEntry},
};
use chatter_store::{CallCommit, Sqlite, Store};
use chatter_worker::deliver;
use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::time::sleep;

const SECOND: Duration = Duration::from_secs(1);

/// What the memory always fails at.
const BAD: &str = "choke on me";

fn entry(text: &str) -> NewEntry {
    NewEntry {
        kind: Kind::PersonaNote,
        text: text.into(),
        about: None,
        confidence: 1.0,
        source: None,
    }
}

async fn wait_in(store: &dyn Store, room: &str, persona: &str, texts: &[&str]) {
    let commit = CallCommit {
        call_id: CallId::new(),
        room: room.parse().unwrap(),
        persona: PersonaId::new(persona).unwrap(),
        digest: "0".into(),
        state: None,
        lines: Vec::new(),
        memories: texts.iter().map(|text| entry(text)).collect(),
        at: Timestamp::from_millis(0),
        fence: None,
    };
    store.commit(commit).await.unwrap();
}

/// What arrives of entries that wait before the worker comes.
async fn delivered(
    memory: Memories,
    waiting: &[(&str, &str, &[&str])],
    after: Duration,
) -> Vec<String> {
    let personas = Arc::new(Scripted::default());
    let hall = Hall::open_with(quiet(), &["nova"], personas, memory, async |_, store| {
        for (room, persona, texts) in waiting {
            wait_in(store, room, persona, texts).await;
        }
    })
    .await;
    sleep(after).await;
    let kept = hall.memory.kept.lock().unwrap().clone();
    hall.close().await;
    kept.into_iter().map(|(_, text)| text).collect()
}

#[tokio::test(start_paused = true)]
async fn entries_that_fail_hold_up_no_others_wherever_they_stand() {
    let kept = async |waiting: &[(&str, &str, &[&str])]| {
        let mut kept = delivered(Memories::default(), waiting, 200 * SECOND).await;
        kept.sort_unstable();
        kept
    };
    // First of its scope; in each scope that comes first; and of another tenant.
    let first = ("main/lobby", "nova", &[BAD, BAD, BAD, BAD, "fine"][..]);
    assert_eq!(kept(&[first]).await, ["fine"]);
    let bad = &[BAD; 20][..];
    let mut waiting: Vec<_> = ["a", "b", "c", "d", "e"]
        .map(|persona| ("acme/lobby", persona, bad))
        .into();
    waiting.push(("acme/lobby", "z", &["late"]));
    waiting.push(("main/lobby", "nova", &["one", "two"]));
    assert_eq!(kept(&waiting).await, ["late", "one", "two"]);
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_fails_alone_holds_up_its_scope_for_seconds() {
    let memory = Memories {
        takes: SECOND / 10,
        ..Memories::default()
    };
    let others = ["other"; 200];
    let waiting = [
        ("main/lobby", "nova", &["one", BAD, "two", "three"][..]),
        ("main/lobby", "rex", &others),
    ];
    let mut kept = delivered(memory, &waiting, 10 * SECOND).await;
    assert!(kept.len() < 200, "others still arrive: {}", kept.len());
    kept.retain(|text| text != "other");
    assert_eq!(kept, ["one", "two", "three"]);
}

#[tokio::test(start_paused = true)]
async fn entries_that_are_set_aside_use_up_nothing_of_their_tenants_share() {
    let memory = Memories {
        takes: SECOND / 20,
        ..Memories::default()
    };
    let others = ["other"; 100];
    let personas: Vec<_> = (0..20).map(|n| format!("p{n}")).collect();
    let rooms: Vec<_> = (0..20).map(|n| format!("t{n}/lobby")).collect();
    let mut waiting: Vec<(&str, &str, &[&str])> = personas
        .iter()
        .map(|persona| ("acme/lobby", persona.as_str(), &[BAD][..]))
        .collect();
    waiting.push(("acme/lobby", "nova", &["fine"]));
    waiting.extend(
        rooms
            .iter()
            .map(|room| (room.as_str(), "nova", &others[..])),
    );
    let kept = delivered(memory, &waiting, 100 * SECOND).await;
    assert_eq!(kept.len(), 2_001);
    let place = kept.iter().position(|text| text == "fine").unwrap();
    assert!(place < 1_400, "after {place} others");
}

#[tokio::test(start_paused = true)]
async fn after_an_outage_each_scopes_entries_arrive_in_their_order() {
    let personas = Arc::new(Scripted::default());
    let memory = Memories {
        takes: SECOND / 20,
        ..Memories::default()
    };
    let hall = Hall::open_with(quiet(), &["nova"], personas, memory, async |_, _| {}).await;
    let scopes: Vec<_> = ["main/lobby", "acme/lobby"]
        .into_iter()
        .flat_map(|room| ["a", "b", "c", "d", "e"].map(|persona| (room, persona)))
        .collect();
    let texts: Vec<_> = (0..40).map(|n| n.to_string()).collect();
    let texts: Vec<_> = texts.iter().map(String::as_str).collect();
    let wait = async |texts: &[&str]| {
        for (room, persona) in &scopes {
            wait_in(&*hall.store, room, persona, texts).await;
        }
    };
    // It goes away in the middle of a round, and again soon after it was back.
    wait(&texts[..20]).await;
    let is_away = |is_away| hall.memory.is_away.store(is_away, Ordering::SeqCst);
    sleep(SECOND).await;
    is_away(true);
    wait(&texts[20..]).await;
    sleep(3_600 * SECOND).await;
    is_away(false);
    let before = hall.memory.kept.lock().unwrap().len();
    assert!((1..200).contains(&before), "{before} before the outage");
    // The pause between two tries is 30 s.
    sleep(31 * SECOND).await;
    is_away(true);
    sleep(600 * SECOND).await;
    is_away(false);
    sleep(60 * SECOND).await;
    let mut kept: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (scope, text) in hall.memory.kept.lock().unwrap().iter() {
        kept.entry(scope.clone()).or_default().push(text.clone());
    }
    assert_eq!(kept.len(), scopes.len());
    for (scope, kept) in kept {
        assert_eq!(kept, texts, "{scope}");
    }
    hall.close().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_call_keeps_is_known_to_wait_however_much_waits_before_it() {
    let personas = Arc::new(Scripted::default());
    let kept = entry("the latest");
    personas.on("nova", move |_| {
        Act::Return(Outcome {
            memories: vec![kept.clone()],
            ..Outcome::default()
        })
    });
    let memory = Memories {
        is_away: true.into(),
        ..Memories::default()
    };
    // More than are in view.
    let before: Vec<_> = (0..300).map(|n| n.to_string()).collect();
    let before: Vec<_> = before.iter().map(String::as_str).collect();
    let hall = Hall::open_with(quiet(), &["nova"], personas, memory, async |_, store| {
        wait_in(store, "main/lobby", "nova", &before).await;
    })
    .await;
    sleep(SECOND).await;
    let expected = || hall.memory.expected.lock().unwrap().clone();
    assert_eq!(expected(), before[..256]);
    hall.context(1, "goal").await;
    sleep(10 * SECOND).await;
    assert_eq!(expected().last().unwrap(), "the latest");
    hall.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_memory_has_as_long_as_it_may_take() {
    let arrived = async |write_wait| {
        let memory = Memories {
            takes: 100 * SECOND,
            write_wait: Some(write_wait),
            ..Memories::default()
        };
        let waiting = [("main/lobby", "nova", &["slow"][..])];
        delivered(memory, &waiting, 1_000 * SECOND).await
    };
    assert_eq!(arrived(100 * SECOND).await, ["slow"]);
    assert!(arrived(50 * SECOND).await.is_empty(), "it hangs");
}

#[tokio::test(start_paused = true)]
async fn a_tenant_with_many_scopes_that_fail_holds_up_no_other_tenant() {
    let personas = Arc::new(Scripted::default());
    let bad: Vec<_> = (0..40).map(|n| format!("p{n}")).collect();
    let hall = Hall::open_with(
        quiet(),
        &["nova"],
        personas,
        Memories::default(),
        async |_, store| {
            for persona in &bad {
                wait_in(store, "acme/lobby", persona, &[BAD]).await;
            }
        },
    )
    .await;
    for n in 0..10 {
        sleep(300 * SECOND).await;
        wait_in(&*hall.store, "main/lobby", "nova", &["fine"]).await;
        // The pause between two tries is 30 s.
        sleep(31 * SECOND).await;
        assert_eq!(hall.memory.kept.lock().unwrap().len(), n + 1);
    }
    hall.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_memory_that_refuses_everything_loses_nothing_that_it_failed_at_before() {
    let personas = Arc::new(Scripted::default());
    let hall = Hall::open_with(
        quiet(),
        &["nova"],
        personas,
        Memories::default(),
        async |_, _| {},
    )
    .await;
    wait_in(&*hall.store, "main/lobby", "a", &[BAD]).await;
    for _ in 0..5 {
        wait_in(&*hall.store, "main/lobby", "b", &["fine"]).await;
        sleep(30 * SECOND).await;
    }
    assert_eq!(hall.memory.kept.lock().unwrap().len(), 5);
    hall.memory.refuses.store(true, Ordering::SeqCst);
    wait_in(&*hall.store, "main/lobby", "b", &["later"]).await;
    sleep(3_600 * SECOND).await;
    let waiting = hall.store.pending_memories(10, Duration::ZERO).await;
    let mut texts: Vec<_> = waiting
        .unwrap()
        .into_iter()
        .map(|waiting| waiting.entry.text)
        .collect();
    texts.sort_unstable();
    assert_eq!(texts, [BAD, "later"]);
    hall.memory.refuses.store(false, Ordering::SeqCst);
    sleep(60 * SECOND).await;
    assert_eq!(hall.memory.kept.lock().unwrap().len(), 6);
    hall.close().await;
}

#[tokio::test(start_paused = true)]
async fn as_long_as_the_one_that_delivers_is_there_no_other_does() {
    let texts: Vec<_> = (0..20).map(|n| n.to_string()).collect();
    let texts: Vec<_> = texts.iter().map(String::as_str).collect();
    // In pauses and in rounds that take longer than one counts as there that says nothing.
    let away = Memories {
        away_for: u32::MAX,
        ..Memories::default()
    };
    let slow = Memories {
        takes: 25 * SECOND,
        ..Memories::default()
    };
    for (what, memory, before) in [("away", away, 0), ("slow", slow, 16)] {
        let store = Arc::new(Sqlite::in_memory().unwrap());
        wait_in(&*store, "main/lobby", "nova", &texts).await;
        let (one, other) = (Arc::new(memory), Arc::new(Memories::default()));
        let deliver = |memory: &Arc<Memories>| {
            let clock = Clock::from_fn(|| Timestamp::from_millis(0));
            tokio::spawn(deliver(store.clone(), memory.clone(), clock))
        };
        let (first, second) = (deliver(&one), deliver(&other));
        sleep(410 * SECOND).await;
        assert_eq!(one.kept.lock().unwrap().len(), before, "{what}");
        assert_eq!(other.tries.load(Ordering::SeqCst), 0, "{what}");
        first.abort();
        sleep(30 * SECOND).await;
        let kept = other.kept.lock().unwrap().clone();
        let kept: Vec<_> = kept.into_iter().map(|(_, text)| text).collect();
        assert_eq!(kept, texts[before..], "{what}");
        second.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn what_can_not_be_read_holds_up_nothing_and_arrives_when_it_can() {
    let gauges = Gauges::default();
    let _recorded = metrics::set_default_local_recorder(&gauges);
    let unreadable = || gauges.get("chatter_memories_unreadable");
    let personas = Arc::new(Scripted::default());
    // More than are in view.
    let mut waiting = vec!["unreadable"; 300];
    waiting.extend(["one", "two"]);
    let hall = Hall::open_with(
        quiet(),
        &["nova"],
        personas,
        Memories::default(),
        async |_, store| wait_in(store, "main/lobby", "nova", &waiting).await,
    )
    .await;
    let kept = || hall.memory.kept.lock().unwrap().len();
    sleep(SECOND).await;
    assert_eq!((kept(), unreadable()), (2, Some(300.0)));
    sleep(3_600 * SECOND).await;
    assert_eq!((kept(), unreadable()), (2, Some(300.0)));
    hall.store.reads_all.store(true, Ordering::SeqCst);
    sleep(700 * SECOND).await;
    assert_eq!((kept(), unreadable()), (302, Some(0.0)));
    hall.close().await;
}

#[tokio::test(start_paused = true)]
async fn how_many_are_set_aside_is_told_whenever_it_changes() {
    let gauges = Gauges::default();
    let _recorded = metrics::set_default_local_recorder(&gauges);
    let aside = || gauges.get("chatter_memories_set_aside");
    let personas = Arc::new(Scripted::default());
    let memory = Memories::default();
    let hall = Hall::open_with(quiet(), &["nova"], personas, memory, async |_, _| {}).await;
    sleep(10 * SECOND).await;
    assert_eq!(aside(), Some(0.0), "after the start");
    wait_in(&*hall.store, "main/lobby", "a", &[BAD]).await;
    for _ in 0..3 {
        wait_in(&*hall.store, "main/lobby", "b", &["fine"]).await;
        sleep(30 * SECOND).await;
    }
    assert_eq!(aside(), Some(1.0));
    // Somebody else takes it out.
    let waiting = hall.store.pending_memories(10, Duration::ZERO).await;
    let ids = waiting.unwrap().into_iter().map(|memory| memory.id);
    hall.store.settle_memories(ids.collect()).await.unwrap();
    sleep(1_200 * SECOND).await;
    assert_eq!(aside(), Some(0.0), "it is gone");
    hall.close().await;
}
