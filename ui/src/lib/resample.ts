/** From whatever rate a browser's sound has to 16 kHz, and into pieces of 16-bit numbers. */

/** What the host takes, in samples a second. */
export const RATE = 16_000;

/** Samples of a piece: 100 ms. */
export const PIECE = 1_600;

/** How far the filter reaches to either side, in zero crossings of its sinc. */
const REACH = 16;

/** Where it begins to let less through, as a part of the lower of both Nyquist frequencies. */
const CUTOFF = 0.92;

/** Values of the filter for each zero crossing; what lies between is interpolated. */
const FINE = 512;

/** A sinc under a Blackman window, from its middle to one side. */
const KERNEL = Float32Array.from({ length: REACH * FINE + 2 }, (_, i) => {
  const x = i / FINE;
  if (x >= REACH) return 0;
  const phase = Math.PI * (1 + x / REACH);
  const window = 0.42 - 0.5 * Math.cos(phase) + 0.08 * Math.cos(2 * phase);
  return window * (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
});

/** Resamples one channel by a windowed sinc (https://ccrma.stanford.edu/~jos/resample/), piece by piece as if it were one. */
export class Resampler {
  /** Input samples for each output sample. */
  readonly #step: number;
  /** Zero crossings for each input sample. */
  readonly #scale: number;
  /** How far the filter reaches, in input samples. */
  readonly #reach: number;
  #input: Float32Array;
  /** Where the next output sample lies in what is there of the input. */
  #at: number;

  constructor(from: number) {
    this.#step = from / RATE;
    this.#scale = Math.min(1, RATE / from) * CUTOFF;
    this.#reach = Math.ceil(REACH / this.#scale);
    // Before the first sample there was silence.
    this.#input = new Float32Array(this.#reach);
    this.#at = this.#reach;
  }

  push(more: Float32Array): Float32Array {
    const input = new Float32Array(this.#input.length + more.length);
    input.set(this.#input);
    input.set(more, this.#input.length);
    const output: number[] = [];
    while (this.#at + this.#reach < input.length) {
      output.push(this.#sample(input, this.#at));
      this.#at += this.#step;
    }
    const done = Math.max(0, Math.floor(this.#at) - this.#reach);
    this.#input = input.slice(done);
    this.#at -= done;
    return Float32Array.from(output);
  }

  #sample(input: Float32Array, at: number): number {
    const first = Math.ceil(at - this.#reach);
    const last = Math.floor(at + this.#reach);
    let sum = 0;
    for (let i = first; i <= last; i++) {
      const place = Math.abs(i - at) * this.#scale * FINE;
      const whole = Math.floor(place);
      const here = KERNEL[whole] ?? 0;
      const next = KERNEL[whole + 1] ?? 0;
      sum += (input[i] ?? 0) * (here + (next - here) * (place - whole));
    }
    return sum * this.#scale;
  }
}

/** Gathers samples into pieces as the host takes them. */
export class Pieces {
  #piece = new Int16Array(PIECE);
  #filled = 0;

  push(samples: Float32Array): Int16Array<ArrayBuffer>[] {
    const whole: Int16Array<ArrayBuffer>[] = [];
    for (const sample of samples) {
      this.#piece[this.#filled++] = Math.round(Math.min(1, Math.max(-1, sample)) * 32_767);
      if (this.#filled === PIECE) {
        whole.push(this.#piece);
        this.#piece = new Int16Array(PIECE);
        this.#filled = 0;
      }
    }
    return whole;
  }
}

/** All channels as one. */
export function mix(channels: readonly Float32Array[]): Float32Array {
  const [first, ...others] = channels;
  if (!first) return new Float32Array(0);
  if (others.length === 0) return first;
  return first.map((sample, i) => others.reduce((sum, other) => sum + (other[i] ?? 0), sample) / channels.length);
}

/** How loud a piece is, from 0 (at -60 dB of full scale, or below) to 1. */
export function loudness(piece: Int16Array): number {
  const power = piece.reduce((sum, sample) => sum + (sample / 32_768) ** 2, 0) / Math.max(1, piece.length);
  return Math.min(1, Math.max(0, 1 + (10 * Math.log10(power + 1e-9)) / 60));
}
