//! Texts to begin with, and what is made of them: the tests' own little mutator. A fuzzer brings a
//! better one, and begins with the same texts.

use arbitrary::Unstructured;

/// What a text is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// JSON of `protocol/schemas/`.
    Json,
    /// TOML of `configs/`.
    Toml,
    /// WebVTT and SubRip.
    Subtitles,
    /// What names a source.
    Source,
}

const JSON: [&str; 10] = [
    include_str!("../../../protocol/examples/call-record/good/spoke.json"),
    include_str!("../../../protocol/examples/call-record/good/reflected.json"),
    include_str!("../../../protocol/examples/call-record/good/trapped.json"),
    r#"{"type":"say","nonce":"n1","text":"hello","reply_to":"019ac0de-0001-7a52-9d0f-3f6a1c2b4d51"}"#,
    r#"{"type":"hello","epoch":"e","offset":3,"recovered":true,"you":{"id":"guest:ana","name":"Ana"}}"#,
    r#"{"type":"ack","nonce":"n","id":"019ac0de-0001-7a52-9d0f-3f6a1c2b4d51","offset":7}"#,
    r#"{"id":"019ac0de-0001-7a52-9d0f-3f6a1c2b4d51","author":"ana","text":"hello"}"#,
    r#"{"v":1,"room_id":"main/lobby","at":"2026-01-31T12:00:00.000Z","position_ms":61000,"transcript":[{"start_ms":0,"end_ms":3500,"text":"hello"}],"summary":"s","keywords":[{"term":"boat","score":0.5}],"events":[{"id":"e1","kind":"hype","text":"yes!","at_ms":59000,"confidence":0.9}],"chat_question":{"id":"q","text":"boss?","at_ms":1000}}"#,
    r#"{"type":"say","nonce":"n","text":""}"#,
    "[]",
];

const TOML: [&str; 6] = [
    include_str!("../../../configs/rooms/lobby.toml"),
    include_str!("../../../configs/moderation/default.toml"),
    "v = 1\nid = \"nova\"\nname = \"Nova\"\nmodule = \"regular\"\nbio = \"b\"\ncolor = \"#7f5af0\"\n[traits]\ntalkativeness = 0.8\n[limits]\ncpu_ms = 50\n",
    "id = \"main/lobby\"\ntitle = \"Lobby\"\n[[roster]]\npersona = \"nova\"\n[source]\nuri = \"a.srt\"\nspeed = 2.0\nloop = true\n[tuning]\ncontagion = 0.3\n",
    "name = \"regular\"\n[limits]\ncpu_ms = 50\nmemory_bytes = 67108864\nllm_tokens = 400\nlog_bytes_per_second = 1024\n",
    "listen = \"127.0.0.1:0\"\nbus = \"memory\"\nroom = \"main/lobby\"\nspeed = 4\nloop = true\nseed = 3\n[llm]\nprovider = \"openai\"\nconcurrency = 2\n",
];

const SUBTITLES: [&str; 4] = [
    "WEBVTT - a talk\n\nNOTE nothing\n\nintro\n00:01.000 --> 00:02.500 align:start\n<v Ana>hello <i>everyone</i> &amp; welcome!\n\n00:03.000 --> 00:06.000\nWhat do you think, chat? Should we go left?\n",
    "1\n00:00:01,000 --> 00:00:02,000\nfirst\n\n2\n00:00:02,500 --> 00:00:04,000\n[laughter]\nyes! yes! YES!\n\n3\n00:01:40,000 --> 00:01:41,000\nlater on\n",
    "WEBVTT\n\n00:01.000 --> 00:03.000\nand the little\n \n00:02.000 --> 00:04.000\nand the little\nboat goes round\n\n00:03.000 --> 00:05.000\nboat goes round\nthe rock\n",
    "99:59:59.999 --> 99:59:59.999\nat the very end\n\n00:61.000 --> 00:62.000\nno time\n",
];

const SOURCES: [&str; 5] = [
    "rtmp://me:key@127.0.0.1:1935/live/key?listen=1&user=me",
    "https://[::1]:81/live/token/a.m3u8?k=%ff#end",
    "file:///srv/talk%20show.mp4",
    "mic:hw:1,0",
    "browser:",
];

/// Pieces that mean something to one of the formats.
const WORDS: [&str; 34] = [
    "-->",
    "WEBVTT",
    "NOTE",
    "00:00:01,000",
    "99:59.999",
    "&amp;",
    "<00:01.000>",
    "</c>",
    "\n\n",
    "\r\n",
    "\u{feff}",
    "null",
    "true",
    "-1",
    "1e999",
    "2.0",
    "18446744073709551616",
    "\"\"",
    "[",
    "]",
    "{",
    "}",
    "\\u0000",
    "\\ud800",
    "\"v\":1",
    "\"type\":\"say\"",
    "[limits]",
    "[[roster]]",
    "inf",
    "nan",
    "\"\"\"",
    "x = ",
    "2026-01-31T12:00:00.000Z",
    "#",
];

/// The texts of a kind.
#[must_use]
pub fn seeds(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Json => &JSON,
        Kind::Toml => &TOML,
        Kind::Subtitles => &SUBTITLES,
        Kind::Source => &SOURCES,
    }
}

/// One of the texts, with some changes; the bytes say which.
#[must_use]
pub fn mutated(kind: Kind, bytes: &[u8]) -> Vec<u8> {
    let mut u = Unstructured::new(bytes);
    let seed = u.choose(seeds(kind)).copied().unwrap_or_default();
    let mut text = seed.as_bytes().to_vec();
    for _ in 0..u.int_in_range(0..=6).unwrap_or(0) {
        let at = u.int_in_range(0..=text.len()).unwrap_or(0);
        let length = u.int_in_range(0..=24).unwrap_or(0);
        let end = (at + length).min(text.len());
        match u.int_in_range(0..=5).unwrap_or(0) {
            0 => {
                text.drain(at..end);
            }
            1 => {
                let piece = text[at..end].to_vec();
                let times = u.int_in_range(1..=40).unwrap_or(1);
                text.splice(at..at, piece.repeat(times));
            }
            2 => {
                text.splice(
                    at..end,
                    u.bytes(length.min(u.len())).unwrap_or_default().to_vec(),
                );
            }
            3 => {
                let number = u.arbitrary::<f64>().unwrap_or(0.5).to_string();
                text.splice(at..end, number.into_bytes());
            }
            4 => {
                let other = u
                    .choose(seeds(kind))
                    .copied()
                    .unwrap_or_default()
                    .as_bytes();
                let from = u.int_in_range(0..=other.len()).unwrap_or(0);
                text.splice(at..at, other[from..].to_vec());
            }
            _ => {
                let word = u.choose(&WORDS).copied().unwrap_or_default();
                text.splice(at..end, word.bytes());
            }
        }
    }
    text
}
