import assert from "node:assert/strict";
import { test } from "node:test";
import { moduleName, tidied } from "../build.js";

test("a package's name becomes a module's", () => {
  for (const [name, module] of [["parrot", "parrot"], ["my_bird", "my-bird"], ["@me/Nova", "nova"]]) {
    assert.equal(moduleName(name), module);
  }
});

test("what doesn't build is told with places within the project", () => {
  const told = ": Failed to declare JavaScript module: Error: unexpected token: ';'\n    at ";
  for (const [project, place, shown] of [
    ["/", "/src/persona.js:50:22", "src/persona.js:50:22"],
    ["/", "<anonymous> (/src/persona.js:3:1)", "<anonymous> (src/persona.js:3:1)"],
    ["/", "'/sdk/src/index.js'", "'sdk/src/index.js'"],
    ["/personas/bets/", "/personas/bets/src/persona.js:50:22", "src/persona.js:50:22"],
  ]) {
    const words = tidied(new Error(`${told}${place}\n`), { project });
    assert.equal(words, `unexpected token: ';'\n    at ${shown}`);
  }
});
