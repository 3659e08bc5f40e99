//! What was on the stream when it last looked, for the calls in which it hears only the chat.

use persona_sdk::StreamContext;
use serde::{Deserialize, Serialize};

/// Looks up at most so often, in milliseconds: each new look is new state to be stored.
const LOOK_MS: u64 = 8_000;

/// After so long it is no longer what is on, in milliseconds.
const STALE_MS: u64 = 90_000;

/// How far back speech still belongs to the moment, in milliseconds.
const SPEECH_MS: u64 = 20_000;

/// The most lines and keywords that are kept.
const KEPT: usize = 8;

/// A glimpse of the stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Glimpse {
    at: u64,
    speech: Vec<String>,
    keywords: Vec<String>,
}

impl Glimpse {
    /// Takes in the latest context, unless it looked a moment ago.
    pub(crate) fn look(&mut self, context: &StreamContext, now: u64) {
        if now.saturating_sub(self.at) < LOOK_MS {
            return;
        }
        self.at = now;
        let from = context.position.saturating_sub(SPEECH_MS);
        let mut speech: Vec<String> = context
            .transcript
            .iter()
            .rev()
            .take(KEPT)
            .filter(|segment| segment.end >= from)
            .map(|segment| segment.text.chars().take(200).collect())
            .collect();
        speech.reverse();
        self.speech = speech;
        self.keywords = context
            .keywords
            .iter()
            .take(KEPT)
            .map(|keyword| keyword.term.chars().take(80).collect())
            .collect();
    }

    /// What was said and what it was about, if that is not too long ago.
    pub(crate) fn fresh(&self, now: u64) -> Option<(&[String], &[String])> {
        (now.saturating_sub(self.at) < STALE_MS).then_some((&self.speech, &self.keywords))
    }

    /// What it was about when it last looked.
    pub(crate) fn keywords(&self) -> &[String] {
        &self.keywords
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use persona_sdk::testkit::{NOW, context};

    #[test]
    fn keeps_the_last_seconds_and_looks_up_now_and_then() {
        let mut glimpse = Glimpse::default();
        let stream = (0..10)
            .fold(context(), |context, i| context.said(&format!("line {i}")))
            .keyword("boss");
        glimpse.look(&stream.build(), NOW);
        let (speech, keywords) = glimpse.fresh(NOW).unwrap();
        assert_eq!(
            (speech.first().unwrap().as_str(), speech.len(), keywords),
            ("line 4", 6, &["boss".to_owned()][..])
        );
        glimpse.look(&context().build(), NOW + 2000);
        assert!(!glimpse.keywords().is_empty(), "looked a moment ago");
        glimpse.look(&context().build(), NOW + LOOK_MS);
        assert!(glimpse.keywords().is_empty());
        assert_eq!(glimpse.fresh(NOW + LOOK_MS + STALE_MS), None);
    }
}
