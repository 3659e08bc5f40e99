import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { keepUnfinished, unfinished } from "./unfinished";

const ROOM = "main/lobby";
const NOTHING = { text: "", replyTo: null };
let kept: Map<string, string>;

beforeEach(() => {
  kept = new Map();
  vi.stubGlobal("sessionStorage", {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  });
});

afterEach(() => vi.unstubAllGlobals());

it("is kept for its room alone, until there is nothing", () => {
  expect(unfinished(ROOM)).toEqual(NOTHING);
  for (const each of [{ text: "half a", replyTo: null }, { text: "", replyTo: "id-1" }]) {
    keepUnfinished(ROOM, each);
    expect(unfinished(ROOM)).toEqual(each);
    expect(unfinished("main/studio")).toEqual(NOTHING);
  }
  keepUnfinished(ROOM, NOTHING);
  expect(kept.size).toBe(0);
});

it.each(["", "null", "[]", '"text"', '{"text":1}', '{"replyTo":"id-1"}', "{"])("is nothing when %j was kept", (value) => {
  keepUnfinished(ROOM, { text: "half a", replyTo: null });
  for (const key of kept.keys()) kept.set(key, value);
  expect(unfinished(ROOM)).toEqual(NOTHING);
});

it("is no error where nothing can be kept", () => {
  vi.stubGlobal("sessionStorage", undefined);
  keepUnfinished(ROOM, { text: "half a", replyTo: null });
  expect(unfinished(ROOM)).toEqual(NOTHING);
});
