use super::{table::ENTRIES, *};

fn timeout(who: &str, seconds: u32, reason: &str) -> Command {
    Command::Timeout {
        who: who.into(),
        seconds,
        reason: reason.into(),
    }
}

fn modes(patch: ModesPatch) -> Command {
    Command::Modes(patch)
}

#[test]
fn commands_are_read() {
    let id: MessageId = "019ac0de-0001-7a52-9d0f-3f6a1c2b4d51".parse().unwrap();
    let none = ModesPatch::default();
    for (text, command) in [
        ("/timeout Ana", timeout("Ana", 600, "")),
        ("/timeout @Ana 30", timeout("Ana", 30, "")),
        (
            "/TIMEOUT Ana 10m be  nice ",
            timeout("Ana", 600, "be  nice"),
        ),
        ("/timeout Ana 2h", timeout("Ana", 7200, "")),
        ("/timeout Ana 1d x", timeout("Ana", 86_400, "x")),
        ("/timeout Ana 2w", timeout("Ana", LONGEST_TIMEOUT, "")),
        ("/timeout Ana 10 10", timeout("Ana", 10, "10")),
        ("/timeout Ana 2h30m spam", timeout("Ana", 9000, "spam")),
        ("/timeout Ana 1d1h1m1s", timeout("Ana", 90_061, "")),
        ("/timeout Ana 90min", timeout("Ana", 5400, "")),
        ("/timeout Ana 30SEC", timeout("Ana", 30, "")),
        ("/timeout Ana 10M", timeout("Ana", 600, "")),
        ("/timeout Ana 1H", timeout("Ana", 3600, "")),
        ("/timeout Ana min", timeout("Ana", 600, "min")),
        ("/timeout Ana - spam", timeout("Ana", 600, "- spam")),
        (
            "/timeout \"Old Bea\" 60 spam",
            timeout("Old Bea", 60, "spam"),
        ),
        ("/timeout @\"Old Bea\"", timeout("Old Bea", 600, "")),
        ("/timeout “Old Bea” 60", timeout("Old Bea", 60, "")),
        ("/timeout „Old Bea“ 60", timeout("Old Bea", 60, "")),
        ("/timeout @«Old Bea»", timeout("Old Bea", 600, "")),
        (
            "/timeout guest:ana-0f3c11d2 1s",
            timeout("guest:ana-0f3c11d2", 1, ""),
        ),
        ("  /timeout  Ana", timeout("Ana", 600, "")),
        ("/untimeout Ana", Command::Untimeout { who: "Ana".into() }),
        (
            "/ban Олег за спам",
            Command::Ban {
                who: "Олег".into(),
                reason: "за спам".into(),
            },
        ),
        ("/unban Ana", Command::Unban { who: "Ana".into() }),
        (
            "/delete 019ac0de-0001-7a52-9d0f-3f6a1c2b4d51",
            Command::Delete {
                id,
                reason: String::new(),
            },
        ),
        (
            "/delete 019ac0de-0001-7a52-9d0f-3f6a1c2b4d51 rude",
            Command::Delete {
                id,
                reason: "rude".into(),
            },
        ),
        ("/clear", Command::Clear { who: None }),
        (
            "/clear Ana",
            Command::Clear {
                who: Some("Ana".into()),
            },
        ),
        (
            "/approve 019ac0de-0001-7a52-9d0f-3f6a1c2b4d51",
            Command::Approve { id },
        ),
        (
            "/deny 019ac0de-0001-7a52-9d0f-3f6a1c2b4d51 no",
            Command::Deny {
                id,
                reason: "no".into(),
            },
        ),
        (
            "/slow",
            modes(ModesPatch {
                slow_seconds: Some(Some(30)),
                ..none
            }),
        ),
        (
            "/slow 5",
            modes(ModesPatch {
                slow_seconds: Some(Some(5)),
                ..none
            }),
        ),
        (
            "/slowoff",
            modes(ModesPatch {
                slow_seconds: Some(None),
                ..none
            }),
        ),
        (
            "/known 0",
            modes(ModesPatch {
                known_minutes: Some(Some(0)),
                ..none
            }),
        ),
        (
            "/followers 60",
            modes(ModesPatch {
                known_minutes: Some(Some(60)),
                ..none
            }),
        ),
        (
            "/followersoff",
            modes(ModesPatch {
                known_minutes: Some(None),
                ..none
            }),
        ),
        (
            "/emoteonly",
            modes(ModesPatch {
                emote_only: Some(true),
                ..none
            }),
        ),
        (
            "/emoteonlyoff",
            modes(ModesPatch {
                emote_only: Some(false),
                ..none
            }),
        ),
        (
            "/unique",
            modes(ModesPatch {
                unique: Some(true),
                ..none
            }),
        ),
        (
            "/uniqueoff",
            modes(ModesPatch {
                unique: Some(false),
                ..none
            }),
        ),
        (
            "/slow off",
            modes(ModesPatch {
                slow_seconds: Some(None),
                ..none
            }),
        ),
        (
            "/followers  OFF ",
            modes(ModesPatch {
                known_minutes: Some(None),
                ..none
            }),
        ),
        (
            "/emoteonly off",
            modes(ModesPatch {
                emote_only: Some(false),
                ..none
            }),
        ),
        (
            "/unique off",
            modes(ModesPatch {
                unique: Some(false),
                ..none
            }),
        ),
        ("/unban off", Command::Unban { who: "off".into() }),
        ("/mod Bea", Command::Mod { who: "Bea".into() }),
        ("/unmod Bea", Command::Unmod { who: "Bea".into() }),
        ("/help", Command::Help(None)),
        ("/help /ban", Command::Help(find("ban"))),
    ] {
        assert_eq!(parse(text), Ok(command), "{text}");
    }
}

#[test]
fn what_is_wrong_is_told_with_the_usage() {
    for (text, why) in [
        ("/timeout", "a name is missing"),
        ("/timeout Ana 0", "1 second to 14 days"),
        ("/timeout Ana 99999999999", "1 second to 14 days"),
        ("/timeout Ana 15d", "1 second to 14 days"),
        ("/timeout Ana 2w1s", "1 second to 14 days"),
        ("/timeout Ana 7102w", "1 second to 14 days"),
        ("/timeout Ana 1.5h", "no time"),
        ("/timeout Ana -5", "no time"),
        ("/timeout Ana .5h", "no time"),
        ("/timeout Ana 10x", "no time"),
        ("/timeout Ana 1h30", "no time"),
        ("/timeout Ana １０m", "no time"),
        ("/timeout Ana 5stars are too few", "no time"),
        ("/timeout \"Old Bea", "not closed"),
        ("/ban \"\"", "the name is empty"),
        ("/ban \"Bad \"Guy\" X\"", "given by its id"),
        ("/ban “Bad “Guy” X”", "given by its id"),
        ("/ban @", "a name is missing"),
        ("/unban Old Bea", "too much"),
        ("/delete", "id is missing"),
        ("/delete 7", "is a UUID"),
        ("/slow 0", "1 to 3600 seconds"),
        ("/slow fast", "1 to 3600 seconds"),
        ("/slow off now", "1 to 3600 seconds"),
        ("/slowoff now", "too much"),
        ("/slowoff off", "too much"),
        ("/known -1", "0 to 129600 minutes"),
        ("/mod", "a name is missing"),
        ("/help ban me", "too much"),
    ] {
        match parse(text) {
            Err(Wrong::Usage { why: told, of }) => {
                assert!(told.contains(why), "{text}: {told}");
                assert!(text.starts_with(&format!("/{}", of.name)), "{text}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
    let long = format!("/ban Ana {}", "x".repeat(201));
    assert!(matches!(parse(&long), Err(Wrong::Usage { .. })));
    for (text, name) in [
        ("/", ""),
        ("/ ban Ana", ""),
        ("/kick Ana", "kick"),
        ("//ban", "/ban"),
        ("/help kick", "kick"),
    ] {
        assert_eq!(parse(text), Err(Wrong::Unknown(name.into())), "{text}");
    }
}

#[test]
fn every_command_of_the_list_is_known_and_helped_with() {
    let all = help(None, true);
    let viewers = help(None, false);
    assert_eq!(viewers.lines().count(), 2, "{viewers}");
    for entry in &ENTRIES {
        assert_eq!(find(entry.name), Some(entry));
        assert!(entry.usage.starts_with(&format!("/{}", entry.name)));
        assert!(all.contains(entry.usage));
        assert!(viewers.contains(&format!("/{}", entry.name)));
        assert!(!matches!(
            parse(&format!("/{}", entry.name)),
            Err(Wrong::Unknown(_))
        ));
    }
    for (text, is) in [("/x", true), (" /x", true), ("a /x", false), ("", false)] {
        assert_eq!(is_one(text), is, "{text:?}");
    }
    for (text, is) in [
        ("/ban", true),
        (" /followers 9", true),
        ("/o/", false),
        ("ban", false),
    ] {
        assert_eq!(is_known(text), is, "{text:?}");
    }
}
