//! What a policy does with what it finds.

use chatter_moderation::Moderator;
use chatter_protocol::{
    AuthorKind, ModerationPolicy,
    moderation::Action::{self, Allow, Drop, Hold, Redact},
    policy::{Category, CategoryRule, Matching, Role, Words},
};

fn policy() -> ModerationPolicy {
    let words = |category, from_level, entries: &[&str]| Words {
        category,
        from_level,
        entries: entries.iter().map(|entry| (*entry).to_owned()).collect(),
    };
    let mut policy = ModerationPolicy {
        blocklist: vec!["frobnicate".into(), "c++".into()],
        words: vec![
            words(Category::Aggression, 1, &["go die"]),
            words(Category::Bullying, 2, &["nobody likes you"]),
            words(Category::Bullying, 3, &["loser"]),
            words(Category::Swearing, 4, &["damn"]),
        ],
        ..ModerationPolicy::open("test")
    };
    policy.categories.aggression.action = Some(Drop);
    policy.categories.swearing.action = Some(Redact);
    policy.patterns.email = Some(Redact);
    policy.patterns.card = Some(Hold);
    policy.links.action = Redact;
    policy.links.allow = vec!["example.org".into()];
    policy
}

fn judge(policy: &ModerationPolicy, text: &str) -> (Action, &'static str, Option<String>) {
    let verdict = Moderator::new(policy).judge(text, AuthorKind::Viewer);
    (verdict.action, verdict.rule, verdict.text)
}

#[test]
fn a_level_catches_what_it_reaches() {
    for (level, caught) in [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4)] {
        let policy = ModerationPolicy { level, ..policy() };
        let lines = ["go die", "nobody likes you", "what a loser", "damn"];
        let hits = lines.iter().filter(|line| judge(&policy, line).0 != Allow);
        assert_eq!(hits.count(), caught, "level {level}");
    }
}

#[test]
fn a_category_may_be_stricter_than_the_rest() {
    let mut policy = policy();
    policy.level = 0;
    policy.categories.bullying = CategoryRule {
        level: Some(3),
        action: None,
    };
    assert_eq!(judge(&policy, "loser"), (Hold, "words", None));
    assert_eq!(judge(&policy, "go die").0, Allow);
}

#[test]
fn the_hardest_action_is_taken_and_its_rule_named() {
    let policy = ModerationPolicy {
        level: 4,
        ..policy()
    };
    let cases = [
        ("damn, ana@example.org", Redact, "words", Some("***, ***")),
        ("mail ana@example.com", Redact, "email", Some("mail ***")),
        (
            "see evil.com and example.org/x",
            Redact,
            "link",
            Some("see *** and example.org/x"),
        ),
        ("damn loser", Hold, "words", None),
        ("4111 1111 1111 1111 ana@example.org", Hold, "card", None),
        ("go die loser", Drop, "words", None),
        ("frobnicate and go die", Drop, "blocklist", None),
        ("d4mn it", Redact, "words", Some("*** it")),
        ("so d.a.m.n good", Redact, "words", Some("so *** good")),
        ("𝐝𝐚𝐦𝐧 it", Redact, "words", Some("*** it")),
        ("da\u{301}mn\u{336} it", Redact, "words", Some("*** it")),
    ];
    for (text, action, rule, redacted) in cases {
        let found = judge(&policy, text);
        assert_eq!(found, (action, rule, redacted.map(str::to_owned)), "{text}");
    }
}

#[test]
fn a_verdict_about_words_says_what_they_are_about() {
    let verdict = Moderator::new(&policy()).judge("go die", AuthorKind::Viewer);
    assert_eq!(verdict.category, Some(Category::Aggression));
    assert_eq!(verdict.score, Some(1.0));
    let verdict = Moderator::new(&policy()).judge("frobnicate", AuthorKind::Viewer);
    assert_eq!((verdict.category, verdict.score), (None, None));
}

#[test]
fn disguises_are_seen_through_as_the_policy_says() {
    let off = Matching {
        confusables: false,
        leetspeak: false,
        repeats: false,
        spaced: false,
    };
    type Switch = fn(&mut Matching);
    let cases: [(&str, Switch); 4] = [
        ("frobniсate", |matching| matching.confusables = true),
        ("fr0bnicate", |matching| matching.leetspeak = true),
        ("frobniiicate", |matching| matching.repeats = true),
        ("f r o b n i c a t e", |matching| matching.spaced = true),
    ];
    for (text, on) in cases {
        let mut policy = policy();
        policy.matching = off;
        assert_eq!(judge(&policy, text).0, Allow, "{text}");
        on(&mut policy.matching);
        assert_eq!(judge(&policy, text).0, Drop, "{text}");
    }
}

/// Moderators may be exempt from rules of content, nobody from those of form, and personas from none.
#[test]
fn who_is_exempt() {
    let policy = ModerationPolicy {
        exempt: vec![Role::Moderator],
        ..policy()
    };
    let moderator = Moderator::new(&policy);
    for (author, text, action) in [
        (AuthorKind::Moderator, "frobnicate", Allow),
        (AuthorKind::Moderator, "two\nlines", Drop),
        (AuthorKind::Persona, "frobnicate", Drop),
        (AuthorKind::Viewer, "frobnicate", Drop),
        (AuthorKind::System, "frobnicate", Drop),
    ] {
        assert_eq!(
            moderator.judge(text, author).action,
            action,
            "{author:?}: {text}"
        );
    }
}

#[test]
fn a_policy_of_before_does_what_it_did() {
    let old = ModerationPolicy {
        blocklist: vec!["frobnicate".into()],
        ..ModerationPolicy::open("old")
    };
    for text in [
        "ana@example.com, 4111 1111 1111 1111",
        "https://evil.com",
        "go die",
    ] {
        assert_eq!(judge(&old, text).0, Allow, "{text}");
    }
    assert_eq!(judge(&old, "Frobnicate!"), (Drop, "blocklist", None));
}
