//! A timeline: what happens beside a persona, moment by moment, as a TOML file.
//!
//! ```toml
//! [[step]]
//! at = 2.5                  # seconds since the start; steps stand in the order of time
//! said = "Welcome back."    # on the stream; at this moment it has been said
//!
//! [[step]]
//! at = 9
//! chat = { name = "Ana", text = "hi all" }
//! ```
//!
//! Cases of `chatter persona test` are timelines that say more: what is expected.

use crate::{
    cases::format::{Chat, Event, File, Step},
    text::{Text, Wrong},
};
use chatter_context::Subtitles;
use chatter_protocol::context::{Segment, StreamEvent};
use std::path::Path;

/// How fast people speak here, in milliseconds a character.
const SPEECH_MS: u64 = 65;

/// What happens, in the order of time.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// What is said on the stream, and what happens there.
    pub stream: Subtitles,
    /// What people write.
    pub chat: Vec<Said>,
    /// When the last of it happens, in milliseconds since the start.
    pub length_ms: u64,
}

/// A line that a person writes.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// When, in milliseconds since the start.
    pub at_ms: u64,
    /// Who.
    pub name: String,
    /// What.
    pub text: String,
}

impl Timeline {
    /// Reads a timeline, or the timeline of a case.
    ///
    /// # Errors
    ///
    /// Names the first place that is wrong.
    pub fn read(path: &Path) -> Result<Self, Wrong> {
        Self::parse(&Text::read(path)?)
    }

    /// The same from a text.
    pub(crate) fn parse(text: &Text) -> Result<Self, Wrong> {
        let file: File = text.parse()?;
        file.check(text)?;
        let mut stream = Stream::default();
        let mut chat = Vec::new();
        let mut length_ms = 0;
        for step in &file.step {
            length_ms = stream.take(step);
            if let Some(Chat { name, text, .. }) = &step.chat {
                chat.push(Said {
                    at_ms: step.at_ms(),
                    name: name.clone(),
                    text: text.clone(),
                });
            }
        }
        Ok(Self {
            stream: stream.subtitles(true),
            chat,
            length_ms,
        })
    }
}

/// What steps say of the stream.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    said: Vec<Segment>,
    happens: Vec<StreamEvent>,
}

impl Stream {
    /// Takes in a step; when that is, in milliseconds.
    pub(crate) fn take(&mut self, step: &Step) -> u64 {
        let at_ms = step.at_ms();
        if let Some(words) = &step.said {
            let chars = words.chars().count() as u64;
            let before = self.said.last().map_or(0, |segment| segment.end_ms);
            self.said.push(Segment {
                start_ms: at_ms.saturating_sub(chars * SPEECH_MS).max(before),
                end_ms: at_ms,
                text: words.clone(),
                ..Segment::default()
            });
        }
        let event = step.event.as_ref().map(|event| {
            let Event {
                kind,
                text,
                confidence,
            } = event;
            (kind.get_ref().as_str(), text.as_str(), *confidence)
        });
        let question = step
            .question
            .as_ref()
            .map(|question| ("chat_question", question.as_str(), 0.9));
        for (kind, text, confidence) in event.into_iter().chain(question) {
            self.happens.push(StreamEvent {
                id: String::new(),
                kind: kind.to_owned(),
                text: text.to_owned(),
                names: Vec::new(),
                at_ms,
                known_ms: None,
                confidence,
            });
        }
        at_ms
    }

    pub(crate) fn subtitles(&self, framed: bool) -> Subtitles {
        Subtitles::scripted(&self.said, &self.happens, framed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline(content: &str) -> Result<Timeline, String> {
        Timeline::parse(&Text {
            path: "t.toml".into(),
            content: content.into(),
        })
        .map_err(|wrong| wrong.to_string())
    }

    #[test]
    fn a_timeline_has_a_stream_and_a_chat() {
        let timeline = timeline(
            "[[step]]\nat = 2\nsaid = \"Welcome back.\"\n[[step]]\nat = 3.5\nchat = { name = \"Ana\", text = \"hi\" }\n\
             [[step]]\nat = 9\nevent = { kind = \"hype\", text = \"WOW\" }\n[[step]]\nat = 12\nquestion = \"Red or blue?\"\n",
        )
        .unwrap();
        assert_eq!(timeline.stream.length().as_secs(), 12);
        assert_eq!(timeline.length_ms, 12_000);
        assert_eq!(
            timeline.chat,
            [Said {
                at_ms: 3_500,
                name: "Ana".into(),
                text: "hi".into()
            }]
        );
    }
}
