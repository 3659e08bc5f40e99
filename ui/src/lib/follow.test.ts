import { describe, expect, it } from "vitest";
import { FOLLOWING, isPaused, pause, release, scrolled, unseen, type Place } from "./follow";

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
  const end: Place = { top: 1000, left: 0 };
  it.each([
    ["back by its reader stands still", end, { top: 800, left: 200 }, true],
    ["back by less than a row is none", end, { top: 970, left: 30 }, false],
    ["that rows below grow is none", end, { top: 1000, left: 300 }, false],
    ["forward, but not to the end, is none", { top: 500, left: 500 }, { top: 700, left: 300 }, false],
    ["to the end is none", { top: 500, left: 500 }, { top: 990, left: 10 }, false],
  ])("%s", (_, from, to, paused) => {
    expect(isPaused(scrolled(FOLLOWING, from, to, 0))).toBe(paused);
  });

  it("to the end takes the reason away", () => {
    const away = scrolled(FOLLOWING, end, { top: 800, left: 200 }, 0);
    expect(isPaused(scrolled(away, { top: 800, left: 200 }, { top: 900, left: 100 }, 0))).toBe(true);
    expect(isPaused(scrolled(away, { top: 900, left: 100 }, { top: 995, left: 5 }, 0))).toBe(false);
  });
});
