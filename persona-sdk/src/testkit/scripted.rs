//! A host that answers as it was told.

use super::{NOW, build::fresh_id};
use crate::{
    Host, Level, llm,
    memory::{self, Entry, Kind, MAX_ENTRY_CHARS, NewEntry},
    words,
};
use std::collections::VecDeque;

/// How much one call may ask, by default as much as the host's own defaults allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budgets {
    /// Completions.
    pub llm_calls: u32,
    /// Tokens of their answers together.
    pub llm_tokens: u32,
    /// Memory searches.
    pub searches: u32,
    /// Memory writes.
    pub writes: u32,
}

impl Budgets {
    /// The host's own defaults.
    pub const DEFAULT: Self = Self {
        llm_calls: 4,
        llm_tokens: 1000,
        searches: 8,
        writes: 8,
    };
}

impl Default for Budgets {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// A host that gives the answers a test wrote down, and records what it was asked.
///
/// The language model's answers are used up in order; when none is left it is unavailable. The
/// memory finds entries that share a word with the query, and the latest without words.
#[derive(Clone, Debug, Default)]
pub struct Scripted {
    /// What one call may ask.
    pub budgets: Budgets,
    /// What the persona asked the language model, over all calls.
    pub requests: Vec<llm::Request>,
    /// The words it searched its memory for, over all calls.
    pub searches: Vec<String>,
    /// What its memory holds, oldest first. What a call wants remembered comes here when the call
    /// has returned well.
    pub memories: Vec<Entry>,
    /// What it wanted remembered in all calls that returned well.
    pub remembered: Vec<NewEntry>,
    /// What it logged, over all calls, those that failed included.
    pub log: Vec<(Level, String)>,
    answers: VecDeque<Result<String, llm::Error>>,
    memory_error: Option<memory::Error>,
    left: Budgets,
    pending: Vec<NewEntry>,
    now: u64,
}

impl Scripted {
    /// The language model's next answer.
    pub fn answer(&mut self, text: &str) -> &mut Self {
        self.answers.push_back(Ok(text.into()));
        self
    }

    /// The language model will not answer next time.
    pub fn fail(&mut self, error: llm::Error) -> &mut Self {
        self.answers.push_back(Err(error));
        self
    }

    /// From now on the memory doesn't answer.
    pub fn break_memory(&mut self, error: memory::Error) -> &mut Self {
        self.memory_error = Some(error);
        self
    }

    /// Something that the persona remembers from before.
    pub fn knows(&mut self, entry: NewEntry) -> &mut Self {
        self.memories.push(stored(entry, NOW));
        self
    }

    /// The user message of the latest request to the language model; empty if there was none.
    #[must_use]
    pub fn latest_prompt(&self) -> &str {
        let of_user = |request: &'_ llm::Request| {
            request
                .messages
                .iter()
                .rposition(|m| m.role == llm::Role::User)
        };
        self.requests
            .last()
            .and_then(|request| of_user(request).map(|i| request.messages[i].content.as_str()))
            .unwrap_or_default()
    }

    /// A call starts: its budgets are full.
    pub(crate) fn begin(&mut self, now: u64) {
        self.left = self.budgets;
        self.now = now;
    }

    /// A call returned well: what it wanted remembered is.
    pub(crate) fn commit(&mut self) {
        for entry in std::mem::take(&mut self.pending) {
            self.remembered.push(entry.clone());
            self.memories.push(stored(entry, self.now));
        }
    }

    /// A call failed: nothing of it is kept.
    pub(crate) fn roll_back(&mut self) {
        self.pending.clear();
    }
}

fn stored(entry: NewEntry, at: u64) -> Entry {
    let NewEntry {
        kind,
        text,
        about,
        confidence,
        ..
    } = entry;
    Entry {
        id: fresh_id(),
        kind,
        text,
        about,
        confidence,
        at,
        score: 1.0,
    }
}

impl Host for Scripted {
    fn complete(&mut self, request: &llm::Request) -> Result<llm::Completion, llm::Error> {
        self.requests.push(request.clone());
        if !(0.0..=2.0).contains(&request.temperature) {
            return Err(llm::Error::Refused(
                "the temperature is not in 0..=2".into(),
            ));
        }
        if self.left.llm_calls == 0 || self.left.llm_tokens == 0 {
            return Err(llm::Error::OverBudget);
        }
        self.left.llm_calls -= 1;
        let unscripted = || {
            Err(llm::Error::Unavailable(
                "the test has scripted no answer".into(),
            ))
        };
        let text = self.answers.pop_front().unwrap_or_else(unscripted)?;
        // As good a count as any: most tokens of a chat are words.
        let count = |text: &str| u32::try_from(text.split_whitespace().count()).unwrap_or(u32::MAX);
        let output_tokens =
            count(&text).clamp(1, request.max_tokens.clamp(1, self.left.llm_tokens));
        self.left.llm_tokens -= output_tokens;
        let input_tokens = request
            .messages
            .iter()
            .map(|message| count(&message.content))
            .sum();
        Ok(llm::Completion {
            text,
            model: "scripted".into(),
            input_tokens,
            output_tokens,
        })
    }

    fn remaining(&mut self) -> llm::Budget {
        llm::Budget {
            calls: self.left.llm_calls,
            tokens: self.left.llm_tokens,
        }
    }

    fn search(
        &mut self,
        text: &str,
        kinds: &[Kind],
        limit: u32,
    ) -> Result<Vec<Entry>, memory::Error> {
        if self.left.searches == 0 {
            return Err(memory::Error::OverBudget);
        }
        self.left.searches -= 1;
        self.searches.push(text.into());
        if let Some(error) = &self.memory_error {
            return Err(error.clone());
        }
        // `Ana's` is found by `Ana`.
        let bare = |word: String| word.strip_suffix("'s").map_or(word.clone(), str::to_owned);
        let wanted: Vec<_> = words::all(text).map(bare).collect();
        let shared = |entry: &Entry| {
            words::all(&entry.text)
                .map(bare)
                .filter(|word| wanted.contains(word))
                .count()
        };
        let mut found: Vec<_> = self
            .memories
            .iter()
            .rev()
            .filter(|entry| kinds.is_empty() || kinds.contains(&entry.kind))
            .map(|entry| (shared(entry), entry))
            .filter(|(shared, _)| wanted.is_empty() || *shared > 0)
            .collect();
        // Stable: among equals the latest comes first.
        found.sort_by_key(|(shared, _)| std::cmp::Reverse(*shared));
        Ok(found
            .into_iter()
            .map(|(_, entry)| entry.clone())
            .take(limit as usize)
            .collect())
    }

    fn remember(&mut self, entry: &NewEntry) -> Result<(), memory::Error> {
        if self.left.writes == 0 {
            return Err(memory::Error::OverBudget);
        }
        if let Some(problem) = problem_of(entry) {
            return Err(memory::Error::Refused(problem));
        }
        self.left.writes -= 1;
        self.pending.push(entry.clone());
        Ok(())
    }

    fn log(&mut self, level: Level, text: &str) {
        self.log.push((level, text.into()));
    }
}

/// The host's rules for what may be remembered.
pub(crate) fn problem_of(entry: &NewEntry) -> Option<String> {
    let chars = entry.text.chars().count();
    if entry.text.trim().is_empty() || chars > MAX_ENTRY_CHARS {
        return Some(format!(
            "a memory has 1 to {MAX_ENTRY_CHARS} characters, this one {chars}"
        ));
    }
    if !(0.0..=1.0).contains(&entry.confidence) {
        return Some("the confidence is not in 0..=1".into());
    }
    let is_author = |id: &String| {
        (1..=95).contains(&id.len())
            && id
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_:".contains(&b))
    };
    if entry.about.as_ref().is_some_and(|id| !is_author(id)) {
        return Some("`about` is not an author's id".into());
    }
    if entry
        .source
        .as_ref()
        .is_some_and(|id| !super::harness::is_message_id(id))
    {
        return Some("`source` is not a message's id".into());
    }
    None
}
