//! Any server that speaks OpenAI's
//! [chat completions](https://platform.openai.com/docs/api-reference/chat/create): Ollama, vLLM,
//! llama.cpp, OpenAI itself and many others.
//!
//! A request goes out at most once, to the configured server and nowhere else: redirects are not
//! followed, so that the key can't be led astray. The answer to a plain request is made one line
//! (see [`text::one_line`]); an answer that has to be JSON only loses what was wrapped around it.

mod config;
mod text;
mod watch;
mod wire;

pub use config::{ApiKey, ConfigError, OpenAiConfig};

use crate::{About, LanguageModel, estimate_tokens};
use async_trait::async_trait;
use chatter_protocol::llm::{Completion, Error, Request};
use config::Endpoint;
use reqwest::{Client, Response, StatusCode, header, redirect};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use rustls_platform_verifier::BuilderVerifierExt;
use std::{error::Error as _, sync::Arc, time::Duration};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout, timeout_at},
};
use watch::{Change, Watch};

/// The longest answer that is read, in bytes. A chat line is far shorter; a server that sends more
/// is not the one that was meant.
const MAX_BODY: usize = 1024 * 1024;

/// The client of one OpenAI-compatible server.
pub struct OpenAi {
    client: Client,
    endpoint: Endpoint,
    model: String,
    api_key: Option<ApiKey>,
    permits: Semaphore,
    watch: Watch,
}

impl OpenAi {
    /// Checks the configuration. The server is asked nothing: it may start later.
    ///
    /// # Errors
    ///
    /// If a setting can't be used; the error names it and says why.
    pub fn new(config: OpenAiConfig) -> Result<Self, ConfigError> {
        let endpoint = config.endpoint()?;
        let mut client = Client::builder()
            .tls_backend_preconfigured(tls(&endpoint)?)
            .redirect(redirect::Policy::none())
            .referer(false)
            .connect_timeout(config.connect_timeout)
            .user_agent(concat!("chatter/", env!("CARGO_PKG_VERSION")));
        if endpoint.is_loopback() {
            // A proxy of the environment is for what is outside.
            client = client.no_proxy();
        } else if config.api_key.is_some() && !endpoint.is_encrypted() {
            tracing::warn!(server = %endpoint, "the key of the language model goes over the network unencrypted");
        }
        let client = client
            .build()
            .map_err(|error| ConfigError::Tls(root_cause(&error)))?;
        Ok(Self {
            client,
            endpoint,
            model: config.model,
            api_key: config.api_key,
            permits: Semaphore::new(config.max_concurrent),
            watch: Watch::default(),
        })
    }

    async fn exchange(&self, request: &Request, seed: u64) -> Result<Completion, Error> {
        let body = wire::Request::new(&self.model, request, seed)?;
        let mut call = self.client.post(self.endpoint.completions()).json(&body);
        if let Some(key) = &self.api_key {
            call = call.header(header::AUTHORIZATION, key.bearer());
        }
        let response = call
            .send()
            .await
            .map_err(|error| self.not_reached(&error))?;
        let status = response.status();
        let body = self.body(response).await;
        if status != StatusCode::OK {
            // What the server says of it helps, but the status alone has to do.
            return Err(self.not_ok(status, &body.unwrap_or_default()));
        }
        self.completion(&body?, request)
    }

    async fn body(&self, mut response: Response) -> Result<Vec<u8>, Error> {
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.not_reached(&error))?
        {
            if body.len() + chunk.len() > MAX_BODY {
                return Err(self.wrong("with more than 1 MiB"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn completion(&self, body: &[u8], request: &Request) -> Result<Completion, Error> {
        let response: wire::Response = serde_json::from_slice(body).map_err(|_| {
            self.wrong("with something that is no chat completion; is base_url right?")
        })?;
        let usage = response.usage;
        let Some(choice) = response.choices.into_iter().next() else {
            return Err(self.wrong("with a chat completion that holds no choice"));
        };
        if let Some(refusal) = choice.message.refusal.filter(|refusal| !refusal.is_empty()) {
            return Err(Error::Refused(self.redacted(&refusal)));
        }
        let said = choice.message.content.unwrap_or_default();
        let text = if request.json_schema.is_some() {
            text::bare_json(&said)
        } else {
            text::one_line(&said)
        };
        if text.is_empty() {
            return Err(match choice.finish_reason.as_deref() {
                Some("content_filter") => Error::Refused("its filter left nothing of the answer".into()),
                Some("length") => self.wrong("with nothing but reasoning; it needs more max_tokens, or a model that reasons less"),
                _ => self.wrong("without words"),
            });
        }
        let asked = || {
            request
                .messages
                .iter()
                .map(|message| estimate_tokens(&message.content))
                .sum()
        };
        Ok(Completion {
            model: response
                .model
                .filter(|model| !model.is_empty())
                .unwrap_or_else(|| self.model.clone()),
            input_tokens: usage
                .as_ref()
                .and_then(|usage| usage.prompt_tokens)
                .unwrap_or_else(asked),
            output_tokens: usage
                .as_ref()
                .and_then(|usage| usage.completion_tokens)
                .unwrap_or_else(|| estimate_tokens(&said)),
            text,
        })
    }

    /// Tells the operator what has changed. What the server says stays out of it but for its one
    /// short line: the key can't stand there.
    fn tell(&self, answer: &Result<Completion, Error>) {
        match (self.watch.note(answer), answer) {
            (Some(Change::Failed), Err(error)) => tracing::warn!(
                model = self.model,
                server = %self.endpoint,
                "{error}; personas that need it stay silent until it answers"
            ),
            (Some(Change::Recovered), _) => tracing::info!(
                model = self.model,
                server = %self.endpoint,
                "the language model answers again"
            ),
            _ => {}
        }
    }

    // === What went wrong, in the caller's terms ===

    fn not_reached(&self, error: &reqwest::Error) -> Error {
        if error.is_timeout() {
            return Error::Timeout;
        }
        let what = if error.is_connect() {
            "can't connect to"
        } else {
            "lost the connection to"
        };
        Error::Unavailable(format!(
            "{what} {}: {}",
            self.endpoint,
            self.redacted(&root_cause(error))
        ))
    }

    fn not_ok(&self, status: StatusCode, body: &[u8]) -> Error {
        let said = self.redacted(&wire::error_message(body));
        let with_what_it_said = |text: String| {
            if said.is_empty() {
                text
            } else {
                format!("{text}: {said}")
            }
        };
        match status.as_u16() {
            429 | 503 => Error::Busy,
            408 | 504 => Error::Timeout,
            400 | 413 | 422 => Error::Refused(with_what_it_said(status.to_string())),
            300..=399 => self.wrong(&format!(
                "{status}, which is not followed; set base_url to where the server is"
            )),
            _ => Error::Unavailable(with_what_it_said(format!(
                "{} answered {status}",
                self.endpoint
            ))),
        }
    }

    fn wrong(&self, how: &str) -> Error {
        Error::Unavailable(format!("{} answered {how}", self.endpoint))
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

#[async_trait]
impl LanguageModel for OpenAi {
    async fn complete(
        &self,
        request: &Request,
        seed: u64,
        deadline: Duration,
    ) -> Result<Completion, Error> {
        let until = Instant::now() + deadline;
        let Ok(permit) = timeout(deadline, self.permits.acquire()).await else {
            return Err(Error::Busy);
        };
        // The semaphore is never closed.
        let _permit = permit.map_err(|_| Error::Busy)?;
        // Dropping the exchange closes its connection.
        let answer = timeout_at(until, self.exchange(request, seed))
            .await
            .unwrap_or(Err(Error::Timeout));
        self.tell(&answer);
        answer
    }

    fn about(&self) -> About {
        About {
            model: self.model.clone(),
            place: self.endpoint.to_string(),
            offline: false,
        }
    }
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
