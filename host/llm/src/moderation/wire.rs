//! The JSON that goes over the wire, as far as it is used.

use super::Assessment;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Serialize)]
pub(super) struct Request<'a> {
    pub(super) model: &'a str,
    pub(super) input: &'a [String],
}

#[derive(Deserialize)]
struct Response {
    results: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    flagged: bool,
    category_scores: BTreeMap<String, f64>,
}

/// What is said of so many texts, or how the answer is wrong: what follows `the server answered`.
pub(super) fn read(body: &[u8], texts: usize) -> Result<Vec<Assessment>, String> {
    let Response { results } = serde_json::from_slice(body).map_err(|_| {
        "with something that is no moderation: `results`, of each `flagged` and `category_scores`; is base_url right?"
    })?;
    if results.len() != texts {
        return Err(format!("with {} results to {texts} texts", results.len()));
    }
    let assessment = |row: Row| {
        let wrong = row
            .category_scores
            .values()
            .any(|score| !(0.0..=1.0).contains(score));
        if wrong {
            return Err("with a score that is not in 0..=1".to_owned());
        }
        Ok(Assessment {
            flagged: row.flagged,
            scores: row.category_scores,
        })
    };
    results.into_iter().map(assessment).collect()
}
