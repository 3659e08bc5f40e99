//! Words that don't tell what a text is about, for spoken English.
//!
//! Function words, and beside them what people fill their speech with, and the verbs, adjectives
//! and nouns that go with any topic. RAKE cuts a text into phrases at these words, and takes such a
//! list as given.

use std::{collections::HashSet, sync::LazyLock};

/// Whether a word, in lower case, says nothing about the topic.
pub(crate) fn is_stop_word(word: &str) -> bool {
    static WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
        GROUPS
            .iter()
            .flat_map(|group| group.split_whitespace())
            .collect()
    });
    WORDS.contains(word) || is_drawn_out(word)
}

/// `noooo`, `yesss`: three of a letter in a row are a cry, not a topic.
fn is_drawn_out(word: &str) -> bool {
    word.as_bytes()
        .windows(3)
        .any(|three| three[0] == three[1] && three[1] == three[2])
}

const GROUPS: [&str; 8] = [
    // Articles, pronouns, determiners
    "a an the this that these those i me my mine myself we us our ours ourselves you your yours \
     yourself yourselves he him his himself she her hers herself it its itself they them their \
     theirs themselves who whom whose which what somebody someone something anybody anyone \
     anything everybody everyone everything nobody none nothing one ones each every either \
     neither some any no all both few many much more most other others another such own same \
     several enough less least half",
    // Prepositions, conjunctions
    "about above across after against along among around as at before behind below beneath beside \
     between beyond by down during except for from in inside into like near of off on onto out \
     outside over past per since than through throughout till to toward towards under until up \
     upon via with within without and but or nor so yet if because although though unless while \
     whereas whether when where why how whenever wherever whatever whichever whoever however",
    // Auxiliaries and their contractions
    "am is are was were be been being do does did doing done have has had having can could may \
     might must shall should will would ought cannot can't couldn't mightn't mustn't shan't \
     shouldn't won't wouldn't don't doesn't didn't isn't aren't wasn't weren't haven't hasn't \
     hadn't ain't needn't i'm i've i'd i'll you're you've you'd you'll he's he'd he'll she's \
     she'd she'll it's it'd it'll we're we've we'd we'll they're they've they'd they'll that's \
     that'd that'll there's there're here's what's what're what'll where's who's who'd who'll \
     why's how's how'd when's let's y'all this'll one's everyone's everything's nothing's \
     something's somebody's someone's nobody's today's what'd could've should've would've \
     might've must've i'ma tryna",
    // Adverbs
    "not never always often sometimes usually again already also almost alone altogether anyhow \
     anyway anyways anywhere apart aside away back barely certainly clearly completely definitely \
     directly else elsewhere especially essentially eventually ever everywhere exactly far \
     finally first fully further generally hardly here hopefully immediately indeed instead just \
     kinda kind last lately later likely literally maybe mainly meanwhile merely mostly namely \
     nearly nowhere now obviously occasionally only originally otherwise overall particularly \
     perfectly perhaps possibly pretty previously probably properly quickly quite rather really \
     recently second secondly simply slightly slowly somehow somewhat somewhere soon sorta sort \
     specifically still straight suddenly super supposedly surely then thereby therefore there \
     thing things third thus together tomorrow tonight too totally truly twice once ultimately \
     unfortunately usual very well actually absolutely apparently basically seriously honestly \
     ahead today yesterday right left even forever long longer little bit bits lot lots",
    // Fillers and calls
    "uh um umm uhm er erm ah aah ahh oh ooh ohh mm mmm mhm hm hmm huh hey hi hello hiya yo yeah \
     yea yep yup yes nah nope okay ok kay alright aha ha haha hahaha hahahaha heh hehe wow whoa \
     woah woo woohoo yay ugh ouch oops whoops phew gosh jeez geez dude bro man guys guy folks \
     chat chatters everybody's please thanks thank sorry bye goodbye welcome cheers pog gg lol \
     lmao omg god damn dang heck hell darn gee like's etc nooo noooo yesss yess gonna wanna gotta \
     lemme gimme cause cuz 'cause em dunno innit",
    // Verbs that say little
    "get gets getting got gotten go goes going gone went goin come comes coming came make makes \
     making made take takes taking took taken put puts putting let lets letting say says saying \
     said tell tells telling told ask asks asking asked see sees seeing saw seen look looks \
     looking looked watch watches watching watched hear hears hearing heard know knows knowing \
     knew known think thinks thinking thought believe guess guesses guessing guessed mean means \
     meaning meant want wants wanting wanted need needs needing needed try tries trying tried use \
     uses using used keep keeps keeping kept give gives giving gave given find finds finding \
     found feel feels feeling felt seem seems seemed seeming start starts starting started stop \
     stops stopping stopped begin begins beginning began end ends ending ended happen happens \
     happening happened turn turns turning turned show shows showing showed shown call calls \
     calling called work works working worked move moves moving moved hold holds holding held \
     bring brings bringing brought leave leaves leaving stay stays staying stayed wait waits \
     waiting waited hope hopes hoping hoped love loves loving loved hate hates hating hated liked \
     likes remember remembers remembered forget forgets forgot forgotten talk talks talking \
     talked become becomes becoming became set sets setting run runs running ran help helps \
     helping helped add adds adding added change changes changing changed check checks checking \
     checked care cares matter matters suppose supposed figure figures figured wonder wondering \
     decide decided deal deals sit sits sitting sat stand stands standing stood pick picks \
     picking picked pull pulls pulling pulled push pushes pushing pushed grab grabs grabbing \
     grabbed throw throws throwing threw thrown able wish wishes understand understood read reads \
     live lives",
    // Adjectives that say little
    "good better best bad worse worst big bigger biggest small smaller smallest great nice fine \
     cool new old next previous real true false sure wrong different similar whole entire full \
     empty main certain possible impossible important easy easier hard harder difficult quick \
     fast slow early late high higher low lower short ready happy sad glad crazy weird funny \
     amazing awesome incredible insane beautiful perfect huge close open free single double total \
     general special simple clear actual",
    // Nouns that say little
    "way ways thing's stuff time times moment moments minute minutes seconds hour hours day days \
     week weeks month months year years part parts place places side sides top bottom middle \
     point points reason case cases fact idea ideas question questions answer answers problem \
     problems example number numbers amount piece pieces people person name names word words line \
     couple pair bunch rest front bit's kinds sorts type types two three four five six seven \
     eight nine ten hundred thousand million zero \
     eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundreds thousands millions billion paid pay pays touch touched opens opened closes closed",
];
