//! Who is meant by a text, and whether it asks something.

use chatter_protocol::context::StreamEvent;

/// A name that can be looked for in texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name(String);

impl Name {
    pub(crate) fn new(name: &str) -> Self {
        Self(name.trim().to_lowercase())
    }

    /// Whether this is it, written in whichever case.
    fn is(&self, written: &str) -> bool {
        !self.0.is_empty() && written.trim().to_lowercase() == self.0
    }

    /// Whether the name stands in the text (which is in lower case) as a word: with no letter or
    /// digit right before or after it.
    pub(crate) fn stands_in(&self, lower: &str) -> bool {
        if self.0.is_empty() {
            return false;
        }
        lower.match_indices(&self.0).any(|(start, found)| {
            let before = lower[..start].chars().next_back();
            let after = lower[start + found.len()..].chars().next();
            !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
        })
    }
}

/// Whether something that happens on the stream is anything to whoever has these names: all of it is, but
/// that others' names are said there. Whoever heard them says whose they are, since they may be spoken in
/// another way than they are written; else the text is looked at.
pub(crate) fn concern(names: &[Name], event: &StreamEvent) -> bool {
    if event.kind != "name" {
        return true;
    }
    if event.names.is_empty() {
        let lower = event.text.to_lowercase();
        return names.iter().any(|name| name.stands_in(&lower));
    }
    let said = |name: &Name| event.names.iter().any(|said| name.is(said));
    names.iter().any(said)
}

/// Whether a text (in lower case) asks something: it has a question mark, or begins like an English
/// question.
pub(crate) fn asks(lower: &str) -> bool {
    const OPENINGS: [&str; 12] = [
        "who", "what", "when", "where", "why", "which", "how", "does", "is", "are", "can", "should",
    ];
    lower.contains(['?', '？', '؟'])
        || lower
            .split(|c: char| !c.is_alphanumeric())
            .find(|word| !word.is_empty())
            .is_some_and(|word| OPENINGS.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_on_the_stream_is_something_to_its_bearer_alone() {
        let names = ["Nova", "nova-1"].map(Name::new);
        let table: [(&str, &str, &[&str], bool); 6] = [
            ("name", "And what does Nova say?", &[], true),
            ("name", "And what does Rex say?", &[], false),
            ("hype", "Go Rex!", &[], true),
            ("name", "And what does no va say?", &["Rex", "nova"], true),
            // Somebody is called nearly so.
            ("name", "Nova Scotia called.", &["Nova Scotia"], false),
            ("hype", "Go Rex!", &["Rex"], true),
        ];
        for (kind, text, said, expected) in table {
            let event = StreamEvent {
                id: "1".into(),
                kind: kind.into(),
                text: text.into(),
                names: said.iter().map(|&name| name.into()).collect(),
                at_ms: 0,
                known_ms: None,
                confidence: 0.9,
            };
            assert_eq!(concern(&names, &event), expected, "{kind}: {text}");
        }
    }

    #[test]
    fn names_stand_as_words() {
        let table = [
            ("Nova", "hey nova!", true),
            ("Nova", "@nova what now", true),
            ("Nova", "supernova", false),
            ("Nova", "nova's right", true),
            ("Nova", "nova2 and nova", true),
            ("Big Al", "i like big al", true),
            ("Zoë", "ask zoë.", true),
            ("", "anything", false),
        ];
        for (name, text, expected) in table {
            assert_eq!(
                Name::new(name).stands_in(text),
                expected,
                "{name} in {text:?}"
            );
        }
    }

    #[test]
    fn questions_are_recognised() {
        let table = [
            ("is that a boss?", true),
            ("what a shot was that", true),
            ("how did that work", true),
            ("howdy all", false),
            ("nice one", false),
            ("本当に？", true),
            ("...", false),
        ];
        for (text, expected) in table {
            assert_eq!(asks(text), expected, "{text:?}");
        }
    }
}
