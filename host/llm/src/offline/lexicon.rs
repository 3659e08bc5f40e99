//! Small lists of English words by class, as far as telling noun phrases needs them.

use super::text::{Words, is_common};
use std::sync::LazyLock;

const DETERMINERS: &str = "the a an this that these those my your our his her their its some any every each another \
    no both";
const NUMERALS: &str = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen \
    seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand dozen";
const PREPOSITIONS: &str = "of with for in on at from by into over under behind inside without between beside near above \
    below across around through against onto about like";
const PLACES: &str = "in on at under behind inside between beside near above below next across around against from by \
    into onto over";
const ADJECTIVES: &str = "little big new old last first second third best worst next good nice great long short small tiny \
    huge giant hot cold warm cool red blue green yellow orange white black brown grey gray pink purple golden silver \
    dark light bright soft hard wet dry clean dirty rusty dusty broken dead alive fresh raw cooked burnt crispy spicy \
    sweet sour salty bitter angry happy sad scary weird strange secret hidden lost wrong right left upper lower honest top \
    bottom deep high low fat thin thick heavy loud quiet slow fast quick easy cheap expensive fancy plain simple double \
    single whole half full empty open closed free real fake wild lucky ugly pretty beautiful perfect safe dangerous \
    sharp flat round square main final only other same entire original extra frozen melted poor deaf blind young tall \
    wide narrow loose tight shiny smooth rough sticky fluffy famous ancient modern digital electric tired deep better \
    worse lovely funny stupid smart clever cute bad fine ready sure crazy early late favourite favorite nearest highest \
    lowest biggest smallest angriest oldest newest hardest smoked fried grilled baked";
/// Forms that follow a noun rather than belong to it.
const VERBS: &str = "ate became began bent bit bled blew broke brought built burnt bought came caught chose cut did died \
    drew drank drove fell felt fought fights found flew froze gave goes grew had has heard held hit hurt kept knew laid led left \
    lets lost made means meant met needs paid put ran rang rose said sang sat saw says seen sells sent shook shone shot \
    shut slept slid smells sounds spoke spent stands stood stole stuck swam swept takes tastes taught tells thinks threw \
    told took tore torn tries turns understood wants wakes went wins woke won works wore wrote looks feels fits flips \
    rings slides throws barks wobbles jumps runs falls moves starts stops rises comes gets gives keeps makes plays sits \
    stays walks eats drinks opens closes hangs hits holds hurts kills leaves lives loves hates likes melts misses pushes \
    pulls rests rolls shakes shines shows sticks sings smiles touches watches wiggles yells go come fall fall work look \
    feel smell taste sound seem play stay sit stand hold break burn boil melt rest rise move turn open close jump run \
    throw hit fight eat drink sleep wake touch doubled settles attacks defends captures blocks threatens hangs bakes";
const NOT_NOUNS: &str = "man woman men women person way thing things time times lot lots bit kind moment second minute minutes guy guys people one \
    ones part side hand hands place point case idea reason fact end start middle rest name word words question answer \
    chat stream everyone somebody day night year years week weeks month hour hours ago today front back ever never \
    already maybe almost quite rather very too again away down off out up there here now then together apart please \
    thank thanks hello okay yes no yeah oh ah wow god sorry wait stop careful nothing something anything everything else \
    well way number plan job life kinds sort sorts type amount couple few pair course number sake favour sec zero total \
    point try tries half third quarter quote somewhere anywhere whoever whatever wherever somebody someone anyone anything sixes alone inside outside nobody anybody faster slower later \
    sooner earlier longer shorter more less ones try go";
const NO_ING: &str = "king ring spring string morning evening ceiling wing pudding building wiring icing dressing frosting";
const LY_NOUNS: &str =
    "supply family jelly belly bully assembly butterfly dragonfly firefly fly lily reply";
const NO_ED: &str = "bed seed weed shed sled speed bread feed";
const CALENDAR: &str = "monday tuesday wednesday thursday friday saturday sunday january february march april may june july \
    august september october november december christmas easter english french german italian spanish dutch okay god \
    i'm i'll i've i'd";

fn set(list: &'static str) -> std::collections::HashSet<&'static str> {
    list.split_whitespace().collect()
}

macro_rules! lists {
    ($($function:ident $list:ident $doc:literal;)*) => {
        $(
            #[doc = $doc]
            pub(super) fn $function(word: &str) -> bool {
                static LIST: Words = LazyLock::new(|| set($list));
                LIST.contains(word)
            }
        )*
    };
}

lists! {
    is_determiner DETERMINERS "What a noun phrase begins with.";
    is_numeral NUMERALS "A number in words.";
    is_preposition PREPOSITIONS "What a noun phrase may follow.";
    leads_to_place PLACES "What a place begins with.";
    is_adjective ADJECTIVES "What may stand between an article and its noun.";
    is_verb_form VERBS "What is no noun though it may follow one.";
    is_no_noun NOT_NOUNS "What says nothing as a noun, or is none.";
    is_calendar CALENDAR "What has a capital and is nobody's name.";
}

/// Whether a number is written in digits or in words.
pub(super) fn is_number(word: &str) -> bool {
    is_numeral(word)
        || word
            .split_once('-')
            .is_some_and(|(tens, ones)| is_numeral(tens) && is_numeral(ones))
        || word.starts_with(|c: char| c.is_ascii_digit()) && word.len() <= 10
}

/// A word that holds phrases together and is in none of them.
pub(super) fn is_closed(word: &str) -> bool {
    (is_common(word) && !is_adjective(word)) || is_determiner(word) || is_preposition(word)
}

/// Whether a word can be the last one of a noun phrase, as far as its form tells.
pub(super) fn can_be_noun(word: &str) -> bool {
    let letters = word.chars().all(|c| c.is_alphabetic() || c == '-');
    let ends = |ending: &str| word.len() > ending.len() + 2 && word.ends_with(ending);
    letters
        && word.chars().count() >= 3
        && !is_closed(word)
        && !is_adjective(word)
        && !is_verb_form(word)
        && !is_no_noun(word)
        && !is_number(word)
        && (!ends("ly") || LY_NOUNS.split_whitespace().any(|noun| word == noun))
        && (!ends("ed") || NO_ED.split_whitespace().any(|noun| word.ends_with(noun)))
        && (!ends("ing") || NO_ING.split_whitespace().any(|noun| word.ends_with(noun)))
        && !["ous", "ful", "ible", "able", "less"]
            .iter()
            .any(|ending| ends(ending))
}

/// Whether a noun's form is that of a plural.
pub(super) fn is_plural(word: &str) -> bool {
    let like_one = ["ss", "us", "is", "'s"]
        .iter()
        .any(|ending| word.ends_with(ending));
    word.len() > 3 && word.ends_with('s') && !like_one
}
