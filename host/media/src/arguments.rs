//! What ffmpeg is told.

use crate::{Patience, Pictures, SAMPLE_RATE, source::Scheme};
use std::{env, ffi::OsString, fmt::Write, path::Path, time::Duration};
use url::Url;

/// What is opened.
#[derive(Clone, Copy)]
pub(crate) enum Input<'a> {
    File(&'a Path),
    Url(&'a Url),
    /// A stream that is pushed to a port of this machine, under this name.
    Pushed {
        port: u16,
        app: &'a str,
        name: &'a str,
    },
    Device {
        format: &'a str,
        name: &'a str,
    },
}

/// So many times as long as others a web server is waited for: opened anew, a playlist begins with what was
/// heard before, if only with its newest piece.
pub(crate) const PULLED: u32 = 4;

/// Where it begins.
#[derive(Clone, Copy)]
pub(crate) enum Begin {
    /// So far into a recording.
    At(u64),
    /// Where what is live, or may be, is now.
    Live,
    /// With the newest piece of a playlist, since all that it held was heard.
    Newest,
}

/// What is made of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Shape {
    /// Its sound; else ticks, one for each 100 ms of its moving pictures.
    pub(crate) sound: bool,
    pub(crate) pictures: Option<Pictures>,
}

/// The largest block of memory that ffmpeg takes at once, in bytes. A picture of 8K needs less than half;
/// one that is made to be too large is left out, and the sound goes on.
const LARGEST: &str = "268435456";

/// The bytes of a tick: a picture of 64 by 64 grey pixels. It is so large that a pipe, of 64 KiB as a rule, holds less than two
/// seconds of them: ffmpeg waits there, and does not decode pictures of which only the latest would be kept.
pub(crate) const TICK: usize = TICK_SIDE * TICK_SIDE;
const TICK_SIDE: usize = 64;

/// The formats that are read from a file: recordings. Not among them is what names other files or
/// addresses, such as playlists (hls, dash, concat, sdp), lists of pictures, scripts, and formats that
/// take any bytes for sound.
const RECORDINGS: &str = "aac,ac3,aiff,amr,ape,asf,au,avi,caf,dff,dirac,dsf,dts,dtshd,dv,eac3,flac,flv,\
     g722,gif,gsm,gxf,h264,hevc,iff,ivf,live_flv,loas,m4v,matroska,webm,mjpeg,mlp,mov,mp4,mp3,mpc,mpc8,mpeg,\
     mpegts,mpegvideo,mxf,nsv,nut,obu,ogg,oma,rm,sln,smjpeg,sox,spdif,tak,truehd,tta,vc1,voc,w64,wav,\
     webm_dash_manifest,wtv,wv,xwma,yuv4mpegpipe";

/// What RTMP carries says little of itself at its beginning. If it lacks sound or pictures, ffmpeg waits
/// so long for them, in microseconds, and all that comes meanwhile with it.
const FLV: &[&str] = &["-analyzeduration", "2000000"];

/// So much longer than its source is waited for, ffmpeg waits for the network itself: it ends even if nobody
/// is left to end it.
const BEYOND: Duration = Duration::from_secs(5);

/// Where systems keep the certificates that they trust. Not every ffmpeg knows.
const TRUSTED: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
];

/// Times of a live source that jump by more than so many seconds tell nothing: its encoder began anew, or its
/// clock was set. Taken at their word, they would be as much silence, or as much sound that is left out. A
/// recording may have such a hole.
const JUMP: &str = "10";

/// ffmpeg's arguments.
pub(crate) fn arguments(
    input: Input<'_>,
    shape: Shape,
    begin: Begin,
    patience: &Patience,
) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = Vec::new();
    let mut add = |words: &[&str]| arguments.extend(words.iter().map(OsString::from));
    add(&[
        "-hide_banner",
        "-nostdin",
        "-nostats",
        "-loglevel",
        "level+info",
        "-max_alloc",
        LARGEST,
        "-threads",
        "1",
    ]);
    let protocols = match input {
        Input::File(_) => "file",
        Input::Pushed { .. } => "rtmp,tcp",
        // A device is no protocol, and needs none.
        Input::Device { .. } => "none",
        Input::Url(url) => match (Scheme::of(url), url.scheme()) {
            (Scheme::Http, _) => "http,https,httpproxy,tls,tcp,crypto",
            (Scheme::Rtmp, "rtmps") => "rtmps,tls,tcp",
            (Scheme::Rtmp, _) => "rtmp,tcp",
            (Scheme::Rtsp, "rtsps") => "rtsps,rtp,srtp,udp,tls,tcp",
            (Scheme::Rtsp, _) => "rtsp,rtp,udp,tcp",
            (Scheme::Srt, _) => "srt",
            (Scheme::Udp, _) => "rtp,udp",
        },
    };
    add(&["-protocol_whitelist", protocols]);
    match begin {
        Begin::Live => add(&["-dts_error_threshold", JUMP]),
        Begin::Newest => add(&["-dts_error_threshold", JUMP, "-live_start_index", "-1"]),
        Begin::At(0) => {}
        Begin::At(ms) => add(&["-ss", &format!("{}.{:03}", ms / 1000, ms % 1000)]),
    }
    match input {
        Input::File(path) => {
            add(&["-format_whitelist", RECORDINGS, "-i"]);
            let mut name = OsString::from("file:");
            name.push(path);
            arguments.push(name);
        }
        Input::Url(url) => {
            match Scheme::of(url) {
                // Through firewalls, and without loss.
                Scheme::Rtsp => {
                    let wait = wait_us(patience, 1);
                    add(&["-rtsp_flags", "prefer_tcp", "-timeout", &wait]);
                }
                Scheme::Rtmp => {
                    add(FLV);
                    add(&["-rw_timeout", &wait_us(patience, 1)]);
                }
                Scheme::Http => add(&["-rw_timeout", &wait_us(patience, PULLED)]),
                Scheme::Srt => {
                    let wait = wait_us(patience, 1);
                    add(&["-timeout", &wait, "-listen_timeout", &wait]);
                }
                // What reads it hands no option on, but all of the URL.
                Scheme::Udp if url.scheme() == "rtp" => {}
                Scheme::Udp => add(&["-timeout", &wait_us(patience, 1)]),
            }
            if matches!(url.scheme(), "https" | "rtmps") {
                add(&["-tls_verify", "1"]);
                if let Some(trusted) = trusted() {
                    arguments.extend(["-ca_file".into(), trusted]);
                }
            }
            let mut add = |words: &[&str]| arguments.extend(words.iter().map(OsString::from));
            let mut url = url.clone();
            if url.scheme() == "rtp" && !url.query_pairs().any(|(name, _)| name == "timeout") {
                url.query_pairs_mut()
                    .append_pair("timeout", &wait_us(patience, 1));
            }
            add(&["-i", url.as_str()]);
        }
        Input::Pushed { port, app, name } => {
            let url = format!("rtmp://127.0.0.1:{port}/{app}/{name}");
            add(FLV);
            add(&["-listen", "1", "-timeout", "10", "-i", &url]);
        }
        Input::Device { format, name } => add(&["-f", format, "-i", name]),
    }
    let arguments = &mut arguments;
    let mut add = |words: &[&str]| arguments.extend(words.iter().map(OsString::from));
    let none = ["-sn", "-dn", "-map_metadata", "-1"];
    if shape.sound {
        add(&["-map", "0:a:0", "-vn"]);
        add(&none);
        // Holes in what comes are silence, so that counting samples tells the time.
        add(&["-af", "aresample=async=1:first_pts=0", "-ac", "1"]);
        add(&[
            "-ar",
            &SAMPLE_RATE.to_string(),
            "-c:a",
            "pcm_s16le",
            "-f",
            "s16le",
            "pipe:1",
        ]);
    } else {
        add(&["-map", "0:V:0", "-an"]);
        add(&none);
        let filter = format!("fps=10:start_time=0,scale={TICK_SIDE}:{TICK_SIDE},format=gray");
        add(&["-vf", &filter]);
        add(&["-c:v", "rawvideo", "-f", "rawvideo", "pipe:1"]);
    }
    if let Some(Pictures { per_second, side }) = shape.pictures {
        add(&["-map", "0:V:0", "-an"]);
        add(&none);
        let mut filter = String::new();
        // A picture is what could be seen at its time, not what came after it.
        let _ = write!(
            filter,
            "fps={per_second}:round=up:start_time=0,\
             scale={side}:{side}:force_original_aspect_ratio=decrease:force_divisible_by=2,format=rgb24"
        );
        add(&[
            "-vf",
            &filter,
            "-threads",
            "1",
            "-c:v",
            "ppm",
            "-f",
            "image2pipe",
        ]);
        // Standard input, which is a pipe that is written to.
        add(&["pipe:0"]);
    }
    std::mem::take(arguments)
}

/// How long ffmpeg waits for the network, in microseconds.
fn wait_us(patience: &Patience, times: u32) -> String {
    let wait = patience.give_up.saturating_mul(times).max(patience.start);
    // Of UDP ffmpeg counts them in 32 bits with a sign.
    let wait = wait.saturating_add(BEYOND).min(Duration::from_secs(2_000));
    wait.as_micros().to_string()
}

/// The certificates that servers are checked by, if it is known where they are.
fn trusted() -> Option<OsString> {
    let named = env::var_os("SSL_CERT_FILE").filter(|file| !file.is_empty());
    let usual = || TRUSTED.iter().find(|file| Path::new(file).is_file());
    named.or_else(|| usual().map(OsString::from))
}

/// By which of its systems' parts ffmpeg reads a microphone, and under which name.
pub(crate) fn device(name: &str, system: &str, pulse: bool) -> (&'static str, String) {
    let or = |usual: &str| {
        if name.is_empty() {
            usual.to_owned()
        } else {
            name.to_owned()
        }
    };
    match system {
        "macos" => ("avfoundation", format!(":{}", or("default"))),
        "windows" => ("dshow", format!("audio={}", or("default"))),
        _ => match name.split_once(':') {
            Some(("alsa", name)) => ("alsa", name.to_owned()),
            Some(("pulse", name)) => ("pulse", name.to_owned()),
            // hw:1,0 and the like
            Some(_) => ("alsa", name.to_owned()),
            None if pulse => ("pulse", or("default")),
            None => ("alsa", or("default")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        net::UdpSocket,
        process::{Command, Stdio},
        thread::sleep,
        time::Instant,
    };

    #[test]
    fn each_kind_of_source_reaches_what_it_needs() {
        let table = [
            ("https://x/a.m3u8", "http,https,httpproxy,tls,tcp,crypto"),
            ("rtmp://x/live/k", "rtmp,tcp"),
            ("rtmps://x/live/k", "rtmps,tls,tcp"),
            ("rtsp://x/cam", "rtsp,rtp,udp,tcp"),
            ("srt://x:9000", "srt"),
            ("udp://x:9000", "rtp,udp"),
            ("rtp://x:9000", "rtp,udp"),
        ];
        let shape = Shape {
            sound: true,
            pictures: None,
        };
        for (url, expected) in table {
            let url = Url::parse(url).unwrap();
            let arguments = arguments(Input::Url(&url), shape, Begin::Live, &Patience::default());
            let at = arguments
                .iter()
                .position(|a| a == "-protocol_whitelist")
                .unwrap();
            assert_eq!(arguments[at + 1], *expected, "{url}");
            assert!(!expected.contains("file"));
            let has = |word: &str| arguments.iter().any(|a| a == word);
            assert_eq!(
                has("-tls_verify"),
                ["https", "rtmps"].contains(&url.scheme())
            );
            let times_out = ["rtsp", "srt", "udp"].contains(&url.scheme());
            assert_eq!(has("-timeout"), times_out, "{url}");
            let times_out = ["https", "rtmp", "rtmps"].contains(&url.scheme());
            assert_eq!(has("-rw_timeout"), times_out);
        }
    }

    #[test]
    fn an_ffmpeg_that_nobody_is_left_to_end_ends_by_itself() {
        let patience = Patience {
            start: Duration::ZERO,
            give_up: Duration::ZERO,
            ..Patience::default()
        };
        let shape = Shape {
            sound: true,
            pictures: None,
        };
        let sources = ["udp://HERE", "rtp://HERE", "srt://HERE?mode=listener"];
        let mut waiting = sources.map(|source| {
            let free = UdpSocket::bind("127.0.0.1:0").unwrap();
            let here = free.local_addr().unwrap().to_string();
            let url = Url::parse(&source.replace("HERE", &here)).unwrap();
            drop(free);
            let mut ffmpeg = Command::new("ffmpeg");
            let ffmpeg = ffmpeg.args(arguments(Input::Url(&url), shape, Begin::Live, &patience));
            let ffmpeg = ffmpeg.stdout(Stdio::null()).stderr(Stdio::null());
            (source, ffmpeg.spawn().unwrap())
        });
        let deadline = Instant::now() + Duration::from_secs(30);
        while waiting
            .iter_mut()
            .any(|(_, ffmpeg)| ffmpeg.try_wait().unwrap().is_none())
            && Instant::now() < deadline
        {
            sleep(Duration::from_millis(100));
        }
        for (source, ffmpeg) in &mut waiting {
            let ended = ffmpeg.try_wait().unwrap();
            // It is reaped, whatever the test finds.
            let _ = ffmpeg.kill();
            let _ = ffmpeg.wait();
            assert!(ended.is_some(), "{source}");
        }
    }

    #[test]
    fn devices() {
        let table = [
            ("", "linux", true, ("pulse", "default")),
            ("", "linux", false, ("alsa", "default")),
            ("hw:1,0", "linux", true, ("alsa", "hw:1,0")),
            ("alsa:hw:1", "linux", true, ("alsa", "hw:1")),
            ("pulse:usb mic", "linux", false, ("pulse", "usb mic")),
            ("", "macos", false, ("avfoundation", ":default")),
            ("1", "macos", false, ("avfoundation", ":1")),
            ("Mic (USB)", "windows", false, ("dshow", "audio=Mic (USB)")),
        ];
        for (name, system, pulse, (format, device_name)) in table {
            assert_eq!(
                device(name, system, pulse),
                (format, device_name.to_owned()),
                "{name} on {system}"
            );
        }
    }
}
