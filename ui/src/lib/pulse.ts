/**
 * How fast the chat goes: the messages of the last two minutes, counted in steps of two seconds. Its cost
 * is that of a step, however much is said.
 */

/** How long a step is, in milliseconds. */
export const STEP = 2_000;

/** So many are kept: two minutes. */
export const STEPS = 60;

export class Pulse {
  /** How many messages came in each step, at the step's number modulo `STEPS`. */
  readonly #counts = new Uint32Array(STEPS);
  /** The number of the newest step. */
  #newest = 0;

  /** Takes a message that came at `at`, in milliseconds by a clock that is not set anew. What is older than all steps is left out. */
  take(at: number): void {
    const step = Math.floor(at / STEP);
    this.#goTo(step);
    if (step > this.#newest - STEPS) this.#counts[step % STEPS]! += 1;
  }

  /**
   * Messages a second in each step before the one that `now` is in, the oldest first. Neighbours are averaged,
   * or a slow chat would be nothing but spikes.
   */
  rates(now: number): number[] {
    const step = Math.floor(now / STEP);
    this.#goTo(step);
    const count = (back: number) => (back < 1 || back >= STEPS ? 0 : (this.#counts[(step - back) % STEPS] ?? 0));
    const rates: number[] = [];
    for (let back = STEPS - 1; back >= 1; back--) {
      const [before, here, after] = [count(back + 1), count(back), count(back - 1)];
      // The newest step has no neighbour yet that is whole.
      const sum = back === 1 ? (before + 3 * here) / 4 : (before + 2 * here + after) / 4;
      rates.push((sum * 1000) / STEP);
    }
    return rates;
  }

  #goTo(step: number): void {
    const over = Math.min(step - this.#newest, STEPS);
    for (let at = 0; at < over; at++) this.#counts[(step - at) % STEPS] = 0;
    this.#newest = Math.max(this.#newest, step);
  }
}

/** The line through these rates, from the left to the right of a drawing of that size: an SVG path, and the peak. */
export function line(rates: readonly number[], width: number, height: number): { path: string; peak: number } {
  const peak = Math.max(0, ...rates);
  // One message in a quiet room is no rush.
  const scale = height / Math.max(peak, 0.5);
  const across = width / Math.max(1, rates.length - 1);
  const round = (value: number) => Math.round(value * 10) / 10;
  const points = rates.map((rate, at) => `${round(at * across)},${round(height - rate * scale)}`);
  return { path: `M${points.join("L")}`, peak };
}

/** A rate in words: `12 a second`, `0.4 a second`. */
export function perSecond(rate: number): string {
  return `${rate >= 10 ? Math.round(rate).toLocaleString() : (Math.round(rate * 10) / 10).toLocaleString()} a second`;
}
