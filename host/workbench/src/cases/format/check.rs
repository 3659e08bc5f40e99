//! What the types of a file can't say.

use super::{Event, Export, File, OWN_LINE, Remembered, Step};
use crate::text::{Text, Wrong};
use toml::Spanned;

/// The longest text of what is said or written, in characters.
const MAX_CHARS: usize = 500;

/// The latest moment of a timeline, in seconds.
const LATEST_S: f64 = 86_400.0;

impl File {
    /// What the types can't say.
    ///
    /// # Errors
    ///
    /// Names the first place that is wrong.
    pub fn check(&self, text: &Text) -> Result<(), Wrong> {
        for Remembered {
            text: words,
            confidence,
            ..
        } in &self.memory
        {
            let at = words.span().start;
            let chars = words.get_ref().chars().count();
            if !(1..=1000).contains(&chars) {
                return Err(text.wrong(
                    at,
                    format!("a memory has 1 to 1000 characters, this one {chars}"),
                ));
            }
            if !(0.0..=1.0).contains(confidence) {
                return Err(text.wrong(at, "its confidence is not in 0..=1"));
            }
        }
        for answer in &self.llm {
            match (&answer.answer, &answer.error) {
                (Some(words), Some(_)) => {
                    return Err(text.wrong(
                        words.span().start,
                        "an answer of the language model has either words or an error",
                    ));
                }
                (None, None) => {
                    return Err(Wrong::whole(
                        &text.path,
                        "an [[llm]] has neither `answer` nor `error`",
                    ));
                }
                _ => {}
            }
        }
        let mut before = 0.0;
        let mut labels: Vec<&str> = Vec::new();
        for step in &self.step {
            let at = step.at.span().start;
            let second = *step.at.get_ref();
            if !(0.0..=LATEST_S).contains(&second) {
                return Err(text.wrong(at, format!("{second} is not in 0..={LATEST_S} seconds")));
            }
            if second < before {
                return Err(text.wrong(
                    at,
                    format!("{second} s is before the step above, which is at {before} s"),
                ));
            }
            before = second;
            step.check(text, &mut labels)?;
        }
        Ok(())
    }
}

impl Step {
    fn check<'a>(&'a self, text: &Text, labels: &mut Vec<&'a str>) -> Result<(), Wrong> {
        let at = self.at.span().start;
        let happens = self.said.is_some() || self.event.is_some() || self.question.is_some();
        if happens && self.chat.is_some() {
            return Err(text.wrong(
                at,
                "a step has either `chat` or something on the stream (`said`, `event`, `question`); make two of it",
            ));
        }
        let words = [
            ("said", self.said.as_deref()),
            ("question", self.question.as_deref()),
            ("chat.text", self.chat.as_ref().map(|chat| &*chat.text)),
            ("chat.name", self.chat.as_ref().map(|chat| &*chat.name)),
        ];
        for (field, words) in words {
            let Some(words) = words else { continue };
            let most = if field == "chat.name" { 40 } else { MAX_CHARS };
            let chars = words.chars().count();
            if words.trim().is_empty() || chars > most || words.contains(char::is_control) {
                return Err(
                    text.wrong(at, format!("{field} is one line of 1 to {most} characters"))
                );
            }
        }
        if let Some(Event {
            kind,
            text: words,
            confidence,
        }) = &self.event
        {
            let good = |c: char| c.is_ascii_lowercase() || c == '_';
            let name = kind.get_ref();
            if !(1..=32).contains(&name.len()) || !name.chars().all(good) {
                return Err(text.wrong(
                    kind.span().start,
                    format!("{name:?} is no kind of event, which is 1 to 32 of a-z and _"),
                ));
            }
            if !(0.0..=1.0).contains(confidence) || words.chars().count() > MAX_CHARS {
                return Err(text.wrong(
                    kind.span().start,
                    "an event's confidence is in 0..=1, and its text has at most 500 characters",
                ));
            }
        }
        let known = |label: &Spanned<String>, labels: &[&str]| {
            let name = label.get_ref().as_str();
            if name == OWN_LINE || name.is_empty() || labels.contains(&name) {
                return Ok(());
            }
            let detail = format!("no line before this has the label {name:?}");
            Err(text.wrong(label.span().start, detail))
        };
        if let Some(chat) = &self.chat {
            if let Some(label) = &chat.reply_to {
                known(label, labels)?;
            }
            if let Some(label) = &chat.label {
                let name = label.get_ref().as_str();
                if name == OWN_LINE || name.is_empty() || labels.contains(&name) {
                    return Err(text.wrong(
                        label.span().start,
                        format!("the label {name:?} is taken; give each line another"),
                    ));
                }
                labels.push(name);
            }
        }
        for label in [
            self.answer.as_ref(),
            self.expect.as_ref().and_then(|e| e.reply_to.as_ref()),
        ]
        .into_iter()
        .flatten()
        {
            known(label, labels)?;
        }
        if self.export() == Export::None && self.expect.is_some() {
            return Err(text.wrong(at, "nothing can be expected of a step that makes no call"));
        }
        if let Some(matches) = self.expect.as_ref().and_then(|e| e.matches.as_ref()) {
            regex::Regex::new(matches.get_ref()).map_err(|error| {
                let error = error.to_string();
                let reason = error.lines().last().unwrap_or_default().trim();
                text.wrong(
                    matches.span().start,
                    format!("not a regular expression: {reason}"),
                )
            })?;
        }
        Ok(())
    }
}
