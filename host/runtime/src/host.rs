//! What personas may ask of the host: the language model, their memory, their log. Each question
//! and its answer goes into the call's record.

use crate::{
    brief::{NAME_BYTES, brief},
    contract::{llm as wit_llm, log as wit_log, memory as wit_memory, types as wit_types},
    heard,
    imports::Imports,
    sandbox::Sandbox,
};
use chatter_protocol::{
    AuthorId, MessageId,
    call::{ImportRecord, LogLevel},
    llm, memory,
};
use std::{
    sync::{MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// The longest request to the language model, in bytes over all messages and the schema.
const REQUEST_BYTES: usize = 64 << 10;

/// The most messages of a request to the language model; each costs more than its bytes.
const REQUEST_MESSAGES: usize = 64;

/// The longest text of a memory and the longest query, in characters.
const MEMORY_CHARS: usize = 1000;

/// The most entries that one search gives.
const SEARCH_ENTRIES: u32 = 50;

/// What is left for the guest to make something of an answer that came at the last moment.
const LAST_WORDS: Duration = Duration::from_millis(50);

impl wit_types::Host for Sandbox {}

// === The language model ===

impl wit_llm::Host for Sandbox {
    async fn complete(
        &mut self,
        messages: Vec<wit_llm::Message>,
        max_tokens: u32,
        temperature: f32,
        json_schema: Option<String>,
    ) -> Result<wit_llm::Completion, wit_llm::Error> {
        let messages = messages
            .into_iter()
            .map(|message| llm::Message {
                role: role(message.role),
                content: message.content,
            })
            .collect();
        let mut request = llm::Request {
            messages,
            max_tokens,
            temperature,
            json_schema,
        };
        let (asked_at, calls) = (Instant::now(), self.llm_calls);
        let question = self.question(&request);
        let answer = match self.heard(&question) {
            Some(answer) => answer,
            None => self.ask(&mut request).await,
        };
        let given = match &answer {
            Ok(completion) => Ok(wit_llm::Completion {
                text: completion.text.clone(),
                model: completion.model.clone(),
                input_tokens: completion.input_tokens,
                output_tokens: completion.output_tokens,
            }),
            Err(error) => Err(llm_error(error)),
        };
        let asked = self.llm_calls != calls;
        if !asked {
            // The model never saw it: it is not kept.
            request.messages.clear();
            request.json_schema = None;
        }
        if !(0.0..=2.0).contains(&request.temperature) {
            request.temperature = 1.0;
        }
        let took_us = micros_since(asked_at);
        self.imports().push(
            ImportRecord::Complete {
                request,
                asked,
                question,
                answer,
                took_us,
            },
            !asked,
        );
        given
    }

    fn remaining(&mut self) -> wit_llm::Budget {
        let heard = self.services.heard.as_ref();
        let answer = heard
            .and_then(|heard| heard.remaining())
            .unwrap_or_else(|| self.remaining_budget());
        let answer = self.imports().remaining(answer);
        wit_llm::Budget {
            calls: answer.calls,
            tokens: answer.tokens,
        }
    }
}

impl Sandbox {
    fn imports(&self) -> MutexGuard<'_, Imports> {
        self.imports.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The least of all that bounds it: the call, the persona's minute, and what tenant, room and persona
    /// may use up of the providers.
    fn remaining_budget(&self) -> llm::Budget {
        let budget = self.budget();
        let model = self.services.model.remaining(&self.asker);
        llm::Budget {
            tokens: budget.tokens.min(model),
            ..budget
        }
    }

    /// What is left of the call's and the persona's own limits. Whether what a provider costs is left is the
    /// model's business: another may be free.
    fn budget(&self) -> llm::Budget {
        let (calls, tokens) = self.account.llm(&self.limits);
        let calls = calls.min(self.limits.llm_calls.saturating_sub(self.llm_calls));
        // Who can't be told in the record is answered by a rule that holds for a replay too.
        let may_ask = !self.imports().is_full();
        llm::Budget {
            calls: if may_ask { calls } else { 0 },
            tokens: tokens.min(self.limits.llm_tokens.saturating_sub(self.llm_tokens)),
        }
    }

    /// What tells this question from others, if it can come into the record.
    fn question(&self, request: &llm::Request) -> String {
        if self.imports().is_full() {
            String::new()
        } else {
            heard::question(request)
        }
    }

    /// What the same question was answered the first time, if this call is made once more.
    fn heard(&mut self, question: &str) -> Option<Result<llm::Completion, llm::Error>> {
        let may_ask = self.llm_calls < self.limits.llm_calls;
        let heard = self.services.heard.as_ref()?;
        let (asked, answer) = heard.completion(question, may_ask)?;
        if asked {
            self.llm_calls += 1;
            let used = answer.as_ref().map_or(0, |answer| answer.output_tokens);
            self.llm_tokens = self.llm_tokens.saturating_add(used);
        }
        Some(answer)
    }

    async fn ask(&mut self, request: &mut llm::Request) -> Result<llm::Completion, llm::Error> {
        check_request(request)?;
        let left = self.budget();
        if left.calls == 0 || left.tokens == 0 {
            return Err(llm::Error::OverBudget);
        }
        request.max_tokens = request.max_tokens.clamp(1, left.tokens);
        let deadline = self
            .deadline
            .saturating_duration_since(Instant::now())
            .saturating_sub(LAST_WORDS);
        if deadline.is_zero() {
            return Err(llm::Error::Timeout);
        }
        let seed = self
            .seed
            .wrapping_add(u64::from(self.llm_calls).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        // Held until the answer is there.
        let _seat = match &self.waiting {
            Some(room) => Some(room.enter().ok_or(llm::Error::Busy)?),
            None => None,
        };
        self.llm_calls += 1;
        // Should the call end while it waits, it has used what it asked for.
        self.account.take_llm(request.max_tokens);
        self.pace.pause();
        let answer = self
            .services
            .model
            .complete(request, &self.asker, seed, deadline)
            .await;
        self.pace.go_on();
        self.waited = true;
        // It may be more than was asked for: what a model thought, and the answer that was wrong before this one.
        let used = match &answer {
            Ok(completion) => completion.output_tokens.max(1),
            Err(_) => 0,
        };
        self.llm_tokens = self.llm_tokens.saturating_add(used);
        self.account.settle_tokens(request.max_tokens, used);
        answer
    }
}

/// Checks what a persona asks the language model.
fn check_request(request: &llm::Request) -> Result<(), llm::Error> {
    let contents = request.messages.iter().map(|message| &message.content);
    let texts = contents.chain(&request.json_schema);
    let bytes: usize = texts.map(String::len).sum();
    let messages = request.messages.len();
    let refused = if bytes > REQUEST_BYTES {
        format!("a request may have {REQUEST_BYTES} bytes, this one has {bytes}")
    } else if messages > REQUEST_MESSAGES {
        format!("a request may have {REQUEST_MESSAGES} messages, this one has {messages}")
    } else if !(0.0..=2.0).contains(&request.temperature) {
        "the temperature is not in 0..=2".into()
    } else {
        return Ok(());
    };
    Err(llm::Error::Refused(refused))
}

fn role(role: wit_llm::Role) -> llm::Role {
    match role {
        wit_llm::Role::System => llm::Role::System,
        wit_llm::Role::User => llm::Role::User,
        wit_llm::Role::Assistant => llm::Role::Assistant,
    }
}

fn llm_error(error: &llm::Error) -> wit_llm::Error {
    match error {
        llm::Error::Busy => wit_llm::Error::Busy,
        llm::Error::OverBudget => wit_llm::Error::OverBudget,
        llm::Error::Timeout => wit_llm::Error::Timeout,
        llm::Error::Unavailable(detail) => wit_llm::Error::Unavailable(detail.clone()),
        llm::Error::Refused(detail) => wit_llm::Error::Refused(detail.clone()),
    }
}

// === The memory ===

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

// === The log ===

impl wit_log::Host for Sandbox {
    fn write(&mut self, level: wit_log::Level, text: String) {
        let level = match level {
            wit_log::Level::Debug => LogLevel::Debug,
            wit_log::Level::Info => LogLevel::Info,
            wit_log::Level::Warn => LogLevel::Warn,
            wit_log::Level::Error => LogLevel::Error,
        };
        self.log.write(level, &text);
    }
}

fn micros_since(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_refused_with_all_that_counts() {
        let request = |content: usize, schema: usize| llm::Request {
            messages: vec![llm::Message {
                role: llm::Role::User,
                content: "x".repeat(content),
            }],
            max_tokens: 20,
            temperature: 1.0,
            json_schema: (schema > 0).then(|| "{".repeat(schema)),
        };
        for (content, schema, refused) in [
            (REQUEST_BYTES, 0, None),
            (REQUEST_BYTES - 900, 900, None),
            (REQUEST_BYTES + 1, 0, Some("this one has 65537")),
            (900, REQUEST_BYTES, Some("this one has 66436")),
        ] {
            let why = check_request(&request(content, schema)).err();
            let why = why.map(|why| why.to_string());
            let told = why.as_deref().map(|why| why.split(", ").last().unwrap_or(why));
            assert_eq!(told, refused, "{content} and {schema}");
        }
    }

    #[test]
    fn a_persona_does_not_learn_where_a_memory_is() {
        let why = "http://10.0.0.3:8888 answered 502: no route to qdrant-2";
        let told = for_personas(memory::Error::Unavailable(why.into())).to_string();
        assert_eq!(told, "the memory is unavailable: it does not answer");
        let own = memory::Error::Refused("a memory has 1 to 1000 characters".into());
        assert_eq!(for_personas(own.clone()), own);
    }
}
