//! Personal data and secrets, by their form.
//!
//! A number is what its checksum says: cards by Luhn (ISO/IEC 7812-1), accounts by ISO 7064 mod 97-10
//! with the lengths of the IBAN registry. Addresses of one's own machine and of private networks
//! (RFC 1918, RFC 4193, loopback) say nothing about anybody and pass.

mod numbers;
mod streets;

use crate::plain::Plain;
use chatter_protocol::{moderation::Action, policy::Patterns};
use regex::Regex;
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    ops::Range,
    sync::LazyLock,
};

/// A pattern that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Match {
    pub(crate) rule: &'static str,
    pub(crate) reason: &'static str,
    pub(crate) action: Action,
    /// In bytes of the text.
    pub(crate) at: Range<usize>,
}

type Find = fn(&str) -> Vec<Range<usize>>;

/// All of them, as a policy names them; where two find the same, the first counts.
const ALL: [(&str, &str, Find); 7] = [
    (
        "secret",
        "holds a key or token: nobody should see it",
        secrets,
    ),
    ("email", "holds an address of e-mail", emails),
    ("card", "holds the number of a card", numbers::cards),
    ("iban", "holds the number of a bank account", numbers::ibans),
    ("ip_address", "holds an IP address", ip_addresses),
    ("phone", "holds a phone number", numbers::phones),
    (
        "street_address",
        "holds a street address",
        streets::street_addresses,
    ),
];

/// What a policy asks to be found.
#[derive(Debug)]
pub(crate) struct Search(Vec<(&'static str, &'static str, Find, Action)>);

impl Search {
    pub(crate) fn new(patterns: &Patterns) -> Self {
        let wanted = |rule| match rule {
            "secret" => patterns.secret,
            "email" => patterns.email,
            "card" => patterns.card,
            "iban" => patterns.iban,
            "ip_address" => patterns.ip_address,
            "phone" => patterns.phone,
            _ => patterns.street_address,
        };
        let all = ALL.into_iter().filter_map(|(rule, reason, find)| {
            let action = wanted(rule).filter(|action| *action != Action::Allow)?;
            Some((rule, reason, find, action))
        });
        Self(all.collect())
    }

    pub(crate) fn find(&self, plain: &Plain<'_>) -> Vec<Match> {
        let mut found: Vec<Match> = Vec::new();
        for (rule, reason, find, action) in &self.0 {
            for at in find(&plain.text) {
                let at = plain.origin(at);
                if !found.iter().any(|other| overlap(&other.at, &at)) {
                    found.push(Match {
                        rule,
                        reason,
                        action: *action,
                        at,
                    });
                }
            }
        }
        found
    }
}

pub(crate) fn overlap(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start < b.end && b.start < a.end
}

/// A pattern that is written here.
fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is right, as a test shows")
}

fn all(regex: &Regex, text: &str) -> Vec<Range<usize>> {
    regex.find_iter(text).map(|found| found.range()).collect()
}

fn emails(text: &str) -> Vec<Range<usize>> {
    static PLAIN: LazyLock<Regex> = LazyLock::new(|| {
        regex(r"(?i-u)[a-z0-9._%+-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,4}\.[a-z]{2,24}\b")
    });
    static MASKED: LazyLock<Regex> = LazyLock::new(|| {
        regex(concat!(
            r"(?i-u)[a-z0-9._%+-]{1,64}\s?[(\[{]\s?at\s?[)\]}]\s?[a-z0-9-]{1,63}",
            r"(?:\s?(?:\.|[(\[{]\s?dot\s?[)\]}])\s?[a-z0-9-]{1,63}){0,4}?",
            r"\s?(?:\.|[(\[{]\s?dot\s?[)\]}])\s?[a-z]{2,24}\b"
        ))
    });
    static SPOKEN: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            r"(?i-u)\b[a-z0-9._+-]{2,64}\s+at\s+[a-z0-9-]{2,63}\s+(?:dot|punkt)\s+(?:com|net|org|de|fr|uk|io|me|es|it)\b",
        )
    });
    let mut found = Vec::new();
    if text.contains('@') {
        found.extend(all(&PLAIN, text));
    }
    if text.contains(['(', '[', '{']) {
        found.extend(all(&MASKED, text));
    }
    if text.contains(" at ") || text.contains(" AT ") {
        found.extend(all(&SPOKEN, text));
    }
    found
}

fn secrets(text: &str) -> Vec<Range<usize>> {
    // The forms that their makers document, so that they can be found: OpenAI and Anthropic, GitHub,
    // GitLab, AWS, Google, Slack, Stripe, Hugging Face, npm, Twitch's stream keys, Discord, JWT (RFC 7519).
    static ALL: LazyLock<Regex> = LazyLock::new(|| {
        regex(concat!(
            r"(?-u)\b(?:sk-[A-Za-z0-9_-]{20,}|gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{22,}",
            r"|glpat-[A-Za-z0-9_-]{20,}|(?:AKIA|ASIA)[A-Z0-9]{16}\b|AIza[A-Za-z0-9_-]{35}",
            r"|xox[abeprs]-[A-Za-z0-9-]{10,}|[rs]k_(?:live|test)_[A-Za-z0-9]{16,}|hf_[A-Za-z0-9]{30,}",
            r"|npm_[A-Za-z0-9]{36}|live_[0-9]{6,12}_[A-Za-z0-9]{20,}",
            r"|[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,}",
            r"|eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,})",
            r"|-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----[A-Za-z0-9+/=\s]*(?:-----END [A-Z ]{0,20}PRIVATE KEY-----)?"
        ))
    });
    // All of them are longer than words are.
    let long = text
        .split_ascii_whitespace()
        .any(|word| word.len() >= 20 || word.starts_with("-----"));
    if long { all(&ALL, text) } else { Vec::new() }
}

fn ip_addresses(text: &str) -> Vec<Range<usize>> {
    static RUNS: LazyLock<Regex> = LazyLock::new(|| regex(r"(?-u)[0-9A-Fa-f:.]{7,45}"));
    if !text.contains(['.', ':']) {
        return Vec::new();
    }
    RUNS.find_iter(text)
        .filter_map(|run| ip_address(text, run.range()))
        .collect()
}

/// The public address at the end of a run of its characters. A word and a colon may stand in front (`ip:`, and `add:`,
/// which could be of the address), and so may the zeros of an IPv6 address that holds one of IPv4.
fn ip_address(text: &str, run: Range<usize>) -> Option<Range<usize>> {
    let end = run.start + text[run.clone()].trim_end_matches(['.', ':']).len();
    // Letters of other scripts stand next to an address without a space.
    let is_part = |c: char| c.is_ascii_alphanumeric();
    if text[end..].starts_with(is_part) {
        return None;
    }
    let colons = text[run.start..end].match_indices(':');
    let behind_colons = colons.map(|(at, _)| run.start + at + 1);
    for start in std::iter::once(run.start).chain(behind_colons) {
        let kept = text[start..end].trim_start_matches('.');
        let at = end - kept.len()..end;
        // A port may follow.
        let (address, port) = match kept.split_once(':') {
            Some((address, port)) if address.contains('.') => (address, port),
            _ => (kept, ""),
        };
        if port.len() > 5 || text[..at.start].ends_with(is_part) {
            continue;
        }
        let is_public = match address.parse() {
            Ok(IpAddr::V4(address)) => is_public_v4(address),
            Ok(IpAddr::V6(address)) if is_private_v6(address) => return None,
            Ok(IpAddr::V6(address)) => is_public_v6(address),
            Err(_) => false,
        };
        if is_public {
            return (!is_version(&text[..at.start], &text[end..])).then_some(at);
        }
    }
    None
}

/// Whether four numbers are of a program, by what stands around them.
fn is_version(before: &str, after: &str) -> bool {
    const WORDS: [&str; 11] = [
        "version",
        "ver",
        "patch",
        "build",
        "update",
        "v",
        "firmware",
        "версия",
        "версии",
        "патч",
        "обновление",
    ];
    // Chinese, Japanese and Korean have no space in between.
    const UNSPACED: [&str; 12] = [
        "版本",
        "版本号",
        "补丁",
        "補丁",
        "固件",
        "更新",
        "バージョン",
        "パッチ",
        "アプデ",
        "버전",
        "패치",
        "업데이트",
    ];
    let before = before.trim_end_matches([' ', ':', '.', '#', '=']);
    let word = before
        .rsplit(|c: char| !c.is_alphanumeric())
        .next()
        .unwrap_or_default();
    WORDS.contains(&&*word.to_lowercase())
        || UNSPACED.iter().any(|known| word.ends_with(known))
        || ["版", "バージョン", "버전"]
            .iter()
            .any(|known| after.starts_with(known))
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, ..] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || first == 0)
}

/// Addresses of one's own machine and network.
fn is_private_v6(address: Ipv6Addr) -> bool {
    address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
}

/// What is in use on the Internet is 2000::/3 (RFC 4291).
fn is_public_v6(address: Ipv6Addr) -> bool {
    address.segments()[0] >> 13 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_finds_what_it_is_for_and_no_more() {
        let key = format!("sk-{}", "a1B2".repeat(8));
        let cases: &[(&str, &str, &[&str])] = &[
            (
                "email",
                "write to ana.b+c@mail.example.co.uk, ok",
                &["ana.b+c@mail.example.co.uk"],
            ),
            (
                "email",
                "ana (at) example (dot) com",
                &["ana (at) example (dot) com"],
            ),
            (
                "email",
                "ana[at]example[dot]org",
                &["ana[at]example[dot]org"],
            ),
            (
                "email",
                "ana at example dot com",
                &["ana at example dot com"],
            ),
            ("email", "nice one @ana. gg", &[]),
            ("email", "@nova @pip look at dot com boom", &[]),
            ("email", "5 @ 3.50 each", &[]),
            (
                "email",
                "hi @ana. write me: bo@example.org",
                &["bo@example.org"],
            ),
            (
                "ip_address",
                "join 203.0.113.9:25565 now",
                &["203.0.113.9:25565"],
            ),
            ("ip_address", "2001:db8::1 is up", &["2001:db8::1"]),
            ("ip_address", "at ::ffff:203.0.113.9", &["203.0.113.9"]),
            ("ip_address", "[2001:db8::1]:25565", &["2001:db8::1"]),
            ("ip_address", "ip:203.0.113.9", &["203.0.113.9"]),
            ("ip_address", "IP:203.0.113.9:25565", &["203.0.113.9:25565"]),
            ("ip_address", "add:203.0.113.9.", &["203.0.113.9"]),
            ("ip_address", "ip:2001:db8::1", &["2001:db8::1"]),
            ("ip_address", "add:2001:db8::1", &["2001:db8::1"]),
            ("ip_address", "ip::2001:db8::1", &["2001:db8::1"]),
            ("ip_address", "服务器203.0.113.9来玩", &["203.0.113.9"]),
            ("ip_address", "サーバー2001:db8::1です", &["2001:db8::1"]),
            ("ip_address", "เซิร์ฟ203.0.113.9นะ", &["203.0.113.9"]),
            ("ip_address", "сервер203.0.113.9сегодня", &["203.0.113.9"]),
            (
                "ip_address",
                "::ffff:192.168.0.1 ip:10.0.0.7 fd00:2001:db8::1 fe80::2001:db8:0:1 ::1",
                &[],
            ),
            ("ip_address", "version:1.2.3.4, patch: 2.0.1.4", &[]),
            ("ip_address", "版本1.2.3.4 バージョン1.2.3.4 1.2.3.4版", &[]),
            ("ip_address", "版本号1.2.3.4 版本号: 1.2.3.4", &[]),
            ("ip_address", "補丁1.2.3.4 新固件 1.2.3.4", &[]),
            ("ip_address", "アプデ1.2.3.4 업데이트 1.2.3.4", &[]),
            ("ip_address", "версия 1.2.3.4", &[]),
            ("ip_address", "Патч 1.2.3.4, обновление: 1.2.3.4", &[]),
            ("ip_address", "号203.0.113.9", &["203.0.113.9"]),
            ("ip_address", "x203.0.113.9 203.0.113.9x", &[]),
            ("ip_address", "192.168.0.1 and 127.0.0.1 and 10.0.0.7", &[]),
            ("ip_address", "v1.2.3.4 at 12:30:45, ::: 1.5.2", &[]),
            ("ip_address", "score 3.2.1.400, patch 2.0.1.4", &[]),
            ("secret", &key, &[&key]),
            ("secret", "sk-ate or sk-8", &[]),
            (
                "secret",
                "AKIAIOSFODNN7EXAMPLE leaked",
                &["AKIAIOSFODNN7EXAMPLE"],
            ),
            (
                "secret",
                "live_123456789_abcdefghijklmnopqrstuvwx",
                &["live_123456789_abcdefghijklmnopqrstuvwx"],
            ),
            (
                "secret",
                "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
                &["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl"],
            ),
            (
                "secret",
                "-----BEGIN PRIVATE KEY----- MIIEvQIB ADAN+x/= -----END PRIVATE KEY-----, see",
                &["-----BEGIN PRIVATE KEY----- MIIEvQIB ADAN+x/= -----END PRIVATE KEY-----"],
            ),
            (
                "secret",
                "so -----BEGIN RSA PRIVATE KEY----- MIIEvQIB ADAN+x/=",
                &["-----BEGIN RSA PRIVATE KEY----- MIIEvQIB ADAN+x/="],
            ),
            ("secret", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", &[]),
        ];
        for (rule, text, wanted) in cases {
            let (.., find) = ALL.iter().find(|(name, ..)| name == rule).unwrap();
            let found: Vec<_> = find(text).into_iter().map(|at| &text[at]).collect();
            assert_eq!(&found, wanted, "{rule}: {text}");
        }
    }

    #[test]
    fn full_width_digits_are_digits() {
        let patterns = Patterns {
            ip_address: Some(Action::Redact),
            ..Patterns::default()
        };
        let text = "join ２０３．０．１１３．９ now";
        let found = Search::new(&patterns).find(&Plain::of(text));
        assert_eq!(&text[found[0].at.clone()], "２０３．０．１１３．９");
    }

    /// A presentation selector, a keycap, what strikes out, and marks of any script, after each character.
    #[test]
    fn marks_hide_no_number() {
        let redact = Some(Action::Redact);
        let patterns = Patterns {
            card: redact,
            iban: redact,
            phone: redact,
            ip_address: redact,
            email: redact,
            ..Patterns::default()
        };
        let search = Search::new(&patterns);
        for (rule, number) in [
            ("card", "4111111111111111"),
            ("card", "4111 1111 1111 1111"),
            ("iban", "DE89370400440532013000"),
            ("phone", "01712345678"),
            ("phone", "+49 171 2345678"),
            ("ip_address", "203.0.113.9"),
            ("email", "ana@example.com"),
        ] {
            // In the digits of other scripts as well.
            for zero in ['٠', '۰', '०', '๐'] {
                let theirs = |c: char| {
                    let digit = c
                        .to_digit(10)
                        .and_then(|n| char::from_u32(u32::from(zero) + n));
                    digit.unwrap_or(c)
                };
                let written: String = number.chars().map(theirs).collect();
                let found = search.find(&Plain::of(&written));
                let found: Vec<_> = found.iter().map(|found| found.rule).collect();
                assert_eq!(found, [rule], "{written}");
            }
            for mark in [
                "",
                "\u{fe0f}",
                "\u{fe0f}\u{20e3}",
                "\u{20e3}",
                "\u{336}",
                "\u{336}\u{332}",
                "\u{e47}",
            ] {
                let marked: String = number.chars().map(|c| format!("{c}{mark}")).collect();
                let text = format!("é {marked} ok");
                let found = search.find(&Plain::of(&text));
                let found: Vec<_> = found
                    .iter()
                    .map(|found| (found.rule, &text[found.at.clone()]))
                    .collect();
                assert_eq!(found, [(rule, &*marked)], "{text}");
            }
        }
    }
}
