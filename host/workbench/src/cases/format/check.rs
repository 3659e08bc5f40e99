//! What the types of a file can't say.

use super::{End, Event, Expect, Export, File, OWN_LINE, Remembered, Step, Words};
use crate::text::{Text, Wrong};
use chatter_protocol::{RoomConfig, Schematic as _, Tuning};
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
        let found = self
            .search
            .iter()
            .filter_map(|search| search.finds.as_ref());
        for remembered in self.memory.iter().chain(found.flatten()) {
            remembered.check(text)?;
        }
        for search in &self.search {
            match (&search.finds, &search.error) {
                (Some(_), Some(error)) => {
                    return Err(text.wrong(
                        error.span().start,
                        "a search either finds something or comes to an error",
                    ));
                }
                (None, None) => {
                    return Err(Wrong::whole(
                        &text.path,
                        "a [[search]] has neither `finds` nor `error`; `finds = []` is for nothing",
                    ));
                }
                _ => {}
            }
        }
        self.tuning(text)?;
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

    /// The tuning of the case's room: the default, but for what the case sets.
    pub(in crate::cases) fn tuning(&self, text: &Text) -> Result<Tuning, Wrong> {
        let Some(tuning) = &self.tuning else {
            return Ok(Tuning::default());
        };
        let room =
            serde_json::json!({ "id": "main/lobby", "title": "x", "tuning": tuning.get_ref() });
        let room = RoomConfig::from_value(room).map_err(|invalid| {
            let problems = invalid.problems.iter().map(|problem| {
                let field = problem
                    .pointer
                    .trim_start_matches("/tuning")
                    .trim_start_matches('/');
                format!("tuning.{field}: {}", problem.detail)
            });
            let detail = problems.collect::<Vec<_>>().join("; ");
            text.wrong(tuning.span().start, detail)
        })?;
        Ok(room.tuning)
    }
}

impl Remembered {
    fn check(&self, text: &Text) -> Result<(), Wrong> {
        let at = self.text.span().start;
        let chars = self.text.get_ref().chars().count();
        if !(1..=1000).contains(&chars) {
            return Err(text.wrong(
                at,
                format!("a memory has 1 to 1000 characters, this one {chars}"),
            ));
        }
        if !(0.0..=1.0).contains(&self.confidence) {
            return Err(text.wrong(at, "its confidence is not in 0..=1"));
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
            if name == OWN_LINE || labels.contains(&name) {
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
        if let Some(label) = &self.answer {
            known(label, labels)?;
        }
        if let Some(roll) = &self.roll {
            let at = roll.span().start;
            if !(0.0..1.0).contains(roll.get_ref()) {
                return Err(text.wrong(at, format!("{} is not in 0..1", roll.get_ref())));
            }
            if self.speak.is_some() || self.answer.is_some() {
                return Err(text.wrong(
                    at,
                    "whether it is to speak, and whom it answers, follows from `roll`: leave `speak` and `answer` out",
                ));
            }
            if !matches!(self.export(), Export::Context | Export::Firehose) {
                return Err(text.wrong(at, "only calls on the stream or the chat are rolled for"));
            }
        }
        let Some(expect) = &self.expect else {
            return Ok(());
        };
        if let Some(p) = &expect.p {
            let [least, most] = p.get_ref();
            if !(0.0..=1.0).contains(least) || !(*least..=1.0).contains(most) {
                return Err(text.wrong(
                    p.span().start,
                    "a probability is between two numbers of 0..=1, the smaller one first",
                ));
            }
            if self.roll.is_none() {
                return Err(text.wrong(
                    p.span().start,
                    "without a `roll` the step itself says whether it is to speak, and `p` holds whatever happens",
                ));
            }
        }
        if let Some(label) = &expect.reply_to
            && !label.get_ref().is_empty()
        {
            known(label, labels)?;
        }
        if self.export() == Export::None {
            return Err(text.wrong(at, "nothing can be expected of a step that makes no call"));
        }
        expect.check(text)
    }
}

impl Expect {
    fn check(&self, text: &Text) -> Result<(), Wrong> {
        if let Some(ends) = &self.ends
            && *ends.get_ref() != End::Returned
            && let Some((field, at)) = self.of_an_outcome()
        {
            let ends = ends.get_ref().as_str();
            return Err(text.wrong(
                at,
                format!("`{field}` can't hold for a call that ends as {ends:?}: nothing of it is kept; leave it out"),
            ));
        }
        for (field, words) in self.words() {
            if words.get_ref().0.is_empty() || words.get_ref().0.iter().any(String::is_empty) {
                return Err(text.wrong(
                    words.span().start,
                    format!("`{field}` holds whatever happens; name the words"),
                ));
            }
        }
        for (pointer, value) in self.state.iter().flatten() {
            if !pointer.is_empty() && !pointer.starts_with('/') {
                return Err(text.wrong(
                    value.span().start,
                    format!("{pointer:?} is no JSON Pointer; it would be \"/{pointer}\""),
                ));
            }
        }
        if let Some(matches) = &self.matches {
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

    /// The first field that speaks of what a call leaves if it returns well, and where it stands.
    fn of_an_outcome(&self) -> Option<(&'static str, usize)> {
        fn at<T>(field: &Option<Spanned<T>>) -> Option<usize> {
            field.as_ref().map(|value| value.span().start)
        }
        let state = self.state.as_ref().and_then(|parts| parts.values().next());
        [
            ("line", at(&self.line)),
            ("lines", at(&self.lines)),
            ("contains", at(&self.contains)),
            ("lacks", at(&self.lacks)),
            ("matches", at(&self.matches)),
            ("max_words", at(&self.max_words)),
            ("silent", at(&self.silent)),
            ("reply_to", at(&self.reply_to)),
            ("remembers", at(&self.remembers)),
            ("memories", at(&self.memories)),
            ("state", state.map(|value| value.span().start)),
        ]
        .into_iter()
        .find_map(|(field, at)| Some((field, at?)))
    }

    fn words(&self) -> impl Iterator<Item = (&'static str, &Spanned<Words>)> {
        [
            ("contains", &self.contains),
            ("lacks", &self.lacks),
            ("remembers", &self.remembers),
            ("searches", &self.searches),
            ("prompt", &self.prompt),
            ("prompt_lacks", &self.prompt_lacks),
            ("log", &self.log),
            ("because", &self.because),
        ]
        .into_iter()
        .filter_map(|(field, words)| Some((field, words.as_ref()?)))
    }
}
