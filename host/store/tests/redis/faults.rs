//! Servers that are slow or go away in the middle: nothing is lost, nothing is there twice.

use crate::{
    conformance::{
        LONG, call, lobby, memory, message, messages, nova, says, studio, waiting_lines,
    },
    open,
};
use chatter_protocol::{PersonaId, call::Fate};
use chatter_redis_server::{Proxy, RedisServer};
use chatter_store::{CallCommit, Change, Duty, Expected, Lease, Place, Shelf, Store, StoreError};
use std::{collections::HashSet, time::Duration};
use tokio::time::timeout;

const NOW: Duration = Duration::ZERO;

#[tokio::test]
async fn connections_that_end_in_the_middle_lose_nothing_and_double_nothing() {
    let server = RedisServer::start();
    let proxy = Proxy::before(server.address());
    let store = open(&proxy.url()).await;
    let (mut acknowledged, mut said) = (Vec::new(), Vec::new());
    for round in 0..24_u64 {
        // Before the answer, or somewhere else.
        if round % 3 == 0 {
            proxy.cut();
        } else {
            proxy.cut_before_answer(round % 3);
        }
        let batch = messages(3);
        // As senders do: again until it is acknowledged.
        let appended = loop {
            match store.append(&lobby(), batch.clone()).await {
                Ok(appended) => break appended,
                Err(StoreError::Unavailable(_)) => {}
                Err(error) => panic!("{error}"),
            }
        };
        let offsets = appended.places.iter().filter_map(|place| place.offset());
        acknowledged.extend(offsets.zip(batch));
        let commit = says([message(&format!("line {round}"))]);
        while let Err(error) = store.commit(commit.clone()).await {
            assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
        }
        said.extend(commit.lines);
    }
    let page = store.read_after(&lobby(), 0, 1000).await.unwrap();
    assert_eq!(
        page.messages, acknowledged,
        "each once, at the offset that was told"
    );
    assert_eq!(waiting_lines(&store, &lobby()).await, said);
}

/// The first try is done, and its answer is lost; the second finds what the first did.
#[tokio::test]
async fn what_a_lost_answer_was_about_is_new_and_what_was_there_before_is_not() {
    let server = RedisServer::start();
    let proxy = Proxy::before(server.address());
    let store = open(&proxy.url()).await;
    let before = messages(2);
    store.append(&lobby(), before.clone()).await.unwrap();
    let mut batch = messages(3);
    // Twice in one request, and once before it.
    batch.push(batch[0].clone());
    batch.push(before[1].clone());
    for lost in [true, false] {
        if lost {
            proxy.cut_before_answer(1);
        }
        let appended = store.append(&lobby(), batch.clone()).await.unwrap();
        let places = appended.places;
        let known = Place::Known;
        let first = if lost { Place::New } else { known };
        let expected = [first(3), first(4), first(5), known(3), known(2)];
        assert_eq!(places, expected, "{lost}");
    }
}

/// A script on a cluster may reach only what it was told of.
#[tokio::test]
async fn lines_of_several_personas_are_settled_together() {
    let server = RedisServer::start();
    let store = open(&server.url()).await;
    let mut settled = Vec::new();
    let rex: PersonaId = "rex".parse().unwrap();
    for persona in [nova(), rex.clone()] {
        let lines = [message("one"), message("two")];
        settled.extend(lines.iter().map(|line| (line.id, Fate::Accepted)));
        let commit = CallCommit {
            persona,
            ..says(lines)
        };
        store.commit(commit).await.unwrap();
    }
    settled.push((message("unknown").id, Fate::Accepted));
    store.settle_lines(&lobby(), settled).await.unwrap();
    for persona in [nova(), rex] {
        let fates = store.fates(&lobby(), &persona, 10).await.unwrap();
        let fates: Vec<_> = fates.into_iter().map(|line| line.fate).collect();
        assert_eq!(fates, [Fate::Accepted, Fate::Accepted]);
    }
    assert_eq!(waiting_lines(&store, &lobby()).await, []);
}

#[tokio::test]
async fn a_server_that_stands_still_is_not_waited_for_without_end() {
    let server = RedisServer::start();
    let store = open(&server.url()).await;
    let batch = messages(1);
    server.pause();
    let error = timeout(LONG, store.append(&lobby(), batch.clone()))
        .await
        .unwrap()
        .unwrap_err();
    assert!(
        matches!(&error, StoreError::Unavailable(why) if why.contains("did not answer")),
        "{error}"
    );
    server.go_on();
    let appended = loop {
        if let Ok(appended) = store.append(&lobby(), batch.clone()).await {
            break appended;
        }
        // What keeps the connection has its turn.
        tokio::task::yield_now().await;
    };
    assert_eq!(
        appended.places[0].offset(),
        Some(1),
        "whether the first one came through or not"
    );
    assert_eq!(store.head(&lobby()).await.unwrap().offset, 1);
}

#[tokio::test]
async fn a_slow_server_is_slow_and_nothing_else() {
    let server = RedisServer::start();
    let proxy = Proxy::before(server.address());
    let store = open(&proxy.url()).await;
    proxy.delay(Duration::from_millis(150));
    let batch = messages(20);
    store.append(&lobby(), batch.clone()).await.unwrap();
    let line = message("slow");
    let room = lobby();
    let waiting = store.pending_lines(&room, 1, LONG);
    let (lines, ()) = tokio::join!(waiting, async {
        store.commit(says([line.clone()])).await.unwrap()
    });
    assert_eq!(lines.unwrap()[0].message, line);
    let page = store.read_latest(&lobby(), 100).await.unwrap();
    assert_eq!(page.messages, (1..).zip(batch).collect::<Vec<_>>());
}

#[tokio::test]
async fn memories_are_delivered_by_one_at_a_time_and_by_another_after_its_end() {
    let server = RedisServer::start();
    let (first, second) = (open(&server.url()).await, open(&server.url()).await);
    let remember = |text: &str| CallCommit {
        memories: vec![memory(text)],
        ..says([])
    };
    first.commit(remember("a")).await.unwrap();
    let ours = first.pending_memories(9, NOW).await.unwrap();
    first.commit(remember("b")).await.unwrap();
    let theirs = second.pending_memories(9, NOW).await.unwrap();
    assert_eq!((ours.len(), theirs.len()), (1, 1));
    let ids: HashSet<_> = ours
        .into_iter()
        .chain(theirs)
        .map(|memory| memory.id)
        .collect();
    assert_eq!(ids.len(), 2);
    second
        .settle_memories(ids.into_iter().collect())
        .await
        .unwrap();
    assert_eq!(first.pending_memories(9, NOW).await.unwrap(), []);
}

/// A server that takes more than the client library would wait for, and less than chatter does.
#[tokio::test]
async fn a_server_that_takes_its_time_is_asked_once() {
    let server = RedisServer::start();
    let proxy = Proxy::before(server.address());
    let store = open(&proxy.url()).await;
    store.append(&lobby(), messages(1)).await.unwrap();
    store.head(&lobby()).await.unwrap();
    let connections = || {
        let stats = server.cli(&["INFO", "stats"]);
        let line = stats
            .lines()
            .find(|line| line.starts_with("total_connections_received"));
        line.unwrap()
            .rsplit(':')
            .next()
            .unwrap()
            .trim()
            .parse::<u64>()
            .unwrap()
    };
    let runs = || {
        let stats = server.cli(&["INFO", "commandstats"]);
        let line = stats
            .lines()
            .find(|line| line.starts_with("cmdstat_evalsha:"));
        line.unwrap()["cmdstat_evalsha:calls=".len()..]
            .split(',')
            .next()
            .unwrap()
            .parse::<u64>()
            .unwrap()
    };
    proxy.delay(Duration::from_millis(600));
    let before = (connections(), runs());
    store.append(&lobby(), messages(1)).await.unwrap();
    store.head(&lobby()).await.unwrap();
    // Those that ask the server how it is are connections, too.
    let after = (connections() - before.0, runs() - before.1);
    assert_eq!(after, (2, 2), "connections and scripts");
}

/// As an append leaves it that was refused in its middle.
#[tokio::test]
async fn an_append_that_was_half_done_is_mended() {
    let server = RedisServer::start();
    let store = open(&server.url()).await;
    let log = messages(3);
    store.append(&lobby(), log[..1].to_vec()).await.unwrap();
    let _ = server.cli(&["ACL", "SETUSER", "default", "-hset"]);
    store
        .append(&lobby(), log[1..2].to_vec())
        .await
        .unwrap_err();
    assert_eq!(server.cli(&["XLEN", "chatter:log:{main/lobby}"]), "2");
    let _ = server.cli(&["ACL", "SETUSER", "default", "+hset"]);
    let appended = store.append(&lobby(), log[1..].to_vec()).await.unwrap();
    let places: Vec<_> = appended.places.iter().map(|place| place.offset()).collect();
    assert_eq!(places, [Some(2), Some(3)]);
    let page = store.read_after(&lobby(), 0, 9).await.unwrap();
    assert_eq!(page.messages, (1..).zip(log).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_commit_whose_answer_was_lost_is_known_to_whoever_asks_after_another_took_over() {
    let server = RedisServer::start();
    let store = open(&server.url()).await;
    let take = async |holder: &str| {
        let rooms = [lobby()];
        let leases = store
            .duties()
            .take(&rooms, Duty::Personas, holder, Duration::from_millis(1));
        match leases.await.unwrap().remove(0) {
            Lease::Held(fence) => fence,
            lease => panic!("{lease:?}"),
        }
    };
    let kept = CallCommit {
        fence: Some(take("a").await),
        ..says([message("a line")])
    };
    store.commit(kept.clone()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    take("b").await;
    store.commit(kept.clone()).await.unwrap();
    let other = CallCommit {
        lines: vec![message("another")],
        ..call()
    };
    let other = CallCommit {
        fence: kept.fence,
        ..other
    };
    let late = store.commit(other).await;
    assert!(matches!(late, Err(StoreError::Fenced { .. })), "{late:?}");
}

/// As they are left when the server's clock is set back, or another with an earlier one takes its place.
#[tokio::test]
async fn a_clock_that_goes_back_keeps_no_duty_from_others() {
    let server = RedisServer::start();
    let store = open(&server.url()).await;
    let duties = store.duties();
    let rooms = [lobby()];
    let ttl = Duration::from_millis(2_500);
    let first = duties.take(&rooms, Duty::Intake, "dead", ttl).await;
    let first = first.unwrap().remove(0);
    duties.meet("gateway", "dead", ttl).await.unwrap();
    let far = "99999999999999";
    let _ = server.cli(&["HSET", "chatter:duties:{main/lobby}", "intake.until", far]);
    let member = format!("{far} 2500");
    let _ = server.cli(&["HSET", "chatter:members:{members}:gateway", "dead", &member]);
    let second = duties.take(&rooms, Duty::Intake, "alive", ttl).await;
    let second = second.unwrap().remove(0);
    let (Lease::Held(first), Lease::Held(second)) = (&first, &second) else {
        panic!("{first:?}, {second:?}")
    };
    assert!(second > first, "{second} after {first}");
    assert!(duties.present("gateway").await.unwrap().is_empty());
    assert_eq!(
        duties.meet("gateway", "alive", ttl).await.unwrap(),
        ["alive"]
    );
}

#[tokio::test]
async fn memories_that_gave_way_leave_nothing_behind() {
    let server = RedisServer::start();
    let store = open(&server.url()).await;
    let remember = |count| CallCommit {
        memories: vec![memory("a"); count],
        ..says([])
    };
    store.commit(remember(2_000)).await.unwrap();
    assert_eq!(store.pending_memories(500, NOW).await.unwrap().len(), 500);
    for _ in 0..5 {
        store.commit(remember(2_000)).await.unwrap();
    }
    assert_eq!(
        server.cli(&["ZCARD", "chatter:outbox:{main/lobby}"]),
        "10000"
    );
    assert_eq!(server.cli(&["HLEN", "chatter:claims:{main/lobby}"]), "0");
}

#[tokio::test]
async fn only_what_is_handed_out_is_claimed() {
    let server = RedisServer::start();
    let (first, second) = (open(&server.url()).await, open(&server.url()).await);
    let rooms = [lobby(), studio()];
    for room in &rooms {
        let commit = CallCommit {
            room: room.clone(),
            memories: vec![memory("a"), memory("b")],
            ..call()
        };
        first.commit(commit).await.unwrap();
    }
    let ours = first.pending_memories(3, NOW).await.unwrap();
    let theirs = second.pending_memories(3, NOW).await.unwrap();
    assert_eq!((ours.len(), theirs.len()), (3, 1), "{theirs:?}");
    // Whoever wants to know of all sees them too.
    let all = second.all_pending_memories().await.unwrap();
    let all: Vec<_> = all.into_iter().map(Result::unwrap).collect();
    assert_eq!(all, [&*ours, &*theirs].concat());
    assert!(
        ours.iter().all(|memory| memory.id < theirs[0].id),
        "the oldest first"
    );
}

/// As it is where the node of a cluster that has the list comes back with less.
#[tokio::test]
async fn memories_are_found_though_the_list_of_their_rooms_is_lost() {
    let server = RedisServer::start();
    let store = open(&server.url()).await;
    let commit = CallCommit {
        memories: vec![memory("a")],
        ..call()
    };
    store.commit(commit).await.unwrap();
    assert_eq!(server.cli(&["DEL", "chatter:rooms:{outbox}"]), "1");
    assert_eq!(store.pending_memories(9, NOW).await.unwrap(), []);
    let worker = open(&server.url()).await;
    worker.head(&lobby()).await.unwrap();
    assert_eq!(worker.pending_memories(9, NOW).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_a_later_version_put_on_a_desk_is_passed_over() {
    let server = RedisServer::start();
    let store = open(&server.url()).await;
    let ban = Change {
        shelf: Shelf::Bans,
        key: "ana".into(),
        expected: Expected::Any,
        value: Some("a ban".into()),
        most: 10,
        keeps_back: None,
    };
    store.desks().change_desk(&lobby(), ban).await.unwrap();
    let _ = server.cli(&["HSET", "chatter:desk:{main/lobby}", "polls/p", "a poll"]);
    let desk = store.desks().desk(&lobby()).await.unwrap();
    let notes: Vec<_> = desk.notes.iter().map(|note| &*note.key).collect();
    assert_eq!(notes, ["ana"]);
}
