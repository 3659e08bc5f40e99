//! What may be said: a text goes in, a verdict comes out.
//!
//! This crate owns the rules of basic moderation and the order in which they are asked. It promises
//! that a verdict depends on the policy and the text alone: it does no I/O, reads no clock, and the
//! same text always gets the same verdict. It must not know who wrote a text or where it goes.
//!
//! The rules, in the order in which they are asked; the first that objects decides:
//!
//! | rule | objects to |
//! | --- | --- |
//! | `empty` | a text of which white space alone would be shown |
//! | `multi_line` | any line break: LF, VT, FF, CR, NEL, U+2028, U+2029 |
//! | `too_long` | more characters (Unicode scalar values) than the policy's `max_chars` |
//! | `control_characters` | C0 and C1 controls, the tabulator and DEL among them |
//! | `invisible_characters` | what is not seen and deceives: see [`invisible`] |
//! | `combining_marks` | more marks on one character than any script needs: see [`marks`] |
//! | `blocklist` | the policy's words and phrases, as whole words: see [`blocklist`] |

pub mod blocklist;
pub mod invisible;
pub mod marks;

use blocklist::Blocklist;
use chatter_protocol::{ModerationPolicy, moderation::Action};

/// Judges texts by one policy. Made once for each policy and shared; judging takes `&self`.
#[derive(Debug)]
pub struct Moderator {
    policy: String,
    max_chars: usize,
    blocklist: Blocklist,
}

/// What is to be done with a text, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// [`Action::Allow`] or [`Action::Drop`].
    pub action: Action,
    /// The rule that decided, a stable code; empty if the text is allowed.
    pub rule: &'static str,
    /// Why, in words fit to be shown to the author; empty if the text is allowed.
    pub reason: String,
}

// === impl Moderator ===

impl Moderator {
    /// Makes the policy's word search, which is the dear part: once for each policy.
    #[must_use]
    pub fn new(policy: &ModerationPolicy) -> Self {
        Self {
            policy: format!("{}@{}", policy.name, policy.version),
            max_chars: usize::try_from(policy.max_chars).unwrap_or(usize::MAX),
            blocklist: Blocklist::new(&policy.blocklist),
        }
    }

    /// The policy as a verdict's record names it: `name@version`.
    #[must_use]
    pub fn policy(&self) -> &str {
        &self.policy
    }

    /// Judges a text as it is, white space at its ends included.
    #[must_use]
    pub fn judge(&self, text: &str) -> Verdict {
        if text.chars().all(is_blank) {
            return Verdict::drop("empty", "there is nothing to be read in it");
        }
        if text.chars().any(is_line_break) {
            return Verdict::drop("multi_line", "a message is one line");
        }
        if text.chars().nth(self.max_chars).is_some() {
            return Verdict::drop(
                "too_long",
                format!("longer than {} characters", self.max_chars),
            );
        }
        if let Some(control) = text.chars().find(|c| c.is_control()) {
            let reason = format!("holds the control character {}", code_point(control));
            return Verdict::drop("control_characters", reason);
        }
        // Neither of the next two has anything to find in ASCII.
        if !text.is_ascii() {
            if let Some(unseen) = invisible::find(text) {
                let reason = format!("holds the invisible character {}", code_point(unseen));
                return Verdict::drop("invisible_characters", reason);
            }
            if marks::is_flooded(text) {
                return Verdict::drop("combining_marks", "has too many marks on one character");
            }
        }
        if self.blocklist.matches(text) {
            let reason = "holds a word or phrase that is not allowed here";
            return Verdict::drop("blocklist", reason);
        }
        Verdict {
            action: Action::Allow,
            rule: "",
            reason: String::new(),
        }
    }
}

// === impl Verdict ===

impl Verdict {
    fn drop(rule: &'static str, reason: impl Into<String>) -> Self {
        Self {
            action: Action::Drop,
            rule,
            reason: reason.into(),
        }
    }

    /// Whether the text may go out.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.action == Action::Allow
    }
}

/// White space, or U+2800, the Braille pattern without a dot, which looks like it.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '\u{2800}'
}

/// The mandatory breaks of UAX #14.
fn is_line_break(c: char) -> bool {
    matches!(c, '\u{a}'..='\u{d}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn code_point(c: char) -> String {
    format!("U+{:04X}", u32::from(c))
}
