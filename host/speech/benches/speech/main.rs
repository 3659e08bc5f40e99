//! How well and how fast streams are heard, beside plain whisper.cpp on all of the sound at once (as good
//! as the model gets) and on pieces of five seconds (what a program does that doesn't think about it).

#![allow(clippy::unwrap_used, reason = "a benchmark ends by it")]

mod recordings;
mod score;
mod sounds;

use chatter_models::{Folder, Quiet, VOICE, named, pull};
use chatter_speech::{Ear, Heard, ListenConfig, Model, ModelConfig, Word};
use recordings::{GROUPS, Recording, Store};
use rustix::time::{ClockId, clock_gettime};
use score::{Errors, aligned, quantile, show_differences, words};
use std::{
    path::PathBuf,
    time::{Duration, Instant},
};
use whisper_rs::{FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters};

const HELP: &str = "\
How well and how fast streams are heard.

Usage: cargo xtask bench speech [OPTIONS] [GROUPS]

Groups: people, others (prompts; a minute of them was used in choosing rules), mixed (people with noise and
music), espeak, nothing
(no speech at all); none means all

Options:
  --model NAME       tiny or base.en; several by naming it again (default: both)
  --threads N        of one inference (default 1)
  --hop MS           new sound from one inference to the next
  --window MS        the longest stretch that is looked at anew
  --prompted         tell the model what was said before
  --took MS          what each inference is said to take, whatever it took: two runs on a busy machine are alike
  --alone            without plain whisper.cpp
  --of NAME          only what has this in its name: freely, casters, music
  --text             print what was heard
  --wrong            print what was heard otherwise than it was said
  --late N           print the N words that were told latest, and how late
  --only SECONDS     of each recording; word error rates mean nothing then
  --patience N       plain whisper.cpp is broken off after N times the sound's length (default 3)

The sound goes by as fast as it can be listened to. A word's latency is the time from its end to when it is
told, on a clock that stands at the end of the sound that has come, and to which each inference adds the CPU
time that it took, divided by its threads: what it would be on a machine with nothing else to do. Sound that
comes meanwhile waits.
";

struct Options {
    models: Vec<String>,
    threads: usize,
    config: ListenConfig,
    took: Option<usize>,
    alone: bool,
    of: String,
    text: bool,
    wrong: bool,
    late: usize,
    only: Option<usize>,
    patience: usize,
    groups: Vec<String>,
}

fn main() {
    let Some(options) = options() else {
        print!("{HELP}");
        return;
    };
    whisper_rs::install_logging_hooks();
    let target = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(target, PathBuf::from);
    let models = Folder::new(target.join("models"));
    let executor = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    for name in options.models.iter().map(String::as_str).chain([VOICE]) {
        let model = named(name).unwrap_or_else(|| panic!("{name} is no model"));
        let pulled = pull(&model.artefact, &models, None, &Quiet);
        executor.block_on(pulled).unwrap();
    }
    let store = Store::open(&target.join("recordings"));
    let scenarios = store.scenarios(&options.groups, &options.of, options.only);
    let path = |name: &str| models.file(&named(name).expect("it is in the catalogue").artefact);
    println!(
        "{:<28} {:>6} {:>7} | {:>7} {:>5} {:>5} {:>5} | {:>6} {:>6} | {:>8} {:>8} {:>7}",
        "", "sound", "", "WER", "sub", "del", "ins", "lat50", "lat95", "CPU/s", "wall/s", "words"
    );
    for name in &options.models {
        let config = ModelConfig {
            whisper: path(name),
            voice: path(VOICE),
            threads: options.threads,
            at_once: 1,
        };
        let model = Model::load(&config).unwrap_or_else(|error| panic!("{error}"));
        let plain = (!options.alone).then(|| {
            let parameters = WhisperContextParameters::default();
            WhisperContext::new_with_params(&config.whisper, parameters).unwrap()
        });
        for recording in &scenarios {
            println!(
                "{} ({name}, {} thread{})",
                recording.name,
                options.threads,
                if options.threads == 1 { "" } else { "s" }
            );
            streamed(&model, recording, &options);
            if let Some(plain) = &plain {
                at_once(plain, recording, usize::MAX, "plain, all at once", &options);
                at_once(
                    plain,
                    recording,
                    5 * 16_000,
                    "plain, pieces of 5 s",
                    &options,
                );
            }
        }
    }
    println!("peak memory: {} MB", peak_mb());
}

/// Nobody asks for help.
fn options() -> Option<Options> {
    let mut options = Options {
        models: Vec::new(),
        threads: 1,
        config: ListenConfig::default(),
        took: None,
        alone: false,
        of: String::new(),
        text: false,
        wrong: false,
        late: 0,
        only: None,
        patience: 3,
        groups: Vec::new(),
    };
    // What benches are called with by cargo.
    let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
    while let Some(word) = words.next() {
        let mut number = || words.next().and_then(|word| word.parse().ok());
        match word.as_str() {
            "--model" => options.models.push(words.next()?),
            "--threads" => options.threads = number()?,
            "--hop" => options.config.hop_ms = number()? as u64,
            "--window" => options.config.window_ms = number()? as u64,
            "--prompted" => options.config.prompted = true,
            "--took" => options.took = Some(number()?),
            "--alone" => options.alone = true,
            "--of" => options.of = words.next()?,
            "--wrong" => options.wrong = true,
            "--text" => options.text = true,
            "--late" => options.late = number()?,
            "--only" => options.only = Some(number()?),
            "--patience" => options.patience = number()?,
            group if GROUPS.contains(&group) => options.groups.push(group.into()),
            _ => return None,
        }
    }
    if options.models.is_empty() {
        options.models = vec!["tiny".into(), "base.en".into()];
    }
    Some(options)
}

/// What a system made of a recording.
#[derive(Default)]
struct Result {
    text: String,
    /// How long after its end each word was told, in seconds, and the word.
    latencies: Vec<(f64, Word)>,
    cpu: f64,
    wall: f64,
    extra: String,
}

/// Listened to as a room does.
fn streamed(model: &Model, recording: &Recording, options: &Options) {
    let mut ear = Ear::new(model, options.config.clone()).unwrap();
    let (begun, cpu) = (Instant::now(), cpu());
    let mut result = Result::default();
    let (mut now_ms, mut inferences, mut missed_ms, mut slowest_hop) = (0.0_f64, 0, 0, 0);
    let mut tell = |ear: &mut Ear, now_ms: f64, result: &mut Result| {
        for heard in ear.told() {
            match heard {
                Heard::Words(words) => {
                    for word in words {
                        result.text.push_str(&word.text);
                        result.text.push(' ');
                        let latency = (now_ms - word.end_ms as f64) / 1_000.0;
                        result.latencies.push((latency, word));
                    }
                }
                Heard::Missed { from_ms, to_ms } => missed_ms += to_ms - from_ms,
                Heard::Pace { hop_ms, .. } => slowest_hop = slowest_hop.max(hop_ms),
                _ => {}
            }
        }
    };
    let mut listen = |ear: &mut Ear, now_ms: &mut f64| {
        let before = self::cpu();
        ear.listen();
        let took = (self::cpu() - before) / options.threads as f64;
        let took = options.took.map_or(took, |ms| ms as f64 / 1_000.0);
        ear.took(Duration::from_secs_f64(took));
        *now_ms += took * 1_000.0;
        inferences += 1;
    };
    for (n, piece) in recording.sound.chunks(1_600).enumerate() {
        let end_ms = (n * 100 + piece.len() / 16) as f64;
        ear.hear(n as u64 * 100, piece).unwrap();
        if now_ms > end_ms {
            continue;
        }
        now_ms = end_ms;
        tell(&mut ear, now_ms, &mut result);
        while ear.due() && now_ms <= end_ms {
            listen(&mut ear, &mut now_ms);
            tell(&mut ear, now_ms, &mut result);
        }
    }
    now_ms = now_ms.max(recording.seconds() * 1_000.0);
    ear.end().unwrap();
    while ear.due() {
        listen(&mut ear, &mut now_ms);
    }
    tell(&mut ear, now_ms, &mut result);
    result.cpu = self::cpu() - cpu;
    result.wall = begun.elapsed().as_secs_f64();
    result.extra = format!("{inferences} inferences");
    if missed_ms > 0 {
        result.extra += &format!(", {missed_ms} ms missed");
    }
    if slowest_hop > 0 {
        result.extra += &format!(", hop up to {slowest_hop} ms");
    }
    report("streamed", recording, result, options);
}

/// Plain whisper.cpp, with its defaults, on pieces of so many samples.
fn at_once(
    plain: &WhisperContext,
    recording: &Recording,
    length: usize,
    name: &str,
    options: &Options,
) {
    let mut state = plain.create_state().unwrap();
    let (begun, cpu) = (Instant::now(), cpu());
    // Of music, it makes something at each of six temperatures with five decoders.
    let end = cpu + recording.seconds() * options.patience as f64;
    let mut result = Result::default();
    let mut done_s = 0.0;
    for piece in recording.sound.chunks(length.min(recording.sound.len())) {
        let mut parameters = FullParams::new(SamplingStrategy::Greedy { best_of: 5 });
        parameters.set_n_threads(i32::try_from(options.threads).unwrap());
        parameters.set_language(Some("en"));
        parameters.set_print_progress(false);
        parameters.set_token_timestamps(true);
        parameters.set_no_context(length != usize::MAX);
        let too_long: Box<dyn FnMut() -> bool> = Box::new(move || self::cpu() > end);
        parameters.set_abort_callback_safe::<_, Box<dyn FnMut() -> bool>>(too_long);
        let percent: Box<dyn FnMut(i32)> = Box::new(move |percent| {
            if length == usize::MAX {
                eprint!("\r  {percent:>3} % ");
            }
        });
        parameters.set_progress_callback_safe::<_, Box<dyn FnMut(i32)>>(percent);
        let before = self::cpu();
        let done = state.full(parameters, piece);
        let took = (self::cpu() - before) / options.threads as f64;
        let piece_s = piece.len() as f64 / 16_000.0;
        for segment in state.as_iter() {
            result.text.push_str(&segment.to_str_lossy().unwrap());
            result.text.push(' ');
            let tokens = (0..segment.n_tokens()).filter_map(|n| segment.get_token(n));
            for token in tokens {
                let text = token.to_str_lossy().unwrap_or_default();
                // One for each word is enough.
                let end_ms = u64::try_from(token.token_data().t1 * 10).unwrap_or(0);
                if text.starts_with(' ') && length != usize::MAX {
                    let word = Word {
                        text: text.trim().into(),
                        start_ms: 0,
                        end_ms: (done_s * 1_000.0) as u64 + end_ms,
                        probability: token.token_data().p,
                    };
                    let late = piece_s + took - end_ms as f64 / 1_000.0;
                    result.latencies.push((late, word));
                }
            }
        }
        if let Err(error) = done {
            result.extra = format!("broken off after {done_s:.0} s of sound: {error}");
            break;
        }
        done_s += piece_s;
        if length != usize::MAX {
            eprint!("\r  {:>3.0} % ", done_s / recording.seconds() * 100.0);
        }
    }
    eprint!("\r        \r");
    result.cpu = self::cpu() - cpu;
    result.wall = begun.elapsed().as_secs_f64();
    report(name, recording, result, options);
}

fn report(name: &str, recording: &Recording, mut result: Result, options: &Options) {
    let heard = words(&result.text);
    let truth = words(&recording.truth);
    let pairs = aligned(&truth, &heard);
    let errors = Errors::of(&pairs);
    let seconds = recording.seconds();
    let rate = if errors.words == 0 {
        format!("{:.2}/min", heard.len() as f64 / seconds * 60.0)
    } else {
        format!("{:.1} %", errors.rate() * 100.0)
    };
    let mut latencies: Vec<f64> = result.latencies.iter().map(|(late, _)| *late).collect();
    let mut latency = |part| match latencies.len() {
        0 => String::new(),
        _ => format!("{:.2} s", quantile(&mut latencies, part)),
    };
    println!(
        "  {name:<26} {seconds:>4.0} s {:>7} | {rate:>7} {:>5} {:>5} {:>5} | {:>6} {:>6} | {:>8.3} {:>8.3} {:>7} {}",
        "",
        errors.substituted,
        errors.deleted,
        errors.inserted,
        latency(0.5),
        latency(0.95),
        result.cpu / seconds,
        result.wall / seconds,
        heard.len(),
        result.extra,
    );
    if options.text {
        println!("    {}", result.text);
    }
    if options.wrong {
        let times: Vec<u64> = result
            .latencies
            .iter()
            .flat_map(|(_, word)| vec![word.start_ms; words(&word.text).len()])
            .collect();
        // Of plain whisper.cpp there are no such times.
        show_differences(
            &pairs,
            Some(&times).filter(|times| times.len() == heard.len()),
        );
    }
    result.latencies.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    for (late, word) in result.latencies.iter().take(options.late) {
        println!(
            "    {late:>5.2} s after {:>7.2} s: {} ({:.2})",
            word.end_ms as f64 / 1_000.0,
            word.text,
            word.probability
        );
    }
}

/// CPU time of this process, in seconds.
fn cpu() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kb = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kb.unwrap_or(0) / 1_024
}
