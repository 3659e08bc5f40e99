//! Memories that are found by what they mean.

use super::*;
use chatter_llm::EmbedError;
use std::sync::atomic::AtomicBool;
use tokio::time::timeout;

/// Knows animals, food and everything else, in the words of some languages.
struct Animals {
    model: &'static str,
    dimensions: usize,
    /// Refuses this word, fails at that one, fails or hangs.
    refuses: &'static str,
    breaks_at: &'static str,
    fails: AtomicBool,
    hangs: AtomicBool,
}

impl Animals {
    fn new(model: &'static str, dimensions: usize) -> Self {
        Self {
            model,
            dimensions,
            refuses: "unspeakable",
            breaks_at: "endless",
            fails: AtomicBool::new(false),
            hangs: AtomicBool::new(false),
        }
    }
}

#[async_trait]
impl Embedder for Animals {
    async fn embed(&self, texts: &[String], _: Duration) -> Result<Vec<Vec<f32>>, EmbedError> {
        if self.hangs.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        if self.fails.load(Ordering::SeqCst) {
            return Err(EmbedError::Unavailable("scripted".into()));
        }
        if texts.iter().any(|text| text.contains(self.refuses)) {
            return Err(EmbedError::Refused("scripted".into()));
        }
        if texts.iter().any(|text| text.contains(self.breaks_at)) {
            return Err(EmbedError::Failed("scripted".into()));
        }
        let has = |text: &str, words: &[&str]| words.iter().any(|word| text.contains(word));
        let vector = |text: &String| {
            let mut vector = vec![0.0; self.dimensions];
            let animal = has(text, &["cat", "Katze", "dog", "pet"]);
            let food = has(text, &["pasta", "Nudeln", "dish"]);
            vector[if animal {
                0
            } else if food {
                1
            } else {
                2
            }] = 1.0;
            vector
        };
        Ok(texts.iter().map(vector).collect())
    }

    fn model(&self) -> &str {
        self.model
    }

    fn describe(&self) -> String {
        "scripted".into()
    }
}

const SHORT: Duration = Duration::from_millis(20);

/// How many entries have vectors of so many numbers.
fn vectors(memory: &Embedded, dimensions: usize) -> usize {
    let connection = memory.file.connection.lock().unwrap();
    let mut rows = connection
        .prepare("SELECT length(vector) FROM entry WHERE vector IS NOT NULL")
        .unwrap();
    let lengths = rows.query_map((), |row| row.get::<_, i64>(0)).unwrap();
    lengths
        .filter(|length| *length.as_ref().unwrap() == 4 * dimensions as i64)
        .count()
}

async fn until_filled(memory: &Embedded, dimensions: usize, count: usize) {
    let filled = async {
        while vectors(memory, dimensions) < count {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(Duration::from_secs(30), filled).await.unwrap();
}

#[tokio::test]
async fn what_means_the_same_is_found_without_its_words() {
    let scope = scope("main/lobby", "nova");
    let memory = Embedded::in_memory().unwrap();
    let memory = memory.with_embedder(Arc::new(Animals::new("a", 3)), Duration::from_secs(30));
    let notes = [
        "ana hat eine Katze",
        "ben kocht Nudeln",
        "the pet is loud",
        "it rains",
    ];
    remember_all(&memory, &scope, &notes).await;
    until_filled(&memory, 3, 4).await;
    let found = texts(&memory, &scope, &words("whose pet")).await;
    assert_eq!(
        found,
        ["the pet is loud", "ana hat eine Katze"],
        "words and meaning, then meaning alone"
    );
    assert_eq!(
        texts(&memory, &scope, &words("favourite dish")).await,
        ["ben kocht Nudeln"]
    );
}

#[tokio::test]
async fn a_server_of_embeddings_that_is_away_costs_no_write_and_no_search() {
    let scope = scope("main/lobby", "nova");
    let animals = Arc::new(Animals::new("a", 3));
    let memory = Embedded::in_memory().unwrap();
    let memory = memory.with_embedder(animals.clone(), SHORT);
    animals.hangs.store(true, Ordering::SeqCst);
    remember_all(&memory, &scope, &["the cat sleeps", "it rains"]).await;
    assert_eq!(
        texts(&memory, &scope, &words("cat")).await,
        ["the cat sleeps"]
    );
    animals.hangs.store(false, Ordering::SeqCst);
    animals.fails.store(true, Ordering::SeqCst);
    assert_eq!(
        texts(&memory, &scope, &words("cat")).await,
        ["the cat sleeps"]
    );
    assert_eq!(vectors(&memory, 3), 0);
}

#[tokio::test]
async fn missing_vectors_are_made_later_and_what_is_refused_holds_up_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("memory.db");
    let scope = scope("main/lobby", "nova");
    let without = Embedded::open(&path).unwrap();
    let notes = ["ana hat eine Katze", "an unspeakable cat", "it rains"];
    remember_all(&without, &scope, &notes).await;
    drop(without);
    let memory = Embedded::open(&path).unwrap();
    let memory = memory.with_embedder(Arc::new(Animals::new("a", 3)), Duration::from_secs(30));
    until_filled(&memory, 3, 2).await;
    let found = texts(&memory, &scope, &words("pet")).await;
    assert_eq!(found, ["ana hat eine Katze"]);
}

#[tokio::test]
async fn what_the_server_fails_at_holds_up_nothing() {
    let scope = scope("main/lobby", "nova");
    let notes = ["ana hat eine Katze", "an endless cat", "it rains"];
    // Among others, and alone.
    for (notes, count) in [(&notes[..], 2), (&notes[1..2], 0)] {
        let memory = Embedded::in_memory().unwrap();
        let memory = memory.with_embedder(Arc::new(Animals::new("a", 3)), Duration::from_secs(30));
        remember_all(&memory, &scope, notes).await;
        until_filled(&memory, 3, count).await;
        let waiting = async || {
            let count = memory.file.run(|connection| {
                connection.query_row(
                    "SELECT count(*) FROM entry WHERE model IS NULL",
                    (),
                    |row| row.get::<_, i64>(0),
                )
            });
            count.await.unwrap()
        };
        let settled = async {
            while waiting().await != 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(Duration::from_secs(30), settled).await.unwrap();
    }
}

#[tokio::test]
async fn another_model_makes_all_vectors_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("memory.db");
    let scope = scope("main/lobby", "nova");
    // By its name, and by how many numbers it gives.
    for (model, dimensions) in [("a", 3), ("b", 4), ("b", 5)] {
        let memory = Embedded::open(&path).unwrap();
        let animals = Arc::new(Animals::new(model, dimensions));
        let memory = memory.with_embedder(animals, Duration::from_secs(30));
        remember_all(&memory, &scope, &["ana hat eine Katze", "it rains"]).await;
        until_filled(&memory, dimensions, 2).await;
        assert_eq!(
            texts(&memory, &scope, &words("pet")).await,
            ["ana hat eine Katze"]
        );
    }
}

#[tokio::test]
async fn who_looks_at_a_file_leaves_its_vectors_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("memory.db");
    let scope = scope("main/lobby", "nova");
    let owner = Embedded::open(&path).unwrap();
    let owner = owner.with_embedder(Arc::new(Animals::new("a", 3)), Duration::from_secs(30));
    remember_all(&owner, &scope, &["ana hat eine Katze", "it rains"]).await;
    until_filled(&owner, 3, 2).await;
    for (model, dimensions, found) in [
        ("a", 3, &["ana hat eine Katze"][..]),
        // Its numbers mean something else, as many as they are.
        ("b", 3, &[]),
        ("a", 4, &[]),
    ] {
        let looker = Embedded::open(&path).unwrap();
        let animals = Arc::new(Animals::new(model, dimensions));
        let looker = looker.with_embedder_of_queries(animals, Duration::from_secs(30));
        assert_eq!(texts(&looker, &scope, &words("pet")).await, found);
        assert_eq!(vectors(&owner, 3), 2, "{model} {dimensions}");
    }
    assert_eq!(
        texts(&owner, &scope, &words("pet")).await,
        ["ana hat eine Katze"]
    );
}

#[tokio::test]
async fn of_what_is_about_the_same_the_newest_is_shown() {
    let scope = scope("main/lobby", "nova");
    let memory = Embedded::in_memory().unwrap();
    let memory = memory.with_embedder(Arc::new(Animals::new("a", 3)), Duration::from_secs(30));
    let notes = ["ana has a black cat", "ana has a white cat", "dogs bark"];
    remember_all(&memory, &scope, &notes).await;
    until_filled(&memory, 3, 3).await;
    let found = texts(&memory, &scope, &words("cat")).await;
    assert_eq!(found, ["ana has a white cat", "dogs bark"]);
    let listing = memory.list(&scope, &Filter::default()).await.unwrap();
    assert_eq!(listing.entries.len(), 3, "nothing is thrown away");
}
