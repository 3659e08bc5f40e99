use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// The latest `N` different texts, oldest first: ids of what one has reacted to, lines one has
/// said. State that can't grow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Latest<const N: usize>(VecDeque<String>);

impl<const N: usize> Latest<N> {
    /// Adds a text as the latest. If it is there already it only moves to the end. Whether it is
    /// new.
    pub fn push(&mut self, text: impl Into<String>) -> bool {
        let text = text.into();
        let known = self.0.iter().position(|held| *held == text);
        if let Some(known) = known {
            self.0.remove(known);
        }
        self.0.push_back(text);
        while self.0.len() > N {
            self.0.pop_front();
        }
        known.is_none()
    }

    /// Whether it is among them.
    #[must_use]
    pub fn contains(&self, text: &str) -> bool {
        self.0.iter().any(|held| held == text)
    }

    /// All of them, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &str> + ExactSizeIterator {
        self.0.iter().map(String::as_str)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_latest() {
        let mut latest = Latest::<2>::default();
        assert!(latest.is_empty());
        assert!(latest.push("a") && latest.push("b"));
        assert!(!latest.push("a"), "known, and the latest now");
        latest.push("c");
        assert_eq!(latest.iter().collect::<Vec<_>>(), ["a", "c"]);
        assert!(latest.contains("a") && !latest.contains("b"));
    }
}
