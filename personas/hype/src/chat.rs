//! Reacting to people.

use crate::{
    Hype,
    grammar::{Slots, Voice},
    stream::either_or,
};
use persona_sdk::{
    AuthorKind, ChatMessage, Reply, Style, Turn,
    emote::{self, Mood},
    prompt, words,
};

/// What a message wants of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Want {
    Truth,
    Count,
    Thanks,
    Hello,
    Bye,
    /// How it is.
    Mood,
    /// To be told what happened.
    Missed,
    /// Something that takes more than a yes or a no.
    Wonder,
    Guess,
    Talk,
}

/// Words that ask for more than a yes or a no.
const ASKING: [&str; 12] = [
    "what", "what's", "whats", "who", "who's", "whos", "where", "when", "why", "how", "which",
    "wheres",
];

impl Want {
    fn of(message: &ChatMessage) -> Self {
        let words: Vec<_> = words::all(&message.text).collect();
        let has = |any: &[&str]| words.iter().any(|word| any.contains(&word.as_str()));
        let says = |any: &[&str]| {
            any.iter()
                .any(|phrase| words::has_phrase(&message.text, phrase))
        };
        let asks = message.text.contains('?');
        if has(&[
            "bot", "bots", "ai", "ais", "robot", "robots", "human", "humans", "real",
        ]) && (asks || has(&["you", "u", "ur", "you're"]))
        {
            Self::Truth
        } else if words.windows(2).any(|pair| pair == ["how", "many"])
            || has(&["count", "counter", "score", "streak", "tally"])
        {
            Self::Count
        } else if has(&["thanks", "thank", "thx", "ty", "tysm"]) {
            Self::Thanks
        } else if has(&["bye", "cya", "goodnight", "gn"]) {
            Self::Bye
        } else if says(&[
            "how are you",
            "how are u",
            "how r u",
            "what's up",
            "whats up",
            "you doing",
        ]) {
            Self::Mood
        } else if says(&[
            "i miss",
            "i missed",
            "what happened",
            "going on",
            "catch me up",
            "recap",
        ]) && (asks || has(&["what", "catch", "recap"]))
        {
            Self::Missed
        } else if asks && !has(&["or"]) && has(&ASKING) {
            Self::Wonder
        } else if asks {
            Self::Guess
        } else if has(&[
            "hi", "hello", "hey", "yo", "hiya", "sup", "morning", "evening", "welcome",
        ]) {
            Self::Hello
        } else {
            Self::Talk
        }
    }

    const fn mood(self) -> Mood {
        match self {
            Self::Thanks | Self::Hello | Self::Bye => Mood::Warm,
            Self::Guess | Self::Wonder => Mood::Puzzled,
            Self::Truth | Self::Count | Self::Mood | Self::Missed | Self::Talk => Mood::Joy,
        }
    }
}

/// A message that is older is no longer what the chat talks of, in milliseconds.
const TALK_MS: u64 = 20_000;

impl Hype {
    /// Answers a message.
    pub(crate) fn answer(&mut self, turn: &Turn, message: &ChatMessage) -> Reply {
        let mut rng = turn.rng();
        let name = prompt::name(&message.author.name);
        let mut telling = words::telling(&emote::stripped(&message.text));
        // Neither its own name nor theirs is what the message is about.
        telling.retain(|word| {
            !words::has_phrase(&turn.profile.name, word)
                && !words::has_phrase(&name, word)
                && (3..=14).contains(&word.chars().count())
        });
        let new = message.is_human() && !self.greeted.contains(&message.author.id);
        let want = Want::of(message);
        let slots = Slots {
            word: rng.pick(&telling).cloned(),
            number: None,
            pick: either_or(&message.text, &mut rng),
            name: Some(name.clone()),
        };
        let tally = self.tally;
        let sided = slots.pick.is_some();
        let mut voice = Voice {
            rng: &mut rng,
            excitability: turn.profile.value("excitability", 0.7),
            style: &Style::of(&turn.profile),
            mood: want.mood(),
            slots,
        };
        let line = self.fresh_line(turn, &mut voice, |voice| {
            let line = match want {
                // Never anything but the truth.
                Want::Truth => return Some(format!("{name} yes, i'm an AI, here for the hype")),
                Want::Count => {
                    let count = |n: u32, one: &str, more: &str| {
                        format!("{n} {}", if n == 1 { one } else { more })
                    };
                    return Some(format!(
                        "{}, {}, {}",
                        count(tally.wins, "win", "wins"),
                        count(tally.fails, "fail", "fails"),
                        count(tally.laughs, "laugh", "laughs")
                    ));
                }
                Want::Hello => return voice.line("greet"),
                Want::Bye => return voice.line("bye"),
                Want::Thanks => voice.line("thanks")?,
                Want::Guess if sided => voice.words("side")?,
                Want::Mood => voice.line("mood")?,
                Want::Missed => voice.line("missed")?,
                Want::Wonder => voice.line("unsure")?,
                Want::Guess => voice.line("guess")?,
                Want::Talk => voice.line("echo")?,
            };
            if new && !voice.style.is_emotes_only() && !words::has_phrase(&line, &name) {
                Some(format!("{name}! {line}"))
            } else {
                Some(line)
            }
        });
        let Some(line) = line else {
            return Reply::silent("would only repeat itself");
        };
        self.reacted.push(message.id.as_str());
        if !message.is_human() {
            return Reply::say(line);
        }
        self.greeted.push(message.author.id.as_str());
        Reply::say(line).reply_to(&message.id)
    }

    /// A word to what the chat just said.
    pub(crate) fn banter(&mut self, turn: &Turn, messages: &[ChatMessage]) -> Reply {
        let latest = messages.iter().rev().find(|message| {
            !turn.is_mine(message)
                && message.author.kind != AuthorKind::System
                && !self.reacted.contains(&message.id)
                && turn.now.saturating_sub(message.sent_at) <= TALK_MS
        });
        let Some(message) = latest else {
            return Reply::silent("nobody calls and nobody talks");
        };
        let funny = emote::in_text(&message.text).any(|emote| emote.fits(Mood::Fun));
        let mut rng = turn.rng();
        let mut voice = Voice {
            rng: &mut rng,
            excitability: turn.profile.value("excitability", 0.7),
            style: &Style::of(&turn.profile),
            mood: if funny { Mood::Fun } else { Mood::Joy },
            slots: Slots::default(),
        };
        let Some(line) = self.fresh_line(turn, &mut voice, |voice| voice.line("chat")) else {
            return Reply::silent("would only repeat itself");
        };
        self.reacted.push(message.id.as_str());
        Reply::say(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use persona_sdk::testkit::message;

    #[test]
    fn understands_the_usual() {
        let cases = [
            ("are you a bot?", Want::Truth),
            ("hype ur an ai lol", Want::Truth),
            ("are you all bots?", Want::Truth),
            ("how many wins now", Want::Count),
            ("whats the score", Want::Count),
            ("thanks hype", Want::Thanks),
            ("hi hype!", Want::Hello),
            ("gn hype", Want::Bye),
            ("hey hype, tea or coffee?", Want::Guess),
            ("hype what did i miss?", Want::Missed),
            ("what happened hype", Want::Missed),
            ("what is that, hype?", Want::Wonder),
            ("hype where is the cat?", Want::Wonder),
            ("hype how are you?", Want::Mood),
            ("is it going to work?", Want::Guess),
            ("hype this is real good", Want::Talk),
            ("hype is the best", Want::Talk),
        ];
        for (text, want) in cases {
            assert_eq!(Want::of(&message("Ana", text)), want, "{text}");
        }
    }
}
