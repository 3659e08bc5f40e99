//! Answers that a case scripts.

use std::sync::{Mutex, PoisonError};

/// An answer to something that is asked in words.
#[derive(Clone, Debug)]
pub(super) struct Answer<T> {
    /// Only to words that hold this, in any letter case.
    pub(super) when: Option<String>,
    /// Not once but every time.
    pub(super) always: bool,
    /// What is answered.
    pub(super) what: T,
}

/// Answers in order, each once.
#[derive(Debug)]
pub(super) struct Script<T>(Mutex<Vec<Answer<T>>>);

impl<T> Default for Script<T> {
    fn default() -> Self {
        Self(Mutex::new(Vec::new()))
    }
}

impl<T: Clone> Script<T> {
    /// Takes the next case's answers in place of what is left.
    pub(super) fn set(&self, answers: Vec<Answer<T>>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = answers;
    }

    /// The first answer that is meant for what is asked, else the first that is for anything.
    pub(super) fn next(&self, asked: &str) -> Option<T> {
        let mut left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = asked.to_lowercase();
        let fits = |answer: &Answer<T>| {
            answer
                .when
                .as_ref()
                .is_some_and(|words| asked.contains(&words.to_lowercase()))
        };
        let place = left
            .iter()
            .position(fits)
            .or_else(|| left.iter().position(|answer| answer.when.is_none()))?;
        Some(if left[place].always {
            left[place].what.clone()
        } else {
            left.remove(place).what
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_go_by_words_then_by_order() {
        let answer = |when: Option<&str>, always, what| Answer {
            when: when.map(str::to_owned),
            always,
            what,
        };
        let script = Script::default();
        script.set(vec![
            answer(None, false, "one"),
            answer(Some("TEA"), false, "tea"),
            answer(None, false, "two"),
            answer(Some("rain"), true, "wet"),
        ]);
        for (asked, expected) in [
            ("is there tea?", Some("tea")),
            ("is there tea?", Some("one")),
            ("Rain?", Some("wet")),
            ("more rain?", Some("wet")),
            ("and now?", Some("two")),
            ("and now?", None),
        ] {
            assert_eq!(script.next(asked), expected, "{asked}");
        }
    }
}
