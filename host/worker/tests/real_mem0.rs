//! From the store's outbox to the real Mem0, which is killed in between: `cargo xtask test --real`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../memory/tests/real/mod.rs"]
mod real;

use chatter_memory::{Archive as _, Filter, Guarded, Memory as _};
use chatter_protocol::{
    CallId, Clock, PersonaId, RoomId, Timestamp,
    memory::{Kind, NewEntry, Query, Scope},
};
use chatter_store::{CallCommit, SharedStore, Sqlite};
use real::RealMem0;
use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::time::sleep;

const CALLS: usize = 60;

fn call(persona: &PersonaId, n: usize) -> CallCommit {
    CallCommit {
        call_id: CallId::new(),
        room: RoomId::new("main/lobby").unwrap(),
        persona: persona.clone(),
        fence: None,
        digest: "a1".into(),
        state: None,
        lines: Vec::new(),
        memories: vec![NewEntry {
            kind: Kind::PersonaNote,
            text: format!("note number {n}: the boss fell at wave {}", n * 7),
            about: None,
            confidence: 0.5,
            source: None,
        }],
        at: Timestamp::from_millis(1_769_860_800_000 + n as i64 * 1_000),
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Mem0: cargo xtask test --real"]
async fn nothing_is_lost_and_nothing_doubled_while_mem0_is_killed_and_comes_back() {
    let mut mem0 = RealMem0::start();
    let folder = tempfile::tempdir().unwrap();
    let store: SharedStore = Arc::new(Sqlite::open(&folder.path().join("chatter.db")).unwrap());
    let memory = Arc::new(Guarded::mem0(mem0.client()).unwrap());
    let personas = ["nova", "rex"].map(|name| PersonaId::new(name).unwrap());
    let scopes = personas.clone().map(|persona| Scope {
        room: RoomId::new("main/lobby").unwrap(),
        persona,
    });
    let expected: BTreeSet<String> = (0..CALLS)
        .map(|n| call(&personas[0], n).memories[0].text.clone())
        .collect();
    let began = Instant::now();
    let delivery = tokio::spawn(chatter_worker::deliver(
        Arc::clone(&store),
        memory.clone(),
        Clock::system(),
    ));
    for n in 0..CALLS {
        for persona in &personas {
            store.commit(call(persona, n)).await.unwrap();
        }
        // A third of the way, and two thirds: without warning, in the midst of requests.
        if n == CALLS / 3 || n == 2 * CALLS / 3 {
            while memory
                .list(&scopes[0], &Filter::default())
                .await
                .unwrap()
                .entries
                .len()
                < n / 2
            {
                sleep(Duration::from_millis(20)).await;
            }
            mem0.kill();
            println!("killed after {:.1?}", began.elapsed());
            let query = Query {
                text: "boss".into(),
                kinds: vec![],
                limit: 5,
            };
            let asked = Instant::now();
            for _ in 0..20 {
                let _ = memory.search(&scopes[0], &query).await;
            }
            println!("20 searches while it is away: {:.1?}", asked.elapsed());
            mem0.start_again();
            println!("back after {:.1?}", began.elapsed());
        }
    }
    while !store
        .pending_memories(1, Duration::ZERO)
        .await
        .unwrap()
        .is_empty()
    {
        sleep(Duration::from_millis(50)).await;
    }
    println!(
        "{} memories delivered after {:.1?}",
        2 * CALLS,
        began.elapsed()
    );
    delivery.abort();
    for scope in &scopes {
        let listing = memory.list(scope, &Filter::default()).await.unwrap();
        assert_eq!(listing.entries.len(), CALLS, "each once");
        let texts: BTreeSet<String> = listing
            .entries
            .into_iter()
            .map(|entry| entry.entry.text)
            .collect();
        assert_eq!(texts, expected);
        let asked = Instant::now();
        let query = Query {
            text: "the boss fell at wave 7".into(),
            kinds: vec![],
            limit: 5,
        };
        let found = memory.search(scope, &query).await.unwrap();
        println!(
            "a search: {:.1?}, best {:?}",
            asked.elapsed(),
            found.first().map(|f| &f.entry.text)
        );
        assert_eq!(found.len(), 5);
    }
}
