import { describe, expect, it } from "vitest";
import { A_SECOND, backoff } from "./backoff";

it.each([
  [0, 0, 1, 250],
  [0, 1, 1, 500],
  [3, 1, 1, 4_000],
  [3, 0.5, 1, 2_125],
  [6, 1, 1, 30_000],
  [1_000, 1, 1, 30_000],
  [1_000, 0, 1, 250],
  [0, 1, 400, 500],
  [0, 1, 4_000, 4_000],
  [1, 1, 4_000, 8_000],
  [2, 1, 10_000, 30_000],
  [0, 1, 1_000_000, 30_000],
])("try %i with %f among %i viewers waits %i ms", (attempt, random, viewers, wait) => {
  expect(backoff(attempt, random, viewers)).toBe(wait);
});

/** Numbers from 0 to 1 that look random and are the same in each run (mulberry32, by Tommy Ettinger, public domain). */
function numbers(): () => number {
  let state = 7;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * How many of these pages come in each second after all of them have lost their connection, if the server answers after
 * `down` milliseconds; those who find nobody try again.
 */
function comingBack(pages: number, down: number): { tries: number[]; last: number } {
  const random = numbers();
  const tries: number[] = [];
  let last = 0;
  for (let page = 0; page < pages; page++) {
    for (let [attempt, at] = [0, 0]; attempt === 0 || at < down; attempt++) {
      at += backoff(attempt, random(), pages);
      const second = Math.floor(at / 1000);
      tries[second] = (tries[second] ?? 0) + 1;
      last = Math.max(last, at);
    }
  }
  return { tries: Array.from(tries, (count = 0) => count), last };
}

describe("after a restart", () => {
  it.each([
    [10_000, 0],
    [10_000, 3_000],
    [10_000, 60_000],
    [2_000, 3_000],
    [50, 1_000],
  ])("of %i pages that wait for %i ms not too many come at once, and all within half a minute", (pages, down) => {
    const { tries, last } = comingBack(pages, down);
    // Some try for the first time while others, who came in vain, try for the second: that is at most twice as many.
    expect(Math.max(...tries)).toBeLessThanOrEqual(2 * A_SECOND);
    expect(last).toBeLessThanOrEqual(down + 30_000);
  });

  it("the pages of a large room are spread evenly over ten seconds", () => {
    const { tries } = comingBack(10_000, 0);
    expect(tries.length).toBe(10);
    // The shortest wait takes a little off the first second, and so adds to the others.
    for (const count of tries.slice(1)) expect(Math.abs(count / A_SECOND - 1)).toBeLessThan(0.12);
  });
});
