//! What a line is to do: comment, react or answer.

use super::{
    message::{answer, is_small_talk},
    prompt::Moment,
};

/// How the moment feels; decides about shouting and emoji.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    Calm,
    Joy,
    Shock,
    Fun,
    Warm,
    Puzzled,
}

/// What a line is measured by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Goal {
    /// To take up what is said on the stream.
    Comment,
    /// To say something to a question or a remark.
    Answer,
    /// To be nice.
    SmallTalk,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Intent {
    /// Rules of the grammar to draw from, with weights. Never empty.
    pub(super) rules: Vec<(&'static str, f64)>,
    pub(super) mood: Mood,
    /// The event's or the message's words.
    pub(super) about: Option<String>,
    /// Whose message is answered; empty if they have no name. None if nobody is.
    pub(super) addressee: Option<String>,
    pub(super) goal: Goal,
}

impl Intent {
    /// A message that waits goes first, then what has just happened, then the streamer's question,
    /// then what is said on the stream.
    pub(super) fn of(moment: &Moment, knows_stream: bool) -> Self {
        if let Some(said) = &moment.answer {
            let (rule, mood) = answer(&said.text, &moment.persona.name);
            return Self {
                rules: vec![(rule, 1.0)],
                mood,
                about: Some(said.text.clone()),
                addressee: Some(said.name.clone()),
                goal: if is_small_talk(rule) {
                    Goal::SmallTalk
                } else {
                    Goal::Answer
                },
            };
        }
        let to_question = |question: &str| {
            let (rule, mood) = answer(question, "");
            // A streamer's question to all is no request and no small talk.
            let rule = if rule == "answer_statement" || is_small_talk(rule) {
                "answer_opinion"
            } else {
                rule
            };
            Self {
                rules: vec![(rule, 1.0)],
                mood,
                about: Some(question.to_owned()),
                addressee: None,
                goal: Goal::Answer,
            }
        };
        if let Some(event) = moment.events.last() {
            let (rule, mood) = match event.kind.as_str() {
                "hype" => ("event_hype", Mood::Joy),
                "fail" => ("event_fail", Mood::Shock),
                "laughter" => ("event_laughter", Mood::Fun),
                "silence" => ("event_silence", Mood::Calm),
                "topic_change" => ("event_topic_change", Mood::Calm),
                "stream_start" => ("event_stream_start", Mood::Joy),
                "question" => {
                    let question = moment.question.as_deref().unwrap_or(&event.text);
                    return to_question(question);
                }
                _ => ("event_other", Mood::Calm),
            };
            let rules = if knows_stream {
                vec![(rule, 5.0), ("stream", 1.0)]
            } else {
                vec![(rule, 1.0), ("idle", 0.3)]
            };
            return Self {
                rules,
                mood,
                about: Some(event.text.clone()),
                addressee: None,
                goal: Goal::Comment,
            };
        }
        if let Some(question) = &moment.question {
            return to_question(question);
        }
        let mut rules = vec![if knows_stream {
            ("stream", 6.0)
        } else {
            ("idle", 3.0)
        }];
        if !moment.chat.is_empty() {
            rules.push(("banter", 1.0));
        }
        Self {
            rules,
            mood: Mood::Calm,
            about: None,
            addressee: None,
            goal: Goal::Comment,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offline::prompt::{Event, Said};

    #[test]
    fn what_waits_longest_for_a_word_goes_first() {
        let mut moment = Moment::default();
        let rule = |moment: &Moment| Intent::of(moment, true).rules[0].0;
        assert_eq!(Intent::of(&moment, false).rules[0].0, "idle");
        assert_eq!(rule(&moment), "stream");
        moment.question = Some("left or right?".into());
        assert_eq!(rule(&moment), "answer_or");
        for (kind, expected) in [
            ("hype", "event_hype"),
            ("fail", "event_fail"),
            ("laughter", "event_laughter"),
            ("silence", "event_silence"),
            ("topic_change", "event_topic_change"),
            ("stream_start", "event_stream_start"),
            ("question", "answer_or"),
            ("raid", "event_other"),
        ] {
            moment.events = vec![Event {
                kind: kind.into(),
                text: "x".into(),
            }];
            assert_eq!(rule(&moment), expected);
        }
        moment.answer = Some(Said {
            name: "ana".into(),
            text: "hi".into(),
        });
        assert_eq!(rule(&moment), "answer_greeting");
    }
}
