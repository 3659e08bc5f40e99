//! From what a model writes to what was asked for.

/// The longest text of a server that goes into an error, in characters.
const SHORT: usize = 200;

/// The tags in which models wrap their thoughts.
const REASONING: [&str; 3] = ["think", "thinking", "reasoning"];

/// The answer to a plain request, as one line: without reasoning, without the code fence or the
/// quotes around it, every run of white space and control characters a single space.
pub(super) fn one_line(text: &str) -> String {
    let text = without_reasoning(text);
    let line = fold(without_fence(text.trim()));
    without_quotes(&line).to_owned()
}

/// The answer to a request for JSON: without reasoning and without the code fence around it.
pub(super) fn bare_json(text: &str) -> String {
    without_fence(without_reasoning(text).trim())
        .trim()
        .to_owned()
}

/// One line of at most 200 characters.
pub(super) fn short_line(text: &str) -> String {
    let line = fold(text);
    match line.char_indices().nth(SHORT) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// Drops `<think>…</think>`. A block without an end goes to the end of the text (the model ran out
/// of tokens); an end without a beginning takes all before it along (the chat template wrote the
/// beginning).
///
/// In one pass: a server may send a great many of them.
fn without_reasoning(text: &str) -> String {
    // Without regard to ASCII case, which keeps byte positions.
    let lower = text.to_ascii_lowercase();
    let mut kept = String::new();
    let mut at = 0;
    while let Some(found) = lower[at..].find('<') {
        let start = at + found;
        let (is_end, name) = match lower[start + 1..].strip_prefix('/') {
            Some(name) => (true, name),
            None => (false, &lower[start + 1..]),
        };
        let tag = REASONING.into_iter().find(|tag| {
            name.strip_prefix(tag)
                .is_some_and(|rest| rest.starts_with('>'))
        });
        let Some(tag) = tag else {
            kept.push_str(&text[at..=start]);
            at = start + 1;
            continue;
        };
        let after = start + 1 + usize::from(is_end) + tag.len() + 1;
        if is_end {
            kept.clear();
            at = after;
            continue;
        }
        kept.push_str(&text[at..start]);
        let close = format!("</{tag}>");
        match lower[after..].find(&close) {
            Some(length) => at = after + length + close.len(),
            None => return kept,
        }
    }
    kept.push_str(&text[at..]);
    kept
}

/// Drops a code fence around the whole text, with its language.
fn without_fence(text: &str) -> &str {
    let Some(inner) = text
        .strip_prefix("```")
        .and_then(|text| text.strip_suffix("```"))
    else {
        return text;
    };
    match inner.split_once('\n') {
        Some((language, rest)) if !language.trim().contains(char::is_whitespace) => rest,
        _ => inner,
    }
}

/// Drops quotes around the whole line, if there are none inside.
fn without_quotes(line: &str) -> &str {
    for (open, close) in [('"', '"'), ('“', '”'), ('\'', '\''), ('`', '`')] {
        let inner = line
            .strip_prefix(open)
            .and_then(|line| line.strip_suffix(close));
        if let Some(inner) = inner.filter(|inner| !inner.contains([open, close])) {
            return inner.trim();
        }
    }
    line
}

fn fold(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_become_one_line() {
        let cases = [
            ("gg", "gg"),
            ("  gg\n\nwp\t!  ", "gg wp !"),
            ("\"what a jump\"", "what a jump"),
            ("“what a jump”", "what a jump"),
            ("\"no\" and \"yes\"", "\"no\" and \"yes\""),
            ("'tis good", "'tis good"),
            ("```\nhello there\n```", "hello there"),
            ("```text\nhello\nthere\n```", "hello there"),
            ("```hi```", "hi"),
            ("<think>they said\nhi</think>\nhello", "hello"),
            ("<Think>a</THINK>b<think>c</think>d", "bd"),
            ("thoughts that the template opened</think> hello", "hello"),
            ("<think>never ends", ""),
            ("<thinking>x</thinking>\"ok\"", "ok"),
            ("a\u{0}b\u{1b}[31mc", "a b [31mc"),
            ("\"", "\""),
            ("", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(one_line(text), expected, "{text:?}");
        }
    }

    #[test]
    fn json_keeps_its_own_form() {
        assert_eq!(
            bare_json("<think>x</think>\n```json\n{\"a\": \"b  c\"}\n```"),
            "{\"a\": \"b  c\"}"
        );
        assert_eq!(bare_json(" [1,\n 2] "), "[1,\n 2]");
    }

    #[test]
    fn what_servers_say_is_cut() {
        assert_eq!(short_line("a\nb"), "a b");
        assert_eq!(short_line(&"é".repeat(300)).chars().count(), SHORT + 1);
    }
}
