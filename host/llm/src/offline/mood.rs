//! What what is said feels like, by its words and marks.

use super::text::lower_words;

/// How the moment feels; decides about emotes, shouting and emoji.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    Calm,
    Joy,
    Shock,
    Fun,
    Warm,
    Puzzled,
}

impl Mood {
    #[cfg(test)]
    pub(super) const ALL: &[Self] = &[
        Self::Calm,
        Self::Joy,
        Self::Shock,
        Self::Fun,
        Self::Warm,
        Self::Puzzled,
    ];

    /// As `protocol/emotes.json` writes them.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "calm" => Self::Calm,
            "joy" => Self::Joy,
            "shock" => Self::Shock,
            "fun" => Self::Fun,
            "warm" => Self::Warm,
            "puzzled" => Self::Puzzled,
            _ => return None,
        })
    }

    /// Whether what fits the one is not quite wrong for the other.
    pub(super) const fn is_near(self, other: Self) -> bool {
        matches!(
            (self, other),
            (Self::Calm, Self::Warm | Self::Puzzled | Self::Fun)
                | (Self::Warm | Self::Puzzled | Self::Fun, Self::Calm)
        )
    }
}

/// The kind of line that fits, its mood, and words and phrases that tell it.
const CUES: &[(&str, Mood, &str)] = &[
    (
        "laugh",
        Mood::Fun,
        "[laughs]|[laughing]|haha|hahaha|hehe|lol|joke|funny|hilarious|laughing|giggle",
    ),
    (
        "fail",
        Mood::Shock,
        "oh no|no no|ugh|ouch|smoke|poof|broke|broken|burnt|burned|cooked a|dead|died|failed|nothing happens|silent|wrong|lost|missed|fell|\
         spilled|dropped|leaking|blunder|game over|ruined|too late|mistake|crashed|dies|hanging",
    ),
    (
        "hype",
        Mood::Joy,
        "yes|let's go|it works|alive|we did it|did it|wow|oh my god|perfect|finally|got it|huge|record|won|we won|checkmate|first try|\
         made it|amazing|beautiful|there it is|nailed",
    ),
    (
        "tense",
        Mood::Shock,
        "careful|carefully|slowly|scary|three two one|in three two|hold on|breathe|moment of quiet|plug it in|here we go|ready|almost|\
         one more|last life|last chance|don't breathe|steady|nervous|shaking|wish me luck|seconds left|pressure|jump",
    ),
    (
        "weird",
        Mood::Puzzled,
        "where is|left a note|strange|weird|missing|disappeared|haunted|curse|suspect|mystery|do not|why is there|what is that|who did|\
         gone|secret|hidden|odd|suspicious",
    ),
    (
        "cute",
        Mood::Warm,
        "cat|kitten|dog|puppy|paws|purrs|purring|baby|bunny|parrot|hamster|duckling",
    ),
    (
        "yum",
        Mood::Warm,
        "tea|coffee|honey|taste|tastes|smells|delicious|dough|oven|garlic|butter|salt|sauce|soup|cheese|bake|bread|recipe|pan|onion|onions|\
         eat|dinner|spoon|pepper|stir|simmer|noodles|rice|cream|flour",
    ),
    (
        "calm",
        Mood::Calm,
        "quiet|silence|waiting|wait for|let it rest|cool down|cools down|meanwhile|loading",
    ),
];

/// The kind and mood of the texts, the first of which counts twice; none if nothing tells it.
pub(super) fn mood_of(texts: &[&str]) -> Option<(&'static str, Mood)> {
    let mut best = None;
    let mut most = 0;
    for (kind, mood, cues) in CUES {
        let mut score = 0;
        for (at, text) in texts.iter().enumerate() {
            let joined = format!(" {} ", lower_words(text).join(" "));
            let lower = text.to_lowercase();
            let found = cues
                .split('|')
                .filter(|cue| {
                    if cue.starts_with('[') {
                        lower.contains(*cue)
                    } else {
                        joined.contains(&format!(" {cue} "))
                    }
                })
                .count();
            let loud = usize::from(*kind == "hype" && found > 0 && text.contains('!'));
            score += (found + loud) * if at == 0 { 2 } else { 1 };
        }
        if score > most {
            (best, most) = (Some((*kind, *mood)), score);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moods_are_told_by_words() {
        for (text, expected) in [
            ("Oh no. Oh no no no, smoke!", Some("fail")),
            ("Yes! Let's go! Twelve volts!", Some("hype")),
            ("[laughs] It made a noise once!", Some("laugh")),
            ("Right, lid off in three, two, one.", Some("tense")),
            ("And where is nine?", Some("weird")),
            ("Biscuit is my cat.", Some("cute")),
            ("More butter, and a pinch of salt.", Some("yum")),
            ("This is the red probe.", None),
            ("", None),
        ] {
            assert_eq!(mood_of(&[text]).map(|(kind, _)| kind), expected, "{text}");
        }
        let both = mood_of(&["Yes, it works!", "Oh no, smoke."]);
        assert_eq!(
            both.map(|(kind, _)| kind),
            Some("hype"),
            "the latest counts most"
        );
    }
}
