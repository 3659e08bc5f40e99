//! Sounds that are made, and mixtures.

use crate::recordings::RATE;

/// Speech with something else below it, so many decibels quieter than what is not silent of the speech.
pub(crate) fn mixed(speech: &[f32], other: &[f32], decibel: f64) -> Vec<f32> {
    let power = |sound: &[f32]| {
        let loud: Vec<f64> = sound
            .chunks(RATE / 10)
            .map(|part| part.iter().map(|s| f64::from(s * s)).sum::<f64>() / part.len() as f64)
            .filter(|power| *power > 1e-6)
            .collect();
        loud.iter().sum::<f64>() / loud.len().max(1) as f64
    };
    let gain = (power(speech) / power(other) / 10_f64.powf(decibel / 10.0)).sqrt() as f32;
    speech
        .iter()
        .zip(other.iter().cycle())
        .map(|(speech, other)| (speech + gain * other).clamp(-1.0, 1.0))
        .collect()
}

pub(crate) fn scale(sound: &mut [f32], gain: f32) {
    for sample in sound {
        *sample *= gain;
    }
}

/// A generator of pseudorandom numbers (xorshift64) is random enough for noise.
pub(crate) fn white(length: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

/// White noise through three one-pole filters, an octave and a half apart: within a decibel of 1/f.
pub(crate) fn pink(length: usize, seed: u64) -> Vec<f32> {
    let (mut a, mut b, mut c) = (0.0_f32, 0.0_f32, 0.0_f32);
    white(length, seed)
        .into_iter()
        .map(|white| {
            a = 0.997_65 * a + white * 0.099_046;
            b = 0.963 * b + white * 0.296_516_4;
            c = 0.57 * c + white * 1.052_691_3;
            (a + b + c + white * 0.1848) * 0.2
        })
        .collect()
}
