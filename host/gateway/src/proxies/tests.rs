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
