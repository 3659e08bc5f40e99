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
mod tests;
