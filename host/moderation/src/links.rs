//! Links, and the hosts they lead to.
//!
//! With a scheme or `www.` anything is a link. Without, a name is one if it ends in a domain that nobody
//! takes for a word, or in any domain that has a path behind it: `clips.tv` and `youtu.be/x` are links,
//! `ok.so`, `gg.wp` and `nice.live` are not. Dots may be written out: `example (dot) com`. One with white
//! space behind it alone ends a sentence.

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
            let label = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
            let dot = r"(?:\s?(?:\.|[(\[{]\s?(?:dot|\.)\s?[)\]}])\s?)";
            // `i love .net` is about a platform.
            let dot_before_net = r"(?:\.|\s\.\s|\s?[(\[{]\s?(?:dot|\.)\s?[)\]}]\s?)";
            let known = r"com|org|tv|io|ru|xyz|biz|icu|co\.uk|de|eu|ly|cc|pw|tk|ml|cf|gq";
            regex(&format!(
                r"(?i)\b(?:(?:{label}{dot}){{0,5}}{label}{dot_before_net}net\b(?:/\S*)?|(?:{label}{dot}){{1,6}}(?:(?:{known})\b(?:/\S*)?|[a-z]{{2,24}}/\S+))"
            ))
        });
        let text = &*plain.text;
        if !text.contains(['.', '(', '[', '{', ':']) {
            return Vec::new();
        }
        let mut found: Vec<Range<usize>> = Vec::new();
        let bare = sentences(text).flat_map(|sentence| {
            BARE.find_iter(&text[sentence.clone()])
                .map(move |found| sentence.start + found.start()..sentence.start + found.end())
        });
        let with_scheme = WITH_SCHEME.find_iter(text).map(|found| found.range());
        for link in with_scheme.chain(bare) {
            let at = plain.origin(link.clone());
            if found.iter().chain(emails).any(|other| overlap(other, &at)) {
                continue;
            }
            if !self.allows(&text[link.clone()], &text[link.end..]) {
                found.push(at);
            }
        }
        found
    }

    /// Whether what a link says is where it leads, and that is allowed; `rest` is what stands behind it.
    fn allows(&self, link: &str, rest: &str) -> bool {
        // Of `evil.com .youtube.com` nobody can say what it is one of. `youtube.com.evil` goes on.
        let is_plain =
            !link.contains(char::is_whitespace) && !authority(link).contains(['(', '[', '{']);
        let goes_on = rest
            .strip_prefix('.')
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_alphanumeric()));
        is_plain
            && !goes_on
            && host(link).is_some_and(|host| {
                self.0.iter().any(|allowed| {
                    host.strip_suffix(allowed.as_str())
                        .is_some_and(|below| below.is_empty() || below.ends_with('.'))
                })
            })
    }
}

/// A text in parts: each ends with a full stop that has white space behind it and none before.
fn sentences(text: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = text.as_bytes();
    let is_end = move |at: usize| {
        bytes[at] == b'.'
            && at > 0
            && !bytes[at - 1].is_ascii_whitespace()
            && bytes.get(at + 1).is_some_and(u8::is_ascii_whitespace)
    };
    let mut start = 0;
    std::iter::from_fn(move || {
        let from = start;
        if from == bytes.len() {
            return None;
        }
        start = (from..bytes.len())
            .find(|at| is_end(*at))
            .map_or(bytes.len(), |at| at + 1);
        Some(from..start)
    })
}

/// What is between the scheme and the path.
fn authority(link: &str) -> &str {
    let rest = link.split_once("://").map_or(link, |(_, rest)| rest);
    let end = rest.find(['/', '\\', '?', '#']).unwrap_or(rest.len());
    &rest[..end]
}

/// The host of a link, as a browser would find it (WHATWG URL): what is before an `@` is a name to log
/// in with, a backslash is a slash.
fn host(link: &str) -> Option<String> {
    let link = link.to_ascii_lowercase();
    let host = authority(&link).rsplit('@').next()?;
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
            ("free skins here. evil.com", Some("evil.com")),
            ("gg. t.me/joinme", Some("t.me/joinme")),
            ("see youtube.com. evil.com. ok", Some("evil.com")),
            ("evil.com .youtube.com", Some("evil.com .youtube.com")),
            ("youtube (dot) com", Some("youtube (dot) com")),
            ("youtube.com.evil", Some("youtube.com")),
            ("youtube.com.net", Some("youtube.com.net")),
            ("i saw it on youtube.com.", None),
            ("(https://youtube.com/x_(y))", None),
            ("(https://youtube.com)", None),
            ("evil.net now", Some("evil.net")),
            ("evil . net", Some("evil . net")),
            ("evil (dot) net", Some("evil (dot) net")),
            ("evil.com .net", Some("evil.com")),
            ("i love .net", None),
            ("nice.live again", None),
            ("evil.live/now", Some("evil.live/now")),
            ("lol.top tier", None),
            ("nice.gg", None),
            ("discord.gg/abc", Some("discord.gg/abc")),
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
