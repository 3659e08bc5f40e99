//! A language model that says what a case scripts.

use super::format::Answer;
use async_trait::async_trait;
use chatter_llm::{About, LanguageModel};
use chatter_protocol::llm::{Completion, Error, Request};
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// What is answered to a request that the case has no answer for.
pub(super) const NO_ANSWER: &str = "the case has no [[llm]] for this request";

/// Answers in order, each once.
#[derive(Debug, Default)]
pub(super) struct Scripted(Mutex<Vec<Answer>>);

impl Scripted {
    /// Takes the next case's answers in place of what is left.
    pub(super) fn script(&self, answers: &[Answer]) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = answers.to_vec();
    }

    /// The first answer that is meant for words of the prompt, else the first that is for any.
    fn answer(&self, prompt: &str) -> Result<String, Error> {
        let mut left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let prompt = prompt.to_lowercase();
        let fits = |answer: &Answer| {
            answer
                .when
                .as_ref()
                .is_some_and(|words| prompt.contains(&words.to_lowercase()))
        };
        let place = left
            .iter()
            .position(fits)
            .or_else(|| left.iter().position(|answer| answer.when.is_none()))
            .ok_or_else(|| Error::Unavailable(NO_ANSWER.into()))?;
        let answer = if left[place].always {
            left[place].clone()
        } else {
            left.remove(place)
        };
        match (answer.error, answer.answer) {
            (Some(error), _) => Err((*error.get_ref()).into()),
            (None, Some(words)) => Ok(words.into_inner()),
            (None, None) => Err(Error::Unavailable(NO_ANSWER.into())),
        }
    }
}

/// All that a request says, in order.
pub(super) fn prompt(request: &Request) -> String {
    let contents: Vec<&str> = request
        .messages
        .iter()
        .map(|message| message.content.as_str())
        .collect();
    contents.join("\n")
}

#[async_trait]
impl LanguageModel for Scripted {
    async fn complete(&self, request: &Request, _: u64, _: Duration) -> Result<Completion, Error> {
        let text = self.answer(&prompt(request))?;
        let tokens = |text: &str| u32::try_from(text.len().div_ceil(4)).unwrap_or(u32::MAX);
        Ok(Completion {
            model: "scripted".into(),
            input_tokens: tokens(&prompt(request)),
            output_tokens: tokens(&text),
            text,
        })
    }

    fn about(&self) -> About {
        About {
            model: "scripted".into(),
            place: "in the case".into(),
            offline: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_go_by_words_then_by_order() {
        #[derive(serde::Deserialize)]
        struct File {
            llm: Vec<Answer>,
        }
        let file: File = toml::from_str(
            "[[llm]]\nanswer = \"one\"\n[[llm]]\nwhen = \"TEA\"\nanswer = \"tea\"\n[[llm]]\nerror = \"busy\"\n\
             [[llm]]\nwhen = \"rain\"\nanswer = \"wet\"\nalways = true\n",
        )
        .unwrap();
        let model = Scripted::default();
        model.script(&file.llm);
        let none = || Err(Error::Unavailable(NO_ANSWER.into()));
        for (prompt, expected) in [
            ("is there tea?", Ok("tea")),
            ("is there tea?", Ok("one")),
            ("rain?", Ok("wet")),
            ("more rain?", Ok("wet")),
            ("and now?", Err(Error::Busy)),
            ("and now?", none()),
        ] {
            assert_eq!(
                model.answer(prompt),
                expected.map(str::to_owned),
                "{prompt}"
            );
        }
    }
}
