import { expect, it } from "vitest";
import { read, use } from "./used";

it.each<[string, readonly string[], readonly string[], readonly string[]]>([
  ["the last is the first", [], ["hype", "lol"], ["lol", "hype"]],
  ["one used again comes to the front", ["lol", "hype", "gg"], ["gg"], ["gg", "lol", "hype"]],
  ["each is there once", ["lol"], ["hype", "hype"], ["hype", "lol"]],
  ["there is a row of them", ["a", "b", "c", "d", "e", "f"], ["g"], ["g", "a", "b", "c", "d", "e"]],
])("%s", (_, before, codes, after) => expect(use(before, codes)).toEqual(after));

it.each<[string | null, readonly string[]]>([
  [null, []],
  ["", []],
  ["nonsense", []],
  ['{"a":1}', []],
  ['["hype",7,null,"hype","lol"]', ["hype", "lol"]],
])("kept as %j is %j", (kept, codes) => expect(read(kept)).toEqual(codes));
