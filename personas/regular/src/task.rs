//! What to do, in fixed words: nobody else's may stand in a task.

use crate::occasion::Occasion;
use persona_sdk::{ChatMessage, Style, emote::Mood, style::Emotes, words};

/// Below this `talkativeness` a character hardly ever writes, and says what is worth it.
const LURKS: f64 = 0.2;

/// What the character is to do on this occasion.
pub(crate) fn task(
    occasion: &Occasion<'_>,
    style: &Style,
    talkativeness: f64,
    remembers: bool,
) -> String {
    let task = match occasion {
        Occasion::Answer(message) | Occasion::Chat(message) => match SmallTalk::of(message) {
            Some(SmallTalk::Hello) => {
                "Whoever wrote the message under `Answer this` says hello: say hello back, in two or three words."
            }
            Some(SmallTalk::Thanks) => {
                "Whoever wrote the message under `Answer this` says thanks: take it lightly, in a word or two."
            }
            Some(SmallTalk::Bye) => {
                "Whoever wrote the message under `Answer this` is leaving: say goodbye, in two or three words."
            }
            None if matches!(occasion, Occasion::Answer(_)) => {
                "Answer the message under `Answer this`."
            }
            None => "Join the conversation: say something to the message under `Answer this`.",
        },
        Occasion::Greet(_) => {
            "Whoever wrote the message under `Answer this` is back after a while: greet them, and pick up what you remember of them."
        }
        Occasion::Question(_) => "The streamer asks the chat. Give an answer of your own.",
        Occasion::Event(_) => "React to what just happened.",
        Occasion::Stream => "Say something to what is going on in the stream right now.",
    };
    let mut task = task.to_owned();
    let is_small = occasion.message().and_then(SmallTalk::of).is_some();
    if !is_small || style.is_emotes_only() {
        task.push_str(length(style));
    }
    let is_free = matches!(occasion, Occasion::Event(_) | Occasion::Stream);
    if is_free && talkativeness < LURKS && !style.is_emotes_only() {
        task.push_str(
            " You hardly ever write, so it is worth it: one exact detail that nobody else has noticed.",
        );
    } else if remembers && !matches!(occasion, Occasion::Greet(_)) {
        task.push_str(" If something that you remember fits, bring it up.");
    }
    task
}

fn length(style: &Style) -> &'static str {
    let emote = style.emotes >= Emotes::Sometimes;
    match *style.words.end() {
        _ if style.is_emotes_only() => " With emotes alone.",
        0..=3 if emote => " In one to three words, or with a single emote.",
        0..=3 => " In one to three words.",
        4..=7 if emote => " In a word or a few; now and then an emote is enough.",
        4..=7 => " In a word or a few.",
        8..=12 => " In one short line.",
        _ => " In one sentence.",
    }
}

/// What the occasion feels like, for whoever answers with an emote.
pub(crate) fn mood(occasion: &Occasion<'_>) -> Mood {
    match occasion {
        Occasion::Event(event) => Mood::of_event(&event.kind),
        Occasion::Question(_) => Mood::Puzzled,
        Occasion::Stream => Mood::Calm,
        Occasion::Greet(_) => Mood::Warm,
        Occasion::Answer(message) | Occasion::Chat(message) => {
            let laughs = |word: String| {
                matches!(
                    word.as_str(),
                    "lol" | "lmao" | "rofl" | "haha" | "hahaha" | "joke" | "funny"
                )
            };
            if SmallTalk::of(message).is_some() {
                Mood::Warm
            } else if words::all(&message.text).any(laughs) {
                Mood::Fun
            } else if message.text.contains('?') {
                Mood::Puzzled
            } else {
                Mood::Calm
            }
        }
    }
}

/// What is said as a matter of course, and answered so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SmallTalk {
    Hello,
    Thanks,
    Bye,
}

impl SmallTalk {
    /// The most words of it; whoever writes more says something.
    const WORDS: usize = 5;

    fn of(message: &ChatMessage) -> Option<Self> {
        let words: Vec<_> = words::all(&message.text).collect();
        let has = |any: &[&str]| words.iter().any(|word| any.contains(&word.as_str()));
        if message.text.contains('?') || words.len() > Self::WORDS {
            None
        } else if has(&["thanks", "thank", "thx", "ty", "tysm", "cheers"]) {
            Some(Self::Thanks)
        } else if has(&["bye", "goodbye", "cya", "gn", "goodnight"])
            || ["good night", "gotta go", "see you", "have to go"]
                .iter()
                .any(|phrase| words::has_phrase(&message.text, phrase))
        {
            Some(Self::Bye)
        } else if has(&[
            "hi", "hello", "hey", "heya", "hiya", "hii", "morning", "evening", "howdy", "sup",
        ]) {
            Some(Self::Hello)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use persona_sdk::testkit::message;

    #[test]
    fn small_talk_is_short_and_has_no_question() {
        let cases = [
            ("hi all", Some(SmallTalk::Hello)),
            ("good evening everyone", Some(SmallTalk::Hello)),
            ("hey, what is a capacitor?", None),
            ("hey so i tried the thing with the jar", None),
            ("thanks nova", Some(SmallTalk::Thanks)),
            ("gotta go, night", Some(SmallTalk::Bye)),
            ("gn chat", Some(SmallTalk::Bye)),
            ("that is odd", None),
        ];
        for (text, wanted) in cases {
            assert_eq!(SmallTalk::of(&message("Ana", text)), wanted, "{text}");
        }
    }

    #[test]
    fn a_task_is_as_short_as_the_style() {
        let (hi, why) = (message("Ana", "hi all"), message("Ana", "why does it hum?"));
        let cases = [
            (Occasion::Stream, "one to three words", "single emote."),
            (
                Occasion::Stream,
                "one to three words, no emotes",
                "one to three words.",
            ),
            (
                Occasion::Stream,
                "one complete sentence, eight to twenty words",
                "In one sentence.",
            ),
            (
                Occasion::Answer(&why),
                "Only emotes, never words",
                "With emotes alone.",
            ),
            (
                Occasion::Answer(&hi),
                "eight to twenty words",
                "in two or three words.",
            ),
        ];
        for (occasion, style, end) in cases {
            let task = task(&occasion, &Style::read(style), 0.5, false);
            assert!(task.ends_with(end), "{style}: {task}");
        }
        let lurker = task(&Occasion::Stream, &Style::read(""), 0.1, true);
        assert!(lurker.contains("one exact detail"), "{lurker}");
    }
}
