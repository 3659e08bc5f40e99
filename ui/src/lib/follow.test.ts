import { describe, expect, it } from "vitest";
import { FOLLOWING, isAtEnd, isPaused, pause, release, scrolled, unseen, type Place } from "./follow";

describe("following", () => {
  it("counts what came since the first reason to stand still", () => {
    const hovered = pause(FOLLOWING, "hover", 10);
    const both = pause(hovered, "scroll", 15);
    expect([unseen(FOLLOWING, 20), unseen(hovered, 20), unseen(both, 20)]).toEqual([0, 10, 10]);
  });

  it("goes on when the last reason is gone", () => {
    const both = pause(pause(FOLLOWING, "hover", 10), "key", 12);
    const one = release(both, "hover");
    expect(isPaused(one)).toBe(true);
    expect(release(one, "key")).toBe(FOLLOWING);
  });

  it("does not change for what is so already", () => {
    const hovered = pause(FOLLOWING, "hover", 10);
    expect(pause(hovered, "hover", 30)).toBe(hovered);
    expect(release(hovered, "scroll")).toBe(hovered);
  });
});

describe("a move of the list", () => {
  const at = (top: number, height = 1600): Place => ({ top, seen: 600, height });
  const end = at(1000);

  it.each([
    ["back", end, at(800), false, true],
    ["back by less than a row", end, at(970), false, false],
    ["forward, but not to the end", at(500), at(700), false, false],
    ["to the end", at(500), at(990), false, false],
    ["none, while rows come below", end, at(1000, 2000), false, false],
    ["back by itself, while rows come and others shrink", end, at(980, 2000), false, false],
    ["back by its reader, while rows come", end, at(980, 2000), true, true],
    ["by less room for it", end, { top: 900, seen: 400, height: 1600 }, false, false],
  ])("%s: from %j to %j, by hand %s, stands still: %s", (_, from, to, byHand, paused) => {
    expect(isPaused(scrolled(FOLLOWING, from, to, byHand, 0))).toBe(paused);
  });

  it("to the end takes the reason away", () => {
    const away = scrolled(FOLLOWING, end, at(800), false, 0);
    expect(isPaused(scrolled(away, at(800), at(900), false, 0))).toBe(true);
    expect(isPaused(scrolled(away, at(900), at(995), false, 0))).toBe(false);
  });
});

describe("a list", () => {
  it.each([
    [1000, 1600, true],
    [977.5, 1600, true],
    [975, 1600, false],
    [1000, 1700, false],
    [0, 300, true],
  ])("at %d of %d is at its end: %s", (top, height, atEnd) => {
    expect(isAtEnd({ top, seen: 600, height })).toBe(atEnd);
  });
});
