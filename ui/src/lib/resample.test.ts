import { describe, expect, it } from "vitest";
import { loudness, mix, PIECE, Pieces, RATE, Resampler } from "./resample";

const tone = (hertz: number, rate: number, seconds: number, volume = 0.5) =>
  Float32Array.from({ length: rate * seconds }, (_, i) => volume * Math.sin((2 * Math.PI * hertz * i) / rate));

/** How loud a tone is in what was resampled, by Goertzel's algorithm. */
function heard(samples: Float32Array, hertz: number): number {
  const turn = (2 * Math.PI * hertz) / RATE;
  let [before, last] = [0, 0];
  for (const sample of samples) [before, last] = [last, sample + 2 * Math.cos(turn) * last - before];
  const power = before ** 2 + last ** 2 - 2 * Math.cos(turn) * before * last;
  return (2 * Math.sqrt(Math.max(0, power))) / samples.length;
}

function resampled(input: Float32Array, rate: number, chunk: number): Float32Array {
  const resampler = new Resampler(rate);
  const output: number[] = [];
  for (let i = 0; i < input.length; i += chunk) output.push(...resampler.push(input.subarray(i, i + chunk)));
  return Float32Array.from(output);
}

describe.each([48_000, 44_100, 96_000, 16_000, 8_000])("from %i Hz", (rate) => {
  it("keeps what is heard, in time", () => {
    const output = resampled(tone(1_000, rate, 1), rate, 128);
    expect(output.length).toBeGreaterThan(RATE * 0.99);
    expect(output.length).toBeLessThanOrEqual(RATE);
    const middle = output.subarray(800, 800 + 8_000);
    expect(heard(middle, 1_000)).toBeCloseTo(0.5, 2);
    // It comes neither earlier nor later.
    const expected = tone(1_000, RATE, 1);
    const most = middle.reduce((most, sample, i) => Math.max(most, Math.abs(sample - (expected[800 + i] ?? 0))), 0);
    expect(most).toBeLessThan(0.01);
  });

  it("does not depend on how it comes", () => {
    const input = tone(700, rate, 0.2);
    const whole = [...resampled(input, rate, 1_000)];
    const parts = [...resampled(input, rate, 128)].slice(0, whole.length);
    expect(parts.every((sample, i) => Math.abs(sample - (whole[i] ?? 9)) < 1e-6)).toBe(true);
    expect(parts.length).toBe(whole.length);
  });
});

it.each([48_000, 44_100])("what 16 kHz can't hold does not come back as something else, from %i Hz", (rate) => {
  const output = resampled(tone(10_000, rate, 1), rate, 128);
  expect(heard(output.subarray(800, 8_800), 6_000)).toBeLessThan(0.002);
});

it("pieces are whole, and what is too loud is as loud as can be", () => {
  const pieces = new Pieces();
  expect(pieces.push(new Float32Array(PIECE - 1))).toEqual([]);
  const [first, second, ...more] = pieces.push(Float32Array.from({ length: PIECE + 1 }, () => -7));
  expect(more).toEqual([]);
  expect([first?.[0], first?.[PIECE - 1], second?.[0]]).toEqual([0, -32_767, -32_767]);
});

it("channels become one", () => {
  expect([...mix([Float32Array.of(1, 0), Float32Array.of(0, -1)])]).toEqual([0.5, -0.5]);
  expect([...mix([Float32Array.of(1)])]).toEqual([1]);
  expect([...mix([])]).toEqual([]);
});

it.each([
  [0, 0],
  [32_767, 1],
  [-32_768, 1],
  [33, 0],
  [1_036, 0.5],
])("a piece of %i is as loud as %f", (sample, level) => {
  expect(loudness(new Int16Array(100).fill(sample))).toBeCloseTo(level, 2);
});
