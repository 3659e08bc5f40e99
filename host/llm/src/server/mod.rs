//! The client of a server that somebody else runs.
//!
//! A request goes out at most once, to the configured server and nowhere else: redirects are not
//! followed, so that the key can't be led astray. Answers are read up to 1 MiB. The answer to a plain request
//! is made one line (see [`text::one_line`]); an answer that has to be JSON only loses what was wrapped
//! around it.
//!
//! What differs from vendor to vendor is the JSON alone, in [`wire`]. Libraries for it were tried (genai 0.7.2,
//! async-openai 0.43): genai reads an answer whole, however long it is, and puts all of it into its errors, which
//! then hold what servers echo, keys included; it brings some forty crates along. async-openai knows one vendor
//! and repeats requests by itself, whatever is left of a deadline.

mod config;
mod reasoning;
mod template;
mod text;
mod wire;

pub use config::{ConfigError, Kind, ServerConfig};
pub use reasoning::Reasoning;

use crate::{About, budget::Usage, estimate_input, estimate_tokens, failure::Failure};
use chatter_http::{Ask, Method};
use chatter_protocol::llm::Request;
use serde_json::Value;
use wire::Wire;

pub(crate) use wire::{End, Said, openai};

/// The longest answer that is read, in bytes. A chat line is far shorter; a server that sends more
/// is not the one that was meant.
const MAX_BODY: usize = 1024 * 1024;

/// The longest answer that is handed on, in bytes for each token that was asked for, beyond [`SLACK`]: no
/// tokenizer puts so much into one.
const BYTES_OF_TOKEN: usize = 32;

/// See [`BYTES_OF_TOKEN`].
const SLACK: usize = 1024;

/// The client of one server.
pub(crate) struct Server {
    client: chatter_http::Server,
    wire: &'static dyn Wire,
    path: Vec<String>,
    model: String,
    is_own: bool,
    sampling: bool,
    reasoning: Option<Reasoning>,
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) model: String,
    /// As the server counted it, or estimated where it doesn't.
    pub(crate) usage: Usage,
    /// Whether it ends where the tokens did.
    pub(crate) is_cut: bool,
}

impl Server {
    /// Checks the configuration. The server is asked nothing: it may start later.
    pub(crate) fn new(config: ServerConfig) -> Result<Self, ConfigError> {
        let wire = wire::of(config.kind);
        Ok(Self {
            client: config.client(MAX_BODY)?,
            wire,
            path: wire.path(&config.model),
            reasoning: config
                .reasoning
                .map(|wanted| wire.reasoning(&config.model, wanted)),
            model: config.model,
            is_own: config.kind.is_own(&config.base_url),
            sampling: config.sampling,
        })
    }

    pub(crate) fn about(&self) -> About {
        About {
            model: self.model.clone(),
            place: self.client.shown(),
            offline: false,
        }
    }

    /// How many tokens it may think with, beside those of an answer.
    pub(crate) fn headroom(&self) -> u32 {
        self.reasoning.map_or(0, Reasoning::headroom)
    }

    /// Sends a request and reads the answer. Dropping the future closes the connection, by which the server
    /// knows that nobody waits any more.
    pub(crate) async fn ask(&self, request: &Request, seed: u64) -> Result<Answer, Failure> {
        let request = &*template::without_marks(request);
        let body = self.body(request, seed)?;
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let ask = Ask {
            method: Method::POST,
            path: &path,
            query: &[],
            headers: self.wire.headers(),
            body: Some(&body),
        };
        let answer = self.client.exchange(&ask).await.map_err(no_answer)?;
        if answer.status == 200 {
            self.answer(&answer.body, request)
        } else {
            Err(not_ok(&self.client, &answer))
        }
    }

    fn body(&self, request: &Request, seed: u64) -> Result<Value, Failure> {
        let how = wire::How {
            is_own: self.is_own,
            sampling: self.sampling.then(|| wire::Sampling::new(request, seed)),
            reasoning: self.reasoning,
        };
        self.wire.body(&self.model, request, how)
    }

    fn answer(&self, body: &[u8], request: &Request) -> Result<Answer, Failure> {
        let Said {
            text: said,
            model,
            usage,
            end,
        } = self.wire.said(body).map_err(|how| self.garbled(how))?;
        if let End::Declined(why) = &end {
            let why = self.client.brief(why);
            return Err(Failure::Declined { why, usage });
        }
        let longest = SLACK + BYTES_OF_TOKEN.saturating_mul(request.max_tokens as usize);
        let empty = |how: &str| Failure::Empty {
            why: how.to_owned(),
            usage,
        };
        if said.len() > longest {
            return Err(empty("with more than was asked for"));
        }
        let text = if request.json_schema.is_some() {
            text::bare_json(&said)
        } else {
            text::one_line(&said)
        };
        if text.is_empty() {
            return Err(match end {
                End::Length => empty(
                    "with nothing but reasoning; the provider's setting `reasoning` bounds it",
                ),
                _ => empty("without words"),
            });
        }
        Ok(Answer {
            model: model
                .map(|model| text::short_line(&model))
                .filter(|model| !model.is_empty())
                .unwrap_or_else(|| self.model.clone()),
            usage: usage.unwrap_or_else(|| Usage {
                input: estimate_input(request),
                output: estimate_tokens(&said),
                ..Usage::default()
            }),
            is_cut: end == End::Length,
            text,
        })
    }

    // === What went wrong ===

    fn garbled(&self, how: &str) -> Failure {
        Failure::Garbled(format!("{} answered {how}", self.client.shown()))
    }
}

/// Why an answer with another status than 200 is none.
pub(crate) fn not_ok(client: &chatter_http::Server, answer: &chatter_http::Answer) -> Failure {
    let error = wire::ErrorBody::read(&answer.body);
    let said = client.brief(&error.message);
    let said = if said.is_empty() {
        said
    } else {
        format!(": {said}")
    };
    let status = answer.status;
    let broken = || format!("{} answered {status}{said}", client.shown());
    let after = answer.retry_after.or(error.retry_after);
    match status {
        // A server that loads its model, or a proxy with nobody behind it, says nothing of when.
        503 if after.is_none() => Failure::NotConnected(broken()),
        // 529 is Anthropic's for being overloaded.
        429 | 503 | 529 => Failure::Busy {
            after,
            said: format!("{status}{said}"),
        },
        408 | 504 => Failure::Late(broken()),
        // Google's for a key that is none: no request will do.
        400 if error.is_key => Failure::Broken(broken()),
        400 | 413 | 422 => Failure::Refused(format!("{status}{said}")),
        300..=399 => Failure::Broken(format!(
            "{} answered {status}, which is not followed; set base_url to where the server is",
            client.shown()
        )),
        _ => Failure::Broken(broken()),
    }
}

/// Why there is no answer at all.
pub(crate) fn no_answer(failure: chatter_http::Failure) -> Failure {
    match failure {
        chatter_http::Failure::NotConnected(why) => Failure::NotConnected(why),
        chatter_http::Failure::Timeout(..) => Failure::TimedOut,
        failure @ (chatter_http::Failure::Lost(_) | chatter_http::Failure::TooLong(..)) => {
            Failure::Garbled(failure.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::scripted::request;

    #[test]
    fn openai_s_own_server_is_told_the_limit_as_all_its_models_take_it() {
        let (old, new) = ("max_tokens", "max_completion_tokens");
        // Whose server it is, whether a temperature is sent, and how the limit is called.
        for (base_url, sampling, limit) in [
            ("https://api.openai.com/v1", true, new),
            ("https://api.openai.com/v1", false, new),
            ("http://127.0.0.1:11434/v1", true, old),
            ("http://127.0.0.1:11434/v1", false, new),
        ] {
            let server = Server::new(ServerConfig {
                base_url: base_url.into(),
                sampling,
                ..ServerConfig::new(Kind::OpenAi, "m")
            });
            let body = server.unwrap().body(&request(), 7).unwrap();
            let limits = [old, new].map(|name| body.get(name).map(|_| name));
            let found: Vec<_> = limits.into_iter().flatten().collect();
            assert_eq!(found, [limit], "{base_url}, {sampling}");
        }
    }
}
