//! A regular of the chat: a character, given by its profile, that talks through a language model.
//!
//! It owns what such a character keeps in mind: whom it met, what people told it about themselves,
//! the phrases that become running jokes, what it said lately and what it has reacted to. It speaks
//! only when the host wants it to, one line a call, and holds the model to the character's style: how
//! long, with which emotes. When the chat is in a wave it may repeat what others say, without the
//! model. It stays silent, with the reason, when no line worth saying came. Its state is bounded. It must not know how the host decides, nor which
//! model answers.

mod date;
mod facts;
mod occasion;
mod people;
mod phrases;
mod speak;
mod stream;
mod task;

use occasion::Occasion;
use people::People;
use persona_sdk::{
    About, ChatMessage, Chorus, Error, Host, Latest, Persona, Reply, StreamContext, Style, Turn,
    memory::{Kind, NewEntry},
    prompt,
};
use phrases::Phrases;
use serde::{Deserialize, Serialize};
use stream::Glimpse;

/// At most so many memories are made of what is heard in one call; the host takes eight.
const MEMORIES_PER_CALL: usize = 4;

/// What it keeps in mind from call to call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Regular {
    /// Ids of the events, questions and messages that it has reacted to.
    reacted: Latest<96>,
    /// Its latest lines.
    said: Latest<16>,
    /// People it met.
    people: People,
    /// Phrases that go round.
    phrases: Phrases,
    /// What was on the stream when it last looked.
    stream: Glimpse,
    /// The waves of the chat that it joined.
    chorus: Chorus,
}

impl Persona for Regular {
    const STATE_VERSION: u32 = 1;

    fn about() -> About {
        About::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION")).reads([
            "conformity",
            "excitability",
            "sociability",
            "talkativeness",
        ])
    }

    fn on_context(
        &mut self,
        turn: &Turn,
        context: &StreamContext,
        host: &mut dyn Host,
    ) -> Result<Reply, Error> {
        self.stream.look(context, turn.now);
        self.chorus.watch(turn, context);
        if !turn.impulse.speak {
            return Ok(Reply::silent("no impulse to speak"));
        }
        match Occasion::on_stream(turn, context, &self.reacted) {
            Some(occasion) => Ok(self
                .join(turn, &occasion)
                .unwrap_or_else(|| self.speak(turn, &occasion, Some(context), host))),
            None => Ok(Reply::silent("nothing new on the stream")),
        }
    }

    fn on_firehose(
        &mut self,
        turn: &Turn,
        messages: &[ChatMessage],
        host: &mut dyn Host,
    ) -> Result<Reply, Error> {
        self.listen(turn, messages, host);
        if !turn.impulse.speak {
            return Ok(Reply::silent("no impulse to speak"));
        }
        match Occasion::in_chat(turn, messages, &self.reacted, &self.people) {
            Some(occasion) => Ok(self
                .join(turn, &occasion)
                .unwrap_or_else(|| self.speak(turn, &occasion, None, host))),
            None => Ok(Reply::silent("nothing new in the chat")),
        }
    }
}

impl Regular {
    /// Repeats what others say, if the chat is in a wave and nobody waits for a word of its own.
    fn join(&mut self, turn: &Turn, occasion: &Occasion<'_>) -> Option<Reply> {
        if matches!(occasion, Occasion::Answer(_) | Occasion::Greet(_)) {
            return None;
        }
        let topic = self.stream.keywords().iter().map(String::as_str);
        let line = self.chorus.join(turn, &Style::of(&turn.profile), topic)?;
        self.said.push(line.clone());
        if let Some(id) = occasion.id() {
            self.reacted.push(id);
        }
        Some(Reply::say(line))
    }

    /// Takes in what people write, whether it will speak or not.
    fn listen(&mut self, turn: &Turn, messages: &[ChatMessage], host: &mut dyn Host) {
        let mut memories = Vec::new();
        for message in messages
            .iter()
            .filter(|message| message.is_human() && !turn.is_mine(message))
        {
            let person = self.people.meet(message);
            let name = prompt::name(&message.author.name);
            for fact in facts::told(&message.text, message.sent_at) {
                // That Ana is called Ana everybody sees.
                if fact.text.to_lowercase() == format!("is called {}", name.to_lowercase()) {
                    continue;
                }
                if person.learn(&fact.text.to_lowercase()) {
                    let space = if fact.text.starts_with('\'') { "" } else { " " };
                    let text = format!("{name}{space}{}", fact.text);
                    let entry = NewEntry::new(fact.kind, text);
                    memories.push(entry.about(&message.author.id).source(&message.id));
                }
            }
            if let Some(phrase) = self.phrases.hear(message, self.stream.keywords()) {
                let text = format!("A running joke of this chat: “{phrase}”");
                memories.push(
                    NewEntry::new(Kind::RunningJoke, text)
                        .confidence(0.6)
                        .source(&message.id),
                );
            }
        }
        for entry in memories.iter().take(MEMORIES_PER_CALL) {
            if let Err(error) = host.remember(entry) {
                host.warn(&format!("“{}” was not remembered: {error:?}", entry.text));
            }
        }
    }
}

persona_sdk::export!(Regular);
