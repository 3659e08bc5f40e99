//! Becoming a WebSocket.

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use hyper::{
    HeaderMap, Method, Version,
    header::{
        CONNECTION, HeaderName, HeaderValue, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
    },
    rt::{Read, Write},
    upgrade::OnUpgrade,
};
use sha1::{Digest, Sha1};
use std::io;

/// The value of `Sec-WebSocket-Accept` for a client's handshake (section 4.2).
///
/// # Errors
///
/// What is wrong with it.
pub fn accept(
    method: &Method,
    version: Version,
    headers: &HeaderMap,
) -> Result<HeaderValue, &'static str> {
    if method != Method::GET {
        return Err("its method is not GET");
    }
    if version != Version::HTTP_11 {
        return Err("it is not HTTP/1.1");
    }
    if !lists(headers, CONNECTION, "upgrade") {
        return Err("its header `Connection` does not list `upgrade`");
    }
    if !lists(headers, UPGRADE, "websocket") {
        return Err("its header `Upgrade` does not list `websocket`");
    }
    if headers
        .get(SEC_WEBSOCKET_VERSION)
        .map(HeaderValue::as_bytes)
        != Some(b"13")
    {
        return Err("its header `Sec-WebSocket-Version` is not 13");
    }
    let key = headers
        .get(SEC_WEBSOCKET_KEY)
        .map(HeaderValue::as_bytes)
        .filter(|key| BASE64_STANDARD.decode(key).is_ok_and(|key| key.len() == 16))
        .ok_or("its header `Sec-WebSocket-Key` is not 16 bytes in Base64")?;
    let mut sha1 = Sha1::new();
    sha1.update(key);
    sha1.update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    let accept = BASE64_STANDARD.encode(sha1.finalize());
    HeaderValue::from_str(&accept).map_err(|_| "its key can't be answered")
}

/// Whether one of a header's lists has a token, in any letter case.
fn lists(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|listed| listed.trim().eq_ignore_ascii_case(token))
}

/// The connection itself, once the answer to the handshake is written, and what has already been read
/// from it. `I` is what hyper was given to serve.
///
/// # Errors
///
/// If the connection broke before.
pub async fn taken<I>(upgrade: OnUpgrade) -> io::Result<(I, Bytes)>
where
    I: Read + Write + Unpin + 'static,
{
    let upgraded = upgrade.await.map_err(io::Error::other)?;
    let parts = upgraded
        .downcast::<I>()
        .map_err(|_| io::Error::other("the connection is of another kind than what was served"))?;
    Ok((parts.io, parts.read_buf))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A change to a good handshake: a header's name, and its value or nothing.
    type Change = (&'static str, Option<&'static str>);

    #[test]
    fn a_handshake_is_answered_or_told_what_it_lacks() {
        let cases: [(Change, Result<&str, &str>); 11] = [
            // The example of section 1.3.
            (("x", None), Ok("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")),
            (
                ("connection", Some("keep-alive, Upgrade")),
                Ok("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
            ),
            (
                ("upgrade", Some("WebSocket")),
                Ok("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
            ),
            (("connection", None), Err("`Connection`")),
            (("connection", Some("close")), Err("`Connection`")),
            (("upgrade", None), Err("`Upgrade`")),
            (("upgrade", Some("h2c")), Err("`Upgrade`")),
            (
                ("sec-websocket-version", Some("8")),
                Err("`Sec-WebSocket-Version`"),
            ),
            (("sec-websocket-key", None), Err("`Sec-WebSocket-Key`")),
            (
                ("sec-websocket-key", Some("dGhl")),
                Err("`Sec-WebSocket-Key`"),
            ),
            (("sec-websocket-key", Some("?")), Err("`Sec-WebSocket-Key`")),
        ];
        for ((name, value), wanted) in cases {
            let mut headers = HeaderMap::new();
            for (name, value) in [
                ("connection", "Upgrade"),
                ("upgrade", "websocket"),
                ("sec-websocket-version", "13"),
                ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ] {
                headers.insert(name, HeaderValue::from_static(value));
            }
            match value {
                Some(value) => drop(headers.insert(name, HeaderValue::from_static(value))),
                None => drop(headers.remove(name)),
            }
            match (accept(&Method::GET, Version::HTTP_11, &headers), wanted) {
                (Ok(accept), Ok(wanted)) => assert_eq!(accept, wanted, "{name}: {value:?}"),
                (Err(why), Err(place)) => assert!(why.contains(place), "{name}: {value:?}: {why}"),
                (got, _) => panic!("{name}: {value:?}: {got:?}"),
            }
            assert!(accept(&Method::POST, Version::HTTP_11, &headers).is_err());
            assert!(accept(&Method::GET, Version::HTTP_10, &headers).is_err());
        }
    }
}
