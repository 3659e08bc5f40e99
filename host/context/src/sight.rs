//! What happens, as far as pictures tell without anybody who understands them.
//!
//! A picture is made a grid of 32 times 18 mean brightnesses (BT.601 luma), and a histogram of these in
//! 32 steps. Two pictures differ by the mean of two figures: half the sum of the histograms'
//! differences (0 to 1), and three times the mean absolute difference of the grids, 1 at most. The one sees
//! another place, the other the same place where all has moved.
//!
//! | kind | known by | confidence |
//! | --- | --- | --- |
//! | `scene_change` | a difference of [`CHANGE`] to the picture before that is also [`ADAPT`] times the mean of the last eight (an adaptive threshold, as in PySceneDetect's `AdaptiveDetector`: what moves all the time changes nothing), and after [`HELD_MS`] nothing looks like before; once in 20 s | 0.6 to 0.9 by the difference |
//! | `flash` | brighter by [`FLASH`] than the picture before, and within [`HELD_MS`] it is as before | 0.7 |
//! | `blackout` | after something was to be seen: nothing brighter than [`BLACK`] for [`HELD_MS`] | 0.9 |
//!
//! A slow fade is no change. What needs more than a comparison (who wins, what it says) is told by whoever
//! understands pictures.

use crate::event::{Event, round};
use std::collections::VecDeque;

const COLUMNS: usize = 32;
const ROWS: usize = 18;
const STEPS: usize = 32;

/// The least difference of a change.
const CHANGE: f32 = 0.3;
/// By how many times it must be more than what is usual.
const ADAPT: f32 = 3.0;
/// Pictures that are less different look alike.
const ALIKE: f32 = 0.15;
/// So many differences are usual.
const USUAL: usize = 8;
/// With fewer nothing is.
const MIN_USUAL: usize = 4;
/// How long it must last, in milliseconds.
const HELD_MS: u64 = 750;
/// Changes are told no closer than this, in milliseconds.
const APART_MS: u64 = 20_000;
/// How much brighter a flash is, of 1.
const FLASH: f32 = 0.3;
/// Black is no brighter than this, of 1: limited-range black with noise on it.
const BLACK: f32 = 0.09;

/// A picture, as far as it is compared.
#[derive(Clone, Debug, PartialEq)]
struct Look {
    at_ms: u64,
    grid: Vec<f32>,
    steps: [f32; STEPS],
    mean: f32,
}

impl Look {
    /// Of rows of pixels of three bytes; none if there are fewer than it says.
    fn of(at_ms: u64, width: u32, height: u32, rgb: &[u8]) -> Option<Self> {
        let (width, height) = (width as usize, height as usize);
        if width == 0 || height == 0 || rgb.len() < width.checked_mul(height)?.checked_mul(3)? {
            return None;
        }
        let mut sums = vec![0.0_f32; COLUMNS * ROWS];
        let mut counts = vec![0.0_f32; COLUMNS * ROWS];
        for (y, row) in rgb.chunks_exact(width * 3).take(height).enumerate() {
            for (x, pixel) in row.as_chunks::<3>().0.iter().enumerate() {
                let [r, g, b] = pixel.map(f32::from);
                let cell = y * ROWS / height * COLUMNS + x * COLUMNS / width;
                sums[cell] += (0.299 * r + 0.587 * g + 0.114 * b) / 255.0;
                counts[cell] += 1.0;
            }
        }
        // A picture that is smaller than the grid leaves cells empty, the same ones each time.
        let grid: Vec<f32> = sums
            .iter()
            .zip(&counts)
            .map(|(sum, n)| sum / n.max(1.0))
            .collect();
        let filled = counts.iter().filter(|n| **n > 0.0).count() as f32;
        let mut steps = [0.0; STEPS];
        for (cell, _) in grid.iter().zip(&counts).filter(|(_, n)| **n > 0.0) {
            let step = ((cell * STEPS as f32) as usize).min(STEPS - 1);
            steps[step] += 1.0 / filled;
        }
        Some(Self {
            at_ms,
            mean: grid.iter().sum::<f32>() / filled,
            grid,
            steps,
        })
    }

    /// 0 for the same picture, 1 for quite another.
    fn differs(&self, other: &Self) -> f32 {
        let distance =
            |a: &[f32], b: &[f32]| -> f32 { a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum() };
        let histogram = distance(&self.steps, &other.steps) / 2.0;
        let moved = distance(&self.grid, &other.grid) / self.grid.len() as f32;
        f32::midpoint(histogram, (3.0 * moved).min(1.0))
    }

    fn is_black(&self) -> bool {
        self.grid.iter().all(|cell| *cell <= BLACK)
    }
}

/// Something differed: what was before, and how much the first picture of it did.
#[derive(Debug)]
struct Doubt {
    before: Look,
    at_ms: u64,
    difference: f32,
    is_brighter: bool,
}

/// Sees what happens in pictures. What it is given must follow in time.
#[derive(Debug, Default)]
pub(crate) struct Eye {
    last: Option<Look>,
    /// The latest differences.
    usual: VecDeque<f32>,
    doubt: Option<Doubt>,
    changed_ms: Option<u64>,
    black_since_ms: Option<u64>,
    has_seen: bool,
    is_out: bool,
}

impl Eye {
    /// Takes in the next picture.
    pub(crate) fn see(&mut self, at_ms: u64, width: u32, height: u32, rgb: &[u8]) -> Option<Event> {
        let look = Look::of(at_ms, width, height, rgb)?;
        let event = self.black(&look);
        let event = event.or_else(|| self.change(&look));
        self.last = Some(look);
        event
    }

    fn black(&mut self, look: &Look) -> Option<Event> {
        if !look.is_black() {
            self.black_since_ms = None;
            self.has_seen = true;
            self.is_out = false;
            return None;
        }
        let since_ms = *self.black_since_ms.get_or_insert(look.at_ms);
        if !self.has_seen || self.is_out || look.at_ms < since_ms + HELD_MS {
            return None;
        }
        self.is_out = true;
        self.doubt = None;
        Some(told(
            "blackout",
            "the picture is black",
            since_ms,
            look.at_ms,
            0.9,
        ))
    }

    fn change(&mut self, look: &Look) -> Option<Event> {
        let last = self.last.as_ref()?;
        let difference = look.differs(last);
        let is_known = self.usual.len() >= MIN_USUAL;
        let usual = self.usual.iter().sum::<f32>() / self.usual.len().max(1) as f32;
        if self.usual.len() == USUAL {
            self.usual.pop_front();
        }
        self.usual.push_back(difference);
        if let Some(doubt) = self.doubt.take() {
            if look.differs(&doubt.before) <= ALIKE {
                return doubt
                    .is_brighter
                    .then(|| told("flash", "a flash of light", doubt.at_ms, look.at_ms, 0.7));
            }
            if look.at_ms < doubt.at_ms + HELD_MS {
                self.doubt = Some(doubt);
                return None;
            }
            let is_near = self
                .changed_ms
                .is_some_and(|at_ms| doubt.at_ms < at_ms + APART_MS);
            // Out of the black, or into it, is no other scene.
            if is_near || look.is_black() || doubt.before.is_black() {
                return None;
            }
            self.changed_ms = Some(doubt.at_ms);
            let confidence = 0.6 + 0.3 * ((doubt.difference - CHANGE) / 0.4).min(1.0);
            let text = "the picture changes";
            return Some(told(
                "scene_change",
                text,
                doubt.at_ms,
                look.at_ms,
                confidence,
            ));
        }
        if is_known && difference >= CHANGE && difference >= ADAPT * usual {
            self.doubt = Some(Doubt {
                before: last.clone(),
                at_ms: look.at_ms,
                difference,
                is_brighter: look.mean >= last.mean + FLASH,
            });
        }
        None
    }
}

fn told(kind: &'static str, text: &str, at_ms: u64, due_ms: u64, confidence: f32) -> Event {
    let mut event = Event::new(kind, text, at_ms, round(f64::from(confidence)));
    event.due_ms = due_ms;
    event
}

#[cfg(test)]
mod tests;
