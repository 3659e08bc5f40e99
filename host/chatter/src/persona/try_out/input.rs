//! What people say in a try-out: on the command line, and while it runs.

use chatter_workbench::timeline::Said;
use std::io::BufRead;
use tokio::sync::mpsc;

/// Under this name the person at the terminal speaks.
const YOU: &str = "you";

/// The latest moment, in seconds.
const LATEST_S: f64 = 86_400.0;

/// `NAME: TEXT@12s`
pub(super) fn say(word: &str) -> Result<Said, String> {
    let shape = "give it as `NAME: TEXT@SECONDS`, for instance `Ana: hi there@12s`";
    let (name, rest) = word
        .split_once(':')
        .ok_or_else(|| format!("no name before a colon; {shape}"))?;
    let (text, at) = rest
        .rsplit_once('@')
        .ok_or_else(|| format!("no time after an @; {shape}"))?;
    let (name, text) = (name.trim(), text.trim());
    if name.is_empty() || text.is_empty() {
        return Err(format!("the name or the text is empty; {shape}"));
    }
    Ok(Said {
        at_ms: seconds(at.trim())?,
        name: name.to_owned(),
        text: text.to_owned(),
    })
}

/// `12`, `12s` or `1.5` as milliseconds.
pub(super) fn seconds(text: &str) -> Result<u64, String> {
    match text.strip_suffix('s').unwrap_or(text).parse::<f64>() {
        Ok(seconds) if (0.0..=LATEST_S).contains(&seconds) => Ok((seconds * 1000.0).round() as u64),
        Ok(seconds) => Err(format!("{seconds} is not in 0..={LATEST_S} seconds")),
        Err(_) => Err(format!("{text:?} is not a number of seconds")),
    }
}

/// The lines that somebody types. The thread ends with the process: nothing can break off a read of a
/// terminal.
pub(super) fn typed() -> mpsc::Receiver<(String, String)> {
    let (sender, lines) = mpsc::channel(16);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            let line: String = line.chars().filter(|c| !c.is_control()).collect();
            if !line.trim().is_empty()
                && sender
                    .blocking_send((YOU.to_owned(), line.trim().to_owned()))
                    .is_err()
            {
                break;
            }
        }
    });
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_has_a_name_and_a_time() {
        let said = |at_ms, name: &str, text: &str| Said {
            at_ms,
            name: name.into(),
            text: text.into(),
        };
        for (word, expected) in [
            ("Ana: hi@12s", Some(said(12_000, "Ana", "hi"))),
            ("Ana:@Nova: hi @ 1.5", Some(said(1_500, "Ana", "@Nova: hi"))),
            ("Ana hi@12s", None),
            ("Ana: hi", None),
            ("Ana: @12s", None),
            (": hi@12s", None),
            ("Ana: hi@soon", None),
            ("Ana: hi@-1", None),
        ] {
            assert_eq!(say(word).ok(), expected, "{word}");
        }
    }
}
