//! An ffmpeg that dies, is led astray, or only seems to be one.

use crate::{
    common::{
        LONG, Told, all, ffmpeg, hasty, is_waiting, listen, loudness, next, options, until,
        until_end,
    },
    web::Web,
};
use chatter_media::{Condition, Options, Part, Pictures, Source};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

/// An ffmpeg that writes down its process id first, one a line.
fn noted(folder: &Path) -> (PathBuf, PathBuf) {
    let (program, pids) = (folder.join("ffmpeg.sh"), folder.join("pids"));
    let script = format!(
        "#!/bin/sh\necho $$ >> '{}'\nexec ffmpeg \"$@\"\n",
        pids.display()
    );
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    (program, pids)
}

fn latest(pids: &Path) -> Pid {
    let pids = fs::read_to_string(pids).unwrap();
    Pid::from_raw(pids.lines().last().unwrap().parse().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ffmpeg_that_is_killed_is_started_again_where_it_was() {
    let folder = TempDir::new().unwrap();
    // Its pitch tells its place.
    ffmpeg(
        folder.path(),
        "-f lavfi -i aevalsrc=0.5*sin(2*PI*(200*t+10*t*t)):d=40:s=16000 rising.wav",
    );
    let (program, pids) = noted(folder.path());
    let source = Source::file(folder.path().join("rising.wav"));
    let mut feed = source.open(Options {
        ffmpeg: program,
        speed: 20.0,
        ..hasty()
    });
    let mut told = Told::default();
    listen(&mut feed, &mut told, 4_000).await;
    kill_process(latest(&pids), Signal::KILL).unwrap();
    until(&mut feed, &mut told, |now| {
        now.to_string().contains("ffmpeg was killed")
    })
    .await;
    loop {
        match next(&mut feed).await {
            Part::Ended => break,
            part => told.add(part),
        }
    }
    assert_eq!(
        (told.end_ms, told.gaps.len(), feed.restarts()),
        (40_000, 0, 1)
    );
    let samples = told.samples();
    for second in [3, 10, 30, 39] {
        let heard = &samples[second * 16_000..second * 16_000 + 800];
        let hertz = 200.0 + 20.0 * (second as f32 + 0.025);
        assert!(loudness(heard, hertz) > 0.3, "second {second}");
    }
}

/// An ffmpeg that reads these instead of what it is told to, one after the other, and only then that.
fn led_astray(folder: &Path, instead: &[&str]) -> PathBuf {
    let program = folder.join("ffmpeg.sh");
    let cases: String = (1..)
        .zip(instead)
        .map(|(n, words)| {
            format!(
                "{n}) exec ffmpeg -hide_banner -nostdin -loglevel level+info {words} \
                 -map 0:a:0 -f s16le pipe:1;;\n"
            )
        })
        .collect();
    let script = format!(
        "#!/bin/sh\ncd '{}'\necho >> starts\ncase $(($(wc -l < starts))) in\n{cases}\
         *) exec ffmpeg \"$@\";;\nesac\n",
        folder.display()
    );
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    program
}

/// All that is told of a recording by an ffmpeg that is led astray, with short pauses.
async fn all_astray(folder: &Path, source: &Source, instead: &[&str]) -> (Told, Condition) {
    let mut options = hasty();
    options.patience.longest_pause = options.patience.pause;
    let options = Options {
        ffmpeg: led_astray(folder, instead),
        speed: 1000.0,
        ..options
    };
    all(source, options).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_holds_nothing_yet_is_waited_for_and_then_heard() {
    let folder = TempDir::new().unwrap();
    let words = "1\n00:00:00,000 --> 00:00:01,000\nhello\n";
    fs::write(folder.path().join("words.srt"), words).unwrap();
    ffmpeg(
        folder.path(),
        "-f lavfi -i testsrc=s=64x64:r=10:d=1 film.mkv",
    );
    ffmpeg(folder.path(), "-f lavfi -i sine=f=440:d=2 tone.wav");
    let cases: [(&[&str], &str); 2] = [
        (&["-i words.srt"], "neither sound nor a moving picture"),
        // Pictures alone, and then it is gone.
        (&["-i film.mkv", "-i nothing.mkv"], "no such file"),
    ];
    for (instead, why) in cases {
        let _ = fs::remove_file(folder.path().join("starts"));
        let web = Web::of(folder.path()).await;
        let source: Source = web.url("/tone.wav").parse().unwrap();
        let mut feed = source.open(Options {
            ffmpeg: led_astray(folder.path(), instead),
            speed: 1000.0,
            ..hasty()
        });
        let mut told = Told::default();
        until(&mut feed, &mut told, |now| {
            is_waiting(now) && now.to_string().contains(why)
        })
        .await;
        told = until_end(&mut feed).await;
        assert!(loudness(&told.samples(), 440.0) > 0.05, "{why}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_that_was_not_there_for_long_may_still_fail_once() {
    let folder = TempDir::new().unwrap();
    ffmpeg(folder.path(), "-f lavfi -i sine=f=440:d=2 tone.wav");
    let web = Web::of(folder.path()).await;
    let source: Source = web.url("/tone.wav").parse().unwrap();
    // It is waited for; it turns out to have a length; opened as what it is, it is gone once.
    let (gone, there) = ("-i nothing.wav", "-i tone.wav");
    let instead = [gone, gone, gone, gone, gone, gone, there, gone];
    let (told, condition) = all_astray(folder.path(), &source, &instead).await;
    assert_eq!(condition, Condition::Ended { note: None });
    assert!(loudness(&told.samples(), 440.0) > 0.05);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_whose_server_is_away_for_long_goes_on_when_it_is_back() {
    let folder = TempDir::new().unwrap();
    ffmpeg(folder.path(), "-f lavfi -i sine=f=440:d=2 tone.wav");
    let web = Web::of(folder.path()).await;
    let source: Source = web.url("/tone.wav").parse().unwrap();
    let away = "-i http://127.0.0.1:9/tone.wav";
    let instead = [&["-i tone.wav"][..], &[away; 8]].concat();
    let (told, condition) = all_astray(folder.path(), &source, &instead).await;
    assert_eq!(condition, Condition::Ended { note: None });
    assert!(loudness(&told.samples(), 440.0) > 0.05);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_is_not_given_up_for_what_was_not_refused_in_a_row() {
    let folder = TempDir::new().unwrap();
    ffmpeg(folder.path(), "-f lavfi -i sine=f=440:d=2 tone.wav");
    let web = Web::of(folder.path()).await;
    let source: Source = web.url("/tone.wav").parse().unwrap();
    let refused = format!("-i {}", web.url("/nothing.wav"));
    let slower = format!("-i {}", web.url("/answers/429/tone.wav"));
    for passing in ["-i http://127.0.0.1:9/tone.wav", &slower] {
        let _ = fs::remove_file(folder.path().join("starts"));
        let instead = [
            &["-i tone.wav"][..],
            &[refused.as_str(); 3],
            &[passing; 6],
            &[refused.as_str(); 3],
        ]
        .concat();
        let (told, condition) = all_astray(folder.path(), &source, &instead).await;
        assert_eq!(condition, Condition::Ended { note: None }, "{passing}");
        assert!(loudness(&told.samples(), 440.0) > 0.05);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_that_its_server_does_not_have_any_more_is_given_up() {
    let folder = TempDir::new().unwrap();
    ffmpeg(folder.path(), "-f lavfi -i sine=f=440:d=2 tone.wav");
    fs::write(
        folder.path().join("page.wav"),
        "<p>Starting.</p>\n".repeat(99),
    )
    .unwrap();
    let web = Web::of(folder.path()).await;
    for (path, why) in [
        ("/nothing.wav", "404 Not Found"),
        ("/answers/400/tone.wav", "the server refuses"),
        ("/answers/401/tone.wav", "401 Unauthorized"),
        ("/answers/405/tone.wav", "the server refuses"),
        ("/answers/410/tone.wav", "410 Gone"),
        ("/page.wav", "no media that ffmpeg reads"),
    ] {
        let _ = fs::remove_file(folder.path().join("starts"));
        let source: Source = web.url(path).parse().unwrap();
        let (_, condition) = all_astray(folder.path(), &source, &["-i tone.wav"]).await;
        let words = condition.to_string();
        assert!(
            words.starts_with("failed: ") && words.contains(why),
            "{words}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_played_on_when_ffmpeg_can_be_started_again() {
    let folder = TempDir::new().unwrap();
    ffmpeg(folder.path(), "-f lavfi -i sine=f=440:d=2 tone.wav");
    let program = folder.path().join("ffmpeg.sh");
    let put = |script: &str| {
        // As a whole: a program that is being written can't be started.
        let new = folder.path().join("new.sh");
        fs::write(&new, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&new, fs::Permissions::from_mode(0o755)).unwrap();
        fs::rename(&new, &program).unwrap();
    };
    put("rm \"$0\"\nkill -KILL $$");
    let mut options = hasty();
    options.patience.longest_pause = options.patience.pause;
    let mut feed = Source::file(folder.path().join("tone.wav")).open(Options {
        ffmpeg: program.clone(),
        speed: 1000.0,
        ..options
    });
    let mut told = Told::default();
    until(&mut feed, &mut told, |now| {
        is_waiting(now) && now.to_string().contains("there is no program")
    })
    .await;
    put("exec ffmpeg \"$@\"");
    told = until_end(&mut feed).await;
    assert_eq!(*feed.condition().borrow(), Condition::Ended { note: None });
    assert!(loudness(&told.samples(), 440.0) > 0.05);
}

/// What only seems to be ffmpeg: says of a source that it has sound, pictures and a minute, and then does this.
/// Each start adds a line to `starts`.
fn pretended(folder: &Path, does: &str) -> PathBuf {
    let program = folder.join("ffmpeg.sh");
    let script = format!(
        "#!/bin/sh\ncd '{}'\necho >> starts\ncat >&2 <<'END'\n\
         [info] Input #0, wav, from 'x':\n\
         [info]   Duration: 00:01:00.00, start: 0\n\
         [info]   Stream #0:0: Audio: pcm_s16le\n\
         [info] Output #0, s16le, to 'pipe:1':\n\
         END\n{does}\n",
        folder.display()
    );
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    program
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_that_is_shorter_than_was_estimated_ends_where_it_ends() {
    let folder = TempDir::new().unwrap();
    // Ten seconds, also for the one who finds out that it has a length; and opened again nothing more.
    let does = "[ $(wc -l < starts) -gt 2 ] || head -c 320000 /dev/zero";
    let source: Source = "http://127.0.0.1:9/song.mp3".parse().unwrap();
    let (told, condition) = all(
        &source,
        Options {
            ffmpeg: pretended(folder.path(), does),
            speed: 1000.0,
            ..hasty()
        },
    )
    .await;
    assert_eq!(condition, Condition::Ended { note: None });
    assert_eq!(told.end_ms, 10_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_that_only_shows_something_for_a_while_is_not_stuck() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("film.mkv"), "a film").unwrap();
    let does = "head -c 960000 /dev/zero\n\
                for n in 1 2 3 4 5 6 7 8 9 10 11 12\n\
                do printf 'P6\\n16 16\\n255\\n' >&0; head -c 768 /dev/zero >&0; sleep 0.25; done\n\
                head -c 960000 /dev/zero";
    let mut options = hasty();
    options.patience.give_up = Duration::from_millis(1500);
    let mut feed = Source::file(folder.path().join("film.mkv")).open(Options {
        ffmpeg: pretended(folder.path(), does),
        speed: 1000.0,
        pictures: Some(Pictures::default()),
        ..options
    });
    let told = until_end(&mut feed).await;
    assert_eq!((told.end_ms, feed.restarts()), (60_000, 0), "{feed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ffmpeg_ends_with_its_feed_and_is_told_no_secrets() {
    let folder = TempDir::new().unwrap();
    ffmpeg(folder.path(), "-f lavfi -i sine=d=40 tone.wav");
    let (program, pids) = noted(folder.path());
    let mut feed = Source::file(folder.path().join("tone.wav")).open(Options {
        ffmpeg: program,
        ..options()
    });
    next(&mut feed).await;
    let pid = latest(&pids);
    let environment = format!("/proc/{}/environ", pid.as_raw_nonzero());
    if let Ok(environment) = fs::read_to_string(environment) {
        let names = environment
            .split('\0')
            .filter_map(|pair| pair.split('=').next());
        let cargo = names.filter(|name| name.starts_with("CARGO")).count();
        assert_eq!(cargo, 0, "{environment}");
    }
    drop(feed);
    let gone = async {
        // A zombie would still be there.
        while test_kill_process(pid).is_ok() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(LONG, gone).await.unwrap();
}
