//! Requests with JSON to the servers that an operator names: a language model, a memory, a server of embeddings.
//!
//! It promises that every request has a deadline (its own, or that of whoever waits) and every answer a bound; that a request goes to
//! the named server alone (redirects are not followed, so that a key can't be led astray); and that
//! neither key nor password stands in an error or a log. And large files that anybody may have
//! ([`Remote`]), which come in parts and go on where they were broken off. And who asks a server that does not
//! answer need not wait to learn it ([`Breaker`]). It must not know what the servers or the files are for.

mod breaker;
mod files;
mod place;
mod secret;

pub use breaker::{Breaker, Change, Extent, News, Outage, Pass, Patience, Watch};
pub use files::{Coming, Part, Remote, RemoteError};
pub use place::{BaseUrl, ConfigError};
pub use reqwest::Method;
pub use secret::{Auth, Secret};

use place::Place;
use reqwest::{Client, Response, header::RETRY_AFTER, redirect};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use rustls_platform_verifier::BuilderVerifierExt;
use serde::Serialize;
use std::{
    error::Error as _,
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::time::timeout;

/// How long making a connection may take, unless it is said otherwise; the request's deadline holds besides.
pub const CONNECT: Duration = Duration::from_secs(5);

/// The longest text of a server that goes into an error, in characters.
const SHORT: usize = 200;

/// A server.
pub struct Server {
    client: Client,
    place: Place,
    auth: Auth,
    longest: usize,
    connect: Duration,
}

/// What to ask.
pub struct Ask<'a, B: Serialize = ()> {
    /// How.
    pub method: Method,
    /// The parts of the path that follow the base URL. Each is encoded, so that none can be taken for
    /// two; an empty last one leaves a slash at the end.
    pub path: &'a [&'a str],
    /// What follows the question mark.
    pub query: &'a [(&'a str, &'a str)],
    /// Headers beside those that go without saying.
    pub headers: &'a [(&'static str, &'static str)],
    /// The JSON that goes along.
    pub body: Option<&'a B>,
}

/// What a server answered.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// How long the server wants to be left alone: `Retry-After`, in seconds or as a date
    /// ([RFC 9110, 10.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3)).
    pub retry_after: Option<Duration>,
    /// The body, of the length that was allowed at most. Of an answer that is no success as much as came.
    pub body: Vec<u8>,
}

/// Why there is no answer. None of these repeats a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The deadline came first.
    #[error("{0} did not answer within {1:?}")]
    Timeout(String, Duration),
    /// There is no connection: nobody has seen the request.
    #[error("{0}")]
    NotConnected(String),
    /// The connection broke; what was asked for may have happened.
    #[error("{0}")]
    Lost(String),
    /// More than is read.
    #[error("{0} answered with more than {1} bytes")]
    TooLong(String, usize),
}

impl Server {
    /// Checks the settings. The server is asked nothing: it may start later.
    ///
    /// # Errors
    ///
    /// If a setting can't be used; the error says which and why.
    pub fn new(base_url: &BaseUrl, auth: Auth, longest: usize) -> Result<Self, ConfigError> {
        Self::connecting(base_url, auth, longest, CONNECT)
    }

    /// As [`new`](Self::new), with so long for making a connection.
    ///
    /// # Errors
    ///
    /// As of [`new`](Self::new).
    pub fn connecting(
        base_url: &BaseUrl,
        auth: Auth,
        longest: usize,
        connect: Duration,
    ) -> Result<Self, ConfigError> {
        let place = Place::new(base_url)?;
        auth.check()?;
        if place.has_user() && auth.secret().is_some() {
            return Err(ConfigError::BaseUrl(
                "it holds a user name or password although there is a key: give one of them",
            ));
        }
        let mut client = Client::builder()
            .tls_backend_preconfigured(tls(place.is_encrypted())?)
            .redirect(redirect::Policy::none())
            .referer(false)
            .connect_timeout(connect)
            .user_agent(concat!("chatter/", env!("CARGO_PKG_VERSION")));
        if place.is_loopback() {
            // A proxy of the environment is for what is outside.
            client = client.no_proxy();
        } else if (place.has_user() || auth.secret().is_some()) && !place.is_encrypted() {
            tracing::warn!(server = %place, "the key goes over the network unencrypted");
        }
        let client = client
            .build()
            .map_err(|error| ConfigError::Tls(root_cause(&error)))?;
        Ok(Self {
            client,
            place,
            auth,
            longest,
            connect,
        })
    }

    /// Its address, without secrets.
    #[must_use]
    pub fn shown(&self) -> String {
        self.place.to_string()
    }

    /// Asks once. Dropping the future closes the connection.
    ///
    /// # Errors
    ///
    /// If there is no whole answer within the deadline, whatever its status.
    pub async fn ask<B: Serialize>(
        &self,
        ask: &Ask<'_, B>,
        deadline: Duration,
    ) -> Result<Answer, Failure> {
        timeout(deadline, self.exchange(ask))
            .await
            .unwrap_or_else(|_| Err(Failure::Timeout(self.shown(), deadline)))
    }

    /// As [`ask`](Self::ask), for as long as the caller cares to wait: it has a deadline of its own.
    ///
    /// # Errors
    ///
    /// If there is no whole answer, whatever its status.
    pub async fn exchange<B: Serialize>(&self, ask: &Ask<'_, B>) -> Result<Answer, Failure> {
        let url = self.place.join(ask.path, ask.query);
        let mut request = self.client.request(ask.method.clone(), url);
        if let Some(body) = ask.body {
            request = request.json(body);
        }
        for (name, value) in ask.headers {
            request = request.header(*name, *value);
        }
        if let Some((name, value)) = self.auth.header() {
            request = request.header(name, value);
        }
        let response = request.send().await.map_err(|error| self.lost(&error))?;
        let status = response.status();
        let retry_after = response.headers().get(RETRY_AFTER);
        let retry_after =
            retry_after.and_then(|value| retry_after_at(value.to_str().ok()?, SystemTime::now()));
        let mut body = Vec::new();
        match self.read(response, &mut body).await {
            // The status says enough.
            Err(_) if !status.is_success() => {}
            read => read?,
        }
        Ok(Answer {
            status: status.as_u16(),
            retry_after,
            body,
        })
    }

    async fn read(&self, mut response: Response, body: &mut Vec<u8>) -> Result<(), Failure> {
        while let Some(chunk) = response.chunk().await.map_err(|error| self.lost(&error))? {
            if body.len() + chunk.len() > self.longest {
                return Err(Failure::TooLong(self.shown(), self.longest));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(())
    }

    fn lost(&self, error: &reqwest::Error) -> Failure {
        let cause = self.brief(&root_cause(error));
        if error.is_connect() {
            Failure::NotConnected(format!("can't connect to {}: {cause}", self.place))
        } else if error.is_timeout() {
            Failure::Timeout(self.shown(), self.connect)
        } else {
            Failure::Lost(format!("lost the connection to {}: {cause}", self.place))
        }
    }

    /// What a server said, as one short line in which no secret can stand.
    #[must_use]
    pub fn brief(&self, text: &str) -> String {
        let mut text = text.to_owned();
        if let Some(key) = self.auth.secret() {
            text = text.replace(key, "[key]");
        }
        for secret in self.place.secrets() {
            text = text.replace(&secret, "[password]");
        }
        let mut line = String::new();
        for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
            if !word.is_empty() {
                if !line.is_empty() {
                    line.push(' ');
                }
                line.push_str(word);
            }
        }
        match line.char_indices().nth(SHORT) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None => line,
        }
    }
}

/// What a `Retry-After` means at a time.
fn retry_after_at(text: &str, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let at = httpdate::parse_http_date(text).ok()?;
    Some(at.duration_since(now).unwrap_or_default())
}

/// TLS by rustls with ring, chosen here rather than for the whole process. Certificates are checked
/// against the system's; a server that is reached without TLS needs none to be there.
fn tls(is_encrypted: bool) -> Result<ClientConfig, ConfigError> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| ConfigError::Tls(error.to_string()))?;
    let config = if is_encrypted {
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
        return "no reason is known".into();
    };
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests;
