//! Moderation of arbitrary text by an arbitrary policy.

use crate::text;
use arbitrary::Unstructured;
use chatter_moderation::{Moderator, PersonaLines, Verdict};
use chatter_protocol::{
    AuthorKind, ModerationPolicy,
    moderation::Action,
    policy::{Category, Matching, Words},
};

const FORM: [&str; 6] = [
    "empty",
    "multi_line",
    "too_long",
    "control_characters",
    "invisible_characters",
    "combining_marks",
];

const CONTENT: [&str; 10] = [
    "blocklist",
    "words",
    "secret",
    "email",
    "card",
    "iban",
    "ip_address",
    "phone",
    "street_address",
    "link",
];

const PERSONAS: [&str; 3] = ["prompt_text", "model_markup", "speaker_name"];

/// The same text always gets the same verdict; what is allowed keeps every rule; a word of the
/// blocklist is found wherever it stands by itself; what goes out redacted is allowed, and no longer
/// than what was said. Lines of personas are no worse off.
pub fn moderation(bytes: &[u8]) {
    let mut u = Unstructured::new(bytes);
    let max_chars = u.int_in_range(1..=500).unwrap_or(500);
    let words = u.int_in_range(0..=4).unwrap_or(0);
    let blocklist: Vec<String> = (0..words).map(|_| text(&mut u, 12)).collect();
    let said = text(&mut u, 600);
    let mut coin = || u.ratio(1, 2).unwrap_or(true);
    let mut policy = ModerationPolicy {
        max_chars,
        blocklist: blocklist.clone(),
        matching: Matching {
            confusables: coin(),
            leetspeak: coin(),
            repeats: coin(),
            spaced: coin(),
        },
        ..ModerationPolicy::open("test")
    };
    let moderator = Moderator::new(&policy);
    check(&moderator, &said, max_chars);
    for word in blocklist.iter().filter(|word| !word.trim().is_empty()) {
        for framed in [word.clone(), format!("{said} {word} {said}")] {
            let verdict = moderator.judge(&framed, AuthorKind::Viewer);
            assert!(!verdict.is_allowed(), "{word:?} was allowed in {framed:?}");
        }
    }
    policy.blocklist_action = Action::Redact;
    let redact = Some(Action::Redact);
    policy.patterns.email = redact;
    policy.patterns.phone = redact;
    policy.patterns.card = redact;
    policy.patterns.iban = redact;
    policy.patterns.ip_address = redact;
    policy.patterns.street_address = redact;
    policy.patterns.secret = redact;
    policy.links.action = Action::Redact;
    policy.words = vec![Words {
        category: Category::Swearing,
        from_level: 1,
        entries: blocklist,
    }];
    policy.categories.swearing.action = redact;
    let moderator = Moderator::new(&policy);
    let redacted = check(&moderator, &said, max_chars);
    if let Some(redacted) = redacted {
        let again = moderator.judge(&redacted, AuthorKind::Viewer);
        assert!(
            again.is_allowed(),
            "{said:?} became {redacted:?}: {again:?}"
        );
    }
    let name = text(&mut u, 12);
    let personas = PersonaLines::new([name.as_str(), "Nova"]);
    for own in [name.as_str(), "Nova"] {
        let verdict = personas.judge(&said, own);
        assert_eq!(verdict, personas.judge(&said, own));
        if let Some(line) = &verdict.text {
            assert!(
                !line.trim().is_empty() && line.len() <= said.len(),
                "{line:?}"
            );
        }
        assert!(verdict.is_allowed() || PERSONAS.contains(&verdict.rule));
    }
}

/// Judges, and gives what goes out instead.
fn check(moderator: &Moderator, said: &str, max_chars: u32) -> Option<String> {
    let verdict = moderator.judge(said, AuthorKind::Viewer);
    assert_eq!(verdict, moderator.judge(said, AuthorKind::Viewer));
    is_sound(&verdict, said, max_chars);
    verdict.text
}

fn is_sound(verdict: &Verdict, said: &str, max_chars: u32) {
    let is_form = FORM.contains(&verdict.rule);
    if !is_form {
        assert!(!said.trim().is_empty());
        assert!(said.chars().count() <= max_chars as usize);
        assert!(!said.chars().any(char::is_control));
        assert!(!said.contains(['\u{2028}', '\u{2029}', '\u{202e}']));
    }
    if verdict.is_allowed() {
        assert_eq!((verdict.rule, verdict.reason.as_str()), ("", ""));
        assert_eq!(verdict.text, None);
        return;
    }
    assert!(is_form || CONTENT.contains(&verdict.rule), "{verdict:?}");
    assert!((1..200).contains(&verdict.reason.len()), "{verdict:?}");
    assert!(!verdict.reason.chars().any(char::is_control), "{verdict:?}");
    assert_eq!(verdict.text.is_some(), verdict.action == Action::Redact);
    if let Some(redacted) = &verdict.text {
        assert!(redacted.chars().count() <= said.chars().count());
        assert!(!redacted.trim().is_empty());
    }
}
