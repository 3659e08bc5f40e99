//! What a message wants.

use crate::question::{self, Query};
use persona_sdk::{ChatMessage, words};

/// What a message wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// To know whether this is a person.
    Truth,
    /// Who asked about these words; about anything, if there are none.
    WhoAsked(Vec<String>),
    /// What they asked themselves.
    OwnQuestion,
    /// What happened while they were away.
    Missed,
    /// What the stream is about.
    About,
    /// An answer.
    Answer(Query),
    /// A hello.
    Hello,
    /// Nothing: it says thanks.
    Thanks,
    /// Some words.
    Talk,
}

const WHO_ASKED: &[&str] = &[
    "who asked",
    "who else asked",
    "did anyone ask",
    "did anybody ask",
    "did someone ask",
    "did somebody ask",
    "has anyone asked",
    "has anybody asked",
    "has someone asked",
    "anyone asked",
    "anyone else ask",
    "anybody else ask",
    "anyone else asked",
];

const OWN_QUESTION: &[&str] = &[
    "what did i ask",
    "what did i just ask",
    "what was my question",
    "what have i asked",
    "my last question",
    "what did i want to know",
];

const MISSED: &[&str] = &[
    "did i miss",
    "have i missed",
    "i missed",
    "catch me up",
    "recap",
    "tldr",
    "fill me in",
];

/// The same, if it is about nothing in particular.
const GOING_ON: &[&str] = &[
    "what happened",
    "what's happening",
    "whats happening",
    "what's going on",
    "whats going on",
    "what is going on",
];

const ABOUT: &[&str] = &[
    "stream about",
    "this about",
    "it about",
    "the topic",
    "what are we doing",
    "what are they doing",
    "what is he doing",
    "what's he doing",
    "what is she doing",
    "what's she doing",
    "what are we watching",
    "what game",
];

impl Wish {
    /// Of a message to somebody of this name.
    pub(crate) fn of(message: &ChatMessage, name: &str) -> Self {
        let text = &message.text;
        let says = |any: &[&str]| any.iter().any(|phrase| words::has_phrase(text, phrase));
        let all: Vec<String> = words::all(text).collect();
        let has = |any: &[&str]| all.iter().any(|word| any.contains(&word.as_str()));
        let query = Query::of(text, name);
        if has(&[
            "bot", "bots", "ai", "ais", "robot", "robots", "human", "humans", "real",
        ]) && has(&["you", "u", "ur", "you're", "r"])
            && (text.contains('?') || has(&["are"]))
        {
            Self::Truth
        } else if says(OWN_QUESTION) {
            Self::OwnQuestion
        } else if says(WHO_ASKED) {
            Self::WhoAsked(query.words)
        } else if says(MISSED) || says(GOING_ON) && query.words.is_empty() {
            Self::Missed
        } else if says(ABOUT) && query.words.len() <= 1 && has(&["what", "what's", "whats"]) {
            Self::About
        } else if question::is_question(text, name) {
            Self::Answer(query)
        } else if all.len() <= 6 && has(&["thanks", "thank", "thx", "ty", "tysm", "cheers"]) {
            Self::Thanks
        } else if all.len() <= 5 && has(&["hi", "hello", "hey", "hiya", "morning", "evening"]) {
            Self::Hello
        } else {
            Self::Talk
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use persona_sdk::testkit::message;

    #[test]
    fn understands_what_is_wanted() {
        let screws = || vec!["screw".to_owned()];
        let cases = [
            ("pip are you a bot?", Wish::Truth),
            ("are you all bots?", Wish::Truth),
            ("is this it?", Wish::Answer(Query::default())),
            ("who asked about the screws?", Wish::WhoAsked(screws())),
            ("did anyone ask about screws", Wish::WhoAsked(screws())),
            ("pip what did i ask?", Wish::OwnQuestion),
            ("what did i miss", Wish::Missed),
            ("what happened?", Wish::Missed),
            ("pip catch me up", Wish::Missed),
            ("what is this stream about?", Wish::About),
            ("pip what's he doing", Wish::About),
            ("thanks pip!", Wish::Thanks),
            ("hi pip", Wish::Hello),
            ("pip you are great", Wish::Talk),
        ];
        for (text, wanted) in cases {
            assert_eq!(Wish::of(&message("Ana", text), "Pip"), wanted, "{text}");
        }
        let asked = Wish::of(&message("Ana", "what happened to the cat?"), "Pip");
        assert!(matches!(asked, Wish::Answer(query) if query.words == ["cat"]));
    }
}
