use chatter_protocol::RoomId;
use std::{fmt, str::FromStr};

/// A server's address, such as `http://127.0.0.1:8787`, perhaps with a path before chatter's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerUrl {
    /// `host` or `host:port`, as it goes into the `Host` header.
    authority: String,
    host: String,
    port: u16,
    /// Empty, or a path without a slash at its end.
    base: String,
}

impl ServerUrl {
    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }

    /// Where to connect to.
    pub(crate) fn address(&self) -> (&str, u16) {
        (&self.host, self.port)
    }

    /// The path of a room's messages.
    pub(crate) fn messages(&self, room: &RoomId) -> String {
        format!("{}/v1/rooms/{room}/messages", self.base)
    }

    /// The address of a room's WebSocket.
    pub(crate) fn socket(&self, room: &RoomId, after: Option<u64>, epoch: Option<&str>) -> String {
        // With a name, the server need not make a session for somebody who only reads.
        let mut url = format!(
            "ws://{}{}/v1/rooms/{room}/ws?name=terminal",
            self.authority, self.base
        );
        if let Some(after) = after {
            url.push_str(&format!("&after={after}"));
            // An epoch that is not a plain word would not be one of chatter's.
            let plain = |epoch: &&str| {
                epoch
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            };
            if let Some(epoch) = epoch.filter(plain) {
                url.push_str(&format!("&epoch={epoch}"));
            }
        }
        url
    }
}

impl FromStr for ServerUrl {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let uri: hyper::Uri = text
            .parse()
            .map_err(|_| format!("{text:?} is no address, such as http://127.0.0.1:8787"))?;
        if uri.scheme_str() == Some("https") {
            return Err(
                "https is not in this version yet; connect to the server itself with http://"
                    .into(),
            );
        }
        let (Some("http"), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(format!("{text:?} does not begin with http://"));
        };
        if uri.query().is_some() || authority.as_str().contains('@') {
            return Err(format!("{text:?} has more than a host, a port and a path"));
        }
        Ok(Self {
            authority: authority.to_string(),
            host: authority
                .host()
                .trim_start_matches('[')
                .trim_end_matches(']')
                .to_owned(),
            port: authority.port_u16().unwrap_or(80),
            base: uri.path().trim_end_matches('/').to_owned(),
        })
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", self.authority, self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_put_together() {
        let room = RoomId::new("main/lobby").unwrap();
        let cases = [
            (
                "http://127.0.0.1:8787",
                "ws://127.0.0.1:8787/v1/rooms/main/lobby/ws?name=terminal",
                ("127.0.0.1", 8787),
            ),
            (
                "http://[::1]:1/",
                "ws://[::1]:1/v1/rooms/main/lobby/ws?name=terminal",
                ("::1", 1),
            ),
            (
                "http://x.org/chat/",
                "ws://x.org/chat/v1/rooms/main/lobby/ws?name=terminal",
                ("x.org", 80),
            ),
        ];
        for (text, socket, address) in cases {
            let url: ServerUrl = text.parse().unwrap();
            assert_eq!(url.socket(&room, None, Some("e")), socket);
            assert_eq!(url.address(), address);
        }
        let url: ServerUrl = "http://h:1".parse().unwrap();
        assert_eq!(
            url.socket(&room, Some(3), Some("ab1")),
            "ws://h:1/v1/rooms/main/lobby/ws?name=terminal&after=3&epoch=ab1"
        );
        assert_eq!(url.messages(&room), "/v1/rooms/main/lobby/messages");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "127.0.0.1:8787",
            "https://x.org",
            "ws://x.org",
            "http://u:p@x.org",
            "http://x.org/?a=b",
        ] {
            assert!(text.parse::<ServerUrl>().is_err(), "{text}");
        }
    }
}
