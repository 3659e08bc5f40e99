//! Commands that are written like messages: `/timeout Ana 10m spam`.
//!
//! Reading one is a pure function of its text; who may give it, and whom a name means, is decided
//! elsewhere.

mod table;

pub(crate) use table::help;

use chatter_protocol::{MessageId, modes::ModesPatch};
use table::{Entry, find};

/// The longest time-out, in seconds: two weeks.
pub(crate) const LONGEST_TIMEOUT: u32 = 14 * 24 * 3600;

/// What a time-out without a time is, in seconds.
const USUAL_TIMEOUT: u32 = 600;

/// What slow and known modes are without a number.
const USUAL_SLOW: u32 = 30;
const USUAL_KNOWN: u32 = 10;

const LONGEST_SLOW: u32 = 3600;
const LONGEST_KNOWN: u32 = 129_600;

/// The longest reason, in characters.
const LONGEST_REASON: usize = 200;

/// What stands around a name with spaces, in whatever way a keyboard opens and closes it.
const QUOTATION_MARKS: [char; 6] = ['"', '“', '”', '„', '«', '»'];

/// What somebody wants to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Timeout {
        who: String,
        seconds: u32,
        reason: String,
    },
    Untimeout {
        who: String,
    },
    Ban {
        who: String,
        reason: String,
    },
    Unban {
        who: String,
    },
    Delete {
        id: MessageId,
        reason: String,
    },
    Clear {
        who: Option<String>,
    },
    Modes(ModesPatch),
    Approve {
        id: MessageId,
    },
    Deny {
        id: MessageId,
        reason: String,
    },
    Mod {
        who: String,
    },
    Unmod {
        who: String,
    },
    /// What commands there are, or what one does.
    Help(Option<&'static Entry>),
}

/// Why a text is no command that can be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// There is none of that name.
    Unknown(String),
    /// What follows the name is wrong.
    Usage { of: &'static Entry, why: String },
}

/// Whether a text is to be read as a command and never goes into the room. Spaces before it are a slip.
pub(crate) fn is_one(text: &str) -> bool {
    text.trim_start().starts_with('/')
}

/// Whether a text is a command that there is. `/o/` greets.
pub(crate) fn is_known(text: &str) -> bool {
    is_one(text) && !matches!(parse(text), Err(Wrong::Unknown(_)))
}

/// Reads a command.
pub(crate) fn parse(text: &str) -> Result<Command, Wrong> {
    let text = text.trim();
    let text = text.strip_prefix('/').unwrap_or(text);
    let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let of = find(name).ok_or_else(|| Wrong::Unknown(name.chars().take(40).collect()))?;
    // `/slow off` is `/slowoff`.
    let off = (rest.trim().eq_ignore_ascii_case("off")).then(|| find(&format!("{}off", of.name)));
    let (of, rest) = off.flatten().map_or((of, rest), |off| (off, ""));
    let mut words = Words { rest, of };
    let command = match of.name {
        "timeout" => {
            let who = words.who()?;
            let seconds = words.time()?.unwrap_or(USUAL_TIMEOUT);
            let reason = words.reason()?;
            Command::Timeout {
                who,
                seconds,
                reason,
            }
        }
        "untimeout" => Command::Untimeout { who: words.who()? },
        "ban" => Command::Ban {
            who: words.who()?,
            reason: words.reason()?,
        },
        "unban" => Command::Unban { who: words.who()? },
        "delete" => Command::Delete {
            id: words.id()?,
            reason: words.reason()?,
        },
        "clear" => Command::Clear {
            who: if words.rest.trim().is_empty() {
                None
            } else {
                Some(words.who()?)
            },
        },
        "approve" => Command::Approve { id: words.id()? },
        "deny" => Command::Deny {
            id: words.id()?,
            reason: words.reason()?,
        },
        "slow" => Command::Modes(ModesPatch {
            slow_seconds: Some(Some(words.number(
                USUAL_SLOW,
                1,
                LONGEST_SLOW,
                "seconds",
            )?)),
            ..ModesPatch::default()
        }),
        "slowoff" => Command::Modes(ModesPatch {
            slow_seconds: Some(None),
            ..ModesPatch::default()
        }),
        "known" => Command::Modes(ModesPatch {
            known_minutes: Some(Some(words.number(
                USUAL_KNOWN,
                0,
                LONGEST_KNOWN,
                "minutes",
            )?)),
            ..ModesPatch::default()
        }),
        "knownoff" => Command::Modes(ModesPatch {
            known_minutes: Some(None),
            ..ModesPatch::default()
        }),
        "emoteonly" | "emoteonlyoff" => Command::Modes(ModesPatch {
            emote_only: Some(of.name == "emoteonly"),
            ..ModesPatch::default()
        }),
        "unique" | "uniqueoff" => Command::Modes(ModesPatch {
            unique: Some(of.name == "unique"),
            ..ModesPatch::default()
        }),
        "mod" => Command::Mod { who: words.who()? },
        "unmod" => Command::Unmod { who: words.who()? },
        _ => {
            let about = words
                .word()
                .map(|name| name.trim_start_matches('/').to_owned());
            let about = about.map(|name| find(&name).ok_or(Wrong::Unknown(name)));
            Command::Help(about.transpose()?)
        }
    };
    words.end()?;
    Ok(command)
}

/// What follows a command's name.
struct Words<'a> {
    rest: &'a str,
    of: &'static Entry,
}

impl Words<'_> {
    fn wrong(&self, why: impl Into<String>) -> Wrong {
        Wrong::Usage {
            of: self.of,
            why: why.into(),
        }
    }

    fn word(&mut self) -> Option<String> {
        let rest = self.rest.trim_start();
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let (word, rest) = rest.split_at(end);
        self.rest = rest;
        (!word.is_empty()).then(|| word.to_owned())
    }

    /// A name, with or without an `@`; one with spaces stands in quotation marks.
    fn who(&mut self) -> Result<String, Wrong> {
        let rest = self.rest.trim_start();
        let rest = rest.strip_prefix('@').unwrap_or(rest);
        if let Some(quoted) = rest.strip_prefix(QUOTATION_MARKS) {
            let (name, rest) = quoted
                .split_once(QUOTATION_MARKS)
                .ok_or_else(|| self.wrong("a quotation mark is not closed"))?;
            if !(rest.is_empty() || rest.starts_with(char::is_whitespace)) {
                return Err(self.wrong("a name with quotation marks is given by its id"));
            }
            self.rest = rest;
            return if name.trim().is_empty() {
                Err(self.wrong("the name is empty"))
            } else {
                Ok(name.trim().to_owned())
            };
        }
        self.rest = rest;
        self.word().ok_or_else(|| self.wrong("a name is missing"))
    }

    fn id(&mut self) -> Result<MessageId, Wrong> {
        let word = self
            .word()
            .ok_or_else(|| self.wrong("a message's id is missing"))?;
        word.parse()
            .map_err(|_| self.wrong("the id of a message is a UUID"))
    }

    /// A time, if one comes next. What begins as one does and is none is refused: as a reason it would stand for ten minutes.
    fn time(&mut self) -> Result<Option<u32>, Wrong> {
        let before = self.rest;
        let Some(word) = self.word() else {
            return Ok(None);
        };
        match seconds(&word) {
            Some(time @ 1..=LONGEST_TIMEOUT) => Ok(Some(time)),
            Some(_) => Err(self.wrong("a time-out is 1 second to 14 days long")),
            None if (word.trim_start_matches(['-', '+', '.']).chars().next())
                .is_some_and(char::is_numeric) =>
            {
                Err(self.wrong("that is no time, as 90, 10m, 1h30m, 2d and 1w are"))
            }
            None => {
                self.rest = before;
                Ok(None)
            }
        }
    }

    fn number(&mut self, usual: u32, least: u32, most: u32, of: &str) -> Result<u32, Wrong> {
        let Some(word) = self.word() else {
            return Ok(usual);
        };
        word.parse()
            .ok()
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| self.wrong(format!("{least} to {most} {of}")))
    }

    fn reason(&mut self) -> Result<String, Wrong> {
        let reason = std::mem::take(&mut self.rest).trim();
        if reason.chars().count() > LONGEST_REASON {
            return Err(self.wrong(format!(
                "a reason is at most {LONGEST_REASON} characters long"
            )));
        }
        Ok(reason.to_owned())
    }

    fn end(&self) -> Result<(), Wrong> {
        if self.rest.trim().is_empty() {
            return Ok(());
        }
        Err(self
            .wrong("there is too much behind it; a name with spaces stands in \"quotation marks\""))
    }
}

/// The seconds of a time: a number of them, or numbers with their units, one behind the other.
fn seconds(word: &str) -> Option<u32> {
    let no_digit = |c: char| !c.is_ascii_digit();
    // What is too much for a number is too long.
    let number = |digits: &str| digits.parse().unwrap_or(u32::MAX);
    if !word.contains(no_digit) {
        return Some(number(word));
    }
    let (mut rest, mut sum) = (word, 0_u32);
    while !rest.is_empty() {
        let (digits, behind) = rest.split_at(rest.find(no_digit).filter(|at| *at > 0)?);
        let end = behind.find(|c: char| c.is_ascii_digit());
        let (unit, behind) = behind.split_at(end.unwrap_or(behind.len()));
        let unit = match unit.to_ascii_lowercase().as_str() {
            "s" | "sec" => 1,
            "m" | "min" => 60,
            "h" => 3600,
            "d" => 24 * 3600,
            "w" => 7 * 24 * 3600,
            _ => return None,
        };
        sum = sum.saturating_add(number(digits).saturating_mul(unit));
        rest = behind;
    }
    Some(sum)
}

#[cfg(test)]
mod tests;
