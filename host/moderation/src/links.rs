//! Links, and the hosts they lead to.
//!
//! With a scheme or `www.` anything is a link. Without, a name is one if it ends in a domain that nobody
//! takes for a word, or in a country's domain that has a path behind it: `clips.tv` and `youtu.be/x` are
//! links, `ok.so` and `gg.wp` are not. Dots may be written out: `example (dot) com`.

use crate::{patterns::overlap, plain::Plain};
use regex::Regex;
use std::{ops::Range, sync::LazyLock};

/// Hosts that may be linked to.
#[derive(Debug)]
pub(crate) struct Allowed(Vec<String>);

impl Allowed {
    pub(crate) fn new(hosts: &[String]) -> Self {
        let hosts = hosts.iter().map(|host| {
            host.trim_matches('.')
                .trim_start_matches("www.")
                .to_ascii_lowercase()
        });
        Self(hosts.filter(|host| !host.is_empty()).collect())
    }

    /// Where links to other hosts stand, in bytes of the original.
    pub(crate) fn find_others(
        &self,
        plain: &Plain<'_>,
        emails: &[Range<usize>],
    ) -> Vec<Range<usize>> {
        static WITH_SCHEME: LazyLock<Regex> =
            LazyLock::new(|| regex(r"(?i)(?:\bh(?:tt|xx)ps?\s?:\s?//\s?|\bwww\s?\.\s?)\S+"));
        static BARE: LazyLock<Regex> = LazyLock::new(|| {
            regex(concat!(
                r"(?i)\b(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\s?(?:\.|[(\[{]\s?(?:dot|\.)\s?[)\]}])\s?){1,6}",
                r"(?:(?:com|net|org|gg|tv|io|ru|xyz|info|biz|app|dev|shop|online|site|club|live|store|link|top|icu|click|pro|gift|co\.uk|de|fr|eu|ly|cc|pw|tk|ml|cf|gq)\b(?:/\S*)?",
                r"|[a-z]{2,24}/\S+)"
            ))
        });
        let text = &*plain.text;
        if !text.contains(['.', '(', '[', '{', ':']) {
            return Vec::new();
        }
        let mut found: Vec<Range<usize>> = Vec::new();
        let bare = BARE.find_iter(text).filter(|found| {
            // `nice. com on` is two sentences: with spaces, all dots are written out or spaced at both sides.
            let part = found.as_str();
            !part.contains(". ") || part.contains(" . ")
        });
        for link in WITH_SCHEME.find_iter(text).chain(bare) {
            let at = plain.origin(link.range());
            if found.iter().chain(emails).any(|other| overlap(other, &at)) {
                continue;
            }
            if !self.allows(link.as_str()) {
                found.push(at);
            }
        }
        found
    }

    fn allows(&self, link: &str) -> bool {
        host(link).is_some_and(|host| {
            self.0.iter().any(|allowed| {
                host.strip_suffix(allowed.as_str())
                    .is_some_and(|below| below.is_empty() || below.ends_with('.'))
            })
        })
    }
}

/// The host of a link, as a browser would find it (WHATWG URL): what is before an `@` is a name to log
/// in with, a backslash is a slash.
fn host(link: &str) -> Option<String> {
    let mut link: String = link.to_ascii_lowercase();
    link.retain(|c| !c.is_whitespace());
    for dot in ["(dot)", "[dot]", "{dot}", "(.)", "[.]", "{.}"] {
        link = link.replace(dot, ".");
    }
    let rest = link.split_once("://").map_or(&*link, |(_, rest)| rest);
    let authority = rest.split(['/', '\\', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = host.split(':').next()?;
    let host = host.trim_matches(|c: char| !c.is_alphanumeric());
    let host = host.strip_prefix("www.").unwrap_or(host);
    (!host.is_empty()).then(|| host.to_owned())
}

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is right, as a test shows")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_others_are_found() {
        let allowed = Allowed::new(&[
            "youtube.com".into(),
            "youtu.be".into(),
            "clips.twitch.tv".into(),
        ]);
        let cases = [
            ("see https://evil.example/x", Some("https://evil.example/x")),
            ("see https://youtube.com/watch?v=1", None),
            ("see https://www.youtube.com/watch?v=1", None),
            ("m.youtube.com/x", None),
            (
                "https://youtube.com@evil.com/",
                Some("https://youtube.com@evil.com/"),
            ),
            (
                "https://youtube.com.evil.com",
                Some("https://youtube.com.evil.com"),
            ),
            ("notyoutube.com", Some("notyoutube.com")),
            ("youtu.be/abc", None),
            (
                "https://evil.com\\@youtube.com",
                Some("https://evil.com\\@youtube.com"),
            ),
            ("twitch.tv/other", Some("twitch.tv/other")),
            ("clips.twitch.tv/mine", None),
            ("free stuff at evil (dot) com", Some("evil (dot) com")),
            ("evil[.]com", Some("evil[.]com")),
            ("evil . com", Some("evil . com")),
            ("evil．com", Some("evil．com")),
            ("evil。com", Some("evil。com")),
            ("hxxps://evil.example", Some("hxxps://evil.example")),
            ("HTTP://EVIL.EXAMPLE", Some("HTTP://EVIL.EXAMPLE")),
            ("t.me/joinme", Some("t.me/joinme")),
            ("bit.ly/3xyz", Some("bit.ly/3xyz")),
            ("gg.wp", None),
            ("ok.so what", None),
            ("wait...what", None),
            ("nice.that was close", None),
            ("v1.2 is out", None),
            ("nice. com on", None),
            ("3.5/5 would watch", None),
            ("and/or", None),
            ("10.5k viewers", None),
            (":) (: gg", None),
        ];
        for (text, wanted) in cases {
            let found = allowed.find_others(&Plain::of(text), &[]);
            let found = found.first().map(|at| &text[at.clone()]);
            assert_eq!(found, wanted, "{text}");
        }
    }
}
