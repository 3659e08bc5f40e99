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
mod text;
mod wire;

pub use config::{ApiKey, ConfigError, Kind, ServerConfig};

use crate::{About, budget::Usage, estimate_input, estimate_tokens, failure::Failure};
use chatter_protocol::llm::Request;
use config::Endpoint;
use reqwest::{
    Client, Response, StatusCode,
    header::{HeaderMap, RETRY_AFTER},
    redirect,
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use rustls_platform_verifier::BuilderVerifierExt;
use std::{error::Error as _, sync::Arc, time::Duration};
use wire::{End, Said, Wire};

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
    client: Client,
    endpoint: Endpoint,
    wire: &'static dyn Wire,
    model: String,
    api_key: Option<ApiKey>,
    sampling: bool,
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) model: String,
    /// As the server counted it, or estimated where it doesn't.
    pub(crate) usage: Usage,
}

impl Server {
    /// Checks the configuration. The server is asked nothing: it may start later.
    pub(crate) fn new(config: ServerConfig) -> Result<Self, ConfigError> {
        let endpoint = config.endpoint()?;
        let client = client(&endpoint, config.connect_timeout, config.api_key.is_some())?;
        Ok(Self {
            client,
            endpoint,
            wire: wire::of(config.kind),
            model: config.model,
            api_key: config.api_key,
            sampling: config.sampling,
        })
    }

    pub(crate) fn about(&self) -> About {
        About {
            model: self.model.clone(),
            place: self.endpoint.to_string(),
            offline: false,
        }
    }

    /// Sends a request and reads the answer. Dropping the future closes the connection, by which the server
    /// knows that nobody waits any more.
    pub(crate) async fn ask(&self, request: &Request, seed: u64) -> Result<Answer, Failure> {
        let sampling = self.sampling.then(|| wire::Sampling::new(request, seed));
        let body = self.wire.body(&self.model, request, sampling)?;
        let mut call = self
            .client
            .post(self.endpoint.url())
            .headers(self.wire.headers())
            .json(&body);
        if let Some(key) = &self.api_key {
            let (name, before) = self.wire.key();
            call = call.header(name, key.header(before));
        }
        let response = call
            .send()
            .await
            .map_err(|error| self.not_reached(&error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = self.body(response).await;
        if status != StatusCode::OK {
            // What the server says of it helps, but the status alone has to do.
            return Err(self.not_ok(status, &headers, &body.unwrap_or_default()));
        }
        self.answer(&body?, request)
    }

    async fn body(&self, mut response: Response) -> Result<Vec<u8>, Failure> {
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.not_reached(&error))?
        {
            if body.len() + chunk.len() > MAX_BODY {
                return Err(self.garbled("with more than 1 MiB"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn answer(&self, body: &[u8], request: &Request) -> Result<Answer, Failure> {
        let Said {
            text: said,
            model,
            usage,
            end,
        } = self.wire.said(body).map_err(|how| self.garbled(how))?;
        if let End::Declined(why) = &end {
            let why = self.redacted(why);
            return Err(Failure::Declined { why, usage });
        }
        let longest = SLACK + BYTES_OF_TOKEN.saturating_mul(request.max_tokens as usize);
        let empty = |how: &str| Failure::Empty {
            why: format!("{} answered {how}", self.endpoint),
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
                    "with nothing but reasoning; it needs more max_tokens, or a model that reasons less",
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
                cached_input: 0,
                output: estimate_tokens(&said),
            }),
            text,
        })
    }

    // === What went wrong, in the caller's terms ===

    fn not_reached(&self, error: &reqwest::Error) -> Failure {
        let why = |what: &str| {
            let cause = self.redacted(&root_cause(error));
            format!("{what} {}: {cause}", self.endpoint)
        };
        if error.is_connect() {
            Failure::NotConnected(why("can't connect to"))
        } else if error.is_timeout() {
            Failure::TimedOut
        } else {
            Failure::Garbled(why("lost the connection to"))
        }
    }

    fn not_ok(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Failure {
        let error = wire::ErrorBody::read(body);
        let said = self.redacted(&error.message);
        let with_what_it_said = |text: String| {
            if said.is_empty() {
                text
            } else {
                format!("{text}: {said}")
            }
        };
        let after = retry_after(headers).or(error.retry_after);
        match status.as_u16() {
            // A server that loads its model, or a proxy with nobody behind it, says nothing of when.
            503 if after.is_none() => Failure::NotConnected(with_what_it_said(format!(
                "{} answered {status}",
                self.endpoint
            ))),
            // 529 is Anthropic's for being overloaded.
            429 | 503 | 529 => Failure::Busy {
                after,
                said: with_what_it_said(status.as_u16().to_string()),
            },
            408 | 504 => Failure::TimedOut,
            400 | 413 | 422 => Failure::Refused(with_what_it_said(status.to_string())),
            300..=399 => self.wrong(&format!(
                "{status}, which is not followed; set base_url to where the server is"
            )),
            _ => Failure::Broken(with_what_it_said(format!(
                "{} answered {status}",
                self.endpoint
            ))),
        }
    }

    fn garbled(&self, how: &str) -> Failure {
        Failure::Garbled(format!("{} answered {how}", self.endpoint))
    }

    fn wrong(&self, how: &str) -> Failure {
        Failure::Broken(format!("{} answered {how}", self.endpoint))
    }

    /// One short line, in which the key can't stand.
    fn redacted(&self, text: &str) -> String {
        let text = match &self.api_key {
            Some(key) => key.redact(text),
            None => text.to_owned(),
        };
        text::short_line(&text)
    }
}

/// An HTTP client for one server.
fn client(
    endpoint: &Endpoint,
    connect_timeout: Duration,
    has_key: bool,
) -> Result<Client, ConfigError> {
    let mut client = Client::builder()
        .tls_backend_preconfigured(tls(endpoint)?)
        .redirect(redirect::Policy::none())
        .referer(false)
        .connect_timeout(connect_timeout)
        .user_agent(concat!("chatter/", env!("CARGO_PKG_VERSION")));
    if endpoint.is_loopback() {
        // A proxy of the environment is for what is outside.
        client = client.no_proxy();
    } else if has_key && !endpoint.is_encrypted() {
        tracing::warn!(server = %endpoint, "the key of the language model goes over the network unencrypted");
    }
    client
        .build()
        .map_err(|error| ConfigError::Tls(root_cause(&error)))
}

/// How long a server that is overloaded wants to be left alone: `Retry-After` as seconds or as a date
/// ([RFC 9110, 10.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3)).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    let wait = at.duration_since(jiff::Timestamp::now());
    Some(Duration::try_from(wait).unwrap_or_default())
}

/// TLS by rustls with ring, chosen here rather than for the whole process. Certificates are checked
/// against the system's; a server that is reached without TLS needs none to be there.
fn tls(endpoint: &Endpoint) -> Result<ClientConfig, ConfigError> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| ConfigError::Tls(error.to_string()))?;
    let config = if endpoint.is_encrypted() {
        config
            .with_platform_verifier()
            .map_err(|error| ConfigError::Tls(error.to_string()))?
    } else {
        config.with_root_certificates(RootCertStore::empty())
    };
    Ok(config.with_no_client_auth())
}

/// The innermost reason, which is the telling one (`Connection refused`); it doesn't hold the URL.
fn root_cause(error: &reqwest::Error) -> String {
    let Some(mut cause) = error.source() else {
        return "the request failed".into();
    };
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
