import { expect, it } from "vitest";
import { tidy } from "./typed";

it.each([
  ["a\tb", "a b"],
  ["a\u00a0b", "a b"],
  ["a\u200bb\u2060c\ufeffd\u00ade", "abcde"],
  ["\u200b", ""],
  ["👩\u200d💻", "👩\u200d💻"],
  ["می\u200cخواهم", "می\u200cخواهم"],
  ["plain  text", "plain  text"],
])("%j is sent as %j", (text, expected) => {
  expect(tidy(text)).toBe(expected);
});
