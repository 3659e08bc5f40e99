//! What stands in the file, and what no longer does.

use super::*;

#[tokio::test]
async fn a_file_of_the_first_version_is_taken_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("memory.db");
    let old = Connection::open(&path).unwrap();
    old.execute_batch(schema::TABLES_1).unwrap();
    old.execute_batch(
        "INSERT INTO scope (id, name) VALUES (1, 'room:main/lobby|agent:nova');
         INSERT INTO entry (scope, kind, text, about, at, confidence, source)
         VALUES (1, 'persona-note', 'The boss fell.', NULL, 1769860800000, 0.5, NULL);
         PRAGMA user_version = 1;",
    )
    .unwrap();
    drop(old);
    let memory = Embedded::open(&path).unwrap();
    let scope = scope("main/lobby", "nova");
    assert_eq!(
        texts(&memory, &scope, &words("boss")).await,
        ["The boss fell."]
    );
    memory
        .remember(&scope, "w", &note("the boss fell"), at(9))
        .await
        .unwrap();
    let found = memory.search(&scope, &words("")).await.unwrap();
    assert_eq!((found.len(), found[0].at), (1, at(9)));
}

/// Whether a word stands in one of a folder's files.
fn holds(folder: &Path, word: &str) -> bool {
    fs::read_dir(folder).unwrap().any(|file| {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        bytes
            .windows(word.len())
            .any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
    })
}

/// Some hundred notes of different lengths, so that pages are split, and words' index is merged; one holds a word
/// that no other has. Gives the id of that one.
async fn remember_hundreds(memory: &Embedded, scope: &Scope) -> String {
    for n in 0..400_i64 {
        let filling = "rain and more rain ".repeat((n % 23) as usize);
        let text = match n {
            150 => "zanzibar is a secret".to_owned(),
            _ => format!("note {n}: {filling}"),
        };
        memory
            .remember(scope, &format!("w{n}"), &note(&text), at(n))
            .await
            .unwrap();
    }
    let found = memory.search(scope, &words("zanzibar")).await.unwrap();
    found[0].id.clone()
}

#[tokio::test]
async fn what_is_forgotten_leaves_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let memory = Embedded::open(&folder.path().join("memory.db")).unwrap();
    let scope = scope("main/lobby", "nova");
    let id = remember_hundreds(&memory, &scope).await;
    assert!(holds(folder.path(), "zanzibar"));
    let secret = Filter {
        id: Some(id),
        about: None,
    };
    assert_eq!(memory.forget(&scope, &secret).await, Ok(1));
    for part in ["zanzibar", "anziba"] {
        assert!(!holds(folder.path(), part), "{part}");
    }
    let listing = memory.list(&scope, &Filter::default()).await.unwrap();
    assert_eq!(listing.entries.len(), 399);
}

#[tokio::test]
async fn what_an_earlier_version_left_in_the_file_goes_when_it_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("memory.db");
    let old = Connection::open(&path).unwrap();
    old.execute_batch(schema::TABLES_2).unwrap();
    old.execute_batch(
        "PRAGMA secure_delete = OFF; PRAGMA journal_mode = WAL; PRAGMA user_version = 2;
         INSERT INTO scope (id, name) VALUES (1, 'room:main/lobby|agent:nova');
         INSERT INTO entry (scope, kind, text, at, confidence, gist)
         VALUES (1, 'persona-note', 'zanzibar is a secret', 1, 0.5, 'zanzibar is a secret'),
                (1, 'persona-note', 'it rains', 1, 0.5, 'it rains');
         DELETE FROM entry WHERE id = 1;",
    )
    .unwrap();
    drop(old);
    assert!(holds(folder.path(), "zanzibar"));
    let memory = Embedded::open(&path).unwrap();
    assert!(!holds(folder.path(), "zanzibar"));
    let scope = scope("main/lobby", "nova");
    assert_eq!(texts(&memory, &scope, &words("")).await, ["it rains"]);
    assert_eq!(texts(&memory, &scope, &words("rains")).await, ["it rains"]);
}
