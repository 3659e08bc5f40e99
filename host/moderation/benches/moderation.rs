//! What a verdict costs: messages of 200 characters judged with 10,000 entries on the blocklist and all
//! patterns on, beside a plain Aho-Corasick scan of the same texts for the same entries in the same run.
//! Rounds alternate, and the best of each counts.
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use aho_corasick::AhoCorasick;
use chatter_moderation::{Moderator, PersonaLines};
use chatter_protocol::{AuthorKind, ModerationPolicy, moderation::Action};
use std::{
    hint::black_box,
    process::ExitCode,
    time::{Duration, Instant},
};

const ENTRIES: usize = 10_000;
const CHARS: usize = 200;
const ROUNDS: usize = 7;
const A_ROUND: usize = 4_000;

fn main() -> ExitCode {
    if std::env::args().skip(1).any(|word| word != "--bench") {
        eprintln!("usage: cargo xtask bench moderation");
        return ExitCode::from(2);
    }
    let entries = entries();
    let scan = AhoCorasick::new(&entries).unwrap();
    let mut policy = ModerationPolicy {
        blocklist: entries,
        ..ModerationPolicy::open("bench")
    };
    let words_alone = Moderator::new(&policy);
    let redact = Some(Action::Redact);
    policy.patterns.email = redact;
    policy.patterns.phone = redact;
    policy.patterns.card = redact;
    policy.patterns.iban = redact;
    policy.patterns.ip_address = redact;
    policy.patterns.street_address = redact;
    policy.patterns.secret = redact;
    policy.links.action = Action::Redact;
    let began = Instant::now();
    let all = Moderator::new(&policy);
    println!(
        "{ENTRIES} entries are made ready in {:.0} ms",
        ms(began.elapsed())
    );
    let personas = PersonaLines::new(["Nova", "Pip", "Kestrel", "Old Bea", "Professor"]);
    println!(
        "{:<28}{:>12}{:>8}{:>12}{:>8}",
        "of 200 characters", "words, µs", "ratio", "all, µs", "ratio"
    );
    for (what, text) in texts() {
        assert_eq!(text.chars().count(), CHARS);
        let lower = text.to_lowercase();
        let mut best = [Duration::MAX; 4];
        for _ in 0..ROUNDS {
            let times = [
                time(|| scan.is_match(black_box(&lower))),
                time(|| {
                    words_alone
                        .judge(black_box(&text), AuthorKind::Viewer)
                        .is_allowed()
                }),
                time(|| all.judge(black_box(&text), AuthorKind::Viewer).is_allowed()),
                time(|| personas.judge(black_box(&text), "Nova").is_allowed()),
            ];
            for (best, time) in best.iter_mut().zip(times) {
                *best = (*best).min(time);
            }
        }
        let [scan, words, all, line] =
            best.map(|time| time.as_secs_f64() * 1e6 / f64::from(u32::try_from(A_ROUND).unwrap()));
        println!(
            "{what:<28}{words:>12.2}{:>8.1}{all:>12.2}{:>8.1}   scan {scan:.2} µs, a persona's own rules {line:.2} µs",
            words / scan,
            all / scan,
        );
    }
    ExitCode::SUCCESS
}

fn time(mut judge: impl FnMut() -> bool) -> Duration {
    let began = Instant::now();
    for _ in 0..A_ROUND {
        black_box(judge());
    }
    began.elapsed()
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Made-up words of two to four syllables, as many phrases among them.
fn entries() -> Vec<String> {
    const SYLLABLES: [&str; 24] = [
        "ba", "ke", "lim", "dor", "vex", "tra", "pul", "gri", "zon", "mak", "fle", "nus", "qui",
        "sho", "wen", "yar", "cat", "hib", "jol", "rud", "spe", "tig", "ulm", "ost",
    ];
    let mut seed = 7_u64;
    let mut next = |bound: usize| {
        // Knuth's MMIX generator.
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % bound
    };
    (0..ENTRIES)
        .map(|nth| {
            let mut word = |syllables| -> String {
                (0..syllables)
                    .map(|_| SYLLABLES[next(SYLLABLES.len())])
                    .collect()
            };
            let first = word(3 + nth % 2);
            if nth % 2 == 0 {
                first
            } else {
                format!("{first} {}", word(2))
            }
        })
        .collect()
}

fn texts() -> [(&'static str, String); 5] {
    let fill = |text: &str| text.chars().cycle().take(CHARS).collect::<String>();
    [
        (
            "English",
            fill(
                "that jump was so close i thought he was done for, what a save by the streamer and chat goes wild again ",
            ),
        ),
        (
            "with numbers and digits",
            fill(
                "gr8 run m8, 3rd try at 12:30 and 455 hp left, 10/10 would watch again, 2nd boss next pls ",
            ),
        ),
        (
            "letters set apart",
            fill("l e t s g o o that was c l e a n and so s-m-o-o-t-h my word "),
        ),
        (
            "Russian",
            fill("привет всем, отличная игра, спасибо за стрим и хорошего вечера "),
        ),
        (
            "Japanese and emoji",
            fill("すごい！ナイスプレイ、今のは本当に上手かった🔥🔥 また明日も見ます "),
        ),
    ]
}
