//! Texts and their verdicts.

use chatter_moderation::{Moderator, Verdict};
use chatter_protocol::{AuthorKind, ModerationPolicy, moderation::Action};

fn moderator(blocklist: &[&str]) -> Moderator {
    Moderator::new(&ModerationPolicy {
        version: "7".into(),
        max_chars: 60,
        blocklist: blocklist.iter().map(|entry| (*entry).to_owned()).collect(),
        ..ModerationPolicy::open("test")
    })
}

fn judge(moderator: &Moderator, text: &str) -> Verdict {
    moderator.judge(text, AuthorKind::Viewer)
}

#[test]
fn ordinary_lines_are_allowed() {
    let texts = [
        "left tower!! :) <3 ¯\\_(ツ)_/¯",
        "  a space at either end  ",
        "Où est passée la naïveté? Ça dépend…",
        "cafe\u{301} in decomposed form",
        "Tiếng Việt: ngưỡng, tie\u{302}\u{301}ng",
        "Ελληνικά ΚΑΙ ΠΟΛΛΑ, русский, українська",
        "سلام، می\u{200c}خواهم ببینم",     // Persian, with a non-joiner
        "\u{200f}مرحبا (hello)\u{200f}!", // Arabic, with marks of direction
        "بِسْمِ اللَّهِ الرَّحْمَٰنِ",                // vocalised
        "שָׁלוֹם עֲלֵיכֶם",
        "नमस्ते, क्\u{200d}ष और क्\u{200c}ष", // Hindi, with both joiners
        "ශ්\u{200d}රී ලංකාව",                // Sinhala, with a joiner
        "বাংলা র\u{200d}্যাম",
        "สวัสดีครับ ที่นี่เป็นอย่างไร",
        "ខ្ញុំ\u{200b}ស្រឡាញ់\u{200b}ភាសា", // Khmer, with zero width spaces
        "မြန်မာ လျှော့ ရွှေ့",              // Burmese: five marks on one letter
        "བོད་སྐད་ བསྒྲུབས།",
        "ᠮᠣᠩᠭᠣᠯ\u{180b}",
        "你好，葛\u{e0100}城 日本語テスト", // Japanese, with an ideographic variant
        "한국어 각\u{1100}\u{1161}\u{11a8}", // conjoining jamo
        "👨\u{200d}👩\u{200d}👧\u{200d}👦 👩🏽\u{200d}🚀 ❤\u{fe0f}\u{200d}🔥 🧑\u{200d}⚖\u{fe0f}",
        "🏳\u{fe0f}\u{200d}🌈 🏳\u{fe0f}\u{200d}⚧\u{fe0f} 🏴\u{200d}☠\u{fe0f} 🐻\u{200d}❄\u{fe0f}",
        "🇩🇪🇯🇵 🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f} 🏴",
        "1\u{fe0f}\u{20e3} #\u{fe0f}\u{20e3} *\u{fe0f}\u{20e3} ©\u{fe0f} ™\u{fe0f} ✌🏿 ❤\u{fe0e}",
        "H\u{0336}e\u{0336}l\u{0336}l\u{0336}o\u{0336} struck out",
        "⣿⠀⣿ braille",
    ];
    for text in texts {
        let verdict = judge(&moderator(&["spam"]), text);
        assert!(verdict.is_allowed(), "{text:?}: {verdict:?}");
        assert_eq!((verdict.rule, verdict.reason.as_str()), ("", ""));
    }
}

#[test]
fn each_rule_drops_what_it_is_for() {
    let zalgo = format!("z{}", "\u{300}\u{316}\u{33e}".repeat(2));
    let thai_tower = format!("ก{}", "\u{e47}".repeat(9));
    let indic_tower = format!("क{}", "\u{93c}".repeat(9));
    let (long, longest) = ("é".repeat(61), "é".repeat(60));
    let cases = [
        ("", "empty"),
        (" \u{a0}\u{3000}\t\n", "empty"),
        ("\u{2800}\u{2800} \u{2800}", "empty"),
        ("one\ntwo", "multi_line"),
        ("one\r\ntwo", "multi_line"),
        ("one\rtwo", "multi_line"),
        ("one\u{b}two", "multi_line"),
        ("one\u{c}two", "multi_line"),
        ("one\u{85}two", "multi_line"),
        ("one\u{2028}two", "multi_line"),
        ("one\u{2029}two", "multi_line"),
        ("at the end\n", "multi_line"),
        (&long, "too_long"),
        (&longest, ""),
        ("a\tb", "control_characters"),
        ("a\0b", "control_characters"),
        ("\u{1b}[31mred", "control_characters"),
        ("a\u{7f}b", "control_characters"),
        ("a\u{9b}b", "control_characters"),
        ("turned \u{202e}dnuora", "invisible_characters"),
        ("\u{202a}embedded\u{202c}", "invisible_characters"),
        ("\u{2066}isolated\u{2069}", "invisible_characters"),
        ("mark of \u{200f}no use", "invisible_characters"),
        ("\u{61c}only a mark", "invisible_characters"),
        ("sp\u{200b}am", "invisible_characters"),
        ("sp\u{200c}am", "invisible_characters"),
        ("sp\u{200d}am", "invisible_characters"),
        ("\u{200d}", "invisible_characters"),
        ("\u{200b}\u{200b}", "invisible_characters"),
        ("👩\u{200d}", "invisible_characters"),
        ("👩\u{200d}x", "invisible_characters"),
        ("👩\u{200d}\u{200d}👧", "invisible_characters"),
        ("می\u{200c}\u{200c}\u{200c}خواهم", "invisible_characters"),
        ("so\u{ad}ft", "invisible_characters"),
        ("word\u{2060}joiner", "invisible_characters"),
        ("\u{feff}bom", "invisible_characters"),
        ("\u{3164}filler", "invisible_characters"),
        ("\u{115f}\u{1160}", "invisible_characters"),
        ("\u{ffa0}x", "invisible_characters"),
        ("a\u{34f}b", "invisible_characters"),
        ("x\u{180e}y", "invisible_characters"),
        ("a\u{fe0f}b", "invisible_characters"),
        ("🔥\u{fe0f}\u{fe0f}", "invisible_characters"),
        ("🔥\u{fe01}", "invisible_characters"),
        ("🔥\u{e0101}", "invisible_characters"),
        ("hidden \u{e0068}\u{e0069}", "invisible_characters"),
        ("🏴\u{e0067}\u{e0062}", "invisible_characters"),
        (
            "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e0067}\u{e0062}\u{e007f}",
            "invisible_characters",
        ),
        ("a\u{fffb}b", "invisible_characters"),
        (&zalgo, "combining_marks"),
        (&thai_tower, "combining_marks"),
        (&indic_tower, "combining_marks"),
        ("buy SPAM now", "blocklist"),
    ];
    for (text, rule) in cases {
        let verdict = judge(&moderator(&["spam"]), text);
        assert_eq!(verdict.rule, rule, "{text:?}: {}", verdict.reason);
        assert_eq!(
            verdict.action,
            if rule.is_empty() {
                Action::Allow
            } else {
                Action::Drop
            }
        );
        assert_eq!(verdict.reason.is_empty(), rule.is_empty(), "{text:?}");
        assert!(verdict.reason.chars().count() <= 300);
    }
}

#[test]
fn the_first_rule_that_objects_decides() {
    let long = "x".repeat(100);
    let cases = [
        (format!("{long}\n"), "multi_line"),
        (format!("\0{long}"), "too_long"),
        ("\0\u{202e}".into(), "control_characters"),
        (
            format!("\u{202e}z{}", "\u{300}".repeat(9)),
            "invisible_characters",
        ),
        (format!("spam z{}", "\u{300}".repeat(9)), "combining_marks"),
    ];
    for (text, rule) in cases {
        assert_eq!(judge(&moderator(&["spam"]), &text).rule, rule, "{text:?}");
    }
}

#[test]
fn the_blocklist_matches_whole_words_in_any_spelling() {
    let moderator = moderator(&[
        "ass",
        "asshat",
        "free  followers",
        "Straße",
        "ΟΔΟΣ",
        "дурак",
        "笨蛋",
        "บ้า",
        "c++",
        "\u{300}", // a mark attaches to the space before it, and no boundary is there
        "   ",
    ]);
    let cases = [
        ("a classic", false),
        ("passes", false),
        ("ass", true),
        ("what an ASS!", true),
        ("what an asshat", true),
        ("asshats", false),
        ("“ass”", true),
        ("ａｓｓ", true), // full width
        ("𝐚𝐬𝐬", true),    // mathematical bold
        ("free followers", true),
        ("FREE \u{a0} Followers, now", true),
        ("free_followers", true),
        ("free 🙂 followers", true),
        ("free. Followers of mine", false),
        ("freefollowers", false),
        ("carefree followers", false),
        ("STRASSE", true),
        ("straße", true),
        ("οδος οδός", true),
        ("οδός", true),
        ("Дурак!", true),
        ("дураки", false),
        ("你是笨蛋吗", true),
        ("เขาบ้าไปแล้ว", true),
        ("i write C++ here", true),
        ("na \u{300} na", true),
        ("vis-a\u{300}-vis", false),
        ("an ordinary line", false),
    ];
    for (text, dropped) in cases {
        let verdict = judge(&moderator, text);
        assert_eq!(
            verdict.rule == "blocklist",
            dropped,
            "{text:?}: {verdict:?}"
        );
    }
}

/// What is shown to the author, and to everybody who reads the audit, must not spread the word.
#[test]
fn a_verdict_does_not_repeat_the_entry() {
    let verdict = judge(&moderator(&["free followers"]), "get FREE followers here");
    assert!(
        !verdict.reason.to_lowercase().contains("followers"),
        "{}",
        verdict.reason
    );
}

#[test]
fn many_entries_are_searched_at_once() {
    let entries: Vec<_> = (0..10_000)
        .map(|i| format!("word{i} tail{}", i * 7))
        .collect();
    let entries: Vec<_> = entries.iter().map(String::as_str).collect();
    let moderator = moderator(&entries);
    assert_eq!(
        judge(&moderator, "so word9999 tail69993 it is").rule,
        "blocklist"
    );
    assert!(judge(&moderator, "so word9999 tail69994 it is").is_allowed());
    assert!(judge(&moderator, "word1 word2 word3 tail7x").is_allowed());
}

#[test]
fn the_policy_is_named_with_its_version() {
    assert_eq!(moderator(&[]).policy(), "test@7");
}

/// Every character of the planes in use gets a verdict, alone and between letters; nothing panics.
#[test]
fn every_character_gets_a_verdict() {
    let moderator = moderator(&["spam"]);
    for c in (char::MIN..='\u{20fff}').chain('\u{e0000}'..='\u{e0fff}') {
        let alone = judge(&moderator, &c.to_string());
        let between = judge(&moderator, &format!("a{c}b"));
        assert!(
            alone.rule != "blocklist" && between.rule != "empty",
            "{c:?}"
        );
    }
}
