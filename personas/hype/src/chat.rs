//! Reacting to people.

use crate::{
    Hype,
    grammar::{Slots, Voice},
    stream::either_or,
};
use persona_sdk::{ChatMessage, Reply, Turn, prompt, words};
use std::collections::BTreeSet;

/// How many authors have to write the same for a chant.
const CHANT: usize = 3;

/// Of so many latest messages.
const CHANT_WINDOW: usize = 10;

/// What a message wants of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Want {
    Truth,
    Count,
    Thanks,
    Hello,
    Guess,
    Talk,
}

impl Want {
    fn of(message: &ChatMessage) -> Self {
        let words: Vec<_> = words::all(&message.text).collect();
        let has = |any: &[&str]| words.iter().any(|word| any.contains(&word.as_str()));
        let asks = message.text.contains('?');
        if has(&["bot", "ai", "robot", "human", "real"])
            && (asks || has(&["you", "u", "ur", "you're"]))
        {
            Self::Truth
        } else if words.windows(2).any(|pair| pair == ["how", "many"])
            || has(&["count", "counter", "score", "streak", "tally"])
        {
            Self::Count
        } else if has(&["thanks", "thank", "thx", "ty", "tysm"]) {
            Self::Thanks
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
}

impl Hype {
    /// Answers a message.
    pub(crate) fn answer(&mut self, turn: &Turn, message: &ChatMessage) -> Reply {
        let mut rng = turn.rng();
        let name = prompt::name(&message.author.name);
        let mut telling = words::telling(&message.text);
        // Neither its own name nor theirs is what the message is about.
        telling.retain(|word| {
            !words::has_phrase(&turn.profile.name, word)
                && !words::has_phrase(&name, word)
                && (3..=18).contains(&word.chars().count())
        });
        let new = message.is_human() && !self.greeted.contains(&message.author.id);
        let want = Want::of(message);
        let slots = Slots {
            word: rng.pick(&telling).cloned(),
            number: (want == Want::Count).then_some(self.tally.wins),
            pick: either_or(&message.text, &mut rng),
            name: Some(name),
        };
        let excitability = turn.profile.value("excitability", 0.7);
        let tally = self.tally;
        let mut voice = Voice {
            rng: &mut rng,
            excitability,
            slots,
        };
        let line = self.fresh_line(turn, &mut voice, |voice| {
            let line = match want {
                // Never anything but the truth.
                Want::Truth => {
                    return Some(format!(
                        "{} yes, i'm an AI, here for the hype",
                        voice.slots.name.as_deref()?
                    ));
                }
                Want::Count => {
                    let score = format!(
                        "{} wins, {} fails, {} laughs",
                        tally.wins, tally.fails, tally.laughs
                    );
                    return Some(format!("{score} {}", voice.line("joy")?));
                }
                Want::Hello => return voice.line("greet"),
                Want::Thanks => voice.line("thanks")?,
                Want::Guess => voice.line("guess")?,
                Want::Talk => voice.line("echo")?,
            };
            let greets = new
                && !line
                    .to_lowercase()
                    .contains(&voice.slots.name.as_deref()?.to_lowercase());
            if greets {
                Some(format!("yo {}! {line}", voice.slots.name.as_deref()?))
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

    /// Joins in when several people write the same.
    pub(crate) fn join_chant(&mut self, turn: &Turn) -> Reply {
        let latest: Vec<_> = turn
            .recent
            .iter()
            .rev()
            .take(CHANT_WINDOW)
            .map(|message| (words::fingerprint(&message.text), message))
            .collect();
        let chant = latest.iter().map(|(print, _)| print).find(|print| {
            let authors: BTreeSet<_> = latest
                .iter()
                .filter(|(other, _)| other == *print)
                .map(|(_, message)| (&message.author.id, message.is_human()))
                .collect();
            !print.is_empty() && authors.len() >= CHANT && authors.iter().any(|(_, human)| *human)
        });
        let Some(chant) = chant else {
            return Reply::silent("nobody calls and nobody chants");
        };
        // Joined under its own mark, since what it says has its own fingerprint.
        if !self.said.push(format!("chant {chant}")) || chant.chars().count() > 40 {
            return Reply::silent("has joined this chant");
        }
        let mut rng = turn.rng();
        let excitability = turn.profile.value("excitability", 0.7);
        let mut voice = Voice {
            rng: &mut rng,
            excitability,
            slots: Slots::default(),
        };
        let line = self.fresh_line(turn, &mut voice, |voice| {
            Some(format!("{} {}", chant.to_uppercase(), voice.line("joy")?))
        });
        line.map_or_else(|| Reply::silent("would only repeat itself"), Reply::say)
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
            ("how many wins now", Want::Count),
            ("whats the score", Want::Count),
            ("thanks hype", Want::Thanks),
            ("hi hype!", Want::Hello),
            ("hey hype, tea or coffee?", Want::Guess),
            ("hype this is real good", Want::Talk),
            ("hype is the best", Want::Talk),
        ];
        for (text, want) in cases {
            assert_eq!(Want::of(&message("Ana", text)), want, "{text}");
        }
    }
}
