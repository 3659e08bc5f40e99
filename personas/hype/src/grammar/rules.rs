//! What the cheerleader can say. Short, as in a chat that runs fast; the moment's own word now and
//! then, since everybody sees what is on. Emotes, capitals and exclamation marks are the voice's.

/// The rules, by name, with their alternatives.
#[rustfmt::skip]
pub(super) const RULES: &[(&str, &[&str])] = &[
    // --- What happens on the stream ---
    ("win", &[
        "lets go~", "lets go~", "LETS GO~", "ye~s", "YES~", "yes yes yes", "w", "big w", "massive w",
        "huge", "HUGE", "no way", "no wa~y", "clip it", "clip that", "clipped", "she~sh", "insane",
        "unreal", "goated", "they did it", "WE DID IT", "pog", "po~g", "clean", "so clean", "crispy",
        "absolute cinema", "peak", "wo~o", "let them cook", "the comeback", "comeback arc",
        "we're so back", "back to back", "ez", "too easy", "called it", "never in doubt", "lfg",
        "goosebumps", "chills", "history", "frame it", "that's it", "oh my god", "omg", "omg omg",
        "first try", "ya~y", "legend", "legendary", "HOW", "how tho", "one more", "do it again",
        "replay when", "i was here", "actual magic", "built different", "too good", "so good",
        "my heart", "i'm shaking", "screaming", "HERE WE GO", "go go go", "unstoppable", "finally",
        "it worked", "believers only", "never doubted", "{w}!", "that {w}", "the {w}", "{w} {w} {w}",
        "what a {w}", "{w} moment",
    ]),
    ("fail", &[
        "no~", "NO~", "noo~", "no no no", "f", "f in chat", "press f", "rip", "oof", "big oof", "pain",
        "ouch", "nt", "nt nt", "so close", "SO close", "unlucky", "robbed", "rigged", "it's over",
        "we're cooked", "cooked", "not again", "wh~y", "bruh", "bro no", "oh no", "stop", "my heart",
        "i can't look", "can't watch", "tragedy", "next one", "we go again", "run it back",
        "comeback soon", "still believe", "WE BELIEVE", "shake it off", "almost", "ALMOST", "inches",
        "disaster", "heartbreak", "nah", "na~h", "not like this", "again?", "we saw nothing",
        "erase it", "didn't see it", "who did that", "who allowed this", "tears", "i felt that",
        "hug", "it happens", "it's fine", "we're fine", "day ruined", "year ruined", "{w} no",
        "rip {w}", "not the {w}", "{w} said no",
    ]),
    ("laugh", &[
        "lma~o", "LMA~O", "lo~l", "haha", "hahaha", "hahahaha", "dead", "i'm dead", "crying",
        "i'm crying", "help", "HELP", "stop", "stop it", "can't breathe", "i can't", "wheezing",
        "too real", "screaming", "bro what", "what was that", "the timing", "comedy gold", "comedy",
        "my ribs", "send help", "clip it", "clipped", "gold", "10/10", "that face", "no context",
        "out of context", "quote it", "again again", "encore", "pls", "bru~h", "nah nah", "dying",
        "lost it", "i'm done", "too much", "it's too good", "not the voice", "the voice", "peak comedy",
        "spat my drink", "my neighbours", "woke the dog", "someone clip", "tattoo that", "iconic",
        "why tho", "who says that", "the delivery", "w joke", "not the {w}", "the {w} lol", "why {w}",
    ]),
    ("pick", &[
        "{pick}", "{pick}!", "team {pick}", "{pick} pls", "{pick} {pick}", "{pick} obviously",
        "gotta be {pick}", "{pick} easy", "{pick} or riot", "always {pick}", "{pick} 100%", "{pick} all day",
    ]),
    ("question", &[
        "yes", "YES", "ye~s", "do it", "DO IT", "send it", "full send", "both", "all of it", "100%",
        "easy yes", "for sure", "why not", "just go", "trust", "yes yes yes", "always", "no doubt",
        "chat says yes", "yep", "risk it", "yolo", "no brakes", "go big", "say less", "obviously",
        "i vote yes", "yes pls", "duh", "absolutely", "yup yup", "we ride",
    ]),
    ("wonder", &[
        "idk", "no idea", "no clue", "vibes", "pure vibes", "pure luck", "magic", "aliens", "who knows",
        "everything", "all of them", "skill", "big brain stuff", "destiny", "fate", "science",
        "pass", "next question", "surprise us", "tell us", "uhh", "hmm", "good question", "too hard",
        "the usual", "trick question", "ask chat", "it's lore", "{w}?", "{w} prob", "the {w}", "gotta be {w}",
    ]),
    ("quiet", &[
        "hello?", "chat?", "we alive?", "so...", "crickets", "wake up", "wake up chat", "hydrate",
        "the suspense", "tense", "waiting", "any second", "and?", "go on", "shh", "loading",
        "still here", "calm before", "it's coming", "stretch break", "focus mode", "lock in",
        "big brain time", "cooking", "dead air", "say something", "i'm ready", "anytime now",
    ]),
    ("topic", &[
        "ooh", "oo~h", "new arc", "next", "here we go", "wait what", "ok ok", "say more", "go on",
        "i'm listening", "finally", "story time", "lore", "lore drop", "plot twist", "new chapter",
        "oh?", "let's hear it", "seated", "locked in", "snacks ready", "this'll be good", "yes this",
        "oh yes", "bring it", "wait", "hold on", "go off", "ready", "here for this", "{w}?", "{w} arc",
        "{w} time", "yes {w}",
    ]),
    ("start", &[
        "first", "FIRST", "we're live", "here we go", "it begins", "lets go~", "made it", "hi chat",
        "hello hello", "seatbelts on", "ready", "so ready", "seated", "early gang", "front row",
        "been waiting", "let's cook", "today's the day", "i'm here", "hii~", "good evening",
        "finally", "happy to be here", "we're so back", "day one", "hype hype", "snacks ready",
        "notifs on", "wo~o",
    ]),
    ("other", &[
        "ooh", "wait what", "oh?", "hold on", "did you see", "what was that", "omg", "eyes open",
        "look look", "whoa", "whoa~", "wild", "crazy", "huh", "wait", "ok wow", "new one", "never seen",
        "that's new", "chat look", "clip it", "interesting", "say what", "{w}!", "{w}?!", "ooh {w}",
        "that {w}",
    ]),
    // --- Nothing in particular ---
    ("calm", &[
        "lets go~", "more", "MORE", "cmo~n", "you got this", "come on", "any second", "believe",
        "i believe", "so ready", "here it comes", "it's coming", "i feel it", "focus", "locked in",
        "let's cook", "cooking", "go go", "faster", "do it", "chat ready?", "hyped", "so hyped", "vibes",
        "good vibes", "love this", "best stream", "day one", "still here", "not leaving",
        "can't look away", "wait for it", "tense", "big things", "trust", "trust me", "one more",
        "we're close", "soon", "w stream", "soo~n", "we ride", "all in", "never blinked", "glued",
        "missed this", "lets cook", "pls work", "fingers crossed", "almost", "ok focus", "hydrate",
        "{w} {w}", "more {w}", "{w} gang", "the {w}", "{w} watch",
    ]),
    ("chat", &[
        "fr", "frfr", "real", "so real", "lol chat", "lma~o chat", "w chat", "this chat", "chat...",
        "so true", "chat pls", "chat is cooking", "nah chat", "same", "same same", "say it", "louder",
        "chat knows", "yes chat", "dead", "i can't", "who said that", "screenshotted", "facts",
        "big facts", "no cap", "chat's awake", "love yall", "never change", "best chat", "again",
        "mood", "big mood", "he~lp", "iconic", "true", "tru~e", "agreed", "exactly", "what", "w take",
    ]),
    // --- Streaks ---
    ("win-streak", &[
        "{n} in a row", "{n} straight", "{n}x", "make it {n}", "{n} for {n}", "{n} and counting",
        "that's {n}", "number {n}", "win {n}", "{n} already", "{n} ws", "w number {n}", "up to {n}",
    ]),
    ("fail-streak", &[
        "{n} fails", "fail number {n}", "f x{n}", "{n} fs", "{n} in a row", "that's {n}", "{n} now",
        "new record, {n}", "{n} down", "fail {n}", "{n} and counting", "not number {n}",
    ]),
    ("laugh-streak", &[
        "{n} in a row", "that's {n}", "laugh {n}", "{n}x lol", "{n} already", "number {n}", "joke {n}",
    ]),
    // --- People ---
    ("greet", &[
        "yo {name}", "hey {name}", "{name}!", "hi {name}", "{name} hii~", "ayy {name}", "{name} is here",
        "welcome {name}", "he~y {name}", "look, {name}", "{name} made it", "{name} hi hi",
    ]),
    ("thanks", &[
        "np", "np {name}", "anytime", "always", "gotchu {name}", "ofc", "anytime {name}", "ofc ofc",
        "all good", "dw {name}",
    ]),
    ("bye", &[
        "bye {name}", "by~e", "cya {name}", "later {name}", "noo~ stay", "gn {name}", "come back soon",
        "bye bye", "see ya",
    ]),
    ("guess", &[
        "yes", "ye~s", "100%", "for sure", "idk {name}", "no clue", "prob", "yes {name}", "always",
        "def", "nah", "hmm yes", "think so", "hope so", "trust me", "ask again", "too hyped",
        "{name} yes", "obviously", "maybe",
    ]),
    ("mood", &[
        "hyped", "SO hyped", "never better", "amazing", "hyped {name}", "great, you?", "on fire", "so good",
        "living", "100%", "too hyped", "good good", "vibing", "hyped, you?",
    ]),
    ("missed", &[
        "so much", "SO much", "everything", "everything lol", "a LOT", "a lot {name}", "so much {name}",
        "all of it", "too much", "chaos", "pure chaos", "the best part", "scroll up", "scroll up {name}",
    ]),
    ("unsure", &[
        "idk", "no idea", "no clue", "no clue {name}", "ask chat", "i just cheer", "i only cheer", "wish i knew",
        "good question", "good q {name}", "beats me", "who knows", "chat?", "anyone?", "too hyped",
        "idk {name}", "was cheering",
    ]),
    ("side", &[
        "{pick}", "{pick} easy", "{pick} {name}", "team {pick}", "{pick} obviously", "{pick}!",
    ]),
    ("echo", &[
        "right", "RIGHT", "fr", "so true", "same", "same {name}", "{name} gets it", "ye~s", "real",
        "exactly", "{name} knows", "louder", "say it again", "w take", "w {name}", "yes {name}",
        "this", "facts", "love that", "i know", "i KNOW", "so real", "{w}!", "yes {w}",
    ]),
];
