//! A helper for the chat: answers what people ask, from what was said on the stream, and knows who
//! asked what.
//!
//! It owns notes of what the stream said, as far back as there is room, and a ledger of questions: who
//! asked, what the answer was, which are open. The language model words an answer from what was found,
//! and what it says is weighed against that; without the model, or if it says more than is known, the
//! sentence itself is quoted. What is not found is said to be so, and when the stream says it later, the
//! asker is told. It never invents. Questions outlive the session in its memory. Its state is bounded,
//! and the same turn gives the same line.

mod answer;
mod grounded;
mod ledger;
mod notes;
mod question;
mod recall;
mod say;
mod seen;
mod wish;

use ledger::{Asked, Ledger};
use notes::Notes;
use persona_sdk::{About, ChatMessage, Error, Host, Latest, Persona, Reply, StreamContext, Turn};
use seen::Seen;
use serde::{Deserialize, Serialize};
use wish::Wish;

/// At most so many memories are made of what is heard in one call; an answer makes one more.
const MEMORIES_PER_CALL: usize = 3;

/// So many open questions are looked up in one call: each look goes through all notes.
const LOOKED_UP: usize = 6;

/// So many of the stream's keywords tell what it is about.
const TOPIC: usize = 2;

/// What it keeps in mind from call to call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Helper {
    /// What was said on the stream.
    notes: Notes,
    /// Who asked what.
    ledger: Ledger,
    /// Who was here when.
    seen: Seen,
    /// What the stream is about, in its most telling words.
    topic: Vec<String>,
    /// Ids of the messages that it has answered.
    reacted: Latest<64>,
}

impl Persona for Helper {
    const STATE_VERSION: u32 = 1;

    fn about() -> About {
        About::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
    }

    fn on_context(
        &mut self,
        turn: &Turn,
        context: &StreamContext,
        host: &mut dyn Host,
    ) -> Result<Reply, Error> {
        self.settle(turn);
        self.watch(turn, context);
        if !context.keywords.is_empty() {
            // Of longer ones one can't tell whether they are a thing or half of a sentence.
            let terms = context.keywords.iter().map(|keyword| keyword.term.trim());
            self.topic = terms
                .filter(|term| !term.contains(' ') && term.chars().count() <= 40)
                .take(TOPIC)
                .map(str::to_owned)
                .collect();
        }
        let waiting = turn
            .impulse
            .answer
            .as_deref()
            .and_then(|id| turn.message(id))
            .filter(|message| turn.impulse.speak && !self.reacted.contains(&message.id));
        Ok(match waiting {
            Some(message) => self.answer(turn, message, Some(context), host),
            None => self.tell_news(turn),
        })
    }

    fn on_firehose(
        &mut self,
        turn: &Turn,
        messages: &[ChatMessage],
        host: &mut dyn Host,
    ) -> Result<Reply, Error> {
        self.settle(turn);
        self.listen(turn, messages, host);
        if !turn.impulse.speak {
            return Ok(Reply::silent("no impulse to speak"));
        }
        let waiting = turn.impulse.answer.as_deref().and_then(|id| {
            messages
                .iter()
                .find(|message| message.id == id)
                .or_else(|| turn.message(id))
        });
        let people = || messages.iter().rev().filter(|message| message.is_human());
        let named = || people().find(|message| turn.is_named_in(message));
        let asks = || {
            people().find(|message| {
                message.mentions.is_empty()
                    && question::is_question(&message.text, &turn.profile.name)
            })
        };
        let message = waiting.or_else(named).or_else(asks);
        Ok(
            match message.filter(|message| !self.reacted.contains(&message.id)) {
                Some(message) => self.answer(turn, message, None, host),
                None => self.tell_news(turn),
            },
        )
    }
}

impl Helper {
    /// Sees which of its lines were said.
    fn settle(&mut self, turn: &Turn) {
        let mine = turn.recent.iter().filter(|message| turn.is_mine(message));
        let said = mine.map(|message| message.text.as_str());
        self.ledger
            .was_said(said.chain(turn.fates.iter().map(|fate| fate.text.as_str())));
    }

    /// Takes in what the stream says; what answers an open question is news.
    fn watch(&mut self, turn: &Turn, context: &StreamContext) {
        let new = self.notes.take(context, turn.now);
        if new.is_empty() {
            return;
        }
        let told: Vec<_> = new
            .iter()
            .map(|note| (question::stems(&note.text), &note.text))
            .collect();
        let concerned = |(_, asked): &(usize, &Asked)| {
            let query = &asked.query;
            query.is_telling()
                && told
                    .iter()
                    .any(|(stems, text)| notes::share(stems, &query.words) && query.fits(text))
        };
        let open = self.ledger.open(turn.now).filter(concerned);
        let open: Vec<_> = open.take(LOOKED_UP).collect();
        if open.is_empty() {
            return;
        }
        let mut came_up = Vec::new();
        let notes = self.notes.index();
        for (place, asked) in open {
            let found = notes.find(&asked.query, 1);
            let answer = found.first().filter(|found| {
                found.is_sure()
                    && found.at >= asked.at
                    && new.iter().any(|note| note.text == found.text)
            });
            if let Some(found) = answer {
                let (answer, line) = Self::come_back(asked, found);
                came_up.push((place, answer, line));
            }
        }
        for (place, answer, line) in came_up {
            self.ledger.came_up(place, &answer, line);
        }
    }

    /// Comes back to whoever asked something that has come up since. Also without an impulse: the
    /// host bounds how often.
    fn tell_news(&mut self, turn: &Turn) -> Reply {
        match self.ledger.take_news(turn.now) {
            Some((line, message))
                if line.chars().count() <= turn.limits.max_line_chars as usize =>
            {
                Reply::say(line).reply_to(message)
            }
            Some(_) => Reply::silent("too long to be told"),
            None if turn.impulse.speak => Reply::silent("nobody asks"),
            None => Reply::silent("no impulse to speak"),
        }
    }

    /// Takes in what people write, whether it will speak or not.
    fn listen(&mut self, turn: &Turn, messages: &[ChatMessage], host: &mut dyn Host) {
        let mut memories = 0;
        for message in messages.iter().filter(|message| message.is_human()) {
            self.seen.note(&message.author.id, message.sent_at);
            self.ledger.heard_reply(message);
            let Wish::Answer(query) = Wish::of(message, &turn.profile.name) else {
                continue;
            };
            if query.words.is_empty() {
                continue;
            }
            let (_, is_new) = self.ledger.note(message, query);
            if is_new && memories < MEMORIES_PER_CALL {
                memories += 1;
                recall::note_question(message, host);
            }
        }
    }
}

persona_sdk::export!(Helper);
