//! What a server refuses, and whom: it is told in words, and the rules of the manual are enough.

use crate::{
    conformance::{LONG, lobby, memory, message, messages, nova, says, state},
    open,
};
use chatter_bus::redis::Link;
use chatter_protocol::call::Fate;
use chatter_redis_server::RedisServer;
use chatter_store::{CallCommit, Duty, Lease, Store, StoreError};
use std::time::Duration;

const NOW: Duration = Duration::ZERO;
#[tokio::test]
async fn what_a_server_refuses_is_told_in_words() {
    let server = RedisServer::start();
    let store = open(&server.url()).await;
    store.append(&lobby(), messages(1)).await.unwrap();
    let cases: [(&[&str], &[&str], &str); 3] = [
        (
            &["CONFIG", "SET", "maxmemory", "1"],
            &["CONFIG", "SET", "maxmemory", "0"],
            "raise its maxmemory",
        ),
        (
            &["REPLICAOF", "127.0.0.1", "1"],
            &["REPLICAOF", "NO", "ONE"],
            "name its primary",
        ),
        (
            &["ACL", "SETUSER", "default", "-xadd"],
            &["ACL", "SETUSER", "default", "+xadd"],
            "docs/operations.md lists the rules",
        ),
    ];
    for (break_it, mend, words) in cases {
        let _ = server.cli(break_it);
        let error = store.append(&lobby(), messages(1)).await.unwrap_err();
        assert!(
            matches!(&error, StoreError::Unavailable(why) if why.contains(words)),
            "{error}"
        );
        assert_eq!(server.cli(mend), "OK");
        let mended = messages(1);
        while let Err(error) = store.append(&lobby(), mended.clone()).await {
            assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
        }
    }
    assert_eq!(
        store.head(&lobby()).await.unwrap().offset,
        4,
        "what was refused is not there"
    );
}

/// The command by which docs/operations.md tells operators to make chatter's user.
fn rules() -> Vec<&'static str> {
    let manual = include_str!("../../../../docs/operations.md");
    let line = manual
        .lines()
        .find(|line| line.trim().starts_with("ACL SETUSER chatter on >PASSWORD"));
    let words = line
        .expect("docs/operations.md has the command")
        .split_whitespace();
    words
        .map(|word| {
            if word == ">PASSWORD" {
                ">hunter2"
            } else {
                word
            }
        })
        .collect()
}

#[tokio::test]
async fn a_user_with_the_rules_of_the_manual_is_enough() {
    let server = RedisServer::start();
    assert_eq!(server.cli(&rules()), "OK");
    assert_eq!(server.cli(&["ACL", "SETUSER", "default", "off"]), "OK");
    let url = |password| format!("redis://chatter:{password}@{}", server.address());
    let store = open(&url("hunter2")).await;
    store.append(&lobby(), messages(2)).await.unwrap();
    let line = message("hello");
    let commit = CallCommit {
        state: Some(state(b"x")),
        memories: vec![memory("a")],
        ..says([line.clone()])
    };
    store.commit(commit).await.unwrap();
    assert_eq!(
        store.pending_lines(&lobby(), 9, LONG).await.unwrap().len(),
        1
    );
    store
        .settle_lines(&lobby(), vec![(line.id, Fate::Accepted)])
        .await
        .unwrap();
    assert_eq!(store.fates(&lobby(), &nova(), 9).await.unwrap().len(), 1);
    let memories = store.pending_memories(9, LONG).await.unwrap();
    let arrived = vec![memories[0].id.clone()];
    store.settle_memories(arrived).await.unwrap();
    let rooms = [lobby()];
    let lease = store
        .duties()
        .take(&rooms, Duty::Intake, "a", LONG)
        .await
        .unwrap();
    assert!(matches!(lease[..], [Lease::Held(_)]));
    assert_eq!(
        store.duties().meet("worker", "a", LONG).await.unwrap(),
        ["a"]
    );
    assert_eq!(store.duties().present("worker").await.unwrap(), ["a"]);
    store.duties().leave("worker", "a").await.unwrap();
    assert_eq!(store.session("none").await.unwrap(), None);

    let refused = Link::connect(url("wrong").parse().unwrap())
        .await
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("refuses user or password") && !refused.contains("wrong"),
        "{refused}"
    );
    let told = format!("{store:?} {} {refused}", store.describe());
    assert!(!told.contains("hunter2"), "{told}");
}

#[tokio::test]
async fn a_user_who_may_say_nothing_is_refused_and_jams_nothing() {
    let server = RedisServer::start();
    let user = [
        "ACL",
        "SETUSER",
        "chatter",
        "on",
        ">pw",
        "~*",
        "resetchannels",
        "+@all",
    ];
    assert_eq!(server.cli(&user), "OK");
    let url = format!("redis://chatter:pw@{}", server.address());
    let refused = Link::connect(url.parse().unwrap()).await.unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("docs/operations.md lists the rules"),
        "{refused}"
    );
    // The rules may become narrower later.
    assert_eq!(server.cli(&["ACL", "SETUSER", "chatter", "&*"]), "OK");
    let store = open(&url).await;
    let log = messages(3);
    store.append(&lobby(), log[..1].to_vec()).await.unwrap();
    assert_eq!(
        server.cli(&["ACL", "SETUSER", "chatter", "resetchannels"]),
        "OK"
    );
    let remembers = CallCommit {
        memories: vec![memory("a")],
        ..says([message("a line")])
    };
    let appended = loop {
        match store.append(&lobby(), log[1..2].to_vec()).await {
            Ok(appended) => break appended,
            Err(StoreError::Unavailable(_)) => {}
            Err(error) => panic!("{error}"),
        }
        if server.cli(&["XLEN", "chatter:log:{main/lobby}"]) == "2" {
            // It was kept, whatever was answered.
            assert_eq!(server.cli(&["ACL", "SETUSER", "chatter", "&*"]), "OK");
        }
    };
    assert_eq!(appended.places[0].offset(), Some(2));
    let _ = store.commit(remembers.clone()).await;
    assert_eq!(server.cli(&["ACL", "SETUSER", "chatter", "&*"]), "OK");
    while store.append(&lobby(), log[2..].to_vec()).await.is_err() {}
    while store.commit(remembers.clone()).await.is_err() {}
    let page = store.read_after(&lobby(), 0, 9).await.unwrap();
    assert_eq!(page.messages, (1..).zip(log).collect::<Vec<_>>());
    assert_eq!(store.pending_memories(9, NOW).await.unwrap().len(), 1);
}
