//! Requests with JSON to the servers that an operator names: a memory, a server of embeddings.
//!
//! It promises that every request has a deadline and every answer a bound; that a request goes to
//! the named server alone (redirects are not followed, so that a key can't be led astray); and that
//! neither key nor password stands in an error or a log. It must not know what the servers are for.

mod place;
mod secret;

pub use place::ConfigError;
pub use reqwest::Method;
pub use secret::{Auth, Secret};

use place::Place;
use reqwest::{Client, Response, redirect};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use rustls_platform_verifier::BuilderVerifierExt;
use serde::Serialize;
use std::{error::Error as _, sync::Arc, time::Duration};
use tokio::time::timeout;

/// How long making a connection may take; the request's deadline holds besides.
const CONNECT: Duration = Duration::from_secs(5);

/// The longest text of a server that goes into an error, in characters.
const SHORT: usize = 200;

/// A server.
pub struct Server {
    client: Client,
    place: Place,
    auth: Auth,
    longest: usize,
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
    /// The JSON that goes along.
    pub body: Option<&'a B>,
}

/// What a server answered.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body, of the length that was allowed at most.
    pub body: Vec<u8>,
}

/// Why there is no answer. None of these repeats a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The deadline came first.
    #[error("{0} did not answer within {1:?}")]
    Timeout(String, Duration),
    /// The server can't be reached, or the connection to it broke.
    #[error("{0}")]
    NotReached(String),
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
    pub fn new(base_url: &str, auth: Auth, longest: usize) -> Result<Self, ConfigError> {
        let place = Place::new(base_url)?;
        auth.check()?;
        let mut client = Client::builder()
            .tls_backend_preconfigured(tls(&place)?)
            .redirect(redirect::Policy::none())
            .referer(false)
            .connect_timeout(CONNECT)
            .user_agent(concat!("chatter/", env!("CARGO_PKG_VERSION")));
        if place.is_loopback() {
            // A proxy of the environment is for what is outside.
            client = client.no_proxy();
        } else if auth.is_some() && !place.is_encrypted() {
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
        let url = self.place.join(ask.path, ask.query);
        let mut request = self.client.request(ask.method.clone(), url);
        if let Some(body) = ask.body {
            request = request.json(body);
        }
        if let Some((name, value)) = self.auth.header() {
            request = request.header(name, value);
        }
        let exchange = async {
            let response = request.send().await.map_err(|error| self.lost(&error))?;
            let status = response.status().as_u16();
            let body = self.body(response).await?;
            Ok(Answer { status, body })
        };
        timeout(deadline, exchange)
            .await
            .unwrap_or_else(|_| Err(Failure::Timeout(self.shown(), deadline)))
    }

    async fn body(&self, mut response: Response) -> Result<Vec<u8>, Failure> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.lost(&error))? {
            if body.len() + chunk.len() > self.longest {
                return Err(Failure::TooLong(self.shown(), self.longest));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn lost(&self, error: &reqwest::Error) -> Failure {
        if error.is_timeout() {
            return Failure::Timeout(self.shown(), CONNECT);
        }
        let what = if error.is_connect() {
            "can't connect to"
        } else {
            "lost the connection to"
        };
        let cause = self.brief(&root_cause(error));
        Failure::NotReached(format!("{what} {}: {cause}", self.place))
    }

    /// What a server said, as one short line in which the key can't stand.
    #[must_use]
    pub fn brief(&self, text: &str) -> String {
        let text = self.auth.redact(text);
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

/// TLS by rustls with ring, chosen here rather than for the whole process. Certificates are checked
/// against the system's; a server that is reached without TLS needs none to be there.
fn tls(place: &Place) -> Result<ClientConfig, ConfigError> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| ConfigError::Tls(error.to_string()))?;
    let config = if place.is_encrypted() {
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
