//! WebVTT (<https://www.w3.org/TR/webvtt1/>) and SubRip, as files are rather than as they should
//! be: what can't be a cue is left out and said, and the rest is read.

use crate::{cue::Cue, markup};

/// A file's cues in the order of the file, and what was left out.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Parsed {
    pub(crate) cues: Vec<Cue>,
    /// Line (from 1) and reason of each cue that was left out.
    pub(crate) skipped: Vec<(usize, String)>,
}

/// Never fails: a text without a cue has none.
pub(crate) fn parse(text: &str) -> Parsed {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<&str> = text.split('\n').collect();
    let is_vtt = lines.first().is_some_and(|first| is_header(first));
    Reader {
        lines,
        is_vtt,
        at: 0,
        parsed: Parsed::default(),
        pending: None,
    }
    .read()
}

fn is_header(line: &str) -> bool {
    line.strip_prefix("WEBVTT")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']))
}

struct Reader<'a> {
    lines: Vec<&'a str>,
    is_vtt: bool,
    at: usize,
    parsed: Parsed,
    /// The cue whose text may still go on: in SubRip a paragraph without times belongs to the cue
    /// before it.
    pending: Option<(u64, u64, Vec<&'a str>)>,
}

impl<'a> Reader<'a> {
    fn read(mut self) -> Parsed {
        if self.is_vtt {
            self.skip_header();
        }
        while let Some(&line) = self.lines.get(self.at) {
            if line.trim().is_empty() {
                self.at += 1;
            } else if self.is_vtt && is_block(line) {
                while self
                    .lines
                    .get(self.at)
                    .is_some_and(|line| !line.trim().is_empty())
                {
                    self.at += 1;
                }
            } else if line.contains("-->") {
                self.cue();
            } else if self
                .lines
                .get(self.at + 1)
                .is_some_and(|next| next.contains("-->"))
            {
                // The cue's id.
                self.at += 1;
            } else {
                if let Some((_, _, text)) = self.pending.as_mut().filter(|_| !self.is_vtt) {
                    text.push(line);
                }
                self.at += 1;
            }
        }
        self.finish();
        self.parsed
    }

    /// The header ends with an empty line; files without one exist.
    fn skip_header(&mut self) {
        self.at = 1;
        while self
            .lines
            .get(self.at)
            .is_some_and(|line| !line.is_empty() && !line.contains("-->"))
        {
            self.at += 1;
        }
    }

    /// Reads the times of a cue and the lines below them.
    fn cue(&mut self) {
        self.finish();
        let number = self.at + 1;
        let times = times(self.lines[self.at]);
        self.at += 1;
        let first = self.at;
        // In WebVTT only an empty line ends a cue, and auto-captions use lines of one space.
        while let Some(line) = self.lines.get(self.at) {
            let ends = if self.is_vtt {
                line.is_empty()
            } else {
                line.trim().is_empty()
            };
            if ends || line.contains("-->") {
                break;
            }
            self.at += 1;
        }
        let mut text: Vec<&str> = self.lines[first..self.at].to_vec();
        // Times without an empty line before them: what stands above them may be the next cue's id.
        if self
            .lines
            .get(self.at)
            .is_some_and(|line| line.contains("-->"))
            && let [before @ .., id] = text.as_slice()
            && (!id.trim().is_empty() && id.trim().bytes().all(|b| b.is_ascii_digit())
                || before.last().is_some_and(|line| line.trim().is_empty()))
        {
            text.pop();
        }
        match times {
            Ok((start_ms, end_ms)) => self.pending = Some((start_ms, end_ms, text)),
            Err(reason) => self.parsed.skipped.push((number, reason)),
        }
    }

    fn finish(&mut self) {
        if let Some((start_ms, end_ms, lines)) = self.pending.take() {
            let text = markup::plain(&lines);
            // A cue that clears the screen is no loss.
            if !text.is_empty() {
                self.parsed.cues.push(Cue {
                    start_ms,
                    end_ms,
                    text,
                });
            }
        }
    }
}

/// A comment, a style sheet or a region.
fn is_block(line: &str) -> bool {
    ["NOTE", "STYLE", "REGION"].iter().any(|name| {
        line.strip_prefix(name)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', ':']))
    })
}

/// Both times of a line `00:01.000 --> 00:02.000 align:start`; the settings don't matter here.
fn times(line: &str) -> Result<(u64, u64), String> {
    let (start, end) = line.split_once("-->").ok_or("no -->")?;
    let end = end.split_whitespace().next().unwrap_or_default();
    let (start, end) = (time(start.trim())?, time(end)?);
    if end < start {
        return Err("the cue ends before it starts".into());
    }
    Ok((start, end))
}

/// Milliseconds of `[[h:]m:]s[.,]fff`. Hours may have any number of digits, and so may minutes in
/// a file without hours.
fn time(text: &str) -> Result<u64, String> {
    let shown: String = text.chars().take(40).collect();
    if text.starts_with('-') {
        return Err(format!("{shown:?} is before the start"));
    }
    parse_time(text).ok_or_else(|| format!("{shown:?} is not a time"))
}

fn parse_time(text: &str) -> Option<u64> {
    let (clock, fraction) = text.split_once(['.', ',']).unwrap_or((text, "0"));
    let number = |text: &str| {
        let digits = (1..=6).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| text.parse::<u64>().ok()).flatten()
    };
    let parts = clock.split(':').map(number).collect::<Option<Vec<u64>>>()?;
    let seconds = match parts[..] {
        [minutes, seconds] if seconds < 60 => minutes * 60 + seconds,
        [hours, minutes, seconds] if minutes < 60 && seconds < 60 => {
            hours * 3600 + minutes * 60 + seconds
        }
        _ => return None,
    };
    if fraction.is_empty() || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let millis = number(&format!("{fraction:0<3}")[..3])?;
    Some(seconds * 1000 + millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cues(text: &str) -> Vec<(u64, u64, String)> {
        parse(text)
            .cues
            .into_iter()
            .map(|cue| (cue.start_ms, cue.end_ms, cue.text))
            .collect()
    }

    #[test]
    fn real_files_are_read() {
        let one = vec![(1000, 2000, "hi".to_owned())];
        let two = vec![(1000, 2000, "hi".to_owned()), (3000, 4000, "yo".to_owned())];
        let cases = [
            ("plain", "WEBVTT\n\n00:01.000 --> 00:02.000\nhi\n", &one),
            (
                "no newline at the end",
                "WEBVTT\n\n00:01.000 --> 00:02.000\nhi",
                &one,
            ),
            (
                "BOM and CRLF",
                "\u{feff}WEBVTT\r\n\r\n00:01.000 --> 00:02.000\r\nhi\r\n",
                &one,
            ),
            ("CR alone", "WEBVTT\r\r00:01.000 --> 00:02.000\rhi\r", &one),
            (
                "title and header",
                "WEBVTT - talk\nKind: captions\nX-TIMESTAMP-MAP=LOCAL:0\n\n00:01.000 --> 00:02.000\nhi\n",
                &one,
            ),
            (
                "header without an empty line",
                "WEBVTT\n00:01.000 --> 00:02.000\nhi\n",
                &one,
            ),
            ("no header", "00:01.000 --> 00:02.000\nhi\n", &one),
            (
                "blocks",
                "WEBVTT\n\nNOTE one\ntwo\n\nSTYLE\n::cue { color: red }\n\nREGION\nid:a\n\nNOTE\n\n00:01.000 --> 00:02.000\nhi\n",
                &one,
            ),
            (
                "id and settings",
                "WEBVTT\n\nintro - 1\n00:01.000 --> 00:02.000 align:start position:0%\nhi\n",
                &one,
            ),
            (
                "hours",
                "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nhi\n",
                &one,
            ),
            (
                "tabs",
                "WEBVTT\n\n00:01.000\t-->\t00:02.000\talign:end\nhi\n",
                &one,
            ),
            ("no spaces", "WEBVTT\n\n00:01.000-->00:02.000\nhi\n", &one),
            (
                "a line of one space",
                "WEBVTT\n\n00:01.000 --> 00:02.000\n \nhi\n",
                &one,
            ),
            (
                "a cue of nothing",
                "WEBVTT\n\n00:00.000 --> 00:01.000\n<c> </c>\n\n00:01.000 --> 00:02.000\nhi\n",
                &one,
            ),
            (
                "SubRip",
                "1\n00:00:01,000 --> 00:00:02,000\nhi\n\n2\n00:00:03,000 --> 00:00:04,000\nyo\n",
                &two,
            ),
            (
                "SubRip, short fractions, places",
                "1\n0:00:01,0 --> 0:00:02 X1:40 X2:600\nhi\n\n2\n00:00:03,00 --> 00:00:04,0004\nyo\n",
                &two,
            ),
            (
                "no empty line between",
                "1\n00:00:01,000 --> 00:00:02,000\nhi\n2\n00:00:03,000 --> 00:00:04,000\nyo\n",
                &two,
            ),
            (
                "an empty line of spaces",
                "WEBVTT\n\n00:01.000 --> 00:02.000\nhi\n  \nb\n00:03.000 --> 00:04.000\nyo\n",
                &two,
            ),
            (
                "many empty lines",
                "\n\n1\n\n00:00:01,000 --> 00:00:02,000\nhi\n\n\n\n2\n00:00:03,000 --> 00:00:04,000\nyo\n\n\n",
                &two,
            ),
        ];
        for (name, text, expected) in cases {
            let parsed = parse(text);
            assert_eq!(parsed.skipped, [], "{name}");
            assert_eq!(&cues(text), expected, "{name}");
        }
    }

    #[test]
    fn a_cue_of_subrip_may_have_empty_lines() {
        let text = "1\n00:00:01,000 --> 00:00:02,000\n\nhi\n\nyou\n\n2\n00:00:03,000 --> 00:00:04,000\nyo\n";
        assert_eq!(cues(text)[0].2, "hi you");
        assert_eq!(cues(text)[1].2, "yo");
    }

    #[test]
    fn lines_are_joined_and_times_are_exact() {
        let text = "WEBVTT\n\n1:02:03.045 --> 100:00:00.000\n<v Ana>one</v>\n- two &amp; three\n";
        assert_eq!(
            cues(text),
            [(3_723_045, 360_000_000, "one two & three".to_owned())]
        );
    }

    #[test]
    fn what_is_no_cue_is_left_out_with_line_and_reason() {
        let cases = [
            ("00:61.000 --> 01:02.000", "\"00:61.000\" is not a time"),
            ("00:01.000 --> soon", "\"soon\" is not a time"),
            ("00:01.000 -->", "\"\" is not a time"),
            ("00:02.000 --> 00:01.000", "the cue ends before it starts"),
            (
                "-00:01.000 --> 00:01.000",
                "\"-00:01.000\" is before the start",
            ),
            (
                "00:99:00.000 --> 00:99:01.000",
                "\"00:99:00.000\" is not a time",
            ),
            (
                "99999999999999999999:00.000 --> 1",
                "\"99999999999999999999:00.000\" is not a time",
            ),
            ("00:01.x --> 00:02.000", "\"00:01.x\" is not a time"),
        ];
        for (line, reason) in cases {
            let text = format!("WEBVTT\n\n{line}\nlost\n\n00:01.000 --> 00:02.000\nhi\n");
            let parsed = parse(&text);
            assert_eq!(parsed.skipped, [(3, reason.to_owned())], "{line}");
            assert_eq!(parsed.cues.len(), 1, "{line}");
        }
    }
}
