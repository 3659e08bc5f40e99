import { describe, expect, it } from "vitest";
import { Pulse, STEP, STEPS, line, perSecond } from "./pulse";

/** Begins with a step. */
const NOON = Date.UTC(2026, 0, 31, 12);

/** The sum of all messages that the rates stand for. */
const total = (rates: readonly number[]) => rates.reduce((sum, rate) => sum + (rate * STEP) / 1000, 0);

describe("the pulse of a chat", () => {
  it("is flat while nothing is said", () => {
    expect(new Pulse().rates(NOON)).toEqual(Array.from({ length: STEPS - 1 }, () => 0));
  });

  it("counts what was said a minute ago, spread over its neighbours", () => {
    const pulse = new Pulse();
    for (let n = 0; n < 8; n++) pulse.take(NOON + n);
    const rates = pulse.rates(NOON + 60_000);
    const peak = rates.indexOf(Math.max(...rates));
    expect(rates.slice(peak - 2, peak + 3)).toEqual([0, 1, 2, 1, 0]);
    expect(rates.length - peak).toBe(60_000 / STEP);
    expect(total(rates)).toBe(8);
  });

  it("shows nothing of the step that is not over", () => {
    const pulse = new Pulse();
    pulse.take(NOON);
    expect(total(pulse.rates(NOON + STEP - 1))).toBe(0);
    expect(total(pulse.rates(NOON + STEP))).toBeGreaterThan(0);
  });

  it.each([
    ["just within two minutes", (STEPS - 2) * STEP, true],
    ["two minutes", STEPS * STEP, false],
    ["a day", 86_400_000, false],
  ])("after %s", (_, later, there) => {
    const pulse = new Pulse();
    pulse.take(NOON);
    expect(total(pulse.rates(NOON + later)) > 0).toBe(there);
  });

  it("takes history in any order, and leaves out what is too old", () => {
    const pulse = new Pulse();
    pulse.take(NOON);
    pulse.take(NOON - 10_000);
    pulse.take(NOON - STEPS * STEP);
    expect(total(pulse.rates(NOON + 10_000))).toBe(2);
  });
});

describe("its line", () => {
  it("goes from edge to edge, and its peak to the top", () => {
    expect(line([0, 2, 1], 100, 20)).toEqual({ path: "M0,20L50,0L100,10", peak: 2 });
  });

  it("stays low when next to nothing is said", () => {
    expect(line([0, 0.1], 10, 10).path).toBe("M0,10L10,8");
  });
});

it.each([
  [0, "0 a second"],
  [0.449, "0.4 a second"],
  [9.96, "10 a second"],
  [23.4, "23 a second"],
])("a rate of %d is %s", (rate, words) => {
  expect(perSecond(rate)).toBe(words);
});
