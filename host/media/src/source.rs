//! What an operator may write as a source.

use chatter_protocol::source::BROWSER;
use std::{fmt, net::IpAddr, path::PathBuf, str::FromStr};
use url::Url;

/// The port of RTMP, where a listener names none.
const RTMP_PORT: u16 = 1935;

/// A source, as it was named. It is shown without what may be secret: of a URL only scheme and host.
#[derive(Clone, PartialEq, Eq)]
pub struct Source(pub(crate) Kind);

/// What kind of source it is, with what is needed to open it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    File(PathBuf),
    /// Whatever is read from elsewhere.
    Url(Url),
    Listener(Listener),
    /// The device's name; empty for the system's usual one.
    Microphone(String),
    Browser,
}

/// Where somebody may push a stream to.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Listener {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// The path but for its last part.
    pub(crate) app: String,
    /// The last part of the path, and the query if there is one: what proves who pushes.
    pub(crate) key: String,
}

/// What of a URL's scheme decides how it is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Http,
    Rtmp,
    Rtsp,
    Srt,
    Udp,
}

/// Why a text names no source. None of these repeats the text: it may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// There is none.
    #[error("no source is named; it is a file, a URL, mic: or browser:")]
    Empty,
    /// The scheme is none that is opened.
    #[error(
        "{0}:// is not opened; known are file, http, https, rtmp, rtmps, rtsp, rtsps, srt, udp and rtp"
    )]
    Scheme(String),
    /// It looks like a URL.
    #[error("not a URL: {0}")]
    Url(String),
    /// A listener whose address says too little.
    #[error(
        "{0}; a listener looks like rtmp://127.0.0.1:1935/live/KEY?listen=1, and whoever pushes needs to know the KEY"
    )]
    Listener(&'static str),
    /// There is more than the word.
    #[error("browser: stands alone; which page shares its sound is decided there")]
    Browser,
}

impl FromStr for Source {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, SourceError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(SourceError::Empty);
        }
        if let Some(device) = text.strip_prefix("mic:") {
            return Ok(Self(Kind::Microphone(device.trim().to_owned())));
        }
        if let Some(rest) = text.strip_prefix("browser:") {
            return match rest {
                "" => Ok(Self(Kind::Browser)),
                _ => Err(SourceError::Browser),
            };
        }
        let Some((scheme, _)) = text
            .split_once("://")
            .filter(|(scheme, _)| is_scheme(scheme))
        else {
            return Ok(Self(Kind::File(text.into())));
        };
        let scheme = scheme.to_ascii_lowercase();
        if scheme != "file" && Scheme::named(&scheme).is_none() {
            return Err(SourceError::Scheme(scheme));
        }
        let url = Url::parse(text).map_err(|error| SourceError::Url(error.to_string()))?;
        if scheme == "file" {
            let Ok(path) = url.to_file_path() else {
                return Err(SourceError::Url("a file:// of another machine".into()));
            };
            return Ok(Self(Kind::File(path)));
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(SourceError::Url("no host in it".into()));
        }
        let listens = |(name, value): (_, std::borrow::Cow<'_, str>)| {
            name == "listen" && matches!(&*value, "" | "1" | "true")
        };
        if scheme == "rtmp" && url.query_pairs().any(listens) {
            return Ok(Self(Kind::Listener(Listener::new(&url)?)));
        }
        Ok(Self(Kind::Url(url)))
    }
}

/// RFC 3986, section 3.1; a single letter is a drive, and no scheme is that long.
fn is_scheme(text: &str) -> bool {
    (2..=32).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

impl Source {
    /// A file.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Kind::File(path.into()))
    }

    /// Whether there is no end to be expected, and no going faster: what comes is what happens now.
    /// Of what a web server has, only opening it tells.
    #[must_use]
    pub fn is_live(&self) -> bool {
        match &self.0 {
            Kind::File(_) => false,
            Kind::Url(url) => Scheme::of(url) != Scheme::Http,
            Kind::Listener(_) | Kind::Microphone(_) | Kind::Browser => true,
        }
    }

    /// The file, if it is one.
    #[must_use]
    pub fn path(&self) -> Option<&std::path::Path> {
        match &self.0 {
            Kind::File(path) => Some(path),
            _ => None,
        }
    }

    /// The port of this machine that it needs for itself if another source does too: only one of two listeners there
    /// can be pushed to.
    #[must_use]
    pub fn contended_port(&self, other: &Self) -> Option<u16> {
        match (&self.0, &other.0) {
            // Port 0 is any that is free.
            (Kind::Listener(one), Kind::Listener(other)) => {
                let is_same = one.port == other.port && one.port != 0;
                (is_same && overlap(&one.host, &other.host)).then_some(one.port)
            }
            _ => None,
        }
    }
}

/// Whether an address of this machine is listened at under both of these. What a name stands for is not looked up.
fn overlap(one: &str, other: &str) -> bool {
    let address = |host: &str| host.parse::<IpAddr>().ok();
    let is_any = |host: &str| address(host).is_some_and(|it| it.is_unspecified());
    let is_same = match (address(one), address(other)) {
        (Some(one), Some(other)) => one == other,
        _ => one.eq_ignore_ascii_case(other),
    };
    is_same || is_any(one) || is_any(other)
}

impl Scheme {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "http" | "https" => Self::Http,
            "rtmp" | "rtmps" => Self::Rtmp,
            "rtsp" | "rtsps" => Self::Rtsp,
            "srt" => Self::Srt,
            "udp" | "rtp" => Self::Udp,
            _ => return None,
        })
    }

    /// Of a URL that was read as a source.
    pub(crate) fn of(url: &Url) -> Self {
        Self::named(url.scheme()).unwrap_or(Self::Http)
    }
}

impl Listener {
    fn new(url: &Url) -> Result<Self, SourceError> {
        let rest: Vec<&str> = url
            .query()
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty() && pair.split('=').next() != Some("listen"))
            .collect();
        let path = url.path().trim_matches('/');
        let Some((app, name)) = path.rsplit_once('/') else {
            return Err(SourceError::Listener("the path has no two parts"));
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(SourceError::Listener("a listener knows no user"));
        }
        let key = match rest.is_empty() {
            true => name.to_owned(),
            false => format!("{name}?{}", rest.join("&")),
        };
        Ok(Self {
            host: url
                .host_str()
                .unwrap_or_default()
                .trim_matches(['[', ']'])
                .to_owned(),
            port: url.port().unwrap_or(RTMP_PORT),
            app: app.to_owned(),
            key,
        })
    }
}

impl Source {
    /// What of it may be secret, in each form in which it could be repeated: whatever a URL has but its
    /// scheme, host and port.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let mut secrets = Vec::new();
        let mut add = |text: &str| {
            let decoded = percent_encoding::percent_decode_str(text).decode_utf8_lossy();
            for text in [text, &decoded, &decoded.replace('+', " ")] {
                let parts = text.split(|c: char| c.is_whitespace() || "/&=,;:.".contains(c));
                secrets.extend(parts.chain([text]).map(str::to_owned));
            }
        };
        match &self.0 {
            Kind::Url(url) => {
                add(url.path());
                add(url.username());
                add(url.password().unwrap_or_default());
                add(url.fragment().unwrap_or_default());
                for pair in url.query().unwrap_or_default().split('&') {
                    add(pair.split_once('=').map_or(pair, |(_, value)| value));
                }
                for part in url.path_segments().into_iter().flatten() {
                    add(part);
                }
            }
            Kind::Listener(Listener { key, .. }) => {
                for part in key.split(['?', '&']) {
                    add(part);
                }
            }
            Kind::File(_) | Kind::Microphone(_) | Kind::Browser => {}
        }
        secrets.sort();
        secrets.dedup();
        secrets.retain(|secret| !secret.is_empty());
        secrets
    }
}

/// Where a listener is, without its key.
pub(crate) fn address(host: &str, port: u16, app: &str) -> String {
    if host.contains(':') {
        return format!("rtmp://[{host}]:{port}/{app}/...");
    }
    format!("rtmp://{host}:{port}/{app}/...")
}

/// A URL without what may be secret in it: keys and tokens stand in paths, too.
pub(crate) fn shown(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}"));
    format!(
        "{}://{}{}/...",
        url.scheme(),
        url.host_str().unwrap_or_default(),
        port.unwrap_or_default()
    )
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::File(path) => path.display().fmt(f),
            Kind::Url(url) => f.write_str(&shown(url)),
            Kind::Listener(Listener {
                host, port, app, ..
            }) => {
                write!(f, "a listener at {}", address(host, *port, app))
            }
            Kind::Microphone(name) if name.is_empty() => f.write_str("the microphone"),
            Kind::Microphone(name) => write!(f, "the microphone {name}"),
            Kind::Browser => f.write_str(BROWSER),
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_operator_writes_and_is_shown() {
        let table = [
            ("talk.mp4", "talk.mp4", false),
            ("./a:b.wav", "./a:b.wav", false),
            ("C://x.wav", "C://x.wav", false),
            ("file:///srv/talk.mp4", "/srv/talk.mp4", false),
            (
                "https://ex.org/live/TOKEN/a.m3u8?k=SECRET",
                "https://ex.org/...",
                false,
            ),
            ("HTTP://ex.org:81/a.mp3", "http://ex.org:81/...", false),
            (
                "rtsp://me:SECRET@10.0.0.7:554/cam",
                "rtsp://10.0.0.7:554/...",
                true,
            ),
            ("rtmp://ex.org/live/SECRET", "rtmp://ex.org/...", true),
            (
                "srt://[::1]:9000?passphrase=SECRET",
                "srt://[::1]:9000/...",
                true,
            ),
            (
                "rtmp://127.0.0.1:1936/live/SECRET?listen=1",
                "a listener at rtmp://127.0.0.1:1936/live/...",
                true,
            ),
            (
                "rtmp://0.0.0.0/a/b/SECRET?listen",
                "a listener at rtmp://0.0.0.0:1935/a/b/...",
                true,
            ),
            ("mic:", "the microphone", true),
            ("mic: hw:1,0 ", "the microphone hw:1,0", true),
            ("browser:", "a browser that shares its sound", true),
        ];
        for (text, shown, live) in table {
            let source: Source = text.parse().unwrap();
            assert_eq!(source.to_string(), shown, "{text}");
            assert_eq!(source.is_live(), live, "{text}");
            let debug = format!("{source:?}");
            assert!(
                !debug.contains("SECRET") && !debug.contains("TOKEN"),
                "{debug}"
            );
        }
    }

    #[test]
    fn what_names_no_source_is_told_without_being_repeated() {
        let table = [
            (" ", "no source is named"),
            (
                "gopher://SECRET@x",
                "gopher:// is not opened; known are file",
            ),
            ("rtsp://me:SECRET@", "not a URL"),
            ("http://", "not a URL"),
            (
                "rtmp://127.0.0.1/SECRET?listen=1",
                "the path has no two parts",
            ),
            ("rtmp://a:SECRET@127.0.0.1/live/k?listen=1", "knows no user"),
            ("browser:firefox", "browser: stands alone"),
        ];
        for (text, expected) in table {
            let error = text.parse::<Source>().unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
            assert!(!error.contains("SECRET"), "{error}");
        }
    }

    #[test]
    fn whatever_is_written_is_read_or_refused_in_few_words() {
        let samples = [
            "rtmp://user:pässword@[::1]:1935/live/k%20y?listen=1&x=%ff#f",
            "file://host/%00/../x",
            "https://xn--/\u{202e}?listen",
            "browser:\u{0}mic:",
        ];
        for sample in samples {
            let ends = sample
                .char_indices()
                .map(|(at, _)| at)
                .chain([sample.len()]);
            let ends: Vec<usize> = ends.collect();
            for (&from, &to) in ends
                .iter()
                .flat_map(|from| ends.iter().map(move |to| (from, to)))
            {
                let Some(text) = sample.get(from..to) else {
                    continue;
                };
                for text in [text.to_owned(), text.repeat(100)] {
                    if let Err(error) = text.parse::<Source>() {
                        assert!(error.to_string().len() < 250, "{text}: {error}");
                    }
                }
            }
        }
    }

    #[test]
    fn listeners_at_one_port_of_an_address_are_in_each_others_way() {
        let table = [
            (
                "rtmp://127.0.0.1:1936/live/a?listen=1",
                "rtmp://127.0.0.1:1936/live/b?listen=1",
                true,
            ),
            (
                "rtmp://127.0.0.1/live/a?listen=1",
                "rtmp://127.0.0.1:1935/live/a?listen",
                true,
            ),
            (
                "rtmp://0.0.0.0/live/a?listen=1",
                "rtmp://127.0.0.1/live/b?listen=1",
                true,
            ),
            (
                "rtmp://[::]/live/a?listen=1",
                "rtmp://localhost/live/b?listen=1",
                true,
            ),
            (
                "rtmp://[::1]/live/a?listen=1",
                "rtmp://[0:0::1]/live/b?listen=1",
                true,
            ),
            (
                "rtmp://Localhost/live/a?listen=1",
                "rtmp://localhost/live/b?listen=1",
                true,
            ),
            (
                "rtmp://127.0.0.1/live/a?listen=1",
                "rtmp://10.0.0.7/live/b?listen=1",
                false,
            ),
            (
                "rtmp://127.0.0.1/live/a?listen=1",
                "rtmp://127.0.0.1:1936/live/b?listen=1",
                false,
            ),
            (
                "rtmp://127.0.0.1:0/live/a?listen=1",
                "rtmp://127.0.0.1:0/live/b?listen=1",
                false,
            ),
            // These are fetched from there.
            (
                "rtmp://127.0.0.1/live/a",
                "rtmp://127.0.0.1/live/b?listen=1",
                false,
            ),
            ("mic:", "mic:", false),
        ];
        for (one, other, expected) in table {
            let [a, b]: [Source; 2] = [one, other].map(|it| it.parse().unwrap());
            for (a, b) in [(&a, &b), (&b, &a)] {
                let contended = a.contended_port(b).is_some();
                assert_eq!(contended, expected, "{one} and {other}");
            }
        }
    }

    #[test]
    fn a_listeners_key_is_all_that_follows_the_last_slash() {
        let table = [
            ("rtmp://h/live/k?listen=1", ("live", "k")),
            ("rtmp://h/a/b/k?x=1&listen=1&y=2", ("a/b", "k?x=1&y=2")),
        ];
        for (text, (app, key)) in table {
            let Kind::Listener(listener) = text.parse::<Source>().unwrap().0 else {
                panic!("{text}")
            };
            assert_eq!((&*listener.app, &*listener.key), (app, key));
        }
    }
}
