//! What comes of calls.

use super::{
    Subject, call, latest_state, lobby, memory, message, nova, rex, says, state, state_of, studio,
    waiting_lines,
};
use chatter_protocol::{
    CallId,
    call::{Fate, LineFate},
};
use chatter_store::{CALLS_KNOWN, CallCommit, STATES_KEPT, Store, StoreError};
use std::{sync::Arc, time::Duration};

/// A call with something of everything.
fn rich() -> CallCommit {
    CallCommit {
        state: Some(state(b"\x00\xffstate")),
        lines: vec![message("one"), message("two")],
        memories: vec![memory("a"), memory("b")],
        ..call()
    }
}

fn pending(commit: &CallCommit) -> Vec<LineFate> {
    let fate = |line: &chatter_protocol::ChatMessage| LineFate {
        message_id: line.id,
        text: line.text.clone(),
        fate: Fate::Pending,
    };
    commit.lines.iter().map(fate).collect()
}

/// That the store holds all of this call, and of no other.
async fn holds(store: &impl Store, commit: &CallCommit) {
    assert_eq!(latest_state(store, &[]).await, commit.state);
    assert_eq!(waiting_lines(store, &lobby()).await, commit.lines);
    assert_eq!(
        store.fates(&lobby(), &nova(), 10).await.unwrap(),
        pending(commit)
    );
    let memories = store.pending_memories(10, Duration::ZERO).await.unwrap();
    for memory in &memories {
        assert_eq!(memory.scope.to_string(), "room:main/lobby|agent:nova");
        assert_eq!(memory.at, commit.at);
    }
    let entries: Vec<_> = memories.into_iter().map(|memory| memory.entry).collect();
    assert_eq!(entries, commit.memories);
}

pub(crate) async fn a_commit_is_seen_as_a_whole(subject: &impl Subject) {
    let store = subject.open().await;
    holds(&store, &call()).await;
    let commit = rich();
    store.commit(commit.clone()).await.unwrap();
    holds(&store, &commit).await;
    store.commit(call()).await.unwrap();
    holds(&store, &commit).await;
}

pub(crate) async fn a_commit_that_fails_leaves_nothing(subject: &impl Subject) {
    let store = Arc::new(subject.open().await);
    let before = rich();
    store.commit(before.clone()).await.unwrap();

    let good = CallCommit {
        state: Some(state(b"new")),
        ..rich()
    };
    let twice = vec![
        message("three"),
        good.lines[0].clone(),
        good.lines[0].clone(),
    ];
    let again = vec![message("three"), before.lines[1].clone()];
    let mut nonsense = memory("c");
    nonsense.confidence = f64::NAN;
    let bad = [
        CallCommit {
            lines: twice,
            ..good.clone()
        },
        CallCommit {
            lines: again,
            ..good.clone()
        },
        CallCommit {
            memories: vec![memory("c"), nonsense],
            ..good.clone()
        },
    ];
    for bad in bad {
        let error = store.commit(bad).await.unwrap_err();
        assert!(matches!(error, StoreError::Refused(_)), "{error:?}");
        holds(&*store, &before).await;
    }

    // Others that are written at the same time come to no harm.
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..40 {
        let line = message(&format!("line {n}"));
        let lines = if n % 2 == 0 {
            vec![line.clone(), line]
        } else {
            vec![line]
        };
        let commit = CallCommit {
            room: studio(),
            lines,
            ..call()
        };
        let store = Arc::clone(&store);
        tasks.spawn(async move { (n % 2 == 1, store.commit(commit).await.is_ok()) });
    }
    assert!(
        tasks
            .join_all()
            .await
            .into_iter()
            .all(|(good, kept)| good == kept)
    );
    assert_eq!(waiting_lines(&*store, &studio()).await.len(), 20);

    // What failed was not taken for committed.
    store.commit(good.clone()).await.unwrap();
    assert_eq!(latest_state(&*store, &[]).await, good.state);
    assert_eq!(
        waiting_lines(&*store, &lobby()).await,
        [before.lines, good.lines].concat()
    );
}

pub(crate) async fn a_second_commit_of_a_call_changes_nothing(subject: &impl Subject) {
    let store = subject.open().await;
    let first = rich();
    store.commit(first.clone()).await.unwrap();
    store.commit(first.clone()).await.unwrap();
    holds(&store, &first).await;

    let other = CallCommit {
        state: Some(state(b"other")),
        lines: vec![message("no")],
        ..first
    };
    let latest = Some(state(b"latest"));
    for _ in 1..CALLS_KNOWN {
        store
            .commit(CallCommit {
                state: latest.clone(),
                ..call()
            })
            .await
            .unwrap();
    }
    store.commit(other).await.unwrap();
    assert_eq!(latest_state(&store, &[]).await, latest);
    assert_eq!(waiting_lines(&store, &lobby()).await.len(), 2);
}

pub(crate) async fn commits_survive_closing(subject: &impl Subject) {
    let store = subject.open().await;
    let commit = rich();
    store.commit(commit.clone()).await.unwrap();
    drop(store);
    let store = subject.open().await;
    holds(&store, &commit).await;
    store.commit(commit.clone()).await.unwrap();
    holds(&store, &commit).await;
}

pub(crate) async fn personas_have_states_of_their_own(subject: &impl Subject) {
    let store = subject.open().await;
    let seats = [(lobby(), nova()), (lobby(), rex()), (studio(), nova())];
    for (n, (room, persona)) in (0_u8..).zip(seats.clone()) {
        assert_eq!(state_of(&store, &room, &persona, &[]).await, None);
        let state = Some(state(&[n]));
        // One id for all: whether a call is known is asked of its persona alone.
        let call_id = CallId::from_parts(1, [7; 10]);
        let (room, lines) = (room.clone(), vec![message("hello")]);
        store
            .commit(CallCommit {
                call_id,
                room,
                persona,
                state,
                lines,
                ..call()
            })
            .await
            .unwrap();
    }
    for (n, (room, persona)) in (0_u8..).zip(seats) {
        assert_eq!(
            state_of(&store, &room, &persona, &[]).await,
            Some(state(&[n]))
        );
        assert_eq!(store.fates(&room, &persona, 10).await.unwrap().len(), 1);
    }
    store
        .commit(CallCommit {
            state: Some(state(b"")),
            ..says([])
        })
        .await
        .unwrap();
    assert_eq!(latest_state(&store, &[]).await, Some(state(b"")));
}

pub(crate) async fn a_module_that_is_taken_back_takes_its_state_with_it(subject: &impl Subject) {
    let store = subject.open().await;
    let writes = |digest: &str, bytes: &[u8]| CallCommit {
        digest: digest.into(),
        state: Some(state(bytes)),
        ..call()
    };
    let written = [
        ("good", "1"),
        ("bad", "2"),
        ("good", "3"),
        ("bad", "4"),
        ("worse", "5"),
    ];
    for (digest, bytes) in written {
        let commit = writes(digest, bytes.as_bytes());
        store.commit(commit).await.unwrap();
    }
    let cases: [(&[&str], Option<&str>); 5] = [
        (&[], Some("5")),
        (&["worse"], Some("4")),
        (&["worse", "bad"], Some("3")),
        (&["good", "unknown"], Some("5")),
        (&["good", "bad", "worse"], None),
    ];
    for (without, left) in cases {
        let without: Vec<Arc<str>> = without.iter().map(|digest| (*digest).into()).collect();
        let found = latest_state(&store, &without).await;
        let expected = left.map(|bytes| state(bytes.as_bytes()));
        assert_eq!(found, expected, "without {without:?}");
    }
    // What the bad one commits late is the latest, and still its own.
    store.commit(writes("bad", b"6")).await.unwrap();
    let without = ["bad".into(), "worse".into()];
    assert_eq!(latest_state(&store, &without).await, Some(state(b"3")));
    let stored = store.state(&lobby(), &nova(), &[]).await.unwrap().unwrap();
    assert_eq!((&*stored.digest, stored.state), ("bad", state(b"6")));
}

pub(crate) async fn states_are_kept_of_the_latest_modules(subject: &impl Subject) {
    let store = subject.open().await;
    let digests: Vec<Arc<str>> = (0..=STATES_KEPT).map(|n| n.to_string().into()).collect();
    for digest in &digests {
        let commit = CallCommit {
            digest: digest.clone(),
            state: Some(state(digest.as_bytes())),
            ..call()
        };
        store.commit(commit).await.unwrap();
    }
    let oldest = &digests[1];
    let expected = Some(state(oldest.as_bytes()));
    assert_eq!(latest_state(&store, &digests[2..]).await, expected);
    assert_eq!(latest_state(&store, &digests[1..]).await, None);
}
