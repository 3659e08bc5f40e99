//! Putting what came in the place of what was expected.

use super::Report;
use crate::text::{Text, Wrong};
use std::fs;

/// Writes into a case's file what came instead of the exact values that it expected (`line`, `lines`,
/// `silent`, `state`, `llm_calls`, `memories`, `ends`); how many of them.
///
/// # Errors
///
/// If the file can't be read or written, or is another than the one that was played.
pub fn update(report: &Report) -> Result<usize, Wrong> {
    let mut fixes: Vec<_> = report
        .failures
        .iter()
        .filter_map(|failure| failure.fix.clone())
        .collect();
    if fixes.is_empty() {
        return Ok(0);
    }
    // From the end, so that what is before stays where it is.
    fixes.sort_by_key(|(span, _)| std::cmp::Reverse(span.start));
    fixes.dedup_by_key(|(span, _)| span.start);
    let Text { path, mut content } = Text::read(&report.file)?;
    // The places are those of the text that was played.
    if content != *report.text {
        return Err(Wrong::whole(&path, "has changed meanwhile; run it again"));
    }
    for (span, value) in &fixes {
        content.replace_range(span.clone(), value);
    }
    let part = path.with_extension("toml.part");
    fs::write(&part, content)
        .and_then(|()| fs::rename(&part, &path))
        .map_err(|error| Wrong::whole(&path, error))?;
    Ok(fixes.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::Failure;
    use std::time::Duration;

    #[test]
    fn a_file_that_was_edited_since_it_was_played_is_left_as_it_is() {
        let played = "line = \"old\" # as it was\n";
        let cases = [
            (played, Ok("line = \"new\" # as it was\n")),
            // As long as before, and another thing in the same place.
            ("# no line anymore = \"\"\n", Err("has changed meanwhile")),
        ];
        for (there, expected) in cases {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("case.toml");
            fs::write(&file, there).unwrap();
            let failure = Failure {
                step: 1,
                line: 1,
                what: "line".into(),
                expected: String::new(),
                got: String::new(),
                notes: Vec::new(),
                fix: Some((7..12, "\"new\"".into())),
            };
            let report = Report {
                file: file.clone(),
                text: played.into(),
                name: "case".into(),
                failures: vec![failure],
                steps: 1,
                took: Duration::ZERO,
            };
            let updated = update(&report).map_err(|wrong| wrong.to_string());
            let left = fs::read_to_string(&file).unwrap();
            match expected {
                Ok(text) => assert_eq!((updated, &*left), (Ok(1), text)),
                Err(part) => {
                    assert!(updated.clone().unwrap_err().contains(part), "{updated:?}");
                    assert_eq!(left, there);
                }
            }
        }
    }
}
