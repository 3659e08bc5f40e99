//! The arithmetic of `cargo xtask bench crowd`, on chats whose figures are known.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]
#![allow(dead_code, reason = "the benchmark uses the rest")]

#[path = "../benches/crowd/figures.rs"]
mod figures;
#[path = "../benches/common/quantile.rs"]
mod quantile;

use figures::{Figures, Line, has_emote, words};

fn chat(lines: &[(i64, &str, &str)]) -> Figures {
    let lines: Vec<Line> = lines
        .iter()
        .map(|(at, author, text)| Line {
            at: *at,
            author: (*author).into(),
            text: (*text).into(),
        })
        .collect();
    Figures::of(&lines, &[2_000])
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9
}

#[test]
fn words_are_compared_without_shouting() {
    for (text, expected) in [
        ("LETS GOOOOO!!", vec!["lets", "goo"]),
        ("nice :hype: :Hype:", vec!["nice", ":hype:", "hype"]),
        ("... 🔥", vec!["🔥"]),
        ("it's 3:30", vec!["its", "330"]),
        ("", vec![]),
    ] {
        assert_eq!(words(text), expected, "{text}");
    }
    for (text, has) in [
        ("gg :gg:", true),
        ("🔥", true),
        ("a: b", false),
        ("::", false),
    ] {
        assert_eq!(has_emote(text), has, "{text}");
    }
}

#[test]
fn an_echo_is_anothers_and_of_a_moment_ago() {
    let figures = chat(&[
        (0, "a", "gg"),
        (1_000, "b", "GG!!"),
        (2_000, "b", "gg"),
        (3_000, "c", "wp"),
        (40_000, "a", "gg"),
        (41_000, "c", "!!!"),
        (42_000, "a", "???"),
    ]);
    assert!(near(figures.echoes, 2.0 / 7.0), "{}", figures.echoes);
}

#[test]
fn a_hype_moment_lasts_for_15_s() {
    let figures = chat(&[
        (0, "a", "gg"),
        (1_000, "b", "gg"),
        (2_000, "c", "gg"),
        (16_900, "a", "wp"),
        (17_000, "d", "gg"),
        (20_000, "d", "one"),
    ]);
    assert!(near(figures.echoes_in_hype.unwrap(), 0.5));
    // Two lines in 15 s against six in 20 s.
    let factor = figures.hype_factor.unwrap();
    assert!(
        (factor - (2.0 / 15.0) / (6.0 / 20.0)).abs() < 0.01,
        "{factor}"
    );
}

#[test]
fn times_and_shares() {
    let mut lines: Vec<(i64, &str, &str)> = (0..120).map(|n| (n * 1000, "a", "so good")).collect();
    for line in lines.iter_mut().take(30) {
        line.1 = "b";
    }
    let figures = chat(&lines);
    assert_eq!(figures.per_minute, [60.0; 3]);
    assert!(near(figures.burstiness, -1.0), "like clockwork");
    assert!(near(figures.top_tenth, 0.75));
    assert!(near(figures.words[0], 2.0) && near(figures.one_word, 0.0));
    assert!(near(figures.distinct_2, 1.0 / 120.0));
    assert!(near(figures.self_bleu_2, 1.0), "{}", figures.self_bleu_2);
}

#[test]
fn lines_that_share_nothing_have_no_bleu() {
    let figures = chat(&[
        (0, "a", "one two"),
        (1, "b", "three four"),
        (2, "c", "five six"),
    ]);
    assert!(figures.self_bleu_2 < 1e-6);
    assert!(near(figures.distinct_2, 1.0));
}

#[test]
fn an_empty_chat_has_figures_too() {
    let figures = chat(&[]);
    assert_eq!(figures.lines, 0);
    assert!(near(chat(&[(5, "a", "hm")]).one_word, 1.0));
}
