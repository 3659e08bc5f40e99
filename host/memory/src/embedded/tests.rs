mod file;
mod meaning;

use super::*;
use chatter_protocol::{AuthorId, MessageId, PersonaId, RoomId};

fn scope(room: &str, persona: &str) -> Scope {
    Scope {
        room: RoomId::new(room).unwrap(),
        persona: PersonaId::new(persona).unwrap(),
    }
}

fn note(text: &str) -> NewEntry {
    NewEntry {
        kind: Kind::PersonaNote,
        text: text.into(),
        about: None,
        confidence: 0.5,
        source: None,
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_769_860_800_000 + seconds * 1_000)
}

fn words(text: &str) -> Query {
    Query {
        text: text.into(),
        kinds: vec![],
        limit: 10,
    }
}

async fn texts(memory: &Embedded, scope: &Scope, query: &Query) -> Vec<String> {
    memory
        .search(scope, query)
        .await
        .unwrap()
        .into_iter()
        .map(|found| found.entry.text)
        .collect()
}

/// Stores notes one second apart, in this order.
async fn with(notes: &[&str]) -> (Embedded, Scope) {
    let (memory, scope) = (Embedded::in_memory().unwrap(), scope("main/lobby", "nova"));
    for (n, text) in notes.iter().enumerate() {
        memory
            .remember(&scope, &format!("w{n}"), &note(text), at(n as i64))
            .await
            .unwrap();
    }
    (memory, scope)
}

async fn remember_all(memory: &Embedded, scope: &Scope, notes: &[&str]) {
    for (n, text) in notes.iter().enumerate() {
        memory
            .remember(scope, &format!("w{n}"), &note(text), at(n as i64))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn scopes_never_see_each_other() {
    let memory = Embedded::in_memory().unwrap();
    // More than ten, so that one scope's number is the beginning of another's.
    let scopes: Vec<_> = (0..12)
        .map(|n| scope("main/lobby", &format!("p{n}")))
        .collect();
    for (n, scope) in scopes.iter().enumerate() {
        let entry = note(&format!("the boss of number {n}"));
        memory
            .remember(scope, "same-write", &entry, at(0))
            .await
            .unwrap();
    }
    for (n, scope) in scopes.iter().enumerate() {
        let own = vec![format!("the boss of number {n}")];
        assert_eq!(texts(&memory, scope, &words("boss number")).await, own);
        assert_eq!(texts(&memory, scope, &words("")).await, own);
    }
    for elsewhere in [scope("main/other", "p0"), scope("acme/lobby", "p0")] {
        assert!(texts(&memory, &elsewhere, &words("boss")).await.is_empty());
    }
    // The scope's own name in the index is no word that could be searched for.
    assert!(texts(&memory, &scopes[0], &words("s1")).await.is_empty());
}

#[tokio::test]
async fn the_best_comes_first_and_has_score_one() {
    let (memory, scope) = with(&[
        "ana likes long speedruns of old platformers and tells everybody about them",
        "ana speedrun",
        "ben cooks pasta",
    ])
    .await;
    let found = memory
        .search(&scope, &words("does ana like a speedrun"))
        .await
        .unwrap();
    let texts: Vec<_> = found
        .iter()
        .map(|found| found.entry.text.as_str())
        .collect();
    assert_eq!(texts[0], "ana speedrun");
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert_eq!(found[0].score, 1.0);
    assert!(
        found[1].score < 1.0 && found[1].score >= 0.0,
        "{}",
        found[1].score
    );
}

#[tokio::test]
async fn equal_entries_are_ordered_by_time() {
    let (memory, scope) = with(&["red boss", "blue boss", "green boss"]).await;
    let newest_first = ["green boss", "blue boss", "red boss"];
    assert_eq!(texts(&memory, &scope, &words("boss")).await, newest_first);
}

#[tokio::test]
async fn without_words_the_latest_are_found() {
    let (memory, scope) = with(&["one", "two", "three"]).await;
    for query in ["", " \t ", "?!*\""] {
        let query = Query {
            limit: 2,
            ..words(query)
        };
        assert_eq!(
            texts(&memory, &scope, &query).await,
            ["three", "two"],
            "{:?}",
            query.text
        );
    }
}

#[tokio::test]
async fn no_query_text_is_taken_for_syntax() {
    let (memory, scope) = with(&["the boss fell", "pasta"]).await;
    let queries = [
        "boss\"",
        "\"boss",
        "boss*",
        "bo*",
        "NEAR(boss",
        "NEAR(boss fell, 2)",
        "text:boss",
        "scope:s1",
        "col : boss",
        "boss AND",
        "NOT boss",
        "boss OR",
        "(boss",
        "{boss}",
        "^boss",
        "-boss",
        "+boss",
        "boss'); DROP TABLE entry; --",
        "%",
        "boss\0",
        "b\u{0301}oss",
        "🦀 boss",
        "a\\\"boss",
    ];
    for query in queries {
        let found = memory.search(&scope, &words(query)).await;
        assert!(found.is_ok(), "{query:?}: {found:?}");
    }
    assert_eq!(
        texts(&memory, &scope, &words("NOT boss")).await,
        ["the boss fell"]
    );
    assert!(texts(&memory, &scope, &words("bo*")).await.is_empty());
    assert_eq!(texts(&memory, &scope, &words("")).await.len(), 2);
}

#[tokio::test]
async fn case_diacritics_and_endings_do_not_matter() {
    let (memory, scope) = with(&["Chloé bakes Crème Brûlée", "Σίσυφος", "ночь", "jumps"]).await;
    let cases = [
        ("creme brulee", "Chloé bakes Crème Brûlée"),
        ("CHLOÉ", "Chloé bakes Crème Brûlée"),
        ("chloe\u{301}", "Chloé bakes Crème Brûlée"),
        ("НОЧЬ", "ночь"),
        ("jumping", "jumps"),
    ];
    for (query, expected) in cases {
        assert_eq!(
            texts(&memory, &scope, &words(query)).await,
            [expected],
            "{query}"
        );
    }
}

#[tokio::test]
async fn kinds_filter_and_limit_hold() {
    let (memory, scope) = (Embedded::in_memory().unwrap(), scope("main/lobby", "nova"));
    for (n, kind) in Kind::ALL.into_iter().enumerate() {
        let entry = NewEntry {
            kind,
            ..note(&format!("boss {n}"))
        };
        memory
            .remember(&scope, kind.as_str(), &entry, at(n as i64))
            .await
            .unwrap();
    }
    let jokes = vec![Kind::RunningJoke, Kind::Drift, Kind::Drift];
    for text in ["boss", ""] {
        let query = Query {
            kinds: jokes.clone(),
            ..words(text)
        };
        let found = memory.search(&scope, &query).await.unwrap();
        let kinds: Vec<_> = found.iter().map(|found| found.entry.kind).collect();
        assert_eq!(kinds, [Kind::Drift, Kind::RunningJoke], "{text:?}");
        for limit in [0, 1, 3] {
            let query = Query {
                limit,
                ..words(text)
            };
            assert_eq!(
                memory.search(&scope, &query).await.unwrap().len(),
                limit as usize
            );
        }
    }
}

#[tokio::test]
async fn a_search_never_answers_with_more_than_its_bound() {
    let (memory, scope) = with(&[]).await;
    for n in 0..60 {
        memory
            .remember(&scope, &format!("{n}"), &note(&format!("boss {n}")), at(n))
            .await
            .unwrap();
    }
    for text in ["boss", ""] {
        let query = Query {
            limit: u32::MAX,
            ..words(text)
        };
        assert_eq!(
            memory.search(&scope, &query).await.unwrap().len(),
            SEARCH_LIMIT as usize
        );
    }
}

#[tokio::test]
async fn all_that_was_stored_comes_back() {
    let (memory, scope) = (Embedded::in_memory().unwrap(), scope("main/lobby", "nova"));
    let entry = NewEntry {
        kind: Kind::Preference,
        text: "likes \"quoted\" things".into(),
        about: Some(AuthorId::new("guest:ana-5f3c").unwrap()),
        confidence: 0.75,
        source: Some(MessageId::from_parts(1_769_860_800_000, [7; 10])),
    };
    memory.remember(&scope, "w", &entry, at(3)).await.unwrap();
    let found = memory.search(&scope, &words("quoted")).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((&found[0].entry, found[0].at), (&entry, at(3)));
}

#[tokio::test]
async fn a_write_id_counts_once() {
    let (memory, scope) = with(&["first"]).await;
    memory
        .remember(&scope, "w0", &note("second"), at(9))
        .await
        .unwrap();
    let found = memory.search(&scope, &words("")).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].entry.text.as_str(), found[0].at),
        ("first", at(0))
    );
}

#[tokio::test]
async fn the_same_again_is_only_refreshed() {
    let (memory, scope) = with(&["ana likes tea", "ben likes milk"]).await;
    let again = NewEntry {
        confidence: 0.9,
        ..note("ana likes tea")
    };
    memory.remember(&scope, "w7", &again, at(60)).await.unwrap();
    // Another delivery of an older write must not make it older.
    memory.remember(&scope, "w8", &again, at(30)).await.unwrap();
    let found = memory.search(&scope, &words("")).await.unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].at, found[0].entry.confidence), (at(60), 0.9));

    let others = [
        NewEntry {
            kind: Kind::RunningJoke,
            ..note("ana likes tea")
        },
        NewEntry {
            about: Some(AuthorId::new("guest:ana").unwrap()),
            ..note("ana likes tea")
        },
    ];
    for (n, other) in others.iter().enumerate() {
        memory
            .remember(&scope, &format!("o{n}"), other, at(70))
            .await
            .unwrap();
    }
    assert_eq!(texts(&memory, &scope, &words("tea")).await.len(), 3);
}

#[tokio::test]
async fn a_full_scope_loses_its_oldest_and_least_confident() {
    let (mut memory, scope) = with(&[]).await;
    memory.keeps = 3;
    let day = 24 * 60 * 60;
    let notes = [
        ("sure and old", 1.0, 0),
        ("unsure and old", 0.0, day),
        ("middling", 0.5, 10 * day),
    ];
    for (text, confidence, time) in notes {
        let entry = NewEntry {
            confidence,
            ..note(text)
        };
        memory
            .remember(&scope, text, &entry, at(time))
            .await
            .unwrap();
    }
    let elsewhere = super::tests::scope("main/other", "nova");
    memory
        .remember(&elsewhere, "w", &note("elsewhere"), at(0))
        .await
        .unwrap();

    for (text, confidence, time, gone) in [
        ("new", 0.5, 11 * day, "unsure and old"),
        ("newer", 0.5, 20 * day, "middling"),
        ("newest", 0.5, 60 * day, "new"),
    ] {
        let before = texts(&memory, &scope, &words("")).await;
        assert!(
            before.iter().any(|text| text == gone),
            "{gone} is there before: {before:?}"
        );
        let entry = NewEntry {
            confidence,
            ..note(text)
        };
        memory
            .remember(&scope, text, &entry, at(time))
            .await
            .unwrap();
        let after = texts(&memory, &scope, &words("")).await;
        assert_eq!(after.len(), 3);
        assert!(
            !after.iter().any(|text| text == gone),
            "{gone} goes for {text}: {after:?}"
        );
    }
    assert!(
        texts(&memory, &scope, &words("unsure")).await.is_empty(),
        "gone from the index too"
    );
    assert_eq!(texts(&memory, &elsewhere, &words("")).await, ["elsewhere"]);
}

#[tokio::test]
async fn wrong_entries_are_refused_with_the_reason() {
    let (memory, scope) = with(&[]).await;
    let cases = [
        ("w", note(" "), "its text is empty"),
        (
            "w",
            note(&"x".repeat(1_001)),
            "its text is longer than 1000 characters",
        ),
        (
            "w",
            NewEntry {
                confidence: 1.5,
                ..note("x")
            },
            "its confidence, 1.5, is not in 0..=1",
        ),
        (
            "w",
            NewEntry {
                confidence: f64::NAN,
                ..note("x")
            },
            "its confidence, NaN, is not in 0..=1",
        ),
        ("", note("x"), "its write id has not 1 to 200 bytes"),
    ];
    for (write_id, entry, reason) in cases {
        let refused = memory.remember(&scope, write_id, &entry, at(0)).await;
        assert_eq!(refused, Err(Error::Refused(reason.into())));
    }
    memory
        .remember(&scope, "w", &note(&"é".repeat(1_000)), at(0))
        .await
        .unwrap();
}

#[tokio::test]
async fn what_was_stored_is_there_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("memory.db");
    let scope = scope("main/lobby", "nova");
    let memory = Embedded::open(&path).unwrap();
    memory
        .remember(&scope, "w0", &note("the boss fell"), at(0))
        .await
        .unwrap();
    drop(memory);

    let memory = Embedded::open(&path).unwrap();
    memory
        .remember(&scope, "w0", &note("again"), at(1))
        .await
        .unwrap();
    assert_eq!(
        texts(&memory, &scope, &words("boss")).await,
        ["the boss fell"]
    );
    assert_eq!(texts(&memory, &scope, &words("")).await.len(), 1);
    assert!(memory.describe().ends_with("memory.db"));
}

#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("memory.db");
    fs::write(&path, "").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let memory = Embedded::open(&path).unwrap();
    memory
        .remember(&scope("main/lobby", "nova"), "w", &note("x"), at(0))
        .await
        .unwrap();
    for file in fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", file.file_name());
    }
}

#[test]
fn a_file_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let no_database = folder.path().join("text.db");
    fs::write(
        &no_database,
        "this is no database, and it is long enough to look like one".repeat(40),
    )
    .unwrap();
    let newer = folder.path().join("newer.db");
    drop(Embedded::open(&newer).unwrap());
    Connection::open(&newer)
        .unwrap()
        .pragma_update(None, "user_version", 99)
        .unwrap();

    let cases = [
        (folder.path().join("missing/memory.db"), "No such file"),
        (no_database, "not a database"),
        (newer, "newer version"),
    ];
    for (path, reason) in cases {
        let Err(Error::Unavailable(detail)) = Embedded::open(&path) else {
            panic!("{} was opened", path.display());
        };
        assert!(detail.starts_with(&path.display().to_string()), "{detail}");
        assert!(detail.contains(reason), "{detail}");
    }
}
