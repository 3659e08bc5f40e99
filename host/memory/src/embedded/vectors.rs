//! Vectors of entries and queries.
//!
//! An entry is kept without its vector, and gets it in the background: a server of embeddings that is
//! slow or away delays no write and loses none. Which model a vector is of (its name, and how many
//! numbers it gives) is kept with it; only those of the model that is set count, and the others are made
//! anew.

use super::File;
use crate::away::PATIENCE;
use chatter_http::{Breaker, Change};
use chatter_llm::{EMBEDDED_AT_ONCE, EmbedError, Embedder};
use chatter_protocol::memory::Error;
use metrics::{counter, gauge};
use rusqlite::{Connection, OptionalExtension, params};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::Notify,
    task::AbortHandle,
    time::{Instant, sleep, timeout},
};

/// How long the server may take for a batch of entries.
const FILL_WAIT: Duration = Duration::from_secs(60);

/// How long to wait before a server that failed is tried again.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What every model can take.
const PROBE: &str = "chatter";

/// An entry of which the model makes no vector.
const NO_VECTOR: i64 = -1;

/// The meaning of texts, by a server of embeddings.
pub(super) struct Meaning {
    embedder: Arc<dyn Embedder>,
    wait: Duration,
    breaker: Breaker<()>,
    news: Arc<Notify>,
    /// What gives entries their vectors, if anything does.
    filling: Option<AbortHandle>,
}

/// A query's vector, and what it is of.
pub(super) struct QueryVector {
    model: String,
    vector: Vec<f32>,
}

impl Meaning {
    /// Of queries, and of the file's entries.
    pub(super) fn new(file: File, embedder: Arc<dyn Embedder>, wait: Duration) -> Self {
        let mut meaning = Self::of_queries(embedder, wait);
        let filler = Filler {
            file,
            embedder: Arc::clone(&meaning.embedder),
            news: Arc::clone(&meaning.news),
        };
        meaning.filling = Some(tokio::spawn(filler.run()).abort_handle());
        meaning
    }

    /// Of queries alone: entries stay as they are.
    pub(super) fn of_queries(embedder: Arc<dyn Embedder>, wait: Duration) -> Self {
        Self {
            embedder,
            wait,
            breaker: Breaker::new(PATIENCE),
            news: Arc::new(Notify::new()),
            filling: None,
        }
    }

    pub(super) fn describe(&self) -> String {
        self.embedder.describe()
    }

    /// There are entries without a vector.
    pub(super) fn wake(&self) {
        self.news.notify_one();
    }

    /// A query's vector, if the server gives it in time.
    pub(super) async fn of(&self, text: &str) -> Option<QueryVector> {
        let pass = self.breaker.pass((), Instant::now()).ok()?;
        let texts = [text.to_owned()];
        let asking = self.embedder.embed(&texts, self.wait);
        let reason = match timeout(self.wait, asking).await {
            Ok(Ok(vectors)) => {
                if let Some(Change::Closed(after)) = pass.good(Instant::now()) {
                    tracing::info!(
                        server = self.describe(),
                        "embeddings are there again, after {after:.1?}"
                    );
                }
                let vector = vectors.into_iter().next()?;
                let model = self.embedder.model().to_owned();
                return Some(QueryVector { model, vector });
            }
            // The server is well, the text is not.
            Ok(Err(EmbedError::Refused(_))) => {
                pass.good(Instant::now());
                return None;
            }
            // Whichever of the two it is: whoever asks must not have a say in whether others may.
            Ok(Err(EmbedError::Failed(reason))) => {
                tracing::debug!(server = self.describe(), %reason, "a search goes without an embedding");
                counter!("chatter_memory_searches_without_meaning_total").increment(1);
                return None;
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("it did not answer within {:?}", self.wait),
        };
        counter!("chatter_memory_searches_without_meaning_total").increment(1);
        let change = pass.bad(Instant::now(), ());
        if let Some(Change::Opened(_)) = change {
            tracing::warn!(server = self.describe(), %reason, "no embeddings: memories are found by their words alone");
        }
        None
    }
}

impl Drop for Meaning {
    fn drop(&mut self) {
        if let Some(filling) = &self.filling {
            filling.abort();
        }
    }
}

/// Gives entries their vectors.
struct Filler {
    file: File,
    embedder: Arc<dyn Embedder>,
    news: Arc<Notify>,
}

impl Filler {
    async fn run(self) {
        let mut pause = FIRST_PAUSE;
        let mut well = true;
        let mut settled = false;
        loop {
            let step = async {
                if !settled {
                    self.settle_model().await?;
                }
                self.fill().await
            };
            match step.await {
                Ok(filled) => {
                    settled = true;
                    pause = FIRST_PAUSE;
                    well = true;
                    if filled == 0 {
                        self.news.notified().await;
                    }
                }
                Err(reason) => {
                    if well {
                        tracing::warn!(server = self.embedder.describe(), %reason, "memories get no vectors; it will be tried again");
                    }
                    well = false;
                    sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    /// Learns how many numbers the model gives, and takes vectors of other models away.
    async fn settle_model(&self) -> Result<(), String> {
        let probe = self.embed(&[PROBE.to_owned()]).await;
        let probe = probe.map_err(|error| error.to_string())?;
        let dimensions = probe.first().map_or(0, Vec::len);
        let name = self.embedder.model().to_owned();
        let stale = self
            .file
            .run(move |connection| take_this_model(connection, &name, dimensions))
            .await
            .map_err(|error| error.to_string())?;
        if stale > 0 {
            tracing::info!(
                model = self.embedder.model(),
                "the model of embeddings is another one: {stale} memories get new vectors"
            );
        }
        Ok(())
    }

    /// Gives some entries their vectors; how many.
    async fn fill(&self) -> Result<usize, String> {
        let waiting = self.file.run(|connection| without_vector(connection)).await;
        let waiting = waiting.map_err(|error: Error| error.to_string())?;
        gauge!("chatter_memories_without_vector").set(waiting.len() as f64);
        if waiting.is_empty() {
            return Ok(0);
        }
        let (ids, texts): (Vec<i64>, Vec<String>) = waiting.into_iter().unzip();
        let (made, end) = match self.embed(&texts).await {
            Ok(vectors) => (
                ids.into_iter().zip(vectors.into_iter().map(Some)).collect(),
                None,
            ),
            // One of them may be what it does not take.
            Err(EmbedError::Refused(_) | EmbedError::Failed(_)) => {
                self.one_by_one(ids.into_iter().zip(texts)).await
            }
            Err(error) => return Err(error.to_string()),
        };
        let (name, count) = (self.embedder.model().to_owned(), made.len());
        let kept = self
            .file
            .run(move |connection| keep_vectors(connection, &name, made.into_iter()));
        kept.await.map_err(|error| error.to_string())?;
        match end {
            Some(reason) => Err(reason),
            None => Ok(count),
        }
    }

    /// The vectors that there are, or that there are none, and why it ended before all were asked about.
    async fn one_by_one(
        &self,
        entries: impl Iterator<Item = (i64, String)>,
    ) -> (Vec<(i64, Option<Vec<f32>>)>, Option<String>) {
        let (mut made, mut failed) = (Vec::new(), Vec::new());
        let (mut end, mut is_well) = (None, false);
        for (id, text) in entries {
            match self.embed(std::slice::from_ref(&text)).await {
                Ok(vectors) => {
                    is_well = true;
                    made.push((id, vectors.into_iter().next()));
                }
                Err(EmbedError::Refused(reason)) => {
                    tracing::debug!(%reason, "a memory gets no vector");
                    made.push((id, None));
                }
                Err(EmbedError::Failed(reason)) => {
                    failed.push((id, None));
                    end = Some(reason);
                }
                Err(EmbedError::Unavailable(reason)) => return (made, Some(reason)),
            }
        }
        if !failed.is_empty() && (is_well || self.embed(&[PROBE.to_owned()]).await.is_ok()) {
            // It works, so it is these that it can't take.
            tracing::debug!(
                memories = failed.len(),
                reason = end,
                "memories get no vector"
            );
            made.append(&mut failed);
            end = None;
        }
        (made, end)
    }

    async fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let late = || EmbedError::Unavailable(format!("it did not answer within {FILL_WAIT:?}"));
        let asking = self.embedder.embed(texts, FILL_WAIT);
        timeout(FILL_WAIT, asking)
            .await
            .unwrap_or_else(|_| Err(late()))
    }
}

// === In the file ===

fn take_this_model(
    connection: &mut Connection,
    name: &str,
    dimensions: usize,
) -> rusqlite::Result<usize> {
    let whole = connection.transaction()?;
    let model = model_number(&whole, name, dimensions)?;
    let stale = whole.execute(
        "UPDATE entry SET model = NULL, vector = NULL WHERE model IS NOT NULL AND model <> ?1",
        [model],
    )?;
    whole.execute("DELETE FROM model WHERE id <> ?1", [model])?;
    whole.commit()?;
    Ok(stale)
}

fn model_number(connection: &Connection, name: &str, dimensions: usize) -> rusqlite::Result<i64> {
    let dimensions = whole(dimensions);
    connection
        .prepare_cached(
            "INSERT INTO model (name, dimensions) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        )?
        .execute(params![name, dimensions])?;
    connection
        .prepare_cached("SELECT id FROM model WHERE name = ?1 AND dimensions = ?2")?
        .query_row(params![name, dimensions], |row| row.get(0))
}

fn without_vector(connection: &Connection) -> rusqlite::Result<Vec<(i64, String)>> {
    // The newest first: they are asked for the most.
    connection
        .prepare_cached("SELECT id, text FROM entry WHERE model IS NULL ORDER BY id DESC LIMIT ?1")?
        .query_map([whole(EMBEDDED_AT_ONCE)], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect()
}

fn keep_vectors(
    connection: &mut Connection,
    name: &str,
    vectors: impl Iterator<Item = (i64, Option<Vec<f32>>)>,
) -> rusqlite::Result<()> {
    let whole = connection.transaction()?;
    for (id, vector) in vectors {
        let model = match &vector {
            Some(vector) => model_number(&whole, name, vector.len())?,
            None => NO_VECTOR,
        };
        let bytes = vector.map(|vector| to_bytes(&vector));
        whole
            .prepare_cached("UPDATE entry SET model = ?2, vector = ?3 WHERE id = ?1")?
            .execute(params![id, model, bytes])?;
    }
    whole.commit()
}

/// The entries of a scope whose vectors are closest to the query's, best first.
pub(super) fn closest(
    connection: &Connection,
    scope: i64,
    query: &QueryVector,
    kinds_filter: &str,
    limit: i64,
) -> rusqlite::Result<Vec<(i64, f64)>> {
    let model: Option<i64> = connection
        .prepare_cached("SELECT id FROM model WHERE name = ?1 AND dimensions = ?2")?
        .query_row(params![query.model, whole(query.vector.len())], |row| {
            row.get(0)
        })
        .optional()?;
    let Some(model) = model else {
        return Ok(Vec::new());
    };
    let mut vectors = connection.prepare_cached(&format!(
        "SELECT e.id, e.vector FROM entry e WHERE e.scope = ?1 AND e.model = ?2 {kinds_filter}"
    ))?;
    let mut rows = vectors.query(params![scope, model])?;
    let mut close = Vec::new();
    while let Some(row) = rows.next()? {
        let vector = from_bytes(row.get_ref(1)?.as_blob()?);
        let cosine = cosine(&query.vector, &vector);
        if cosine > 0.0 {
            close.push((row.get(0)?, f64::from(cosine)));
        }
    }
    close.sort_by(|(a_id, a), (b_id, b): &(i64, f64)| b.total_cmp(a).then(b_id.cmp(a_id)));
    close.truncate(usize::try_from(limit).unwrap_or(0));
    Ok(close)
}

/// As SQLite counts.
fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Of vectors of length 1.
pub(super) fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn to_bytes(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|x| x.to_le_bytes()).collect()
}

pub(super) fn from_bytes(bytes: &[u8]) -> Vec<f32> {
    let (numbers, _) = bytes.as_chunks::<4>();
    numbers
        .iter()
        .map(|bytes| f32::from_le_bytes(*bytes))
        .collect()
}
