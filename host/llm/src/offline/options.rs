//! What a question lets one choose from.

use super::text::lower_words;

/// What may stand before an option, and goes.
const LEADS: &str = "should shall do does did is are was were will would can could we i you they he she it go try take use \
    play pick choose have get make put start with first the a an that this want prefer like either for to be your my our chat \
    so ok okay hey them him her us slice and what's which maybe rather of in on one open read cook bake add fight";

/// What may stand behind an option, and goes.
const TRAILS: &str = "first again next now instead today tonight chat guys please on up off out then too better it one here people everyone";

/// What is no option.
const NO_OPTION: &str = "what no nah something anything so maybe nothing else whatever";

/// `left` and `right` of `should I go left or right, chat?`; all of `power supply, capacitors, or a
/// curse?`. Fewer than two are none.
pub(super) fn options(message: &str) -> Vec<String> {
    let question = message
        .split_inclusive(['?', '.', '!'])
        .rfind(|sentence| sentence.contains(" or "))
        .unwrap_or_default();
    let Some((before, after)) = question.rsplit_once(" or ") else {
        return vec![];
    };
    let before = before.trim_end_matches([',', ' ']);
    let mut parts: Vec<&str> = before.split([',', ';', ':']).collect();
    // `or is that a crime?`
    let claim = ["is that ", "is it ", "is this ", "are they ", "are those "];
    if let Some(what) = claim
        .iter()
        .find_map(|claim| after.trim_start().strip_prefix(claim))
    {
        let what = what
            .split([',', ';', '?', '.', '!'])
            .next()
            .unwrap_or_default();
        let words = lower_words(what);
        return match bare(what).join(" ") {
            claim if claim.is_empty() || words.len() > 3 => vec![],
            claim => {
                let not = format!("no {claim}");
                vec![claim, not]
            }
        };
    }
    // `or right, chat?`
    let last = after
        .split([',', ';', '?', '.', '!'])
        .next()
        .unwrap_or_default();
    if before.contains(" or ") {
        parts = before
            .split(" or ")
            .flat_map(|part| part.split(','))
            .collect();
    }
    let last = bare(last);
    if last.is_empty() || last[0] == "not" {
        return vec![];
    }
    let most = last.len().max(2);
    let mut found: Vec<String> = Vec::new();
    for part in parts.iter().rev() {
        let mut words = bare(part);
        // `should I go left`: only what is like the other option.
        if words.len() > most {
            let verb = words
                .iter()
                .rposition(|word| LEADS.split_whitespace().any(|lead| lead == word));
            words.drain(..verb.map_or(words.len() - most, |at| at + 1));
        }
        // `them thin or thick`: without an article an option is as long as the other one.
        if words.len() > last.len() && !has_article(part, &words) {
            words.drain(..words.len() - last.len());
        }
        if words.is_empty() || words.len() > 4 {
            break;
        }
        found.push(words.join(" "));
    }
    found.reverse();
    found.push(last.join(" "));
    found.dedup();
    if found.len() < 2
        || found
            .iter()
            .any(|option| NO_OPTION.split_whitespace().any(|no| no == option))
    {
        return vec![];
    }
    found
}

/// Whether an article stands right before the words that were kept of a part.
fn has_article(part: &str, kept: &[String]) -> bool {
    let words = lower_words(part);
    let at = words.windows(kept.len()).position(|window| window == kept);
    let before = at
        .and_then(|at| at.checked_sub(1))
        .map(|at| words[at].as_str());
    matches!(
        before,
        None | Some("the" | "a" | "an" | "my" | "your" | "this" | "that")
    )
}

/// The words of a part, without what leads to it and what trails behind it.
fn bare(part: &str) -> Vec<String> {
    let words = lower_words(part);
    let is = |list: &str, word: &str| list.split_whitespace().any(|listed| listed == word);
    let start = words
        .iter()
        .position(|word| !is(LEADS, word))
        .unwrap_or(words.len());
    let mut end = words.len();
    while end > start && is(TRAILS, &words[end - 1]) {
        end -= 1;
    }
    // `right at the waterfall`
    let is_place = |word: &String| is("at in on near behind under for with from by to", word);
    let place = words[start..end].iter().skip(1).position(is_place);
    let end = place.map_or(end, |at| start + 1 + at);
    words[start..end].iter().take(5).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_found() {
        for (asked, expected) in [
            ("should I go left or right, chat?", &["left", "right"][..]),
            ("pizza or pasta?", &["pizza", "pasta"]),
            (
                "should I take the upper path or the tunnel?",
                &["upper path", "tunnel"],
            ),
            (
                "do we take the red door or the blue door?",
                &["red door", "blue door"],
            ),
            (
                "What is it? Power supply, capacitors, or a curse?",
                &["power supply", "capacitors", "curse"],
            ),
            (
                "Vinegar, or alcohol? Let me know, I have both.",
                &["vinegar", "alcohol"],
            ),
            (
                "Should we try the low note first, or middle C again?",
                &["low note", "middle c"],
            ),
            ("do i castle or attack?", &["castle", "attack"]),
            ("red or blue or green?", &["red", "blue", "green"]),
            (
                "Do you put honey in tea, or is that a crime?",
                &["crime", "no crime"],
            ),
            ("is it done or not?", &[]),
            ("is it done?", &[]),
            ("Do we slice them thin or thick?", &["thin", "thick"]),
            (
                "Should I put the cheese on now or wait?",
                &["cheese", "wait"],
            ),
            ("Left or right at the waterfall?", &["left", "right"]),
            ("or?", &[]),
        ] {
            assert_eq!(options(asked), expected, "{asked}");
        }
    }
}
