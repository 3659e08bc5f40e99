import { describe, expect, it } from "vitest";
import type { StreamNow } from "./protocol";
import { ASKED, captions, clock, kind, question } from "./stream";

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

  it.each<[string, [number, number, string][], string[]]>([
    ["nothing", [], []],
    [
      "pieces of a sentence",
      [
        [0, 900, "It was here."],
        [1_000, 1_500, "It was"],
        [1_500, 2_400, "here a second"],
        [2_400, 2_900, "ago, I swear."],
      ],
      ["It was here.", "It was here a second ago, I swear."],
    ],
    [
      "a pause",
      [
        [0, 900, "And then"],
        [2_900, 3_500, "nothing"],
      ],
      ["And then", "nothing"],
    ],
    [
      "what begins at once",
      [
        [0, 900, "Go left!"],
        [0, 1_400, "No, right!"],
      ],
      ["Go left!", "No, right!"],
    ],
    [
      "what closes behind an end",
      [
        [0, 900, "He said “no.”"],
        [900, 1_500, "(Really!)"],
        [1_500, 1_900, "So"],
      ],
      ["He said “no.”", "(Really!)", "So"],
    ],
    [
      "scripts without spaces",
      [
        [0, 900, "今天我们"],
        [900, 1_500, "去看电影。"],
        [1_500, 1_900, "วันนี้"],
        [1_900, 2_400, "ไปดู Netflix"],
        [2_400, 2_900, "กัน"],
      ],
      ["今天我们去看电影。", "วันนี้ไปดู Netflix กัน"],
    ],
  ])("has a line for each sentence: %s", (_, said, lines) => {
    const segments = said.map(([start_ms, end_ms, text]) => ({ start_ms, end_ms, text }));
    expect(captions(segments).map(({ text }) => text)).toEqual(lines);
  });

  it("has lines that stay as they are where nobody sets full stops", () => {
    const piece = (n: number) => ({ start_ms: n * 3_000, end_ms: n * 3_000 + 2_900, text: `what was said as number ${n}` });
    const at = (first: number) => captions(Array.from({ length: 8 }, (_, n) => piece(first + n)));
    expect(at(4).map(({ start_ms, text }) => [start_ms, text.length])).toEqual([
      [12_000, 77],
      [21_000, 77],
      [30_000, 53],
    ]);
    const starts = (first: number) => at(first).map(({ start_ms }) => start_ms);
    for (let first = 4; first < 40; first++) {
      // The first one may have lost its beginning.
      expect(starts(first + 1)).toEqual(expect.arrayContaining(starts(first).slice(1)));
    }
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
