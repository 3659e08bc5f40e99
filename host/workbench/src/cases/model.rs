//! A language model that says what a case scripts.

use super::{
    format,
    script::{Answer, Script},
};
use async_trait::async_trait;
use chatter_llm::{About, Asker, LanguageModel};
use chatter_protocol::llm::{Completion, Error, Request};
use std::time::Duration;

/// What is answered to a request that the case has no answer for.
pub(super) const NO_ANSWER: &str = "the case has no [[llm]] for this request";

/// What the case answers to each request.
#[derive(Debug, Default)]
pub(super) struct Scripted(Script<Result<String, Error>>);

impl Scripted {
    /// Takes the next case's answers in place of what is left.
    pub(super) fn script(&self, answers: &[format::Answer]) {
        let answers = answers.iter().map(|answer| Answer {
            when: answer.when.clone(),
            always: answer.always,
            what: match (&answer.error, &answer.answer) {
                (Some(error), _) => Err((*error.get_ref()).into()),
                (None, words) => Ok(words
                    .as_ref()
                    .map(|words| words.get_ref().clone())
                    .unwrap_or_default()),
            },
        });
        self.0.set(answers.collect());
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
    async fn complete(
        &self,
        request: &Request,
        _: &Asker,
        _: u64,
        _: Duration,
    ) -> Result<Completion, Error> {
        let text = self
            .0
            .next(&prompt(request))
            .unwrap_or_else(|| Err(Error::Unavailable(NO_ANSWER.into())))?;
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
