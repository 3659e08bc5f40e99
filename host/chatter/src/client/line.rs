//! A chat message as a line on a terminal.

use anstyle::{AnsiColor, Style};
use chatter_protocol::{AuthorKind, ChatMessage, MessageId};
use std::{collections::VecDeque, fmt::Write};

/// So many messages are remembered to name whom later ones answer.
const REMEMBERED: usize = 500;

/// The terminal's own colours: whoever chose a theme can read them.
const COLOURS: [AnsiColor; 6] = [
    AnsiColor::Cyan,
    AnsiColor::Green,
    AnsiColor::Magenta,
    AnsiColor::Yellow,
    AnsiColor::Blue,
    AnsiColor::Red,
];

/// Makes lines of messages.
#[derive(Debug, Default)]
pub(super) struct Lines {
    latest: VecDeque<(MessageId, String)>,
}

impl Lines {
    /// `12:00:01 Nova [ai] to Ana: hello`
    pub(super) fn of(&mut self, message: &ChatMessage) -> String {
        let author = &message.author;
        // Brackets are what the marks behind a name are told by.
        let name = printable(&author.name).replace('[', "(").replace(']', ")");
        let sent = message.sent_at.to_string();
        let time = sent.get(11..19).unwrap_or_default();
        let dim = Style::new().dimmed();
        let colour = colour(author.id.as_str());
        let mut line = format!("{dim}{time}{dim:#} {colour}{name}{colour:#}");
        // Writing to a text can't fail.
        let _ = match author.kind {
            AuthorKind::Persona => write!(line, " {dim}[ai]{dim:#}"),
            AuthorKind::Moderator => write!(line, " {dim}[mod]{dim:#}"),
            AuthorKind::System => write!(line, " {dim}[room]{dim:#}"),
            AuthorKind::Viewer => Ok(()),
        };
        if let Some(whom) = message.reply_to.and_then(|id| self.author_of(id)) {
            let _ = write!(line, " {dim}to{dim:#} {whom}");
        }
        let _ = write!(line, ": {}", printable(&message.text));
        if self.latest.len() == REMEMBERED {
            self.latest.pop_front();
        }
        self.latest.push_back((message.id, name));
        line
    }

    /// Says that a message is gone.
    pub(super) fn removal(&self, id: MessageId, reason: &str) -> String {
        let whose = self
            .author_of(id)
            .map_or_else(String::new, |name| format!(" of {name}"));
        let dim = Style::new().dimmed();
        format!(
            "{dim}a message{whose} was removed: {}{dim:#}",
            printable(reason)
        )
    }

    fn author_of(&self, id: MessageId) -> Option<&str> {
        self.latest
            .iter()
            .rev()
            .find(|(known, _)| *known == id)
            .map(|(_, name)| name.as_str())
    }
}

/// The same author has the same colour everywhere: FNV-1a over the id.
/// (<https://datatracker.ietf.org/doc/html/draft-eastlake-fnv>)
pub(crate) fn colour(author: &str) -> Style {
    let hash = author
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
    let index = usize::try_from(hash % COLOURS.len() as u64).unwrap_or(0);
    COLOURS[index].on_default().bold()
}

/// Without what a terminal would take for a command: a server's word is no reason to trust it.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() {
                char::REPLACEMENT_CHARACTER
            } else {
                c
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatter_protocol::{Author, PersonaId, RoomId, Timestamp, V1};

    fn message(text: &str, kind: AuthorKind, reply_to: Option<MessageId>) -> ChatMessage {
        ChatMessage {
            v: V1,
            id: MessageId::new(),
            room_id: RoomId::new("main/lobby").unwrap(),
            author: Author {
                id: PersonaId::new("nova").unwrap().author(),
                name: "Nova".into(),
                kind,
                color: None,
                badges: Vec::new(),
            },
            text: text.into(),
            reply_to,
            mentions: Vec::new(),
            sent_at: Timestamp::from_millis(1_769_860_800_000),
            call_id: None,
            deleted: false,
        }
    }

    fn plain(line: &str) -> String {
        anstream::adapter::strip_str(line).to_string()
    }

    #[test]
    fn lines_name_author_kind_and_whom_they_answer() {
        let mut lines = Lines::default();
        let first = message("hi", AuthorKind::Persona, None);
        assert_eq!(plain(&lines.of(&first)), "12:00:00 Nova [ai]: hi");
        let second = message("yes", AuthorKind::Viewer, Some(first.id));
        assert_eq!(plain(&lines.of(&second)), "12:00:00 Nova to Nova: yes");
        let third = message("no", AuthorKind::Viewer, Some(MessageId::new()));
        assert_eq!(plain(&lines.of(&third)), "12:00:00 Nova: no");
        assert_eq!(
            plain(&lines.removal(first.id, "rude")),
            "a message of Nova was removed: rude"
        );
    }

    #[test]
    fn no_name_passes_for_a_mark() {
        let mut viewer = message("hi", AuthorKind::Viewer, None);
        viewer.author.name = "Nova [ai]".into();
        let line = Lines::default().of(&viewer);
        assert_eq!(plain(&line), "12:00:00 Nova (ai): hi");
    }

    #[test]
    fn a_message_gives_the_terminal_no_orders() {
        let mut lines = Lines::default();
        let line = lines.of(&message("a\u{1b}[2Jb\nc", AuthorKind::Viewer, None));
        assert_eq!(plain(&line), "12:00:00 Nova: a\u{fffd}[2Jb\u{fffd}c");
    }
}
