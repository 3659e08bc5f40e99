//! Lines under one time, wrapped to the terminal, and how figures are told.

use crate::client::line::printable;
use anstyle::Style;
use std::fmt::Write as _;

/// The columns before the text: time and what it is.
pub(super) const TIME: usize = 9;
pub(super) const LABEL: usize = 10;

pub(super) const DIM: Style = Style::new().dimmed();

/// Lines under one time.
pub(super) struct Block {
    pub(super) width: usize,
    pub(super) text: String,
    /// Shown with the first line, if it is another than the one that was shown last.
    pub(super) time: Option<f64>,
    pub(super) shown: Option<String>,
}

impl Block {
    pub(super) fn line(&mut self, label: &str, label_style: Style, text: &str, style: Style) {
        self.styled((label, label_style), "", style, text, style);
    }

    /// A head and a text, wrapped to the width, under a label.
    pub(super) fn styled(
        &mut self,
        (label, label_style): (&str, Style),
        head: &str,
        head_style: Style,
        text: &str,
        style: Style,
    ) {
        let time = match self.time.take().map(clock) {
            Some(time) if self.shown.as_ref() != Some(&time) => {
                self.shown = Some(time.clone());
                time
            }
            _ => String::new(),
        };
        let whole = format!("{head}{}", printable(text));
        let room = self.width.saturating_sub(TIME + LABEL).max(20);
        let mut lines = textwrap::wrap(&whole, room).into_iter();
        let first = lines.next().unwrap_or_default();
        let (first_head, first_text) = match first.strip_prefix(head) {
            Some(rest) => (head, rest),
            None => ("", &*first),
        };
        let _ = writeln!(
            self.text,
            "{DIM}{time:>7}{DIM:#}  {label_style}{label:<9}{label_style:#} {head_style}{first_head}{head_style:#}{style}{first_text}{style:#}"
        );
        for line in lines {
            let _ = writeln!(self.text, "{:19}{style}{line}{style:#}", "");
        }
    }
}

/// `1:05.3`
pub(super) fn clock(seconds: f64) -> String {
    let tenths = (seconds.max(0.0) * 10.0).round() as u64;
    format!("{}:{:02}.{}", tenths / 600, tenths / 10 % 60, tenths % 10)
}

pub(super) fn micros(micros: u64) -> String {
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..1_000_000 => format!("{:.1} ms", micros as f64 / 1e3),
        _ => format!("{:.1} s", micros as f64 / 1e6),
    }
}

/// `1 call`, `2 calls`
pub(super) fn counted(count: usize, what: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {what}{s}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short() {
        for (seconds, expected) in [
            (0.0, "0:00.0"),
            (65.34, "1:05.3"),
            (59.96, "1:00.0"),
            (-1.0, "0:00.0"),
        ] {
            assert_eq!(clock(seconds), expected);
        }
        for (us, expected) in [(12, "12 µs"), (1_500, "1.5 ms"), (2_000_000, "2.0 s")] {
            assert_eq!(micros(us), expected);
        }
    }

    #[test]
    fn lines_are_wrapped_under_their_label_and_give_no_orders() {
        let mut block = Block {
            width: 45,
            text: String::new(),
            time: Some(65.0),
            shown: None,
        };
        block.styled(
            ("chat", DIM),
            "Ana: ",
            DIM,
            "one two three four five six seven\u{1b}[2J",
            Style::new(),
        );
        let plain = anstream::adapter::strip_str(&block.text).to_string();
        let lines: Vec<&str> = plain.lines().collect();
        assert_eq!(
            lines,
            [
                " 1:05.0  chat      Ana: one two three four",
                "                   five six seven\u{fffd}[2J"
            ]
        );
    }
}
