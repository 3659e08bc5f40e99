//! From whose page a request comes, as browsers say it.

use axum::http::{Uri, uri::Scheme};
use serde::Deserialize;
use std::{net::IpAddr, str::FromStr};

/// The origin of a page (RFC 6454), such as `https://example.org` or `http://127.0.0.1:8080`: in lower case, and
/// without a port that is the usual one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Origin {
    scheme: Scheme,
    host: String,
    port: Option<u16>,
}

impl Origin {
    /// Whether it is that of a host (`localhost:8080`) to which a request of its own pages goes. A usual port may be left
    /// out on either side.
    pub(crate) fn is_of(&self, host: &str) -> bool {
        format!("{}://{host}", self.scheme)
            .parse()
            .is_ok_and(|of_host: Self| of_host == *self)
    }

    /// Whether its host is an address, or `localhost` or a name below that (RFC 6761). Any other name leads where its
    /// owner says, and to this machine a moment after its page came from elsewhere (DNS rebinding).
    pub(crate) fn is_fixed(&self) -> bool {
        let host = self.host.as_str();
        let address = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host);
        address.parse::<IpAddr>().is_ok() || host == "localhost" || host.ends_with(".localhost")
    }

    /// Whether its host is another's, whatever their ports.
    pub(crate) fn has_host_of(&self, other: &Self) -> bool {
        self.host == other.host
    }
}

impl FromStr for Origin {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        read(text).ok_or_else(|| {
            format!(
                "{text:?} is no origin, such as https://example.org or http://10.0.0.7:8080: http or https, a host, perhaps a port, and no more"
            )
        })
    }
}

fn read(text: &str) -> Option<Origin> {
    let uri: Uri = text.parse().ok()?;
    let scheme = uri.scheme()?;
    let usual = match scheme.as_str() {
        "http" => 80,
        "https" => 443,
        _ => return None,
    };
    let authority = uri.authority()?;
    // All that it consists of: no user, no path.
    let (_, rest) = text.split_once("://")?;
    let host = authority.host();
    let (name, port) = rest.split_at_checked(host.len())?;
    let port = match port.strip_prefix(':') {
        Some(port) => Some(port.parse().ok()?),
        None if port.is_empty() => None,
        None => return None,
    };
    (name == host && !host.is_empty()).then(|| Origin {
        scheme: scheme.clone(),
        host: host.to_ascii_lowercase(),
        port: port.filter(|port| *port != usual),
    })
}

impl TryFrom<String> for Origin {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_belongs_to_its_host() {
        for (origin, host, same) in [
            ("http://localhost:8080", "localhost:8080", true),
            ("http://LOCALHOST:8080", "localhost:8080", true),
            ("http://localhost:8080", "LocalHost:8080", true),
            ("http://example.org", "example.org:80", true),
            ("https://example.org:443", "example.org", true),
            ("http://[::1]:8080", "[::1]:8080", true),
            ("http://localhost:8081", "localhost:8080", false),
            ("http://localhost", "localhost:8080", false),
            ("http://example.org", "example.org:443", false),
            ("https://evil.example", "example.org", false),
            ("http://example.org.evil.example", "example.org", false),
            ("http://example.org", "", false),
        ] {
            let origin: Origin = origin.parse().unwrap();
            assert_eq!(origin.is_of(host), same, "{origin:?} {host}");
        }
    }

    #[test]
    fn only_addresses_and_localhost_lead_nowhere_else() {
        for (origin, fixed) in [
            ("http://127.0.0.1:8787", true),
            ("http://[::1]:8787", true),
            ("http://192.168.0.7", true),
            ("http://LocalHost:8787", true),
            ("http://chat.localhost", true),
            ("http://evil.example:8787", false),
            ("http://localhost.evil.example", false),
            ("http://evillocalhost", false),
            ("http://127.0.0.1.evil.example", false),
        ] {
            let read: Origin = origin.parse().unwrap();
            assert_eq!(read.is_fixed(), fixed, "{origin}");
        }
    }

    #[test]
    fn two_origins_are_the_same_however_they_are_written() {
        let of = |text: &str| text.parse::<Origin>().unwrap();
        assert_eq!(of("HTTPS://Example.org:443"), of("https://example.org"));
        assert_ne!(of("http://example.org"), of("https://example.org"));
        assert_ne!(of("https://example.org"), of("https://example.org:8443"));
    }

    #[test]
    fn what_is_more_or_less_than_an_origin_is_none() {
        for text in [
            "",
            "null",
            "example.org",
            "example.org:8080",
            "/",
            "file://",
            "ftp://example.org",
            "https://",
            "https://:8080",
            "https://example.org/",
            "https://example.org/chat",
            "https://example.org?a",
            "https://ana@example.org",
            "https://example.org:",
            "https://example.org:x",
            "https://example.org:70000",
            "https://*.example.org/",
            "https://example.org https://example.com",
        ] {
            let refused = text.parse::<Origin>().unwrap_err();
            assert!(
                refused.starts_with(&format!("{text:?} is no origin")),
                "{refused}"
            );
        }
    }
}
