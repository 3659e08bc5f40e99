import { describe, expect, it } from "vitest";
import type { StreamNow } from "./protocol";
import { ASKED, clock, kind, question } from "./stream";

const stream = (position_ms: number, asked_ms: number | null): StreamNow => ({
  at: "2026-01-31T12:00:00.000Z",
  position_ms,
  segments: [],
  events: [],
  keywords: [],
  ...(asked_ms === null ? {} : { chat_question: { id: "q1", text: "left or right?", at_ms: asked_ms } }),
});

describe("the stream", () => {
  it.each([
    [0, "0:00"],
    [81_200, "1:21"],
    [3_600_000, "1:00:00"],
    [-5, "0:00"],
  ])("%i ms are %s", (ms, shown) => {
    expect(clock(ms)).toBe(shown);
  });

  it.each([
    ["topic_change", "New topic"],
    ["boss_fight", "Boss fight"],
  ])("%s is %s in words", (of, words) => {
    expect(kind(of)).toBe(words);
  });

  it.each([
    ["a fresh one", stream(10_000, 9_000), ASKED - 1_000],
    ["an old one", stream(60_000, 60_000 - ASKED), null],
    ["none", stream(10_000, null), null],
    ["nothing at all", null, null],
  ])("has a question to the chat: %s", (_, now, left) => {
    expect(question(now)?.left ?? null).toBe(left);
  });
});
