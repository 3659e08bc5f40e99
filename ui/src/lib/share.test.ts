import { expect, it, vi } from "vitest";

vi.mock("./share.worklet.ts?worker&url", () => ({ default: "/worklet.js" }));

const { base64url } = await import("./share.svelte");

it.each([
  ["th3-t0k", "dGgzLXQwaw"],
  ["??>>", "Pz8-Pg"],
  ["ü~", "w7x-"],
  ["", ""],
])("the token %j is %j in a header", (token, expected) => {
  expect(base64url(token)).toBe(expected);
});
