import { describe, expect, it } from "vitest";
import { USUAL, read, write } from "./settings";

describe("settings", () => {
  it("last", () => {
    const set = { ...USUAL, theme: "dark", size: "large", times: "on" } as const;
    expect(read(write(set))).toEqual(set);
  });

  it.each([
    ["nothing", null],
    ["no JSON", "{theme"],
    ["another kind of JSON", "[1]"],
    ["null", "null"],
    ["unknown values", '{"theme":"pink","size":3,"__proto__":{"times":"on"}}'],
  ])("are the usual ones after %s", (_, kept) => {
    expect(read(kept)).toEqual(USUAL);
  });

  it("keep what is known beside what is not", () => {
    expect(read('{"theme":"light","size":"tiny","more":1}')).toEqual({ ...USUAL, theme: "light" });
  });
});
