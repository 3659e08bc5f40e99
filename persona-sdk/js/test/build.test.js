import assert from "node:assert/strict";
import { test } from "node:test";
import { moduleName } from "../build.js";

test("a package's name becomes a module's", () => {
  for (const [name, module] of [["parrot", "parrot"], ["my_bird", "my-bird"], ["@me/Nova", "nova"]]) {
    assert.equal(moduleName(name), module);
  }
});
