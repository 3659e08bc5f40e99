//! Putting what came in the place of what was expected.

use super::Report;
use crate::text::{Text, Wrong};
use std::fs;

/// Writes into a case's file what came instead of the exact values that it expected (`line`, `lines`,
/// `silent`, `state`, `llm_calls`, `memories`, `ends`); how many of them.
///
/// # Errors
///
/// If the file can't be read or written.
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
    for (span, value) in &fixes {
        if content.get(span.clone()).is_none() {
            return Err(Wrong::whole(&path, "has changed meanwhile; run it again"));
        }
        content.replace_range(span.clone(), value);
    }
    let part = path.with_extension("toml.part");
    fs::write(&part, content)
        .and_then(|()| fs::rename(&part, &path))
        .map_err(|error| Wrong::whole(&path, error))?;
    Ok(fixes.len())
}
