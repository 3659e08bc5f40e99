//! From a message to an answer.

use crate::{
    Helper,
    grounded::{Verdict, weigh},
    ledger::Asked,
    notes::{Found, Note},
    question::Query,
    recall::{ANSWER, ASKED, MEMORIES, asked_before, note_answer, search},
    say,
    wish::Wish,
};
use persona_sdk::{
    ChatMessage, Host, Prompt, Reply, StreamContext, Style, Turn, emote::Mood, line, prompt, style,
    words,
};

/// The longest answer asked for, in tokens.
const MAX_TOKENS: u32 = 80;

/// A steady hand: what is known shall be said, and nothing else.
const TEMPERATURE: f32 = 0.4;

/// So many sentences go into a prompt, beside memories.
const FACTS: usize = 4;

/// What was missed by whoever was not here before: ten minutes, in milliseconds.
const MISSED_MS: u64 = 10 * 60 * 1000;

/// Where what is in a prompt comes from.
const ON_STREAM: &str = "said on the stream";

/// Where an answer comes from.
enum From {
    /// It was found.
    Found {
        /// What is known.
        answer: String,
        /// Where it comes from, to be said with it; empty if that needs no word.
        origin: String,
    },
    /// Nobody has said it.
    Nowhere,
}

impl Helper {
    /// Answers a message.
    pub(crate) fn answer(
        &mut self,
        turn: &Turn,
        message: &ChatMessage,
        context: Option<&StreamContext>,
        host: &mut dyn Host,
    ) -> Reply {
        let mut rng = turn.rng();
        let style = Style::of(&turn.profile);
        let name = prompt::name(&message.author.name);
        let with_emote = |text: String, rng: &mut _| match style.emote(Mood::Warm, rng) {
            Some(emote) => format!("{text} {}", emote.written()),
            None => text,
        };
        let text = match Wish::of(message, &turn.profile.name) {
            Wish::Truth => Some("yes, i'm an AI. i keep track of who asked what".to_owned()),
            Wish::Hello => {
                let text = format!("{} {name}", say::one(say::HELLO, &mut rng));
                Some(with_emote(text, &mut rng))
            }
            Wish::Thanks => {
                let text = say::one(say::WELCOME, &mut rng);
                Some(with_emote(text, &mut rng))
            }
            Wish::WhoAsked(words) => Some(self.who_asked(turn, message, &words, host)),
            Wish::OwnQuestion => Some(self.own_question(turn, message, host)),
            Wish::Missed => Some(self.missed(turn, message, context, host)),
            Wish::About => Some(self.about_stream(turn, message, context, host)),
            Wish::Answer(_) if is_anothers(turn, message) => None,
            Wish::Answer(query) => Some(self.question(turn, message, &query, context, host)),
            Wish::Talk => talk(turn, message, context, host),
        };
        let line = text.and_then(|text| line::tidy(&text, turn.limits.max_line_chars as usize));
        let Some(line) = line else {
            return Reply::silent("nothing was asked");
        };
        self.reacted.push(message.id.as_str());
        if message.is_human() {
            Reply::say(line).reply_to(&message.id)
        } else {
            Reply::say(line)
        }
    }

    /// Answers a question: from what was asked before, or else from what was said.
    fn question(
        &mut self,
        turn: &Turn,
        message: &ChatMessage,
        query: &Query,
        context: Option<&StreamContext>,
        host: &mut dyn Host,
    ) -> String {
        let mut rng = turn.rng();
        let place = self.place_of(message, query);
        let before = place.and_then(|place| self.ledger.get(place)).cloned();
        if let Some(asked) = before.as_ref().filter(|asked| asked.answer.is_some()) {
            return asked_before(asked, message, turn.now);
        }
        let answer = self.find_out(turn, message, query, context, host);
        match answer {
            From::Found { answer, origin } => {
                if let Some(place) = place {
                    self.ledger.answered(place, &answer);
                }
                if message.is_human() {
                    note_answer(message, &answer, host);
                }
                answer + &origin
            }
            From::Nowhere if is_personal(turn, message) => talk(turn, message, context, host)
                .unwrap_or_else(|| say::one(say::UNKNOWN, &mut rng)),
            From::Nowhere if query.words.is_empty() => say::one(say::UNKNOWN, &mut rng),
            From::Nowhere => {
                let open = say::one(say::OPEN, &mut rng);
                let Some(place) = place else { return open };
                self.ledger.promised(place);
                let first = before
                    .as_ref()
                    .filter(|asked| asked.message != message.id)
                    .map(|asked| asked.first(&message.author.id));
                match first {
                    Some("you") => "still nobody said, i'm listening for it".into(),
                    Some(first) => format!("{first} asked that too, nobody said yet"),
                    None => open,
                }
            }
        }
    }

    /// The question's place in the ledger; persona's questions have none.
    fn place_of(&mut self, message: &ChatMessage, query: &Query) -> Option<usize> {
        let is_kept = message.is_human() && !query.words.is_empty();
        is_kept.then(|| self.ledger.note(message, query.clone()).0)
    }

    /// Looks in what was said and in its memory.
    fn find_out(
        &self,
        turn: &Turn,
        message: &ChatMessage,
        query: &Query,
        context: Option<&StreamContext>,
        host: &mut dyn Host,
    ) -> From {
        let found = self.notes.index().find(query, FACTS);
        let telling = words::telling(&message.text).join(" ");
        let known = if query.words.is_empty() {
            Vec::new()
        } else {
            search(host, &telling, MEMORIES)
        };
        // A question that was noted is no answer.
        let known: Vec<&str> = known
            .iter()
            .map(|entry| entry.text.as_str())
            .filter(|text| !text.contains(ASKED) || text.contains(ANSWER))
            .filter(|text| {
                let asked = Query::of(text.split(ANSWER).next().unwrap_or(text), "");
                query.words.iter().any(|word| asked.words.contains(word))
            })
            .collect();
        if found.is_empty() && known.is_empty() {
            return From::Nowhere;
        }
        let quoted = || quotation(found.first(), &known, query, turn.now);
        let facts: Vec<String> = found
            .iter()
            .map(|found| {
                let next = found.next.as_deref().unwrap_or_default();
                fact(&format!("{} {next}", found.text), found.at, turn.now)
            })
            .chain(known.iter().map(|text| (*text).to_owned()))
            .collect();
        let request = ask(turn, context, &facts)
            .answer(message)
            .task(
                "Answer the question under `Answer this` from what you remember, and from nothing else: begin with \
                 the answer. If it isn't there, write: not said yet.",
            )
            .request(MAX_TOKENS, TEMPERATURE);
        let Some(line) = complete(turn, &request, host) else {
            return quoted();
        };
        let said = found
            .iter()
            .flat_map(|found| [Some(found.text.as_str()), found.next.as_deref()]);
        let mut rests_on: Vec<&str> = said.flatten().chain(known.iter().copied()).collect();
        let transcript = context.into_iter().flat_map(|context| &context.transcript);
        rests_on.extend(transcript.map(|segment| segment.text.as_str()));
        match weigh(&line, &message.text, query, &rests_on) {
            Verdict::Grounded => From::Found {
                answer: line,
                origin: String::new(),
            },
            Verdict::Unknown | Verdict::Invented => quoted(),
        }
    }

    fn missed(
        &self,
        turn: &Turn,
        message: &ChatMessage,
        context: Option<&StreamContext>,
        host: &mut dyn Host,
    ) -> String {
        let since = self
            .seen
            .before(&message.author.id)
            .unwrap_or_else(|| turn.now.saturating_sub(MISSED_MS));
        let notes = self.notes.since(since, FACTS);
        if notes.is_empty() {
            return "nothing much yet, you're right on time".into();
        }
        let request = ask(turn, context, &facts(&notes, turn.now))
            .answer(message)
            .task(
                "Tell whoever wrote the message under `Answer this` what they missed, from what you remember and from \
                 nothing else: the two things that matter most, in one short line.",
            )
            .request(MAX_TOKENS, TEMPERATURE);
        let rests_on: Vec<&str> = notes.iter().map(|note| note.text.as_str()).collect();
        let told = complete(turn, &request, host)
            .filter(|line| weigh(line, "", &Query::default(), &rests_on) == Verdict::Grounded);
        told.unwrap_or_else(|| {
            let latest = notes.iter().rev().take(2).rev();
            let parts: Vec<_> = latest
                .map(|note| say::excerpt(&note.text, &Query::default()))
                .collect();
            format!("in short: {}", parts.join(" / "))
        })
    }

    /// What the stream is about: from what was said lately, or else in its most telling words.
    fn about_stream(
        &self,
        turn: &Turn,
        message: &ChatMessage,
        context: Option<&StreamContext>,
        host: &mut dyn Host,
    ) -> String {
        let since = turn.now.saturating_sub(MISSED_MS);
        let notes = self.notes.since(since, FACTS);
        if notes.is_empty() && self.topic.is_empty() {
            return say::one(say::UNKNOWN, &mut turn.rng());
        }
        let request = ask(turn, context, &facts(&notes, turn.now))
            .answer(message)
            .task(
                "Tell whoever wrote the message under `Answer this` what the stream is about, from what you remember and \
                 from nothing else, in a few words.",
            )
            .request(MAX_TOKENS, TEMPERATURE);
        let mut rests_on: Vec<&str> = notes.iter().map(|note| note.text.as_str()).collect();
        rests_on.extend(self.topic.iter().map(String::as_str));
        let told = complete(turn, &request, host)
            .filter(|line| weigh(line, "", &Query::default(), &rests_on) == Verdict::Grounded);
        told.unwrap_or_else(|| {
            let latest = notes
                .last()
                .map(|note| say::excerpt(&note.text, &Query::default()));
            match (self.topic.is_empty(), latest) {
                (true, latest) => format!("so far: {}", latest.unwrap_or_default()),
                (false, None) => format!("it's about {}", self.topic.join(" and ")),
                (false, Some(latest)) => {
                    format!(
                        "it's about {}, right now: {latest}",
                        self.topic.join(" and ")
                    )
                }
            }
        })
    }

    /// What to tell the askers of a question that the stream has answered since.
    pub(crate) fn come_back(asked: &Asked, found: &Found) -> (String, String) {
        let quote = say::excerpt(&found.text, &asked.query);
        let names: Vec<String> = asked
            .by
            .iter()
            .map(|asker| format!("@{}", asker.name))
            .collect();
        let line = format!("{} about your question: {quote}", names.join(" "));
        (quote, line)
    }
}

/// What stands in every prompt for an answer.
fn ask(turn: &Turn, context: Option<&StreamContext>, facts: &[String]) -> Prompt {
    let prompt = Prompt::new(&turn.profile);
    let prompt = match context {
        Some(context) => prompt.stream(context),
        None => prompt,
    };
    prompt.section("What you remember", facts.iter().map(String::as_str))
}

/// What was said, as it stands in a prompt.
fn fact(text: &str, at: u64, now: u64) -> String {
    format!("{} ({ON_STREAM}, {})", text.trim(), say::ago(at, now))
}

/// The same of several notes.
fn facts(notes: &[&Note], now: u64) -> Vec<String> {
    let told = |note: &&Note| fact(&note.text, note.at, now);
    notes.iter().map(told).collect()
}

/// The model's line, if it gave one that is as short as the style and no copy of what it was given.
fn complete(
    turn: &Turn,
    request: &persona_sdk::llm::Request,
    host: &mut dyn Host,
) -> Option<String> {
    let completion = match host.complete(request) {
        Ok(completion) => completion,
        Err(error) => {
            host.info(&format!("answers without the model: {error:?}"));
            return None;
        }
    };
    let max_chars = turn.limits.max_line_chars as usize;
    let longest = 2 * Style::of(&turn.profile).words.end();
    line::from_completion(&completion.text, &[&turn.profile.name], max_chars)
        .filter(|line| style::word_count(line) <= longest && !line.contains(ON_STREAM))
}

/// Whether it is asked about itself, and not for what it heard.
fn is_personal(turn: &Turn, message: &ChatMessage) -> bool {
    turn.is_named_in(message) && asks_you(message)
}

/// Whether somebody else is asked about themselves.
fn is_anothers(turn: &Turn, message: &ChatMessage) -> bool {
    !turn.is_named_in(message) && asks_you(message)
}

/// Whether a question is about whoever is asked, and not for what they heard.
fn asks_you(message: &ChatMessage) -> bool {
    let says = |any: &[&str]| words::all(&message.text).any(|word| any.contains(&word.as_str()));
    let asks_for_news = [
        "know", "tell", "hear", "heard", "remember", "explain", "catch",
    ];
    says(&["you", "your", "u", "ur", "you're"]) && !says(&asks_for_news)
}

/// A word to whoever talks to it without asking anything.
fn talk(
    turn: &Turn,
    message: &ChatMessage,
    context: Option<&StreamContext>,
    host: &mut dyn Host,
) -> Option<String> {
    if !turn.is_named_in(message) {
        return None;
    }
    let request = ask(turn, context, &[])
        .chat(&turn.profile, &turn.recent)
        .answer(message)
        .task("Say a friendly word or two to the message under `Answer this`. Claim nothing about the stream.")
        .request(MAX_TOKENS / 2, 0.8);
    complete(turn, &request, host)
}

/// What was said, or noted before, in its own words.
fn quotation(found: Option<&Found>, known: &[&str], query: &Query, now: u64) -> From {
    if let Some(found) = found.filter(|found| found.is_answer()) {
        return From::Found {
            answer: say::excerpt(&found.text, query),
            origin: format!(" (said {})", say::ago(found.at, now)),
        };
    }
    let noted = known.iter().find_map(|text| {
        let (asked, answer) = text.split_once(ANSWER)?;
        let asked = asked.split_once(ASKED).map_or(asked, |(_, asked)| asked);
        Query::of(asked, "").is_like(query).then_some(answer)
    });
    match noted {
        Some(answer) => From::Found {
            answer: answer.to_owned(),
            origin: ", that came up before".into(),
        },
        None => From::Nowhere,
    }
}
