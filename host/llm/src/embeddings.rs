//! What texts mean, as vectors: a client of any server that speaks OpenAI's
//! [embeddings](https://platform.openai.com/docs/api-reference/embeddings/create), as llama.cpp,
//! Ollama, vLLM and many others do.

use async_trait::async_trait;
use chatter_http::{Answer, Ask, Auth, BaseUrl, ConfigError, Method, Secret, Server};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The longest answer that is read: 64 vectors of 4,096 numbers in decimal are some 6 MB.
const MAX_BODY: usize = 16 << 20;

/// How many texts may be asked about at once.
pub const EMBEDDED_AT_ONCE: usize = 64;

/// The most numbers of a vector.
const MAX_DIMENSIONS: usize = 16_384;

/// Turns texts into vectors, so that texts that mean about the same are close to each other.
#[async_trait]
pub trait Embedder: Send + Sync + 'static {
    /// A vector for each text, all of the same length and each of length 1 in the sense of geometry;
    /// at most [`EMBEDDED_AT_ONCE`] texts.
    ///
    /// # Errors
    ///
    /// If there is no answer within the deadline, or not the one that was asked for.
    async fn embed(
        &self,
        texts: &[String],
        deadline: Duration,
    ) -> Result<Vec<Vec<f32>>, EmbedError>;

    /// The model's name: vectors of different models can't be compared.
    fn model(&self) -> &str;

    /// What it is, for people.
    fn describe(&self) -> String;
}

/// Why there are no vectors.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmbedError {
    /// The server does not take these texts, today or tomorrow.
    #[error("the server of embeddings refused the text: {0}")]
    Refused(String),
    /// It answered with an error of its own, for which these texts may be to blame: llama.cpp says 500 to one that
    /// is longer than its batch.
    #[error("the server of embeddings failed: {0}")]
    Failed(String),
    /// It can't be reached, or answers something else.
    #[error("the server of embeddings is unavailable: {0}")]
    Unavailable(String),
}

/// A server of embeddings.
pub struct Embeddings {
    server: Server,
    model: String,
}

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    input: &'a [String],
    encoding_format: &'static str,
}

#[derive(Deserialize)]
struct Response {
    data: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    index: Option<usize>,
    embedding: Vec<f32>,
}

impl Embeddings {
    /// Checks the settings: the address that `/embeddings` is appended to, such as
    /// `http://127.0.0.1:8080/v1`. The server is asked nothing: it may start later.
    ///
    /// # Errors
    ///
    /// If a setting can't be used; the error says which and why.
    pub fn new(base_url: &BaseUrl, model: &str, key: Option<Secret>) -> Result<Self, ConfigError> {
        let auth = key.map_or(Auth::Nothing, Auth::Bearer);
        Ok(Self {
            server: Server::new(base_url, auth, MAX_BODY)?,
            model: model.to_owned(),
        })
    }

    fn vectors(&self, answer: &Answer, texts: usize) -> Result<Vec<Vec<f32>>, EmbedError> {
        let server = self.server.shown();
        let status = answer.status;
        let how = || {
            let said = self.server.brief(&String::from_utf8_lossy(&answer.body));
            format!("{server} answered {status}: {said}")
        };
        match status {
            200 => {}
            400 | 413 | 422 => return Err(EmbedError::Refused(how())),
            // A proxy's words for nobody being behind it.
            502..=504 => return Err(EmbedError::Unavailable(how())),
            500..=599 => return Err(EmbedError::Failed(how())),
            _ => return Err(EmbedError::Unavailable(how())),
        }
        read(&answer.body, texts)
            .map_err(|how| EmbedError::Unavailable(format!("{server} answered {how}")))
    }
}

/// The vectors in the order of the texts.
fn read(body: &[u8], texts: usize) -> Result<Vec<Vec<f32>>, &'static str> {
    let Ok(Response { data }) = serde_json::from_slice(body) else {
        return Err("with something that is no list of embeddings; is base_url right?");
    };
    if data.len() != texts {
        return Err("with another number of embeddings than there were texts");
    }
    let mut vectors = vec![Vec::new(); texts];
    for (place, row) in data.into_iter().enumerate() {
        let place = vectors.get_mut(row.index.unwrap_or(place));
        *place.ok_or("with an index that no text has")? = row.embedding;
    }
    let dimensions = vectors.first().map_or(0, Vec::len);
    if vectors.iter().any(|vector| vector.len() != dimensions) {
        return Err("with embeddings of different lengths");
    }
    if texts > 0 && !(1..=MAX_DIMENSIONS).contains(&dimensions) {
        return Err("with embeddings of no usable length");
    }
    for vector in &mut vectors {
        let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
        if !length.is_normal() {
            return Err("with an embedding that is zero or no number");
        }
        for x in vector {
            *x /= length;
        }
    }
    Ok(vectors)
}

#[async_trait]
impl Embedder for Embeddings {
    async fn embed(
        &self,
        texts: &[String],
        deadline: Duration,
    ) -> Result<Vec<Vec<f32>>, EmbedError> {
        let body = Request {
            model: &self.model,
            input: texts,
            encoding_format: "float",
        };
        let ask = Ask {
            method: Method::POST,
            path: &["embeddings"],
            query: &[],
            headers: &[],
            body: Some(&body),
        };
        let answer = self.server.ask(&ask, deadline).await;
        let answer = answer.map_err(|failure| EmbedError::Unavailable(failure.to_string()))?;
        self.vectors(&answer, texts.len())
    }

    fn model(&self) -> &str {
        &self.model
    }

    fn describe(&self) -> String {
        format!("{} at {}", self.model, self.server.shown())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn embeddings_are_read_in_the_order_of_the_texts_and_made_of_length_one() {
        let body = r#"{"object":"list","data":[
            {"object":"embedding","index":1,"embedding":[0,2]},
            {"object":"embedding","index":0,"embedding":[3,4]}]}"#;
        assert_eq!(
            read(body.as_bytes(), 2),
            Ok(vec![vec![0.6, 0.8], vec![0.0, 1.0]])
        );
        let without_index = r#"{"data":[{"embedding":[1]},{"embedding":[-2]}]}"#;
        assert_eq!(
            read(without_index.as_bytes(), 2),
            Ok(vec![vec![1.0], vec![-1.0]])
        );
    }

    #[test]
    fn what_is_no_list_of_embeddings_is_said() {
        for (body, why) in [
            ("{}", "no list"),
            ("null", "no list"),
            ("[[1]]", "no list"),
            (r#"{"data":[{"embedding":[[1],[2]]}]}"#, "no list"),
            (r#"{"data":[{"embedding":"AACAPw=="}]}"#, "no list"),
            (r#"{"data":[]}"#, "another number"),
            (
                r#"{"data":[{"embedding":[1]},{"embedding":[1]}]}"#,
                "another number",
            ),
            (r#"{"data":[{"index":1,"embedding":[1]}]}"#, "an index"),
            (r#"{"data":[{"embedding":[]}]}"#, "no usable length"),
            (r#"{"data":[{"embedding":[0,0]}]}"#, "zero"),
            (
                r#"{"data":[{"embedding":[1e38,1e38]}]}"#,
                "zero or no number",
            ),
        ] {
            let error = read(body.as_bytes(), 1).unwrap_err();
            assert!(error.contains(why), "{body}: {error}");
        }
        let uneven = r#"{"data":[{"embedding":[1]},{"embedding":[1,2]}]}"#;
        assert!(
            read(uneven.as_bytes(), 2)
                .unwrap_err()
                .contains("different lengths")
        );
        let twice = r#"{"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]}"#;
        assert!(read(twice.as_bytes(), 2).is_err());
    }
}
