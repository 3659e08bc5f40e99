//! One chat line out of any text.
//!
//! Language models answer with quotes, markup, a name in front or a second paragraph, however
//! clearly they were told not to. What is left here is what a person would have typed.

use crate::emote;

/// What a model wraps its reasoning in.
const THINKING: [(&str, &str); 3] = [
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<reasoning>", "</reasoning>"),
];

/// What stands around a line that is quoted or set off.
const WRAPPERS: [(char, char); 8] = [
    ('"', '"'),
    ('“', '”'),
    ('„', '“'),
    ('«', '»'),
    ('‘', '’'),
    ('\'', '\''),
    ('`', '`'),
    ('*', '*'),
];

/// The chat line in a completion: its first line that has words, without reasoning, code fences,
/// list marks, quotes, emphasis and without one of `names` in front (`Nova: hi`), cut to
/// `max_chars`. Emotes stay; what looks like one and is none goes. None if nothing is left.
///
/// ```
/// use persona_sdk::line::from_completion;
/// let raw = "<think>be brief</think>\n\n**Nova:** \"that jump though\"\nAnother line";
/// assert_eq!(from_completion(raw, &["Nova"], 300).as_deref(), Some("that jump though"));
/// ```
#[must_use]
pub fn from_completion(text: &str, names: &[&str], max_chars: usize) -> Option<String> {
    without_thinking(text)
        .lines()
        .map(str::trim)
        .filter(|line| {
            !line.starts_with("```") && !line.starts_with("<<<") && !line.starts_with(">>>")
        })
        .map(|line| emote::known(bare(line, names)))
        .find(|line| {
            line.chars()
                .any(|c| c.is_alphanumeric() || is_pictograph(c))
        })
        .and_then(|line| tidy(&line, max_chars))
}

/// Makes one line of a text: line breaks and runs of white space become one space, characters that
/// can't be seen are dropped, and what is beyond `max_chars` is cut off, between words if possible.
/// None if nothing is left.
#[must_use]
pub fn tidy(text: &str, max_chars: usize) -> Option<String> {
    let flat = flatten(text);
    let line = cut(&flat, max_chars);
    (!line.is_empty()).then(|| line.to_owned())
}

/// The text on one line, without what can't be seen.
pub(crate) fn flatten(text: &str) -> String {
    let seen: String = text
        .chars()
        .filter_map(|c| match c {
            c if c.is_whitespace() => Some(' '),
            c if is_invisible(c) => None,
            c => Some(c),
        })
        .collect();
    seen.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The beginning of a text: at most `max_chars` characters, ending at a word's end unless that
/// would lose more than half of them.
pub(crate) fn cut(text: &str, max_chars: usize) -> &str {
    let Some((end, _)) = text.char_indices().nth(max_chars) else {
        return text.trim();
    };
    let (kept, rest) = text.split_at(end);
    if rest.starts_with(char::is_whitespace) {
        return kept.trim();
    }
    match kept.rfind(char::is_whitespace) {
        Some(space) if space >= end / 2 => kept[..space].trim(),
        _ => kept.trim(),
    }
}

/// Control and format characters (Unicode general categories Cc and Cf, as far as chats abuse them), fillers,
/// and the variation selectors but for the emoji's, each of which can carry a byte that nobody sees. The
/// zero-width joiner stays: emoji are made with it.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'
                | '\u{1160}'
                | '\u{180e}'
                | '\u{200b}'
                | '\u{200c}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0e}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Emoji and other symbols that can stand for a whole line.
const fn is_pictograph(c: char) -> bool {
    matches!(c, '\u{2190}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}')
}

fn without_thinking(text: &str) -> String {
    let mut text = text.to_owned();
    for (open, close) in THINKING {
        loop {
            match (text.find(open), text.find(close)) {
                (Some(start), Some(end)) if start < end => {
                    text.replace_range(start..end + close.len(), "")
                }
                // Some servers keep the opening mark to themselves.
                (_, Some(end)) => text.replace_range(..end + close.len(), ""),
                // It never came to an end, and so to no answer.
                (Some(start), None) => text.truncate(start),
                (None, None) => break,
            }
        }
    }
    text
}

/// Takes off, from the outside in, whatever is not the line itself.
fn bare<'a>(line: &'a str, names: &[&str]) -> &'a str {
    let mut line = line;
    loop {
        let mut less = unwrapped(line);
        for mark in ["- ", "* ", "> ", "• ", "# ", "## ", "### "] {
            less = less.strip_prefix(mark).unwrap_or(less);
        }
        less = names
            .iter()
            .find_map(|name| without_name(less, name))
            .unwrap_or(less)
            .trim();
        if less.len() == line.len() {
            return line;
        }
        line = less;
    }
}

fn unwrapped(line: &str) -> &str {
    for (open, close) in WRAPPERS {
        let inner = line
            .strip_prefix(open)
            .and_then(|rest| rest.strip_suffix(close));
        // `"no" is "yes"` is not one quotation.
        if let Some(inner) =
            inner.filter(|inner| !inner.trim_matches([open, close]).contains([open, close]))
        {
            return inner.trim();
        }
    }
    line
}

/// The line without `Name:`, `Name [ai]:`, `**Name:**` or the like in front.
fn without_name<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let name = name.trim();
    let start = line.trim_start_matches(['*', '_', '[', '<', '@', ' ']);
    let head = start.get(..name.len()).filter(|_| !name.is_empty())?;
    if !head.eq_ignore_ascii_case(name) {
        return None;
    }
    let rest = start[name.len()..].trim_start_matches(['*', '_', ']', '>', ' ']);
    let rest = rest
        .strip_prefix("[ai]")
        .or_else(|| rest.strip_prefix("ai]"))
        .unwrap_or(rest);
    let rest = rest.trim_start_matches(['*', '_', ']', '>', ' ']);
    // `Nova :hype:` cheers for Nova.
    let rest = rest.strip_prefix(':').filter(|rest| {
        let code = rest.split_once(':').map_or("", |(code, _)| code);
        emote::find(code).is_none()
    })?;
    Some(rest.trim_start_matches(['*', '_', ' ']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_models_add_is_taken_off() {
        let cases = [
            ("gg", Some("gg")),
            ("\n\n  gg wp  \nsecond", Some("gg wp")),
            ("\"gg wp\"", Some("gg wp")),
            ("“gg wp”", Some("gg wp")),
            ("Nova: gg", Some("gg")),
            ("nova [ai]: gg", Some("gg")),
            ("**Nova:** gg", Some("gg")),
            ("[Nova]: \"gg\"", Some("gg")),
            ("\"Nova: gg\"", Some("gg")),
            ("Nova is here", Some("Nova is here")),
            ("**gg**", Some("gg")),
            ("*gg*", Some("gg")),
            ("- gg", Some("gg")),
            ("```\ngg\n```", Some("gg")),
            ("<think>hm\nhm</think>gg", Some("gg")),
            ("so, hm</think>\ngg", Some("gg")),
            ("<think>for ever", None),
            ("<think>a</think><think>b</think>gg", Some("gg")),
            ("...\n!!!\nok then", Some("ok then")),
            ("🔥🔥", Some("🔥🔥")),
            ("\"no\" is \"yes\"", Some("\"no\" is \"yes\"")),
            ("don't", Some("don't")),
            ("'twas 'great'", Some("'twas 'great'")),
            ("a\u{200b}b\u{202e}c", Some("abc")),
            ("<<<\ngg", Some("gg")),
            (":hype:", Some(":hype:")),
            ("nice :hype: :lol:", Some("nice :hype: :lol:")),
            ("Nova: :Hype:", Some(":hype:")),
            ("Nova :hype:", Some("Nova :hype:")),
            ("*:hype:*", Some(":hype:")),
            ("gg :raised_hands:", Some("gg")),
            (":raised_hands:\ngg", Some("gg")),
            ("at 10:30:00", Some("at 10:30:00")),
            ("\"\"", None),
            ("", None),
        ];
        for (raw, wanted) in cases {
            assert_eq!(
                from_completion(raw, &["Nova"], 300).as_deref(),
                wanted,
                "{raw:?}"
            );
        }
    }

    #[test]
    fn names_need_not_be_ascii() {
        assert_eq!(
            from_completion("Zoë: gg", &["Zoë"], 300).as_deref(),
            Some("gg")
        );
        assert_eq!(from_completion("é", &["Nova"], 300).as_deref(), Some("é"));
        assert_eq!(
            from_completion("x: gg", &[""], 300).as_deref(),
            Some("x: gg")
        );
    }

    #[test]
    fn long_lines_end_with_a_word() {
        let cases = [
            ("one two three", 7, Some("one two")),
            ("one two three", 9, Some("one two")),
            ("one two three", 13, Some("one two three")),
            ("unbreakable", 5, Some("unbre")),
            ("a unbreakable", 8, Some("a unbrea")),
            ("ääää öööö", 6, Some("ääää")),
            ("a\r\nb\u{2028}c\td", 20, Some("a b c d")),
            ("word", 0, None),
            (" \n ", 5, None),
        ];
        for (text, max, wanted) in cases {
            assert_eq!(tidy(text, max).as_deref(), wanted, "{text:?} at {max}");
        }
    }
}
