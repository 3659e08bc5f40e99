//! Who asked what: from the ledger, and from the memory of earlier sessions.

use crate::{Helper, ledger::Asked, say};
use persona_sdk::{
    ChatMessage, Host, Turn,
    memory::{Entry, Kind, NewEntry},
    prompt,
};

/// So many memories are looked at.
pub(crate) const MEMORIES: u32 = 4;

/// Between what was asked and what was answered, in a memory.
pub(crate) const ANSWER: &str = " — answer: ";

/// Between who asked and what, in a memory.
pub(crate) const ASKED: &str = " asked: ";

impl Helper {
    /// Who asked about these words.
    pub(crate) fn who_asked(
        &self,
        turn: &Turn,
        message: &ChatMessage,
        words: &[String],
        host: &mut dyn Host,
    ) -> String {
        if let Some(asked) = self.ledger.about(words) {
            let others = match asked.by.len() {
                0 | 1 => String::new(),
                2 => format!(" and {}", asked.by[1].name),
                more => format!(" and {} others", more - 1),
            };
            let first = asked.first(&message.author.id);
            let ago = say::ago(asked.at, turn.now);
            return format!(
                "{first}{others} asked {ago}: \"{}\"{}",
                asked.text,
                answer_of(asked)
            );
        }
        let noted = search(host, &words.join(" "), MEMORIES)
            .into_iter()
            .find(|entry| entry.text.contains(ASKED));
        match noted.filter(|_| !words.is_empty()) {
            Some(entry) => format!("{}, {}", entry.text, say::ago(entry.at, turn.now)),
            None => "nobody did, as far as i know".into(),
        }
    }

    /// What they asked themselves.
    pub(crate) fn own_question(
        &self,
        turn: &Turn,
        message: &ChatMessage,
        host: &mut dyn Host,
    ) -> String {
        if let Some(asked) = self.ledger.of(&message.author.id) {
            let ago = say::ago(asked.at, turn.now);
            return format!("you asked {ago}: \"{}\"{}", asked.text, answer_of(asked));
        }
        let name = prompt::name(&message.author.name);
        let noted = search(host, &format!("{name} asked"), 16)
            .into_iter()
            .find(|entry| {
                entry.about.as_ref() == Some(&message.author.id) && entry.text.contains(ASKED)
            });
        let text = noted
            .as_ref()
            .and_then(|entry| entry.text.split_once(ASKED))
            .map(|(_, text)| text);
        match text {
            Some(text) => format!("last time you asked: {text}"),
            None => "nothing so far, as far as i know".into(),
        }
    }
}

/// The answer to what was asked before, with who asked.
pub(crate) fn asked_before(asked: &Asked, message: &ChatMessage, now: u64) -> String {
    let answer = asked.answer.as_deref().unwrap_or_default();
    if asked.message == message.id {
        return answer.to_owned();
    }
    let first = asked.first(&message.author.id);
    format!("{first} asked that {}: {answer}", say::ago(asked.at, now))
}

fn answer_of(asked: &Asked) -> String {
    match &asked.answer {
        Some(answer) => format!(", answer: {answer}"),
        None => ", still open".into(),
    }
}

/// Notes that somebody asked, for the next time.
pub(crate) fn note_question(message: &ChatMessage, host: &mut dyn Host) {
    let name = prompt::name(&message.author.name);
    note(message, format!("{name}{ASKED}{}", message.text), host);
}

pub(crate) fn note_answer(message: &ChatMessage, answer: &str, host: &mut dyn Host) {
    let name = prompt::name(&message.author.name);
    note(
        message,
        format!("{name}{ASKED}{}{ANSWER}{answer}", message.text),
        host,
    );
}

fn note(message: &ChatMessage, text: String, host: &mut dyn Host) {
    let entry = NewEntry::new(Kind::PersonaNote, text)
        .about(&message.author.id)
        .source(&message.id);
    if let Err(error) = host.remember(&entry) {
        host.warn(&format!("“{}” was not remembered: {error:?}", entry.text));
    }
}

/// A memory that doesn't answer is as good as none, but for the log.
pub(crate) fn search(host: &mut dyn Host, words: &str, limit: u32) -> Vec<Entry> {
    let found = host.search(words, &[Kind::PersonaNote], limit);
    found.unwrap_or_else(|error| {
        host.warn(&format!("went on without memories: {error:?}"));
        Vec::new()
    })
}
