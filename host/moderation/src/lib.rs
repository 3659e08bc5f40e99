//! What may be said: a text goes in, a verdict comes out.
//!
//! This crate owns the rules of moderation and the order in which they are asked. It promises
//! that a verdict depends on the policy, the text and the kind of its author alone: it does no I/O,
//! reads no clock, and the same text always gets the same verdict. It must not know where a text goes.
//!
//! The rules of form, in the order in which they are asked; the first that objects drops the text:
//!
//! | rule | objects to |
//! | --- | --- |
//! | `empty` | a text of which white space alone would be shown |
//! | `multi_line` | any line break: LF, VT, FF, CR, NEL, U+2028, U+2029 |
//! | `too_long` | more characters (Unicode scalar values) than the policy's `max_chars` |
//! | `control_characters` | C0 and C1 controls, the tabulator and DEL among them |
//! | `invisible_characters` | what is not seen and deceives: see [`invisible`] |
//! | `combining_marks` | more marks on one character than any script needs: see [`marks`] |
//!
//! Then those of content, each with the action that the policy gives it. All are asked; the hardest action
//! is taken, and of those that ask for it the first rule decides:
//!
//! | rule | objects to |
//! | --- | --- |
//! | `blocklist` | the policy's words and phrases, as whole words: see [`blocklist`] |
//! | `words` | those of a category, where the category's level reaches them |
//! | `secret`, `email`, `card`, `iban`, `ip_address`, `phone`, `street_address` | personal data and secrets |
//! | `link` | links to hosts that the policy does not allow |
//!
//! Lines of personas pass three more rules before these: see [`persona`].

pub mod blocklist;
mod disguise;
pub mod invisible;
mod links;
pub mod marks;
mod patterns;
pub mod persona;
mod plain;
mod provider;
mod skeleton;

pub use persona::PersonaLines;
pub use provider::{Provider, Ruling};

use blocklist::Blocklist;
use chatter_protocol::{
    AuthorKind, ModerationPolicy,
    moderation::Action,
    policy::{Category, Role},
};
use plain::Plain;
use std::ops::Range;

/// A text as it looks, to tell whether two say the same in another dress: letter case, look-alikes, what is drawn out, spaces and
/// punctuation don't count. A text of nothing but signs is those.
#[must_use]
pub fn look(text: &str) -> String {
    let glyphs = skeleton::of(text, true);
    let mut look = String::with_capacity(glyphs.len());
    let push = |c: char, look: &mut String| {
        if !c.is_alphabetic() || !look.ends_with(c) {
            look.push(c);
        }
    };
    for glyph in glyphs.iter().filter(|glyph| glyph.c.is_alphanumeric()) {
        push(glyph.c, &mut look);
    }
    if look.is_empty() {
        for glyph in &glyphs {
            push(glyph.c, &mut look);
        }
    }
    look
}

/// The letters and digits of a name as they look, to tell whether a reader takes it for another: letter case, accents,
/// look-alikes of other scripts, spaces and punctuation don't count. All letters are read as if they stood among Latin
/// ones, so that a capital is what it looks like whatever its small letter does. Empty if there are none.
#[must_use]
pub fn letters(name: &str) -> String {
    let among: String = "a"
        .chars()
        .chain(name.chars().filter(|c| !c.is_whitespace()))
        .collect();
    let glyphs = skeleton::of(&among, true);
    let letters = glyphs.iter().skip(1).map(|glyph| glyph.c);
    letters.filter(|c| c.is_alphanumeric()).collect()
}

/// What stands where something was redacted; less of it where less stood there, so that no text grows.
const REDACTED: &str = "***";

/// Judges texts by one policy. Made once for each policy and shared; judging takes `&self`.
#[derive(Debug)]
pub struct Moderator {
    policy: String,
    max_chars: usize,
    lists: Vec<List>,
    blocklist: Blocklist,
    patterns: patterns::Search,
    links: Option<(Action, links::Allowed)>,
    exempt: Vec<Role>,
    provider: Option<Provider>,
}

/// What is done with the words of a list.
#[derive(Clone, Copy, Debug)]
struct List {
    action: Action,
    /// None for the policy's blocklist.
    category: Option<(Category, f64)>,
}

/// What is to be done with a text, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// What is to be done.
    pub action: Action,
    /// The rule that decided, a stable code; empty if the text is allowed.
    pub rule: &'static str,
    /// Why, in words fit to be shown to the author; empty if the text is allowed.
    pub reason: String,
    /// What words are about, where the rule is `words`.
    pub category: Option<Category>,
    /// How bad they are, 0 to 1.
    pub score: Option<f64>,
    /// What may go out instead, if the action is [`Action::Redact`].
    pub text: Option<String>,
}

/// Something that a rule of content objects to.
struct Finding {
    rule: &'static str,
    reason: &'static str,
    action: Action,
    category: Option<(Category, f64)>,
    at: Range<usize>,
}

// === impl Moderator ===

impl Moderator {
    /// Makes the policy's word search, which is the dear part: once for each policy.
    #[must_use]
    pub fn new(policy: &ModerationPolicy) -> Self {
        let mut lists = Vec::new();
        let mut entries: Vec<&[String]> = Vec::new();
        if policy.blocklist_action != Action::Allow {
            lists.push(List {
                action: policy.blocklist_action,
                category: None,
            });
            entries.push(&policy.blocklist);
        }
        for words in &policy.words {
            let (level, action) = policy.category(words.category);
            if words.from_level <= level && action != Action::Allow {
                let score = f64::from(5 - words.from_level.clamp(1, 4)) / 4.0;
                lists.push(List {
                    action,
                    category: Some((words.category, score)),
                });
                entries.push(&words.entries);
            }
        }
        let links = &policy.links;
        Self {
            policy: format!("{}@{}", policy.name, policy.version),
            max_chars: usize::try_from(policy.max_chars).unwrap_or(usize::MAX),
            lists,
            blocklist: Blocklist::new(entries, policy.matching),
            patterns: patterns::Search::new(&policy.patterns),
            links: (links.action != Action::Allow)
                .then(|| (links.action, links::Allowed::new(&links.allow))),
            exempt: policy.exempt.clone(),
            provider: policy.provider.as_ref().map(Provider::new),
        }
    }

    /// The policy as a verdict's record names it: `name@version`.
    #[must_use]
    pub fn policy(&self) -> &str {
        &self.policy
    }

    /// Judges a text as it is, white space at its ends included.
    #[must_use]
    pub fn judge(&self, text: &str, author: AuthorKind) -> Verdict {
        self.judge_to(self.max_chars, text, author)
    }

    /// Judges an author's name. It has a bound of its own, whatever the policy's for texts is.
    #[must_use]
    pub fn judge_name(&self, name: &str, author: AuthorKind) -> Verdict {
        self.judge_to(usize::MAX, name, author)
    }

    fn judge_to(&self, max_chars: usize, text: &str, author: AuthorKind) -> Verdict {
        if let Some((rule, reason)) = malformed(text, max_chars) {
            return Verdict::drop(rule, reason);
        }
        if self.exempts(author) {
            return Verdict::allow();
        }
        let mut verdict = self.judge_content(text);
        // What stood apart may read as something new where a part between was taken out.
        for _ in 0..MOST_ROUNDS {
            let Some(redacted) = &verdict.text else { break };
            let again = self.judge_content(redacted);
            match again.action {
                Action::Allow => break,
                Action::Redact => verdict.text = again.text,
                Action::Hold | Action::Drop => return again,
            }
        }
        let is_clean = verdict
            .text
            .as_ref()
            .is_none_or(|text| self.judge_content(text).is_allowed());
        if !is_clean {
            verdict.action = Action::Drop;
            verdict.text = None;
        }
        verdict
    }

    /// Who is asked about what these rules let through, if anybody is.
    #[must_use]
    pub fn provider(&self) -> Option<&Provider> {
        self.provider.as_ref()
    }

    /// The same for texts of an author of this kind.
    #[must_use]
    pub fn provider_for(&self, author: AuthorKind) -> Option<&Provider> {
        let provider = self.provider.as_ref()?;
        (!self.exempts(author) && provider.is_asked_about(author)).then_some(provider)
    }

    fn exempts(&self, author: AuthorKind) -> bool {
        match author {
            AuthorKind::Moderator => self.exempt.contains(&Role::Moderator),
            AuthorKind::System => self.exempt.contains(&Role::System),
            AuthorKind::Viewer | AuthorKind::Persona => false,
        }
    }

    fn judge_content(&self, text: &str) -> Verdict {
        let found = self.find(text);
        // Of the hardest the first, where `max_by_key` would give the last.
        let Some(worst) = found.iter().rev().max_by_key(|finding| finding.action) else {
            return Verdict::allow();
        };
        let redacted = (worst.action == Action::Redact).then(|| {
            redact(
                text,
                found.iter().map(|finding| finding.at.clone()).collect(),
            )
        });
        Verdict {
            action: worst.action,
            rule: worst.rule,
            reason: worst.reason.into(),
            category: worst.category.map(|(category, _)| category),
            score: worst.category.map(|(_, score)| score),
            text: redacted,
        }
    }

    fn find(&self, text: &str) -> Vec<Finding> {
        let mut words = self.blocklist.find(text);
        words.sort_unstable_by_key(|found| (found.list, found.at.start));
        let mut found: Vec<Finding> = words
            .into_iter()
            .map(|found| {
                let List { action, category } = self.lists[found.list];
                let rule = if category.is_none() {
                    "blocklist"
                } else {
                    "words"
                };
                Finding {
                    rule,
                    reason: "holds a word or phrase that is not allowed here",
                    action,
                    category,
                    at: found.at,
                }
            })
            .collect();
        let plain = Plain::of(text);
        let patterns = self.patterns.find(&plain);
        let emails: Vec<_> = patterns
            .iter()
            .filter(|found| found.rule == "email")
            .map(|found| found.at.clone())
            .collect();
        found.extend(patterns.into_iter().map(|found| Finding {
            rule: found.rule,
            reason: found.reason,
            action: found.action,
            category: None,
            at: found.at,
        }));
        if let Some((action, allowed)) = &self.links {
            let links = allowed.find_others(&plain, &emails);
            found.extend(links.into_iter().map(|at| Finding {
                rule: "link",
                reason: "holds a link that is not allowed here",
                action: *action,
                category: None,
                at,
            }));
        }
        found
    }
}

/// What makes a text unfit to be shown at all.
fn malformed(text: &str, max_chars: usize) -> Option<(&'static str, String)> {
    if text.chars().all(invisible::is_blank) {
        return Some(("empty", "there is nothing to be read in it".into()));
    }
    if text.chars().any(is_line_break) {
        return Some(("multi_line", "a message is one line".into()));
    }
    if text.chars().nth(max_chars).is_some() {
        let reason = format!("longer than {max_chars} characters");
        return Some(("too_long", reason));
    }
    if let Some(control) = text.chars().find(|c| c.is_control()) {
        let reason = format!("holds the control character {}", code_point(control));
        return Some(("control_characters", reason));
    }
    // Neither of the next two has anything to find in ASCII.
    if text.is_ascii() {
        return None;
    }
    if let Some(unseen) = invisible::find(text) {
        let reason = format!("holds the invisible character {}", code_point(unseen));
        return Some(("invisible_characters", reason));
    }
    marks::is_flooded(text).then(|| {
        let reason = "has too many marks on one character";
        ("combining_marks", reason.into())
    })
}

/// How often a redacted text is redacted again.
const MOST_ROUNDS: usize = 4;

/// The text with these stretches, which may overlap, replaced.
fn redact(text: &str, mut stretches: Vec<Range<usize>>) -> String {
    stretches.sort_unstable_by_key(|at| at.start);
    let mut redacted = String::with_capacity(text.len());
    let mut done = 0;
    let mut stretches = stretches.into_iter().peekable();
    while let Some(mut at) = stretches.next() {
        while let Some(next) = stretches.next_if(|next| next.start < at.end) {
            at.end = at.end.max(next.end);
        }
        redacted.push_str(&text[done..at.start]);
        let chars = text[at.clone()].chars().count();
        redacted.push_str(&REDACTED[..chars.min(REDACTED.len())]);
        done = at.end;
    }
    redacted.push_str(&text[done..]);
    redacted
}

// === impl Verdict ===

impl Verdict {
    fn allow() -> Self {
        Self {
            action: Action::Allow,
            rule: "",
            reason: String::new(),
            category: None,
            score: None,
            text: None,
        }
    }

    /// That the text goes nowhere: the code of the rule, and why, for people.
    #[must_use]
    pub fn drop(rule: &'static str, reason: impl Into<String>) -> Self {
        Self {
            action: Action::Drop,
            rule,
            reason: reason.into(),
            ..Self::allow()
        }
    }

    /// Whether the text may go out as it is.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.action == Action::Allow
    }
}

/// The mandatory breaks of UAX #14.
fn is_line_break(c: char) -> bool {
    matches!(c, '\u{a}'..='\u{d}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn code_point(c: char) -> String {
    format!("U+{:04X}", u32::from(c))
}
