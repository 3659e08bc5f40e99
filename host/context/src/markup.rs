//! From a cue's lines to plain text.

/// Tags of WebVTT (<https://www.w3.org/TR/webvtt1/#cue-text>) and those that SubRip files borrow
/// from HTML. Anything else between angle brackets is taken for text: people do write `x < y`.
const TAGS: [&str; 16] = [
    "b", "br", "c", "em", "font", "i", "lang", "p", "rt", "ruby", "s", "span", "strong", "u", "v",
    "tt",
];

/// Joins the lines of a cue, without tags, style overrides, entities, speaker dashes, and
/// characters that nobody sees. Whitespace is folded to single spaces.
pub(crate) fn plain(lines: &[&str]) -> String {
    let mut plain = String::new();
    for line in lines {
        let line = unescape(&strip_tags(&strip_overrides(line)));
        let line = line.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        for word in speech(line).split_whitespace() {
            let start = plain.len();
            if start > 0 {
                plain.push(' ');
            }
            let before = plain.len();
            plain.extend(word.chars().filter(|&c| is_seen(c)));
            if plain.len() == before {
                plain.truncate(start);
            }
        }
    }
    plain
}

/// Without the mark of a new speaker at the start of a line: `- `, `>> `.
fn speech(line: &str) -> &str {
    for mark in [">>>", ">>"] {
        if let Some(rest) = line.strip_prefix(mark) {
            return rest;
        }
    }
    match line.strip_prefix(['-', '\u{2013}', '\u{2014}']) {
        Some(rest) if !rest.starts_with(|c: char| c.is_ascii_digit() || c == '-') => rest,
        _ => line,
    }
}

/// Neither a control character nor a direction mark, a joiner or a soft hyphen.
fn is_seen(c: char) -> bool {
    !c.is_control()
        && !matches!(c,
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}'
            | '\u{feff}' | '\u{fffd}')
}

/// Drops `{\an8}` and the like, which come from SubStation Alpha.
fn strip_overrides(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(open) = rest.find("{\\") {
        let Some(length) = rest[open..].find('}') else {
            break;
        };
        out.push_str(&rest[..open]);
        rest = &rest[open + length + 1..];
    }
    out.push_str(rest);
    out
}

fn strip_tags(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(open) = rest.find('<') {
        out.push_str(&rest[..open]);
        let inside = &rest[open + 1..];
        match inside
            .find(['<', '>'])
            .filter(|&end| inside[end..].starts_with('>'))
        {
            Some(end) if is_tag(&inside[..end]) => {
                if inside
                    .get(..2)
                    .is_some_and(|name| name.eq_ignore_ascii_case("br"))
                {
                    out.push(' ');
                }
                rest = &inside[end + 1..];
            }
            _ => {
                out.push('<');
                rest = inside;
            }
        }
    }
    out.push_str(rest);
    out
}

fn is_tag(inside: &str) -> bool {
    let inside = inside.trim_start_matches('/');
    let name = inside
        .split(['.', ' ', '\t', '/'])
        .next()
        .unwrap_or_default();
    TAGS.iter().any(|tag| name.eq_ignore_ascii_case(tag)) || is_time_tag(inside)
}

/// `<00:00:01.480>`, which auto-captions put between words.
fn is_time_tag(inside: &str) -> bool {
    inside.contains(':')
        && inside
            .bytes()
            .all(|b| b.is_ascii_digit() || b":.,".contains(&b))
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let entity = rest
            .char_indices()
            .take(10)
            .find(|&(_, c)| c == ';')
            .map(|(end, _)| end);
        match entity.and_then(|end| Some((end, character(&rest[1..end])?))) {
            Some((end, character)) => {
                out.push(character);
                rest = &rest[end + 1..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn character(entity: &str) -> Option<char> {
    Some(match entity {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "lrm" => '\u{200e}',
        "rlm" => '\u{200f}',
        "hellip" => '\u{2026}',
        "mdash" => '\u{2014}',
        "ndash" => '\u{2013}',
        _ => {
            let number = entity.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)?
        }
    })
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn markup_becomes_plain_text() {
        let cases: [(&[&str], &str); 17] = [
            (&["hi"], "hi"),
            (&["  two", "lines  "], "two lines"),
            (&["<v Mary Ann>hello</v> <i>there</i>"], "hello there"),
            (&["<c.yellow.bg_blue>yes</c>"], "yes"),
            (&["well<00:00:00.480><c> now</c>"], "well now"),
            (&["<font color=\"#fff\">one</font><br/>two"], "one two"),
            (&["{\\an8}up here"], "up here"),
            (&["x < y and y > z, I <3 you"], "x < y and y > z, I <3 you"),
            (
                &["Tom &amp; Jerry &lt;b&gt; &#39;n&#x27; &nbsp; co"],
                "Tom & Jerry <b> 'n' co",
            ),
            (&["&amp;lt; is once unescaped"], "&lt; is once unescaped"),
            (
                &["AT&T & sons &bogus; &#xFFFFFFFF;"],
                "AT&T & sons &bogus; &#xFFFFFFFF;",
            ),
            (&["- Who?", "- Me."], "Who? Me."),
            (&[">> NEWS at ten", "-5 degrees"], "NEWS at ten -5 degrees"),
            (
                &["zero\u{200b}width \u{202e}turned\u{0}"],
                "zerowidth turned",
            ),
            (&["\u{200b} a \u{200b} b"], "a b"),
            (&["<v Bob", "unclosed {\\an8"], "<v Bob unclosed {\\an8"),
            (&["<i></i>", " "], ""),
        ];
        for (lines, expected) in cases {
            assert_eq!(plain(lines), expected, "{lines:?}");
        }
    }
}
