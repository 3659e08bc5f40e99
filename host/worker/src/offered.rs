//! Which of the stream's events a persona was offered already: each moves it once.

use chatter_protocol::StreamContext;
use std::collections::VecDeque;

/// So many ids are remembered. A context holds 32 events of the last minute at most, so an id is
/// out of the stream's sight long before it is forgotten here.
const REMEMBERED: usize = 128;

#[derive(Debug, Default)]
pub(crate) struct Offered(VecDeque<String>);

impl Offered {
    pub(crate) fn holds(&self, id: &str) -> bool {
        self.0.iter().any(|offered| offered == id)
    }

    pub(crate) fn add(&mut self, id: &str) {
        if self.holds(id) {
            return;
        }
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back(id.to_owned());
    }

    /// All that this context holds.
    pub(crate) fn add_all(&mut self, context: &StreamContext) {
        if let Some(question) = &context.chat_question {
            self.add(&question.id);
        }
        for event in &context.events {
            self.add(&event.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_the_latest() {
        let mut offered = Offered::default();
        for n in 0..200 {
            offered.add(&format!("e{n}"));
            offered.add(&format!("e{n}"));
        }
        assert_eq!(offered.0.len(), REMEMBERED);
        assert!(offered.holds("e199") && offered.holds("e72") && !offered.holds("e71"));
    }
}
