//! Files, as ffmpeg makes them, played by the real ffmpeg.

use crate::common::{self, all, fast, ffmpeg, loudness, next};
use chatter_media::{Condition, Options, Part, Pictures, Source};
use std::{fs, path::Path};
use tempfile::TempDir;

const TONE: &str = "-f lavfi -i sine=f=440:d=2";
const FILM: &str =
    "-f lavfi -i testsrc=s=640x360:r=10:d=4 -f lavfi -i sine=f=440:d=4 -c:v mpeg4 -q:v 20 -c:a aac";

fn made(words: &str, name: &str) -> (TempDir, Source) {
    let folder = TempDir::new().unwrap();
    ffmpeg(folder.path(), &format!("{words} {name}"));
    let source = Source::file(folder.path().join(name));
    (folder, source)
}

#[tokio::test(flavor = "multi_thread")]
async fn sound_of_any_make_is_the_same_tone_of_the_same_length() {
    let table = [
        (format!("{TONE} -ar 44100"), "cd.wav"),
        (format!("{TONE} -ar 8000 -c:a pcm_mulaw"), "telephone.wav"),
        (
            format!("{TONE} -filter_complex pan=5.1|FC=c0 -ar 48000 -c:a ac3"),
            "cinema.mkv",
        ),
        (format!("{TONE} -ac 2 -b:a 96k"), "song.mp3"),
        (format!("{TONE} -c:a flac"), "song.flac"),
        (format!("{TONE} -c:a libopus"), "talk.ogg"),
        (
            format!("{TONE} -f lavfi -i testsrc=s=64x64:r=5:d=2 -c:v mpeg4 -c:a aac"),
            "film.mp4",
        ),
    ];
    for (words, name) in table {
        let (_folder, source) = made(&words, name);
        let (told, end) = all(&source, fast()).await;
        assert_eq!(end, Condition::Ended { note: None }, "{name}");
        assert!(
            told.end_ms.abs_diff(2_000) <= 60,
            "{name}: {} ms",
            told.end_ms
        );
        assert_eq!(
            (told.sound[0].0, told.gaps.len(), told.pictures.len()),
            (0, 0, 0),
            "{name}"
        );
        let samples = told.samples();
        let middle = &samples[8_000..24_000];
        let (tone, other) = (loudness(middle, 440.0), loudness(middle, 700.0));
        assert!(
            tone > 0.02 && other < tone / 20.0,
            "{name}: {tone} and {other}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_come_at_their_rate_beside_the_sound() {
    let (_folder, source) = made(FILM, "film.mp4");
    let options = Options {
        pictures: Some(Pictures::default()),
        ..fast()
    };
    let (told, end) = all(&source, options).await;
    assert_eq!(end, Condition::Ended { note: None });
    assert!(told.end_ms.abs_diff(4_000) <= 60, "{} ms", told.end_ms);
    let times: Vec<_> = told.pictures.iter().map(|(at_ms, ..)| *at_ms).collect();
    assert_eq!(times, [0, 1_000, 2_000, 3_000]);
    for (_, width, height, rgb) in &told.pictures {
        assert_eq!((*width, *height), (320, 180));
        assert!(rgb.iter().max() > rgb.iter().min());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_film_without_sound_is_silence_as_long_as_the_film() {
    // Longer than what waits for its time.
    let words = "-f lavfi -i testsrc=s=90x160:r=10:d=30 -c:v mpeg4";
    let (_folder, source) = made(words, "mute.mkv");
    for pictures in [
        None,
        Some(Pictures {
            per_second: 2.0,
            side: 160,
        }),
    ] {
        let mut feed = source.open(Options { pictures, ..fast() });
        let mut seen = feed.condition();
        let mut told = common::Told::default();
        common::until(&mut feed, &mut told, |now| {
            *now == Condition::Playing { silent: true }
        })
        .await;
        assert!(seen.borrow_and_update().to_string().contains("no sound"));
        loop {
            match next(&mut feed).await {
                Part::Ended => break,
                part => told.add(part),
            }
        }
        assert_eq!(*seen.borrow(), Condition::Ended { note: None });
        assert_eq!(told.end_ms, 30_000);
        assert!(told.samples().iter().all(|&sample| sample == 0.0));
        assert_eq!(told.pictures.len(), if pictures.is_some() { 60 } else { 0 });
        if let Some((_, width, height, _)) = told.pictures.first() {
            assert_eq!((*width, *height), (90, 160));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_song_has_no_pictures_though_it_has_a_cover() {
    let folder = TempDir::new().unwrap();
    ffmpeg(
        folder.path(),
        "-f lavfi -i testsrc=s=64x64:d=1 -frames:v 1 cover.png",
    );
    ffmpeg(
        folder.path(),
        "-f lavfi -i sine=d=1 -i cover.png -map 0 -map 1 -disposition:v attached_pic song.mp3",
    );
    let options = Options {
        pictures: Some(Pictures::default()),
        ..fast()
    };
    let (told, end) = all(&Source::file(folder.path().join("song.mp3")), options).await;
    assert_eq!(end, Condition::Ended { note: None });
    assert!(told.end_ms >= 1_000 && told.pictures.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_film_whose_sound_ends_early_goes_on_in_silence() {
    let words = "-f lavfi -i testsrc=s=64x64:r=5:d=6 -f lavfi -i sine=d=2 -c:v mpeg4 -c:a aac";
    let (_folder, source) = made(words, "film.mp4");
    let (told, end) = all(&source, fast()).await;
    assert_eq!(end, Condition::Ended { note: None });
    assert!(told.end_ms.abs_diff(6_000) <= 150, "{}", told.end_ms);
    assert!(told.samples()[48_000..].iter().all(|&sample| sample == 0.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_recording_is_told_in_words() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("empty.wav"), "").unwrap();
    fs::write(at("text.mp3"), "no media at all\n".repeat(1000)).unwrap();
    ffmpeg(folder.path(), &format!("{FILM} film.mp4"));
    let film = fs::read(at("film.mp4")).unwrap();
    fs::write(at("broken.mp4"), &film[..film.len() / 2]).unwrap();
    fs::write(at("secret.txt"), "secret").unwrap();
    ffmpeg(folder.path(), &format!("{TONE} tone.wav"));
    let playlist = |entry: &str| {
        format!("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{entry}\n#EXT-X-ENDLIST\n")
    };
    fs::write(at("local.m3u8"), playlist(at("tone.wav").to_str().unwrap())).unwrap();
    fs::write(at("named.wav"), playlist("http://127.0.0.1:9/x.ts")).unwrap();
    fs::write(at("list.txt"), "ffconcat version 1.0\nfile tone.wav\n").unwrap();
    let table = [
        ("missing.wav", "there is no file"),
        (".", "is a folder"),
        ("empty.wav", "is empty"),
        ("text.mp3", "no media that ffmpeg reads"),
        ("secret.txt", "no media that ffmpeg reads"),
        ("broken.mp4", "or breaks off before its index"),
        ("local.m3u8", "a list of other files or addresses"),
        ("named.wav", "a list of other files or addresses"),
        ("list.txt", "a list of other files or addresses"),
    ];
    for (name, expected) in table {
        let (told, end) = all(&Source::file(at(name)), fast()).await;
        let Condition::Failed { why } = &end else {
            panic!("{name}: {end}")
        };
        assert!(why.contains(expected), "{name}: {why}");
        assert_eq!(told.end_ms, 0, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_that_breaks_off_is_played_as_far_as_it_goes() {
    let folder = TempDir::new().unwrap();
    let at = folder.path().join("cut.flac");
    ffmpeg(folder.path(), "-f lavfi -i sine=d=10 -ar 16000 whole.flac");
    let whole = fs::read(folder.path().join("whole.flac")).unwrap();
    fs::write(&at, &whole[..whole.len() / 2]).unwrap();
    let (told, end) = all(&Source::file(&at), fast()).await;
    assert!((3_000..7_500).contains(&told.end_ms), "{}", told.end_ms);
    assert!(
        end.to_string().starts_with("ended: it breaks off after "),
        "{end}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_begins_where_it_is_told_to_and_again_if_looped() {
    let folder = TempDir::new().unwrap();
    // A second of each tone.
    ffmpeg(
        folder.path(),
        "-f lavfi -i sine=f=440:d=1 -f lavfi -i sine=f=880:d=1 -filter_complex concat=v=0:a=1 -ar 16000 two.wav",
    );
    let source = Source::file(folder.path().join("two.wav"));
    let (told, end) = all(
        &source,
        Options {
            from_ms: 1_500,
            ..fast()
        },
    )
    .await;
    assert_eq!((told.sound[0].0, told.end_ms), (1_500, 2_000));
    assert!(loudness(&told.samples(), 880.0) > 0.05);
    assert_eq!(end, Condition::Ended { note: None });

    // Beyond its end there is nothing, but in a loop there is.
    let (told, _) = all(
        &source,
        Options {
            from_ms: 9_000,
            ..fast()
        },
    )
    .await;
    assert_eq!(told.sound.len(), 0);
    let looped = Options {
        from_ms: 9_000,
        looped: true,
        ..fast()
    };
    let mut feed = source.open(looped);
    let mut told = common::Told::default();
    while told.end_ms < 13_000 {
        told.add(next(&mut feed).await);
    }
    assert_eq!(told.sound[0].0, 9_000);
    let samples = told.samples();
    for (second, hertz) in [(0, 880.0), (1, 440.0), (2, 880.0), (3, 440.0)] {
        let heard = &samples[second * 16_000..(second + 1) * 16_000];
        assert!(loudness(heard, hertz) > 0.05, "second {second}");
    }
    assert_eq!(feed.restarts(), 0, "another pass is none");
}

/// Whoever plays the same file beside it is in step.
#[tokio::test(flavor = "multi_thread")]
async fn a_recording_tells_where_in_the_file_it_is() {
    let (_folder, source) = made("-f lavfi -i sine=d=2 -ar 16000", "tone.wav");
    let mut feed = source.open(Options {
        from_ms: 1_500,
        looped: true,
        speed: 10.0,
        ..common::options()
    });
    let mut lengths = Vec::new();
    loop {
        let Part::Sound { at_ms, .. } = next(&mut feed).await else {
            panic!("{feed:?}")
        };
        if at_ms >= 6_000 {
            break;
        }
        let playing = feed.playing(at_ms).expect("it plays");
        assert_eq!(playing.at_ms, at_ms % 2_000, "at {at_ms} ms");
        assert_eq!((playing.speed, playing.looped), (10.0, true));
        lengths.push(playing.length_ms);
    }
    lengths.dedup();
    assert_eq!(lengths, [None, Some(2_000)], "known after the first end");

    let mut feed = source.open(fast());
    common::until_end(&mut feed).await;
    assert_eq!(feed.playing(2_000), None, "it is over");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_film_whose_sound_ends_early_is_told_with_its_whole_length_in_each_pass() {
    let words = "-f lavfi -i testsrc=s=64x64:r=5:d=6 -f lavfi -i sine=d=2 -c:v mpeg4 -c:a aac";
    let (_folder, source) = made(words, "film.mp4");
    let mut feed = source.open(Options {
        looped: true,
        speed: 10.0,
        ..common::options()
    });
    let condition = feed.condition();
    let mut lengths = Vec::new();
    loop {
        let Part::Sound { at_ms, .. } = next(&mut feed).await else {
            panic!("{feed:?}")
        };
        if at_ms >= 15_000 {
            break;
        }
        let now = condition.borrow().clone();
        let sounds = Condition::Playing { silent: false };
        assert_eq!(now, sounds, "it has sound, at {at_ms} ms too");
        let playing = feed.playing(at_ms).expect("it plays");
        assert_eq!(playing.at_ms, at_ms % 6_000, "at {at_ms} ms");
        lengths.push(playing.length_ms);
    }
    lengths.dedup();
    assert_eq!(lengths, [None, Some(6_000)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_waits_for_a_slow_reader_and_loses_nothing() {
    let (_folder, source) = made("-f lavfi -i sine=d=20 -ar 16000", "tone.wav");
    let mut feed = source.open(fast());
    let mut told = common::Told::default();
    told.add(next(&mut feed).await);
    // ffmpeg has long filled all that lies between.
    let mut condition = feed.condition();
    let ended = condition.wait_for(|now| matches!(now, Condition::Ended { .. }));
    let waited = tokio::time::timeout(std::time::Duration::from_millis(300), ended).await;
    assert!(waited.is_err(), "it does not wait");
    let rest = common::until_end(&mut feed).await;
    assert_eq!(rest.end_ms, 20_000);
    assert_eq!(rest.sound[0].0, told.end_ms);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_played_as_asked_is_told() {
    let (folder, source) = made(TONE, "tone.wav");
    let pictures = |per_second, side| Some(Pictures { per_second, side });
    let table: [(&str, Options); 5] = [
        (
            "speed: 0 is not in",
            Options {
                speed: 0.0,
                ..fast()
            },
        ),
        (
            "speed: NaN is not in",
            Options {
                speed: f64::NAN,
                ..fast()
            },
        ),
        (
            "a second is not more than 0",
            Options {
                pictures: pictures(50.0, 320),
                ..fast()
            },
        ),
        (
            "a side of 9 is not in",
            Options {
                pictures: pictures(1.0, 9),
                ..fast()
            },
        ),
        (
            "there is no program `/nowhere/ffmpeg`; install ffmpeg",
            Options {
                ffmpeg: Path::new("/nowhere/ffmpeg").into(),
                ..fast()
            },
        ),
    ];
    for (expected, options) in table {
        let (_, end) = all(&source, options).await;
        assert!(end.to_string().contains(expected), "{end}");
    }
    // A listener needs it later, and says so now.
    let listener: Source = "rtmp://127.0.0.1:0/live/k?listen=1".parse().unwrap();
    let nowhere = Options {
        ffmpeg: "no-ffmpeg-of-that-name".into(),
        ..fast()
    };
    let (_, end) = all(&listener, nowhere).await;
    assert!(end.to_string().contains("there is no program"), "{end}");
    drop(folder);
}
