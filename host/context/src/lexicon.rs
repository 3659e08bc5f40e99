//! The words that events are known by, in lower case.

use std::{collections::HashMap, sync::LazyLock};

/// Words and phrases, found by their first word: a text is looked through once, not once a phrase.
pub(crate) struct Phrases(HashMap<&'static str, Vec<&'static str>>);

impl Phrases {
    /// Of a list with commas between the phrases.
    fn new(list: &'static str) -> Self {
        let mut phrases: HashMap<_, Vec<_>> = HashMap::new();
        for phrase in list.split(',').map(str::trim) {
            phrases
                .entry(phrase.split(' ').next().unwrap_or_default())
                .or_default()
                .push(phrase);
        }
        Self(phrases)
    }

    /// The longest phrase that the words begin with.
    pub(crate) fn at(&self, words: &[String]) -> Option<&'static str> {
        let fits = |phrase: &&&'static str| {
            let mut words = words.iter();
            phrase
                .split(' ')
                .all(|wanted| words.next().is_some_and(|word| word == wanted))
        };
        let phrases = self.0.get(words.first()?.as_str())?;
        phrases
            .iter()
            .filter(fits)
            .max_by_key(|phrase| phrase.len())
            .copied()
    }

    /// Where the first of them stands in the words.
    pub(crate) fn find(&self, words: &[String]) -> Option<usize> {
        (0..words.len()).find(|&at| self.at(&words[at..]).is_some())
    }

    /// Whether one of them stands in the words.
    pub(crate) fn is_in(&self, words: &[String]) -> bool {
        self.find(words).is_some()
    }

    /// Whether the words are one of them and nothing else.
    pub(crate) fn is(&self, words: &[String]) -> bool {
        self.at(words)
            .is_some_and(|phrase| phrase.split(' ').count() == words.len())
    }
}

/// What one shouts when something is great. Alone they weigh 0.4, so that it takes an exclamation
/// mark, capitals or a drawn-out vowel beside them.
pub(crate) static HYPE: LazyLock<Phrases> = LazyLock::new(|| {
    Phrases::new(
        "let's go, lets go, let's freaking go, no way, oh my god, oh my gosh, oh my goodness, omg, \
     yes, wo, woo, woohoo, wow, whoa, yay, insane, huge, we did it, i did it, we got it, i got it, \
     got it, it works, it worked, it's working, it's alive, pog, poggers, hell yeah, heck yeah, \
     holy, unbelievable, incredible, amazing, awesome, finally, new record, world record, \
     personal best, first try, legendary, unreal, clutch, look at that, look at this, nailed \
     it, boom, perfect, beautiful, gorgeous, victory, hype, best day, goal, jackpot, bingo, \
     come on, hooray, hurray, brilliant, fantastic, what a save, what a shot, what a goal",
    )
});

/// Something went wrong, and there is no other way to read it.
pub(crate) static FAIL: LazyLock<Phrases> = LazyLock::new(|| {
    Phrases::new(
        "oh no, oops, whoops, uh oh, game over, i died, we died, i'm dead, we're dead, messed up, \
     screwed up, ruined, i failed, we failed, epic fail, total fail, what a fail, that's not \
     good, this is not good, that's bad, that is bad, not again, we lost it, i lost it, \
     disaster, it's gone, wiped out, oh dear, dang it, damn it, darn it, i can't believe i, my \
     bad, wrong button, catastrophe",
    )
});

/// Something may have gone wrong: weighs 0.35, and takes a cry or a second one to count.
pub(crate) static MISHAP: LazyLock<Phrases> = LazyLock::new(|| {
    Phrases::new(
        "broke, broken, burnt, burned, crashed, crash, dropped, fell, spilled, snapped, exploded, \
     shattered, collapsed, sank, sinking, leaking, failed, fail, missed, wrong, died, dead, \
     lost, stuck, fried, cracked, ouch, ow, noo, smoke, fire, wasted, destroyed",
    )
});

/// Whatever follows one of these closely was not said to have happened.
pub(crate) static UNREAL: LazyLock<Phrases> = LazyLock::new(|| {
    Phrases::new(
        "not, no, never, without, if, might, could, would, may, almost, nearly, unless, when, \
     don't, doesn't, didn't, won't, isn't, wasn't, can't, couldn't, wouldn't, hasn't, haven't, \
     cannot, aren't, weren't, ain't, hopefully, hope",
    )
});

/// Stage directions with a word that begins like this are laughter.
pub(crate) const LAUGHTER: [&str; 25] = [
    "laugh",
    "chuckl",
    "giggl",
    "snicker",
    "cackl",
    "lacht",
    "lachen",
    "gelächter",
    "rires",
    "risas",
    "ríe",
    "rire",
    "risos",
    "risat",
    "ridono",
    "ridacchia",
    "笑",
    "웃",
    "หัวเราะ",
    "ضحك",
    "हँस",
    "हंसी",
    "हंसत",
    "γέλι",
    "смех",
];

/// Stage directions that are nothing but one of these are laughter. Within others they may be words of
/// another language: somebody laughs in Italian, and in English horses are ridden.
pub(crate) const LAUGHTER_ALONE: [&str; 1] = ["ride"];

/// Stage directions with a word that begins like this are cheering.
pub(crate) const CHEERING: [&str; 22] = [
    "applau",
    "cheering",
    "cheers",
    "cheered",
    "clapping",
    "beifall",
    "jubel",
    "aplaus",
    "掌声",
    "掌聲",
    "鼓掌",
    "拍手",
    "欢呼",
    "歓声",
    "박수",
    "환호",
    "ปรบมือ",
    "تصفيق",
    "ताली",
    "तालिय",
    "χειροκρ",
    "аплод",
];

/// Laughter as it is written in other letters than Latin ones: a syllable, and how often it stands there at
/// least. (`はは` is a mother.)
pub(crate) const HAHA: [(&str, usize); 15] = [
    ("哈", 2),
    ("嘿", 2),
    ("呵", 2),
    ("嘻", 2),
    ("は", 3),
    ("ハ", 3),
    ("へ", 3),
    ("ฮ่า", 2),
    ("ㅋ", 2),
    ("ㅎ", 2),
    ("하", 2),
    ("ه", 3),
    ("हा", 2),
    ("χα", 2),
    ("ха", 2),
];

/// Whoever is called by one of these is the audience.
pub(crate) static CHAT: LazyLock<Phrases> = LazyLock::new(|| {
    Phrases::new(
        "chat, chatters, anyone, anybody, everyone, everybody, you guys, you all, y'all, you lot, \
     you people, guys, folks, friends, viewers, comments, somebody in here, someone in here, \
     any of you, some of you, all of you, who here, who else, ladies and gentlemen",
    )
});

/// One may be called by one of these without being the audience: a cat, a co-host, the game.
pub(crate) static YOU: LazyLock<Phrases> =
    LazyLock::new(|| Phrases::new("you, your, yours, you'd, you've, you're, you'll"));

/// Questions that streamers leave to the chat, whomever they name.
pub(crate) static DECIDE: LazyLock<Phrases> = LazyLock::new(|| {
    Phrases::new(
        "should i, should we, shall i, shall we, do we think, do we want, what do we, which one do, \
     what should, which should, where should, who should, do i go, do we go, do i take, do we \
     take, do i keep, do we keep, what else should, thoughts, any ideas, any suggestions, any \
     tips, any guesses",
    )
});

/// A request that is answered in the chat.
pub(crate) static REQUEST: LazyLock<Phrases> = LazyLock::new(|| {
    Phrases::new(
        "let me know, tell me, drop your, drop a, type, vote, comment, write, put it in, give me, \
     send me, help me, remind me, shout out, say, post, throw, spam",
    )
});

/// Questions that want no answer.
pub(crate) static RHETORICAL: LazyLock<Phrases> = LazyLock::new(|| {
    Phrases::new(
        "you know, you know what, you know what i mean, you see, you see that, are you kidding, are \
     you kidding me, are you serious, are you joking, you kidding me, you serious, how dare \
     you, who knows, who cares, why not, right, okay, huh, really, what, you feel me, know what \
     i mean, you get me, what are you doing, how should i know, what did you expect, isn't it, \
     who are you, where are you going, why are you like this",
    )
});

/// A sentence that begins with one of these, after [`OPENERS`], asks.
pub(crate) static ASKING: LazyLock<Phrases> = LazyLock::new(|| {
    Phrases::new(
        "what do, what does, what did, what is, what are, what was, what would, what should, \
     what's, which one, which, who wants, who thinks, who here, who else, who remembers, who \
     has, who's, where do, where should, where are, where is, where's, when do, when did, why \
     do, why does, why did, why is, why are, how do, how does, how did, how many, how much, how \
     long, how about, how are, how is, how would, how should, do you, do we, do i, does anyone, \
     does anybody, does it, did you, did anyone, have you, has anyone, are you, are we, is it, \
     is there, is this, is that, is anyone, can you, can we, can i, can anyone, could you, \
     could anyone, would you, would anyone, will it, will you, should i, should we, shall i, \
     shall we, any ideas, any suggestions, any guesses, anyone know, anybody know, anyone else, \
     what about, do they, have we, was it, were you",
    )
});

/// What stands before a question without being part of it.
pub(crate) static OPENERS: LazyLock<Phrases> = LazyLock::new(|| {
    Phrases::new(
        "so, and, but, or, okay, ok, alright, right, well, now, hey, um, uh, like, guys, chat, \
     everyone, everybody, folks, oh, wait, yeah, hmm, also, then, because, actually, seriously, \
     honestly, first, just, y'all, friends, hello, hi, please, see, look, quick, question, \
     serious, tell, me, know, let",
    )
});

/// Who begins a sentence with one of these may be leaving a topic.
pub(crate) static TURNS: LazyLock<Phrases> = LazyLock::new(|| {
    Phrases::new(
        "anyway, anyways, moving on, next up, speaking of, alright so, okay so, okay next, alright \
     next, on another note, by the way, so now, meanwhile, now then, right then, let's talk \
     about, new topic, switching gears, back to, on to",
    )
});

/// What asks wherever it stands, so that a text without punctuation can ask in the midst of it.
pub(crate) static ASKING_ANYWHERE: LazyLock<Phrases> = LazyLock::new(|| {
    Phrases::new(
        "do you guys, do you think, have you guys, should i, should we, does anyone, has anyone",
    )
});

/// A call for an answer to what was just asked.
pub(crate) static LET_ME_KNOW: LazyLock<Phrases> = LazyLock::new(|| Phrases::new("let me know"));
