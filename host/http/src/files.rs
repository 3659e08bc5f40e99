//! Large files that anybody may have.

use crate::{CONNECT, ConfigError, root_cause, tls};
use reqwest::{
    Client, Response, StatusCode, Url,
    header::{ACCEPT, CONTENT_RANGE, ETAG, IF_RANGE, RANGE},
    redirect,
};
use std::{net::IpAddr, time::Duration};
use tokio::time::timeout;

/// A server that sends nothing for so long is given up.
const SILENT: Duration = Duration::from_secs(30);
/// As many redirects are followed.
const REDIRECTS: usize = 10;

/// A file at a URL. No key goes along, so redirects are followed.
#[derive(Debug)]
pub struct Remote {
    client: Client,
    url: Url,
    shown: String,
}

/// What is there of a file already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part<'a> {
    /// So many bytes from its beginning.
    pub bytes: u64,
    /// Which version of it: the `ETag` that came along.
    pub tag: &'a str,
}

/// A file that comes.
#[derive(Debug)]
pub struct Coming {
    /// Where what comes begins: after the part that is there, or at 0 if the server begins anew. If the part is
    /// all of the file, nothing comes.
    pub begins_at: u64,
    /// The length of all of it, if the server tells.
    pub length: Option<u64>,
    /// Its version, if the server tells one that can be asked for.
    pub tag: Option<String>,
    response: Response,
    /// The part that is there is all of it: what comes along is only the server's word for it.
    is_whole: bool,
    shown: String,
}

/// Why a file can't be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RemoteError {
    /// The URL or the system's certificates.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Not a URL of a file. It isn't repeated: it may hold a password.
    #[error("what names the file is no http:// or https:// URL")]
    Url,
    /// The server can't be reached, or the connection broke.
    #[error("{0}")]
    Lost(String),
    /// The server has stopped sending.
    #[error("{0} has sent nothing for {1:?}")]
    Silent(String, Duration),
    /// It answers, but not with the file.
    #[error("{0} answers {1}")]
    Refused(String, String),
    /// It does not give what follows the part that is there; it may give all of it.
    #[error("{0} answers {1}")]
    Range(String, String),
}

impl Remote {
    /// Nothing is asked yet.
    ///
    /// # Errors
    ///
    /// If it is no URL, or TLS can't be set up.
    pub fn new(url: &str) -> Result<Self, RemoteError> {
        let parsed = Url::parse(url).map_err(|_| RemoteError::Url)?;
        if !matches!(parsed.scheme(), "http" | "https") || parsed.host_str().is_none() {
            return Err(RemoteError::Url);
        }
        let mut client = Client::builder()
            .tls_backend_preconfigured(tls(parsed.scheme() == "https")?)
            .redirect(redirect::Policy::limited(REDIRECTS))
            .referer(false)
            .connect_timeout(CONNECT)
            .user_agent(concat!("chatter/", env!("CARGO_PKG_VERSION")));
        let host = parsed
            .host_str()
            .unwrap_or_default()
            .trim_matches(['[', ']']);
        if host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()) {
            client = client.no_proxy();
        }
        let client = client
            .build()
            .map_err(|error| ConfigError::Tls(root_cause(&error)))?;
        let mut shown = parsed.clone();
        // Neither can fail for a URL with a host.
        let _ = shown.set_username("");
        let _ = shown.set_password(None);
        shown.set_query(None);
        shown.set_fragment(None);
        Ok(Self {
            client,
            url: parsed,
            shown: shown.to_string(),
        })
    }

    /// The URL without what may be secret in it: user, password and query.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Asks for the file, or for what follows a part of it, if it is of the same version still.
    ///
    /// # Errors
    ///
    /// If the server does not give it.
    pub async fn get(&self, accept: &str, part: Option<Part<'_>>) -> Result<Coming, RemoteError> {
        let mut request = self.client.get(self.url.clone()).header(ACCEPT, accept);
        if let Some(part) = part {
            request = request
                .header(RANGE, format!("bytes={}-", part.bytes))
                .header(IF_RANGE, part.tag);
        }
        let response = timeout(SILENT, request.send())
            .await
            .map_err(|_| RemoteError::Silent(self.shown.clone(), SILENT))?
            .map_err(|error| lost(&self.shown, &error))?;
        let status = response.status();
        let header = |name| response.headers().get(name)?.to_str().ok();
        let mut is_whole = false;
        let (begins_at, length) = match (status, part) {
            (StatusCode::PARTIAL_CONTENT, Some(part)) => {
                let range = header(CONTENT_RANGE).and_then(range);
                let Some((begins_at, length)) = range.filter(|(from, _)| *from <= part.bytes)
                else {
                    let why = "with another range than was asked for";
                    return Err(RemoteError::Range(self.shown.clone(), why.into()));
                };
                (begins_at, length)
            }
            (StatusCode::RANGE_NOT_SATISFIABLE, Some(part)) => {
                let length = header(CONTENT_RANGE).and_then(unsatisfied);
                if length != Some(part.bytes) {
                    return Err(RemoteError::Range(self.shown.clone(), status.to_string()));
                }
                is_whole = true;
                (part.bytes, length)
            }
            (StatusCode::OK, _) => (0, response.content_length()),
            _ => return Err(self.refused(status.to_string())),
        };
        // A weak one can't be asked for ([RFC 9110, 13.1.5](https://www.rfc-editor.org/rfc/rfc9110#section-13.1.5)).
        let known = part.filter(|_| is_whole).map(|part| part.tag);
        let tag = header(ETAG)
            .filter(|tag| !tag.starts_with("W/"))
            .or(known)
            .map(str::to_owned);
        Ok(Coming {
            begins_at,
            length,
            tag,
            response,
            is_whole,
            shown: self.shown.clone(),
        })
    }

    fn refused(&self, why: impl Into<String>) -> RemoteError {
        RemoteError::Refused(self.shown.clone(), why.into())
    }
}

impl Coming {
    /// The next bytes; none at the end.
    ///
    /// # Errors
    ///
    /// If the connection breaks, or nothing comes.
    pub async fn next(&mut self) -> Result<Option<impl AsRef<[u8]> + use<>>, RemoteError> {
        let next = match self.is_whole {
            true => Ok(None),
            false => timeout(SILENT, self.response.chunk())
                .await
                .map_err(|_| RemoteError::Silent(self.shown.clone(), SILENT))?,
        };
        next.map_err(|error| lost(&self.shown, &error))
    }

    /// All of it, if it is no longer than `most`.
    ///
    /// # Errors
    ///
    /// As of [`next`](Self::next), and if it is longer.
    pub async fn whole(mut self, most: usize) -> Result<Vec<u8>, RemoteError> {
        let mut whole = Vec::new();
        while let Some(bytes) = self.next().await? {
            whole.extend_from_slice(bytes.as_ref());
            if whole.len() > most {
                let why = format!("with more than {most} bytes");
                return Err(RemoteError::Refused(self.shown, why));
            }
        }
        Ok(whole)
    }
}

/// Where `bytes FROM-TO/LENGTH` begins, and the length if it is known.
fn range(text: &str) -> Option<(u64, Option<u64>)> {
    let (range, length) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (from, _) = range.split_once('-')?;
    Some((from.parse().ok()?, length.parse().ok()))
}

/// The length in `bytes */LENGTH`, which is what a file has of which nothing follows
/// ([RFC 9110, 15.5.17](https://www.rfc-editor.org/rfc/rfc9110#section-15.5.17)).
fn unsatisfied(text: &str) -> Option<u64> {
    text.strip_prefix("bytes */")?.parse().ok()
}

fn lost(shown: &str, error: &reqwest::Error) -> RemoteError {
    let what = if error.is_connect() || error.is_timeout() {
        "can't connect to"
    } else {
        "lost the connection to"
    };
    RemoteError::Lost(format!("{what} {shown}: {}", root_cause(error)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wiremock::{Mock, MockServer, ResponseTemplate, matchers::method};

    #[tokio::test]
    async fn of_a_part_that_is_all_of_the_file_nothing_follows() {
        let part = Part {
            bytes: 1000,
            tag: "\"1\"",
        };
        for (range, whole) in [
            (Some("bytes */1000"), true),
            (Some("bytes */999"), false),
            (Some("bytes */*"), false),
            (None, false),
        ] {
            let server = MockServer::start().await;
            let mut answer = ResponseTemplate::new(416).set_body_string("no");
            if let Some(range) = range {
                answer = answer.insert_header("content-range", range);
            }
            Mock::given(method("GET"))
                .respond_with(answer)
                .mount(&server)
                .await;
            let remote = Remote::new(&server.uri()).unwrap();
            match remote.get("*/*", Some(part)).await {
                Ok(mut coming) => {
                    assert!(whole, "{range:?}");
                    assert_eq!((coming.begins_at, coming.length), (1000, Some(1000)));
                    assert_eq!(coming.tag.as_deref(), Some(part.tag));
                    assert!(coming.next().await.unwrap().is_none());
                }
                Err(error) => {
                    assert!(!whole, "{range:?}");
                    assert!(matches!(error, RemoteError::Range(..)), "{error}");
                }
            }
        }
    }
}
