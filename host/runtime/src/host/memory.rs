//! The persona's memory: searching it, and the rules for what a persona wants to be remembered.

use super::micros_since;
use crate::{
    brief::{NAME_BYTES, brief},
    contract::memory as wit_memory,
    sandbox::Sandbox,
};
use chatter_protocol::{AuthorId, MessageId, call::ImportRecord, memory};
use tokio::time::Instant;

/// The longest text of a memory and the longest query, in characters.
const MEMORY_CHARS: usize = 1000;

/// The most entries that one search gives.
const SEARCH_ENTRIES: u32 = 50;

impl wit_memory::Host for Sandbox {
    async fn search(
        &mut self,
        query: String,
        kinds: Vec<wit_memory::Kind>,
        limit: u32,
    ) -> Result<Vec<wit_memory::EntryResult>, wit_memory::Error> {
        let request = memory::Query {
            text: query.chars().take(MEMORY_CHARS).collect(),
            kinds: kinds
                .into_iter()
                .take(memory::Kind::ALL.len())
                .map(kind)
                .collect(),
            limit: limit.min(SEARCH_ENTRIES),
        };
        let asked_at = Instant::now();
        let answer = self.recall(&request).await;
        let given = match &answer {
            Ok(entries) => Ok(entries.iter().map(entry).collect()),
            Err(error) => Err(memory_error(error)),
        };
        let over = self.searches > self.limits.memory_searches;
        let took_us = micros_since(asked_at);
        self.imports().push(
            ImportRecord::Search {
                request,
                answer,
                took_us,
            },
            over,
        );
        given
    }

    fn remember(&mut self, entry: wit_memory::NewEntry) -> Result<(), wit_memory::Error> {
        let over = self.memories.len() >= self.limits.memory_writes as usize;
        let taken = if over {
            Err(memory::Error::OverBudget)
        } else {
            check_entry(&entry)
        };
        let (request, given) = match &taken {
            Ok(()) => {
                let request = new_entry(entry);
                self.memories.push(request.clone());
                (request, Ok(()))
            }
            Err(error) => (refused_entry(entry), Err(memory_error(error))),
        };
        let refused = taken.is_err();
        let answer = taken;
        self.imports()
            .push(ImportRecord::Remember { request, answer }, refused);
        given
    }
}

impl Sandbox {
    async fn recall(
        &mut self,
        request: &memory::Query,
    ) -> Result<Vec<memory::Entry>, memory::Error> {
        self.searches = self.searches.saturating_add(1);
        if self.searches > self.limits.memory_searches {
            return Err(memory::Error::OverBudget);
        }
        self.pace.pause();
        let answer = self
            .services
            .memory
            .search(&self.asker.scope, request)
            .await;
        self.pace.go_on();
        self.waited = true;
        if let Err(error) = &answer {
            let memory::Scope { room, persona } = &self.asker.scope;
            tracing::debug!(%room, %persona, "a search came to nothing: {error}");
        }
        answer.map_err(for_personas)
    }
}

/// Where a memory is and what its server says is for operators.
fn for_personas(error: memory::Error) -> memory::Error {
    match error {
        memory::Error::Unavailable(_) => memory::Error::Unavailable("it does not answer".into()),
        other @ (memory::Error::OverBudget | memory::Error::Refused(_)) => other,
    }
}

/// Checks what a persona wants to be remembered.
fn check_entry(entry: &wit_memory::NewEntry) -> Result<(), memory::Error> {
    let refused = |detail: &str| Err(memory::Error::Refused(detail.into()));
    let chars = entry.text.chars().count();
    if entry.text.trim().is_empty() || chars > MEMORY_CHARS {
        return Err(memory::Error::Refused(format!(
            "a memory has 1 to {MEMORY_CHARS} characters, this one {chars}"
        )));
    }
    if !(0.0..=1.0).contains(&entry.confidence) {
        return refused("the confidence is not in 0..=1");
    }
    let is_id = |id: &Option<String>, parses: fn(&str) -> bool| id.as_deref().is_none_or(parses);
    if !is_id(&entry.about, |id| id.parse::<AuthorId>().is_ok()) {
        return refused("`about` is not an author's id");
    }
    if !is_id(&entry.source, |id| id.parse::<MessageId>().is_ok()) {
        return refused("`source` is not a message's id");
    }
    Ok(())
}

/// What a persona wants to be remembered, which keeps to all rules.
fn new_entry(entry: wit_memory::NewEntry) -> memory::NewEntry {
    memory::NewEntry {
        kind: kind(entry.kind),
        text: entry.text,
        about: entry.about.and_then(|id| id.parse().ok()),
        confidence: entry.confidence,
        source: entry.source.and_then(|id| id.parse().ok()),
    }
}

/// What is told of one that does not: as much of it as there is a place for.
fn refused_entry(entry: wit_memory::NewEntry) -> memory::NewEntry {
    let text = match entry.text.as_str() {
        "" => "…".to_owned(),
        text => brief(text, NAME_BYTES),
    };
    let is_number = (0.0..=1.0).contains(&entry.confidence);
    let confidence = if is_number { entry.confidence } else { 0.0 };
    new_entry(wit_memory::NewEntry {
        text,
        confidence,
        ..entry
    })
}

/// A memory that keeps to all rules.
pub(crate) fn checked_entry(
    entry: wit_memory::NewEntry,
) -> Result<memory::NewEntry, memory::Error> {
    check_entry(&entry)?;
    Ok(new_entry(entry))
}

fn entry(entry: &memory::Entry) -> wit_memory::EntryResult {
    wit_memory::EntryResult {
        id: entry.id.clone(),
        kind: wit_kind(entry.entry.kind),
        text: entry.entry.text.clone(),
        about: entry.entry.about.as_ref().map(ToString::to_string),
        confidence: entry.entry.confidence,
        at: u64::try_from(entry.at.as_millis()).unwrap_or(0),
        score: entry.score,
    }
}

fn kind(kind: wit_memory::Kind) -> memory::Kind {
    match kind {
        wit_memory::Kind::Relationship => memory::Kind::Relationship,
        wit_memory::Kind::RunningJoke => memory::Kind::RunningJoke,
        wit_memory::Kind::Preference => memory::Kind::Preference,
        wit_memory::Kind::PersonaNote => memory::Kind::PersonaNote,
        wit_memory::Kind::Drift => memory::Kind::Drift,
    }
}

pub(crate) fn wit_kind(kind: memory::Kind) -> wit_memory::Kind {
    match kind {
        memory::Kind::Relationship => wit_memory::Kind::Relationship,
        memory::Kind::RunningJoke => wit_memory::Kind::RunningJoke,
        memory::Kind::Preference => wit_memory::Kind::Preference,
        memory::Kind::PersonaNote => wit_memory::Kind::PersonaNote,
        memory::Kind::Drift => wit_memory::Kind::Drift,
    }
}

fn memory_error(error: &memory::Error) -> wit_memory::Error {
    match error {
        memory::Error::OverBudget => wit_memory::Error::OverBudget,
        memory::Error::Refused(detail) => wit_memory::Error::Refused(detail.clone()),
        memory::Error::Unavailable(detail) => wit_memory::Error::Unavailable(detail.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_persona_does_not_learn_where_a_memory_is() {
        let why = "http://10.0.0.3:8888 answered 502: no route to qdrant-2";
        let told = for_personas(memory::Error::Unavailable(why.into())).to_string();
        assert_eq!(told, "the memory is unavailable: it does not answer");
        let own = memory::Error::Refused("a memory has 1 to 1000 characters".into());
        assert_eq!(for_personas(own.clone()), own);
    }
}
