//! Finding and listing.

use super::{
    rank,
    vectors::{self, QueryVector},
};
use crate::{Filter, entry::gist};
use chatter_protocol::{
    AuthorId, MessageId, Timestamp,
    memory::{Entry, Kind, NewEntry, Scope},
};
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter, types::Value};
use std::collections::HashSet;

/// How many entries the words bring into the ranking, and the meaning.
const CANDIDATES: i64 = 100;

/// From this cosine on, and with at least this share of words in common, two entries say about the
/// same.
const NEAR: f32 = 0.95;
const IN_COMMON: f64 = 0.5;

/// What is looked for.
pub(super) struct Ask {
    /// As an FTS5 expression; without any, the latest are found.
    pub(super) words: Option<String>,
    pub(super) vector: Option<QueryVector>,
    /// All, if none is named.
    pub(super) kinds: Vec<Kind>,
    pub(super) limit: u32,
}

pub(super) fn scope_number(connection: &Connection, scope: &str) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT id FROM scope WHERE name = ?1")?
        .query_row([scope], |row| row.get(0))
        .optional()
}

const COLUMNS: &str = "e.id, e.kind, e.text, e.about, e.confidence, e.source, e.at";

pub(super) fn search(
    connection: &Connection,
    scope: &str,
    ask: &Ask,
) -> rusqlite::Result<Vec<Entry>> {
    let Some(scope) = scope_number(connection, scope)? else {
        return Ok(Vec::new());
    };
    let Some(words) = &ask.words else {
        return latest(connection, scope, ask);
    };
    let mut lists = vec![by_words(connection, scope, words, ask)?];
    if let Some(vector) = &ask.vector {
        lists.push(vectors::closest(
            connection,
            scope,
            vector,
            &kinds_filter(&ask.kinds),
            CANDIDATES,
        )?);
    }
    let newest: i64 = connection
        .prepare_cached("SELECT coalesce(max(at), 0) FROM entry WHERE scope = ?1")?
        .query_row([scope], |row| row.get(0))?;
    let mut one = connection.prepare_cached(&format!(
        "SELECT {COLUMNS}, e.vector FROM entry e WHERE e.id = ?1"
    ))?;
    let mut found = Vec::new();
    for (id, relevance) in rank::fuse(&lists) {
        let (mut entry, vector) = one.query_row([id], |row| {
            Ok((read(row)?, row.get::<_, Option<Vec<u8>>>(7)?))
        })?;
        let age = newest - entry.at.as_millis();
        entry.score = rank::score(relevance, age, entry.entry.confidence);
        found.push((id, entry, vector));
    }
    found.sort_by(|(a_id, a, _), (b_id, b, _)| {
        b.score
            .total_cmp(&a.score)
            .then(b.at.cmp(&a.at))
            .then(b_id.cmp(a_id))
    });
    let mut found = newest_of_near(found);
    found.truncate(ask.limit as usize);
    let best = found.first().map_or(1.0, |entry| entry.score);
    for entry in &mut found {
        entry.score = if best > 0.0 { entry.score / best } else { 1.0 };
    }
    Ok(found)
}

fn latest(connection: &Connection, scope: i64, ask: &Ask) -> rusqlite::Result<Vec<Entry>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM entry e WHERE e.scope = ?1 {}
             ORDER BY e.at DESC, e.id DESC LIMIT ?2",
            kinds_filter(&ask.kinds)
        ))?
        .query_map(params![scope, ask.limit], read)?
        .collect()
}

/// The entries that hold any of the words, best first. FTS5's BM25 is negative, and the more so the
/// better.
fn by_words(
    connection: &Connection,
    scope: i64,
    words: &str,
    ask: &Ask,
) -> rusqlite::Result<Vec<(i64, f64)>> {
    // The scope is a word of the index too, so that other scopes' entries are never visited.
    let expression = format!("scope : \"s{scope}\" AND text : ({words})");
    connection
        .prepare_cached(&format!(
            "SELECT e.id, bm25(word, 0.0, 1.0) AS fit FROM word JOIN entry e ON e.id = word.rowid
             WHERE word MATCH ?2 AND e.scope = ?1 {}
             ORDER BY fit, e.at DESC, e.id DESC LIMIT ?3",
            kinds_filter(&ask.kinds)
        ))?
        .query_map(params![scope, expression, CANDIDATES], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect()
}

/// The kinds' names are the protocol's own, nobody's input.
fn kinds_filter(kinds: &[Kind]) -> String {
    if kinds.is_empty() {
        return String::new();
    }
    let names: Vec<_> = kinds
        .iter()
        .map(|kind| format!("'{}'", kind.as_str()))
        .collect();
    format!("AND e.kind IN ({})", names.join(", "))
}

/// Of entries that say about the same of the same person, the newest alone, in the best one's place.
fn newest_of_near(found: Vec<(i64, Entry, Option<Vec<u8>>)>) -> Vec<Entry> {
    let mut kept: Vec<(Entry, Option<Vec<f32>>, HashSet<String>)> = Vec::new();
    for (_, entry, vector) in found {
        let vector = vector.map(|bytes| vectors::from_bytes(&bytes));
        let said = gist(&entry.entry.text)
            .split(' ')
            .map(str::to_owned)
            .collect();
        let near = kept.iter_mut().find(|(known, known_vector, known_said)| {
            known.entry.kind == entry.entry.kind
                && known.entry.about == entry.entry.about
                && is_near(known_vector.as_deref(), vector.as_deref())
                && in_common(known_said, &said) >= IN_COMMON
        });
        match near {
            None => kept.push((entry, vector, said)),
            Some((known, ..)) if entry.at > known.at => {
                let score = known.score;
                *known = entry;
                known.score = score;
            }
            Some(_) => {}
        }
    }
    kept.into_iter().map(|(entry, ..)| entry).collect()
}

fn is_near(a: Option<&[f32]>, b: Option<&[f32]>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a.len() == b.len() && vectors::cosine(a, b) >= NEAR,
        _ => false,
    }
}

/// The Jaccard index of two sets of words.
fn in_common(a: &HashSet<String>, b: &HashSet<String>) -> f64 {
    let both = a.intersection(b).count();
    both as f64 / (a.len() + b.len() - both).max(1) as f64
}

// === Listing ===

pub(super) fn count_scopes(connection: &Connection) -> rusqlite::Result<u32> {
    connection.query_row("SELECT count(*) FROM scope", (), |row| row.get(0))
}

pub(super) fn scopes(connection: &Connection) -> rusqlite::Result<Vec<Scope>> {
    let mut names = connection.prepare(
        "SELECT name FROM scope WHERE EXISTS (SELECT 1 FROM entry WHERE scope = scope.id)
         ORDER BY name",
    )?;
    names
        .query_map((), |row| {
            let name: String = row.get(0)?;
            name.parse()
                .map_err(|error| unreadable(0, format!("{name:?}: {error}")))
        })?
        .collect()
}

pub(super) fn list(
    connection: &Connection,
    scope: &str,
    filter: &Filter,
) -> rusqlite::Result<Vec<Entry>> {
    let Some(scope) = scope_number(connection, scope)? else {
        return Ok(Vec::new());
    };
    let (filter, values) = where_filter(scope, filter);
    connection
        .prepare(&format!(
            "SELECT {COLUMNS} FROM entry e WHERE {filter} ORDER BY e.at, e.id"
        ))?
        .query_map(params_from_iter(values), read)?
        .collect()
}

/// What a filter lets through, as a condition on `entry e` and its values.
pub(super) fn where_filter(scope: i64, filter: &Filter) -> (String, Vec<Value>) {
    let (mut condition, mut values) = ("e.scope = ?1".to_owned(), vec![Value::Integer(scope)]);
    if let Some(about) = &filter.about {
        values.push(Value::Text(about.as_str().to_owned()));
        condition.push_str(&format!(" AND e.about = ?{}", values.len()));
    }
    if let Some(id) = &filter.id {
        // What is no number is no entry's id.
        values.push(Value::Integer(id.parse().unwrap_or(-1)));
        condition.push_str(&format!(" AND e.id = ?{}", values.len()));
    }
    (condition, values)
}

/// A row of [`COLUMNS`], with score 1.
fn read(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let kind: String = row.get(1)?;
    let kind = kind.parse::<Kind>().map_err(|why| unreadable(1, why))?;
    let about = row.get::<_, Option<String>>(3)?;
    let about = about
        .map(|about| AuthorId::new(&about).map_err(|error| unreadable(3, error.to_string())))
        .transpose()?;
    let source = row.get::<_, Option<String>>(5)?;
    let source = source
        .map(|source| {
            source
                .parse::<MessageId>()
                .map_err(|error| unreadable(5, error.to_string()))
        })
        .transpose()?;
    let entry = NewEntry {
        kind,
        text: row.get(2)?,
        about,
        confidence: row.get(4)?,
        source,
    };
    Ok(Entry {
        id: row.get::<_, i64>(0)?.to_string(),
        entry,
        at: Timestamp::from_millis(row.get(6)?),
        score: 1.0,
    })
}

fn unreadable(column: usize, why: String) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, why.into())
}
