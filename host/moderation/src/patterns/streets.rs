//! Street addresses, as English, German, French, Spanish and Italian write them.
//!
//! In all of these a number beside a street's name is said for other reasons too: it counts something (`5 minute
//! drive`), it is a part of a title (`GTA 5 Grove Street`), a place in a table (`Tabellenplatz 3`) or a version (`via
//! Chrome 120`). What such lines say is known by its words, and is no address.

use super::{all, regex};
use regex::Regex;
use std::{ops::Range, sync::LazyLock};

pub(super) fn street_addresses(text: &str) -> Vec<Range<usize>> {
    if !text.bytes().any(|b| b.is_ascii_digit()) {
        return Vec::new();
    }
    let mut found = english(text);
    found.extend(french(text));
    found.extend(german(text));
    found.extend(spanish_and_italian(text));
    found
}

// === English ===

fn english(text: &str) -> Vec<Range<usize>> {
    // Boundaries are those of ASCII: letters of other scripts stand next to an address without a space.
    static WITH_CAPITALS: LazyLock<Regex> = LazyLock::new(|| {
        regex(concat!(
            r"(?-u:\b)[0-9]{1,5}[a-zA-Z]?,? (?:[NSEW]\.? )?(?:(?:[A-Z][\w'.]*|[0-9]{1,3}(?:st|nd|rd|th)) ){1,3}",
            r"(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Place|Pl|Square|Sq|Terrace|Close|Crescent|Way)(?-u:\b)",
        ))
    });
    static IN_LOWER_CASE: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            r"(?-u)\b[0-9]{1,5} (?:[a-z]{3,20} ){1,2}(?:street|avenue|boulevard|lane|drive|road)\b",
        )
    });
    let mut found = all(&WITH_CAPITALS, text);
    found.extend(all(&IN_LOWER_CASE, text));
    found.retain(|at| {
        !is_title(text, at.start) && names_a_street(&text[at.clone()], &text[at.end..])
    });
    found
}

/// Whether what stands between a number and the kind of street is its name, by its words and by the one `behind`.
fn names_a_street(address: &str, behind: &str) -> bool {
    let words: Vec<&str> = address.split(' ').collect();
    let [number, name @ .., kind] = &*words else {
        return false;
    };
    let is_name = |word: &&str| {
        let lower = word.trim_end_matches('.').to_lowercase();
        match &*lower {
            // `12 The Avenue` is one.
            "the" => *word == "The",
            "second" => matches!(*kind, "street" | "avenue" | "boulevard") || *word == "Second",
            lower if word.starts_with(char::is_uppercase) && is_called(lower, number, kind) => true,
            lower => !COUNTED.contains(&lower),
        }
    };
    let is_rank = *kind == "Place" && matches!(name.last(), Some(&("1st" | "2nd" | "3rd")));
    let next = behind
        .strip_prefix(' ')
        .and_then(|behind| behind.split(|c: char| !c.is_alphanumeric()).next())
        .unwrap_or_default()
        .to_lowercase();
    // With capitals it is a name, whatever is said of it: `221 Baker Street home`.
    let is_no_street = BEHIND.contains(&&*next)
        && name
            .first()
            .is_some_and(|word| word.starts_with(char::is_lowercase));
    !is_rank && name.iter().all(is_name) && !is_no_street
}

/// Whether streets are called by a word of [`COUNTED`], if it is said with a capital: `100 Bay Street`. Some kinds make it
/// something else nevertheless: `Bay Drive`, and the titles `Cloverfield Lane` and `Wallaby Way`.
fn is_called(word: &str, number: &str, kind: &str) -> bool {
    let is_drive = matches!(kind, "Drive" | "Dr");
    let is_lane = matches!(kind, "Lane" | "Ln");
    let is_road = matches!(kind, "Road" | "Rd");
    match word {
        "bay" | "line" | "scenic" | "wheel" => !is_drive,
        // `0/5 Bottom Lane` is a game's.
        "side" | "bottom" | "open" => !is_drive && !is_lane,
        // `5 Star Court` has a rating.
        "star" => {
            let number = number.trim_end_matches(|c: char| !c.is_ascii_digit());
            !is_drive && number.parse().is_ok_and(|number: u32| number > 10)
        }
        "gravel" | "rocky" | "rainbow" => !is_drive && !is_road,
        "privet" => !is_drive,
        "cloverfield" => !is_drive && !is_lane,
        "wallaby" => !is_drive && kind != "Way",
        _ => false,
    }
}

/// Words between a number and `street` by which the number counts something, or which no street is called by unless [`is_called`] says
/// so: units and what is counted, machines, games, and the small words of a sentence.
#[rustfmt::skip]
const COUNTED: [&str; 247] = [
    // Time, distance, size.
    "seconds", "sec", "secs", "minute", "minutes", "min", "mins", "hour", "hours", "hr", "hrs", "day", "days", "night",
    "nights", "week", "weeks", "weekend", "month", "months", "year", "years", "mile", "miles", "mph", "kph", "km", "kms",
    "kilometer", "kilometers", "kilometre", "kilometres", "meter", "meters", "metre", "metres", "feet", "foot", "yard",
    "yards", "inch", "blocks", "gig", "gigs", "gigabyte", "gigabytes", "terabyte", "terabytes", "gb", "tb", "mb", "percent",
    "degrees", "degree", "dollar", "dollars", "euro", "euros", "bucks", "fps", "bit",
    // Drives, and how they are driven.
    "hard", "flash", "disk", "disc", "dvd", "usb", "ssd", "hdd", "nvme", "external", "internal", "thumb", "zip", "tape",
    "backup", "google", "cloud", "bay", "speed", "wheel", "wheels", "warp", "test", "sunday", "line", "touchdown", "scoring", "play",
    // Lanes and roads, by their place and state.
    "mid", "top", "bot", "bottom", "off", "safe", "solo", "duo", "jungle", "support", "side", "fast", "slow", "bus", "bike",
    "bowling", "lane", "lanes", "way", "ways", "single", "double", "dual", "dirt", "gravel", "icy", "bumpy", "muddy",
    "rocky", "empty", "wrong", "dead", "open", "scenic",
    // What is counted in a game, and on a road.
    "kill", "kills", "death", "deaths", "assists", "wins", "win", "won", "loss", "losses", "losing", "lost", "lose", "games",
    "game", "rounds", "round", "laps", "lap", "levels", "level", "points", "coins", "lives", "hearts", "hp", "xp", "stars",
    "star", "tries", "times", "time", "players", "player", "people", "guys", "guy", "man", "men", "steps", "dudes", "bots", "minions", "creeps",
    "towers", "turrets", "zombies", "enemies", "enemy", "bosses", "cars", "car", "trucks", "bikes", "houses", "songs",
    // Streets of games, films and songs.
    "rainbow", "jump", "cloverfield", "sesame", "wallaby", "fear", "privet",
    // A sentence goes on.
    "more", "less", "left", "down", "from", "over", "than", "then", "and", "that", "this", "these", "those", "his", "her",
    "their", "our", "your", "its", "for", "with", "per", "into", "onto", "through", "across", "along", "near", "are", "was",
    "were", "is", "has", "had", "have", "when", "where", "while", "who", "but", "can", "will", "would", "could", "should",
    "get", "got", "take", "took", "went", "going", "need", "not", "just", "only", "about", "hit", "another", "every", "best",
    "worst",
];

/// Words behind `street` and its like with which it is none, in lower case.
const BEHIND: [&str; 20] = [
    "fighter", "fights", "fight", "lights", "view", "food", "race", "races", "racing", "trip",
    "trips", "map", "rage", "home", "phase", "swap", "opponent", "bully", "minion", "movies",
];

/// Whether a number belongs to what stands before it: to a score or a price, or to a title (`Season 3`, `GTA 5`).
fn is_title(text: &str, number: usize) -> bool {
    #[rustfmt::skip]
    const TITLES: [&str; 52] = [
        "season", "chapter", "level", "lvl", "part", "episode", "ep", "top", "day", "week", "round",
        "stage", "world", "act", "wave", "match", "vol", "volume", "tier", "phase", "patch", "version",
        "rank", "kart", "gta", "auto", "horizon", "fighter", "fantasy", "souls", "dogs", "playstation",
        "ps", "xbox", "forza", "burnout", "adventure", "hawk", "ring", "nfs", "sf", "creed", "quest", "mario", "zelda",
        "sonic", "duty", "battlefield", "fifa", "route", "highway", "interstate",
    ];
    let before = &text[..number];
    let is_part = match before.chars().next_back() {
        Some('$' | '€' | '£' | '+') => true,
        Some(':' | '.' | ',') => before[..before.len() - 1].ends_with(|c: char| c.is_ascii_digit()),
        _ => false,
    };
    is_part || TITLES.contains(&&*last_word(before))
}

/// In lower case; empty if something other than spaces is behind it.
fn last_word(text: &str) -> String {
    let text = text.trim_end();
    let word = text.rsplit(|c: char| !c.is_alphanumeric()).next();
    word.unwrap_or_default().to_lowercase()
}

// === French ===

fn french(text: &str) -> Vec<Range<usize>> {
    static NUMBER_FIRST: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            r"(?-u:\b)[0-9]{1,4}(?: ?bis)?,? (?i:rue|avenue|boulevard|chemin|allée|impasse|quai) (?:(?:de|du|des|la|le|l'|d') ?){0,2}[A-ZÀ-Ý][\w-]+",
        )
    });
    let mut found = all(&NUMBER_FIRST, text);
    found.retain(|at| !is_title(text, at.start));
    found
}

// === German ===

fn german(text: &str) -> Vec<Range<usize>> {
    static STREET_FIRST: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            r"\b([A-ZÄÖÜ][\w-]*?)(straße|strasse|str\.|allee|gasse|weg|platz| Straße| Strasse| Str\.| Allee| Weg| Platz) [0-9]{1,4}[a-z]?\b",
        )
    });
    let found = STREET_FIRST.captures_iter(text).filter_map(|found| {
        let whole = found.get(0)?;
        let is_counting = is_unit(&text[whole.end()..]);
        let name = found[1].to_lowercase();
        let is_street = match &found[2] {
            "platz" => SQUARES.contains(&&*name),
            "weg" | "gasse" | "allee" => !WAYS.contains(&&*name),
            "straße" | "strasse" | "str." => !matches!(&*name, "bundes" | "staats"),
            // `Berliner Platz`: with other words `Platz` is a place in a table.
            " Platz" | " Weg" => name.ends_with("er") && !QUALIFIERS.contains(&&*name),
            _ => !QUALIFIERS.contains(&&*name),
        };
        (is_street && !is_counting).then(|| whole.range())
    });
    found.collect()
}

/// Whether a number counts what is behind it: `Rückweg 20 Minuten`.
fn is_unit(behind: &str) -> bool {
    #[rustfmt::skip]
    const UNITS: [&str; 33] = [
        "min", "minute", "minuten", "stunde", "stunden", "std", "sekunden", "sek", "tag", "tage", "tagen",
        "wochen", "jahre", "km", "kilometer", "meter", "mal", "euro", "gb", "tb", "mb", "punkt", "punkte",
        "punkten", "prozent", "leute", "leuten", "spieler", "sterne", "kills", "uhr", "sachen", "personen",
    ];
    let behind = behind.trim_start_matches(' ');
    let word = behind.split(|c: char| !c.is_alphanumeric()).next();
    behind.starts_with(['%', '€']) || UNITS.contains(&&*word.unwrap_or_default().to_lowercase())
}

/// What squares are called in front of `platz`; most of its compounds are places to be, to sit and in tables.
#[rustfmt::skip]
const SQUARES: [&str; 62] = [
    "markt", "haupt", "bahnhof", "bahnhofs", "rathaus", "kirch", "dom", "schloss", "schloß", "alexander", "karls", "königs",
    "burg", "stephans", "marien", "odeons", "luther", "goethe", "schiller", "mozart", "beethoven", "wittenberg", "nollendorf",
    "hermann", "leopold", "oranien", "kollwitz", "helmholtz", "wilhelm", "wilhelms", "friedrich", "friedrichs", "bismarck",
    "römer", "parade", "helvetia", "bundes", "münster", "augustus", "post", "stadt", "dorf", "linden", "theater", "museums",
    "opern", "kaiser", "ludwigs", "josefs", "josephs", "johannis", "jakobs", "peters", "pauls", "martins", "georgs", "nikolai",
    "thomas", "albert", "viktoria", "brunnen", "mühl",
];

/// What is no street in front of `weg`, `gasse` and `allee`: `Rückweg`, `Sackgasse`, `durchweg`.
#[rustfmt::skip]
const WAYS: [&str; 41] = [
    "vor", "durch", "hin", "her", "rück", "heim", "nachhause", "um", "schul", "arbeits", "rad", "fahrrad", "fuß", "fuss",
    "geh", "aus", "flucht", "lebens", "rettungs", "lösungs", "rechts", "leidens", "mittel", "irr", "holz", "lauf", "see",
    "land", "luft", "fahrt", "anfahrts", "liefer", "brems", "weiter", "sack", "boxen", "onder", "snel", "terug", "heen", "all",
];

/// Words before `Straße`, `Weg` or `Platz` that are no names.
#[rustfmt::skip]
const QUALIFIERS: [&str; 78] = [
    "der", "die", "das", "den", "dem", "auf", "in", "an", "am", "im", "von", "vom", "zur", "und", "ein", "eine", "einer",
    "keine", "keiner", "diese", "dieser", "jede", "jeder", "jener", "ganze", "nächste", "nächster", "letzte", "letzter",
    "erste", "erster", "zweite", "zweiter", "dritte", "dritter", "vierter", "fünfter", "unser", "unsere", "unserer", "euer",
    "meine", "meiner", "deine", "deiner", "seine", "seiner", "ihre", "ihrer", "immer", "wieder", "leider", "super", "über",
    "unter", "hinter", "sicher", "aber", "mancher", "welcher", "anderer", "weiterer", "bester", "guter", "toller", "starker",
    "solider", "verdienter", "schlechter", "besserer", "spieler", "streamer", "gegner", "werder", "weiter", "hier", "hierher",
    "oder",
];

// === Spanish and Italian ===

fn spanish_and_italian(text: &str) -> Vec<Range<usize>> {
    static STREET_FIRST: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            r"\b(?i:calle|avenida|via|viale|piazza) (?:(?:de|del|della|la|el) ){0,2}([A-ZÀ-Ý][\w-]+),? [0-9]{1,4}\b",
        )
    });
    let found = STREET_FIRST.captures_iter(text).filter_map(|found| {
        let whole = found.get(0)?;
        let is_via = whole.as_str().to_lowercase().starts_with("via ");
        // In English `via` is `by way of`. Italian has it in lower case too, where somebody lives `in via`.
        let is_street = !is_via
            || (whole.as_str().starts_with('V')
                || DWELLING.contains(&&*last_word(&text[..whole.start()])))
                && !PRODUCTS.contains(&&*found[1].to_lowercase());
        is_street.then(|| whole.range())
    });
    found.collect()
}

/// Words before an Italian address.
const DWELLING: [&str; 7] = ["in", "abito", "abita", "vivo", "vive", "sta", "indirizzo"];

/// What has a number behind it and goes by way of which something is done or watched.
#[rustfmt::skip]
const PRODUCTS: [&str; 48] = [
    "chrome", "firefox", "edge", "safari", "opera", "windows", "android", "ios", "macos", "ubuntu", "debian", "fedora", "linux",
    "switch", "xbox", "playstation", "steam", "discord", "twitch", "youtube", "obs", "zoom", "teams", "skype", "bluetooth",
    "usb", "hdmi", "wifi", "wi-fi", "dlss", "fsr", "directx", "vulkan", "proton", "quest", "dota", "portal", "overwatch",
    "patch", "update", "version", "build", "season", "chapter", "route", "exit", "server", "channel",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found() {
        for (text, wanted) in [
            ("he lives at 221 Baker Street!", "221 Baker Street"),
            ("12 E. 34th St, ok", "12 E. 34th St"),
            ("住所は221 Baker Streetです", "221 Baker Street"),
            ("at 42 evergreen lane", "42 evergreen lane"),
            ("住42 evergreen lane吧", "42 evergreen lane"),
            ("address:42 evergreen lane", "42 evergreen lane"),
            ("5/12 old mill road", "12 old mill road"),
            ("12 second avenue", "12 second avenue"),
            ("12 The Avenue", "12 The Avenue"),
            ("at 100 Bay Street", "100 Bay Street"),
            ("12 Star Lane", "12 Star Lane"),
            ("12a, Star Lane", "12a, Star Lane"),
            ("4 Bottom Road", "4 Bottom Road"),
            ("7 Side Street", "7 Side Street"),
            ("9 Line Road", "9 Line Road"),
            ("3 Open Road", "3 Open Road"),
            ("31 Scenic Way", "31 Scenic Way"),
            ("8 Rocky Lane", "8 Rocky Lane"),
            ("14 Rainbow Street", "14 Rainbow Street"),
            ("221 Baker Street home", "221 Baker Street"),
            ("the 221 Baker Street map", "221 Baker Street"),
            ("221 Baker Street view", "221 Baker Street"),
            ("12 E. 34th St trip", "12 E. 34th St"),
            ("12 Second Avenue", "12 Second Avenue"),
            ("at 4500 45th Place", "4500 45th Place"),
            ("12 rue de Rivoli", "12 rue de Rivoli"),
            ("Hauptstraße 12a in Köln", "Hauptstraße 12a"),
            ("Lange Str. 5", "Lange Str. 5"),
            ("Unter den Linden, Berliner Allee 7", "Berliner Allee 7"),
            ("am Potsdamer Platz 1", "Potsdamer Platz 1"),
            ("Kölner Weg 5", "Kölner Weg 5"),
            ("Alexanderplatz 3", "Alexanderplatz 3"),
            ("Birkenweg 12", "Birkenweg 12"),
            ("Calle Mayor 5", "Calle Mayor 5"),
            ("abito in via Roma 12", "via Roma 12"),
            ("Via Garibaldi, 4", "Via Garibaldi, 4"),
        ] {
            let found = street_addresses(text);
            let found: Vec<_> = found.into_iter().map(|at| &text[at]).collect();
            assert_eq!(found, [wanted], "{text}");
        }
    }

    #[test]
    fn what_counts_or_ranks_is_no_address() {
        for text in [
            "3 more miles down the road",
            "2 cars on the road, 10 lanes",
            "we won 3 Rounds in a row",
            "it's a 20 minute drive",
            "30 second drive",
            "0/5 mid lane lol",
            "500 gig hard drive",
            "2 TB Hard Drive",
            "a 5 Bay Drive",
            "5 Star Court",
            "4 Wheel Drive",
            "0/5 Bottom Lane lol",
            "2 Rocky Road please",
            "8 Rainbow Road again",
            "100 bay street",
            "6 old school street fighter",
            "10 km drive home",
            "down to 1 HP. Close one",
            "GTA 5 Grove Street",
            "2 Time 1st Place",
            "Auf Platz 3 gelandet",
            "Tabellenplatz 3",
            "Immer Platz 2",
            "Birkenweg 12 Minuten",
            "Rückweg 20",
            "Nächste Straße 2 mal links",
            "playing via Switch 2 today",
            "via Half-Life 2",
            "Via Chrome 120",
        ] {
            assert!(street_addresses(text).is_empty(), "{text}");
        }
    }
}
