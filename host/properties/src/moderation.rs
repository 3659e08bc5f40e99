//! Moderation of arbitrary text by an arbitrary policy.

use crate::text;
use arbitrary::Unstructured;
use chatter_moderation::{Moderator, Verdict};
use chatter_protocol::{ModerationPolicy, V1};

const RULES: [&str; 7] = [
    "empty",
    "multi_line",
    "too_long",
    "control_characters",
    "invisible_characters",
    "combining_marks",
    "blocklist",
];

/// The same text always gets the same verdict; what is allowed keeps every rule; a word of the
/// blocklist is found wherever it stands by itself.
pub fn moderation(bytes: &[u8]) {
    let mut u = Unstructured::new(bytes);
    let max_chars = u.int_in_range(1..=500).unwrap_or(500);
    let words = u.int_in_range(0..=4).unwrap_or(0);
    let blocklist: Vec<String> = (0..words).map(|_| text(&mut u, 12)).collect();
    let said = text(&mut u, 600);
    let policy = ModerationPolicy {
        v: V1,
        name: "test".into(),
        version: "1".into(),
        max_chars,
        blocklist: blocklist.clone(),
    };
    let moderator = Moderator::new(&policy);
    let verdict = moderator.judge(&said);
    assert_eq!(verdict, moderator.judge(&said));
    is_sound(&verdict, &said, max_chars);
    for word in blocklist.iter().filter(|word| !word.trim().is_empty()) {
        for framed in [word.clone(), format!("{said} {word} {said}")] {
            let verdict = moderator.judge(&framed);
            assert!(!verdict.is_allowed(), "{word:?} was allowed in {framed:?}");
        }
    }
}

fn is_sound(verdict: &Verdict, said: &str, max_chars: u32) {
    if verdict.is_allowed() {
        assert_eq!((verdict.rule, verdict.reason.as_str()), ("", ""));
        assert!(!said.trim().is_empty());
        assert!(said.chars().count() <= max_chars as usize);
        assert!(!said.chars().any(char::is_control));
        assert!(!said.contains(['\u{2028}', '\u{2029}', '\u{202e}']));
    } else {
        assert!(RULES.contains(&verdict.rule), "{verdict:?}");
        assert!((1..200).contains(&verdict.reason.len()), "{verdict:?}");
        assert!(!verdict.reason.chars().any(char::is_control), "{verdict:?}");
    }
}
