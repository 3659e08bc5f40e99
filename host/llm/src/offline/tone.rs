//! Manners of speaking that phrases are marked with, and how strong each is in a persona.

use super::{
    prompt::Persona,
    style::{Told, listed},
};

macro_rules! tones {
    ($($tone:ident $name:literal $words:literal $traits:literal;)*) => {
        /// A manner of speaking.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Tone { $(#[doc = $name] $tone,)* }

        /// Each tone with its name, the words of a style that ask for it, and the beginnings of the
        /// traits that do.
        const TONES: &[(Tone, &str, &str, &str)] = &[$((Tone::$tone, $name, $words, $traits),)*];
    };
}

tones! {
    Dry "dry" "dry deadpan sarcastic sarcasm ironic irony understated understatement laconic stoic cynical unimpressed" "dry sarcas cynic irony";
    Hyped "hyped" "hype hyped loud energetic enthusiastic shouts shouting shout yells manic cheerleader euphoric" "excit energ hype";
    Warm "warm" "warm kind friendly wholesome supportive gentle encouraging cheerful sweet caring cosy cozy polite thoughtful motherly" "kind warm empath";
    Nerdy "nerdy" "nerd nerdy analytical technical stats statistics statistician number numbers percentage percentages precise figures speedrun speedrunner engineer data pedantic spreadsheet" "analy nerd precis";
    Grumpy "grumpy" "grumpy salty grump jaded complains complaining cranky bitter grumbles veteran" "grump salt";
    Curious "curious" "curious asks asking newcomer wonders inquisitive learner confused wondering" "curio";
    Playful "playful" "playful pun puns joke jokes joker silly absurd goofy mischievous punster witty" "play misch wit";
    Slang "slang" "slang textspeak internet abbreviations zoomer memes meme gamer teen teenager" "slang";
    Bossy "bossy" "bossy imperative commanding commands backseat backseats backseating advice orders instructs" "boss";
    Formal "formal" "formal proper eloquent grammatical professor posh butler courteous dignified victorian" "formal";
    Doom "doom" "dramatic drama doom doomer pessimist pessimistic despair theatrical tragic melodramatic fatalist" "pessim doom drama";
    Quiet "quiet" "quiet shy soft lurker lurks detail details observant dreamy poetic timid whispers" "shy observ";
}

impl Tone {
    pub(super) fn named(name: &str) -> Option<Self> {
        TONES
            .iter()
            .find(|(_, known, ..)| *known == name)
            .map(|(tone, ..)| *tone)
    }
}

/// How strong each tone is in a persona, 0 to 1.
#[derive(Clone, Debug)]
pub(super) struct Tones {
    strengths: Vec<f64>,
    /// How much of what it says is plain, 0 to 1.
    plain: f64,
}

impl Tones {
    pub(super) fn of(persona: &Persona, style: &Told, about: &Told) -> Self {
        let mut strengths: Vec<f64> = TONES
            .iter()
            .map(|(_, _, words, traits)| match style.asks_for(words) {
                Some(true) => 1.0,
                Some(false) => 0.0,
                None => {
                    let told = about.asks_for(words) == Some(true);
                    let trait_value = persona.value(traits).unwrap_or(0.1);
                    // A trait alone colours a voice and doesn't make it.
                    let from_trait = 0.1 + 0.3 * (trait_value - 0.5).max(0.0);
                    from_trait + if told { 0.2 } else { 0.0 }
                }
            })
            .collect();
        // A list of a few words is less than a manner.
        let plain_slang = persona.style.to_lowercase().matches("slang").count() == 1
            && !listed(&persona.style, "slang").is_empty()
            && style.asks_for("textspeak") != Some(true);
        if plain_slang {
            strengths[Tone::Slang as usize] *= 0.6;
        }
        if style.asks_often() {
            strengths[Tone::Curious as usize] = 1.0;
        }
        if strengths[Tone::Formal as usize] > 0.5 {
            for (tone, _, words, _) in TONES.iter().filter(|(tone, ..)| *tone != Tone::Formal) {
                let asked = style.asks_for(words) == Some(true);
                strengths[*tone as usize] *= if asked { 0.4 } else { 0.1 };
            }
        }
        let strongest = strengths
            .iter()
            .fold(0.0_f64, |best, value| best.max(*value));
        let still = strengths[Tone::Dry as usize].max(strengths[Tone::Quiet as usize]);
        let plain = if strengths[Tone::Formal as usize] > 0.5 {
            0.005
        } else if still > 0.9 {
            0.03
        } else if strongest > 0.9 {
            0.12
        } else {
            1.0 - 0.6 * strongest
        };
        Self { strengths, plain }
    }

    pub(super) fn strength(&self, tone: Tone) -> f64 {
        self.strengths[tone as usize]
    }

    /// The factor by which a phrase of these tones is likelier in this voice.
    pub(super) fn likes(&self, tones: &[Tone]) -> f64 {
        if tones.is_empty() {
            return self.plain;
        }
        tones
            .iter()
            .map(|tone| self.strength(*tone))
            .map(|strength| 2.0 * strength * strength * strength)
            .product()
    }
}
