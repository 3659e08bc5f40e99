//! What ffmpeg complains of, in words for an operator. Its own words may hold URLs with passwords
//! and keys, so of those that are not known only what can't be part of one is repeated.

/// The longest complaint that is repeated, in characters.
const LONGEST: usize = 160;

/// A part of a URL that has fewer characters is looked for as a word alone.
const SHORT: usize = 4;

/// What a complaint holds, and what it means; the first that is found anywhere counts.
const KNOWN: &[(&str, &str)] = &[
    (
        "401 Unauthorized",
        "401 Unauthorized: a user and a password are wanted, as in rtsp://USER:PASSWORD@HOST/PATH",
    ),
    (
        "403 Forbidden",
        "403 Forbidden: the server does not let this one read it",
    ),
    (
        "404 Not Found",
        "404 Not Found: there is nothing at this address",
    ),
    (
        "HTTP error 410",
        "410 Gone: there is nothing at this address any more",
    ),
    (
        "454 Session Not Found",
        "the server has forgotten the session",
    ),
    (
        "HTTP error 429",
        "429 Too Many Requests: the server is asked too often",
    ),
    ("Server returned 4", "the server refuses (a 4xx answer)"),
    ("Server returned 5", "the server fails (a 5xx answer)"),
    (
        "Connection to srt://",
        "nobody answers at that address, or who does refuses (another passphrase or streamid is wanted)",
    ),
    (
        "Connection refused",
        "nobody listens at that address (connection refused)",
    ),
    ("Failed to resolve hostname", "there is no such host"),
    ("Connection timed out", "the server does not answer"),
    ("No route to host", "there is no way to that host"),
    ("Network is unreachable", "there is no network to that host"),
    (
        "Format not on whitelist",
        "it is no recording but a list of other files or addresses, and such are not followed from a file",
    ),
    (
        "not on whitelist",
        "it names something that this kind of source must not reach",
    ),
    ("certificate", "the server's certificate is not accepted"),
    (
        "moov atom not found",
        "it is no MP4, or breaks off before its index (moov)",
    ),
    (
        "Unknown input format",
        "this ffmpeg was built without what is needed for it",
    ),
    (
        "Protocol not found",
        "this ffmpeg was built without what is needed for it",
    ),
    ("Permission denied", "permission is denied"),
    (
        "Address already in use",
        "the port is taken by another room or another program",
    ),
    ("Decoder (codec", "this ffmpeg can't decode it"),
    ("Unknown decoder", "this ffmpeg can't decode it"),
    (
        "Option not found",
        "this ffmpeg is too old; 5.1 or newer is needed",
    ),
    (
        "Unrecognized option",
        "this ffmpeg is too old; 5.1 or newer is needed",
    ),
    (
        "cannot open audio device",
        "there is no such sound device, or it is in use",
    ),
    (
        "Connection reset by peer",
        "the other end broke the connection",
    ),
    ("Broken pipe", "the other end broke the connection"),
    (
        "No such file or directory",
        "there is no such file or device",
    ),
    (
        "Invalid data found when processing input",
        "it is no media that ffmpeg reads, or it is broken",
    ),
    (
        ": Invalid argument",
        "it is no media that ffmpeg reads, or it is broken",
    ),
    ("Stream ends prematurely", "the connection broke off"),
    ("End of file", "it ended before it began"),
    ("Input/output error", UNREADABLE),
];

/// What ffmpeg says of the end of an SRT stream, too.
pub(crate) const UNREADABLE: &str = "it can't be read (input/output error)";

/// What a server would answer again, and what stays as it is however often it is read.
const LASTING: &[&str] = &[
    "401 Unauthorized",
    "403 Forbidden",
    "404 Not Found",
    "HTTP error 410",
    "Server returned 400",
    "Server returned 4XX",
    "not on whitelist",
    "moov atom not found",
    "Unknown input format",
    "Protocol not found",
    "Decoder (codec",
    "Unknown decoder",
    "Option not found",
    "Unrecognized option",
    "Invalid data found when processing input",
    ": Invalid argument",
];

/// What of a server's refusals passes (RFC 9110 15.5.9, RFC 8470 5.2, RFC 6585 4), as ffmpeg warns of it.
const PASSING: &[&str] = &["HTTP error 408", "HTTP error 425", "HTTP error 429"];

/// That it was the way to a server that broke off, rather than what the server has.
const NETWORK: &[&str] = &[
    "Stream ends prematurely",
    "Input/output error",
    "Connection refused",
    "Connection reset by peer",
    "Connection timed out",
    "No route to host",
    "Network is unreachable",
    "Failed to resolve hostname",
    "Broken pipe",
];

/// Answers that ffmpeg's errors name only as one of several; its warnings say which.
const WARNED: &[&str] = &["HTTP error 410"];

/// Whether a warning says what the error that follows leaves open.
pub(crate) fn tells_more(warning: &str) -> bool {
    let begins = |begin: &&str| warning.starts_with(*begin);
    WARNED.iter().chain(PASSING).any(begins)
}

/// Whether what ffmpeg complained of will hardly be otherwise at another try.
pub(crate) fn is_lasting<'a>(complaints: impl Iterator<Item = &'a str> + Clone) -> bool {
    any(complaints.clone(), LASTING) && !any(complaints, PASSING)
}

/// Whether what ffmpeg complained of is that the connection broke off, or could not be made.
pub(crate) fn is_of_the_network<'a>(complaints: impl Iterator<Item = &'a str>) -> bool {
    any(complaints, NETWORK)
}

fn any<'a>(mut complaints: impl Iterator<Item = &'a str>, of: &[&str]) -> bool {
    complaints.any(|complaint| of.iter().any(|holds| complaint.contains(holds)))
}

/// Why ffmpeg ended, from what it complained of; the latest complaint counts most. Words that hold one of
/// the secrets are left out.
pub(crate) fn explain<'a>(
    complaints: impl DoubleEndedIterator<Item = &'a str> + Clone,
    secrets: &[String],
) -> Option<String> {
    for (holds, means) in KNOWN {
        if complaints
            .clone()
            .any(|complaint| complaint.contains(holds))
        {
            return Some((*means).to_owned());
        }
    }
    let last = complaints
        .rev()
        .find(|complaint| !complaint.trim().is_empty())?;
    Some(format!("ffmpeg says: {}", without_secrets(last, secrets)))
}

fn without_secrets(text: &str, secrets: &[String]) -> String {
    let is_secret = |word: &str| {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        secrets.iter().any(|secret| match secret.chars().count() {
            // So short a part stands in many a word.
            ..SHORT => bare == secret || word == secret,
            _ => word.contains(secret.as_str()),
        })
    };
    let words = text.split_whitespace().map(|word| {
        let suspect = word.contains(['/', '?', '=', '&', '@', '\\'])
            || word.chars().count() > 24
            || is_secret(word);
        if suspect { "..." } else { word }
    });
    let text = words.collect::<Vec<_>>().join(" ");
    text.chars()
        .filter(|c| !c.is_control())
        .take(LONGEST)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_as_ffmpeg_makes_them() {
        let table: &[(&[&str], &str)] = &[
            (
                &[
                    "method DESCRIBE failed: 401 Unauthorized",
                    "rtsp://me:SECRET@10.0.0.7/cam: Server returned 401 Unauthorized (authorization failed)",
                ],
                "401 Unauthorized: a user",
            ),
            (
                &[
                    "HTTP error 404 Not Found",
                    "https://x/SECRET: Server returned 404 Not Found",
                ],
                "404 Not Found: there is nothing",
            ),
            (
                &[
                    "HTTP error 429 Slow Down",
                    "https://x/SECRET: Server returned 4XX Client Error, but not one of 40{0,1,3,4}",
                ],
                "429 Too Many Requests: the server is asked too often",
            ),
            (
                &["http://x/SECRET: Server returned 5XX Server Error reply"],
                "the server fails",
            ),
            (
                &["Connection to tcp://127.0.0.1:9 failed: Connection refused"],
                "nobody listens",
            ),
            (
                &["Failed to resolve hostname nowhere.example: Name or service not known"],
                "no such host",
            ),
            (
                &[
                    "Format not on whitelist 'mov'",
                    "file:p.m3u8: Invalid argument",
                ],
                "a list of other files",
            ),
            (
                &["Protocol 'file' not on whitelist 'http,tcp'!"],
                "must not reach",
            ),
            (
                &[
                    "moov atom not found",
                    "file:x: Invalid data found when processing input",
                ],
                "breaks off before its index",
            ),
            (
                &["file:x: Invalid data found when processing input"],
                "no media",
            ),
            (
                &[
                    "Peer certificate failed verification",
                    "https://x/SECRET: Input/output error",
                ],
                "certificate is not accepted",
            ),
            (
                &[
                    "Connection to srt://x:9000?passphrase=SECRET failed: Input/output error",
                    "srt://x:9000?passphrase=SECRET: Input/output error",
                ],
                "nobody answers at that address",
            ),
            (&["Unknown input format: 'pulse'"], "built without"),
            (
                &[
                    "cannot open audio device hw:9 (No such device)",
                    "hw:9: Input/output error",
                ],
                "no such sound device",
            ),
            (
                &["Option whatever not found."],
                "ffmpeg says: Option whatever not found.",
            ),
            (
                &[
                    "Server error: no rtmp://x/live/SECRET?k=SECRET for SECRETSECRETSECRETSECRETSECRET",
                ],
                "ffmpeg says: Server error: no ... for ...",
            ),
        ];
        for (complaints, expected) in table {
            let words = explain(complaints.iter().copied(), &[]).unwrap();
            assert!(words.contains(expected), "{complaints:?}: {words}");
            assert!(!words.contains("SECRET"), "{words}");
        }
        assert_eq!(explain(std::iter::empty(), &[]), None);
    }

    #[test]
    fn what_a_server_answers_again_lasts_and_what_it_answers_for_now_does_not() {
        let other = "https://x/a: Server returned 4XX Client Error, but not one of 40{0,1,3,4}";
        let table: &[(&[&str], bool)] = &[
            (&["https://x/a: Server returned 400 Bad Request"], true),
            (&["https://x/a: Server returned 404 Not Found"], true),
            // 405, 416, 451
            (&[other], true),
            (&["HTTP error 410 Gone", other], true),
            (&["HTTP error 408 Request Timeout", other], false),
            (&["HTTP error 425 Too Early", other], false),
            (&["HTTP error 429 Too Many Requests", other], false),
            // As newer ones say it.
            (
                &["https://x/a: Server returned 429 Too Many Requests"],
                false,
            ),
            (
                &["https://x/a: Server returned 5XX Server Error reply"],
                false,
            ),
            (
                &["Connection to tcp://x:80 failed: Connection refused"],
                false,
            ),
            (&["File ended prematurely"], false),
            (&[], false),
        ];
        for (complaints, expected) in table {
            let complaints = complaints.iter().copied();
            assert_eq!(is_lasting(complaints.clone()), *expected, "{complaints:?}");
        }
    }

    #[test]
    fn parts_of_the_url_are_not_repeated() {
        let table = [
            (
                "rtmp://ex.org/live/KEY1",
                "no stream 'KEY1' in live",
                "no stream ... in ...",
            ),
            (
                "https://me:pass%20word@ex.org/a/b.m3u8?t=KEY2&KEY3",
                "me is not KEY2, nor KEY3; word passes in a b of (b.m3u8)",
                "... is not ... nor ... ... ... in ... ... of ...",
            ),
            (
                "srt://ex.org:9000?passphrase=longer+than+ten&streamid=#!::r=KEY4,m=request",
                "ex.org refuses KEY4: than 10",
                "ex.org refuses ... ... 10",
            ),
            (
                "rtmp://127.0.0.1/live/KEY5?listen=1&x=KEY6",
                "KEY5 and KEY6 are live",
                "... and ... are live",
            ),
        ];
        for (url, complaint, expected) in table {
            let secrets = url.parse::<crate::Source>().unwrap().secrets();
            let words = explain(std::iter::once(complaint), &secrets).unwrap();
            assert_eq!(words, format!("ffmpeg says: {expected}"), "{url}");
        }
    }
}
