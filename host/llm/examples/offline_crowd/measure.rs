//! What a chat of many lines looks like in numbers.

use std::collections::{BTreeMap, BTreeSet};

fn words(line: &str) -> Vec<String> {
    line.split_whitespace()
        .map(|word| {
            let bare = word
                .trim_matches(|c: char| !(c.is_alphanumeric() || c == ':'))
                .to_lowercase();
            if bare.is_empty() {
                word.to_owned()
            } else {
                bare
            }
        })
        .collect()
}

fn is_emote(word: &str) -> bool {
    word.len() > 2 && word.starts_with(':') && word.ends_with(':')
}

/// Prints the figures that docs/offline-model.md explains.
pub(super) fn report(lines: &[String]) {
    let all: Vec<Vec<String>> = lines.iter().map(|line| words(line)).collect();
    // An emote is no word, a line of emotes counts as one.
    let mut lengths: Vec<usize> = all
        .iter()
        .map(|line| line.iter().filter(|word| !is_emote(word)).count().max(1))
        .collect();
    lengths.sort_unstable();
    let percent = |count: usize| count * 100 / all.len().max(1);
    let one = lengths.iter().filter(|length| **length == 1).count();
    let with_emote = all
        .iter()
        .filter(|line| line.iter().any(|word| is_emote(word)))
        .count();
    let only = all
        .iter()
        .filter(|line| line.iter().all(|word| is_emote(word)))
        .count();
    println!("\n=== {} lines", lines.len());
    println!(
        "words: median {}, p90 {}",
        lengths[lengths.len() / 2],
        lengths[lengths.len() * 9 / 10]
    );
    println!("one word or emotes alone: {}%", percent(one));
    println!(
        "with an emote: {}%, nothing else: {}%",
        percent(with_emote),
        percent(only)
    );
    let windows: Vec<_> = all
        .chunks(200)
        .filter(|window| window.len() == 200)
        .collect();
    let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let distinct = |window: &&[Vec<String>]| {
        let twos: Vec<_> = window.iter().flat_map(|line| line.windows(2)).collect();
        twos.iter().collect::<BTreeSet<_>>().len() as f64 / twos.len().max(1) as f64
    };
    println!(
        "distinct-2 of 200 lines: {:.2}",
        mean(windows.iter().map(distinct).collect())
    );
    println!(
        "self-BLEU-2 of 200 lines: {:.2}",
        mean(windows.iter().map(|window| self_bleu(window)).collect())
    );
    let mut templates: BTreeMap<String, usize> = BTreeMap::new();
    for line in &all {
        *templates.entry(template(line)).or_default() += 1;
    }
    // Of content words alone there is no template.
    let tells = |template: &str| template.split(' ').any(|word| word != "X" && word != ":e:");
    let mut templates: Vec<_> = templates
        .into_iter()
        .filter(|(template, _)| template.contains(' ') && tells(template))
        .collect();
    templates.sort_by_key(|(template, count)| (std::cmp::Reverse(*count), template.clone()));
    println!("commonest templates (X: a word that is no function word):");
    for (template, count) in templates.iter().take(8) {
        println!(
            "  {:4.1}% {template}",
            *count as f64 * 100.0 / all.len() as f64
        );
    }
    let mut same: BTreeMap<&str, usize> = BTreeMap::new();
    for line in lines {
        *same.entry(line).or_default() += 1;
    }
    let mut same: Vec<_> = same.into_iter().collect();
    same.sort_by_key(|(line, count)| (std::cmp::Reverse(*count), *line));
    let common: Vec<_> = same
        .iter()
        .take(12)
        .map(|(line, count)| format!("{line} ({count})"))
        .collect();
    println!("commonest lines: {}", common.join(", "));
}

/// Zhu et al., "Texygen", SIGIR 2018: the mean of each line's BLEU against all others, with 1-grams
/// and 2-grams; lines of one word have 1-grams only.
fn self_bleu(lines: &[Vec<String>]) -> f64 {
    let grams = |line: &[String], n: usize| -> Vec<String> {
        line.windows(n).map(|gram| gram.join(" ")).collect()
    };
    let mut holders: [BTreeMap<String, BTreeSet<usize>>; 2] = Default::default();
    for (at, line) in lines.iter().enumerate() {
        for n in 1..=2 {
            for gram in grams(line, n) {
                holders[n - 1].entry(gram).or_default().insert(at);
            }
        }
    }
    let bleu = |at: usize, line: &Vec<String>| {
        let orders = line.len().min(2);
        let precisions = (1..=orders).map(|n| {
            let all = grams(line, n);
            let seen = all
                .iter()
                .filter(|gram| holders[n - 1][*gram].iter().any(|holder| *holder != at))
                .count();
            seen as f64 / all.len() as f64
        });
        precisions.product::<f64>().powf(1.0 / orders as f64)
    };
    lines
        .iter()
        .enumerate()
        .map(|(at, line)| bleu(at, line))
        .sum::<f64>()
        / lines.len().max(1) as f64
}

/// A line with all but its function words masked.
fn template(line: &[String]) -> String {
    const FUNCTION: &str = "the a an is are was were be it its it's that this those these i i'm you he she they we my your of to in \
        on for with and or but so not no do does did what why how who where when like just at by if can will me";
    let mask = |word: &String| {
        if is_emote(word) {
            ":e:".to_owned()
        } else if FUNCTION.split_whitespace().any(|function| function == word) {
            word.clone()
        } else {
            "X".to_owned()
        }
    };
    line.iter().map(mask).collect::<Vec<_>>().join(" ")
}
