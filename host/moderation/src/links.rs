//! Links, and the hosts they lead to.
//!
//! With a scheme or `www.` anything is a link. Without, a name is one if it ends in a domain that nobody
//! takes for a word, or in any domain that has a path behind it: `clips.tv` and `youtu.be/x` are links,
//! `ok.so`, `gg.wp` and `nice.live` are not. Dots may be written out: `example (dot) com`. One with white
//! space behind it alone ends a sentence.
//!
//! Names may be international (RFC 5890): `müller.com` and `пример.рф` are links. Text in a script without spaces may
//! stand next to one. Behind it that is seen, since no domain mixes it with Latin letters, but the letters before it may be
//! the name's own: `看example.com` is a link, and none to `example.com`.

use crate::{patterns::overlap, plain::Plain, skeleton};
use regex::Regex;
use std::{ops::Range, sync::LazyLock};
use unicode_normalization::char::is_combining_mark;

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
        // Boundaries are those of ASCII: letters of other scripts stand next to a link without a space.
        static WITH_SCHEME: LazyLock<Regex> =
            LazyLock::new(|| regex(r"(?i)h(?:tt|xx)ps?\s?:\s?//\s?\S+|(?-u:\b)www\s?\.\s?\S+"));
        static BARE: LazyLock<Regex> = LazyLock::new(|| {
            let label = r"\w[\w-]*";
            let dot = r"(?:\s?(?:\.|[(\[{]\s?(?:dot|\.)\s?[)\]}])\s?)";
            // `i love .net` is about a platform.
            let dot_before_net = r"(?:\.|\s\.\s|\s?[(\[{]\s?(?:dot|\.)\s?[)\]}]\s?)";
            let known =
                r"com|org|tv|io|ru|xyz|biz|icu|co\.uk|de|eu|ly|cc|pw|tk|ml|cf|gq|xn--[a-z0-9-]+";
            // Of `_evil.com_` the ends are for show.
            let end = r"_*(?-u:\b)(?:/\S*)?";
            regex(&format!(
                r"(?i)(?:{label}{dot})*{label}{dot_before_net}net{end}|(?:{label}{dot})+(?:(?:{known}){end}|рф(?:/\S*)?|[a-z]{{2,24}}/\S+)"
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
        let links = with_scheme
            .filter(|link| !is_laughter(text, link))
            .chain(bare.filter(|link| !is_in_word(text, link)));
        for link in links {
            let at = plain.origin(link.start + text_before(&text[link.clone()])..link.end);
            if found.iter().chain(emails).any(|other| overlap(other, &at)) {
                continue;
            }
            if !self.allows(plain, link) {
                found.push(at);
            }
        }
        found
    }

    /// Whether what a link says is where it leads, and that is allowed.
    fn allows(&self, plain: &Plain<'_>, at: Range<usize>) -> bool {
        let (link, rest) = (&plain.text[at.clone()], &plain.text[at.end..]);
        let authority = authority(link);
        // Of `evil.com .youtube.com` nobody can say what it is one of. `youtube.com.evil` goes on, and so does
        // `youtube.com看.evil`. A letter with a mark is another one.
        let is_plain = !link.contains(char::is_whitespace)
            && !link[authority.clone()].contains(['(', '[', '{'])
            && !plain.is_marked(&(at.start + authority.start..at.start + authority.end));
        let label = rest.trim_start_matches(|c: char| !c.is_ascii() && c.is_alphanumeric());
        let goes_on = label.strip_prefix('.').is_some_and(|below| {
            below.starts_with(|c: char| {
                c.is_ascii_alphanumeric() || c.is_alphanumeric() && label.len() == rest.len()
            })
        });
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

/// A text in parts: each ends with a full stop that has white space behind it and none before, or that [`begins`]
/// another sentence.
fn sentences(text: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = text.as_bytes();
    let is_end = move |at: usize| {
        bytes[at] == b'.'
            && at > 0
            && (!bytes[at - 1].is_ascii_whitespace()
                && bytes.get(at + 1).is_some_and(u8::is_ascii_whitespace)
                || begins(&text[..at], &text[at + 1..]))
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

/// Whether `De` or `Eu` behind a full stop is a word and no domain: with a capital, where the name before it is not in
/// ASCII, as in `c'est terminé.De plus` and `é isso aí.Eu acho`.
fn begins(before: &str, behind: &str) -> bool {
    let behind = behind.trim_start_matches(' ');
    let Some((word, rest)) = behind.split_at_checked(2) else {
        return false;
    };
    let is_word = matches!(word, "De" | "DE" | "dE" | "Eu" | "EU" | "eU");
    // `müller.De/x` has a path, `müller.De.com` another domain.
    let goes_on = |rest: &str| rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    if !is_word
        || goes_on(rest)
        || rest.starts_with(['/', '-'])
        || rest.strip_prefix('.').is_some_and(goes_on)
    {
        return false;
    }
    let is_of_name = |c: char| c.is_alphanumeric() || is_combining_mark(c) || "_-.".contains(c);
    let name = before
        .trim_end_matches(' ')
        .rsplit(|c| !is_of_name(c))
        .next();
    name.is_some_and(|name| !name[text_before(name)..].is_ascii())
}

/// Whether it is what laughs in Japanese, with letters before it: of `すごいwww.gg` no host has three labels.
fn is_laughter(text: &str, link: &Range<usize>) -> bool {
    let is_apart = !text[..link.start].ends_with(char::is_alphanumeric);
    let has_host = || {
        let host = text[link.clone()].split(['/', '?', '#']).next();
        host.is_some_and(|host| host.split('.').filter(|label| !label.is_empty()).count() > 2)
    };
    text[link.clone()].starts_with(['w', 'W']) && !is_apart && !has_host()
}

/// Whether its domain is the beginning of a word: `bra.två` ends in two, and not in `.tv`.
fn is_in_word(text: &str, link: &Range<usize>) -> bool {
    // `×` and `÷` stand among the letters.
    let is_latin = |c: char| {
        c.is_alphabetic()
            && matches!(c, 'a'..='z' | 'A'..='Z' | '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}')
    };
    let is_cyrillic = |c: char| matches!(c, '\u{400}'..='\u{52f}');
    let last = text[link.clone()].chars().next_back();
    let next = text[link.end..].chars().next();
    last.zip(next).is_some_and(|(last, next)| {
        is_latin(last) && is_latin(next) || is_cyrillic(last) && is_cyrillic(next)
    })
}

/// How many bytes at a link's beginning are text of a script without spaces, which is left where the link is redacted. It
/// is none where a whole label is in that script.
fn text_before(link: &str) -> usize {
    let label = link
        .split(|c: char| !c.is_alphanumeric() && !is_combining_mark(c))
        .next();
    let label = label.unwrap_or_default();
    let before = label.rfind(is_unspaced).map_or(0, |at| {
        at + label[at..].chars().next().map_or(0, char::len_utf8)
    });
    // Its marks are its own.
    let marks = label[before..].trim_start_matches(is_combining_mark);
    if marks.is_empty() {
        return 0;
    }
    label.len() - marks.len()
}

/// Scripts whose words stand next to Latin ones without a space: those without any, Katakana, and Hangul.
fn is_unspaced(c: char) -> bool {
    skeleton::is_unspaced(c)
        || matches!(c, '\u{3005}' | '\u{30a0}'..='\u{30ff}' | '\u{1100}'..='\u{11ff}' | '\u{ac00}'..='\u{d7a3}')
}

/// Where the part between the scheme and the path stands.
fn authority(link: &str) -> Range<usize> {
    let start = link.find("://").map_or(0, |at| at + "://".len());
    let end = link[start..].find(['/', '\\', '?', '#']);
    start..end.map_or(link.len(), |length| start + length)
}

/// The host of a link, as a browser would find it (WHATWG URL): what is before an `@` is a name to log
/// in with, a backslash is a slash.
fn host(link: &str) -> Option<String> {
    let link = link.to_ascii_lowercase();
    let host = link[authority(&link)].rsplit('@').next()?;
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
            ("看evil.com", Some("evil.com")),
            ("大家看evil.com吧", Some("evil.com")),
            ("evil.comで会おう", Some("evil.com")),
            ("テレビevil.tvで", Some("evil.tv")),
            ("여기evil.com에서", Some("evil.com")),
            ("ดูที่evil.comนะ", Some("evil.com")),
            ("ที่evil.com", Some("evil.com")),
            ("смотриevil.com", Some("смотриevil.com")),
            ("еvil.com", Some("еvil.com")),
            ("evil.comсмотри", Some("evil.com")),
            ("看https://evil.club", Some("https://evil.club")),
            ("смотриhttps://evil.club", Some("https://evil.club")),
            ("看www.evil.club", Some("www.evil.club")),
            ("看t.me/joinme", Some("t.me/joinme")),
            ("看evil.net吧", Some("evil.net")),
            ("見て。evil.com。GG", Some("evil.com")),
            ("müller.com", Some("müller.com")),
            ("mu\u{308}ller.com", Some("mu\u{308}ller.com")),
            ("例え.com", Some("例え.com")),
            ("пример.com", Some("пример.com")),
            ("пример.рф сегодня", Some("пример.рф")),
            ("xn--e1afmkfd.xn--p1ai", Some("xn--e1afmkfd.xn--p1ai")),
            ("_evil.com_", Some("_evil.com_")),
            ("yo\u{308}utube.com", Some("yo\u{308}utube.com")),
            ("y\u{336}outube.com", Some("y\u{336}outube.com")),
            (
                "https://yo\u{308}utube.com",
                Some("https://yo\u{308}utube.com"),
            ),
            ("müyoutube.com", Some("müyoutube.com")),
            // Nobody can say whether it is one to `youtube.com`.
            ("看youtube.com", Some("youtube.com")),
            (
                "youtube.com看.evil.live/x",
                Some("youtube.com看.evil.live/x"),
            ),
            ("youtube.com看.evil", Some("youtube.com")),
            ("看 youtube.com", None),
            ("看https://youtube.com/x", None),
            ("youtube.com看看", None),
            ("youtube.comで見た。GG", None),
            ("youtube.com。すごい", None),
            ("https://youtube.com/x👍\u{fe0f}", None),
            ("すごいwww。まじで", None),
            ("すごいwww。GG", None),
            ("草www.草", None),
            ("見た。tvで", None),
            ("bra.två gånger", None),
            ("evil.com×", Some("evil.com")),
            ("evil.com×2", Some("evil.com")),
            ("evil.com÷", Some("evil.com")),
            ("evil.com÷2 ok", Some("evil.com")),
            ("müller.de", Some("müller.de")),
            ("schau müller.de.", Some("müller.de")),
            ("bücher.eu", Some("bücher.eu")),
            ("evil.DE", Some("evil.DE")),
            ("看evil.DE", Some("evil.DE")),
            ("müller.De/x", Some("müller.De/x")),
            ("müller.De.com", Some("müller.De.com")),
            ("müller (dot) DE", Some("müller (dot) DE")),
            ("evil.com.terminé.De", Some("evil.com")),
            ("youtube.com.terminé.De", Some("youtube.com")),
            ("c'est terminé.De plus", None),
            ("c'est terminé. De plus", None),
            ("c'est terminé .De plus", None),
            ("é isso aí.Eu acho", None),
            ("así sé.De nada", None),
            ("così è.bello.De", None),
            ("É ISSO AÍ.EU ACHO", None),
            // The keyboards of scripts that run from the right put a mark of direction behind Latin words.
            ("youtube.com\u{200e}", None),
            ("ראו youtube.com\u{200f} עכשיו", None),
            ("youtube.com\u{200f}\u{200e} ok", None),
            ("https://youtube.com\u{200f}", None),
            ("evil.com\u{200f}", Some("evil.com\u{200f}")),
            ("you\u{200f}tube.com", Some("you\u{200f}tube.com")),
            ("youtube.com\u{200f}.evil", Some("youtube.com\u{200f}")),
            ("youtube.com\u{200f}/x", Some("youtube.com\u{200f}/x")),
            (
                "youtube.com\u{336}\u{200f}",
                Some("youtube.com\u{336}\u{200f}"),
            ),
            ("fini.comédie ensuite", None),
            ("законы.рфских", None),
            ("привет.как дела", None),
            ("- .com", None),
        ];
        for (text, wanted) in cases {
            let found = allowed.find_others(&Plain::of(text), &[]);
            let found = found.first().map(|at| &text[at.clone()]);
            assert_eq!(found, wanted, "{text}");
        }
    }
}
