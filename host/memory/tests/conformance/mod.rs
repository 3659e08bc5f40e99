//! What every memory promises, as tests that any of them can be put to: [`conformance!`] makes a test
//! of each.

use chatter_memory::{Archive, Filter, Memory as _, SEARCH_LIMIT, Which};
use chatter_protocol::{
    AuthorId, MessageId, PersonaId, RoomId, TenantId, Timestamp,
    memory::{Entry, Error, Kind, NewEntry, Query, Scope},
};

/// A place where memories can be opened, one after the other. Nobody else uses it, and it is empty
/// at first.
pub(crate) trait Subject: Sized + Send + Sync {
    type Memory: Archive;

    async fn new() -> Self;
    async fn open(&self) -> Self::Memory;
}

/// Tests a memory: `conformance!(MySubject)`, or with attributes for each test before it.
macro_rules! conformance {
    ($(#[$attribute:meta])* $subject:ty) => {
        conformance! { $(#[$attribute])* $subject:
            scopes_never_see_each_other
            all_that_was_stored_comes_back
            a_write_counts_once
            the_same_again_is_only_refreshed
            kinds_and_limits_hold
            without_words_the_latest_are_found
            the_best_comes_first_and_has_score_one
            no_text_is_taken_for_syntax
            wrong_entries_are_refused_with_the_reason
            memories_survive_closing
            what_is_listed_is_in_order
            a_person_is_forgotten_and_nobody_else
            one_entry_is_forgotten
            a_scope_is_forgotten
            scopes_are_known
        }
    };
    // One after the other: attributes can't repeat over names.
    ($(#[$attribute:meta])* $subject:ty: ) => {};
    ($(#[$attribute:meta])* $subject:ty: $promise:ident $($more:ident)*) => {
        $(#[$attribute])*
        #[tokio::test]
        async fn $promise() {
            let subject = <$subject as conformance::Subject>::new().await;
            conformance::$promise(&subject).await;
        }
        conformance! { $(#[$attribute])* $subject: $($more)* }
    };
}
pub(crate) use conformance;

pub(crate) fn scope(room: &str, persona: &str) -> Scope {
    Scope {
        room: RoomId::new(room).unwrap(),
        persona: PersonaId::new(persona).unwrap(),
    }
}

pub(crate) fn nova() -> Scope {
    scope("main/lobby", "nova")
}

pub(crate) fn note(text: &str) -> NewEntry {
    NewEntry {
        kind: Kind::PersonaNote,
        text: text.into(),
        about: None,
        confidence: 0.5,
        source: None,
    }
}

pub(crate) fn about(person: &str, text: &str) -> NewEntry {
    NewEntry {
        about: Some(AuthorId::new(person).unwrap()),
        ..note(text)
    }
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_769_860_800_000 + seconds * 1_000)
}

pub(crate) fn words(text: &str) -> Query {
    Query {
        text: text.into(),
        kinds: vec![],
        limit: 10,
    }
}

pub(crate) fn texts(entries: &[Entry]) -> Vec<&str> {
    entries.iter().map(|found| &*found.entry.text).collect()
}

async fn found(memory: &impl Archive, scope: &Scope, query: &Query) -> Vec<String> {
    let found = memory.search(scope, query).await.unwrap();
    texts(&found).into_iter().map(str::to_owned).collect()
}

async fn listed(memory: &impl Archive, scope: &Scope, filter: &Filter) -> Vec<String> {
    let listing = memory.list(scope, filter).await.unwrap();
    texts(&listing.entries)
        .into_iter()
        .map(str::to_owned)
        .collect()
}

/// Stores notes one second apart, in this order.
async fn remember(memory: &impl Archive, scope: &Scope, entries: &[NewEntry]) {
    for (n, entry) in entries.iter().enumerate() {
        let write_id = format!("{scope}/{n}");
        memory
            .remember(scope, &write_id, entry, at(n as i64))
            .await
            .unwrap();
    }
}

pub(crate) async fn scopes_never_see_each_other(subject: &impl Subject) {
    let memory = subject.open().await;
    // One scope's name is the beginning of another's.
    let scopes = [
        nova(),
        scope("main/lobby", "nova-2"),
        scope("main/lobby-2", "nova"),
        scope("acme/lobby", "nova"),
    ];
    for (n, scope) in scopes.iter().enumerate() {
        let entry = note(&format!("the boss of number {n}"));
        memory
            .remember(scope, "same-write", &entry, at(0))
            .await
            .unwrap();
    }
    for (n, scope) in scopes.iter().enumerate() {
        let own = vec![format!("the boss of number {n}")];
        assert_eq!(found(&memory, scope, &words("boss number")).await, own);
        assert_eq!(found(&memory, scope, &words("")).await, own);
        assert_eq!(listed(&memory, scope, &Filter::default()).await, own);
    }
    let empty = scope("main/lobby", "rex");
    assert!(found(&memory, &empty, &words("boss")).await.is_empty());
    assert!(listed(&memory, &empty, &Filter::default()).await.is_empty());
}

pub(crate) async fn all_that_was_stored_comes_back(subject: &impl Subject) {
    let memory = subject.open().await;
    let entry = NewEntry {
        kind: Kind::Preference,
        text: "Ána likes \"quoted\" things — and 🦀, [brackets] & <tags>".into(),
        about: Some(AuthorId::new("guest:ana-5f3c").unwrap()),
        confidence: 0.75,
        source: Some(MessageId::from_parts(1_769_860_800_000, [7; 10])),
    };
    memory
        .remember(&nova(), "call/0", &entry, at(3))
        .await
        .unwrap();
    let found = memory
        .search(&nova(), &words("quoted things"))
        .await
        .unwrap();
    let listed = memory
        .list(&nova(), &Filter::default())
        .await
        .unwrap()
        .entries;
    for entries in [&found, &listed] {
        assert_eq!(entries.len(), 1);
        assert_eq!((&entries[0].entry, entries[0].at), (&entry, at(3)));
    }
    assert_eq!(found[0].id, listed[0].id);
}

pub(crate) async fn a_write_counts_once(subject: &impl Subject) {
    let memory = subject.open().await;
    for _ in 0..3 {
        memory
            .remember(&nova(), "call/0", &note("the boss fell"), at(0))
            .await
            .unwrap();
    }
    for query in [words("boss"), words("")] {
        assert_eq!(found(&memory, &nova(), &query).await, ["the boss fell"]);
    }
    assert_eq!(listed(&memory, &nova(), &Filter::default()).await.len(), 1);
}

pub(crate) async fn the_same_again_is_only_refreshed(subject: &impl Subject) {
    let memory = subject.open().await;
    remember(
        &memory,
        &nova(),
        &[note("ana likes tea"), note("ben likes milk")],
    )
    .await;
    let again = NewEntry {
        confidence: 0.9,
        ..note("Ana  likes tea!")
    };
    memory
        .remember(&nova(), "w7", &again, at(60))
        .await
        .unwrap();
    // A late delivery of an older write must not make it older.
    memory
        .remember(&nova(), "w8", &note("ana likes tea"), at(30))
        .await
        .unwrap();
    let found_now = memory.search(&nova(), &words("")).await.unwrap();
    assert_eq!(found_now.len(), 2, "{found_now:?}");
    assert_eq!(
        (found_now[0].at, found_now[0].entry.confidence),
        (at(60), 0.9)
    );

    // Of another kind or person it is another thing.
    let joke = NewEntry {
        kind: Kind::RunningJoke,
        ..note("ana likes tea")
    };
    for (n, other) in [joke, about("guest:ana", "ana likes tea")]
        .iter()
        .enumerate()
    {
        memory
            .remember(&nova(), &format!("o{n}"), other, at(70))
            .await
            .unwrap();
    }
    assert_eq!(found(&memory, &nova(), &words("")).await.len(), 4);
}

pub(crate) async fn kinds_and_limits_hold(subject: &impl Subject) {
    let memory = subject.open().await;
    let entries = Kind::ALL.map(|kind| NewEntry {
        kind,
        ..note(&format!("the boss is {}", kind.as_str()))
    });
    remember(&memory, &nova(), &entries).await;
    for text in ["boss", ""] {
        for kinds in [
            vec![],
            vec![Kind::Drift],
            vec![Kind::RunningJoke, Kind::Drift, Kind::Drift],
            Kind::ALL.to_vec(),
        ] {
            let expected = if kinds.is_empty() {
                &Kind::ALL[..]
            } else {
                &kinds
            };
            for limit in [0, 1, 2, 10, u32::MAX] {
                let query = Query {
                    kinds: kinds.clone(),
                    limit,
                    ..words(text)
                };
                let found = memory.search(&nova(), &query).await.unwrap();
                let asked = Kind::ALL
                    .iter()
                    .filter(|kind| expected.contains(kind))
                    .count();
                assert_eq!(found.len(), asked.min(limit as usize), "{query:?}");
                assert!(
                    found
                        .iter()
                        .all(|found| expected.contains(&found.entry.kind))
                );
            }
        }
    }
}

pub(crate) async fn without_words_the_latest_are_found(subject: &impl Subject) {
    let memory = subject.open().await;
    remember(&memory, &nova(), &["one", "two", "three"].map(note)).await;
    for text in ["", " \t "] {
        let query = Query {
            limit: 2,
            ..words(text)
        };
        let found = memory.search(&nova(), &query).await.unwrap();
        assert_eq!(texts(&found), ["three", "two"], "{text:?}");
        assert!(found.iter().all(|found| found.score == 1.0));
    }
}

pub(crate) async fn the_best_comes_first_and_has_score_one(subject: &impl Subject) {
    let memory = subject.open().await;
    let notes = [
        "ben cooks pasta with tomatoes on sundays",
        "ana runs old platformers as fast as she can",
        "ana speedrun",
    ];
    remember(&memory, &nova(), &notes.map(note)).await;
    let found = memory
        .search(&nova(), &words("ana speedrun"))
        .await
        .unwrap();
    assert_eq!(found[0].entry.text, "ana speedrun");
    assert_eq!(found[0].score, 1.0);
    let falling = found.windows(2).all(|pair| pair[0].score >= pair[1].score);
    assert!(
        falling && found.iter().all(|found| (0.0..=1.0).contains(&found.score)),
        "{found:?}"
    );
}

pub(crate) async fn no_text_is_taken_for_syntax(subject: &impl Subject) {
    let memory = subject.open().await;
    remember(&memory, &nova(), &[note("the boss fell")]).await;
    let queries = [
        "boss\"",
        "NEAR(boss fell, 2)",
        "text:boss",
        "boss AND",
        "boss'); DROP TABLE entry; --",
        "%",
        "boss\0",
        "🦀 boss",
        "a\\\"boss",
        "*",
        "{\"$gt\": \"\"}",
        "../boss",
        "?user_id=*",
    ];
    for query in queries {
        let found = memory.search(&nova(), &words(query)).await;
        let found = found.unwrap_or_else(|error| panic!("{query:?}: {error}"));
        assert!(
            texts(&found).iter().all(|text| *text == "the boss fell"),
            "{query:?}: {found:?}"
        );
    }
    let odd = "'; DROP TABLE entry; -- {\"$gt\": 1} \\ \u{1F980}";
    remember(&memory, &scope("main/lobby", "odd"), &[note(odd)]).await;
    assert_eq!(
        listed(&memory, &scope("main/lobby", "odd"), &Filter::default()).await,
        [odd]
    );
    assert_eq!(
        listed(&memory, &nova(), &Filter::default()).await,
        ["the boss fell"]
    );
}

pub(crate) async fn wrong_entries_are_refused_with_the_reason(subject: &impl Subject) {
    let memory = subject.open().await;
    let sure = |confidence| NewEntry {
        confidence,
        ..note("x")
    };
    let cases = [
        ("w", note(" "), "its text is empty"),
        (
            "w",
            note(&"x".repeat(1_001)),
            "its text is longer than 1000 characters",
        ),
        ("w", sure(1.5), "its confidence, 1.5, is not in 0..=1"),
        ("w", sure(f64::NAN), "its confidence, NaN, is not in 0..=1"),
        ("", note("x"), "its write id has not 1 to 200 bytes"),
    ];
    for (write_id, entry, reason) in cases {
        let refused = memory.remember(&nova(), write_id, &entry, at(0)).await;
        assert_eq!(refused, Err(Error::Refused(reason.into())));
    }
    assert!(
        listed(&memory, &nova(), &Filter::default())
            .await
            .is_empty()
    );
}

pub(crate) async fn memories_survive_closing(subject: &impl Subject) {
    let memory = subject.open().await;
    remember(&memory, &nova(), &[note("the boss fell"), note("again")]).await;
    drop(memory);
    let memory = subject.open().await;
    assert_eq!(
        found(&memory, &nova(), &words("boss")).await[0],
        "the boss fell"
    );
    remember(&memory, &nova(), &[note("the boss fell")]).await;
    assert_eq!(
        listed(&memory, &nova(), &Filter::default()).await,
        ["the boss fell", "again"]
    );
}

pub(crate) async fn what_is_listed_is_in_order(subject: &impl Subject) {
    let memory = subject.open().await;
    let notes: Vec<_> = (0..SEARCH_LIMIT + 5)
        .map(|n| note(&format!("boss {n}")))
        .collect();
    remember(&memory, &nova(), &notes).await;
    let listing = memory.list(&nova(), &Filter::default()).await.unwrap();
    let expected: Vec<&str> = notes.iter().map(|note| &*note.text).collect();
    assert_eq!(texts(&listing.entries), expected);
    assert!(!listing.more && listing.entries.iter().all(|entry| entry.score == 1.0));
    let most = Query {
        limit: u32::MAX,
        ..words("boss")
    };
    assert_eq!(
        found(&memory, &nova(), &most).await.len(),
        SEARCH_LIMIT as usize
    );
}

pub(crate) async fn a_person_is_forgotten_and_nobody_else(subject: &impl Subject) {
    let memory = subject.open().await;
    let rex = scope("main/lobby", "rex");
    let entries = [
        about("guest:ana", "ana likes tea"),
        about("guest:ana-2", "the other ana likes tea"),
        note("tea is hot"),
        about("guest:ana", "ana plays chess"),
    ];
    for scope in [&nova(), &rex] {
        remember(&memory, scope, &entries).await;
    }
    let ana = Filter {
        about: Some(AuthorId::new("guest:ana").unwrap()),
        ..Filter::default()
    };
    assert_eq!(
        listed(&memory, &nova(), &ana).await,
        ["ana likes tea", "ana plays chess"]
    );
    assert_eq!(memory.forget(&nova(), &ana).await, Ok(2));
    assert!(listed(&memory, &nova(), &ana).await.is_empty());
    let others = ["the other ana likes tea", "tea is hot"];
    assert_eq!(listed(&memory, &nova(), &Filter::default()).await, others);
    let tea = found(&memory, &nova(), &words("ana tea chess")).await;
    assert!(tea.iter().all(|text| others.contains(&&**text)), "{tea:?}");
    assert_eq!(listed(&memory, &rex, &Filter::default()).await.len(), 4);
    assert_eq!(memory.forget(&nova(), &ana).await, Ok(0));
}

pub(crate) async fn one_entry_is_forgotten(subject: &impl Subject) {
    let memory = subject.open().await;
    remember(&memory, &nova(), &[note("one"), note("two")]).await;
    let listing = memory.list(&nova(), &Filter::default()).await.unwrap();
    let one = Filter {
        id: Some(listing.entries[0].id.clone()),
        ..Filter::default()
    };
    assert_eq!(listed(&memory, &nova(), &one).await, ["one"]);
    // Another scope's id is none of this scope's.
    assert_eq!(
        memory.forget(&scope("main/lobby", "rex"), &one).await,
        Ok(0)
    );
    assert_eq!(memory.forget(&nova(), &one).await, Ok(1));
    assert_eq!(listed(&memory, &nova(), &Filter::default()).await, ["two"]);
    let nonsense = Filter {
        id: Some("no such id".into()),
        ..Filter::default()
    };
    assert_eq!(memory.forget(&nova(), &nonsense).await, Ok(0));
}

pub(crate) async fn a_scope_is_forgotten(subject: &impl Subject) {
    let memory = subject.open().await;
    let rex = scope("main/lobby", "rex");
    for scope in [&nova(), &rex] {
        remember(&memory, scope, &[note("one"), note("two")]).await;
    }
    assert_eq!(memory.forget(&nova(), &Filter::default()).await, Ok(2));
    assert!(found(&memory, &nova(), &words("one")).await.is_empty());
    assert_eq!(
        listed(&memory, &rex, &Filter::default()).await,
        ["one", "two"]
    );
}

pub(crate) async fn scopes_are_known(subject: &impl Subject) {
    let memory = subject.open().await;
    let scopes = [
        scope("acme/lobby", "nova"),
        scope("main/attic", "rex"),
        scope("main/lobby", "nova"),
        scope("main/lobby", "rex"),
    ];
    for scope in &scopes {
        remember(&memory, scope, &[note("x")]).await;
    }
    let cases = [
        (Which::Every, &scopes[..]),
        (Which::Tenant(TenantId::new("main").unwrap()), &scopes[1..]),
        (
            Which::Room(RoomId::new("main/lobby").unwrap()),
            &scopes[2..],
        ),
        (Which::Room(RoomId::new("main/cellar").unwrap()), &[]),
    ];
    for (which, expected) in cases {
        let known = memory.scopes(&which).await.unwrap();
        assert_eq!((&*known.scopes, known.more), (expected, false), "{which:?}");
    }
}
