//! Numbers that lead to a person: cards, bank accounts, phones.

use super::{all, regex};
use regex::Regex;
use std::{ops::Range, sync::LazyLock};

/// Fewer digits are none of these.
const LEAST_DIGITS: usize = 8;

fn digits(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count()
}

/// Card numbers: 13 to 19 digits, in groups or not, that begin as one of the large issuers' do and pass
/// Luhn's check. Other numbers may stand around one: of what begins and ends with a group the longest counts.
pub(super) fn cards(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    if digits(text) < LEAST_DIGITS {
        return found;
    }
    let bytes = text.as_bytes();
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let mut at = 0;
    while at < bytes.len() {
        let begins = matches!(bytes[at], b'2'..=b'6') && (at == 0 || !is_word(bytes[at - 1]));
        match begins.then(|| card_from(bytes, at)).flatten() {
            Some(end) => {
                found.push(at..end);
                at = end;
            }
            None => at += 1,
        }
    }
    found
}

/// Where the longest card number ends that begins here.
fn card_from(text: &[u8], start: usize) -> Option<usize> {
    let mut number = Vec::with_capacity(MOST_CARD_DIGITS);
    let mut longest = None;
    let mut at = start;
    while let Some(digit) = text.get(at).filter(|byte| byte.is_ascii_digit()) {
        number.push(digit - b'0');
        if number.len() > MOST_CARD_DIGITS {
            break;
        }
        at += 1;
        let next = text.get(at).copied();
        if next.is_some_and(|next| next.is_ascii_digit()) {
            continue;
        }
        let ends = next.is_none_or(|next| !next.is_ascii_alphanumeric() && next != b'_');
        // The same digit over and over passes the check and is no card.
        let is_card = ends
            && number.len() >= LEAST_CARD_DIGITS
            && number.iter().any(|digit| *digit != number[0])
            && is_luhn(&number);
        if is_card {
            longest = Some(at);
        }
        if !matches!(next, Some(b' ' | b'.' | b'-')) {
            break;
        }
        at += 1;
    }
    longest
}

const LEAST_CARD_DIGITS: usize = 13;
const MOST_CARD_DIGITS: usize = 19;

/// ISO/IEC 7812-1, annex B.
fn is_luhn(number: &[u8]) -> bool {
    let sum: u32 = number
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| {
            let doubled = u32::from(*digit) << (at % 2);
            doubled / 10 + doubled % 10
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Lengths of account numbers by country (SWIFT's IBAN registry).
const IBAN_LENGTHS: &str = "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 \
    DE22 DK18 DO28 EE20 EG29 ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 \
    IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 \
    NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 \
    VA22 VG24 XK20";

/// Account numbers, in groups or not.
pub(super) fn ibans(text: &str) -> Vec<Range<usize>> {
    static BEGINNINGS: LazyLock<Regex> = LazyLock::new(|| regex(r"(?-u)\b[A-Za-z]{2}[0-9]{2}"));
    if digits(text) < LEAST_DIGITS {
        return Vec::new();
    }
    BEGINNINGS
        .find_iter(text)
        .filter_map(|found| {
            let start = found.start();
            let country = text[start..start + 2].to_ascii_uppercase();
            let length: usize = IBAN_LENGTHS
                .split(' ')
                .find_map(|entry| entry.strip_prefix(country.as_str()))?
                .parse()
                .ok()?;
            let mut number = Vec::with_capacity(length);
            for (at, byte) in text[start..].bytes().enumerate() {
                match byte {
                    b' ' | b'-' => {}
                    byte if byte.is_ascii_alphanumeric() => number.push(byte),
                    _ => return None,
                }
                if number.len() == length {
                    let end = start + at + 1;
                    let ended = text[end..]
                        .bytes()
                        .next()
                        .is_none_or(|next| !next.is_ascii_alphanumeric());
                    return (ended && is_mod_97(&number)).then_some(start..end);
                }
            }
            None
        })
        .collect()
}

/// ISO 13616: the first four characters at the end, letters as 10 to 35, and the whole is 1 modulo 97.
fn is_mod_97(number: &[u8]) -> bool {
    let rest = number[4..]
        .iter()
        .chain(&number[..4])
        .fold(0_u32, |rest, byte| {
            let letter = byte.to_ascii_uppercase();
            match letter {
                b'0'..=b'9' => (rest * 10 + u32::from(letter - b'0')) % 97,
                _ => (rest * 100 + u32::from(letter.saturating_sub(b'A')) + 10) % 97,
            }
        });
    rest == 1
}

/// Phone numbers: with a country's code (E.164) behind `+` or `00`, or in the groups of North America, France, and those
/// that begin with 0 elsewhere in Europe.
pub(super) fn phones(text: &str) -> Vec<Range<usize>> {
    static NUMBERS: LazyLock<Regex> = LazyLock::new(|| {
        regex(concat!(
            r"(?-u)\+[1-9](?:[ ()./-]{0,2}[0-9]){7,14}\b",
            r"|\b00[1-9](?:[ ()./-]{0,2}[0-9]){7,13}\b",
            r"|\(?\b[2-9][0-9]{2}\)?[ .-]{1,2}[2-9][0-9]{2}[ .-][0-9]{4}\b",
            r"|\b0[1-9](?:[ .-][0-9]{2}){4}\b",
            r"|\b0[1-9][0-9]{1,3}[ /-]{1,3}[0-9]{3,4}[ -]?[0-9]{3,5}\b",
            r"|\b0[1-9][0-9]{8,9}\b"
        ))
    });
    if digits(text) < LEAST_DIGITS {
        return Vec::new();
    }
    let mut found = all(&NUMBERS, text);
    found.retain(|at| {
        let number = &text[at.clone()];
        let before = &text[..at.start];
        // Letters of other scripts stand next to a number without a space.
        let is_part = before
            .ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '#' | '$'))
            || is_fraction(before)
            || !number.starts_with(['+', '(']) && is_tail(before, number);
        !is_part && (LEAST_DIGITS..=15).contains(&digits(number))
    });
    found
}

/// Whether what follows is behind a decimal point; a word may have a full stop (`Tel.`).
fn is_fraction(before: &str) -> bool {
    before
        .strip_suffix('.')
        .is_some_and(|before| before.ends_with(|c: char| c.is_ascii_digit()))
}

/// Whether it is the end of a longer number that has spaces: of one with thousands apart, or of a year
/// and what follows.
fn is_tail(before: &str, number: &str) -> bool {
    let spaced = before.trim_end_matches(' ');
    let group = spaced.bytes().rev().take_while(u8::is_ascii_digit).count();
    match group {
        0 => false,
        1 | 2 => number.split(' ').all(|group| group.len() == 3),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(find: fn(&str) -> Vec<Range<usize>>, cases: &[(&str, &[&str])]) {
        for (text, wanted) in cases {
            let found: Vec<_> = find(text).into_iter().map(|at| &text[at]).collect();
            assert_eq!(&found, wanted, "{text}");
        }
    }

    #[test]
    fn a_card_is_what_its_checksum_says() {
        check(
            cards,
            &[
                ("4111 1111 1111 1111 mine", &["4111 1111 1111 1111"]),
                ("5500-0000-0000-0004", &["5500-0000-0000-0004"]),
                ("378282246310005", &["378282246310005"]),
                ("卡号4111 1111 1111 1111吧", &["4111 1111 1111 1111"]),
                ("4111 1111 1111 1111 12/27 123", &["4111 1111 1111 1111"]),
                ("4111111111111111 123 ok", &["4111111111111111"]),
                ("20 4111 1111 1111 1111", &["4111 1111 1111 1111"]),
                (
                    "4111 1111 1111 1111 5500-0000-0000-0004",
                    &["4111 1111 1111 1111", "5500-0000-0000-0004"],
                ),
                ("x4111 1111 1111 1111", &[]),
                ("4111 1111 1111 1112", &[]),
                ("4444444444444444444", &[]),
                ("1234567890123456", &[]),
                ("score 3141592653589", &[]),
            ],
        );
    }

    #[test]
    fn an_iban_is_what_its_checksum_says() {
        check(
            ibans,
            &[
                (
                    "DE89 3704 0044 0532 0130 00 thanks",
                    &["DE89 3704 0044 0532 0130 00"],
                ),
                ("gb82west12345698765432", &["gb82west12345698765432"]),
                ("счётDE89370400440532013000", &["DE89370400440532013000"]),
                (
                    "FR1420041010050500013M02606!",
                    &["FR1420041010050500013M02606"],
                ),
                ("DE88 3704 0044 0532 0130 00", &[]),
                ("XX89 3704 0044 0532 0130 00", &[]),
                ("de89 beats", &[]),
            ],
        );
    }

    #[test]
    fn phones_are_found_and_scores_are_not() {
        check(
            phones,
            &[
                ("call +49 171 2345678 now", &["+49 171 2345678"]),
                ("+1 (555) 010-9999", &["+1 (555) 010-9999"]),
                ("(555) 234-5678", &["(555) 234-5678"]),
                ("555-234-5678", &["555-234-5678"]),
                ("06 12 34 56 78", &["06 12 34 56 78"]),
                ("030/1234567 oder", &["030/1234567"]),
                ("020 7946 0958", &["020 7946 0958"]),
                ("07123456789", &["07123456789"]),
                ("0049 171 2345678", &["0049 171 2345678"]),
                ("ring 00441632960961!", &["00441632960961"]),
                ("2 +49 171 2345678", &["+49 171 2345678"]),
                ("1 555-234-5678", &["555-234-5678"]),
                ("2 06 12 34 56 78", &["06 12 34 56 78"]),
                ("携帯は090-1234-5678です", &["090-1234-5678"]),
                ("电话+8613812345678", &["+8613812345678"]),
                ("번호는 010-1234-5678이야", &["010-1234-5678"]),
                ("โทร081-234-5678นะ", &["081-234-5678"]),
                ("звони+79161234567сейчас", &["+79161234567"]),
                ("Tel.0171 2345678", &["0171 2345678"]),
                ("得分1000000000分", &[]),
                ("1 012 345 678 points", &[]),
                ("2024 05 06 12 34 56", &[]),
                ("00:12:30.456 at 00 12 30", &[]),
                ("1 000 000 000 points", &[]),
                ("12:30:45.678 new record", &[]),
                ("2024-05-06 12:00", &[]),
                ("seed 123456789", &[]),
                ("+100000 xp", &[]),
                ("0.1234567890", &[]),
                ("x0612345678 id_0612345678", &[]),
            ],
        );
    }
}
