//! A prompt, read as its form says: what stands where.

use std::collections::BTreeMap;

/// What a prompt's user message consists of.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// What stands between the marks, by the section's title.
    pub(crate) data: BTreeMap<String, Vec<String>>,
    /// What is to be done.
    pub(crate) task: String,
}

/// Reads a user message; what is wrong with it if it has not the form that the SDK's documentation
/// gives.
pub(crate) fn read(user: &str) -> Result<Places, String> {
    let mut places = Places::default();
    let mut lines = user.lines();
    while let Some(line) = lines.next() {
        if line.is_empty() {
            continue;
        }
        let title = line
            .strip_prefix("## ")
            .ok_or_else(|| format!("neither a title nor data: {line:?}"))?;
        if title == "Task" {
            places.task = lines.collect::<Vec<_>>().join("\n");
            return Ok(places);
        }
        if lines.next() != Some("<<<") {
            return Err(format!("no mark behind {title:?}"));
        }
        let items = places.data.entry(title.to_owned()).or_default();
        loop {
            match lines.next() {
                Some(">>>") => break,
                Some(item) if item.contains("<<<") || item.contains(">>>") => {
                    return Err(format!("a mark within {title:?}: {item:?}"));
                }
                Some(item) if item.starts_with('#') || item.is_empty() => {
                    return Err(format!("a title within {title:?}: {item:?}"));
                }
                Some(item) => items.push(item.to_owned()),
                None => return Err(format!("no end of {title:?}")),
            }
        }
    }
    Ok(places)
}

/// Whether a character is seen, or holds an emoji together.
pub(crate) fn is_seen(c: char) -> bool {
    !(c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{3164}' | '\u{ffa0}'
            | '\u{200b}' | '\u{200c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0e}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}'))
}
