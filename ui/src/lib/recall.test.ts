import { describe, expect, it } from "vitest";
import { NOTHING, keep, step, type Recall } from "./recall";

const after = (...texts: string[]): Recall => texts.reduce(keep, NOTHING);

/** What is in the box after these keys, which begin with what is written. */
function keys(recall: Recall, written: string, pressed: string): string {
  let [now, text] = [recall, written];
  for (const key of pressed) {
    const next = step(now, key === "u" ? -1 : 1, text);
    if (next) [now, text] = [next.recall, next.text];
  }
  return text;
}

describe("what one has written before", () => {
  it.each<[string, Recall, string, string, string]>([
    ["comes back, the last first", after("a", "b"), "", "u", "b"],
    ["goes on to those before", after("a", "b"), "", "uu", "a"],
    ["ends at the first", after("a", "b"), "", "uuu", "a"],
    ["goes forth again", after("a", "b"), "", "uud", "b"],
    ["is gone after the last", after("a", "b"), "", "uudd", ""],
    ["is left alone after that", after("a", "b"), "", "ddd", ""],
    ["does not write over what was begun", after("a", "b"), "hel", "uu", "hel"],
    ["is kept once if it was said twice", after("a", "b", "b"), "", "uu", "a"],
    ["is nothing if nothing was", NOTHING, "", "ud", ""],
  ])("%s", (_, recall, written, pressed, text) => expect(keys(recall, written, pressed)).toBe(text));

  it("does not write over what was changed", () => {
    const back = step(after("a", "b"), -1, "");
    expect(back && step(back.recall, -1, "b!")).toBeNull();
  });

  it("is bounded", () => {
    const many = after(...Array.from({ length: 60 }, (_, n) => String(n)));
    expect([many.said.length, many.said[0], many.said.at(-1)]).toEqual([50, "10", "59"]);
  });
});
