import { describe, expect, it } from "vitest";
import { once } from "./key";

/** A page, and what of these keys comes through to it: pressed, held (`r…`), or let go (`-r`). */
function typed(...keys: string[]): string[] {
  const page = new EventTarget();
  const through: string[] = [];
  once("r", page);
  page.addEventListener("keydown", (event) => through.push((event as Event & { typed: string }).typed));
  for (const typed of keys) {
    const event = new Event(typed.startsWith("-") ? "keyup" : "keydown", { cancelable: true });
    page.dispatchEvent(Object.assign(event, { key: typed.replace(/[-…]/, ""), repeat: typed.endsWith("…"), typed }));
  }
  return through;
}

describe("a key that did something", () => {
  it.each([
    [["r…", "r…"], []],
    [["r…", "-r", "r", "r…"], ["r", "r…"]],
    [["r…", "x", "x…"], ["x", "x…"]],
    [["-x", "r…"], []],
    [["x…"], ["x…"]],
    [["-r", "r…"], ["r…"]],
  ])("and is held down does nothing more: of %j there is %j", (keys, through) => {
    expect(typed(...keys)).toEqual(through);
  });
});
