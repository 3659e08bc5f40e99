import { describe, expect, it } from "vitest";
import { Combos, WINDOW } from "./combo";

function combos(...uses: [number, ...string[]][]): Combos {
  const combos = new Combos();
  for (const [at, ...codes] of uses) combos.take(codes, at);
  return combos;
}

describe("a combo", () => {
  it.each<[string, [number, ...string[]][], number, ReturnType<Combos["now"]>]>([
    ["needs three messages", [[0, "hype"], [1, "hype"]], 2, null],
    ["is one of three", [[0, "hype"], [1, "hype"], [2, "hype"]], 3, { code: "hype", count: 3 }],
    ["counts a message once", [[0, "hype", "hype", "hype"], [1, "hype"]], 2, null],
    ["ends when its messages are old", [[0, "hype"], [1, "hype"], [2, "hype"]], WINDOW, null],
    ["is the greater of two", [[0, "lol"], [0, "lol"], [0, "lol"], [0, "lol"], [1, "gg"], [1, "gg"], [1, "gg"]], 2, { code: "lol", count: 4 }],
    ["is the later of two as great", [[0, "lol"], [0, "lol"], [0, "lol"], [1, "gg"], [1, "gg"], [1, "gg"]], 2, { code: "gg", count: 3 }],
  ])("%s", (_, uses, now, combo) => {
    expect(combos(...uses).now(now)).toEqual(combo);
  });

  it("stays bounded in a flood", () => {
    const flood = combos(...Array.from({ length: 5_000 }, (): [number, string] => [0, "hype"]));
    expect(flood.now(1)?.count).toBe(500);
  });
});
