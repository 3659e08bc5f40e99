//! What happens, and how often it did.

use persona_sdk::emote;
use serde::{Deserialize, Serialize};

/// What an event feels like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Win,
    Fail,
    Laugh,
    Question,
    Quiet,
    Topic,
    Start,
    Other,
}

impl Mood {
    /// Of an event's kind. Kinds are open: whatever is not known is still something.
    pub(crate) fn of(kind: &str) -> Self {
        match kind {
            "hype" => Self::Win,
            "fail" => Self::Fail,
            "laughter" => Self::Laugh,
            "question" => Self::Question,
            "silence" => Self::Quiet,
            "topic_change" => Self::Topic,
            "stream_start" => Self::Start,
            _ => Self::Other,
        }
    }

    /// Which emotes fit. Whatever is new is a joy to a cheerleader.
    pub(crate) const fn feeling(self) -> emote::Mood {
        match self {
            Self::Win | Self::Topic | Self::Start | Self::Other => emote::Mood::Joy,
            Self::Fail => emote::Mood::Shock,
            Self::Laugh => emote::Mood::Fun,
            Self::Question => emote::Mood::Puzzled,
            Self::Quiet => emote::Mood::Calm,
        }
    }

    /// How much it is worth a line: of two that just happened, the higher one gets it.
    pub(crate) const fn weight(self) -> u8 {
        match self {
            Self::Win | Self::Fail => 3,
            Self::Laugh | Self::Question | Self::Start => 2,
            Self::Topic | Self::Other => 1,
            Self::Quiet => 0,
        }
    }
}

/// What happened so far. Only wins, fails and laughs are counted; the rest breaks no streak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Tally {
    pub wins: u32,
    pub fails: u32,
    pub laughs: u32,
    /// How many of the latest kind came in a row.
    pub streak: u32,
    /// `w`, `f` or `l`; none before the first.
    latest: Option<char>,
}

impl Tally {
    pub(crate) fn add(&mut self, mood: Mood) {
        let (count, letter) = match mood {
            Mood::Win => (&mut self.wins, 'w'),
            Mood::Fail => (&mut self.fails, 'f'),
            Mood::Laugh => (&mut self.laughs, 'l'),
            _ => return,
        };
        *count = count.saturating_add(1);
        self.streak = if self.latest == Some(letter) {
            self.streak.saturating_add(1)
        } else {
            1
        };
        self.latest = Some(letter);
    }

    /// How many of this mood came in a row just now; 0 if the latest was another.
    pub(crate) fn streak_of(&self, mood: Mood) -> u32 {
        let letter = match mood {
            Mood::Win => 'w',
            Mood::Fail => 'f',
            Mood::Laugh => 'l',
            _ => return 0,
        };
        if self.latest == Some(letter) {
            self.streak
        } else {
            0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_streak_ends_with_another_kind_but_not_with_a_pause() {
        let mut tally = Tally::default();
        let steps = [
            (Mood::Win, 1),
            (Mood::Win, 2),
            (Mood::Quiet, 2),
            (Mood::Topic, 2),
            (Mood::Win, 3),
            (Mood::Fail, 0),
            (Mood::Win, 1),
        ];
        for (i, (mood, wins_in_a_row)) in steps.into_iter().enumerate() {
            tally.add(mood);
            assert_eq!(tally.streak_of(Mood::Win), wins_in_a_row, "step {i}");
        }
        assert_eq!((tally.wins, tally.fails, tally.laughs), (4, 1, 0));
    }
}
