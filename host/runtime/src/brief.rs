//! Texts that a component chose, cut to what a person reads: they go into records, logs and statuses.

use std::fmt::{self, Display, Write};

/// The longest name: of a function, a source file, an interface. In bytes.
pub(crate) const NAME_BYTES: usize = 150;

/// The longest reason of anything, in bytes.
pub(crate) const REASON_BYTES: usize = 1000;

/// The beginning of a text, and a mark if there are more. What is left out isn't even made.
pub(crate) fn brief(text: impl Display, bytes: usize) -> String {
    let mut cut = Cut {
        kept: String::new(),
        left: bytes,
    };
    // The one error that there is says that it was cut.
    if write!(cut, "{text}").is_err() {
        cut.kept.push('…');
    }
    cut.kept
}

struct Cut {
    kept: String,
    left: usize,
}

impl Write for Cut {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            let left = self.left.checked_sub(character.len_utf8());
            self.left = left.ok_or(fmt::Error)?;
            self.kept.push(character);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_as_long_as_it_may_be_and_no_longer() {
        for (text, bytes, expected) in [
            ("", 0, ""),
            ("abc", 3, "abc"),
            ("abcd", 3, "abc…"),
            ("äöüß", 5, "äö…"),
        ] {
            assert_eq!(brief(text, bytes), expected);
        }
        assert_eq!(brief(format_args!("{}-{}", 12, 34), 4), "12-3…");
    }

    /// Says without end what it is asked to say.
    struct Endless;

    impl Display for Endless {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            loop {
                f.write_str("and so on ")?;
            }
        }
    }

    #[test]
    fn what_has_no_end_ends() {
        assert_eq!(brief(Endless, 6), "and so…");
    }
}
