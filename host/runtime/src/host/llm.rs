//! Asking the language model, within the call's budgets and the persona's own.

use super::micros_since;
use crate::{contract::llm as wit_llm, heard, sandbox::Sandbox};
use chatter_protocol::{call::ImportRecord, llm};
use std::time::Duration;
use tokio::time::Instant;

/// The longest request to the language model, in bytes over all messages and the schema.
const REQUEST_BYTES: usize = 64 << 10;

/// The most messages of a request to the language model; each costs more than its bytes.
const REQUEST_MESSAGES: usize = 64;

/// What is left for the guest to make something of an answer that came at the last moment.
const LAST_WORDS: Duration = Duration::from_millis(50);

impl wit_llm::Host for Sandbox {
    async fn complete(
        &mut self,
        messages: Vec<wit_llm::Message>,
        max_tokens: u32,
        temperature: f32,
        json_schema: Option<String>,
    ) -> Result<wit_llm::Completion, wit_llm::Error> {
        let messages = messages
            .into_iter()
            .map(|message| llm::Message {
                role: role(message.role),
                content: message.content,
            })
            .collect();
        let mut request = llm::Request {
            messages,
            max_tokens,
            temperature,
            json_schema,
        };
        let (asked_at, calls) = (Instant::now(), self.llm_calls);
        let question = self.question(&request);
        let answer = match self.heard(&question) {
            Some(answer) => answer,
            None => self.ask(&mut request).await,
        };
        let given = match &answer {
            Ok(completion) => Ok(wit_llm::Completion {
                text: completion.text.clone(),
                model: completion.model.clone(),
                input_tokens: completion.input_tokens,
                output_tokens: completion.output_tokens,
            }),
            Err(error) => Err(llm_error(error)),
        };
        let asked = self.llm_calls != calls;
        if !asked {
            // The model never saw it: it is not kept.
            request.messages.clear();
            request.json_schema = None;
        }
        if !(0.0..=2.0).contains(&request.temperature) {
            request.temperature = 1.0;
        }
        let took_us = micros_since(asked_at);
        self.imports().push(
            ImportRecord::Complete {
                request,
                asked,
                question,
                answer,
                took_us,
            },
            !asked,
        );
        given
    }

    fn remaining(&mut self) -> wit_llm::Budget {
        let heard = self.services.heard.as_ref();
        let answer = heard
            .and_then(|heard| heard.remaining())
            .unwrap_or_else(|| self.remaining_budget());
        let answer = self.imports().remaining(answer);
        wit_llm::Budget {
            calls: answer.calls,
            tokens: answer.tokens,
        }
    }
}

impl Sandbox {
    /// The least of all that bounds it: the call, the persona's minute, and what tenant, room and persona
    /// may use up of the providers.
    fn remaining_budget(&self) -> llm::Budget {
        let budget = self.budget();
        let model = self.services.model.remaining(&self.asker);
        llm::Budget {
            tokens: budget.tokens.min(model),
            ..budget
        }
    }

    /// What is left of the call's and the persona's own limits. Whether what a provider costs is left is the
    /// model's business: another may be free.
    fn budget(&self) -> llm::Budget {
        let (calls, tokens) = self.account.llm(&self.limits);
        let calls = calls.min(self.limits.llm_calls.saturating_sub(self.llm_calls));
        // Who can't be told in the record is answered by a rule that holds for a replay too.
        let may_ask = !self.imports().is_full();
        llm::Budget {
            calls: if may_ask { calls } else { 0 },
            tokens: tokens.min(self.limits.llm_tokens.saturating_sub(self.llm_tokens)),
        }
    }

    /// What tells this question from others, if it can come into the record.
    fn question(&self, request: &llm::Request) -> String {
        if self.imports().is_full() {
            String::new()
        } else {
            heard::question(request)
        }
    }

    /// What the same question was answered the first time, if this call is made once more.
    fn heard(&mut self, question: &str) -> Option<Result<llm::Completion, llm::Error>> {
        let may_ask = self.llm_calls < self.limits.llm_calls;
        let heard = self.services.heard.as_ref()?;
        let (asked, answer) = heard.completion(question, may_ask)?;
        if asked {
            self.llm_calls += 1;
            let used = answer.as_ref().map_or(0, |answer| answer.output_tokens);
            self.llm_tokens = self.llm_tokens.saturating_add(used);
        }
        Some(answer)
    }

    async fn ask(&mut self, request: &mut llm::Request) -> Result<llm::Completion, llm::Error> {
        check_request(request)?;
        let left = self.budget();
        if left.calls == 0 || left.tokens == 0 {
            return Err(llm::Error::OverBudget);
        }
        request.max_tokens = request.max_tokens.clamp(1, left.tokens);
        let deadline = self
            .deadline
            .saturating_duration_since(Instant::now())
            .saturating_sub(LAST_WORDS);
        if deadline.is_zero() {
            return Err(llm::Error::Timeout);
        }
        let seed = self
            .seed
            .wrapping_add(u64::from(self.llm_calls).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        // Held until the answer is there.
        let _seat = match &self.waiting {
            Some(room) => Some(room.enter().ok_or(llm::Error::Busy)?),
            None => None,
        };
        self.llm_calls += 1;
        // Should the call end while it waits, it has used what it asked for.
        self.account.take_llm(request.max_tokens);
        self.pace.pause();
        let answer = self
            .services
            .model
            .complete(request, &self.asker, seed, deadline)
            .await;
        self.pace.go_on();
        self.waited = true;
        // It may be more than was asked for: what a model thought, and the answer that was wrong before this one.
        let used = match &answer {
            Ok(completion) => completion.output_tokens.max(1),
            Err(_) => 0,
        };
        self.llm_tokens = self.llm_tokens.saturating_add(used);
        self.account.settle_tokens(request.max_tokens, used);
        answer
    }
}

/// Checks what a persona asks the language model.
fn check_request(request: &llm::Request) -> Result<(), llm::Error> {
    let contents = request.messages.iter().map(|message| &message.content);
    let texts = contents.chain(&request.json_schema);
    let bytes: usize = texts.map(String::len).sum();
    let messages = request.messages.len();
    let refused = if bytes > REQUEST_BYTES {
        format!("a request may have {REQUEST_BYTES} bytes, this one has {bytes}")
    } else if messages > REQUEST_MESSAGES {
        format!("a request may have {REQUEST_MESSAGES} messages, this one has {messages}")
    } else if !(0.0..=2.0).contains(&request.temperature) {
        "the temperature is not in 0..=2".into()
    } else {
        return Ok(());
    };
    Err(llm::Error::Refused(refused))
}

fn role(role: wit_llm::Role) -> llm::Role {
    match role {
        wit_llm::Role::System => llm::Role::System,
        wit_llm::Role::User => llm::Role::User,
        wit_llm::Role::Assistant => llm::Role::Assistant,
    }
}

fn llm_error(error: &llm::Error) -> wit_llm::Error {
    match error {
        llm::Error::Busy => wit_llm::Error::Busy,
        llm::Error::OverBudget => wit_llm::Error::OverBudget,
        llm::Error::Timeout => wit_llm::Error::Timeout,
        llm::Error::Unavailable(detail) => wit_llm::Error::Unavailable(detail.clone()),
        llm::Error::Refused(detail) => wit_llm::Error::Refused(detail.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_refused_with_all_that_counts() {
        let request = |content: usize, schema: usize| llm::Request {
            messages: vec![llm::Message {
                role: llm::Role::User,
                content: "x".repeat(content),
            }],
            max_tokens: 20,
            temperature: 1.0,
            json_schema: (schema > 0).then(|| "{".repeat(schema)),
        };
        for (content, schema, refused) in [
            (REQUEST_BYTES, 0, None),
            (REQUEST_BYTES - 900, 900, None),
            (REQUEST_BYTES + 1, 0, Some("this one has 65537")),
            (900, REQUEST_BYTES, Some("this one has 66436")),
        ] {
            let why = check_request(&request(content, schema)).err();
            let why = why.map(|why| why.to_string());
            let told = why.as_deref().and_then(|why| why.rsplit(", ").next());
            assert_eq!(told, refused, "{content} and {schema}");
        }
    }
}
