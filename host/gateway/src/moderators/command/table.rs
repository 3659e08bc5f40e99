//! Which commands there are: the table that help tells, and that pages offer as `protocol/commands.json`.

/// A command as its help tells it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    pub(crate) usage: &'static str,
    pub(crate) does: &'static str,
}

const fn entry(name: &'static str, usage: &'static str, does: &'static str) -> Entry {
    Entry { name, usage, does }
}

/// All commands, in the order in which help lists them.
pub(crate) static ENTRIES: [Entry; 19] = [
    entry(
        "timeout",
        "/timeout NAME [SECONDS|10m|1h30m|2d|1w] [REASON]",
        "keeps somebody from speaking for a while, and clears what they said",
    ),
    entry("untimeout", "/untimeout NAME", "ends a time-out"),
    entry(
        "ban",
        "/ban NAME [REASON]",
        "keeps somebody from speaking, and clears what they said",
    ),
    entry("unban", "/unban NAME", "ends a ban"),
    entry("delete", "/delete ID [REASON]", "removes a message"),
    entry(
        "clear",
        "/clear [NAME]",
        "removes all messages, or all of somebody",
    ),
    entry("approve", "/approve ID", "lets a message out that waits"),
    entry("deny", "/deny ID [REASON]", "refuses a message that waits"),
    entry(
        "slow",
        "/slow [SECONDS]",
        "so many seconds lie between two messages of somebody; 30 if none are given",
    ),
    entry("slowoff", "/slowoff", "ends slow mode"),
    entry(
        "known",
        "/known [MINUTES]",
        "only sessions that are so many minutes old may speak; 10 if none are given",
    ),
    entry("knownoff", "/knownoff", "ends known mode"),
    entry(
        "emoteonly",
        "/emoteonly",
        "messages are made of emotes alone",
    ),
    entry("emoteonlyoff", "/emoteonlyoff", "ends emote-only mode"),
    entry(
        "unique",
        "/unique",
        "what was said in the last five minutes is not said again",
    ),
    entry("uniqueoff", "/uniqueoff", "ends unique mode"),
    entry(
        "mod",
        "/mod NAME",
        "lets a session moderate here; for the operator",
    ),
    entry(
        "unmod",
        "/unmod NAME",
        "lets a session moderate here no more; for the operator",
    ),
    entry(
        "help",
        "/help [COMMAND]",
        "tells what commands there are, or what one does",
    ),
];

/// Other names of commands, as they are known elsewhere.
const ALIASES: [(&str, &str); 5] = [
    ("followers", "known"),
    ("followersoff", "knownoff"),
    ("uniquechat", "unique"),
    ("uniquechatoff", "uniqueoff"),
    ("commands", "help"),
];

/// The command of a name, which may be one of those that it has elsewhere.
pub(super) fn find(name: &str) -> Option<&'static Entry> {
    let name = name.to_ascii_lowercase();
    let name = ALIASES
        .iter()
        .find(|(alias, _)| *alias == name)
        .map_or(name.as_str(), |(_, means)| means);
    ENTRIES.iter().find(|entry| entry.name == name)
}

/// What help says, to somebody who moderates or not.
pub(crate) fn help(about: Option<&Entry>, moderates: bool) -> String {
    let line = |entry: &Entry| format!("{}: {}", entry.usage, entry.does);
    if let Some(entry) = about {
        return line(entry);
    }
    if moderates {
        return ENTRIES.each_ref().map(line).join("\n");
    }
    let (own, others): (Vec<_>, Vec<_>) = ENTRIES.iter().partition(|entry| entry.name == "help");
    let own: Vec<_> = own.into_iter().map(line).collect();
    let others: Vec<_> = others.iter().map(|it| format!("/{}", it.name)).collect();
    format!("{}\nFor moderators: {}", own.join("\n"), others.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page offers what this table lists.
    #[test]
    fn the_table_of_commands_is_what_is_read() {
        #[derive(serde::Deserialize)]
        struct Row {
            name: String,
            takes: String,
            does: String,
            r#for: String,
            #[serde(default)]
            aliases: Vec<String>,
        }
        let table = include_str!("../../../../../protocol/commands.json");
        let rows: Vec<Row> = serde_json::from_str(table).unwrap();
        let listed: Vec<_> = rows
            .iter()
            .map(|row| {
                let usage = format!("/{} {}", row.name, row.takes);
                (
                    row.name.as_str(),
                    usage.trim().to_owned(),
                    row.does.as_str(),
                )
            })
            .collect();
        let known: Vec<_> = ENTRIES
            .iter()
            .map(|of| (of.name, of.usage.to_owned(), of.does))
            .collect();
        assert_eq!(listed, known);
        let mut aliases: Vec<_> = rows
            .iter()
            .flat_map(|row| row.aliases.iter().map(|a| (a.as_str(), row.name.as_str())))
            .collect();
        let mut expected = ALIASES.to_vec();
        aliases.sort_unstable();
        expected.sort_unstable();
        assert_eq!(aliases, expected);
        for row in &rows {
            let operators = row.does.ends_with("for the operator");
            assert_eq!(row.r#for == "operator", operators, "{}", row.name);
        }
    }
}
