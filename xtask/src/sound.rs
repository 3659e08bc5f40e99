//! The demo's sound: the shipped commentary, spoken by a voice of Festival.
//!
//! The voice was made of recordings of a human one (CMU ARCTIC's slt, by HTS), and whisper understands it:
//! of the first forty cues the tiny model gets 5 % of the words wrong, of espeak-ng's 24 %.
//!
//! The sound is made once and kept in the repository; `cargo xtask sound` makes it again after the commentary
//! has changed. Each cue is spoken at its own time, as fast as it takes to be done before the next one.
//! A stage direction is a pause.

use crate::{
    repo,
    steps::{command, run},
};
use anyhow::{Context, Result, bail, ensure};
use std::fs;

const COMMENTARY: &str = "configs/streams/synth-rescue.vtt";
const SOUND: &str = "configs/streams/synth-rescue.mp3";

/// A second of the voice's sound, in samples.
const RATE: usize = 32_000;
/// How many times as fast as usual is still understood.
const FASTEST: f64 = 1.35;
/// Stands before the samples in a WAV file.
const HEADER: usize = 44;

struct Cue {
    start_ms: u64,
    text: String,
}

pub(crate) fn make() -> Result<()> {
    let commentary = repo::root().join(COMMENTARY);
    let text = fs::read_to_string(&commentary).with_context(|| commentary.display().to_string())?;
    let cues = cues(&text);
    ensure!(!cues.is_empty(), "{COMMENTARY} has no cue");
    let mut samples: Vec<u8> = Vec::new();
    for (n, cue) in cues.iter().enumerate() {
        let room_ms = cues.get(n + 1).map(|next| next.start_ms - cue.start_ms);
        let at = bytes(cue.start_ms);
        // What was spoken before and is not done yet is heard to its end.
        samples.resize(at.max(samples.len()), 0);
        samples.extend(spoken(&cue.text, room_ms)?);
    }
    let raw = repo::target().join("synth-rescue.raw");
    fs::write(&raw, samples)?;
    run(command("ffmpeg")
        .args([
            "-nostdin", "-v", "error", "-y", "-f", "s16le", "-ac", "1", "-ar",
        ])
        .args([&RATE.to_string(), "-i"])
        .arg(&raw)
        // 16 kHz and 24 kbit/s: a megabyte, and all that whisper hears anyway.
        .args([
            "-af",
            "loudnorm=I=-18",
            "-ar",
            "16000",
            "-c:a",
            "libmp3lame",
            "-b:a",
            "24k",
        ])
        // No date and no version of the encoder, so that the same commentary makes the same file.
        .args([
            "-map_metadata",
            "-1",
            "-fflags",
            "+bitexact",
            "-flags:a",
            "+bitexact",
        ])
        .arg(repo::root().join(SOUND)))
    .context("ffmpeg could not write the sound")?;
    println!("{SOUND}: {} cues", cues.len());
    Ok(())
}

/// A text as samples of 16 bits, within so many milliseconds if that is possible.
fn spoken(text: &str, room_ms: Option<u64>) -> Result<Vec<u8>> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let (written, sound) = (
        repo::target().join("cue.txt"),
        repo::target().join("cue.wav"),
    );
    fs::write(&written, text)?;
    let said = command("text2wave")
        .args(["-eval", "(voice_cmu_us_slt_arctic_hts)", "-o"])
        .arg(&sound)
        .arg(&written)
        .status()
        .context("text2wave does not run; on Debian and Ubuntu: sudo apt-get install festival festvox-us-slt-hts")?;
    let wave = fs::read(&sound).unwrap_or_default();
    if !said.success() || wave.len() <= HEADER {
        bail!("the voice could not say {text:?}");
    }
    let samples = without_silence(&wave[HEADER..]);
    match room_ms.map(bytes) {
        Some(room) if samples.len() > room => {
            faster(samples, (samples.len() as f64 / room as f64).min(FASTEST))
        }
        _ => Ok(samples.to_vec()),
    }
}

/// The same in less time, at the same pitch.
fn faster(samples: &[u8], times: f64) -> Result<Vec<u8>> {
    let slow = repo::target().join("cue.raw");
    fs::write(&slow, samples)?;
    let form = ["-f", "s16le", "-ar", &RATE.to_string(), "-ac", "1"].map(str::to_owned);
    let made = command("ffmpeg")
        .args(["-nostdin", "-v", "error"])
        .args(&form)
        .arg("-i")
        .arg(&slow)
        .args(["-af", &format!("atempo={times:.4}")])
        .args(&form)
        .arg("-")
        .output()
        .context("ffmpeg does not run; on Debian and Ubuntu: sudo apt-get install ffmpeg")?;
    ensure!(made.status.success(), "ffmpeg could not make a cue faster");
    Ok(made.stdout)
}

/// Without the silence at either end.
fn without_silence(samples: &[u8]) -> &[u8] {
    let is_loud = |two: &[u8]| i16::from_le_bytes([two[0], two[1]]).unsigned_abs() > 100;
    let first = samples.chunks_exact(2).position(is_loud);
    let last = samples.chunks_exact(2).rposition(is_loud);
    match (first, last) {
        (Some(first), Some(last)) => &samples[first * 2..(last + 1) * 2],
        _ => &[],
    }
}

fn bytes(ms: u64) -> usize {
    ms as usize * RATE / 1000 * 2
}

/// The cues of a WebVTT file, as this repository writes them.
fn cues(text: &str) -> Vec<Cue> {
    let mut cues: Vec<Cue> = Vec::new();
    let mut is_inside = false;
    for line in text.lines() {
        if let Some((start, _)) = line.split_once(" --> ") {
            is_inside = true;
            cues.push(Cue {
                start_ms: milliseconds(start),
                text: String::new(),
            });
        } else if line.trim().is_empty() {
            is_inside = false;
        } else if let (true, Some(cue)) = (is_inside, cues.last_mut()) {
            cue.text = format!("{} {}", cue.text, without_directions(line))
                .trim()
                .to_owned();
        }
    }
    cues
}

fn without_directions(line: &str) -> String {
    let mut rest = line;
    let mut said = String::new();
    while let Some((before, after)) = rest.split_once('[') {
        said.push_str(before);
        rest = after.split_once(']').map_or("", |(_, after)| after);
    }
    (said + rest).trim().to_owned()
}

/// `01:02.345` or `00:01:02.345`.
fn milliseconds(time: &str) -> u64 {
    let seconds = time.trim().split(':').fold(0.0, |sum, part| {
        sum * 60.0 + part.parse::<f64>().unwrap_or(0.0)
    });
    (seconds * 1000.0).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cues_are_read_without_stage_directions() {
        let text = "WEBVTT - a\n\nNOTE\nb\n\n00:01.500 --> 00:02.000\n[laughs] Oh\nno [sighs]!\n\n\
                    01:00:00.000 --> 01:00:01.000\n[applause]\n";
        let cues: Vec<(u64, String)> = cues(text)
            .into_iter()
            .map(|cue| (cue.start_ms, cue.text))
            .collect();
        assert_eq!(cues, [(1500, "Oh no !".into()), (3_600_000, String::new())]);
    }
}
