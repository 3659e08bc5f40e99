//! Whom a proxy speaks for: the address of the client, as the nearest proxies that are trusted say it.
//!
//! Anybody can send these headers. So they count only on connections from proxies that are configured, and
//! of a list, to which each proxy adds at its right end, only what trusted ones added.

use axum::http::{HeaderMap, HeaderName, header};
use ipnet::IpNet;
use serde::Deserialize;
use std::{
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

/// The proxies that are trusted to say who their clients are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    /// Where they are. If there are none, whoever connects is the client.
    pub networks: Vec<Network>,
    /// In what they say it. No other header counts: a proxy passes those on as its client sent them.
    pub header: ProxyHeader,
}

/// An address, or a network as `ADDRESS/BITS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Network(IpNet);

impl FromStr for Network {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let address = |text: &str| text.parse().map(|address: IpAddr| address.to_canonical());
        let network = if text.contains('/') {
            text.parse().ok()
        } else {
            address(text).ok().map(IpNet::from)
        };
        let network = network.ok_or_else(|| {
            format!(
                "{text:?} is neither an address nor a network, such as 10.0.0.7, 10.0.0.0/8 or fd00::/8"
            )
        })?;
        if network.addr() != network.network() {
            let meant = network.trunc();
            return Err(format!(
                "{text:?} has an address beyond its {} bits: write {meant} for the network, or {} for the address",
                network.prefix_len(),
                network.addr()
            ));
        }
        Ok(Self(network))
    }
}

/// A header in which proxies say whom they speak for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum ProxyHeader {
    /// `X-Forwarded-For`.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
    /// `X-Real-IP`: one address, which the nearest proxy sets.
    XRealIp,
}

impl ProxyHeader {
    const ALL: [Self; 3] = [Self::XForwardedFor, Self::Forwarded, Self::XRealIp];

    fn name(self) -> HeaderName {
        match self {
            Self::XForwardedFor => HeaderName::from_static("x-forwarded-for"),
            Self::Forwarded => header::FORWARDED,
            Self::XRealIp => HeaderName::from_static("x-real-ip"),
        }
    }
}

impl FromStr for ProxyHeader {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let named = |header: &Self| header.name().as_str().eq_ignore_ascii_case(text);
        Self::ALL
            .into_iter()
            .find(named)
            .ok_or_else(|| format!("{text:?} is not `x-forwarded-for`, `forwarded` or `x-real-ip`"))
    }
}

impl TryFrom<String> for Network {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl TryFrom<String> for ProxyHeader {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl Proxies {
    /// Whether an address is that of a proxy that is trusted.
    pub(crate) fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks
            .iter()
            .any(|network| network.0.contains(&address))
    }

    /// Who asks: of what was added to the header, from the right, the first that is no trusted proxy. Where
    /// the header can't be read on, it is the last one that could.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        if !self.contain(client) {
            return client;
        }
        let lines = headers.get_all(self.header.name()).iter();
        for line in lines.rev() {
            let Ok(line) = line.to_str() else {
                return client;
            };
            for part in self.parts(line).into_iter().rev() {
                let Some(address) = part.and_then(address) else {
                    return client;
                };
                client = address;
                if !self.contain(client) || self.header == ProxyHeader::XRealIp {
                    return client;
                }
            }
        }
        client
    }

    /// What a line of the header names, of which each may be nobody.
    fn parts<'a>(&self, line: &'a str) -> Vec<Option<&'a str>> {
        match self.header {
            ProxyHeader::XForwardedFor => line.split(',').map(Some).collect(),
            ProxyHeader::XRealIp => vec![Some(line)],
            ProxyHeader::Forwarded => match outside_quotes(line, ',') {
                Some(elements) => elements.into_iter().map(forwarded_for).collect(),
                // A quote that a client left open swallows what proxies added, whose commas can't be told from
                // quoted ones any more. What follows the last one is the nearest proxy's, or can't be read either.
                None => vec![None, line.rsplit(',').next().and_then(forwarded_for)],
            },
        }
    }
}

/// The `for` of an element of `Forwarded`; none if there is not exactly one.
fn forwarded_for(element: &str) -> Option<&str> {
    let mut found = outside_quotes(element, ';')?
        .into_iter()
        .filter_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            name.trim().eq_ignore_ascii_case("for").then_some(value)
        });
    let value = found.next().filter(|_| found.next().is_none())?.trim();
    match value.strip_prefix('"') {
        // An address needs no escapes.
        Some(quoted) => quoted.strip_suffix('"'),
        None => Some(value),
    }
}

/// Splits where a character is in no quoted string (RFC 9110, section 5.6.4). None if quotes stand elsewhere than
/// around a value as a whole: then nobody can tell what is in them.
fn outside_quotes(text: &str, at: char) -> Option<Vec<&str>> {
    let (mut quoted, mut escaped, mut closed) = (false, false, false);
    let mut before = None;
    let (mut parts, mut start) = (Vec::new(), 0);
    for (place, c) in text.char_indices() {
        if quoted {
            (quoted, closed) = (escaped || c != '"', !escaped && c == '"');
            (escaped, before) = (c == '\\' && !escaped, None);
            continue;
        }
        match c {
            '"' if before == Some('=') => quoted = true,
            '"' => return None,
            ',' | ';' | ' ' | '\t' => {}
            _ if closed => return None,
            _ => {}
        }
        closed &= matches!(c, ' ' | '\t');
        before = Some(c);
        if c == at {
            parts.push(&text[start..place]);
            start = place + c.len_utf8();
        }
    }
    parts.push(&text[start..]);
    (!quoted).then_some(parts)
}

/// An address, with or without a port; IPv6 also in brackets.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let address = match bare {
        Some(v6) => v6.parse().ok().filter(IpAddr::is_ipv6),
        None => text.parse().ok(),
    };
    let address = address.or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()))?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn client(header: ProxyHeader, peer: &str, lines: &[(&str, &str)]) -> String {
        let networks = ["10.0.0.0/8", "192.0.2.1", "2001:db8:1::/48"];
        let proxies = Proxies {
            networks: networks.map(|it| it.parse().unwrap()).to_vec(),
            header,
        };
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            let name: HeaderName = name.parse().unwrap();
            headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let client = proxies.client(peer.parse().unwrap(), &headers);
        client.to_string()
    }

    #[test]
    fn the_client_is_whom_trusted_proxies_name() {
        use ProxyHeader::{Forwarded, XForwardedFor, XRealIp};
        let (far, real) = ("x-forwarded-for", "x-real-ip");
        // Who connects, with which headers; who that is.
        type Case<'a> = (ProxyHeader, &'a str, &'a [(&'a str, &'a str)], &'a str);
        let cases: &[Case<'_>] = &[
            (XForwardedFor, "10.0.0.7", &[], "10.0.0.7"),
            (
                XForwardedFor,
                "10.0.0.7",
                &[(far, "203.0.113.9")],
                "203.0.113.9",
            ),
            (
                XForwardedFor,
                "::ffff:10.0.0.7",
                &[(far, "203.0.113.9")],
                "203.0.113.9",
            ),
            (
                XForwardedFor,
                "2001:db8:1::5",
                &[(far, " 203.0.113.9 ")],
                "203.0.113.9",
            ),
            // Who is no proxy says what it likes.
            (
                XForwardedFor,
                "198.51.100.4",
                &[(far, "203.0.113.9")],
                "198.51.100.4",
            ),
            (
                XForwardedFor,
                "192.0.2.2",
                &[(far, "203.0.113.9")],
                "192.0.2.2",
            ),
            // What the client wrote itself is left of what the proxy added.
            (
                XForwardedFor,
                "10.0.0.7",
                &[(far, "1.1.1.1, 203.0.113.9")],
                "203.0.113.9",
            ),
            (
                XForwardedFor,
                "10.0.0.7",
                &[(far, "1.1.1.1"), (far, "203.0.113.9")],
                "203.0.113.9",
            ),
            (
                XForwardedFor,
                "10.0.0.7",
                &[(far, "10.0.0.9, 203.0.113.9")],
                "203.0.113.9",
            ),
            // Through several that are trusted.
            (
                XForwardedFor,
                "10.0.0.7",
                &[(far, "1.1.1.1, 203.0.113.9, 192.0.2.1,10.9.9.9")],
                "203.0.113.9",
            ),
            (
                XForwardedFor,
                "10.0.0.7",
                &[(far, "203.0.113.9"), (far, "192.0.2.1")],
                "203.0.113.9",
            ),
            (
                XForwardedFor,
                "10.0.0.7",
                &[(far, "10.0.0.5, 192.0.2.1")],
                "10.0.0.5",
            ),
            // What can't be read is no way on.
            (
                XForwardedFor,
                "10.0.0.7",
                &[(far, "203.0.113.9, unknown")],
                "10.0.0.7",
            ),
            (
                XForwardedFor,
                "10.0.0.7",
                &[(far, "203.0.113.9, , 192.0.2.1")],
                "192.0.2.1",
            ),
            (XForwardedFor, "10.0.0.7", &[(far, "")], "10.0.0.7"),
            (
                XForwardedFor,
                "10.0.0.7",
                &[(far, "203.0.113.é")],
                "10.0.0.7",
            ),
            (
                XForwardedFor,
                "10.0.0.7",
                &[(far, "203.0.113.9:1234")],
                "203.0.113.9",
            ),
            (
                XForwardedFor,
                "10.0.0.7",
                &[(far, "2001:db8::9")],
                "2001:db8::9",
            ),
            (
                XForwardedFor,
                "10.0.0.7",
                &[(far, "[2001:db8::9]:99")],
                "2001:db8::9",
            ),
            (
                XForwardedFor,
                "10.0.0.7",
                &[(far, "::ffff:203.0.113.9")],
                "203.0.113.9",
            ),
            // Other headers are passed on as they came.
            (
                XForwardedFor,
                "10.0.0.7",
                &[("forwarded", "for=1.1.1.1"), (real, "1.1.1.1")],
                "10.0.0.7",
            ),
            (Forwarded, "10.0.0.7", &[(far, "1.1.1.1")], "10.0.0.7"),
            (
                Forwarded,
                "10.0.0.7",
                &[("forwarded", "for=203.0.113.9")],
                "203.0.113.9",
            ),
            (
                Forwarded,
                "10.0.0.7",
                &[(
                    "forwarded",
                    "for=1.1.1.1, proto=https;For=\"[2001:db8::9]:47\";by=10.0.0.7",
                )],
                "2001:db8::9",
            ),
            (
                Forwarded,
                "10.0.0.7",
                &[("forwarded", "for=\"203.0.113.9:80\" ; host=x")],
                "203.0.113.9",
            ),
            (
                Forwarded,
                "10.0.0.7",
                &[("forwarded", "for=1.1.1.1;host=\"a\\\",for=2.2.2.2\"")],
                "1.1.1.1",
            ),
            (
                Forwarded,
                "10.0.0.7",
                &[("forwarded", "for=203.0.113.9, for=192.0.2.1")],
                "203.0.113.9",
            ),
            (
                Forwarded,
                "10.0.0.7",
                &[("forwarded", "for=1.1.1.1, for=_hidden")],
                "10.0.0.7",
            ),
            (
                Forwarded,
                "10.0.0.7",
                &[("forwarded", "for=1.1.1.1, proto=https")],
                "10.0.0.7",
            ),
            (
                Forwarded,
                "10.0.0.7",
                &[("forwarded", "for=1.1.1.1;for=2.2.2.2")],
                "10.0.0.7",
            ),
            (
                Forwarded,
                "10.0.0.7",
                &[("forwarded", "for=\"1.1.1.1")],
                "10.0.0.7",
            ),
            // What a client left open is not read on into what the proxy added.
            (
                Forwarded,
                "10.0.0.7",
                &[("forwarded", "for=1.1.1.1;x=\", for=203.0.113.9")],
                "203.0.113.9",
            ),
            (
                Forwarded,
                "10.0.0.7",
                &[(
                    "forwarded",
                    "for=1.1.1.1;x=\"a, for=\"[2001:db8::9]:47\";by=10.0.0.7",
                )],
                "2001:db8::9",
            ),
            (
                Forwarded,
                "10.0.0.7",
                &[("forwarded", "for=1.1.1.1;x=\"\\, for=203.0.113.9")],
                "203.0.113.9",
            ),
            (
                Forwarded,
                "10.0.0.7",
                &[("forwarded", "for=1.1.1.1, x=\", for=10.0.0.8")],
                "10.0.0.8",
            ),
            (
                Forwarded,
                "10.0.0.7",
                &[(
                    "forwarded",
                    "for=1.1.1.1;x=\", for=203.0.113.9;host=\"b\\\"c\"",
                )],
                "203.0.113.9",
            ),
            // Nor is a comma in what the proxy quoted a place where something begins.
            (
                Forwarded,
                "10.0.0.7",
                &[(
                    "forwarded",
                    "x=\", for=203.0.113.9;host=\"a,for=1.1.1.1;x=\\\"b\"",
                )],
                "10.0.0.7",
            ),
            (
                Forwarded,
                "10.0.0.7",
                &[(
                    "forwarded",
                    "x=\", for=203.0.113.9;host=\"a,for=1.1.1.1;b\"",
                )],
                "10.0.0.7",
            ),
            (
                Forwarded,
                "10.0.0.7",
                &[("forwarded", "for=1.1.1.1, for=203.0.113.9;host=\"a, b\"")],
                "203.0.113.9",
            ),
            (XRealIp, "10.0.0.7", &[(real, "203.0.113.9")], "203.0.113.9"),
            (XRealIp, "10.0.0.7", &[(real, "10.4.4.4")], "10.4.4.4"),
            (
                XRealIp,
                "10.0.0.7",
                &[(real, "1.1.1.1"), (real, "203.0.113.9")],
                "203.0.113.9",
            ),
            (
                XRealIp,
                "10.0.0.7",
                &[(real, "1.1.1.1, 203.0.113.9")],
                "10.0.0.7",
            ),
            (
                XRealIp,
                "198.51.100.4",
                &[(real, "203.0.113.9")],
                "198.51.100.4",
            ),
        ];
        for (header, peer, lines, wanted) in cases {
            assert_eq!(client(*header, peer, lines), *wanted, "{peer} {lines:?}");
        }
    }

    #[test]
    fn networks_are_written_as_addresses_or_with_their_bits() {
        for (text, good) in [
            ("10.0.0.7", true),
            ("10.0.0.0/8", true),
            ("0.0.0.0/0", true),
            ("::1", true),
            ("fd00::/8", true),
            ("10.0.0.7/8", false),
            ("10.0.0.0/33", false),
            ("10.0.0", false),
            ("proxy.lan", false),
            ("", false),
        ] {
            let read = text.parse::<Network>();
            assert_eq!(read.is_ok(), good, "{text}: {read:?}");
        }
        let beyond = "10.0.0.7/8".parse::<Network>().unwrap_err();
        assert!(beyond.contains("10.0.0.0/8"), "{beyond}");
    }

    #[test]
    fn without_proxies_whoever_connects_is_the_client() {
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", HeaderValue::from_static("1.1.1.1"));
        let peer = "127.0.0.1".parse().unwrap();
        assert_eq!(Proxies::default().client(peer, &headers), peer);
    }
}
