import { describe, expect, it } from "vitest";
import type { Playing } from "./protocol";
import { ahead, behind, course, isHearable, loops, step, wanted, type Course } from "./sound";

const told = (at_ms: number, more: Partial<Playing> = {}): Playing => ({ at_ms, speed: 1, loop: true, ...more });

const plays = (more: Partial<Course> = {}): Course => ({ at: 0, place: 100, speed: 1, loop: true, length: null, ...more });

describe("the server's clock", () => {
  it.each([
    ["the first answer", null, [1000, 6010, 1020], { by: 5000, slack: 10 }],
    ["a quicker one", { by: 5000, slack: 10 }, [1000, 6006, 1004], { by: 5004, slack: 2 }],
    ["a slower one", { by: 5000, slack: 10 }, [1000, 6200, 1200], { by: 5000, slack: 15 }],
    ["one that shows that a clock was set", { by: 5000, slack: 10 }, [1000, 9100, 1200], { by: 8000, slack: 100 }],
  ])("is known by %s", (_, before, [asked, at, answered], known) => {
    expect(ahead(before, asked!, at!, answered!)).toEqual(known);
  });
});

describe("where the recording is", () => {
  it.each([
    ["at once", plays(), 0, 100],
    ["later", plays(), 30_000, 130],
    ["twice as fast", plays({ speed: 2 }), 30_000, 160],
    ["begun again", plays(), 130_000, 30],
    ["begun again for the third time", plays(), 530_000, 30],
    ["begun again before the recording is over", plays({ length: 150 }), 60_000, 10],
    ["silent until it begins again", plays({ length: 240 }), 120_000, null],
    ["over", plays({ loop: false }), 100_000, null],
    ["told by a clock that was set", plays({ loop: false }), -200_000, null],
  ])("is %s", (_, now, at, place) => {
    expect(wanted(now, at, 200)).toBe(place);
  });

  it.each([
    ["told for the first time", null, told(42_000), 42],
    ["as it was expected", plays(), told(110_000), 110],
    ["a little late, as sound comes in pieces", plays(), told(109_500), 109.95],
    ["a little early, which it never is", plays(), told(110_300), 110.3],
    ["elsewhere", plays(), told(50_000), 50],
    ["at another speed", plays(), told(109_500, { speed: 2 }), 109.5],
    ["not told of", plays(), undefined, null],
  ])("is taken to be where it is %s", (_, before, at, place) => {
    const now = course(before, 10_000, at);
    const is = now && wanted(now, 10_000, 200);
    if (place === null) expect(is).toBeNull();
    else expect(is).toBeCloseTo(place, 6);
  });

  it("is nowhere if it was told by no clock", () => {
    expect(course(null, NaN, told(1))).toBeNull();
  });

  it.each([
    [plays(), true],
    [plays({ length: 200.1 }), true],
    [plays({ length: 199 }), false],
    [plays({ loop: false }), false],
  ])("begins again with the recording itself", (now, itself) => {
    expect(loops(now, 200)).toBe(itself);
  });
});

describe("a player", () => {
  it.each([
    [10, 9, null, 1],
    [1, 199, 200, 2],
    [199, 1, 200, -2],
    [1, 199, null, -198],
    [5, 5, 0, 0],
  ])("that should be at %d and is at %d of %d is so far behind: %d", (place, at, period, way) => {
    expect(behind(place, at, period)).toBe(way);
  });

  it.each([
    ["does nothing when it is near", 0.1, 1, 1, { rate: 1, jump: false }],
    ["goes on mending until it is there", 0.1, 1, 1.02, { rate: 1.02, jump: false }],
    ["is done when it is there", 0.02, 1, 1.02, { rate: 1, jump: false }],
    ["hurries when it is behind", 0.2, 1, 1, { rate: 1.04, jump: false }],
    ["never hurries much", 0.9, 1, 1, { rate: 1.05, jump: false }],
    ["never waits much", -0.9, 1, 1, { rate: 0.95, jump: false }],
    ["hurries at another speed", 0.9, 2, 2, { rate: 2.1, jump: false }],
    ["jumps when it is far behind", 1.1, 1, 1.05, { rate: 1, jump: true }],
    ["jumps when it is far ahead", -30, 2, 2, { rate: 2, jump: true }],
  ])("%s", (_, off, speed, rate, does) => {
    expect(step(off, speed, rate)).toEqual(does);
  });

  /** A minute of a player on whose machine time passes a little faster, looked at four times a second. */
  it("is in step soon, and stays so", () => {
    let place = 0;
    let rate = 1;
    const offs: number[] = [];
    for (let tick = 0; tick < 240; tick++) {
      const off = behind(0.9 + tick / 4, place, null);
      offs.push(Math.abs(off));
      const next = step(off, 1, rate);
      expect(next.jump).toBe(false);
      rate = next.rate;
      place += (rate * 1.001) / 4;
    }
    expect(Math.max(...offs.slice(120))).toBeLessThan(0.16);
  });

  it.each([
    [0.01, false],
    [0.5, true],
    [1, true],
    [4, true],
    [20, false],
  ])("plays at speed %d: %s", (speed, plays) => {
    expect(isHearable(speed)).toBe(plays);
  });
});
