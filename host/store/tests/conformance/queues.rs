//! Lines on their way to the gateway, memories on their way to the memory; and sessions.

use super::{LONG, Subject, call, lobby, memory, message, nova, rex, says, studio, waiting_lines};
use chatter_protocol::{AuthorId, ChatMessage, MessageId, Timestamp, call::Fate};
use chatter_store::{
    CallCommit, FATES_KEPT, LINES_WAIT, OutboxEntry, OutboxId, PendingMemory, ROOM_MEMORIES_WAIT,
    Store, StoreError, StoredSession,
};
use std::{sync::Arc, time::Duration};

const NOW: Duration = Duration::ZERO;

pub(crate) async fn lines_stay_in_the_queue_until_they_are_settled(subject: &impl Subject) {
    let store = subject.open().await;
    let lines: Vec<ChatMessage> = (0..5).map(|n| message(&format!("line {n}"))).collect();
    store.commit(says(lines[..3].to_vec())).await.unwrap();
    let other = CallCommit {
        persona: rex(),
        ..says(lines[3..].to_vec())
    };
    store.commit(other).await.unwrap();

    for _ in 0..2 {
        let oldest = store.pending_lines(&lobby(), 2, NOW).await.unwrap();
        let oldest: Vec<_> = oldest.into_iter().map(|line| line.message).collect();
        assert_eq!(
            oldest,
            lines[..2],
            "in the order of the commits, and again until settled"
        );
    }
    assert_eq!(waiting_lines(&store, &lobby()).await, lines);
    assert_eq!(waiting_lines(&store, &studio()).await, []);
    assert!(
        store
            .pending_lines(&lobby(), 0, LONG)
            .await
            .unwrap()
            .is_empty()
    );

    let dropped = Fate::Dropped("blocklist".into());
    let settled = vec![
        (lines[1].id, dropped.clone()),
        (lines[3].id, Fate::Accepted),
        (lines[0].id, Fate::Pending),
        (MessageId::new(), Fate::Accepted),
    ];
    store
        .settle_lines(&studio(), settled.clone())
        .await
        .unwrap();
    assert_eq!(
        waiting_lines(&store, &lobby()).await,
        lines,
        "another room's lines are not meant"
    );
    store.settle_lines(&lobby(), settled).await.unwrap();
    store
        .settle_lines(&lobby(), vec![(lines[1].id, Fate::Accepted)])
        .await
        .unwrap();
    let left = [&lines[0], &lines[2], &lines[4]].map(Clone::clone);
    assert_eq!(waiting_lines(&store, &lobby()).await, left);

    let fates = store.fates(&lobby(), &nova(), 10).await.unwrap();
    let fates: Vec<_> = fates
        .into_iter()
        .map(|line| (line.message_id, line.fate))
        .collect();
    let expected = [
        (lines[0].id, Fate::Pending),
        (lines[1].id, dropped),
        (lines[2].id, Fate::Pending),
    ];
    assert_eq!(fates, expected, "what was settled first stays");
}

pub(crate) async fn fates_are_kept_for_the_latest_lines(subject: &impl Subject) {
    let store = subject.open().await;
    assert!(store.fates(&lobby(), &nova(), 5).await.unwrap().is_empty());
    let first = message("still waiting");
    store.commit(says([first.clone()])).await.unwrap();
    let lines: Vec<ChatMessage> = (0..FATES_KEPT + 9)
        .map(|n| message(&format!("line {n}")))
        .collect();
    for line in &lines {
        store.commit(says([line.clone()])).await.unwrap();
        store
            .settle_lines(&lobby(), vec![(line.id, Fate::Accepted)])
            .await
            .unwrap();
    }
    let texts = async |limit| -> Vec<String> {
        let fates = store.fates(&lobby(), &nova(), limit).await.unwrap();
        fates.into_iter().map(|line| line.text).collect()
    };
    let latest: Vec<String> = lines[9..].iter().map(|line| line.text.clone()).collect();
    assert_eq!(texts(FATES_KEPT).await, latest);
    assert_eq!(texts(3).await, latest[FATES_KEPT - 3..]);
    assert_eq!(
        texts(100).await.len(),
        FATES_KEPT + 1,
        "older ones are forgotten"
    );
    assert_eq!(
        waiting_lines(&store, &lobby()).await,
        [first],
        "but none that waits"
    );
}

pub(crate) async fn a_full_queue_refuses_lines(subject: &impl Subject) {
    let store = subject.open().await;
    let lines: Vec<ChatMessage> = (0..LINES_WAIT).map(|n| message(&n.to_string())).collect();
    for lines in lines.chunks(100) {
        store.commit(says(lines.to_vec())).await.unwrap();
    }
    let late = CallCommit {
        memories: vec![memory("not to be kept")],
        ..says([message("late")])
    };
    let error = store.commit(late.clone()).await.unwrap_err();
    assert!(
        matches!(
            error,
            StoreError::Full {
                bound: LINES_WAIT,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(store.pending_memories(1, NOW).await.unwrap().is_empty());
    assert_eq!(waiting_lines(&store, &lobby()).await, lines);

    let elsewhere = CallCommit {
        room: studio(),
        ..says([message("elsewhere")])
    };
    store.commit(elsewhere).await.unwrap();
    store
        .settle_lines(&lobby(), vec![(lines[7].id, Fate::Accepted)])
        .await
        .unwrap();
    store.commit(late).await.unwrap();
}

pub(crate) async fn whoever_waits_for_lines_is_woken(subject: &impl Subject) {
    let store = Arc::new(subject.open().await);
    // Many times, so that a wake-up that comes between question and wait would show.
    for _ in 0..50 {
        let line = message("hello");
        let gateway = Arc::clone(&store);
        let waiting =
            tokio::spawn(async move { gateway.pending_lines(&lobby(), 10, LONG).await.unwrap() });
        store
            .commit(CallCommit {
                room: studio(),
                ..says([message("no")])
            })
            .await
            .unwrap();
        store.commit(says([line.clone()])).await.unwrap();
        let woken = tokio::time::timeout(LONG / 2, waiting)
            .await
            .expect("woken")
            .unwrap();
        assert_eq!(woken[0].message, line);
        store
            .settle_lines(&lobby(), vec![(line.id, Fate::Accepted)])
            .await
            .unwrap();
    }
}

pub(crate) async fn whoever_waits_for_memories_is_woken(subject: &impl Subject) {
    let store = Arc::new(subject.open().await);
    for _ in 0..50 {
        let courier = Arc::clone(&store);
        let waiting =
            tokio::spawn(async move { courier.pending_memories(10, LONG).await.unwrap() });
        store
            .commit(CallCommit {
                memories: vec![memory("a")],
                ..call()
            })
            .await
            .unwrap();
        let woken = tokio::time::timeout(LONG / 2, waiting)
            .await
            .expect("woken")
            .unwrap();
        store
            .settle_memories(woken.into_iter().map(|memory| memory.id).collect())
            .await
            .unwrap();
    }
}

pub(crate) async fn memories_stay_in_the_outbox_until_they_are_settled(subject: &impl Subject) {
    let store = subject.open().await;
    let first = CallCommit {
        memories: vec![memory("a"), memory("b")],
        ..call()
    };
    let second = CallCommit {
        room: studio(),
        persona: rex(),
        memories: vec![memory("c")],
        at: Timestamp::from_millis(5),
        ..call()
    };
    store.commit(first.clone()).await.unwrap();
    store.commit(second.clone()).await.unwrap();
    let all = async || store.pending_memories(10, NOW).await.unwrap();
    let outbox = all().await;
    let entries: Vec<_> = outbox.iter().map(|memory| memory.entry.clone()).collect();
    assert_eq!(entries, [&*first.memories, &*second.memories].concat());
    assert_eq!(outbox[2].scope.to_string(), "room:acme/studio|agent:rex");
    assert_eq!((outbox[0].at, outbox[2].at), (first.at, second.at));
    let mut write_ids: Vec<_> = outbox.iter().map(|memory| &memory.write_id).collect();
    write_ids.dedup();
    assert_eq!(write_ids.len(), 3);
    assert_eq!(
        all().await,
        outbox,
        "the same again, with the same write ids"
    );
    let first_of_each = [outbox[0].clone(), outbox[2].clone()];
    assert_eq!(store.pending_memories(2, NOW).await.unwrap(), first_of_each);

    let ids: Vec<OutboxId> = outbox.iter().map(|memory| memory.id.clone()).collect();
    let unknown = OutboxId {
        number: i64::MAX,
        room: ids[0].room.clone(),
    };
    let arrived = vec![ids[0].clone(), ids[2].clone(), unknown];
    store.settle_memories(arrived).await.unwrap();
    assert_eq!(all().await, outbox[1..2]);
    store.settle_memories(vec![ids[1].clone()]).await.unwrap();
    assert_eq!(all().await, Vec::<PendingMemory>::new());

    // A late second settling must not hit what came after.
    store
        .commit(CallCommit {
            memories: vec![memory("d")],
            ..call()
        })
        .await
        .unwrap();
    store.settle_memories(ids).await.unwrap();
    assert_eq!(all().await.len(), 1);
}

pub(crate) async fn a_tenant_with_many_memories_holds_up_no_other(subject: &impl Subject) {
    let store = subject.open().await;
    let numbered = |count: usize| (0..count).map(|n| memory(&n.to_string())).collect();
    store
        .commit(CallCommit {
            memories: numbered(50),
            ..call()
        })
        .await
        .unwrap();
    let other = CallCommit {
        room: studio(),
        memories: numbered(2),
        ..call()
    };
    store.commit(other).await.unwrap();
    let handed_out = store.pending_memories(10, NOW).await.unwrap();
    let handed_out: Vec<_> = handed_out
        .iter()
        .map(|memory| (memory.scope.room.as_str(), &*memory.entry.text))
        .collect();
    let mut expected: Vec<_> = ["0", "1", "2", "3", "4", "5", "6", "7"]
        .map(|text| ("main/lobby", text))
        .to_vec();
    expected.extend([("acme/studio", "0"), ("acme/studio", "1")]);
    assert_eq!(handed_out, expected);
}

pub(crate) async fn memories_that_are_passed_over_take_no_part_of_a_share(subject: &impl Subject) {
    let store = subject.open().await;
    let numbered = || (0..1_100).map(|n| memory(&n.to_string()));
    for room in [lobby(), studio()] {
        let commit = CallCommit {
            room,
            memories: numbered().collect(),
            ..call()
        };
        store.commit(commit).await.unwrap();
    }
    let all = all_memories(&store).await;
    let others: Vec<_> = all
        .iter()
        .filter(|memory| memory.scope.room == lobby())
        .map(|memory| memory.id.clone())
        .take(1_050)
        .collect();
    let handed_out = store.pending_memories_but(&others, 4, NOW).await.unwrap();
    let handed_out: Vec<_> = handed_out
        .iter()
        .flatten()
        .map(|memory| (memory.scope.room.as_str(), &*memory.entry.text))
        .collect();
    let expected = [
        ("main/lobby", "1050"),
        ("main/lobby", "1051"),
        ("acme/studio", "0"),
        ("acme/studio", "1"),
    ];
    assert_eq!(handed_out, expected);
    let all: Vec<_> = all.into_iter().map(|memory| memory.id).collect();
    assert_eq!(store.pending_memories_but(&all, 4, NOW).await.unwrap(), []);
}

pub(crate) async fn a_memory_that_can_not_be_read_holds_up_no_other(subject: &impl Subject) {
    let store = subject.open().await;
    let commit = CallCommit {
        memories: ["a", "b", "c"].map(memory).into(),
        ..call()
    };
    store.commit(commit).await.unwrap();
    let ids: Vec<OutboxId> = all_memories(&store)
        .await
        .into_iter()
        .map(|memory| memory.id)
        .collect();
    subject.spoil(&ids[1]);
    let told = |entry: OutboxEntry| match entry {
        Ok(memory) => Ok(memory.entry.text),
        Err(unreadable) => Err(unreadable.id),
    };
    let expected = [Ok("a".to_owned()), Err(ids[1].clone()), Ok("c".to_owned())];
    for _ in 0..2 {
        let all = store.all_pending_memories().await.unwrap();
        assert_eq!(all.into_iter().map(told).collect::<Vec<_>>(), expected);
        let some = store.pending_memories_but(&[], 9, NOW).await.unwrap();
        assert_eq!(some.into_iter().map(told).collect::<Vec<_>>(), expected);
    }
    let readable = store.pending_memories(9, NOW).await.unwrap();
    assert_eq!(readable.len(), 2, "whoever can do nothing about it");
    let others = store.pending_memories_but(&ids[1..2], 2, NOW).await;
    let others: Vec<_> = others.unwrap().into_iter().map(told).collect();
    assert_eq!(others, [Ok("a".to_owned()), Ok("c".to_owned())]);
    store.settle_memories(ids).await.unwrap();
    assert_eq!(store.all_pending_memories().await.unwrap(), []);
}

/// All that wait; each can be read.
async fn all_memories(store: &impl Store) -> Vec<PendingMemory> {
    let all = store.all_pending_memories().await.unwrap();
    all.into_iter().map(Result::unwrap).collect()
}

pub(crate) async fn of_a_rooms_memories_that_wait_the_oldest_give_way(subject: &impl Subject) {
    let store = subject.open().await;
    let elsewhere = CallCommit {
        room: studio(),
        memories: vec![memory("elsewhere")],
        ..call()
    };
    store.commit(elsewhere).await.unwrap();
    const COMMITS: usize = 10;
    let each = ROOM_MEMORIES_WAIT / COMMITS + 1;
    for n in 0..COMMITS {
        let from = n * each;
        let persona = if n % 2 == 0 { nova() } else { rex() };
        let commit = CallCommit {
            persona,
            memories: (from..from + each)
                .map(|n| memory(&n.to_string()))
                .collect(),
            ..call()
        };
        store.commit(commit).await.unwrap();
    }
    let all = all_memories(&store).await;
    assert_eq!(all.len(), ROOM_MEMORIES_WAIT + 1);
    assert_eq!(all[1].entry.text, "10");
    let oldest = store.pending_memories(3, NOW).await.unwrap();
    let oldest: Vec<_> = oldest.iter().map(|memory| &*memory.entry.text).collect();
    assert_eq!(oldest, ["elsewhere", "10", "11"]);
}

pub(crate) async fn sessions_are_found_by_their_token(subject: &impl Subject) {
    let session = |token: &str, name: &str| StoredSession {
        token_sha256: token.into(),
        author_id: AuthorId::new("guest:ana-5f3c").unwrap(),
        name: name.into(),
        created_at: Timestamp::from_millis(1_769_860_800_000),
        used_at: Timestamp::from_millis(1_769_860_800_000),
    };
    let store = subject.open().await;
    let (ana, bea) = (session("aa", "Ana"), session("bb", "Bea"));
    store.put_session(ana).await.unwrap();
    store.put_session(bea.clone()).await.unwrap();
    let ana = StoredSession {
        used_at: Timestamp::from_millis(1_769_864_400_000),
        ..session("aa", "Ana the Second")
    };
    store.put_session(ana.clone()).await.unwrap();
    drop(store);
    let store = subject.open().await;
    for (token, found) in [("aa", Some(ana)), ("bb", Some(bea)), ("cc", None)] {
        assert_eq!(store.session(token).await.unwrap(), found, "{token}");
    }
}
