import { describe, expect, it } from "vitest";
import type { ChatTrends } from "./protocol";
import { authors, pace, talk } from "./trends";

function trends(change: Partial<ChatTrends>): ChatTrends {
  const quiet = { messages_per_minute: 12, unique_authors: 7, bot_fraction: 0.6, top_tokens: [], top_emotes: [] };
  return { v: 1, room_id: "main/lobby", at: "2026-01-31T12:00:00.000Z", window_s: 60, ...quiet, ...change };
}

describe("who writes", () => {
  it.each([
    [{}, "7 authors, 60 % of messages by AI personas"],
    [{ bot_fraction: 0 }, "7 authors, no AI persona"],
    [{ bot_fraction: 1 }, "7 authors, all AI personas"],
    [{ bot_fraction: 0.999 }, "7 authors, 99 % of messages by AI personas"],
    [{ bot_fraction: 0.001 }, "7 authors, 1 % of messages by AI personas"],
    [{ unique_authors: 1, bot_fraction: 0 }, "1 author, no AI persona"],
    [{ messages_per_minute: 0, unique_authors: 0, bot_fraction: 0 }, "Nobody has written for a minute"],
  ])("%j", (change, words) => {
    expect(authors(trends(change))).toBe(words);
  });
});

it.each([
  [0, "0 messages a minute"],
  [1.2, "1 message a minute"],
  [1.5, "2 messages a minute"],
])("%d a minute are %s", (messages_per_minute, words) => {
  expect(pace({ messages_per_minute })).toBe(words);
});

it("what is said most leaves out what was said once, emotes that do not exist, and who is not known", () => {
  const counted = (...terms: [string, number][]) => terms.map(([term, count]) => ({ term, count }));
  const said = trends({
    top_emotes: counted(["hype", 9], ["gone", 8], ["lol", 1]),
    top_tokens: counted(["tower", 5], ["left", 4], ["right", 4], ["bridge", 3], ["fifth", 2]),
    mentions: [
      { author: "guest:gone", count: 9 },
      { author: "persona:bea", count: 3 },
      { author: "guest:left", count: 2 },
      { author: "guest:ana", count: 1 },
    ],
  });
  const known: Record<string, string> = { "persona:bea": "Old Bea", "guest:left": "LEFT", "guest:ana": "Ana" };
  const { emotes, names, words } = talk(said, (code) => code !== "gone", (author) => known[author] ?? null);
  expect(emotes.map(({ term }) => term)).toEqual(["hype"]);
  expect(names).toEqual([
    { author: "persona:bea", term: "Old Bea", count: 3 },
    { author: "guest:left", term: "LEFT", count: 2 },
  ]);
  expect(words.map(({ term }) => term)).toEqual(["tower", "right", "bridge", "fifth"]);
});
